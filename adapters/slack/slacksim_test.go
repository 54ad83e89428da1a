package slack

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
	"github.com/syncrobot/syncrobot/simulator/slacksim"
)

// workspace is the simulated Slack with an adapter in it, and Dana in #helpdesk.
type workspace struct {
	*slacksim.Slack
	t *testing.T

	mu  sync.Mutex
	now time.Time
}

func simulate(t *testing.T, h chat.Handler) *workspace {
	t.Helper()
	s := &workspace{t: t, now: time.Now()}
	s.Slack = slacksim.New(slacksim.Options{
		SigningSecret: secret, BotToken: "xoxb-hidden", Now: s.clock,
		Users:    []slacksim.User{{ID: "U0001", Name: "dana", RealName: "Dana Ruiz"}, {ID: "U0002", Name: "amy", RealName: "Amy Lin"}},
		Channels: []slacksim.Channel{{ID: "C0001", Name: "helpdesk", Members: []string{"U0001", "U0002", "U0BOT"}}},
	})
	t.Cleanup(s.Close)
	own := httptest.NewServer(s.Slack)
	t.Cleanup(own.Close)
	s.SetBaseURL(own.URL)
	b, work := bot(h)
	a, err := New(Options{
		Teams: []string{"T0001"}, AppID: "A0001", SigningSecret: secret, BotToken: "xoxb-hidden", Now: s.clock,
		APIURL: own.URL + "/api/", ResponseHosts: []string{strings.TrimPrefix(own.URL, "http://")},
		Handler: b.Handler, Seen: b.Seen, Work: b.Work,
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	a.Mount(mux)
	served := httptest.NewServer(mux)
	t.Cleanup(served.Close)
	s.SetBotURL(served.URL)
	t.Cleanup(func() { drain(t, work) })
	return s
}

func (s *workspace) clock() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }

func (s *workspace) pass(d time.Duration) { s.mu.Lock(); defer s.mu.Unlock(); s.now = s.now.Add(d) }

// sees waits for a message with these words, in a channel or, empty, anywhere.
func (s *workspace) sees(channel, words string) slacksim.Message {
	s.t.Helper()
	var found slacksim.Message
	await(s.t, func() bool {
		for _, m := range s.Messages("U0001", channel) {
			if strings.Contains(m.Text+string(m.Blocks), words) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func (s *workspace) modal(words string) slacksim.View {
	s.t.Helper()
	var found slacksim.View
	await(s.t, func() bool {
		v, open := s.View("U0001")
		found = v
		return open && strings.Contains(v.Text+string(v.Blocks), words)
	})
	return found
}

func (s *workspace) ok(ack slacksim.Ack) {
	s.t.Helper()
	if ack.Err != nil {
		s.t.Fatal(ack.Err)
	}
}

func TestFormsByTheRulesOfSlack(t *testing.T) {
	t.Parallel()
	h := newHandler()
	h.reply = func(ctx context.Context, _ chat.Request, r chat.Replier) {
		r.Reply(ctx, chat.Card{Title: "A ticket is missing", Buttons: []chat.Button{{Label: "New ticket", Verb: "new", Value: "op"}}})
	}
	form := chattest.TicketForm()
	h.answer = func(chat.Request) chat.Answer { return chat.Answer{Form: &form} }
	h.suggest = func(context.Context, chat.Request) []chat.Option {
		return []chat.Option{{Label: "Harbor Dental", Value: "11"}}
	}
	h.submit = func(req chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
		if req.Form.Values["subject"] == "VPN" {
			return map[string]string{"subject": "Say more."}, nil
		}
		return nil, func(ctx context.Context, r chat.Replier) {
			r.Reply(ctx, chat.Card{Title: "Made of " + req.Form.Values["subject"]})
		}
	}
	h.shortcut = func(req chat.Request) (*chat.Form, *chat.Card) {
		filled := chattest.TicketForm()
		if m := req.Shortcut.Message; m != nil {
			filled.Inputs[2].Value = m.Author + ": " + m.Text
		}
		return &filled, nil
	}
	s := simulate(t, h)
	ctx := t.Context()

	s.ok(s.Command(ctx, "U0001", "C0001", "new"))
	card := s.sees("C0001", "A ticket is missing")
	s.ok(s.Click(ctx, "U0001", card.ID, "new"))
	s.modal("You see what will be made")
	if found, ack := s.Suggest(ctx, "U0001", "", "customer", ""); ack.Err != nil || len(found) != 1 {
		t.Fatalf("found %q, %v", found, ack.Err)
	}
	if ack := s.Submit(ctx, "U0001", map[string]string{"customer": "11"}); !errors.Is(ack.Err, slacksim.ErrForm) {
		t.Errorf("a form without a subject: %v", ack.Err)
	}
	if ack := s.Submit(ctx, "U0001", map[string]string{"subject": "VPN"}); !errors.Is(ack.Err, slacksim.ErrForm) {
		t.Errorf("a form with a problem: %v", ack.Err)
	}
	if v, _ := s.View("U0001"); v.Errors["subject"] != "Say more." {
		t.Errorf("said %q", v.Errors)
	}
	s.ok(s.Submit(ctx, "U0001", map[string]string{"subject": "VPN drops <every> hour", "mail": "true", "due": "2026-11-30"}))
	if made := s.sees("C0001", "Made of VPN drops"); made.ID != card.ID {
		t.Errorf("the answer is message %s, the card was %s", made.ID, card.ID)
	}
	if _, open := s.View("U0001"); open {
		t.Error("the form is still open")
	}

	s.ok(s.Say(ctx, "U0002", "C0001", "It dropped *again* & again"))
	said := s.sees("C0001", "It dropped")
	s.ok(s.MessageShortcut(ctx, "U0001", said.ID, "new_ticket"))
	s.modal("Amy Lin: It dropped *again*")
	s.ok(s.CloseView(ctx, "U0001"))

	s.ok(s.GlobalShortcut(ctx, "U0001", "open_tickets"))
	s.modal("You see what will be made")
	s.Suggest(ctx, "U0001", "", "customer", "harb")
	s.ok(s.Submit(ctx, "U0001", map[string]string{"customer": "11", "subject": "Printer offline"}))
	s.sees(s.DirectMessage("U0001"), "Made of Printer offline")

	for _, v := range s.Violations() {
		t.Errorf("against Slack's rules: %v", v)
	}
}

func TestAFormThatComesTooLateByTheRulesOfSlack(t *testing.T) {
	t.Parallel()
	form := chattest.TicketForm()
	h := newHandler()
	s := simulate(t, h)
	h.reply = func(ctx context.Context, _ chat.Request, r chat.Replier) {
		s.pass(4 * time.Second)
		r.Ask(ctx, form)
	}
	h.answer = func(chat.Request) chat.Answer { return chat.Answer{Form: &form} }
	s.ok(s.Command(t.Context(), "U0001", "C0001", "new"))
	card := s.sees("C0001", "Fill in")
	s.ok(s.Click(t.Context(), "U0001", card.ID, chat.VerbForm))
	s.modal("You see what will be made")
	for _, v := range s.Violations() {
		t.Errorf("against Slack's rules: %v", v)
	}
}
