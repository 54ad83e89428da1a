package confirm

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/internal/redistest"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/syncro"
)

// writeKind is one kind of write of the matrix: what must be there before, how
// it is made for a ticket, which request it is, and how often Syncro's records
// show it.
type writeKind struct {
	name   string
	method string
	before func(w *world, t syncrosim.Ticket)
	make   func(w *world, t syncrosim.Ticket) syncro.Write
	there  func(w *world, t syncrosim.Ticket) int
}

const matrixText = "Rekey interval fixed with the provider & tested.\nSecond line <ok>."

func writeKinds() []writeKind {
	now := func(w *world, t syncrosim.Ticket) syncrosim.Ticket {
		found, _ := w.sim.Ticket(t.Number)
		return found
	}
	count := func(yes bool) int {
		if yes {
			return 1
		}
		return 0
	}
	// The other tickets and customers of a world are those of cases before.
	subject := func(t syncrosim.Ticket) string { return fmt.Sprintf("Till tablet of case %d", t.Number) }
	invoiced := func(w *world, t syncrosim.Ticket) {
		w.sim.Change(func(d *syncrosim.Data) {
			d.Invoices = append(d.Invoices, syncrosim.Invoice{Number: fmt.Sprint(t.Number), TicketID: t.ID, CustomerID: t.CustomerID})
		})
	}
	return []writeKind{
		{
			name: "comment.add", method: "POST",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				return syncro.AddComment{TicketID: t.ID, Subject: "Internal Note", Body: matrixText, Hidden: true, DoNotEmail: true}
			},
			there: func(w *world, t syncrosim.Ticket) int { return len(now(w, t).Comments) },
		},
		{
			name: "ticket.update status", method: "PUT",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				return syncro.UpdateTicket{TicketID: t.ID, Status: "Resolved", From: "New", To: "Resolved"}
			},
			there: func(w *world, t syncrosim.Ticket) int { return count(now(w, t).Status == "Resolved") },
		},
		{
			name: "ticket.update priority", method: "PUT",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				return syncro.UpdateTicket{TicketID: t.ID, Priority: "0 Urgent", From: "2 Normal", To: "0 Urgent"}
			},
			there: func(w *world, t syncrosim.Ticket) int { return count(now(w, t).Priority == "0 Urgent") },
		},
		{
			name: "ticket.update assignee", method: "PUT",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				return syncro.UpdateTicket{TicketID: t.ID, UserID: 4101, From: "nobody", To: "Dana Ruiz"}
			},
			there: func(w *world, t syncrosim.Ticket) int { return count(now(w, t).UserID == 4101) },
		},
		{
			name: "ticket.create", method: "POST",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				return syncro.CreateTicket{
					CustomerID: t.CustomerID, Subject: subject(t), Status: "New", Priority: "2 Normal", UserID: 4101, Since: time.Now().UTC(),
					Comment: syncro.FirstComment{Subject: "Initial Issue", Body: matrixText, DoNotEmail: true},
				}
			},
			there: func(w *world, t syncrosim.Ticket) int {
				n := 0
				for _, other := range w.sim.Snapshot().Tickets {
					n += count(other.Subject == subject(t))
				}
				return n
			},
		},
		{
			name: "ticket.delete", method: "DELETE",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				return syncro.DeleteTicket{TicketID: t.ID, Number: t.Number}
			},
			there: func(w *world, t syncrosim.Ticket) int {
				_, there := w.sim.Ticket(t.Number)
				return count(!there)
			},
		},
		{
			name: "customer.create", method: "POST",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				return syncro.CreateCustomer{Business: subject(t), Email: "office@lakeside.example"}
			},
			there: func(w *world, t syncrosim.Ticket) int {
				n := 0
				for _, c := range w.sim.Snapshot().Customers {
					n += count(c.Business == subject(t))
				}
				return n
			},
		},
		{
			name: "line.add", method: "POST",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				return syncro.AddLine{TicketID: t.ID, ProductID: 1190473, Name: "Labor - Remote Business", Description: matrixText, Quantity: "0.5", Price: "150"}
			},
			there: func(w *world, t syncrosim.Ticket) int { return len(now(w, t).Lines) - 1 },
		},
		{
			name: "line.update", method: "PUT",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				l := t.Lines[0]
				return syncro.UpdateLine{TicketID: t.ID, LineID: l.ID, ProductID: l.ProductID, Name: l.Name, Description: l.Description, Quantity: "0.75", Price: "175"}
			},
			there: func(w *world, t syncrosim.Ticket) int {
				return count(now(w, t).Lines[0].Quantity.String() == "0.75")
			},
		},
		{
			name: "line.remove", method: "POST",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				return syncro.RemoveLine{TicketID: t.ID, LineID: t.Lines[0].ID}
			},
			there: func(w *world, t syncrosim.Ticket) int { return 1 - len(now(w, t).Lines) },
		},
		{
			name: "timer.add", method: "POST",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				start := testStart.Add(2 * time.Hour)
				return syncro.AddTimer{TicketID: t.ID, Start: start, End: start.Add(time.Hour), Notes: "On site", ProductID: 26118, UserID: 4101}
			},
			there: func(w *world, t syncrosim.Ticket) int { return len(now(w, t).Timers) - 1 },
		},
		{
			name: "timer.update", method: "PUT",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				e := t.Timers[0]
				return syncro.UpdateTimer{TicketID: t.ID, TimerID: e.ID, Start: e.Start, End: e.Start.Add(45 * time.Minute), Notes: "Phone, longer", ProductID: e.ProductID, UserID: 4101}
			},
			there: func(w *world, t syncrosim.Ticket) int { return count(now(w, t).Timers[0].Notes == "Phone, longer") },
		},
		{
			name: "timer.delete", method: "POST",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				return syncro.DeleteTimer{TicketID: t.ID, TimerID: t.Timers[0].ID}
			},
			there: func(w *world, t syncrosim.Ticket) int { return 1 - len(now(w, t).Timers) },
		},
		{
			name: "timer.charge", method: "POST",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				return syncro.ChargeTimer{TicketID: t.ID, TimerID: t.Timers[0].ID}
			},
			there: func(w *world, t syncrosim.Ticket) int { return len(now(w, t).Lines) - 1 },
		},
		{
			name: "invoice.create", method: "POST",
			make: func(_ *world, t syncrosim.Ticket) syncro.Write {
				return syncro.CreateInvoice{TicketID: t.ID, CustomerID: t.CustomerID, Category: "Standard", Prepaid: true, Lines: []syncro.Charge{
					{ProductID: 26118, Name: "Labor - Onsite Business", Quantity: "1", Price: "175"},
				}}
			},
			there: func(w *world, t syncrosim.Ticket) int { return len(w.sim.Invoices(t.Number)) },
		},
		{
			name: "invoice.delete", method: "DELETE", before: invoiced,
			make: func(w *world, t syncrosim.Ticket) syncro.Write {
				return syncro.DeleteInvoice{InvoiceID: w.sim.Invoices(t.Number)[0].ID}
			},
			there: func(w *world, t syncrosim.Ticket) int { return 1 - len(w.sim.Invoices(t.Number)) },
		},
	}
}

