package syncro

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// A timer is asked for with start_at and end_at, and comes back with
// start_time and end_time and without a wrapper. Its times are compared to
// the second.

// AddTimer adds time spent to a ticket.
type AddTimer struct {
	TicketID  int64     `json:"ticket_id"`
	Start     time.Time `json:"start"`
	End       time.Time `json:"end"`
	Notes     string    `json:"notes"`
	ProductID int64     `json:"product_id"`      // of the labor; without one Syncro takes the account's default
	UserID    int64     `json:"user_id"`         // who worked; without one Syncro takes the key's owner
	Labor     string    `json:"labor,omitempty"` // for the card alone: the product's name
	When      string    `json:"when,omitempty"`  // for the card alone: the time in the person's own zone
}

// Kind is "timer.add".
func (AddTimer) Kind() string { return "timer.add" }

// Line says how long it was, and when.
func (w AddTimer) Line() Line {
	return Line{Text: "Timer: " + span(w.Start, w.End, w.When) + labor(w.Labor), Quoted: w.Notes}
}

// Request is POST /tickets/{id}/timer_entry.
func (w AddTimer) Request() Request {
	return Request{Method: "POST", Path: TicketPath(w.TicketID) + "/timer_entry", Body: struct {
		Start     string `json:"start_at"`
		End       string `json:"end_at"`
		Notes     string `json:"notes"`
		ProductID int64  `json:"product_id"`
		UserID    int64  `json:"user_id"`
	}{stamp(w.Start), stamp(w.End), w.Notes, w.ProductID, w.UserID}}
}

// Evidence is the ticket with its timers. Whose a timer is stands in it, so
// the author does not matter.
func (w AddTimer) Evidence(Author) Evidence {
	return Evidence{Path: TicketPath(w.TicketID), Effect: Adds, Read: func(body []byte) (Sight, error) {
		timers, err := timersOf(body, w.TicketID)
		if err != nil {
			return Sight{}, err
		}
		return sight(timers, func(t timerJSON) (integer, likeness) { return t.ID, w.compare(t) })
	}}
}

// Made checks the timer: with the times that were sent.
func (w AddTimer) Made(body []byte) (int64, error) {
	t, err := decodeOne[timerJSON](body, "ticket_timer")
	switch {
	case err != nil:
		return 0, err
	case t.ID <= 0:
		return 0, fmt.Errorf("%w: the timer has no id", errShape)
	case !t.spans(w.Start, w.End):
		return 0, otherwise(t.ID, "timer %d came back with other times", t.ID)
	case t.ProductID != 0 && int64(t.ProductID) != w.ProductID:
		return 0, otherwise(t.ID, "timer %d came back with product %d", t.ID, t.ProductID)
	case t.UserID != 0 && int64(t.UserID) != w.UserID:
		return 0, otherwise(t.ID, "timer %d came back as user %d's", t.ID, t.UserID)
	}
	return int64(t.ID), nil
}

func (w AddTimer) valid() error {
	if w.TicketID <= 0 {
		return errors.New("a timer needs a ticket")
	}
	return checkTimer(w.Start, w.End, w.ProductID, w.UserID)
}

// compare tells whether t is what w adds. Another person's timer is never
// ours and never near; the same time with other notes or labor is near, and
// so are the same notes with one end moved.
func (w AddTimer) compare(t timerJSON) likeness {
	if t.UserID != 0 && int64(t.UserID) != w.UserID {
		return other
	}
	start, end := sameSecond(t.Start.Time, w.Start), sameSecond(t.End.Time, w.End)
	notes := sameWords(w.Notes, string(t.Notes))
	switch {
	case start && end && notes && int64(t.ProductID) == w.ProductID && t.UserID != 0:
		return ours
	case start && end, notes && (start || end):
		return near
	}
	return other
}

// UpdateTimer makes a timer what it says: everything is sent.
type UpdateTimer struct {
	TicketID  int64     `json:"ticket_id"`
	TimerID   int64     `json:"timer_id"`
	Start     time.Time `json:"start"`
	End       time.Time `json:"end"`
	Notes     string    `json:"notes"`
	ProductID int64     `json:"product_id"`
	UserID    int64     `json:"user_id"`
	Labor     string    `json:"labor,omitempty"` // for the card alone: the product's name
	When      string    `json:"when,omitempty"`  // for the card alone: the time in the person's own zone
	From      string    `json:"from,omitempty"`  // for the card alone: the timer before, in words
}

