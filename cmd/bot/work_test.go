package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/syncrobot/syncrobot/config"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// onBoth tells a story on each platform, and sees afterwards that nothing
// reached Syncro that was not confirmed.
func onBoth(t *testing.T, tell func(*testing.T, *story), settings ...setting) {
	t.Helper()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		s := &story{world: w, dana: who(danaSlack, danaTeams), rob: who(robSlack, robTeams)}
		tell(t, s)
		w.finish(t)
		if got := w.writes(); got != s.sent {
			t.Errorf("%d writes reached Syncro, want %d", got, s.sent)
		}
	}, settings...)
}

// refuses types a line and expects to be told why not, without a write and
// without anything to confirm.
func (s *story) refuses(t *testing.T, line string, words ...string) card {
	t.Helper()
	c := ask(t, s.dana, line, append(words, "Nothing was sent.")...)
	if slices.Contains(c.buttons, "Confirm") {
		t.Errorf("%q can be confirmed: %s", line, c.text)
	}
	if s.writes() != s.sent {
		t.Errorf("%q changed something", line)
	}
	return c
}

// changed are the requests since the n-th that change something, with their
// bodies.
func (w *world) changed(t testing.TB, n int) (routes []string, bodies []map[string]any) {
	t.Helper()
	for _, r := range w.Syncro.Requests()[n:] {
		if r.Method == "GET" {
			continue
		}
		body := map[string]any{}
		if r.Body != "" {
			if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
				t.Errorf("%s %s: %v", r.Method, r.Path, err)
			}
		}
		routes, bodies = append(routes, r.Route), append(bodies, body)
	}
	return routes, bodies
}

// theInvoice is a ticket's only invoice.
func (w *world) theInvoice(t testing.TB, number int64) syncrosim.Invoice {
	t.Helper()
	all := w.Syncro.Invoices(number)
	if len(all) != 1 {
		t.Fatalf("#%d has %d invoices", number, len(all))
	}
	return all[0]
}

// is compares a decimal with what it should be, 0.750 and 0.75 alike.
func is(t testing.TB, what string, got decimal.Decimal, want string) {
	t.Helper()
	if !got.Equal(decimal.RequireFromString(want)) {
		t.Errorf("%s is %s, want %s", what, got, want)
	}
}

// labor checks a charge for time.
func labor(t testing.TB, l syncrosim.Line, product int64, hours, price, text string) {
	t.Helper()
	is(t, "the quantity", l.Quantity, hours)
	is(t, "the price", l.Price, price)
	if l.ProductID != product || l.Taxable || l.UserID != 4101 || l.Description != text {
		t.Errorf("Syncro has the charge %+v", l)
	}
}

// billed are the requests of a bill, in their order.
var billed = []string{"POST /tickets/{id}/comment", "POST /tickets/{id}/add_line_item", "POST /invoices", "PUT /tickets/{id}"}