// dying is when the process that was clicked dies.
type dying struct {
	save   int // 0: it lives
	before bool
}

func (d dying) String() string {
	if d.save == 0 {
		return "lives"
	}
	if d.before {
		return fmt.Sprintf("dies before save %d", d.save)
	}
	return fmt.Sprintf("dies after save %d", d.save)
}

// TestFaultMatrix tries each kind of write with each fault of Syncro's and
// with the death of the process before and after each save, while another
// process takes over. Whatever happens, Syncro gets the write at most once for
// the one click, and the operation ends as what is true.
func TestFaultMatrix(t *testing.T) {
	deaths := []dying{{}}
	for save := 1; save <= 4; save++ {
		deaths = append(deaths, dying{save, true}, dying{save, false})
	}
	type matrixCase struct {
		kind  writeKind
		fault syncrosim.FaultKind
		dying dying
	}
	cases := make(chan matrixCase)
	server := redistest.Start(t)
	var workers sync.WaitGroup
	for database := range 64 {
		w := newWorldIn(t, server, database)
		rescuer := w.process().start(t)
		workers.Go(func() {
			for c := range cases {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // 64 at once, on a machine that is busy
				if err := w.matrixCase(ctx, rescuer, c.kind, c.fault, c.dying); err != nil {
					t.Errorf("%s, %s, %s: %v", c.kind.name, c.fault, c.dying, err)
				}
				cancel()
			}
		})
	}
	n := 0
	for _, kind := range writeKinds() {
		for _, fault := range append([]syncrosim.FaultKind{"no fault"}, syncrosim.Faults...) {
			if fault == syncrosim.TooMany {
				continue // pauses everybody: TestLimitOfSyncro
			}
			for _, d := range deaths {
				cases <- matrixCase{kind, fault, d}
				n++
			}
		}
	}
	close(cases)
	workers.Wait()
	t.Logf("%d cases", n)
}

