package syncro_test

import (
	"slices"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/syncro"
)

// TestSearchIsCheckedHereToo: an account that does not know a filter answers as
// if it were not there.
func TestSearchIsCheckedHereToo(t *testing.T) {
	t.Parallel()
	s := newStand(t, answer(200, `{"tickets": [
			{"id": 1, "number": 11, "status": "New", "customer_id": 7, "user_id": 4101, "updated_at": "2026-11-25T09:00:00Z"},
			{"id": 2, "number": 12, "status": "Resolved", "customer_id": 7, "user_id": 4101, "updated_at": "2026-11-25T09:00:00Z"},
			{"id": 3, "number": 13, "status": "New", "customer_id": 8, "user_id": 4107, "updated_at": "2026-11-01T09:00:00Z"},
			{"id": 4, "number": 14, "status": "New", "customer_id": 7, "user_id": null, "updated_at": "2026-11-25T09:00:00Z"}
		], "meta": {"total_pages": 1}}`))
	for _, c := range []struct {
		search  syncro.TicketSearch
		request string
		numbers []int64
	}{
		{syncro.TicketSearch{Words: "a b"}, "GET /tickets?query=a+b", []int64{11, 12, 13, 14}},
		{syncro.TicketSearch{Words: "0"}, "GET /tickets?query=0", []int64{11, 12, 13, 14}},
		{syncro.TicketSearch{Open: true}, "GET /tickets?status=Not+Closed", []int64{11, 13, 14}},
		{syncro.TicketSearch{Status: "Resolved"}, "GET /tickets?status=Resolved", []int64{12}},
		{syncro.TicketSearch{CustomerID: 7, UserID: 4101}, "GET /tickets?customer_id=7&user_id=4101", []int64{11, 12}},
		{syncro.TicketSearch{Since: time.Date(2026, 11, 20, 8, 0, 0, 5, time.UTC)}, "GET /tickets?since_updated_at=2026-11-20T08%3A00%3A00Z", []int64{11, 12, 14}},
	} {
		list, err := s.reader().SearchTickets(t.Context(), c.search)
		if err != nil {
			t.Fatal(err)
		}
		var numbers []int64
		for _, ticket := range list.Items {
			numbers = append(numbers, ticket.Number)
		}
		if !slices.Equal(numbers, c.numbers) {
			t.Errorf("%+v found %v, want %v", c.search, numbers, c.numbers)
		}
		if seen := s.requests(); seen[len(seen)-1] != c.request {
			t.Errorf("%+v asked %q, want %q", c.search, seen[len(seen)-1], c.request)
		}
	}
}
