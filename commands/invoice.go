package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

func invoice() Command {
	return Command{
		Name: "invoice", Args: "<ticket> [create | delete <invoice>]",
		Summary:  "A ticket's invoices with their lines; make one of its charges, or delete one",
		Examples: []string{"invoice 32164", "invoice 32164 create", "invoice 32164 delete 67501"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			t, rest, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			invoices, err := c.Reader.TicketInvoices(ctx, t.ID)
			if err != nil {
				return Result{}, err
			}
			what, rest := cutWord(rest)
			switch strings.ToLower(what) {
			case "":
				return c.showInvoices(ctx, t, invoices)
			case "create":
				return c.createInvoice(t, invoices)
			case "delete":
				return deleteInvoice(t, invoices, rest)
			}
			return Result{}, usage("“%s” is none of create and delete.", clip(what, 40))
		},
	}
}

// shownInvoices is how many invoices of a ticket are shown with their lines,
// which cost a request each.
const shownInvoices = 3

func (c *Call) showInvoices(ctx context.Context, t syncro.Ticket, invoices []syncro.Invoice) (Result, error) {
	out := chat.Card{Title: fmt.Sprintf("Invoices of %s", name(t))}
	if len(invoices) == 0 {
		out.Parts = append(out.Parts, chat.Text("None."))
		if len(t.LineItems) == 0 {
			return card(out), nil
		}
		out.Parts = append(out.Parts, chat.Text("Charges: "+chargesLine(t.LineItems)))
		return card(out, Choice{Label: "Make the invoice", Line: fmt.Sprintf("invoice %d create", t.Number)}), nil
	}
	for _, brief := range invoices[:min(len(invoices), shownInvoices)] {
		full, err := c.Reader.Invoice(ctx, brief.ID)
		if err != nil {
			return Result{}, err
		}
		table := chat.Table{Header: []string{"Line", "Quantity", "Price"}}
		for _, l := range full.Lines {
			table.Rows = append(table.Rows, []string{clip(oneLine(l.Name), 50), l.Quantity, l.Discount.Less(l.Price)})
		}
		out.Parts = append(out.Parts, chat.Text(invoiceLine([]syncro.Invoice{full}, nil)), table)
	}
	if len(invoices) > shownInvoices {
		out.Note = fmt.Sprintf("There are %d more.", len(invoices)-shownInvoices)
	}
	return card(out), nil
}

func (c *Call) createInvoice(t syncro.Ticket, invoices []syncro.Invoice) (Result, error) {
	if len(invoices) > 0 {
		return Result{}, refuse("#%d has invoice #%s already. A second one for the same ticket is not made.", t.Number, invoices[0].Number)
	}
	w := c.makeInvoice(t)
	if len(w.Lines) == 0 {
		return Result{}, refuse("#%d has no charges that an invoice could hold.", t.Number)
	}
	plan := &confirm.Plan{
		Title: "Invoice " + name(t), Ticket: &t, Steps: []syncro.Write{w}, Reckoned: true,
		Facts: chat.Fields{{Name: "Customer", Value: orNone(t.Customer)}},
	}
	if w.Prepaid {
		plan.Facts = append(plan.Facts, prepaidFact(syncro.Prepaid{Before: t.PrepayHours, Used: c.laborHours(w.Lines)}))
	}
	return Result{Plan: plan}, nil
}

// makeInvoice is the invoice of all that is charged on the ticket and not
// invoiced yet: Syncro takes all of it.
func (c *Call) makeInvoice(t syncro.Ticket) syncro.CreateInvoice {
	w := syncro.CreateInvoice{
		TicketID: t.ID, CustomerID: t.CustomerID, Category: "Standard",
		Prepaid: t.HasPrepaid(),
	}
	for _, l := range t.LineItems {
		if !l.Invoiced {
			w.Lines = append(w.Lines, l.Charge())
		}
	}
	return w
}

// prepaidFact says what becomes of prepaid hours, and warns that an invoice of
// nothing is right.
func prepaidFact(p syncro.Prepaid) chat.Field {
	then := "The invoice then reads $0.00, as it should"
	if rest := p.Uncovered(); rest != "" {
		then = "CAREFUL: there are no hours for " + rest + " h of it"
	}
	return chat.Field{Name: "Prepaid", Value: syncro.Sum(p.Before) + " h → " + p.Left() + " h, if Syncro takes this labor from prepaid hours. " + then}
}

// laborHours is how many hours of the shop's kinds of labor are among charges.
func (c *Call) laborHours(charges []syncro.Charge) string {
	var hours []string
	for _, charge := range charges {
		if slices.ContainsFunc(c.Billing.Labor, func(l Labor) bool { return l.ProductID == charge.ProductID }) {
			hours = append(hours, charge.Quantity)
		}
	}
	return syncro.Sum(hours...)
}

func deleteInvoice(t syncro.Ticket, invoices []syncro.Invoice, rest string) (Result, error) {
	word, rest := cutWord(rest)
	if rest != "" {
		return Result{}, usage("After the invoice's number I expect nothing more.")
	}
	for _, inv := range invoices {
		if inv.Number != strings.TrimPrefix(word, "#") {
			continue
		}
		if inv.Paid {
			return Result{}, refuse("Invoice #%s is paid. It is not deleted from here.", inv.Number)
		}
		plan := &confirm.Plan{
			Title: "Delete an invoice of " + name(t), Ticket: &t,
			Steps: []syncro.Write{syncro.DeleteInvoice{InvoiceID: inv.ID, Number: inv.Number, What: t.Customer + ", total " + syncro.Money(inv.Total)}},
		}
		if strings.Contains(fold(t.Status), fold(invoiced)) {
			plan.Facts = chat.Fields{{Name: "Status", Value: "the ticket stays " + t.Status + ", without an invoice, until you change that"}}
			plan.After = []confirm.After{{Label: "Change the status…", Line: fmt.Sprintf("update %d", t.Number)}}
		}
		return Result{Plan: plan}, nil
	}
	return Result{}, refuse("#%d has no invoice “%s”. It has: %s.", t.Number, clip(word, 40), invoiceLine(invoices, nil))
}

func latestInvoices() Command {
	return Command{
		Name:     "invoices",
		Summary:  "The latest invoices",
		Examples: []string{"invoices"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			list, err := c.Reader.Invoices(ctx)
			if err != nil {
				return Result{}, err
			}
			table := chat.Table{Header: []string{"Invoice", "Date", "Customer", "Total", "Paid"}}
			for _, inv := range list.Items[:min(len(list.Items), openRows)] {
				paid := "unpaid"
				if inv.Paid {
					paid = "paid"
				}
				table.Rows = append(table.Rows, []string{"#" + inv.Number, date(inv.Date), clip(oneLine(inv.Customer), 40), syncro.Money(inv.Total), paid})
			}
			return card(chat.Card{Title: fmt.Sprintf("Latest invoices · %d", len(table.Rows)), Parts: []chat.Part{table}}), nil
		},
	}
}
