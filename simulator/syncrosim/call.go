package syncrosim

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// call is a request to the API while it is carried out, with s.mu held.
type call struct {
	s           *Syncro
	method      string
	path        string // below /api/v1
	query       url.Values
	contentType string
	body        []byte
	token       *Token
	entry       *Request
	ids         []int64 // what the braces of the route's pattern stand for
	params      map[string]any
}

type route struct {
	method  string
	pattern string
	needs   []Permission
	do      func(*call) answer
}

// routes is the API as far as it is simulated; the first that fits counts.
func routes() []route {
	need := func(p ...Permission) []Permission { return p }
	return []route{
		{"GET", "/me", nil, me},
		{"GET", "/users", nil, listUsers},
		{"GET", "/users/{id}", nil, getUser},
		{"GET", "/settings", nil, getSettings},
		{"GET", "/tickets/settings", nil, getTicketSettings},
		{"GET", "/tickets", need(TicketsList), listTickets},
		{"POST", "/tickets", need(TicketsCreate), createTicket},
		{"GET", "/tickets/{id}", need(TicketsView), getTicket},
		{"PUT", "/tickets/{id}", need(TicketsEdit), updateTicket},
		{"DELETE", "/tickets/{id}", need(TicketsDelete), deleteTicket},
		{"GET", "/tickets/{id}/comments", need(TicketsView), listComments},
		{"POST", "/tickets/{id}/comment", need(TicketsEdit), addComment},
		{"POST", "/tickets/{id}/add_line_item", need(TicketsEdit), addLine},
		{"PUT", "/tickets/{id}/update_line_item", need(TicketsEdit), updateLine},
		{"POST", "/tickets/{id}/remove_line_item", need(TicketsEdit), removeLine},
		{"POST", "/tickets/{id}/timer_entry", need(TimersOverview), addTimer},
		{"PUT", "/tickets/{id}/update_timer_entry", need(TimersOverview), updateTimer},
		{"POST", "/tickets/{id}/charge_timer_entry", need(TimersOverview), chargeTimer},
		{"POST", "/tickets/{id}/delete_timer_entry", need(TimersOverview), deleteTimer},
		{"GET", "/ticket_timers", need(TimersOverview), listTimers},
		{"PATCH", "/ticket_timers/{id}", need(TimersEdit), setBillable},
		{"GET", "/customers", need(CustomersList), listCustomers},
		{"POST", "/customers", need(CustomersCreate), createCustomer},
		{"GET", "/customers/autocomplete", need(CustomersList), autocomplete},
		{"GET", "/customers/{id}", need(CustomersView), getCustomer},
		{"GET", "/contacts", need(CustomersView), listContacts},
		{"POST", "/contacts", need(CustomersEdit), createContact},
		{"GET", "/contacts/{id}", need(CustomersView), getContact},
		{"GET", "/invoices", need(InvoicesList), listInvoices},
		{"POST", "/invoices", need(InvoicesCreate), createInvoice},
		{"GET", "/invoices/{id}", need(InvoicesView), getInvoice},
		{"DELETE", "/invoices/{id}", need(InvoicesDelete), deleteInvoice},
		{"GET", "/invoices/{id}/ticket", need(InvoicesView, TicketsView), getInvoiceTicket},
		{"GET", "/products", need(ProductsList), listProducts},
		{"GET", "/products/categories", need(ProductsList), listCategories},
		{"GET", "/products/{id}", need(ProductsList), getProduct},
	}
}

// route finds what the call is for, or nil.
func (c *call) route() *route {
	parts := strings.Split(strings.Trim(c.path, "/"), "/")
	for _, r := range routes() {
		want := strings.Split(strings.Trim(r.pattern, "/"), "/")
		if r.method != c.method || len(want) != len(parts) {
			continue
		}
		c.ids = nil
		fits := true
		for i, w := range want {
			if w != "{id}" {
				fits = fits && w == parts[i]
				continue
			}
			id, err := strconv.ParseInt(parts[i], 10, 64)
			fits = fits && err == nil
			c.ids = append(c.ids, id)
		}
		if fits {
			return &r
		}
	}
	return nil
}

func (c *call) id() int64 { return c.ids[0] }

// ticket is the ticket that the path names, or nil.
func (c *call) ticket() *Ticket { return c.s.data.ticket(c.id()) }

// readParams merges the query and the body, as Rails does; the body wins. Only
// a body that calls itself JSON is read.
func (c *call) readParams() (answer, bool) {
	c.params = map[string]any{}
	for k, v := range c.query {
		if k != "api_key" {
			c.params[k] = v[len(v)-1]
		}
	}
	kind, _, err := mime.ParseMediaType(c.contentType)
	if err != nil || kind != "application/json" || len(bytes.TrimSpace(c.body)) == 0 {
		return answer{}, true
	}
	dec := json.NewDecoder(bytes.NewReader(c.body))
	dec.UseNumber()
	var fields map[string]any
	if err := dec.Decode(&fields); err != nil {
		return answer{status: http.StatusBadRequest, body: object{"status": 400, "error": "Bad Request"}}, false
	}
	for k, v := range fields {
		c.params[k] = v
	}
	return answer{}, true
}

// has tells whether a parameter was sent at all, be it as null.
func (c *call) has(name string) bool {
	_, found := c.params[name]
	return found
}

// given tells whether a parameter was sent and is not null.
func (c *call) given(name string) bool { return c.params[name] != nil }

// str is a parameter as text; a number counts as its digits, as in Rails.
func (c *call) str(name string) string { return asText(c.params[name]) }

func asText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func (c *call) blank(name string) bool { return strings.TrimSpace(c.str(name)) == "" }

// num is a parameter as a whole number, 0 where it is none.
func (c *call) num(name string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(c.str(name)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (c *call) flag(name string) bool { return asFlag(c.params[name]) }

func asFlag(v any) bool { return slices.Contains([]string{"true", "t", "1", "on"}, asText(v)) }

// dec is a parameter as a decimal; like in Ruby, what is no number is 0.
func (c *call) dec(name string) decimal.Decimal {
	d, err := decimal.NewFromString(strings.TrimSpace(c.str(name)))
	if err != nil {
		return decimal.Zero
	}
	return d
}

// time is a parameter as a time, the zero time where it was not sent.
func (c *call) time(name string) (time.Time, error) {
	if c.blank(name) {
		return time.Time{}, nil
	}
	return parseTime(c.str(name))
}

// times reads several parameters that are times.
func (c *call) times(names ...string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	for _, name := range names {
		t, err := c.time(name)
		if err != nil {
			return nil, err
		}
		out[name] = t
	}
	return out, nil
}

// badTime is the answer to a time that cannot be read; its words are Ruby's.
func badTime() answer { return invalid(object{"error": "argument out of range"}) }

// page cuts out the page that is asked for and describes it.
func page[T any](c *call, items []T, size int) (part []T, meta object) {
	n := max(int(c.num("page")), 1)
	from := min((n-1)*size, len(items))
	to := min(from+size, len(items))
	return items[from:to], object{"total_pages": (len(items) + size - 1) / size, "page": n}
}
