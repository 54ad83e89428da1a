package commands

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

func comment() Command {
	return Command{
		Name: "comment", Args: "<ticket> [--internal | --no-email] <text>",
		Summary:  "A comment; asks whether the customer may see it, unless told",
		Examples: []string{"comment 32164 Rebooted the firewall", "comment 32164 --internal Rebooted the firewall"},
		Ask:      asksText("Comment on", askedAudience()),
		Run: func(ctx context.Context, c *Call) (Result, error) {
			var told audience
			ticket, rest := cutTicket(c.Rest)
			if rest = cutFlags(rest, told.take); told != emailed {
				c.Rest = ticket + " " + rest
				return c.comment(ctx, told)
			}
			t, body, err := c.ticketAndText(ctx, "comment")
			if err != nil {
				return Result{}, err
			}
			return card(
				chat.Card{
					Title: "Who may see this comment on " + name(t) + "?", Tone: chat.Ask,
					Parts: []chat.Part{chat.Quoted(body)},
					Note:  "Nothing is sent yet: the next card shows it once more.",
				},
				Choice{Label: "Internal note", Line: fmt.Sprintf("note %d %s", t.Number, quoted(body))},
				Choice{Label: "Reply to the customer", Line: fmt.Sprintf("reply %d %s", t.Number, quoted(body))},
			), nil
		},
		Submit: func(ctx context.Context, c *Call, about string, values map[string]string) (Result, error) {
			body := values["text"]
			if values["ticket"] != "" { // the shortcut's form, which is about a thread
				about, body = values["ticket"], withThread(body, about, values)
			}
			c.Rest = about + " " + quoted(body)
			return c.comment(ctx, audienceOf(values["audience"]))
		},
		Suggest: suggestTickets,
		Shortcut: &Shortcut{Name: "add_to_ticket", Label: "Add to Syncro ticket", About: "Add this message to a ticket, as an internal note or as a reply to the customer", Form: func(on *chat.Message, _ Known) Form {
			text, intro := quotedMessage(on)
			form := Form{Form: chat.Form{
				Title: "Add to a ticket", Submit: "Preview", Intro: intro,
				Inputs: []chat.Input{
					{Name: "ticket", Label: "Ticket", Hint: "Your own come first; type a number or words", Kind: chat.Lookup},
					audienceInput(internal),
					{Name: "text", Label: "Text", Kind: chat.Paragraph, Value: text},
				},
			}}
			form.offerThread(on)
			return form
		}},
	}
}

// suggestTickets finds tickets for a picker: by number or words, and one's own
// open ones before anything is typed.
func suggestTickets(ctx context.Context, c *Call, s chat.Search) ([]chat.Option, error) {
	if s.Input != "ticket" {
		return nil, nil
	}
	typed := s.Typed
	list, err := c.Reader.OpenTickets(ctx)
	if typed != "" && !looksLikeTicket(typed) {
		list, err = c.Reader.SearchTickets(ctx, syncro.TicketSearch{Words: clip(typed, 100)})
	}
	var options []chat.Option
	mine, others := split(list.Items, func(t syncro.Ticket) bool { return !c.Who.Shared && t.UserID == c.Who.UserID })
	for _, t := range append(mine, others...) {
		number := strconv.FormatInt(t.Number, 10)
		if looksLikeTicket(typed) && !strings.HasPrefix(number, strings.TrimPrefix(typed, "#")) {
			continue
		}
		options = append(options, chat.Option{Label: clip("#"+number+" "+oneLine(t.Customer)+" · "+oneLine(t.Subject), 70), Value: number})
	}
	return options, err
}

func note() Command {
	return Command{
		Name: "note", Args: "<ticket> <text>",
		Summary:  "An internal note: hidden from the customer, no e-mail",
		Examples: []string{"note 32164 Client logs show a rekey at 3600 s"},
		Ask:      asksText("Note on"),
		Run: func(ctx context.Context, c *Call) (Result, error) {
			return c.comment(ctx, internal)
		},
		Submit: func(ctx context.Context, c *Call, about string, values map[string]string) (Result, error) {
			c.Rest = about + " " + quoted(values["text"])
			return c.comment(ctx, internal)
		},
	}
}

func reply() Command {
	return Command{
		Name: "reply", Args: "<ticket> <text>",
		Summary:  "A reply: the customer sees it and is e-mailed",
		Examples: []string{"reply 32164 Could you try again now?"},
		Ask:      asksText("Reply on"),
		Run: func(ctx context.Context, c *Call) (Result, error) {
			return c.comment(ctx, emailed)
		},
		Submit: func(ctx context.Context, c *Call, about string, values map[string]string) (Result, error) {
			c.Rest = about + " " + quoted(values["text"])
			return c.comment(ctx, emailed)
		},
	}
}

// asksText is the form for a line that names a ticket and lacks the text.
func asksText(title string, more ...chat.Input) func(string, Known) *Form {
	return func(rest string, _ Known) *Form {
		word, body := cutTicket(rest)
		if !looksLikeTicket(word) || unquote(body) != "" {
			return nil
		}
		return &Form{About: word, Form: textForm(title+" "+word, "", more...)}
	}
}

func textForm(title, body string, more ...chat.Input) chat.Form {
	return chat.Form{
		Title: clip(title, 24), Submit: "Preview",
		Inputs: append([]chat.Input{{Name: "text", Label: "Text", Kind: chat.Paragraph, Value: body}}, more...),
	}
}

// ticketAndText reads a line that is a ticket and a text.
func (c *Call) ticketAndText(ctx context.Context, what string) (syncro.Ticket, string, error) {
	t, rest, err := c.ticket(ctx)
	if err != nil {
		return t, "", err
	}
	body, err := text(rest, what)
	return t, body, err
}

// comment plans a comment for an audience.
func (c *Call) comment(ctx context.Context, a audience) (Result, error) {
	what, title, subject, line := "reply", "Reply on ", "Update", "reply %d %s"
	switch a {
	case internal:
		what, title, subject, line = "note", "Note on ", "Internal Note", "note %d %s"
	case noEmail:
		line = "comment %d " + string(noEmail) + " %s"
	}
	t, body, err := c.ticketAndText(ctx, what)
	if err != nil {
		return Result{}, err
	}
	other := Choice{Label: "Make it a note", Line: fmt.Sprintf("note %d %s", t.Number, quoted(body))}
	if a == internal {
		other = Choice{Label: "Make it a reply", Line: fmt.Sprintf("reply %d %s", t.Number, quoted(body))}
	}
	return Result{
		Plan: &confirm.Plan{
			Title: title + name(t), Ticket: &t, Typed: fmt.Sprintf(line, t.Number, quoted(body)),
			Facts: chat.Fields{{Name: "Customer", Value: orNone(t.Customer)}},
			Steps: []syncro.Write{commentFor(t, subject, body, a)},
			Edit: &confirm.Edit{
				Command: "comment", About: strconv.FormatInt(t.Number, 10),
				Form: textForm(fmt.Sprintf("Comment on %d", t.Number), body, audienceInput(a)),
			},
		},
		Choices: []Choice{other},
	}, nil
}

// commentFor is a comment for an audience.
func commentFor(t syncro.Ticket, subject, body string, a audience) syncro.AddComment {
	return syncro.AddComment{
		TicketID: t.ID, Subject: subject, Body: body, Hidden: a == internal, DoNotEmail: a != emailed, EmailTo: t.ContactEmail,
	}
}
