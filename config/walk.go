package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"go.yaml.in/yaml/v3"
)

// loader reads one file and collects what is wrong with it.
type loader struct {
	file   string
	dir    string // where relative paths start
	env    func(string) (string, bool)
	faults Faults
}

func (l *loader) fault(at *yaml.Node, format string, args ...any) {
	l.faults = append(l.faults, Fault{l.file, max(at.Line, 1), max(at.Column, 1), fmt.Sprintf(format, args...)})
}

// open parses data, which must be one YAML document.
func (l *loader) open(data []byte) (*section, bool) {
	var document, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		l.fault(&document, "the file is empty: write at least redis, syncro, vault, technicians, and slack or teams")
		return nil, false
	}
	if err == nil {
		err = decoder.Decode(&second)
		if err == nil {
			l.fault(&second, "a second document begins here: write one")
			return nil, false
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		l.syntax(err)
		return nil, false
	}
	top := document.Content[0]
	root := field{l: l, at: top, value: top}.section()
	return root, root.present
}

// syntax takes the line out of an error of the YAML library. The library
// counts the lines of its parser's errors from 0 and those of its scanner's
// from 1, so the parser's are known by their words.
func (l *loader) syntax(err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	at := &yaml.Node{}
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(text); m != nil {
		at.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
		switch strings.TrimPrefix(text, "did not find expected ") {
		case "<document start>", "node content", "key", "'-' indicator", "',' or ']'", "',' or '}'":
			at.Line++
		}
	}
	l.fault(at, "this is not YAML: %s", text)
}

// section is a mapping. Which keys it may have is which were asked for.
type section struct {
	l       *loader
	name    string // dotted, "" for the whole file
	at      *yaml.Node
	present bool // false where it was left out or is not a mapping
	order   []string
	pairs   map[string]pair
	asked   []string
}

// pair is a key and its value as they stand in the file.
type pair struct{ key, value *yaml.Node }

func (s *section) fault(format string, args ...any) {
	field{l: s.l, name: s.name, at: s.at}.fault(format, args...)
}

// field is the value of a key, given or not.
func (s *section) field(key string) field {
	if !slices.Contains(s.asked, key) {
		s.asked = append(s.asked, key)
	}
	f := field{l: s.l, parent: s, key: key, name: s.nested(key), at: s.at}
	if p, ok := s.pairs[key]; ok {
		f.at, f.value = p.value, p.value
		if p.value.Kind == yaml.ScalarNode && p.value.Value == "" && p.value.Style == 0 {
			f.at = p.key // nothing is written after it
		}
	}
	return f
}

func (s *section) nested(key string) string {
	if s.name == "" {
		return key
	}
	return s.name + "." + key
}

// done faults the keys that nobody asked for.
func (s *section) done() {
	for _, key := range s.order {
		if slices.Contains(s.asked, key) {
			continue
		}
		at := s.pairs[key].key
		if like := nearest(key, s.asked); like != "" {
			s.l.fault(at, "unknown key %s: did you mean %s?", quote(key), like)
		} else {
			s.l.fault(at, "unknown key %s: known here are %s", quote(key), strings.Join(s.asked, ", "))
		}
	}
}

// field is a place in the file where a value may be.
type field struct {
	l      *loader
	parent *section // nil for the whole file and the items of a list
	key    string
	name   string     // dotted, "technicians[2].name"
	at     *yaml.Node // the value; its section where it was left out
	value  *yaml.Node // nil where it was left out
}

func (f field) given() bool { return f.value != nil }

func (f field) line() int { return f.at.Line }

func (f field) fault(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if f.name != "" {
		text = f.name + ": " + text
	}
	f.l.fault(f.at, "%s", text)
}

// written is the value as it stands in the file, without any environment
// variable's value.
func (f field) written() string {
	if f.value == nil {
		return ""
	}
	return f.resolved().Value
}

func (f field) resolved() *yaml.Node {
	if f.value.Kind == yaml.AliasNode {
		return f.value.Alias
	}
	return f.value
}

// required faults a value that was left out of a section that is there.
func (f field) required(example string) field {
	if !f.given() && f.parent != nil && f.parent.present {
		f.l.fault(f.at, "%s is missing: write %s: %s", f.name, f.key, example)
	}
	return f
}

