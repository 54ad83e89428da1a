package teams

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
)

// asking is a handler that knows TicketForm and takes it.
func asking() *recorder {
	form := chattest.TicketForm()
	return &recorder{
		click: func(_ context.Context, req chat.Request) chat.Answer {
			if req.Click.Verb == chat.VerbForm && req.Click.Value == form.ID {
				return chat.Answer{Form: &form}
			}
			return chat.Answer{Aside: &chat.Card{Title: "Not known"}}
		},
		submit: func(_ context.Context, req chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
			if req.Form.Values["subject"] == "bad" {
				return map[string]string{"subject": "Not <this>."}, nil
			}
			return nil, func(ctx context.Context, r chat.Replier) {
				r.Reply(ctx, chat.Card{Title: "First"})
				r.Reply(ctx, chat.Card{Title: "Second"})
				r.Ask(ctx, form)
			}
		},
		shortcut: func(_ context.Context, req chat.Request) (*chat.Form, *chat.Card) {
			if req.Shortcut.Name == "createTicket" {
				return &form, nil
			}
			return nil, &chat.Card{Title: "No such shortcut", Buttons: []chat.Button{{Label: "Help", Verb: "help"}}}
		},
	}
}

// said is what the connector was asked for, in short.
func (p *world) said(t *testing.T) (all []string) {
	for _, s := range p.sent() {
		at := strings.Split(s.path, "/")
		switch last := at[len(at)-1]; {
		case last == "conversations":
			all = append(all, "POST conversations")
		case s.method == http.MethodPut:
			all = append(all, "PUT "+last+": "+title(cardOf(s.activity(t))))
		default:
			all = append(all, "POST "+at[len(at)-2]+": "+title(cardOf(s.activity(t))))
		}
	}
	return all
}

// title is the first line of a card, with the word "form" where it has inputs.
func title(card map[string]any) string {
	first, _, _ := strings.Cut(words(card), "\n")
	if len(inputs(card)) > 0 {
		return "form " + first
	}
	return first
}

