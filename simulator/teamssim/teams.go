// Package teamssim is a simulated Microsoft Teams for tests and for the demo:
// the channel that sends activities to a bot's POST /api/messages, the
// connector that the bot answers to, and the login service that issues and
// signs tokens for both. It knows nothing of the bot but its address and
// speaks HTTP alone. Where it must choose it is as strict as the real service,
// or stricter: what it lets pass may still fail in Teams, but what it refuses
// or lists in Violations is wrong.
package teamssim

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options describe one tenant with one bot. TenantID, AppID, ClientSecret,
// BotName and at least one User are required.
type Options struct {
	// BotURL is where the bot serves POST /api/messages, without that path.
	BotURL string
	// TenantID is the tenant of the bot, a GUID. The login service issues
	// tokens for it alone, as for a single-tenant app.
	TenantID     string
	AppID        string // a GUID
	ClientSecret string
	BotName      string
	Users        []User
	Channels     []Channel
	Chats        []Chat

	// Now is the clock of ids, times and tokens; time.Now when nil.
	Now func() time.Time
	// AnswerWithin is how long the bot may take to answer an activity before
	// the same activity is sent again; 15 s when zero, as in Teams
	// (MicrosoftDocs/msteams-docs#6084).
	AnswerWithin time.Duration
	// Resends is how often an unanswered activity is sent again; 3 when zero
	// (four in all were seen: msteams-docs#4592), none when negative.
	Resends int
	// TokenLife is how long a bot's access token is good; 3599 s when zero.
	TokenLife time.Duration
	// SigningKey signs activities' tokens until RotateKeys. One is made when
	// it is nil, which takes a moment: tests can share one, of 2048 bits.
	SigningKey *rsa.PrivateKey
	// Unlimited turns the connector's rate limits off.
	Unlimited bool
}

// User is a person. All of them are members of every channel.
type User struct {
	AADObjectID string // the Entra object id, a GUID
	Name        string
	Email       string
	Guest       bool
	TenantID    string // the person's home tenant; Options.TenantID when empty
}

// Channel is a channel of a team.
type Channel struct {
	TeamID string // "19:...@thread.tacv2", the id of the team's General channel
	ID     string // "19:...@thread.tacv2"
	Name   string

	Members []string // AADObjectIDs; everybody when empty
}

// Chat is a group chat.
type Chat struct {
	ID      string // "19:...@thread.v2"
	Name    string
	Members []string // AADObjectIDs; everybody when empty
}

// Message is a message as one person sees it.
type Message struct {
	ID           string // the activity id
	Conversation string // with ";messageid=" and the thread's first message in a channel
	Place        string // the conversation without the thread
	User         string // the author's AADObjectID; empty for the bot
	Name         string
	Bot          bool
	Text         string          // as it was sent
	TextFormat   string          // plain or markdown
	Summary      string          // what the bot gave for notifications
	Card         json.RawMessage // nil: none
	Banner       string          // what the last click told this person
	Time         time.Time
	Edited       time.Time // zero: never
}

// Read is what the message says to a person.
func (m Message) Read() (Reading, error) {
	r := ReadText(m.Text, m.TextFormat)
	if m.Card == nil {
		return r, nil
	}
	card, err := Read(m.Card)
	if err != nil {
		return Reading{}, err
	}
	card.Text = strings.TrimPrefix(r.Text+"\n"+card.Text, "\n")
	card.Live = append(r.Live, card.Live...)
	return card, nil
}

// Violation is something that Teams would refuse, show wrongly, or take
// without saying what it did with it.
type Violation struct {
	Where string // a request, or the place in a card: "body[0].text"
	What  string
}

// String is both parts in one line.
func (v Violation) String() string { return v.Where + ": " + v.What }

// Sim is a running simulation. All its methods may be used from several
// goroutines.
type Sim struct {
	opt     Options
	botID   string // "28:<app id>"
	handler http.Handler
	client  *http.Client
	login   *login

	mu         sync.Mutex
	botURL     string
	baseURL    string
	people     []*person
	places     []*place
	lastID     int64
	unlimited  bool
	sent       map[string][]time.Time // per conversation and kind of request, what the rate limits count
	faults     []*Fault
	calls      []Call
	deliveries []Delivery
	violations []Violation
	changed    chan struct{} // closed and replaced at every change
}

