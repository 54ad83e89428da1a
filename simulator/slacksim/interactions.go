package slacksim

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Click is a person clicking the button with this action_id on a message they
// see. Where several buttons share the action_id, use Choose.
func (s *Slack) Click(ctx context.Context, user, messageID, actionID string) Ack {
	return s.Choose(ctx, user, messageID, actionID, "")
}

// Choose is a person using any element of a message they see: the button
// with this value, or a menu and the value or caption of one of its options.
func (s *Slack) Choose(ctx context.Context, user, messageID, actionID, value string) Ack {
	s.mu.Lock()
	m := s.find("", messageID)
	if m == nil || !s.sees(user, m) {
		s.mu.Unlock()
		return Ack{Err: fmt.Errorf("message %s for %s: %w", messageID, user, ErrNotThere)}
	}
	seen := s.public(m)
	s.mu.Unlock()
	return s.ClickOn(ctx, user, seen, actionID, value)
}

// ClickOn is Choose on a message as the person saw it earlier, whatever became
// of it since: a late click, a double click, a second device.
func (s *Slack) ClickOn(ctx context.Context, user string, seen Message, actionID, value string) Ack {
	body, err := decode(seen.JSON)
	if err != nil {
		return Ack{Err: err}
	}
	s.mu.Lock()
	payload, err := s.action(user, seen.ID, body, actionID, value)
	if err == nil {
		err = s.present(user, seen.Channel)
	}
	if err != nil {
		s.mu.Unlock()
		return Ack{Err: err}
	}
	p := payload.place
	container := map[string]any{
		"type": "message", "message_ts": seen.ID, "channel_id": seen.Channel, "is_ephemeral": seen.Ephemeral,
	}
	if p.attachment > 0 {
		container["type"] = "message_attachment"
		container["attachment_id"] = p.attachment
	}
	all := merged(payload.fields, map[string]any{
		"container":    container,
		"channel":      map[string]any{"id": seen.Channel, "name": s.channels[seen.Channel].shownName()},
		"response_url": s.newHook("actions", user, seen.Channel, &seen),
	})
	if !seen.Ephemeral { // the app gets no content of ephemeral messages
		all["message"] = merged(body, map[string]any{
			"type": "message", "ts": seen.ID, "user": seen.User, "app_id": s.o.AppID, "team": s.o.TeamID, "bot_id": s.botID(),
		})
	}
	s.mu.Unlock()
	ack := s.interact(ctx, interactionsPath, all)
	if ack.Err == nil && len(ack.Body) > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.note("answer to block_actions", []Violation{{Rule: "not_allowed", Advice: true,
			Detail: "Slack shows nothing of this body; messages go to the response_url"}})
	}
	return ack
}

// An act is the part of a block_actions payload that messages and views share.
type act struct {
	place  place
	fields map[string]any
}

