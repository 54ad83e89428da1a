package slacksim

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"strings"
)

// Command is a person typing the app's slash command, then text, in a
// channel. The answer in the ack is shown as Slack shows it; a failure is told
// to the person by Slackbot.
func (s *Slack) Command(ctx context.Context, user, channel, text string) Ack {
	s.mu.Lock()
	if err := s.present(user, channel); err != nil {
		s.mu.Unlock()
		return Ack{Err: err}
	}
	u, c := s.users[user], s.channels[channel]
	if u.TeamID != s.o.TeamID {
		// Over Slack Connect people have the commands of their own workspace only.
		s.mu.Unlock()
		return Ack{Err: fmt.Errorf("command %s for %s, who is of team %s: %w", s.o.Command, user, u.TeamID, ErrNotThere)}
	}
	form := url.Values{
		"token": {"deprecated"}, "team_id": {s.o.TeamID}, "team_domain": {domain(s.o.TeamName)},
		"channel_id": {channel}, "channel_name": {c.shownName()},
		"user_id": {user}, "user_name": {u.Name},
		"command": {s.o.Command}, "text": {s.typed(strings.TrimSpace(text))},
		"api_app_id": {s.o.AppID}, "is_enterprise_install": {"false"},
		"response_url": {s.newHook("commands", user, channel, nil)}, "trigger_id": {s.newTrigger(user)},
	}
	s.mu.Unlock()

	ack := s.deliver(ctx, "slash_command", commandsPath, formType, []byte(form.Encode()), nil)

	s.mu.Lock()
	defer s.mu.Unlock()
	if ack.Err == nil {
		ack.Err = s.showAnswer(user, channel, text, ack)
	}
	if ack.Err != nil {
		word, _, _ := strings.Cut(ack.Err.Error(), ":")
		s.post(&message{channel: channel, user: slackbot, bot: true, to: user, body: map[string]any{
			"text": fmt.Sprintf("%s failed with the error %q", s.o.Command, word),
		}})
	}
	return ack
}

// showAnswer shows the body of a command's ack: nothing, plain text, or a JSON message.
func (s *Slack) showAnswer(user, channel, typed string, ack Ack) error {
	body := bytes.TrimSpace(ack.Body)
	if len(body) == 0 {
		return nil
	}
	const where = "answer to " + commandsPath
	kind, _, _ := mime.ParseMediaType(ack.ContentType)
	answer := map[string]any{"text": string(body)}
	switch {
	case kind == "application/json":
		var err error
		if answer, err = decode(body); err != nil {
			s.note(where, []Violation{{Rule: "not_json", Detail: err.Error()}})
			return fmt.Errorf("%w: %w", ErrAnswer, err)
		}
	case body[0] == '{':
		s.note(where, []Violation{{Rule: "bad_value", Detail: "a JSON answer needs Content-Type application/json, this is shown as text", Advice: true}})
	}
	if s.note(where, append(validateMessage(answer), responseType(answer)...)) {
		return fmt.Errorf("%w: invalid_blocks", ErrAnswer)
	}
	if empty(answer) {
		return nil
	}
	m := &message{channel: channel, user: s.o.BotUser, bot: true, to: user, body: content(answer)}
	if answer["response_type"] == "in_channel" {
		s.post(&message{channel: channel, user: user, body: map[string]any{"text": s.typed(s.o.Command + " " + typed)}})
		m.to = ""
	}
	s.post(m)
	return nil
}

// responseType judges the response_type of an answer or a response_url message.
func responseType(body map[string]any) []Violation {
	switch body["response_type"] {
	case nil, "ephemeral", "in_channel":
		return nil
	}
	return []Violation{{Pointer: "/response_type", Rule: "bad_value", Advice: true,
		Detail: fmt.Sprintf("response_type %v is taken for ephemeral", body["response_type"])}}
}

// shownName is a channel's name as commands and interactions carry it.
func (c *channel) shownName() string {
	switch {
	case c.im != "":
		return "directmessage"
	case c.Private:
		return "privategroup"
	}
	return c.Name
}

func domain(team string) string {
	return strings.ToLower(strings.Join(strings.Fields(team), "-"))
}

var typedThings = regexp.MustCompile(`https?://[^\s<>]*[^\s<>.,;:!?'")\]]|[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}|[@#][a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|(?i:[a-z0-9][a-z0-9-]*\.)+(?i:com|net|org|io|dev)\b`)

// typed is what Slack makes of text that a person types, in messages and
// (with should_escape) in commands: & < > escaped, addresses in <>, @names and
// #names of this workspace as ids. Private channels come without a name.
func (s *Slack) typed(text string) string {
	var b strings.Builder
	last := 0
	for _, m := range typedThings.FindAllStringIndex(text, -1) {
		word := text[m[0]:m[1]]
		as := ""
		switch {
		case strings.HasPrefix(word, "http"):
			as = "<" + escaped(word) + ">"
		case word[0] == '@':
			for id, u := range s.users {
				if u.Name == word[1:] {
					as = "<@" + id + ">"
				}
			}
		case word[0] == '#':
			for id, c := range s.channels {
				if c.im == "" && c.Name == word[1:] {
					as = "<#" + id + "|" + c.Name + ">"
					if c.Private {
						as = "<#" + id + "|>"
					}
				}
			}
		case strings.Contains(word, "@"):
			as = "<mailto:" + word + "|" + word + ">"
		default:
			as = "<http://" + word + "|" + word + ">"
		}
		if as == "" {
			continue
		}
		b.WriteString(escaped(text[last:m[0]]) + as)
		last = m[1]
	}
	return b.String() + escaped(text[last:])
}

func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
