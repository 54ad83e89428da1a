package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

func searchCustomers() Command {
	return Command{
		Name: "customers", Aliases: []string{"customer"}, Args: "<query> | create <name> [e-mail] [phone]",
		Summary:  "Search customers, or add one",
		Examples: []string{"customers harbor", "customers create “Lakeside Optics” office@lakeside.example"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			if word, rest := cutWord(c.Rest); strings.EqualFold(word, "create") {
				return c.createCustomer(ctx, rest)
			}
			query, err := searched(c.Rest)
			if err != nil {
				return Result{}, err
			}
			list, err := c.Reader.SearchCustomers(ctx, query)
			if err != nil {
				return Result{}, err
			}
			found := list.Items
			if len(found) == 1 {
				return c.showCustomer(ctx, found[0])
			}
			out := chat.Card{Title: fmt.Sprintf("Customers with “%s” · %d", clip(query, 60), len(found))}
			if len(found) == 0 {
				out.Parts = append(out.Parts, chat.Text("Syncro found none."))
				return card(out), nil
			}
			if len(found) > openRows {
				found = found[:openRows]
			}
			table := chat.Table{Header: append([]string{"Line"}, customerHeader...)}
			lines := make([]listed, len(found))
			for i, f := range found {
				table.Rows = append(table.Rows, append([]string{strconv.Itoa(i + 1)}, customerRow(f)...))
				lines[i] = listed{Customer: f.ID}
			}
			if err := c.number(ctx, "customers "+clip(query, 40), 1, lines); err != nil {
				return Result{}, err
			}
			out.Parts = append(out.Parts, table)
			out.Note = numberHint(1, len(found))
			if list.More || len(found) < len(list.Items) {
				out.Note = "There are more. Search for something narrower. " + out.Note
			}
			return card(out), nil
		},
	}
}

var customerHeader = []string{"Customer", "Contact", "Phone", "E-mail", "Prepaid h"}

func customerRow(f syncro.Customer) []string {
	return []string{clip(oneLine(f.Name), 40), clip(oneLine(f.Contact), 30), f.Phone, f.Email, f.PrepayHours}
}

// showCustomer is one customer with their latest tickets.
func (c *Call) showCustomer(ctx context.Context, customer syncro.Customer) (Result, error) {
	out := chat.Card{Title: clip(oneLine(customer.Name), 90), Parts: []chat.Part{
		chat.Table{Header: customerHeader, Rows: [][]string{customerRow(customer)}},
	}}
	if err := c.customersTickets(ctx, &out, customer); err != nil {
		return Result{}, err
	}
	if !c.Who.MayWrite {
		return card(out), nil
	}
	return card(out, Choice{Label: "New ticket", Line: fmt.Sprintf("create “%s”", oneLine(customer.Name))}), nil
}

// latestTickets is how many tickets stand on a customer's card.
const latestTickets = 10

// customersTickets adds the latest tickets of the one customer that was found.
func (c *Call) customersTickets(ctx context.Context, out *chat.Card, customer syncro.Customer) error {
	list, err := c.Reader.TicketsOf(ctx, customer.ID)
	if err != nil {
		return err
	}
	if len(list.Items) == 0 {
		out.Parts = append(out.Parts, chat.Text("No tickets."))
		return nil
	}
	shown := latestFirst(list.Items)[:min(len(list.Items), latestTickets)]
	table, err := c.ticketTable(ctx, "tickets of "+clip(oneLine(customer.Name), 40), shown)
	if err != nil {
		return err
	}
	of := strconv.Itoa(len(list.Items))
	if list.More {
		of = "more than " + of
	}
	out.Parts = append(out.Parts, chat.Text(fmt.Sprintf("Tickets (%d of %s)", len(shown), of)), table)
	out.Note = numberHint(1, len(shown))
	return nil
}

// createCustomer plans a business. Those that Syncro finds by the same name
// are shown, so that none is made twice.
func (c *Call) createCustomer(ctx context.Context, rest string) (Result, error) {
	w := syncro.CreateCustomer{}
	words := strings.Fields(rest)
	if inner, after, ok := cutQuoted(rest); ok {
		words = append([]string{inner}, strings.Fields(after)...)
	}
	if i := slices.IndexFunc(words, func(word string) bool { return strings.Contains(word, "@") }); i >= 0 {
		w.Email = words[i]
		words = slices.Delete(words, i, i+1)
	}
	w.Business, w.Phone = cutPhone(words)
	if w.Business == "" {
		return Result{}, usage("What is the customer called? The name is missing.")
	}
	found, err := c.Reader.SearchCustomers(ctx, w.Business)
	if err != nil {
		return Result{}, err
	}
	plan := &confirm.Plan{Title: "Create customer " + clip(w.Business, 80), Steps: []syncro.Write{w}}
	for _, f := range found.Items[:min(len(found.Items), 5)] {
		plan.Facts = append(plan.Facts, chat.Field{Name: "There is already", Value: clip(oneLine(f.Name), 60)})
	}
	return Result{Plan: plan}, nil
}

// cutPhone takes the telephone number off the end of a name, with the spaces
// that people write in it. The number in "Studio 54" is none.
func cutPhone(words []string) (name, phone string) {
	from := len(words)
	for from > 1 && strings.Trim(words[from-1], "+0123456789-()./") == "" {
		from--
	}
	if phone = strings.Join(words[from:], " "); len(phone) < 6 {
		return strings.Join(words, " "), ""
	}
	return strings.Join(words[:from], " "), phone
}
