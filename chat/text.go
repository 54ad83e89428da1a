package chat

import (
	"strings"
	"unicode"
)

// Visible is text as a card may show it: lines end with "\n", and what could
// make it look like another text (control characters, and those that turn the
// direction of writing) is U+FFFD, as bytes are that are no text.
func Visible(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "\uFFFD")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\r', r == '\u2028', r == '\u2029':
			return '\n'
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return '\uFFFD'
		}
		return r
	}, s)
}
