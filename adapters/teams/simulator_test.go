package teams_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/adapters/teams"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
	"github.com/syncrobot/syncrobot/simulator/teamssim"
)

const (
	tenant = "7d1c1f4e-2a35-4b0f-9a52-0f3c5e8c1a01"
	app    = "5a0f7c52-6c1e-4f7d-8f3b-3d1b9a6e2b11"
	dana   = "c3a1b2d4-0001-4c3d-9e5f-6a7b8c9d0e01"
	omar   = "c3a1b2d4-0002-4c3d-9e5f-6a7b8c9d0e02"
	guest  = "c3a1b2d4-0003-4c3d-9e5f-6a7b8c9d0e03"
	desk   = "19:1f0e2d3c4b5a69788796a5b4c3d2e1f0@thread.tacv2"
	harbor = "19:2f0e2d3c4b5a69788796a5b4c3d2e1f0@thread.tacv2" // the guest is in it
)

// clerk is a handler that asks for a ticket, and answers with what was
// filled in.
type clerk struct {
	chattest.Idle
	form chat.Form
}

func (c clerk) Command(ctx context.Context, req chat.Request, r chat.Replier) {
	if req.Text == "new" {
		r.Ask(ctx, c.form)
		return
	}
	r.Reply(ctx, chat.Card{Title: "#32164", Buttons: []chat.Button{{Label: "Edit", Verb: "edit", Value: "op"}}})
}

func (c clerk) Click(context.Context, chat.Request) chat.Answer { return chat.Answer{Form: &c.form} }

func (c clerk) Submit(_ context.Context, req chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
	if req.Form.Values["subject"] == "bad" {
		return map[string]string{"subject": "Not this."}, nil
	}
	return nil, func(ctx context.Context, r chat.Replier) {
		r.Reply(ctx, chat.Card{Title: "Preview", Parts: []chat.Part{
			chat.Text(fmt.Sprintf("%s for %s", req.Form.Values["subject"], req.Form.Values["customer"])),
			chat.Quoted(req.Form.Values["description"]),
		}})
	}
}

func (c clerk) Suggest(context.Context, chat.Request) []chat.Option {
	return []chat.Option{{Label: "Harbor Dental", Value: "11"}}
}

func (c clerk) Shortcut(_ context.Context, req chat.Request) (*chat.Form, *chat.Card) {
	form := chattest.TicketForm()
	for i := range form.Inputs {
		if form.Inputs[i].Name == "description" && req.Shortcut.Message != nil {
			form.Inputs[i].Value = req.Shortcut.Message.Author + ": " + req.Shortcut.Message.Text
		}
	}
	return &form, nil
}

