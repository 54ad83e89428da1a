package confirm

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/shopspring/decimal"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/syncro"
)

func noteOn(id int64) syncro.Write {
	return syncro.AddComment{TicketID: id, Subject: "Internal Note", Body: "Looked at the logs", Hidden: true, DoNotEmail: true}
}

func resolve(id int64) syncro.Write {
	return syncro.UpdateTicket{TicketID: id, Status: "Resolved", From: "New", To: "Resolved"}
}

// mustPropose is propose for tests that are about something else.
func (p *process) mustPropose(t *testing.T, ticketID int64, steps ...syncro.Write) (string, chat.Card) {
	t.Helper()
	id, card, err := p.propose(t.Context(), ticketID, steps...)
	if err != nil {
		t.Fatal(err)
	}
	return id, card
}

func contains(t *testing.T, c chat.Card, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(c.Plain(), w) {
			t.Errorf("the card does not say %q:\n%s", w, c.Plain())
		}
	}
}

func buttons(c chat.Card) string {
	var verbs []string
	for _, b := range c.Buttons {
		if b.Verb != "" {
			verbs = append(verbs, b.Verb)
		}
	}
	return strings.Join(verbs, " ")
}

func TestConfirmedIsSentOnceAndTheCardBecomesTheOutcome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, card := p.mustPropose(t, ticket.ID, noteOn(ticket.ID), resolve(ticket.ID))
	contains(t, card, "Confirm:", "Logged as: Dana Ruiz (Syncro user 4101)", "INTERNAL", "Looked at the logs", "Status: New → Resolved", "Valid until", "only Dana can press")
	if got := buttons(card); got != "confirm cancel raw" {
		t.Errorf("buttons %q", got)
	}
	if w.sim.Count("POST", "*") != 0 || w.sim.Count("POST", "/tickets/*/comment") != 0 {
		t.Error("something was sent before Confirm")
	}
	a := p.press(t.Context(), VerbConfirm, id)
	if a.Replace == nil || buttons(*a.Replace) != "" {
		t.Errorf("right after the click the card is %+v, want one without buttons", a.Replace)
	}
	contains(t, p.last(id), "Done and checked", "✓ 1 Comment: Internal Note", "✓ 2 Status: New → Resolved")
	now, _ := w.sim.Ticket(ticket.Number)
	if len(now.Comments) != 1 || now.Status != "Resolved" || now.Comments[0].UserID != 4101 {
		t.Errorf("Syncro has %d comments and status %s", len(now.Comments), now.Status)
	}

	// A second click shows the outcome and sends nothing.
	again := p.press(t.Context(), VerbConfirm, id)
	if again.Replace == nil {
		t.Fatal("the second click shows nothing")
	}
	contains(t, *again.Replace, "Done and checked")
	if n := w.sim.Count("POST", "/tickets/*/comment"); n != 1 {
		t.Errorf("%d comments were posted", n)
	}
}

func TestManyClicksAtOnceOnTwoReplicasSendOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.process().start(t), w.process().start(t)
	ticket := w.ticket()
	id, _ := a.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	var clicks sync.WaitGroup
	for i := range 20 {
		clicks.Go(func() {
			p := a
			if i%2 == 1 {
				p = b
			}
			p.press(t.Context(), VerbConfirm, id)
		})
	}
	clicks.Wait()
	if op, err := a.settle(t.Context(), id); err != nil || op.State != Done {
		t.Fatalf("%+v, %v", op, err)
	}
	if n := w.sim.Count("POST", "/tickets/*/comment"); n != 1 {
		t.Errorf("%d comments were posted", n)
	}
}

func TestSomebodyElsesClickChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	rob := dana
	rob.ID, rob.Name = "U0002", "Rob"
	elsewhere := dana
	elsewhere.Tenant = "T0002"
	for _, who := range []chat.User{rob, elsewhere} {
		for _, verb := range []string{VerbConfirm, VerbCancel, VerbRaw} {
			a := p.pressAs(t.Context(), who, verb, id)
			if a.Replace != nil || a.Then != nil || a.Aside == nil {
				t.Fatalf("%s by %s: %+v", verb, who.Key(), a)
			}
			contains(t, *a.Aside, "belongs to Dana", "Nothing was sent")
		}
	}
	if op, err := p.Store.get(t.Context(), id); err != nil || op.State != Asked {
		t.Errorf("the operation is %+v, %v", op, err)
	}
}

func TestForgedAndUnknownIdsAreExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	for _, id := range []string{"", "x", "*", newID(7), strings.Repeat("A", 5000), "0" + strings.Repeat("{", 31)} {
		for _, verb := range []string{VerbConfirm, VerbCancel, VerbRaw, VerbAgain} {
			a := p.press(t.Context(), verb, id)
			if a.Replace == nil {
				t.Fatalf("%s %q: %+v", verb, id, a)
			}
			contains(t, *a.Replace, "expired", "Nothing was sent")
		}
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	a := p.press(t.Context(), VerbCancel, id)
	contains(t, *a.Replace, "Cancelled", "Nothing was sent", "as typed")
	a = p.press(t.Context(), VerbConfirm, id)
	contains(t, *a.Replace, "Cancelled", "Nothing was sent")
	if w.sim.Count("POST", "/tickets/*/comment") != 0 {
		t.Error("a cancelled comment was posted")
	}
}

func TestAnUnconfirmedCardGoesWithItsTimeToLive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	p.TTL = 300 * time.Millisecond
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	for {
		if _, err := p.Store.get(t.Context(), id); err == errGone {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	a := p.press(t.Context(), VerbConfirm, id)
	contains(t, *a.Replace, "expired", "Nothing was sent")
	if cards, err := p.Pending(t.Context(), dana); err != nil || len(cards) != 0 {
		t.Errorf("pending: %d cards, %v", len(cards), err)
	}
}

func TestATicketThatMovedIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID), resolve(ticket.ID))
	if err := w.sim.Person(syncrosim.Act{Ticket: ticket.Number, Status: "Waiting on Customer"}); err != nil {
		t.Fatal(err)
	}
	p.press(t.Context(), VerbConfirm, id)
	asked := p.last(id)
	contains(t, asked, "Nothing was sent", "Waiting on Customer")
	if w.sim.Count("POST", "/tickets/*/comment")+w.sim.Count("PUT", "/tickets/*") != 0 {
		t.Error("sent though the ticket had moved")
	}
	next := asked.Buttons[0].Value
	if next == id {
		t.Error("the new card has the id of the old one, which may be used once")
	}
	a := p.press(t.Context(), VerbConfirm, id)
	if a.Then != nil {
		t.Error("the old card can still be confirmed")
	}
	p.press(t.Context(), VerbConfirm, next)
	contains(t, p.last(next), "Done and checked")
}

func TestWhatIsSoAlreadyIsNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	_, card := p.mustPropose(t, ticket.ID, syncro.UpdateTicket{TicketID: ticket.ID, Status: "New", From: "New", To: "New"})
	contains(t, card, "Nothing was sent", "so already")
	if len(card.Buttons) != 0 {
		t.Error("there is something to press")
	}

	// A colleague does it between the card and the click.
	id, _ := p.mustPropose(t, ticket.ID, resolve(ticket.ID))
	if err := w.sim.Person(syncrosim.Act{Ticket: ticket.Number, Status: "Resolved"}); err != nil {
		t.Fatal(err)
	}
	p.press(t.Context(), VerbConfirm, id)
	contains(t, p.last(id), "it was so already: nothing was sent")
	if w.sim.Count("PUT", "/tickets/*") != 0 {
		t.Error("sent though it was so already")
	}
}

func TestTheSameTextTwiceIsPointedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	p.press(t.Context(), VerbConfirm, id)
	second, card := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	contains(t, card, "is on the ticket already")
	p.press(t.Context(), VerbConfirm, second)
	contains(t, p.last(second), "Done and checked")
	if now, _ := w.sim.Ticket(ticket.Number); len(now.Comments) != 2 {
		t.Errorf("%d comments, want both that were confirmed", len(now.Comments))
	}
}

// A fail-over or a restored backup can make Redis forget what was saved last.
// The record says that nothing was sent; the pre-image on the card knows better.
func TestARedisThatForgotDoesNotSendTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID), resolve(ticket.ID))
	before, err := p.Store.rdb.Dump(t.Context(), opKey(id)).Result()
	if err != nil {
		t.Fatal(err)
	}
	p.press(t.Context(), VerbConfirm, id)
	if err := p.Store.rdb.RestoreReplace(t.Context(), opKey(id), time.Minute, before).Err(); err != nil {
		t.Fatal(err)
	}
	p.press(t.Context(), VerbConfirm, id)
	contains(t, p.last(id), "it was so already: nothing was sent")
	if n := w.sim.Count("POST", "/tickets/*/comment"); n != 1 {
		t.Errorf("%d comments were posted", n)
	}
}

func TestAStepInDoubtIsLookedForAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process().start(t)
	ticket := w.ticket()
	w.sim.Fault(syncrosim.Fault{Kind: syncrosim.CommitThenReset, Method: "POST", Path: "/tickets/*/comment"})
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID), resolve(ticket.ID))
	p.press(t.Context(), VerbConfirm, id)
	contains(t, p.last(id), "It was sent once", "I do not send it again")
	if op, err := p.settle(t.Context(), id); err != nil || op.State != Done {
		t.Fatalf("%+v, %v", op, err)
	}
	if n := w.sim.Count("POST", "/tickets/*/comment"); n != 1 {
		t.Errorf("%d comments were posted", n)
	}
	if now, _ := w.sim.Ticket(ticket.Number); now.Status != "Resolved" {
		t.Errorf("status %s", now.Status)
	}
}

func TestWhatOnlyAPersonCanTellIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process().start(t)
	ticket := w.ticket()
	w.sim.Fault(syncrosim.Fault{Kind: syncrosim.ResetBeforeCommit, Method: "POST", Path: "/tickets/*/comment"})
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	// While the answer is missing, the same person writes nearly the same by hand.
	p.press(t.Context(), VerbConfirm, id)
	if err := w.sim.Person(syncrosim.Act{Ticket: ticket.Number, UserID: 4101, Comment: "Looked at the logs. Nothing found.", Subject: "Internal Note", Hidden: true}); err != nil {
		t.Fatal(err)
	}
	op, err := p.settle(t.Context(), id)
	if err != nil || op.Steps[0].State != Unclear {
		t.Fatalf("%+v, %v", op, err)
	}
	card := op.card(false)
	contains(t, card, "only a person can tell")
	if got := buttons(card); got != "look there again stop" {
		t.Errorf("buttons %q", got)
	}
	// It is not theirs: send. As it may still arrive it is looked for first.
	a := p.press(t.Context(), VerbAgain, id)
	contains(t, *a.Replace, "I ask again when it cannot any more")
	if op, err = p.settle(t.Context(), id); err != nil || op.Steps[0].State != Absent {
		t.Fatalf("%+v, %v", op, err)
	}
	p.press(t.Context(), VerbAgain, id)
	if op, err = p.settle(t.Context(), id); err != nil || op.State != Done {
		t.Fatalf("%+v, %v", op, err)
	}
	if now, _ := w.sim.Ticket(ticket.Number); len(now.Comments) != 2 {
		t.Errorf("%d comments", len(now.Comments))
	}
}

func TestOnePersonsWordIsNotCalledChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process().start(t)
	ticket := w.ticket()
	w.sim.Fault(syncrosim.Fault{Kind: syncrosim.ResetBeforeCommit, Method: "POST", Path: "/tickets/*/comment"})
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	p.press(t.Context(), VerbConfirm, id)
	if op, err := p.settle(t.Context(), id); err != nil || op.Steps[0].State != Absent {
		t.Fatalf("%+v, %v", op, err)
	}
	p.press(t.Context(), VerbThere, id)
	contains(t, p.last(id), "your word I could not check")
}

func TestTwoOperationsOnOneTicketDoNotMix(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process().start(t)
	ticket := w.ticket()
	first, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	second, _ := p.mustPropose(t, ticket.ID, resolve(ticket.ID))
	w.sim.Fault(syncrosim.Fault{Kind: syncrosim.Slow, Method: "POST", Path: "/tickets/*/comment", Delay: 200 * time.Millisecond})
	a := p.pressAs(t.Context(), dana, VerbConfirm, first)
	busy := p.press(t.Context(), VerbConfirm, second)
	if busy.Aside == nil || busy.Then != nil {
		t.Fatalf("the second operation began: %+v", busy)
	}
	contains(t, *busy.Aside, "is being changed right now", "Nothing was sent")
	a.Then(t.Context())
	// Now it may, and finds that the ticket has moved.
	p.press(t.Context(), VerbConfirm, second)
	contains(t, p.last(second), "changed after the card was drawn")
}

func TestAnotherPersonBehindTheKeyStopsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	p.People = func(context.Context, string) (Actor, error) {
		return Actor{Name: "dana", FullName: "Rob Ames", UserID: 4107, Key: syncro.NewKey(danaKey)}, nil
	}
	p.press(t.Context(), VerbConfirm, id)
	contains(t, p.last(id), "Nothing was sent", "answers as Syncro user 4107")
	if w.sim.Count("POST", "/tickets/*/comment") != 0 {
		t.Error("sent under another name than the card showed")
	}
}

// The configuration makes the author another technician: nothing more goes out in
// the name on their cards.
func TestWhoBecameAnotherTechnician(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	p.Acts = func(who chat.User, technician string) bool { return who.Key() != dana.Key() || technician != "dana" }
	p.press(t.Context(), VerbConfirm, id)
	contains(t, p.last(id), "Nothing was sent.", "does not act as dana any more")
	if w.sim.Count("POST", "/tickets/*/comment") != 0 {
		t.Error("sent in a name that is not theirs any more")
	}
}

func TestWithoutRedisNothingIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	w.redis.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	a := p.press(ctx, VerbConfirm, id)
	if a.Aside == nil || a.Then != nil {
		t.Fatalf("%+v", a)
	}
	contains(t, *a.Aside, "Nothing was sent")
	w.redis.Restart()
	p.press(t.Context(), VerbConfirm, id)
	contains(t, p.last(id), "Done and checked")
	if n := w.sim.Count("POST", "/tickets/*/comment"); n != 1 {
		t.Errorf("%d comments were posted", n)
	}
}

func TestPendingShowsWhatIsUnsettledUntilItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	one, two := w.ticket(), w.ticket()
	id, _ := p.mustPropose(t, one.ID, noteOn(one.ID))
	p.mustPropose(t, two.ID, noteOn(two.ID))
	if cards, err := p.Pending(t.Context(), dana); err != nil || len(cards) != 2 {
		t.Fatalf("%d cards, %v", len(cards), err)
	}
	p.press(t.Context(), VerbConfirm, id)
	if cards, err := p.Pending(t.Context(), dana); err != nil || len(cards) != 1 {
		t.Errorf("%d cards, %v", len(cards), err)
	}
	rob := dana
	rob.ID = "U0002"
	if cards, err := p.Pending(t.Context(), rob); err != nil || len(cards) != 0 {
		t.Errorf("somebody else sees %d of the cards, %v", len(cards), err)
	}
}

func TestARepeatedDeliveryIsSeenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.process().Store
	for i, want := range []bool{true, false, false} {
		if first, err := s.First(t.Context(), "slack:abc"); err != nil || first != want {
			t.Errorf("delivery %d: %t, %v", i+1, first, err)
		}
	}
}

func TestTheCardShowsExactlyWhatIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	a := p.press(t.Context(), VerbRaw, id)
	contains(t, *a.Replace, "POST /api/v1/tickets/", `"body": "Looked at the logs"`, `"hidden": true`)
	if got := buttons(*a.Replace); got != "confirm cancel hide" {
		t.Errorf("buttons %q", got)
	}
	a = p.press(t.Context(), VerbHide, id)
	if strings.Contains(a.Replace.Plain(), "POST") {
		t.Error("the JSON is still shown")
	}
}

// A process may die right after a click was taken and before anything of it
// was done. What the click decided must hold: only "send again" sends.
func TestADecisionOutlivesTheProcessThatTookIt(t *testing.T) {
	t.Parallel()
	for verb, sent := range map[string]int{VerbLook: 1, VerbThere: 1, VerbStop: 1, VerbAgain: 2, VerbContinue: 1, "nonsense": 1} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.process().start(t)
			ticket := w.ticket()
			w.sim.Fault(syncrosim.Fault{Kind: syncrosim.ResetBeforeCommit, Method: "POST", Path: "/tickets/*/comment"})
			id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
			p.press(t.Context(), VerbConfirm, id)
			if op, err := p.settle(t.Context(), id); err != nil || op.Steps[0].State != Absent {
				t.Fatalf("%+v, %v", op, err)
			}
			p.pressAs(t.Context(), dana, verb, id) // and dies: what the answer would go on with never runs
			op, err := p.settle(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if n := w.sim.Count("POST", "/tickets/*/comment"); n != sent {
				t.Errorf("sent %d times, want %d; it is %s/%s", n, sent, op.State, op.Steps[0].State)
			}
			if verb == VerbStop && op.State != Stopped {
				t.Errorf("stopped, and it is %s", op.State)
			}
		})
	}
}

// The answer to a save can be lost though the save was done. The next save of
// the same holder counts all the same.
func TestASaveAfterALostAnswerCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	op, err := p.Store.get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	p.decide(op, VerbConfirm)
	_, op, err = p.Store.claim(t.Context(), op, dana, Asked, "", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	unheard := *op
	if err := p.Store.save(t.Context(), &unheard, time.Minute, 0); err != nil {
		t.Fatal(err)
	}
	op.State, op.Title = Parked, "the second save"
	if err := p.Store.save(t.Context(), op, 0, 0); err != nil {
		t.Fatal(err)
	}
	now, err := p.Store.get(t.Context(), id)
	if err != nil || now.State != Parked || now.Title != "the second save" || now.version != op.version {
		t.Errorf("%+v, %v", now, err)
	}
	if err := p.Store.save(t.Context(), &unheard, 0, 0); err != errFenced {
		t.Errorf("a save of before: %v", err)
	}
}

func TestARecordThatIsLostIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID), resolve(ticket.ID))
	w.sim.Fault(syncrosim.Fault{Kind: syncrosim.Slow, Method: "POST", Path: "/tickets/*/comment", Delay: 200 * time.Millisecond})
	a := p.pressAs(t.Context(), dana, VerbConfirm, id)
	go func() {
		for w.sim.Count("POST", "/tickets/*/comment") == 0 {
			time.Sleep(time.Millisecond)
		}
		p.Store.rdb.FlushDB(context.Background())
	}()
	a.Then(t.Context())
	contains(t, p.last(id), "Step 1 was done", "lost the record", "look at the ticket first")
	if w.sim.Count("PUT", "/tickets/*") != 0 {
		t.Error("it went on without a record")
	}
}

// TestACardIsNotLeftBehindItsRecord: a process that dies between the last save
// and the drawing, and a platform that takes the drawing only the second time.
func TestACardIsNotLeftBehindItsRecord(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]func(p, other *process){
		"the process dies":         func(p, _ *process) { p.death.plan(2, false) },
		"the platform is away":     func(p, other *process) { away(3, p, other) },
		"it is away when it parks": func(p, other *process) { away(3, p, other); p.People = nobody },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p, other := w.process(), w.process()
			ticket := w.ticket()
			id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
			plan(p, other)
			p.press(t.Context(), VerbConfirm, id)
			if got := p.last(id).Plain(); got != "" {
				t.Fatalf("the card says: %s", got)
			}
			other.start(t)
			op, err := other.Store.get(t.Context(), id)
			if err != nil || op.State == Running {
				t.Fatalf("%+v, %v", op, err)
			}
			until(t, "the card shows how it stands", func() bool {
				return other.last(id).Plain() == op.card(false).Plain()
			})
			until(t, "nothing is due any more", func() bool {
				n, err := w.redis.Client().ZCard(t.Context(), dueKey(id)).Result()
				return err == nil && n == 0
			})
			if now, err := other.Store.get(t.Context(), id); err != nil || now.State != op.State || now.version != op.version {
				t.Errorf("drawing changed the record to %+v, %v", now, err)
			}
		})
	}
}

// TestAPlatformThatTakesItsTime: the lease is let go before the outcome is
// drawn, and that does not cut the drawing short.
func TestAPlatformThatTakesItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	do, tries := p.Redraw, 0
	p.Redraw = func(ctx context.Context, u chat.User, ref chat.Ref, c chat.Card) error {
		tries++
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(testLease * 3 / 4):
			return do(ctx, u, ref, c)
		}
	}
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	p.press(t.Context(), VerbConfirm, id)
	contains(t, p.last(id), "Done and checked")
	if tries != 1 {
		t.Errorf("drawn %d times", tries)
	}
}

func nobody(context.Context, string) (Actor, error) { return Actor{}, errors.New("nobody") }

// away makes the platform of the processes refuse so many drawings.
func away(times int64, processes ...*process) {
	var tries atomic.Int64
	for _, p := range processes {
		do := p.Redraw
		p.Redraw = func(ctx context.Context, u chat.User, ref chat.Ref, c chat.Card) error {
			if tries.Add(1) <= times {
				return errors.New("the platform is away")
			}
			return do(ctx, u, ref, c)
		}
	}
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// TestACopyOfARunningCardCanBeAskedAnew: "pending" shows what is worked on, and
// that copy is not redrawn when it is done.
func TestACopyOfARunningCardCanBeAskedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, other := w.process(), w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	p.death.plan(1, false)
	p.press(t.Context(), VerbConfirm, id)
	cards, err := other.Pending(t.Context(), dana)
	if err != nil || len(cards) != 1 {
		t.Fatalf("%d cards, %v", len(cards), err)
	}
	contains(t, cards[0], "Confirmed. Sending", "As it stood at", "drawn on its first card")
	if got := buttons(cards[0]); got != "show" {
		t.Errorf("buttons %q", got)
	}
	contains(t, *other.press(t.Context(), VerbShow, id).Replace, "Confirmed. Sending", "As it stood at")
	other.start(t)
	if _, err := other.settle(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	now := other.press(t.Context(), VerbShow, id).Replace
	if strings.Contains(now.Plain(), "As it stood") || buttons(*now) != buttons(other.last(id)) {
		t.Errorf("the copy says: %s", now.Plain())
	}
}

// TestTheOutcomeHasADrawingLeft: Slack lets a click's card be replaced five
// times, and the click's own answer is the first.
func TestTheOutcomeHasADrawingLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process().start(t)
	ticket := w.ticket()
	for _, path := range []string{"/tickets/*/comment", "/tickets/*/add_line_item", "/tickets/*"} {
		w.sim.Fault(syncrosim.Fault{Kind: syncrosim.CommitThenReset, Path: path, Method: map[bool]string{true: "PUT", false: "POST"}[path == "/tickets/*"]})
	}
	line := syncro.AddLine{TicketID: ticket.ID, ProductID: 1190473, Name: "Labor - Remote Business", Description: "Rekeyed", Quantity: "0.5", Price: "150"}
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID), line, resolve(ticket.ID))
	p.press(t.Context(), VerbConfirm, id)
	if op, err := p.settle(t.Context(), id); err != nil || op.State != Done {
		t.Fatalf("%+v, %v", op, err)
	}
	until(t, "the outcome is drawn", func() bool { return strings.Contains(p.last(id).Plain(), "Done and checked") })
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.drawn[chat.Ref("card of "+id)]); n > 4 {
		t.Errorf("the card was drawn %d times after the click's answer", n)
	}
}

