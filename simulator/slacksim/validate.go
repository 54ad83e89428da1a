package slacksim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of whole messages, in characters and entries
// (docs.slack.dev: chat.postMessage, chat.update, and the block reference).
const (
	maxText          = 40000 // chat.postMessage cuts what is longer
	maxUpdateText    = 4000  // chat.update answers msg_too_long
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxAttachments   = 100
	maxMarkdown      = 12000 // over all markdown blocks of a message
	maxTableText     = 10000 // over all cells of a message's table
)

// A Violation is one departure from what Slack documents for messages and views.
type Violation struct {
	Where   string // the method, hook or answer it came by; empty from ValidateMessage and ValidateView
	Pointer string // JSON pointer to the fault, such as /blocks/0/text/text
	Rule    string // unknown_key, missing, wrong_type, empty, too_long, too_many, too_few, duplicate, bad_value, not_allowed, not_json, no_text
	Detail  string // in words
	Advice  bool   // Slack takes the message all the same
}

func (v Violation) String() string {
	s := fmt.Sprintf("%s [json-pointer:%s] (%s)", v.Detail, v.Pointer, v.Rule)
	if v.Where != "" {
		s = v.Where + ": " + s
	}
	if v.Advice {
		s += " (advice)"
	}
	return s
}

// Refused tells whether Slack would refuse a message with these violations.
func Refused(vs []Violation) bool {
	return slices.ContainsFunc(vs, func(v Violation) bool { return !v.Advice })
}

// ValidateMessage judges a message as it is sent to chat.postMessage or to a
// response_url: a JSON object with text, blocks and attachments.
func ValidateMessage(message []byte) []Violation {
	body, err := decode(message)
	if err != nil {
		return []Violation{{Rule: "not_json", Detail: err.Error()}}
	}
	return validateMessage(body)
}

// ValidateView judges a modal or a Home tab as it is sent to views.open,
// views.update, views.push, views.publish or as the answer to a submission.
func ValidateView(view []byte) []Violation {
	body, err := decode(view)
	if err != nil {
		return []Violation{{Rule: "not_json", Detail: err.Error()}}
	}
	return validateView(body)
}

func validateMessage(body map[string]any) []Violation {
	w := &walk{surface: "message", blockIDs: map[string]bool{}}
	for _, k := range slices.Sorted(maps.Keys(body)) {
		if !slices.Contains(messageKeys, k) {
			w.advise("/"+k, "unknown_key", "Slack ignores the unknown argument "+k)
		}
	}
	text, _ := body["text"].(string)
	if t, ok := body["text"]; ok && t != nil {
		if _, isString := t.(string); !isString {
			w.add("/text", "wrong_type", "must be a string")
		}
	}
	if utf8.RuneCountInString(text) > maxText {
		w.advise("/text", "too_long", fmt.Sprintf("text is cut after %d characters", maxText))
	}
	// null stands for nothing at this level; slack-go sends it to response URLs.
	hasBlocks, hasAttachments := body["blocks"] != nil, body["attachments"] != nil
	if text == "" && (hasBlocks || hasAttachments) {
		w.advise("/text", "no_text", "no top-level text: nothing for notifications and screen readers")
	}
	if hasBlocks {
		w.blocks("/blocks", body["blocks"], maxMessageBlocks)
	}
	if hasAttachments {
		list(0, maxAttachments, attachment)(w, "/attachments", body["attachments"])
	}
	if w.markdown > maxMarkdown {
		w.add("/blocks", "too_long", fmt.Sprintf("markdown blocks hold more than %d characters", maxMarkdown))
	}
	if w.tables > 1 {
		w.add("/blocks", "too_many", "only one table is allowed in a message")
	}
	if w.tableText > maxTableText {
		w.add("/blocks", "too_long", fmt.Sprintf("table cells hold more than %d characters", maxTableText))
	}
	return w.found
}

func validateView(body map[string]any) []Violation {
	w := &walk{blockIDs: map[string]bool{}}
	kind, _ := body["type"].(string)
	w.surface = kind
	check, ok := views[kind]
	if !ok {
		w.add("/type", "bad_value", "type must be modal or home")
		return w.found
	}
	check(w, "", body)
	return w.found
}

// decode reads one JSON object and nothing after it. Numbers stay as written.
func decode(b []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if m == nil {
		return nil, fmt.Errorf("not a JSON object: null")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("not a JSON object: something follows it")
	}
	return m, nil
}

// walk is one pass over one message or view.
type walk struct {
	surface   string // message, modal or home
	found     []Violation
	blockIDs  map[string]bool
	tables    int
	tableText int
	markdown  int
}

func (w *walk) add(at, rule, detail string) {
	w.found = append(w.found, Violation{Pointer: at, Rule: rule, Detail: detail})
}

func (w *walk) advise(at, rule, detail string) {
	w.found = append(w.found, Violation{Pointer: at, Rule: rule, Detail: detail, Advice: true})
}

