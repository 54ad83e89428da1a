package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/syncrobot/syncrobot/chat"
)

// unsentPause is when it is tried again where Slack could not be reached.
const unsentPause = 10 * time.Second

// Post shows card in a channel, below a card in it, or to a person in a direct
// message. Nothing is ever posted into a channel that is shared with another
// organisation, nor where it cannot be learned whether it is.
func (a *Adapter) Post(ctx context.Context, at chat.Place, card chat.Card) (chat.Ref, error) {
	ctx, cancel := context.WithTimeout(ctx, webPatience)
	defer cancel()
	channel, err := a.channelOf(ctx, at)
	if err != nil {
		return "", err
	}
	var thread place
	if at.Thread != "" {
		if thread, err = a.open(at.Thread); err != nil {
			return "", &chat.UnreachableError{Why: "the card that it belongs below is not known any more", Err: err}
		}
	}
	m := render(card)
	ts, err := a.postMessage(ctx, channel, thread.TS, m)
	if refusesLayout(err) {
		a.log.ErrorContext(ctx, "Slack does not take a card's layout", "parts", len(card.Parts), "buttons", len(card.Buttons), "error", err)
		ts, err = a.postMessage(ctx, channel, thread.TS, m.bare())
	}
	if err != nil {
		return "", a.unposted(fmt.Errorf("chat.postMessage: %w", err))
	}
	return a.ref(place{Channel: channel, TS: ts}), nil
}

func (a *Adapter) postMessage(ctx context.Context, channel, thread string, m message) (ts string, err error) {
	options := m.options()
	if thread != "" {
		options = append(options, slackapi.MsgOptionTS(thread))
	}
	_, ts, err = a.calm.PostMessageContext(ctx, channel, options...)
	return ts, err
}

// Reach asks whether Post could show something at a place.
func (a *Adapter) Reach(ctx context.Context, at chat.Place) error {
	ctx, cancel := context.WithTimeout(ctx, webPatience)
	defer cancel()
	if at.Person != nil {
		return a.reachPerson(ctx, *at.Person)
	}
	c, err := a.channels.ask(ctx, a.calm, at.Channel)
	if err != nil {
		return a.unposted(fmt.Errorf("conversations.info: %w", err))
	}
	if err := c.closed(); err != nil {
		return err
	}
	if !c.IsMember && !c.IsIM {
		return notInChannel(c.shownName(), nil)
	}
	return nil
}

func (a *Adapter) reachPerson(ctx context.Context, user chat.User) error {
	if !a.served(user.Tenant) {
		return &chat.UnreachableError{Why: user.ID + " is in another workspace than those served"}
	}
	member, err := a.calm.GetUserInfoContext(ctx, user.ID)
	if err != nil {
		return a.unposted(fmt.Errorf("users.info: %w", err))
	}
	if why := a.people.outsider(member); why != "" {
		return &chat.UnreachableError{Why: user.ID + " is " + why}
	}
	return nil
}

// channelOf is the id of the conversation that a place is, where the bot may
// speak there.
func (a *Adapter) channelOf(ctx context.Context, at chat.Place) (string, error) {
	if at.Person != nil {
		if !a.served(at.Person.Tenant) {
			return "", &chat.UnreachableError{Why: at.Person.ID + " is in another workspace than those served"}
		}
		im, _, _, err := a.calm.OpenConversationContext(ctx, &slackapi.OpenConversationParameters{Users: []string{at.Person.ID}})
		if err != nil {
			return "", a.refused(fmt.Errorf("conversations.open: %w", err))
		}
		return im.ID, nil
	}
	c, err := a.channels.info(ctx, a.calm, at.Channel)
	if err != nil {
		return "", a.refused(fmt.Errorf("conversations.info: %w", err))
	}
	return at.Channel, c.closed()
}

// refused is a failure before anything was posted: whatever it is, nothing
// was shown.
func (a *Adapter) refused(err error) error {
	err = a.unposted(err)
	if _, ok := errors.AsType[*chat.UnreachableError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*chat.LaterError](err); ok {
		return err
	}
	return &chat.LaterError{Until: a.now().Add(unsentPause), Err: err}
}