// A person says that what was found is not theirs while the step may still be
// on its way: it is looked for until it cannot arrive any more, and not sent
// beside the one that is.
func TestNotTheirsIsNotSentBeforeTheQuarantineIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process().start(t)
	ticket := w.ticket()
	w.sim.Fault(syncrosim.Fault{Kind: syncrosim.LateCommit, Method: "POST", Path: "/tickets/*/comment", Delay: lateness})
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	w.whenWritten(func() {
		if err := w.sim.Person(syncrosim.Act{Ticket: ticket.Number, UserID: 4101, Comment: "Looked at the logs. Nothing found.", Subject: "Internal Note", Hidden: true}); err != nil {
			t.Error(err)
		}
	})
	p.press(t.Context(), VerbConfirm, id)
	op, err := p.settle(t.Context(), id)
	if err != nil || op.Steps[0].State != Unclear {
		t.Fatalf("%+v, %v", op, err)
	}
	p.press(t.Context(), VerbAgain, id)
	if op, err = p.settle(t.Context(), id); err != nil || op.State != Done {
		t.Fatalf("%+v, %v", op, err)
	}
	if n := w.sim.Count("POST", "/tickets/*/comment"); n != 1 {
		t.Errorf("%d comments were sent, and the first one arrived", n)
	}
}

// The clock of the process that takes over is not that of the one that sent:
// how long a step was looked for is told by Redis' clock alone.
func TestAbsentWhateverTheClocksSay(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"ahead": time.Hour, "behind": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p, other := w.process(), w.process()
			other.Now = func() time.Time { return time.Now().Add(ahead) }
			other.start(t)
			ticket := w.ticket()
			late := w.sim.Fault(syncrosim.Fault{Kind: syncrosim.LateCommit, Method: "POST", Path: "/tickets/*/comment", Delay: lateness})
			id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
			p.press(t.Context(), VerbConfirm, id)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if op, err := other.settle(ctx, id); err != nil || op.State != Done {
				t.Fatalf("it arrived late, and is called %+v, %v", op, err)
			}
			late.Remove()
			w.sim.Fault(syncrosim.Fault{Kind: syncrosim.ResetBeforeCommit, Method: "POST", Path: "/tickets/*/comment"})
			id, _ = p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
			p.press(t.Context(), VerbConfirm, id)
			if op, err := other.settle(ctx, id); err != nil || op.Steps[0].State != Absent {
				t.Errorf("it never arrived, and is called %+v, %v", op, err)
			}
		})
	}
}

// A Syncro that keeps no emoji, as a database of old does: the text that came
// back is not the one that was sent, but the answer names the record. It is
// never called absent, and never sent again without a person seeing that.
func TestWhatTheAnswerNamesIsNotCalledAbsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	api := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			stored := strings.ReplaceAll(string(body), "👍", "?")
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(stored)), int64(len(stored))
		}
		w.sim.ServeHTTP(rw, r)
	}))
	t.Cleanup(api.Close)
	w.url = api.URL
	p := w.process().start(t)
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, syncro.AddComment{TicketID: ticket.ID, Subject: "Internal Note", Body: "Works 👍", Hidden: true}, resolve(ticket.ID))
	p.press(t.Context(), VerbConfirm, id)
	op, err := p.settle(t.Context(), id)
	now, _ := w.sim.Ticket(ticket.Number)
	if err != nil || len(now.Comments) != 1 || op.Steps[0].State != Unclear || len(op.Steps[0].Found) != 1 || op.Steps[0].Found[0] != now.Comments[0].ID {
		t.Fatalf("%+v, %v, and Syncro has %+v", op, err, now.Comments)
	}
	contains(t, op.card(false), "only a person can tell", "a record that is not as it was sent")
	p.press(t.Context(), VerbThere, id)
	contains(t, p.last(id), "Done at")
	if n := w.sim.Count("POST", "/tickets/*/comment"); n != 1 {
		t.Errorf("%d comments were posted", n)
	}
}

