package syncro_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/syncro"
)

// shop is a client before the simulated Syncro.
type shop struct {
	*stand
	t    *testing.T
	sim  *syncrosim.Syncro
	lost bool // the answer to every write is lost
}

func openShop(t *testing.T, options syncrosim.Options) *shop {
	options.Tokens = []syncrosim.Token{{Key: secret, UserID: dana.UserID}}
	sim := syncrosim.New(options)
	t.Cleanup(sim.Close)
	return &shop{t: t, sim: sim, stand: newStand(t, func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.Path = "/api/v1" + r.URL.Path
		sim.ServeHTTP(w, r)
	})}
}

func (s *shop) look(e syncro.Evidence) syncro.Sight {
	s.t.Helper()
	sight, err := s.reader().Look(s.t.Context(), e)
	if err != nil {
		s.t.Fatal(err)
	}
	return sight
}

// do sends a write, and checks that its evidence shows it afterwards and did
// not before. It returns the id of the record and what people call it.
func (s *shop) do(w syncro.Write) (int64, string) {
	s.t.Helper()
	evidence := w.Evidence(dana)
	before := s.look(evidence)
	if s.lost {
		s.sim.Fault(syncrosim.Fault{Kind: syncrosim.CommitThenReset, Method: w.Request().Method})
	}
	out := s.send(s.t.Context(), w)
	if want := map[bool]syncro.Result{false: syncro.Applied, true: syncro.Unknown}[s.lost]; out.Result != want {
		s.t.Fatalf("%s: %+v, want %d", w.Kind(), out, want)
	}
	after := s.look(evidence)
	switch evidence.Effect {
	case syncro.Adds:
		ids := slices.DeleteFunc(after.Ours, func(id int64) bool { return slices.Contains(before.All, id) })
		if len(ids) != 1 || !s.lost && ids[0] != out.ID || len(after.Near) != 0 {
			s.t.Fatalf("%s: made %d, shown %+v, before %+v", w.Kind(), out.ID, after, before)
		}
		out.ID = ids[0]
	case syncro.Sets:
		if before.IsSet || !after.IsSet {
			s.t.Fatalf("%s: shown %+v, before %+v", w.Kind(), after, before)
		}
	case syncro.Removes:
		if len(before.Ours) != 1 || len(after.Ours) != 0 || !s.lost && out.ID != before.Ours[0] {
			s.t.Fatalf("%s: removed %d, shown %+v, before %+v", w.Kind(), out.ID, after, before)
		}
	}
	if checked, ok := w.(syncro.Checked); ok {
		check := checked.Check(out.ID)
		if sight := s.look(check); check.Effect == syncro.Sets && !sight.IsSet || check.Effect == syncro.Removes && len(sight.Ours) != 0 {
			s.t.Fatalf("%s: checked %+v", w.Kind(), sight)
		}
	}
	return out.ID, out.Name
}

func (s *shop) ticket(number int64) syncro.Ticket {
	s.t.Helper()
	ticket, err := s.reader().TicketByNumber(s.t.Context(), number)
	if err != nil {
		s.t.Fatal(err)
	}
	return ticket
}

// Every write does in the simulated Syncro what its evidence then shows,
// whether or not its answer arrives.
func TestEveryWriteShowsInItsEvidence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options syncrosim.Options
		lost    bool
	}{
		"answered":                     {},
		"answered in the other shapes": {options: syncrosim.Options{HTMLBodies: true, FlatInvoice: true, NumbersAsText: true, ListHidesFinished: true}},
		"the answers lost":             {lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, c.options)
			s.lost = c.lost
			s.bill()
			s.keepTime()
			s.create()
		})
	}
}