// action finds the element and builds the action. where is the message or view id.
func (s *Slack) action(user, where string, body map[string]any, actionID, value string) (act, error) {
	var found []place
	for _, p := range placed(body) {
		if p.str("action_id") == actionID && (!p.is("button") || value == "" || p.str("value") == value) {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 0:
		return act{}, fmt.Errorf("element %s (value %q): %w", actionID, value, ErrNotThere)
	case len(found) > 1:
		return act{}, fmt.Errorf("element %s stands there %d times, give a value: %w", actionID, len(found), ErrNotThere)
	}
	p := found[0]
	action := map[string]any{
		"action_id": actionID, "block_id": p.blockID(), "type": p.str("type"), "action_ts": s.stamp(),
	}
	if p.is("button") {
		for _, k := range []string{"text", "value", "style", "url"} {
			if v, ok := p.element[k]; ok {
				action[k] = v
			}
		}
	} else {
		state, err := p.choose(value, s.suggested[user+" "+where+" "+actionID])
		if err != nil {
			return act{}, err
		}
		action = merged(action, state)
		s.keep(user, where, p, state)
	}
	return act{p, merged(s.envelope("block_actions", user), map[string]any{
		"trigger_id": s.newTrigger(user), "actions": []any{action},
		"state": map[string]any{"values": s.values(user, where, body)},
	})}, nil
}

// keep remembers what a person chose, for the state.values of what follows.
func (s *Slack) keep(user, where string, p place, state map[string]any) {
	if p.state() == nil {
		return
	}
	if m := s.find("", where); m != nil {
		if m.chosen == nil {
			m.chosen = map[string]map[string]any{}
		}
		m.chosen[user+" "+p.key()] = state
	}
	if v := s.viewByID(user, where); v != nil {
		v.chosen[p.key()] = state
	}
}

// values is state.values: block_id -> action_id -> state, of all elements that have one.
func (s *Slack) values(user, where string, body map[string]any) map[string]any {
	m, v := s.find("", where), s.viewByID(user, where)
	all := map[string]any{}
	for _, p := range placed(body) {
		state := p.state()
		if state == nil {
			continue
		}
		if m != nil && m.chosen[user+" "+p.key()] != nil {
			state = m.chosen[user+" "+p.key()]
		}
		if v != nil && v.chosen[p.key()] != nil {
			state = v.chosen[p.key()]
		}
		block, _ := all[p.blockID()].(map[string]any)
		all[p.blockID()] = merged(block, map[string]any{p.str("action_id"): state})
	}
	return all
}

// envelope is what all interaction payloads have in common.
func (s *Slack) envelope(kind, user string) map[string]any {
	u := s.users[user]
	return map[string]any{
		"type": kind, "token": "deprecated", "api_app_id": s.o.AppID, "is_enterprise_install": false, "enterprise": nil,
		"team": map[string]any{"id": s.o.TeamID, "domain": domain(s.o.TeamName)},
		"user": map[string]any{"id": user, "username": u.Name, "name": u.Name, "team_id": u.TeamID},
	}
}

func (s *Slack) stamp() string {
	micro := s.o.Now().UnixMicro()
	return fmt.Sprintf("%d.%06d", micro/1e6, micro%1e6)
}

func (s *Slack) botID() string { return "B" + strings.TrimLeft(s.o.BotUser, "UW") }

// MessageShortcut is a person choosing the app's shortcut in a message's menu.
// Ephemeral messages have none.
func (s *Slack) MessageShortcut(ctx context.Context, user, messageID, callbackID string) Ack {
	s.mu.Lock()
	m := s.find("", messageID)
	if m == nil || !s.sees(user, m) || m.to != "" {
		s.mu.Unlock()
		return Ack{Err: fmt.Errorf("shortcut on message %s for %s: %w", messageID, user, ErrNotThere)}
	}
	seen := s.public(m)
	payload := merged(s.envelope("message_action", user), map[string]any{
		"callback_id": callbackID, "trigger_id": s.newTrigger(user), "action_ts": s.stamp(), "message_ts": m.id,
		"channel":      map[string]any{"id": m.channel, "name": s.channels[m.channel].shownName()},
		"message":      s.history(m),
		"response_url": s.newHook("app", user, m.channel, &seen),
	})
	s.mu.Unlock()
	return s.interact(ctx, interactionsPath, payload)
}

// GlobalShortcut is a person choosing the app's shortcut from anywhere: no channel, no response_url.
func (s *Slack) GlobalShortcut(ctx context.Context, user, callbackID string) Ack {
	s.mu.Lock()
	payload := merged(s.envelope("shortcut", user), map[string]any{
		"callback_id": callbackID, "trigger_id": s.newTrigger(user), "action_ts": s.stamp(),
	})
	s.mu.Unlock()
	return s.interact(ctx, interactionsPath, payload)
}

// Suggest is a person typing into an external_select of their top modal, or
// of a message if messageID is not empty. It returns the captions of the
// options offered, which Choose, ClickView and Submit then accept. Below
// min_query_length (default 3) Slack does not ask the app.
func (s *Slack) Suggest(ctx context.Context, user, messageID, actionID, text string) ([]string, Ack) {
	s.mu.Lock()
	payload := s.envelope("block_suggestion", user)
	payload["action_id"], payload["value"] = actionID, text
	var body map[string]any
	where := messageID
	if v := s.topView(user); messageID == "" && v != nil {
		body, where = v.body, v.id
		payload["view"] = s.viewJSON(v)
		payload["container"] = map[string]any{"type": "view", "view_id": v.id}
	} else if m := s.find("", messageID); m != nil && s.sees(user, m) {
		body = m.body
		payload["container"] = map[string]any{"type": "message", "message_ts": m.id, "channel_id": m.channel, "is_ephemeral": m.to != ""}
		payload["channel"] = map[string]any{"id": m.channel, "name": s.channels[m.channel].shownName()}
	}
	var p *place
	for _, e := range placed(body) {
		if e.str("action_id") == actionID && strings.Contains(e.str("type"), "external_select") {
			p = &e
		}
	}
	if p == nil {
		s.mu.Unlock()
		return nil, Ack{Err: fmt.Errorf("external select %s: %w", actionID, ErrNotThere)}
	}
	payload["block_id"] = p.blockID()
	least := integer(p.element["min_query_length"], 3)
	s.mu.Unlock()
	if int64(utf8.RuneCountInString(text)) < least {
		return nil, Ack{}
	}

	ack := s.interact(ctx, optionsPath, payload)
	if ack.Err != nil {
		return nil, ack
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer, err := decode(ack.Body)
	if err != nil {
		ack.Err = fmt.Errorf("%w: %w", ErrAnswer, err)
		return nil, ack
	}
	w := &walk{surface: "options"}
	object("", map[string]check{"options": list(0, 100, plainOption), "option_groups": list(0, 100, optionGroup)}, optionsOrGroups)(w, "", answer)
	if s.note("answer to "+optionsPath, w.found) {
		ack.Err = fmt.Errorf("%w: invalid options", ErrAnswer)
		return nil, ack
	}
	offered := optionsOf(answer)
	s.suggested[user+" "+where+" "+actionID] = offered
	var captions []string
	for _, o := range offered {
		t, _ := o["text"].(map[string]any)
		captions = append(captions, fmt.Sprint(t["text"]))
	}
	return captions, ack
}

func integer(v any, otherwise int64) int64 {
	if n, ok := v.(json.Number); ok {
		if i, err := n.Int64(); err == nil {
			return i
		}
	}
	return otherwise
}

// Event sends an event_callback, and again after each of Options.RetryAfter
// until it is taken, refused with X-Slack-No-Retry, or ctx ends.
func (s *Slack) Event(ctx context.Context, event map[string]any) []Ack {
	team := s.o.TeamID
	s.mu.Lock()
	c := s.channels[fmt.Sprint(event["channel"])]
	external := c != nil && c.ExtShared
	s.mu.Unlock()
	body := raw(map[string]any{
		"token": "deprecated", "team_id": team, "api_app_id": s.o.AppID, "event": event,
		"type": "event_callback", "event_id": "Ev" + token(10), "event_time": s.o.Now().Unix(),
		"authorizations":        []any{map[string]any{"team_id": team, "user_id": s.o.BotUser, "is_bot": true, "is_enterprise_install": false}},
		"is_ext_shared_channel": external,
	})
	acks := []Ack{s.deliver(ctx, "event_callback", eventsPath, "application/json", body, nil)}
	for i, pause := range s.o.RetryAfter {
		last := acks[len(acks)-1]
		if last.Err == nil || last.NoRetry {
			break
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return acks
		}
		acks = append(acks, s.deliver(ctx, "event_callback", eventsPath, "application/json", body, map[string][]string{
			"X-Slack-Retry-Num": {fmt.Sprint(i + 1)}, "X-Slack-Retry-Reason": {retryReason(last)},
		}))
	}
	return acks
}

func retryReason(a Ack) string {
	switch {
	case a.Status != 0:
		return "http_error"
	case a.Err != nil && strings.HasPrefix(a.Err.Error(), ErrTimeout.Error()):
		return "http_timeout"
	}
	return "connection_failed"
}

// VerifyURL sends the url_verification challenge; the app must echo it.
func (s *Slack) VerifyURL(ctx context.Context) Ack {
	challenge := token(40)
	ack := s.deliver(ctx, "url_verification", eventsPath, "application/json",
		raw(map[string]any{"token": "deprecated", "challenge": challenge, "type": "url_verification"}), nil)
	if ack.Err != nil {
		return ack
	}
	echo := strings.TrimSpace(string(ack.Body))
	if m, err := decode(ack.Body); err == nil {
		echo, _ = m["challenge"].(string)
	}
	if echo != challenge {
		ack.Err = fmt.Errorf("%w: the challenge was not echoed", ErrAnswer)
	}
	return ack
}
