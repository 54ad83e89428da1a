package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackutilsx"

	"github.com/syncrobot/syncrobot/chat"
)

// niceTime is how long a shortcut's form, which Slack lets open for 3 s, waits
// for what is only good to have.
const niceTime = 1200 * time.Millisecond

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
		all.Go(func() { req.User = a.vetSoon(ctx, req.User, p.Team.ID) })
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

// message is what a shortcut was used on. Names, its address and its thread
// are asked of Slack, which may not tell, or not in time.
func (a *Adapter) message(ctx context.Context, channel string, on messageAction) *chat.Message {
	ctx, cancel := context.WithTimeout(ctx, niceTime)
	defer cancel()
	var link, alone string
	var thread []posted
	var all sync.WaitGroup
	all.Go(func() {
		address, err := a.web.GetPermalinkContext(ctx, &slackapi.PermalinkParameters{Channel: channel, Ts: on.Message.TS})
		if err != nil {
			a.log.InfoContext(ctx, "a message's address is not known", "error", err)
		} else if webAddress(address) {
			link = address
		}
	})
	all.Go(func() { thread, alone = a.thread(ctx, channel, on.Message.Thread) })
	all.Go(func() { a.people.learn(ctx, peopleIn(on.Message)) })
	all.Wait()
	a.people.learn(ctx, peopleIn(thread...))
	m := a.told(on.Message)
	m.Link, m.Alone = link, alone
	for _, s := range thread {
		m.Thread = append(m.Thread, a.told(s))
	}
	return &m
}

const (
	maxReplies = 100 // of a thread that is read: more is not put on a ticket
	maxNames   = 30  // people whose names are asked for; of the others the id is shown
)

// thread is the whole of a thread, oldest first; alone says why it is not
// there. It takes channels:history (groups:, im:, mpim:history for the others)
// and a bot that is in the channel, which a shop may not want to give.
func (a *Adapter) thread(ctx context.Context, channel, first string) (thread []posted, alone string) {
	if first == "" {
		return nil, ""
	}
	replies, more, _, err := a.web.GetConversationRepliesContext(ctx, &slackapi.GetConversationRepliesParameters{
		ChannelID: channel, Timestamp: first, Limit: maxReplies,
	})
	var refused slackapi.SlackErrorResponse
	switch {
	case errors.As(err, &refused) && (refused.Err == "not_in_channel" || refused.Err == "channel_not_found"):
		return nil, "Its thread can be taken along once I am in this channel: invite me."
	case errors.As(err, &refused) && refused.Err == "missing_scope":
		return nil, "Its thread cannot be taken along: this app may not read the channel (channels:history)."
	case err != nil:
		a.log.InfoContext(ctx, "a thread could not be read", "error", err)
		return nil, "Its thread could not be read in time."
	case more:
		return nil, fmt.Sprintf("Its thread has more than %d messages and is not taken along.", maxReplies)
	}
	for _, r := range replies {
		s := posted{Text: r.Text, TS: r.Timestamp, User: r.User, Username: r.Username}
		if r.BotProfile != nil {
			s.BotProfile.Name = r.BotProfile.Name
		}
		for _, f := range r.Files {
			s.Files = append(s.Files, file{Name: f.Name, Title: f.Title, Permalink: f.Permalink})
		}
		thread = append(thread, s)
	}
	return thread, ""
}

// mention is a person's mention in a text; Slack gives the name with it
// in commands alone.
var mention = regexp.MustCompile(`<@([UW][A-Z0-9]+)>`)

// peopleIn are the ids of those who wrote messages, or are mentioned in them.
func peopleIn(all ...posted) []string {
	var ids []string
	for _, s := range all {
		ids = append(ids, s.User)
		for _, m := range mention.FindAllStringSubmatch(s.Text, -1) {
			ids = append(ids, m[1])
		}
	}
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
	return ids[:min(len(ids), maxNames)]
}

// told is a message as people read it, with names as far as they are known.
func (a *Adapter) told(s posted) chat.Message {
	known := func(id string) string {
		p, _ := a.people.recall(id)
		return p.name
	}
	text := mention.ReplaceAllStringFunc(s.Text, func(m string) string {
		id := mention.FindStringSubmatch(m)[1]
		return "@" + slackutilsx.EscapeMessage(cmp.Or(known(id), id)) // a name is no markup either
	})
	m := chat.Message{
		Author: cmp.Or(s.Username, known(s.User), s.BotProfile.Name, s.User), Text: literal(text), Time: timeOf(s.TS),
	}
	for _, f := range s.Files {
		m.Files = append(m.Files, chat.File{Name: cmp.Or(f.Name, f.Title, "a file")})
		if webAddress(f.Permalink) {
			m.Files[len(m.Files)-1].Link = f.Permalink
		}
	}
	return m
}
