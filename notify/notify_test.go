package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/internal/redistest"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/syncro"
)

const token = "Ttest-office-key"

// world is a Syncro, a Redis and a chat platform that takes cards as a test
// has it.
type world struct {
	t      *testing.T
	syncro *syncrosim.Syncro
	redis  *redistest.Server
	client *syncro.Client

	mu    sync.Mutex
	shown []message // what the platform shows
	fail  func(n int, at chat.Place, c chat.Card) (shown bool, err error)
	posts int // requests to show something
	hold  chan struct{}
	quiet func(at chat.Place, now time.Time) time.Time
}

type message struct {
	place, text string
	below       bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, redis: redistest.Start(t), hold: make(chan struct{})}
	w.syncro = syncrosim.New(syncrosim.Options{PerMinute: -1, Tokens: []syncrosim.Token{{Key: token, UserID: 4100, Name: "Front Office"}}})
	server := httptest.NewServer(w.syncro)
	t.Cleanup(server.Close)
	t.Cleanup(w.syncro.Close)
	rdb := w.redis.Client()
	var err error
	w.client, err = syncro.New(syncro.Options{URL: server.URL, Redis: rdb, Limiter: syncro.NewLimiter(rdb, syncro.LimiterOptions{PerMinute: 100_000})})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// replica starts a Notifier and returns it with what ends it.
func (w *world) replica(routes []Route) (*Notifier, func()) {
	w.t.Helper()
	n := New(Options{
		Routes: routes, Redis: w.redis.Client(), Poll: 100 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
		Reader: func(context.Context) (*syncro.Reader, string, error) {
			return w.client.Reader(syncro.NewKey(token), syncro.ClassPolling), "the test's", nil
		},
		Post: w.post, Redraw: w.redraw, Quiet: w.quiet,
		Buttons: func(id int64, unassigned bool) []chat.Button {
			return []chat.Button{{Label: "View", Verb: "view", Value: fmt.Sprint(id)}}
		},
		TicketURL: w.client.TicketURL, InvoiceURL: w.client.InvoiceURL,
		Pause: time.Millisecond, Doubt: 50 * time.Millisecond, Gather: 300 * time.Millisecond, Tick: 10 * time.Millisecond,
	})
	ctx, quit := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); n.Run(ctx) }()
	end := sync.OnceFunc(func() { quit(); <-ended })
	w.t.Cleanup(end)
	w.until("what there is was seen", func() bool {
		seen, err := n.store.watch(ctx)
		return err == nil && !seen.Born.IsZero()
	})
	return n, end
}

func (w *world) post(_ context.Context, at chat.Place, c chat.Card) (chat.Ref, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.posts++
	shown, err := true, error(nil)
	if w.fail != nil {
		shown, err = w.fail(w.posts, at, c)
	}
	if shown {
		w.shown = append(w.shown, message{at.Key(), c.Plain(), at.Thread != ""})
	}
	return chat.Ref(fmt.Sprint(len(w.shown) - 1)), err
}

func (w *world) redraw(_ context.Context, _ chat.User, ref chat.Ref, c chat.Card) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var i int
	if _, err := fmt.Sscan(string(ref), &i); err != nil {
		return err
	}
	w.shown[i].text = c.Plain()
	return nil
}

// about are the messages in a place that have all the words.
func (w *world) about(place string, words ...string) []message {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []message
	for _, m := range w.shown {
		if m.place == place && !slices.ContainsFunc(words, func(s string) bool { return !strings.Contains(m.text, s) }) {
			all = append(all, m)
		}
	}
	return all
}

func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.t.Fatalf("waited in vain: %s; shown is %+v", what, w.shown)
		}
	}
}

func (w *world) does(a syncrosim.Act) {
	w.t.Helper()
	if err := w.syncro.Person(a); err != nil {
		w.t.Fatal(err)
	}
}

func to(channel string) []chat.Place { return []chat.Place{{Platform: "slack", Channel: channel}} }

func invoices() []Route { return []Route{{Event: Invoiced, To: to("C1")}} }

