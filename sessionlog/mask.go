package sessionlog

import "regexp"

const hidden = "[masked]"

// secrets are what people paste into tickets and should not. Each has the
// secret itself in its last group.
func secrets() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`(?s)()(-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$))`),
		regexp.MustCompile(`(?i)(\b(?:password|passwd|passwort|passphrase|pwd|pw|pin|secret|api[ _-]?key|token|credentials?|recovery key|bitlocker key)\b["']?[ \t]*(?:is|:|=|->)[ \t]*["']?)([^\s"',;]{3,})`),
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
			if found[start:end] == hidden {
				return found
			}
			n++
			return found[:start] + hidden + found[end:]
		})
	}
	return s, n
}
