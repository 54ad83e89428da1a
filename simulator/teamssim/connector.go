package teamssim

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// The connector's limits. Sizes are of the request's body in UTF-16: about
// 100 KB are taken, 80 KB are what Microsoft tells to stay under (learn.
// microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages).
const (
	maxMessage  = 100 << 10
	wiseMessage = 80 << 10
	// overtake is how long an update of a message waits for an answer to a
	// click on it. A client gets the answer on the connection it asked on,
	// so an update sent after the answer does not arrive before it.
	overtake = 250 * time.Millisecond
)

// window is how many requests a conversation takes in some time.
type window struct {
	n  int
	in time.Duration
}

// The rate limits per bot and conversation, by learn.microsoft.com/
// microsoftteams/platform/bots/how-to/rate-limit.
func sendWindows() []window {
	return []window{{7, time.Second}, {8, 2 * time.Second}, {60, 30 * time.Second}, {1800, time.Hour}}
}

func memberWindows() []window {
	return []window{{14, time.Second}, {16, 2 * time.Second}, {120, 30 * time.Second}, {3600, time.Hour}}
}

// Call is one request to the connector.
type Call struct {
	Method, Path string // the path as it was sent
	Status       int
	Time         time.Time
}

// Calls are all requests to the connector, oldest first.
func (s *Sim) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// refusal is an answer that is no success.
type refusal struct {
	status        int
	code, message string
	retryAfter    time.Duration
}

func refuse(status int, code, message string) *refusal {
	return &refusal{status: status, code: code, message: message}
}

func notFound() *refusal {
	return refuse(http.StatusNotFound, "ConversationNotFound", "Conversation not found.")
}

type operation func(r *http.Request, body map[string]any, raw []byte) (status int, answer any, no *refusal)

func (s *Sim) mountConnector(mux *http.ServeMux) {
	const at = "/teams/v3/conversations"
	handle := func(pattern string, op operation) { mux.HandleFunc(pattern, s.connector(op)) }
	handle("POST "+at, s.create)
	handle("POST "+at+"/{id}/activities", s.sendActivity)
	handle("POST "+at+"/{id}/activities/{activity}", s.sendActivity)
	handle("PUT "+at+"/{id}/activities/{activity}", s.updateActivity)
	handle("DELETE "+at+"/{id}/activities/{activity}", s.deleteActivity)
	handle("GET "+at+"/{id}/members", s.listMembers)
	handle("GET "+at+"/{id}/pagedmembers", s.pageMembers)
	handle("GET "+at+"/{id}/members/{member}", s.getMember)
	handle("/teams/v3/", func(*http.Request, map[string]any, []byte) (int, any, *refusal) {
		return 0, nil, refuse(http.StatusNotFound, "NotFound", "There is nothing at this path.")
	})
}

// connector does what all requests have in common: the token, the size, the
// body's form, the record.
func (s *Sim) connector(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status, answer, no := s.operate(op, r)
		if no != nil {
			status, answer = no.status, map[string]any{"error": map[string]any{"code": no.code, "message": no.message}}
			if no.status == http.StatusUnauthorized {
				answer = map[string]any{"message": no.message}
			}
			if no.retryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(no.retryAfter.Seconds()))))
			}
		}
		s.mu.Lock()
		s.calls = append(s.calls, Call{r.Method, r.URL.EscapedPath(), status, s.opt.Now()})
		s.touch()
		s.mu.Unlock()
		if answer == nil {
			w.WriteHeader(status)
			return
		}
		writeJSON(w, status, answer)
	}
}

func (s *Sim) operate(op operation, r *http.Request) (int, any, *refusal) {
	if !s.login.authorized(r.Header.Get("Authorization")) {
		return 0, nil, refuse(http.StatusUnauthorized, "", "Authorization has been denied for this request.")
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 4*maxMessage+1))
	if err != nil {
		return 0, nil, refuse(http.StatusBadRequest, "BadSyntax", "The body could not be read.")
	}
	if size := utf16Size(string(raw)); size > maxMessage {
		return 0, nil, refuse(http.StatusRequestEntityTooLarge, "MessageSizeTooBig", "Message size too large.")
	} else if size > wiseMessage {
		s.flag(r, "the body has %d bytes in UTF-16; stay under %d", size, wiseMessage)
	}
	var body map[string]any
	if r.Method == http.MethodPost || r.Method == http.MethodPut {
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
			return 0, nil, refuse(http.StatusUnsupportedMediaType, "BadSyntax", "The body must be application/json.")
		}
		if body, err = decodeObject(raw); err != nil {
			return 0, nil, refuse(http.StatusBadRequest, "BadSyntax", "The body is no JSON object: "+err.Error())
		}
	}
	return op(r, body, raw)
}

