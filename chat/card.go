package chat

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Card is one message of the bot: a small closed set of parts that every
// platform can draw natively. All text in it is literal: only a renderer
// makes markup, and it escapes what it is given. Renderers cut what is over
// their platform's limits and say so; a Card itself has none.
type Card struct {
	Title   string
	Tone    Tone
	Parts   []Part
	Buttons []Button
	Note    string // small print: deadline, operation, error code
}

// Tone is the feeling of a card. It is never the only bearer of a meaning:
// the words say the same.
type Tone int

// The tones.
const (
	Plain   Tone = iota
	Ask          // something waits for a decision
	Working      // something is going on
	Good         // done and checked
	Warn         // look here before you go on
	Bad          // did not happen, or nobody can tell
)

// Part is a piece of a card's body: Text, Quoted, Fields, Steps, Table, Code
// or Link.
type Part interface{ part() }

// Text is a paragraph of the bot's own words; line breaks are kept.
type Text string

// Quoted is somebody's words, set apart; line breaks are kept.
type Quoted string

// Code is preformatted text, shown in a fixed-width font.
type Code string

// Fields are names and values, side by side where there is room.
type Fields []Field

// Field is one name and its value.
type Field struct{ Name, Value string }

// Steps is a numbered list of what will be, is being or was done.
type Steps []Step

// Step is one line of Steps.
type Step struct {
	Mark   Mark
	Text   string // what: one line
	Alert  string // who will see it, who gets an e-mail; shown with emphasis, may be empty
	Quoted string // the text that is sent, may be empty
	Result string // what came of it, may be empty
}

// Mark says how far a Step is.
type Mark int

// The marks.
const (
	Todo Mark = iota
	Doing
	Done
	Failed
	Doubt
)

// Sign is the mark as a character that reads well without colour.
func (m Mark) Sign() string { return [...]string{"○", "…", "✓", "✗", "?"}[m] }

// Table is rows of short cells.
type Table struct {
	Header []string // may be left out
	Rows   [][]string
	Acts   []Button // beside each row, in the rows' order; nil: none
}

// Link is a labelled address. Addresses are made by the bot from its own
// configuration and numbers, never from text of Syncro's or a person's.
type Link struct{ Label, URL string }

func (Text) part()   {}
func (Quoted) part() {}
func (Code) part()   {}
func (Fields) part() {}
func (Steps) part()  {}
func (Table) part()  {}
func (Link) part()   {}

// Button is something to press. With a URL it opens that address and nothing
// is sent to the bot; otherwise Verb and Value come back in a Click. Value is
// an identifier, of a record in Redis or of a ticket, and nothing else.
type Button struct {
	Label string
	Verb  string
	Value string
	Style Style
	URL   string
}

// Style of a button.
type Style int

// The styles.
const (
	Ordinary Style = iota
	Primary
	Danger
)

// Plain is the whole card as text: the notification, the screen reader's
// version and what most tests read. Buttons are interactive-only and left
// out.
func (c Card) Plain() string {
	var b strings.Builder
	line := func(s string) {
		if s != "" {
			b.WriteString(s)
			b.WriteByte('\n')
		}
	}
	line(c.Title)
	for _, p := range c.Parts {
		switch p := p.(type) {
		case Text:
			line(string(p))
		case Quoted:
			line("> " + strings.ReplaceAll(string(p), "\n", "\n> "))
		case Code:
			line(string(p))
		case Fields:
			for _, f := range p {
				line(f.Name + ": " + f.Value)
			}
		case Steps:
			for i, s := range p {
				line(fmt.Sprintf("%s %d %s", s.Mark.Sign(), i+1, s.Text))
				line(indent(s.Alert))
				line(indent(s.Quoted))
				line(indent(s.Result))
			}
		case Table:
			line(p.Plain())
		case Link:
			line(p.Label + ": " + p.URL)
		}
	}
	line(c.Note)
	return strings.TrimSuffix(b.String(), "\n")
}

func indent(s string) string {
	if s == "" {
		return ""
	}
	return "    " + strings.ReplaceAll(s, "\n", "\n    ")
}

// Plain is the table in columns of equal width, two spaces apart.
func (t Table) Plain() string {
	rows := t.Rows
	if len(t.Header) > 0 {
		rows = append([][]string{t.Header}, rows...)
	}
	var width []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	lines := make([]string, len(rows))
	for n, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			b.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
		}
		lines[n] = strings.TrimRight(b.String(), " ")
	}
	return strings.Join(lines, "\n")
}