func TestBill(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		t.Run("in one line", func(t *testing.T) {
			before := len(s.Syncro.Requests())
			c := ask(t, s.dana, "bill 32163 45m remote “Label editor mended.”", "Confirm: Bill #32163", "Quayside Books", "45 minutes = 0.75 h", "150",
				"read from Syncro", "CUSTOMER WILL SEE THIS · E-MAIL to june@quayside.example", "Label editor mended.", "0.75", "not taxed", "In Progress → Invoiced")
			done := s.confirm(t, c)
			if !done.has("invoice #67433") {
				t.Errorf("the outcome does not name the invoice: %s", done.text)
			}
			routes, _ := s.changed(t, before)
			if diff := cmp.Diff(billed, routes); diff != "" {
				t.Error(diff)
			}
			if got := s.lastComment(t, 32163); got.Subject != "Resolution" || got.Body != "Label editor mended." || got.UserID != 4101 || got.Hidden || got.EmailedTo == "" {
				t.Errorf("Syncro has the comment %+v", got)
			}
			k := s.ticket(t, 32163)
			if len(k.Comments) != 2 || len(k.Lines) != 1 || k.Status != "Invoiced" {
				t.Fatalf("Syncro has %d comments, %d charges, %q", len(k.Comments), len(k.Lines), k.Status)
			}
			labor(t, k.Lines[0], 1190473, "0.75", "150", "Label editor mended.")
			inv := s.theInvoice(t, 32163)
			is(t, "the total", inv.Total, "112.50")
			if len(inv.Lines) != 1 || inv.Lines[0].LineID != k.Lines[0].ID || inv.UserID != 4101 {
				t.Errorf("Syncro has the invoice %+v", inv)
			}
		})
		t.Run("a second time", func(t *testing.T) {
			c := s.refuses(t, "bill 32163 20m remote More of it", "#32163 has invoice #67433 already")
			before := len(s.Syncro.Requests())
			s.confirm(t, press(t, s.dana, c, "Charge it, no invoice", "Confirm: Bill #32163", "Charged already", "0.75 × Labor - Remote Business"))
			if routes, _ := s.changed(t, before); !slices.Equal(routes, billed[:2]) {
				t.Errorf("sent %q", routes)
			}
			if lines := s.ticket(t, 32163).Lines; len(lines) != 2 || lines[1].Converted {
				t.Errorf("Syncro has the charges %+v", lines)
			}
			s.theInvoice(t, 32163)
		})
		t.Run("prepaid", func(t *testing.T) {
			s.does(t, "bill 32171 1h30m onsite Scanner mended", 4, "Confirm: Bill #32171", "90 minutes = 1.5 h", "175", "Prepaid", "6.5", "$0.00")
			k := s.ticket(t, 32171)
			if k.Status != "Invoiced" || len(k.Lines) != 1 {
				t.Fatalf("Syncro has %q and %+v", k.Status, k.Lines)
			}
			labor(t, k.Lines[0], 26118, "1.5", "175", "Scanner mended")
			inv := s.theInvoice(t, 32171)
			is(t, "the total", inv.Total, "0")
			is(t, "the prepaid part", inv.Prepaid, "1.5")
			see(t, s.dana, "Done and checked", "Prepaid now 5 h, verified: 1.5 h were taken from 6.5 h.")
			done := s.does(t, "bill 32150 30m project “Nine people done.”", 4, "5 h → 4.5 h, if Syncro takes this labor from prepaid hours")
			if !done.has("Prepaid is still 5 h: they did not drop.") {
				t.Errorf("the outcome: %s", done.text)
			}
		})
		t.Run("what is Invoiced asks for no minutes", func(t *testing.T) {
			ask(t, s.dana, "32142", "Video calls without sound") // what was read is known
			c := s.refuses(t, "bill 32142", "#32142 has invoice #67432 already")
			f := s.opens(t, c, "Charge it, no invoice", "Bill 32142")
			f.holds(t, map[string]string{"minutes": "", "invoice": "later"})
			c = fill(t, s.dana, f, map[string]string{"minutes": "10", "labor": "remote", "text": "Sound once more"}, "Confirm: Bill #32142", "[With invoice]")
			press(t, s.dana, c, "Cancel", "Cancelled")
			// Nothing is known of the other: its form opens, and what was typed is not lost.
			f = s.asks(t, "bill 32141", "Bill 32141")
			c = fill(t, s.dana, f, map[string]string{"minutes": "25", "labor": "remote", "text": "License once more"}, "#32141 has invoice", "Nothing was sent.", "[Fill in again]")
			s.opens(t, c, "Fill in again", "Bill 32141").holds(t, map[string]string{"minutes": "25", "labor": "remote", "text": "License once more"})
		})
		t.Run("on top of a charge", func(t *testing.T) {
			s.does(t, "bill 32144 30m remote Rules checked", 4, "Charged already", "0.75 × Labor - Remote Business")
			if inv := s.theInvoice(t, 32144); len(inv.Lines) != 2 {
				t.Errorf("Syncro has the invoice %+v", inv)
			}
		})
		t.Run("odd minutes", func(t *testing.T) {
			for minutes, hours := range map[int]string{7: "0.1167", 20: "0.3333", 50: "0.8333"} {
				c := ask(t, s.dana, fmt.Sprintf("bill 32162 %dm remote Checked the port", minutes), fmt.Sprintf("%d minutes = %s h", minutes, hours))
				press(t, s.dana, c, "Cancel", "Cancelled")
			}
		})
		t.Run("done a little differently", func(t *testing.T) {
			first := ask(t, s.dana, "bill 32162 15m travel There and back", "Confirm:", "E-MAIL", "[Internal comment]", "[No e-mail]", "[No invoice yet]")
			second := press(t, s.dana, first, "No e-mail", "Confirm:", "CUSTOMER WILL SEE THIS", "NO E-MAIL", "[E-mail the customer]")
			third := press(t, s.dana, second, "Internal comment", "Confirm:", "INTERNAL")
			last := press(t, s.dana, third, "No invoice yet", "Confirm:", "INTERNAL", "[With invoice]")
			flagged := ask(t, s.dana, "bill 32162 15m remote “--internal is what they typed”", "E-MAIL to", "--internal is what they typed")
			flagged = press(t, s.dana, flagged, "No invoice yet", "Confirm:", "E-MAIL to", "--internal is what they typed", "[With invoice]")
			press(t, s.dana, flagged, "Cancel", "Cancelled")
			for _, old := range []card{first, second, third} {
				press(t, s.dana, old, "Confirm", "Cancelled", "Nothing was sent.")
			}
			if s.writes() != s.sent {
				t.Fatal("an old card was sent")
			}
			before := len(s.Syncro.Requests())
			s.confirm(t, last)
			if routes, _ := s.changed(t, before); !slices.Equal(routes, billed[:2]) {
				t.Errorf("sent %q", routes)
			}
			k := s.ticket(t, 32162)
			if got := s.lastComment(t, 32162); !got.Hidden || got.EmailedTo != "" || k.Status != "In Progress" || len(s.Syncro.Invoices(32162)) != 0 {
				t.Errorf("Syncro has %q and %+v", k.Status, got)
			}
			labor(t, k.Lines[0], 26117, "0.25", "85", "There and back")
		})
		t.Run("no such labor", func(t *testing.T) {
			s.refuses(t, "bill 32170 30m --loud done", "I do not know “--loud”", "--no-email")
			s.refuses(t, "bill 32170 25h remote done", "more than a day")
			s.refuses(t, "bill 32170 1.33m remote done", "not a whole number of minutes")
		})
		t.Run("refused by Syncro", func(t *testing.T) {
			s.Syncro.Fault(syncrosim.Fault{Kind: syncrosim.Invalid422, Method: "POST", Path: "/invoices"})
			c := ask(t, s.dana, "bill 32161 1h remote Two desks moved", "Confirm:")
			press(t, s.dana, c, "Confirm", "Steps 1 to 2 were done. Step 3 was not sent. Nothing more will be sent.", "Syncro does not accept it (422)")
			s.sent = s.writes()
			if k := s.ticket(t, 32161); k.Status != "Scheduled" || len(s.Syncro.Invoices(32161)) != 0 {
				t.Errorf("Syncro has %q", k.Status)
			}
			// What is there is not charged twice: the invoice is made of it.
			s.refuses(t, "update 32161 invoiced", "#32161 has no invoice")
			s.does(t, "invoice 32161 create", 1, "Invoice #32161", "with exactly: Labor - Remote Business · 1")
			s.does(t, "update 32161 invoiced", 1, "Scheduled → Invoiced")
		})
		t.Run("changed after the card was drawn", func(t *testing.T) {
			c := ask(t, s.dana, "bill 32156 30m remote Account unlocked", "Confirm:")
			if err := s.Syncro.Person(syncrosim.Act{Ticket: 32156, UserID: 4112, Comment: "Called them", Hidden: true}); err != nil {
				t.Fatal(err)
			}
			c = press(t, s.dana, c, "Confirm", "Nothing was sent: #32156 changed after the card was drawn", "1 new comment")
			c = press(t, s.dana, c, "Preview again", "Confirm: Bill #32156", "Account unlocked")
			s.confirm(t, c)
			s.theInvoice(t, 32156)
		})
		t.Run("billed by another card meanwhile", func(t *testing.T) {
			one := ask(t, s.dana, "bill 32155 30m remote one", "Confirm:")
			two := ask(t, s.dana, "bill 32155 30m remote two", "Confirm:")
			s.confirm(t, one)
			two = press(t, s.dana, two, "Confirm", "Nothing was sent: #32155 changed after the card was drawn")
			press(t, s.dana, two, "Preview again", "has invoice", "A second one for the same ticket is not made")
			s.theInvoice(t, 32155)
		})
	})
}

