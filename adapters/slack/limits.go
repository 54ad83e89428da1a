package slack

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/syncrobot/syncrobot/chat"
)

// What Slack takes in one message or modal (docs.slack.dev, Block Kit reference).
// Texts are counted in characters, before they are escaped.
const (
	maxBlocks   = 50   // blocks of a message
	maxRow      = 25   // elements of an actions block
	maxButtons  = 125  // ours: five rows
	maxHeader   = 150  // a header's text
	maxLabel    = 75   // a button's text
	maxValue    = 2000 // a button's value
	maxURL      = 3000 // a button's address; taken for links as well
	maxActionID = 255  // an action_id
	maxText     = 3000 // a text object; taken for one element of rich text as well, whose limit is not documented
	maxPiece    = 6500 // ours: a text of a card, in as many elements as it needs; what is to be sent is shown whole
	minText     = 90   // ours: pieces are not made shorter than this so that more of them fit

	// All texts of the blocks together, buttons aside. Not documented;
	// chat.postMessage refused 11,341 characters of rich text
	// (github.com/slackapi/bolt-js/issues/2867).
	maxMessage = 8000

	maxModalTitle = 24   // a modal's title, and the labels of its two buttons
	maxViewBlocks = 100  // blocks of a modal, or of a Home tab
	maxMetadata   = 3000 // private_metadata
	maxBlockID    = 255  // a block_id
	maxInputLabel = 2000 // an input's label, and its hint; taken for what is said against an input as well
	maxInitial    = 3000 // a text that is filled in already: the limit of what can be typed, too
	maxOptions    = 100  // options of a menu, of a group of them, and of an answer to a search; groups of a menu
	maxOptionText = 75   // an option's text and its value
)

// length is a text's length as Slack counts.
func length(s string) int { return utf8.RuneCountInString(s) }

// cut shortens s to at most limit characters and says how much is missing.
func cut(s string, limit int) string {
	total := length(s)
	if total <= limit {
		return s
	}
	keep := limit - length(missing(total))
	return prefix(s, keep) + missing(total-keep)
}

func missing(n int) string { return fmt.Sprintf("… (cut: %d more character%s)", n, plural(n)) }

// prefix is the first n characters of s.
func prefix(s string, n int) string {
	for i := range s {
		if n <= 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// cutLabel shortens what has no room to say more than that it is cut.
func cutLabel(s string, limit int) string {
	if length(s) <= limit {
		return s
	}
	return prefix(s, limit-1) + "…"
}

// clean is s as a card may show it, without white space at its end.
func clean(s string) string { return strings.TrimRightFunc(chat.Visible(s), unicode.IsSpace) }

// line is s, clean, on one line.
func line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }
