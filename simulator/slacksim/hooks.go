package slacksim

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// A response_url takes this many messages within this time
// (docs.slack.dev, handling user interaction).
const (
	hookUses = 5
	hookLife = 30 * time.Minute
)

type hook struct {
	kind                  string // commands, actions, app (message shortcuts)
	user, channel, thread string
	message               string // actions: the message clicked
	made                  time.Time
	uses                  int
}

// newHook makes a response_url for a person, and for a message they clicked.
func (s *Slack) newHook(kind, user, channel string, on *Message) string {
	h := &hook{kind: kind, user: user, channel: channel, made: s.o.Now()}
	if on != nil {
		h.thread = on.Thread
		if kind == "actions" {
			h.message = on.ID
		}
	}
	path := fmt.Sprintf("%s/%s/%d/%s", kind, s.o.TeamID, 100000+len(s.hooks), token(24))
	s.hooks[path] = h
	return s.base + "/hooks/" + path
}

func (s *Slack) serveHook(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "request_too_large", http.StatusRequestEntityTooLarge)
		return
	}
	before, after := s.fault("hook")
	if !s.hold(w, r, before) {
		return
	}
	status, answer := s.answerHook(r.PathValue("path"), b)
	if !s.hold(w, r, after) {
		return
	}
	if status == http.StatusOK && answer == nil {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "ok")
		return
	}
	reply(w, status, answer)
}

// answerHook takes a message for a response_url. Slack documents no error
// bodies for it; these are the ones seen: 404 used_url and expired_url, and 200
// with ok false for a message that it does not take. A refused message uses the URL up as well.
func (s *Slack) answerHook(path string, b []byte) (int, map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fault := func(status int, word string) (int, map[string]any) {
		return status, map[string]any{"ok": false, "error": word}
	}
	h := s.hooks[path]
	if h == nil {
		return fault(http.StatusNotFound, "no_service")
	}
	where := "response_url of " + h.kind
	switch {
	case s.o.Now().Sub(h.made) >= hookLife:
		s.note(where, []Violation{{Rule: "not_allowed", Detail: "expired_url: used after 30 minutes"}})
		return fault(http.StatusNotFound, "expired_url")
	case h.uses >= hookUses:
		s.note(where, []Violation{{Rule: "not_allowed", Detail: "used_url: used more than 5 times"}})
		return fault(http.StatusNotFound, "used_url")
	}
	h.uses++
	body, err := decode(b)
	if err != nil {
		s.note(where, []Violation{{Rule: "not_json", Detail: err.Error()}})
		return fault(http.StatusBadRequest, "invalid_payload")
	}
	if s.note(where, append(validateMessage(body), responseType(body)...)) {
		return fault(http.StatusOK, "invalid_blocks")
	}
	replace, remove := truthy(body["replace_original"]), truthy(body["delete_original"])
	if empty(body) && !remove {
		return fault(http.StatusOK, "no_text")
	}
	if h.kind != "actions" && (replace || remove) {
		s.note(where, []Violation{{Rule: "not_allowed", Advice: true,
			Detail: "replace_original and delete_original work only on the response_url of a click; a new message is posted"}})
		replace, remove = false, false
		if empty(body) {
			return fault(http.StatusOK, "no_text")
		}
	}
	var original *message
	if replace || remove {
		if original = s.find(h.channel, h.message); original == nil || original.user != s.o.BotUser {
			return fault(http.StatusOK, "message_not_found")
		}
	}
	switch {
	case remove:
		s.remove(original)
		if !empty(body) {
			s.respond(h, body)
		}
	case replace:
		s.rewrite(original, content(body))
	default:
		s.respond(h, body)
	}
	if h.kind == "actions" {
		return http.StatusOK, map[string]any{"ok": true}
	}
	return http.StatusOK, nil
}

// respond posts a new message by a hook, ephemeral unless in_channel. It
// works in channels that the bot is not in.
func (s *Slack) respond(h *hook, body map[string]any) {
	m := &message{channel: h.channel, user: s.o.BotUser, bot: true, to: h.user, thread: h.thread, body: content(body)}
	if body["response_type"] == "in_channel" {
		m.to = ""
	}
	if t, ok := body["thread_ts"].(string); ok {
		m.thread = t
	}
	s.post(m)
}
