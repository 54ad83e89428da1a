package chattest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat"
)

// Bot is what Contract puts behind an adapter.
type Bot struct {
	Handler chat.Handler
	Seen    chat.Seen
	Work    *chat.Work
}

// Harness is an adapter with its platform played around it: real HTTP, real
// signatures, and one person who is an ordinary member. Each function may be
// called from any goroutine.
type Harness struct {
	Adapter chat.Adapter

	// Type has the person type text as a command and returns the HTTP status
	// that the platform got. The same delivery and text again is the
	// platform's repeat of it.
	Type func(t testing.TB, delivery, text string) int

	// Press has the person press the button with this label on the newest
	// card that they see, found in what the platform was sent, and returns
	// the HTTP status.
	Press func(t testing.TB, delivery, label string) int

	// Shown is what the person sees, oldest first: each message as its text,
	// unescaped; a card that was replaced as it is now.
	Shown func() []string

	// Forge sends a command that is right in all but the proof of its
	// sender, and returns the HTTP status.
	Forge func(t testing.TB, delivery, text string) int

	// Flood sends a command of over 1 MiB with a right proof, and returns
	// the HTTP status.
	Flood func(t testing.TB, delivery string) int
}

// Contract checks what holds for every adapter. start puts bot behind a new
// adapter and plays its platform until the test ends.
func Contract(t *testing.T, start func(t *testing.T, bot Bot) Harness) {
	begin := func(t *testing.T, limit int) (*script, Harness, *chat.Work, *Memory) {
		s, work, seen := newScript(), chat.NewWork(limit), new(Memory)
		h := start(t, Bot{Handler: s, Seen: seen, Work: work})
		return s, h, work, seen
	}

	t.Run("a command arrives once, as it was typed, and its answer is seen", func(t *testing.T) {
		t.Parallel()
		s, h, work, _ := begin(t, 8)
		const text = `note 32164 a <b> & "c" *d* _e_ <!channel> &amp; “f” 😀 שלום`
		ok(t, h.Type(t, "d1", text))
		req := receive(t, s.commands)
		drain(t, work)
		if req.Text != text {
			t.Errorf("text = %q, typed was %q", req.Text, text)
		}
		if u := req.User; u.Platform != h.Adapter.Name() || u.Tenant == "" || u.ID == "" || u.Outsider != "" {
			t.Errorf("user = %+v, want an ordinary member with platform, tenant and id", u)
		}
		if req.Delivery == "" {
			t.Error("the delivery has no name")
		}
		if req.Click != nil {
			t.Error("a command is no click")
		}
		if n := len(s.commands); n != 0 {
			t.Errorf("the handler was called %d more times", n)
		}
		sees(t, h, "Asked about "+text)
	})

	t.Run("a repeat of a delivery does nothing", func(t *testing.T) {
		t.Parallel()
		s, h, work, _ := begin(t, 32)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { ok(t, h.Type(t, "d1", "32164")) })
		}
		all.Wait()
		ok(t, h.Type(t, "d2", "32164"))
		ok(t, h.Type(t, "d1", "32164"))
		drain(t, work)
		if n := len(s.commands); n != 2 {
			t.Errorf("the handler was called %d times for 2 commands", n)
		}
	})

	t.Run("a click carries verb and value, and its answer replaces the card before Then runs", func(t *testing.T) {
		t.Parallel()
		s, h, work, _ := begin(t, 8)
		ok(t, h.Type(t, "d1", "close 32164"))
		receive(t, s.commands)
		var atThen []string
		s.answer = func(chat.Request) chat.Answer {
			return chat.Answer{
				Replace: &chat.Card{Title: "Working on it"},
				Then:    func(context.Context) { atThen = h.Shown() },
			}
		}
		settle(t, h, "Asked about")
		ok(t, h.Press(t, "d2", "Second"))
		req := receive(t, s.clicks)
		drain(t, work)
		if c := req.Click; c == nil || c.Verb != "pick" || c.Value != "op.2" || c.Card == "" {
			t.Fatalf("click = %+v, want verb pick, value op.2 and a ref", req.Click)
		}
		if req.User.Platform != h.Adapter.Name() || req.User.ID == "" {
			t.Errorf("user = %+v", req.User)
		}
		if !contains(atThen, "Working on it") {
			t.Errorf("Then ran before the card was replaced: %q", atThen)
		}
		sees(t, h, "Working on it")
		seesNot(t, h, "Asked about")
	})

	t.Run("an aside leaves the card", func(t *testing.T) {
		t.Parallel()
		s, h, work, _ := begin(t, 8)
		ok(t, h.Type(t, "d1", "close 32164"))
		receive(t, s.commands)
		s.answer = func(chat.Request) chat.Answer {
			return chat.Answer{Aside: &chat.Card{Title: "This card belongs to Dana"}}
		}
		settle(t, h, "Asked about")
		ok(t, h.Press(t, "d2", "First"))
		receive(t, s.clicks)
		drain(t, work)
		sees(t, h, "This card belongs to Dana")
		sees(t, h, "Asked about")
	})

	t.Run("a clicked card is redrawn later, however often", func(t *testing.T) {
		t.Parallel()
		s, h, work, _ := begin(t, 8)
		ok(t, h.Type(t, "d1", "close 32164"))
		receive(t, s.commands)
		s.answer = func(req chat.Request) chat.Answer {
			return chat.Answer{
				Replace: &chat.Card{Title: "Working on it"},
				Then: func(ctx context.Context) {
					for i := range 9 {
						card := chat.Card{Title: fmt.Sprintf("Step %d of 9 done", i+1)}
						if err := h.Adapter.Redraw(ctx, req.User, req.Click.Card, card); err != nil {
							t.Errorf("redraw %d: %v", i+1, err)
						}
						if i == 0 {
							seesNot(t, h, "Working on it")
						}
						sees(t, h, card.Title)
					}
				},
			}
		}
		settle(t, h, "Asked about")
		ok(t, h.Press(t, "d2", "First"))
		receive(t, s.clicks)
		drain(t, work)
		sees(t, h, "Step 9 of 9 done")
	})

	t.Run("what is too much is refused in words", func(t *testing.T) {
		t.Parallel()
		s, h, work, _ := begin(t, 1)
		release := make(chan struct{})
		s.hold = release
		ok(t, h.Type(t, "d1", "32164"))
		receive(t, s.commands)
		ok(t, h.Type(t, "d2", "32171"))
		settle(t, h, "Nothing was sent")
		close(release)
		drain(t, work)
		if n := len(s.commands); n != 0 {
			t.Errorf("the handler was called %d more times", n)
		}
	})

	t.Run("a bot that shuts down refuses in words", func(t *testing.T) {
		t.Parallel()
		s, h, work, _ := begin(t, 8)
		ok(t, h.Type(t, "d1", "close 32164"))
		receive(t, s.commands)
		settle(t, h, "Asked about")
		drain(t, work)
		ok(t, h.Press(t, "d2", "First"))
		settle(t, h, "Nothing was sent")
		ok(t, h.Type(t, "d3", "32164"))
		if len(s.commands) != 0 || len(s.clicks) != 0 {
			t.Error("the handler was called after Drain")
		}
	})

	t.Run("without a memory nothing is done, in words", func(t *testing.T) {
		t.Parallel()
		s, h, work, seen := begin(t, 8)
		seen.Fail(errors.New("connection refused"))
		ok(t, h.Type(t, "d1", "close 32164"))
		settle(t, h, "Nothing was sent")
		drain(t, work)
		if len(s.commands) != 0 {
			t.Error("the handler was called without a memory")
		}
	})

	t.Run("what is not proven or too big changes nothing", func(t *testing.T) {
		t.Parallel()
		s, h, work, seen := begin(t, 8)
		if got := h.Forge(t, "d1", "close 32164"); got != http.StatusUnauthorized {
			t.Errorf("forged: status %d, want 401", got)
		}
		if got := h.Flood(t, "d2"); got != http.StatusRequestEntityTooLarge {
			t.Errorf("over 1 MiB: status %d, want 413", got)
		}
		drain(t, work)
		if len(s.commands) != 0 || len(s.clicks) != 0 || seen.Len() != 0 || len(h.Shown()) != 0 {
			t.Errorf("commands %d, clicks %d, remembered %d, shown %q", len(s.commands), len(s.clicks), seen.Len(), h.Shown())
		}
	})
}