// TestRaced: three replicas, hints from all sides at once, a Redis that
// restarts and replicas that come and go: each ticket is told once.
func TestRaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, end := w.replica(invoices())
	two, _ := w.replica(invoices())
	w.replica(invoices())
	numbers := []int64{32164, 32163, 32171, 32170, 32166, 32162}
	for i, number := range numbers {
		k, ok := w.syncro.Ticket(number)
		if !ok {
			t.Fatalf("no ticket %d", number)
		}
		w.does(syncrosim.Act{Ticket: number, Status: "Invoiced"})
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() { one.Hint(t.Context(), k.ID); two.Hint(t.Context(), k.ID) })
		}
		all.Wait()
		switch i {
		case 2:
			w.redis.Restart()
		case 4:
			end()
		}
	}
	for _, number := range numbers {
		w.until(fmt.Sprintf("#%d is told", number), func() bool { return len(w.about("slack/C1", fmt.Sprintf("#%d", number))) > 0 })
	}
	w.does(syncrosim.Act{Ticket: 32159, Status: "Invoiced"}) // what comes after all of it
	w.until("#32159 is told", func() bool { return len(w.about("slack/C1", "#32159")) > 0 })
	for _, number := range numbers {
		if n := len(w.about("slack/C1", fmt.Sprintf("#%d", number))); n != 1 {
			t.Errorf("#%d was told %d times", number, n)
		}
	}
}

// TestInDoubt: a platform that does not say whether it took a card gets it
// once; a line says so.
func TestInDoubt(t *testing.T) {
	t.Parallel()
	for name, shown := range map[string]bool{"it was shown": true, "it was not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fail = func(n int, _ chat.Place, _ chat.Card) (bool, error) {
				if n == 1 {
					return shown, errors.New("502")
				}
				return true, nil
			}
			w.replica(invoices())
			w.does(syncrosim.Act{Ticket: 32164, Status: "Invoiced"})
			w.until("a line says so", func() bool { return len(w.about("slack/C1", "Perhaps you have seen this already", "#32164")) == 1 })
			if n := len(w.about("slack/C1", "Invoiced, but no invoice: #32164")); n > 1 || (n == 1) != shown {
				t.Errorf("%d cards", n)
			}
		})
	}
}

// TestHeardOfAgain: of a ticket whose card and the line about it were both in
// doubt, what happens later is told all the same.
func TestHeardOfAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail = func(n int, _ chat.Place, _ chat.Card) (bool, error) {
		if n <= 2 {
			return false, errors.New("502")
		}
		return true, nil
	}
	w.replica(append(invoices(), Route{Event: Created, To: to("C1")}))
	w.syncro.AddTicket(syncrosim.Ticket{Number: 40001, CustomerID: w.customer(t), Subject: "Scanner fails", Status: "New"})
	w.until("both were tried", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.posts == 2 })
	w.does(syncrosim.Act{Ticket: 40001, Status: "Invoiced"})
	w.until("it is told", func() bool { return len(w.about("slack/C1", "Perhaps", "#40001", "Invoiced")) == 1 })
}

// TestHowLongAPlaceWasClosed is what counts, and not how old the news are: a
// bot that was down for a weekend tells them.
func TestHowLongAPlaceWasClosed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		field string
		told  bool
	}{"old news": {"since", true}, "closed for a day": {"closed", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fail = func(int, chat.Place, chat.Card) (bool, error) {
				return false, &chat.UnreachableError{Why: "the bot is not in the channel"}
			}
			n, end := w.replica(invoices())
			k, _ := w.syncro.Ticket(32164)
			w.does(syncrosim.Act{Ticket: 32164, Status: "Invoiced"})
			w.until("it was tried", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.posts > 0 })
			end()
			place := n.places[0].Place
			if err := n.Redis.HSet(t.Context(), toldKey(place, fmt.Sprint(k.ID)), c.field, time.Now().Add(-25*time.Hour).UnixMilli()).Err(); err != nil {
				t.Fatal(err)
			}
			w.fail = nil
			n, _ = w.replica(invoices())
			w.until("it is settled", func() bool {
				card, err := n.Redis.HGet(t.Context(), toldKey(place, fmt.Sprint(k.ID)), "card").Result()
				return err == nil && card == string(map[bool]cardState{true: posted, false: dropped}[c.told])
			})
			if told := len(w.about("slack/C1", "#32164")) == 1; told != c.told {
				t.Errorf("told: %t", told)
			}
		})
	}
}

