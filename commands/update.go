package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

// invoiced is the status that a ticket may have only with an invoice: tickets
// marked so without one were never paid for.
const invoiced = "Invoiced"

func updateStatus() Command {
	return Command{
		Name: "update", Aliases: []string{"status"}, Args: "<ticket> <status>",
		Summary:  "Change a ticket's status",
		Examples: []string{"update 32164 In Progress", "status 32164 waiting on customer"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			t, typed, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			status, err := c.status(ctx, t, typed)
			if err != nil {
				return Result{}, err
			}
			if strings.EqualFold(status, invoiced) {
				invoices, err := c.Reader.TicketInvoices(ctx, t.ID)
				if err != nil {
					return Result{}, err
				}
				if len(invoices) == 0 {
					return Result{}, usage("#%d has no invoice, so it is not marked %s.", t.Number, status)
				}
			}
			return Result{Plan: &confirm.Plan{
				Title: "Set the status of " + name(t), Ticket: &t,
				Steps: []syncro.Write{syncro.UpdateTicket{TicketID: t.ID, Status: status, From: t.Status, To: status}},
			}}, nil
		},
	}
}

// status is what was typed as the account spells it.
func (c *Call) status(ctx context.Context, t syncro.Ticket, typed string) (string, error) {
	settings, err := c.Reader.Settings(ctx)
	if err != nil {
		return "", err
	}
	return oneOf(settings.Statuses, "status", "update", t, typed)
}

// oneOf picks what was typed from the account's own list, or says what there
// is; each suggestion is a button.
func oneOf(names []string, what, command string, t syncro.Ticket, typed string) (string, error) {
	known := strings.Join(present(names...), ", ")
	if typed == "" {
		return "", usage("Which %s? There are: %s.", what, known)
	}
	name, maybe := pick(names, typed)
	if name != "" {
		return name, nil
	}
	e := usage("There is no %s “%s”. There are: %s.", what, clip(oneLine(typed), 40), known)
	for _, m := range maybe[:min(len(maybe), 4)] {
		e.Choices = append(e.Choices, Choice{Label: m, Line: fmt.Sprintf("%s %d %s", command, t.Number, m)})
	}
	return "", e
}
