package sessionlog

import (
	"regexp"
	"strings"

	"github.com/syncrobot/syncrobot/syncro"
)

const hidden = "[masked]"

// named is what people call a secret, and what they write between that and it.
const (
	named = `(?i)(\b(?:pass(?:word|wort|wd|code|phrase)?|pwd?|pin|secret|api[ _-]?key|token|credential|(?:recovery|bitlocker) key)s?\b["']?[ \t]*`
	is    = `(?:(?:is|are|was)\b[ \t]*[:=]?|[:=]|=>|->)[ \t]*\n?[ \t]*`
)

// secrets are what people paste into tickets and should not. Each has the
// secret itself in its last group.
func secrets() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`(?s)()(-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$))`),
		regexp.MustCompile(named + is + `["“])([^"”\n]{3,})`),
		regexp.MustCompile(named + is + `['‘])([^'’\n]{3,})`),
		regexp.MustCompile(named + is + `)([^\s"“'‘]\S{2,})`),
		regexp.MustCompile(named + `[-–—][ \t]+)(\S*[0-9]\S*)`), // behind a dash many other words can stand
		regexp.MustCompile(`()(` + syncro.TokenPattern + `)`),
		regexp.MustCompile(`(\b[a-z][a-z0-9+.-]*://[^\s/:@]+:)([^\s/@]+)@`),
		regexp.MustCompile(`(?i)(\bauthorization:[ \t]*(?:bearer|basic)[ \t]+)([A-Za-z0-9._~+/=-]{8,})`),
		regexp.MustCompile(`()\b((?:xox[abprs]-|gh[pousr]_|github_pat_|AKIA|ASIA|AIza|sk-|sk_live_|glpat-|eyJ)[A-Za-z0-9._~+/=-]{12,})`),
		regexp.MustCompile(`()\b((?:[0-9]{6}-){7}[0-9]{6})\b`), // a BitLocker recovery key
		regexp.MustCompile(`()\b([A-Fa-f0-9]{32,})\b`),
	}
}

// mask hides what looks like a secret and counts how often it did.
func mask(s string) (string, int) {
	n := 0
	for _, re := range secrets() {
		s = re.ReplaceAllStringFunc(s, func(found string) string {
			at := re.FindStringSubmatchIndex(found)
			start, end := at[4], at[5]
			if strings.HasPrefix(found[start:end], hidden) {
				return found
			}
			n++
			return found[:start] + hidden + found[end:]
		})
	}
	return s, n
}