// TestBillWithAStrangeInvoice: somebody charges a part between the bill's charge and its
// invoice, so that the invoice is not what was confirmed. The ticket is not
// marked Invoiced before a person has put that right.
func TestBillWithAStrangeInvoice(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		c := ask(t, s.dana, "bill 32163 45m remote Label editor mended", "Confirm:")
		wrong := press(t, s.dana, c, "Confirm", "Steps 1 to 2 were done. Syncro took step 3, and what is there now is not seen to be right.",
			"it holds:", "Labor - Remote Business", "Patch cable", "nothing that follows from it was sent", "[Look again]")
		if wrong.has("Done and checked") || s.Syncro.Count("PUT", "") != 0 {
			t.Errorf("it goes on: %s", wrong.text)
		}
		if k := s.ticket(t, 32163); k.Status != "In Progress" {
			t.Errorf("the status is %q", k.Status)
		}
		press(t, s.dana, wrong, "Look again", "Steps 1 to 2 were done", "Patch cable", "[Look again]")
		if k := s.ticket(t, 32163); k.Status != "In Progress" {
			t.Errorf("the status is %q", k.Status)
		}
		s.Syncro.Change(func(d *syncrosim.Data) {
			for i := range d.Invoices {
				d.Invoices[i].Lines = slices.DeleteFunc(d.Invoices[i].Lines, func(l syncrosim.InvoiceLine) bool { return l.Name == "Not ours" })
			}
		})
		press(t, s.dana, wrong, "Look again", "Done and checked", "logged as Dana Ruiz")
		if k := s.ticket(t, 32163); k.Status != "Invoiced" {
			t.Errorf("the status is %q", k.Status)
		}
		if routes, _ := s.changed(t, 0); !slices.Equal(routes, billed) {
			t.Errorf("sent %q", routes)
		}
		s.sent = len(billed)
	}, func(w *world) {
		var once sync.Once
		w.before = func(syncro http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.Method == "POST" && strings.HasSuffix(r.URL.Path, "/invoices") {
					once.Do(func() {
						w.Syncro.Edit(32163, func(k *syncrosim.Ticket) {
							k.Lines = append(k.Lines, syncrosim.Line{ProductID: 402212, UserID: 4107, Name: "Patch cable 2 m", Description: "Not ours",
								Quantity: decimal.NewFromInt(1), Price: decimal.RequireFromString("6.5")})
						})
					})
				}
				syncro.ServeHTTP(rw, r)
			})
		}
	})
}

// TestEmergencyOfPrepaidHours: hours paid for in advance are taken by the hour,
// so that a rate that is a multiple of the ordinary one is careful work.
func TestEmergencyOfPrepaidHours(t *testing.T) {
	t.Parallel()
	t.Run("without a rule", func(t *testing.T) {
		t.Parallel()
		onBoth(t, func(t *testing.T, s *story) {
			c := ask(t, s.dana, "bill 32171 1h emergency Night call", "Confirm:", "CAREFUL: the customer has 6.5 prepaid hours", "Labor - Emergency", "1 h × $262.50")
			press(t, s.dana, c, "Cancel", "Cancelled")
			c = ask(t, s.dana, "bill 32163 1h emergency Night call", "Confirm:", "Labor - Emergency")
			if c.has("CAREFUL") {
				t.Errorf("a customer without prepaid hours: %s", c.text)
			}
			press(t, s.dana, c, "Cancel", "Cancelled")
		})
	})
	t.Run("by the shop's rule", func(t *testing.T) {
		t.Parallel()
		onBoth(t, func(t *testing.T, s *story) {
			done := s.does(t, "bill 32171 1h emergency Night call", 4, "60 minutes = 1 h", "Prepaid rule", "the customer has 6.5 prepaid hours",
				"billed as onsite × 1.5: 1.5 h for 1 h worked. Nothing is added as emergency", "Labor - Onsite Business", "6.5 h → 5 h")
			if !done.has("Prepaid now 5 h, verified") {
				t.Errorf("the outcome: %s", done.text)
			}
			k := s.ticket(t, 32171)
			if len(k.Lines) != 1 {
				t.Fatalf("Syncro has %+v", k.Lines)
			}
			labor(t, k.Lines[0], 26118, "1.5", "175", "Night call")
			s.does(t, "bill 32163 1h emergency Night call", 4, "Labor - Emergency")
			labor(t, s.ticket(t, 32163).Lines[0], 26184, "1", "262.5", "Night call")
		}, func(w *world) {
			for i := range w.cfg.Billing.Labor {
				if l := &w.cfg.Billing.Labor[i]; l.Name == "emergency" {
					l.Prepaid = &config.PrepaidLabor{Labor: "onsite", Times: "1.5"}
				}
			}
		})
	})
}

