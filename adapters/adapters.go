// Package adapters is the list of chat platforms.
package adapters

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/syncrobot/syncrobot/adapters/slack"
	"github.com/syncrobot/syncrobot/adapters/teams"
	"github.com/syncrobot/syncrobot/chat"
)

// Platforms are the platforms that the bot serves.
type Platforms []chat.Adapter

// New is THE LIST OF PLATFORMS. One that is nil is not served.
func New(s *slack.Options, t *teams.Options) (Platforms, error) {
	var all Platforms
	if s != nil {
		a, err := slack.New(*s)
		if err != nil {
			return nil, fmt.Errorf("slack: %w", err)
		}
		all = append(all, a)
	}
	if t != nil {
		a, err := teams.New(*t)
		if err != nil {
			return nil, fmt.Errorf("teams: %w", err)
		}
		all = append(all, a)
	}
	return all, nil
}

// Mount adds every platform's routes.
func (p Platforms) Mount(mux *http.ServeMux) {
	for _, a := range p {
		a.Mount(mux)
	}
}

// named is the platform of that name; nil where it is not served.
func (p Platforms) named(name string) chat.Adapter {
	for _, a := range p {
		if a.Name() == name {
			return a
		}
	}
	return nil
}

// Run keeps the connections of those platforms that are called by the bot,
// until ctx ends and what came over them is answered.
func (p Platforms) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, a := range p {
		if caller, ok := a.(interface{ Run(context.Context) }); ok {
			all.Go(func() { caller.Run(ctx) })
		}
	}
	all.Wait()
}

// Redraw replaces a card on the platform of the person it belongs to.
func (p Platforms) Redraw(ctx context.Context, user chat.User, ref chat.Ref, card chat.Card) error {
	if a := p.named(user.Platform); a != nil {
		return a.Redraw(ctx, user, ref, card)
	}
	return fmt.Errorf("the card is on %s, which is not configured any more", user.Platform)
}

// Post shows a card where nobody asked for it, as chat.Adapter's.
func (p Platforms) Post(ctx context.Context, at chat.Place, card chat.Card) (chat.Ref, error) {
	if a := p.named(at.Platform); a != nil {
		return a.Post(ctx, at, card)
	}
	return "", notServed(at)
}

// Reach tells why Post would show nothing at a place, as chat.Adapter's.
func (p Platforms) Reach(ctx context.Context, at chat.Place) error {
	if a := p.named(at.Platform); a != nil {
		return a.Reach(ctx, at)
	}
	return notServed(at)
}

func notServed(at chat.Place) error {
	return &chat.UnreachableError{Why: at.Platform + " is not configured", Remedy: "Add its section to the config, or take the route out."}
}
