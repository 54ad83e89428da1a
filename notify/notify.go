// Package notify speaks first, rarely: it tells channels what became of
// tickets. A hint (Syncro's webhook, its list of what changed, the bot's own
// work) names a ticket; the ticket is read, compared with how it was last
// seen, and what a place is to hear of it is noted in Redis, once; a speaker,
// one at a time in each place, posts it there: one card a ticket and place,
// redrawn in place, with what happens later below it.
//
// Any replica does any part, and goes on where another died.
package notify

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// Options make a Notifier. Those down to Log must be set; where the others are
// not, what they say at their end holds.
type Options struct {
	Routes []Route
	Redis  redis.UniversalClient
	// Reader reads Syncro where nobody asked, and says with whose key.
	Reader func(context.Context) (r *syncro.Reader, as string, err error)
	// Post and Redraw are chat.Adapter's, of all platforms.
	Post   func(ctx context.Context, at chat.Place, card chat.Card) (chat.Ref, error)
	Redraw func(ctx context.Context, user chat.User, ref chat.Ref, card chat.Card) error
	// Buttons are the buttons on the card of an open ticket.
	Buttons    func(ticketID int64, unassigned bool) []chat.Button
	TicketURL  func(id int64) string
	InvoiceURL func(id int64) string
	Poll       time.Duration // how often Syncro is asked for what changed
	Log        *slog.Logger

	// Quiet is when something may be told in a place that is not urgent: now,
	// or later.
	Quiet func(at chat.Place, now time.Time) time.Time

	// Observe is told of what was posted where: the platform, and "posted",
	// "doubt", "lost" or "dropped".
	Observe func(platform, outcome string)

	Pause  time.Duration // between messages in one place: 1 s, as Slack wants
	Doubt  time.Duration // until it is said that a card may not have been shown: 1 min
	Gather time.Duration // how long cards wait at most for others that are on their way: 10 s
	Tick   time.Duration // how often it is seen whether another replica left something to do: 1 s
}

// Notifier tells channels what became of tickets.
type Notifier struct {
	Options
	store  store
	places []place       // of the routes, each once
	wake   chan struct{} // the lookers: there is a hint
	poke   chan struct{} // the poller: ask now

	mu       sync.Mutex
	asked    string // as whom Syncro was read last
	finished bool   // lists that ask for no status show finished tickets too
}

// New makes a Notifier; Run does its work.
func New(o Options) *Notifier {
	if o.Observe == nil {
		o.Observe = func(string, string) {}
	}
	if o.Quiet == nil {
		o.Quiet = func(_ chat.Place, now time.Time) time.Time { return now }
	}
	for _, d := range []struct {
		value *time.Duration
		or    time.Duration
	}{{&o.Pause, time.Second}, {&o.Doubt, time.Minute}, {&o.Gather, 10 * time.Second}, {&o.Tick, time.Second}} {
		if *d.value == 0 {
			*d.value = d.or
		}
	}
	return &Notifier{
		Options: o, store: store{o.Redis}, places: placesOf(o.Routes),
		wake: make(chan struct{}, 1), poke: make(chan struct{}, 1),
	}
}

// Run works until ctx ends: it polls, looks at tickets, and speaks. What it is
// at when ctx ends it finishes, as far as it takes no longer than a card.
func (n *Notifier) Run(ctx context.Context) {
	if len(n.Routes) == 0 {
		return
	}
	var group errgroup.Group
	group.Go(func() error { n.watch(ctx); return nil })
	for range lookers {
		group.Go(func() error { n.look(ctx); return nil })
	}
	for _, p := range n.places {
		group.Go(func() error { n.speak(ctx, p); return nil })
	}
	_ = group.Wait() // none fails
}

// Hint says that something may have become of a ticket. It is kept until the
// ticket was looked at.
func (n *Notifier) Hint(ctx context.Context, ticketID int64) error {
	if len(n.Routes) == 0 || ticketID <= 0 {
		return nil
	}
	err := n.store.hint(ctx, time.Now(), ticketID)
	signal(n.wake)
	return err
}

// Did says what the bot did on a ticket for a technician, by the name in the
// configuration and in Syncro: they are named for it, and not told of it in
// private.
func (n *Notifier) Did(ctx context.Context, ticketID int64, technician, name string, w syncro.Write) {
	if len(n.Routes) == 0 || ticketID <= 0 {
		return
	}
	d := deed{By: technician, Name: name}
	switch w := w.(type) {
	case syncro.UpdateTicket:
		d.Status, d.UserID, d.Urgent = w.Status, w.UserID, isUrgent(w.Priority)
	case syncro.CreateTicket:
		d.Created, d.UserID, d.Urgent = true, w.UserID, isUrgent(w.Priority)
	case syncro.CreateInvoice, syncro.DeleteInvoice: // Syncro does not say that the ticket changed
		d.Invoice = true
	default:
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	err := n.store.keepDeed(ctx, ticketID, d)
	if hinted := n.Hint(ctx, ticketID); err == nil {
		err = hinted
	}
	if err != nil {
		n.Log.WarnContext(ctx, "what the bot did is not told at once: the next poll finds it", "error", err)
	}
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// sleep waits for d, or until woken. It reports false when ctx ended.
func sleep(ctx context.Context, d time.Duration, woken <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-woken:
	case <-timer.C:
	}
	return ctx.Err() == nil
}
