package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/chat"
)

// asks is a handler whose every button opens form.
func asks(form chat.Form) *handler {
	h := newHandler()
	h.answer = func(chat.Request) chat.Answer { return chat.Answer{Form: &form} }
	return h
}

var subjectForm = chat.Form{ID: "F1", Title: "New ticket", Intro: "One thing.", Submit: "Preview", Inputs: []chat.Input{
	{Name: "subject", Label: "Subject", Value: "VPN drops"}, {Name: "more", Label: "More", Optional: true},
}}

func TestWhenAFormDoesNotOpen(t *testing.T) {
	t.Parallel()
	refused := func(code string) string { return fmt.Sprintf(`{"ok":false,"error":%q}`, code) }
	long := subjectForm
	long.Inputs = []chat.Input{{Name: "text", Label: "Comment", Value: strings.Repeat("x", 3001)}}
	tests := []struct {
		name, answer string // answer: of views.open
		form         chat.Form
		late         time.Duration
		calls        int // of views.open
		shown        string
		button       bool // to open it by
	}{
		{"too late already", "", subjectForm, 3 * time.Second, 0, "One thing.", true},
		{"just in time", "", subjectForm, 2900 * time.Millisecond, 1, "", false},
		{"Slack says that it is too late", refused("expired_trigger_id"), subjectForm, 0, 1, "One thing.", true},
		{"Slack says so in another way", refused("trigger_expired"), subjectForm, 0, 1, "One thing.", true},
		{"the leave is used up", refused("exchanged_trigger_id"), subjectForm, 0, 1, "One thing.", true},
		{"no answer that can be read", "<html>", subjectForm, 0, 1, "One thing.", true},
		{"Slack does not take it", refused("invalid_arguments"), subjectForm, 0, 1, "Slack refuses it (invalid_arguments). Nothing was sent.", false},
		{"Slack says what nobody may read", refused("<https://secret.example>"), subjectForm, 0, 1, "Slack refuses it (no reason given)", false},
		{"a text that is too long to be edited", "", long, 0, 0, "the text under “Comment” has 3001 characters", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			now := time.Now()
			h := newHandler()
			h.reply = func(ctx context.Context, _ chat.Request, r chat.Replier) {
				now = now.Add(test.late)
				if err := r.Ask(ctx, test.form); err != nil {
					t.Error(err)
				}
			}
			b, work := bot(h)
			f, _ := play(t, b, func(o *Options) { o.Now = func() time.Time { return now } })
			if test.answer != "" {
				f.web["views.open"] = test.answer
			}
			f.command(t, f.commandBody("d1", "new"))
			drain(t, work)
			opened := 0
			for _, call := range f.Calls() {
				if call == "views.open" {
					opened++
				}
			}
			if opened != test.calls {
				t.Errorf("views.open was called %d times, want %d", opened, test.calls)
			}
			if open := f.Form() != ""; open != (test.shown == "") {
				t.Fatalf("a modal is open: %v", open)
			}
			if test.shown == "" {
				return
			}
			shown := f.Shown()
			if len(shown) != 1 || !strings.Contains(shown[0], test.shown) || !strings.Contains(shown[0], "New ticket") {
				t.Errorf("shown %q", shown)
			}
			if got := strings.Contains(string(f.shown[0].blocks), `"action_id":"form"`); got != test.button {
				t.Errorf("a button opens it: %v, want %v: %s", got, test.button, f.shown[0].blocks)
			}
		})
	}
}

