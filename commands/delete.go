package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

func deleteTicket() Command {
	return Command{
		Name: "delete", Args: "<ticket> <the number again>",
		Summary:  "Delete a ticket for ever; its number must be typed twice",
		Examples: []string{"delete 32164 32164"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			t, again, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			if strings.TrimPrefix(again, "#") != fmt.Sprint(t.Number) {
				return Result{}, &UsageError{Title: "Delete it for ever?", Problem: fmt.Sprintf(
					"This deletes #%d “%s” of %s for ever. If that is meant, type its number twice: delete %[1]d %[1]d", t.Number, clip(oneLine(t.Subject), 80), t.Customer)}
			}
			invoices, err := c.Reader.TicketInvoices(ctx, t.ID)
			if err != nil {
				return Result{}, err
			}
			if len(invoices) > 0 {
				return Result{}, refuse("#%d has invoice #%s. What was invoiced is not deleted.", t.Number, invoices[0].Number)
			}
			return Result{Plan: &confirm.Plan{
				Title: "Delete " + name(t), Ticket: &t,
				Facts: chat.Fields{
					{Name: "Customer", Value: orNone(t.Customer)},
					{Name: "It has", Value: fmt.Sprintf("comments: %d, charges: %d, timers: %d", len(t.Comments), len(t.LineItems), len(t.Timers))},
				},
				Steps: []syncro.Write{syncro.DeleteTicket{TicketID: t.ID, Number: t.Number, What: clip(oneLine(t.Subject), 80) + ", " + t.Customer}},
			}}, nil
		},
	}
}

// deletes reports whether a write leaves no ticket behind.
func deletes(w syncro.Write) bool {
	_, is := w.(syncro.DeleteTicket)
	return is
}
