package commands

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

// dayTTL is how long a reading of the open tickets serves a person's own page
// and the buttons of their list, so that looking again costs no request.
const dayTTL = time.Minute

// reading is what Syncro had to say about the open tickets, and when. It is
// one person's: whose key it was decides what is in it.
type reading struct {
	At   time.Time                  `json:"at"`
	List syncro.List[syncro.Ticket] `json:"list"`
}

// readings keeps the last one of each technician.
type readings struct{ rdb redis.UniversalClient }

func readingKey(technician string) string { return "syncrobot:day:" + technician }

// Forget drops what was read for a technician, whose ticket has changed since.
func (b *Bot) Forget(ctx context.Context, technician string) {
	if err := b.readings.rdb.Del(ctx, readingKey(technician)).Err(); err != nil {
		b.Log.Warn("an old reading could not be dropped; it is used for a minute at most", "error", err)
	}
}

// openTickets is the open tickets: as they were a moment ago, or, where they
// are to be fresh, as they are now. It costs one request for fifty tickets, and
// where there are more than four pages one for the person's own.
func (c *Call) openTickets(ctx context.Context, fresh bool) (reading, error) {
	key := readingKey(c.Who.Name)
	if !fresh {
		var r reading
		if record, err := c.readings.rdb.Get(ctx, key).Bytes(); err == nil && json.Unmarshal(record, &r) == nil {
			return r, nil
		}
	}
	list, err := c.Reader.OpenTickets(ctx)
	if err == nil && list.More && !c.Who.Shared { // theirs must be among them
		var own syncro.List[syncro.Ticket]
		own, err = c.Reader.SearchTickets(ctx, syncro.TicketSearch{Open: true, UserID: c.Who.UserID})
		for _, t := range own.Items {
			if !slices.ContainsFunc(list.Items, func(known syncro.Ticket) bool { return known.ID == t.ID }) {
				list.Items = append(list.Items, t)
			}
		}
	}
	if err != nil {
		return reading{}, err
	}
	r := reading{At: c.Now, List: list}
	record, err := json.Marshal(r)
	if err == nil {
		err = c.readings.rdb.Set(ctx, key, record, dayTTL).Err()
	}
	if err != nil {
		return reading{}, &confirm.StoreError{Err: fmt.Errorf("keep what was read: %w", err)}
	}
	return r, nil
}

// group is tickets under one heading.
type group struct {
	name    string
	whose   string // mine, unassigned or others
	tickets []syncro.Ticket
}

// groups sorts open tickets by what they ask of the person, each under the
// first heading that fits.
func (c *Call) groups(tickets []syncro.Ticket) []group {
	var all []group
	for _, g := range []struct {
		name, whose string
		belongs     func(t syncro.Ticket) bool
	}{
		{"Yours, due today or overdue", "mine", func(t syncro.Ticket) bool { return c.mine(t) && c.due(t) }},
		{"Yours, the customer waits for you", "mine", func(t syncro.Ticket) bool { return c.mine(t) && t.Replied }},
		{"Yours", "mine", c.mine},
		{"Unassigned", "unassigned", unassigned},
		{"Others'", "others", func(syncro.Ticket) bool { return true }},
	} {
		var in []syncro.Ticket
		in, tickets = split(tickets, g.belongs)
		if len(in) > 0 {
			all = append(all, group{g.name, g.whose, latestFirst(in)})
		}
	}
	return all
}

// mine is about whose key is their own: the shared key's owner is somebody else.
func (c *Call) mine(t syncro.Ticket) bool { return !c.Who.Shared && t.UserID == c.Who.UserID }

func unassigned(t syncro.Ticket) bool { return t.UserID == 0 }

// due reports whether a ticket is to be done today, or was.
func (c *Call) due(t syncro.Ticket) bool {
	tomorrow := time.Date(c.Now.Year(), c.Now.Month(), c.Now.Day()+1, 0, 0, 0, 0, c.zone())
	return !t.Due.IsZero() && t.Due.Before(tomorrow)
}

func (c *Call) overdue(t syncro.Ticket) bool { return !t.Due.IsZero() && t.Due.Before(c.Now) }

// zone is where the person works.
func (c *Call) zone() *time.Location { return c.Now.Location() }

func zoneOf(configured *time.Location) *time.Location {
	return cmp.Or(configured, time.Local)
}

// waiting is what a day begins with, and asks Redis alone: the timers, and the
// operations that wait for the person.
func (c *Call) waiting(ctx context.Context) (timers measures, ops []chat.Card, err error) {
	if timers, err = c.timers.get(ctx, c.Who.Name); err != nil {
		return nil, nil, err
	}
	ops, err = c.Pending(ctx)
	return timers, ops, err
}

// timerRows is a technician's timers with a button for each.
func (c *Call) timerRows(out *Result, timers measures) []chat.Part {
	if len(timers) == 0 {
		return nil
	}
	var rows []row
	for _, m := range timers {
		act := Choice{"Settle", fmt.Sprintf("stop %d", m.Ticket)}
		if m.runs() {
			act.Label = "Stop"
		}
		rows = append(rows, row{[]string{c.timerLine(m)}, act})
	}
	return []chat.Part{out.rows([]string{"Timer"}, rows...)}
}

