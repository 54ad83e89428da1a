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

func closeTicket() Command {
	return Command{
		Name: "close", Aliases: []string{"resolve"}, Args: "<ticket> [resolution]",
		Summary:  "Close a ticket; a resolution is posted first, for the customer",
		Examples: []string{"close 32164", "close 32164 “Rekey interval fixed with the provider.”", "close 32164 Fixed with the provider --internal"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			t, rest, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			who := emailed
			rest = cutFlags(rest, who.take)
			return c.close(ctx, t, unquote(rest), who)
		},
		Submit: func(ctx context.Context, c *Call, about string, values map[string]string) (Result, error) {
			c.Rest = about
			t, _, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			return c.close(ctx, t, values["text"], audienceOf(values["audience"]))
		},
	}
}

// close plans a ticket's end; without a resolution it is the status alone.
func (c *Call) close(ctx context.Context, t syncro.Ticket, resolution string, who audience) (Result, error) {
	status, err := c.configured(ctx, c.CloseStatus)
	if err != nil {
		return Result{}, err
	}
	number := strconv.FormatInt(t.Number, 10)
	form := textForm("Close "+number, resolution, audienceInput(who))
	form.Inputs[0].Label, form.Inputs[0].Optional = "Resolution", true
	plan := &confirm.Plan{
		Title: "Close " + name(t), Ticket: &t, Typed: "close " + number, Facts: chat.Fields{{Name: "Customer", Value: orNone(t.Customer)}},
		Edit:  &confirm.Edit{Command: "close", About: number, Form: form},
		After: []confirm.After{{Label: "Bill…", Line: "bill " + number}, {Label: "Session log…", Line: "log " + number}},
	}
	if c.final(t.Status) && status != t.Status {
		plan.Facts = append(plan.Facts, chat.Field{Name: "CAREFUL", Value: "it is " + t.Status + " already, and this takes it back to " + status})
	}
	if total, going := timeSpent(t.Timers); total == 0 && going == "" && len(t.LineItems) == 0 {
		plan.Facts = append(plan.Facts, chat.Field{Name: "Time", Value: "none is logged on this ticket: it can be billed afterwards"})
	}
	if timer := c.Known(ctx).Timers.on(t.Number); timer != nil {
		n := timer.minutes(c.Now)
		plan.Facts = append(plan.Facts, chat.Field{Name: "Your timer", Value: timer.inWords(c.Now) + ": this does not settle it"})
		plan.After[0] = confirm.After{Label: "Bill " + clockLength(n) + "…", Line: fmt.Sprintf("bill %d %dm", t.Number, n)}
	}
	var choices []Choice
	if resolution != "" {
		if resolution, err = text(resolution, "resolution"); err != nil {
			return Result{}, err
		}
		line := func(a audience) string {
			return strings.Join(present("close", number, string(a), quoted(resolution)), " ")
		}
		plan.Typed = line(who)
		plan.Steps = append(plan.Steps, commentFor(t, "Resolution", resolution, who))
		choices = who.others("resolution", line)
	}
	if status != t.Status || resolution == "" {
		plan.Steps = append(plan.Steps, syncro.UpdateTicket{TicketID: t.ID, Status: status}.FromTicket(t))
	}
	return Result{Plan: plan, Choices: choices}, nil
}
