package slacksim

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A place is an element and the block it stands in.
type place struct {
	block, element map[string]any
	attachment     int // 1, 2... in an attachment; 0 otherwise
}

func (p place) str(key string) string   { s, _ := p.element[key].(string); return s }
func (p place) is(kind string) bool     { return p.element["type"] == kind }
func (p place) blockID() string         { s, _ := p.block["block_id"].(string); return s }
func (p place) key() string             { return p.blockID() + "/" + p.str("action_id") }
func (p place) required() bool          { return p.block["type"] == "input" && p.block["optional"] != true }
func (p place) answers(key string) bool { return key == p.str("action_id") || key == p.blockID() }

// placed lists the interactive elements of a message or view in their order.
func placed(body map[string]any) []place {
	var out []place
	add := func(v any, attachment int) {
		all, _ := v.([]any)
		for _, b := range all {
			b, _ := b.(map[string]any)
			candidates, _ := b["elements"].([]any)
			for _, e := range append(slices.Clone(candidates), b["accessory"], b["element"]) {
				if e, ok := e.(map[string]any); ok && e["action_id"] != nil {
					out = append(out, place{b, e, attachment})
				}
			}
		}
	}
	add(body["blocks"], 0)
	attachments, _ := body["attachments"].([]any)
	for i, a := range attachments {
		a, _ := a.(map[string]any)
		add(a["blocks"], i+1)
	}
	return out
}

// complete gives blocks and interactive elements the ids that Slack makes up where the app gave none.
func complete(body map[string]any) {
	add := func(v any) {
		all, _ := v.([]any)
		for _, b := range all {
			b, _ := b.(map[string]any)
			if b == nil {
				continue
			}
			if b["block_id"] == nil {
				b["block_id"] = token(5)
			}
			candidates, _ := b["elements"].([]any)
			for _, e := range append(slices.Clone(candidates), b["accessory"], b["element"]) {
				e, _ := e.(map[string]any)
				kind, _ := e["type"].(string)
				if _, interactive := elements[kind]; interactive && kind != "image" && e["action_id"] == nil {
					e["action_id"] = token(5)
				}
			}
		}
	}
	add(body["blocks"])
	attachments, _ := body["attachments"].([]any)
	for _, a := range attachments {
		if a, ok := a.(map[string]any); ok {
			add(a["blocks"])
		}
	}
}

// state is what an element contributes to state.values before anybody
// touches it; nil for what has no state (buttons, overflow).
func (p place) state() map[string]any {
	kind := p.str("type")
	initial := func(key, from string) map[string]any {
		return map[string]any{"type": kind, key: p.element[from]}
	}
	switch kind {
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		return initial("value", "initial_value")
	case "static_select", "external_select", "radio_buttons":
		return initial("selected_option", "initial_option")
	case "multi_static_select", "multi_external_select", "checkboxes":
		s := initial("selected_options", "initial_options")
		if s["selected_options"] == nil {
			s["selected_options"] = []any{}
		}
		return s
	case "users_select":
		return initial("selected_user", "initial_user")
	case "conversations_select":
		return initial("selected_conversation", "initial_conversation")
	case "channels_select":
		return initial("selected_channel", "initial_channel")
	case "datepicker":
		return initial("selected_date", "initial_date")
	case "timepicker":
		return initial("selected_time", "initial_time")
	case "datetimepicker":
		return initial("selected_date_time", "initial_date_time")
	}
	return nil
}

// choose is the state after a person picks or types value: the value or
// caption of an option (several separated by commas), an id, a date, a text.
// offered are the options that the app gave to an external select.
func (p place) choose(value string, offered []map[string]any) (map[string]any, error) {
	kind := p.str("type")
	options := offered
	if !strings.Contains(kind, "external") {
		options = optionsOf(p.element)
	}
	pick := func(want string) (map[string]any, error) {
		for _, o := range options {
			text, _ := o["text"].(map[string]any)
			if o["value"] == want || text["text"] == want {
				return o, nil
			}
		}
		if o, _ := p.element["initial_option"].(map[string]any); o != nil && o["value"] == want {
			return o, nil
		}
		return nil, fmt.Errorf("option %q of %s: %w", want, p.key(), ErrNotThere)
	}
	s := p.state()
	switch kind {
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		if value == "" {
			s["value"] = nil
			return s, nil
		}
		n := int64(utf8.RuneCountInString(value))
		if least := integer(p.element["min_length"], 0); n < least {
			return nil, fmt.Errorf("%s wants at least %d characters: %w", p.key(), least, ErrForm)
		}
		if most := integer(p.element["max_length"], 3000); n > most {
			return nil, fmt.Errorf("%s takes at most %d characters: %w", p.key(), most, ErrForm)
		}
		s["value"] = value
	case "static_select", "external_select", "radio_buttons", "overflow":
		o, err := pick(value)
		if err != nil {
			return nil, err
		}
		s = merged(s, map[string]any{"type": kind, "selected_option": o})
	case "multi_static_select", "multi_external_select", "checkboxes":
		chosen := []any{}
		for _, v := range strings.Split(value, ",") {
			if v == "" {
				continue
			}
			o, err := pick(v)
			if err != nil {
				return nil, err
			}
			chosen = append(chosen, o)
		}
		s["selected_options"] = chosen
	case "users_select":
		s["selected_user"] = value
	case "conversations_select":
		s["selected_conversation"] = value
	case "channels_select":
		s["selected_channel"] = value
	case "datepicker":
		s["selected_date"] = value
	case "timepicker":
		s["selected_time"] = value
	default:
		return nil, fmt.Errorf("a %s is not filled in: %w", kind, ErrNotThere)
	}
	return s, nil
}

// blank tells whether a state holds no answer.
func blank(state map[string]any) bool {
	for k, v := range state {
		if l, isList := v.([]any); k != "type" && v != nil && (!isList || len(l) > 0) {
			return false
		}
	}
	return true
}
