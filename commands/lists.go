package commands

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

// A list's lines are numbered, and such a number alone opens its line. How a
// line's number is told from a ticket's: it is a line's only where it stands
// alone, without #, within the last list that the person was shown in that
// chat, and for listTTL; the card then says which line of which list it is.
// Whatever changes something takes ticket numbers alone.
const listTTL = 4 * time.Hour

// shownList is the last numbered list that somebody saw.
type shownList struct {
	Title string         `json:"title"` // "search printer"
	At    time.Time      `json:"at"`
	Lines map[int]listed `json:"lines"` // by the number that stands before them
}

// listed is what a line stands for: one of them is set.
type listed struct {
	Ticket   int64 `json:"t,omitempty"` // the id
	Customer int64 `json:"c,omitempty"`
}

// lists keeps them, one a chat user.
type lists struct{ rdb redis.UniversalClient }

func listKey(user string) string { return "syncrobot:list:" + user }

// get is the last list, empty where there is none.
func (l lists) get(ctx context.Context, user string) (shownList, error) {
	record, err := l.rdb.Get(ctx, listKey(user)).Bytes()
	if errors.Is(err, redis.Nil) {
		return shownList{}, nil
	}
	var list shownList
	if err == nil {
		err = json.Unmarshal(record, &list)
	}
	if err != nil {
		return shownList{}, &confirm.StoreError{Err: fmt.Errorf("read the last list: %w", err)}
	}
	return list, nil
}

// number remembers lines that are shown as from, from+1, ... A later page of
// the same list leaves the numbers of the earlier ones as they were shown.
// Where it cannot be remembered the list must not be shown: an older one's
// numbers would count.
func (c *Call) number(ctx context.Context, title string, from int, lines []listed) error {
	list := shownList{Title: title, At: c.Now, Lines: map[int]listed{}}
	if from > 1 {
		before, err := c.lists.get(ctx, c.user.Key())
		if err != nil {
			return err
		}
		if before.Title == title {
			list.Lines = before.Lines
		}
	}
	for i, line := range lines {
		list.Lines[from+i] = line
	}
	record, err := json.Marshal(list)
	if err == nil {
		err = c.lists.rdb.Set(ctx, listKey(c.user.Key()), record, listTTL).Err()
	}
	if err != nil {
		return &confirm.StoreError{Err: fmt.Errorf("remember the list: %w", err)}
	}
	return nil
}

// line is what a number means in the last list, and that list's words; ok is
// false where the number is a ticket's.
func (c *Call) line(ctx context.Context, word string) (what listed, of string, ok bool, err error) {
	n, bad := strconv.Atoi(word)
	if bad != nil || n < 1 || n > 999 || word != strconv.Itoa(n) {
		return listed{}, "", false, nil
	}
	list, err := c.lists.get(ctx, c.user.Key())
	if err != nil {
		return listed{}, "", false, err
	}
	what, ok = list.Lines[n]
	return what, fmt.Sprintf("Line %d of your list “%s” of %s. #%d is ticket number %d.", n, list.Title, list.At.In(c.zone()).Format("15:04"), n, n), ok, nil
}

// numberHint says below a list what its numbers are for.
func numberHint(from, to int) string {
	lines := fmt.Sprintf("%d to %d open these lines", from, to)
	if from == to {
		lines = fmt.Sprintf("%d opens this line", from)
	}
	return "A number alone shows the ticket. " + lines + "; with # it is always a ticket's number."
}

// tickets are lines that open tickets.
func ticketLines(tickets []syncro.Ticket) []listed {
	lines := make([]listed, len(tickets))
	for i, t := range tickets {
		lines[i] = listed{Ticket: t.ID}
	}
	return lines
}

// latestFirst sorts tickets by their numbers.
func latestFirst(tickets []syncro.Ticket) []syncro.Ticket {
	return slices.SortedStableFunc(slices.Values(tickets), func(a, b syncro.Ticket) int {
		return cmp.Compare(b.Number, a.Number)
	})
}

// ticketHeader is over the lines that ticketRow makes.
var ticketHeader = []string{"Line", "Ticket", "Status", "Customer", "Subject", "Age"}

// ticketRow is a ticket as the shop reads it: number, status, customer,
// subject. line is its number in the list.
func (c *Call) ticketRow(line int, t syncro.Ticket) []string {
	subject := clip(oneLine(t.Subject), 60)
	for _, flag := range []struct {
		on   bool
		word string
	}{
		{c.overdue(t), "OVERDUE"},
		{strings.Contains(strings.ToLower(t.Priority), "urgent"), "URGENT"},
	} {
		if flag.on {
			subject = flag.word + " " + subject
		}
	}
	return []string{
		strconv.Itoa(line), fmt.Sprintf("#%d", t.Number), t.Status, clip(oneLine(t.Customer), 30), subject, age(c.Now.Sub(t.Created), t.Created),
	}
}
