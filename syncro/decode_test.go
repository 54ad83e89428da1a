package syncro

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/internal/redistest"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 11, 23, 16, 12, 0, 0, time.UTC)
	for _, s := range []string{
		"2026-11-23T16:12:00Z", "2026-11-23T16:12:00.000Z", "2026-11-23T09:12:00.000-07:00", "2026-11-23T09:12:00-0700",
		"2026-11-23 09:12:00 -0700", "2026-11-23 16:12:00 UTC", "2026-11-23 16:12:00", "2026-11-23T16:12:00",
		" 2026-11-23 16:12:00.000000000000 UTC ", "2026-11-23T09:12:00.000000000001-07:00", "2026-11-23 09:12:00-07:00", "2026-11-23 16:12:00Z",
	} {
		if got := parseTime(s); !got.Equal(want) {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
	if got, want := parseTime("2026-11-23"), time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("a day: %s, want %s", got, want)
	}
	for _, s := range []string{"", "yesterday", "0000-00-00 00:00:00", "2026-13-40T00:00:00Z"} {
		if got := parseTime(s); !got.IsZero() {
			t.Errorf("%q: %s, want none", s, got)
		}
	}
}

// As GET /tickets/{id} answers, with what was seen to differ from its documentation.
const strangeTicket = `{"ticket":{"id":"108443837","number":"32164","subject":null,"status":"New","priority":2,"created_at":"2026-11-23 09:12:00 -0700",
 "updated_at":"2026-11-23T16:12:00.123456789012Z","due_date":"soon","customer_id":"7","customer_business_then_name":"Harbor Dental","user_id":4101,
 "customer":{"id":7,"fullname":"Amy Stone","business_then_name":"Harbor Dental","email":"amy@harbordental.example","mobile":"+1 555 0142"},"contact":[],"user":{"full_name":"Dana Ruiz"},
 "comments":[
  {"id":1,"created_at":"2026-11-23T16:00:00Z","subject":"Initial Issue","body":"<p>VPN<br>drops</p>","tech":null,"hidden":false,"user_id":null},
  {"id":2,"created_at":"2026-11-23 09:05:00 -0700","subject":"Customer Reply","body":"still","tech":"Dana Ruiz","hidden":"false","user_id":4101},
  {"id":3,"created_at":"2026-11-23T16:10:00Z","subject":"Internal Note","body":"x &lt; y","tech":null,"hidden":true,"user_id":null}],
 "line_items":[{"id":5,"name":"Labor","quantity":"1.0","price_retail":150.00,"taxable":null,"product_id":"1190473"}],
 "ticket_timers":{"odd":true}}}`

