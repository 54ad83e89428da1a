package teamssim

import (
	"bufio"
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"
	"time"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	markdown "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Reading is what a person makes of a card or a message.
type Reading struct {
	// Text is what they read, in the order in which it stands there and a
	// screen reader says it; the buttons last, as "[Confirm] [Cancel]".
	Text string
	// Live is all markup that took effect.
	Live []Live
	// Buttons are all there are to press, wherever they are in the card.
	Buttons []Button
}

// Live is a piece of markup that took effect: a link, an image, a mention,
// bold, italic, list or date.
type Live struct {
	Kind  string
	Text  string // what is shown of it
	URL   string // of a link or an image
	Where string // "body[0].text"
}

// Button is an action of a card.
type Button struct {
	Type  string // "Action.Execute"
	Title string
	Verb  string
	URL   string
	Data  map[string]any
}

// Read reads a card as Teams shows it. TextBlock texts, facts and the titles
// of toggles and expanded choices are Markdown, of which Teams knows links,
// bold, italic and lists (learn.microsoft.com/microsoftteams/platform/
// task-modules-and-cards/cards/cards-format); images and <addresses> are
// taken for live too, as not every client leaves them alone. A single line
// break is a space there (microsoft/AdaptiveCards#5538) and spaces in a row
// are one. Text in a TextRun is literal. What is not visible is not read.
func Read(card []byte) (Reading, error) {
	o, err := decodeObject(card)
	if err != nil {
		return Reading{}, fmt.Errorf("teamssim: no card: %w", err)
	}
	r := &reader{mentions: declared(o)}
	r.card("", o)
	for _, a := range objects(o, "Action.", true) {
		b := Button{}
		b.Type, _ = a["type"].(string)
		b.Title, _ = a["title"].(string)
		b.Verb, _ = a["verb"].(string)
		b.URL, _ = a["url"].(string)
		b.Data, _ = a["data"].(map[string]any)
		r.buttons = append(r.buttons, b)
	}
	return Reading{strings.Join(r.lines, "\n"), r.live, r.buttons}, nil
}

// ReadText reads a message's text. Its format is "plain", where nothing but a
// mention is markup, or anything else for Markdown.
func ReadText(text, format string) Reading {
	r := &reader{}
	if format == "plain" {
		shown := text
		for _, tag := range mentionTag().FindAllString(text, -1) {
			name := tagName(tag)
			r.live = append(r.live, Live{Kind: "mention", Text: name, Where: "text"})
			shown = strings.Replace(shown, tag, name, 1)
		}
		return Reading{Text: shown, Live: r.live}
	}
	return Reading{Text: r.markdown("text", text), Live: r.live}
}

type reader struct {
	lines    []string
	live     []Live
	buttons  []Button
	mentions map[string]string
	where    string
}

func (r *reader) line(s string) {
	if s != "" {
		r.lines = append(r.lines, s)
	}
}

func (r *reader) card(where string, card map[string]any) {
	r.each(where+"body", card["body"])
	r.line(r.row(where+"actions", card["actions"]))
}

func (r *reader) each(where string, x any) {
	l, _ := x.([]any)
	for i, e := range l {
		if o, ok := e.(map[string]any); ok {
			r.element(fmt.Sprintf("%s[%d]", where, i), o)
		}
	}
}

func (r *reader) element(where string, o map[string]any) {
	if o["isVisible"] == false {
		return
	}
	word := func(name string) string { s, _ := o[name].(string); return s }
	switch kind := word("type"); kind {
	case "TextBlock":
		r.line(r.markdown(where+".text", word("text")))
	case "RichTextBlock":
		var b strings.Builder
		inlines, _ := o["inlines"].([]any)
		for i, in := range inlines {
			s, literal := in.(string)
			if run, ok := in.(map[string]any); ok {
				s, literal = run["text"].(string)
			}
			if literal {
				b.WriteString(squeeze(r.dates(fmt.Sprintf("%s.inlines[%d]", where, i), s)))
			}
		}
		r.line(b.String())
	case "FactSet":
		facts, _ := o["facts"].([]any)
		for i, f := range facts {
			fact, _ := f.(map[string]any)
			title, _ := fact["title"].(string)
			value, _ := fact["value"].(string)
			at := fmt.Sprintf("%s.facts[%d]", where, i)
			r.line(strings.TrimSuffix(r.markdown(at+".title", title), ":") + ": " + r.markdown(at+".value", value))
		}
	case "Container", "Column":
		r.each(where+".items", o["items"])
	case "ColumnSet":
		columns, _ := o["columns"].([]any)
		for i, c := range columns {
			if column, ok := c.(map[string]any); ok && column["isVisible"] != false {
				r.each(fmt.Sprintf("%s.columns[%d].items", where, i), column["items"])
			}
		}
	case "Table":
		rows, _ := o["rows"].([]any)
		for i, x := range rows {
			row, _ := x.(map[string]any)
			cells, _ := row["cells"].([]any)
			said := make([]string, len(cells))
			for k, c := range cells {
				cell, _ := c.(map[string]any)
				inner := &reader{mentions: r.mentions}
				inner.each(fmt.Sprintf("%s.rows[%d].cells[%d].items", where, i, k), cell["items"])
				said[k] = strings.Join(inner.lines, " ")
				r.live = append(r.live, inner.live...)
			}
			r.line(strings.Join(said, " | "))
		}
	case "Image":
		r.line("[image " + word("altText") + "]")
	case "ImageSet":
		r.each(where+".images", o["images"])
	case "ActionSet":
		r.line(r.row(where+".actions", o["actions"]))
	default:
		if strings.HasPrefix(kind, "Input.") {
			r.input(where, kind, o)
		}
	}
}

func (r *reader) input(where, kind string, o map[string]any) {
	value := o["value"]
	if value == nil {
		value = o["placeholder"]
	}
	said := ""
	if value != nil {
		said = fmt.Sprint(value)
	}
	label, _ := o["label"].(string)
	if kind == "Input.Toggle" {
		title, _ := o["title"].(string)
		said = r.markdown(where+".title", title)
	}
	all, _ := o["choices"].([]any)
	style, _ := o["style"].(string)
	var titles []string
	for i, c := range all {
		choice, _ := c.(map[string]any)
		title, _ := choice["title"].(string)
		switch {
		case strings.EqualFold(style, "expanded"):
			titles = append(titles, r.markdown(fmt.Sprintf("%s.choices[%d].title", where, i), title))
		case choice["value"] == o["value"]:
			said = title // of the others in a menu nothing is seen
		}
	}
	if titles != nil {
		said = strings.Join(titles, " / ")
	}
	r.line(strings.TrimPrefix(label+": "+said, ": "))
}

func (r *reader) row(where string, x any) string {
	l, _ := x.([]any)
	var titles []string
	for _, e := range l {
		a, _ := e.(map[string]any)
		if title, ok := a["title"].(string); ok {
			titles = append(titles, "["+title+"]")
		}
	}
	line := strings.Join(titles, " ")
	for i, e := range l {
		a, _ := e.(map[string]any)
		if card, ok := a["card"].(map[string]any); ok {
			inner := &reader{mentions: r.mentions}
			inner.card(fmt.Sprintf("%s[%d].card.", where, i), card)
			line += "\n" + strings.Join(inner.lines, "\n")
			r.live = append(r.live, inner.live...)
		}
	}
	return line
}

// markdown is what a person reads of Markdown, and notes what is live in it.
func (r *reader) markdown(where, src string) string {
	r.where = where
	src = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(src)
	src = r.dates(where, src)
	for _, tag := range mentionTag().FindAllString(src, -1) {
		name, ok := r.mentions[tag]
		if !ok {
			name = tagName(tag)
		}
		r.live = append(r.live, Live{Kind: "mention", Text: name, Where: where})
		if ok {
			src = strings.Replace(src, tag, name, 1)
		}
	}
	p := parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewEmphasisParser(), 500),
		),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
	)
	b := []byte(src)
	return r.node(p.Parse(text.NewReader(b)), b)
}