func TestAFormThatWasHandedIn(t *testing.T) {
	t.Parallel()
	const chatID = "f6ed575a-ef24-4976-8788-1344018e9104"
	id := chattest.TicketForm().ID
	values := map[string]any{"subject": "VPN\r\ndrops", "description": "", "mail": "false", "odd": 7}
	bad := with(values, map[string]any{"subject": "bad"})
	mine := map[string]any{"form_id": id, "form_for": personID}
	over := with(mine, map[string]any{"form_over": true})
	foreign := map[string]any{"form_id": id, "form_for": "somebody-else"}
	replaced := func(conversation string) []string {
		return []string{"PUT m-shown: First", "POST " + conversation + ": Second", "POST " + conversation + ": form New ticket"}
	}
	for _, c := range []struct {
		name   string
		group  bool
		old    bool // a client that knows no Action.Execute
		verb   string
		data   map[string]any
		submit bool   // it reaches the bot
		card   bool   // the bot is told of a card
		answer string // its first words, "form" and its title for a form, "" where the answer is empty
		calls  []string
	}{
		{name: "taken", verb: verbSubmit, data: with(mine, values), submit: true, answer: "One moment…", calls: replaced(chatID)},
		{name: "taken in the place of a card", verb: verbSubmit, data: with(over, values), submit: true, card: true, answer: "One moment…", calls: replaced(chatID)},
		{name: "taken in a group", group: true, verb: verbSubmit, data: with(mine, values), submit: true, answer: "One moment…", calls: replaced("19:g@thread.v2")},
		{name: "refused", verb: verbSubmit, data: with(mine, bad), submit: true, answer: "form New ticket"},
		{name: "refused in a group", group: true, verb: verbSubmit, data: with(over, bad), submit: true, card: true, answer: "form New ticket"},
		{name: "refused, and not known any more", verb: verbSubmit, data: with(bad, map[string]any{"form_id": "GONE"}), submit: true, answer: "Nothing was sent. subject: Not ‹this›."},
		{name: "another person's", group: true, verb: verbSubmit, data: with(foreign, values), answer: theirs},
		{name: "put away", verb: verbDismiss, data: mine, answer: "New ticket", calls: []string{"PUT m-shown: New ticket"}},
		{name: "put away in the place of a card", group: true, verb: verbDismiss, data: over, answer: "New ticket"},
		{name: "put away, and not known any more", verb: verbDismiss, data: map[string]any{"form_id": "GONE"}, answer: "Nothing was sent.", calls: []string{"PUT m-shown: Nothing was sent."}},
		{name: "put away by another person", group: true, verb: verbDismiss, data: foreign, answer: theirs},
		{name: "an old client's", old: true, verb: verbSubmit, data: with(mine, values), submit: true, calls: replaced(chatID)},
		{name: "an old client's, refused", old: true, verb: verbSubmit, data: with(mine, bad), submit: true, calls: []string{"POST " + chatID + ": Nothing was sent."}},
		{name: "an old client's, another person's", old: true, group: true, verb: verbSubmit, data: with(foreign, values),
			calls: []string{"POST conversations", "POST a:direct: " + theirs}},
		{name: "an old client's, put away", old: true, verb: verbDismiss, data: mine, calls: []string{"PUT m-shown: New ticket"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newWorld(t)
			r := asking()
			work := chat.NewWork(8)
			p.start(t, chattest.Bot{Handler: r, Seen: &chattest.Memory{}, Work: work})
			act := p.recorded(t, "invoke-adaptiveCard-action-confirm")
			if c.group {
				act = p.inGroup(t)
			}
			act["replyToId"] = "m-shown"
			act["value"] = map[string]any{"action": map[string]any{"type": "Action.Execute", "verb": c.verb, "data": c.data}}
			if c.old {
				delete(act, "name")
				act["type"], act["value"] = "message", with(c.data, map[string]any{"form_verb": c.verb})
			}
			status, body := p.deliver(t, act)
			drain(t, work)
			if got := answered(t, body); status != http.StatusOK || got != c.answer {
				t.Errorf("status %d, answer %q, want %q", status, got, c.answer)
			}
			if diff := cmp.Diff(c.calls, p.said(t)); diff != "" {
				t.Error(diff)
			}
			var filled *chat.Filled
			for _, req := range r.requests {
				if req.Form != nil {
					filled = req.Form
				}
			}
			if !c.submit {
				if filled != nil {
					t.Errorf("handed in %+v", filled)
				}
				return
			}
			want := &chat.Filled{ID: c.data["form_id"].(string), Values: map[string]string{"subject": "VPN\ndrops", "mail": "false"}}
			if c.data["subject"] == "bad" {
				want.Values["subject"] = "bad"
			}
			if c.card {
				want.Card = place{Service: p.service(), Conversation: act["conversation"].(map[string]any)["id"].(string), Activity: "m-shown"}.ref()
			}
			if diff := cmp.Diff(want, filled); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// answered is an invoke's answer in short.
func answered(t *testing.T, body []byte) string {
	t.Helper()
	if len(body) == 0 {
		return ""
	}
	var got struct {
		Value any
		Task  struct {
			Value struct {
				Title string
				Card  struct{ Content map[string]any }
			}
		}
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	switch v := got.Value.(type) {
	case string:
		return v
	case map[string]any:
		return title(v)
	}
	if card := got.Task.Value.Card.Content; card != nil {
		return "dialog " + got.Task.Value.Title + ": " + title(card)
	}
	return string(body)
}

func TestAFormIsTakenOnce(t *testing.T) {
	t.Parallel()
	data := map[string]any{"form_id": chattest.TicketForm().ID, "subject": "VPN drops"}
	for _, name := range []string{"adaptiveCard/action", "composeExtension/submitAction"} {
		p := newWorld(t)
		taken := 0
		r := &recorder{submit: func(context.Context, chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
			return nil, func(context.Context, chat.Replier) { taken++ }
		}}
		act := p.formActivity(t, name, data)
		run(t, p, r, act, act)
		if taken != 1 {
			t.Errorf("%s: taken %d times", name, taken)
		}
	}
}

// formActivity is a form as it comes from a card or a dialog.
func (p *world) formActivity(t *testing.T, name string, data map[string]any) map[string]any {
	if name == "adaptiveCard/action" {
		return with(p.recorded(t, "invoke-adaptiveCard-action-confirm"), map[string]any{
			"value": map[string]any{"action": map[string]any{"verb": verbSubmit, "data": data}}})
	}
	act := p.recorded(t, "invoke-composeExtension-submitAction-message")
	value := act["value"].(map[string]any)
	return with(act, map[string]any{"value": with(value, map[string]any{"data": with(data, map[string]any{"form_verb": verbSubmit})})})
}

func TestAFormIsNotTakenWithoutAMemoryOrRoom(t *testing.T) {
	t.Parallel()
	data := map[string]any{"form_id": chattest.TicketForm().ID, "subject": "VPN drops"}
	for _, name := range []string{"adaptiveCard/action", "composeExtension/submitAction"} {
		p := newWorld(t)
		seen, work := &chattest.Memory{}, chat.NewWork(8)
		r := &recorder{submit: func(context.Context, chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
			return nil, func(context.Context, chat.Replier) { t.Errorf("%s: taken", name) }
		}}
		p.start(t, chattest.Bot{Handler: r, Seen: seen, Work: work})
		seen.Fail(errors.New("connection refused"))
		act := p.formActivity(t, name, data)
		if _, body := p.deliver(t, act); !strings.Contains(answered(t, body), "Nothing was sent.") {
			t.Errorf("%s: without a memory: %s", name, body)
		}
		drain(t, work)
		if _, body := p.deliver(t, act); !strings.Contains(answered(t, body), "Nothing was sent.") {
			t.Errorf("%s: without room: %s", name, body)
		}
		if len(r.requests) != 1 {
			t.Errorf("%s: %d requests, want the first alone", name, len(r.requests))
		}
	}
}

func TestRecordedShortcuts(t *testing.T) {
	t.Parallel()
	payload := func(change map[string]any) func(map[string]any) {
		return func(value map[string]any) {
			value["messagePayload"] = with(value["messagePayload"].(map[string]any), change)
		}
	}
	message := chat.Message{Author: "Alex Wilber", Text: "message to act on", Time: time.Date(2026, 11, 23, 9, 48, 6, 861e6, time.UTC)}
	for _, c := range []struct {
		name, recorded string
		change         func(value map[string]any)
		want           func(*chat.Message)
	}{
		{"on a message", "invoke-composeExtension-fetchTask-message", nil, func(*chat.Message) {}},
		{"anywhere", "invoke-composeExtension-fetchTask-compose", nil, nil},
		{"on an application's message", "invoke-composeExtension-fetchTask-message",
			payload(map[string]any{"from": map[string]any{"application": map[string]any{"displayName": "Alerts"}}}), func(m *chat.Message) { m.Author = "Alerts" }},
		{"on a post with a subject", "invoke-composeExtension-fetchTask-message", payload(map[string]any{"subject": "VPN <b>"}),
			func(m *chat.Message) { m.Text = "VPN <b>\nmessage to act on" }},
		{"on a plain message", "invoke-composeExtension-fetchTask-message",
			payload(map[string]any{"body": map[string]any{"contentType": "text", "content": "a <b> &amp;"}}), func(m *chat.Message) { m.Text = "a <b> &amp;" }},
		{"with a link", "invoke-composeExtension-fetchTask-message", payload(map[string]any{"linkToMessage": "https://teams.microsoft.com/l/message/1"}),
			func(m *chat.Message) { m.Link = "https://teams.microsoft.com/l/message/1" }},
		{"with a link that is none, and no time", "invoke-composeExtension-fetchTask-message",
			payload(map[string]any{"linkToMessage": "javascript:alert(1)", "createdDateTime": "yesterday"}), func(m *chat.Message) { m.Time = time.Time{} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newWorld(t)
			act := p.recorded(t, c.recorded)
			if c.change != nil {
				c.change(act["value"].(map[string]any))
			}
			got := run(t, p, asking(), act)
			if len(got) != 1 {
				t.Fatalf("%d requests, want 1", len(got))
			}
			want := chat.Request{
				Delivery: act["id"].(string), User: chat.User{Platform: "teams", Tenant: tenantID, ID: personID, Name: "Alex Wilber"},
				Shortcut: &chat.Shortcut{Name: "createTicket"},
			}
			if c.want != nil {
				m := message
				c.want(&m)
				want.Shortcut.Message = &m
			}
			if diff := cmp.Diff(want, got[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheAnswersOfDialogs(t *testing.T) {
	t.Parallel()
	id := chattest.TicketForm().ID
	const fetch, submit = "invoke-composeExtension-fetchTask-message", "invoke-composeExtension-submitAction-message"
	for _, c := range []struct {
		name, recorded string
		value          map[string]any // in place of parts of the recorded value
		refuse         int            // status with which the personal chat is refused
		answer         string
		calls          []string
	}{
		{name: "a form", recorded: fetch, answer: "dialog New ticket: form You see what will be made before anything is sent.", calls: []string{"POST conversations"}},
		{name: "a form, but no chat to answer in", recorded: fetch, refuse: 403, answer: "dialog Nothing was sent.: Nothing was sent.", calls: []string{"POST conversations"}},
		{name: "a form, and nobody knows whether there is a chat", recorded: fetch, refuse: 500,
			answer: "dialog New ticket: form You see what will be made before anything is sent.", calls: []string{"POST conversations"}},
		{name: "a card", recorded: fetch, value: map[string]any{"commandId": "other"}, answer: "dialog No such shortcut: No such shortcut"},
		{name: "no command", recorded: fetch, value: map[string]any{"commandId": ""}, answer: "dialog Nothing was sent.: Nothing was sent."},
		{name: "taken", recorded: submit, value: map[string]any{"data": map[string]any{"form_id": id, "form_verb": "submit", "subject": "VPN"}},
			answer: "{}", calls: []string{"POST conversations", "POST a:direct: First", "POST conversations", "POST a:direct: Second", "POST conversations", "POST a:direct: form New ticket"}},
		{name: "refused", recorded: submit, value: map[string]any{"data": map[string]any{"form_id": id, "form_verb": "submit", "subject": "bad"}},
			answer: "dialog New ticket: form You see what will be made before anything is sent."},
		{name: "refused, and not known any more", recorded: submit, value: map[string]any{"data": map[string]any{"form_id": "GONE", "form_verb": "submit", "subject": "bad"}},
			answer: "dialog Nothing was sent.: Nothing was sent."},
		{name: "another app's data", recorded: submit, answer: "dialog Nothing was sent.: Nothing was sent."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newWorld(t)
			if c.refuse != 0 {
				p.script = []answer{{status: c.refuse}}
			}
			work := chat.NewWork(8)
			p.start(t, chattest.Bot{Handler: asking(), Seen: &chattest.Memory{}, Work: work})
			act := p.recorded(t, c.recorded)
			act["value"] = with(act["value"].(map[string]any), c.value)
			status, body := p.deliver(t, act)
			drain(t, work)
			if got := answered(t, body); status != http.StatusOK || got != c.answer {
				t.Errorf("status %d, answer %q, want %q", status, got, c.answer)
			}
			if diff := cmp.Diff(c.calls, p.said(t)); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(string(body), "Action.Execute") {
				t.Errorf("a dialog with a button that it does not know: %s", body)
			}
		})
	}
}

func TestSearches(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	r := &recorder{suggest: func(context.Context, chat.Request) []chat.Option {
		all := []chat.Option{{Label: "cannot be chosen"}, {Value: "7"}}
		for range 20 {
			all = append(all, chat.Option{Label: "Harbor {{DATE(2026-01-01T00:00:00Z)}}\nDental", Value: "8"})
		}
		return all
	}}
	p.start(t, chattest.Bot{Handler: r, Seen: &chattest.Memory{}, Work: chat.NewWork(8)})
	ask := func(value map[string]any) (found []choice) {
		_, body := p.deliver(t, with(p.recorded(t, "invoke-adaptiveCard-action-confirm"), map[string]any{"name": "application/search", "value": value}))
		var got struct {
			StatusCode int
			Type       string
			Value      struct{ Results []choice }
		}
		if err := json.Unmarshal(body, &got); err != nil || got.StatusCode != 200 || got.Type != searchAnswer || got.Value.Results == nil {
			t.Errorf("answer %s", body)
		}
		return got.Value.Results
	}
	found := ask(map[string]any{"queryText": "harb & <b>", "queryOptions": map[string]any{"skip": 0, "top": 15}, "dataset": "FORM/customer"})
	if len(found) != maxOptions || found[0] != (choice{"7", "7"}) || found[1] != (choice{"Harbor { {DATE(2026-01-01T00:00:00Z)}} Dental", "8"}) {
		t.Errorf("found %d: %q", len(found), found)
	}
	if diff := cmp.Diff(&chat.Search{Form: "FORM", Input: "customer", Typed: "harb & <b>"}, r.requests[0].Search); diff != "" {
		t.Error(diff)
	}
	if found := ask(map[string]any{"queryText": "harb", "queryOptions": map[string]any{"skip": 15}, "dataset": "FORM/customer"}); len(found) != 0 || len(r.requests) != 1 {
		t.Errorf("a second page of %d", len(found))
	}
}

func FuzzFormPayloads(f *testing.F) {
	p := newWorld(f)
	for _, name := range []string{"invoke-composeExtension-fetchTask-message", "invoke-composeExtension-submitAction-message", "message-action-submit-value"} {
		f.Add(must(json.Marshal(p.recorded(f, name))))
	}
	f.Add([]byte(`{"conversation":{"id":"c"},"name":"adaptiveCard/action","value":{"action":{"verb":"submit","data":{"form_id":"F","a":"b","c":null,"d":"\r\n"}}}}`))
	f.Add([]byte(`{"conversation":{"id":"c"},"replyToId":"m","value":"{\"form_id\":\"F\",\"form_verb\":\"dismiss\",\"form_over\":true}"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		act, err := parse(body)
		if err != nil {
			return
		}
		if in, ok := act.handedIn(); ok {
			filled := in.filled(act)
			if filled.ID == "" || in.Verb != verbSubmit && in.Verb != verbDismiss {
				t.Errorf("taken: %+v", in)
			}
			for name, value := range filled.Values {
				if value == "" || strings.Contains(value, "\r\n") || strings.Contains(name, "_") {
					t.Errorf("%q is %q", name, value)
				}
			}
			if filled.Card != "" && (!in.Over || act.ReplyToID == "") {
				t.Errorf("a card from nowhere: %s", filled.Card)
			}
		}
		if s, ok := act.shortcut(); ok != (s.Name != "") || s.Message != nil && s.Message.Link != "" && !isWeb(s.Message.Link) {
			t.Errorf("shortcut %+v, %v", s, ok)
		}
	})
}