func TestATicketThatIsNotAsDocumented(t *testing.T) {
	t.Parallel()
	got, err := decodeTicket([]byte(strangeTicket))
	if err != nil {
		t.Fatal(err)
	}
	got.Raw = nil
	at := func(h, m int) time.Time { return time.Date(2026, 11, 23, h, m, 0, 0, time.UTC) }
	want := Ticket{
		ID: 108443837, Number: 32164, Status: "New", Priority: "2", CustomerID: 7, Customer: "Harbor Dental",
		Contact: "Amy Stone", ContactEmail: "amy@harbordental.example", ContactPhone: "+1 555 0142", UserID: 4101, Technician: "Dana Ruiz",
		Created: at(16, 12), Updated: at(16, 12).Add(123456789), UpdatedAt: "2026-11-23T16:12:00.123456789012Z",
		Comments: []Comment{
			{ID: 3, Subject: "Internal Note", Body: "x < y", Hidden: true, Created: at(16, 10)},
			{ID: 2, Subject: "Customer Reply", Body: "still", Tech: "Dana Ruiz", UserID: 4101, FromCustomer: true, Created: at(16, 5)},
			{ID: 1, Subject: "Initial Issue", Body: "VPN\ndrops", FromCustomer: true, Created: at(16, 0)},
		},
		LineItems: []LineItem{{ID: 5, ProductID: 1190473, Name: "Labor", Quantity: "1.0", Price: "150.00"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestUsersInBothForms(t *testing.T) {
	t.Parallel()
	var got []Technician
	if err := json.Unmarshal([]byte(`[[1,"Dana Ruiz"],["2","Rob Hale"],{"id":3,"name":"Kim Lee"},{"id":"4","full_name":"Ada Moss"}]`), &got); err != nil {
		t.Fatal(err)
	}
	want := []Technician{{1, "Dana Ruiz"}, {2, "Rob Hale"}, {3, "Kim Lee"}, {4, "Ada Moss"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzTicket(f *testing.F) {
	f.Add([]byte(strangeTicket))
	f.Add([]byte(`{"id":1,"comments":[null,{"id":{}}],"customer":3,"user":"x"}`))
	f.Add([]byte(`{"ticket":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		ticket, err := decodeTicket(body)
		if (err == nil) != (ticket.ID > 0) {
			t.Errorf("ticket %d with error %v", ticket.ID, err)
		}
		_, _ = AddComment{TicketID: 1, Subject: "s", Body: "b"}.Evidence(Author{UserID: 1}).Read(body)
	})
}

// FuzzReads gives every read the same odd answer, on every page of it.
// Whatever it is, what comes back has ids, no more pages are asked for than
// the read may, and no error repeats the key.
func FuzzReads(f *testing.F) {
	for _, body := range []string{
		strangeTicket, `null`, `[]`, `{"tickets":[null,{"id":"7","number":"32164"},{"id":{}}],"meta":{"total_pages":1e9}}`,
		`{"tickets":[{"id":7,"number":1}],"meta":{"total_pages":-1}}`, `{"customers":[{"id":1,"business_name":null,"email":["a"]}],"meta":[]}`,
		`{"invoices":[{"id":"9","number":67501,"total":"1e400","ticket_id":5}]}`, `{"contacts":[{"id":1,"name":7}]}`,
		`{"invoice":{"id":9,"ticket_id":5,"line_items":{"a":1}}}`, `{"product":{"id":9,"price_retail":"NaN"}}`, `{"customer":{"id":1}}`,
		`{"users":[[1,"Dana Ruiz"],{"id":"2"},null,[]]}`, `{"user_id":4101,"user_name":"Dana Ruiz","customer_id":null,"permissions":{"a":1}}`,
		`{"ticket_status_list":["New",null,7],"ticket_problem_type_list":{}}`, `{"settings":{"ticket":{"statuses":"x"}}}`,
	} {
		f.Add([]byte(body))
	}
	rdb := redistest.Start(f).Client()
	client, err := New(Options{URL: "http://127.0.0.1:1", Auth: "header", Redis: rdb, Limiter: NewLimiter(rdb, LimiterOptions{PerMinute: 1 << 40})})
	if err != nil {
		f.Fatal(err)
	}
	var body []byte
	asked := 0
	client.reads = roundTripper(func(r *http.Request) (*http.Response, error) {
		asked++
		return &http.Response{
			StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r,
		}, nil
	})
	reads := map[string]func(context.Context, *Reader) (id int64, _ error){
		"ticket":    func(ctx context.Context, r *Reader) (int64, error) { v, err := r.Ticket(ctx, 5); return v.ID, err },
		"open":      listed((*Reader).OpenTickets, func(t Ticket) int64 { return t.ID }),
		"customer":  func(ctx context.Context, r *Reader) (int64, error) { v, err := r.Customer(ctx, 1); return v.ID, err },
		"customers": listed(about((*Reader).SearchCustomers, "a b&c"), func(c Customer) int64 { return c.ID }),
		"contacts":  listed(about((*Reader).Contacts, 1), func(c Contact) int64 { return c.ID }),
		"invoice":   func(ctx context.Context, r *Reader) (int64, error) { v, err := r.Invoice(ctx, 9); return v.ID, err },
		"invoices":  listed((*Reader).Invoices, func(i Invoice) int64 { return i.ID }),
		"product":   func(ctx context.Context, r *Reader) (int64, error) { v, err := r.ReadProduct(ctx, 9); return v.ID, err },
		"me":        func(ctx context.Context, r *Reader) (int64, error) { v, err := r.Me(ctx); return v.UserID, err },
		"settings":  func(ctx context.Context, r *Reader) (int64, error) { _, err := r.ReadSettings(ctx); return 1, err },
		"users":     func(ctx context.Context, r *Reader) (int64, error) { _, err := r.users(ctx); return 1, err },
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		body = answer
		reader := client.Reader(NewKey("c4n4ry"), ClassLookup)
		for name, read := range reads {
			asked = 0
			id, err := read(t.Context(), reader)
			switch {
			case err == nil && id <= 0:
				t.Errorf("%s: id %d", name, id)
			case err != nil && strings.Contains(err.Error(), "c4n4ry") && !bytes.Contains(answer, []byte("c4n4ry")):
				t.Errorf("%s: the key is in %q", name, err)
			case asked > 20:
				t.Errorf("%s asked %d times", name, asked)
			}
		}
	})
}

// listed is the least id of a list, 1 where it is empty.
func listed[T any](read func(*Reader, context.Context) (List[T], error), id func(T) int64) func(context.Context, *Reader) (int64, error) {
	return func(ctx context.Context, r *Reader) (int64, error) {
		list, err := read(r, ctx)
		least := int64(1)
		for _, item := range list.Items {
			least = min(least, id(item))
		}
		return least, err
	}
}

// about is a read that is asked with a word or a number.
func about[A, T any](read func(*Reader, context.Context, A) (List[T], error), what A) func(*Reader, context.Context) (List[T], error) {
	return func(r *Reader, ctx context.Context) (List[T], error) { return read(r, ctx, what) }
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