// unposted sorts a failure: tried again later, not before somebody does
// something, or nobody knows.
func (a *Adapter) unposted(err error) error {
	if limited, ok := errors.AsType[*slackapi.RateLimitedError](err); ok {
		return &chat.LaterError{Until: a.now().Add(max(limited.RetryAfter, time.Second)), Err: err}
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return &chat.LaterError{Until: a.now().Add(unsentPause), Err: err}
	}
	said, ok := errors.AsType[slackapi.SlackErrorResponse](err)
	if !ok {
		return err
	}
	switch said.Err {
	case "ratelimited", "rate_limited", "message_limit_exceeded":
		return &chat.LaterError{Until: a.now().Add(time.Minute), Err: err}
	case "not_in_channel":
		return notInChannel("the channel", err)
	case "channel_not_found":
		return &chat.UnreachableError{Why: "Slack knows no such channel, or it is a private one without the bot",
			Remedy: "Check the id in the route, and invite the bot: type /invite and its name in the channel.", Err: err}
	case "is_archived":
		return archived("the channel", err)
	case "missing_scope":
		return &chat.UnreachableError{Why: "the Slack app lacks a scope",
			Remedy: "It needs chat:write, im:write, channels:read and groups:read, the last two to learn whether a channel is shared with another organisation. Add them and install the app again.", Err: err}
	case "user_not_found", "user_disabled", "cannot_dm_bot", "messages_tab_disabled":
		return &chat.UnreachableError{Why: "Slack lets the bot send this person no message", Err: err}
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired":
		return &chat.UnreachableError{Why: "Slack does not take the bot's token", Remedy: "Check slack.bot_token.", Err: err}
	case "restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel", "no_permission",
		"ekm_access_denied", "team_access_not_granted", "access_denied", "not_allowed_token_type":
		return &chat.UnreachableError{Why: "the workspace does not let the bot post there", Remedy: "Ask an administrator of the workspace.", Err: err}
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout":
		return err // it may have been shown
	}
	if refusesLayout(err) {
		return err
	}
	return &chat.UnreachableError{Why: "Slack refuses", Err: err}
}

func notInChannel(channel string, err error) error {
	return &chat.UnreachableError{Why: "the bot is not in " + channel, Remedy: "Invite it: type /invite and its name there.", Err: err}
}

func archived(channel string, err error) error {
	return &chat.UnreachableError{Why: channel + " is archived", Remedy: "Take the route out, or unarchive the channel.", Err: err}
}

// channelFresh is how long what Slack says about a channel is believed. A
// channel may be shared with somebody at any time.
const channelFresh = time.Minute

// channels remembers for a short while what Slack says about channels.
type channels struct {
	now func() time.Time

	mu    sync.Mutex
	known map[string]channelInfo
}

type channelInfo struct {
	slackapi.Channel
	until time.Time
}

func (c channelInfo) shownName() string {
	if c.Name == "" {
		return c.ID
	}
	return "#" + c.Name
}

// closed says why nothing may be posted there.
func (c channelInfo) closed() error {
	switch {
	case c.IsExtShared, c.IsPendingExtShared:
		return &chat.UnreachableError{Why: c.shownName() + " is shared with another organisation, or about to be, and nothing about customers is posted there",
			Remedy: "Name a channel of your own in the route."}
	case c.IsArchived:
		return archived(c.shownName(), nil)
	}
	return nil
}

// info is what Slack says, or said a moment ago.
func (c *channels) info(ctx context.Context, web *slackapi.Client, id string) (channelInfo, error) {
	c.mu.Lock()
	known, ok := c.known[id]
	c.mu.Unlock()
	if ok && c.now().Before(known.until) {
		return known, nil
	}
	return c.ask(ctx, web, id)
}

func (c *channels) ask(ctx context.Context, web *slackapi.Client, id string) (channelInfo, error) {
	said, err := web.GetConversationInfoContext(ctx, &slackapi.GetConversationInfoInput{ChannelID: id})
	if err != nil {
		return channelInfo{}, err
	}
	said.ID = cmp.Or(said.ID, id)
	known := channelInfo{*said, c.now().Add(channelFresh)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[id] = known
	return known, nil
}
