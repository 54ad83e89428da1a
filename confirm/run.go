package confirm

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/syncrobot/syncrobot/audit"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// Run settles, until ctx ends, what nobody works on: steps in doubt whose
// next look is due, operations that Syncro's limit put off, and those whose
// process died. Every replica runs it.
func (e *Engine) Run(ctx context.Context) {
	tick := time.NewTicker(e.Looks[0])
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ids, err := e.Store.due(ctx)
		if err != nil {
			if ctx.Err() == nil {
				e.Log.Error("the operations that are due could not be read", "error", err)
			}
			continue
		}
		for _, id := range ids {
			e.Work.Start(ctx, func(ctx context.Context) { e.resume(ctx, id) })
		}
	}
}

// resume goes on with an operation that is due, if nobody else does.
func (e *Engine) resume(ctx context.Context, id string) {
	op, err := e.Store.take(ctx, id, e.Lease)
	if err != nil {
		e.Log.Error("an operation could not be taken over", "error", err)
		return
	}
	if op == nil {
		return
	}
	if op.State != Running {
		e.drawAtRest(ctx, op)
		return
	}
	e.log(op, "resumed")
	op.NextTry = time.Time{}
	e.run(ctx, op)
}

// run works on an operation that this process holds, as far as it gets.
func (e *Engine) run(ctx context.Context, op *Operation) {
	ctx, span := spanned(ctx, "operation "+op.kind(), attribute.String("syncrobot.op", op.Name()), attribute.Int64("syncrobot.ticket", op.Ticket.Number))
	defer func() {
		span.SetAttributes(attribute.String("syncrobot.state", string(op.State)))
		span.End()
	}()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	holding := make(chan struct{})
	go func() {
		defer close(holding)
		e.hold(ctx, cancel, op.ID, op.holder, lockKey(op))
	}()
	r := &runner{Engine: e, op: op}
	r.steps(syncro.OnWait(ctx, func(wait time.Duration) { r.busy(ctx, wait) }))
	cancel(nil)
	<-holding
}

// spanned begins a span of the trace that ctx belongs to; of a new one where
// it belongs to none, as when an operation is taken over.
func spanned(ctx context.Context, name string, more ...attribute.KeyValue) (context.Context, trace.Span) {
	return trace.SpanFromContext(ctx).TracerProvider().Tracer("syncrobot/confirm").Start(ctx, name, trace.WithAttributes(more...))
}

// hold renews the lease until ctx ends, and ends ctx when the lease is lost:
// whoever has it now goes on.
func (e *Engine) hold(ctx context.Context, lost context.CancelCauseFunc, id, holder, lock string) {
	tick := time.NewTicker(e.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if errors.Is(e.Store.renew(ctx, id, holder, lock, e.Lease), errFenced) {
				lost(errFenced)
			}
		}
	}
}

// runner is one process's work on one operation.
type runner struct {
	*Engine
	op     *Operation
	actor  Actor
	reader *syncro.Reader
	ticket *syncro.Ticket // as read by this run, nil before
	readAt time.Time

	// compared: this run found the ticket as it was on the card before it sent
	// anything, so what it has now is what this run added.
	compared bool
	// checked: this run looked a moment ago at what the step before made.
	checked bool
}

// fresh is how long one reading of the ticket serves the steps of one run:
// the steps follow each other within it, and 180 requests a minute are scarce.
const fresh = 10 * time.Second

// steps takes the operation's steps in their order, until all are done or one
// needs time or a person.
func (r *runner) steps(ctx context.Context) {
	actor, err := r.People(ctx, r.op.As.Name)
	if err == nil && actor.UserID != r.op.As.UserID {
		err = &ActorError{Want: r.op.As, Got: actor}
	}
	if err != nil {
		r.heldUp(ctx, err)
		return
	}
	r.actor = actor
	r.reader = r.Syncro.Reader(actor.Key, syncro.ClassClick)
	for step := r.op.current(); step != nil; step = r.op.current() {
		if !r.step(ctx, step) {
			return
		}
	}
	r.settleTimer(ctx)
	r.op.State, r.op.Ended = Done, r.Now()
	r.end(ctx)
}

