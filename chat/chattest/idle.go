package chattest

import (
	"context"

	"github.com/syncrobot/syncrobot/chat"
)

// Idle is a handler that does nothing. A test's own handler embeds it and has
// the methods that the test is about.
type Idle struct{}

var _ chat.Handler = Idle{}

// Command does nothing.
func (Idle) Command(context.Context, chat.Request, chat.Replier) {}

// Click answers nothing.
func (Idle) Click(context.Context, chat.Request) chat.Answer { return chat.Answer{} }

// Submit takes anything.
func (Idle) Submit(context.Context, chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
	return nil, nil
}

// Suggest finds nothing.
func (Idle) Suggest(context.Context, chat.Request) []chat.Option { return nil }

// Shortcut answers nothing.
func (Idle) Shortcut(context.Context, chat.Request) (*chat.Form, *chat.Card) { return nil, nil }

// Home is empty.
func (Idle) Home(context.Context, chat.Request) []chat.Card { return nil }

// Greet says nothing.
func (Idle) Greet(context.Context, chat.Request) chat.Card { return chat.Card{} }

// Preview shows nothing.
func (Idle) Preview(context.Context, chat.Request) *chat.Card { return nil }
