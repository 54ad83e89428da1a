package teams

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
)

// drawn is a card for Teams: the Adaptive Card and the text of its
// notification.
type drawn struct {
	card    adaptiveCard
	summary string
}

// The parts of Adaptive Cards 1.5 that are used; Teams shows no later version
// in a bot's messages. Source: adaptivecards.io/explorer; MicrosoftDocs/
// msteams-docs, cards-reference.md.
type (
	adaptiveCard struct {
		Type     string   `json:"type"`
		Schema   string   `json:"$schema"`
		Version  string   `json:"version"`
		Fallback string   `json:"fallbackText"`
		Body     []any    `json:"body"`
		Actions  []action `json:"actions,omitempty"`
		Teams    struct {
			Width string `json:"width"`
		} `json:"msteams"`
	}
	richText struct {
		Type    string    `json:"type"`
		Inlines []textRun `json:"inlines"`
		Spacing string    `json:"spacing,omitempty"`
	}
	container struct {
		Type  string `json:"type"`
		Style string `json:"style"`
		Bleed bool   `json:"bleed,omitempty"`
		Items []any  `json:"items"`
	}
	columnSet struct {
		Type    string   `json:"type"`
		Spacing string   `json:"spacing,omitempty"`
		Columns []column `json:"columns"`
	}
	column struct {
		Type     string `json:"type"`
		Width    any    `json:"width"` // a weight, or "auto"
		Vertical string `json:"verticalContentAlignment,omitempty"`
		Items    []any  `json:"items"`
	}
	table struct {
		Type    string        `json:"type"`
		Header  bool          `json:"firstRowAsHeader"`
		Columns []tableColumn `json:"columns"`
		Rows    []tableRow    `json:"rows"`
	}
	tableColumn struct {
		Width int `json:"width"` // a weight
	}
	tableRow struct {
		Type  string      `json:"type"`
		Cells []tableCell `json:"cells"`
	}
	tableCell struct {
		Type  string `json:"type"`
		Items []any  `json:"items"`
	}
	actionSet struct {
		Type    string   `json:"type"`
		Actions []action `json:"actions"`
	}
	action struct {
		Type     string  `json:"type"`
		Title    string  `json:"title"`
		Verb     string  `json:"verb,omitempty"`
		Data     any     `json:"data,omitempty"` // a data or a formData
		Inputs   string  `json:"associatedInputs,omitempty"`
		URL      string  `json:"url,omitempty"`
		Style    string  `json:"style,omitempty"`
		Mode     string  `json:"mode,omitempty"`
		Fallback *action `json:"fallback,omitempty"`
	}
	data struct {
		Op   string `json:"op"`
		Verb string `json:"verb,omitempty"`
	}
)

// render draws card, with as much of its text as one message may hold.
func render(card chat.Card) drawn {
	text := card.Plain()
	for left := fullRoom(); ; {
		d := draw(card, text, left)
		// Everything in a card is a string or a number: encoding cannot fail.
		body, _ := encode(d.card)
		if size(body)+size([]byte(d.summary)) <= maxPayload {
			return d
		}
		tighter, ok := left.tighter()
		if !ok {
			return d
		}
		left = tighter
	}
}

// draw draws card, whose plain text is text, within left.
func draw(card chat.Card, text string, left room) drawn {
	c := adaptiveCard{
		Type:     "AdaptiveCard",
		Schema:   "http://adaptivecards.io/schemas/adaptive-card.json",
		Version:  "1.5",
		Fallback: plain(text, min(maxFallback, left.text)),
		Body:     []any{},
	}
	c.Teams.Width = "Full"
	if card.Title != "" {
		c.Body = append(c.Body, container{
			Type: "Container", Style: toneStyle(card.Tone), Bleed: true,
			Items: []any{block(cut(card.Title, maxTitle), textRun{Weight: "Bolder", Size: "Medium"})},
		})
	}
	parts, rest := atMost(card.Parts, left.parts, "parts")
	for _, p := range parts {
		c.Body = append(c.Body, drawPart(p, left)...)
	}
	if rest != "" {
		c.Body = append(c.Body, remark(rest))
	}
	buttons, rest := atMost(card.Buttons, maxButtons, "buttons")
	c.Actions = actions(buttons)
	if rest != "" {
		c.Body = append(c.Body, remark(rest))
	}
	if card.Note != "" {
		c.Body = append(c.Body, block(cut(card.Note, left.text), textRun{Size: "Small", Subtle: true}))
	}
	summary, _, _ := strings.Cut(text, "\n")
	return drawn{card: c, summary: plain(summary, maxSummary)}
}