// settleTimer ends the running timer whose time was billed. That it was billed
// stands in any case.
func (r *runner) settleTimer(ctx context.Context) {
	if r.op.Timer == "" {
		return
	}
	said, err := r.Settle(ctx, r.op.As.Name, r.op.Timer)
	if err != nil {
		r.log(r.op, "done, but its timer not settled", "error", err)
		said = "Your timer on this ticket could not be settled: end it with “stop”, and discard it."
	}
	r.op.Notes = append(r.op.Notes, said)
}

// step takes one step as far as it gets now, and reports whether it landed.
func (r *runner) step(ctx context.Context, step *Step) bool {
	ctx, span := spanned(ctx, "step "+step.Kind)
	defer func() {
		span.SetAttributes(attribute.String("syncrobot.state", string(step.State)))
		span.End()
	}()
	w, err := r.op.write(step)
	if err != nil {
		r.heldUp(ctx, err)
		return false
	}
	switch step.State {
	case Waiting, Sending:
	case Checking:
		return r.check(ctx, step, w)
	default:
		r.park(ctx, 0) // only its author's decision gets it out of such a state
		return false
	}
	evidence := w.Evidence(r.op.As.author())
	sight, err := r.look(ctx, evidence)
	if err != nil {
		r.heldUp(ctx, err)
		return false
	}
	what, ids := judge(evidence.Effect, step.Before, sight)
	switch {
	case what == happened:
		if len(ids) == 1 {
			step.ID = ids[0]
		}
		if step.State == Waiting {
			step.Why = "it was so already: nothing was sent by this click"
		} else {
			step.Why = "Syncro's answer was lost: looked for, and found"
			r.Observe("doubt", step.Kind, "found")
			if n, ok := w.(syncro.Noted); ok && r.ticket != nil {
				r.note(n.Note(r.ticket.Raw))
			}
		}
		r.name(ctx, step, w)
		r.op.noteFound(step, Landed)
		return r.happened(ctx, step, w)
	case what == several:
		step.State, step.Found = Twice, ids
		step.Why = "it is there more than once: " + listed(ids)
		r.op.noteFound(step, step.State)
		r.park(ctx, 0)
		return false
	case what == doubtful:
		step.State, step.Found = Unclear, ids
		step.Why = "something like it is there: " + listed(ids)
		r.op.noteFound(step, step.State)
		r.park(ctx, 0)
		return false
	case step.State == Sending && step.Other != 0 && slices.Contains(sight.All, step.Other) && !slices.Contains(step.Before.All, step.Other):
		step.State, step.Found = Unclear, []int64{step.Other}
		step.Why = "Syncro answered with a record that is not as it was sent: " + listed(step.Found)
		r.op.noteFound(step, step.State)
		r.park(ctx, 0)
		return false
	case step.State == Sending:
		r.lookLater(ctx, step, nil)
		return false
	}
	return r.send(ctx, step, w)
}

// name finds out what people call a record that was found by its id, unless
// the check that comes next will tell.
func (r *runner) name(ctx context.Context, step *Step, w syncro.Write) {
	named, ok := w.(syncro.Named)
	if _, checked := w.(syncro.Checked); !ok || checked || step.ID == 0 {
		return
	}
	at := syncro.Evidence{Path: named.At(step.ID), Read: func([]byte) (syncro.Sight, error) { return syncro.Sight{}, nil }}
	if _, err := r.reader.Look(ctx, naming(step, w, at)); err != nil {
		r.log(r.op, "found, and what people call it could not be read", "error", err)
	}
}

// naming reads the record's name along with the evidence, whose body is the
// record.
func naming(step *Step, w syncro.Write, ev syncro.Evidence) syncro.Evidence {
	named, ok := w.(syncro.Named)
	if !ok || step.Name != "" {
		return ev
	}
	read := ev.Read
	ev.Read = func(body []byte) (syncro.Sight, error) {
		step.Name = named.Name(body)
		return read(body)
	}
	return ev
}