func TestAFormThatWasTooLateOpensFromItsCardAndTakesItsPlace(t *testing.T) {
	t.Parallel()
	h := asks(subjectForm)
	h.reply = func(ctx context.Context, _ chat.Request, r chat.Replier) { r.Ask(ctx, subjectForm) }
	h.submit = func(req chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
		return nil, func(ctx context.Context, r chat.Replier) {
			ref, err := r.Reply(ctx, chat.Card{Title: "Working on " + req.Form.Values["subject"]})
			if err != nil || ref == "" {
				t.Errorf("ref %q, error %v", ref, err)
			}
			r.Reply(ctx, chat.Card{Title: "Made #32190"})
		}
	}
	b, work := bot(h)
	f, _ := play(t, b, nil)
	f.web["views.open"] = `{"ok":false,"error":"expired_trigger_id"}`
	f.command(t, f.commandBody("d1", "new"))
	await(t, func() bool { return len(f.Shown()) == 1 })
	f.mu.Lock()
	delete(f.web, "views.open")
	f.mu.Unlock()
	f.press(t, "d2", "Fill in")
	await(t, func() bool { return f.Form() != "" })
	if c := (<-h.clicks).Click; c.Verb != chat.VerbForm || c.Value != "F1" {
		t.Errorf("click = %+v", c)
	}
	f.fill(t, "d3", nil, nil)
	drain(t, work)
	if shown := f.Shown(); len(shown) != 1 || !strings.Contains(shown[0], "Made #32190") {
		t.Errorf("shown %q", shown)
	}
}

func TestTheAnswerToAFormOfACommandIsNew(t *testing.T) {
	t.Parallel()
	h := newHandler()
	h.reply = func(ctx context.Context, _ chat.Request, r chat.Replier) {
		r.Ask(ctx, subjectForm)
		r.Ask(ctx, subjectForm) // the leave is used up: a card
	}
	h.submit = func(chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
		return nil, func(ctx context.Context, r chat.Replier) {
			if ref, err := r.Reply(ctx, chat.Card{Title: "A preview"}); ref != "" || err != nil {
				t.Errorf("ref %q, error %v", ref, err)
			}
			r.Ask(ctx, chat.Form{ID: "F2", Title: "One more thing", Inputs: []chat.Input{{Name: "a"}}})
		}
	}
	b, work := bot(h)
	f, _ := play(t, b, nil)
	f.command(t, f.commandBody("d1", "new"))
	await(t, func() bool { return len(f.Shown()) == 1 })
	f.fill(t, "d2", nil, nil)
	drain(t, work)
	if shown := f.Shown(); len(shown) != 2 || !strings.Contains(shown[0], "Fill in") || !strings.Contains(shown[1], "A preview") {
		t.Errorf("shown %q", shown)
	}
	if req := <-h.submits; req.Form.Card != "" {
		t.Errorf("handed in %+v, want no card", req.Form)
	}
	if !strings.Contains(f.Form(), "One more thing") {
		t.Errorf("in front of the person: %q", f.Form())
	}
}

// inFront is a person in front of subjectForm, opened from a card.
func inFront(t *testing.T, h *handler, mend func(*Options)) (*fakeSlack, *Adapter, *chat.Work) {
	t.Helper()
	b, work := bot(h)
	f, a := play(t, b, mend)
	f.interaction(t, f.click("d1", map[string]any{"action_id": "edit", "value": "op"}, nil))
	await(t, func() bool { return f.Form() != "" })
	return f, a, work
}