// TestBillByTimer is the other way to bill: a timer entry that Syncro turns
// into the charge.
func TestBillByTimer(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		s.does(t, "bill 32163 45m remote Label editor mended", 5, "Confirm: Bill #32163", "0.75", "In Progress → Invoiced")
		routes, _ := s.changed(t, 0)
		want := []string{billed[0], "POST /tickets/{id}/timer_entry", "POST /tickets/{id}/charge_timer_entry", billed[2], billed[3]}
		if diff := cmp.Diff(want, routes); diff != "" {
			t.Error(diff)
		}
		k := s.ticket(t, 32163)
		if len(k.Timers) != 1 || len(k.Lines) != 1 || k.Status != "Invoiced" {
			t.Fatalf("Syncro has %+v", k)
		}
		if e := k.Timers[0]; !e.Recorded || e.UserID != 4101 || e.ProductID != 1190473 || e.Active.Minutes() != 45 || e.Notes != "Label editor mended" {
			t.Errorf("Syncro has the timer %+v", e)
		}
		labor(t, k.Lines[0], 1190473, "0.75", "150", "Label editor mended")
		is(t, "the total", s.theInvoice(t, 32163).Total, "112.50")
	}, func(w *world) { w.cfg.Billing.Path = "timer" })
}

// TestPriceLeftToSyncro: with price: omit no rate is sent.
func TestPriceLeftToSyncro(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		s.does(t, "bill 32163 45m remote Label editor mended", 4, "left to Syncro")
		_, bodies := s.changed(t, 0)
		for _, name := range []string{"price", "price_retail", "price_cost"} {
			if price, sent := bodies[1][name]; sent {
				t.Errorf("%s %v was sent", name, price)
			}
		}
		labor(t, s.ticket(t, 32163).Lines[0], 1190473, "0.75", "150", "Label editor mended")
		is(t, "the total", s.theInvoice(t, 32163).Total, "112.50")
	}, func(w *world) { w.cfg.Billing.Price = "omit" })
}

// TestPriceLeftToASyncroThatSetsNone: then neither the invoice nor the charge
// alone passes for checked.
func TestPriceLeftToASyncroThatSetsNone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		c := ask(t, s.dana, "bill 32163 45m remote Label editor mended", "Confirm:", "left to Syncro")
		press(t, s.dana, c, "Confirm", "what is there now is not seen to be right", "Labor - Remote Business · 0.75 × 0", "at a price")
		if k := s.ticket(t, 32163); k.Status == "Invoiced" {
			t.Error("work at no price is called Invoiced")
		}
		c = ask(t, s.dana, "line 32170 add 30m remote Battery swapped", "Confirm:")
		press(t, s.dana, c, "Confirm", "Syncro put no price on the charge")
		s.sent = s.writes()
	}, func(w *world) {
		w.cfg.Billing.Price = "omit"
		w.before = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/add_line_item") {
					body, _ := io.ReadAll(r.Body)
					body = bytes.Replace(body, []byte("{"), []byte(`{"price_retail":0,`), 1)
					r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
				}
				next.ServeHTTP(rw, r)
			})
		}
	})
}