// look is what the evidence shows now. One reading of the ticket serves the
// steps that follow each other; a step that may have been sent is always
// looked for anew.
func (r *runner) look(ctx context.Context, ev syncro.Evidence) (syncro.Sight, error) {
	if r.op.Ticket.ID == 0 || ev.Path != syncro.TicketPath(r.op.Ticket.ID) {
		return r.reader.Look(ctx, ev)
	}
	if r.ticket == nil || r.Now().Sub(r.readAt) > fresh || r.op.current().State == Sending {
		err := r.readTicket(ctx)
		if e, ok := errors.AsType[*syncro.Error](err); ok && e.Kind == syncro.NotFound && ev.Missing != nil {
			return *ev.Missing, nil
		}
		if err != nil {
			return syncro.Sight{}, err
		}
	}
	return ev.Read(r.ticket.Raw)
}

func (r *runner) readTicket(ctx context.Context) error {
	t, err := r.reader.Ticket(ctx, r.op.Ticket.ID)
	if err == nil {
		r.ticket, r.readAt = &t, r.Now()
	}
	return err
}

// send sends a step that was not sent and is not there, once.
func (r *runner) send(ctx context.Context, step *Step, w syncro.Write) bool {
	first := !r.op.Began
	if first && r.op.Ticket.ID != 0 && r.ticket == nil {
		if err := r.readTicket(ctx); err != nil {
			r.heldUp(ctx, err)
			return false
		}
	}
	if first && r.ticket != nil {
		if changes := r.ticket.Gist().Changes(r.op.Ticket.Gist); len(changes) > 0 {
			r.askAgain(ctx, changes)
			return false
		}
		r.compared = true
	}
	if !r.Acts(r.op.Author, r.op.As.Name) {
		r.cannotGoOn(ctx, &ActorError{Want: r.op.As})
		return false
	}
	if r.Now().Sub(r.op.Pressed) > r.TTL {
		// Confirmed long ago and never sent: the person may have done it by hand.
		step.Why = "I was away and did not want to send it late without asking"
		r.park(ctx, 0)
		return false
	}
	if !r.fits(ctx, step, w) || !r.guarded(ctx, step, w) {
		return false
	}
	out := r.Syncro.Send(ctx, r.actor.Key, w, func(ctx context.Context, request syncro.Leaving) error {
		r.op.Began = true
		step.State, step.Sent, step.Looks, step.Clean, step.Other, step.Why = Sending, r.Now(), 0, 0, 0, ""
		r.op.noteSending(step, request)
		return r.kept(r.Store.saveAhead(ctx, r.op, r.Lease, r.Replicas))
	})
	if out.Result == syncro.Applied && out.By != 0 && r.op.As.UserID != 0 && out.By != r.op.As.UserID {
		// It is there in somebody else's name: that is not what was confirmed.
		out = syncro.Outcome{Result: syncro.Unknown, Other: out.ID, Status: out.Status, Err: &syncro.Error{
			Kind: syncro.Garbled, Status: out.Status, Err: fmt.Errorf("record %d is logged as Syncro user %d", out.ID, out.By),
		}}
	}
	// What was sent is written down even when a shutdown has run out of patience.
	ctx = context.WithoutCancel(ctx)
	r.op.noteAnswer(step, out)
	switch out.Result {
	case syncro.Applied:
		step.ID, step.Name = out.ID, out.Name
		r.note(out.Note)
		return r.happened(ctx, step, w)
	case syncro.Unknown:
		step.Why, step.Other = r.Explain(out.Err), out.Other
		r.log(r.op, "in doubt", "error", out.Err)
		r.Observe("doubt", step.Kind, "begun")
		r.saveAndDraw(ctx, 0, r.Looks[0], mostDraws)
		return false
	}
	r.op.Began = !first
	return r.refused(ctx, step, out.Err)
}

// note keeps what the author should know.
func (r *runner) note(said string) {
	if said != "" {
		r.op.Notes = append(r.op.Notes, said)
	}
}