// TestDied: a replica that dies while it posts leaves a card that nobody
// posts again.
func TestDied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	defer close(w.hold) // before it is waited for whoever is dead
	begun := make(chan struct{}, 8)
	w.fail = func(n int, _ chat.Place, _ chat.Card) (bool, error) {
		if n == 1 { // the request left, and its sender is heard of no more
			w.mu.Unlock()
			begun <- struct{}{}
			<-w.hold
			w.mu.Lock()
			return false, errors.New("dead")
		}
		return true, nil
	}
	dead, _ := w.replica(invoices())
	w.does(syncrosim.Act{Ticket: 32164, Status: "Invoiced"})
	<-begun
	w.replica(invoices())
	// Its word ends, as it would by itself in two minutes.
	if err := dead.Redis.Del(t.Context(), wordKey(dead.places[0].Place)).Err(); err != nil {
		t.Fatal(err)
	}
	w.until("a line says so", func() bool { return len(w.about("slack/C1", "Perhaps", "#32164")) == 1 })
	if n := len(w.about("slack/C1", "Invoiced, but")); n != 0 {
		t.Errorf("%d cards", n)
	}
}

// TestLater: what certainly was not shown is tried again until it is.
func TestLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail = func(n int, _ chat.Place, _ chat.Card) (bool, error) {
		switch {
		case n <= 2:
			return false, &chat.LaterError{Until: time.Now().Add(20 * time.Millisecond), Err: errors.New("429")}
		case n <= 4:
			return false, &chat.UnreachableError{Why: "the bot is not in the channel"}
		}
		return true, nil
	}
	w.replica(invoices())
	w.does(syncrosim.Act{Ticket: 32164, Status: "Invoiced"})
	w.until("it is told", func() bool { return len(w.about("slack/C1", "#32164")) == 1 })
}

// TestEvents: one card a ticket, redrawn, with what happens later below it;
// what somebody did themselves is not told them in private.
func TestEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dana := chat.User{Platform: "slack", Tenant: "T0001", ID: "U0DANA"}
	danaToo := chat.User{Platform: "teams", Tenant: "tenant", ID: "dana"}
	ways := []chat.Place{{Platform: "slack", Person: &dana}, {Platform: "teams", Person: &danaToo}}
	var routes []Route
	for _, e := range []Event{Created, Assigned, Replied, Urgent, Resolved} {
		routes = append(routes, Route{Event: e, To: to("C1")})
	}
	routes = append(routes, Route{Event: Assigned, To: ways, Person: "dana", Technicians: []string{"dana ruiz"}}, Route{Event: Urgent, To: ways, Person: "dana"},
		Route{Event: Replied, To: to("C2"), Customers: []string{"Nobody's"}})
	n, _ := w.replica(routes)
	k := w.syncro.AddTicket(syncrosim.Ticket{Number: 40001, CustomerID: w.customer(t), Subject: "Scanner *fails*", Status: "New"})
	w.until("it is new", func() bool { return len(w.about("slack/C1", "#40001 Scanner *fails*", "New · unassigned")) == 1 })
	n.Did(t.Context(), k.ID, "dana", "Dana Ruiz", syncro.UpdateTicket{TicketID: k.ID, Priority: "0 Urgent"})
	w.does(syncrosim.Act{Ticket: 40001, Priority: "0 Urgent"})
	w.until("it is urgent", func() bool { return len(w.about("slack/C1", "Now urgent")) == 1 })
	// Dana takes it, by the bot.
	n.Did(t.Context(), k.ID, "dana", "Dana Ruiz", syncro.UpdateTicket{TicketID: k.ID, UserID: 4101})
	w.does(syncrosim.Act{Ticket: 40001, Assign: 4101})
	w.until("it is taken", func() bool { return len(w.about("slack/C1", "#40001 · Dana Ruiz took it")) == 1 })
	w.does(syncrosim.Act{Ticket: 40001, Customer: true, Comment: "It works now."})
	w.until("there is a reply", func() bool { return len(w.about("slack/C1", "The customer replied")) == 1 })
	w.does(syncrosim.Act{Ticket: 40001, Status: "Resolved"})
	w.until("it is resolved", func() bool {
		return len(w.about("slack/C1", "#40001 · Resolved")) == 1 && len(w.about("slack/C1", "#40001 Scanner", "Resolved · Dana Ruiz")) == 1
	})
	if all := w.about("slack/C1"); len(all) != 5 || all[0].below || !all[1].below || !all[4].below {
		t.Errorf("the channel has %+v", all)
	}
	if all := w.about("slack/C2"); len(all) > 0 {
		t.Errorf("another customer's channel has %+v", all)
	}
	// Another gives her a ticket: that is told her.
	w.does(syncrosim.Act{Ticket: 32171, Assign: 4101})
	w.until("Dana is told", func() bool {
		return len(w.about(dana.Key(), "#32171")) == 1 && len(w.about(danaToo.Key(), "#32171")) == 1
	})
	// So is one that another makes for her, and not one that she makes herself.
	n.Did(t.Context(), 990002, "rob", "Rob Ames", syncro.CreateTicket{UserID: 4101})
	w.syncro.AddTicket(syncrosim.Ticket{ID: 990002, Number: 40002, CustomerID: w.customer(t), Subject: "For Dana", Status: "New", UserID: 4101})
	w.until("Dana is told of hers", func() bool { return len(w.about(dana.Key(), "#40002")) == 1 })
	n.Did(t.Context(), 990003, "dana", "Dana Ruiz", syncro.CreateTicket{UserID: 4101})
	w.syncro.AddTicket(syncrosim.Ticket{ID: 990003, Number: 40003, CustomerID: w.customer(t), Subject: "Her own", Status: "New", UserID: 4101})
	w.until("the channel is told", func() bool { return len(w.about("slack/C1", "#40003")) == 1 })
	for _, at := range ways {
		for _, number := range []string{"#40001", "#40003"} {
			if all := w.about(at.Key(), number); len(all) > 0 {
				t.Errorf("Dana is told what she did: %+v", all)
			}
		}
	}
}

