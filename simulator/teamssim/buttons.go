package teamssim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

func merged(all []map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range all {
		maps.Copy(out, m)
	}
	return out
}

// offer is a button with the inputs whose values it sends.
type offer struct {
	action map[string]any
	inputs []map[string]any
}

// offers are the buttons of a card. One on a card that Action.ShowCard opens
// sends that card's inputs and those of the cards around it.
func offers(card map[string]any, around []map[string]any) []offer {
	inputs := slices.Concat(around, objects(card, "Input.", false))
	var out []offer
	for _, a := range objects(card, "Action.", false) {
		out = append(out, offer{a, inputs})
		if inner, ok := a["card"].(map[string]any); ok {
			out = append(out, offers(inner, inputs)...)
		}
	}
	return out
}

// pick finds the button and what it sends: its data with the inputs' values.
func pick(card, given map[string]any, name string, match func(map[string]any) bool) (action, data map[string]any, err error) {
	var found []offer
	disabled := false
	for _, o := range offers(card, nil) {
		if !match(o.action) {
			continue
		}
		own, _ := o.action["data"].(map[string]any)
		fits := true
		for k, v := range given {
			typed := slices.ContainsFunc(o.inputs, func(in map[string]any) bool { return in["id"] == k })
			fits = fits && (typed || same(own[k], v))
		}
		if o.action["isEnabled"] == false {
			disabled = true
		} else if fits && !slices.ContainsFunc(found, func(f offer) bool { return same(f.action["data"], o.action["data"]) }) {
			found = append(found, o)
		}
	}
	switch {
	case len(found) == 0 && disabled:
		return nil, nil, fmt.Errorf("the button with %s is disabled", name)
	case len(found) == 0:
		return nil, nil, fmt.Errorf("the card has no button with %s and data %v", name, given)
	case len(found) > 1:
		return nil, nil, fmt.Errorf("the card has %d buttons with %s", len(found), name)
	}
	action = found[0].action
	own, _ := action["data"].(map[string]any)
	data = map[string]any{}
	maps.Copy(data, own)
	if which, _ := action["associatedInputs"].(string); strings.EqualFold(which, "none") {
		return action, data, nil
	}
	for _, in := range found[0].inputs {
		id, _ := in["id"].(string)
		v, err := typedInto(in, given[id])
		if err != nil {
			return nil, nil, fmt.Errorf("input %q: %w", id, err)
		}
		data[id] = v
	}
	return action, data, nil
}

// typedInto is what an input sends, always as a string. A client refuses what
// breaks the input's rules.
func typedInto(in map[string]any, given any) (string, error) {
	v := ""
	switch {
	case given != nil:
		v = fmt.Sprint(given)
	case in["value"] != nil:
		v = fmt.Sprint(in["value"])
	case in["type"] == "Input.Toggle":
		v = "false"
		if off, ok := in["valueOff"].(string); ok {
			v = off
		}
	}
	if v == "" {
		if in["isRequired"] == true {
			return "", errors.New("is required")
		}
		return "", nil
	}
	if limit, ok := in["maxLength"].(json.Number); ok {
		if n, err := limit.Int64(); err == nil && int64(len([]rune(v))) > n {
			return "", fmt.Errorf("longer than %d", n)
		}
	}
	if choices, ok := in["choices"].([]any); ok && in["choices.data"] == nil && len(choices) > 0 {
		chosen := []string{v}
		if in["isMultiSelect"] == true {
			chosen = strings.Split(v, ",")
		}
		for _, one := range chosen {
			if !slices.ContainsFunc(choices, func(c any) bool { m, _ := c.(map[string]any); return m["value"] == one }) {
				return "", fmt.Errorf("%q is none of its choices", one)
			}
		}
	}
	return v, nil
}

// objects are all objects in a card whose type begins so, without those that
// only stand in for others or that no one presses. deep also looks into the
// cards that Action.ShowCard opens.
func objects(x any, prefix string, deep bool) []map[string]any {
	var out []map[string]any
	switch x := x.(type) {
	case []any:
		for _, e := range x {
			out = append(out, objects(e, prefix, deep)...)
		}
	case map[string]any:
		if t, _ := x["type"].(string); strings.HasPrefix(t, prefix) {
			out = append(out, x)
		}
		for _, k := range slices.Sorted(maps.Keys(x)) {
			if !slices.Contains([]string{"fallback", "refresh", "data", "msteams"}, k) && (deep || k != "card") {
				out = append(out, objects(x[k], prefix, deep)...)
			}
		}
	}
	return out
}

// same compares two values as JSON.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func decodeObject(b []byte) (map[string]any, error) {
	var o map[string]any
	if err := decode(b, &o); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, errors.New("no object")
	}
	return o, nil
}

// decode keeps numbers as they are written and takes one value only.
func decode(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}
