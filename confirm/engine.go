package confirm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/syncrobot/syncrobot/audit"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// Options make an Engine. All but Patience, Looks, Quarantine, Lease, Acts, Did,
// Observe, Moved and Now must be set; where those are not, what they say at their end
// holds.
type Options struct {
	Store   *Store
	Syncro  *syncro.Client
	People  People
	Work    *chat.Work
	Log     *slog.Logger
	Explain func(error) string // an error in words for the card, without saying whether anything was sent

	// Redraw replaces the card of an operation on the platform that it is on.
	Redraw func(ctx context.Context, user chat.User, card chat.Ref, c chat.Card) error

	// Settle ends a technician's timer as far as the plan showed it, and says
	// what became of it. It is asked again after a crash.
	Settle func(ctx context.Context, technician, mark string) (said string, err error)

	TTL     time.Duration // how long a card may be confirmed
	Timeout time.Duration // of one request to Syncro

	// Replicas is how many of Redis' replicas must have the record of a step
	// before it is sent; 0 where one Redis is all there is.
	Replicas int

	// Patience is how long after sending a step without a clear answer is
	// looked for before its author is asked: 2 minutes.
	Patience time.Duration
	// Looks are the times after sending at which that is done: 1, 5, 20, 60
	// and 120 s, or the same parts of another Patience.
	Looks []time.Duration
	// Quarantine is how long after sending a step may still show up; before
	// that it is never called absent. Timeout + Patience / 2.
	Quarantine time.Duration
	// Lease is how long a process that died is waited for. It must outlive
	// the longest single thing that is done under it, so that nobody takes
	// over while a request is on its way: 2 Timeout + 5 s.
	Lease time.Duration

	// Acts, if set, reports whether a chat user still acts as the technician on
	// a card. The configuration may have changed since it was drawn.
	Acts func(user chat.User, technician string) bool

	// Did, if set, is told of each step that landed, on which ticket, and for
	// whom. It must not take long.
	Did func(ctx context.Context, ticketID int64, as As, w syncro.Write)

	// Observe is told of each doubt that begins and that is found to have
	// landed, of each step that is settled and of each operation that
	// ends: what ("step", "operation"), kind and state.
	Observe func(what, kind, state string)
	// Moved is told, before the card is drawn, for which technician something
	// was done or tried: what was read for them may be old.
	Moved func(ctx context.Context, technician string)
	Now   func() time.Time
}

// Engine does what was confirmed.
type Engine struct {
	Options
	audit *audit.Log
}

