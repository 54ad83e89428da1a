package slacksim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Live is a piece of a message that is more than literal text.
type Live struct {
	Pointer string // where it stands, a JSON pointer
	// Kind is one of
	//   user channel usergroup broadcast   a mention; people may be notified
	//   link date                          <url|label>, <!date^...>, a link element or a button with a url
	//   autolink autoname                  a bare address, @name or #name that Slack makes live by itself
	//   bold italic strike code pre quote  formatting by mrkdwn marks
	//   emoji                              :name:
	//   markdown                           a link of a markdown block
	Kind   string
	Raw    string // as it was sent
	Target string // the id, URL or name behind it
}

// Plain is what a person reads of a message: blocks in their order (the
// top-level text where there are none), then attachments; entities unescaped,
// markup applied, mentions by the name that name gives (nil, or "": the id),
// buttons in brackets. Dates are in UTC.
func Plain(message []byte, name func(id string) string) string {
	body, err := decode(message)
	if err != nil {
		return ""
	}
	return joined(parts(body, name))
}

// LiveMarkup lists what is live in a message. The top-level text counts
// with its <...> sequences even where blocks hide it, because notifications
// are made of it. An @name or #name without a letter (#32164) does not count.
func LiveMarkup(message []byte) []Live {
	body, err := decode(message)
	if err != nil {
		return nil
	}
	all := parts(body, nil)
	if text, ok := body["text"].(string); ok && shownInstead(body) {
		for _, s := range mrkdwn(text, false, nil) {
			if slices.Contains([]string{"user", "channel", "usergroup", "broadcast", "link", "date"}, s.kind) {
				all = append(all, part{"/text", []span{s}})
			}
		}
	}
	var found []Live
	for _, p := range all {
		for _, s := range p.spans {
			if s.kind != "" {
				found = append(found, Live{p.pointer, s.kind, s.raw, s.target})
			}
		}
	}
	return found
}

// A part is one line or paragraph of what is displayed.
type part struct {
	pointer string
	spans   []span
}

func joined(ps []part) string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		for _, s := range p.spans {
			lines[i] += s.shown
		}
	}
	return strings.Join(lines, "\n")
}

// shownInstead tells whether blocks are displayed in place of the text.
func shownInstead(body map[string]any) bool {
	l, _ := body["blocks"].([]any)
	return len(l) > 0
}

func parts(body map[string]any, who names) []part {
	var out []part
	if text, _ := body["text"].(string); text != "" && !shownInstead(body) {
		if marks, given := body["mrkdwn"]; given && !truthy(marks) {
			out = append(out, part{"/text", []span{{raw: text, shown: entities.Replace(text)}}})
		} else {
			out = append(out, part{"/text", mrkdwn(text, parsed(body), who)})
		}
	}
	out = append(out, blockParts("/blocks", body["blocks"], who)...)
	attachments, _ := body["attachments"].([]any)
	for i, a := range attachments {
		a, _ := a.(map[string]any)
		at := fmt.Sprintf("/attachments/%d", i)
		for _, k := range []string{"pretext", "title", "text"} {
			if t, _ := a[k].(string); t != "" {
				out = append(out, part{at + "/" + k, mrkdwn(t, true, who)})
			}
		}
		out = append(out, blockParts(at+"/blocks", a["blocks"], who)...)
	}
	return out
}

// parsed tells whether bare names and addresses in the top-level text are
// live (the parse and link_names arguments; chat.update parses unless told not to).
func parsed(body map[string]any) bool {
	switch p, _ := body["parse"].(string); p {
	case "full", "client":
		return true
	}
	return truthy(body["link_names"])
}

func truthy(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v == "true" || v == "1"
	case json.Number:
		return v.String() != "0"
	}
	return false
}

func blockParts(at string, v any, who names) []part {
	var out []part
	all, _ := v.([]any)
	for i, b := range all {
		if b, ok := b.(map[string]any); ok {
			out = append(out, onePart(fmt.Sprintf("%s/%d", at, i), b, who)...)
		}
	}
	return out
}

func onePart(at string, b map[string]any, who names) []part {
	var out []part
	text := func(key string) {
		if b[key] != nil {
			out = append(out, part{at + "/" + key, textSpans(b[key], who)})
		}
	}
	switch b["type"] {
	case "header", "alert":
		text("text")
	case "section":
		text("text")
		fields, _ := b["fields"].([]any)
		for i, f := range fields {
			out = append(out, part{fmt.Sprintf("%s/fields/%d", at, i), textSpans(f, who)})
		}
		if b["accessory"] != nil {
			out = append(out, part{at + "/accessory", elementSpans(b["accessory"], who)})
		}
	case "context", "actions":
		all, _ := b["elements"].([]any)
		line := part{pointer: at + "/elements"}
		for i, e := range all {
			if i > 0 {
				line.spans = append(line.spans, span{raw: " ", shown: " "})
			}
			line.spans = append(line.spans, elementSpans(e, who)...)
		}
		out = append(out, line)
	case "divider":
		out = append(out, part{at, []span{{shown: "---"}}})
	case "image":
		text("title")
		alt, _ := b["alt_text"].(string)
		out = append(out, part{at + "/alt_text", []span{{raw: alt, shown: alt}}})
	case "input":
		text("label")
		out = append(out, part{at + "/element", elementSpans(b["element"], who)})
		text("hint")
	case "markdown":
		s, _ := b["text"].(string)
		out = append(out, part{at + "/text", markdown(s)})
	case "rich_text":
		out = append(out, richParts(at, b, who)...)
	case "table":
		rows, _ := b["rows"].([]any)
		for i, r := range rows {
			cells, _ := r.([]any)
			line := part{pointer: fmt.Sprintf("%s/rows/%d", at, i)}
			for j, c := range cells {
				if j > 0 {
					line.spans = append(line.spans, span{raw: "\t", shown: "\t"})
				}
				c, _ := c.(map[string]any)
				if t, ok := c["text"].(string); ok {
					line.spans = append(line.spans, span{raw: t, shown: t})
				}
				for _, p := range richParts("", c, who) {
					line.spans = append(line.spans, p.spans...)
				}
			}
			out = append(out, line)
		}
	}
	return out
}

