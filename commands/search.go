package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
)

func searchTickets() Command {
	return Command{
		Name: "search", Aliases: []string{"find"}, Args: "<query>",
		Summary:  "Search tickets by subject or customer",
		Examples: []string{"search", "search printer", "search “shared mailbox”"},
		Ask: func(rest string, _ Known) *Form {
			if strings.TrimFunc(rest, space) != "" {
				return nil
			}
			return &Form{Form: chat.Form{Title: "Search tickets", Submit: "Search", Inputs: []chat.Input{
				{Name: "query", Label: "Words of the subject, or the customer", Kind: chat.Line},
			}}}
		},
		Run: func(ctx context.Context, c *Call) (Result, error) { return c.search(ctx, c.Rest) },
		Submit: func(ctx context.Context, c *Call, _ string, v map[string]string) (Result, error) {
			return c.search(ctx, v["query"])
		},
	}
}

func (c *Call) search(ctx context.Context, words string) (Result, error) {
	query, err := searched(words)
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
	table, err := c.ticketTable(ctx, "search "+clip(query, 40), found)
	if err != nil {
		return Result{}, err
	}
	out.Parts = append(out.Parts, table)
	out.Note = numberHint(1, len(found))
	if list.More || len(found) < len(list.Items) {
		out.Note = "There are more. Search for something narrower. " + out.Note
	}
	return card(out), nil
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