// New makes an Engine. Run must be called for it to settle what is in doubt.
func New(o Options) *Engine {
	if o.Patience == 0 {
		o.Patience = 2 * time.Minute
	}
	if o.Looks == nil {
		for _, part := range []time.Duration{120, 24, 6, 2, 1} {
			o.Looks = append(o.Looks, o.Patience/part)
		}
	}
	if o.Quarantine == 0 {
		o.Quarantine = o.Timeout + o.Patience/2
	}
	if o.Lease == 0 {
		o.Lease = 2*o.Timeout + 5*time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observe == nil {
		o.Observe = func(string, string, string) {}
	}
	if o.Moved == nil {
		o.Moved = func(context.Context, string) {}
	}
	if o.Acts == nil {
		o.Acts = func(chat.User, string) bool { return true }
	}
	if o.Did == nil {
		o.Did = func(context.Context, int64, As, syncro.Write) {}
	}
	return &Engine{Options: o, audit: audit.New(o.Store.rdb, o.Log)}
}

// Propose saves a plan and draws its card; id is the operation's. The
// pre-images are read through reader, best the one that the plan was made with
// (syncro.Reader.Once). When everything is so already the card says that there
// is nothing to do, nothing is saved, and id is empty.
func (e *Engine) Propose(ctx context.Context, author chat.User, actor Actor, reader *syncro.Reader, plan Plan) (_ chat.Card, id string, _ error) {
	op := &Operation{
		Author: author,
		As:     As{Name: actor.Name, FullName: actor.FullName, UserID: actor.UserID, Shared: actor.Shared},
		Title:  plan.Title, Typed: plan.Typed, Facts: plan.Facts, Edit: plan.Edit, After: plan.After, Reckoned: plan.Reckoned,
		Timer: plan.Timer,
	}
	if t := plan.Ticket; t != nil {
		op.Ticket = Ticket{ID: t.ID, Number: t.Number, URL: e.Syncro.TicketURL(t.ID), Gist: t.Gist()}
	}
	soAlready := true
	for _, w := range plan.Steps {
		kind, args, err := syncro.MarshalWrite(w)
		if err != nil {
			return chat.Card{}, "", err
		}
		step := Step{Kind: kind, Args: args, State: Waiting}
		if b, ok := w.(syncro.Bound); ok {
			w = b.Bind(make([]int64, len(op.Steps)))
		}
		evidence := w.Evidence(op.As.author())
		if step.Before, err = reader.Look(ctx, evidence); err != nil {
			return chat.Card{}, "", err
		}
		// A record that is to be added is never there already: the same text
		// may be meant twice.
		what, _ := judge(evidence.Effect, step.Before, step.Before)
		soAlready = soAlready && what == happened
		op.Steps = append(op.Steps, step)
	}
	if soAlready {
		return chat.Card{
			Title: op.Title, Tone: chat.Good,
			Parts: []chat.Part{chat.Text("Nothing was sent: it is so already."), stepLines(op)},
		}, "", nil
	}
	card, err := e.ask(ctx, op, "")
	return card, op.ID, err
}

// ask saves op as a new operation that waits for its author; instead names the
// one that it replaces.
func (e *Engine) ask(ctx context.Context, op *Operation, instead string) (chat.Card, error) {
	op.ID = newID(op.Ticket.ID)
	op.Created = e.Now()
	op.Expires = op.Created.Add(e.TTL)
	asked := op.line(audit.Asked)
	asked.InsteadOf = instead
	op.note(asked)
	err := e.Store.propose(ctx, op, e.TTL)
	e.noted(op, err == nil)
	if err != nil {
		return chat.Card{}, &StoreError{Err: err}
	}
	return op.card(false), nil
}

// Pending lists a person's unconfirmed and unsettled operations as cards.
func (e *Engine) Pending(ctx context.Context, user chat.User) ([]chat.Card, error) {
	ops, err := e.Store.mine(ctx, user)
	if err != nil {
		return nil, &StoreError{Err: err}
	}
	cards := make([]chat.Card, len(ops))
	for i, op := range ops {
		cards[i] = op.copied(e.Now())
	}
	return cards, nil
}

// Replaced cancels an operation whose card, at, is about to be replaced by
// another one's. Where that is too late it reports false, with the answer that
// shows how the operation stands: then nothing must take the card's place.
func (e *Engine) Replaced(ctx context.Context, author chat.User, id string, at chat.Ref) (chat.Answer, bool) {
	how, op, err := e.cancel(ctx, id, author, audit.Edited)
	switch {
	case err != nil:
		return e.failed(err), false
	case how == gripOK, how == gripWas, how == gripGone:
		return chat.Answer{}, true
	}
	return e.answer(ctx, how, op, at), false
}

// cancel ends an operation that was not confirmed; as is what it is on record.
func (e *Engine) cancel(ctx context.Context, id string, author chat.User, as string) (grip, *Operation, error) {
	op, err := e.Store.get(ctx, id)
	switch {
	case errors.Is(err, errGone):
		return gripGone, nil, nil
	case err != nil:
		return "", nil, err
	case op.Author.Key() != author.Key():
		e.notTheirs(ctx, op, author)
		return gripOwner, op, nil
	case op.State == Cancelled:
		return gripWas, op, nil
	}
	op.note(op.line(as))
	how, now, err := e.Store.cancel(ctx, op, author)
	e.noted(op, how == gripOK)
	return how, now, err
}

// Kept is what an operation of author's keeps for later: how it can be edited
// while it is unconfirmed (nil otherwise), and what follows once it is done, or
// gone (nil otherwise).
func (e *Engine) Kept(ctx context.Context, author chat.User, id string) (*Edit, []After, error) {
	op, err := e.Store.get(ctx, id)
	if errors.Is(err, errGone) {
		typed, err := e.Store.typed(ctx, id, author)
		if err != nil {
			return nil, nil, &StoreError{Err: err}
		}
		return nil, anew(typed), nil
	}
	if err != nil {
		return nil, nil, &StoreError{Err: err}
	}
	switch {
	case op.Author.Key() != author.Key():
	case op.State == Asked:
		return op.Edit, nil, nil
	case op.State == Done, op.State == Cancelled && len(op.Changed) > 0:
		return nil, op.follows(), nil
	}
	return nil, nil, nil
}

// anew is what follows from a card that is gone: the same once more, looked at
// afresh.
func anew(typed string) []After {
	if typed == "" {
		return nil
	}
	return []After{{Label: "Open a fresh preview", Line: typed, Instead: true}}
}

// expired is the answer to a click on a card that is gone. The words that it
// was made of come back.
func (e *Engine) expired(ctx context.Context, id string, author chat.User) chat.Answer {
	card := chat.Card{
		Title: "This card has expired", Tone: chat.Warn,
		Parts: []chat.Part{chat.Text("Nothing was sent by this click. If you confirmed it before, look at the ticket first; else type the command again for a fresh card.")},
		Note:  "card-expired",
	}
	typed, err := e.Store.typed(ctx, id, author)
	if err != nil {
		e.Log.Warn("what was typed for a card that is gone could not be read", "error", err)
	}
	if typed != "" {
		card.Parts = []chat.Part{chat.Text("Nothing was sent by this click. If you confirmed it before, look at the ticket first."), chat.Text("You typed:"), chat.Code(typed)}
		card.Buttons = afterButtons(id, anew(typed))
	}
	return chat.Answer{Replace: &card}
}

// StoreError is a failure of Redis.
type StoreError struct{ Err error }

func (e *StoreError) Error() string { return "redis: " + e.Err.Error() }
func (e *StoreError) Unwrap() error { return e.Err }

// The verbs of an operation's buttons.
const (
	VerbConfirm  = "confirm"
	VerbCancel   = "cancel"
	VerbRaw      = "raw"      // show the requests as JSON
	VerbHide     = "hide"     // and no longer
	VerbShow     = "show"     // how it stands, on a card that is not redrawn by itself
	VerbContinue = "continue" // go on with the steps that were not sent
	VerbLook     = "look"     // look once more for a step in doubt
	VerbThere    = "there"    // the person has seen it: take it as done
	VerbAgain    = "again"    // it is not there: send it again
	VerbStop     = "stop"     // send nothing more

	// These two are answered by who made the plan, from Kept.
	VerbEdit  = "edit"
	VerbAfter = "after" // with the number of the After: "after-1"
)

// Click answers a button of an operation's card. It asks only Redis; what
// takes longer is in the answer's Then.
func (e *Engine) Click(ctx context.Context, req chat.Request) chat.Answer {
	id, click := req.Click.Value, req.Click
	if click.Verb == VerbCancel {
		how, op, err := e.cancel(ctx, id, req.User, audit.Cancelled)
		switch {
		case err != nil:
			return e.failed(err)
		case how == gripGone:
			return e.expired(ctx, id, req.User)
		}
		return e.answer(ctx, how, op, click.Card)
	}
	op, err := e.Store.get(ctx, id)
	switch {
	case errors.Is(err, errGone):
		return e.expired(ctx, id, req.User)
	case err != nil:
		return e.failed(err)
	case op.Author.Key() != req.User.Key():
		e.notTheirs(ctx, op, req.User)
		return e.answer(ctx, gripOwner, op, click.Card)
	case click.Verb == VerbShow:
		card := op.copied(e.Now())
		return chat.Answer{Replace: &card}
	case click.Verb == VerbRaw || click.Verb == VerbHide:
		if op.State == Running || op.Next != "" {
			return e.answer(ctx, gripState, op, click.Card)
		}
		card := op.card(click.Verb == VerbRaw)
		return chat.Answer{Replace: &card}
	}
	// What the click means is decided on a copy, and saved with the claim: a
	// process that dies here leaves nothing half decided behind.
	from := Parked
	if click.Verb == VerbConfirm {
		from = Asked
	}
	if op.State != from || !e.decide(op, click.Verb) {
		switch op, err = e.Store.get(ctx, id); {
		case errors.Is(err, errGone): // its time ended between the two readings
			return e.expired(ctx, id, req.User)
		case err != nil:
			return e.failed(err)
		}
		return e.answer(ctx, gripState, op, click.Card)
	}
	op.note(op.line(pressed[click.Verb]))
	how, now, err := e.Store.claim(ctx, op, req.User, from, click.Card, e.Lease)
	e.noted(op, how == gripOK)
	op = now
	switch {
	case err != nil:
		return e.failed(err)
	case how == gripGone:
		return e.expired(ctx, id, req.User)
	case how != gripOK:
		return e.answer(ctx, how, op, click.Card)
	}
	card := op.card(false)
	if op.State == Stopped {
		e.Observe("operation", op.kind(), string(op.State))
		return chat.Answer{Replace: &card}
	}
	return chat.Answer{Replace: &card, Then: func(ctx context.Context) { e.run(ctx, op) }}
}

// face is the card of an operation, or of the one that asks instead of it
// since its ticket moved: a click on the old card, or a process that died,
// must not put the old one in the new one's place.
func (e *Engine) face(ctx context.Context, op *Operation) chat.Card {
	for op.Next != "" {
		next, err := e.Store.get(ctx, op.Next)
		if err != nil {
			break
		}
		op = next
	}
	return op.card(false)
}

// late answers a click on an operation that another click got going. What it
// draws may reach the platform after the outcome was drawn, and would stay. So
// it waits for the outcome and draws that once more; one that takes longer is
// drawn, later than this, by whoever works on it.
func (e *Engine) late(op *Operation, card chat.Ref) chat.Answer {
	drawn := op.card(false)
	a := chat.Answer{Replace: &drawn}
	a.Then = func(ctx context.Context) {
		for range 20 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(e.Looks[0] / 2):
			}
			now, err := e.Store.get(ctx, op.ID)
			if err != nil {
				return
			}
			if now.State == Running {
				continue
			}
			if err := e.Redraw(ctx, now.Author, card, e.face(ctx, now)); err != nil {
				e.Log.Warn("a card could not be redrawn", "op", now.Name(), "error", err)
			}
			return
		}
	}
	return a
}

