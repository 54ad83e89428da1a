package confirm

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/syncrobot/syncrobot/audit"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// State is where an Operation stands.
type State string

// The states. Asked ends as running, cancelled, or by its time to live;
// running and parked alternate until done or stopped.
const (
	Asked     State = "asked"     // the card waits for its author
	Running   State = "running"   // claimed: a process works on it, or a look is due
	Parked    State = "parked"    // it needs its author's decision, or a time to go on
	Done      State = "done"      // every step happened
	Stopped   State = "stopped"   // some step did not, and no more is sent
	Cancelled State = "cancelled" // never confirmed
)

// StepState is where one step stands.
type StepState string

// The states of a step. Only a step that is waiting may be sent.
const (
	Waiting  StepState = "waiting"  // not sent
	Sending  StepState = "sending"  // saved before it was sent; it may have happened
	Checking StepState = "checking" // it happened; what it made is not looked at yet
	Landed   StepState = "done"     // it happened, and that was seen
	Wrong    StepState = "wrong"    // it happened, and what it made is not as it should be
	Refused  StepState = "refused"  // Syncro or the network said no: it did not happen
	Absent   StepState = "absent"   // looked for until the quarantine was over: it is not there
	Unclear  StepState = "unclear"  // only a person can tell
	Twice    StepState = "twice"    // it is there more than once
)

// Operation is one confirmed or to be confirmed change, as Redis keeps it.
// The card is a pure drawing of it.
type Operation struct {
	ID       string      `json:"id"`
	Author   chat.User   `json:"author"` // who asked, and alone may press
	As       As          `json:"as"`
	Title    string      `json:"title"`
	Typed    string      `json:"typed"`
	Facts    chat.Fields `json:"facts,omitempty"`
	Ticket   Ticket      `json:"ticket"`
	Steps    []Step      `json:"steps"`
	Edit     *Edit       `json:"edit,omitempty"`
	After    []After     `json:"after,omitempty"`
	Reckoned bool        `json:"reckoned,omitempty"`
	Created  time.Time   `json:"created"`
	Expires  time.Time   `json:"expires"`
	Began    bool        `json:"began,omitempty"`   // something was sent and may have arrived
	Pressed  time.Time   `json:"pressed,omitzero"`  // when its author last pressed a button
	Changed  []string    `json:"changed,omitempty"` // what changed on the ticket since the card before this one
	Next     string      `json:"next,omitempty"`    // the id of the operation that asks instead of it
	NextTry  time.Time   `json:"next_try,omitzero"` // parked until then, then it goes on by itself
	Ended    time.Time   `json:"ended,omitzero"`
	Timer    string      `json:"timer,omitempty"` // the running timer that is settled when all is done
	Notes    []string    `json:"notes,omitempty"` // what its author should know besides that it is done
	Draws    int         `json:"draws,omitempty"` // how often the card was redrawn since the click, but for the outcome

	// Kept beside the record, because the scripts decide on them.
	State   State    `json:"-"`
	Card    chat.Ref `json:"-"`
	version int64
	holder  string
	lines   []audit.Line // for the record, with the next save

	// Busy is how long Syncro's limit keeps the next request back, on a card
	// that is drawn to say so. It is not kept.
	Busy time.Duration `json:"-"`
}

// As is the person as whom Syncro will log an operation.
type As struct {
	Name     string `json:"name"`      // the technician's name in the configuration
	FullName string `json:"full_name"` // as Syncro's /me answered
	UserID   int64  `json:"user_id"`
	Shared   bool   `json:"shared,omitempty"` // the shared key: FullName is its owner, not the author
}

func (a As) author() syncro.Author { return syncro.Author{UserID: a.UserID, Name: a.FullName} }

// Ticket is what an operation is about, as it was when the card was drawn.
// ID is 0 for an operation that is about no ticket.
type Ticket struct {
	ID     int64       `json:"id,omitempty"`
	Number int64       `json:"number,omitempty"`
	URL    string      `json:"url,omitempty"` // in Syncro's web page
	Gist   syncro.Gist `json:"gist"`
}

// Step is one write of an operation and what became of it.
type Step struct {
	Kind   string          `json:"kind"`
	Args   json.RawMessage `json:"args"`
	State  StepState       `json:"state"`
	Before syncro.Sight    `json:"before"`            // the pre-image: what the evidence showed when the card was drawn
	ID     int64           `json:"id,omitempty"`      // the record that was made
	Name   string          `json:"name,omitempty"`    // what people call that record, where they do
	Sent   time.Time       `json:"sent,omitzero"`     // when it was saved as sending
	Looks  int             `json:"looks,omitempty"`   // how often it was looked for
	Clean  int             `json:"clean,omitempty"`   // how many looks in a row could see, and saw nothing
	Other  int64           `json:"other,omitempty"`   // the record that Syncro's answer named, though it is not as it was sent
	Found  []int64         `json:"found,omitempty"`   // the entries that left it unclear or twice
	Why    string          `json:"why,omitempty"`     // what happened, in words
	OnWord bool            `json:"on_word,omitempty"` // landed because its author said so, unchecked
}

// Name is the operation's short name, which is no secret.
func (o *Operation) Name() string { return o.ID[1 : 1+nameLength] }

// write is the step's write, with the ids that earlier steps made.
func (o *Operation) write(s *Step) (syncro.Write, error) {
	w, err := syncro.UnmarshalWrite(s.Kind, s.Args)
	if err != nil {
		return nil, fmt.Errorf("stored step: %w", err)
	}
	if b, ok := w.(syncro.Bound); ok {
		var made []int64
		for i := range o.Steps {
			if &o.Steps[i] == s {
				break
			}
			made = append(made, o.Steps[i].ID)
		}
		w = b.Bind(made)
	}
	return w, nil
}

// current is the first step that has not happened, nil when all have.
func (o *Operation) current() *Step {
	for i := range o.Steps {
		if o.Steps[i].State != Landed {
			return &o.Steps[i]
		}
	}
	return nil
}

// settled reports whether nothing more will be done.
func (s State) settled() bool { return s == Done || s == Stopped || s == Cancelled }
