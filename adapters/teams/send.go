package teams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	library "github.com/infracloudio/msbotbuilder-go/core/activity"
	"github.com/infracloudio/msbotbuilder-go/schema"

	"github.com/syncrobot/syncrobot/chat"
)

// place is where a card is, and what a Ref holds. There is no secret in it.
type place struct {
	Service      string `json:"service"`
	Conversation string `json:"conversation"`
	Activity     string `json:"activity"`
}

// ref is p as a Ref, empty where there is no card to redraw.
func (p place) ref() chat.Ref {
	if p.Activity == "" {
		return ""
	}
	// Marshal cannot fail on strings.
	b, _ := json.Marshal(p)
	return chat.Ref(b)
}

func parseRef(ref chat.Ref) (place, error) {
	var p place
	if err := json.Unmarshal([]byte(ref), &p); err != nil {
		return place{}, fmt.Errorf("teams: where the card is: %w", err)
	}
	if !plainID(p.Conversation) || !plainID(p.Activity) {
		return place{}, errors.New("teams: where the card is: no usable ids")
	}
	return p, nil
}

// replier answers an activity where it was written, which in a channel is the
// same thread: its conversation id names that.
type replier struct {
	adapter *Adapter
	act     activity
}

// Reply shows card in the conversation, or in the person's own chat where
// what they wrote was seen by nobody else.
func (r replier) Reply(ctx context.Context, card chat.Card) (chat.Ref, error) {
	if r.act.private() {
		return r.adapter.whisper(ctx, r.act, card)
	}
	return r.adapter.post(ctx, r.act.place(), r.act.ID, card)
}

// Ask shows what opens the form.
func (r replier) Ask(ctx context.Context, form chat.Form) error {
	_, err := r.Reply(ctx, form.Opener())
	return err
}

// whisper shows card to the sender of act alone.
func (a *Adapter) whisper(ctx context.Context, act activity, card chat.Card) (chat.Ref, error) {
	if act.personal() {
		return a.post(ctx, act.place(), "", card)
	}
	return a.direct(ctx, act.place(), act.From.ID, card)
}

// Redraw replaces the card at ref for everybody who sees it. When it is gone
// (404), or the bot may not change it any more (403), the card is shown anew
// in the user's personal chat.
func (a *Adapter) Redraw(ctx context.Context, user chat.User, ref chat.Ref, card chat.Card) error {
	at, err := parseRef(ref)
	if err != nil {
		return err
	}
	act := a.outgoing(at, card)
	act.ID = at.Activity
	err = a.bot.UpdateActivity(ctx, act)
	e, answered := errors.AsType[*connectorError](err)
	if !answered || e.Status != http.StatusNotFound && e.Status != http.StatusForbidden {
		return err
	}
	if _, anew := a.direct(ctx, at, user.ID, card); anew != nil {
		return errors.Join(err, anew)
	}
	return nil
}

// direct shows card in member's personal chat with the bot, at the same
// service as at. member is their id in Teams ("29:...") or in Entra, which
// the connector takes as well (MicrosoftDocs/msteams-docs issue 14079).
func (a *Adapter) direct(ctx context.Context, at place, member string, card chat.Card) (chat.Ref, error) {
	service, err := url.Parse(at.Service)
	if err != nil {
		return "", err
	}
	at.Conversation, err = a.connector.createConversation(ctx, service, a.account(), member, a.tenant)
	if err != nil {
		return "", fmt.Errorf("opening the personal chat: %w", err)
	}
	return a.post(ctx, at, "", card)
}

// post shows card as a new message in at's conversation.
func (a *Adapter) post(ctx context.Context, at place, replyTo string, card chat.Card) (chat.Ref, error) {
	act := a.outgoing(at, card)
	act.ReplyToID = replyTo
	var id string
	err := a.bot.ProcessActivity(withSent(ctx, &id), act, library.HandlerFuncs{
		OnMessageFunc: func(*library.TurnContext) (schema.Activity, error) { return act, nil },
	})
	if err != nil {
		return "", err
	}
	at.Activity = id
	return at.ref(), nil
}

func (a *Adapter) outgoing(at place, card chat.Card) schema.Activity {
	drawn := render(card)
	return schema.Activity{
		Type:         schema.Message,
		ServiceURL:   at.Service,
		From:         schema.ChannelAccount{ID: a.account()},
		Conversation: schema.ConversationAccount{ID: at.Conversation},
		Summary:      drawn.summary,
		Attachments:  []schema.Attachment{{ContentType: cardAnswer, Content: drawn.card}},
	}
}

// account is the bot's own id in Teams.
func (a *Adapter) account() string { return "28:" + a.appID }
