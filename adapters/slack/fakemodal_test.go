package slack

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
	"github.com/syncrobot/syncrobot/simulator/slacksim"
)

// lease is a trigger_id: for one modal, within 3 s.
type lease struct {
	made time.Time
	used bool
}

// modalShown is a modal in front of the person, with what they filled in.
type modalShown struct {
	raw  json.RawMessage
	view modalView

	typed   map[string]string        // by input
	offered map[string][]chat.Option // by input: of the last search
	errors  map[string]string
}

type modalText struct{ Text string }

type modalOption struct {
	Text  modalText `json:"text"`
	Value string    `json:"value"`
}

// modalView is a view as Slack reads it.
type modalView struct {
	Title    modalText
	Metadata string `json:"private_metadata"`
	Blocks   []struct {
		Type     string
		BlockID  string `json:"block_id"`
		Label    modalText
		Hint     *modalText
		Optional bool
		Elements json.RawMessage
		Element  struct {
			Type           string
			ActionID       string        `json:"action_id"`
			InitialValue   string        `json:"initial_value"`
			InitialDate    string        `json:"initial_date"`
			InitialOption  *modalOption  `json:"initial_option"`
			InitialOptions []modalOption `json:"initial_options"`
			Options        []modalOption
			OptionGroups   []struct{ Options []modalOption } `json:"option_groups"`
		}
	}
}

// lease makes a trigger_id for what a person does.
func (f *fakeSlack) lease(delivery string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := "13345224609.738474920." + delivery
	if f.triggers[id] == nil {
		f.triggers[id] = &lease{made: time.Now()}
	}
	return id
}

func (f *fakeSlack) openModal(w io.Writer, r *http.Request) {
	var open struct {
		TriggerID string `json:"trigger_id"`
		View      json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&open); err != nil {
		f.t.Errorf("views.open: %v", err)
	}
	l := f.triggers[open.TriggerID]
	switch {
	case l == nil:
		io.WriteString(w, `{"ok":false,"error":"invalid_trigger_id"}`)
	case l.used:
		io.WriteString(w, `{"ok":false,"error":"exchanged_trigger_id"}`)
	case time.Since(l.made) > 3*time.Second:
		io.WriteString(w, `{"ok":false,"error":"expired_trigger_id"}`)
	default:
		l.used = true
		f.modal = showModal(f.t, open.View)
		fmt.Fprintf(w, `{"ok":true,"view":{"id":"V1","type":"modal"}}`)
	}
}

// showModal is a modal as it comes up. It fails the test where Slack would
// refuse it, or read markup in it.
func showModal(t testing.TB, raw json.RawMessage) *modalShown {
	t.Helper()
	for _, v := range slacksim.ValidateView(raw) {
		t.Errorf("a view against Slack's rules: %v", v)
	}
	var dense bytes.Buffer
	if err := json.Compact(&dense, raw); err != nil {
		t.Fatal(err)
	}
	if s := dense.String(); strings.Contains(s, `"mrkdwn"`) || strings.Count(s, `"plain_text"`) != strings.Count(s, `"emoji":false`) {
		t.Errorf("a text that reads markup or emoji: %.300s", s)
	}
	m := &modalShown{raw: raw, typed: map[string]string{}, offered: map[string][]chat.Option{}}
	if err := json.Unmarshal(raw, &m.view); err != nil {
		t.Fatal(err)
	}
	for _, b := range m.view.Blocks {
		e := b.Element
		if b.Type != "input" {
			continue
		}
		if b.BlockID != e.ActionID {
			t.Errorf("block_id %q, action_id %q", b.BlockID, e.ActionID)
		}
		m.typed[b.BlockID] = cmp.Or(e.InitialValue, e.InitialDate)
		if e.InitialOption != nil {
			m.typed[b.BlockID] = e.InitialOption.Value
		}
		if e.Type == "checkboxes" {
			m.typed[b.BlockID] = fmt.Sprint(len(e.InitialOptions) > 0)
		}
	}
	return m
}

// options are what can be chosen for an input.
func (m *modalShown) options(name string) []modalOption {
	var all []modalOption
	for _, b := range m.view.Blocks {
		if b.BlockID == name {
			all = append(all, b.Element.Options...)
			for _, g := range b.Element.OptionGroups {
				all = append(all, g.Options...)
			}
			if b.Element.InitialOption != nil {
				all = append(all, *b.Element.InitialOption)
			}
		}
	}
	for _, o := range m.offered[name] {
		all = append(all, modalOption{modalText{o.Label}, o.Value})
	}
	return all
}