// fits compares a write that follows from its ticket with the ticket, and
// reports whether it may be sent. Where this run compared the ticket with the
// card a moment ago that is not done again: a request is worth it only after a
// pause.
func (r *runner) fits(ctx context.Context, step *Step, w syncro.Write) bool {
	f, ok := w.(syncro.Fitting)
	if !ok || r.compared && r.Now().Sub(r.readAt) <= fresh {
		return true
	}
	if err := r.readTicket(ctx); err != nil {
		r.heldUp(ctx, err)
		return false
	}
	if why := f.Misfit(*r.ticket); why != "" {
		r.stop(ctx, step, why)
		return false
	}
	return true
}

// stop ends the operation at a step that must not be sent.
func (r *runner) stop(ctx context.Context, step *Step, why string) {
	step.State, step.Why = Refused, why
	r.op.noteFound(step, step.State)
	r.op.State, r.op.Ended = Stopped, r.Now()
	r.end(ctx)
}

// guarded looks at a write's own condition, and reports whether it may be sent.
// Where what the step before made was looked at a moment ago, that is the
// condition of what follows from it: it is worth a request only after a pause.
func (r *runner) guarded(ctx context.Context, step *Step, w syncro.Write) bool {
	g, ok := w.(syncro.Guarded)
	if !ok || r.checked {
		return true
	}
	guard := g.Guard()
	if guard == nil {
		return true
	}
	sight, err := r.reader.Look(ctx, *guard)
	if err != nil {
		r.heldUp(ctx, err)
		return false
	}
	if !sight.IsSet {
		r.stop(ctx, step, sight.Why)
	}
	return sight.IsSet
}

// refused handles a step that certainly did not happen.
func (r *runner) refused(ctx context.Context, step *Step, err error) bool {
	if errors.Is(err, errFenced) {
		return false // somebody else goes on
	}
	var answer *syncro.Error
	var busy *syncro.BusyError
	switch {
	case errors.As(err, &busy):
		r.putOff(ctx, step, busy.Wait, err)
	case errors.As(err, &answer) && answer.Kind == syncro.RateLimited:
		r.putOff(ctx, step, answer.RetryAfter, err)
	case errors.Is(err, syncro.ErrNotSent):
		step.State, step.Sent = Waiting, time.Time{}
		r.cannotGoOn(ctx, err)
	default:
		step.State, step.Sent, step.Why = Refused, time.Time{}, r.Explain(err)
		r.log(r.op, "refused", "error", err)
		r.Observe("step", step.Kind, string(step.State))
		if answer != nil && (answer.Kind == syncro.Invalid || answer.Kind == syncro.NotFound) {
			r.op.State, r.op.Ended = Stopped, r.Now() // the same again would be refused again
			r.end(ctx)
		} else {
			r.park(ctx, 0)
		}
	}
	return false
}

// happened notes that a step happened, and looks at what it made where that
// can be wrong all the same.
func (r *runner) happened(ctx context.Context, step *Step, w syncro.Write) bool {
	if _, ok := w.(syncro.Checked); !ok {
		return r.landed(ctx, step)
	}
	step.State, step.Looks, r.op.Began = Checking, 0, true
	return r.save(ctx, r.Lease, 0) && r.check(ctx, step, w)
}

// check looks at what a step made.
func (r *runner) check(ctx context.Context, step *Step, w syncro.Write) bool {
	evidence := w.(syncro.Checked).Check(step.ID)
	sight, err := r.reader.Look(ctx, naming(step, w, evidence))
	if answer, ok := errors.AsType[*syncro.Error](err); ok && (answer.Kind == syncro.KeyRefused || answer.Kind == syncro.NotPermitted) {
		step.State, step.Why = Wrong, "I may not look at it: "+r.Explain(err)
		r.op.noteFound(step, step.State)
		r.park(ctx, 0)
		return false
	}
	if err != nil {
		r.lookLater(ctx, step, err)
		return false
	}
	if strings.HasPrefix(step.Why, cannotTell) {
		step.Why = ""
	}
	if what, _ := judge(evidence.Effect, syncro.Sight{}, sight); what != happened {
		step.State, step.Why = Wrong, cmp.Or(sight.Why, "it is not as it should be")
		r.op.noteFound(step, step.State)
		r.park(ctx, 0)
		return false
	}
	r.op.noteFound(step, Landed)
	r.checked = r.landed(ctx, step)
	return r.checked
}