type person struct {
	User
	id string // "29:...", this bot's name for the person
}

type placeKind string

const (
	personal  placeKind = "personal"
	groupChat placeKind = "groupChat"
	channel   placeKind = "channel"
)

// place is a personal chat, a group chat or a channel with all its threads.
type place struct {
	kind      placeKind
	id        string
	name      string
	teamID    string
	members   []*person
	installed bool
	messages  []*message
}

func (p *place) has(who *person) bool { return slices.Contains(p.members, who) }

func (p *place) message(id string) *message {
	i := slices.IndexFunc(p.messages, func(m *message) bool { return m.id == id })
	if i < 0 {
		return nil
	}
	return p.messages[i]
}

type message struct {
	id      string
	thread  string // first message of the thread; channels only
	author  *person
	text    string
	format  string
	summary string
	card    json.RawMessage
	time    time.Time
	edited  time.Time
	deleted bool
	views   map[*person]json.RawMessage // what an invoke response showed to the one who clicked
	banners map[*person]string
	clicks  []chan struct{} // invokes under way on this message, closed when answered
}

func newMessage() *message {
	return &message{views: map[*person]json.RawMessage{}, banners: map[*person]string{}}
}

// New makes a simulation. The bot is installed everywhere. Options that no
// tenant could have are an error.
func New(o Options) (*Sim, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AnswerWithin == 0 {
		o.AnswerWithin = 15 * time.Second
	}
	if o.Resends == 0 {
		o.Resends = 3
	}
	if o.TokenLife == 0 {
		o.TokenLife = 3599 * time.Second
	}
	s := &Sim{
		opt:   o,
		botID: "28:" + o.AppID,
		client: &http.Client{
			Transport:     &http.Transport{DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		botURL:    strings.TrimSuffix(o.BotURL, "/"),
		unlimited: o.Unlimited,
		sent:      map[string][]time.Time{},
		changed:   make(chan struct{}),
	}
	if err := s.populate(); err != nil {
		return nil, fmt.Errorf("teamssim: %w", err)
	}
	var err error
	if s.login, err = newLogin(o); err != nil {
		return nil, fmt.Errorf("teamssim: %w", err)
	}
	mux := http.NewServeMux()
	s.login.mount(mux, func() string { s.mu.Lock(); defer s.mu.Unlock(); return s.baseURL })
	s.mountConnector(mux)
	s.mountUI(mux)
	s.handler = s.withFaults(mux)
	return s, nil
}

func (s *Sim) populate() error {
	guid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	var faults []error
	check := func(what, id string) {
		if !guid.MatchString(id) {
			faults = append(faults, fmt.Errorf("%s %q is no GUID in lower case", what, id))
		}
	}
	check("TenantID", s.opt.TenantID)
	check("AppID", s.opt.AppID)
	if s.opt.ClientSecret == "" || s.opt.BotName == "" || len(s.opt.Users) == 0 {
		faults = append(faults, errors.New("ClientSecret, BotName and Users are required"))
	}
	for _, u := range s.opt.Users {
		check("AADObjectID", u.AADObjectID)
		if u.TenantID == "" {
			u.TenantID = s.opt.TenantID
		}
		check("TenantID of "+u.Name, u.TenantID)
		// Both ids are opaque in Teams, and belong to one bot.
		p := &person{User: u, id: "29:1" + opaque("user", s.opt.AppID, u.AADObjectID)}
		s.people = append(s.people, p)
		s.places = append(s.places, &place{kind: personal, id: "a:1" + opaque("chat", s.opt.AppID, u.AADObjectID), name: s.opt.BotName, members: []*person{p}, installed: true})
	}
	membersOf := func(id string, aads []string) []*person {
		if len(aads) == 0 {
			return s.people
		}
		var members []*person
		for _, aad := range aads {
			p := s.person(aad)
			if p == nil {
				faults = append(faults, fmt.Errorf("member %q of %q is no user", aad, id))
				continue
			}
			members = append(members, p)
		}
		return members
	}
	for _, c := range s.opt.Chats {
		if !strings.HasPrefix(c.ID, "19:") || !strings.HasSuffix(c.ID, "@thread.v2") {
			faults = append(faults, fmt.Errorf("chat id %q is not of the form 19:...@thread.v2", c.ID))
		}
		s.places = append(s.places, &place{kind: groupChat, id: c.ID, name: c.Name, members: membersOf(c.ID, c.Members), installed: true})
	}
	for _, c := range s.opt.Channels {
		for _, id := range []string{c.ID, c.TeamID} {
			if !strings.HasPrefix(id, "19:") || !strings.HasSuffix(id, "@thread.tacv2") {
				faults = append(faults, fmt.Errorf("channel or team id %q is not of the form 19:...@thread.tacv2", id))
			}
		}
		s.places = append(s.places, &place{kind: channel, id: c.ID, name: c.Name, teamID: c.TeamID, members: membersOf(c.ID, c.Members), installed: true})
	}
	return errors.Join(faults...)
}

func opaque(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ServeHTTP serves the login service, the connector below /teams/ and the
// page's data below /_sim/.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// SetBotURL says where the bot serves POST /api/messages, without that path.
func (s *Sim) SetBotURL(u string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.botURL = strings.TrimSuffix(u, "/")
}

// SetBaseURL says where the simulation itself is served. It goes into
// serviceUrl and into the login service's metadata.
func (s *Sim) SetBaseURL(u string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.baseURL = strings.TrimSuffix(u, "/")
}

// ServiceURL is the serviceUrl of every activity, with a slash at its end as
// Teams has it.
func (s *Sim) ServiceURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serviceURL()
}

func (s *Sim) serviceURL() string { return s.baseURL + "/teams/" }

// ServiceHost is the host, with its port, of ServiceURL.
func (s *Sim) ServiceHost() string {
	u, err := url.Parse(s.ServiceURL())
	if err != nil {
		return ""
	}
	return u.Host
}

// TokenURL is the tenant's token endpoint.
func (s *Sim) TokenURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.baseURL + "/" + s.opt.TenantID + "/oauth2/v2.0/token"
}

// OpenIDURL is the metadata of those who sign the activities' tokens.
func (s *Sim) OpenIDURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.baseURL + metadataPath
}