func TestTimers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		t.Run("start and stop", func(t *testing.T) {
			s.shows(t, "start 32162", "Timer started on #32162", "Nothing is in Syncro before you bill or save it", "[Stop]")
			s.shows(t, "start 32163", "Your timer is running already", "on #32162", "[Stop]")
			stopped := press(t, s.dana, see(t, s.dana, "running already"), "Stop", "Stopped:", "0:01 on #32162", "Nothing was sent.", "[Bill 0:01]", "[Save, no charge]", "[Discard]")
			which := press(t, s.dana, stopped, "Save, no charge", "Which labor?", "[remote]", "[onsite]")
			c := press(t, s.dana, which, "remote", "Confirm: Timer entry on #32162", "Labor - Remote Business", "Your timer", "0:01, stopped", "settled by this entry")
			if done := s.confirm(t, c); !done.has("Your timer on this ticket is settled.") {
				t.Errorf("the outcome says nothing of the timer: %s", done.text)
			}
			if timers := s.ticket(t, 32162).Timers; len(timers) != 1 || timers[0].UserID != 4101 || timers[0].Active.Minutes() != 1 || timers[0].Recorded {
				t.Errorf("Syncro has %+v", timers)
			}
			s.refuses(t, "stop", "You have no timer running")
			s.shows(t, "start 32162", "Timer started on #32162")
			s.shows(t, "stop --discard", "Timer discarded", "Nothing was sent.")
			s.refuses(t, "stop", "You have no timer running")
		})
		t.Run("settled by the bill of its time", func(t *testing.T) {
			s.shows(t, "start 32163", "Timer started on #32163")
			shown := ask(t, s.dana, "32163", "Label editor", "[Bill 0:01]", "[Stop timer]")
			f := s.opens(t, shown, "Bill 0:01", "Bill 32163", "Your timer: 0:01, running since", "This settles my timer")
			f.holds(t, map[string]string{"minutes": "1", "labor": "", "text": ""})
			c := fill(t, s.dana, f, map[string]string{"labor": "remote", "text": "Looked at it"}, "Confirm: Bill #32163", "settled by this bill", "[Keep my timer]")
			kept := press(t, s.dana, c, "Keep my timer", "Confirm: Bill #32163", "it is kept", "[Settle my timer]")
			c = press(t, s.dana, kept, "Settle my timer", "Confirm: Bill #32163", "settled by this bill")
			if done := s.confirm(t, c); !done.has("Your timer on this ticket is settled.") {
				t.Errorf("the outcome says nothing of the timer: %s", done.text)
			}
			s.refuses(t, "stop", "You have no timer running")
		})
		t.Run("kept by a bill, and by a bill of another ticket", func(t *testing.T) {
			s.shows(t, "start 32161", "Timer started on #32161")
			s.does(t, "bill 32161 10m remote --keep-timer --no-invoice Called them", 2, "it is kept")
			s.does(t, "bill 32158 10m remote --no-invoice Calendar mended", 2)
			c := ask(t, s.dana, "close 32161", "Confirm: Close #32161", "this does not settle it")
			press(t, s.dana, c, "Cancel", "Cancelled")
			s.shows(t, "stop --discard", "Timer discarded", "on #32161")
		})
		t.Run("entries", func(t *testing.T) {
			s.shows(t, "timer 32154", "Timers of #32154", "0:45", "not charged", "Cleaned up the target")
			s.does(t, "timer 32154 add 20m onsite Second look", 1, "Timer entry on #32154")
			timers := s.ticket(t, 32154).Timers
			if len(timers) != 2 || timers[1].ProductID != 26118 || timers[1].UserID != 4101 || timers[1].Active.Minutes() != 20 {
				t.Fatalf("Syncro has %+v", timers)
			}
			// Which of the list it is stands on the card.
			mine := "1"
			if c := ask(t, s.dana, "timer 32154", "Second look"); strings.Index(c.text, "Second look") > strings.Index(c.text, "Cleaned up") {
				mine = "2"
			}
			s.does(t, "timer 32154 update "+mine+" 50m", 1, "Change a timer of #32154", "0:20")
			if got := s.ticket(t, 32154).Timers[1]; got.Active.Minutes() != 50 || got.Notes != "Second look" || got.UserID != 4101 {
				t.Errorf("Syncro has %+v", got)
			}
			s.does(t, "timer 32154 charge "+mine, 1, "Charge a timer of #32154", "0:50")
			k := s.ticket(t, 32154)
			if len(k.Lines) != 1 || !k.Timers[1].Recorded {
				t.Fatalf("Syncro has %+v", k)
			}
			labor(t, k.Lines[0], 26118, "0.83", "175", "Second look")
			for _, what := range []string{"charge " + mine, "delete " + mine, "update " + mine + " 10m"} {
				s.refuses(t, "timer 32154 "+what, "That timer is charged already")
			}
			s.refuses(t, "timer 32154 delete 3", "Which timer?")
			s.refuses(t, "timer 32154 add remote", "How many minutes?")
			other := map[string]string{"1": "2", "2": "1"}[mine]
			s.does(t, "timer 32154 delete "+other, 1, "Delete a timer of #32154", "0:45")
			if timers := s.ticket(t, 32154).Timers; len(timers) != 1 || timers[0].Notes != "Second look" {
				t.Errorf("Syncro has %+v", timers)
			}
		})
		t.Run("over a restart of the bot", func(t *testing.T) {
			s.shows(t, "start 32159", "Timer started on #32159")
			s.finish(t)
			s.PointAt("http://" + s.replica(t).public.Addr().String())
			s.shows(t, "start 32163", "Your timer is running already", "on #32159")
			s.shows(t, "stop", "Stopped: 0:01 on #32159", "New laptop for A. Cole")
			s.shows(t, "stop", "Stopped: 0:01 on #32159") // it waits to be settled
		})
	})
}

func TestCharges(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		s.shows(t, "line 32160", "Charges of #32160", "SSD 1 TB", "99.95", "Labor - Remote Business", "0.5")
		s.does(t, "line 32170 add 30m remote Battery swapped", 1, "Charge on #32170", "30 minutes = 0.5 h", "150", "not taxed")
		labor(t, s.ticket(t, 32170).Lines[0], 1190473, "0.5", "150", "Battery swapped")
		s.does(t, "line 32170 update 1 45m", 1, "Change a charge of #32170", "0.5", "0.75")
		labor(t, s.ticket(t, 32170).Lines[0], 1190473, "0.75", "150", "Battery swapped")
		s.refuses(t, "line 32170 add 30m remote", "A charge needs minutes, labor and a text")
		s.refuses(t, "line 32170 remove 2", "Which charge?")
		s.does(t, "line 32170 remove 1", 1, "Remove a charge of #32170", "0.75")
		if lines := s.ticket(t, 32170).Lines; len(lines) != 0 {
			t.Errorf("Syncro has %+v", lines)
		}
		s.refuses(t, "line 32142 remove 1", "#32142 is invoiced", "stay on the ticket")
		s.refuses(t, "line 32142 update 1 10m", "#32142 is invoiced")
		// Making an invoice does not move the ticket: the card cannot know of it.
		s.does(t, "line 32170 add 30m remote Battery swapped", 1, "Charge on #32170")
		charge := ask(t, s.dana, "line 32170 remove 1", "Confirm: Remove a charge of #32170")
		ticket := ask(t, s.dana, "delete 32170 32170", "Confirm: Delete #32170")
		s.does(t, "invoice 32170 create", 1, "Invoice #32170")
		for _, late := range []card{charge, ticket} {
			press(t, s.dana, late, "Confirm", "Nothing was sent")
		}
		if lines := s.ticket(t, 32170).Lines; len(lines) != 1 {
			t.Errorf("Syncro has %+v", lines)
		}
	})
}