// landed notes that a step happened.
func (r *runner) landed(ctx context.Context, step *Step) bool {
	step.State, r.op.Began, r.checked = Landed, true, false
	r.Observe("step", step.Kind, string(step.State))
	if w, err := r.op.write(step); err == nil {
		ticket := r.op.Ticket.ID
		if _, made := w.(syncro.CreateTicket); made {
			ticket = step.ID
		}
		r.Did(ctx, ticket, r.op.As, w)
	}
	if r.op.current() == nil {
		return true // saved with the operation's end
	}
	return r.saveAndDraw(ctx, r.Lease, 0, progressDraws)
}

// A click of Slack's lets its card be replaced five times (slack.md): by the
// answer to the click, three times by what happens meanwhile, of which two for
// progress alone, and by the outcome.
const (
	progressDraws = 2
	mostDraws     = 3
)

// saveAndDraw saves how far it got and draws that, unless the card was redrawn
// so often since the click. The drawing is counted in what is saved: whoever
// goes on knows of it.
func (r *runner) saveAndDraw(ctx context.Context, lease, again time.Duration, most int) bool {
	draws := r.op.Draws < most
	if draws {
		r.op.Draws++
	}
	if !r.save(ctx, lease, again) {
		return false
	}
	if draws {
		r.draw(ctx)
	}
	return true
}

// lookLater plans the next look for a step in doubt, or gives the question to
// its author when looking is over. err is why this look saw nothing.
func (r *runner) lookLater(ctx context.Context, step *Step, err error) {
	step.Looks++
	if err != nil {
		step.Clean = 0
		r.log(r.op, "could not be looked for", "error", err)
	} else {
		step.Clean++
	}
	switch {
	// Two looks, so that one stale copy of Syncro's does not decide.
	case step.Clean >= 2 && r.waitedOut(step):
		step.State = Absent
		step.Why = fmt.Sprintf("looked for %d times in %s: it is not there", step.Looks, max(r.Now().Sub(step.Sent), r.waited(step)).Round(time.Second))
		r.op.noteFound(step, step.State)
		r.park(ctx, 0)
		return
	case step.Clean == 0 && step.Looks >= len(r.Looks)+maxBlind:
		// What happened for certain must not be offered to be sent again.
		if step.State == Checking {
			step.State = Wrong
		} else {
			step.State = Unclear
		}
		step.Why = "Syncro could not be read: " + r.Explain(err)
		r.op.noteFound(step, step.State)
		r.park(ctx, 0)
		return
	}
	blind := err != nil && step.Looks == len(r.Looks)
	if blind {
		step.Why = cannotTell + r.Explain(err)
	}
	wait := r.Looks[len(r.Looks)-1]
	if step.Looks < len(r.Looks) {
		wait = r.Looks[step.Looks] - r.Looks[step.Looks-1]
	}
	most := 0
	if blind {
		most = mostDraws
	}
	r.saveAndDraw(ctx, 0, wait, most)
}

const cannotTell = "I cannot tell yet: "

// waited is how long ago a step was sent at the least. Redis' clock alone says
// when the next look is due, so the looks tell the time whatever the clocks of
// those who looked say.
func (e *Engine) waited(step *Step) time.Duration {
	n, all := step.Looks, len(e.Looks)
	if n == 0 {
		return 0
	}
	return e.Looks[min(n, all)-1] + time.Duration(max(n-all, 0))*e.Looks[all-1]
}

// waitedOut reports whether a step that was sent cannot arrive any more, and was
// looked for as long as is planned.
func (e *Engine) waitedOut(step *Step) bool {
	return e.waited(step) >= max(e.Quarantine, e.Looks[len(e.Looks)-1])
}

// maxBlind is how many looks more than planned may fail before a person is
// asked: an hour, at one each two minutes.
const maxBlind = 30

// putOff waits with a step that Syncro's limit kept back.
func (r *runner) putOff(ctx context.Context, step *Step, wait time.Duration, err error) {
	step.State, step.Sent, step.Why = Waiting, time.Time{}, r.Explain(err)
	r.op.NextTry = r.Now().Add(wait)
	r.park(ctx, wait)
}