func (w *world) matrixCase(ctx context.Context, rescuer *process, kind writeKind, fault syncrosim.FaultKind, d dying) error {
	ticket := w.ticket()
	if kind.before != nil {
		kind.before(w, ticket)
	}
	write := kind.make(w, ticket)
	path := write.Request().Path
	heal := func() {}
	if fault != "no fault" {
		heal = w.sim.Fault(syncrosim.Fault{Kind: fault, Method: kind.method, Path: path, Delay: lateness}).Remove
		defer heal() // the next case of this world may use the same path
	}
	// Of this very write: new tickets all go to one path, where one of a case
	// before may arrive late that ran out of time.
	sent := func() (n int) {
		for _, r := range w.sim.Requests() {
			if r.Method == kind.method && r.Path == path && sameBody(write.Request().Body, r.Body) {
				n++
			}
		}
		return n
	}
	p := w.process()
	id, _, err := p.propose(ctx, ticket.ID, write)
	for err != nil && ctx.Err() == nil { // the machine was too busy even to read
		id, _, err = p.propose(ctx, ticket.ID, write)
	}
	if err != nil {
		return err
	}
	p.death.plan(d.save, d.before)
	p.press(ctx, VerbConfirm, id)
	op, err := rescuer.settle(ctx, id)
	for err == nil && op.State == Parked && op.Steps[0].State == Waiting && sent() == 0 {
		// The machine was too busy even to read: nothing was sent, go on.
		rescuer.press(ctx, VerbContinue, id)
		op, err = rescuer.settle(ctx, id)
	}
	if err != nil {
		return err
	}
	if n := sent(); n > 1 || n == 0 && op.State == Done {
		return fmt.Errorf("sent %d times, and it is %s", n, op.State)
	}
	if err := w.recordHolds(ctx, op, sent()); err != nil {
		return err
	}
	there := func() int { return kind.there(w, ticket) }
	step := op.Steps[0]
	want := 0
	if op.State == Done {
		want = 1
	}
	switch {
	case there() != want:
		return fmt.Errorf("ended as %s/%s, and there are %d: %s", op.State, step.State, there(), step.Why)
	case op.State == Done, op.State == Stopped && step.State == Refused:
		return nil
	case op.State != Parked || step.State != Absent && step.State != Refused:
		return fmt.Errorf("ended as %s/%s, which tells nobody what is true: %s", op.State, step.State, step.Why)
	}
	// The author decides: send it again. Now it arrives, once.
	heal()
	for op.State == Parked && ctx.Err() == nil {
		verb := VerbContinue
		if op.Steps[0].State == Absent {
			verb = VerbAgain
		}
		rescuer.press(ctx, verb, id)
		if op, err = rescuer.settle(ctx, id); err != nil {
			return err
		}
	}
	if op.State != Done || there() != 1 {
		return fmt.Errorf("after sending again it is %s/%s, and there are %d: %s", op.State, op.Steps[0].State, there(), op.Steps[0].Why)
	}
	return nil
}