func TestInvoices(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		s.shows(t, "invoices", "Latest invoices", "#67432", "Juniper Legal", "175")
		s.shows(t, "invoice 32142", "Invoices of #32142", "#67432", "Video calls without sound", "unpaid")
		s.shows(t, "invoice 32170", "Invoices of #32170", "None.")
		s.refuses(t, "invoice 32170 create", "#32170 has no charges")
		s.refuses(t, "invoice 32142 create", "#32142 has invoice #67432 already")
		s.refuses(t, "invoice 32138 delete 67428", "Invoice #67428 is paid")
		s.refuses(t, "invoice 32142 delete 67431", "has no invoice “67431”")

		asked := ask(t, s.dana, "invoice #67432", "There is no ticket #67432. 67432 is the number of an invoice.", "Nothing was sent.", "[Invoice #67432]")
		press(t, s.dana, asked, "Invoice #67432", "Invoices of #32142", "#67432")
		s.refuses(t, "invoice 6743299", "There is no ticket #6743299.")

		c := ask(t, s.dana, "invoice 32144", "None.", "0.75 × Labor - Remote Business", "[Make the invoice]")
		s.confirm(t, press(t, s.dana, c, "Make the invoice", "Confirm: Invoice #32144", "with exactly: Labor - Remote Business · 0.75"))
		inv := s.theInvoice(t, 32144)
		is(t, "the total", inv.Total, "112.50")
		if k := s.ticket(t, 32144); k.Status != "Resolved" {
			t.Errorf("the status is %q", k.Status)
		}
		s.refuses(t, "line 32144 remove 1", "#32144 is invoiced")
		s.does(t, "invoice 32144 delete "+inv.Number, 1, "Delete an invoice of #32144", "Tern & Partners", "112.5")
		if left := s.Syncro.Invoices(32144); len(left) != 0 {
			t.Errorf("Syncro has %+v", left)
		}
	})
}

// TestDiscounts: what comes off a charge is shown, stays when the charge is
// changed, and an invoice without it is not the one that was confirmed.
func TestDiscounts(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		off := func(percent int64) {
			t.Helper()
			if err := s.Syncro.Edit(32144, func(k *syncrosim.Ticket) { k.Lines[0].Percent = decimal.NewFromInt(percent) }); err != nil {
				t.Fatal(err)
			}
		}
		off(10)
		s.shows(t, "ticket 32144", "150.00 less 10%")
		s.does(t, "line 32144 update 1 30m", 1, "0.75 × Labor - Remote Business at 150.00 less 10%")
		c := ask(t, s.dana, "invoice 32144 create", "Confirm: Invoice #32144", "with exactly: Labor - Remote Business · 0.5 × 150.00 less 10%")
		off(50)
		c = press(t, s.dana, c, "Confirm", "Nothing was sent", "a charge was changed")
		off(10)
		c = press(t, s.dana, c, "Preview again", "Confirm: Invoice #32144", "150.00 less 10%")
		s.confirm(t, c)
		is(t, "the total", s.theInvoice(t, 32144).Total, "67.50")
		s.shows(t, "invoice 32144", "150.00 less 10%")
	})
}

// TestInvoicePaidMeanwhile: what is paid by the time of the click is not deleted.
func TestInvoicePaidMeanwhile(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		c := ask(t, s.dana, "invoice 32142 delete 67432", "Confirm: Delete an invoice of #32142")
		s.Syncro.Change(func(d *syncrosim.Data) {
			for i := range d.Invoices {
				d.Invoices[i].Paid = true
			}
		})
		press(t, s.dana, c, "Confirm", "Nothing was sent.", "the invoice is paid by now")
		s.theInvoice(t, 32142)
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		s.refuses(t, "delete 32170", "This deletes #32170 “Till tablet battery” of Blue Kite Cafe for ever", "type its number twice: delete 32170 32170")
		s.refuses(t, "delete 32170 32171", "type its number twice")
		s.refuses(t, "delete 32142 32142", "#32142 has invoice #67432", "What was invoiced is not deleted")
		done := s.does(t, "delete 32170 32170", 1, "Delete #32170", "Blue Kite Cafe", "comments: 1, charges: 0, timers: 0")
		if done.has("Open in Syncro") {
			t.Errorf("it leads to a ticket that is gone: %s", done.text)
		}
		if _, there := s.Syncro.Ticket(32170); there {
			t.Error("Syncro has it still")
		}
		s.refuses(t, "32170", "There is no ticket #32170")
	})
}

// made is the newest ticket.
func (w *world) made() syncrosim.Ticket {
	tickets := w.Syncro.Snapshot().Tickets
	return slices.MaxFunc(tickets, func(a, b syncrosim.Ticket) int { return a.Created.Compare(b.Created) })
}

