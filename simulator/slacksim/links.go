package slacksim

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// shared is a message, or a draft of one, with links that the app was told of.
type shared struct {
	source string // composer or conversations_history
	m      *message
	urls   []string
}

// inAngles is a link as Slack stores it in a message's text.
var inAngles = regexp.MustCompile(`<(https?://[^|<>]+)(?:\|[^<>]*)?>`)

// linksIn is the link_shared event of a message, nil where there is none to
// send: the links of the domains that the app unfurls. It needs s.mu.
func (s *Slack) linksIn(m *message) map[string]any {
	return s.sharing(m, "conversations_history", m.channel, m.id)
}

func (s *Slack) sharing(m *message, source, channel, ts string) map[string]any {
	if !slices.Contains(s.o.Events, "link_shared") {
		return nil
	}
	text, _ := m.body["text"].(string)
	var urls []string
	var links []any
	for _, found := range inAngles.FindAllStringSubmatch(text, -1) {
		address := entities.Replace(found[1])
		u, err := url.Parse(address)
		if err != nil || !s.unfurls(u.Host) || slices.Contains(urls, address) {
			continue
		}
		urls = append(urls, address)
		links = append(links, map[string]any{"domain": u.Host, "url": address})
	}
	if urls == nil {
		return nil
	}
	id := fmt.Sprintf("%s.%s", m.id, strings.ToLower(token(16)))
	s.links[id] = &shared{source, m, urls}
	event := map[string]any{
		"type": "link_shared", "user": m.user, "channel": channel, "message_ts": ts, "event_ts": s.stamp(), "links": links,
		"unfurl_id": id, "source": source, "is_bot_user_member": source != "composer" && s.member(channel, s.o.BotUser),
	}
	if m.thread != "" {
		event["thread_ts"] = m.thread
	}
	return event
}

// SetUnfurlDomains says which links the app unfurls, as its manifest does: at
// most 5 domains.
func (s *Slack) SetUnfurlDomains(domains ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.UnfurlDomains = domains[:min(len(domains), 5)]
}

// unfurls tells whether the app unfurls links of a host: a domain stands for
// what is below it too.
func (s *Slack) unfurls(host string) bool {
	return slices.ContainsFunc(s.o.UnfurlDomains, func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) })
}

// Draft is a person writing a message with a link, before it is posted: the
// app is told of the link, and not of where it will be.
func (s *Slack) Draft(ctx context.Context, user, text string) Ack {
	s.mu.Lock()
	m := &message{id: s.stamp(), user: user, body: map[string]any{"text": s.typed(text)}}
	event := s.sharing(m, "composer", "COMPOSER", token(16))
	s.mu.Unlock()
	if event == nil {
		return Ack{}
	}
	acks := s.Event(ctx, event)
	return acks[len(acks)-1]
}

// unfurl answers chat.unfurl (docs.slack.dev/reference/methods/chat.unfurl):
// channel and ts, or unfurl_id and source; only links that are in the message.
func (s *Slack) unfurl(c call) map[string]any {
	id, source := c.str("unfurl_id"), c.str("source")
	var to *shared
	switch {
	case (id == "") != (source == ""):
		return failed("missing_" + map[bool]string{true: "unfurl_id", false: "source"}[id == ""])
	case id != "":
		if to = s.links[id]; to == nil || to.source != source {
			return failed("cannot_find_message")
		}
	default:
		for _, one := range s.links {
			if one.m.id == c.str("ts") && one.m.channel == c.str("channel") && one.source != "composer" {
				to = one
			}
		}
		if to == nil {
			return failed("cannot_find_message")
		}
	}
	unfurls, ok := c.args["unfurls"].(map[string]any)
	if !ok || len(unfurls) == 0 {
		return failed("missing_unfurls")
	}
	var shown []any
	for _, address := range slices.Sorted(maps.Keys(unfurls)) {
		if !slices.Contains(to.urls, address) {
			return failed("cannot_unfurl_url")
		}
		w := &walk{surface: "message", blockIDs: map[string]bool{}}
		attachment(w, "/unfurls/"+address, unfurls[address])
		if s.note("chat.unfurl", w.found) {
			return refused("invalid_blocks", w.found)
		}
		a, _ := unfurls[address].(map[string]any)
		shown = append(shown, merged(a, map[string]any{"from_url": address}))
	}
	to.m.body["attachments"] = shown
	complete(to.m.body)
	s.touch()
	return done(nil)
}
