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
		Name: "start", Args: "<ticket> [--switch]",
		Summary:  "Start your timer on a ticket, or go on with it; it runs here, and nothing is in Syncro before you bill or save it",
		Examples: []string{"start 32164", "start 32159 --switch"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			t, rest, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			if rest != "" && flag(rest) != "--switch" {
				return Result{}, usage("After the ticket I expect nothing more, or --switch.")
			}
			var mine measured // the timer of this ticket
			var other *measured
			busy := false
			err = c.timers.change(ctx, c.Who.Name, func(all measures) (measures, error) {
				other = all.running()
				if busy = other != nil && (rest == "" || other.Ticket == t.Number); busy {
					return all, nil
				}
				if other != nil {
					other.Ended = c.Now
				}
				mine = measured{Ticket: t.Number, Subject: t.Subject, Started: c.Now}
				if on := all.on(t.Number); on != nil {
					mine.Started, mine.Before, mine.Resumed = on.Started, on.length(c.Now), c.Now
				} else if len(all) == mostMeasures {
					return nil, refuse("You have %d timers that are neither billed, saved nor discarded. “open” lists them.", len(all))
				}
				return append(measures{mine}, all.without(t.Number)...), nil
			})
			switch {
			case err != nil:
				return Result{}, err
			case busy:
				return c.busyCard(*other, t.Number), nil
			}
			return c.startedCard(t, mine, other), nil
		},
	}
}

// startedCard says that a timer runs, and which one stands still for it.
func (c *Call) startedCard(t syncro.Ticket, mine measured, paused *measured) Result {
	what, so := "started", ""
	if mine.Before > 0 {
		what, so = "resumed", ", "+clockLength(mine.minutes(c.Now))+" so far"
	}
	out := chat.Card{
		Title: "Timer " + what + " on " + name(t), Tone: chat.Good,
		Parts: []chat.Part{chat.Text("Running since " + c.Now.Format("15:04 MST") + so + ". Nothing is in Syncro before you bill or save it.")},
	}
	choices := []Choice{{Label: "Stop", Line: fmt.Sprintf("stop %d", mine.Ticket)}}
	if paused != nil {
		out.Parts = append(out.Parts, chat.Text(c.timerLine(*paused)))
		choices = append(choices, switchTo(paused.Ticket, "Back to"))
	}
	return card(out, choices...)
}

// switchTo starts a ticket's timer and stops the one that runs.
func switchTo(ticket int64, label string) Choice {
	return Choice{Label: fmt.Sprintf("%s #%d", label, ticket), Line: fmt.Sprintf("start %d --switch", ticket)}
}

// busyCard is why a timer is not started: another one runs.
func (c *Call) busyCard(runs measured, ticket int64) Result {
	out := chat.Card{
		Title: fmt.Sprintf("Your timer is running already: %s on #%d", clockLength(runs.minutes(c.Now)), runs.Ticket), Tone: chat.Ask,
		Parts: []chat.Part{chat.Text(clip(oneLine(runs.Subject), 90)), chat.Text("Since " + runs.since().In(c.zone()).Format("Mon 15:04 MST") + ". Nothing was sent.")},
	}
	choices := []Choice{{Label: "Stop", Line: fmt.Sprintf("stop %d", runs.Ticket)}}
	if ticket != runs.Ticket {
		choices = append([]Choice{switchTo(ticket, "Switch to")}, choices...)
	}
	return card(out, choices...)
}

func stopTimer() Command {
	return Command{
		Name: "stop", Args: "[<ticket>] [--discard]",
		Summary:  "Stop your timer, then bill, save or discard its time",
		Examples: []string{"stop", "stop 32164", "stop --discard"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			var stopped measured
			discard := false
			err := c.timers.change(ctx, c.Who.Name, func(all measures) (measures, error) {
				which, rest, err := c.whichTimer(all)
				if err != nil {
					return nil, err
				}
				if discard = flag(rest) == "--discard"; rest != "" && !discard {
					return nil, usage("Behind “stop” I expect a ticket, --discard, or nothing. Your timer is on #%d.", which.Ticket)
				}
				if which.runs() {
					which.Ended = c.Now
				}
				stopped = *which
				if discard {
					all = all.without(stopped.Ticket)
				}
				return all, nil
			})
			if err != nil {
				return Result{}, err
			}
			if discard {
				return card(chat.Card{Title: "Timer discarded", Parts: []chat.Part{chat.Text(
					fmt.Sprintf("%s on #%d is forgotten. Nothing was sent.", clockLength(stopped.minutes(c.Now)), stopped.Ticket))}}), nil
			}
			return c.stopCard(stopped), nil
		},
	}
}

