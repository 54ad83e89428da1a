package syncrosim

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// sim sends to /_sim and returns the status and the answer.
func (b *bench) sim(method, path, contentType, body string) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	res, raw, err := b.send(req)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

func TestSimFromOutside(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	const asJSON = "application/json"
	if status, raw := b.sim("POST", "/_sim/person", asJSON, `{"ticket":32164,"comment":"It is back","customer":true}`); status != 200 {
		t.Fatalf("%d %s", status, raw)
	}
	if status, raw := b.sim("POST", "/_sim/fault", asJSON, `{"kind":"500","method":"GET","path":"/me","times":2,"delay":"1s"}`); status != 200 {
		t.Fatalf("%d %s", status, raw)
	}
	b.want(500, "GET", "/me", nil)
	_, raw := b.sim("GET", "/_sim/records", "", "")
	got := decode(t, []byte(raw))
	same(t, "used", got.at("used"), "1")
	same(t, "limit", got.at("limit"), "180")
	same(t, "requests", got.at("requests", 0, "status"), "500")
	same(t, "faults", got.at("faults", 0, "hits"), "1")
	if got.at("tickets").len() != 40 || got.at("customers").len() != 12 || got.at("invoices").len() != 6 || got.at("fault_kinds").len() != len(Faults) {
		t.Error("records are missing")
	}
	for i := range got.at("tickets").len() {
		if x := got.at("tickets", i); x.at("number").num() == 32164 {
			same(t, "comment", x.at("comments", 4, "body"), `"It is back"`)
			same(t, "status", x.at("status"), `"Customer Reply"`)
		}
	}
	if strings.Contains(raw, Canary) || strings.Contains(raw, danaKey) {
		t.Error("a secret is shown")
	}
	if status, _ := b.sim("DELETE", "/_sim/fault", "", ""); status != 204 {
		t.Errorf("status %d", status)
	}
	b.get("/me")
	for _, bad := range []struct{ path, contentType, body string }{
		{"/_sim/person", "text/plain", `{"ticket":32164,"status":"New"}`},
		{"/_sim/person", asJSON, `{"ticket":1,"status":"New"}`},
		{"/_sim/person", asJSON, `{"ticket":32164,"assign":1}`},
		{"/_sim/person", asJSON, `{"ticket":32164,"stauts":"New"}`},
		{"/_sim/fault", asJSON, `{"kind":"flood"}`},
		{"/_sim/fault", asJSON, `{"kind":"hang","delay":"soon"}`},
	} {
		if status, raw := b.sim("POST", bad.path, bad.contentType, bad.body); status != 400 && status != 415 {
			t.Errorf("%v: %d %s", bad, status, raw)
		}
	}
}

func TestEventsTellOfChanges(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	req, err := http.NewRequestWithContext(t.Context(), "GET", b.url+"/_sim/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := alone().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewScanner(res.Body)
	next := func(why string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == "event: changed" {
				return
			}
		}
		t.Fatalf("no event: %s", why)
	}
	next("at the start")
	if err := b.Person(Act{Ticket: 32164, Status: "Scheduled"}); err != nil {
		t.Fatal(err)
	}
	next("a person")
	b.get("/me")
	next("a request")
}

func TestPerson(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	before, _ := b.Ticket(32164)
	for _, a := range []Act{
		{Ticket: 32164, Status: "Scheduled", Priority: "1 High", Assign: rob},
		{Ticket: 32164, UserID: priya, Comment: "For us only", Hidden: true},
		{Ticket: 32164, Comment: "For you too"},
	} {
		if err := b.Person(a); err != nil {
			t.Fatal(err)
		}
	}
	after, _ := b.Ticket(32164)
	if after.Status != "Scheduled" || after.Priority != "1 High" || after.UserID != rob || !after.Updated.After(before.Updated) {
		t.Errorf("got %+v", after)
	}
	if c := after.Comments[4]; c.UserID != priya || !c.Hidden || c.EmailedTo != "" {
		t.Errorf("got %+v", c)
	}
	if c := after.Comments[5]; c.UserID != dana || c.EmailedTo != "amy@harbordental.example" {
		t.Errorf("got %+v", c)
	}
	if err := b.Person(Act{Ticket: 32164, Assign: -1}); err != nil {
		t.Fatal(err)
	}
	if err := b.Edit(32164, func(x *Ticket) { x.Comments = x.Comments[:1] }); err != nil {
		t.Fatal(err)
	}
	if x, _ := b.Ticket(32164); x.UserID != 0 || len(x.Comments) != 1 {
		t.Errorf("got %+v", x)
	}
	if b.Edit(1, func(*Ticket) {}) == nil {
		t.Error("a ticket that is not there was changed")
	}
	if b.Count("", "") != 0 {
		t.Error("what a person does is no request")
	}
}

