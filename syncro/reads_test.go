package syncro_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/syncrobot/syncrobot/syncro"
)

// answers serves a body for each request URI, and 404 for all others.
func answers(bodies map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if body, ok := bodies[r.URL.RequestURI()]; ok {
			answer(200, body)(w, r)
			return
		}
		answer(404, `{"message":"Not found"}`)(w, r)
	}
}

func TestTicketByNumber(t *testing.T) {
	t.Parallel()
	const none = `{"tickets":[],"meta":{"total_pages":1}}`
	for name, c := range map[string]struct {
		bodies map[string]string
		cached int64 // id that the cache has for 32164; 0: none
		id     int64 // 0: an error
		want   []string
		keeps  string // id in the cache afterwards
	}{
		"found": {
			bodies: map[string]string{"/tickets?number=32164": `{"tickets":[{"id":900,"number":32164}]}`, "/tickets/900": `{"ticket":{"id":900,"number":32164}}`},
			id:     900, want: []string{"GET /tickets?number=32164", "GET /tickets/900"}, keeps: "900",
		},
		"others that are only like it": {
			bodies: map[string]string{
				"/tickets?number=32164": `{"tickets":[{"id":1,"number":3216},{"id":900,"number":"32164"},{"id":2,"number":132164}]}`,
				"/tickets/900":          `{"ticket":{"id":900,"number":"32164"}}`,
			},
			id: 900, want: []string{"GET /tickets?number=32164", "GET /tickets/900"}, keeps: "900",
		},
		"only in the list of the closed": {
			bodies: map[string]string{
				"/tickets?number=32164": none, "/tickets?number=32164&status=Resolved": none,
				"/tickets?number=32164&status=Closed": `{"tickets":[{"id":900,"number":32164}]}`, "/tickets/900": `{"ticket":{"id":900,"number":32164}}`,
			},
			id: 900, want: []string{"GET /tickets?number=32164", "GET /tickets?number=32164&status=Resolved", "GET /tickets?number=32164&status=Closed", "GET /tickets/900"}, keeps: "900",
		},
		"remembered": {
			bodies: map[string]string{"/tickets/900": `{"ticket":{"id":900,"number":32164}}`},
			cached: 900, id: 900, want: []string{"GET /tickets/900"}, keeps: "900",
		},
		"remembered, and the number was given to another": {
			bodies: map[string]string{
				"/tickets/900": `{"ticket":{"id":900,"number":5}}`, "/tickets?number=32164": `{"tickets":[{"id":901,"number":32164}]}`,
				"/tickets/901": `{"ticket":{"id":901,"number":32164}}`,
			},
			cached: 900, id: 901, want: []string{"GET /tickets/900", "GET /tickets?number=32164", "GET /tickets/901"}, keeps: "901",
		},
		"remembered, and deleted": {
			bodies: map[string]string{"/tickets?number=32164": `{"tickets":[{"id":901,"number":32164}]}`, "/tickets/901": `{"ticket":{"id":901,"number":32164}}`},
			cached: 900, id: 901, want: []string{"GET /tickets/900", "GET /tickets?number=32164", "GET /tickets/901"}, keeps: "901",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, answers(c.bodies))
			const cache = "syncrobot:cache:number:32164"
			if c.cached != 0 {
				s.redis.Set(t.Context(), cache, c.cached, time.Hour)
			}
			got, err := s.reader().TicketByNumber(t.Context(), 32164)
			if err != nil || got.ID != c.id {
				t.Errorf("ticket %d, %v, want %d", got.ID, err, c.id)
			}
			if requests := s.requests(); !slices.Equal(requests, c.want) {
				t.Errorf("requests %q, want %q", requests, c.want)
			}
			if kept := s.redis.Get(t.Context(), cache).Val(); kept != c.keeps {
				t.Errorf("remembered %q, want %q", kept, c.keeps)
			}
		})
	}

	t.Run("several", func(t *testing.T) {
		t.Parallel()
		s := newStand(t, answers(map[string]string{"/tickets?number=7": `{"tickets":[{"id":1,"number":7},{"id":2,"number":7}]}`}))
		_, err := s.reader().TicketByNumber(t.Context(), 7)
		if several, ok := errors.AsType[*syncro.AmbiguousNumber](err); !ok || several.Number != 7 || len(several.Tickets) != 2 {
			t.Errorf("%v, want that 7 is ambiguous", err)
		}
	})
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		s := newStand(t, answer(200, none))
		_, err := s.reader().TicketByNumber(t.Context(), 7)
		if kind := kindOf(t, err); kind != syncro.NotFound {
			t.Errorf("%v, want not found", err)
		}
	})
	t.Run("Syncro is out of order", func(t *testing.T) {
		t.Parallel()
		s := newStand(t, answer(500, ``))
		s.redis.Set(t.Context(), "syncrobot:cache:number:7", 900, time.Hour)
		_, err := s.reader().TicketByNumber(t.Context(), 7)
		if kindOf(t, err) != syncro.Unavailable || s.redis.Exists(t.Context(), "syncrobot:cache:number:7").Val() != 1 {
			t.Errorf("%v, want unavailable and nothing forgotten", err)
		}
	})
}