// sameBody reports whether a request's body says what a write does.
func sameBody(want any, body string) bool {
	if want == nil {
		return body == ""
	}
	ours, err := json.Marshal(want)
	if err != nil {
		return false
	}
	var a, b any
	return json.Unmarshal(ours, &a) == nil && json.Unmarshal([]byte(body), &b) == nil && reflect.DeepEqual(a, b)
}

// TestLimitOfSyncro: a 429 puts the write off, and it goes on by itself.
func TestLimitOfSyncro(t *testing.T) {
	for _, kind := range writeKinds() {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.process().start(t)
			ticket := w.ticket()
			if kind.before != nil {
				kind.before(w, ticket)
			}
			write := kind.make(w, ticket)
			path := write.Request().Path
			w.sim.Fault(syncrosim.Fault{Kind: syncrosim.TooMany, Method: kind.method, Path: path, RetryAfter: "1"})
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			id, _, err := p.propose(ctx, ticket.ID, write)
			if err != nil {
				t.Fatal(err)
			}
			p.press(ctx, VerbConfirm, id)
			if op, err := p.Store.get(ctx, id); err != nil || op.State != Parked || op.NextTry.IsZero() {
				t.Fatalf("after the 429: %+v, %v", op, err)
			}
			op, err := p.settle(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			if n := kind.there(w, ticket); op.State != Done || n != 1 {
				t.Errorf("ended as %s, and there are %d", op.State, n)
			}
			if sent := w.sim.Count(kind.method, path); sent != 2 {
				t.Errorf("sent %d times, want the one that was refused and the one that was not", sent)
			}
		})
	}
}

// TestA429PausesEverybody: what another process was about to send waits as
// well, one request tries when the pause is over, and then both go on by
// themselves, each once.
func TestA429PausesEverybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refused, other := w.process().start(t), w.process().start(t)
	first, second := w.ticket(), w.ticket()
	one, _ := refused.mustPropose(t, first.ID, noteOn(first.ID))
	two, _ := other.mustPropose(t, second.ID, noteOn(second.ID))
	w.sim.Fault(syncrosim.Fault{Kind: syncrosim.TooMany, Method: "POST", RetryAfter: "3"})
	refused.press(t.Context(), VerbConfirm, one)
	before := len(w.sim.Requests())
	other.press(t.Context(), VerbConfirm, two)
	contains(t, other.drawnFirst(two), "Confirmed.", "Syncro is busy: ", "It goes on by itself.")
	for p, id := range map[*process]string{refused: one, other: two} {
		if op, err := p.settle(t.Context(), id); err != nil || op.State != Done {
			t.Errorf("%+v, %v", op, err)
		}
	}
	all := w.sim.Requests()
	said := all[before-1]
	if said.Status != 429 {
		t.Fatalf("the last request before the pause is %+v", said)
	}
	tries := all[before]
	if pause := tries.At.Sub(said.At); pause < 3*time.Second {
		t.Errorf("%s %s came %s after a 429 that asked for 3 s", tries.Method, tries.Path, pause)
	}
	if alone := all[before+1].At.Sub(tries.At); alone < time.Second {
		t.Errorf("the next came %s after the one that tried", alone)
	}
	if n := w.sim.Count("POST", "/tickets/*/comment"); n != 3 {
		t.Errorf("%d comments were posted, want two and the one that was refused", n)
	}
	for _, ticket := range []syncrosim.Ticket{first, second} {
		if now, _ := w.sim.Ticket(ticket.Number); len(now.Comments) != 1 {
			t.Errorf("%d comments are there", len(now.Comments))
		}
	}
}