func (r *reader) node(n ast.Node, src []byte) string {
	found := func(kind, text, url string) string {
		r.live = append(r.live, Live{kind, text, url, r.where})
		return text
	}
	switch n := n.(type) {
	case *ast.Document, *ast.ListItem:
		return r.children(n, src, "\n")
	case *ast.List:
		var items []string
		number := n.Start
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			mark := "•"
			if n.IsOrdered() {
				mark = fmt.Sprintf("%d.", number)
				number++
			}
			items = append(items, mark+" "+r.node(c, src))
		}
		return found("list", strings.Join(items, "\n"), "")
	case *ast.Text:
		s := written(n.Value(src))
		switch {
		case n.HardLineBreak():
			s += "\n"
		case n.SoftLineBreak():
			s += " "
		}
		return s
	case *ast.String:
		return written(n.Value)
	case *ast.Emphasis:
		kind := "italic"
		if n.Level == 2 {
			kind = "bold"
		}
		return found(kind, r.children(n, src, ""), "")
	case *ast.Link:
		return found("link", r.children(n, src, ""), string(n.Destination))
	case *ast.AutoLink:
		return found("link", string(n.Label(src)), string(n.URL(src)))
	case *ast.Image:
		return found("image", r.children(n, src, ""), string(n.Destination))
	case *ast.Paragraph, *ast.TextBlock:
		return squeeze(r.children(n, src, ""))
	default:
		return r.children(n, src, "")
	}
}

func (r *reader) children(n ast.Node, src []byte, between string) string {
	var all []string
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if s := r.node(c, src); s != "" { // a link's definition shows nothing
			all = append(all, s)
		}
	}
	return strings.Join(all, between)
}

// written resolves backslashes and entities.
func written(b []byte) string {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	markdown.DefaultWriter.Write(w, b)
	w.Flush()
	return html.UnescapeString(out.String())
}

// squeeze does to blanks what a page does.
func squeeze(s string) string {
	s = regexp.MustCompile(`[ \t]+`).ReplaceAllString(s, " ")
	s = regexp.MustCompile(` ?\n ?`).ReplaceAllString(s, "\n")
	return strings.ReplaceAll(s, "\u00a0", " ")
}

// dates are the functions {{DATE(...)}} and {{TIME(...)}}, which any text of
// a card may have.
func (r *reader) dates(where, s string) string {
	function := regexp.MustCompile(`\{\{(DATE|TIME)\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[-+]\d{2}:\d{2}))(?:, ?(?:COMPACT|LONG|SHORT))?\)\}\}`)
	return function.ReplaceAllStringFunc(s, func(call string) string {
		part := function.FindStringSubmatch(call)
		t, err := time.Parse(time.RFC3339, part[2])
		if err != nil {
			return call
		}
		layout := "Mon, Jan 2, 2006"
		if part[1] == "TIME" {
			layout = "15:04"
		}
		shown := t.UTC().Format(layout)
		r.live = append(r.live, Live{Kind: "date", Text: shown, Where: where})
		return shown
	})
}

func tagName(tag string) string {
	return strings.TrimSuffix(regexp.MustCompile(`(?i)^<at\b[^>]*>`).ReplaceAllString(tag, ""), "</at>")
}