// decide applies what the author pressed. It reports false where that button
// has no meaning for how the operation stands.
func (e *Engine) decide(o *Operation, verb string) bool {
	now := e.Now()
	o.State, o.NextTry, o.Pressed, o.Draws = Running, time.Time{}, now, 0
	if verb == VerbConfirm {
		return true
	}
	step := o.current()
	if step == nil {
		return false
	}
	inDoubt := step.State == Absent || step.State == Unclear || step.State == Twice
	switch verb {
	case VerbContinue:
		if step.State == Refused {
			step.State, step.Why = Waiting, ""
		}
		return step.State == Waiting
	case VerbLook:
		switch {
		case step.State == Wrong:
			step.State, step.Why = Checking, ""
			return true
		case step.Sent.IsZero() || !inDoubt:
			return false
		}
		step.State, step.Clean = Sending, 0
		step.Looks = max(step.Looks-1, 0) // this look comes at once: no time went by for it
		return true
	case VerbThere:
		if !inDoubt || !o.mayTake(step) {
			return false
		}
		if len(step.Found) == 1 {
			step.ID = step.Found[0]
		}
		if w, err := o.write(step); err == nil {
			if _, checked := w.(syncro.Checked); checked {
				step.State = Checking // what can be looked at is never taken on a word
				return true
			}
		}
		step.State, step.OnWord, step.Why = Landed, true, "taken as done on "+o.Author.Name+"'s word"
		return true
	case VerbAgain:
		if step.State != Absent && step.State != Unclear {
			return false
		}
		// What the person has looked at is not it: it belongs to the pre-image.
		step.Before.All = append(step.Before.All, step.Found...)
		step.Found = nil
		if !step.Sent.IsZero() && !e.waitedOut(step) {
			step.State, step.Clean = Sending, 0
			step.Why = "What is there is not it, so it may still arrive: I ask again when it cannot any more"
			return true
		}
		step.State, step.Sent, step.Looks, step.Clean, step.Why = Waiting, time.Time{}, 0, 0, ""
		return true
	case VerbStop:
		o.State, o.Ended = Stopped, now
		return true
	}
	return false
}

