package slack

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackutilsx"
	"golang.org/x/text/unicode/bidi"

	"github.com/syncrobot/syncrobot/chat"
)

// message is a card as Slack takes it. All text in its blocks is plain_text
// or rich text, where Slack reads no markup; Text is escaped.
type message struct {
	Text   string // for notifications, search and screen readers
	Blocks []slackapi.Block
}

// render draws a card within Slack's limits. Texts are shortened evenly until
// all fit, so that a long quotation does not push out what is said about it;
// whatever is missing is said to be.
func render(c chat.Card) message {
	text := cmp.Or(cut(clean(c.Plain()), maxText), "(This card is empty.)")
	return message{Text: slackutilsx.EscapeMessage(text), Blocks: layout(c, map[string]int{})}
}

// layout is a card's blocks. taken counts the buttons of each verb that stand
// above it in the same view.
func layout(c chat.Card, taken map[string]int) []slackapi.Block {
	limit := maxPiece
	d := newDrawing(limit, taken)
	blocks := d.card(c)
	for d.lostText > 0 && limit/2 >= minText {
		limit /= 2
		d = newDrawing(limit, taken)
		blocks = d.card(c)
	}
	maps.Copy(taken, d.verbs)
	return blocks
}

// bare is m without its layout.
func (m message) bare() message {
	return message{Text: m.Text + "\n(Slack did not take this card's layout. This is its text alone, without its buttons.)"}
}

// card draws c. Where text is lost, shorter pieces may let it show more.
func (d *drawing) card(c chat.Card) []slackapi.Block {
	var head, body, foot []slackapi.Block
	if title := line(c.Title); title != "" {
		head = append(head, slackapi.NewHeaderBlock(d.plain(sign(c.Tone)+title, maxHeader)))
	}
	foot = append(foot, d.buttons(c.Buttons)...)
	if note := clean(c.Note); note != "" {
		foot = append(foot, slackapi.NewContextBlock("", d.plain(note, min(d.limit, maxText))))
	}
	for _, part := range c.Parts {
		for _, piece := range pieces(part) {
			pen := d
			full := len(body) == maxBlocks-1-len(head)-len(foot) // one is for what is lost
			if full {
				pen = newDrawing(minText, nil)
			}
			switch block := piece(pen); {
			case block == nil: // there is nothing in it
			case full:
				d.lostParts++
			default:
				body = append(body, block)
			}
		}
	}
	if lost := d.lost(); lost != "" {
		foot = append(foot, slackapi.NewContextBlock("", d.plain(lost, maxText)))
	}
	return append(append(head, body...), foot...)
}

// sign leads a title; the words say the same.
func sign(t chat.Tone) string {
	switch t {
	case chat.Ask:
		return "❓ "
	case chat.Working:
		return "⏳ "
	case chat.Good:
		return "✅ "
	case chat.Warn:
		return "⚠️ "
	case chat.Bad:
		return "⛔ "
	}
	return ""
}

// drawing is what is left of a message while it is drawn, and what did not
// get in.
type drawing struct {
	limit int            // of one piece of text
	room  int            // of all that come
	verbs map[string]int // how many buttons have which

	lostText    int // characters
	lostParts   int
	lostButtons int
}

func newDrawing(limit int, taken map[string]int) *drawing {
	verbs := map[string]int{}
	maps.Copy(verbs, taken)
	return &drawing{limit: limit, room: maxMessage, verbs: verbs}
}

