package teamssim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The page's data: what one person sees, and doing something in their name.
//
//	GET  /_sim/state?user=AAD  without user: the first one
//	POST /_sim/say       {"user","channel","text"}            -> {"status","ack_ms","error"}
//	POST /_sim/write     {"user","channel","text"}            to the others, the bot is not mentioned
//	POST /_sim/click     {"user","message","verb","data"}     an Action.Execute
//	POST /_sim/submit    {"user","message","title","data"}    an Action.Submit; message empty: the dialog's
//	POST /_sim/shortcut  {"user","message","name"}            an action command on a message
//	POST /_sim/close     {"user"}                             the dialog
//	POST /_sim/suggest   {"user","message","dataset","text"}  adds "options"; message empty: the dialog's
//	GET  /_sim/events    server-sent events named "changed"
//
// All POSTs answer as say does. data is what a client has: the button's own
// data and the inputs' values.
func (s *Sim) mountUI(mux *http.ServeMux) {
	u := &ui{Sim: s, dialogs: map[string]dialog{}}
	mux.HandleFunc("GET /_sim/state", u.serveState)
	mux.HandleFunc("POST /_sim/{act}", u.serveAct)
	mux.HandleFunc("GET /_sim/events", s.serveEvents)
}

// ui is what the page needs beyond the Sim: the dialogs that people have open.
type ui struct {
	*Sim
	dialogs map[string]dialog // by the person's AADObjectID; under Sim.mu
}

// A dialog is what a client shows after task/fetch or
// composeExtension/fetchTask, and in its place what the bot answers to a
// submission of it.
type dialog struct {
	opened Delivery        // its Card is what is shown; none: a text alone
	ID     string          `json:"id"`
	Title  string          `json:"title"`
	Text   string          `json:"text"`
	Card   json.RawMessage `json:"card"`
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

type uiPlace struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"` // personal, groupChat or channel
}

func (s *ui) serveState(w http.ResponseWriter, r *http.Request) {
	user := r.URL.Query().Get("user")
	if user == "" {
		user = s.opt.Users[0].AADObjectID
	}
	state := struct {
		Bot        string      `json:"bot"` // the name that mentions it
		Users      []uiName    `json:"users"`
		Channels   []uiPlace   `json:"channels"`
		Messages   []uiMessage `json:"messages"`
		Dialog     *dialog     `json:"dialog"`
		Violations []string    `json:"violations"`
	}{Bot: s.opt.BotName, Users: []uiName{}, Channels: []uiPlace{}, Messages: []uiMessage{}, Violations: []string{}}

	s.mu.Lock()
	who := s.person(user)
	for _, p := range s.people {
		state.Users = append(state.Users, uiName{p.AADObjectID, p.Name})
	}
	for _, p := range s.places {
		if p.has(who) {
			state.Channels = append(state.Channels, uiPlace{p.id, p.name, string(p.kind)})
		}
	}
	for _, v := range s.violations {
		state.Violations = append(state.Violations, v.String())
	}
	messages := s.messages(user, "")
	if d, ok := s.dialogs[user]; ok {
		state.Dialog = &d
	}
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

type uiRequest struct {
	User, Channel, Text, Message, Verb, Title, Name, Dataset string
	Data                                                     map[string]any
}

type uiOption struct {
	Text  string `json:"text"`
	Value string `json:"value"`
}

func (s *ui) serveAct(w http.ResponseWriter, r *http.Request) {
	var in uiRequest
	if !readUI(w, r, &in) {
		return
	}
	ctx := r.Context()
	var d Delivery
	var options []uiOption
	switch r.PathValue("act") {
	case "say":
		d = s.Say(ctx, in.User, in.Channel, in.Text)
	case "write":
		d = s.write(in.User, in.Channel, in.Text)
	case "click":
		d = s.Click(ctx, in.User, in.Message, in.Verb, in.Data)
	case "submit":
		if in.Message == "" {
			d = s.submitDialog(ctx, in)
		} else {
			d = s.opens(in.User, s.Submit(ctx, in.User, in.Message, in.Title, in.Data))
		}
	case "shortcut":
		d = s.opens(in.User, s.MessageAction(ctx, in.User, in.Message, in.Name))
	case "close":
		s.put(in.User, nil)
	case "suggest":
		d = s.search(ctx, in)
		options = searchResults(d.Last().Body)
	default:
		http.NotFound(w, r)
		return
	}
	problem := d.Problem
	if d.Err != nil {
		problem = d.Err.Error()
	}
	answer := map[string]any{"status": d.Status(), "ack_ms": d.Last().Took.Milliseconds(), "error": problem}
	if options != nil {
		answer["options"] = options
	}
	writeJSON(w, http.StatusOK, answer)
}

// write shows a person's message in a channel or group chat to the people in
// it. A bot that is not mentioned hears nothing of it.
func (s *ui) write(user, conversation, text string) Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, p, thread, err := s.where(user, conversation)
	if err != nil {
		return Delivery{Err: err}
	}
	if p.kind == personal {
		return Delivery{Err: errors.New("in a personal chat the bot hears everything")}
	}
	id := s.newID()
	if p.kind == channel && thread == "" {
		thread = id
	}
	s.shows(p, id, thread, who, text)
	return Delivery{}
}