// mayTake reports whether a step in doubt may be taken as done because its
// author says so: not where what it made must be looked at, or is needed by
// the next step, and nobody knows which record that is.
func (o *Operation) mayTake(step *Step) bool {
	if len(step.Found) == 1 {
		return true
	}
	w, err := o.write(step)
	if err != nil {
		return false
	}
	if _, checked := w.(syncro.Checked); checked {
		return false
	}
	for i := range o.Steps[:len(o.Steps)-1] {
		if &o.Steps[i] != step {
			continue
		}
		if next, err := o.write(&o.Steps[i+1]); err == nil {
			_, bound := next.(syncro.Bound)
			return !bound
		}
	}
	return true
}

// answer is what a click gets when there is nothing more to do for it.
func (e *Engine) answer(ctx context.Context, how grip, op *Operation, at chat.Ref) chat.Answer {
	var card chat.Card
	switch how {
	case gripState:
		if op.State == Running {
			return e.late(op, at)
		}
	case gripOwner:
		card = chat.Card{
			Title: fmt.Sprintf("This card belongs to %s", op.Author.Name), Tone: chat.Warn,
			Parts: []chat.Part{chat.Text("Nothing was sent by your click. Type the command yourself for a card of your own.")},
			Note:  "not-your-card",
		}
		return chat.Answer{Aside: &card}
	case gripBusy:
		card = chat.Card{
			Title: fmt.Sprintf("Ticket #%d is being changed right now", op.Ticket.Number), Tone: chat.Warn,
			Parts: []chat.Part{chat.Text("Nothing was sent by your click. Another confirmed change of this ticket is still under way. Press the button again in a moment.")},
			Note:  "ticket-busy",
		}
		return chat.Answer{Aside: &card}
	}
	card = e.face(ctx, op)
	// Whoever brought it there drew it. By now a form may be in its place, or
	// what asks instead.
	return chat.Answer{Replace: &card, Stale: how != gripOK}
}

// failed is the answer when Redis does not do its part.
func (e *Engine) failed(err error) chat.Answer {
	e.Log.Error("a click could not be handled", "error", err)
	return chat.Answer{Aside: &chat.Card{
		Title: "I could not do that", Tone: chat.Bad,
		Parts: []chat.Part{chat.Text("Nothing was sent by your click. " + e.Explain(&StoreError{Err: err}))},
		Note:  "redis",
	}}
}

// kind names an operation by its steps, for logs and metrics.
func (o *Operation) kind() string {
	kind := ""
	for i, s := range o.Steps {
		if i > 0 {
			kind += "+"
		}
		kind += s.Kind
	}
	return kind
}

// log writes one line on an operation; never what a customer or a technician
// wrote.
func (e *Engine) log(op *Operation, what string, more ...any) {
	args := []any{"op", op.Name(), "kind", op.kind(), "ticket", op.Ticket.Number, "author", op.Author.Key(), "as", op.As.UserID}
	e.Log.Info("operation "+what, append(args, more...)...)
}