func TestFormsThatAreNotTaken(t *testing.T) {
	t.Parallel()
	view := func(p map[string]any) map[string]any { return p["view"].(map[string]any) }
	tests := []struct {
		name string
		mend func(t *testing.T, a *Adapter, payload map[string]any)
		want string
	}{
		{"another app", func(_ *testing.T, _ *Adapter, p map[string]any) { p["api_app_id"] = "A0666" }, "another Slack app"},
		{"another workspace", func(_ *testing.T, _ *Adapter, p map[string]any) { p["team"] = map[string]any{"id": "T0666"} }, "this workspace"},
		{"an app of a whole organisation", func(_ *testing.T, _ *Adapter, p map[string]any) { p["team"] = nil }, "this workspace"},
		{"no memory of where it was opened", func(_ *testing.T, _ *Adapter, p map[string]any) { view(p)["private_metadata"] = "" }, "open it again"},
		{"a changed memory", func(_ *testing.T, _ *Adapter, p map[string]any) {
			m := view(p)["private_metadata"].(string)
			view(p)["private_metadata"] = m[:len(m)-2] + "AA"
		}, "open it again"},
		{"the memory of a card", func(_ *testing.T, a *Adapter, p map[string]any) {
			view(p)["private_metadata"] = string(a.ref(a.place("https://hooks.slack.com/x", "C0001")))
		}, "open it again"},
		{"a memory sealed with another secret", func(t *testing.T, _ *Adapter, p map[string]any) {
			b, _ := bot(newHandler())
			_, stranger := play(t, b, func(o *Options) { o.SigningSecret = "another" })
			view(p)["private_metadata"] = stranger.sealed(forForm, origin{Form: "F1"})
		}, "open it again"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := asks(subjectForm)
			f, a, work := inFront(t, h, nil)
			f.fill(t, "d2", nil, func(p map[string]any) { test.mend(t, a, p) })
			if form := f.Form(); !strings.Contains(form, "Nothing was sent.") || !strings.Contains(form, test.want) {
				t.Errorf("the form reads %q", form)
			}
			f.search(t, "subject", "x", func(p map[string]any) { test.mend(t, a, p) })
			drain(t, work)
			if len(h.submits)+len(h.searches) != 0 {
				t.Error("it was handled")
			}
		})
	}
}

func TestAModalKeepsNoSecretInTheClear(t *testing.T) {
	t.Parallel()
	f, a, _ := inFront(t, asks(subjectForm), nil)
	raw := string(f.modal.raw)
	for _, secret := range []string{"/lent/", `F1\"`, "C0001", "127.0.0.1"} {
		if strings.Contains(raw, secret) {
			t.Errorf("%q is in the modal: %s", secret, raw)
		}
	}
	if _, err := a.open(chat.Ref(f.modal.view.Metadata)); err == nil {
		t.Error("a form's memory is taken for a card's ref")
	}
}

func TestProblemsAreSaidWhereSlackShowsThem(t *testing.T) {
	t.Parallel()
	h := asks(subjectForm)
	h.submit = func(chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
		return map[string]string{"more": "", "gone": "This is about nothing that is asked.", "subject": strings.Repeat("x", 3000)}, nil
	}
	f, _, work := inFront(t, h, nil)
	f.fill(t, "d2", map[string]string{"subject": "VPN"}, nil)
	drain(t, work)
	f.mu.Lock()
	defer f.mu.Unlock()
	said := f.modal.errors
	if said["more"] != "This cannot be taken." || len(said) != 2 || !strings.Contains(said["subject"], "more characters)") || length(said["subject"]) > 2000 {
		t.Errorf("said %q", said)
	}
}

func TestAHandlerThatPanicsLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	h := asks(subjectForm)
	f, a, work := inFront(t, h, nil)
	h.submit = func(chat.Request) (map[string]string, func(context.Context, chat.Replier)) { panic("a bad form") }
	v := view{Metadata: f.modal.view.Metadata}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nobody hears of it")
			}
		}()
		p := interaction{AppID: "A0001"}
		p.Team.ID, p.User.ID = "T0001", "U0001"
		a.takeSubmission(t.Context(), "d2", p, v)
	}()
	drain(t, work)
}

