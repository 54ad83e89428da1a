// Package audit is the record of who did what: who asked and who pressed,
// what was sent to Syncro, and what came back. It is only added to. A line
// holds names, numbers and hashes; never a key, and never what a customer or
// a technician wrote.
package audit

import (
	"encoding/json"
	"time"
)

// What a person did.
const (
	Asked     = "asked"        // a card that asks was made for them
	Edited    = "edited"       // they put another card in its place: the form handed in again, or another choice
	Confirmed = "confirmed"    // and so on: the buttons of a card
	Cancelled = "cancelled"    //
	Continued = "continued"    // go on with what was not sent
	Looked    = "looked-again" // look once more for a step in doubt
	OnWord    = "took-on-word" // they say that a step in doubt happened
	SentAgain = "sent-again"   // they say that it did not, and that it is to be sent
	Stopped   = "stopped"      // send nothing more
	NotTheirs = "not-theirs"   // they pressed a button of somebody else's card: nothing happened

	Linked   = "linked"   // they put a key of their own into the vault: who confirmed it on the page behind their link
	Unlinked = "unlinked" // they took it out

	SessionLog = "session-log" // they had a session log written; on record directly before the file is
)

// What the bot did.
const (
	Sending  = "sending"  // written before the request leaves: without this line nothing is sent
	Answered = "answered" // what Syncro's answer was: applied, refused, unknown; not-sent where the request never left
	Found    = "found"    // what looking showed of a step, as the step's state: done, wrong, absent, unclear, twice, refused
	Parked   = "parked"   // it waits: for its author, or for a time to go on
	Ended    = "ended"    // nothing more will be done: done, stopped, or moved (the ticket changed; nothing was sent)
	Lost     = "lost"     // Redis lost the record while it was worked on
)

// Line is one thing that happened. What does not apply is left out.
type Line struct {
	At   time.Time `json:"at,omitzero"` // by Redis' clock, when it was written; filled in when it is read
	What string    `json:"what"`

	Who        string `json:"who"`                   // the chat user's key, "slack/T0001/U0001"
	Technician string `json:"technician,omitempty"`  // their name in the configuration
	SyncroUser int64  `json:"syncro_user,omitempty"` // as whom Syncro logs it
	Shared     bool   `json:"shared,omitempty"`      // with the shared key

	Op        string `json:"op,omitempty"`         // the operation's name, as on the card
	InsteadOf string `json:"instead_of,omitempty"` // the operation that it replaces, because its ticket moved
	Kind      string `json:"kind,omitempty"`       // of the step's write, "comment.create"; without a step, of all writes: "comment.create+ticket.update"
	Ticket    int64  `json:"ticket,omitempty"`     // the number that people use
	Step      int    `json:"step,omitempty"`       // from 1

	Method  string `json:"method,omitempty"`
	Path    string `json:"path,omitempty"`    // below /api/v1, without a query
	SHA256  string `json:"sha256,omitempty"`  // of the exact bytes of the body, or of the file; lower-case hex
	Outcome string `json:"outcome,omitempty"` // see What
	ID      int64  `json:"id,omitempty"`      // of the record that was made or changed
	Status  int    `json:"status,omitempty"`  // HTTP status of Syncro's answer
}

// String is the line as JSON, as text logs show it.
func (l Line) String() string {
	b, err := json.Marshal(l)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
