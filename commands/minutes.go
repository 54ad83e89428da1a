package commands

import (
	"fmt"
	"strings"
	"time"
)

// maxMinutes is a day: more in one go is a slip of the finger.
const maxMinutes = 24 * 60

// minutes reads a text that is a length of time and nothing more. ok is false
// for what is none; the error tells of one that cannot be billed.
func minutes(s string) (n int, ok bool, err error) {
	n, after, ok, err := cutLength(s)
	if after != "" {
		return 0, false, nil
	}
	return n, ok, err
}

// cutLength splits off the length of time that a line begins with, which may
// be several words: 1 h 30 min.
func cutLength(s string) (n int, after string, ok bool, err error) {
	joined, rest, after := "", s, s
	for {
		var word string
		word, rest = cutWord(rest)
		if word == "" || joined != "" && digit(joined[len(joined)-1]) == digit(word[0]) {
			return n, after, ok, err // "30 2" are two numbers
		}
		joined += word
		if m, is, bad := length(joined); is {
			n, after, ok, err = m, rest, true, bad
		}
	}
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

// units are what hours and minutes are called, the longest first.
var units = strings.NewReplacer("hours", "h", "hour", "h", "hrs", "h", "hr", "h", "minutes", "m", "minute", "m", "mins", "m", "min", "m", ",", ".")

// length reads one word as technicians type it: 30, 30m, 1h, 1h30m, 1.5h, 1,5h,
// 0:30.
func length(typed string) (n int, ok bool, err error) {
	typed = strings.TrimRight(strings.ToLower(typed), ".,:;")
	word := units.Replace(typed)
	var d time.Duration
	switch {
	case word == "" || strings.Trim(word, "0123456789.:hm") != "" || !strings.ContainsAny(word[:1], "0123456789."):
		return 0, false, nil
	case strings.Trim(word, "0123456789") == "":
		word += "m"
	case strings.Trim(word, "0123456789.") == "" && strings.Count(word, ".") == 1:
		return 0, true, usage("Is “%s” hours or minutes? For hours write %[1]sh.", typed)
	case strings.Contains(word, ":"):
		h, m, _ := strings.Cut(strings.TrimSuffix(word, "h"), ":")
		if len(m) != 2 {
			return 0, false, nil
		}
		word = h + "h" + m + "m"
	}
	d, parse := time.ParseDuration(word)
	if parse != nil {
		return 0, false, nil
	}
	n = int(d / time.Minute)
	switch {
	case d%time.Minute != 0:
		return 0, true, usage("“%s” is not a whole number of minutes.", typed)
	case n <= 0:
		return 0, true, refuse("There must be at least one minute.")
	case n > maxMinutes:
		return 0, true, refuse("%d minutes are more than a day.", n)
	}
	return n, true, nil
}

// clockLength is minutes as people read them, "1:05".
func clockLength(minutes int) string { return fmt.Sprintf("%d:%02d", minutes/60, minutes%60) }
