package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// change is a kind of change that people ask for: what is typed, which
// requests it makes, and how often each of them shows in Syncro's records.
type change struct {
	name  string
	line  string // {n} is the ticket's number, {mark} words that occur once, {invoice} the number of its invoice
	steps []step
}

// step is one request of a change, by the kind that syncro.Kinds lists.
type step struct {
	kind, method string
	path         string // {id} is the ticket's id
	there        func(s *syncrosim.Syncro, d deed) int
}

// deed is one change that somebody asks for.
type deed struct {
	change
	ticket syncrosim.Ticket // as it was before
	mark   string
	line   string
	fault  string // of Syncro's, at one of the steps; empty: none
	plant  func() // sets it up; nil where there is none
}

// The steps.
var (
	note = step{"comment.add", "POST", "/tickets/{id}/comment", func(s *syncrosim.Syncro, d deed) int {
		return count(d.now(s).Comments, func(c syncrosim.Comment) bool { return strings.Contains(c.Body, d.mark) })
	}}
	charge = step{"line.add", "POST", "/tickets/{id}/add_line_item", func(s *syncrosim.Syncro, d deed) int {
		return count(d.now(s).Lines, func(l syncrosim.Line) bool { return strings.Contains(l.Description, d.mark) })
	}}
	invoice = step{"invoice.create", "POST", "/invoices", func(s *syncrosim.Syncro, d deed) int { return len(s.Invoices(d.ticket.Number)) }}
)

// put is a step that sets something of the ticket.
func put(is func(t syncrosim.Ticket) bool) step {
	return step{"ticket.update", "PUT", "/tickets/{id}", func(s *syncrosim.Syncro, d deed) int { return one(is(d.now(s))) }}
}

func status(name string) step {
	return put(func(t syncrosim.Ticket) bool { return t.Status == name })
}