// timerLine says how a timer stands.
func (c *Call) timerLine(m measured) string {
	how := "▶ Timer running"
	if !m.runs() {
		how = "■ Timer stopped, not billed yet"
	}
	return fmt.Sprintf("%s: %s on #%d %s", how, clockLength(m.minutes(c.Now)), m.Ticket, clip(oneLine(m.Subject), 60))
}

// split parts tickets by a question, keeping their order.
func split(tickets []syncro.Ticket, belongs func(syncro.Ticket) bool) (yes, no []syncro.Ticket) {
	for _, t := range tickets {
		if belongs(t) {
			yes = append(yes, t)
		} else {
			no = append(no, t)
		}
	}
	return yes, no
}

// Home is a person's own page: what waits for them, the timer, and their
// tickets, each with a button. It costs one request a minute at most.
func (b *Bot) Home(ctx context.Context, req chat.Request) []chat.Card {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if !b.served(req.User) {
		return []chat.Card{b.Greet(ctx, req)}
	}
	call, err := b.call(ctx, req.User)
	if err == nil {
		var page Result
		if page, err = call.home(ctx); err == nil {
			page = b.present(ctx, req.User, "", page, nil)
			return page.Cards
		}
	}
	if lacksKey(err) {
		return []chat.Card{b.Greet(ctx, req)}
	}
	b.Log.Warn("a person's page could not be made", "user", req.User.Key(), "error", err)
	failed := errorCard(err, "")
	failed.Buttons = []chat.Button{{Label: "Try again", Verb: chat.VerbHome}}
	return []chat.Card{failed}
}

// homeTTL is how long the buttons of a page work that stays on the screen.
const homeTTL = 12 * time.Hour

// homeRows is how many tickets a page shows: what is read without scrolling.
const homeRows = 15

func (c *Call) home(ctx context.Context) (Result, error) {
	timers, ops, err := c.waiting(ctx)
	if err != nil {
		return Result{}, err
	}
	r, err := c.openTickets(ctx, false)
	if err != nil {
		return Result{}, err
	}
	out := Result{keep: homeTTL}
	day := chat.Card{Title: fmt.Sprintf("%s · as of %s", c.Who.FullName, c.clock(r.At))}
	if c.Who.Shared {
		day.Title = c.Who.Name + strings.TrimPrefix(day.Title, c.Who.FullName)
	}
	day.Parts = append(day.Parts, c.timerRows(&out, timers)...)
	if len(ops) > 0 {
		day.Parts = append(day.Parts, chat.Fields{{Name: "Waiting for you", Value: strconv.Itoa(len(ops))}})
		var rows []row
		for _, op := range ops[:min(len(ops), 5)] {
			rows = append(rows, row{[]string{op.Title}, Choice{"Show", "pending " + operationName(op)}})
		}
		day.Parts = append(day.Parts, out.rows([]string{"Operation"}, rows...))
	}
	room := homeRows
	for _, g := range c.groups(r.List.Items) {
		if room == 0 || g.whose == "others" {
			continue // theirs are a button away
		}
		shown := g.tickets[:min(len(g.tickets), room)]
		room -= len(shown)
		day.Parts = append(day.Parts, chat.Fields{{Name: g.name, Value: g.count(len(shown))}})
		var rows []row
		for _, t := range shown {
			act := Choice{"Open", fmt.Sprintf("ticket #%d", t.Number)}
			if unassigned(t) && c.Who.MayWrite && !c.Who.Shared {
				act = Choice{"Take it", fmt.Sprintf("assign #%d me %s --now", t.Number, flagOf(from, "nobody"))}
			}
			rows = append(rows, row{c.ticketRow(0, t)[1:], act})
		}
		day.Parts = append(day.Parts, out.rows(ticketHeader[1:], rows...))
	}
	if room == homeRows {
		day.Parts = append(day.Parts, chat.Text("No open ticket is yours or unassigned."))
	}
	day.Buttons = []chat.Button{{Label: "Refresh", Verb: chat.VerbHome}}
	out.Cards = []chat.Card{day}
	out.Choices = []Choice{{"All open tickets", "open all"}, {"Search", "search"}}
	if c.Who.MayWrite {
		out.Choices = append(out.Choices, Choice{"New ticket", "create"})
	}
	return out, nil
}

// row is a line with a button at its end.
type row struct {
	cells []string
	act   Choice
}

// rows is a table with a button beside each row, which present fills in.
func (r *Result) rows(header []string, rows ...row) chat.Table {
	t := chat.Table{Header: header}
	for _, row := range rows {
		t.Rows = append(t.Rows, row.cells)
		t.Acts = append(t.Acts, chat.Button{Label: row.act.Label})
		r.beside = append(r.beside, row.act)
	}
	return t
}

// count is how many tickets a group has, and how many of them are shown.
func (g group) count(shown int) string {
	if shown < len(g.tickets) {
		return fmt.Sprintf("%d, the first %d", len(g.tickets), shown)
	}
	return strconv.Itoa(shown)
}

// clock is a time of day where the person works.
func (c *Call) clock(t time.Time) string { return t.In(c.zone()).Format("15:04") }

// operationName is the short name of the operation that a card is about.
func operationName(card chat.Card) string {
	return card.Note[strings.LastIndex(card.Note, " ")+1:]
}