// section reads a mapping. One without anything in it is empty, not wrong.
func (f field) section() *section {
	s := &section{l: f.l, name: f.name, at: f.at, pairs: map[string]pair{}}
	if !f.given() {
		return s
	}
	if f.parent != nil { // point to the key, not to the first key below it
		s.at = f.parent.pairs[f.key].key
	}
	n := f.resolved()
	if isNull(n) {
		s.present = true
		return s
	}
	if n.Kind != yaml.MappingNode {
		f.fault("is %s, and must be a section of keys and values", describe(n))
		return s
	}
	s.present = true
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			f.l.fault(key, "a key must be a word, and this is %s", describe(key))
			continue
		}
		if first, twice := s.pairs[key.Value]; twice {
			f.l.fault(key, "duplicate key %s: it stands at line %d already", quote(key.Value), first.key.Line)
			continue
		}
		s.order = append(s.order, key.Value)
		s.pairs[key.Value] = pair{key, value}
	}
	return s
}

// list reads a list; nothing where it was left out.
func (f field) list() []field {
	if !f.given() {
		return nil
	}
	n := f.resolved()
	if n.Kind != yaml.SequenceNode {
		f.fault("is %s, and must be a list: write [a, b], or a line with - for each", describe(n))
		return nil
	}
	items := make([]field, len(n.Content))
	for i, item := range n.Content {
		items[i] = field{l: f.l, name: fmt.Sprintf("%s[%d]", f.name, i), at: item, value: item}
	}
	return items
}

// some reads a list that must have an item where it is given; why says so.
func (f field) some(why string) []field {
	items := f.list()
	if items != nil && len(items) == 0 {
		f.fault("%s", why)
	}
	return items
}

// scalar reads a plain value that has one of the tags, with its environment
// variables filled in; what says which value is wanted. A value with a
// variable in it passes for every tag.
func (f field) scalar(what string, tags ...string) (string, bool) {
	if !f.given() {
		return "", false
	}
	n := f.resolved()
	switch {
	case isNull(n):
		f.fault("has no value: write %s, or leave the key out", what)
		return "", false
	case n.Kind != yaml.ScalarNode:
		f.fault("is %s, and must be %s", describe(n), what)
		return "", false
	case slices.Contains(tags, n.ShortTag()):
	case strings.Contains(n.Value, "${") && n.ShortTag() == "!!str":
	case slices.Contains(tags, "!!str"):
		f.fault("is %s, and must be %s: write it in quotes", describe(n), what)
		return "", false
	default:
		f.fault("is %s, and must be %s", describe(n), what)
		return "", false
	}
	return f.expand(n.Value)
}

// expand fills in environment variables: ${NAME} is NAME's value, $${ is a
// literal ${, any other dollar is itself.
func (f field) expand(text string) (string, bool) {
	var b strings.Builder
	ok := true
	for {
		before, after, found := strings.Cut(text, "${")
		if !found {
			b.WriteString(text)
			return b.String(), ok
		}
		if literal, escaped := strings.CutSuffix(before, "$"); escaped {
			b.WriteString(literal + "${")
			text = after
			continue
		}
		b.WriteString(before)
		name, rest, closed := strings.Cut(after, "}")
		if !closed || !isVariable(name) {
			f.fault("has a ${ that names no variable: write ${NAME}, or $${ for the characters themselves")
			return "", false
		}
		value, set := f.l.env(name)
		if !set {
			f.fault("the environment variable %s is not set: set it, or write the value here", name)
			ok = false
		}
		b.WriteString(value)
		text = rest
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// describe says what a node is to somebody who does not think in YAML tags.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a section of keys and values"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch tag := n.ShortTag(); tag {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	case "!!str":
		return "a text"
	default:
		return "tagged " + quote(tag)
	}
}

// nearest is the known word that a person who wrote word may have meant, ""
// where none is near.
func nearest(word string, known []string) string {
	best, at := "", 3
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(word), k); d < at && d < len(k) {
			best, at = k, d
		}
	}
	return best
}

// quote is a value of the file in quotes, cut where it is long.
func quote(text string) string {
	if r := []rune(text); len(r) > 60 {
		text = string(r[:59]) + "…"
	}
	return strconv.Quote(text)
}
