package confirm

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/syncro"
)

// TestAnOldClickIsNotSentLate: a bot that comes back after longer than a card
// may wait does not send what was confirmed before it went: the person may have
// done it by hand since.
func TestAnOldClickIsNotSentLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := w.ticket()
	p := w.process()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	if a := p.pressAs(t.Context(), dana, VerbConfirm, id); a.Then == nil { // and the bot is gone before it begins
		t.Fatalf("%+v", a)
	}
	late := w.process()
	late.Now = func() time.Time { return time.Now().Add(late.TTL + time.Second) }
	late.Engine = New(late.Options)
	late.start(t)
	op, err := late.settle(t.Context(), id)
	if err != nil || op.State != Parked || op.Steps[0].State != Waiting {
		t.Fatalf("%+v, %v", op, err)
	}
	contains(t, op.card(false), "did not want to send it late without asking")
	if n := w.sim.Count("POST", "*"); n != 0 {
		t.Errorf("%d requests left", n)
	}
	late.press(t.Context(), VerbContinue, id)
	if op, err := late.settle(t.Context(), id); err != nil || op.State != Done || w.sim.Count("POST", "/tickets/*/comment") != 1 {
		t.Errorf("asked, and sent: %+v, %v", op, err)
	}
}

// invoiceOf is the invoice of what a world's ticket has on it.
func invoiceOf(ticket syncrosim.Ticket) syncro.CreateInvoice {
	return syncro.CreateInvoice{
		TicketID: ticket.ID, CustomerID: ticket.CustomerID, Category: "Standard",
		Lines: []syncro.Charge{{ProductID: 26118, Name: "Labor - Onsite Business", Quantity: "1", Price: "175"}},
	}
}

// invoiceIsWrong confirms an invoice and the status that follows it, and expects
// that it ends between the two.
func (p *process) invoiceIsWrong(t *testing.T, ticket syncrosim.Ticket) (id string, op *Operation) {
	t.Helper()
	id, _ = p.mustPropose(t, ticket.ID, invoiceOf(ticket), syncro.UpdateTicket{TicketID: ticket.ID, Status: "Invoiced"})
	p.press(t.Context(), VerbConfirm, id)
	op, err := p.settle(t.Context(), id)
	if err != nil || op.State != Parked || op.Steps[0].State != Wrong || op.Steps[1].State != Waiting {
		t.Fatalf("%+v, %v", op, err)
	}
	return id, op
}

// TestWhatAnInvoiceHoldsIsLookedAt: Syncro puts on it what the ticket has at
// that moment. An invoice that holds something else is not called right, and
// nothing follows it.
func TestWhatAnInvoiceHoldsIsLookedAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := w.ticket()
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/invoices") {
			// Somebody charges something in this very moment.
			if err := w.sim.Edit(ticket.Number, func(k *syncrosim.Ticket) { k.Lines = append(k.Lines, k.Lines[0]) }); err != nil {
				t.Error(err)
			}
		}
		w.sim.ServeHTTP(rw, r)
	}))
	t.Cleanup(front.Close)
	w.url = front.URL
	p := w.process().start(t)
	p.invoiceIsWrong(t, ticket)
	if now, _ := w.sim.Ticket(ticket.Number); now.Status == "Invoiced" {
		t.Error("the ticket says Invoiced")
	}
}

// TestOneClickWins: two clicks that saw the same card decide at the same
// moment, each on its own copy. One has the operation; the other learns how it
// is by now, and has changed nothing.
func TestOneClickWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	var copies [2]*Operation
	for i := range copies {
		op, err := p.Store.get(t.Context(), id)
		if err != nil || !p.decide(op, VerbConfirm) {
			t.Fatalf("%+v, %v", op, err)
		}
		copies[i] = op
	}
	how, first, err := p.Store.claim(t.Context(), copies[0], dana, Asked, "first", p.Lease)
	if err != nil || how != gripOK || first.State != Running {
		t.Fatalf("the first: %s, %+v, %v", how, first, err)
	}
	how, second, err := p.Store.claim(t.Context(), copies[1], dana, Asked, "second", p.Lease)
	if err != nil || how != gripState || second.State != Running || second.holder != "" {
		t.Errorf("the second: %s, %+v, %v", how, second, err)
	}
	if err := p.Store.save(t.Context(), first, p.Lease, 0); err != nil {
		t.Errorf("the first has it no more: %v", err)
	}
}

