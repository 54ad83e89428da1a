package commands

import (
	"context"
	"fmt"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

func comment() Command {
	return Command{
		Name: "comment", Args: "<ticket> <text>",
		Summary:  "A comment; asks whether the customer may see it",
		Examples: []string{"comment 32164 Rebooted the firewall"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			t, rest, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			body, err := text(rest, "comment")
			if err != nil {
				return Result{}, err
			}
			return card(
				chat.Card{
					Title: "Who may see this comment on " + name(t) + "?", Tone: chat.Ask,
					Parts: []chat.Part{chat.Quoted(body)},
					Note:  "Nothing is sent yet: the next card shows it once more.",
				},
				Choice{Label: "Internal note", Line: fmt.Sprintf("note %d %s", t.Number, body)},
				Choice{Label: "Reply to the customer", Line: fmt.Sprintf("reply %d %s", t.Number, body)},
			), nil
		},
	}
}

func note() Command {
	return Command{
		Name: "note", Args: "<ticket> <text>",
		Summary:  "An internal note: hidden from the customer, no e-mail",
		Examples: []string{"note 32164 Client logs show a rekey at 3600 s"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			return c.comment(ctx, "note", "Note on ", func(t syncro.Ticket, body string) syncro.AddComment {
				return syncro.AddComment{TicketID: t.ID, Subject: "Internal Note", Body: body, Hidden: true, DoNotEmail: true}
			})
		},
	}
}

func reply() Command {
	return Command{
		Name: "reply", Args: "<ticket> <text>",
		Summary:  "A reply: the customer sees it and is e-mailed",
		Examples: []string{"reply 32164 Could you try again now?"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			return c.comment(ctx, "reply", "Reply on ", func(t syncro.Ticket, body string) syncro.AddComment {
				return toCustomer(t, "Update", body)
			})
		},
	}
}

// toCustomer is a comment that the customer sees and is e-mailed.
func toCustomer(t syncro.Ticket, subject, body string) syncro.AddComment {
	return syncro.AddComment{TicketID: t.ID, Subject: subject, Body: body, EmailTo: t.ContactEmail}
}

func (c *Call) comment(ctx context.Context, what, title string, write func(syncro.Ticket, string) syncro.AddComment) (Result, error) {
	t, rest, err := c.ticket(ctx)
	if err != nil {
		return Result{}, err
	}
	body, err := text(rest, what)
	if err != nil {
		return Result{}, err
	}
	return Result{Plan: &confirm.Plan{
		Title: title + name(t), Ticket: &t,
		Facts: chat.Fields{{Name: "Customer", Value: orNone(t.Customer)}},
		Steps: []syncro.Write{write(t, body)},
	}}, nil
}
