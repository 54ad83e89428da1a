// Package slacksim is a simulated Slack: the Web API, response URLs, people
// who type commands and click, and the signed requests that Slack sends to an
// app. It holds a bot to the rules that Slack documents (docs.slack.dev) and
// keeps a list of what the bot does against them. It speaks HTTP only.
package slacksim

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A User is a person or a bot.
type User struct {
	ID, Name string // Name without @
	RealName string
	Email    string
	TeamID   string // empty: the workspace's own; another: from outside, over Slack Connect
	Bot, Restricted, UltraRestricted,
	Stranger, Deleted bool
}

// A Channel is a conversation with a name. The bot is in it when its user is among the members.
type Channel struct {
	ID, Name string // Name without #
	Private, Archived,
	ExtShared, PendingExtShared bool
	Members []string // user ids
}

// Options is the workspace, and the app installed in it.
type Options struct {
	BotURL        string // where the app listens, such as http://127.0.0.1:8080
	SigningSecret string
	BotToken      string
	AppToken      string // app-level, xapp-...; of Socket Mode
	AppID         string // default A0001
	TeamID        string // default T0001
	TeamName      string // default Example
	BotUser       string // the app's own user id, default U0BOT; made where Users has none
	Command       string // default /syncro
	Users         []User
	Channels      []Channel
	Scopes        []string // of the bot token; nil: all
	Events        []string // event types subscribed to: app_mention, message.im, app_home_opened, link_shared
	UnfurlDomains []string // at most 5: of the links that link_shared is about
	RateLimits    bool     // hold chat.postMessage to one a second and channel
	// RetryAfter is when a failed event is sent again; nil: at once, after 1 and after 5 minutes.
	RetryAfter []time.Duration
	AckLimit   time.Duration    // how long the bot may take to answer; default 3 s, as Slack has it
	Now        func() time.Time // default time.Now
}

// Slack is the simulated workspace. Its handler serves /api/, /hooks/,
// /link/ and /_sim/. All methods may be used at once.
type Slack struct {
	o      Options
	mux    *http.ServeMux
	client *http.Client
	closed chan struct{}
	close  func()

	mu         sync.Mutex
	base       string // own public address
	changed    chan struct{}
	changes    int
	users      map[string]User
	channels   map[string]*channel
	messages   []*message // by time
	lastID     int64      // microseconds of the last message id
	hooks      map[string]*hook
	triggers   map[string]*trigger
	modals     map[string][]*view // user -> open modals, the top one last
	homes      map[string]*view
	suggested  map[string][]map[string]any // user, view or message, action -> options last offered
	posted     map[string]time.Time        // channel -> last chat.postMessage
	links      map[string]*shared          // unfurl_id -> the message that it is about
	faults     []*Fault
	acks       []Ack
	violations []Violation

	sockets sockets
}

type channel struct {
	Channel
	im string // the person, in a direct message with the bot
}

// New makes a workspace. Call SetBaseURL once its address is known.
func New(o Options) *Slack {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&o.AppID, "A0001")
	def(&o.TeamID, "T0001")
	def(&o.TeamName, "Example")
	def(&o.BotUser, "U0BOT")
	def(&o.Command, "/syncro")
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AckLimit == 0 {
		o.AckLimit = 3 * time.Second
	}
	if o.RetryAfter == nil {
		o.RetryAfter = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	s := &Slack{
		o:       o,
		changed: make(chan struct{}),
		closed:  make(chan struct{}),
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		users:     map[string]User{},
		channels:  map[string]*channel{},
		hooks:     map[string]*hook{},
		triggers:  map[string]*trigger{},
		modals:    map[string][]*view{},
		homes:     map[string]*view{},
		suggested: map[string][]map[string]any{},
		posted:    map[string]time.Time{},
		links:     map[string]*shared{},
		sockets:   sockets{tickets: map[string]time.Time{}, sent: map[string]*envelope{}, changed: make(chan struct{})},
	}
	s.close = sync.OnceFunc(func() { close(s.closed); s.client.CloseIdleConnections() })
	s.users[o.BotUser] = User{ID: o.BotUser, Name: "syncrobot", RealName: "Syncrobot", Bot: true}
	for _, u := range o.Users {
		if u.TeamID == "" {
			u.TeamID = o.TeamID
		}
		s.users[u.ID] = u
	}
	for _, c := range o.Channels {
		c.Members = slices.Clone(c.Members)
		s.channels[c.ID] = &channel{Channel: c}
	}
	s.mux = s.routes()
	return s
}