func (w *world) customer(t *testing.T) int64 {
	t.Helper()
	k, ok := w.syncro.Ticket(32164)
	if !ok {
		t.Fatal("no ticket #32164")
	}
	return k.CustomerID
}

func TestFilters(t *testing.T) {
	t.Parallel()
	f := facts{Customer: "Harbor Dental", Technician: "Dana Ruiz", Invoices: []invoiceFact{{Total: "70.50"}, {Total: "29.50"}}}
	tests := []struct {
		name  string
		route Route
		want  bool
	}{
		{"no filter", Route{}, true},
		{"the customer", Route{Customers: []string{"Other", "harbor dental"}}, true},
		{"the customer in other spaces", Route{Customers: []string{" Harbor  Dental"}}, true},
		{"another customer", Route{Customers: []string{"Harbor"}}, false},
		{"another technician", Route{Technicians: []string{"Rob Ames"}}, false},
		{"both", Route{Customers: []string{"Harbor Dental"}, Technicians: []string{"Dana Ruiz"}}, true},
		{"just enough", Route{MinTotal: "100"}, true},
		{"not enough", Route{MinTotal: "100.01"}, false},
		{"another event", Route{Event: Created}, false},
	}
	for _, test := range tests {
		if test.route.Event == "" {
			test.route.Event = Invoiced
		}
		if got := test.route.matches(happening{Event: Invoiced}, f); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	if f.Invoices = nil; !(Route{Event: Invoiced, MinTotal: "100"}).matches(happening{Event: Invoiced}, f) {
		t.Error("a missing invoice is not told where amounts count")
	}
}

// TestOld: what a bot that starts for the first time finds is no news, and
// what it never saw is news only where it is young.
func TestOld(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	before, after := since.Add(-time.Hour), since.Add(time.Hour)
	tests := []struct {
		name     string
		ticket   syncro.Ticket
		invoices []syncro.Invoice
		want     int
	}{
		{"invoiced long ago", syncro.Ticket{Status: "Invoiced", Created: before, Resolved: before}, []syncro.Invoice{{ID: 1, Created: before}}, 0},
		{"resolved long ago, invoiced now", syncro.Ticket{Status: "Invoiced", Created: before, Resolved: before}, []syncro.Invoice{{ID: 1, Created: after}}, 1},
		{"without an invoice, resolved now", syncro.Ticket{Status: "Invoiced", Created: before, Resolved: after}, nil, 1},
		{"without an invoice, long ago", syncro.Ticket{Status: "Invoiced", Created: before, Resolved: before}, nil, 0},
	}
	for _, test := range tests {
		now := sightOf(test.ticket)
		now.Billed = true
		if got := happened(test.ticket, nil, now, test.invoices, since, nil); len(got) != test.want {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}