// Kind is "timer.update".
func (UpdateTimer) Kind() string { return "timer.update" }

// Line says what it was and what it will be.
func (w UpdateTimer) Line() Line {
	return Line{
		Text:   "Timer " + cmp.Or(w.From, fmt.Sprint(w.TimerID)) + " → " + span(w.Start, w.End, w.When) + labor(w.Labor),
		Quoted: w.Notes,
	}
}

// Request is PUT /tickets/{id}/update_timer_entry. The OpenAPI document has
// start_at and duration_minutes here. On a live account duration_minutes moved
// neither the end nor what is charged; start_time and end_time, as the answer
// names them, are what others send.
func (w UpdateTimer) Request() Request {
	return Request{Method: "PUT", Path: TicketPath(w.TicketID) + "/update_timer_entry", Body: struct {
		TimerID   int64  `json:"timer_entry_id"`
		Start     string `json:"start_time"`
		End       string `json:"end_time"`
		Notes     string `json:"notes"`
		ProductID int64  `json:"product_id"`
		UserID    int64  `json:"user_id"`
	}{w.TimerID, stamp(w.Start), stamp(w.End), w.Notes, w.ProductID, w.UserID}}
}

// Evidence is the ticket with its timers. The author does not matter.
func (w UpdateTimer) Evidence(Author) Evidence { return timerIs(w.TicketID, w.TimerID, w.isSet) }

// Made checks the timer: the same, with what was sent.
func (w UpdateTimer) Made(body []byte) (int64, error) {
	t, err := decodeOne[timerJSON](body, "ticket_timer")
	switch {
	case err != nil:
		return 0, err
	case int64(t.ID) != w.TimerID:
		return 0, fmt.Errorf("%w: it is timer %d", errShape, t.ID)
	case !w.isSet(t):
		return 0, errors.New("the timer came back without the change")
	}
	return w.TimerID, nil
}

func (w UpdateTimer) isSet(t timerJSON) bool {
	return t.spans(w.Start, w.End) && sameWords(w.Notes, string(t.Notes)) &&
		int64(t.ProductID) == w.ProductID && int64(t.UserID) == w.UserID
}

func (w UpdateTimer) valid() error {
	if w.TicketID <= 0 || w.TimerID <= 0 {
		return errors.New("a change of a timer needs a ticket and a timer")
	}
	return checkTimer(w.Start, w.End, w.ProductID, w.UserID)
}

// DeleteTimer deletes a timer. What it was charged as stays.
type DeleteTimer struct {
	TicketID int64  `json:"ticket_id"`
	TimerID  int64  `json:"timer_id"`
	What     string `json:"what,omitempty"` // for the card alone: the timer in words
}

// Kind is "timer.delete".
func (DeleteTimer) Kind() string { return "timer.delete" }

// Line says what goes.
func (w DeleteTimer) Line() Line {
	return Line{Text: "Delete timer: " + cmp.Or(w.What, fmt.Sprint(w.TimerID))}
}

// Request is POST /tickets/{id}/delete_timer_entry.
func (w DeleteTimer) Request() Request {
	return Request{Method: "POST", Path: TicketPath(w.TicketID) + "/delete_timer_entry", Body: struct {
		TimerID int64 `json:"timer_entry_id"`
	}{w.TimerID}}
}

// Evidence is the ticket with its timers. The author does not matter.
func (w DeleteTimer) Evidence(Author) Evidence {
	return Evidence{Path: TicketPath(w.TicketID), Effect: Removes, Read: func(body []byte) (Sight, error) {
		timers, err := timersOf(body, w.TicketID)
		if err != nil {
			return Sight{}, err
		}
		return left(timers, w.TimerID, func(t timerJSON) integer { return t.ID })
	}}
}

// Made checks {"success":true}. The id is the timer's.
func (w DeleteTimer) Made(body []byte) (int64, error) { return w.TimerID, succeeded(body) }

func (w DeleteTimer) valid() error {
	if w.TicketID <= 0 || w.TimerID <= 0 {
		return errors.New("deleting a timer needs a ticket and a timer")
	}
	return nil
}

// ChargeTimer makes a line of a timer. A second time would make a second one.
type ChargeTimer struct {
	TicketID int64  `json:"ticket_id"`
	TimerID  int64  `json:"timer_id,omitempty"`
	OfStep   bool   `json:"of_step,omitempty"` // instead of TimerID: the timer that the step directly before makes
	What     string `json:"what,omitempty"`    // for the card alone: the line that it will be, in words
}

