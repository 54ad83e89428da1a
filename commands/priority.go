package commands

import (
	"context"
	"fmt"

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
			priority, err := oneOf(settings.Priorities, "priority", typed, func(name string) string { return fmt.Sprintf("priority %d %s", t.Number, name) })
			if err != nil {
				return Result{}, err
			}
			return Result{Plan: &confirm.Plan{
				Title: "Set the priority of " + name(t), Ticket: &t,
				Steps: []syncro.Write{syncro.UpdateTicket{TicketID: t.ID, Priority: priority, From: orNone(t.Priority), To: priority}},
			}}, nil
		},
	}
}
