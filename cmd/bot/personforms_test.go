package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/simulator/teamssim"
)

// form is a form as it is before one person: a modal in Slack; a card or a
// dialog in Teams.
type form struct {
	text   string            // what they read, every run of white space one space
	values map[string]string // what is filled in already, by input

	filled map[string]string // what the person has chosen so far

	// In Teams:
	id       string            // of the message that it stands in, empty for a dialog
	opened   teamssim.Delivery // the dialog
	datasets map[string]string // what a lookup asks, by input
	found    map[string]string // the values behind the captions that were offered
}

// with is the form with something chosen in it, before it is handed in.
func (f *form) with(input, value string) *form {
	f.filled = map[string]string{input: value}
	return f
}

func (f form) has(words ...string) bool { return card{text: f.text}.has(words...) }

// fillable finds the inputs in Slack's and in Microsoft's JSON and calls each
// with its name.
func fillable(x any, each func(name string, in map[string]any)) {
	switch x := x.(type) {
	case []any:
		for _, e := range x {
			fillable(e, each)
		}
	case map[string]any:
		if in, ok := x["element"].(map[string]any); ok && x["type"] == "input" {
			each(in["action_id"].(string), in)
			return
		}
		if kind, _ := x["type"].(string); strings.HasPrefix(kind, "Input.") {
			each(x["id"].(string), x)
			return
		}
		for key, e := range x {
			if key != "fallback" {
				fillable(e, each)
			}
		}
	}
}

func parsed(t testing.TB, raw []byte) any {
	t.Helper()
	var x any
	if err := json.Unmarshal(raw, &x); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return x
}

func (p slackPerson) form(t testing.TB) *form {
	t.Helper()
	v, ok := p.w.Slack.View(p.user)
	if !ok {
		return nil
	}
	f := &form{text: flat(v.Title + " " + v.Text), values: map[string]string{}}
	fillable(parsed(t, v.Blocks), func(name string, in map[string]any) {
		f.values[name] = ""
		for _, key := range []string{"initial_value", "initial_date"} {
			if s, ok := in[key].(string); ok {
				f.values[name] = s
			}
		}
		if chosen, ok := in["initial_option"].(map[string]any); ok {
			f.values[name] = chosen["value"].(string)
		}
	})
	return f
}

func (p slackPerson) suggest(t testing.TB, f *form, input, typed string) []string {
	t.Helper()
	if f.filled != nil {
		if err := p.w.Slack.FillIn(p.user, f.filled); err != nil {
			t.Fatal(err)
		}
	}
	captions, ack := p.w.Slack.Suggest(t.Context(), p.user, "", input, typed)
	if ack.Err != nil {
		t.Fatalf("Slack: %v: %s", ack.Err, ack.Body)
	}
	return captions
}

func (p slackPerson) submit(t testing.TB, _ *form, values map[string]string) error {
	t.Helper()
	ack := p.w.Slack.Submit(t.Context(), p.user, values)
	if v, ok := p.w.Slack.View(p.user); ok && ack.Err != nil {
		return fmt.Errorf("%w: %v", ack.Err, v.Errors)
	}
	return ack.Err
}

func (p slackPerson) shortcut(t testing.TB, message, name string) *form {
	t.Helper()
	if ack := p.w.Slack.Say(t.Context(), p.user, p.channel, message); ack.Err != nil {
		t.Fatalf("Slack: %v", ack.Err)
	}
	all := p.w.Slack.Messages(p.user, p.channel)
	on := all[len(all)-1]
	if ack := p.w.Slack.MessageShortcut(t.Context(), p.user, on.ID, name); ack.Err != nil {
		t.Fatalf("Slack: %v: %s", ack.Err, ack.Body)
	}
	return asked(t, p)
}

// teamsForm is the form that a card is, nil where it is none.
func teamsForm(t testing.TB, raw json.RawMessage) *form {
	t.Helper()
	f := &form{values: map[string]string{}, datasets: map[string]string{}, found: map[string]string{}}
	fillable(parsed(t, raw), func(name string, in map[string]any) {
		f.values[name], _ = in["value"].(string)
		if query, ok := in["choices.data"].(map[string]any); ok {
			f.datasets[name] = query["dataset"].(string)
		}
	})
	if len(f.values) == 0 {
		return nil
	}
	r, err := teamssim.Read(raw)
	if err != nil {
		t.Fatal(err)
	}
	f.text = flat(r.Text)
	return f
}