// changes is THE LIST OF CHANGES. A test sees to it that every kind of write
// is among them.
var changes = []change{
	{"note", "note {n} {mark}", []step{note}},
	{"reply", "reply {n} {mark}", []step{note}},
	{"close", "close {n} {mark}", []step{note, status("Resolved")}},
	{"status", "update {n} waiting on customer", []step{status("Waiting on Customer")}},
	{"assign", "assign {n} Priya Nair", []step{put(func(t syncrosim.Ticket) bool { return t.UserID == 4112 })}},
	{"priority", "priority {n} urgent", []step{put(func(t syncrosim.Ticket) bool { return t.Priority == "0 Urgent" })}},
	{"create", "create quayside {mark}", []step{{"ticket.create", "POST", "/tickets", func(s *syncrosim.Syncro, d deed) int {
		return count(s.Snapshot().Tickets, func(t syncrosim.Ticket) bool { return t.Subject == d.mark })
	}}}},
	{"customer", "customers create “{mark}”", []step{{"customer.create", "POST", "/customers", func(s *syncrosim.Syncro, d deed) int {
		return count(s.Snapshot().Customers, func(c syncrosim.Customer) bool { return c.Business == d.mark })
	}}}},
	{"charge", "line {n} add 30m remote {mark}", []step{charge}},
	{"change a charge", "line {n} update 1 45m", []step{{"line.update", "PUT", "/tickets/{id}/update_line_item", func(s *syncrosim.Syncro, d deed) int {
		return count(d.now(s).Lines, func(l syncrosim.Line) bool { return l.Quantity.String() == "0.75" })
	}}}},
	{"remove a charge", "line {n} remove 1", []step{{"line.remove", "POST", "/tickets/{id}/remove_line_item", func(s *syncrosim.Syncro, d deed) int {
		return 1 - len(d.now(s).Lines)
	}}}},
	{"timer", "timer {n} add 30m remote {mark}", []step{{"timer.add", "POST", "/tickets/{id}/timer_entry", func(s *syncrosim.Syncro, d deed) int {
		return count(d.now(s).Timers, func(t syncrosim.Timer) bool { return t.Notes == d.mark })
	}}}},
	{"change a timer", "timer {n} update 1 50m", []step{{"timer.update", "PUT", "/tickets/{id}/update_timer_entry", func(s *syncrosim.Syncro, d deed) int {
		return count(d.now(s).Timers, func(t syncrosim.Timer) bool { return t.End.Sub(t.Start) == 50*time.Minute })
	}}}},
	{"charge a timer", "timer {n} charge 1", []step{{"timer.charge", "POST", "/tickets/{id}/charge_timer_entry", func(s *syncrosim.Syncro, d deed) int {
		return len(d.now(s).Lines) - 1
	}}}},
	{"delete a timer", "timer {n} delete 1", []step{{"timer.delete", "POST", "/tickets/{id}/delete_timer_entry", func(s *syncrosim.Syncro, d deed) int {
		return 1 - len(d.now(s).Timers)
	}}}},
	{"invoice", "invoice {n} create", []step{invoice}},
	{"delete an invoice", "invoice {n} delete {invoice}", []step{{"invoice.delete", "DELETE", "/invoices/*", func(s *syncrosim.Syncro, d deed) int {
		return 1 - len(s.Invoices(d.ticket.Number))
	}}}},
	{"delete", "delete {n} {n}", []step{{"ticket.delete", "DELETE", "/tickets/{id}", func(s *syncrosim.Syncro, d deed) int {
		_, there := s.Ticket(d.ticket.Number)
		return one(!there)
	}}}},
	{"bill", "bill {n} 30m remote {mark}", []step{note, charge, invoice, status("Invoiced")}},
	{"bill later", "bill {n} 45m onsite --internal --no-invoice {mark}", []step{note, charge}},
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func count[E any](all []E, is func(E) bool) int {
	n := 0
	for _, e := range all {
		n += one(is(e))
	}
	return n
}

// now is the ticket as Syncro has it.
func (d deed) now(s *syncrosim.Syncro) syncrosim.Ticket {
	t, _ := s.Ticket(d.ticket.Number)
	return t
}

// there is how often each step shows.
func (d deed) there(s *syncrosim.Syncro) []int {
	n := make([]int, len(d.steps))
	for i, st := range d.steps {
		n[i] = st.there(s, d)
	}
	return n
}

// where is a step's path for the deed.
func (d deed) where(st step) string {
	return strings.ReplaceAll(st.path, "{id}", fmt.Sprint(d.ticket.ID))
}

// prepare adds what the i-th change is about to Syncro: a ticket of its own.
func prepare(s *syncrosim.Syncro, i int, c change) deed {
	d := deed{change: c, mark: fmt.Sprintf("Fix %05d", i)}
	number := int64(50_000 + 100*i) // Syncro numbers what it makes itself from the highest on
	t := syncrosim.Ticket{
		Number: number, Subject: "Scanner to e-mail fails", Status: "New", Priority: "2 Normal", CustomerID: s.Snapshot().Customers[0].ID,
		Lines: []syncrosim.Line{{
			ProductID: 26118, Name: "Labor - Onsite Business", Description: "Cabling", Quantity: decimal.NewFromInt(1), Price: decimal.NewFromInt(175), UserID: 4101,
		}},
		Timers: []syncrosim.Timer{{
			ProductID: 1190473, UserID: 4101, Notes: "Phone", Start: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC),
			Active: 30 * time.Minute, Billable: true,
		}},
	}
	s.AddTicket(t)
	d.ticket, _ = s.Ticket(number)
	billed := "9" + fmt.Sprint(number)
	if slices.ContainsFunc(c.steps, func(st step) bool { return st.kind == "invoice.delete" }) {
		s.Change(func(all *syncrosim.Data) {
			all.Invoices = append(all.Invoices, syncrosim.Invoice{Number: billed, TicketID: d.ticket.ID, CustomerID: d.ticket.CustomerID})
		})
	}
	d.line = strings.NewReplacer("{n}", fmt.Sprint(number), "{mark}", d.mark, "{invoice}", billed).Replace(c.line)
	return d
}
