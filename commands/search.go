package commands

import (
	"context"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
)

func searchTickets() Command {
	return Command{
		Name: "search", Aliases: []string{"find"}, Args: "<query>",
		Summary:  "Search tickets; customer:, status:, to: and since: narrow it",
		Examples: []string{"search", "search printer", "search printer customer:harbor status:open to:me since:7d", "search “shared mailbox”"},
		Ask: func(rest string, _ Known) *Form {
			if strings.TrimFunc(rest, space) != "" {
				return nil
			}
			return &Form{Form: chat.Form{Title: "Search tickets", Submit: "Search", Inputs: []chat.Input{
				{
					Name: "query", Label: "Words of the subject, or the customer", Kind: chat.Line,
					Hint: "customer:harbor, status:open, to:me and since:7d narrow it; a value of several words stands in quotes",
				},
			}}}
		},
		Run: func(ctx context.Context, c *Call) (Result, error) { return c.search(ctx, c.Rest) },
		Submit: func(ctx context.Context, c *Call, _ string, v map[string]string) (Result, error) {
			return c.search(ctx, v["query"])
		},
	}
}

func (c *Call) search(ctx context.Context, typed string) (Result, error) {
	f, err := parseFilters(typed)
	if err != nil {
		return Result{}, err
	}
	wanted, said, err := c.resolve(ctx, f)
	if err != nil {
		return Result{}, err
	}
	list, err := c.Reader.SearchTickets(ctx, wanted)
	if err != nil {
		return Result{}, err
	}
	found := list.Items
	out := chat.Card{Title: f.title(len(found))}
	if len(said) > 0 {
		out.Parts = append(out.Parts, said)
	}
	switch {
	case len(found) == 0 && list.More:
		out.Parts = append(out.Parts, chat.Text("Syncro found some, and none of its first page is what you asked for. Search for something narrower."))
		return card(out), nil
	case len(found) == 0:
		out.Parts = append(out.Parts, chat.Text("Syncro found none."))
		return card(out), nil
	}
	found = found[:min(len(found), openRows)]
	table, err := c.ticketTable(ctx, clip(f.line(), 60), found)
	if err != nil {
		return Result{}, err
	}
	out.Parts = append(out.Parts, table)
	out.Note = numberHint(1, len(found))
	if list.More || len(found) < len(list.Items) {
		out.Note = "There are more. Search for something narrower. " + out.Note
	}
	return card(out, c.narrower(f)...), nil
}

// searched is what to search for.
func searched(rest string) (string, error) {
	query := oneLine(unquote(rest))
	if query == "" {
		return "", usage("What should I search for?")
	}
	if len([]rune(query)) > 200 {
		return "", refuse("That is too long to search for: 200 characters at most.")
	}
	return query, nil
}
