package slack

import (
	"context"
	"errors"
	"fmt"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/syncrobot/syncrobot/chat"
)

// The Home tab is one person's page. It is drawn anew as a whole: what is
// answered to a click on it stands on top until they go back, their day below.

// verbBack is the button that takes the answer to a click off the page again.
const verbBack = "back"

// eventTime bounds the work for an event.
const eventTime = 2 * time.Minute

// openHome draws the page of a person who opened it. hash is of what they see:
// where something newer was drawn since, it stays.
func (a *Adapter) openHome(ctx context.Context, req chat.Request, hash string) {
	req.User = a.people.vet(ctx, req.User, req.User.Tenant)
	err := a.publish(ctx, req.User, nil, hash)
	if refused, ok := errors.AsType[slackapi.SlackErrorResponse](err); ok && refused.Err == "hash_conflict" {
		return
	}
	if err != nil {
		a.log.ErrorContext(ctx, "a person's page is not shown", "delivery", req.Delivery, "user", req.User.Key(), "error", err)
	}
}

// publish draws a person's page, with top as its first card; nil: none. While
// something is being worked on it stands alone: what is below would be old.
func (a *Adapter) publish(ctx context.Context, user chat.User, top *chat.Card, hash string) error {
	var cards []chat.Card
	if top != nil {
		cards = append(cards, *top)
	}
	if top == nil || top.Tone != chat.Working {
		cards = append(cards, a.handler.Home(ctx, chat.Request{User: user})...)
	}
	if top != nil && len(cards) > 1 {
		cards[0].Buttons = append(cards[0].Buttons[:len(cards[0].Buttons):len(cards[0].Buttons)], chat.Button{Label: "Back to my day", Verb: verbBack})
	}
	request := slackapi.PublishViewContextRequest{
		UserID: user.ID,
		View:   slackapi.HomeTabViewRequest{Type: slackapi.VTHomeTab, Blocks: slackapi.Blocks{BlockSet: page(cards)}},
	}
	if hash != "" {
		request.Hash = &hash
	}
	ctx, cancel := context.WithTimeout(ctx, webPatience)
	defer cancel()
	if _, err := a.web.PublishViewContext(ctx, request); err != nil {
		return fmt.Errorf("views.publish: %w", err)
	}
	return nil
}

// page is cards below each other, as far as a Home tab takes them.
func page(cards []chat.Card) []slackapi.Block {
	var blocks []slackapi.Block
	verbs := map[string]int{}
	for i, card := range cards {
		if i > 0 {
			blocks = append(blocks, slackapi.NewDividerBlock())
		}
		blocks = append(blocks, layout(card, verbs)...)
	}
	if over := len(blocks) - maxViewBlocks; over > 0 {
		said := slackapi.NewTextBlockObject(slackapi.PlainTextType, fmt.Sprintf("… (cut: %d more part%s)", over+1, plural(over+1)), false, false)
		blocks = append(blocks[:maxViewBlocks-1], slackapi.NewContextBlock("", said))
	}
	return blocks
}
