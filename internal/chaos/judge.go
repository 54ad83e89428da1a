package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// report is what was found.
type report struct {
	plan       plan
	took       time.Duration
	endings    map[ending]int
	struck     int
	faults     int
	parked     int
	pending    int
	behind     int
	confirmed  int
	told       int // cards that say that a ticket was invoiced
	violations []string
}

// judge compares Syncro's records with what the cards say.
func (w *world) judge(outcomes []outcome) *report {
	r := &report{plan: w.plan, took: time.Since(w.begun), endings: map[ending]int{}}
	for _, n := range w.struck {
		r.struck += n
	}
	for _, o := range outcomes {
		r.endings[o.ending]++
		r.faults += one(o.fault != "")
		r.parked += o.parked
		r.pending += one(o.pending)
		r.confirmed += one(o.confirmed)
		for _, what := range w.wrong(o) {
			r.violations = append(r.violations, fmt.Sprintf("%s (%s, %q, fault %q, by %s, ended as %q)\n    the card: %s\n    %s",
				what, o.name, o.line, o.fault, o.person, o.ending, o.card, strings.Join(o.events, "\n    ")))
		}
	}
	return r
}

// wrong is what of an outcome is against the promise.
func (w *world) wrong(o outcome) []string {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	there := o.there(w.Syncro)
	for i, n := range there {
		if n > 1 {
			say("step %d is there %d times", i+1, n)
		}
	}
	for request, n := range w.writes {
		// Syncro's 429 refuses, so the bot may send again by itself. One that
		// was meant for another may hit this one, where they share a path.
		if allowed := max(o.sends, 1) + one(o.fault == "429" || w.shared(o)); w.about(request, o) && n > allowed {
			say("sent %d times, of which the person asked for %d: %.120s", n, o.sends, request)
		}
	}
	switch o.ending {
	case done, onWord:
		for i, n := range there {
			if n != 1 {
				say("the card says done, and step %d is there %d times", i+1, n)
			}
		}
	case stopped, lost, noEnd:
		claimed := stepsDone(o.card)
		if claimed < 0 {
			claimed = len(there)
		}
		for i, n := range there {
			switch {
			case i < claimed && n != 1:
				say("the card says that step %d was done, and it is there %d times", i+1, n)
			case i == claimed && n != 0 && !strings.Contains(o.card, "without a clear answer") && !strings.Contains(o.card, "Syncro took step"):
				say("the card says that step %d was not sent, and it is there", i+1)
			case i > claimed && n != 0:
				say("the card says nothing of step %d, and it is there", i+1)
			}
		}
	default: // nothing was confirmed, or nothing was sent
		for i, n := range there {
			if n != 0 {
				say("the card says that nothing was sent, and step %d is there", i+1)
			}
		}
	}
	switch o.ending {
	case noEnd:
		say("it has no end that a person understands")
	case expired, lost, forgotten:
		// A fail-over may forget a click as long as nothing of it was sent; one
		// Redis with its append-only file forgets nothing.
		sent := slices.ContainsFunc(there, func(n int) bool { return n > 0 })
		if o.confirmed && (sent || w.mode == "single") {
			say("what was confirmed is forgotten")
		}
	}
	return wrong
}

// shared reports whether a step of the deed has a path that is not its own.
func (w *world) shared(o outcome) bool {
	return slices.ContainsFunc(o.steps, func(st step) bool { return !strings.Contains(st.path, "{id}") })
}

// about reports whether a request that reached Syncro was for the deed.
func (w *world) about(request string, o outcome) bool {
	method, rest, _ := strings.Cut(request, " ")
	path, body, _ := strings.Cut(rest, " ")
	for _, st := range o.steps {
		if st.method != method {
			continue
		}
		switch st.kind {
		case "ticket.create", "customer.create":
			if path == st.path && strings.Contains(body, `"`+o.mark+`"`) {
				return true
			}
		case "invoice.create":
			if path == st.path && strings.Contains(body, fmt.Sprintf(`"ticket_id":%d`, o.ticket.ID)) {
				return true
			}
		case "invoice.delete": // its id is nobody else's, and the record tells
		default:
			if path == o.where(st) {
				return true
			}
		}
	}
	return false
}

// String is the one line of figures.
func (r *report) String() string {
	var ends []string
	for _, e := range slices.Sorted(maps.Keys(r.endings)) {
		ends = append(ends, fmt.Sprintf("%d %s", r.endings[e], e))
	}
	return fmt.Sprintf("mode=%s seed=%d: %d changes (%d confirmed, %d with a fault of Syncro's) in %s; broken %d times; %s; %d asked a person, %d found by \"pending\", %d cards left at \"Sending\"; %d cards of invoiced tickets; %d violations",
		r.plan.mode, r.plan.seed, r.plan.changes, r.confirmed, r.faults, r.took.Round(time.Second), r.struck, strings.Join(ends, ", "),
		r.parked, r.pending, r.behind, r.told, len(r.violations))
}