func (m *modalShown) option(name, value string) *modalOption {
	all := m.options(name)
	if i := slices.IndexFunc(all, func(o modalOption) bool { return o.Value == value }); i >= 0 {
		return &all[i]
	}
	return nil
}

// Form is the modal in front of the person, as they read it.
func (f *fakeSlack) Form() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.modal
	if m == nil {
		return ""
	}
	lines := []string{m.view.Title.Text}
	for _, b := range m.view.Blocks {
		if b.Type != "input" {
			lines = append(lines, textsOf(f.t, json.RawMessage(`{"elements":`+string(b.Elements)+`}`))...)
			continue
		}
		shown := m.typed[b.BlockID]
		if o := m.option(b.BlockID, shown); o != nil {
			shown = o.Text.Text
		}
		lines = append(lines, b.Label.Text, shown)
		if b.Hint != nil {
			lines = append(lines, b.Hint.Text)
		}
		for _, o := range m.options(b.BlockID) {
			lines = append(lines, o.Text.Text)
		}
		lines = append(lines, m.errors[b.BlockID])
	}
	return strings.Join(lines, "\n")
}

// viewPayload is what every interaction in front of a modal has.
func (f *fakeSlack) viewPayload(kind string, m *modalShown) map[string]any {
	values := map[string]any{}
	for _, b := range m.view.Blocks {
		if b.Type != "input" {
			continue
		}
		typed := m.typed[b.BlockID]
		state := map[string]any{"type": b.Element.Type}
		nullable := func(key string, v any) {
			if state[key] = v; typed == "" {
				state[key] = nil
			}
		}
		switch b.Element.Type {
		case "plain_text_input":
			nullable("value", typed)
		case "datepicker":
			nullable("selected_date", typed)
		case "checkboxes":
			state["selected_options"] = []any{}
			if typed == "true" {
				state["selected_options"] = b.Element.Options
			}
		default:
			nullable("selected_option", m.option(b.BlockID, typed))
		}
		values[b.BlockID] = map[string]any{b.Element.ActionID: state}
	}
	var view map[string]any
	if err := json.Unmarshal(m.raw, &view); err != nil {
		f.t.Fatal(err)
	}
	view["id"], view["hash"], view["team_id"], view["app_id"] = "V1", "1.x", "T0001", "A0001"
	view["state"] = map[string]any{"values": values}
	return map[string]any{
		"type": kind, "api_app_id": "A0001", "token": "gIkuvaNzQIHg97ATvDxqgjtO",
		"team": map[string]any{"id": "T0001", "domain": "northgate"},
		"user": map[string]any{"id": "U0001", "username": "dana", "name": "dana", "team_id": "T0001"},
		"view": view, "enterprise": nil, "is_enterprise_install": false,
	}
}

func (f *fakeSlack) postPayload(t testing.TB, path string, payload map[string]any) (int, string) {
	t.Helper()
	raw, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	return f.post(t, path, typeForm, url.Values{"payload": {string(raw)}}.Encode())
}