// heldUp handles what kept a step from being looked at: one that may have
// been sent goes on being looked for, one that was not asks its author.
func (r *runner) heldUp(ctx context.Context, err error) {
	if step := r.op.current(); step != nil && (step.State == Sending || step.State == Checking) {
		r.lookLater(ctx, step, err)
		return
	}
	r.cannotGoOn(ctx, err)
}

// cannotGoOn stops before a step that was not sent, and asks its author.
func (r *runner) cannotGoOn(ctx context.Context, err error) {
	switch {
	case errors.Is(context.Cause(ctx), errFenced):
		// Somebody else goes on, and then this save is refused; or Redis was
		// rolled back to before the click, and learns again how it stands.
		ctx = context.WithoutCancel(ctx)
	case errors.Is(err, errFenced), errors.Is(err, context.Canceled):
		return // the lease runs out, and whoever takes it goes on
	}
	if step := r.op.current(); step != nil {
		step.Why = r.Explain(err)
	}
	r.log(r.op, "held up", "error", err)
	r.park(ctx, 0)
}

// askAgain replaces a card whose ticket has moved by one that says how, and
// asks again; or, where what is to be sent follows from the ticket, offers to
// make it anew.
func (r *runner) askAgain(ctx context.Context, changes []string) {
	// What was reckoned from the ticket, and to whom it would go, the command
	// alone knows how to find out anew.
	elsewhere := r.ticket.Customer != r.op.Ticket.Gist.Customer || r.ticket.ContactEmail != r.op.Ticket.Gist.EmailTo
	if r.op.Reckoned || elsewhere && r.op.Typed != "" {
		r.op.State, r.op.Ended, r.op.Changed = Cancelled, r.Now(), changes
		r.op.After = []After{{Label: "Preview again", Line: r.op.Typed, Instead: true}}
		r.Observe("operation", r.op.kind(), "stale")
		r.op.noteEnd("moved")
		r.rest(ctx)
		return
	}
	next := *r.op
	next.Ticket.Gist = r.ticket.Gist()
	next.Changed = changes
	next.Draws = 0
	next.lines = nil
	next.Steps = slices.Clone(r.op.Steps)
	for i := range next.Steps {
		step := &next.Steps[i]
		w, err := next.write(step)
		if moved, ok := w.(syncro.UpdateTicket); ok && err == nil {
			w = moved.FromTicket(*r.ticket)
			step.Args, err = json.Marshal(w)
		}
		if err == nil {
			step.Before, err = r.look(ctx, w.Evidence(next.As.author()))
		}
		if err != nil {
			r.cannotGoOn(ctx, err)
			return
		}
	}
	card, err := r.ask(ctx, &next, r.op.Name())
	if err != nil {
		r.cannotGoOn(ctx, err)
		return
	}
	r.op.State, r.op.Ended, r.op.Next = Cancelled, r.Now(), next.ID
	r.op.noteEnd("moved")
	if r.save(ctx, 0, r.Lease) {
		r.Observe("operation", r.op.kind(), "stale")
		r.drawnAtRest(ctx, r.op, card)
	}
}

// park leaves the operation to its author, or to itself after again.
func (r *runner) park(ctx context.Context, again time.Duration) {
	r.op.State = Parked
	r.op.note(r.op.line(audit.Parked))
	if again == 0 {
		r.Observe("operation", r.op.kind(), string(Parked))
		if step := r.op.current(); step != nil && step.State != Waiting && step.State != Refused {
			r.Observe("step", step.Kind, string(step.State))
		}
		r.rest(ctx)
		return
	}
	r.saveAndDraw(ctx, 0, again, mostDraws)
}

// end saves and draws a settled operation.
func (r *runner) end(ctx context.Context) {
	r.op.noteEnd(string(r.op.State))
	r.Observe("operation", r.op.kind(), string(r.op.State))
	r.rest(ctx)
}

