package slacksim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// The JSON below serves a page and tests from outside:
//
//	GET  /_sim/state?user=U   what that person sees
//	POST /_sim/say            {user, channel, text}: text that begins with the command is a command
//	POST /_sim/click          {user, message, home, action_id, value}: message empty: the modal in front, or the Home tab
//	POST /_sim/home           {user}: opens the Home tab
//	POST /_sim/submit         {user, values}: the modal in front; by block_id, "" where it was emptied
//	POST /_sim/close          {user}: the same
//	POST /_sim/suggest        {user, message, action_id, text, values}: adds options
//	POST /_sim/shortcut       {user, message, name}: message empty: a global shortcut
//	GET  /_sim/events         server-sent events, "changed" with the number of changes
func (s *Slack) routeUI(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sim/state", s.uiState)
	mux.HandleFunc("GET /_sim/events", s.uiEvents)
	mux.HandleFunc("POST /_sim/{act}", s.uiAct)
}

type uiName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type uiMessage struct {
	ID        string          `json:"id"`
	Channel   string          `json:"channel"`
	User      string          `json:"user"`
	Name      string          `json:"name"`
	Bot       bool            `json:"bot"`
	Ephemeral bool            `json:"ephemeral"`
	Text      string          `json:"text"`
	Blocks    json.RawMessage `json:"blocks"`
	Unfurled  json.RawMessage `json:"attachments"` // below it: what the app showed of its links
	Time      string          `json:"time"`
	Edited    bool            `json:"edited"`
}

type uiView struct {
	ID     string            `json:"id"`
	Title  string            `json:"title"`
	Text   string            `json:"text"`
	Submit string            `json:"submit"` // the button's caption; empty: there is none
	Close  string            `json:"close"`
	Blocks json.RawMessage   `json:"blocks"`
	Errors map[string]string `json:"errors"` // by block_id
}

type uiState struct {
	Users      []uiName    `json:"users"`
	Channels   []uiName    `json:"channels"`
	Messages   []uiMessage `json:"messages"`
	View       *uiView     `json:"view"`
	Home       *uiView     `json:"home"` // null where the app has published none
	Violations []string    `json:"violations"`
}

func (s *Slack) uiState(w http.ResponseWriter, r *http.Request) {
	user := r.URL.Query().Get("user")
	s.mu.Lock()
	defer s.mu.Unlock()
	state := uiState{Users: []uiName{}, Channels: []uiName{}, Messages: []uiMessage{}, Violations: []string{}}
	for id, u := range s.users {
		if !u.Bot && !u.Deleted {
			state.Users = append(state.Users, uiName{id, u.shownName()})
		}
	}
	for id, c := range s.channels {
		if s.member(id, user) {
			name := c.Name
			if c.im != "" {
				name = s.users[s.o.BotUser].shownName()
			}
			state.Channels = append(state.Channels, uiName{id, name})
		}
	}
	byID := func(a, b uiName) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(state.Users, byID)
	slices.SortFunc(state.Channels, byID)
	for _, m := range s.seen(user, "") {
		if u, ok := s.users[m.User]; ok {
			m.Name = u.shownName()
		}
		state.Messages = append(state.Messages, uiMessage{
			m.ID, m.Channel, m.User, m.Name, m.Bot, m.Ephemeral, s.ownText(m), orEmpty(m.Blocks), attachmentsOf(m.JSON),
			m.Time.UTC().Format("2006-01-02T15:04:05.000Z"), m.Edited,
		})
	}
	if v := s.topView(user); v != nil {
		p := s.publicView(v)
		state.View = &uiView{p.ID, p.Title, p.Text, caption(v.body["submit"], ""), caption(v.body["close"], "Cancel"), orEmpty(p.Blocks), p.Errors}
	}
	if v := s.homes[user]; v != nil {
		p := s.publicView(v)
		state.Home = &uiView{ID: p.ID, Text: p.Text, Blocks: orEmpty(p.Blocks)}
	}
	for _, v := range s.violations {
		state.Violations = append(state.Violations, v.String())
	}
	writeJSON(w, state)
}

// shownName is what a client calls a person: the real name where there is one.
func (u User) shownName() string {
	if u.RealName != "" {
		return u.RealName
	}
	return u.Name
}

// caption is the text of a text object, or otherwise where there is no object.
func caption(object any, otherwise string) string {
	o, _ := object.(map[string]any)
	if text, ok := o["text"].(string); ok {
		return text
	}
	return otherwise
}

// ownText is what a person reads of a message without what was unfurled of it,
// which the page draws itself.
func (s *Slack) ownText(m Message) string {
	body, err := decode(m.JSON)
	if err != nil || body["attachments"] == nil {
		return m.Text
	}
	delete(body, "attachments")
	return Plain(raw(body), s.nameOf)
}

// attachmentsOf is a message's attachments, or an empty list.
func attachmentsOf(message json.RawMessage) json.RawMessage {
	var m struct{ Attachments json.RawMessage }
	if json.Unmarshal(message, &m) != nil || m.Attachments == nil {
		return json.RawMessage("[]")
	}
	return m.Attachments
}

