package commands

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

func assignTicket() Command {
	return Command{
		Name: "assign", Args: "<ticket> <technician>",
		Summary:  "Give a ticket to a technician, or to yourself with “me”",
		Examples: []string{"assign 32164 me", "assign 32164 dana"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			t, typed, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			typed, atOnce := cutFlag(typed, "--now")
			typed, shown := cutValue(typed, from)
			typed, was := cutValue(cutTo(typed), undo)
			settings, err := c.Reader.Settings(ctx)
			if err != nil {
				return Result{}, err
			}
			if typed == "" {
				return askTechnician(t, settings.Technicians, atOnce), nil
			}
			to, err := c.technician(settings.Technicians, typed, func(to syncro.Technician) string { return fmt.Sprintf("assign %d %s", t.Number, to.Name) })
			if err != nil {
				return Result{}, err
			}
			plan := &confirm.Plan{
				Title: "Assign " + name(t), Ticket: &t,
				Steps: []syncro.Write{syncro.UpdateTicket{TicketID: t.ID, UserID: to.ID, To: to.Name}.FromTicket(t)},
			}
			if shown != "" && shown != orNobody(t.Technician) {
				atOnce = false
				plan.Facts = chat.Fields{{Name: "CAREFUL", Value: fmt.Sprintf("the card that you pressed said %s, and %s has it by now", shown, orNobody(t.Technician))}}
			}
			// Syncro takes no ticket away from everybody, so a first assignment has no undo.
			atOnce = atOnce && (was == "" || was == t.Technician)
			if atOnce && was == "" && t.Technician != "" {
				plan.After = []confirm.After{{Label: "Undo", Line: fmt.Sprintf("assign %d %s %s --now", t.Number, t.Technician, flagOf(undo, to.Name)), Instead: true}}
			}
			return Result{Plan: plan, AtOnce: atOnce}, nil
		},
	}
}

func orNobody(technician string) string { return cmp.Or(technician, "nobody") }

// askTechnician offers the account's people, a button each.
func askTechnician(t syncro.Ticket, people []syncro.Technician, atOnce bool) Result {
	var choices []Choice
	for _, p := range people {
		if p.ID == t.UserID || len(choices) == 20 {
			continue
		}
		line := fmt.Sprintf("assign %d %s", t.Number, p.Name)
		if atOnce {
			line += " --now"
		}
		choices = append(choices, Choice{Label: clip(oneLine(p.Name), 40), Line: line})
	}
	return card(chat.Card{Title: "Who takes " + name(t) + "?", Tone: chat.Ask, Parts: []chat.Part{
		chat.Text("It is assigned to " + orNobody(t.Technician) + " now."),
	}}, choices...)
}

// technician finds a person of the account by name, first name, last name, or
// "me". line is what a choice among several says.
func (c *Call) technician(people []syncro.Technician, typed string, line func(syncro.Technician) string) (syncro.Technician, error) {
	typed = unquote(typed)
	typed = cmp.Or(c.colleague(typed), typed) // Slack sends a mention as an id
	if strings.EqualFold(typed, "me") {
		if c.Who.Shared {
			return syncro.Technician{}, refuse("I do not know which Syncro user you are: you have no key of your own. Type the name.")
		}
		return syncro.Technician{ID: c.Who.UserID, Name: c.Who.FullName}, nil
	}
	var names []string
	var part []syncro.Technician
	for _, p := range people {
		names = append(names, p.Name)
		for _, word := range strings.Fields(p.Name) {
			if strings.EqualFold(word, typed) {
				part = append(part, p)
				break
			}
		}
	}
	if len(part) == 1 {
		return part[0], nil
	}
	if len(part) > 1 {
		e := several("Several technicians are called “%s”.", clip(typed, 40))
		for _, p := range part[:min(len(part), 4)] {
			e.Choices = append(e.Choices, Choice{Label: p.Name, Line: line(p)})
		}
		return syncro.Technician{}, e
	}
	found, err := oneOf(names, "technician", typed, func(name string) string { return line(syncro.Technician{Name: name}) })
	if err != nil {
		return syncro.Technician{}, err
	}
	for _, p := range people {
		if p.Name == found {
			part = append(part, p)
		}
	}
	if len(part) > 1 {
		return syncro.Technician{}, refuse("Several technicians are called “%s”. Assign it in Syncro.", found)
	}
	return part[0], nil
}