// fill fills in the modal, hands it in, and does what Slack does with the
// answer. mend may change the payload.
func (f *fakeSlack) fill(t testing.TB, delivery string, values map[string]string, mend func(map[string]any)) int {
	t.Helper()
	f.mu.Lock()
	m := f.modal
	if m == nil {
		f.mu.Unlock()
		t.Fatal("no modal is open")
	}
	for _, b := range m.view.Blocks {
		if v, given := values[b.BlockID]; given {
			if strings.HasSuffix(b.Element.Type, "_select") && m.option(b.BlockID, v) == nil {
				t.Errorf("%q is not offered for %s", v, b.BlockID)
			}
			m.typed[b.BlockID] = v
		}
		if b.Type == "input" && !b.Optional && m.typed[b.BlockID] == "" {
			t.Errorf("%s is required", b.BlockID)
		}
	}
	payload := f.viewPayload("view_submission", m)
	f.mu.Unlock()
	payload["trigger_id"], payload["response_urls"] = f.lease(delivery), []any{}
	if mend != nil {
		mend(payload)
	}
	status, answer := f.postPayload(t, "/slack/interactions", payload)
	if status != http.StatusOK {
		return status
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if answer == "" {
		if f.modal == m { // the answer may have opened another
			f.modal = nil
		}
		return status
	}
	var a struct {
		Action string `json:"response_action"`
		Errors map[string]string
	}
	if err := json.Unmarshal([]byte(answer), &a); err != nil || a.Action != "errors" || len(a.Errors) == 0 {
		t.Fatalf("the form was answered with %q", answer)
	}
	for name, why := range a.Errors {
		if _, there := m.typed[name]; !there || why == "" {
			t.Errorf("%q is said of %q", why, name)
		}
	}
	m.errors = a.Errors
	return status
}

// search types into a menu of the modal.
func (f *fakeSlack) search(t testing.TB, input, typed string, mend func(map[string]any)) []chat.Option {
	t.Helper()
	f.mu.Lock()
	m := f.modal
	if m == nil {
		f.mu.Unlock()
		t.Fatal("no modal is open")
	}
	payload := f.viewPayload("block_suggestion", m)
	f.mu.Unlock()
	payload["action_id"], payload["block_id"], payload["value"] = input, input, typed
	payload["container"] = map[string]any{"type": "view", "view_id": "V1"}
	if mend != nil {
		mend(payload)
	}
	status, answer := f.postPayload(t, "/slack/options", payload)
	var found struct{ Options []modalOption }
	if err := json.Unmarshal([]byte(answer), &found); err != nil || status != http.StatusOK || found.Options == nil {
		t.Fatalf("status %d, options %q", status, answer)
	}
	var all []chat.Option
	for _, o := range found.Options {
		all = append(all, chat.Option{Label: o.Text.Text, Value: o.Value})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m.offered[input] = all
	return all
}

// saidAs is a message as Slack's payloads have it.
func saidAs(m chat.Message) map[string]any {
	files := []any{}
	for i, f := range m.Files {
		files = append(files, map[string]any{"id": fmt.Sprint("F", i), "name": f.Name, "permalink": f.Link, "url_private": "https://files.example/x", "size": 84000})
	}
	user := "U0002"
	if m.Author == "Dana Ruiz" {
		user = "U0001"
	}
	return map[string]any{
		"type": "message", "user": user, "team": "T0001",
		"ts": fmt.Sprintf("%d.%06d", m.Time.Unix(), m.Time.Nanosecond()/1000), "files": files,
		"text":   strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(m.Text),
		"blocks": []any{map[string]any{"type": "actions", "elements": []any{map[string]any{"type": "hologram", "text": 7}}}},
	}
}

// shortcut uses a shortcut on a message of Amy Lin's; from anywhere where
// there is none.
func (f *fakeSlack) shortcut(t testing.TB, delivery, name string, on *chat.Message) int {
	t.Helper()
	payload := map[string]any{
		"type": "shortcut", "api_app_id": "A0001", "token": "gIkuvaNzQIHg97ATvDxqgjtO", "action_ts": "1700000000.1",
		"team":        map[string]any{"id": "T0001", "domain": "northgate"},
		"user":        map[string]any{"id": "U0001", "username": "dana", "team_id": "T0001"},
		"callback_id": name, "trigger_id": f.lease(delivery),
	}
	if on != nil {
		ts := fmt.Sprintf("%d.%06d", on.Time.Unix(), on.Time.Nanosecond()/1000)
		payload["type"] = "message_action"
		payload["message_ts"] = ts
		payload["channel"] = map[string]any{"id": "C0001", "name": "helpdesk"}
		payload["response_url"] = f.lend("shortcut-"+delivery, nil)
		payload["message"] = saidAs(*on)
		if len(on.Thread) > 0 {
			var replies []map[string]any
			for _, m := range on.Thread {
				replies = append(replies, saidAs(m))
			}
			payload["message"].(map[string]any)["thread_ts"] = replies[0]["ts"]
			answer, err := json.Marshal(map[string]any{"ok": true, "messages": replies, "has_more": false})
			if err != nil {
				t.Fatal(err)
			}
			f.mu.Lock()
			f.web["conversations.replies"] = string(answer)
			f.mu.Unlock()
		}
	}
	status, _ := f.postPayload(t, "/slack/interactions", payload)
	return status
}

func TestFormContract(t *testing.T) {
	t.Parallel()
	chattest.FormContract(t, func(t *testing.T, bot chattest.Bot) chattest.FormHarness {
		f, a := play(t, bot, nil)
		return chattest.FormHarness{
			Harness: harness(f, a),
			Form:    f.Form,
			Fill: func(t testing.TB, delivery string, values map[string]string) int {
				return f.fill(t, delivery, values, nil)
			},
			Search: func(t testing.TB, input, typed string) []chat.Option { return f.search(t, input, typed, nil) },
			Use: func(t testing.TB, delivery, shortcut string, on chat.Message) int {
				return f.shortcut(t, delivery, shortcut, &on)
			},
		}
	})
}
