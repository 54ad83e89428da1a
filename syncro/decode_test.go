package syncro

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
 "customer":{"id":7,"fullname":"Amy Stone","business_then_name":"Harbor Dental","email":"amy@harbordental.example"},"contact":[],"user":{"full_name":"Dana Ruiz"},
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
		Contact: "Amy Stone", ContactEmail: "amy@harbordental.example", UserID: 4101, Technician: "Dana Ruiz",
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
