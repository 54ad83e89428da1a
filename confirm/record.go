package confirm

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/syncrobot/syncrobot/audit"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// What happens to an operation goes on record (package audit) in the script
// that saves it: note collects the lines of the next save.

// AuditStreams are the streams that the record of the operations is in, one a
// shard.
func AuditStreams() []string {
	streams := make([]string, shards)
	for i := range streams {
		streams[i] = auditKey(strconv.FormatInt(int64(i), shards))
	}
	return streams
}

// pressed is what a button is on record.
var pressed = map[string]string{
	VerbConfirm: audit.Confirmed, VerbContinue: audit.Continued, VerbLook: audit.Looked,
	VerbThere: audit.OnWord, VerbAgain: audit.SentAgain, VerbStop: audit.Stopped,
}

// line is what every line on the operation says.
func (o *Operation) line(what string) audit.Line {
	return audit.Line{
		What: what, Who: o.Author.Key(), Technician: o.As.Name, SyncroUser: o.As.UserID, Shared: o.As.Shared,
		Op: o.Name(), Kind: o.kind(), Ticket: o.Ticket.Number,
	}
}

// stepLine is what every line on one of its steps says.
func (o *Operation) stepLine(what string, s *Step) audit.Line {
	l := o.line(what)
	l.Kind, l.ID = s.Kind, s.ID
	for i := range o.Steps {
		if &o.Steps[i] == s {
			l.Step = i + 1
		}
	}
	return l
}

func (o *Operation) note(l audit.Line) { o.lines = append(o.lines, l) }

// noteFound notes what looking, and not Syncro's answer, showed of a step.
func (o *Operation) noteFound(s *Step, as StepState) {
	l := o.stepLine(audit.Found, s)
	l.Outcome = string(as)
	o.note(l)
}

func (o *Operation) noteSending(s *Step, request syncro.Leaving) {
	l := o.stepLine(audit.Sending, s)
	l.Method, l.Path, l.SHA256 = request.Method, request.Path, request.SHA256
	o.note(l)
}

func (o *Operation) noteEnd(outcome string) {
	l := o.line(audit.Ended)
	l.Outcome = outcome
	o.note(l)
}

func (o *Operation) noteAnswer(s *Step, out syncro.Outcome) {
	l := o.stepLine(audit.Answered, s)
	l.Outcome, l.ID, l.Status = out.Result.String(), out.ID, out.Status
	if errors.Is(out.Err, syncro.ErrNotSent) {
		l.Outcome = "not-sent"
	}
	if l.Ticket == 0 { // a new ticket has its number from now on
		l.Ticket, _ = strconv.ParseInt(strings.TrimPrefix(out.Name, "#"), 10, 64)
	}
	o.note(l)
}

// noted ends a save: its lines go to the log as well. What was not saved is not
// on record, and whoever goes on notes what they do.
func (e *Engine) noted(o *Operation, saved bool) {
	if saved {
		for _, l := range o.lines {
			e.Log.Info("audit", "line", l)
		}
	}
	o.lines = nil
}

// notTheirs notes that somebody pressed a button of another person's card.
func (e *Engine) notTheirs(ctx context.Context, o *Operation, who chat.User) {
	err := e.audit.Add(ctx, audit.Line{What: audit.NotTheirs, Who: who.Key(), Op: o.Name(), Kind: o.kind(), Ticket: o.Ticket.Number})
	if err != nil {
		e.Log.Error("a click on another person's card could not be recorded", "op", o.Name(), "who", who.Key(), "error", err)
	}
}

// recorded adds to what a script is told the stream of the record and the
// lines, which it writes before it changes anything.
func (o *Operation) recorded(keys []string, args ...any) ([]string, []any, error) {
	for _, l := range o.lines {
		line, err := json.Marshal(l)
		if err != nil {
			return nil, nil, err
		}
		args = append(args, line)
	}
	return append(keys, auditKey(o.ID)), args, nil
}