func TestWhatIsReadIsACopy(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	x, _ := b.Ticket(32164)
	x.Comments[0].Body = "changed"
	d := b.Snapshot()
	d.Tickets[0].Comments[0].Body = "changed"
	d.Invoices[0].Lines[0].Item = "changed"
	if raw, err := json.Marshal(b.Snapshot()); err != nil || strings.Contains(string(raw), `"changed"`) {
		t.Error("the copy is none")
	}
}

func TestTicketPageShowsTextAsText(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	status, page := b.sim("GET", "/tickets/"+b.idOf(32169), "", "")
	if status != 200 || strings.Contains(page, "<script>") || !strings.Contains(page, "&lt;!channel&gt; *bold*") {
		t.Errorf("%d %s", status, page)
	}
	if status, _ := b.sim("GET", "/tickets/1", "", ""); status != 404 {
		t.Errorf("status %d", status)
	}
	if status, page := b.sim("GET", loginPath, "", ""); status != 200 || !strings.Contains(page, "Log in") {
		t.Errorf("%d %s", status, page)
	}
	if b.Count("", "") != 0 {
		t.Error("a page is no request to the API")
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	b := start(t, Options{PerMinute: -1})
	b.Fault(Fault{Kind: CommitThen500, Method: "POST", Probability: 0.3})
	path := b.path(32164, "/comment")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if _, _, err := b.try("POST", path, object{"subject": "a", "body": "b"}); err != nil {
					t.Error(err)
				}
				b.Snapshot()
				b.Requests()
			}
		})
	}
	wg.Wait()
	x, _ := b.Ticket(32164)
	if len(x.Comments) != 84 {
		t.Errorf("%d comments, want 84", len(x.Comments))
	}
	ids := map[int64]bool{}
	for _, c := range x.Comments {
		ids[c.ID] = true
	}
	if len(ids) != 84 {
		t.Errorf("%d different ids", len(ids))
	}
}

