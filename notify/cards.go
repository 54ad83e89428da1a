package notify

import (
	"context"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// facts are what cards say of a ticket, and what routes go by.
type facts struct {
	ID         int64         `json:"id"`
	Number     int64         `json:"number"`
	Subject    string        `json:"subject"`
	Customer   string        `json:"customer"`
	Status     string        `json:"status"`
	Priority   string        `json:"priority,omitempty"`
	Technician string        `json:"technician,omitempty"`
	Finished   bool          `json:"finished,omitempty"`
	Billed     bool          `json:"billed,omitempty"` // it is Invoiced, and its invoices were looked for
	Invoices   []invoiceFact `json:"invoices,omitempty"`
	Check      string        `json:"check,omitempty"` // whether the invoice holds what is charged on the ticket
	Wrong      bool          `json:"wrong,omitempty"` // it does not, or there is none
}

type invoiceFact struct {
	ID     int64  `json:"id"`
	Number string `json:"number"`
	Total  string `json:"total"`
}

func (n *Notifier) factsOf(t syncro.Ticket) facts {
	return facts{
		ID: t.ID, Number: t.Number, Subject: clip(t.Subject, 120), Customer: clip(t.Customer, longestName), Status: t.Status,
		Priority: t.Priority, Technician: t.Technician, Finished: t.Finished(),
	}
}

// bill adds a ticket's invoices, and looks whether the one holds its charges.
func (n *Notifier) bill(ctx context.Context, r *syncro.Reader, f *facts, t syncro.Ticket, invoices []syncro.Invoice) error {
	f.Billed = true
	for _, inv := range invoices {
		f.Invoices = append(f.Invoices, invoiceFact{inv.ID, inv.Number, inv.Total})
	}
	switch {
	case len(invoices) == 0:
		f.Check, f.Wrong = "there is none", true
		return nil
	case len(invoices) > 1:
		f.Check = "there are several; which charges they hold is not checked"
		return nil
	}
	holds, why, err := r.Holds(ctx, t, invoices[0].ID)
	if err != nil {
		return err
	}
	switch {
	case !holds:
		f.Check, f.Wrong = "does not match the ticket's charges: "+clip(why, 300), true
	case len(t.LineItems) == 0:
		f.Check = "empty, as the ticket has no charges"
	case len(t.LineItems) == 1:
		f.Check = "holds the ticket's charge"
	default:
		f.Check = "holds the ticket's charges"
	}
	if total, err := decimal.NewFromString(invoices[0].Total); err == nil && total.IsZero() && t.HasPrepaid() {
		f.Check += "; prepaid hours pay it"
	}
	return nil
}

// in is what of the facts is for a place: amounts only where invoices are
// told.
func (f facts) in(p place) facts {
	if !p.bills() {
		f.Billed, f.Invoices, f.Check, f.Wrong = false, nil, "", false
	}
	return f
}

func (f facts) name() string { return fmt.Sprintf("#%d %s", f.Number, f.Subject) }

// state is the ticket in a line: "Waiting on Customer · URGENT · Dana Ruiz".
func (f facts) state() string {
	parts := []string{f.Status}
	if strings.Contains(strings.ToLower(f.Priority), "urgent") && !f.Finished {
		parts = append(parts, "URGENT")
	}
	if f.Technician == "" {
		return strings.Join(append(parts, "unassigned"), " · ")
	}
	return strings.Join(append(parts, f.Technician), " · ")
}

// money is the invoices in a line.
func (f facts) money() string {
	if len(f.Invoices) == 0 {
		return "none"
	}
	var all []string
	for _, inv := range f.Invoices {
		all = append(all, fmt.Sprintf("#%s, total %s", inv.Number, syncro.Money(inv.Total)))
	}
	return strings.Join(all, "; ")
}

// card is the one card of a ticket in a place: how it stands now.
func (n *Notifier) card(f facts) chat.Card {
	c := chat.Card{Title: f.name()}
	switch {
	case f.Billed && len(f.Invoices) == 0:
		c.Title, c.Tone = "Invoiced, but no invoice: "+c.Title, chat.Warn
		c.Parts = append(c.Parts, chat.Text("The status says Invoiced, and Syncro has no invoice for this ticket."))
	case f.Billed:
		c.Title, c.Tone = "Invoiced: "+c.Title, chat.Good
		if f.Wrong {
			c.Tone = chat.Warn
		}
	default:
		c.Parts = append(c.Parts, chat.Text(f.state()))
	}
	fields := chat.Fields{{Name: "Customer", Value: orNone(f.Customer)}, {Name: "Technician", Value: orNobody(f.Technician)}}
	if f.Billed {
		fields = append(fields, chat.Field{Name: "Invoice", Value: f.money()})
		if len(f.Invoices) > 0 {
			fields = append(fields, chat.Field{Name: "Checked", Value: f.Check})
		}
	} else if f.Priority != "" {
		fields = append(fields, chat.Field{Name: "Priority", Value: f.Priority})
	}
	c.Parts = append(c.Parts, fields)
	if !f.Finished {
		c.Buttons = n.Buttons(f.ID, f.Technician == "")
	}
	c.Buttons = append(c.Buttons, chat.Button{Label: "Ticket in Syncro", URL: n.TicketURL(f.ID)})
	if len(f.Invoices) == 1 {
		c.Buttons = append(c.Buttons, chat.Button{Label: "Invoice in Syncro", URL: n.InvoiceURL(f.Invoices[0].ID)})
	}
	return c
}

// reply is what is said below the card when something more happens.
func reply(f facts, h happening) chat.Card {
	words := h.Words
	if h.Event == Invoiced && f.Billed && len(f.Invoices) > 0 {
		words += ": " + f.money() + ". Checked: " + f.Check
	}
	return chat.Card{Parts: []chat.Part{chat.Text(fmt.Sprintf("#%d · %s", f.Number, words))}}
}

// folded is one card for many tickets.
func (n *Notifier) folded(all []told) chat.Card {
	c := chat.Card{Title: fmt.Sprintf("%d tickets", len(all))}
	table := chat.Table{Header: []string{"Ticket", "Customer", "Technician", "News"}}
	billed, wrong := 0, 0
	for _, t := range all {
		if t.facts.Billed {
			billed++
		}
		if t.facts.Wrong {
			wrong++
		}
		table.Rows = append(table.Rows, []string{clip(t.facts.name(), 50), clip(t.facts.Customer, 30), clip(orNobody(t.facts.Technician), 25), clip(news(t), 60)})
	}
	if billed == len(all) {
		c.Title = fmt.Sprintf("%d tickets were invoiced", len(all))
		c.Tone = chat.Good
	}
	if wrong > 0 {
		c.Tone = chat.Warn
		c.Parts = append(c.Parts, chat.Text(fmt.Sprintf("Look at %d of them: the invoice is missing, or does not match the ticket's charges.", wrong)))
	}
	c.Parts = append(c.Parts, table)
	for _, t := range all {
		if t.facts.Wrong {
			c.Parts = append(c.Parts, chat.Link{Label: fmt.Sprintf("#%d", t.facts.Number), URL: n.TicketURL(t.facts.ID)})
		}
	}
	return c
}

// news is what is new about a ticket, in a cell.
func news(t told) string {
	f := t.facts
	switch {
	case f.Billed && len(f.Invoices) == 0:
		return "Invoiced, no invoice"
	case f.Billed && f.Wrong:
		return f.money() + ", does not match"
	case f.Billed:
		return f.money()
	}
	var words []string
	for _, h := range t.events {
		words = append(words, h.Words)
	}
	return strings.Join(words, ", ")
}

// perhaps says in a line what cards say that may not have been shown.
func (n *Notifier) perhaps(platform string, all []told) chat.Card {
	c := chat.Card{Parts: []chat.Part{chat.Text(fmt.Sprintf(
		"Perhaps you have seen this already: %s did not say whether it took my card, and I do not post a card twice.", shown(platform)))}}
	for _, t := range all {
		c.Parts = append(c.Parts, chat.Link{Label: fmt.Sprintf("%s · %s · %s", clip(t.facts.name(), 80), t.facts.Status, news(t)), URL: n.TicketURL(t.facts.ID)})
	}
	return c
}

func shown(platform string) string {
	if platform == "" {
		return "the chat"
	}
	return strings.ToUpper(platform[:1]) + platform[1:]
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// clip is a text in a line, cut where it is too long.
func clip(s string, runes int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > runes {
		return string(r[:runes-1]) + "…"
	}
	return s
}