// script is a handler that notes what arrives and answers as it is told.
type script struct {
	Idle
	commands, clicks chan chat.Request
	hold             <-chan struct{} // where set, Command waits for it
	answer           func(chat.Request) chat.Answer
}

func newScript() *script {
	return &script{commands: make(chan chat.Request, 64), clicks: make(chan chat.Request, 64)}
}

func (s *script) Command(ctx context.Context, req chat.Request, r chat.Replier) {
	s.commands <- req
	if s.hold != nil {
		<-s.hold
	}
	r.Reply(ctx, chat.Card{
		Title: "A question",
		Parts: []chat.Part{chat.Text("Asked about " + req.Text)},
		Buttons: []chat.Button{
			{Label: "Look", URL: "https://example.syncromsp.com/tickets/9001"},
			{Label: "First", Verb: "pick", Value: "op.1"},
			{Label: "Second", Verb: "pick", Value: "op.2"},
		},
	})
}

func (s *script) Click(_ context.Context, req chat.Request) chat.Answer {
	s.clicks <- req
	return s.answer(req)
}

// Memory is a chat.Seen and a chat.Notes in memory. The zero value has seen
// nothing.
type Memory struct {
	mu    sync.Mutex
	seen  map[string]bool
	notes map[string]string
	err   error
}