// bill adds, changes and removes lines, and makes and deletes an invoice.
func (s *shop) bill() {
	t := s.t
	ticket := s.ticket(32164)
	at := labor
	at.TicketID = ticket.ID
	first, _ := s.do(at)
	twenty := at
	twenty.Quantity, twenty.Price, twenty.Description = syncro.Hours(20), "", "Called the provider."
	second, _ := s.do(twenty)
	s.do(syncro.UpdateLine{TicketID: ticket.ID, LineID: second, Quantity: syncro.Hours(45), Description: "Called the provider <twice> & waited."})
	third := twenty
	third.Description = "By mistake."
	mistake, _ := s.do(third)
	s.do(syncro.RemoveLine{TicketID: ticket.ID, LineID: mistake})

	var open []syncro.Charge
	for _, l := range s.ticket(32164).LineItems {
		if !l.Invoiced {
			open = append(open, syncro.Charge{ProductID: l.ProductID, Name: l.Name, Quantity: l.Quantity, Price: l.Price})
		}
		if l.ID == second && (l.Quantity != "0.75" || l.Price != "150" || l.Taxable) {
			t.Errorf("the changed line is %+v", l)
		}
	}
	if len(open) < 2 {
		t.Fatalf("open lines %+v", open)
	}
	invoice := syncro.CreateInvoice{TicketID: ticket.ID, CustomerID: ticket.CustomerID, Category: "Standard", Lines: open}
	id, called := s.do(invoice)
	got, err := s.reader().Invoice(t.Context(), id)
	if err != nil || len(got.Lines) != len(open) || got.TicketID != ticket.ID || !s.lost && called != "invoice #"+got.Number {
		t.Errorf("invoice %+v, called %q, %v", got, called, err)
	}
	for _, l := range s.ticket(32164).LineItems {
		if l.ID == first && !l.Invoiced {
			t.Errorf("line %+v is not invoiced", l)
		}
	}
	short := invoice
	short.Lines = open[1:]
	if sight := s.look(short.Check(id)); sight.IsSet || !strings.Contains(sight.Why, "Labor - Remote Business") {
		t.Errorf("an invoice with a line too many: %+v", sight)
	}
	s.do(syncro.DeleteInvoice{InvoiceID: id})

	// A paid one stays, though Syncro answers 200.
	paid, _ := s.do(invoice)
	s.sim.Change(func(d *syncrosim.Data) {
		for i := range d.Invoices {
			d.Invoices[i].Paid = d.Invoices[i].Paid || d.Invoices[i].ID == paid
		}
	})
	remove := syncro.DeleteInvoice{InvoiceID: paid}
	if out := s.send(t.Context(), remove); out.Result != syncro.Applied {
		t.Errorf("a paid invoice: %+v", out)
	}
	if sight := s.look(remove.Check(paid)); !slices.Equal(sight.Ours, []int64{paid}) {
		t.Errorf("a paid invoice: %+v", sight)
	}
}

// keepTime adds, changes, charges and deletes a timer.
func (s *shop) keepTime() {
	t := s.t
	ticket := s.ticket(32164)
	timer := worked
	timer.TicketID = ticket.ID
	timer.End = time.Now().Truncate(time.Second)
	timer.Start = timer.End.Add(-20 * time.Minute)
	id, _ := s.do(timer)
	s.do(syncro.UpdateTimer{
		TicketID: ticket.ID, TimerID: id, Start: timer.Start.Add(-25 * time.Minute), End: timer.End, Notes: "Rekeyed, and waited", ProductID: 26118, UserID: 4107,
	})
	lines := len(s.ticket(32164).LineItems)
	s.do(syncro.ChargeTimer{TicketID: ticket.ID, OfStep: true}.Bind([]int64{1, id}))
	ticket = s.ticket(32164)
	at := slices.IndexFunc(ticket.Timers, func(t syncro.Timer) bool { return t.ID == id })
	if at < 0 || len(ticket.LineItems) != lines+1 {
		t.Fatalf("timers %+v, lines %+v", ticket.Timers, ticket.LineItems)
	}
	charged, line := ticket.Timers[at], ticket.LineItems[lines]
	if !charged.Recorded || charged.LineItemID != line.ID || charged.Active != 45*time.Minute || line.Quantity != "0.75" || line.ProductID != 26118 {
		t.Errorf("timer %+v, line %+v", charged, line)
	}
	s.do(syncro.DeleteTimer{TicketID: ticket.ID, TimerID: id})
}

// create makes a customer and a ticket for it, and deletes the ticket.
func (s *shop) create() {
	t := s.t
	customer, _ := s.do(syncro.CreateCustomer{Business: "Pier Nine Yoga & Co", First: "Ola", Last: "Berg", Email: "ola@piernine.example", Phone: "555-0180"})
	s.do(syncro.CreateCustomer{First: "Ada", Last: "Moss"})
	ticket := newTicket
	ticket.CustomerID, ticket.ContactID, ticket.Since = customer, 0, time.Now()
	id, called := s.do(ticket)
	got, err := s.reader().Ticket(t.Context(), id)
	if err != nil || !s.lost && called != fmt.Sprintf("#%d", got.Number) {
		t.Errorf("ticket %+v, called %q, %v", got, called, err)
	}
	if got.Customer != "Pier Nine Yoga & Co" || got.Priority != "2 Normal" || got.Technician != "Dana Ruiz" || got.Due.IsZero() ||
		len(got.Comments) != 1 || syncro.Normalize(got.Comments[0].Body) != syncro.Normalize(ticket.Comment.Body) || got.PrepayHours == "" {
		got.Raw = nil
		t.Errorf("ticket %+v", got)
	}
	bare := ticket
	bare.Comment, bare.Subject = syncro.FirstComment{}, "Printer jams"
	other, _ := s.do(bare)
	s.do(syncro.DeleteTicket{TicketID: id})
	if list, err := s.reader().TicketsOf(t.Context(), customer); err != nil || len(list.Items) != 1 || list.Items[0].ID != other {
		t.Errorf("tickets %+v, %v", list, err)
	}
}
