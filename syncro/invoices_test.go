package syncro_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/syncro"
)

var billed = syncro.CreateInvoice{
	TicketID: 5, CustomerID: 7, Category: "Standard",
	Lines: []syncro.Charge{{ProductID: 1190473, Name: "Labor - Remote Business", Quantity: "0.5", Price: "150.00"}},
}

func TestWhichInvoiceIsOurs(t *testing.T) {
	t.Parallel()
	sightings(t, billed, `{"invoices":[%s],"meta":{"total_pages":1}}`, map[string][2]string{
		"of the ticket":    {`{"ticket_id":5,"customer_id":7}`, "ours"},
		"ids as text":      {`{"ticket_id":"5","customer_id":"7","total":"0.0"}`, "ours"},
		"another customer": {`{"ticket_id":5,"customer_id":8}`, "near"},
		"another ticket":   {`{"ticket_id":6,"customer_id":7}`, "other"},
		"of no ticket":     {`{"ticket_id":null,"customer_id":7}`, "near"},
	})
	if e := billed.Evidence(dana); e.Path != "/invoices?ticket_id=5" || e.Effect != syncro.Adds || e.Missing != nil {
		t.Errorf("evidence %+v", e)
	}
	blind(t, billed.Evidence(dana), `{}`, `{"invoices":null}`, `{"invoices":{}}`, `[]`, `{"invoices":[{"ticket_id":5}]}`,
		`{"invoices":[],"meta":{"total_pages":2}}`)
}

func TestWhetherAnInvoiceWasMade(t *testing.T) {
	t.Parallel()
	made(t, billed, map[string]string{
		"as documented":      `{"invoice":{"id":9,"customer_id":7,"number":"67501","ticket_id":null,"total":"75.0"}}`,
		"with its ticket":    `{"invoice":{"id":"9","customer_id":"7","number":67501,"ticket_id":5,"total":"75.0"}}`,
		"prepaid, for $0.00": `{"invoice":{"id":9,"customer_id":7,"ticket_id":5,"total":"0.0"}}`,
	}, map[string]string{
		"not wrapped":        `{"id":9,"customer_id":7,"ticket_id":5}`,
		"no id":              `{"invoice":{"id":null,"customer_id":7,"ticket_id":5}}`,
		"another's":          `{"invoice":{"id":9,"customer_id":8,"ticket_id":5}}`,
		"of another ticket":  `{"invoice":{"id":9,"customer_id":7,"ticket_id":6}}`,
		"nothing":            `{}`,
		"null":               `{"invoice":null}`,
		"a list":             `{"invoice":[]}`,
		"an invoice of text": `{"invoice":"9"}`,
	})
	for body, want := range map[string]string{`{"invoice":{"id":9,"number":"67501"}}`: "invoice #67501", `{"invoice":{"number":null}}`: "", `{}`: "", `[]`: ""} {
		if got := billed.Name([]byte(body)); got != want {
			t.Errorf("%s: %q", body, got)
		}
	}
}