func (s *Slack) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveAPI)
	mux.HandleFunc("POST /hooks/{path...}", s.serveHook)
	mux.HandleFunc("GET /link/{$}", s.serveSocket)
	s.routeUI(mux)
	return mux
}

func (s *Slack) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close ends the streams and hanging answers that keep an HTTP server from stopping.
func (s *Slack) Close() { s.close() }

// SetBotURL says where the app listens.
func (s *Slack) SetBotURL(u string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.BotURL = strings.TrimSuffix(u, "/")
}

// Grant gives the bot token scopes more, as a new installation does.
func (s *Slack) Grant(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.o.Scopes != nil {
		s.o.Scopes = append(slices.Clone(s.o.Scopes), scopes...)
	}
}

// Share lets another organisation into a channel.
func (s *Slack) Share(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[channel].ExtShared = true
}

// SetBaseURL says where the simulator itself is reached; response URLs begin with it.
func (s *Slack) SetBaseURL(u string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = strings.TrimSuffix(u, "/")
}

// A Message is what one person sees of a message.
type Message struct {
	ID        string // Slack's ts
	Channel   string
	User      string // who wrote it
	Name      string
	Bot       bool
	Ephemeral bool            // only the person asked about sees it
	Text      string          // what a person reads, see Plain
	JSON      json.RawMessage // as it was sent: text, blocks, attachments; block and action ids added where missing
	Blocks    json.RawMessage // its blocks, or null
	Time      time.Time
	Edited    bool
	Thread    string // ts of the thread's first message, or empty
}

// Live lists what is live markup in the message.
func (m Message) Live() []Live { return LiveMarkup(m.JSON) }

// A Button is one button of a message.
type Button struct{ ActionID, Text, Value, URL, Style string }

// Buttons lists the buttons in their order, those of section blocks included.
func (m Message) Buttons() []Button {
	body, err := decode(m.JSON)
	if err != nil {
		return nil
	}
	var found []Button
	for _, e := range placed(body) {
		if e.is("button") {
			text, _ := e.element["text"].(map[string]any)
			found = append(found, Button{e.str("action_id"), fmt.Sprint(text["text"]), e.str("value"), e.str("url"), e.str("style")})
		}
	}
	return found
}

// message is a stored message.
type message struct {
	id, channel, user, thread string
	bot                       bool
	to                        string // ephemeral: the one who sees it
	body                      map[string]any
	edited                    bool
	chosen                    map[string]map[string]any // user -> block/action -> state
}

// Messages lists what a person sees in a channel, oldest first; in all their
// channels if channel is empty.
func (s *Slack) Messages(user, channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen(user, channel)
}

func (s *Slack) seen(user, channel string) []Message {
	var out []Message
	for _, m := range s.messages {
		if (channel == "" || m.channel == channel) && s.sees(user, m) {
			out = append(out, s.public(m))
		}
	}
	return out
}

func (s *Slack) sees(user string, m *message) bool {
	return s.member(m.channel, user) && (m.to == "" || m.to == user)
}

func (s *Slack) public(m *message) Message {
	body := raw(m.body)
	name := s.users[m.user].Name
	if m.user == slackbot {
		name = "Slackbot"
	}
	return Message{
		ID: m.id, Channel: m.channel, User: m.user, Name: name, Bot: m.bot, Ephemeral: m.to != "",
		Text: Plain(body, s.nameOf), JSON: body, Blocks: raw(m.body["blocks"]), Time: timeOf(m.id),
		Edited: m.edited, Thread: m.thread,
	}
}

