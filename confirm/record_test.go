package confirm

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/audit"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/syncro"
)

// record is what is on record of an operation, by its name; of all where it is
// empty.
func (w *world) record(ctx context.Context, op string) ([]audit.Line, error) {
	log := audit.New(w.redis.Database(w.database), slog.New(slog.DiscardHandler), AuditStreams()...)
	var lines []audit.Line
	for line, err := range log.Lines(ctx, time.Time{}, time.Now().Add(time.Hour)) {
		if err != nil {
			return nil, err
		}
		if op == "" || line.Op == op {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

func (w *world) mustRecord(t *testing.T, op string) []audit.Line {
	t.Helper()
	lines, err := w.record(t.Context(), op)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// story is lines in short.
func story(lines []audit.Line) string {
	var words []string
	for _, l := range lines {
		word := l.What
		if l.Step != 0 {
			word += fmt.Sprint(" ", l.Step)
		}
		if l.Outcome != "" {
			word += " " + l.Outcome
		}
		if l.Status != 0 {
			word += fmt.Sprint(" ", l.Status)
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// stutter runs each script twice, as go-redis does when an answer is lost.
type stutter struct{}

func (stutter) DialHook(next redis.DialHook) redis.DialHook { return next }
func (stutter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (stutter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if strings.HasPrefix(cmd.Name(), "eval") { // evalsha, and eval the first time
			_ = next(ctx, cmd)
		}
		return next(ctx, cmd)
	}
}

func TestWhoDidWhatIsOnRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	p.Store.rdb.(*redis.Client).AddHook(stutter{})
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID), resolve(ticket.ID))
	p.pressAs(t.Context(), chat.User{Platform: "slack", Tenant: "T0002", ID: "U0001"}, VerbConfirm, id)
	p.press(t.Context(), VerbConfirm, id)
	p.press(t.Context(), VerbConfirm, id) // too late: nothing happens, and nothing is on record
	p.press(t.Context(), VerbCancel, id)
	lines := w.mustRecord(t, id[1:6])
	want := "asked, not-theirs, confirmed, sending 1, answered 1 applied 200, sending 2, answered 2 applied 200, ended done"
	if got := story(lines); got != want {
		t.Fatalf("on record is %s\nwant         %s", got, want)
	}

	note, _ := json.Marshal(noteOn(ticket.ID).Request().Body)
	made, _ := w.sim.Ticket(ticket.Number)
	line := audit.Line{Who: "slack/T0001/U0001", Technician: "dana", SyncroUser: 4101, Op: id[1:6], Ticket: ticket.Number}
	with := func(what string, change func(*audit.Line)) audit.Line {
		l := line
		l.What = what
		change(&l)
		return l
	}
	for i, want := range map[int]audit.Line{
		0: with("asked", func(l *audit.Line) { l.Kind = "comment.add+ticket.update" }),
		1: {What: "not-theirs", Who: "slack/T0002/U0001", Op: id[1:6], Kind: "comment.add+ticket.update", Ticket: ticket.Number},
		3: with("sending", func(l *audit.Line) {
			l.Kind, l.Step, l.Method, l.Path = "comment.add", 1, "POST", fmt.Sprintf("/tickets/%d/comment", ticket.ID)
			l.SHA256 = fmt.Sprintf("%x", sha256.Sum256(note))
		}),
		4: with("answered", func(l *audit.Line) {
			l.Kind, l.Step, l.Outcome, l.Status, l.ID = "comment.add", 1, "applied", 200, made.Comments[0].ID
		}),
	} {
		if time.Since(lines[i].At).Abs() > time.Hour {
			t.Errorf("line %d is of %v", i, lines[i].At)
		}
		lines[i].At = time.Time{}
		if lines[i] != want {
			t.Errorf("line %d is\n%s, want\n%s", i, lines[i], want)
		}
	}
	// What is on record is what Syncro got.
	for _, r := range w.sim.Requests() {
		if r.Method == "GET" {
			continue
		}
		sum := fmt.Sprintf("%x", sha256.Sum256([]byte(r.Body)))
		if !slices.ContainsFunc(lines, func(l audit.Line) bool {
			return l.What == audit.Sending && l.Method == r.Method && l.Path == r.Path && l.SHA256 == sum
		}) {
			t.Errorf("%s %s with %s is not on record", r.Method, r.Path, r.Body)
		}
	}
}

func TestEachWayToGoOnIsOnRecord(t *testing.T) {
	t.Parallel()
	doubt := "asked, confirmed, sending 1, answered 1 unknown 500, found 1 absent, parked, "
	for _, c := range []struct {
		fault syncrosim.FaultKind
		verbs []string
		want  string
	}{
		{"", []string{VerbCancel, VerbCancel, VerbConfirm}, "asked, cancelled"},
		{syncrosim.CommitThen500, []string{VerbConfirm}, "asked, confirmed, sending 1, answered 1 unknown 500, found 1 done, ended done"},
		{syncrosim.Invalid422, []string{VerbConfirm}, "asked, confirmed, sending 1, answered 1 refused 422, ended stopped"},
		{syncrosim.Error500, []string{VerbConfirm, VerbStop}, doubt + "stopped"},
		{syncrosim.Error500, []string{VerbConfirm, VerbThere}, doubt + "took-on-word, ended done"},
		{syncrosim.Error500, []string{VerbConfirm, VerbLook}, doubt + "looked-again, found 1 absent, parked"},
		{syncrosim.Error500, []string{VerbConfirm, VerbAgain}, doubt + "sent-again, sending 1, answered 1 applied 200, ended done"},
		{syncrosim.Unauthorized, []string{VerbConfirm, VerbContinue}, "asked, confirmed, sending 1, answered 1 refused 401, parked, continued, sending 1, answered 1 applied 200, ended done"},
	} {
		t.Run(string(c.fault)+" "+strings.Join(c.verbs, " "), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.process().start(t)
			ticket := w.ticket()
			id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
			if c.fault != "" {
				w.sim.Fault(syncrosim.Fault{Kind: c.fault, Method: "POST"})
			}
			for _, verb := range c.verbs {
				p.press(t.Context(), verb, id)
				if c.fault == "" {
					continue
				}
				if _, err := p.settle(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
			if got := story(w.mustRecord(t, id[1:6])); got != c.want {
				t.Errorf("on record is %s\nwant         %s", got, c.want)
			}
		})
	}
}

// A card that is drawn anew because the ticket moved names the one before.
func TestAMovedTicketIsOnRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, resolve(ticket.ID))
	other, _ := p.mustPropose(t, ticket.ID, syncro.UpdateTicket{TicketID: ticket.ID, Status: "In Progress", From: "New", To: "In Progress"})
	p.press(t.Context(), VerbConfirm, other)
	p.press(t.Context(), VerbConfirm, id)
	if got, want := story(w.mustRecord(t, id[1:6])), "asked, confirmed, ended moved"; got != want {
		t.Errorf("on record is %s, want %s", got, want)
	}
	all := w.mustRecord(t, "")
	if !slices.ContainsFunc(all, func(l audit.Line) bool { return l.What == audit.Asked && l.InsteadOf == id[1:6] }) {
		t.Errorf("nothing was asked instead: %v", all)
	}
}

// Where the record cannot be written nothing happens: no card, no claim, no
// request.
func TestNothingHappensThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	spoil := func() { p.Store.rdb.Set(t.Context(), auditKey(id), "no stream", 0) }
	mend := func() { p.Store.rdb.Del(t.Context(), auditKey(id)) }

	spoil()
	if _, _, err := p.propose(t.Context(), ticket.ID, noteOn(ticket.ID)); err == nil {
		t.Error("a card was made that is not on record")
	}
	for _, verb := range []string{VerbConfirm, VerbCancel} {
		a := p.press(t.Context(), verb, id)
		if a.Aside == nil || a.Replace != nil {
			t.Fatalf("%s without a record: %+v", verb, a)
		}
		contains(t, *a.Aside, "Nothing was sent by your click")
	}
	if op, err := p.Store.get(t.Context(), id); err != nil || op.State != Asked || op.version != 1 {
		t.Errorf("the operation is %+v, %v", op, err)
	}

	// The record is lost between the click and the send.
	mend()
	a := p.pressAs(t.Context(), dana, VerbConfirm, id)
	spoil()
	a.Then(t.Context())
	if n := w.sim.Count("POST", "*"); n != 0 {
		t.Errorf("%d requests left unrecorded", n)
	}
	mend()
	p.start(t)
	if op, err := p.settle(t.Context(), id); err != nil || op.State != Done {
		t.Errorf("with the record back it is %+v, %v", op, err)
	}
}

// recordHolds compares what is on record of an operation that was confirmed
// once with what became of it.
func (w *world) recordHolds(ctx context.Context, op *Operation, sent int) error {
	lines, err := w.record(ctx, op.Name())
	if err != nil {
		return err
	}
	count := func(what string) int {
		n := 0
		for _, l := range lines {
			if l.What == what {
				n++
			}
		}
		return n
	}
	last := lines[len(lines)-1]
	switch {
	case count(audit.Asked) != 1, count(audit.Confirmed) != 1, count(audit.Sending) < sent,
		op.State.settled() != (count(audit.Ended) == 1 && last.What == audit.Ended && last.Outcome == string(op.State)),
		op.State == Parked && last.What != audit.Parked:
		return fmt.Errorf("ended as %s, sent %d times, and on record is %s", op.State, sent, story(lines))
	}
	return nil
}
