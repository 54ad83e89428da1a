package syncro

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const numberTTL = 30 * 24 * time.Hour

func numberCache(number int64) string {
	return "syncrobot:cache:number:" + strconv.FormatInt(number, 10)
}

// TicketByNumber reads a ticket by the number that people use. The id that a
// number has is remembered in Redis for 30 days; it is checked each time, as
// numbers can be changed. Where no ticket has the number the error is an
// *Error of kind NotFound, where several have it an *AmbiguousNumber.
func (r *Reader) TicketByNumber(ctx context.Context, number int64) (Ticket, error) {
	cache := numberCache(number)
	if id, err := r.client.redis.Get(ctx, cache).Int64(); err == nil {
		t, err := r.Ticket(ctx, id)
		if err == nil && t.Number == number {
			return t, nil
		}
		if err != nil && !isNotFound(err) {
			return Ticket{}, err
		}
		if err := r.client.redis.Del(ctx, cache).Err(); err != nil {
			r.client.log.WarnContext(ctx, "a ticket number could not be forgotten", "error", err)
		}
	}
	id, err := r.resolve(ctx, number)
	if err != nil {
		return Ticket{}, err
	}
	t, err := r.Ticket(ctx, id)
	if err != nil {
		return Ticket{}, err
	}
	if t.Number != number {
		return Ticket{}, garbled(TicketPath(id), fmt.Errorf("%w: it has the number %d", errShape, t.Number))
	}
	if err := r.client.redis.Set(ctx, cache, id, numberTTL).Err(); err != nil {
		r.client.log.WarnContext(ctx, "a ticket number could not be remembered", "error", err)
	}
	return t, nil
}

// resolve finds the id of the ticket with a number. It is not settled whether
// Syncro's plain list has finished tickets, so these are asked for when it is
// empty.
func (r *Reader) resolve(ctx context.Context, number int64) (int64, error) {
	for _, status := range []string{"", "Resolved", "Closed", "Invoiced"} {
		query := url.Values{"number": {strconv.FormatInt(number, 10)}}
		if status != "" {
			query.Set("status", status)
		}
		found, err := r.listTickets(ctx, query, maxPages)
		if err != nil {
			return 0, err
		}
		exact := slices.DeleteFunc(found.Items, func(t Ticket) bool { return t.Number != number })
		switch {
		case len(exact) > 1:
			return 0, &AmbiguousNumber{Number: number, Tickets: exact}
		case len(exact) == 1:
			return exact[0].ID, nil
		}
	}
	return 0, &Error{
		Kind: NotFound, Method: http.MethodGet, Path: "/tickets",
		Message: fmt.Sprintf("no ticket has the number %d", number),
	}
}
