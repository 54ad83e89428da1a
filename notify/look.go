package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/syncrobot/syncrobot/syncro"
)

const (
	lookers   = 4                // tickets that a process looks at at once
	lookTime  = 45 * time.Second // for one look
	lookLease = 60 * time.Second // longer, so that no two look at one ticket
	lookAgain = 15 * time.Second // after a look that failed
)

// look looks at tickets for which there is a hint, one after the other.
func (n *Notifier) look(ctx context.Context) {
	for ctx.Err() == nil {
		ticket, score, err := n.store.take(ctx, time.Now(), lookLease)
		if err != nil && ctx.Err() == nil {
			n.Log.Error("no hint could be taken from Redis", "error", err)
		}
		if err != nil || ticket == 0 {
			if !sleep(ctx, n.Tick, n.wake) {
				return
			}
			continue
		}
		signal(n.wake) // there may be more
		var again time.Time
		if d := n.lookAt(ctx, ticket); d > 0 {
			again = time.Now().Add(d)
		}
		if ctx.Err() != nil {
			again = time.Now() // for another replica
		}
		done, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		if err := n.store.looked(done, ticket, score, again); err != nil {
			n.Log.Error("a look was not noted in Redis, and is done again", "ticket", ticket, "error", err)
		}
		cancel()
		n.wakeSpeakers()
	}
}

// lookAt reads a ticket and notes for each place what it is to hear. It
// returns when to look again; 0: not.
func (n *Notifier) lookAt(ctx context.Context, ticket int64) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	holder := rand.Text()
	if mine, err := n.store.hold(ctx, lookKey(ticket), holder, lookLease); err != nil || !mine {
		return n.Tick
	}
	defer n.store.rdb.Del(context.WithoutCancel(ctx), lookKey(ticket))
	err := n.compare(ctx, ticket)
	if failure, ok := errors.AsType[*syncro.Error](err); ok && failure.Kind == syncro.NotFound {
		n.Log.Info("a ticket is gone before it was looked at", "ticket", ticket)
		return 0
	}
	if err != nil {
		if ctx.Err() == nil {
			n.Log.Warn("a ticket could not be looked at, and is again", "ticket", ticket, "error", err)
		}
		return lookAgain
	}
	return 0
}

func (n *Notifier) compare(ctx context.Context, ticket int64) error {
	since, err := n.store.watch(ctx)
	if err != nil {
		return err
	}
	if since.Born.IsZero() {
		return errors.New("what there is already was not seen yet") // the poller does that first
	}
	r, err := n.reader(ctx)
	if err != nil {
		return err
	}
	t, err := r.Ticket(ctx, ticket)
	if err != nil {
		return err
	}
	sights, err := n.store.seen(ctx, ticket)
	if err != nil {
		return err
	}
	before, now := sights[0], sightOf(t)
	if before != nil {
		now.Seq, now.Billed, now.Invoice = before.Seq, before.Billed, before.Invoice
	}
	f := n.factsOf(t)
	var invoices []syncro.Invoice
	if t.Invoiced() && n.tells(Invoiced) {
		if invoices, err = r.TicketInvoices(ctx, t.ID); err != nil {
			return err
		}
		now.Billed, now.Invoice = true, 0
		if last := newest(invoices); last != nil {
			now.Invoice = last.ID
		}
		if err := n.bill(ctx, r, &f, t, invoices); err != nil {
			return err
		}
	}
	if before == nil || now != *before {
		now.Seq++
	}
	done, err := n.store.deeds(ctx, ticket)
	if err != nil {
		return err
	}
	events := happened(t, before, now, invoices, since.Born, done)
	for _, p := range n.places {
		var wanted []happening
		moment := time.Now()
		when := n.Quiet(p.Place, moment)
		for _, h := range events {
			if !p.wants(h, f) {
				continue
			}
			wanted = append(wanted, h)
			if h.Event == Urgent {
				when = moment
			}
		}
		if _, err := n.store.owe(ctx, p.Place, moment, when, f.in(p), wanted); err != nil {
			return err
		}
	}
	// Last: a process that dies before this finds the same events again, and
	// no place hears of one twice.
	return n.store.see(ctx, map[int64]sight{ticket: now})
}

// reader reads Syncro, and the log says as whom.
func (n *Notifier) reader(ctx context.Context) (*syncro.Reader, error) {
	r, as, err := n.Reader(ctx)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.asked != as {
		n.asked = as
		n.Log.Info("news of tickets are read from Syncro", "key", as)
	}
	return r, nil
}
