package syncrosim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

const (
	danaKey = "key-of-dana"
	robKey  = "key-of-rob"
)

// bench is a Syncro behind a real server.
type bench struct {
	*Syncro
	t   testing.TB
	url string
}

func start(t testing.TB, o Options) *bench {
	t.Helper()
	o.Tokens = append(o.Tokens, Token{Key: danaKey, UserID: dana, Name: "Dana Ruiz"}, Token{Key: robKey, UserID: rob, Name: "Rob Ames"})
	s := New(o)
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		s.Close()
		server.Close()
	})
	return &bench{Syncro: s, t: t, url: server.URL}
}

// tree is JSON, decoded: tests reach into it with at.
type tree struct{ v any }

func (v tree) at(path ...any) tree {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, isObject := v.v.(map[string]any)
			if !isObject {
				return tree{}
			}
			v = tree{m[p]}
		case int:
			l, isList := v.v.([]any)
			if !isList || p >= len(l) {
				return tree{}
			}
			v = tree{l[p]}
		}
	}
	return v
}

func (v tree) len() int {
	l, _ := v.v.([]any)
	return len(l)
}

func (v tree) num() int64 {
	n, _ := v.v.(json.Number)
	i, err := n.Int64()
	if err != nil {
		return -1
	}
	return i
}

func (v tree) String() string {
	b, err := json.Marshal(v.v)
	if err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(b), `\u003c`, "<"), `\u003e`, ">")
}

// try sends a request as Dana, the key in the header.
func (b *bench) try(method, path string, body any) (*http.Response, []byte, error) {
	b.t.Helper()
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+"/api/v1"+path, in)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+danaKey)
	req.Header.Set("Content-Type", "application/json")
	return b.send(req)
}