// Kind is "timer.charge".
func (ChargeTimer) Kind() string { return "timer.charge" }

// Line says what is charged.
func (w ChargeTimer) Line() Line {
	timer := "the timer"
	if w.TimerID != 0 {
		timer = fmt.Sprintf("timer %d", w.TimerID)
	}
	return Line{Text: "Charge: " + cmp.Or(w.What, timer)}
}

// Request is POST /tickets/{id}/charge_timer_entry.
func (w ChargeTimer) Request() Request {
	return Request{Method: "POST", Path: TicketPath(w.TicketID) + "/charge_timer_entry", Body: struct {
		TimerID int64 `json:"timer_entry_id"`
	}{w.TimerID}}
}

// Bind fills in the timer of the step before.
func (w ChargeTimer) Bind(made []int64) Write {
	if w.OfStep && len(made) > 0 {
		w.TimerID = made[len(made)-1]
	}
	return w
}

func (w ChargeTimer) unbound() bool { return w.TimerID <= 0 }

// Evidence is the ticket with its timers: charged, or with a line. The author
// does not matter.
func (w ChargeTimer) Evidence(Author) Evidence {
	return timerIs(w.TicketID, w.TimerID, func(t timerJSON) bool { return bool(t.Recorded) || t.LineItemID > 0 })
}

// Made checks the timer: the same, and charged. The id is the timer's: the
// answer does not name the line.
func (w ChargeTimer) Made(body []byte) (int64, error) {
	t, err := decodeOne[timerJSON](body, "ticket_timer")
	switch {
	case err != nil:
		return 0, err
	case t.ID <= 0 || int64(t.ID) != w.TimerID:
		return 0, fmt.Errorf("%w: it is timer %d", errShape, t.ID)
	case !bool(t.Recorded):
		return 0, fmt.Errorf("timer %d came back not charged", t.ID)
	}
	return w.TimerID, nil
}

func (w ChargeTimer) valid() error {
	if w.TicketID <= 0 || w.TimerID <= 0 && !w.OfStep {
		return errors.New("charging a timer needs a ticket, and a timer or the step that makes it")
	}
	return nil
}

// timerIs is the evidence that a timer is as it should be.
func timerIs(ticketID, timerID int64, is func(timerJSON) bool) Evidence {
	return Evidence{Path: TicketPath(ticketID), Effect: Sets, Read: func(body []byte) (Sight, error) {
		timers, err := timersOf(body, ticketID)
		if err != nil {
			return Sight{}, err
		}
		for _, t := range timers {
			if timerID > 0 && int64(t.ID) == timerID {
				return Sight{IsSet: is(t)}, nil
			}
		}
		return Sight{Why: "the timer is not there"}, nil
	}}
}

func timersOf(body []byte, ticketID int64) ([]timerJSON, error) {
	return listOf[timerJSON](body, ticketID, "ticket_timers")
}

// spans reports whether t began and ended then.
func (t timerJSON) spans(start, end time.Time) bool {
	return sameSecond(t.Start.Time, start) && sameSecond(t.End.Time, end)
}

func sameSecond(a, b time.Time) bool {
	return a.Truncate(time.Second).Equal(b.Truncate(time.Second))
}

// stamp is a time as it is sent: in UTC, to the second.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func checkTimer(start, end time.Time, productID, userID int64) error {
	switch {
	case productID <= 0 || userID <= 0:
		return errors.New("a timer needs a product and a technician")
	case start.IsZero() || !end.Truncate(time.Second).After(start.Truncate(time.Second)):
		return errors.New("a timer needs a beginning, and an end after it")
	}
	return nil
}

// span is "0:30 h, 09:18 to 09:48" in words of when, or else in UTC.
func span(start, end time.Time, when string) string {
	if when == "" {
		when = start.UTC().Format("2006-01-02 15:04") + " to " + end.UTC().Format("2006-01-02 15:04") + " UTC"
	}
	minutes := int(end.Truncate(time.Second).Sub(start.Truncate(time.Second)) / time.Minute)
	return fmt.Sprintf("%d:%02d h, %s", minutes/60, minutes%60, when)
}

func labor(name string) string {
	if name == "" {
		return ""
	}
	return " · " + name
}