func TestCreate(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		customer := func(name string) int64 {
			for _, c := range s.Syncro.Snapshot().Customers {
				if c.Name() == name {
					return c.ID
				}
			}
			t.Fatalf("Syncro has no customer %q", name)
			return 0
		}
		for _, c := range []struct{ line, customer, subject string }{
			{"create quayside Scanner to e-mail fails", "Quayside Books", "Scanner to e-mail fails"},
			{"create “Harbor Dental” East door lock", "Harbor Dental", "East door lock"},
			{"new Harbor Dental East New camera", "Harbor Dental East", "New camera"},
			{"create Tern & Partners <b>Fax</b> & *scan*", "Tern & Partners", "<b>Fax</b> & *scan*"},
		} {
			t.Run(c.line, func(t *testing.T) {
				s.does(t, c.line, 1, "Create a ticket for "+c.customer, c.subject, "2 Normal", "Dana Ruiz", "New")
				k := s.made()
				if k.CustomerID != customer(c.customer) || k.Subject != c.subject || k.UserID != 4101 || k.Priority != "2 Normal" || k.Status != "New" {
					t.Errorf("Syncro has %+v", k)
				}
			})
		}
		t.Run("several customers", func(t *testing.T) {
			c := s.refuses(t, "create harbor Scanner fails", "Several customers are meant by “harbor”")
			c = press(t, s.dana, c, "Harbor Dental East", "Confirm: Create a ticket for Harbor Dental East", "Scanner fails")
			press(t, s.dana, c, "Cancel", "Cancelled", "create “Harbor Dental East” “Scanner fails”")
		})
		t.Run("for somebody else", func(t *testing.T) {
			s.does(t, "create --to=rob quayside Till drawer sticks", 1, "Create a ticket for Quayside Books", "assigned to Rob Ames")
			if k := s.made(); k.UserID != 4107 || k.Subject != "Till drawer sticks" {
				t.Errorf("Syncro has %+v", k)
			}
			c := s.refuses(t, "create --to=robb quayside Till", "There is no technician “robb”")
			press(t, s.dana, press(t, s.dana, c, "Rob Ames", "Confirm:", "assigned to Rob Ames"), "Cancel", "Cancelled")
		})
		t.Run("the same matter once more", func(t *testing.T) {
			c := ask(t, s.dana, "create “Harbor Dental” Scanner sends no e-mail", "Confirm:", "Similar open", "#32171 Scanner to e-mail fails", "[Use #32171 instead]")
			if c.has("VPN drops") {
				t.Errorf("it points out another matter: %s", c.text)
			}
			press(t, s.dana, c, "Use #32171 instead", "#32171 Scanner to e-mail fails", "Last comments")
			press(t, s.dana, c, "Confirm", "Cancelled", "Nothing was sent.")
			c = ask(t, s.dana, "create northgate Diagnostic tablet license", "Confirm:") // that one is Invoiced
			if c.has("Similar open") {
				t.Errorf("it points out what is finished: %s", c.text)
			}
			press(t, s.dana, c, "Cancel", "Cancelled")
		})
		t.Run("a contact of the customer", func(t *testing.T) {
			f := s.asks(t, "create", "New Syncro ticket")
			f.holds(t, map[string]string{"assignee": "me", "priority": "2 Normal"})
			if got := s.dana.suggest(t, f, "contact", ""); len(got) != 0 {
				t.Errorf("contacts of nobody: %q", got)
			}
			s.dana.suggest(t, f, "customer", "juniper")
			if got := s.dana.suggest(t, f.with("customer", "Juniper Legal"), "contact", ""); !slices.Equal(got, []string{"Grace Whitlow · grace@juniperlegal.example", "Adrian Cole"}) {
				t.Errorf("offered %q", got)
			}
			if got := s.dana.suggest(t, f, "contact", "adrian"); !slices.Equal(got, []string{"Adrian Cole"}) {
				t.Errorf("offered %q", got)
			}
			s.confirm(t, fill(t, s.dana, f, map[string]string{
				"customer": "Juniper Legal", "contact": "Adrian Cole", "subject": "Mailbox of the intake", "problem": "E-mail", "assignee": "4112",
			}, "Confirm: Create a ticket for Juniper Legal", "contact Adrian Cole", "problem E-mail", "assigned to Priya Nair"))
			if k := s.made(); k.ContactID != 7_310_777 || k.UserID != 4112 || k.ProblemType != "E-mail" {
				t.Errorf("Syncro has %+v", k)
			}
		})
		t.Run("no such customer", func(t *testing.T) {
			s.refuses(t, "create zzyzx Scanner fails", "Syncro finds no customer “zzyzx”")
		})
		t.Run("a customer alone", func(t *testing.T) {
			f := s.asks(t, "create quayside", "New Syncro ticket", "Subject")
			f.holds(t, map[string]string{"subject": "", "assignee": "me"})
		})
		t.Run("a customer", func(t *testing.T) {
			s.does(t, "customers create “Lakeside Optics” office@lakeside.example 555-0123", 1, "Create customer Lakeside Optics")
			made := s.Syncro.Snapshot().Customers
			got := made[len(made)-1]
			if got.Business != "Lakeside Optics" || got.Email != "office@lakeside.example" || got.Phone != "555-0123" {
				t.Errorf("Syncro has %+v", got)
			}
			c := ask(t, s.dana, "customers create “Juniper Legal”", "Confirm:", "There is already", "Juniper Legal")
			press(t, s.dana, c, "Cancel", "Cancelled")
			s.refuses(t, "customers create", "What is the customer called?")
		})
	})
}

// TestSessionLog writes what was done into the shop's folder.
func TestSessionLog(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		folder := s.cfg.SessionLogs.Dir
		if !strings.HasPrefix(folder, s.Dir) {
			t.Fatalf("the logs would go to %s", folder)
		}
		files := func() map[string]string {
			found := map[string]string{}
			all, err := filepath.Glob(filepath.Join(folder, "clients", "*", "session-logs", "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range all {
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				found[strings.TrimPrefix(name, folder+"/clients/")] = string(text)
			}
			return found
		}
		if err := s.Syncro.Person(syncrosim.Act{Ticket: 32164, UserID: 4101, Comment: "Router: the password: hunter2hunter2", Hidden: true}); err != nil {
			t.Fatal(err)
		}
		done := s.does(t, "close 32164 Rekey interval fixed", 2, "Close #32164")
		c := press(t, s.dana, done, "Session log…", "Session log of #32164", "Nothing is written yet", "1 things that look like secrets are masked", "Rekey interval fixed", "[masked]")
		if len(files()) != 0 {
			t.Error("it was written before it was confirmed")
		}
		if c.has("hunter2") {
			t.Errorf("the preview shows a secret: %s", c.text)
		}
		written := press(t, s.dana, c, "Write it", "Session log written", "clients/harbor-dental/session-logs/", "-32164-vpn-drops-every-hour.md")
		first := files()
		for name, text := range first {
			if !written.has(name) || !strings.Contains(text, "Rekey interval fixed") || !strings.Contains(text, "Dana Ruiz") || strings.Contains(text, "hunter2") {
				t.Errorf("%s has:\n%s", name, text)
			}
		}
		if len(first) != 1 {
			t.Fatalf("%d files", len(first))
		}
		c = ask(t, s.dana, "log 32164", "Nothing is written yet")
		press(t, s.dana, c, "Write it", "This session log was there already")

		c = ask(t, s.dana, "log 32164", "Nothing is written yet")
		if err := s.Syncro.Person(syncrosim.Act{Ticket: 32164, Comment: "Thanks!", Customer: true}); err != nil {
			t.Fatal(err)
		}
		c = press(t, s.dana, c, "Write it", "Nothing was written: the ticket changed after the preview", "Thanks!")
		if diff := cmp.Diff(first, files()); diff != "" {
			t.Error(diff)
		}
		press(t, s.dana, c, "Write it", "Session log written", "-2.md")
		now := files()
		for name, text := range first {
			if now[name] != text || len(now) != 2 {
				t.Errorf("%s was overwritten, or there are %d files", name, len(now))
			}
		}
	})
}

