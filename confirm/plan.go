// Package confirm does what a technician confirmed, once. A command makes a
// Plan; the Engine saves it, draws it as a card, and when its author presses
// Confirm sends its steps to Syncro one by one: saved before it is sent, sent
// by one claim alone, looked for by GET when the answer leaves a doubt, and
// never sent again without a new click of the same person.
package confirm

import (
	"context"
	"slices"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// Plan is what a command proposes to change.
type Plan struct {
	Title  string         // "Close #32164 VPN drops every hour"
	Typed  string         // what the person typed, given back when the card is of no use any more
	Ticket *syncro.Ticket // as it was read for this plan; nil when the plan is about none
	Facts  chat.Fields    // shown above the steps
	Steps  []syncro.Write // done in this order
	Edit   *Edit          // how it can be changed before it is confirmed; nil where it cannot
	After  []After        // what the card offers once everything is done

	// Timer is the mark of the author's running timer whose time this bills:
	// it is settled when everything is done. Empty: none.
	Timer string

	// Reckoned: the steps follow from what is on the ticket (its charges, its
	// timers, its invoices). When the ticket moves, the plan is not asked again:
	// it must be made anew, from Typed.
	Reckoned bool
}

// Edit is the form that a plan can be made anew with, as it is filled in now.
type Edit struct {
	Command string    `json:"command"` // whose form it is
	About   string    `json:"about"`
	Form    chat.Form `json:"form"`
}

// After is a command that follows from what was done.
type After struct {
	Label string `json:"label"`
	Line  string `json:"line"` // Made in it is what the first step made

	// Instead: its answer takes the card's place, which is not so any more.
	Instead bool `json:"instead,omitempty"`
}

// Made stands in an After's line for what people call the record that the first
// step makes, and that is known when it is there: #32164.
const Made = "{made}"

// Actor is a technician as the engine needs them: as whom Syncro logs what is
// sent with the key.
type Actor struct {
	Name     string // in the configuration
	FullName string // of the key's owner, as /me answers
	UserID   int64  // of the key's owner
	Shared   bool   // the key is not the technician's own
	Key      syncro.Key
}

// People finds the Actor behind a technician's name in the configuration,
// with the key checked.
type People func(ctx context.Context, name string) (Actor, error)

// verdict is what a Sight says about a write, compared with the pre-image.
type verdict int

const (
	missing  verdict = iota // nothing of ours is there
	happened                // it is there, once
	several                 // it is there more than once
	doubtful                // something is there that only a person can judge
)

// judge compares what the evidence shows now with what it showed when the
// card was drawn. ids are the entries that decided it.
func judge(effect syncro.Effect, before, now syncro.Sight) (verdict, []int64) {
	switch effect {
	case syncro.Sets:
		if now.IsSet {
			return happened, nil
		}
		return missing, nil
	case syncro.Removes:
		if len(now.Ours) == 0 {
			return happened, nil
		}
		return missing, nil
	}
	old := func(id int64) bool { return slices.Contains(before.All, id) }
	ours := slices.DeleteFunc(slices.Clone(now.Ours), old)
	near := slices.DeleteFunc(slices.Clone(now.Near), old)
	switch {
	case len(ours) == 1:
		return happened, ours
	case len(ours) > 1:
		return several, ours
	case len(near) > 0:
		return doubtful, near
	}
	return missing, nil
}