// rest saves an operation that needs nobody any more, or its author, and draws
// it. Until that is seen to have worked it stays due, so that a process that
// dies between the two leaves no card behind that says "Sending" for ever.
func (r *runner) rest(ctx context.Context) {
	if r.save(ctx, 0, r.Lease) {
		r.Moved(ctx, r.op.As.Name)
		r.drawAtRest(ctx, r.op)
	}
}

// drawAtRest makes the card show an operation that is at rest.
func (e *Engine) drawAtRest(ctx context.Context, op *Operation) {
	e.drawnAtRest(ctx, op, e.face(ctx, op))
}

// drawPatience is how long after the last click a card that could not be
// drawn is tried again: then Slack takes no drawing any more (slack.md).
const drawPatience = 30 * time.Minute

// drawing is how long a drawing may take. It outlives the lease, which is let
// go before what came of an operation is drawn (hold).
func (e *Engine) drawing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), e.Lease)
}

// drawnAtRest draws what came of an operation. Where that fails, or the
// process dies, the operation is due again and another process draws it.
func (e *Engine) drawnAtRest(ctx context.Context, op *Operation, card chat.Card) {
	ctx, cancel := e.drawing(ctx)
	defer cancel()
	if err := e.Redraw(ctx, op.Author, op.Card, card); err != nil {
		e.Log.Warn("a card could not be redrawn", "op", op.Name(), "error", err)
		if e.Now().Sub(op.Pressed) < drawPatience {
			return
		}
	}
	if err := e.Store.drawn(ctx, op); err != nil {
		e.Log.Warn("a card may be drawn once more", "op", op.Name(), "error", err)
	}
}

// save writes the operation back and reports whether this process may go on.
// When Redis does not answer, nothing is lost: the lease runs out, and then
// what was sent is looked for, and what was not is gone on with.
func (r *runner) save(ctx context.Context, lease, again time.Duration) bool {
	err := r.kept(r.Store.save(ctx, r.op, lease, again))
	switch {
	case errors.Is(err, errGone):
		r.log(r.op, "lost by Redis")
		if err := r.audit.Add(ctx, r.op.line(audit.Lost)); err != nil {
			r.Log.Error("a lost operation could not be recorded", "op", r.op.Name(), "error", err)
		}
		if err := r.Redraw(ctx, r.op.Author, r.op.Card, r.op.lost()); err != nil {
			r.Log.Warn("a card could not be redrawn", "op", r.op.Name(), "error", err)
		}
	case err != nil && !errors.Is(err, errFenced):
		r.Log.Error("an operation could not be saved", "op", r.op.Name(), "error", err)
	}
	return err == nil
}

// kept hands on how a save went.
func (r *runner) kept(err error) error {
	r.noted(r.op, err == nil)
	return err
}

// draw makes the card show how far it got. A card that could not be redrawn
// loses nothing: what comes of it is drawn, too.
func (r *runner) draw(ctx context.Context) {
	ctx, cancel := r.drawing(ctx)
	defer cancel()
	if err := r.Redraw(ctx, r.op.Author, r.op.Card, r.op.card(false)); err != nil {
		r.Log.Warn("a card could not be redrawn", "op", r.op.Name(), "error", err)
	}
}

// busy makes the card say that the next request waits for Syncro's limit.
func (r *runner) busy(ctx context.Context, wait time.Duration) {
	if r.op.Draws >= progressDraws {
		return
	}
	r.op.Draws++ // saved with the step that it keeps waiting
	r.op.Busy = wait
	r.draw(ctx)
	r.op.Busy = 0
}

// listed is ids in words.
func listed(ids []int64) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(ids)), ", "), "[]")
}

// ActorError says that a technician's key now answers as somebody else than
// on the card that was confirmed; or, where Got is nobody, that the author of the
// card does not act as that technician any more.
type ActorError struct {
	Want As
	Got  Actor
}

func (e *ActorError) Error() string {
	if e.Got.UserID == 0 {
		return fmt.Sprintf("the author of the card does not act as %s any more", e.Want.Name)
	}
	return fmt.Sprintf("the key of %s answers as Syncro user %d, not %d as on the card", e.Want.Name, e.Got.UserID, e.Want.UserID)
}
