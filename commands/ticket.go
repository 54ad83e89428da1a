package commands

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// shownComments is how many comments a ticket's card has, as the brief asks.
const shownComments = 5

func showTicket() Command {
	return Command{
		Name: "ticket", Aliases: []string{"show", "view"}, Args: "<ticket>",
		Summary:  "One ticket with its last comments, charges and invoice",
		Examples: []string{"32164", "ticket #32164"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			if what, of, ok, err := c.line(ctx, c.Rest); ok || err != nil {
				if err != nil {
					return Result{}, err
				}
				return c.openLine(ctx, what, of)
			}
			t, rest, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			if rest != "" {
				return Result{}, usage("After the ticket I expect nothing more.")
			}
			return c.showTicket(ctx, t)
		},
	}
}

func (c *Call) showTicket(ctx context.Context, t syncro.Ticket) (Result, error) {
	invoices, err := c.Reader.TicketInvoices(ctx, t.ID)
	return card(c.ticketCard(t, invoices, err), c.actions(t, c.Known(ctx).Timers.on(t.Number))...), nil
}

// openLine opens a line of the last list, and says which one that is.
func (c *Call) openLine(ctx context.Context, what listed, of string) (Result, error) {
	var out Result
	var err error
	if what.Customer != 0 {
		var customer syncro.Customer
		if customer, err = c.Reader.Customer(ctx, what.Customer); err == nil {
			out, err = c.showCustomer(ctx, customer)
		}
	} else {
		var t syncro.Ticket
		if t, err = c.Reader.Ticket(ctx, what.Ticket); err == nil {
			out, err = c.showTicket(ctx, t)
		}
	}
	if err == nil {
		out.Cards[0].Parts = append([]chat.Part{chat.Text(of)}, out.Cards[0].Parts...)
	}
	return out, err
}

// actions are what a technician does next with a ticket, a button each.
func (c *Call) actions(t syncro.Ticket, timer *measured) []Choice {
	do := func(label, line string) Choice { return Choice{Label: label, Line: fmt.Sprintf(line, t.Number)} }
	var choices []Choice
	if c.Who.MayWrite {
		bill := do("Bill", "bill %d")
		if timer != nil {
			n := timer.minutes(c.Now)
			bill = Choice{Label: "Bill " + clockLength(n), Line: fmt.Sprintf("bill %d %dm", t.Number, n)}
		}
		choices = append(choices, do("Note", "note %d"), do("Reply", "reply %d"), bill, do("Status", "update %d --now"))
		if !c.Who.Shared && t.UserID != c.Who.UserID {
			choices = append(choices, Choice{Label: "Take it", Line: fmt.Sprintf("assign %d me %s --now", t.Number, flagOf(from, orNobody(t.Technician)))})
		}
		choices = append(choices, do("Assign", "assign %d --now"), do("Close", "close %d"))
		switch {
		case timer == nil:
			choices = append(choices, do("Start timer", "start %d"))
		case timer.runs():
			choices = append(choices, do("Stop timer", "stop %d"))
		default:
			choices = append(choices, do("Resume timer", "start %d"))
		}
	}
	if len(t.Comments) > shownComments {
		choices = append(choices, Choice{Label: fmt.Sprintf("All %d comments", len(t.Comments)), Line: fmt.Sprintf("comments %d", t.Number)})
	}
	return choices
}

