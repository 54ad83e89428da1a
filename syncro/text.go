package syncro

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"
)

// Comments in Syncro are HTML or plain text, and nothing reliable says which.
// What follows reads both. Only the tags that mail and editors write count as
// markup, so that "<amy@harbordental.example>" or "ping <host>" in a plain
// comment is not lost.

// maxLayers is how often Normalize decodes text that is HTML in HTML.
const maxLayers = 4

// Normalize makes texts comparable whatever Syncro did to them on the way:
// HTML to text, entities decoded, Unicode composed (NFC), invisible
// characters gone, every run of white space one space. Text that was escaped
// and text that was not come out the same, so a tag that somebody typed as a
// word is gone too: the result is for comparing and not for reading.
// Normalize(Normalize(s)) is Normalize(s).
func Normalize(body string) string {
	s := oneLine(body)
	for range maxLayers {
		next := oneLine(plain(s))
		if next == s {
			return s
		}
		s = next
	}
	// Nobody writes this by chance. Without these two characters nothing is
	// left to decode.
	return oneLine(strings.NewReplacer("<", " ", "&", " ").Replace(s))
}

func oneLine(s string) string {
	joiners := strings.NewReplacer("\u200c", "", "\u200d", "") // visible keeps them, for emoji
	return strings.Join(strings.Fields(visible(joiners.Replace(s))), " ")
}

// visible composes s and takes out what cannot be seen. White space stays as
// line breaks, tabs and spaces.
func visible(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")
	return norm.NFC.String(strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\u200c', r == '\u200d':
			return r
		case r == '\r', r == '\u2028', r == '\u2029':
			return '\n'
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Cc):
			return -1
		default:
			return r
		}
	}, s))
}

// escape makes typed text read the same whether Syncro takes a body for HTML
// or for plain text: it changes just what HTML would take for a tag or an
// entity ("<b>", "&lt;"), so that it is neither markup nor lost. "2 < 3" and
// "R&D" stay as they are, and so do line breaks.
func escape(typed string) string {
	var b strings.Builder
	for i := range len(typed) {
		switch c := typed[i]; {
		case c == '<' && i+1 < len(typed) && beginsTag(typed[i+1]):
			b.WriteString("&lt;")
		case c == '&' && beginsEntity(typed[i:]):
			b.WriteString("&amp;")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func beginsTag(c byte) bool {
	return c == '/' || c == '!' || c == '?' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// beginsEntity reports whether HTML decodes the "&" that s begins with.
func beginsEntity(s string) bool {
	if next := strings.IndexByte(s[1:], '&'); next >= 0 {
		s = s[:1+next]
	}
	const longest = len("&CounterClockwiseContourIntegral;")
	s = s[:min(len(s), longest)]
	return html.UnescapeString(s) != s
}

// plain turns a comment's body into text for reading.
func plain(body string) string {
	if !strings.ContainsAny(body, "<&") {
		return tidy(visible(body))
	}
	pieces, laidOut := split(body)
	var b strings.Builder
	for _, p := range pieces {
		sofar := b.String()
		switch {
		case p.layout == lineBreak, p.layout == block && sofar != "" && !strings.HasSuffix(sofar, "\n"):
			b.WriteByte('\n')
		case laidOut && (strings.HasSuffix(sofar, "\n") || strings.HasSuffix(sofar, " ")):
			b.WriteString(strings.TrimLeft(collapse(visible(p.text)), " "))
		case laidOut:
			b.WriteString(collapse(visible(p.text)))
		default:
			b.WriteString(visible(p.text))
		}
	}
	return tidy(visible(b.String()))
}

// layout is what a tag does to the lines.
type layout int

const (
	inline    layout = iota
	cell             // a space
	block            // a line of its own
	lineBreak        // <br>
)

type piece struct {
	text   string
	layout layout
}

// split takes HTML apart into texts and what separates them. laidOut: there
// are tags for the lines, so that line breaks in the texts mean nothing.
func split(body string) (pieces []piece, laidOut bool) {
	z := html.NewTokenizer(strings.NewReader(body))
	var hidden atom.Atom // the script, style or head that we are in
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return pieces, laidOut
		}
		raw := string(z.Raw())
		token := z.Token()
		switch kind {
		case html.TextToken:
			if hidden == 0 {
				pieces = append(pieces, piece{text: token.Data})
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			how, known := layoutOf(token)
			isHidden := token.DataAtom == atom.Script || token.DataAtom == atom.Style || token.DataAtom == atom.Head
			if kind == html.StartTagToken && token.DataAtom != atom.Script && token.DataAtom != atom.Style {
				z.NextIsNotRawText() // a "<title>" that was typed must not swallow the rest
			}
			switch {
			case hidden != 0:
				if kind == html.EndTagToken && token.DataAtom == hidden {
					hidden = 0
				}
			case isHidden && kind == html.StartTagToken:
				hidden = token.DataAtom
			case !known:
				pieces = append(pieces, piece{text: raw})
			case how == cell:
				pieces = append(pieces, piece{text: " "})
			case how != inline:
				pieces = append(pieces, piece{layout: how})
				laidOut = true
			}
		}
	}
}

// layoutOf is what a tag does to the lines; known is false for what is no tag
// of mail or of an editor and so words in angle brackets.
func layoutOf(t html.Token) (how layout, known bool) {
	switch t.DataAtom {
	case atom.Br, atom.Hr:
		return lineBreak, true
	case atom.P, atom.Div, atom.Ul, atom.Ol, atom.Li, atom.Table, atom.Tr, atom.Tbody, atom.Thead, atom.Tfoot, atom.Pre,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Section, atom.Article, atom.Header, atom.Footer,
		atom.Dl, atom.Dt, atom.Dd, atom.Figure, atom.Figcaption, atom.Address, atom.Center, atom.Html, atom.Body:
		return block, true
	case atom.Td, atom.Th:
		return cell, true
	case atom.A, atom.B, atom.I, atom.U, atom.S, atom.Em, atom.Strong, atom.Span, atom.Font, atom.Code, atom.Kbd, atom.Samp, atom.Tt,
		atom.Del, atom.Ins, atom.Sub, atom.Sup, atom.Small, atom.Big, atom.Mark, atom.Strike, atom.Q, atom.Cite, atom.Abbr, atom.Img,
		atom.Head, atom.Meta, atom.Link, atom.Title, atom.Style, atom.Script, atom.Base, atom.Col, atom.Colgroup, atom.Caption, atom.Wbr:
		return inline, true
	}
	// Outlook's own: <o:p>, <v:shape>, <w:sdt>.
	space, name, ok := strings.Cut(t.Data, ":")
	return inline, ok && len(space) == 1 && name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") == ""
}

// collapse makes one space of each run of white space.
func collapse(s string) string {
	words := strings.Join(strings.Fields(s), " ")
	switch {
	case s == "":
		return ""
	case words == "":
		return " "
	}
	if unicode.IsSpace(rune(s[0])) {
		words = " " + words
	}
	if unicode.IsSpace(rune(s[len(s)-1])) {
		words += " "
	}
	return words
}

// tidy takes off white space at the ends of lines and of the text, and leaves
// at most one empty line in a row.
func tidy(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		if line == "" && (len(lines) == 0 || lines[len(lines)-1] == "") {
			continue
		}
		lines = append(lines, line)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
