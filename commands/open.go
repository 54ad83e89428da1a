package commands

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

const (
	pageRows = 15 // of open tickets: what is read without scrolling
	openRows = 40 // of what was searched for
)

func openTickets() Command {
	return Command{
		Name: "open", Aliases: []string{"list", "tickets"}, Args: "[mine | unassigned]",
		Summary:  "Your day: timers, what waits for you, and the open tickets, your own first",
		Examples: []string{"open", "open mine", "open unassigned"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			view, page := strings.ToLower(c.Rest), 1
			if before, n, paged := strings.Cut(view, "--page"); paged {
				var err error
				if page, err = strconv.Atoi(strings.TrimSpace(n)); err != nil || page < 1 || page > 99 {
					return Result{}, usage("“%s” is no page of a list.", clip(n, 20))
				}
				view = strings.TrimSpace(before)
			}
			switch {
			case view == "mine" || view == "unassigned" || view == "all" || view == "":
			case looksLikeTicket(view):
				c.name = "ticket"
				return showTicket().Run(ctx, c)
			default:
				return Result{}, usage("“open” lists all open tickets, mine or unassigned. To look for something, use search.")
			}
			// Pages of a list are of one reading, so that nothing slips between them.
			r, err := c.openTickets(ctx, page == 1 && view == "")
			if err != nil {
				return Result{}, err
			}
			return c.day(ctx, r, view, page)
		},
	}
}

// day is a page of the open tickets, with what else the day begins with.
func (c *Call) day(ctx context.Context, r reading, view string, page int) (Result, error) {
	timers, ops, err := c.waiting(ctx)
	if err != nil {
		return Result{}, err
	}
	groups := c.groups(r.List.Items)
	free, own, total := 0, 0, len(r.List.Items)
	var shown []group
	for _, g := range groups {
		switch g.whose {
		case "mine":
			own += len(g.tickets)
		case "unassigned":
			free += len(g.tickets)
		}
		if view == "" || view == "all" || view == g.whose {
			shown = append(shown, g)
		}
	}
	out := chat.Card{Title: fmt.Sprintf("Open tickets · %d · as of %s", total, c.clock(r.At))}
	if view == "mine" {
		out.Title = fmt.Sprintf("Your open tickets · %d · as of %s", own, c.clock(r.At))
	} else if view == "unassigned" {
		out.Title = fmt.Sprintf("Unassigned tickets · %d · as of %s", free, c.clock(r.At))
	}
	var choices []Choice
	for _, m := range timers {
		out.Parts = append(out.Parts, chat.Text(c.timerLine(m)))
	}
	switch {
	case timers.running() != nil:
		choices = append(choices, Choice{"Stop timer", "stop"})
	case len(timers) > 0:
		choices = append(choices, Choice{"Settle timer", "stop"})
	}
	if len(ops) > 0 {
		lines := make([]string, len(ops))
		for i, op := range ops {
			lines[i] = "• " + op.Title
		}
		out.Parts = append(out.Parts, chat.Text(fmt.Sprintf("Waiting for you (%d)\n%s", len(ops), strings.Join(lines[:min(len(lines), 5)], "\n"))))
		choices = append(choices, Choice{"What waits", "pending"})
	}
	rows, left, err := c.page(ctx, shown, strings.TrimSpace("open "+view), page)
	if err != nil {
		return Result{}, err
	}
	out.Parts = append(out.Parts, rows...)
	if len(rows) == 0 {
		out.Parts = append(out.Parts, chat.Text(nothing(view, own, free, total, r.List.More)))
	} else {
		first := (page-1)*pageRows + 1
		out.Note = numberHint(first, min(first+pageRows-1, count(shown)))
	}
	if r.List.More {
		out.Note = strings.TrimSpace("There are more than I read. " + out.Note)
	}
	if left > 0 {
		choices = append(choices, Choice{fmt.Sprintf("Next (%d more)", left), strings.Join(present("open", view, fmt.Sprintf("--page %d", page+1)), " ")})
	}
	for _, other := range []struct {
		view, label string
		n           int
	}{{"mine", "Mine only", own}, {"unassigned", "Unassigned", free}, {"all", "All", total}} {
		if other.n > 0 && other.view != cmp.Or(view, "all") && other.n != count(shown) {
			choices = append(choices, Choice{other.label, "open " + other.view})
		}
	}
	choices = append(choices, Choice{"Search", "search"})
	if c.Who.MayWrite {
		choices = append(choices, Choice{"New ticket", "create"})
	}
	return card(out, choices...), nil
}

// page draws one page of the groups, numbered through, and says how many
// tickets come after it.
func (c *Call) page(ctx context.Context, groups []group, title string, page int) (parts []chat.Part, left int, err error) {
	first := (page-1)*pageRows + 1
	var lines []listed
	n := 0 // tickets so far
	for _, g := range groups {
		table := chat.Table{Header: ticketHeader}
		for _, t := range g.tickets {
			n++
			if n >= first && n < first+pageRows {
				table.Rows = append(table.Rows, c.ticketRow(n, t))
				lines = append(lines, listed{Ticket: t.ID})
			}
		}
		if len(parts) > 0 {
			table.Header = nil // it was said
		}
		if len(table.Rows) > 0 {
			parts = append(parts, chat.Text(fmt.Sprintf("%s (%d)", g.name, len(g.tickets))), table)
		}
	}
	return parts, max(0, n-(first+pageRows-1)), c.number(ctx, title, first, lines)
}

func count(groups []group) int {
	n := 0
	for _, g := range groups {
		n += len(g.tickets)
	}
	return n
}

// nothing says why a list is empty; more: of the tickets that were read, and
// there are others.
func nothing(view string, own, free, total int, more bool) string {
	switch {
	case more && view == "unassigned" && free == 0:
		return fmt.Sprintf("Of the %d open tickets that I read every one is somebody's.", total)
	case more && view == "mine" && own == 0:
		return "No open tickets are assigned to you."
	case total == 0:
		return "No ticket is open."
	case view == "mine" && own == 0:
		return fmt.Sprintf("No open tickets are assigned to you. %d are unassigned.", free)
	case view == "unassigned" && free == 0:
		return "Every open ticket is somebody's."
	}
	return "There is no such page: the list is shorter by now."
}

// ticketTable lists tickets, numbered from 1, the latest first.
func (c *Call) ticketTable(ctx context.Context, title string, tickets []syncro.Ticket) (chat.Table, error) {
	tickets = latestFirst(tickets)
	table := chat.Table{Header: ticketHeader}
	for i, t := range tickets {
		table.Rows = append(table.Rows, c.ticketRow(i+1, t))
	}
	return table, c.number(ctx, title, 1, ticketLines(tickets))
}

// oneLine is a text without line breaks.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// age is how old something is, in its largest unit; nothing where Syncro did
// not say.
func age(d time.Duration, since time.Time) string {
	switch {
	case since.IsZero():
		return ""
	case d < time.Hour:
		return fmt.Sprintf("%dm", max(0, int(d.Minutes())))
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