// TestAClickThatChangesNothingIsStale: what it shows was drawn before, and
// something else may be in the card's place by now.
func TestAClickThatChangesNothingIsStale(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	edited, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	if _, ok := p.Replaced(t.Context(), dana, edited, chat.Ref("card of "+edited)); !ok {
		t.Fatal("it could not be edited")
	}
	cancelled, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	if a := p.press(t.Context(), VerbCancel, cancelled); a.Replace == nil || a.Stale {
		t.Errorf("the click that cancels: %+v", a)
	}
	done, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	if a := p.press(t.Context(), VerbConfirm, done); a.Replace == nil || a.Stale {
		t.Errorf("the click that confirms: %+v", a)
	}
	for id, words := range map[string]string{edited: "Nothing was sent", cancelled: "Nothing was sent", done: "Done and checked"} {
		for _, verb := range []string{VerbConfirm, VerbCancel} {
			a := p.press(t.Context(), verb, id)
			if a.Replace == nil || !a.Stale {
				t.Fatalf("%s: %+v", verb, a)
			}
			contains(t, *a.Replace, words)
		}
	}
}

// TestLoggedAsSomebodyElse: Syncro takes a note and says that another wrote
// it. That is not what was confirmed, and is not called done.
func TestLoggedAsSomebodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := w.ticket()
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		w.sim.ServeHTTP(answer, r)
		body := answer.Body.String()
		if strings.Contains(r.URL.Path, "/tickets/") {
			body = strings.ReplaceAll(body, `"user_id":4101`, `"user_id":4107`)
		}
		for name, values := range answer.Header() {
			if name != "Content-Length" {
				rw.Header()[name] = values
			}
		}
		rw.WriteHeader(answer.Code)
		_, _ = io.WriteString(rw, body)
	}))
	t.Cleanup(front.Close)
	w.url = front.URL
	p := w.process().start(t)
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID), resolve(ticket.ID))
	p.press(t.Context(), VerbConfirm, id)
	op, err := p.settle(t.Context(), id)
	if err != nil || op.State != Parked || op.Steps[0].State == Landed || op.Steps[1].State != Waiting {
		t.Fatalf("%+v, %v", op, err)
	}
	contains(t, op.card(false), "not as it was sent")
	if n := w.sim.Count("POST", "/tickets/*/comment"); n != 1 || w.sim.Count("PUT", "*") != 0 {
		t.Errorf("sent %d times", n)
	}
}

// TestAnInvoiceThatMayNotBeLookedAt is not waited for: its author is told why.
func TestAnInvoiceThatMayNotBeLookedAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := w.ticket()
	w.sim.Fault(syncrosim.Fault{Kind: syncrosim.Unauthorized, Method: "GET", Path: "/invoices/*", Times: 1})
	p := w.process().start(t)
	id, op := p.invoiceIsWrong(t, ticket)
	contains(t, op.card(false), "I may not look at it")
	p.press(t.Context(), VerbLook, id)
	op, err := p.settle(t.Context(), id)
	if err != nil || op.State != Done {
		t.Fatalf("%+v, %v", op, err)
	}
	if card := op.card(false); strings.Contains(card.Plain(), "may not look") {
		t.Errorf("done, and the card says: %s", card.Plain())
	}
}

// TestALineThatStays though Syncro says that it is gone.
func TestALineThatStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := w.ticket()
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/remove_line_item") {
			rw.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(rw, `{"success":true,"message":""}`)
			return
		}
		w.sim.ServeHTTP(rw, r)
	}))
	t.Cleanup(front.Close)
	w.url = front.URL
	p := w.process().start(t)
	id, _ := p.mustPropose(t, ticket.ID, syncro.RemoveLine{TicketID: ticket.ID, LineID: ticket.Lines[0].ID})
	p.press(t.Context(), VerbConfirm, id)
	if op, err := p.settle(t.Context(), id); err != nil || op.State != Parked || op.Steps[0].State != Wrong {
		t.Errorf("%+v, %v", op, err)
	}
}

// TestToWhomItGoesNow: where the customer's address changed since the card was
// drawn the card is not asked again as it is, with the old one.
func TestToWhomItGoesNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := w.ticket()
	p := w.process().start(t)
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	w.sim.Change(func(d *syncrosim.Data) {
		for i := range d.Customers {
			d.Customers[i].Email = "another@harbordental.example"
		}
		for i := range d.Contacts {
			d.Contacts[i].Email = "another@harbordental.example"
		}
	})
	p.press(t.Context(), VerbConfirm, id)
	op, err := p.settle(t.Context(), id)
	if err != nil || op.State != Cancelled || op.Next != "" || len(op.After) != 1 || op.After[0].Line != "as typed" {
		t.Errorf("%+v, %v", op, err)
	}
	if n := w.sim.Count("POST", "*"); n != 0 {
		t.Errorf("%d requests left", n)
	}
}
