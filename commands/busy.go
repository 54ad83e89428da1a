package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// patience is how long a command may take, waiting for Syncro's limit included.
const patience = 90 * time.Second

// patient answers one command through a Replier. When it has to wait for
// Syncro's limit the person is told so, and how long; the answer takes the
// place of that where the platform lets it.
type patient struct {
	chat.Replier
	b    *Bot
	user chat.User
	busy chat.Ref // the card that says so, empty where there is none or it stays
}

// patiently bounds what is done for user and tells them when it waits.
func (b *Bot) patiently(ctx context.Context, user chat.User, r chat.Replier) (context.Context, context.CancelFunc, chat.Replier) {
	p := &patient{Replier: r, b: b, user: user}
	ctx, cancel := context.WithTimeout(ctx, patience)
	told := syncro.OnWait(ctx, func(wait time.Duration) {
		var err error
		if p.busy, err = r.Reply(ctx, busyCard(wait)); err != nil {
			b.Log.Warn("a person could not be told to wait", "user", user.Key(), "error", err)
		}
	})
	return told, cancel, p
}

// Reply shows a card, the first one in the busy card's place.
func (p *patient) Reply(ctx context.Context, card chat.Card) (chat.Ref, error) {
	if at := p.busy; at != "" {
		p.busy = ""
		return at, p.b.Redraw(ctx, p.user, at, card)
	}
	return p.Replier.Reply(ctx, card)
}

func busyCard(wait time.Duration) chat.Card {
	return chat.Card{
		Title: fmt.Sprintf("Syncro is busy: %s…", max(wait, time.Second).Round(time.Second)), Tone: chat.Working,
		Parts: []chat.Part{chat.Text("The requests that Syncro allows this office per minute are used up. Your answer comes by itself.")},
	}
}