// Close drops the connections to the bot that are idle.
func (s *Sim) Close() { s.client.CloseIdleConnections() }

// Personal is the id of a person's own chat with the bot; empty for nobody.
func (s *Sim) Personal(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.personal(s.person(user)); p != nil {
		return p.id
	}
	return ""
}

// MemberID is the "29:..." by which the bot knows a person; empty for nobody.
func (s *Sim) MemberID(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.person(user); p != nil {
		return p.id
	}
	return ""
}

// Messages are the messages of a conversation that are not deleted, oldest
// first, as the person sees them: a card that an invoke response put there
// for them alone is theirs until the bot updates the message, or they Reload. A channel's id
// gives all its threads, an empty one everything the person can see. Nothing
// for a person who is not in it.
func (s *Sim) Messages(user, conversation string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.messages(user, conversation)
}

func (s *Sim) messages(user, conversation string) []Message {
	who := s.person(user)
	id, thread := splitThread(conversation)
	var out []Message
	for _, p := range s.places {
		if !p.has(who) || (id != "" && id != p.id) {
			continue
		}
		for _, m := range p.messages {
			if m.deleted || (thread != "" && thread != m.thread) {
				continue
			}
			out = append(out, m.as(who, p, s.opt.BotName))
		}
	}
	slices.SortStableFunc(out, func(a, b Message) int { return a.Time.Compare(b.Time) })
	return out
}

