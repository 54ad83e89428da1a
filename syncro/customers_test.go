package syncro_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/syncro"
)

func TestWhichCustomerIsOurs(t *testing.T) {
	t.Parallel()
	w := syncro.CreateCustomer{Business: "Harbor Dental & Co", First: "Amy", Last: "Cole", Email: "amy@harbordental.example", Phone: "555-0100"}
	const same = `"business_name":"Harbor Dental &amp; Co","firstname":"Amy","lastname":"Cole","email":"Amy@harbordental.example","phone":"(555) 0100"}`
	change := func(was, now string) string { return `{` + strings.Replace(same, was, now, 1) }
	const list = `{"customers":[%s],"meta":{"total_pages":1}}`
	sightings(t, w, list, map[string][2]string{
		"as sent":         {`{` + same, "ours"},
		"another person":  {change(`Amy"`, `Ann"`), "near"},
		"another address": {change(`Amy@`, `office@`), "near"},
		"another phone":   {change(`0100`, `0199`), "near"},
		"another name":    {change(`Dental`, `Dentists`), "other"},
		"no business":     {change(`"Harbor Dental &amp; Co"`, `null`), "other"},
	})
	person := syncro.CreateCustomer{First: "Ada", Last: "Moss"}
	sightings(t, person, list, map[string][2]string{
		"as sent":          {`{"business_name":null,"firstname":"Ada","lastname":"Moss","email":null}`, "ours"},
		"with an address":  {`{"firstname":"Ada","lastname":"Moss","email":"ada@moss.example"}`, "near"},
		"of a business":    {`{"business_name":"Moss Ltd","firstname":"Ada","lastname":"Moss"}`, "other"},
		"somebody else":    {`{"firstname":"Ada","lastname":"Mossman"}`, "other"},
		"nobody in a shop": {`{"business_name":"Ada Moss"}`, "other"},
	})
	for w, path := range map[syncro.Write]string{
		w: "/customers?business_name=Harbor+Dental+%26+Co&include_disabled=true", person: "/customers?firstname=Ada&include_disabled=true&lastname=Moss",
	} {
		if got := w.Evidence(dana); got.Path != path || got.Effect != syncro.Adds {
			t.Errorf("evidence %+v", got)
		}
		blind(t, w.Evidence(dana), `{}`, `{"customers":null}`, `{"customers":[{}]}`, `{"customers":[],"meta":{"total_pages":2}}`)
	}
	made(t, w, map[string]string{"as documented": `{"customer":{"id":9,` + same + `}`}, map[string]string{
		"no id":        `{"customer":{` + same + `}`,
		"another name": `{"customer":{"id":9,"business_name":"Harbor"}}`,
		"not wrapped":  `{"id":9,` + same,
		"nothing":      `{}`,
	})
	for _, nobody := range []syncro.CreateCustomer{{}, {Email: "amy@harbordental.example"}, {First: " "}} {
		if _, _, err := syncro.MarshalWrite(nobody); err == nil {
			t.Errorf("%+v can be stored", nobody)
		}
	}
}

func TestCustomer(t *testing.T) {
	t.Parallel()
	s := newStand(t, answers(map[string]string{
		"/customers/7": `{"customer":{"id":7,"business_then_name":"Harbor Dental","fullname":"Amy Cole","prepay_hours":"6.5","online_profile_url":"https://x.example?portal_key=p0rtal"}}`,
		"/customers/8": `{"customer":{"id":7}}`,
		"/contacts?customer_id=7": `{"contacts":[{"id":71,"name":"Amy Cole","email":"amy@harbordental.example","phone":null,"mobile":"555-0101","customer_id":7},
			{"id":"72","name":"Bo Lind","customer_id":"7"},{"id":73,"name":"Kim Lee","customer_id":8}],"meta":{"total_pages":2}}`,
		"/tickets?customer_id=7": `{"tickets":[{"id":1,"number":32164,"customer_id":7,"status":"Resolved"},{"id":2,"number":32165,"customer_id":8}],"meta":{"total_pages":1}}`,
	}))
	got, err := s.reader().Customer(t.Context(), 7)
	if diff := cmp.Diff(syncro.Customer{ID: 7, Name: "Harbor Dental", Contact: "Amy Cole", PrepayHours: "6.5"}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := s.reader().Customer(t.Context(), 8); kindOf(t, err) != syncro.Garbled {
		t.Errorf("another customer: %v", err)
	}
	contacts, err := s.reader().Contacts(t.Context(), 7)
	if diff := cmp.Diff(syncro.List[syncro.Contact]{More: true, Items: []syncro.Contact{
		{ID: 71, CustomerID: 7, Name: "Amy Cole", Email: "amy@harbordental.example", Phone: "555-0101"}, {ID: 72, CustomerID: 7, Name: "Bo Lind"},
	}}, contacts); err != nil || diff != "" {
		t.Error(err, diff)
	}
	tickets, err := s.reader().TicketsOf(t.Context(), 7)
	if diff := cmp.Diff(syncro.List[syncro.Ticket]{Items: []syncro.Ticket{{ID: 1, Number: 32164, CustomerID: 7, Status: "Resolved"}}}, tickets); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestProduct(t *testing.T) {
	t.Parallel()
	s := newStand(t, answers(map[string]string{
		"/products/1190473": `{"product":{"id":1190473,"name":"Labor - Remote Business","price_retail":150.0,"taxable":false,"disabled":null}}`,
		"/products/2":       `{"product":{"id":3,"name":"x","price_retail":1}}`,
		"/products/4":       `{"product":{"id":4,"name":"x","price_retail":"a lot"}}`,
		"/products/5":       `{"product":{"id":5,"name":"x","price_retail":null,"disabled":true}}`,
	}))
	before := time.Now()
	got, err := s.reader().Product(t.Context(), 1190473)
	if err != nil || got.Read.Before(before) || got.Read.After(time.Now()) {
		t.Errorf("read at %s, %v", got.Read, err)
	}
	again, err := s.reader().Product(t.Context(), 1190473)
	if diff := cmp.Diff(got, again); err != nil || diff != "" {
		t.Error(err, diff)
	}
	got.Read = time.Time{}
	if diff := cmp.Diff(syncro.Product{ID: 1190473, Name: "Labor - Remote Business", Price: "150.0"}, got); diff != "" {
		t.Error(diff)
	}
	if ttl := s.redis.TTL(t.Context(), "syncrobot:cache:product:1190473").Val(); ttl <= 0 || ttl > 15*time.Minute {
		t.Errorf("kept for %s", ttl)
	}
	if got, err := s.reader().Product(t.Context(), 5); err != nil || got.Price != "" || !got.Disabled {
		t.Errorf("without a price: %+v, %v", got, err)
	}
	for _, id := range []int64{2, 4} {
		if _, err := s.reader().Product(t.Context(), id); kindOf(t, err) != syncro.Garbled {
			t.Errorf("product %d: %v", id, err)
		}
	}
	if _, err := s.reader().Product(t.Context(), 6); kindOf(t, err) != syncro.NotFound {
		t.Errorf("no product: %v", err)
	}
	if got, want := s.requests(), []string{"GET /products/1190473", "GET /products/5", "GET /products/2", "GET /products/4", "GET /products/6"}; !slices.Equal(got, want) {
		t.Errorf("requests %q, want %q", got, want)
	}
}
