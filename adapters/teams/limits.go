package teams

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// All that a message may hold. Only the first two are Teams' own; the others
// keep a card readable, and are tightened until it fits maxPayload.
const (
	// Teams refuses messages over about 100 KB of UTF-16 with 413
	// MessageSizeTooBig and advises to stay under 80; 4 KiB are left for the
	// envelope of ids. Source: learn.microsoft.com, "Format your bot
	// messages", message size.
	maxPayload = 76 << 10 // bytes of UTF-16: the card as JSON, with its summary
	maxVisible = 6        // buttons side by side; later ones go under "..."

	maxButtons  = 20
	maxTitle    = 300 // runes, as all lengths of text
	maxLabel    = 80
	maxSummary  = 200
	maxFallback = 4000
	maxText     = 12000 // of one paragraph, quotation, code, note or value
	maxCell     = 200
	maxColumns  = 8
	maxRows     = 60  // of a table, of fields, of steps
	maxLine     = 300 // of an input's label or a choice
	maxHint     = 500 // of what is written around inputs, in a large form
	maxParts    = 40

	// Teams shows no more of what a search finds. Source: MicrosoftDocs/
	// msteams-docs, dynamic-search.md.
	maxOptions = 15
)

// room is what of the limits above gives way when a card is too large.
type room struct{ text, rows, parts int }

func fullRoom() room { return room{maxText, maxRows, maxParts} }

// tighter is half the room, of text first, since that takes the most and is
// the least missed; false when nothing is left to give.
func (r room) tighter() (room, bool) {
	switch {
	case r.text > 100:
		r.text /= 2
	case r.rows > 1:
		r.rows /= 2
	case r.parts > 1:
		r.parts /= 2
	default:
		return r, false
	}
	return r, true
}

// size is the length of s in UTF-16, in bytes.
func size(s []byte) int {
	n := 0
	for i := 0; i < len(s); {
		r, w := utf8.DecodeRune(s[i:])
		n += 2 * max(1, utf16.RuneLen(r))
		i += w
	}
	return n
}

// cut is the first limit runes of s, and how much is missing.
func cut(s string, limit int) string {
	over := utf8.RuneCountInString(s) - limit
	if over <= 0 {
		return s
	}
	end := 0
	for range limit {
		_, w := utf8.DecodeRuneInString(s[end:])
		end += w
	}
	return fmt.Sprintf("%s… (cut: %d more characters)", s[:end], over)
}

// atMost is the first limit of all, and a sentence about the rest, "" when
// there is none.
func atMost[T any](all []T, limit int, what string) ([]T, string) {
	if len(all) <= limit {
		return all, ""
	}
	return all[:limit], fmt.Sprintf("… (cut: %d more %s)", len(all)-limit, what)
}