// What a write follows from is changed by somebody between the card and the
// click, and the ticket's own time does not tell: nothing in Syncro's
// documentation says that it would.
func TestAChangeThatDoesNotMoveTheTicketIsSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		write  func(syncrosim.Ticket) syncro.Write
		change func(*syncrosim.Data, *syncrosim.Ticket)
		told   string
	}{
		"a price that an invoice would have": {
			func(k syncrosim.Ticket) syncro.Write {
				return syncro.CreateInvoice{TicketID: k.ID, CustomerID: k.CustomerID, Category: "Standard", Lines: []syncro.Charge{{ProductID: 26118, Name: "Labor - Onsite Business", Quantity: "1", Price: "175"}}}
			},
			func(_ *syncrosim.Data, k *syncrosim.Ticket) { k.Lines[0].Price = decimal.NewFromInt(200) }, "a charge was changed",
		},
		"a price that would be put back": {
			func(k syncrosim.Ticket) syncro.Write {
				return syncro.UpdateLine{TicketID: k.ID, LineID: k.Lines[0].ID, Name: k.Lines[0].Name, Description: k.Lines[0].Description, Quantity: "2", Price: "175"}
			},
			func(_ *syncrosim.Data, k *syncrosim.Ticket) { k.Lines[0].Price = decimal.NewFromInt(200) }, "a charge was changed",
		},
		"hours that would be charged": {
			func(k syncrosim.Ticket) syncro.Write {
				return syncro.ChargeTimer{TicketID: k.ID, TimerID: k.Timers[0].ID, What: "0:30 from Mon 23 Nov"}
			},
			func(_ *syncrosim.Data, k *syncrosim.Ticket) { k.Timers[0].End = k.Timers[0].End.Add(2 * time.Hour) }, "a timer was changed",
		},
		"whom Syncro writes to": {
			func(k syncrosim.Ticket) syncro.Write {
				return syncro.AddComment{TicketID: k.ID, Subject: "Update", Body: "All is well.", EmailTo: "amy@harbordental.example"}
			},
			func(d *syncrosim.Data, k *syncrosim.Ticket) {
				for i := range d.Customers {
					if d.Customers[i].ID == k.CustomerID {
						d.Customers[i].Email = "new@harbordental.example"
					}
				}
			}, "the address for e-mail is now new@harbordental.example",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.process()
			ticket := w.ticket()
			id, _ := p.mustPropose(t, ticket.ID, c.write(ticket))
			w.sim.Change(func(d *syncrosim.Data) {
				for i := range d.Tickets {
					if d.Tickets[i].ID == ticket.ID {
						c.change(d, &d.Tickets[i])
					}
				}
			})
			p.press(t.Context(), VerbConfirm, id)
			contains(t, p.last(id), "Nothing was sent", c.told)
			for _, r := range w.sim.Requests() {
				if r.Method != http.MethodGet {
					t.Errorf("%s %s was sent", r.Method, r.Path)
				}
			}
		})
	}
}

// A bill that paused before its invoice is compared with the ticket anew,
// wherever it paused.
func TestAnInvoiceAfterAPauseFitsItsTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	labor := syncro.AddLine{TicketID: ticket.ID, ProductID: 1190473, Name: "Labor - Remote Business", Description: "Rekeyed", Quantity: "0.5", Price: "150"}
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID), labor, syncro.CreateInvoice{
		TicketID: ticket.ID, CustomerID: ticket.CustomerID, Category: "Standard", Lines: []syncro.Charge{
			{ProductID: 26118, Name: "Labor - Onsite Business", Quantity: "1", Price: "175"}, {ProductID: 1190473, Name: labor.Name, Quantity: "0.5", Price: "150"},
		},
	})
	w.sim.Fault(syncrosim.Fault{Kind: syncrosim.Unauthorized, Method: "POST", Path: "/tickets/*/add_line_item"})
	p.press(t.Context(), VerbConfirm, id)
	contains(t, p.last(id), "Step 1 was done. Step 2 was not sent.")
	if err := w.sim.Edit(ticket.Number, func(k *syncrosim.Ticket) { k.Lines = append(k.Lines, k.Lines[0]) }); err != nil {
		t.Fatal(err)
	}
	p.press(t.Context(), VerbContinue, id)
	contains(t, p.last(id), "Steps 1 to 2 were done. Step 3 was not sent.", "the ticket's charges are by now")
	if n := w.sim.Count("POST", "/invoices"); n != 0 {
		t.Error("an invoice of somebody else's work was made")
	}
}