func TestOpenTickets(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(w http.ResponseWriter, r *http.Request) {
		page := r.URL.Query().Get("page")
		if page == "" {
			page = "1"
		}
		answer(200, fmt.Sprintf(`{"tickets":[{"id":%s1,"status":"New"},{"id":%s2,"status":"resolved"},{"id":%s3,"status":"Invoiced"},{"id":9,"status":"Waiting on Customer"}],
			"meta":{"total_pages":"6","page":%s}}`, page, page, page, page))(w, r)
	})
	list, err := s.reader().OpenTickets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for _, ticket := range list.Items {
		ids = append(ids, ticket.ID)
	}
	if want := []int64{11, 9, 21, 31, 41}; !slices.Equal(ids, want) || !list.More {
		t.Errorf("tickets %v, more %v; want %v and more", ids, list.More, want)
	}
	want := []string{"GET /tickets?status=Not+Closed", "GET /tickets?page=2&status=Not+Closed", "GET /tickets?page=3&status=Not+Closed", "GET /tickets?page=4&status=Not+Closed"}
	if got := s.requests(); !slices.Equal(got, want) {
		t.Errorf("requests %q, want %q", got, want)
	}
}

func TestAListThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no list": `{}`, "null": `{"tickets":null,"customers":null,"invoices":null}`, "an object": `{"tickets":{},"customers":{},"invoices":{}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, answer(200, body))
			_, tickets := s.reader().OpenTickets(t.Context())
			_, customers := s.reader().SearchCustomers(t.Context(), "x")
			_, invoices := s.reader().TicketInvoices(t.Context(), 5)
			for _, err := range []error{tickets, customers, invoices} {
				if kindOf(t, err) != syncro.Garbled {
					t.Error(err)
				}
			}
		})
	}
}

