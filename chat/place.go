package chat

import (
	"context"
	"fmt"
	"time"
)

// Place is where the bot speaks without having been asked.
type Place struct {
	Platform string // an Adapter's Name
	Channel  string // the platform's id of a channel or chat: "C0123", "19:abc@thread.tacv2"
	Person   *User  // instead of Channel: this person, in private
	Thread   Ref    // optional: of a card that Post showed there; the new one goes below it
}

// Key names the place uniquely across platforms, whatever the Thread:
// "slack/C0123", "slack/T0001/U0001".
func (p Place) Key() string {
	if p.Person != nil {
		return p.Person.Key()
	}
	return p.Platform + "/" + p.Channel
}

// LaterError says that the platform took nothing, and takes nothing before
// Until.
type LaterError struct {
	Until time.Time
	Err   error
}

func (e *LaterError) Error() string {
	return fmt.Sprintf("nothing was shown; it may be tried again at %s: %v", e.Until.Format(time.TimeOnly), e.Err)
}

// Unwrap is what happened.
func (e *LaterError) Unwrap() error { return e.Err }

// UnreachableError says that nothing was shown, and that nothing will be until
// somebody does something about it.
type UnreachableError struct {
	Why    string // "#billing is shared with another organisation"
	Remedy string // what to do, as a sentence; empty where nothing can be done
	Err    error  // what the platform said; may be nil
}

func (e *UnreachableError) Error() string {
	text := e.Why
	if e.Remedy != "" {
		text += ". " + e.Remedy
	}
	if e.Err != nil {
		text += fmt.Sprintf(" (%v)", e.Err)
	}
	return text
}

// Unwrap is what the platform said.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Notes is what an adapter must still know after a restart. Replicas share
// it. Nothing in it is a secret: an adapter seals what would be.
type Notes interface {
	// Note keeps a value under a key; an empty one is forgotten.
	Note(ctx context.Context, key, value string) error
	// Noted is the value, empty where there is none.
	Noted(ctx context.Context, key string) (string, error)
}
