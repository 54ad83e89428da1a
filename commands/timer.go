package commands

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

func startTimer() Command {
	return Command{
		Name: "start", Args: "<ticket>",
		Summary:  "Start your timer on a ticket; it runs here, and nothing is in Syncro before you bill or save it",
		Examples: []string{"start 32164"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			now, err := c.timers.get(ctx, c.Who.Name)
			if err != nil {
				return Result{}, &confirm.StoreError{Err: err}
			}
			switch {
			case now == nil:
			case now.Ended.IsZero():
				return c.stopCard(*now, "Your timer is running already: ", "Stop it first. "), nil
			default:
				return c.stopCard(*now, "Your last timer is not settled: ", "Bill, save or discard it first, then start again. "), nil
			}
			t, rest, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			if rest != "" {
				return Result{}, usage("After the ticket I expect nothing more.")
			}
			if err := c.timers.keep(ctx, c.Who.Name, running{Ticket: t.Number, Subject: t.Subject, Started: c.Now}); err != nil {
				return Result{}, &confirm.StoreError{Err: err}
			}
			out := chat.Card{
				Title: "Timer started on " + name(t), Tone: chat.Good,
				Parts: []chat.Part{chat.Text("Running since " + c.Now.Local().Format("15:04 MST") + ". Nothing is in Syncro before you bill or save it.")},
			}
			return card(out, Choice{Label: "Stop", Line: "stop"}), nil
		},
	}
}

func stopTimer() Command {
	return Command{
		Name: "stop", Args: "[--discard]",
		Summary:  "Stop your timer, then bill, save or discard its time",
		Examples: []string{"stop", "stop --discard"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			now, err := c.timers.get(ctx, c.Who.Name)
			if err != nil {
				return Result{}, &confirm.StoreError{Err: err}
			}
			if now == nil {
				return Result{}, refuse("You have no timer running.")
			}
			if word, rest := cutTicket(c.Rest); strings.TrimPrefix(word, "#") == strconv.FormatInt(now.Ticket, 10) {
				c.Rest = rest // it need not be named
			}
			switch {
			case flag(c.Rest) == "--discard":
				if err := c.timers.discard(ctx, c.Who.Name); err != nil {
					return Result{}, &confirm.StoreError{Err: err}
				}
				return card(chat.Card{Title: "Timer discarded", Parts: []chat.Part{chat.Text(
					fmt.Sprintf("%s on #%d is forgotten. Nothing was sent.", clockLength(now.minutes(c.Now)), now.Ticket))}}), nil
			case c.Rest != "":
				return Result{}, usage("Your timer is on #%d. “stop” takes nothing but --discard.", now.Ticket)
			}
			if now.Ended.IsZero() {
				now.Ended = c.Now
				if err := c.timers.keep(ctx, c.Who.Name, *now); err != nil {
					return Result{}, &confirm.StoreError{Err: err}
				}
			}
			return c.stopCard(*now, "Stopped: ", ""), nil
		},
	}
}

// stopCard offers what can be done with a timer's time.
func (c *Call) stopCard(r running, title, hint string) Result {
	n := r.minutes(c.Now)
	end := r.Ended
	if end.IsZero() {
		end = c.Now
	}
	out := chat.Card{
		Title: title + clockLength(n) + " on #" + strconv.FormatInt(r.Ticket, 10), Tone: chat.Ask,
		Parts: []chat.Part{
			chat.Text(clip(oneLine(r.Subject), 90)),
			chat.Text(fmt.Sprintf("Nothing was sent. %s%s to %s; a begun minute counts whole. The timer is settled when its time is billed or saved.", hint,
				r.Started.Local().Format("Mon 15:04"), end.Local().Format("15:04 MST"))),
		},
	}
	if r.Ended.IsZero() {
		return card(out, Choice{Label: "Stop", Line: "stop"}, Choice{Label: "Discard", Line: "stop --discard"})
	}
	bill := func(n int) Choice {
		return Choice{Label: "Bill " + clockLength(n), Line: fmt.Sprintf("bill %d %dm", r.Ticket, n)}
	}
	choices := []Choice{bill(n)}
	if quarters := (n + 14) / 15 * 15; quarters != n && quarters <= maxMinutes {
		choices = append(choices, bill(quarters))
	}
	return card(out, append(choices,
		Choice{Label: "Save, no charge", Line: fmt.Sprintf("timer %d add %dm", r.Ticket, n)},
		Choice{Label: "Discard", Line: "stop --discard"})...)
}

func timerEntries() Command {
	return Command{
		Name: "timer", Aliases: []string{"timers"}, Args: "<ticket> [add <minutes> <labor> [notes] | update <n> <minutes> | charge <n> | delete <n>]",
		Summary:  "A ticket's timer entries in Syncro: list, add, change, charge, delete",
		Examples: []string{"timer 32164", "timer 32164 add 30m remote Rekey interval", "timer 32164 charge 1", "timer 32164 delete 1"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			switch word, rest := cutWord(c.Rest); strings.ToLower(word) {
			case "start":
				c.Rest = rest
				return startTimer().Run(ctx, c)
			case "stop":
				c.Rest = rest
				return stopTimer().Run(ctx, c)
			}
			t, rest, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			what, rest := cutWord(rest)
			switch what = strings.ToLower(what); what {
			case "":
				return card(c.timersCard(t)), nil
			case "start":
				c.Rest = strconv.FormatInt(t.Number, 10)
				return startTimer().Run(ctx, c)
			case "stop":
				c.Rest = ""
				return stopTimer().Run(ctx, c)
			case "add":
				return c.addTimer(ctx, t, rest)
			case "update", "charge", "delete":
				return c.changeTimer(t, what, rest)
			}
			return Result{}, usage("“%s” is none of add, update, charge, delete, start and stop.", clip(what, 40))
		},
	}
}