// utf16Size is the number of bytes that text takes in UTF-16.
func utf16Size(text string) int {
	n := 0
	for _, c := range text {
		n += 2 * utf16.RuneLen(c)
	}
	return n
}

func (s *Sim) flag(r *http.Request, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violate(r.Method+" "+r.URL.EscapedPath(), format, args...)
}

// open finds the conversation of a request that may be made there, and counts
// it. It needs s.mu.
func (s *Sim) open(r *http.Request, kind string, windows []window) (*place, string, *refusal) {
	p, thread, ok := s.place(r.PathValue("id"))
	if !ok {
		return nil, "", notFound()
	}
	if no := s.admit(p, thread, kind, windows); no != nil {
		return nil, "", no
	}
	return p, thread, nil
}

func (s *Sim) admit(p *place, thread, kind string, windows []window) *refusal {
	if !p.installed {
		return refuse(http.StatusForbidden, "BotNotInConversationRoster", "The bot is not part of the conversation roster.")
	}
	if s.unlimited {
		return nil
	}
	key, now := kind+" "+p.conversation(thread), s.opt.Now()
	sent := slices.DeleteFunc(s.sent[key], func(t time.Time) bool { return now.Sub(t) >= time.Hour })
	var wait time.Duration
	for _, w := range windows {
		if len(sent) >= w.n {
			// The oldest of the last n has to leave the window.
			wait = max(wait, w.in-now.Sub(sent[len(sent)-w.n]))
		}
	}
	if wait > 0 {
		s.sent[key] = sent
		no := refuse(http.StatusTooManyRequests, "TooManyRequests", "API calls quota exceeded.")
		no.retryAfter = wait
		return no
	}
	s.sent[key] = append(sent, now)
	return nil
}

func (s *Sim) sendActivity(r *http.Request, body map[string]any, raw []byte) (int, any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, thread, no := s.open(r, "send", sendWindows())
	if no != nil {
		return 0, nil, no
	}
	where := r.Method + " " + r.URL.EscapedPath()
	if to := r.PathValue("activity"); to != "" && p.message(to) == nil {
		s.violate(where, "answers the unknown activity %q", to)
	}
	id, no := s.add(where, p, thread, body, raw)
	if no != nil {
		return 0, nil, no
	}
	return http.StatusCreated, map[string]any{"id": id}, nil
}

// add puts a bot's activity into a conversation. It needs s.mu.
func (s *Sim) add(where string, p *place, thread string, body map[string]any, raw []byte) (string, *refusal) {
	m, no := s.fromBot(where, p, thread, body, raw)
	if no != nil {
		return "", no
	}
	id := s.newID()
	if m != nil {
		m.id, m.time, m.thread = id, s.opt.Now(), thread
		if p.kind == channel && thread == "" {
			m.thread = id
		}
		p.messages = append(p.messages, m)
		s.touch()
	}
	return id, nil
}

func (s *Sim) updateActivity(r *http.Request, body map[string]any, raw []byte) (int, any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, thread, no := s.open(r, "send", sendWindows())
	if no != nil {
		return 0, nil, no
	}
	m, no := own(p, r.PathValue("activity"))
	if no != nil {
		return 0, nil, no
	}
	where := r.Method + " " + r.URL.EscapedPath()
	if id, ok := body["id"]; ok && id != m.id {
		s.violate(where, "the body's id is %v", id)
	}
	next, no := s.fromBot(where, p, thread, body, raw)
	if no != nil {
		return 0, nil, no
	}
	if next == nil {
		return 0, nil, refuse(http.StatusBadRequest, "BadSyntax", "Only a message can take a message's place.")
	}
	s.awaitClicks(m)
	if m.deleted {
		return 0, nil, refuse(http.StatusNotFound, "ActivityNotFoundInConversation", "The activity was not found.")
	}
	m.text, m.format, m.summary, m.card = next.text, next.format, next.summary, next.card
	m.edited = s.opt.Now()
	m.views, m.banners = map[*person]json.RawMessage{}, map[*person]string{}
	s.touch()
	return http.StatusOK, map[string]any{"id": m.id}, nil
}

// awaitClicks lets go of s.mu until the clicks under way on m are answered,
// or overtake is over: then the bot updates before it answers, and its answer
// is what the one who clicked sees last.
func (s *Sim) awaitClicks(m *message) {
	limit := time.NewTimer(overtake)
	defer limit.Stop()
	for _, done := range slices.Clone(m.clicks) {
		s.mu.Unlock()
		select {
		case <-done:
		case <-limit.C:
			s.mu.Lock()
			return
		}
		s.mu.Lock()
	}
}

