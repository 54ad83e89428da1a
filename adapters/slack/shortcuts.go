package slack

import (
	"cmp"
	"context"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/syncrobot/syncrobot/chat"
)

// niceTime is how long a shortcut's form, which Slack lets open for 3 s, waits
// for what is only good to have.
const niceTime = 700 * time.Millisecond

// takeShortcut takes a shortcut that is proven to be Slack's, on a message or
// from anywhere.
func (a *Adapter) takeShortcut(ctx context.Context, delivery string, p interaction, on messageAction) {
	switch {
	case p.CallbackID == "" || p.User.ID == "":
		a.log.DebugContext(ctx, "nothing to do for a shortcut", "delivery", delivery, "type", p.Type)
		return
	case a.appID != "" && p.AppID != a.appID:
		a.log.WarnContext(ctx, "another app's shortcut", "delivery", delivery, "app", p.AppID)
		return
	case !a.served(p.Team.ID):
		a.log.WarnContext(ctx, "shortcut in a workspace that is not served", "delivery", delivery, "team", p.Team.ID)
		return
	}
	at, trigger := a.place(p.ResponseURL, p.channel()), a.trigger(p.TriggerID)
	req := chat.Request{Delivery: delivery, User: p.user(), Shortcut: &chat.Shortcut{Name: p.CallbackID}}
	a.startOrSay(ctx, req, at, func(ctx context.Context) {
		var all sync.WaitGroup
		all.Go(func() { req.User = a.vetSoon(ctx, req.User) })
		if p.Type == "message_action" {
			req.Shortcut.Message = a.message(ctx, p.channel(), on)
		}
		all.Wait()
		a.shortcut(ctx, req, replier{a, req.User, at, false, trigger})
	})
}

func (a *Adapter) shortcut(ctx context.Context, req chat.Request, r replier) {
	form, card := a.handler.Shortcut(ctx, req)
	var err error
	if form != nil {
		err = r.Ask(ctx, *form)
	}
	if card != nil {
		_, err = r.Reply(ctx, *card)
	}
	if err != nil {
		a.log.ErrorContext(ctx, "the answer to a shortcut is not shown", "delivery", req.Delivery, "error", err)
	}
}

// message is what a shortcut was used on. Its author's name and its address
// are asked of Slack, which may not tell, or not in time.
func (a *Adapter) message(ctx context.Context, channel string, on messageAction) *chat.Message {
	ctx, cancel := context.WithTimeout(ctx, niceTime)
	defer cancel()
	m := on.Message
	var name, link string
	var all sync.WaitGroup
	all.Go(func() { name = a.people.name(ctx, m.User) })
	all.Go(func() {
		address, err := a.web.GetPermalinkContext(ctx, &slackapi.PermalinkParameters{Channel: channel, Ts: m.TS})
		if err != nil {
			a.log.InfoContext(ctx, "a message's address is not known", "error", err)
		} else if webAddress(address) {
			link = address
		}
	})
	all.Wait()
	return &chat.Message{
		Author: cmp.Or(m.Username, name, m.BotProfile.Name, m.User),
		Text:   literal(m.Text), Time: timeOf(m.TS), Link: link,
	}
}
