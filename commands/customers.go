package commands

import (
	"context"
	"fmt"
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
			out := chat.Card{Title: fmt.Sprintf("Customers with “%s” · %d", clip(query, 60), len(found))}
			if len(found) == 0 {
				out.Parts = append(out.Parts, chat.Text("Syncro found none."))
				return card(out), nil
			}
			if len(found) > openRows {
				found = found[:openRows]
			}
			table := chat.Table{Header: []string{"Customer", "Contact", "Phone", "E-mail", "Prepaid h"}}
			for _, f := range found {
				table.Rows = append(table.Rows, []string{
					clip(oneLine(f.Name), 40), clip(oneLine(f.Contact), 30), f.Phone, f.Email, f.PrepayHours,
				})
			}
			out.Parts = append(out.Parts, table)
			if len(found) == 1 {
				if err := c.customersTickets(ctx, &out, found[0]); err != nil {
					return Result{}, err
				}
			}
			if list.More || len(found) < len(list.Items) {
				out.Note = "There are more. Search for something narrower."
			}
			return card(out), nil
		},
	}
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
	shown := list.Items[:min(len(list.Items), latestTickets)]
	out.Parts = append(out.Parts, chat.Text(fmt.Sprintf("Tickets (%d of %d)", len(shown), len(list.Items))), ticketTable(shown, c.Now))
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
	var business []string
	for _, word := range words {
		switch {
		case strings.Contains(word, "@") && w.Email == "":
			w.Email = word
		case len(business) > 0 && strings.Trim(word, "+0123456789-()./") == "" && w.Phone == "":
			w.Phone = word
		default:
			business = append(business, word)
		}
	}
	w.Business = strings.Join(business, " ")
	if w.Business == "" {
		return Result{}, usage("What is the customer called?")
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