func (b *bench) send(req *http.Request) (*http.Response, []byte, error) {
	client := http.Client{
		Timeout:       5 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return res, raw, err
}

// want sends a request and decodes the answer, which must have the status.
func (b *bench) want(status int, method, path string, body any) tree {
	b.t.Helper()
	res, raw, err := b.try(method, path, body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	if res.StatusCode != status {
		b.t.Fatalf("%s %s: status %d, want %d: %s", method, path, res.StatusCode, status, raw)
	}
	if len(raw) == 0 {
		return tree{}
	}
	return decode(b.t, raw)
}

func decode(t testing.TB, raw []byte) tree {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return tree{v}
}

func (b *bench) get(path string) tree {
	b.t.Helper()
	return b.want(200, "GET", path, nil)
}

// idOf is the id of the ticket with that number.
func (b *bench) idOf(number int64) string {
	b.t.Helper()
	t, found := b.Ticket(number)
	if !found {
		b.t.Fatalf("no ticket %d", number)
	}
	return strconv.FormatInt(t.ID, 10)
}

func (b *bench) path(number int64, rest string) string { return "/tickets/" + b.idOf(number) + rest }

func same(t testing.TB, what string, got tree, want string) {
	t.Helper()
	if got.String() != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		o      Options
		header string
		query  string
		status int
		in     string
	}{
		{"bearer", Options{}, "Bearer " + danaKey, "", 200, "header"},
		{"query", Options{}, "", "?api_key=" + danaKey, 200, "query"},
		{"no bearer before it", Options{}, danaKey, "", 401, ""},
		{"none", Options{}, "", "", 401, ""},
		{"wrong", Options{}, "Bearer nobody", "", 401, "header"},
		{"header refused", Options{RefuseHeader: true}, "Bearer " + danaKey, "", 401, ""},
		{"header refused, query besides", Options{RefuseHeader: true}, "Bearer " + danaKey, "?api_key=" + danaKey, 200, "query"},
		{"query refused", Options{RefuseQuery: true}, "", "?api_key=" + danaKey, 401, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := start(t, tt.o)
			req, err := http.NewRequestWithContext(t.Context(), "GET", b.url+"/api/v1/me"+tt.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.header != "" {
				req.Header.Set("Authorization", tt.header)
			}
			res, raw, err := b.send(req)
			if err != nil || res.StatusCode != tt.status {
				t.Fatalf("got %v %v, want %d", res, err, tt.status)
			}
			if tt.status == 401 && strings.Contains(string(raw), "Not authorized") {
				t.Errorf("a bad key must not look like a lacking permission: %s", raw)
			}
			entry := b.Requests()[0]
			if entry.KeyIn != tt.in || strings.Contains(entry.Path, danaKey) {
				t.Errorf("logged as %+v", entry)
			}
			if tt.query != "" && entry.Path != "/me?api_key=REDACTED" {
				t.Errorf("logged path %q", entry.Path)
			}
		})
	}
}

func TestMeIsFlatAndShowsTheUsersPermissions(t *testing.T) {
	t.Parallel()
	b := start(t, Options{Tokens: []Token{{Key: "poor", UserID: 5000, Name: "Poor Key", Lacks: []Permission{TicketsEdit}}}})
	me := b.get("/me")
	same(t, "user_id", me.at("user_id"), "4101")
	same(t, "ticket", me.at("permissions", "ticket", "write"), "true")
	if !strings.HasPrefix(me.at("user_token").v.(string), Canary) {
		t.Errorf("user_token is %s", me.at("user_token"))
	}
	same(t, "users are pairs", b.get("/users").at("users", 0), `[4101,"Dana Ruiz"]`)
	same(t, "a user", b.get("/users/4107").at("user", "full_name"), `"Rob Ames"`)
	b.want(404, "GET", "/users/1", nil)
}

func TestEachRouteWantsItsPermissions(t *testing.T) {
	t.Parallel()
	for _, r := range routes() {
		for _, p := range r.needs {
			b := start(t, Options{Tokens: []Token{{Key: "poor", UserID: dana, Lacks: []Permission{p}}}})
			path := strings.ReplaceAll(r.pattern, "{id}", b.idOf(32164))
			req, err := http.NewRequestWithContext(t.Context(), r.method, b.url+"/api/v1"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer poor")
			res, raw, err := b.send(req)
			if err != nil || res.StatusCode != 401 || !strings.Contains(string(raw), `"error":"Not authorized.`) {
				t.Errorf("%s %s without %q: %v %s", r.method, r.pattern, p, err, raw)
			}
		}
	}
}

func TestWhatIsDoneIsLoggedAsTheKeysOwner(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	req, err := http.NewRequestWithContext(t.Context(), "POST", b.url+"/api/v1"+b.path(32164, "/comment?api_key=")+robKey,
		strings.NewReader(`{"subject":"Update","body":"x","user_id":4101}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "once")
	for range 2 {
		again := req.Clone(t.Context())
		again.Body, err = req.GetBody()
		if err != nil {
			t.Fatal(err)
		}
		_, raw, err := b.send(again)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "author", decode(t, raw).at("comment", "user_id"), "4107")
		same(t, "tech", decode(t, raw).at("comment", "tech"), `"Rob Ames"`)
	}
	ticket, _ := b.Ticket(32164)
	if n := len(ticket.Comments); n != 6 {
		t.Errorf("an Idempotency-Key must be ignored: %d comments, want 6", n)
	}
	if r := b.Requests()[1]; r.UserID != rob || r.User != "Rob Ames" || r.IdempotencyKey != "once" || r.Status != 200 ||
		r.Route != "POST /tickets/{id}/comment" || !strings.Contains(r.Body, `"body":"x"`) || strings.Contains(r.Path, robKey) {
		t.Errorf("logged as %+v", r)
	}
	if n := b.Count("POST", "/tickets/*/comment"); n != 2 {
		t.Errorf("counted %d", n)
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 11, 23, 9, 0, 30, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		window Window
		at     []int // seconds after begin
		want   string
	}{
		{"fixed minute, a new one", FixedMinute, []int{0, 10, 29, 30, 31}, "..x.."},
		{"sliding, over the minute's end", Sliding, []int{0, 10, 29, 30, 31}, "..xxx"},
		{"sliding, refused ones count too", Sliding, []int{0, 10, 60, 61, 71, 121}, "...xx."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := limiter{window: tt.window, perMinute: 2}
			got := ""
			for _, s := range tt.at {
				mark := "x"
				if l.take(begin.Add(time.Duration(s) * time.Second)) {
					mark = "."
				}
				got += mark
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAboveTheLimit(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	b := start(t, Options{Now: func() time.Time { return now }, PerMinute: 2})
	b.get("/me")
	b.want(404, "GET", "/nothing", nil)
	res, raw, err := b.try("POST", b.path(32164, "/comment"), object{"subject": "a", "body": "b"})
	if err != nil || res.StatusCode != 429 || string(raw) != "Retry later\n" || res.Header.Get("Retry-After") != "" {
		t.Errorf("got %v %q %v", res, raw, err)
	}
	if b.Used() != 3 || b.Refused() != 1 {
		t.Errorf("used %d, refused %d", b.Used(), b.Refused())
	}
	if ticket, _ := b.Ticket(32164); len(ticket.Comments) != 4 {
		t.Errorf("a refused request was carried out")
	}
}

func TestTicketList(t *testing.T) {
	t.Parallel()
	b := start(t, Options{PerMinute: -1})
	ids := func(query string) []string {
		var out []string
		rows := b.get("/tickets" + query).at("tickets")
		for i := range rows.len() {
			out = append(out, rows.at(i, "number").String())
		}
		return out
	}
	all := len(b.Snapshot().Tickets)
	if all != 40 {
		t.Errorf("%d tickets, want 40", all)
	}
	for _, tt := range []struct {
		query string
		want  func(Ticket) bool
	}{
		{"", func(Ticket) bool { return true }},
		{"?per_page=3", func(Ticket) bool { return true }},
		{"?number=32164", func(t Ticket) bool { return t.Number == 32164 }},
		{"?number=032164", func(Ticket) bool { return false }},
		{"?status=Resolved", func(t Ticket) bool { return t.Status == "Resolved" }},
		{"?status=resolved", func(Ticket) bool { return false }},
		{"?status=Not+Closed", func(t Ticket) bool { return t.Status != "Resolved" && t.Status != "Closed" }},
		{"?mine=true", func(t Ticket) bool { return t.UserID == dana }},
		{"?user_id=4107", func(t Ticket) bool { return t.UserID == rob }},
		{"?customer_id=31204500", func(t Ticket) bool { return t.CustomerID == harborDental }},
		{"?query=vpn", func(t Ticket) bool { return t.Number == 32164 }},
		{"?query=harbor+dental", func(t Ticket) bool { return t.CustomerID == harborDental || t.CustomerID == harborEast }},
		{"?since_updated_at=2999-01-01", func(Ticket) bool { return false }},
	} {
		want := 0
		for _, x := range b.Snapshot().Tickets {
			if tt.want(x) {
				want++
			}
		}
		if got := ids(tt.query); len(got) != want {
			t.Errorf("GET /tickets%s: %d rows, want %d: %v", tt.query, len(got), want, got)
		}
	}
	cut := b.Snapshot().Tickets[8].Updated.UTC().Format(time.RFC3339)
	for _, number := range ids("?since_updated_at=" + cut) {
		n, _ := strconv.ParseInt(number, 10, 64)
		if x, _ := b.Ticket(n); x.Updated.Before(b.Snapshot().Tickets[8].Updated.Truncate(time.Second)) {
			t.Errorf("ticket %s is older than asked for", number)
		}
	}
	same(t, "a time that is none", b.want(422, "GET", "/tickets?created_after=soon", nil).at("error"), `"argument out of range"`)
}

func TestTicketListRow(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	row := b.get("/tickets?number=32151").at("tickets", 0)
	same(t, "customer", row.at("customer"), "null")
	same(t, "customer's name", row.at("customer_business_then_name"), `"Northgate Auto"`)
	if row.at("comments").len() != 1 || b.get("/tickets?number=32151&all_comments=true").at("tickets", 0, "comments").len() != 12 {
		t.Errorf("a list has the first comment only, unless all are asked for: %s", row.at("comments"))
	}
	if _, found := row.v.(map[string]any)["line_items"]; found {
		t.Error("a list has no line items")
	}
	detail := b.get(b.path(32151, "")).at("ticket")
	if _, found := detail.v.(map[string]any)["contact_id"]; found {
		t.Error("a ticket alone has no contact_id")
	}
	same(t, "contact", detail.at("contact", "name"), `"Sam Pruitt"`)
	same(t, "no contact", b.get(b.path(32172, "")).at("ticket", "contact"), "null")
	same(t, "no user", b.get(b.path(32172, "")).at("ticket", "user"), "null")
	same(t, "no priority", b.get(b.path(32171, "")).at("ticket", "priority"), "null")
}

func TestPages(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	for i := range 15 {
		b.AddTicket(Ticket{Number: int64(40000 + i), Subject: "More", Status: "New", CustomerID: harborDental})
	}
	first, second, third := b.get("/tickets"), b.get("/tickets?page=2"), b.get("/tickets?page=3")
	if first.at("tickets").len() != 50 || second.at("tickets").len() != 5 || third.at("tickets").len() != 0 {
		t.Errorf("pages of %d, %d and %d", first.at("tickets").len(), second.at("tickets").len(), third.at("tickets").len())
	}
	same(t, "meta", second.at("meta"), `{"page":2,"total_pages":2}`)
	same(t, "meta of nothing", b.get("/tickets?number=1").at("meta"), `{"page":1,"total_pages":0}`)
}

func TestANumberIsNotAnID(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	same(t, "the ticket whose id is another's number", b.get("/tickets/32164").at("ticket", "number"), "411")
	res, raw, err := b.try("GET", "/tickets/32163", nil)
	if err != nil || res.StatusCode != 404 || len(raw) != 0 {
		t.Errorf("got %v %q", err, raw)
	}
	twin := b.AddTicket(Ticket{Number: 32164, Subject: "Twin", Status: "New", CustomerID: juniperLegal})
	if n := b.get("/tickets?number=32164").at("tickets").len(); n != 2 {
		t.Errorf("%d tickets of that number, want 2", n)
	}
	if twin.ID < 100_000_000 {
		t.Errorf("id %d is not a great one", twin.ID)
	}
	number := b.Snapshot().Invoices[3].Number
	same(t, "the invoice whose id is another's number", b.get("/invoices/"+number).at("invoice", "number"), `"812"`)
	same(t, "an invoice by its number", b.get("/invoices/67430").at("invoice", "number"), `"67430"`)
}

func TestWhatDiffersBetweenAccounts(t *testing.T) {
	t.Parallel()
	b := start(t, Options{NumbersAsText: true, ListHidesFinished: true, FlatInvoice: true, HTMLBodies: true, NoAutofill: true, PerMinute: -1})
	same(t, "a number as text", b.get("/tickets?number=32163").at("tickets", 0, "number"), `"32163"`)
	same(t, "the next one", b.get("/tickets?number=32164").at("tickets", 0, "number"), `32164`)
	if n := b.get("/tickets?number=32142").at("tickets").len(); n != 0 {
		t.Errorf("%d finished tickets in a list that hides them", n)
	}
	if n := b.get("/tickets?number=32142&status=Invoiced").at("tickets").len(); n != 1 {
		t.Errorf("%d tickets of the status asked for", n)
	}
	same(t, "a flat invoice", b.get("/invoices/67430").at("number"), `"67430"`)
	comment := b.want(200, "POST", b.path(32164, "/comment"), object{"subject": "a", "body": "1 < 2\nyes"})
	same(t, "a body as HTML", comment.at("comment", "body"), `"<p>1 \u0026lt; 2<br>\nyes</p>"`)
	line := b.want(200, "POST", b.path(32164, "/add_line_item"), object{"product_id": 1190473, "name": "a", "description": "b"})
	same(t, "no price of its own", line.at("price_retail"), "0")
}

func TestTimesAreWrittenInManyWays(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 17, 5, 6, 123456789, time.UTC)
	for form, want := range map[TimeForm]string{
		Milliseconds: "2026-11-23T17:05:06.123Z",
		Offset:       "2026-11-23T09:05:06.123-08:00",
		SpacedUTC:    "2026-11-23 17:05:06 UTC",
		SpacedOffset: "2026-11-23 09:05:06 -0800",
		Nanoseconds:  "2026-11-23T17:05:06.123456789Z",
	} {
		if got := form.stamp(at); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		back, err := parseTime(want)
		if err != nil || back.Sub(at).Abs() >= time.Second {
			t.Errorf("%s read back as %v, %v", want, back, err)
		}
	}
	if Milliseconds.stamp(time.Time{}) != nil {
		t.Error("no time is null")
	}
}

func TestCreateTicket(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	same(t, "no customer", b.want(422, "POST", "/tickets", object{"subject": "x"}), `{"error":"Customer required field"}`)
	same(t, "no subject", b.want(422, "POST", "/tickets", object{"customer_id": harborDental, "subject": " "}), `{"message":["Subject can't be blank"],"success":false}`)
	same(t, "a bad first comment", b.want(422, "POST", "/tickets", object{
		"customer_id": harborDental, "subject": "x", "comments_attributes": []object{{"subject": "a"}},
	}), `{"message":["Body can't be blank"],"success":false}`)
	made := b.want(200, "POST", "/tickets", object{
		"customer_id": strconv.FormatInt(harborDental, 10), "subject": "No dial tone", "priority": "Quite", "status": "Not A Real Status", "user_id": 4107, "due_date": "2026-12-01",
		"comments_attributes": []object{{"subject": "Initial Issue", "body": "Phones are silent", "do_not_email": true}},
	}).at("ticket")
	same(t, "number", made.at("number"), "32173")
	same(t, "status", made.at("status"), `"Not A Real Status"`)
	same(t, "comment", made.at("comments", 0, "body"), `"Phones are silent"`)
	same(t, "due", made.at("due_date"), `"2026-12-01T00:00:00.000Z"`)
	again := b.want(200, "POST", "/tickets", object{"customer_id": harborDental, "subject": "a", "number": 32173})
	same(t, "a taken number", again.at("ticket", "number"), "32173")
	same(t, "default status", again.at("ticket", "status"), `"New"`)
	if n := len(b.Snapshot().Tickets); n != 42 {
		t.Errorf("%d tickets, want 42", n)
	}
	same(t, "deleted", b.want(200, "DELETE", b.path(32173, ""), nil), `{"message":"Ticket was successfully deleted. "}`)
	same(t, "not there", b.want(404, "DELETE", "/tickets/1", nil), `{"message":"Not found"}`)
}

func TestUpdateTicket(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	before, _ := b.Ticket(32164)
	b.want(200, "PUT", b.path(32164, ""), object{"status": "In Progress"})
	if same, _ := b.Ticket(32164); !same.Updated.Equal(before.Updated) {
		t.Error("a change to what it is already is no change")
	}
	got := b.want(200, "PUT", b.path(32164, ""), object{"status": "resolved at last", "unknown": 1}).at("ticket")
	same(t, "any status", got.at("status"), `"resolved at last"`)
	same(t, "priority as before", got.at("priority"), `"2 Normal"`)
	b.want(200, "PUT", b.path(32164, ""), object{"status": "Resolved", "user_id": nil})
	after, _ := b.Ticket(32164)
	if !after.Updated.After(before.Updated) || after.Resolved.IsZero() || after.UserID != 0 {
		t.Errorf("got %+v", after)
	}
	same(t, "nobody", b.want(422, "PUT", b.path(32164, ""), object{"user_id": 1}).at("message", 0), `"User must exist"`)
	b.want(404, "PUT", "/tickets/1", object{"status": "New"})
	b.want(400, "PUT", b.path(32164, ""), []int{1})
}

func TestComment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		body    object
		status  int
		want    string
		emailed string
	}{
		{"public", object{"subject": "Update", "body": "Hello"}, 200, `"Hello"`, "amy@harbordental.example"},
		{"public, no e-mail", object{"subject": "Update", "body": "Hello", "do_not_email": true}, 200, `"Hello"`, ""},
		{"hidden", object{"subject": "Update", "body": "Hello", "hidden": "1"}, 200, `"Hello"`, ""},
		{"nested", object{"comment": object{"subject": "Update", "body": "Hello"}}, 422, `["Body can't be blank","Subject can't be blank"]`, ""},
		{"blank", object{"subject": "Update", "body": " \n"}, 422, `["Body can't be blank"]`, ""},
		{"null", object{"subject": nil, "body": "Hello"}, 422, `["Subject can't be blank"]`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := start(t, Options{})
			got := b.want(tt.status, "POST", b.path(32164, "/comment"), tt.body)
			ticket, _ := b.Ticket(32164)
			if tt.status != 200 {
				same(t, "message", got.at("message"), tt.want)
				if len(ticket.Comments) != 4 {
					t.Error("a refused comment was kept")
				}
				return
			}
			same(t, "body", got.at("comment", "body"), tt.want)
			if _, found := got.at("comment").v.(map[string]any)["do_not_email"]; found {
				t.Error("do_not_email can only be written")
			}
			if last := ticket.Comments[4]; last.EmailedTo != tt.emailed {
				t.Errorf("e-mailed to %q, want %q", last.EmailedTo, tt.emailed)
			}
		})
	}
}

func TestACommentThatDoesNotSayItIsJSONIsNotRead(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	req, err := http.NewRequestWithContext(t.Context(), "POST", b.url+"/api/v1"+b.path(32164, "/comment"), strings.NewReader(`{"subject":"a","body":"b"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+danaKey)
	if res, raw, err := b.send(req); err != nil || res.StatusCode != 422 {
		t.Errorf("got %v %s", err, raw)
	}
}

func TestListComments(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	got := b.get(b.path(32151, "/comments"))
	same(t, "meta", got.at("meta"), `{"page":1,"per_page":10,"total_pages":2}`)
	same(t, "newest first", got.at("comments", 0, "body"), `"Second copy done, 14 GB of changes."`)
	same(t, "a customer's", got.at("comments", 1, "user_id"), "null")
	same(t, "a customer's subject", got.at("comments", 1, "subject"), `"Customer Reply"`)
	if n := b.get(b.path(32151, "/comments?page=2")).at("comments").len(); n != 2 {
		t.Errorf("%d comments on page 2", n)
	}
	oldest := b.get(b.path(32151, "/comments?sort_direction=asc&per_page=50"))
	same(t, "oldest first", oldest.at("comments", 0, "subject"), `"Initial Issue"`)
	if oldest.at("comments").len() != 12 {
		t.Errorf("%d comments", oldest.at("comments").len())
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	add := func(body object) tree { return b.want(200, "POST", b.path(32164, "/add_line_item"), body) }
	same(t, "name and description are wanted", b.want(422, "POST", b.path(32164, "/add_line_item"), object{"product_id": 1190473}),
		`{"errors":"Name can't be blank, Description can't be blank","params":{}}`)
	line := add(object{"product_id": 1190473, "name": "Labor", "description": "Work", "quantity": 0.5, "price": 9, "rate": 9, "retail_price": 9, "price_cents": 9})
	same(t, "flat, the product's rate", line.at("price_retail"), "150")
	same(t, "cents", line.at("retail_cents"), "15000")
	same(t, "quantity", line.at("quantity"), `"0.5"`)
	same(t, "taxable unless told", line.at("taxable"), "true")
	same(t, "owner", line.at("user_id"), "4101")
	same(t, "one by default", add(object{"name": "a", "description": "b"}).at("quantity"), `"1.0"`)
	same(t, "its own price", add(object{"product_id": 1190473, "name": "a", "description": "b", "price_retail": "12.50", "taxable": false}).at("price_retail"), "12.5")
	changed := b.want(200, "PUT", b.path(32164, "/update_line_item"), object{"ticket_line_item_id": line.at("id").num(), "quantity": "2"})
	same(t, "wrapped", changed.at("ticket_line_item", "quantity"), `"2.0"`)
	same(t, "as before", changed.at("ticket_line_item", "name"), `"Labor"`)
	same(t, "removed", b.want(200, "POST", b.path(32164, "/remove_line_item"), object{"ticket_line_item_id": line.at("id").num()}), `{"message":"","success":true}`)
	b.want(404, "POST", b.path(32164, "/remove_line_item"), object{"ticket_line_item_id": line.at("id").num()})
	if n := b.get(b.path(32164, "")).at("ticket", "line_items").len(); n != 2 {
		t.Errorf("%d lines", n)
	}
}

func TestTimers(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	same(t, "no start", b.want(422, "POST", b.path(32171, "/timer_entry"), object{"duration_minutes": 5}), `{"error":"no implicit conversion of nil into String"}`)
	timer := b.want(200, "POST", b.path(32171, "/timer_entry"), object{
		"start_at": "2026-11-23T09:00:00Z", "end_at": "2026-11-23T09:40:00Z", "notes": "Mail settings", "billable": false,
	})
	same(t, "start_time", timer.at("start_time"), `"2026-11-23T09:00:00.000Z"`)
	same(t, "seconds", timer.at("active_duration"), "2400")
	same(t, "the default product", timer.at("product_id"), "1190473")
	same(t, "billable in the body", timer.at("billable"), "true")
	id := timer.at("id").num()

	moved := b.want(200, "PUT", b.path(32171, "/update_timer_entry"), object{"timer_entry_id": id, "duration_minutes": 90})
	same(t, "minutes do not move the end", moved.at("active_duration"), "2400")
	same(t, "not billable", b.want(200, "PATCH", "/ticket_timers/"+strconv.FormatInt(id, 10)+"?billable=false", nil).at("billable"), "false")
	same(t, "neither", b.want(422, "PATCH", "/ticket_timers/1?billable=maybe", nil), `{"errors":["billable must be true or false"]}`)

	for range 2 {
		charged := b.want(200, "POST", b.path(32171, "/charge_timer_entry"), object{"timer_entry_id": id})
		same(t, "recorded", charged.at("recorded"), "true")
		same(t, "the line is not named", charged.at("ticket_line_item_id"), "null")
	}
	ticket := b.get(b.path(32171, "")).at("ticket")
	if n := ticket.at("line_items").len(); n != 2 {
		t.Errorf("charged twice makes %d lines, want 2", n)
	}
	same(t, "hours", ticket.at("line_items", 0, "quantity"), `"0.67"`)
	same(t, "name", ticket.at("line_items", 0, "name"), `"Labor - Remote Business"`)
	same(t, "description", ticket.at("line_items", 0, "description"), `"Mail settings"`)
	same(t, "linked", ticket.at("ticket_timers", 0, "ticket_line_item_id"), ticket.at("line_items", 1, "id").String())

	if n := b.get("/ticket_timers?ticket_id=" + b.idOf(32171)).at("ticket_timers").len(); n != 3 {
		t.Errorf("%d timers, want those of all tickets: 3", n)
	}
	same(t, "a running one", b.get(b.path(32164, "")).at("ticket", "ticket_timers", 0, "end_time"), "null")
	same(t, "deleted", b.want(200, "POST", b.path(32171, "/delete_timer_entry"), object{"timer_entry_id": id}), `{"success":true}`)
	b.want(404, "POST", b.path(32171, "/charge_timer_entry"), object{"timer_entry_id": id})
	b.want(404, "POST", b.path(32170, "/charge_timer_entry"), object{"timer_entry_id": id})
}

func TestCustomers(t *testing.T) {
	t.Parallel()
	b := start(t, Options{PerMinute: -1})
	found := b.get("/customers?query=harbor&per_page=1")
	same(t, "meta", found.at("meta"), `{"page":1,"per_page":100,"total_entries":2,"total_pages":1}`)
	same(t, "hours", found.at("customers", 0, "prepay_hours"), `"6.5"`)
	if !strings.Contains(found.at("customers", 0, "online_profile_url").String(), Canary) {
		t.Error("the portal key is missing")
	}
	if n := b.get("/customers?id[]=31204500&id[]=31204501&not_id[]=31204501").at("customers").len(); n != 1 {
		t.Errorf("%d customers by id", n)
	}
	same(t, "a person", b.get("/customers/31204511").at("customer", "business_then_name"), `"Maria Lind"`)
	same(t, "no business", b.get("/customers/31204511").at("customer", "business_name"), "null")
	auto := b.get("/customers/autocomplete?query=juniper")
	if auto.at("customers").len() != 1 || auto.at("meta").v != nil {
		t.Errorf("got %s", auto)
	}
	bad := b.want(422, "POST", "/customers", object{"business_name": "Real Business", "email": "it is not an email"})
	same(t, "message", bad.at("message", 0), `"Email is not an email"`)
	same(t, "echo", bad.at("params", "business_name"), `"Real Business"`)
	b.want(422, "POST", "/customers", object{"email": "a@b.example"})
	made := b.want(200, "POST", "/customers", object{"firstname": "Ana", "lastname": "Roy"}).at("customer")
	same(t, "made", made.at("business_then_name"), `"Ana Roy"`)
	b.want(404, "GET", "/customers/1", nil)
	b.Change(func(d *Data) { d.customer(harborEast).Disabled = true })
	if n := b.get("/customers?query=harbor").at("customers").len(); n != 1 {
		t.Errorf("%d customers, a disabled one among them", n)
	}

	contacts := b.get("/contacts?customer_id=" + strconv.FormatInt(juniperLegal, 10))
	same(t, "title", contacts.at("contacts", 1, "properties", "title"), `"Paralegal"`)
	same(t, "a contact is flat", b.get("/contacts/7310777").at("name"), `"Adrian Cole"`)
	same(t, "none", b.want(404, "GET", "/contacts/1", nil), `{"message":"Not found"}`)
	refused := b.want(422, "POST", "/contacts", object{"customer_id": harborDental, "name": "Bad Email", "email": "xxx"})
	same(t, "errors", refused.at("errors"), `"Email is not an email"`)
	same(t, "record", refused.at("record", "id"), "null")
	same(t, "made", b.want(200, "POST", "/contacts", object{"customer_id": harborDental, "name": "Lee Day"}).at("name"), `"Lee Day"`)
}

func TestInvoice(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.want(200, "POST", b.path(32171, "/add_line_item"), object{"product_id": 1190473, "name": "Labor", "description": "Work", "quantity": 0.5, "taxable": false})
	b.want(200, "POST", b.path(32171, "/timer_entry"), object{"start_at": "2026-11-23T09:00:00Z", "duration_minutes": 60})
	same(t, "no customer", b.want(422, "POST", "/invoices", object{"ticket_id": b.idOf(32171)}).at("error"), `"Customer required field"`)

	body := object{"ticket_id": b.idOf(32171), "customer_id": harborDental, "category": "Standard", "line_items": []object{{"item": "x", "price": 5}}}
	made := b.want(200, "POST", "/invoices", body).at("invoice")
	if _, found := made.v.(map[string]any)["line_items"]; found {
		t.Error("the answer to a POST has no line items")
	}
	same(t, "number", made.at("number"), `"67433"`)
	same(t, "prepaid", made.at("total"), `"0.0"`)
	same(t, "hours left", b.get("/customers/31204500").at("customer", "prepay_hours"), `"6.0"`)
	id := strconv.FormatInt(made.at("id").num(), 10)
	lines := b.get("/invoices/"+id).at("invoice", "line_items")
	if lines.len() != 1 || lines.at(0, "item").String() != `"Labor"` || lines.at(0, "name").String() != `"Work"` || lines.at(0, "quantity").String() != `"0.5"` {
		t.Errorf("lines %s: an uncharged timer must not be on it", lines)
	}
	same(t, "by its number", b.get("/invoices/67433").at("invoice", "id"), id)
	same(t, "converted", b.get(b.path(32171, "")).at("ticket", "line_items", 0, "converted"), "true")
	same(t, "its ticket", b.get("/invoices/"+id+"/ticket").at("ticket", "number"), "32171")
	if status := b.get(b.path(32171, "")).at("ticket", "status").String(); status != `"New"` {
		t.Errorf("an invoice changed the status to %s", status)
	}

	second := b.want(200, "POST", "/invoices", body).at("invoice", "id").num()
	if n := b.get("/invoices/"+strconv.FormatInt(second, 10)).at("invoice", "line_items").len(); n != 0 {
		t.Errorf("a second invoice has %d lines", n)
	}
	if n := b.get("/invoices?ticket_id=" + b.idOf(32171)).at("invoices").len(); n != 2 || len(b.Invoices(32171)) != 2 {
		t.Errorf("%d invoices for the ticket", n)
	}

	b.want(200, "DELETE", "/invoices/"+id, nil)
	b.want(404, "GET", "/invoices/"+id, nil)
	same(t, "hours back", b.get("/customers/31204500").at("customer", "prepay_hours"), `"6.5"`)
	b.want(200, "DELETE", "/invoices/67428", nil)
	same(t, "a paid one stays", b.get("/invoices/67428").at("invoice", "is_paid"), "true")
	b.want(200, "DELETE", "/invoices/1", nil)
}

func TestInvoiceTotals(t *testing.T) {
	t.Parallel()
	hours := decimal.RequireFromString
	for _, tt := range []struct {
		name    string
		prepaid string
		lines   []object
		total   string
		left    string
	}{
		{"nothing prepaid", "0", []object{{"product_id": 1190473, "quantity": 0.5, "taxable": false}}, `"75.0"`, "0"},
		{"tax where it was not declined", "0", []object{{"product_id": 1190473, "quantity": 0.5}}, `"81.19"`, "0"},
		{"covered", "6.5", []object{{"product_id": 1190473, "quantity": 1}}, `"0.0"`, "5.5"},
		{"half covered", "0.5", []object{{"product_id": 1190473, "quantity": 1, "taxable": false}}, `"75.0"`, "0"},
		{"travel is not", "6.5", []object{{"product_id": 26117, "quantity": 1, "taxable": false}}, `"85.0"`, "6.5"},
		{"project labor takes none", "6.5", []object{{"product_id": 9269129, "quantity": 3}}, `"0.0"`, "6.5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := start(t, Options{})
			b.Change(func(d *Data) { d.customer(harborDental).PrepayHours = hours(tt.prepaid) })
			for _, l := range tt.lines {
				l["name"], l["description"] = "a", "b"
				b.want(200, "POST", b.path(32171, "/add_line_item"), l)
			}
			made := b.want(200, "POST", "/invoices", object{"ticket_id": b.idOf(32171), "customer_id": harborDental})
			same(t, "total", made.at("invoice", "total"), tt.total)
			d := b.Snapshot()
			if left := d.customer(harborDental).PrepayHours; !left.Equal(hours(tt.left)) {
				t.Errorf("%s hours left, want %s", left, tt.left)
			}
		})
	}
}

func TestProductsAndSettings(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	for id, price := range map[string]string{"1190473": "150", "26118": "175", "26184": "262.5", "9269129": "0", "9269124": "0", "26117": "85", "68055": "125"} {
		same(t, id, b.get("/products/"+id).at("product", "price_retail"), price)
	}
	if n := b.get("/products?category_id=1").at("products").len(); n != 7 {
		t.Errorf("%d labor products", n)
	}
	same(t, "category", b.get("/products/categories").at("categories", 1, "name"), `"Parts"`)
	if n := b.get("/products?query=cable").at("products").len(); n != 1 {
		t.Errorf("%d products found", n)
	}
	set := b.get("/tickets/settings")
	same(t, "a user", set.at("users", 1), `{"id":4107,"name":"Rob Ames"}`)
	if set.at("ticket_status_list").len() != 9 {
		t.Errorf("statuses %s", set.at("ticket_status_list"))
	}
	same(t, "priorities", b.get("/settings").at("ticket", "priorities"), `["","0 Urgent","1 High","2 Normal","3 Low"]`)
	same(t, "zone", b.get("/settings").at("locale", "time_zone"), `"America/Los_Angeles"`)
}

func TestMondayHasEveryKindOfTrouble(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 12, 0, 0, time.UTC)
	d := Monday(now)
	if len(d.Customers) != 12 || len(d.Tickets) != 40 || len(d.Users) != 5 {
		t.Errorf("%d customers, %d tickets, %d users", len(d.Customers), len(d.Tickets), len(d.Users))
	}
	ids, statuses, priorities := map[int64]bool{}, map[string]bool{}, map[string]bool{}
	for _, x := range d.Tickets {
		if ids[x.ID] || d.customer(x.CustomerID) == nil || x.Updated.Before(x.Created) || x.Updated.After(now) {
			t.Errorf("ticket %d is wrong: %+v", x.Number, x)
		}
		ids[x.ID], statuses[x.Status], priorities[x.Priority] = true, true, true
		for i, c := range x.Comments {
			if i > 0 && c.Created.Before(x.Comments[i-1].Created) || c.Created.After(now) {
				t.Errorf("ticket %d: comment %d is out of order", x.Number, i)
			}
		}
	}
	for _, s := range d.Settings.Statuses {
		if !statuses[s] {
			t.Errorf("no ticket is %s", s)
		}
	}
	for _, p := range d.Settings.Priorities {
		if !priorities[p] {
			t.Errorf("no ticket has the priority %q", p)
		}
	}
	x := d.ticketNumbered(32164)
	if x.Subject != "VPN drops every hour" || x.Status != "In Progress" || x.UserID != dana || d.customer(x.CustomerID).Business != "Harbor Dental" {
		t.Errorf("ticket 32164 is %+v", x)
	}
}
