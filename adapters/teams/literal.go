package teams

import (
	"strings"

	"github.com/syncrobot/syncrobot/chat"
)

// textRun is text that no client reads as markup. Markdown, which a TextBlock
// and a FactSet are written in, cannot be escaped: clients differ in what a
// backslash does (microsoft/AdaptiveCards issues 4677 and 5590). A TextRun is
// never Markdown, wraps, and keeps line breaks (the adaptivecards renderer
// sets it as innerText), so that all text of ours is one.
type textRun struct {
	Type     string `json:"type"` // TextRun
	Text     string `json:"text"`
	Weight   string `json:"weight,omitempty"`
	Size     string `json:"size,omitempty"`
	Color    string `json:"color,omitempty"`
	FontType string `json:"fontType,omitempty"`
	Subtle   bool   `json:"isSubtle,omitempty"`
}

// literal is text as runs in the given look. The one thing that clients
// interpret in a run is {{DATE(...)}} and {{TIME(...)}}: no run of ours holds
// two braces in a row.
func literal(text string, look textRun) []textRun {
	look.Type = "TextRun"
	text = chat.Visible(text)
	var runs []textRun
	for {
		i := strings.Index(text, "{{")
		if i < 0 {
			break
		}
		look.Text = text[:i+1]
		runs = append(runs, look)
		text = text[i+1:]
	}
	if text != "" {
		look.Text = text
		runs = append(runs, look)
	}
	return runs
}

// fixed is code with its spaces kept, which clients otherwise draw as one.
func fixed(code string) string {
	code = strings.ReplaceAll(code, "\t", "    ")
	var b strings.Builder
	last := '\n'
	for _, r := range code {
		if r == ' ' && (last == ' ' || last == '\n' || last == '\u00a0') {
			r = '\u00a0'
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// plain is text for the places where no run can be: notifications, the card
// of a client that is too old, an aside. What draws it is not documented, so
// that the signs of tags, entities and links are replaced by others that look
// like them.
func plain(text string, limit int) string {
	text = strings.NewReplacer(
		"<", "‹", ">", "›", "&", "＆", "](", "] (", "`", "'", "*", "∗", "_", "＿", "~", "∼",
	).Replace(chat.Visible(cut(text, limit)))
	return unbraced(text)
}

// unbraced keeps {{DATE(...)}} and {{TIME(...)}} from being interpreted where
// text is literal otherwise: in labels and choices.
func unbraced(text string) string {
	for strings.Contains(text, "{{") {
		text = strings.ReplaceAll(text, "{{", "{ {")
	}
	return text
}