func orEmpty(blocks json.RawMessage) json.RawMessage {
	if string(blocks) == "null" {
		return json.RawMessage("[]")
	}
	return blocks
}

type uiRequest struct {
	User     string            `json:"user"`
	Channel  string            `json:"channel"`
	Text     string            `json:"text"`
	Message  string            `json:"message"`
	Home     bool              `json:"home"`
	ActionID string            `json:"action_id"`
	Value    string            `json:"value"`
	Name     string            `json:"name"`
	Values   map[string]string `json:"values"`
}

type uiOption struct {
	Text  string `json:"text"`
	Value string `json:"value"`
}

type uiAnswer struct {
	Status  int               `json:"status"`
	AckMS   int64             `json:"ack_ms"`
	Error   string            `json:"error"`
	Errors  map[string]string `json:"errors,omitempty"` // by block_id: what the app wants corrected
	Options []uiOption        `json:"options,omitempty"`
}

func (s *Slack) uiAct(w http.ResponseWriter, r *http.Request) {
	// No other site's page can send JSON here without asking first.
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		http.Error(w, "Content-Type must be application/json", http.StatusUnsupportedMediaType)
		return
	}
	var q uiRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx := r.Context()
	var ack Ack
	var options []uiOption
	var errs map[string]string
	switch r.PathValue("act") {
	case "say":
		words, isCommand := strings.CutPrefix(q.Text, s.o.Command)
		if isCommand && (words == "" || strings.ContainsAny(words[:1], " \t\n")) {
			ack = s.Command(ctx, q.User, q.Channel, words)
		} else {
			ack = s.Say(ctx, q.User, q.Channel, q.Text)
		}
	case "click":
		if q.Home {
			ack = s.ClickHome(ctx, q.User, q.ActionID, q.Value)
		} else if q.Message == "" {
			ack = s.ClickView(ctx, q.User, q.ActionID, q.Value)
		} else {
			ack = s.Choose(ctx, q.User, q.Message, q.ActionID, q.Value)
		}
	case "home":
		ack = s.OpenHome(ctx, q.User)
	case "submit":
		ack = s.Submit(ctx, q.User, s.emptied(q.User, q.Values))
		if front, ok := s.View(q.User); ok && errors.Is(ack.Err, ErrForm) {
			errs = front.Errors
		}
	case "close":
		ack = s.CloseView(ctx, q.User)
	case "suggest":
		// What cannot be filled in like that is said when it is handed in.
		_ = s.FillIn(q.User, s.emptied(q.User, q.Values))
		options, ack = s.suggestions(ctx, q)
	case "shortcut":
		if q.Message == "" {
			ack = s.GlobalShortcut(ctx, q.User, q.Name)
		} else {
			ack = s.MessageShortcut(ctx, q.User, q.Message, q.Name)
		}
	default:
		http.NotFound(w, r)
		return
	}
	answer := uiAnswer{Status: ack.Status, AckMS: ack.Duration.Milliseconds(), Errors: errs, Options: options}
	if ack.Err != nil {
		answer.Error = ack.Err.Error()
	}
	writeJSON(w, answer)
}

// suggestions are Suggest's options with their values, as two may have the same caption.
func (s *Slack) suggestions(ctx context.Context, q uiRequest) ([]uiOption, Ack) {
	captions, ack := s.Suggest(ctx, q.User, q.Message, q.ActionID, q.Text)
	if len(captions) == 0 {
		return nil, ack
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	where := q.Message
	if v := s.topView(q.User); where == "" && v != nil {
		where = v.id
	}
	var out []uiOption
	for _, o := range s.suggested[q.User+" "+where+" "+q.ActionID] {
		value, _ := o["value"].(string)
		out = append(out, uiOption{caption(o["text"], value), value})
	}
	return out, ack
}

// emptied empties the menus and dates of the modal in front that a person
// left empty, which Submit has no value for, and returns the other values.
func (s *Slack) emptied(user string, values map[string]string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.topView(user)
	if v == nil {
		return values
	}
	rest := maps.Clone(values)
	for _, p := range placed(v.body) {
		value, given := values[p.blockID()]
		key := map[string]string{"static_select": "selected_option", "external_select": "selected_option", "datepicker": "selected_date"}[p.str("type")]
		if given && value == "" && key != "" {
			v.chosen[p.key()] = map[string]any{"type": p.str("type"), key: nil}
			delete(rest, p.blockID())
		}
	}
	return rest
}

func (s *Slack) uiEvents(w http.ResponseWriter, r *http.Request) {
	flusher, ok := w.(http.Flusher)
	if !ok {
		http.Error(w, "streaming is not supported", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	for {
		s.mu.Lock()
		n, changed := s.changes, s.changed
		s.mu.Unlock()
		fmt.Fprintf(w, "event: changed\ndata: %d\n\n", n)
		flusher.Flush()
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-s.closed:
			return
		}
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(b)
}
