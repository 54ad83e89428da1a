package commands

import (
	"context"
	"fmt"

	"github.com/syncrobot/syncrobot/chat"
)

func searchTickets() Command {
	return Command{
		Name: "search", Aliases: []string{"find"}, Args: "<query>",
		Summary:  "Search tickets by subject or customer",
		Examples: []string{"search printer", "search “shared mailbox”"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			query, err := searched(c.Rest)
			if err != nil {
				return Result{}, err
			}
			list, err := c.Reader.SearchTickets(ctx, query)
			if err != nil {
				return Result{}, err
			}
			found := list.Items
			out := chat.Card{Title: fmt.Sprintf("Tickets with “%s” · %d", clip(query, 60), len(found))}
			if len(found) == 0 {
				out.Parts = append(out.Parts, chat.Text("Syncro found none."))
				return card(out), nil
			}
			if len(found) > openRows {
				found = found[:openRows]
			}
			out.Parts = append(out.Parts, ticketTable(found, c.Now))
			if list.More || len(found) < len(list.Items) {
				out.Note = "There are more. Search for something narrower."
			}
			return card(out), nil
		},
	}
}

// searched is what to search for.
func searched(rest string) (string, error) {
	query := oneLine(unquote(rest))
	if query == "" {
		return "", usage("What should I search for?")
	}
	if len([]rune(query)) > 200 {
		return "", usage("That is too long to search for: 200 characters at most.")
	}
	return query, nil
}
