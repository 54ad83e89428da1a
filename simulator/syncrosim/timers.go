package syncrosim

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

const timersPerPage = 100

// timerObject is a timer: asked for with start_at and end_at, it answers with
// start_time and end_time.
func timerObject(t *Ticket, e *Timer) object {
	var seconds any
	if !e.End.IsZero() {
		seconds = int64(e.Active / time.Second)
	}
	return object{
		"id": e.ID, "ticket_id": t.ID, "user_id": ref(e.UserID), "start_time": t.TimeForm.stamp(e.Start), "end_time": t.TimeForm.stamp(e.End),
		"recorded": e.Recorded, "created_at": t.TimeForm.stamp(e.Created), "updated_at": t.TimeForm.stamp(e.Updated), "billable": e.Billable,
		"notes": text(e.Notes), "toggl_id": nil, "product_id": ref(e.ProductID), "comment_id": nil, "ticket_line_item_id": ref(e.LineID),
		"active_duration": seconds, "billable_time": seconds, "billable_override": nil,
	}
}

// addTimer answers POST timer_entry, flat. A billable in the body counts for
// nothing: it is not documented there. Without an end or minutes it runs on.
func addTimer(c *call) answer {
	t := c.ticket()
	if t == nil {
		return gone()
	}
	if c.blank("start_at") {
		return invalid(object{"error": "no implicit conversion of nil into String"})
	}
	at, err := c.times("start_at", "end_at")
	if err != nil {
		return badTime()
	}
	now := c.s.now()
	e := Timer{
		UserID: c.token.UserID, ProductID: c.s.data.Settings.DefaultLaborID, Start: at["start_at"], End: at["end_at"],
		Billable: true, Created: now, Updated: now,
	}
	if e.End.IsZero() && c.num("duration_minutes") > 0 {
		e.End = e.Start.Add(time.Duration(c.num("duration_minutes")) * time.Minute)
	}
	if !e.End.IsZero() {
		e.Active = e.End.Sub(e.Start)
	}
	if a, good := c.fillTimer(&e); !good {
		return a
	}
	e.ID = c.s.newID()
	t.Timers = append(t.Timers, e)
	t.touch(now)
	return ok(timerObject(t, &e))
}

func (c *call) fillTimer(e *Timer) (answer, bool) {
	if c.has("notes") {
		e.Notes = c.str("notes")
	}
	if c.given("user_id") {
		e.UserID = c.num("user_id")
		if c.s.data.user(e.UserID) == nil {
			return refusal("User must exist"), false
		}
	}
	if c.given("product_id") {
		e.ProductID = c.num("product_id")
		if c.s.data.product(e.ProductID) == nil {
			return refusal("Product must exist"), false
		}
	}
	return answer{}, true
}

// ticketTimer is the ticket and the timer that a call names, or nil.
func (c *call) ticketTimer() (*Ticket, *Timer) {
	t := c.ticket()
	if t == nil {
		return nil, nil
	}
	return t, t.timer(c.num("timer_entry_id"))
}

// updateTimer answers PUT update_timer_entry. As people saw live,
// duration_minutes moves neither the end nor active_duration; start_time and
// end_time do.
func updateTimer(c *call) answer {
	t, e := c.ticketTimer()
	if e == nil {
		return gone()
	}
	at, err := c.times("start_at", "start_time", "end_time")
	if err != nil {
		return badTime()
	}
	changed := *e
	if a, good := c.fillTimer(&changed); !good {
		return a
	}
	for _, start := range []time.Time{at["start_at"], at["start_time"]} {
		if !start.IsZero() {
			changed.Start = start
		}
	}
	if end := at["end_time"]; !end.IsZero() {
		changed.End = end
		changed.Active = end.Sub(changed.Start)
	}
	changed.Updated = c.s.now()
	*e = changed
	t.touch(changed.Updated)
	return ok(timerObject(t, e))
}

// chargeTimer answers POST charge_timer_entry: a line each time it is called.
// As in the documentation's example the answer does not name the line.
func chargeTimer(c *call) answer {
	t, e := c.ticketTimer()
	if e == nil {
		return gone()
	}
	now := c.s.now()
	if e.End.IsZero() {
		e.End = now
		e.Active = e.End.Sub(e.Start)
	}
	line := Line{
		ID: c.s.newID(), UserID: e.UserID, ProductID: e.ProductID, Name: "Labor", Description: e.Notes, Position: len(t.Lines) + 1,
		Quantity: decimal.NewFromFloat(e.Active.Hours()).Round(2), Taxable: true, Created: now, Updated: now,
	}
	if p := c.s.data.product(e.ProductID); p != nil {
		line.Name, line.Price, line.Cost, line.Taxable = p.Name, p.Price, p.Cost, p.Taxable
		line.Description = cmp.Or(line.Description, p.Description)
	}
	t.Lines = append(t.Lines, line)
	e.Recorded, e.LineID, e.Updated = true, line.ID, now
	t.touch(now)
	out := timerObject(t, e)
	out["ticket_line_item_id"] = nil
	return ok(out)
}

func deleteTimer(c *call) answer {
	t, e := c.ticketTimer()
	if e == nil {
		return gone()
	}
	id := e.ID
	t.Timers = slices.DeleteFunc(t.Timers, func(e Timer) bool { return e.ID == id })
	t.touch(c.s.now())
	return ok(object{"success": true})
}

// listTimers answers GET /ticket_timers: those of the whole account, whatever
// ticket_id says.
func listTimers(c *call) answer {
	at, err := c.times("created_at_lt", "created_at_gt")
	if err != nil {
		return badTime()
	}
	rows := []object{}
	for i := range c.s.data.Tickets {
		t := &c.s.data.Tickets[i]
		for j := range t.Timers {
			e := &t.Timers[j]
			if before := at["created_at_lt"]; e.Created.After(at["created_at_gt"]) && (before.IsZero() || e.Created.Before(before)) {
				rows = append(rows, timerObject(t, e))
			}
		}
	}
	part, meta := page(c, rows, timersPerPage)
	return ok(object{"ticket_timers": part, "meta": meta})
}

// setBillable answers PATCH /ticket_timers/{id}?billable=.
func setBillable(c *call) answer {
	if v := c.str("billable"); v != "true" && v != "false" {
		return invalid(object{"errors": []string{"billable must be true or false"}})
	}
	for i := range c.s.data.Tickets {
		t := &c.s.data.Tickets[i]
		if e := t.timer(c.id()); e != nil {
			e.Billable, e.Updated = c.flag("billable"), c.s.now()
			t.touch(e.Updated)
			return ok(timerObject(t, e))
		}
	}
	return gone()
}
