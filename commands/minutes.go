package commands

import (
	"fmt"
	"strings"
	"time"
)

// maxMinutes is a day: more in one go is a slip of the finger.
const maxMinutes = 24 * 60

// minutes reads a length of time as technicians type it: 30, 30m, 1h, 1h30m,
// 1.5h, 0:30. ok is false for what is no length of time at all; the error
// tells of one that cannot be billed.
func minutes(word string) (n int, ok bool, err error) {
	word = strings.ToLower(strings.TrimFunc(word, space))
	var d time.Duration
	switch {
	case word == "" || strings.Trim(word, "0123456789.:hmin") != "" || !strings.ContainsAny(word[:1], "0123456789."):
		return 0, false, nil
	case strings.Trim(word, "0123456789") == "":
		word += "m"
	case strings.Contains(word, ":"):
		h, m, _ := strings.Cut(word, ":")
		if len(m) != 2 {
			return 0, false, nil
		}
		word = h + "h" + m + "m"
	}
	word = strings.TrimSuffix(strings.TrimSuffix(word, "in"), "inutes")
	d, parse := time.ParseDuration(word)
	if parse != nil {
		return 0, false, nil
	}
	n = int(d / time.Minute)
	switch {
	case d%time.Minute != 0:
		return 0, true, usage("“%s” is not a whole number of minutes.", word)
	case n <= 0:
		return 0, true, usage("There must be at least one minute.")
	case n > maxMinutes:
		return 0, true, usage("%d minutes are more than a day.", n)
	}
	return n, true, nil
}

// clockLength is minutes as people read them, "1:05".
func clockLength(minutes int) string { return fmt.Sprintf("%d:%02d", minutes/60, minutes%60) }