func TestWhetherAnInvoiceHoldsExactlyItsLines(t *testing.T) {
	t.Parallel()
	const (
		remote  = `{"id":1,"item":"Labor - Remote Business","name":"Rekeyed","price":"150.0","quantity":"0.5","product_id":1190473}`
		travel  = `{"id":2,"item":"Fee - Travel Time","name":"There and back","price":"80.00","quantity":"1.0","product_id":null}`
		covered = `{"id":1,"item":"Labor - Remote Business","name":"Rekeyed","price":"0.0","quantity":"0.5","product_id":1190473}`
	)
	both, anyPrice, prepaid := billed, billed, billed
	both.Lines = append([]syncro.Charge{{Name: "Fee - Travel Time", Quantity: "1"}}, billed.Lines...)
	anyPrice.Lines = []syncro.Charge{{ProductID: 1190473, Quantity: "0.5"}, {ProductID: 1190473, Quantity: "0.5", Price: "150"}}
	prepaid.Prepaid = true
	tenth, ten := billed, billed
	tenth.Lines = []syncro.Charge{{ProductID: 1190473, Quantity: "0.5", Price: "150", Discount: syncro.Discount{Percent: "10.0"}}}
	ten.Lines = []syncro.Charge{{ProductID: 1190473, Quantity: "0.5", Price: "150", Discount: syncro.Discount{Dollars: "10"}}}
	mixed := prepaid
	mixed.Lines = []syncro.Charge{tenth.Lines[0], {ProductID: 1190473, Quantity: "0.5", Price: "150"}}
	less := func(line, discount string) string { return strings.Replace(line, `{`, `{`+discount+`,`, 1) }
	for name, c := range map[string]struct {
		write syncro.CreateInvoice
		lines string
		holds bool
	}{
		"as it should be":                           {billed, remote, true},
		"nothing":                                   {billed, ``, false},
		"one more":                                  {billed, remote + "," + travel, false},
		"twice the same":                            {billed, remote + "," + remote, false},
		"another price":                             {billed, strings.Replace(remote, "150.0", "175.0", 1), false},
		"other hours":                               {billed, strings.Replace(remote, `"0.5"`, `"5.0"`, 1), false},
		"another product of the same name":          {billed, strings.Replace(remote, `1190473`, `26118`, 1), false},
		"by its name":                               {billed, strings.Replace(remote, `1190473`, `null`, 1), true},
		"no price":                                  {billed, covered, false},
		"no price, prepaid":                         {prepaid, covered, true},
		"prepaid, the price all the same":           {prepaid, remote, true},
		"a discount that nobody confirmed":          {billed, less(remote, `"discount_percent":10`), false},
		"a discount under its other name":           {billed, less(remote, `"line_discount_percent":"10"`), false},
		"an amount off":                             {billed, less(remote, `"discount_dollars":"10.00"`), false},
		"no discount, in figures":                   {billed, less(remote, `"discount_percent":0,"discount_dollars":"0.0"`), true},
		"a discount that is no number":              {billed, less(remote, `"discount_percent":"some"`), false},
		"the discount of the charge":                {tenth, less(remote, `"discount_percent":10`), true},
		"the charge's discount was lost":            {tenth, remote, false},
		"a percentage became an amount":             {tenth, less(remote, `"discount_dollars":"10"`), false},
		"the amount off the charge":                 {ten, less(remote, `"discount_dollars":"10.00"`), true},
		"prepaid, one of two of a product":          {mixed, covered + "," + less(remote, `"discount_percent":10`), true},
		"prepaid, both":                             {mixed, covered + "," + covered, true},
		"prepaid, the discount on the other one":    {mixed, remote + "," + remote, false},
		"both, in any order":                        {both, travel + "," + remote, true},
		"one of both":                               {both, remote, false},
		"the one with any price takes what is left": {anyPrice, strings.Replace(remote, "150.0", "175.0", 1) + "," + remote, true},
	} {
		for form, body := range map[string]string{
			"wrapped": `{"invoice":{"id":9,"ticket_id":5,"customer_id":7,"line_items":[` + c.lines + `]}}`,
			"flat":    `{"id":"9","ticket_id":5,"customer_id":7,"line_items":[` + c.lines + `],"payments":[]}`,
		} {
			check := c.write.Check(9)
			sight, err := check.Read([]byte(body))
			if err != nil || sight.IsSet != c.holds || (sight.Why == "") != c.holds || check.Path != "/invoices/9" || check.Effect != syncro.Sets {
				t.Errorf("%s, %s: %+v, %v", name, form, sight, err)
			}
		}
	}
	for name, body := range map[string]string{
		"another ticket":   `{"invoice":{"id":9,"ticket_id":6,"customer_id":7,"line_items":[` + remote + `]}}`,
		"no ticket":        `{"invoice":{"id":9,"ticket_id":null,"customer_id":7,"line_items":[` + remote + `]}}`,
		"another customer": `{"invoice":{"id":9,"ticket_id":5,"customer_id":8,"line_items":[` + remote + `]}}`,
	} {
		if sight, err := billed.Check(9).Read([]byte(body)); err != nil || sight.IsSet || sight.Why == "" {
			t.Errorf("%s: %+v, %v", name, sight, err)
		}
	}
	blind(t, billed.Check(9), `{}`, `{"invoice":null}`, `{"invoice":{"id":10,"number":"9","ticket_id":5,"customer_id":7,"line_items":[`+remote+`]}}`,
		`{"invoice":{"id":9,"ticket_id":5,"customer_id":7}}`, `{"invoice":{"id":9,"ticket_id":5,"customer_id":7,"line_items":null}}`)
}

