package chattest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/chat"
)

// FormHarness is a Harness whose person can fill in forms as well. Each
// function may be called from any goroutine.
type FormHarness struct {
	Harness

	// Form is the form in front of the person as they read it, unescaped:
	// its title, labels, what is filled in (a choice by its label) and what
	// was said against it. Empty where no form is open.
	Form func() string

	// Fill has the person fill in inputs of the form in front of them and
	// hand it in, and returns the HTTP status that the platform got. Values
	// are by input and as in Input.Value, of a Lookup one that was offered;
	// "" empties an input, and what is not given stays as it is.
	Fill func(t testing.TB, delivery string, values map[string]string) int

	// Search has the person type into a Lookup of the form in front of them,
	// and returns what they are offered.
	Search func(t testing.TB, input, typed string) []chat.Option

	// Use has the person use the named shortcut on a message, and returns
	// the HTTP status. The message's words, author, time (whole seconds),
	// link, files and thread are what the platform tells the bot in its own
	// way.
	Use func(t testing.TB, delivery, shortcut string, on chat.Message) int
}

// FormContract checks what holds for every adapter that shows forms. start
// puts bot behind a new adapter and plays its platform until the test ends.
func FormContract(t *testing.T, start func(t *testing.T, bot Bot) FormHarness) {
	begin := func(t *testing.T) (*formScript, FormHarness, *chat.Work) {
		s, work := newFormScript(), chat.NewWork(8)
		return s, start(t, Bot{Handler: s, Seen: new(Memory), Work: work}), work
	}
	// opened is a person in front of TicketForm, which they opened from a card.
	opened := func(t *testing.T) (*formScript, FormHarness, *chat.Work) {
		t.Helper()
		s, h, work := begin(t)
		ok(t, h.Type(t, "d1", "close 32164"))
		receive(t, s.commands)
		settle(t, h.Harness, "Asked about")
		ok(t, h.Press(t, "d2", "First"))
		receive(t, s.clicks)
		reads(t, h, "New ticket")
		return s, h, work
	}

	t.Run("a form opens from a click, is handed in once as it was filled in, and its answer replaces the card", func(t *testing.T) {
		t.Parallel()
		s, h, work := opened(t)
		for _, text := range []string{"You see what will be made", "Customer", "Type a part of the name.", "What is the matter", "Remote support"} {
			reads(t, h, text)
		}
		if got := h.Search(t, "customer", "harb"); len(got) != 2 {
			t.Errorf("offered %+v", got)
		}
		const words = "a <b> & \"c\" *d* _e_ <!channel> <at>all</at> &amp; “f” 😀 שלום"
		ok(t, h.Fill(t, "d3", map[string]string{
			"customer": "11", "subject": words, "description": words + "\n\n> second line", "type": "Onsite", "due": "2026-11-30", "mail": "true",
		}))
		req := receive(t, s.submits)
		drain(t, work)
		want := map[string]string{
			"customer": "11", "subject": words, "description": words + "\n\n> second line", "type": "Onsite", "due": "2026-11-30", "mail": "true",
		}
		f := req.Form
		if f == nil || f.ID != TicketForm().ID || f.Card == "" {
			t.Fatalf("handed in %+v, want the form's id and the card's ref", f)
		}
		if diff := cmp.Diff(want, f.Values); diff != "" {
			t.Error(diff)
		}
		if u := req.User; u.Platform != h.Adapter.Name() || u.Tenant == "" || u.ID == "" || u.Outsider != "" || req.Delivery == "" {
			t.Errorf("request = %+v, want an ordinary member and a delivery", req)
		}
		if n := len(s.submits); n != 0 {
			t.Errorf("the handler was called %d more times", n)
		}
		if open := h.Form(); open != "" {
			t.Errorf("the form is still open: %s", open)
		}
		sees(t, h.Harness, "Made of "+words)
		seesNot(t, h.Harness, "Asked about")
	})

	t.Run("what is left as it was arrives, what is left empty does not", func(t *testing.T) {
		t.Parallel()
		s, h, work := opened(t)
		h.Search(t, "customer", "harb")
		ok(t, h.Fill(t, "d3", map[string]string{"customer": "12", "subject": "VPN drops"}))
		req := receive(t, s.submits)
		drain(t, work)
		want := map[string]string{"customer": "12", "subject": "VPN drops", "type": "Remote", "mail": "false"}
		if diff := cmp.Diff(want, req.Form.Values); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("problems keep the form open, with what was typed, until they are mended", func(t *testing.T) {
		t.Parallel()
		s, h, work := opened(t)
		s.problems <- map[string]string{"subject": "This subject is <taken>."}
		h.Search(t, "customer", "harb")
		ok(t, h.Fill(t, "d3", map[string]string{"customer": "11", "subject": "VPN drops"}))
		receive(t, s.submits)
		reads(t, h, "This subject is <taken>.")
		reads(t, h, "VPN drops")
		sees(t, h.Harness, "Asked about")
		ok(t, h.Fill(t, "d4", map[string]string{"customer": "11", "subject": "VPN drops again"}))
		req := receive(t, s.submits)
		drain(t, work)
		if f := req.Form; f.Values["subject"] != "VPN drops again" || f.Values["customer"] != "11" || f.Card == "" {
			t.Errorf("handed in %+v", f)
		}
		if open := h.Form(); open != "" {
			t.Errorf("the form is still open: %s", open)
		}
		sees(t, h.Harness, "Made of VPN drops again")
		seesNot(t, h.Harness, "Asked about")
	})

	t.Run("a lookup is told which form and input, and what was typed", func(t *testing.T) {
		t.Parallel()
		s, h, _ := opened(t)
		const typed = `harb & <b> “d”`
		got := h.Search(t, "customer", typed)
		want := []chat.Option{{Label: `Harbor <Dental> & Sons`, Value: "11"}, {Label: "Harbor Dental West", Value: "12"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		req := receive(t, s.searches)
		told := req.Search.Values
		req.Search.Values = nil
		if diff := cmp.Diff(&chat.Search{Form: TicketForm().ID, Input: "customer", Typed: typed}, req.Search); diff != "" {
			t.Error(diff)
		}
		if told != nil && told["type"] != "Remote" {
			t.Errorf("the form's other inputs are %v", told)
		}
		if req.User.ID == "" || req.User.Tenant == "" || req.User.Platform != h.Adapter.Name() {
			t.Errorf("user = %+v", req.User)
		}
	})

	message := chat.Message{
		Author: "Amy Lin", Text: "It dropped *again* <b> & \"c\" at 9:40\n> really", Time: time.Unix(1795600000, 0).UTC(),
		Link:  "https://chat.example/archives/C0001/p1795600000000000",
		Files: []chat.File{{Name: "fw <screen>.png", Link: "https://chat.example/files/F1/fw-screen.png"}},
	}

	t.Run("a shortcut on a message opens its form with the message's words, and is answered", func(t *testing.T) {
		t.Parallel()
		s, h, work := begin(t)
		ok(t, h.Use(t, "d1", "new_ticket", message))
		req := receive(t, s.shortcuts)
		if c := req.Shortcut; c == nil || c.Name != "new_ticket" || c.Message == nil {
			t.Fatalf("shortcut = %+v", req.Shortcut)
		}
		if !req.Shortcut.Message.Time.Equal(message.Time) {
			t.Errorf("time = %v, want %v", req.Shortcut.Message.Time, message.Time)
		}
		got := *req.Shortcut.Message
		got.Time = message.Time
		if diff := cmp.Diff(message, got); diff != "" {
			t.Error(diff)
		}
		reads(t, h, message.Text)
		h.Search(t, "customer", "harb")
		ok(t, h.Fill(t, "d2", map[string]string{"customer": "11", "subject": "VPN drops"}))
		filled := receive(t, s.submits).Form
		drain(t, work)
		if filled.Values["description"] != message.Text || filled.Card != "" {
			t.Errorf("handed in %+v, want the message's words and no card", filled)
		}
		sees(t, h.Harness, "Made of VPN drops")
	})

	t.Run("a message of a thread comes with all of it, or with why not", func(t *testing.T) {
		t.Parallel()
		s, h, _ := begin(t)
		on := message
		on.Thread = []chat.Message{
			{Author: "Amy Lin", Text: "VPN <drops> again", Time: message.Time.Add(-time.Minute)},
			{Author: "Dana Ruiz", Text: "Since when?", Time: message.Time.Add(-30 * time.Second)},
			{Author: message.Author, Text: message.Text, Time: message.Time, Files: message.Files},
		}
		ok(t, h.Use(t, "d1", "new_ticket", on))
		got := receive(t, s.shortcuts).Shortcut.Message
		if (got.Thread == nil) == (got.Alone == "") {
			t.Fatalf("thread %+v, alone %q", got.Thread, got.Alone)
		}
		if diff := cmp.Diff(on.Thread, got.Thread, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); got.Thread != nil && diff != "" {
			t.Error(diff)
		}
	})

	t.Run("a long text is shown whole, and comes back whole", func(t *testing.T) {
		t.Parallel()
		s, h, _ := begin(t)
		on := message
		on.Text = strings.TrimSpace(strings.Repeat("The tunnel is up & the é share is <not> there.\n\n", 70) + strings.Repeat("x", 3500) + " " + strings.Repeat("word ", 200))
		ok(t, h.Use(t, "d1", "new_ticket", on))
		receive(t, s.shortcuts)
		reads(t, h, "word word")
		h.Search(t, "customer", "harb")
		ok(t, h.Fill(t, "d2", map[string]string{"customer": "11", "subject": "VPN drops"}))
		if diff := cmp.Diff(on.Text, receive(t, s.submits).Form.Values["description"]); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("a shortcut that cannot be used says why", func(t *testing.T) {
		t.Parallel()
		s, h, work := begin(t)
		ok(t, h.Use(t, "d1", "unknown", message))
		receive(t, s.shortcuts)
		settle(t, h.Harness, "There is no shortcut unknown")
		drain(t, work)
		if open := h.Form(); open != "" {
			t.Errorf("a form is open: %s", open)
		}
	})

	t.Run("a command that asks for more opens a form, and its answer is seen", func(t *testing.T) {
		t.Parallel()
		s, h, work := begin(t)
		ok(t, h.Type(t, "d1", "new"))
		receive(t, s.commands)
		reads(t, h, "New ticket")
		h.Search(t, "customer", "harb")
		ok(t, h.Fill(t, "d2", map[string]string{"customer": "11", "subject": "VPN drops"}))
		receive(t, s.submits)
		drain(t, work)
		sees(t, h.Harness, "Made of VPN drops")
	})

	t.Run("a bot that shuts down takes no form in, in words", func(t *testing.T) {
		t.Parallel()
		s, h, work := opened(t)
		h.Search(t, "customer", "harb")
		drain(t, work)
		h.Fill(t, "d3", map[string]string{"customer": "11", "subject": "VPN drops"})
		await(t, "words", func() bool {
			return strings.Contains(h.Form(), "Nothing was sent") || contains(h.Shown(), "Nothing was sent")
		})
		if len(s.submits) != 0 {
			t.Error("the handler was called after Drain")
		}
	})
}

// formScript is a script that answers with forms.
type formScript struct {
	*script
	submits, searches, shortcuts chan chat.Request
	problems                     chan map[string]string // one for each submission to refuse
}

func newFormScript() *formScript {
	return &formScript{
		script:  newScript(),
		submits: make(chan chat.Request, 64), searches: make(chan chat.Request, 64), shortcuts: make(chan chat.Request, 64),
		problems: make(chan map[string]string, 64),
	}
}

// Command asks for a form where "new" is typed.
func (s *formScript) Command(ctx context.Context, req chat.Request, r chat.Replier) {
	if req.Text != "new" {
		s.script.Command(ctx, req, r)
		return
	}
	s.commands <- req
	r.Ask(ctx, TicketForm())
}

// Click opens the form, from any button. An adapter may ask for the form
// again by its id; that is nobody's click.
func (s *formScript) Click(_ context.Context, req chat.Request) chat.Answer {
	form := TicketForm()
	if req.Click.Verb == chat.VerbForm && req.Click.Value != form.ID {
		return chat.Answer{Aside: &chat.Card{Title: "This form is not known any more"}}
	}
	if req.Click.Verb != chat.VerbForm {
		s.clicks <- req
	}
	return chat.Answer{Form: &form}
}

func (s *formScript) Submit(_ context.Context, req chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
	s.submits <- req
	select {
	case problems := <-s.problems:
		return problems, nil
	default:
	}
	return nil, func(ctx context.Context, r chat.Replier) {
		r.Reply(ctx, chat.Card{Title: "A preview", Parts: []chat.Part{chat.Text("Made of " + req.Form.Values["subject"])}})
	}
}

func (s *formScript) Suggest(_ context.Context, req chat.Request) []chat.Option {
	s.searches <- req
	return []chat.Option{{Label: "Harbor <Dental> & Sons", Value: "11"}, {Label: "Harbor Dental West", Value: "12"}}
}

func (s *formScript) Shortcut(_ context.Context, req chat.Request) (*chat.Form, *chat.Card) {
	s.shortcuts <- req
	if req.Shortcut.Name != "new_ticket" {
		return nil, &chat.Card{Title: "There is no shortcut " + req.Shortcut.Name}
	}
	form := TicketForm()
	if m := req.Shortcut.Message; m != nil {
		i := slices.IndexFunc(form.Inputs, func(in chat.Input) bool { return in.Name == "description" })
		form.Inputs[i].Value = m.Text
	}
	return &form, nil
}

// reads waits until the form in front of the person says text.
func reads(t testing.TB, h FormHarness, text string) {
	t.Helper()
	await(t, text, func() bool { return strings.Contains(h.Form(), text) })
}

func await(t testing.TB, what string, there func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !there(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