// TestAChargeThatChangedUnderItsCard: a change of a charge sends all of it again,
// so one that was changed since is previewed anew, and its new price is not put
// back.
func TestAChargeThatChangedUnderItsCard(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		s.does(t, "line 32170 add 30m remote Battery swapped", 1, "Charge on #32170")
		c := ask(t, s.dana, "line 32170 update 1 45m", "Confirm: Change a charge of #32170", "price 150")
		s.Syncro.Change(func(d *syncrosim.Data) {
			for i := range d.Tickets {
				if d.Tickets[i].Number == 32170 {
					d.Tickets[i].Lines[0].Price = decimal.NewFromInt(175)
				}
			}
		})
		c = press(t, s.dana, c, "Confirm", "Nothing was sent", "a charge was changed", "[Preview again]")
		c = press(t, s.dana, c, "Preview again", "Confirm: Change a charge of #32170", "price 175")
		s.confirm(t, c)
		labor(t, s.ticket(t, 32170).Lines[0], 1190473, "0.75", "175", "Battery swapped")
		s.sent = s.writes()
	})
}

// TestInvoicedNeedsItsInvoiceAfterAPause: the invoice that a bill made is deleted
// before its last step goes on.
func TestInvoicedNeedsItsInvoiceAfterAPause(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		s.Syncro.Fault(syncrosim.Fault{Kind: syncrosim.Unauthorized, Method: "PUT", Path: "/tickets/*"})
		c := ask(t, s.dana, "bill 32163 45m remote Label editor mended", "Confirm:")
		c = press(t, s.dana, c, "Confirm", "Steps 1 to 3 were done. Step 4 was not sent.")
		s.Syncro.Change(func(d *syncrosim.Data) { d.Invoices = nil })
		press(t, s.dana, c, "Try again", "Nothing more will be sent.", "the ticket has no invoice any more")
		if k := s.ticket(t, 32163); k.Status == "Invoiced" {
			t.Error("it is called Invoiced without an invoice")
		}
		s.sent = s.writes()
	})
}

// TestInvoicedNeedsTheRightInvoice: a ticket is not marked Invoiced over an
// invoice that does not hold what is charged by now.
func TestInvoicedNeedsTheRightInvoice(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		s.does(t, "invoice 32144 create", 1, "Invoice #32144")
		if err := s.Syncro.Edit(32144, func(k *syncrosim.Ticket) {
			k.Lines = append(k.Lines, syncrosim.Line{ProductID: 402212, UserID: 4107, Name: "Patch cable 2 m", Description: "Charged since",
				Quantity: decimal.NewFromInt(1), Price: decimal.RequireFromString("6.5")})
		}); err != nil {
			t.Fatal(err)
		}
		s.refuses(t, "update 32144 invoiced", "is not what is charged", "Patch cable", "set the status in Syncro")
		if err := s.Syncro.Edit(32144, func(k *syncrosim.Ticket) { k.Lines = k.Lines[:1] }); err != nil {
			t.Fatal(err)
		}
		// The same once the card is drawn: it is not asked again as it was.
		c := ask(t, s.dana, "update 32144 invoiced", "Confirm:", "Resolved → Invoiced")
		if err := s.Syncro.Edit(32144, func(k *syncrosim.Ticket) { k.Lines[0].Quantity = decimal.NewFromInt(9) }); err != nil {
			t.Fatal(err)
		}
		c = press(t, s.dana, c, "Confirm", "Nothing was sent: #32144 changed after the card was drawn")
		press(t, s.dana, c, "Preview again", "is not what is charged")
		if err := s.Syncro.Edit(32144, func(k *syncrosim.Ticket) { k.Lines[0].Quantity = decimal.RequireFromString("0.75") }); err != nil {
			t.Fatal(err)
		}
		s.does(t, "update 32144 invoiced", 1, "Resolved → Invoiced")
	})
}

// TestFoundByItsNumber: a record whose answer was lost is named as people name
// it when it is found.
func TestFoundByItsNumber(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		s.Syncro.Fault(syncrosim.Fault{Kind: syncrosim.CommitThenReset, Method: "POST", Path: "/tickets"})
		c := ask(t, s.dana, "create Quayside Books Till prints nothing", "Confirm:")
		done := press(t, s.dana, c, "Confirm", "Done and checked", "#32173", "looked for, and found", "[Show the ticket]")
		press(t, s.dana, done, "Show the ticket", "#32173 Till prints nothing")
		s.sent = s.writes()
	})
}

// TestToSomebodyElseByNow: a reply whose customer's address changed is not
// asked again with the old one.
func TestToSomebodyElseByNow(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		c := ask(t, s.dana, "reply 32164 It holds since noon", "E-MAIL to amy@harbordental.example")
		if err := s.Syncro.Edit(32164, func(k *syncrosim.Ticket) { k.ContactID = 0 }); err != nil {
			t.Fatal(err)
		}
		c = press(t, s.dana, c, "Confirm", "Nothing was sent: #32164 changed after the card was drawn", "[Preview again]")
		press(t, s.dana, c, "Preview again", "Confirm: Reply on #32164", "E-MAIL to office@harbordental.example")
	})
}