// textSpans reads a text object. emoji and verbatim are true and false by default.
func textSpans(v any, who names) []span {
	m, _ := v.(map[string]any)
	s, _ := m["text"].(string)
	if m["type"] == "mrkdwn" {
		return mrkdwn(s, m["verbatim"] != true, who)
	}
	if m["emoji"] == false {
		return []span{{raw: s, shown: s}}
	}
	var out []span
	start := 0
	for i := 0; i < len(s); i++ {
		if e := emojiName.FindString(s[i:]); e != "" {
			out = append(out, span{raw: s[start:i], shown: s[start:i]}, span{kind: "emoji", raw: e, shown: e})
			start = i + len(e)
			i = start - 1
		}
	}
	return append(out, span{raw: s[start:], shown: s[start:]})
}

// elementSpans shows an interactive element as its caption in brackets.
func elementSpans(v any, who names) []span {
	m, _ := v.(map[string]any)
	switch m["type"] {
	case "plain_text", "mrkdwn":
		return textSpans(m, who)
	case "image":
		alt, _ := m["alt_text"].(string)
		return []span{{raw: alt, shown: alt}}
	}
	caption := m["text"]
	for _, k := range []string{"initial_option", "placeholder"} {
		if caption == nil {
			caption = m[k]
			if o, ok := caption.(map[string]any); ok && k == "initial_option" {
				caption = o["text"]
			}
		}
	}
	out := append([]span{{shown: "["}}, textSpans(caption, who)...)
	if s, ok := m["initial_value"].(string); ok {
		out = append(out, span{raw: s, shown: s})
	}
	out = append(out, span{shown: "]"})
	if u, ok := m["url"].(string); ok {
		out = append(out, span{kind: "link", raw: u, target: u})
	}
	return out
}

// richParts reads a rich_text block, a line a section or list entry.
func richParts(at string, v any, who names) []part {
	m, _ := v.(map[string]any)
	all, _ := m["elements"].([]any)
	var out []part
	for i, e := range all {
		e, _ := e.(map[string]any)
		here := fmt.Sprintf("%s/elements/%d", at, i)
		switch e["type"] {
		case "rich_text_list":
			entries, _ := e["elements"].([]any)
			for j, s := range entries {
				mark := "• "
				if e["style"] == "ordered" {
					mark = fmt.Sprintf("%d. ", j+1)
				}
				s, _ := s.(map[string]any)
				out = append(out, part{fmt.Sprintf("%s/elements/%d", here, j), append([]span{{shown: mark}}, particles(s["elements"], who)...)})
			}
		default:
			out = append(out, part{here, particles(e["elements"], who)})
		}
	}
	return out
}

func particles(v any, who names) []span {
	all, _ := v.([]any)
	var out []span
	for _, e := range all {
		m, _ := e.(map[string]any)
		s := func(k string) string { t, _ := m[k].(string); return t }
		switch kind := s("type"); kind {
		case "text":
			out = append(out, span{raw: s("text"), shown: s("text")})
		case "link":
			shown := s("text")
			if shown == "" {
				shown = s("url")
			}
			out = append(out, span{kind: kind, raw: s("url"), shown: shown, target: s("url")})
		case "user", "channel", "usergroup":
			id := s(kind + "_id")
			mark := "@"
			if kind == "channel" {
				mark = "#"
			}
			out = append(out, span{kind: kind, raw: id, shown: mark + strings.TrimLeft(named(who, id), "@#"), target: id})
		case "broadcast":
			out = append(out, span{kind: kind, raw: s("range"), shown: "@" + s("range"), target: s("range")})
		case "emoji":
			out = append(out, span{kind: kind, raw: s("name"), shown: ":" + s("name") + ":"})
		case "date":
			n, _ := m["timestamp"].(json.Number)
			unix, _ := n.Int64()
			out = append(out, span{kind: kind, raw: n.String(), shown: dateWords(unix, s("format")), target: n.String()})
		case "color":
			out = append(out, span{raw: s("value"), shown: s("value")})
		}
	}
	return out
}

var markdownLink = regexp.MustCompile(`!?\[([^\]\n]*)\]\(([^)\s]+)[^)]*\)|<[^<>\s]+>|(?i:https?://)[^\s)>\]]+`)

// markdown reads a markdown block: its marks stay as written, its links are live.
func markdown(text string) []span {
	var out []span
	last := 0
	for _, m := range markdownLink.FindAllStringSubmatchIndex(text, -1) {
		out = append(out, span{raw: text[last:m[0]], shown: text[last:m[0]]})
		s := span{kind: "markdown", raw: text[m[0]:m[1]], shown: text[m[0]:m[1]], target: strings.Trim(text[m[0]:m[1]], "<>")}
		if m[2] >= 0 {
			s.shown, s.target = text[m[2]:m[3]], text[m[4]:m[5]]
		}
		out = append(out, s)
		last = m[1]
	}
	return append(out, span{raw: text[last:], shown: text[last:]})
}