func (s *Sim) deleteActivity(r *http.Request, _ map[string]any, _ []byte) (int, any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, _, no := s.open(r, "send", sendWindows())
	if no != nil {
		return 0, nil, no
	}
	m, no := own(p, r.PathValue("activity"))
	if no != nil {
		return 0, nil, no
	}
	m.deleted = true
	s.touch()
	return http.StatusOK, nil, nil
}

func own(p *place, id string) (*message, *refusal) {
	m := p.message(id)
	switch {
	case m == nil || m.deleted:
		return nil, refuse(http.StatusNotFound, "ActivityNotFoundInConversation", "The activity was not found.")
	case m.author != nil:
		return nil, refuse(http.StatusForbidden, "Forbidden", "Only the bot's own messages can be changed.")
	}
	return m, nil
}

// fromBot reads an activity that the bot sends; nil for one that shows
// nothing, as typing. It needs s.mu.
func (s *Sim) fromBot(where string, p *place, thread string, body map[string]any, raw []byte) (*message, *refusal) {
	switch body["type"] {
	case "message":
	case "typing":
		return nil, nil
	default:
		return nil, refuse(http.StatusBadRequest, "BadSyntax", fmt.Sprintf("Unknown activity type %v.", body["type"]))
	}
	var a struct {
		Text, TextFormat, Summary string
		From, Recipient           *struct{ ID string }
		Conversation              *struct{ ID string }
		Entities                  []struct {
			Type, Text string
			Mentioned  struct{ ID string }
		}
		Attachments []struct {
			ContentType string
			Content     json.RawMessage
		}
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, refuse(http.StatusBadRequest, "BadSyntax", "The activity could not be read: "+err.Error())
	}
	if a.Text == "" && len(a.Attachments) == 0 {
		return nil, refuse(http.StatusBadRequest, "BadSyntax", "Activity must have text or attachments.")
	}
	for k, v := range body {
		if !slices.Contains(activityProperties(), k) {
			s.violate(where, "unknown activity property %q", k)
		}
		if t, _ := v.(string); strings.HasPrefix(t, "0001-01-01") {
			s.violate(where, "%s is the zero time", k)
		}
	}
	if a.From != nil && a.From.ID != s.botID {
		s.violate(where, "from.id is %q and not the bot's %q", a.From.ID, s.botID)
	}
	if a.Recipient != nil && !slices.ContainsFunc(p.members, func(m *person) bool { return m.id == a.Recipient.ID }) {
		s.violate(where, "recipient.id %q is not in the conversation", a.Recipient.ID)
	}
	if a.Conversation != nil && a.Conversation.ID != "" && a.Conversation.ID != p.conversation(thread) {
		s.violate(where, "conversation.id %q is not the path's", a.Conversation.ID)
	}
	if to, _ := body["replyToId"].(string); to != "" && p.message(to) == nil {
		s.violate(where, "replyToId %q is no message of the conversation", to)
	}
	for _, e := range a.Entities {
		if e.Type == "mention" && (e.Text == "" || e.Mentioned.ID == "" || !strings.Contains(a.Text, e.Text)) {
			s.violate(where, "mention %q is not in the text", e.Text)
		}
	}
	if !slices.Contains([]string{"", "plain", "markdown"}, a.TextFormat) {
		s.violate(where, "textFormat %q is not one the simulator reads", a.TextFormat)
	}
	m := newMessage()
	m.text, m.format, m.summary = a.Text, a.TextFormat, a.Summary
	if m.format == "" {
		m.format = "markdown" // Bot Framework's activity specification
	}
	for i, at := range a.Attachments {
		switch {
		case at.ContentType != adaptiveCardType:
			s.violate(where, "attachment %d has the type %q, which the simulator does not show", i, at.ContentType)
		case i > 0:
			s.violate(where, "attachment %d: the simulator shows one card", i)
		default:
			m.card = at.Content
			s.violateAll(where, ValidateCard(at.Content))
		}
	}
	return m, nil
}

// activityProperties are those of the Bot Framework's Activity schema.
func activityProperties() []string {
	return []string{
		"type", "id", "timestamp", "localTimestamp", "localTimezone", "expiration", "serviceUrl", "channelId", "from", "conversation",
		"recipient", "replyToId", "text", "textFormat", "speak", "inputHint", "summary", "suggestedActions", "attachments", "attachmentLayout",
		"entities", "channelData", "action", "locale", "value", "valueType", "name", "label", "relatesTo", "code", "importance",
		"deliveryMode", "listenFor", "textHighlights", "semanticAction", "callerId", "topicName", "historyDisclosed",
		"membersAdded", "membersRemoved", "reactionsAdded", "reactionsRemoved",
	}
}