func (c *Call) timersCard(t syncro.Ticket) chat.Card {
	out := chat.Card{Title: "Timers of " + name(t)}
	if len(t.Timers) == 0 {
		out.Parts = append(out.Parts, chat.Text("None."))
		return out
	}
	table := chat.Table{Header: []string{"No.", "Started", "Time", "Charged", "Notes"}}
	for i, e := range t.Timers {
		charged := "not charged"
		if e.Recorded {
			charged = "charged"
		}
		table.Rows = append(table.Rows, []string{strconv.Itoa(i + 1), day(e.Start), timerLength(e), charged, clip(oneLine(e.Notes), 60)})
	}
	out.Parts = append(out.Parts, table)
	return out
}

func timerLength(e syncro.Timer) string {
	if e.End.IsZero() && e.Active == 0 {
		return "running in Syncro"
	}
	return clockLength(entryMinutes(e))
}

func entryMinutes(e syncro.Timer) int {
	return int(cmp.Or(e.Active, e.End.Sub(e.Start)).Round(time.Minute) / time.Minute)
}

func (c *Call) addTimer(ctx context.Context, t syncro.Ticket, rest string) (Result, error) {
	w, err := parseWork(rest, c.Billing.Labor)
	if err != nil {
		return Result{}, err
	}
	if w.minutes == 0 {
		return Result{}, usage("How many minutes?")
	}
	if c.Who.Shared {
		return Result{}, refuse("A timer entry carries a name, and the shared key has not yours. You need a key of your own.")
	}
	if w.labor == "" {
		e := &UsageError{Title: "Which labor?", Problem: "Syncro would take its own default, and nothing is assumed."}
		for _, l := range c.Billing.Labor {
			e.Choices = append(e.Choices, Choice{Label: l.Name, Line: strings.TrimSpace(fmt.Sprintf("timer %d add %dm %s %s", t.Number, w.minutes, l.Name, quoted(w.text)))})
		}
		return Result{}, e
	}
	if w.text != "" {
		if w.text, err = text(w.text, "timer"); err != nil {
			return Result{}, err
		}
	}
	p, err := c.product(ctx, w.labor)
	if err != nil {
		return Result{}, err
	}
	end := c.Now.Truncate(time.Minute)
	plan := &confirm.Plan{Title: "Timer entry on " + name(t), Ticket: &t, Steps: []syncro.Write{syncro.AddTimer{
		TicketID: t.ID, Start: end.Add(-time.Duration(w.minutes) * time.Minute), End: end, Notes: w.text, UserID: c.Who.UserID,
		ProductID: p.ID, Labor: p.Name,
	}}}
	// One that goes on running is not what is saved here.
	if timer := c.Known(ctx).Timer; timer.on(t.Number) && !timer.Ended.IsZero() {
		plan.Timer = timer.mark()
		plan.Facts = chat.Fields{{Name: "Your timer", Value: timer.inWords(c.Now) + ": settled by this entry"}}
	}
	return Result{Plan: plan}, nil
}

func (c *Call) changeTimer(t syncro.Ticket, what, rest string) (Result, error) {
	e, rest, err := nth(t.Timers, rest, "timer")
	if err != nil {
		return Result{}, err
	}
	if e.Recorded {
		return Result{}, refuse("That timer is charged already. What was charged is changed with “line”.")
	}
	if e.Notes != "" {
		if _, err := text(e.Notes, "timer"); err != nil {
			return Result{}, err // they are sent again, and could not be shown whole
		}
	}
	words := fmt.Sprintf("%s from %s", timerLength(e), day(e.Start))
	plan := &confirm.Plan{Ticket: &t, Reckoned: true}
	switch what {
	case "update":
		n, ok, err := minutes(rest)
		if err != nil {
			return Result{}, err
		}
		if !ok {
			return Result{}, usage("How many minutes should it be?")
		}
		plan.Title = "Change a timer of " + name(t)
		plan.Steps = []syncro.Write{syncro.UpdateTimer{
			TicketID: t.ID, TimerID: e.ID, Start: e.Start, End: e.Start.Add(time.Duration(n) * time.Minute),
			Notes: e.Notes, ProductID: e.ProductID, UserID: e.UserID, From: words,
		}}
	case "charge":
		plan.Title = "Charge a timer of " + name(t)
		plan.Steps = []syncro.Write{syncro.ChargeTimer{TicketID: t.ID, TimerID: e.ID, What: words}}
	case "delete":
		plan.Title = "Delete a timer of " + name(t)
		plan.Steps = []syncro.Write{syncro.DeleteTimer{TicketID: t.ID, TimerID: e.ID, What: words}}
	}
	return Result{Plan: plan}, nil
}
