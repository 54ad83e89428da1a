package confirm

import "testing"

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
