package commands

import (
	"context"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

func closeTicket() Command {
	return Command{
		Name: "close", Aliases: []string{"resolve"}, Args: "<ticket> [resolution]",
		Summary:  "Close a ticket; a resolution is posted first, for the customer",
		Examples: []string{"close 32164", "close 32164 “Rekey interval fixed with the provider.”"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			t, rest, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			status, err := c.status(ctx, t, c.CloseStatus)
			if err != nil {
				return Result{}, err
			}
			plan := &confirm.Plan{Title: "Close " + name(t), Ticket: &t, Facts: chat.Fields{{Name: "Customer", Value: orNone(t.Customer)}}}
			if unquote(rest) != "" {
				resolution, err := text(rest, "resolution")
				if err != nil {
					return Result{}, err
				}
				plan.Steps = append(plan.Steps, commentFor(t, "Resolution", resolution, emailed))
			}
			plan.Steps = append(plan.Steps, syncro.UpdateTicket{TicketID: t.ID, Status: status, From: t.Status, To: status})
			return Result{Plan: plan}, nil
		},
	}
}