// simulated is a Teams that lists what it would refuse, with a bot in it.
func simulated(t *testing.T, h chat.Handler) (*teamssim.Sim, *chat.Work) {
	t.Helper()
	sim, err := teamssim.New(teamssim.Options{
		TenantID: tenant, AppID: app, ClientSecret: "not a secret", BotName: "Syncrobot",
		Users: []teamssim.User{
			{AADObjectID: dana, Name: "Dana Ruiz", Email: "dana@example.com"}, {AADObjectID: omar, Name: "Omar Field", Email: "omar@example.com"},
			{AADObjectID: guest, Name: "A guest", Email: "guest@elsewhere.example", Guest: true},
		},
		Channels: []teamssim.Channel{
			{TeamID: desk, ID: desk, Name: "Service desk", Members: []string{dana, omar}}, {TeamID: harbor, ID: harbor, Name: "Harbor Dental"},
		},
		Unlimited: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(sim)
	t.Cleanup(front.Close)
	sim.SetBaseURL(front.URL)
	work := chat.NewWork(8)
	a, err := teams.New(teams.Options{
		TenantID: tenant, AppID: app, ClientSecret: "not a secret", TokenURL: sim.TokenURL(), OpenIDURL: sim.OpenIDURL(),
		ServiceHosts: []string{sim.ServiceHost()}, Command: "/syncro",
		Handler: h, Seen: &chattest.Memory{}, Notes: &chattest.Memory{}, Work: work,
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	a.Mount(mux)
	bot := httptest.NewServer(mux)
	t.Cleanup(bot.Close)
	t.Cleanup(sim.Close)
	sim.SetBotURL(bot.URL)
	return sim, work
}

// TestFormsInASimulatedTeams goes through all ways to a form and back, in a
// Teams that lists what it would refuse.
func TestFormsInASimulatedTeams(t *testing.T) {
	t.Parallel()
	sim, work := simulated(t, clerk{form: chattest.TicketForm()})

	// sees waits for a message of the bot that says text, or waits in vain.
	sees := func(user, conversation, text string) teamssim.Message {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		m, err := sim.Wait(ctx, user, conversation, func(m teamssim.Message) bool {
			r, err := m.Read()
			return err == nil && m.Bot && strings.Contains(r.Text, text)
		})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		return m
	}
	fine := func(d teamssim.Delivery) teamssim.Delivery {
		t.Helper()
		if d.Err != nil || d.Problem != "" {
			t.Fatalf("%v %s", d.Err, d.Problem)
		}
		return d
	}
	filled := map[string]any{"customer": "11", "subject": "VPN *drops*", "description": "first\nsecond"}

	for _, conversation := range []string{sim.Personal(dana), desk} {
		// A command that asks.
		fine(sim.Say(t.Context(), dana, conversation, "/syncro new"))
		form := sees(dana, conversation, "What is the matter")
		search := fine(sim.Search(t.Context(), dana, form.ID, chattest.TicketForm().ID+"/customer", "harb"))
		if !strings.Contains(string(search.Last().Body), `{"title":"Harbor Dental","value":"11"}`) {
			t.Errorf("found %s", search.Last().Body)
		}
		if conversation == desk {
			// Another person sees the form and cannot take it over.
			if d := fine(sim.Click(t.Context(), omar, form.ID, "submit", filled)); !strings.Contains(d.Banner, "Nothing was sent") {
				t.Errorf("another person's click is answered with %q", d.Banner)
			}
		}
		fine(sim.Click(t.Context(), dana, form.ID, "submit", map[string]any{"customer": "11", "subject": "bad"}))
		sees(dana, conversation, "Not this.")
		fine(sim.Click(t.Context(), dana, form.ID, "submit", filled))
		if m := sees(dana, conversation, "VPN *drops* for 11\nfirst\nsecond"); m.ID != form.ID {
			t.Error("the answer is not where the form was")
		}

		// A form in the place of a card, put away and opened again.
		fine(sim.Say(t.Context(), dana, conversation, "/syncro 32164"))
		card := sees(dana, conversation, "#32164")
		fine(sim.Click(t.Context(), dana, card.ID, "edit"))
		sees(dana, conversation, "What is the matter")
		fine(sim.Click(t.Context(), dana, card.ID, "dismiss"))
		sees(dana, conversation, "The card that was here was not touched.")
		if conversation == desk {
			sees(omar, conversation, "[Edit]")
		}
		fine(sim.Click(t.Context(), dana, card.ID, chat.VerbForm))
		fine(sim.Click(t.Context(), dana, card.ID, "submit", map[string]any{"customer": "11", "subject": "Printer"}))
		if m := sees(dana, conversation, "Printer for 11"); m.ID != card.ID {
			t.Error("the answer is not where the card was")
		}
	}

	// A shortcut on somebody's message: what comes of it is for the person
	// alone.
	d := fine(sim.Say(t.Context(), omar, desk, "the VPN <b> drops & drops"))
	opened := fine(sim.MessageAction(t.Context(), dana, d.ID, "new_ticket"))
	reading, err := teamssim.Read(opened.Card)
	if err != nil || !strings.Contains(reading.Text, "Omar Field: ") || !strings.Contains(reading.Text, "the VPN <b> drops & drops") {
		t.Errorf("the dialog says %q, %v", reading.Text, err)
	}
	again := fine(sim.SubmitDialog(t.Context(), opened, "Preview", map[string]any{"customer": "11", "subject": "bad"}))
	if reading, err := teamssim.Read(again.Card); err != nil || !strings.Contains(reading.Text, "Not this.") {
		t.Errorf("the dialog says %q, %v", reading.Text, err)
	}
	again.Activity = opened.Activity
	closed := fine(sim.SubmitDialog(t.Context(), again, "Preview", map[string]any{"customer": "11", "subject": "From a message"}))
	if closed.Card != nil {
		t.Errorf("the dialog is still open: %s", closed.Card)
	}
	sees(dana, sim.Personal(dana), "From a message for 11")

	// Where the bot cannot answer, nothing is asked.
	sim.Uninstall(t.Context(), omar, sim.Personal(omar))
	refused := fine(sim.Compose(t.Context(), omar, desk, "new_ticket"))
	if reading, err := teamssim.Read(refused.Card); err != nil || !strings.Contains(reading.Text, "Add the app for yourself") {
		t.Errorf("the dialog says %q, %v", reading.Text, err)
	}

	if err := work.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	for _, v := range sim.Violations() {
		t.Error(v)
	}
}

// ender is a handler whose cards end with the click on them, as a cancelled
// operation's.
type ender struct{ chattest.Idle }

func (ender) Command(ctx context.Context, _ chat.Request, r chat.Replier) {
	r.Reply(ctx, chat.Card{Title: "Close #32164?", Buttons: []chat.Button{{Label: "Cancel", Verb: "cancel", Value: "op"}}})
}

func (ender) Click(context.Context, chat.Request) chat.Answer {
	return chat.Answer{Replace: &chat.Card{Title: "Cancelled"}}
}

// What took a card's place is there when Teams loads the chat anew: its
// buttons do not come back.
func TestWhatAClickEndedStaysEnded(t *testing.T) {
	t.Parallel()
	sim, work := simulated(t, ender{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, conversation := range []string{sim.Personal(dana), desk} {
		if d := sim.Say(ctx, dana, conversation, "/syncro close 32164"); d.Err != nil {
			t.Fatal(d.Err)
		}
		card, err := sim.Wait(ctx, dana, conversation, func(m teamssim.Message) bool { return strings.Contains(string(m.Card), "Close #32164?") })
		if err != nil {
			t.Fatal(err)
		}
		if d := sim.Click(ctx, dana, card.ID, "cancel"); d.Err != nil || !strings.Contains(string(d.Card), "Cancelled") {
			t.Fatalf("%s %v", d.Card, d.Err)
		}
	}
	if err := work.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	sim.Reload(dana)
	for _, m := range sim.Messages(dana, "") {
		if m.Bot && !strings.Contains(string(m.Card), "Cancelled") {
			t.Errorf("in %s there is again: %s", m.Conversation, m.Card)
		}
	}
}

// teller is a handler that tells what a customer wrote, and counts who asks.
type teller struct {
	chattest.Idle
	asked atomic.Int32
}

func (t *teller) Command(ctx context.Context, req chat.Request, r chat.Replier) {
	t.asked.Add(1)
	if req.User.Outsider != "" {
		r.Reply(ctx, chat.Card{Title: "I do not know you."})
		return
	}
	r.Reply(ctx, chat.Card{Title: "One moment"})
	r.Reply(ctx, chat.Card{Title: "#32164 the safe's code is 1234"})
}

// TestAGuestReadsNoAnswers: where somebody from elsewhere reads along, what a
// technician asks is answered in their own chat, and in the conversation it is
// said that it was.
func TestAGuestReadsNoAnswers(t *testing.T) {
	t.Parallel()
	h := &teller{}
	sim, work := simulated(t, h)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	says := func(user, conversation string) string {
		var all []string
		for _, m := range sim.Messages(user, conversation) {
			if r, err := m.Read(); err == nil && m.Bot {
				all = append(all, r.Text)
			}
		}
		return strings.Join(all, "\n")
	}
	// say types something, and waits until there is so much more of the bot's.
	say := func(user, conversation string, more int) {
		t.Helper()
		bots := func() (n int) {
			for _, m := range sim.Messages(dana, "") {
				if m.Bot {
					n++
				}
			}
			return n
		}
		want := bots() + more
		if d := sim.Say(ctx, user, conversation, "32164"); d.Err != nil || d.Status() != http.StatusOK {
			t.Fatalf("%d %v", d.Status(), d.Err)
		}
		for changed := sim.Changed(); bots() < want; changed = sim.Changed() {
			select {
			case <-changed:
			case <-ctx.Done():
				t.Fatalf("there is only: %s", says(dana, ""))
			}
		}
	}

	say(dana, harbor, 3)
	if got := says(guest, harbor); strings.Contains(got, "1234") || strings.Contains(got, "One moment") || !strings.Contains(got, "our own chat") {
		t.Errorf("the guest reads: %s", got)
	}
	if got := says(dana, sim.Personal(dana)); !strings.Contains(got, "1234") {
		t.Errorf("in the personal chat there is: %s", got)
	}
	// Who is refused is refused where they asked.
	say(guest, harbor, 1)
	if got := says(guest, harbor); !strings.Contains(got, "I do not know you.") {
		t.Errorf("the guest reads: %s", got)
	}
	// Without a chat of their own nothing is done, and it is said.
	sim.Uninstall(ctx, omar, sim.Personal(omar))
	asked := h.asked.Load()
	if d := sim.Say(ctx, omar, harbor, "32164"); d.Err != nil {
		t.Fatal(d.Err)
	}
	if _, err := sim.Wait(ctx, guest, harbor, func(m teamssim.Message) bool { return strings.Contains(string(m.Card), "add the app for yourself") }); err != nil {
		t.Error(err)
	}
	if h.asked.Load() != asked {
		t.Error("it was done all the same")
	}
	if got := says(omar, desk); got != "" {
		t.Errorf("elsewhere there is: %s", got)
	}
	if err := work.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	for _, v := range sim.Violations() {
		t.Error(v)
	}
}
