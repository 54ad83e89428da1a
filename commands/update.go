package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
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
			typed, atOnce := cutFlag(typed, "--now")
			typed, was := cutValue(cutTo(typed), undo)
			if typed == "" {
				return c.askStatus(ctx, t, atOnce)
			}
			status, err := c.status(ctx, t, typed)
			if err != nil {
				return Result{}, err
			}
			needsInvoice := strings.Contains(fold(status), fold(invoiced))
			if needsInvoice {
				if err := c.hasInvoice(ctx, t, status); err != nil {
					return Result{}, err
				}
			}
			plan := &confirm.Plan{
				Title: "Set the status of " + name(t), Ticket: &t, Reckoned: needsInvoice,
				Steps: []syncro.Write{syncro.UpdateTicket{TicketID: t.ID, Status: status, NeedsInvoice: needsInvoice}.FromTicket(t)},
			}
			atOnce = atOnce && !c.final(status) && !c.final(t.Status) && (was == "" || was == t.Status)
			if atOnce && was == "" {
				plan.After = []confirm.After{{Label: "Undo", Line: fmt.Sprintf("update %d %s %s --now", t.Number, t.Status, flagOf(undo, status)), Instead: true}}
			}
			return Result{Plan: plan, AtOnce: atOnce}, nil
		},
	}
}

// hasInvoice refuses a status that says that there is an invoice where there is
// none, none that holds anything, or one that does not hold what is charged.
// Of several it is not known which should hold what.
func (c *Call) hasInvoice(ctx context.Context, t syncro.Ticket, status string) error {
	invoices, err := c.Reader.TicketInvoices(ctx, t.ID)
	if err != nil {
		return err
	}
	if len(invoices) == 1 && len(t.LineItems) > 0 {
		holds, why, err := c.Reader.Holds(ctx, t, invoices[0].ID)
		if err == nil && !holds {
			err = refuse("Invoice #%s of #%d is not what is charged, so the ticket is not marked %s: %s. If it is meant so, set the status in Syncro.", invoices[0].Number, t.Number, status, clip(why, 600))
		}
		return err
	}
	for _, brief := range invoices {
		full, err := c.Reader.Invoice(ctx, brief.ID)
		if err != nil || len(full.Lines) > 0 {
			return err
		}
	}
	if len(invoices) > 0 {
		return refuse("Invoice #%s of #%d holds nothing, so the ticket is not marked %s.", invoices[0].Number, t.Number, status)
	}
	return refuse("#%d has no invoice, so it is not marked %s.", t.Number, status)
}

// configured is a status that the configuration or the shop's rules name, as
// the account spells it. It is not guessed from its beginning.
func (c *Call) configured(ctx context.Context, name string) (string, error) {
	settings, err := c.Reader.Settings(ctx)
	if err != nil {
		return "", err
	}
	for _, s := range settings.Statuses {
		if fold(s) == fold(name) {
			return s, nil
		}
	}
	return "", refuse("This Syncro has no status “%s”. There are: %s.", name, strings.Join(present(settings.Statuses...), ", "))
}

// final reports whether a status ends a ticket, which Syncro may tell the
// customer: it is never set without a card to confirm.
func (c *Call) final(status string) bool {
	for _, end := range []string{c.CloseStatus, "Resolved", "Closed", invoiced} {
		if strings.Contains(fold(status), fold(end)) {
			return true
		}
	}
	return false
}

// cutFlag takes a flag off the end of a line.
func cutFlag(s, name string) (string, bool) {
	rest, word := cutLastWord(s)
	if flag(word) != name {
		return s, false
	}
	return rest, true
}

// The flags of a line that is done at once only while a value is still as its
// button knew it: what it takes back, or what the card showed.
const (
	undo = "--undo="
	from = "--from="
)

// flagOf is one of them with its value, as one word.
func flagOf(name, value string) string { return name + strings.ReplaceAll(value, " ", "_") }

// cutValue takes such a flag off the end of a line and returns its value.
func cutValue(s, name string) (rest, value string) {
	rest, word := cutLastWord(s)
	value, ok := strings.CutPrefix(word, name)
	if !ok {
		return s, ""
	}
	return rest, strings.ReplaceAll(value, "_", " ")
}

// askStatus offers the account's statuses, a button each.
func (c *Call) askStatus(ctx context.Context, t syncro.Ticket, atOnce bool) (Result, error) {
	settings, err := c.Reader.Settings(ctx)
	if err != nil {
		return Result{}, err
	}
	var choices []Choice
	for _, s := range settings.Statuses {
		if strings.EqualFold(s, t.Status) {
			continue
		}
		line := fmt.Sprintf("update %d %s", t.Number, s)
		if atOnce {
			line += " --now"
		}
		choices = append(choices, Choice{Label: s, Line: line})
	}
	return card(chat.Card{Title: "Which status for " + name(t) + "?", Tone: chat.Ask, Parts: []chat.Part{
		chat.Text("It is " + t.Status + " now."),
	}}, choices...), nil
}

// status is what was typed as the account spells it.
func (c *Call) status(ctx context.Context, t syncro.Ticket, typed string) (string, error) {
	settings, err := c.Reader.Settings(ctx)
	if err != nil {
		return "", err
	}
	return oneOf(settings.Statuses, "status", typed, func(name string) string { return fmt.Sprintf("update %d %s", t.Number, name) })
}

// oneOf picks what was typed from the account's own list, or says what there
// is; each suggestion is a button.
func oneOf(names []string, what, typed string, line func(name string) string) (string, error) {
	known := strings.Join(present(names...), ", ")
	name, maybe := pick(names, typed)
	if name != "" {
		return name, nil
	}
	e := refuse("There is no %s “%s”. There are: %s.", what, clip(oneLine(typed), 40), known)
	for _, m := range maybe[:min(len(maybe), 4)] {
		e.Choices = append(e.Choices, Choice{Label: m, Line: line(m)})
	}
	return "", e
}
