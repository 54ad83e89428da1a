package notify

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/syncrobot/syncrobot/syncro"
)

const (
	overlap    = 2 * time.Minute // of what is asked for twice, against clocks and pages that move
	beginning  = 24 * time.Hour  // how far back the first look goes for what just changed
	pollTime   = 5 * time.Minute // for one poll, its pages and waiting included
	leadLonger = 30 * time.Second
)

// watched is how far what changed in Syncro was read, in Syncro's time.
type watched struct {
	Born  time.Time `json:"born"`  // what happened before is not told
	Since time.Time `json:"since"` // what changed before was read
}

func (s store) watch(ctx context.Context) (watched, error) {
	var w watched
	_, err := s.kept(ctx, watchKey, &w)
	return w, err
}

// watch asks Syncro at each Poll what changed, while this replica is the one
// that does.
func (n *Notifier) watch(ctx context.Context) {
	me := rand.Text()
	wait := time.Duration(0)
	for sleep(ctx, wait, n.poke) {
		wait = n.Poll
		leads, err := n.store.hold(ctx, leaderKey, me, n.Poll+leadLonger)
		if err == nil && leads {
			err = n.poll(ctx, me)
		}
		if err != nil && ctx.Err() == nil {
			n.Log.Warn("Syncro could not be asked what changed; it is asked again", "error", err)
			wait = min(n.Poll, lookAgain)
		}
	}
	// Another replica leads at once.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if mine, err := n.store.hold(ctx, leaderKey, me, time.Second); err == nil && mine {
		n.store.rdb.Del(ctx, leaderKey)
	}
}

// poll reads what changed since the last time, and hints at what may be news.
func (n *Notifier) poll(ctx context.Context, me string) error {
	ctx, cancel := context.WithTimeout(ctx, pollTime)
	defer cancel()
	w, err := n.store.watch(ctx)
	if err != nil {
		return err
	}
	r, err := n.reader(ctx)
	if err != nil {
		return err
	}
	first := w.Born.IsZero()
	var rows []syncro.Ticket
	if first {
		w.Since = time.Now().Add(-beginning)
		rows, err = n.whatThereIs(ctx, r, w.Since)
	} else {
		rows, err = n.changed(ctx, r, w.Since.Add(-overlap))
	}
	if err != nil {
		return err
	}
	for _, t := range rows {
		if t.Updated.After(w.Since) {
			w.Since = t.Updated
		}
	}
	if first {
		w.Born = w.Since
	}
	if err := n.sort(ctx, rows, first); err != nil {
		return err
	}
	// A poll that took too long is another's by now, which has read as much.
	if leads, err := n.store.hold(ctx, leaderKey, me, n.Poll+leadLonger); err != nil || !leads {
		return err
	}
	return n.store.keep(ctx, watchKey, w, 0)
}

// whatThereIs is, at the very first start, the tickets of which something may
// still become: how they stand is no news.
func (n *Notifier) whatThereIs(ctx context.Context, r *syncro.Reader, since time.Time) ([]syncro.Ticket, error) {
	rows, err := n.changed(ctx, r, since)
	if err != nil {
		return nil, err
	}
	for _, status := range []string{"Not Closed", "Resolved"} {
		list, err := r.InStatus(ctx, status)
		if err != nil {
			return nil, err
		}
		rows = append(rows, list.Items...)
	}
	n.Log.Info("tickets as they are now are no news; what becomes of them is", "tickets", len(rows))
	return rows, nil
}

// changed are the tickets that changed since then. Whether a list shows
// finished tickets that it was not asked for differs between accounts.
func (n *Notifier) changed(ctx context.Context, r *syncro.Reader, since time.Time) ([]syncro.Ticket, error) {
	statuses := []string{""}
	if n.tells(Invoiced) {
		statuses = append(statuses, "Invoiced")
	}
	if n.tells(Resolved) {
		statuses = append(statuses, "Resolved", "Closed")
	}
	var rows []syncro.Ticket
	for _, status := range statuses {
		if status != "" && n.showsFinished(rows) {
			break
		}
		list, err := r.UpdatedSince(ctx, since, status)
		if err != nil {
			return nil, err
		}
		if list.More {
			n.Log.Error("more changed in Syncro than can be read at once: some of it will not be told", "since", since)
		}
		rows = append(rows, list.Items...)
	}
	return rows, nil
}

// showsFinished reports whether lists that ask for no status were seen to show
// finished tickets.
func (n *Notifier) showsFinished(rows []syncro.Ticket) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range rows {
		n.finished = n.finished || t.Finished()
	}
	return n.finished
}

// sort hints at the tickets of which there may be news, and sees the others:
// where invoices alone are told, a ticket is read when it is Invoiced.
func (n *Notifier) sort(ctx context.Context, rows []syncro.Ticket, first bool) error {
	ids := make([]int64, len(rows))
	for i, t := range rows {
		ids[i] = t.ID
	}
	if len(ids) == 0 {
		return nil
	}
	sights, err := n.store.seen(ctx, ids...)
	if err != nil {
		return err
	}
	var hints []int64
	seen := map[int64]sight{}
	for i, t := range rows {
		before, now := sights[i], sightOf(t)
		// Some accounts' times are in seconds: what changed in the same one shows
		// in the list, but for a comment.
		if before != nil && before.Updated.Equal(now.Updated) && before.Status == now.Status && before.UserID == now.UserID && before.Urgent == now.Urgent {
			continue
		}
		switch {
		case first && before == nil:
			seen[t.ID] = now
		case first || n.readsAll() || t.Invoiced() || before != nil && isInvoiced(before.Status):
			hints = append(hints, t.ID)
		default:
			if before != nil {
				now.Seq, now.Thread, now.Reply, now.Billed, now.Invoice = before.Seq+1, before.Thread, before.Reply, before.Billed, before.Invoice
			}
			seen[t.ID] = now
		}
	}
	if err := n.store.see(ctx, seen); err != nil {
		return err
	}
	err = n.store.hint(ctx, time.Now(), hints...)
	signal(n.wake)
	return err
}

// readsAll reports whether more than invoices is told, so that each change of
// a ticket may be something to tell, or to draw.
func (n *Notifier) readsAll() bool {
	for _, r := range n.Routes {
		if r.Event != Invoiced {
			return true
		}
	}
	return false
}

func isInvoiced(status string) bool { return syncro.Ticket{Status: status}.Invoiced() }