func TestWhetherAnInvoiceIsGone(t *testing.T) {
	t.Parallel()
	w := syncro.DeleteInvoice{InvoiceID: 9}
	var now http.HandlerFunc
	s := newStand(t, func(w http.ResponseWriter, r *http.Request) { now(w, r) })
	for name, e := range map[string]syncro.Evidence{"evidence": w.Evidence(dana), "check": w.Check(0)} {
		for situation, c := range map[string]struct {
			handler http.HandlerFunc
			left    bool
			failed  bool
		}{
			"gone":                    {answer(404, ``), false, false},
			"still there":             {answer(200, `{"invoice":{"id":9}}`), true, false},
			"another with its number": {answer(200, `{"invoice":{"id":10,"number":"9"}}`), false, true},
			"null":                    {answer(200, `null`), false, true},
			"out of order":            {answer(503, ``), false, true},
			"not permitted":           {answer(401, `{"error":"Not authorized."}`), false, true},
			"a login page":            {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }, false, true},
		} {
			now = c.handler
			sight, err := s.reader().Look(t.Context(), e)
			if (err != nil) != c.failed || (len(sight.Ours) > 0) != c.left || e.Effect != syncro.Removes {
				t.Errorf("%s, %s: %+v, %v", name, situation, sight, err)
			}
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		result  syncro.Result
	}{
		"nothing at all": {answer(200, ``), syncro.Applied},
		"some JSON":      {answer(200, `{"success":true}`), syncro.Applied},
		"failed":         {answer(200, `{"success":false}`), syncro.Unknown},
		"a login page":   {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }, syncro.Unknown},
		"not permitted":  {answer(401, `{"error":"Not authorized."}`), syncro.Refused},
	} {
		now = c.handler
		out := s.send(t.Context(), w)
		if out.Result != c.result || c.result == syncro.Applied && out.ID != 9 {
			t.Errorf("%s: %+v", name, out)
		}
	}
}

func TestNothingIsNoAnswerToOtherWrites(t *testing.T) {
	t.Parallel()
	for _, w := range everyWrite() {
		if w.Kind() == "invoice.delete" {
			continue
		}
		if id, err := w.Made(nil); err == nil {
			t.Errorf("%s: made %d of nothing", w.Kind(), id)
		}
	}
	if out := newStand(t, answer(200, ``)).send(t.Context(), syncro.DeleteTicket{TicketID: 5}); out.Result != syncro.Unknown {
		t.Errorf("an empty answer to the deletion of a ticket: %+v", out)
	}
}

func TestInvoicesThatCannotBeSent(t *testing.T) {
	t.Parallel()
	create := func(change func(*syncro.CreateInvoice)) syncro.Write { w := billed; change(&w); return w }
	for name, w := range map[string]syncro.Write{
		"no ticket":        create(func(w *syncro.CreateInvoice) { w.TicketID = 0 }),
		"no customer":      create(func(w *syncro.CreateInvoice) { w.CustomerID = 0 }),
		"no category":      create(func(w *syncro.CreateInvoice) { w.Category = "" }),
		"no lines":         create(func(w *syncro.CreateInvoice) { w.Lines = nil }),
		"a line of what":   create(func(w *syncro.CreateInvoice) { w.Lines = []syncro.Charge{{Quantity: "1"}} }),
		"a line of how":    create(func(w *syncro.CreateInvoice) { w.Lines = []syncro.Charge{{ProductID: 1}} }),
		"none to delete":   syncro.DeleteInvoice{Number: "67501"},
		"no ticket to end": syncro.DeleteTicket{Number: 32164},
	} {
		if _, _, err := syncro.MarshalWrite(w); err == nil {
			t.Errorf("%s can be stored: %+v", name, w)
		}
	}
}

func TestInvoice(t *testing.T) {
	t.Parallel()
	const invoice = `{"id":9,"number":"67501","customer_id":7,"customer_business_then_name":"Harbor Dental","total":"0.0","date":"2026-11-23","ticket_id":5,
		"line_items":[{"id":1,"item":"Labor - Remote Business","name":"Rekeyed","price":"150.0","quantity":"0.5","product_id":1190473,"taxable":false}]}`
	want := syncro.Invoice{
		ID: 9, Number: "67501", CustomerID: 7, Customer: "Harbor Dental", Total: "0.0", Date: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), TicketID: 5,
		Lines: []syncro.InvoiceLine{{ID: 1, ProductID: 1190473, Name: "Labor - Remote Business", Description: "Rekeyed", Quantity: "0.5", Price: "150.0"}},
	}
	for _, body := range []string{invoice, `{"invoice":` + invoice + `}`} {
		s := newStand(t, answers(map[string]string{"/invoices/9": body, "/invoices/67501": body, "/invoices": `{"invoices":[{"id":9,"total":"1.5"}],"meta":{"total_pages":3}}`}))
		got, err := s.reader().Invoice(t.Context(), 9)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if _, err := s.reader().Invoice(t.Context(), 67501); kindOf(t, err) != syncro.Garbled {
			t.Errorf("a number for an id: %v", err)
		}
		latest, err := s.reader().Invoices(t.Context())
		if diff := cmp.Diff(syncro.List[syncro.Invoice]{Items: []syncro.Invoice{{ID: 9, Total: "1.5"}}, More: true}, latest); err != nil || diff != "" {
			t.Error(err, diff)
		}
	}
}