func (d *drawing) lost() string {
	var what []string
	for _, l := range []struct {
		n    int
		name string
	}{{d.lostParts, "part"}, {d.lostText, "character"}, {d.lostButtons, "button"}} {
		if l.n > 0 {
			what = append(what, fmt.Sprintf("%d more %s%s", l.n, l.name, plural(l.n)))
		}
	}
	if what == nil {
		return ""
	}
	return "… (cut: " + strings.Join(what, ", ") + ")"
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// plain is a text that is shown in any case.
func (d *drawing) plain(s string, limit int) *slackapi.TextBlockObject {
	s = cut(s, limit)
	d.room -= length(s)
	return slackapi.NewTextBlockObject(slackapi.PlainTextType, s, false, false)
}

// take is s, shortened by shorten, where there is room for it; else three
// dots, which lost explains.
func (d *drawing) take(s string, shorten func(string, int) string) string {
	short := shorten(s, d.limit)
	if length(short) > max(d.room, 0) {
		d.lostText += length(s)
		short = "…"
	}
	d.room -= length(short)
	return short
}

// text is a text that is one element; long one that may be several.
func (d *drawing) text(s string) string {
	return d.take(clean(s), func(s string, limit int) string { return cut(s, min(limit, maxText)) })
}

func (d *drawing) long(s string) string { return d.take(clean(s), cut) }

// pieces are what draws a part, a block each: one, or a row each where the
// rows have buttons.
func pieces(p chat.Part) []func(*drawing) slackapi.Block {
	t, ok := p.(chat.Table)
	if !ok || t.Acts == nil {
		return []func(*drawing) slackapi.Block{func(d *drawing) slackapi.Block { return d.part(p) }}
	}
	all := make([]func(*drawing) slackapi.Block, len(t.Rows))
	for i, row := range t.Rows {
		all[i] = func(d *drawing) slackapi.Block {
			var act chat.Button
			if i < len(t.Acts) {
				act = t.Acts[i]
			}
			return d.row(row, act)
		}
	}
	return all
}

// row draws a table's row with its button at its end.
func (d *drawing) row(row []string, act chat.Button) slackapi.Block {
	text := d.text(strings.Join(cells(row), " · "))
	if text == "" {
		return nil
	}
	var accessory *slackapi.Accessory
	if button := d.button(act, openPrefix+"row"); button != nil {
		accessory = slackapi.NewAccessory(button)
	}
	return slackapi.NewSectionBlock(slackapi.NewTextBlockObject(slackapi.PlainTextType, text, false, false), nil, accessory)
}

// part draws one part; nil where there is nothing in it.
func (d *drawing) part(p chat.Part) slackapi.Block {
	switch p := p.(type) {
	case chat.Text:
		return rich(section(plainRuns(d.long(string(p)))...))
	case chat.Quoted:
		return rich(quote(d.long(string(p))))
	case chat.Code:
		return rich(preformatted(d.long(string(p))))
	case chat.Table:
		return rich(d.table(p))
	case chat.Fields:
		return rich(d.fields(p))
	case chat.Steps:
		return rich(d.steps(p)...)
	case chat.Link:
		return rich(d.link(p))
	}
	return nil
}

func (d *drawing) fields(all chat.Fields) slackapi.RichTextElement {
	var runs []slackapi.RichTextSectionElement
	for _, f := range all {
		if d.room <= 0 {
			d.lostText += length(clean(f.Name)) + length(clean(f.Value))
			continue
		}
		name, value := d.text(line(f.Name)), d.text(f.Value)
		if name == "" && value == "" {
			continue
		}
		d.room -= len("\n: –")
		next := ""
		if len(runs) > 0 {
			next = "\n"
		}
		runs = append(runs, boldRun(next+cmp.Or(name, "–")+": "), plainRun(cmp.Or(value, "–")))
	}
	return section(runs...)
}

// table draws a line a row, its first cell in bold. Columns would need a fixed
// width, which phones and narrow windows break; Slack's own table block stands
// once a message at most.
func (d *drawing) table(t chat.Table) slackapi.RichTextElement {
	var runs []slackapi.RichTextSectionElement
	if header := cells(t.Header); len(header) > 0 {
		runs = append(runs, italicRun(d.text(strings.Join(header, " · "))))
	}
	budget := min(d.limit, d.room)
	for i, r := range t.Rows {
		row := cells(r)
		if len(row) == 0 {
			continue
		}
		size := length(strings.Join(row, " · ")) + 1
		if size > budget {
			if d.limit > d.room {
				d.lostText += size
			}
			more := fmt.Sprintf("\n… (cut: %d more row%s)", len(t.Rows)-i, plural(len(t.Rows)-i))
			d.room -= length(more)
			runs = append(runs, plainRun(more))
			break
		}
		budget -= size
		d.room -= size
		next := ""
		if len(runs) > 0 {
			next = "\n"
		}
		runs = append(runs, boldRun(next+cut(row[0], maxText-1)))
		if len(row) > 1 {
			runs = append(runs, plainRuns(" · "+strings.Join(row[1:], " · "))...)
		}
	}
	return section(runs...)
}

// cells are a row's cells that say something, each on one line. One that is
// written from the right is isolated (UAX #9), or its neighbours would move.
func cells(row []string) []string {
	var full []string
	for _, c := range row {
		if c = line(c); c != "" {
			if strings.ContainsFunc(c, fromTheRight) {
				c = "\u2068" + c + "\u2069"
			}
			full = append(full, c)
		}
	}
	return full
}

func fromTheRight(r rune) bool {
	p, _ := bidi.LookupRune(r)
	return p.Class() == bidi.R || p.Class() == bidi.AL
}

func (d *drawing) steps(all chat.Steps) []slackapi.RichTextElement {
	var lines []slackapi.RichTextElement
	for i, s := range all {
		if d.room <= 0 {
			d.lostText += length(clean(chat.Card{Parts: []chat.Part{chat.Steps{s}}}.Plain()))
			continue
		}
		what, alert := d.text(line(s.Text)), d.text(line(s.Alert))
		runs := []slackapi.RichTextSectionElement{plainRun(fmt.Sprintf("%s %d. %s", s.Mark.Sign(), i+1, cmp.Or(what, "–")))}
		d.room -= len("○ 00. –")
		if alert != "" {
			runs = append(runs, boldRun("\n"+alert))
		}
		lines = append(lines, section(runs...), quote(d.long(s.Quoted)), section(plainRun(d.text(s.Result))))
	}
	return lines
}

func (d *drawing) link(l chat.Link) slackapi.RichTextElement {
	label := d.text(line(l.Label))
	if !webAddress(l.URL) {
		return section(plainRun(cmp.Or(label, d.text(l.URL))))
	}
	return section(slackapi.NewRichTextSectionLinkElement(l.URL, cmp.Or(label, "Open"), nil))
}

// buttons draws rows of buttons.
func (d *drawing) buttons(all []chat.Button) []slackapi.Block {
	var drawn []slackapi.BlockElement
	for i, b := range all {
		button := d.button(b, openPrefix+strconv.Itoa(i+1))
		if button == nil || len(drawn) == maxButtons {
			d.lostButtons++
			continue
		}
		drawn = append(drawn, button)
	}
	var rows []slackapi.Block
	for len(drawn) > 0 {
		n := min(maxRow, len(drawn))
		rows = append(rows, slackapi.NewActionBlock("", drawn[:n]...))
		drawn = drawn[n:]
	}
	return rows
}

// button draws a button; open is its action_id where it opens an address. One
// whose value or address Slack would not take whole is nil: a part of it would
// do something else.
func (d *drawing) button(b chat.Button, open string) *slackapi.ButtonBlockElement {
	id := open
	if b.URL == "" {
		id = actionID(b.Verb, d.verbs)
	}
	if b.URL != "" && !webAddress(b.URL) || b.URL == "" && strings.TrimSpace(b.Verb) == "" || length(b.Value) > maxValue || length(id) > maxActionID {
		return nil
	}
	label := cutLabel(cmp.Or(line(b.Label), line(b.Verb), "Open"), maxLabel)
	button := slackapi.NewButtonBlockElement(id, b.Value, slackapi.NewTextBlockObject(slackapi.PlainTextType, label, false, false))
	if b.URL != "" {
		button.URL, button.Value = b.URL, ""
	}
	switch b.Style {
	case chat.Primary:
		button.Style = slackapi.StylePrimary
	case chat.Danger:
		button.Style = slackapi.StyleDanger
	}
	return button
}

// actionID is verb, told apart from the same verb's other buttons in a
// message by a number that verbOf takes off.
func actionID(verb string, seen map[string]int) string {
	seen[verb]++
	if n := seen[verb]; n > 1 || verbOf(verb) != verb {
		return fmt.Sprintf("%s:%d", verb, n)
	}
	return verb
}

func webAddress(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && length(raw) <= maxURL
}

// The makers of rich text give nil for what has no text, and leave it out of
// what they are made of: Slack refuses empty texts.

func plainRun(s string) slackapi.RichTextSectionElement {
	if s == "" {
		return nil
	}
	return slackapi.NewRichTextSectionTextElement(s, nil)
}

func boldRun(s string) slackapi.RichTextSectionElement {
	return slackapi.NewRichTextSectionTextElement(s, &slackapi.RichTextSectionTextStyle{Bold: true})
}

func italicRun(s string) slackapi.RichTextSectionElement {
	return slackapi.NewRichTextSectionTextElement(s, &slackapi.RichTextSectionTextStyle{Italic: true})
}

func section(runs ...slackapi.RichTextSectionElement) slackapi.RichTextElement {
	if len(runs) == 0 || runs[0] == nil {
		return nil
	}
	return slackapi.NewRichTextSection(runs...)
}

func quote(s string) slackapi.RichTextElement {
	if s == "" {
		return nil
	}
	return &slackapi.RichTextQuote{Type: slackapi.RTEQuote, Elements: plainRuns(s)}
}

func preformatted(s string) slackapi.RichTextElement {
	if s == "" {
		return nil
	}
	return &slackapi.RichTextPreformatted{Type: slackapi.RTEPreformatted, Elements: plainRuns(s)}
}

// plainRuns is a text in elements that are not too long.
func plainRuns(s string) []slackapi.RichTextSectionElement {
	var runs []slackapi.RichTextSectionElement
	for length(s) > maxText {
		head := prefix(s, maxText)
		runs = append(runs, plainRun(head))
		s = s[len(head):]
	}
	return append(runs, plainRun(s))
}

func rich(elements ...slackapi.RichTextElement) slackapi.Block {
	var all []slackapi.RichTextElement
	for _, e := range elements {
		if e != nil {
			all = append(all, e)
		}
	}
	if all == nil {
		return nil
	}
	return slackapi.NewRichTextBlock("", all...)
}
