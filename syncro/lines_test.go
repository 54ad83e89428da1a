package syncro_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/syncro"
)

var labor = syncro.AddLine{
	TicketID: 5, ProductID: 1190473, Name: "Labor - Remote Business", Description: "Rekeyed the VPN & tested twenty minutes.",
	Quantity: "0.5", Price: "150.00", Currency: "$",
}

// sightings checks what an evidence takes records for. Each record stands in
// the answer with the id 9, and is "ours", "near" or "other".
func sightings(t *testing.T, w syncro.Write, answer string, records map[string][2]string) {
	t.Helper()
	for name, record := range records {
		body := fmt.Sprintf(answer, `{"id":9,`+strings.TrimPrefix(record[0], "{"))
		if !json.Valid([]byte(body)) {
			t.Fatalf("%s: %s", name, body)
		}
		got, err := w.Evidence(dana).Read([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := syncro.Sight{All: []int64{9}}
		switch record[1] {
		case "ours":
			want.Ours = []int64{9}
		case "near":
			want.Near = []int64{9}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// blind checks that an evidence takes none of the bodies for an answer.
func blind(t *testing.T, e syncro.Evidence, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if got, err := e.Read([]byte(body)); err == nil {
			t.Errorf("%s: sight %+v", body, got)
		}
	}
}

// answers that a write takes for success, with the id 9, and those that it
// does not.
func made(t *testing.T, w syncro.Write, good, bad map[string]string) {
	t.Helper()
	for name, body := range good {
		if id, err := w.Made([]byte(body)); err != nil || id != 9 {
			t.Errorf("%s: made %d, %v", name, id, err)
		}
	}
	for name, body := range bad {
		if id, err := w.Made([]byte(body)); err == nil {
			t.Errorf("%s: made %d", name, id)
		}
	}
}

func TestHours(t *testing.T) {
	t.Parallel()
	for minutes, want := range map[int]string{
		15: "0.25", 30: "0.5", 45: "0.75", 60: "1", 90: "1.5", 20: "0.3333", 40: "0.6667", 10: "0.1667", 1: "0.0167", 50: "0.8333", 0: "0", 100000: "1666.6667",
	} {
		if got := syncro.Hours(minutes); got != want {
			t.Errorf("%d minutes: %s hours, want %s", minutes, got, want)
		}
	}
}

// A multiple is rounded once: of 10 minutes, not of their 0.1667 hours.
func TestTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minutes      int
		factor, want string
	}{
		{60, "1.5", "1.5"}, {10, "1.5", "0.25"}, {50, "1.5", "1.25"}, {25, "2", "0.8333"}, {7, "1.25", "0.1458"}, {45, "no number", "0.75"},
	} {
		if got := syncro.Times(c.minutes, c.factor); got != c.want {
			t.Errorf("%d minutes × %s: %s hours, want %s", c.minutes, c.factor, got, c.want)
		}
	}
}

func TestWhichLineIsOurs(t *testing.T) {
	t.Parallel()
	const same = `"user_id":4101,"product_id":1190473,"name":"Labor - Remote Business","description":"Rekeyed the VPN &amp; tested twenty minutes.","quantity":"0.5","price_retail":150,"taxable":false}`
	change := func(was, now string) string { return `{` + strings.Replace(same, was, now, 1) }
	sightings(t, labor, `{"ticket":{"id":5,"line_items":[%s]}}`, map[string][2]string{
		"as sent":                         {`{` + same, "ours"},
		"with other zeros, all as text":   {change(`"quantity":"0.5","price_retail":150`, `"quantity":0.50,"price_retail":"150.0"`), "ours"},
		"nobody's":                        {change(`4101`, `null`), "near"},
		"another's":                       {change(`4101`, `7`), "other"},
		"more hours":                      {change(`"0.5"`, `"5"`), "near"},
		"without price":                   {change(`:150`, `:0`), "near"},
		"another price":                   {change(`:150`, `:175`), "near"},
		"with a discount":                 {change(`:150`, `:150,"line_discount_percent":10`), "near"},
		"taxed":                           {change(`"taxable":false`, `"taxable":true`), "near"},
		"without product":                 {change(`1190473`, `null`), "near"},
		"a description that was cut":      {change(` tested twenty minutes.`, ``), "near"},
		"other work, the same hours":      {change(`Rekeyed the VPN &amp; tested twenty minutes.`, `Replaced the switch.`), "other"},
		"other work, product and hours":   {change(`"product_id":1190473,"name":"Labor - Remote Business","description":"Rekeyed`, `"product_id":26117,"name":"Fee","description":"Drove there. Rekeyed`), "other"},
		"a number that is none in a line": {change(`"0.5"`, `"1e999999999"`), "near"},
	})
	withoutPrice := labor
	withoutPrice.Price = ""
	sightings(t, withoutPrice, `{"ticket":{"id":5,"line_items":[%s]}}`, map[string][2]string{
		"whatever the price": {`{` + same, "ours"},
	})
	third := labor
	third.Quantity = syncro.Hours(20)
	sightings(t, third, `{"ticket":{"id":5,"line_items":[%s]}}`, map[string][2]string{
		"twenty minutes, kept to two places":  {change(`"0.5"`, `"0.33"`), "near"},
		"twenty minutes, kept to four places": {change(`"0.5"`, `"0.3333"`), "ours"},
		"twenty minutes, kept to one place":   {change(`"0.5"`, `"0.3"`), "near"},
	})
	for _, w := range []syncro.Write{labor, syncro.RemoveLine{TicketID: 5, LineID: 9}, syncro.UpdateLine{TicketID: 5, LineID: 9, Quantity: "1"}} {
		blind(t, w.Evidence(dana), `{}`, `{"ticket":null}`, `{"ticket":{"id":6,"line_items":[]}}`, `{"ticket":{"id":5}}`, `{"ticket":{"id":5,"line_items":null}}`,
			`{"ticket":{"id":5,"line_items":{}}}`, `[]`, `null`)
	}
	blind(t, labor.Evidence(dana), `{"ticket":{"id":5,"line_items":[{"name":"x"}]}}`)
}

func TestWhetherALineWasAdded(t *testing.T) {
	t.Parallel()
	made(t, labor, map[string]string{
		"flat":           `{"id":9,"quantity":"0.5","price_retail":150.0,"taxable":false}`,
		"wrapped":        `{"ticket_line_item":{"id":"9","quantity":0.5,"price_retail":"150.00","taxable":null}}`,
		"the whole line": `{"id":9,"ticket_id":5,"name":"Labor - Remote Business","quantity":"0.50","price_retail":150,"retail_cents":15000,"taxable":false}`,
	}, map[string]string{
		"without price":  `{"id":9,"quantity":"0.5","price_retail":0,"taxable":false}`,
		"price null":     `{"id":9,"quantity":"0.5","price_retail":null}`,
		"another price":  `{"id":9,"quantity":"0.5","price_retail":15}`,
		"other hours":    `{"id":9,"quantity":"1.0","price_retail":150}`,
		"a discount":     `{"id":9,"quantity":"0.5","price_retail":150,"line_discount_percent":10}`,
		"an amount off":  `{"id":9,"quantity":"0.5","price_retail":150,"discount_dollars":"5.00"}`,
		"taxed":          `{"id":9,"quantity":"0.5","price_retail":150,"taxable":true}`,
		"no id":          `{"id":null,"quantity":"0.5","price_retail":150}`,
		"nothing":        `{}`,
		"something else": `{"ticket":{"id":9}}`,
		"a list":         `[]`,
	})
	withoutPrice := labor
	withoutPrice.Price = ""
	made(t, withoutPrice, map[string]string{"Syncro's price": `{"id":9,"quantity":"0.5","price_retail":150}`, "prepaid": `{"id":9,"quantity":"0.5","price_retail":0}`}, nil)
}

func TestWhetherALineWasChanged(t *testing.T) {
	t.Parallel()
	w := syncro.UpdateLine{TicketID: 5, LineID: 9, ProductID: 26118, Name: "Labor - Onsite Business", Description: "On site.", Quantity: "0.75", Price: "175"}
	const same = `{"id":9,"product_id":26118,"name":"Labor - Onsite Business","description":"On site.","quantity":"0.75","price_retail":175,"taxable":false}`
	if id, err := w.Made([]byte(`{"ticket_line_item":` + same + `}`)); err != nil || id != 9 {
		t.Errorf("made %d, %v", id, err)
	}
	for name, change := range map[string][2]string{
		"as wanted": {`9`, `9`}, "product": {`26118`, `1`}, "name": {`Onsite`, `Remote`}, "description": {`On site`, `Off site`},
		"hours": {`0.75`, `7.5`}, "price": {`175`, `0`}, "tax": {`false`, `true`}, "discount": {`175`, `175,"line_discount_percent":5`}, "another line": {`"id":9`, `"id":8`},
	} {
		line := strings.Replace(same, change[0], change[1], 1)
		sight, err := w.Evidence(dana).Read([]byte(`{"ticket":{"id":5,"line_items":[{"id":1},` + line + `]}}`))
		if err != nil || sight.IsSet != (name == "as wanted") {
			t.Errorf("%s: %+v, %v", name, sight, err)
		}
		if _, err := w.Made([]byte(`{"ticket_line_item":` + line + `}`)); (err == nil) != (name == "as wanted") {
			t.Errorf("%s: made, %v", name, err)
		}
	}
	discounted := w
	discounted.Discount = syncro.Discount{Percent: "5"}
	for line, good := range map[string]bool{same: false, strings.Replace(same, `175`, `175,"line_discount_percent":"5.0"`, 1): true} {
		if _, err := discounted.Made([]byte(`{"ticket_line_item":` + line + `}`)); (err == nil) != good {
			t.Errorf("a line with a discount came back as %s: %v", line, err)
		}
	}
	onlyHours := syncro.UpdateLine{TicketID: 5, LineID: 9, Quantity: "0.75"}
	made(t, onlyHours, map[string]string{"the rest is as it is": `{"ticket_line_item":` + same + `}`}, map[string]string{"nothing": `{}`, "no line": `{"ticket_line_item":null}`})
}

func TestWhetherALineIsGone(t *testing.T) {
	t.Parallel()
	w := syncro.RemoveLine{TicketID: 5, LineID: 9}
	for body, want := range map[string]syncro.Sight{
		`{"ticket":{"id":5,"line_items":[]}}`:                  {},
		`{"ticket":{"id":5,"line_items":[{"id":8}]}}`:          {All: []int64{8}},
		`{"ticket":{"id":5,"line_items":[{"id":8},{"id":9}]}}`: {All: []int64{8, 9}, Ours: []int64{9}},
	} {
		got, err := w.Evidence(dana).Read([]byte(body))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", body, err, diff)
		}
	}
	made(t, w, map[string]string{"as documented": `{"success":true,"message":""}`},
		map[string]string{"failed": `{"success":false,"message":"no"}`, "nothing": `{}`, "a line": `{"id":9}`, "null": `null`})
}

func TestLinesThatCannotBeSent(t *testing.T) {
	t.Parallel()
	add := func(change func(*syncro.AddLine)) syncro.Write { w := labor; change(&w); return w }
	for name, w := range map[string]syncro.Write{
		"no ticket":           add(func(w *syncro.AddLine) { w.TicketID = 0 }),
		"no product":          add(func(w *syncro.AddLine) { w.ProductID = 0 }),
		"no name":             add(func(w *syncro.AddLine) { w.Name = " " }),
		"no description":      add(func(w *syncro.AddLine) { w.Description = "" }),
		"no hours":            add(func(w *syncro.AddLine) { w.Quantity = "" }),
		"zero hours":          add(func(w *syncro.AddLine) { w.Quantity = "0.00" }),
		"negative hours":      add(func(w *syncro.AddLine) { w.Quantity = "-1" }),
		"hours in words":      add(func(w *syncro.AddLine) { w.Quantity = "half" }),
		"endless hours":       add(func(w *syncro.AddLine) { w.Quantity = "1e999999" }),
		"a negative price":    add(func(w *syncro.AddLine) { w.Price = "-150" }),
		"a price with a sign": add(func(w *syncro.AddLine) { w.Price = "$150" }),
		"a change of nothing": syncro.UpdateLine{TicketID: 5, LineID: 9, Taxable: true},
		"a change of no line": syncro.UpdateLine{TicketID: 5, Quantity: "1"},
		"a change to nothing": syncro.UpdateLine{TicketID: 5, LineID: 9, Quantity: "0"},
		"no line to remove":   syncro.RemoveLine{TicketID: 5},
	} {
		if _, _, err := syncro.MarshalWrite(w); err == nil {
			t.Errorf("%s can be stored: %+v", name, w)
		}
	}
}