func TestSearchCustomers(t *testing.T) {
	t.Parallel()
	s := newStand(t, answers(map[string]string{"/customers?query=harbor+%26+co": `{"customers":[
		{"id":7,"business_then_name":"Harbor Dental","fullname":"Amy Stone","email":"amy@harbordental.example","phone":null,"mobile":"555-0101","prepay_hours":6.5,
		 "online_profile_url":"https://x.example?portal_key=p0rtal"},
		{"id":"8","fullname":"Ada Moss"}],"meta":{"total_pages":2}}`}))
	got, err := s.reader().SearchCustomers(t.Context(), "harbor & co")
	want := syncro.List[syncro.Customer]{More: true, Items: []syncro.Customer{
		{ID: 7, Name: "Harbor Dental", Contact: "Amy Stone", Email: "amy@harbordental.example", Phone: "555-0101", PrepayHours: "6.5"},
		{ID: 8, Name: "Ada Moss"},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestTicketInvoices(t *testing.T) {
	t.Parallel()
	s := newStand(t, answers(map[string]string{
		"/invoices?ticket_id=5": `{"invoices":[{"id":1,"number":"9999","total":"75.0","date":"2026-11-23","is_paid":true,"ticket_id":5},
			{"id":2,"number":10000,"total":0,"is_paid":null,"ticket_id":6},{"id":3,"ticket_id":null}],"meta":{"total_pages":2}}`,
		"/invoices?page=2&ticket_id=5": `{"invoices":[{"id":4,"number":10001,"total":0.0,"ticket_id":"5"}]}`,
		"/invoices?ticket_id=6":        `{"invoices":[],"meta":{"total_pages":900}}`, "/invoices?page=2&ticket_id=6": `{"invoices":[],"meta":{"total_pages":900}}`,
		"/invoices?page=3&ticket_id=6": `{"invoices":[],"meta":{"total_pages":900}}`, "/invoices?page=4&ticket_id=6": `{"invoices":[],"meta":{"total_pages":900}}`,
	}))
	got, err := s.reader().TicketInvoices(t.Context(), 5)
	want := []syncro.Invoice{
		{ID: 1, Number: "9999", Total: "75.0", Date: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Paid: true, TicketID: 5},
		{ID: 3}, // it names no ticket, and was listed for this one
		{ID: 4, Number: "10001", Total: "0.0", TicketID: 5},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := s.reader().TicketInvoices(t.Context(), 6); kindOf(t, err) != syncro.Garbled {
		t.Errorf("a list that does not end: %v", err)
	}
}

const (
	ticketSettings = `{"ticket_status_list":["New","In Progress","Resolved",""],"users":[{"id":1,"name":"Dana Ruiz"}]}`
	settings       = `{"ticket":{"problem_types":["Virus"],"priorities":["","0 Urgent","2 Normal"]},"locale":{"time_zone":"America/Los_Angeles","currency_symbol":"$"}}`
)

func TestSettings(t *testing.T) {
	t.Parallel()
	want := syncro.Settings{
		Statuses: []string{"New", "In Progress", "Resolved"}, Priorities: []string{"0 Urgent", "2 Normal"},
		ProblemTypes: []string{"Virus"}, Technicians: []syncro.Technician{{ID: 1, Name: "Dana Ruiz"}}, TimeZone: "America/Los_Angeles", Currency: "$",
	}
	t.Run("asked by many at once", func(t *testing.T) {
		t.Parallel()
		s := newStand(t, answers(map[string]string{"/tickets/settings": ticketSettings, "/settings": settings}))
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				got, err := s.reader().Settings(t.Context())
				if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(syncro.Settings{}, "Read")); err != nil || diff != "" {
					t.Error(err, diff)
				}
			})
		}
		all.Wait()
		if got := s.requests(); !slices.Equal(got, []string{"GET /tickets/settings", "GET /settings"}) {
			t.Errorf("requests %q, want each once", got)
		}
	})
	t.Run("users elsewhere", func(t *testing.T) {
		t.Parallel()
		s := newStand(t, answers(map[string]string{
			"/tickets/settings": `{"ticket_status_list":["New","In Progress","Resolved"]}`, "/settings": settings, "/users": `{"users":[[1,"Dana Ruiz"],[null,"x"]]}`,
		}))
		got, err := s.reader().Settings(t.Context())
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(syncro.Settings{}, "Read")); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
	t.Run("the first to ask gives up", func(t *testing.T) {
		t.Parallel()
		arrived, goOn := make(chan struct{}, 2), make(chan struct{})
		s := newStand(t, func(w http.ResponseWriter, r *http.Request) {
			arrived <- struct{}{}
			<-goOn
			answers(map[string]string{"/tickets/settings": ticketSettings, "/settings": settings})(w, r)
		})
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() { _, err := s.reader().Settings(ctx); gone <- err }()
		<-arrived
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		close(goOn)
		if got, err := s.reader().Settings(t.Context()); err != nil || len(got.Statuses) != 3 {
			t.Errorf("the next: %+v, %v", got, err)
		}
	})
	t.Run("no statuses", func(t *testing.T) {
		t.Parallel()
		s := newStand(t, answer(200, `{}`))
		if _, err := s.reader().Settings(t.Context()); kindOf(t, err) != syncro.Garbled {
			t.Error(err)
		}
	})
}

func TestLookNeverTakesAnErrorForNothing(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"not there":            answer(404, ``),
		"out of order":         answer(503, ``),
		"a login page":         func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"empty":                answer(200, `{}`),
		"another ticket":       answer(200, `{"ticket":{"id":1,"comments":[]}}`),
		"no comments":          answer(200, `{"ticket":{"id":108443837}}`),
		"comments null":        answer(200, `{"ticket":{"id":108443837,"comments":null}}`),
		"a comment that isn't": answer(200, `{"ticket":{"id":108443837,"comments":[null]}}`),
		"an id that is none":   answer(200, `{"ticket":{"id":108443837,"comments":[{"id":"x"}]}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, handler)
			sight, err := s.reader().Look(t.Context(), note.Evidence(syncro.Author{UserID: 4101}))
			if err == nil {
				t.Errorf("sight %+v", sight)
			}
		})
	}
}