func (p teamsPerson) form(t testing.TB) *form {
	t.Helper()
	for _, m := range slices.Backward(p.w.Teams.Messages(p.user, p.place())) {
		if !m.Bot || len(m.Card) == 0 {
			continue
		}
		if f := teamsForm(t, m.Card); f != nil {
			f.id = m.ID
			return f
		}
	}
	return nil
}

func (p teamsPerson) suggest(t testing.TB, f *form, input, typed string) []string {
	t.Helper()
	dataset, filled := f.datasets[input], map[string]any{}
	for name, value := range f.filled {
		filled[name] = cmp.Or(f.found[value], value)
	}
	var d teamssim.Delivery
	if f.id != "" {
		d = p.w.Teams.Search(t.Context(), p.user, f.id, dataset, typed, filled)
	} else {
		card, _ := parsed(t, f.opened.Card).(map[string]any)
		value, asks := teamssim.Query(card, dataset, typed, filled)
		if !asks {
			t.Fatalf("no input of the dialog asks %q", dataset)
		}
		d = p.w.Teams.Invoke(t.Context(), p.user, p.place(), "application/search", "", value)
	}
	if d.Err != nil || d.Status() != 200 || d.Problem != "" {
		t.Fatalf("Teams: %d %s %v", d.Status(), d.Problem, d.Err)
	}
	var answer struct {
		Value struct {
			Results []struct{ Title, Value string }
		}
	}
	if err := json.Unmarshal(d.Last().Body, &answer); err != nil {
		t.Fatalf("%v in %s", err, d.Last().Body)
	}
	var captions []string
	for _, r := range answer.Value.Results {
		captions = append(captions, r.Title)
		f.found[r.Title] = r.Value
	}
	return captions
}

func (p teamsPerson) submit(t testing.TB, f *form, values map[string]string) error {
	t.Helper()
	data := map[string]any{}
	for name, value := range values {
		data[name] = cmp.Or(f.found[value], value)
	}
	if f.id == "" {
		d := p.w.Teams.SubmitDialog(t.Context(), f.opened, "Preview", data)
		if d.Err == nil && d.Card != nil {
			return fmt.Errorf("the dialog stays: %s", d.Card)
		}
		return errors.Join(d.Err, problem(d))
	}
	d := p.w.Teams.Click(t.Context(), p.user, f.id, "submit", data)
	if err := errors.Join(d.Err, problem(d)); err != nil {
		return err
	}
	if d.Banner != "" {
		return errors.New(d.Banner)
	}
	if d.Card != nil {
		if again := teamsForm(t, d.Card); again != nil {
			return errors.New(again.text)
		}
	}
	return nil
}

func problem(d teamssim.Delivery) error {
	if d.Problem != "" {
		return errors.New(d.Problem)
	}
	return nil
}

func (p teamsPerson) shortcut(t testing.TB, message, name string) *form {
	t.Helper()
	said := p.w.Teams.Say(t.Context(), p.user, p.conversation, message)
	d := p.w.Teams.MessageAction(t.Context(), p.user, said.ID, name)
	if d.Err != nil || d.Status() != 200 || d.Problem != "" {
		t.Fatalf("Teams: %d %s %v", d.Status(), d.Problem, d.Err)
	}
	f := teamsForm(t, d.Card)
	if f == nil {
		t.Fatalf("the dialog asks nothing: %s", d.Card)
	}
	f.opened = d
	return f
}

// asked waits until the person is asked to fill in a form with all the words.
func asked(t testing.TB, p person, words ...string) *form {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		f := p.form(t)
		if f != nil && f.has(words...) {
			return f
		}
		if time.Now().After(deadline) {
			if f == nil {
				all := p.cards(t)
				t.Fatalf("no form with %q, nor any other; the newest card: %s", words, all[len(all)-1].text)
			}
			t.Fatalf("no form with %q but: %s", words, f.text)
		}
	}
}

// fill fills in a form and waits for the newest card to have all the words.
func fill(t testing.TB, p person, f *form, values map[string]string, words ...string) card {
	t.Helper()
	if err := p.submit(t, f, values); err != nil {
		t.Fatalf("the form was not taken: %v", err)
	}
	return see(t, p, words...)
}

// holds fails the test where a form does not have these values filled in.
func (f form) holds(t testing.TB, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got, ok := f.values[name]; !ok || got != value {
			t.Errorf("%s is %q, want %q, in %v", name, got, value, f.values)
		}
	}
}