// whichTimer is the one that a line names, else the one that runs, else the
// only one.
func (c *Call) whichTimer(all measures) (*measured, string, error) {
	if len(all) == 0 {
		return nil, "", refuse("You have no timer running.")
	}
	if word, rest := cutTicket(c.Rest); word != "" && flag(word) == "" {
		n, err := strconv.ParseInt(strings.TrimPrefix(word, "#"), 10, 64)
		if on := all.on(n); err == nil && on != nil {
			return on, rest, nil
		}
		return nil, "", whichOf(all, refuse("You have no timer on %s.", clip(word, 40)))
	}
	if runs := all.running(); runs != nil {
		return runs, c.Rest, nil
	}
	if len(all) == 1 {
		return &all[0], c.Rest, nil
	}
	return nil, "", whichOf(all, usage("Which timer?"))
}

// whichOf offers a technician's timers.
func whichOf(all measures, e *UsageError) *UsageError {
	for _, m := range all {
		e.Choices = append(e.Choices, Choice{Label: fmt.Sprintf("Stop #%d", m.Ticket), Line: fmt.Sprintf("stop %d", m.Ticket)})
	}
	return e
}

// stopCard offers what can be done with a timer's time.
func (c *Call) stopCard(m measured) Result {
	n := m.minutes(c.Now)
	when := m.Started.In(c.zone()).Format("Mon 15:04") + " to " + m.Ended.In(c.zone()).Format("15:04 MST")
	if m.Before > 0 {
		when = "Begun " + m.Started.In(c.zone()).Format("Mon 15:04") + ", with breaks, the last to " + m.Ended.In(c.zone()).Format("Mon 15:04 MST")
	}
	out := chat.Card{
		Title: "Stopped: " + clockLength(n) + " on #" + strconv.FormatInt(m.Ticket, 10), Tone: chat.Ask,
		Parts: []chat.Part{
			chat.Text(clip(oneLine(m.Subject), 90)),
			chat.Text("Nothing was sent. " + when + "; a begun minute counts whole. The timer is settled when its time is billed or saved."),
		},
	}
	bill := func(n int) Choice {
		return Choice{Label: "Bill " + clockLength(n), Line: fmt.Sprintf("bill %d %dm", m.Ticket, n)}
	}
	choices := []Choice{bill(n)}
	if quarters := (n + 14) / 15 * 15; quarters != n && quarters <= maxMinutes {
		choices = append(choices, bill(quarters))
	}
	return card(out, append(choices,
		Choice{Label: "Save, no charge", Line: fmt.Sprintf("timer %d add %dm", m.Ticket, n)},
		Choice{Label: "Go on", Line: fmt.Sprintf("start %d", m.Ticket)},
		Choice{Label: "Discard", Line: fmt.Sprintf("stop %d --discard", m.Ticket)})...)
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
				c.Rest = strings.TrimSpace(fmt.Sprintf("%d %s", t.Number, rest))
				return startTimer().Run(ctx, c)
			case "stop":
				c.Rest = strings.TrimSpace(fmt.Sprintf("%d %s", t.Number, rest))
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
		table.Rows = append(table.Rows, []string{strconv.Itoa(i + 1), day(e.Start, c.zone()), timerLength(e), charged, clip(oneLine(e.Notes), 60)})
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
	timer := c.Known(ctx).Timers.on(t.Number)
	end := workEnd(c.Now, timer, w.minutes)
	plan := &confirm.Plan{Title: "Timer entry on " + name(t), Ticket: &t, Steps: []syncro.Write{syncro.AddTimer{
		TicketID: t.ID, Start: end.Add(-time.Duration(w.minutes) * time.Minute), End: end, Notes: w.text, UserID: c.Who.UserID,
		ProductID: p.ID, Labor: p.Name,
	}}}
	// One that goes on running is not what is saved here.
	if timer != nil && !timer.runs() {
		plan.Timer = timer.mark(c.Now)
		plan.Facts = chat.Fields{{Name: "Your timer", Value: timer.inWords(c.Now) + ": settled by this entry"}}
	}
	return Result{Plan: plan}, nil
}

// workEnd is when work ended whose length was typed: where that is what a
// stopped timer measured, when it was stopped, else now.
func workEnd(now time.Time, timer *measured, minutes int) time.Time {
	if timer != nil && !timer.runs() && timer.minutes(now) == minutes {
		now = timer.Ended
	}
	return now.Truncate(time.Minute)
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
	words := fmt.Sprintf("%s from %s", timerLength(e), day(e.Start, c.zone()))
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