// toneStyle is the background of the title. What it says, the words say too.
func toneStyle(t chat.Tone) string {
	switch t {
	case chat.Ask:
		return "accent"
	case chat.Working:
		return "emphasis"
	case chat.Good:
		return "good"
	case chat.Warn:
		return "warning"
	case chat.Bad:
		return "attention"
	default:
		return "default"
	}
}

func drawPart(p chat.Part, left room) []any {
	switch p := p.(type) {
	case chat.Text:
		return []any{block(cut(string(p), left.text), textRun{})}
	case chat.Quoted:
		return []any{quoted(string(p), left)}
	case chat.Code:
		return []any{block(fixed(cut(string(p), left.text)), textRun{FontType: "Monospace"})}
	case chat.Fields:
		return drawFields(p, left)
	case chat.Steps:
		return drawSteps(p, left)
	case chat.Table:
		return drawTable(p, left)
	case chat.Link:
		return drawLink(p, left)
	default:
		return nil
	}
}

// block is a paragraph. Without text it holds a space, since an empty one is
// invalid.
func block(text string, look textRun) richText {
	runs := literal(text, look)
	if len(runs) == 0 {
		runs = literal("\u00a0", look)
	}
	return richText{Type: "RichTextBlock", Inlines: runs}
}

// remark is a paragraph about the card itself.
func remark(text string) richText { return block(text, textRun{Subtle: true}) }

func quoted(text string, left room) container {
	return container{Type: "Container", Style: "emphasis", Items: []any{block(cut(text, left.text), textRun{})}}
}

func drawFields(fields chat.Fields, left room) []any {
	fields, rest := atMost(fields, left.rows, "lines")
	var body []any
	for i, f := range fields {
		set := columnSet{Type: "ColumnSet", Columns: []column{
			{Type: "Column", Width: 1, Items: []any{block(cut(f.Name, maxLabel), textRun{Weight: "Bolder"})}},
			{Type: "Column", Width: 3, Items: []any{block(cut(f.Value, left.text), textRun{})}},
		}}
		if i > 0 {
			set.Spacing = "Small"
		}
		body = append(body, set)
	}
	if rest != "" {
		body = append(body, remark(rest))
	}
	return body
}

func drawSteps(steps chat.Steps, left room) []any {
	shown, rest := atMost(steps, left.rows, "steps")
	var body []any
	for i, s := range shown {
		line := block(s.Mark.Sign()+" ", textRun{Weight: "Bolder", Color: markColor(s.Mark)})
		line.Inlines = append(line.Inlines, literal(strconv.Itoa(i+1)+". "+cut(s.Text, left.text), textRun{Weight: "Bolder"})...)
		body = append(body, line)
		if s.Alert != "" {
			body = append(body, below(cut(s.Alert, left.text), textRun{Weight: "Bolder", Color: "Warning"}))
		}
		if s.Quoted != "" {
			body = append(body, quoted(s.Quoted, left))
		}
		if s.Result != "" {
			body = append(body, below(cut(s.Result, left.text), textRun{Subtle: true}))
		}
	}
	if rest != "" {
		body = append(body, remark(rest))
	}
	return body
}

// below is a paragraph that belongs to the one above it.
func below(text string, look textRun) richText {
	b := block(text, look)
	b.Spacing = "None"
	return b
}

func markColor(m chat.Mark) string {
	switch m {
	case chat.Done:
		return "Good"
	case chat.Failed:
		return "Attention"
	case chat.Doubt:
		return "Warning"
	default:
		return "Default"
	}
}