func (w *walk) blocks(at string, v any, most int) {
	list(0, most, func(w *walk, at string, v any) {
		m, _ := v.(map[string]any)
		if kind, _ := m["type"].(string); kind != "" {
			if places, ok := surfaces[kind]; ok && !slices.Contains(strings.Fields(places), w.surface) {
				w.add(at, "not_allowed", fmt.Sprintf("unsupported type: %s has no place in a %s", kind, w.surface))
				return
			}
		}
		oneOf(blocks)(w, at, v)
		if id, _ := m["block_id"].(string); id != "" {
			if w.blockIDs[id] {
				w.add(at+"/block_id", "duplicate", "block_id "+id+" already exists")
			}
			w.blockIDs[id] = true
		}
	})(w, at, v)
}

// A check judges the value at a JSON pointer.
type check func(w *walk, at string, v any)

// object wants the keys in need (separated by spaces) and knows no others
// than those in keys; also holds rules between keys.
func object(need string, keys map[string]check, also ...func(w *walk, at string, m map[string]any)) check {
	return func(w *walk, at string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			w.add(at, "wrong_type", "must be an object")
			return
		}
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if c, known := keys[k]; known {
				c(w, at+"/"+k, m[k])
			} else {
				w.add(at, "unknown_key", "invalid additional property: "+k)
			}
		}
		for k := range strings.FieldsSeq(need) {
			if _, ok := m[k]; !ok {
				w.add(at, "missing", "missing required field: "+k)
			}
		}
		for _, rule := range also {
			rule(w, at, m)
		}
	}
}

// oneOf takes an object of one of the given types.
func oneOf(kinds map[string]check) check {
	return func(w *walk, at string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			w.add(at, "wrong_type", "must be an object")
			return
		}
		kind, ok := m["type"].(string)
		if !ok {
			w.add(at, "missing", "missing required field: type")
			return
		}
		c, ok := kinds[kind]
		if !ok {
			w.add(at, "not_allowed", "unsupported type: "+kind)
			return
		}
		c(w, at, v)
	}
}

// among is oneOf for those of the elements that may stand in one place.
func among(all map[string]check, names string) check {
	some := map[string]check{}
	for n := range strings.FieldsSeq(names) {
		some[n] = all[n]
	}
	return oneOf(some)
}

// list takes an array of least to most entries.
func list(least, most int, entry check) check {
	return func(w *walk, at string, v any) {
		l, ok := v.([]any)
		if !ok {
			w.add(at, "wrong_type", "must be an array")
			return
		}
		if len(l) < least {
			w.add(at, "too_few", fmt.Sprintf("no fewer than %d items are required", least))
		}
		if len(l) > most {
			w.add(at, "too_many", fmt.Sprintf("no more than %d items allowed", most))
		}
		for i, e := range l {
			entry(w, fmt.Sprintf("%s/%d", at, i), e)
		}
	}
}

// str takes a string of least to most characters.
func str(least, most int) check {
	return func(w *walk, at string, v any) {
		s, ok := v.(string)
		if !ok {
			w.add(at, "wrong_type", "must be a string")
			return
		}
		switch n := utf8.RuneCountInString(s); {
		case n < least && n == 0:
			w.add(at, "empty", "must be more than 0 characters")
		case n < least:
			w.add(at, "too_few", fmt.Sprintf("must be at least %d characters", least))
		case n > most:
			w.add(at, "too_long", fmt.Sprintf("must be less than %d characters", most+1))
		}
	}
}

// word takes one of the strings in all, separated by spaces.
func word(all string) check {
	return func(w *walk, at string, v any) {
		if s, ok := v.(string); !ok || !slices.Contains(strings.Fields(all), s) {
			w.add(at, "bad_value", "must be one of "+all)
		}
	}
}

// link takes an absolute URL of one of the schemes.
func link(schemes string) check {
	return func(w *walk, at string, v any) {
		str(1, 3000)(w, at, v)
		s, _ := v.(string)
		if s == "" {
			return
		}
		u, err := url.Parse(s)
		if err != nil || !slices.Contains(strings.Fields(schemes), u.Scheme) || u.Host == "" && u.Opaque == "" {
			w.add(at, "bad_value", "invalid url")
		}
	}
}

// number takes an integer from least to most.
func number(least, most int64) check {
	return func(w *walk, at string, v any) {
		n, ok := v.(json.Number)
		if !ok {
			w.add(at, "wrong_type", "must be an integer")
			return
		}
		if i, err := n.Int64(); err != nil || i < least || i > most {
			w.add(at, "bad_value", fmt.Sprintf("must be an integer from %d to %d", least, most))
		}
	}
}

func boolean(w *walk, at string, v any) {
	if _, ok := v.(bool); !ok {
		w.add(at, "wrong_type", "must be a boolean")
	}
}

func anything(*walk, string, any) {}