func (m *message) as(who *person, p *place, bot string) Message {
	v := Message{
		ID: m.id, Conversation: p.conversation(m.thread), Place: p.id,
		Name: bot, Bot: m.author == nil,
		Text: m.text, TextFormat: m.format, Summary: m.summary, Card: m.card, Banner: m.banners[who],
		Time: m.time, Edited: m.edited,
	}
	if m.author != nil {
		v.User, v.Name = m.author.AADObjectID, m.author.Name
	}
	if own, ok := m.views[who]; ok {
		v.Card = own
	}
	return v
}

// Reload loads all that a person sees anew: what invoke responses put there for
// them alone is gone (microsoft/botbuilder-js issue 4635, where a reaction to
// the message was enough).
func (s *Sim) Reload(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := s.person(user)
	for _, p := range s.places {
		for _, m := range p.messages {
			delete(m.views, who)
			delete(m.banners, who)
		}
	}
	s.touch()
}

// Wait returns the newest message of the conversation, as Messages gives
// them, that match accepts, waiting for it until ctx ends. Its error then
// tells what there was.
func (s *Sim) Wait(ctx context.Context, user, conversation string, match func(Message) bool) (Message, error) {
	for {
		s.mu.Lock()
		changed, all := s.changed, s.messages(user, conversation)
		s.mu.Unlock()
		for _, m := range slices.Backward(all) {
			if match(m) {
				return m, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			var there strings.Builder
			for _, m := range all {
				r, _ := m.Read()
				fmt.Fprintf(&there, "\n%s: %q", m.Name, r.Text)
			}
			return Message{}, fmt.Errorf("no such message (%w); there are %d:%s", ctx.Err(), len(all), there.String())
		}
	}
}

// Changed is closed at the next change of anything that a person sees.
func (s *Sim) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Violations are all that were found, oldest first.
func (s *Sim) Violations() []Violation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// Deliveries are all activities that were sent to the bot, oldest first, with
// how each attempt ended.
func (s *Sim) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.deliveries)
}

// SetUnlimited turns the connector's rate limits off or on.
func (s *Sim) SetUnlimited(off bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlimited = off
}

// The methods below need s.mu.

func (s *Sim) touch() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Sim) violate(where, format string, args ...any) {
	s.violations = append(s.violations, Violation{where, fmt.Sprintf(format, args...)})
	s.touch()
}

func (s *Sim) violateAll(where string, found []Violation) {
	for _, v := range found {
		s.violate(where+" "+v.Where, "%s", v.What)
	}
}

func (s *Sim) person(aad string) *person {
	i := slices.IndexFunc(s.people, func(p *person) bool { return p.AADObjectID == aad })
	if i < 0 {
		return nil
	}
	return s.people[i]
}

func (s *Sim) personal(who *person) *place {
	for _, p := range s.places {
		if p.kind == personal && p.has(who) {
			return p
		}
	}
	return nil
}

// shows adds what a person wrote to a conversation.
func (s *Sim) shows(p *place, id, thread string, author *person, text string) {
	m := newMessage()
	m.id, m.thread, m.author, m.text, m.format, m.time = id, thread, author, text, "plain", s.opt.Now()
	p.messages = append(p.messages, m)
	s.touch()
}

// place finds what a conversation id names. A thread must have begun.
func (s *Sim) place(conversation string) (p *place, thread string, ok bool) {
	id, thread := splitThread(conversation)
	for _, p := range s.places {
		if p.id != id {
			continue
		}
		if thread == "" {
			return p, "", !strings.Contains(conversation, threadMark)
		}
		return p, thread, p.kind == channel && p.message(thread) != nil
	}
	return nil, "", false
}

// newID is a message's id: milliseconds since 1970, as in Teams, and never
// the same twice.
func (s *Sim) newID() string {
	s.lastID = max(s.opt.Now().UnixMilli(), s.lastID+1)
	return fmt.Sprint(s.lastID)
}

const threadMark = ";messageid="

func splitThread(conversation string) (id, thread string) {
	id, thread, _ = strings.Cut(conversation, threadMark)
	return id, thread
}

func (p *place) conversation(thread string) string {
	if thread == "" {
		return p.id
	}
	return p.id + threadMark + thread
}
