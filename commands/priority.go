package commands

import (
	"context"
	"fmt"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

func setPriority() Command {
	return Command{
		Name: "priority", Aliases: []string{"prio"}, Args: "<ticket> <priority>",
		Summary:  "Change a ticket's priority",
		Examples: []string{"priority 32164 urgent"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			t, typed, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			settings, err := c.Reader.Settings(ctx)
			if err != nil {
				return Result{}, err
			}
			line := func(name string) string { return fmt.Sprintf("priority %d %s", t.Number, name) }
			if typed == "" {
				return askPriority(t, present(settings.Priorities...), line), nil
			}
			priority, err := oneOf(settings.Priorities, "priority", cutTo(typed), line)
			if err != nil {
				return Result{}, err
			}
			return Result{Plan: &confirm.Plan{
				Title: "Set the priority of " + name(t), Ticket: &t,
				Steps: []syncro.Write{syncro.UpdateTicket{TicketID: t.ID, Priority: priority}.FromTicket(t)},
			}}, nil
		},
	}
}

// askPriority offers the account's priorities, a button each.
func askPriority(t syncro.Ticket, names []string, line func(name string) string) Result {
	var choices []Choice
	for _, p := range names {
		if p != t.Priority {
			choices = append(choices, Choice{Label: clip(oneLine(p), 40), Line: line(p)})
		}
	}
	return card(chat.Card{Title: "Which priority for " + name(t) + "?", Tone: chat.Ask, Parts: []chat.Part{
		chat.Text("It is " + orNone(t.Priority) + " now."),
	}}, choices...)
}
