// Package adapters is the list of chat platforms.
package adapters

import (
	"context"
	"fmt"
	"net/http"

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

// Redraw replaces a card on the platform of the person it belongs to.
func (p Platforms) Redraw(ctx context.Context, user chat.User, ref chat.Ref, card chat.Card) error {
	for _, a := range p {
		if a.Name() == user.Platform {
			return a.Redraw(ctx, user, ref, card)
		}
	}
	return fmt.Errorf("the card is on %s, which is not configured any more", user.Platform)
}