// ticketCard shows a ticket. Invoices that could not be read are said to be
// unknown: the ticket is worth showing without them.
func (c *Call) ticketCard(t syncro.Ticket, invoices []syncro.Invoice, invoicesErr error) chat.Card {
	out := chat.Card{Title: name(t)}
	out.Parts = append(out.Parts, chat.Fields{
		{Name: "Status", Value: orNone(t.Status)},
		{Name: "Priority", Value: orNone(t.Priority)},
		{Name: "Customer", Value: orNone(strings.Join(present(t.Customer, prepaidHours(t)), " · "))},
		{Name: "Contact", Value: orNone(strings.Join(present(t.Contact, t.ContactPhone, t.ContactEmail), " · "))},
		{Name: "Assigned to", Value: orNone(t.Technician)},
		{Name: "Created", Value: day(t.Created, c.zone())},
		{Name: "Due", Value: day(t.Due, c.zone())},
		{Name: "Updated", Value: day(t.Updated, c.zone())},
	})
	shown := t.Comments
	if len(shown) > shownComments {
		shown = shown[:shownComments]
	}
	out.Parts = append(out.Parts, chat.Text(fmt.Sprintf("Last comments (%d of %d)", len(shown), len(t.Comments))))
	for _, comment := range shown {
		out.Parts = append(out.Parts, chat.Text(c.heading(comment)), chat.Quoted(clip(orNone(strings.TrimSpace(comment.Body)), 700)))
	}
	if total, going := timeSpent(t.Timers); len(t.Timers) > 0 {
		out.Parts = append(out.Parts, chat.Text("Time: "+clockLength(total)+going))
	}
	if len(t.LineItems) == 0 {
		out.Parts = append(out.Parts, chat.Text("Charges: none"))
	} else {
		charges := chat.Table{Header: []string{"Charge", "Quantity", "Price"}}
		for _, l := range t.LineItems {
			charges.Rows = append(charges.Rows, []string{clip(oneLine(l.Name), 50), l.Quantity, l.Discount.Less(l.Price)})
		}
		out.Parts = append(out.Parts, charges)
	}
	out.Parts = append(out.Parts, chat.Text("Invoice: "+invoiceLine(invoices, invoicesErr)))
	out.Buttons = []chat.Button{{Label: "Open in Syncro", URL: c.TicketURL(t.ID)}}
	return out
}

// prepaidHours is what a ticket's customer has paid for in advance, in words;
// empty where there is nothing.
func prepaidHours(t syncro.Ticket) string {
	if !t.HasPrepaid() {
		return ""
	}
	return "prepaid " + t.PrepayHours + " h"
}

// timeSpent is the minutes of a ticket's timer entries that have ended, and
// says where others have not.
func timeSpent(timers []syncro.Timer) (minutes int, going string) {
	for _, e := range timers {
		if e.End.IsZero() && e.Active == 0 {
			going = ", and a timer is running in Syncro"
			continue
		}
		minutes += entryMinutes(e)
	}
	return minutes, going
}

// name is a ticket in a title.
func name(t syncro.Ticket) string {
	return fmt.Sprintf("#%d %s", t.Number, clip(oneLine(t.Subject), 90))
}

// heading says when a comment was made, by whom, and who can read it.
func (c *Call) heading(comment syncro.Comment) string {
	audience := "to the customer"
	switch {
	case comment.FromCustomer:
		audience = "FROM THE CUSTOMER"
	case comment.Hidden:
		audience = "INTERNAL"
	}
	return strings.Join(present(day(comment.Created, c.zone()), oneLine(comment.Tech), audience, clip(oneLine(comment.Subject), 60)), " · ")
}

func invoiceLine(invoices []syncro.Invoice, err error) string {
	if err != nil {
		words, _ := Explain(err)
		return "not known. " + words
	}
	if len(invoices) == 0 {
		return "none"
	}
	lines := make([]string, len(invoices))
	for i, inv := range invoices {
		paid := "unpaid"
		if inv.Paid {
			paid = "paid"
		}
		lines[i] = fmt.Sprintf("#%s of %s, total %s, %s", inv.Number, date(inv.Date), syncro.Money(inv.Total), paid)
	}
	return strings.Join(lines, "\n")
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// present is the texts that are not empty.
func present(texts ...string) []string {
	var out []string
	for _, s := range texts {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// day is a date with its weekday, which people check dates by, and the time.
func day(t time.Time, where *time.Location) string {
	if t.IsZero() {
		return "none"
	}
	return t.In(where).Format("Mon 2 Jan 2006 15:04")
}

// date is the day of an invoice, which Syncro writes as a midnight of its own
// and which is the same day everywhere.
func date(t time.Time) string {
	if t.IsZero() {
		return "no date"
	}
	return t.Format("Mon 2 Jan 2006")
}