// TestWhoSeesNothingDoesNotSayItIsNotThere: looks that fail are no looks, and
// however many there are, what was sent is not offered to be sent again.
func TestWhoSeesNothingDoesNotSayItIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process().start(t)
	ticket := w.ticket()
	path := syncro.TicketPath(ticket.ID)
	w.sim.Fault(syncrosim.Fault{Kind: syncrosim.CommitThenReset, Method: "POST", Path: path + "/comment"})
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	blind := w.sim.Fault(syncrosim.Fault{Kind: syncrosim.Error500, Method: "GET", Path: path, Skip: 1, Times: -1}) // all but the look before the send
	p.press(t.Context(), VerbConfirm, id)
	if n := w.sim.Count("POST", path+"/comment"); n != 1 {
		t.Fatalf("%d comments were posted", n)
	}
	var op *Operation
	for deadline := time.Now().Add(30 * time.Second); op == nil || op.Steps[0].Looks < len(testLooks)+3; time.Sleep(5 * time.Millisecond) {
		var err error
		if op, err = p.Store.get(t.Context(), id); err != nil || op.Steps[0].State != Sending || time.Now().After(deadline) {
			t.Fatalf("%+v, %v", op, err)
		}
	}
	blind.Remove()
	if op, err := p.settle(t.Context(), id); err != nil || op.State != Done {
		t.Errorf("%+v, %v", op, err)
	}
	if n := w.sim.Count("POST", path+"/comment"); n != 1 {
		t.Errorf("%d comments were posted", n)
	}
}

// What is paid by the time of the click is not deleted. And where it is paid in
// the last moment, Syncro answers 200 and deletes nothing: the card does not say
// that it is gone.
func TestAnInvoiceThatStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	w.sim.Change(func(d *syncrosim.Data) {
		d.Invoices = append(d.Invoices, syncrosim.Invoice{Number: "67501", TicketID: ticket.ID, CustomerID: ticket.CustomerID})
	})
	deletion := syncro.DeleteInvoice{InvoiceID: w.sim.Invoices(ticket.Number)[0].ID}
	early, _ := p.mustPropose(t, ticket.ID, deletion)
	id, _ := p.mustPropose(t, ticket.ID, deletion)
	change := func(paid bool) {
		w.sim.Change(func(d *syncrosim.Data) { d.Invoices[len(d.Invoices)-1].Paid = paid })
	}
	change(true)
	p.press(t.Context(), VerbConfirm, early)
	contains(t, p.last(early), "Nothing was sent.", "the invoice is paid by now")
	change(false)
	w.whenWritten(func() { change(true) })
	p.press(t.Context(), VerbConfirm, id)
	contains(t, p.last(id), "Syncro took step 1, and what is there now is not seen to be right.", "Please look at it in Syncro")
	if got := buttons(p.last(id)); got != "look stop" {
		t.Errorf("buttons %q", got)
	}
	if len(w.sim.Invoices(ticket.Number)) != 1 {
		t.Error("it is gone")
	}
}

// goesAfter lets the time of an operation end after a command that read it.
type goesAfter struct{ key string }

func (goesAfter) DialHook(next redis.DialHook) redis.DialHook { return next }
func (goesAfter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (g goesAfter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if cmd.Name() == "hmget" {
			_ = next(ctx, redis.NewIntCmd(ctx, "del", g.key))
		}
		return err
	}
}

// TestExpiresDuringAClick: that is no fault of Redis'.
func TestExpiresDuringAClick(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, verb := range []string{VerbConfirm, VerbLook, VerbCancel} {
		p := w.process()
		ticket := w.ticket()
		id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
		p.Store.rdb.(*redis.Client).AddHook(goesAfter{opKey(id)})
		a := p.pressAs(t.Context(), dana, verb, id)
		if a.Replace == nil || a.Replace.Title != "This card has expired" || a.Then != nil {
			t.Errorf("%s: %+v", verb, a)
		}
	}
}

// TestWhatWasTypedIsTheAuthors: it outlives its card, for them alone, unless
// they cancelled it.
func TestWhatWasTypedIsTheAuthors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	if err := p.Store.rdb.Del(t.Context(), opKey(id)).Err(); err != nil { // its time is over
		t.Fatal(err)
	}
	other := chat.User{Platform: "slack", Tenant: "T0001", ID: "U0OTHER"}
	if _, after, err := p.Kept(t.Context(), other, id); err != nil || len(after) != 0 {
		t.Errorf("another is given %+v, %v", after, err)
	}
	if a := p.pressAs(t.Context(), other, VerbConfirm, id); a.Replace == nil || strings.Contains(a.Replace.Plain(), "as typed") {
		t.Errorf("another is shown %+v", a.Replace)
	}
	if _, after, err := p.Kept(t.Context(), dana, id); err != nil || len(after) != 1 || after[0].Line != "as typed" {
		t.Errorf("its author is given %+v, %v", after, err)
	}
	id, _ = p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	p.press(t.Context(), VerbCancel, id)
	if n, err := p.Store.rdb.Exists(t.Context(), typedKey(id)).Result(); err != nil || n != 0 {
		t.Errorf("cancelled, and what was typed is kept: %d, %v", n, err)
	}
}
