package confirm

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/syncro"
)

// writeKind is one kind of write of the matrix: how it is made for a ticket,
// which request it is, and how often Syncro's records show it.
type writeKind struct {
	name   string
	method string
	path   string // of the fault; %d is the ticket's id
	make   func(ticketID int64) syncro.Write
	there  func(t syncrosim.Ticket) int
}

const matrixText = "Rekey interval fixed with the provider & tested.\nSecond line <ok>."

func writeKinds() []writeKind {
	count := func(yes bool) int {
		if yes {
			return 1
		}
		return 0
	}
	return []writeKind{
		{
			name: "note", method: "POST", path: "/tickets/%d/comment",
			make: func(id int64) syncro.Write {
				return syncro.AddComment{TicketID: id, Subject: "Internal Note", Body: matrixText, Hidden: true, DoNotEmail: true}
			},
			there: func(t syncrosim.Ticket) int {
				n := 0
				for _, c := range t.Comments {
					n += count(c.Subject == "Internal Note")
				}
				return n
			},
		},
		{
			name: "status", method: "PUT", path: "/tickets/%d",
			make: func(id int64) syncro.Write {
				return syncro.UpdateTicket{TicketID: id, Status: "Resolved", From: "New", To: "Resolved"}
			},
			there: func(t syncrosim.Ticket) int { return count(t.Status == "Resolved") },
		},
		{
			name: "priority", method: "PUT", path: "/tickets/%d",
			make: func(id int64) syncro.Write {
				return syncro.UpdateTicket{TicketID: id, Priority: "0 Urgent", From: "2 Normal", To: "0 Urgent"}
			},
			there: func(t syncrosim.Ticket) int { return count(t.Priority == "0 Urgent") },
		},
		{
			name: "assignee", method: "PUT", path: "/tickets/%d",
			make: func(id int64) syncro.Write {
				return syncro.UpdateTicket{TicketID: id, UserID: 4101, From: "nobody", To: "Dana Ruiz"}
			},
			there: func(t syncrosim.Ticket) int { return count(t.UserID == 4101) },
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
	w := newWorld(t)
	rescuer := w.process().start(t)
	deaths := []dying{{}}
	for save := 1; save <= 4; save++ {
		deaths = append(deaths, dying{save, true}, dying{save, false})
	}
	faults := append([]syncrosim.FaultKind{"no fault"}, syncrosim.Faults...)
	var cases errgroup.Group
	cases.SetLimit(64)
	n := 0
	for _, kind := range writeKinds() {
		for _, fault := range faults {
			if fault == syncrosim.TooMany {
				continue // pauses everybody: TestLimitOfSyncro
			}
			for _, d := range deaths {
				n++
				cases.Go(func() error {
					ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
					defer cancel()
					if err := w.matrixCase(ctx, rescuer, kind, fault, d); err != nil {
						t.Errorf("%s, %s, %s: %v", kind.name, fault, d, err)
					}
					return nil
				})
			}
		}
	}
	cases.Wait()
	t.Logf("%d cases", n)
}

func (w *world) matrixCase(ctx context.Context, rescuer *process, kind writeKind, fault syncrosim.FaultKind, d dying) error {
	ticket := w.ticket()
	path := fmt.Sprintf(kind.path, ticket.ID)
	heal := func() {}
	if fault != "no fault" {
		heal = w.sim.Fault(syncrosim.Fault{Kind: fault, Method: kind.method, Path: path, Delay: lateness}).Remove
	}
	p := w.process()
	id, _, err := p.propose(ctx, ticket.ID, kind.make(ticket.ID))
	if err != nil {
		return err
	}
	p.death.plan(d.save, d.before)
	p.press(ctx, VerbConfirm, id)
	op, err := rescuer.settle(ctx, id)
	for err == nil && op.State == Parked && op.Steps[0].State == Waiting && w.sim.Count(kind.method, path) == 0 {
		// The machine was too busy even to read: nothing was sent, go on.
		rescuer.press(ctx, VerbContinue, id)
		op, err = rescuer.settle(ctx, id)
	}
	if err != nil {
		return err
	}
	if sent := w.sim.Count(kind.method, path); sent > 1 {
		return fmt.Errorf("sent %d times", sent)
	}
	there := func() int {
		now, _ := w.sim.Ticket(ticket.Number)
		return kind.there(now)
	}
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

// TestLimitOfSyncro: a 429 puts the write off, and it goes on by itself.
func TestLimitOfSyncro(t *testing.T) {
	for _, kind := range writeKinds() {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.process().start(t)
			ticket := w.ticket()
			w.sim.Fault(syncrosim.Fault{Kind: syncrosim.TooMany, Method: kind.method, Path: fmt.Sprintf(kind.path, ticket.ID), RetryAfter: "1"})
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			id, _, err := p.propose(ctx, ticket.ID, kind.make(ticket.ID))
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
			now, _ := w.sim.Ticket(ticket.Number)
			if op.State != Done || kind.there(now) != 1 {
				t.Errorf("ended as %s, and there are %d", op.State, kind.there(now))
			}
			if sent := w.sim.Count(kind.method, fmt.Sprintf(kind.path, ticket.ID)); sent != 2 {
				t.Errorf("sent %d times, want the one that was refused and the one that was not", sent)
			}
		})
	}
}