// Wait waits until what a person sees in all their channels satisfies ok, and
// returns it. When ctx ends first the error tells what there was.
func (s *Slack) Wait(ctx context.Context, user string, ok func([]Message) bool) ([]Message, error) {
	for {
		s.mu.Lock()
		seen, changed := s.seen(user, ""), s.changed
		s.mu.Unlock()
		if ok(seen) {
			return seen, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			var b strings.Builder
			for _, m := range seen {
				fmt.Fprintf(&b, "\n%s in %s: %s", m.Name, m.Channel, m.Text)
			}
			return seen, fmt.Errorf("waiting for messages to %s: %w; they see%s", user, ctx.Err(), b.String())
		}
	}
}

// Reload is a person reloading their client: ephemeral messages are gone.
func (s *Slack) Reload(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = slices.DeleteFunc(s.messages, func(m *message) bool { return m.to == user })
	s.touch()
}

// Violations lists every departure from Slack's rules so far, advice included.
func (s *Slack) Violations() []Violation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// ErrNotThere is wrapped when a person cannot do what a test asks of them:
// no such person, channel, message, button or option in their sight.
var ErrNotThere = errors.New("not there")

// Say posts a person's ordinary message and sends the events subscribed to
// (Options.Events). It returns the last of their acks; its Err is nil where there was no event.
func (s *Slack) Say(ctx context.Context, user, channel, text string) Ack {
	s.mu.Lock()
	if err := s.present(user, channel); err != nil {
		s.mu.Unlock()
		return Ack{Err: err}
	}
	m := s.post(&message{channel: channel, user: user, body: map[string]any{"text": s.typed(text)}})
	event := map[string]any{
		"user": user, "text": m.body["text"], "ts": m.id, "event_ts": m.id, "channel": channel,
		"team": s.users[user].TeamID, "client_msg_id": token(16),
	}
	kind := ""
	switch c := s.channels[channel]; {
	case c.im != "" && slices.Contains(s.o.Events, "message.im"):
		kind = "message"
		event["channel_type"] = "im"
	case c.im == "" && slices.Contains(s.o.Events, "app_mention") && s.member(channel, s.o.BotUser) &&
		strings.Contains(m.body["text"].(string), "<@"+s.o.BotUser+">"):
		kind = "app_mention"
	}
	links := s.linksIn(m)
	s.mu.Unlock()
	var acks []Ack
	if kind != "" {
		event["type"] = kind
		acks = s.Event(ctx, event)
	}
	if links != nil {
		acks = append(acks, s.Event(ctx, links)...)
	}
	if acks == nil {
		return Ack{}
	}
	return acks[len(acks)-1]
}

// Reply posts a person's message in a thread, with files of these names on it;
// in none where thread is empty. No event is sent for it.
func (s *Slack) Reply(user, channel, thread, text string, files ...string) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.present(user, channel); err != nil {
		return Message{}, err
	}
	if first := s.find(channel, thread); thread != "" && (first == nil || first.to != "" || first.thread != "") {
		return Message{}, fmt.Errorf("thread %s: %w", thread, ErrNotThere)
	}
	body := map[string]any{"text": s.typed(text)}
	var shared []any
	for _, name := range files {
		id := "F" + token(9)
		shared = append(shared, map[string]any{
			"id": id, "name": name, "title": name, "size": 84_000, "mode": "hosted", "is_external": false, "public_url_shared": false,
			"url_private": "https://files.slack.com/files-pri/" + s.o.TeamID + "-" + id + "/" + name,
			"permalink":   "https://" + domain(s.o.TeamName) + ".slack.com/files/" + user + "/" + id + "/" + name,
		})
	}
	if shared != nil {
		body["files"] = shared
	}
	return s.public(s.post(&message{channel: channel, user: user, thread: thread, body: body})), nil
}

// DirectMessage opens the person's direct message with the bot and returns its id.
func (s *Slack) DirectMessage(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.openIM(user)
}

func (s *Slack) openIM(user string) string {
	id := "D" + strings.TrimLeft(user, "UW")
	if s.channels[id] == nil {
		s.channels[id] = &channel{im: user, Channel: Channel{ID: id, Private: true, Members: []string{user, s.o.BotUser}}}
		s.touch()
	}
	return id
}

