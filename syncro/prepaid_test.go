package syncro

import (
	"fmt"
	"strings"
	"testing"
)

func TestPrepaidHoursReadBack(t *testing.T) {
	t.Parallel()
	answer := func(hours string) string {
		return fmt.Sprintf(`{"ticket":{"id":7,"number":70,"status":"Invoiced","customer":{"id":3,"business_name":"B","prepay_hours":%s}}}`, hours)
	}
	for _, test := range []struct{ before, used, answer, want string }{
		{"6.5", "1.5", answer(`"5.0"`), "Prepaid now 5 h, verified: 1.5 h were taken from 6.5 h."},
		{"1", "1.5", answer(`0`), "Prepaid now 0 h, verified: 1 h were taken from 1 h."},
		{"6.5", "1.5", answer(`"6.5"`), "Prepaid is still 6.5 h: they did not drop."},
		{"6.5", "1.5", answer(`"3"`), "Prepaid went from 6.5 h to 3 h, and 1.5 h were billed here."},
		{"6.5", "1.5", answer(`"7"`), "Prepaid went from 6.5 h to 7 h"},
		{"6.5", "1.5", answer(`null`), "could not be read back"},
		{"6.5", "1.5", `{"ticket":{"id":7,"number":70}}`, "could not be read back"},
	} {
		w := UpdateTicket{TicketID: 7, Status: "Invoiced", Prepaid: &Prepaid{Before: test.before, Used: test.used}}
		if got := w.Note([]byte(test.answer)); !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.answer, got, test.want)
		}
	}
	if got := (UpdateTicket{TicketID: 7, Status: "Invoiced"}).Note([]byte(answer("1"))); got != "" {
		t.Errorf("a customer without prepaid hours is told %q", got)
	}
}

func TestWhatPrepaidHoursDoNotCover(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ before, used, left, uncovered string }{
		{"6.5", "0.5", "6", ""}, {"6.5", "6.5", "0", ""}, {"6.5", "10", "0", "3.5"},
	} {
		if p := (Prepaid{test.before, test.used}); p.Left() != test.left || p.Uncovered() != test.uncovered {
			t.Errorf("%+v: left %s, uncovered %q", p, p.Left(), p.Uncovered())
		}
	}
}

func TestInvoiceNamesTheDifference(t *testing.T) {
	t.Parallel()
	w := CreateInvoice{TicketID: 7, CustomerID: 3, Category: "Standard", Lines: []Charge{{ProductID: 5, Name: "Remote", Quantity: "0.75", Price: "150", Reckoned: true}}}
	body := `{"invoice":{"id":9,"ticket_id":7,"customer_id":3,"line_items":[{"id":1,"product_id":5,"item":"Remote","quantity":"1.0","price":"150"}]}}`
	sight, err := w.Check(9).Read([]byte(body))
	if err != nil || sight.IsSet || sight.Why != "it holds: Remote · 1.0 × 150.00. It should hold exactly: Remote · 0.75 × 150.00. Syncro reckons the hours of a timer itself, and may round them" {
		t.Errorf("%+v %v", sight, err)
	}
	one := LineItem{ProductID: 5, Name: "Remote", Quantity: "0.75", Price: "150"}
	if why := w.Misfit(Ticket{LineItems: []LineItem{one, {ProductID: 6, Name: "Old", Quantity: "1", Invoiced: true}}}); why != "" {
		t.Errorf("the same charges are said to differ: %s", why)
	}
	if why := w.Misfit(Ticket{LineItems: []LineItem{one, one}}); !strings.Contains(why, "by now: Remote · 0.75 × 150.00; Remote · 0.75 × 150.00") {
		t.Errorf("one more charge: %q", why)
	}
}
