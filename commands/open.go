package commands

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// openRows is how many tickets one answer lists: more is not read in chat.
const openRows = 40

func openTickets() Command {
	return Command{
		Name: "open", Aliases: []string{"list", "tickets"},
		Summary:  "Open tickets, your own first",
		Examples: []string{"open"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			if c.Rest != "" {
				return Result{}, usage("“open” takes nothing more. To look for something, use search.")
			}
			list, err := c.Reader.OpenTickets(ctx)
			if err != nil {
				return Result{}, err
			}
			return card(c.openCard(list)), nil
		},
	}
}

func (c *Call) openCard(list syncro.List[syncro.Ticket]) chat.Card {
	groups := []struct {
		name    string
		belongs func(t syncro.Ticket) bool
	}{
		{"Yours", func(t syncro.Ticket) bool { return !c.Who.Shared && t.UserID == c.Who.UserID }},
		{"Unassigned", func(t syncro.Ticket) bool { return t.UserID == 0 }},
		{"Others'", func(syncro.Ticket) bool { return true }},
	}
	out := chat.Card{Title: fmt.Sprintf("Open tickets · %d", len(list.Items))}
	if len(list.Items) == 0 {
		out.Parts = append(out.Parts, chat.Text("No ticket is open."))
		return out
	}
	left, room := slices.Clone(list.Items), openRows
	for _, g := range groups {
		var mine []syncro.Ticket
		mine, left = split(left, g.belongs)
		if len(mine) == 0 {
			continue
		}
		heading := fmt.Sprintf("%s (%d)", g.name, len(mine))
		if len(mine) > room {
			heading += fmt.Sprintf(", the first %d", room)
			mine = mine[:room]
		}
		room -= len(mine)
		if len(mine) > 0 {
			out.Parts = append(out.Parts, chat.Text(heading), ticketTable(mine, c.Now))
		}
	}
	out.Note = "A number alone shows the ticket."
	if list.More {
		out.Note = "There are more than I read. " + out.Note
	}
	return out
}

// split parts tickets by a question, keeping their order.
func split(tickets []syncro.Ticket, belongs func(syncro.Ticket) bool) (yes, no []syncro.Ticket) {
	for _, t := range tickets {
		if belongs(t) {
			yes = append(yes, t)
		} else {
			no = append(no, t)
		}
	}
	return yes, no
}

// ticketTable lists tickets as the shop reads them: number, status, customer,
// subject; the latest first.
func ticketTable(tickets []syncro.Ticket, now time.Time) chat.Table {
	tickets = slices.SortedStableFunc(slices.Values(tickets), func(a, b syncro.Ticket) int {
		return cmp.Compare(b.Number, a.Number)
	})
	table := chat.Table{Header: []string{"Ticket", "Status", "Customer", "Subject", "Age"}}
	for _, t := range tickets {
		subject := clip(oneLine(t.Subject), 60)
		if strings.Contains(strings.ToLower(t.Priority), "urgent") {
			subject = "URGENT " + subject
		}
		table.Rows = append(table.Rows, []string{
			fmt.Sprintf("#%d", t.Number), t.Status, clip(oneLine(t.Customer), 30), subject, age(now.Sub(t.Created), t.Created),
		})
	}
	return table
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
