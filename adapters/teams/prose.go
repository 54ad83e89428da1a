package teams

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// prose is what a person reads of a message's HTML. Teams' editor escapes all
// that is typed, so that every tag is markup.
func prose(body string) string {
	z := html.NewTokenizer(strings.NewReader(body))
	p := &page{}
	for {
		switch z.Next() {
		case html.ErrorToken:
			return p.text()
		case html.TextToken:
			p.write(z.Token().Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			z.NextIsNotRawText() // no tag of Teams' swallows what follows
			p.open(z.Token())
		case html.EndTagToken:
			p.end(z.Token())
		}
	}
}

// page collects text in lines.
type page struct {
	b       strings.Builder
	literal int    // within how many tags in which white space counts
	link    string // the address of the link that is open
	from    int    // where its text began
}

func (p *page) write(text string) {
	if p.literal == 0 {
		text = squeezed(text)
		if p.atStart() || strings.HasSuffix(p.b.String(), " ") {
			text = strings.TrimLeft(text, " ")
		}
	}
	p.b.WriteString(text)
}

func (p *page) atStart() bool {
	s := p.b.String()
	return s == "" || strings.HasSuffix(s, "\n")
}

// line begins a new line, unless there is one already.
func (p *page) line() {
	if !p.atStart() {
		p.b.WriteByte('\n')
	}
}

func (p *page) open(t html.Token) {
	attr := func(name string) string {
		for _, a := range t.Attr {
			if a.Key == name {
				return a.Val
			}
		}
		return ""
	}
	switch {
	case t.DataAtom == atom.Br, t.DataAtom == atom.Hr:
		p.b.WriteByte('\n')
	case t.DataAtom == atom.Img, t.Data == "emoji":
		p.write(attr("alt"))
	case t.DataAtom == atom.A:
		p.link, p.from = attr("href"), p.b.Len()
	case t.DataAtom == atom.Td, t.DataAtom == atom.Th:
		p.write(" ")
	case isBlock(t):
		p.line()
		if t.DataAtom == atom.Li {
			p.b.WriteString("- ")
		}
		if isLiteral(t) && t.Type == html.StartTagToken {
			p.literal++
		}
	}
}

func (p *page) end(t html.Token) {
	switch {
	case t.DataAtom == atom.A:
		if isWeb(p.link) && !strings.Contains(p.b.String()[p.from:], strings.TrimSuffix(p.link, "/")) {
			p.b.WriteString(" (" + p.link + ")")
		}
		p.link = ""
	case isBlock(t):
		p.line()
		if isLiteral(t) {
			p.literal = max(p.literal-1, 0)
		}
	}
}

// text is all that was written, without white space at the ends of lines and
// with at most one empty line in a row.
func (p *page) text() string {
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(p.b.String(), "\u00a0", " ")) {
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		if line != "" || len(lines) > 0 && lines[len(lines)-1] != "" {
			lines = append(lines, line)
		}
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func isLiteral(t html.Token) bool { return t.DataAtom == atom.Pre || t.Data == "codeblock" }

func isBlock(t html.Token) bool {
	switch t.DataAtom {
	case atom.P, atom.Div, atom.Ul, atom.Ol, atom.Li, atom.Table, atom.Tr, atom.Blockquote,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return isLiteral(t)
}

// squeezed has one space for each run of white space. A hard space is none: it
// is what an empty line is made of.
func squeezed(s string) string {
	var b strings.Builder
	space := false
	for _, r := range s {
		if unicode.IsSpace(r) && r != '\u00a0' {
			space = true
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	if space {
		b.WriteByte(' ')
	}
	return b.String()
}
