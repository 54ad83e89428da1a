package commands

import (
	"context"
	"fmt"

	"github.com/syncrobot/syncrobot/chat"
)

func searchCustomers() Command {
	return Command{
		Name: "customers", Aliases: []string{"customer"}, Args: "<query>",
		Summary:  "Search customers",
		Examples: []string{"customers harbor"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
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
			if list.More || len(found) < len(list.Items) {
				out.Note = "There are more. Search for something narrower."
			}
			return card(out), nil
		},
	}
}