// opens puts the dialog that d brought in front of the person, if it brought one.
func (s *ui) opens(user string, d Delivery) Delivery {
	if d.Card != nil || (d.Banner != "" && d.Problem == "") {
		s.put(user, &dialog{opened: d, Title: taskTitle(d.Last().Body), Text: d.Banner, Card: d.Card})
	}
	return d
}

func (s *ui) submitDialog(ctx context.Context, in uiRequest) Delivery {
	front, ok := s.front(in.User)
	if !ok {
		return Delivery{Err: errors.New("there is no dialog")}
	}
	d := s.SubmitDialog(ctx, front.opened, in.Title, in.Data)
	switch {
	case d.Err != nil || d.Problem != "": // the dialog stays as it is
	case d.Card == nil && d.Banner == "":
		s.put(in.User, nil)
	default:
		// What is submitted next goes where what opened the dialog said.
		next := &dialog{opened: front.opened, Title: taskTitle(d.Last().Body), Text: d.Banner, Card: d.Card}
		if next.Title == "" {
			next.Title = front.Title
		}
		next.opened.Card = d.Card
		s.put(in.User, next)
	}
	return d
}

// search asks as a filtered Input.ChoiceSet of a message or of the dialog does.
func (s *ui) search(ctx context.Context, in uiRequest) Delivery {
	if in.Message != "" {
		return s.Search(ctx, in.User, in.Message, in.Dataset, in.Text, in.Data)
	}
	front, ok := s.front(in.User)
	if !ok {
		return Delivery{Err: errors.New("there is no dialog")}
	}
	card, err := decodeObject(front.opened.Card)
	if err != nil {
		return Delivery{Err: err}
	}
	value, asks := Query(card, in.Dataset, in.Text, in.Data)
	if !asks {
		return Delivery{Err: fmt.Errorf("no input of the dialog asks dataset %q", in.Dataset)}
	}
	return s.Invoke(ctx, in.User, front.opened.Conversation, "application/search", "", value)
}

func (s *ui) front(user string) (dialog, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.dialogs[user]
	return d, ok
}

// put shows a dialog in the place of the one before; nil shows none.
func (s *ui) put(user string, d *dialog) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d == nil {
		delete(s.dialogs, user)
	} else {
		d.ID = newGUID()
		s.dialogs[user] = *d
	}
	s.touch()
}

// taskTitle is the title of the dialog that an invoke's answer asks for.
func taskTitle(answer []byte) string {
	var a struct {
		Task struct {
			Value struct{ Title string }
		}
	}
	if json.Unmarshal(answer, &a) != nil {
		return "" // a task that is a text alone has none
	}
	return a.Task.Value.Title
}

// searchResults are the options in the answer to an application/search.
func searchResults(answer []byte) []uiOption {
	var a struct {
		Value struct {
			Results []struct{ Title, Value string }
		}
	}
	if json.Unmarshal(answer, &a) != nil {
		return nil // the Delivery's Problem says why
	}
	var out []uiOption
	for _, r := range a.Value.Results {
		out = append(out, uiOption{r.Title, r.Value})
	}
	return out
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
