package slack

import (
	"context"
	"fmt"

	slackapi "github.com/slack-go/slack"

	"github.com/syncrobot/syncrobot/chat"
)

// maxLinks is how many links of one message are looked up.
const maxLinks = 3

// A link comes twice (docs.slack.dev/reference/events/link_shared): while it is
// being typed, without its conversation, so that nobody can tell who would see
// the preview; and when its message is posted.
const (
	fromComposer = "composer"
	fromHistory  = "conversations_history"
)

// overheard says why people of elsewhere may see what is said in a channel, or
// why that cannot be learned; empty where only the workspace's own do.
func (a *Adapter) overheard(ctx context.Context, channel string) string {
	c, err := a.channels.info(ctx, a.web, channel)
	switch {
	case err != nil:
		// Private conversations without the bot are among these.
		return fmt.Sprintf("whether others see it is not known: conversations.info: %v", err)
	case c.closed() != nil:
		return c.closed().Error()
	case c.IsMpIM, c.IsIM:
		return "in direct messages it is not known who else is an outsider"
	}
	return ""
}

// unfurl shows small cards below the links of a message, where only people of
// the workspace see them.
func (a *Adapter) unfurl(ctx context.Context, req chat.Request, e event) {
	if req.User = a.people.vet(ctx, req.User, req.User.Tenant); req.User.Outsider != "" {
		return
	}
	if why := a.overheard(ctx, e.Channel); why != "" {
		a.log.InfoContext(ctx, "links are not previewed", "delivery", req.Delivery, "channel", e.Channel, "why", why)
		return
	}
	unfurls := map[string]slackapi.Attachment{}
	for _, link := range e.Links[:min(len(e.Links), maxLinks)] {
		req.Pasted = &chat.Pasted{URL: link.URL, Place: "slack/" + e.Channel}
		if card := a.handler.Preview(ctx, req); card != nil {
			unfurls[link.URL] = slackapi.Attachment{Blocks: slackapi.Blocks{BlockSet: render(*card).Blocks}, Fallback: card.Title}
		}
	}
	if len(unfurls) == 0 {
		return
	}
	channel, how := e.Channel, slackapi.MsgOptionUnfurl(e.MessageTS, unfurls)
	if e.UnfurlID != "" { // it names the message in threads as well
		channel, how = "", slackapi.MsgOptionUnfurlByID(e.UnfurlID, fromHistory, unfurls)
	}
	ctx, cancel := context.WithTimeout(ctx, webPatience)
	defer cancel()
	if _, _, _, err := a.web.SendMessageContext(ctx, channel, how); err != nil {
		a.log.WarnContext(ctx, "links are not previewed", "delivery", req.Delivery, "error", fmt.Errorf("chat.unfurl: %w", err))
	}
}