func drawTable(t chat.Table, left room) []any {
	rows, moreRows := atMost(t.Rows, left.rows, "rows")
	if t.Acts != nil {
		return drawActs(rows, t.Acts, moreRows, left)
	}
	all := rows
	if len(t.Header) > 0 {
		all = append([][]string{t.Header}, rows...)
	}
	var longest []string // a row as long as any
	for _, row := range all {
		if len(row) > len(longest) {
			longest = row
		}
	}
	longest, moreColumns := atMost(longest, maxColumns, "columns")
	if len(longest) == 0 {
		return nil
	}
	out := table{Type: "Table", Header: len(t.Header) > 0}
	for i := range longest {
		out.Columns = append(out.Columns, tableColumn{Width: columnWeight(all, i)})
	}
	for i, row := range all {
		look := textRun{}
		if out.Header && i == 0 {
			look.Weight = "Bolder"
		}
		out.Rows = append(out.Rows, drawRow(row, len(longest), left, look))
	}
	body := []any{out}
	for _, rest := range []string{moreColumns, moreRows} {
		if rest != "" {
			body = append(body, remark(rest))
		}
	}
	return body
}

// drawActs draws a table whose rows have buttons: a line each, with its button
// at its end.
func drawActs(rows [][]string, acts []chat.Button, rest string, left room) []any {
	var body []any
	for i, row := range rows {
		line := columnSet{Type: "ColumnSet", Spacing: "Small", Columns: []column{{
			Type: "Column", Width: 1, Vertical: "Center", Items: []any{block(cut(strings.Join(filled(row), " · "), left.text), textRun{})},
		}}}
		if i < len(acts) {
			if act := actions(acts[i : i+1]); act != nil {
				line.Columns = append(line.Columns, column{Type: "Column", Width: "auto", Items: []any{actionSet{Type: "ActionSet", Actions: act}}})
			}
		}
		body = append(body, line)
	}
	if rest != "" {
		body = append(body, remark(rest))
	}
	return body
}

// filled is a row's cells that say something.
func filled(row []string) []string {
	return slices.DeleteFunc(slices.Clone(row), func(cell string) bool { return strings.TrimSpace(cell) == "" })
}

func drawRow(cells []string, width int, left room, look textRun) tableRow {
	row := tableRow{Type: "TableRow"}
	for i := range width {
		text := ""
		if i < len(cells) {
			text = cut(cells[i], min(maxCell, left.text))
		}
		row.Cells = append(row.Cells, tableCell{Type: "TableCell", Items: []any{block(text, look)}})
	}
	return row
}

// columnWeight is a column's share of the width, by its longest cell, within
// bounds that leave every column readable.
func columnWeight(rows [][]string, i int) int {
	longest := 0
	for _, row := range rows {
		if i < len(row) {
			longest = max(longest, len([]rune(row[i])))
		}
	}
	return min(max(longest, 12), 24)
}

// drawLink is a link as a button of its own, whose label is no markup
// anywhere. An address that is none is shown as text.
func drawLink(l chat.Link, left room) []any {
	switch {
	case isWeb(l.URL):
		open := action{Type: "Action.OpenUrl", Title: label(cmp.Or(l.Label, l.URL)), URL: l.URL}
		return []any{actionSet{Type: "ActionSet", Actions: []action{open}}}
	case l != chat.Link{}:
		return []any{block(cut(l.Label+": "+l.URL, left.text), textRun{})}
	default:
		return nil
	}
}

func isWeb(address string) bool {
	return strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://")
}

func label(text string) string {
	return chat.Visible(cut(strings.ReplaceAll(text, "\n", " "), maxLabel))
}

// actions are the buttons. Each has a fallback for clients that know no
// Action.Execute, which comes back as a message with the same data.
func actions(buttons []chat.Button) []action {
	var all []action
	for _, b := range buttons {
		act := action{Title: label(cmp.Or(b.Label, b.Verb, b.URL)), Style: buttonStyle(b.Style)}
		switch {
		case isWeb(b.URL):
			act.Type, act.URL = "Action.OpenUrl", b.URL
		case b.URL != "" || b.Verb == "":
			continue // does nothing
		default:
			act.Type, act.Verb, act.Data = "Action.Execute", b.Verb, data{Op: b.Value}
			act.Fallback = &action{Type: "Action.Submit", Title: act.Title, Style: act.Style, Data: data{Op: b.Value, Verb: b.Verb}}
		}
		if len(all) >= maxVisible {
			act.Mode = "secondary"
		}
		all = append(all, act)
	}
	return all
}

func buttonStyle(s chat.Style) string {
	switch s {
	case chat.Primary:
		return "positive"
	case chat.Danger:
		return "destructive"
	default:
		return ""
	}
}