// present tells whether a person can act in a channel.
func (s *Slack) present(user, channel string) error {
	u, ok := s.users[user]
	switch {
	case !ok || u.Deleted:
		return fmt.Errorf("user %s: %w", user, ErrNotThere)
	case s.channels[channel] == nil:
		return fmt.Errorf("channel %s: %w", channel, ErrNotThere)
	case !s.member(channel, user):
		return fmt.Errorf("user %s in channel %s: %w", user, channel, ErrNotThere)
	case s.channels[channel].Archived:
		return fmt.Errorf("channel %s is archived: %w", channel, ErrNotThere)
	}
	return nil
}

func (s *Slack) member(channel, user string) bool {
	c := s.channels[channel]
	return c != nil && slices.Contains(c.Members, user)
}

func (s *Slack) nameOf(id string) string {
	if u, ok := s.users[id]; ok {
		return u.Name
	}
	if c, ok := s.channels[id]; ok {
		return c.Name
	}
	return ""
}

// post stores a new message under a new id.
func (s *Slack) post(m *message) *message {
	id := max(s.o.Now().UnixMicro(), s.lastID+1)
	s.lastID = id
	m.id = fmt.Sprintf("%d.%06d", id/1e6, id%1e6)
	complete(m.body)
	s.messages = append(s.messages, m)
	s.touch()
	return m
}

// rewrite gives a message a new body in its old place.
func (s *Slack) rewrite(m *message, body map[string]any) {
	complete(body)
	m.body, m.edited, m.chosen = body, true, nil
	s.touch()
}

func (s *Slack) remove(m *message) {
	s.messages = slices.DeleteFunc(s.messages, func(o *message) bool { return o == m })
	s.touch()
}

func (s *Slack) find(channel, id string) *message {
	for _, m := range s.messages {
		if m.id == id && (channel == "" || m.channel == channel) {
			return m
		}
	}
	return nil
}

// touch wakes those who wait for a change.
func (s *Slack) touch() {
	s.changes++
	close(s.changed)
	s.changed = make(chan struct{})
}

// note records violations of one message and tells whether Slack refuses it.
func (s *Slack) note(where string, vs []Violation) (refused bool) {
	for _, v := range vs {
		v.Where = where
		s.violations = append(s.violations, v)
	}
	if len(vs) > 0 {
		s.touch()
	}
	return Refused(vs)
}

// content is the part of a request's arguments that makes a message.
func content(args map[string]any) map[string]any {
	body := map[string]any{}
	for _, k := range []string{"text", "blocks", "attachments", "mrkdwn", "parse", "link_names"} {
		if v := args[k]; v != nil {
			body[k] = v
		}
	}
	if t, ok := body["text"].(string); ok {
		if r := []rune(t); len(r) > maxText {
			body["text"] = string(r[:maxText])
		}
	}
	return body
}

// empty tells whether there is nothing to show.
func empty(body map[string]any) bool {
	text, _ := body["text"].(string)
	b, _ := body["blocks"].([]any)
	a, _ := body["attachments"].([]any)
	return text == "" && len(b) == 0 && len(a) == 0
}

func timeOf(id string) time.Time {
	sec, micro, _ := strings.Cut(id, ".")
	n, _ := strconv.ParseInt(sec, 10, 64)
	u, _ := strconv.ParseInt(micro, 10, 64)
	return time.Unix(n, u*1000)
}

// token is an unguessable string of n characters.
func token(n int) string {
	s := rand.Text()
	for len(s) < n {
		s += rand.Text()
	}
	return s[:n]
}

// clone copies decoded JSON.
func clone(m map[string]any) map[string]any {
	c, err := decode(raw(m))
	if err != nil {
		panic(err) // it came from JSON
	}
	return c
}

func merged(ms ...map[string]any) map[string]any {
	all := map[string]any{}
	for _, m := range ms {
		maps.Copy(all, m)
	}
	return all
}