func TestSearches(t *testing.T) {
	t.Parallel()
	many := func(n int) []chat.Option {
		var all []chat.Option
		for i := range n {
			all = append(all, chat.Option{Label: fmt.Sprint("Contact ", i), Value: fmt.Sprint(i)})
		}
		return all
	}
	long := strings.Repeat("é", 76)
	tests := []struct {
		name        string
		found, want []chat.Option
	}{
		{"nothing", nil, nil},
		{"words that look like markup", []chat.Option{{Label: "<!channel> & *b*", Value: "7"}}, []chat.Option{{Label: "<!channel> & *b*", Value: "7"}}},
		{"a label that is too long", []chat.Option{{Label: long, Value: "7"}}, []chat.Option{{Label: strings.Repeat("é", 74) + "…", Value: "7"}}},
		{"a value that is too long stands for something else when it is cut", []chat.Option{{Label: "a", Value: long}, {Label: "b", Value: "8"}}, []chat.Option{{Label: "b", Value: "8"}}},
		{"no label", []chat.Option{{Value: "7"}}, []chat.Option{{Label: "7", Value: "7"}}},
		{"more than Slack takes", many(120), many(100)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := asks(subjectForm)
			h.suggest = func(ctx context.Context, _ chat.Request) []chat.Option {
				if end, limited := ctx.Deadline(); !limited || time.Until(end) > 2500*time.Millisecond {
					t.Error("the search may take longer than Slack waits")
				}
				return test.found
			}
			f, _, _ := inFront(t, h, nil)
			if diff := cmp.Diff(test.want, f.search(t, "subject", "x", nil)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestASearchInAGridIsTheWorkspaces(t *testing.T) {
	t.Parallel()
	h := asks(subjectForm)
	f, _, _ := inFront(t, h, nil)
	f.search(t, "subject", "x", func(p map[string]any) {
		p["user"] = map[string]any{"id": "U0001", "team_id": "E0001"}
	})
	if u := (<-h.searches).User; u.Key() != "slack/T0001/U0001" || u.Outsider != "" {
		t.Errorf("user = %+v", u)
	}
}

func TestAShortcutFromAnywhere(t *testing.T) {
	t.Parallel()
	h := newHandler()
	h.shortcut = func(chat.Request) (*chat.Form, *chat.Card) { return &subjectForm, nil }
	h.submit = func(chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
		return nil, func(ctx context.Context, r chat.Replier) { r.Reply(ctx, chat.Card{Title: "A preview"}) }
	}
	b, work := bot(h)
	f, _ := play(t, b, nil)
	f.shortcut(t, "d1", "open_tickets", nil)
	await(t, func() bool { return f.Form() != "" })
	if s := (<-h.shortcuts).Shortcut; s.Name != "open_tickets" || s.Message != nil {
		t.Errorf("shortcut = %+v", s)
	}
	f.fill(t, "d2", nil, nil)
	drain(t, work)
	want := []string{"users.info", "views.open", "conversations.open", "chat.postMessage"}
	if got := f.Calls(); !slices.Equal(got, want) {
		t.Errorf("calls = %v, want %v", got, want)
	}
	if shown := f.Shown(); len(shown) != 1 || !strings.Contains(shown[0], "A preview") {
		t.Errorf("shown %q", shown)
	}
}

func TestAShortcutOnAMessageThatSlackTellsLittleOf(t *testing.T) {
	t.Parallel()
	h := newHandler()
	b, work := bot(h)
	f, _ := play(t, b, nil)
	f.web["users.info"] = `{"ok":false,"error":"user_not_found"}`
	f.web["chat.getPermalink"] = `{"ok":true,"permalink":"javascript:alert(1)"}`
	f.shortcut(t, "d1", "new_ticket", &chat.Message{Text: "words", Time: time.Unix(1700000000, 100_000)})
	drain(t, work)
	want := &chat.Message{Author: "U0002", Text: "words", Time: time.Unix(1700000000, 100_000).UTC()}
	if diff := cmp.Diff(want, (<-h.shortcuts).Shortcut.Message); diff != "" {
		t.Error(diff)
	}
}

func TestTheTimeInATS(t *testing.T) {
	t.Parallel()
	for ts, want := range map[string]time.Time{
		"1700000000.000100": time.Unix(1700000000, 100_000).UTC(), "1700000000": time.Unix(1700000000, 0).UTC(),
		"1700000000.x": time.Unix(1700000000, 0).UTC(), "": {}, "soon": {}, "1e9.5": {},
	} {
		if got := timeOf(ts); !got.Equal(want) {
			t.Errorf("timeOf(%q) = %v, want %v", ts, got, want)
		}
	}
}

func TestAShortcutOnADrainingBotIsRefusedInWords(t *testing.T) {
	t.Parallel()
	for name, on := range map[string]*chat.Message{"on a message": {Time: time.Unix(1700000000, 0)}, "from anywhere": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHandler()
			b, work := bot(h)
			f, _ := play(t, b, nil)
			drain(t, work)
			f.shortcut(t, "d1", "new_ticket", on)
			if shown := f.Shown(); len(h.shortcuts) != 0 || len(shown) != 1 || !strings.Contains(shown[0], "Nothing was sent") {
				t.Errorf("handled %d, shown %q", len(h.shortcuts), shown)
			}
		})
	}
}

func FuzzSubmission(f *testing.F) {
	const whole = `{"type":"view_submission","api_app_id":"A0001","team":{"id":"T0001"},"user":{"id":"U0001","team_id":"T0001"},"trigger_id":"1.2.x",
		"view":{"callback_id":"form","private_metadata":"SEALED","blocks":[{"type":"rich_text"},{"type":"input","block_id":"subject"},{"type":"input","block_id":"mail"}],
		"state":{"values":{"subject":{"subject":{"type":"plain_text_input","value":"a \u0000 & <b>"}},"due":{"due":{"type":"datepicker","selected_date":null}},
		"type":{"type":{"type":"static_select","selected_option":{"value":"Onsite"}}},"mail":{"mail":{"type":"checkboxes","selected_options":[]}}}}}}`
	f.Add(whole, true)
	f.Add(whole, false)
	f.Add(`{"type":"view_submission","view":null}`, true)
	f.Add(`{"type":"view_submission","view":{"state":{"values":[]}}}`, true)
	f.Add(strings.Replace(whole, `"T0001"}`, `"T0666"}`, 1), true)
	f.Fuzz(func(t *testing.T, payload string, refuse bool) {
		h, work := newHandler(), chat.NewWork(1)
		h.submit = func(chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
			if refuse {
				return map[string]string{"subject": "No.", "elsewhere": "No."}, nil
			}
			return nil, nil
		}
		a := offline(t, h, work)
		a.people.known["U0001"] = profile{name: "Dana Ruiz", until: time.Now().Add(time.Hour)}
		payload = strings.ReplaceAll(payload, "SEALED", a.sealed(forForm, origin{Form: "F1", At: a.place("https://hooks.slack.com/x", "C0001"), Card: true}))
		w := httptest.NewRecorder()
		a.serveInteraction(w, httptest.NewRequest("POST", "/slack/interactions", nil), []byte(url.Values{"payload": {payload}}.Encode()))
		drain(t, work)
		if w.Code != 200 && w.Code != 400 || !json.Valid([]byte(payload)) && w.Code != 400 {
			t.Fatalf("status %d", w.Code)
		}
		handled := len(h.submits) == 1
		if handled {
			req := <-h.submits
			if at, err := a.open(req.Form.Card); err != nil || at.URL != "https://hooks.slack.com/x" || req.Form.ID != "F1" {
				t.Errorf("handed in %+v, %v", req.Form, err)
			}
			if req.User.ID == "" || req.User.Tenant == "" {
				t.Errorf("by %+v", req.User)
			}
			if slices.Contains(slices.Collect(maps.Values(req.Form.Values)), "") {
				t.Errorf("values %q", req.Form.Values)
			}
		}
		if w.Code != 200 || w.Body.Len() == 0 {
			return
		}
		var answer struct {
			Action string `json:"response_action"`
			Errors map[string]string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Action != "errors" || len(answer.Errors) == 0 || handled && !refuse {
			t.Errorf("answer %q", w.Body)
		}
	})
}

func await(t testing.TB, there func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !there(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}
