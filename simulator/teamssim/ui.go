package teamssim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The page's data: what one person sees, and doing something in their name.
//
//	GET  /_sim/state?user=AAD  without user: the first one
//	POST /_sim/say    {"user","channel","text"}           -> {"status","ack_ms","error"}
//	POST /_sim/click  {"user","message","verb","data"}    -> the same
//	GET  /_sim/events  server-sent events named "changed"
//
// data is what a client has: the button's own data and the inputs' values.
func (s *Sim) mountUI(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sim/state", s.serveState)
	mux.HandleFunc("POST /_sim/say", s.serveSay)
	mux.HandleFunc("POST /_sim/click", s.serveClick)
	mux.HandleFunc("GET /_sim/events", s.serveEvents)
}

type uiName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type uiMessage struct {
	ID      string          `json:"id"`
	Channel string          `json:"channel"`
	Thread  string          `json:"thread"` // the conversation with its thread
	User    string          `json:"user"`
	Name    string          `json:"name"`
	Bot     bool            `json:"bot"`
	Text    string          `json:"text"` // as it is read
	Card    json.RawMessage `json:"card"`
	Banner  string          `json:"banner"`
	Time    string          `json:"time"`   // RFC 3339
	Edited  string          `json:"edited"` // empty: never
}

func (s *Sim) serveState(w http.ResponseWriter, r *http.Request) {
	user := r.URL.Query().Get("user")
	if user == "" {
		user = s.opt.Users[0].AADObjectID
	}
	state := struct {
		Users      []uiName    `json:"users"`
		Channels   []uiName    `json:"channels"`
		Messages   []uiMessage `json:"messages"`
		Violations []string    `json:"violations"`
	}{[]uiName{}, []uiName{}, []uiMessage{}, []string{}}

	s.mu.Lock()
	who := s.person(user)
	for _, p := range s.people {
		state.Users = append(state.Users, uiName{p.AADObjectID, p.Name})
	}
	for _, p := range s.places {
		if p.has(who) {
			state.Channels = append(state.Channels, uiName{p.id, p.name})
		}
	}
	for _, v := range s.violations {
		state.Violations = append(state.Violations, v.String())
	}
	messages := s.messages(user, "")
	s.mu.Unlock()
	if who == nil {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": fmt.Sprintf("no user %q", user)})
		return
	}
	for _, m := range messages {
		u := uiMessage{
			ID: m.ID, Channel: m.Place, Thread: m.Conversation, User: m.User, Name: m.Name, Bot: m.Bot,
			Text: ReadText(m.Text, m.TextFormat).Text, Card: m.Card, Banner: m.Banner, Time: m.Time.UTC().Format(time.RFC3339Nano),
		}
		if !m.Edited.IsZero() {
			u.Edited = m.Edited.UTC().Format(time.RFC3339Nano)
		}
		state.Messages = append(state.Messages, u)
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, state)
}

func (s *Sim) serveSay(w http.ResponseWriter, r *http.Request) {
	var in struct{ User, Channel, Text string }
	if readUI(w, r, &in) {
		answerUI(w, s.Say(r.Context(), in.User, in.Channel, in.Text))
	}
}

func (s *Sim) serveClick(w http.ResponseWriter, r *http.Request) {
	var in struct {
		User, Message, Verb string
		Data                map[string]any
	}
	if readUI(w, r, &in) {
		answerUI(w, s.Click(r.Context(), in.User, in.Message, in.Verb, in.Data))
	}
}

func readUI(w http.ResponseWriter, r *http.Request, into any) bool {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil {
		err = decode(b, into)
	}
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]any{"status": 0, "ack_ms": 0, "error": err.Error()})
	}
	return err == nil
}

func answerUI(w http.ResponseWriter, d Delivery) {
	problem := d.Problem
	if d.Err != nil {
		problem = d.Err.Error()
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": d.Status(), "ack_ms": d.Last().Took.Milliseconds(), "error": problem})
}

func (s *Sim) serveEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	for {
		changed := s.Changed()
		if _, err := io.WriteString(w, "event: changed\ndata: changed\n\n"); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}
