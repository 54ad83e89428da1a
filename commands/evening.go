package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/identity"
	"github.com/syncrobot/syncrobot/syncro"
)

// Evening is what the bot tells technicians by itself, in private. The zero
// Evening tells nothing.
type Evening struct {
	On    bool          // the message at the end of a day
	At    time.Duration // after midnight, where the technician works
	Days  [7]bool       // by time.Weekday
	Nudge time.Duration // how long a timer runs before its owner is asked about it; 0: never
}

const (
	eveningTick  = 20 * time.Second // how often is looked whether it is time
	eveningLease = 10 * time.Minute // how long a process that died with a message half made is waited for
	eveningKept  = 48 * time.Hour   // how long it is known that a day's message was sent
	eveningKeep  = 16 * time.Hour   // how long the message's buttons work: until the next morning
	eveningMost  = 15               // tickets that are looked at one by one
)

// Evenings tells technicians, until ctx ends, what is left at the end of their
// day, and of timers that run for long. Every replica runs it: a message is
// claimed in Redis before it is made, and marked as sent before it is.
func (b *Bot) Evenings(ctx context.Context) {
	if !b.Evening.On && b.Evening.Nudge == 0 {
		return
	}
	tick := time.NewTicker(eveningTick)
	defer tick.Stop()
	for {
		for _, p := range b.People.Everyone() {
			if len(p.Users) > 0 {
				b.evening(ctx, p, time.Now())
				b.nudge(ctx, p, time.Now())
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// evening tells one technician, where it is time, once a day.
func (b *Bot) evening(ctx context.Context, p identity.Person, now time.Time) {
	if p.Zone != nil {
		now = now.In(p.Zone)
	}
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	if !b.Evening.On || !b.Evening.Days[now.Weekday()] || clockOf(now) < b.Evening.At {
		return
	}
	b.once(ctx, "syncrobot:evening:"+p.Name+":"+now.Format(time.DateOnly), p, func(ctx context.Context, c *Call) (Result, error) {
		return c.leftover(ctx, midnight)
	})
}

// clockOf is how far the clock on the wall has come, whatever the day's length.
func clockOf(t time.Time) time.Duration {
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

// nudge asks once about a timer that runs for long.
func (b *Bot) nudge(ctx context.Context, p identity.Person, now time.Time) {
	if b.Evening.Nudge == 0 {
		return
	}
	all, err := b.timers.get(ctx, p.Name)
	r := all.running()
	if err != nil || r == nil || now.Sub(r.since()) < b.Evening.Nudge {
		return
	}
	b.once(ctx, fmt.Sprintf("syncrobot:nudge:%s:%d", p.Name, r.since().Unix()), p, func(_ context.Context, c *Call) (Result, error) {
		return card(chat.Card{
			Title: fmt.Sprintf("Still working on #%d?", r.Ticket), Tone: chat.Ask,
			Parts: []chat.Part{chat.Text(clip(oneLine(r.Subject), 90)),
				chat.Text(fmt.Sprintf("Your timer runs since %s: %s. It goes on until you stop it. Nothing is in Syncro before you bill or save it.", c.clock(r.since()), clockLength(r.minutes(c.Now))))},
		}, Choice{"Stop", fmt.Sprintf("stop %d", r.Ticket)}, Choice{"Discard", fmt.Sprintf("stop %d --discard", r.Ticket)}), nil
	})
}

// once makes a message and sends it to a technician, at most once for a key,
// whoever else tries. What could not be made is tried again later; whether
// what was sent arrived is not, because no platform tells.
func (b *Bot) once(ctx context.Context, key string, p identity.Person, say func(context.Context, *Call) (Result, error)) {
	first, err := b.Redis.SetNX(ctx, key, "being made", eveningLease).Result()
	if err != nil || !first {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	user := userOf(p.Users[0])
	call, err := b.call(ctx, user)
	if err != nil {
		b.Log.Warn("nothing can be told to a technician", "technician", p.Name, "error", err)
		return
	}
	call.Reader = b.Syncro.Reader(call.Who.Key, syncro.ClassPolling).Once()
	result, err := say(ctx, call)
	if err != nil {
		b.Log.Warn("a message to a technician could not be made; it is tried again", "technician", p.Name, "error", err)
		return
	}
	if err := b.Redis.Set(ctx, key, "sent", eveningKept).Err(); err != nil || len(result.Cards) == 0 {
		return
	}
	for _, name := range p.Users {
		user = userOf(name)
		shown := b.present(ctx, user, "", result, nil)
		_, err = b.Post(ctx, chat.Place{Platform: user.Platform, Person: &user}, shown.Cards[0])
		if !notShown(err) {
			break
		}
	}
	if later, ok := errors.AsType[*chat.LaterError](err); ok {
		b.Redis.Set(ctx, key, "later", max(time.Second, min(time.Until(later.Until), eveningLease)))
	}
	if err != nil {
		b.Log.Warn("a message to a technician is not shown", "technician", p.Name, "error", err)
	}
}

// notShown reports whether a post surely did not reach anybody.
func notShown(err error) bool {
	_, later := errors.AsType[*chat.LaterError](err)
	_, never := errors.AsType[*chat.UnreachableError](err)
	return later || never
}

// userOf is the chat user that a key names.
func userOf(key string) chat.User {
	platform, rest, _ := strings.Cut(key, "/")
	tenant, id, _ := strings.Cut(rest, "/")
	return chat.User{Platform: platform, Tenant: tenant, ID: id}
}

// leftover is what a day leaves behind: nothing where all is done. It costs a
// request for fifty tickets of the account that changed today, one for each of
// theirs, and one for each that says Invoiced.
func (c *Call) leftover(ctx context.Context, midnight time.Time) (Result, error) {
	timers, ops, err := c.waiting(ctx)
	if err != nil {
		return Result{}, err
	}
	out := Result{keep: eveningKeep, aside: true}
	day := chat.Card{Title: "Before you go · " + c.Now.Format("Mon 2 Jan")}
	day.Parts = append(day.Parts, c.timerRows(&out, timers)...)
	untimed, uninvoiced, more, err := c.unbilled(ctx, midnight)
	if err != nil {
		return Result{}, err
	}
	for _, group := range []struct {
		name    string
		tickets []syncro.Ticket
		act     Choice
	}{
		{"You worked on it today, and no time of yours is on it", untimed, Choice{"Bill", "bill #%d"}},
		{"Invoiced, but there is no invoice", uninvoiced, Choice{"Make invoice", "invoice #%d create"}},
	} {
		if len(group.tickets) == 0 {
			continue
		}
		var rows []row
		for _, t := range group.tickets {
			rows = append(rows, row{c.ticketRow(0, t)[1:], Choice{group.act.Label, fmt.Sprintf(group.act.Line, t.Number)}})
		}
		day.Parts = append(day.Parts, chat.Fields{{Name: group.name, Value: fmt.Sprint(len(rows))}}, out.rows(ticketHeader[1:], rows...))
	}
	if len(ops) > 0 {
		var rows []row
		for _, op := range ops[:min(len(ops), 5)] {
			rows = append(rows, row{[]string{op.Title}, Choice{"Show", "pending " + operationName(op)}})
		}
		day.Parts = append(day.Parts, chat.Fields{{Name: "Waiting for you", Value: fmt.Sprint(len(ops))}}, out.rows([]string{"Operation"}, rows...))
	}
	if len(day.Parts) == 0 {
		return Result{}, nil
	}
	if more {
		day.Parts = append(day.Parts, chat.Text(fmt.Sprintf("I looked at %d of the tickets that changed today, not at all.", eveningMost)))
	}
	day.Note = "Only you see this. Nothing was sent to Syncro."
	out.Cards = []chat.Card{day}
	return out, nil
}

// unbilled finds among the person's tickets that changed since midnight those
// that they worked on without time, and those that say Invoiced and have no
// invoice. more: there were too many to look at.
func (c *Call) unbilled(ctx context.Context, midnight time.Time) (untimed, uninvoiced []syncro.Ticket, more bool, err error) {
	if c.Who.Shared {
		return nil, nil, false, nil // whose tickets those are is not known
	}
	list, err := c.Reader.UpdatedSince(ctx, midnight, "")
	if err != nil {
		return nil, nil, false, err
	}
	looked := 0
	for _, t := range latestFirst(list.Items) {
		if !c.mine(t) || t.Updated.Before(midnight) {
			continue
		}
		if looked++; looked > eveningMost {
			return untimed, uninvoiced, true, nil
		}
		if t, err = c.Reader.Ticket(ctx, t.ID); err != nil {
			return nil, nil, false, err
		}
		if c.workedOn(t, midnight) && !c.timed(t) {
			untimed = append(untimed, t)
		}
		if strings.EqualFold(t.Status, "Invoiced") {
			invoices, err := c.Reader.TicketInvoices(ctx, t.ID)
			if err != nil {
				return nil, nil, false, err
			}
			if len(invoices) == 0 {
				uninvoiced = append(uninvoiced, t)
			}
		}
	}
	return untimed, uninvoiced, list.More, nil
}

// workedOn reports whether the person wrote on a ticket since then; opening it
// is no work.
func (c *Call) workedOn(t syncro.Ticket, since time.Time) bool {
	for _, comment := range t.Comments {
		if !comment.FromCustomer && comment.UserID == c.Who.UserID && !comment.Created.Before(since) && comment.Created.Sub(t.Created) > time.Minute {
			return true
		}
	}
	return false
}

// timed reports whether time of the person's is on a ticket, as a timer entry
// or a charge.
func (c *Call) timed(t syncro.Ticket) bool {
	for _, e := range t.Timers {
		if e.UserID == c.Who.UserID {
			return true
		}
	}
	for _, l := range t.LineItems {
		if l.UserID == c.Who.UserID {
			return true
		}
	}
	return false
}