// TestAnswersHaveTheDocumentedKeys compares answers with the examples of
// Syncro's own OpenAPI document, where that lies beside the project.
func TestAnswersHaveTheDocumentedKeys(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "spec", "syncro-openapi.json"))
	if err != nil {
		t.Skipf("Syncro's OpenAPI document is not here: %v", err)
	}
	doc := decode(t, raw)
	b := start(t, Options{})
	x, _ := b.Ticket(32144)
	made := func(tr tree, key string) tree {
		t.Helper()
		if tr.at(key).v == nil {
			t.Fatalf("no %s in %s", key, tr)
		}
		return tr
	}
	timer := made(b.want(200, "POST", b.path(32164, "/timer_entry"), object{"start_at": "2026-11-23T09:00:00Z", "duration_minutes": 10}), "id")
	line := made(b.want(200, "POST", b.path(32164, "/add_line_item"), object{"name": "a", "description": "b"}), "id")
	id := "/tickets/{id}"
	for _, tt := range []struct {
		method, pattern string
		got             tree
	}{
		{"get", "/me", b.get("/me")},
		{"get", "/users", b.get("/users")},
		{"get", "/users/{id}", b.get("/users/4101")},
		{"get", "/settings", b.get("/settings")},
		{"get", "/tickets/settings", b.get("/tickets/settings")},
		{"get", "/tickets", b.get("/tickets?number=32144")},
		{"get", id, b.get(b.path(32144, ""))},
		{"post", "/tickets", b.want(200, "POST", "/tickets", object{"customer_id": x.CustomerID, "subject": "a", "comments_attributes": []object{{"subject": "a", "body": "b"}}})},
		{"get", id + "/comments", b.get(b.path(32164, "/comments"))},
		{"post", id + "/comment", b.want(200, "POST", b.path(32164, "/comment"), object{"subject": "a", "body": "b"})},
		{"post", id + "/add_line_item", line},
		{"put", id + "/update_line_item", b.want(200, "PUT", b.path(32164, "/update_line_item"), object{"ticket_line_item_id": line.at("id").num(), "name": "c"})},
		{"post", id + "/remove_line_item", b.want(200, "POST", b.path(32164, "/remove_line_item"), object{"ticket_line_item_id": line.at("id").num()})},
		{"post", id + "/timer_entry", timer},
		{"put", id + "/update_timer_entry", b.want(200, "PUT", b.path(32164, "/update_timer_entry"), object{"timer_entry_id": timer.at("id").num(), "notes": "c"})},
		{"post", id + "/charge_timer_entry", b.want(200, "POST", b.path(32164, "/charge_timer_entry"), object{"timer_entry_id": timer.at("id").num()})},
		{"get", "/ticket_timers", b.get("/ticket_timers")},
		{"get", "/customers", b.get("/customers")},
		{"get", "/customers/{id}", b.get("/customers/31204500")},
		{"get", "/customers/autocomplete", b.get("/customers/autocomplete?query=a")},
		{"get", "/contacts", b.get("/contacts")},
		{"get", "/invoices", b.get("/invoices")},
		{"post", "/invoices", b.want(200, "POST", "/invoices", object{"customer_id": x.CustomerID, "ticket_id": x.ID})},
		{"get", "/products", b.get("/products")},
		{"get", "/products/{id}", b.get("/products/26118")},
		{"get", "/products/categories", b.get("/products/categories")},
	} {
		content := doc.at("paths", tt.pattern, tt.method, "responses", "200", "content", "application/json")
		example := content.at("example")
		if examples, isMap := content.at("examples").v.(map[string]any); isMap && example.v == nil {
			for name := range examples {
				example = content.at("examples", name, "value")
			}
		}
		if example.v == nil {
			t.Errorf("%s %s has no example", tt.method, tt.pattern)
			continue
		}
		alike(t, tt.method+" "+tt.pattern, tt.got, example, 0)
	}
}

// alike tells where got lacks a key of the example, or has another kind of
// value under it: in the wrapper, in the record, and in what hangs on it.
func alike(t *testing.T, where string, got, example tree, depth int) {
	t.Helper()
	if got.v == nil || example.v == nil || depth > 4 || strings.HasSuffix(where, ".properties") {
		return
	}
	switch e := example.v.(type) {
	case map[string]any:
		g, isObject := got.v.(map[string]any)
		if !isObject {
			t.Errorf("%s is no object: %s", where, got)
			return
		}
		for k := range e {
			if _, found := g[k]; !found {
				t.Errorf("%s lacks %q", where, k)
				continue
			}
			alike(t, where+"."+k, got.at(k), example.at(k), depth+1)
		}
	case []any:
		if _, isList := got.v.([]any); !isList {
			t.Errorf("%s is no list: %s", where, got)
		}
		if len(e) > 0 && got.len() > 0 {
			alike(t, where+"[0]", got.at(0), example.at(0), depth+1)
		}
	case string:
		if _, isText := got.v.(string); !isText {
			t.Errorf("%s is no text: %s", where, got)
		}
	case json.Number:
		if _, isNumber := got.v.(json.Number); !isNumber {
			t.Errorf("%s is no number: %s", where, got)
		}
	case bool:
		if _, isBool := got.v.(bool); !isBool {
			t.Errorf("%s is no bool: %s", where, got)
		}
	}
}