// create opens a person's own chat, or a new thread in a channel.
func (s *Sim) create(r *http.Request, body map[string]any, raw []byte) (int, any, *refusal) {
	var a struct {
		IsGroup     bool
		TenantID    string
		Members     []struct{ ID string }
		Activity    json.RawMessage
		ChannelData struct {
			Channel, Team, Tenant struct{ ID string }
		}
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return 0, nil, refuse(http.StatusBadRequest, "BadSyntax", "The body could not be read: "+err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.TenantID == "" {
		a.TenantID = a.ChannelData.Tenant.ID
	}
	where := r.Method + " " + r.URL.EscapedPath()
	activity, _ := body["activity"].(map[string]any)

	if id := a.ChannelData.Channel.ID; id != "" {
		p, thread, ok := s.place(id)
		if !ok || p.kind != channel || thread != "" {
			return 0, nil, notFound()
		}
		if activity == nil {
			return 0, nil, refuse(http.StatusBadRequest, "BadArgument", "A new thread needs an activity.")
		}
		if no := s.admit(p, "", "send", sendWindows()); no != nil {
			return 0, nil, no
		}
		first, no := s.add(where, p, "", activity, a.Activity)
		if no != nil {
			return 0, nil, no
		}
		return http.StatusCreated, map[string]any{"id": p.conversation(first), "activityId": first, "serviceUrl": s.serviceURL()}, nil
	}
	if len(a.Members) != 1 || a.IsGroup {
		return 0, nil, refuse(http.StatusBadRequest, "BadArgument", "Name exactly one member, or a channel.")
	}
	i := slices.IndexFunc(s.people, func(p *person) bool { return p.id == a.Members[0].ID || p.AADObjectID == a.Members[0].ID })
	if i < 0 {
		return 0, nil, refuse(http.StatusForbidden, "BotNotInConversationRoster", "The bot does not know this member.")
	}
	if a.TenantID != s.people[i].TenantID {
		return 0, nil, refuse(http.StatusBadRequest, "BadArgument", "tenantId is not the member's tenant.")
	}
	p := s.personal(s.people[i])
	if no := s.admit(p, "", "send", sendWindows()); no != nil {
		return 0, nil, no
	}
	answer := map[string]any{"id": p.id, "serviceUrl": s.serviceURL()}
	if activity != nil {
		first, no := s.add(where, p, "", activity, a.Activity)
		if no != nil {
			return 0, nil, no
		}
		answer["activityId"] = first
	}
	return http.StatusCreated, answer, nil
}

func (s *Sim) listMembers(r *http.Request, _ map[string]any, _ []byte) (int, any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, _, no := s.open(r, "members", memberWindows())
	if no != nil {
		return 0, nil, no
	}
	return http.StatusOK, s.roster(p), nil
}

func (s *Sim) pageMembers(r *http.Request, _ map[string]any, _ []byte) (int, any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, _, no := s.open(r, "members", memberWindows())
	if no != nil {
		return 0, nil, no
	}
	return http.StatusOK, map[string]any{"members": s.roster(p)}, nil
}

func (s *Sim) getMember(r *http.Request, _ map[string]any, _ []byte) (int, any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, _, no := s.open(r, "members", memberWindows())
	if no != nil {
		return 0, nil, no
	}
	for _, m := range p.members {
		if id := r.PathValue("member"); id == m.id || id == m.AADObjectID {
			return http.StatusOK, m.account(), nil
		}
	}
	return 0, nil, refuse(http.StatusNotFound, "MemberNotFoundInConversation", "Member not found in conversation.")
}

func (s *Sim) roster(p *place) []map[string]any {
	all := make([]map[string]any, len(p.members))
	for i, m := range p.members {
		all[i] = m.account()
	}
	return all
}

func (p *person) account() map[string]any {
	given, sur, _ := strings.Cut(p.Name, " ")
	role, principal := "user", p.Email
	if p.Guest {
		// How Entra names a guest.
		role, principal = "guest", strings.ReplaceAll(p.Email, "@", "_")+"#EXT#@tenant.onmicrosoft.com"
	}
	return map[string]any{
		"id": p.id, "aadObjectId": p.AADObjectID, "objectId": p.AADObjectID, "name": p.Name, "givenName": given, "surname": sur,
		"email": p.Email, "userPrincipalName": principal, "tenantId": p.TenantID, "userRole": role,
	}
}
