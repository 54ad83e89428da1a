package commands

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// What one card of a thread holds: both platforms show that whole.
const (
	threadRoom = 5500 // characters
	threadMost = 12   // comments
)

func showComments() Command {
	return Command{
		Name: "comments", Aliases: []string{"thread"}, Args: "<ticket> [from]",
		Summary:  "All comments of a ticket, newest first, as many at a time as a card holds",
		Examples: []string{"comments 32164", "comments 32164 12"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			t, rest, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			from := 1
			if rest != "" {
				if from, err = strconv.Atoi(rest); err != nil || from < 1 || from > max(1, len(t.Comments)) {
					return Result{}, usage("From which comment? They are numbered from the newest, 1 to %d.", len(t.Comments))
				}
			}
			return c.commentsCard(t, from), nil
		},
	}
}

// commentsCard shows comments from the from-th newest on.
func (c *Call) commentsCard(t syncro.Ticket, from int) Result {
	out := chat.Card{Title: "Comments of " + name(t), Buttons: []chat.Button{{Label: "Open in Syncro", URL: c.TicketURL(t.ID)}}}
	room, next := threadRoom, from
	for next <= len(t.Comments) && next < from+threadMost {
		comment := t.Comments[next-1]
		body := orNone(strings.TrimSpace(comment.Body))
		n := utf8.RuneCountInString(body)
		if n > room && next > from {
			break
		}
		if n > threadRoom {
			body = clip(body, threadRoom) + fmt.Sprintf("\n(%d more characters: open it in Syncro)", n-threadRoom)
		}
		room -= n
		out.Parts = append(out.Parts, chat.Text(fmt.Sprintf("%d · %s", next, c.heading(comment))), chat.Quoted(body))
		next++
	}
	if len(t.Comments) == 0 {
		out.Parts = append(out.Parts, chat.Text("None."))
		return card(out)
	}
	out.Note = fmt.Sprintf("%d to %d of %d, newest first", from, next-1, len(t.Comments))
	var choices []Choice
	if from > 1 {
		choices = append(choices, Choice{Label: "Newest", Line: fmt.Sprintf("comments %d", t.Number)})
	}
	if next <= len(t.Comments) {
		choices = append(choices, Choice{Label: fmt.Sprintf("Older, from %d", next), Line: fmt.Sprintf("comments %d %d", t.Number, next)})
	}
	return card(out, choices...)
}