// First is chat.Seen's.
func (m *Memory) First(_ context.Context, key string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return false, m.err
	}
	if m.seen == nil {
		m.seen = map[string]bool{}
	}
	first := !m.seen[key]
	m.seen[key] = true
	return first, nil
}

// Note is chat.Notes's.
func (m *Memory) Note(_ context.Context, key, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	if m.notes == nil {
		m.notes = map[string]string{}
	}
	m.notes[key] = value
	return nil
}

// Noted is chat.Notes's.
func (m *Memory) Noted(_ context.Context, key string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.notes[key], m.err
}

// Fail has everything later fail with err; nil mends it.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Len is how many keys were seen.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.seen)
}

// patience is how long a test waits before it gives up; it never decides
// what a test asserts.
const patience = 10 * time.Second

func receive(t testing.TB, from <-chan chat.Request) chat.Request {
	t.Helper()
	select {
	case req := <-from:
		return req
	case <-time.After(patience):
		t.Fatal("the handler was not called")
		return chat.Request{}
	}
}

func drain(t testing.TB, work *chat.Work) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := work.Drain(ctx); err != nil {
		t.Fatal("the work does not end")
	}
}

// settle waits until the person sees text.
func settle(t testing.TB, h Harness, text string) {
	t.Helper()
	for end := time.Now().Add(patience); !contains(h.Shown(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%q is not shown: %q", text, h.Shown())
		}
	}
}

func ok(t testing.TB, status int) {
	t.Helper()
	if status != http.StatusOK {
		t.Errorf("status %d, want 200", status)
	}
}

func sees(t testing.TB, h Harness, text string) {
	t.Helper()
	if shown := h.Shown(); !contains(shown, text) {
		t.Errorf("%q is not shown: %q", text, shown)
	}
}

func seesNot(t testing.TB, h Harness, text string) {
	t.Helper()
	if shown := h.Shown(); contains(shown, text) {
		t.Errorf("%q is still shown: %q", text, shown)
	}
}

func contains(shown []string, text string) bool {
	return slices.ContainsFunc(shown, func(s string) bool { return strings.Contains(s, text) })
}
