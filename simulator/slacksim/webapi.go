package slacksim

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A call is one Web API request.
type call struct {
	method string
	args   map[string]any
}

func (c call) str(key string) string {
	switch v := c.args[key].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// A methodRule is a Web API method and the scopes of which it needs one.
type methodRule struct {
	do     func(*Slack, call) map[string]any
	scopes string
}

func methods() map[string]methodRule {
	return map[string]methodRule{
		"auth.test":             {(*Slack).authTest, ""},
		"bots.info":             {(*Slack).botsInfo, "users:read"},
		"team.info":             {(*Slack).teamInfo, "team:read"},
		"users.info":            {(*Slack).usersInfo, "users:read"},
		"conversations.open":    {(*Slack).conversationsOpen, "im:write"},
		"conversations.info":    {(*Slack).conversationsInfo, "channels:read groups:read im:read"},
		"conversations.replies": {(*Slack).conversationsReplies, "channels:history groups:history im:history mpim:history"},
		"chat.getPermalink":     {(*Slack).permalink, ""},
		"chat.postMessage":      {(*Slack).postMessage, "chat:write"},
		"chat.postEphemeral":    {(*Slack).postEphemeral, "chat:write"},
		"chat.update":           {(*Slack).update, "chat:write"},
		"chat.delete":           {(*Slack).deleteMessage, "chat:write"},
		"chat.unfurl":           {(*Slack).unfurl, "links:write"},
		"views.open":            {(*Slack).viewsOpen, ""},
		"views.push":            {(*Slack).viewsPush, ""},
		"views.update":          {(*Slack).viewsUpdate, ""},
		"views.publish":         {(*Slack).viewsPublish, ""},
	}
}

func (s *Slack) serveAPI(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	args, bearer, fault := arguments(w, r)
	before, after := s.fault(name)
	if !s.hold(w, r, before) {
		return
	}
	answer := failed(fault)
	if fault == "" {
		answer = s.call(w, call{name, args}, bearer)
	}
	if answer == nil || !s.hold(w, r, after) {
		return
	}
	reply(w, http.StatusOK, answer)
}

// arguments reads a form or JSON body; the query string of a GET. The token
// comes in the Authorization header, or as a form field; never inside JSON.
func arguments(w http.ResponseWriter, r *http.Request) (args map[string]any, token, fault string) {
	token, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		return nil, "", "request_too_large"
	}
	form := r.URL.Query()
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method == http.MethodGet || len(b) == 0:
	case err != nil:
		return nil, "", "invalid_post_type"
	case kind == "application/json":
		if args, err = decode(b); err != nil {
			return nil, "", "invalid_json"
		}
		return args, token, ""
	case kind == formType:
		if form, err = url.ParseQuery(string(b)); err != nil {
			return nil, "", "invalid_form_data"
		}
	default:
		return nil, "", "invalid_post_type"
	}
	args = map[string]any{}
	for k := range form {
		args[k] = form.Get(k)
	}
	if token == "" {
		token = form.Get("token")
	}
	return args, token, ""
}

// structured arguments come as JSON text in forms, and may in JSON bodies.
func structured(args map[string]any) (fault string) {
	for _, k := range []string{"blocks", "attachments", "view", "metadata", "unfurls"} {
		text, ok := args[k].(string)
		if !ok {
			continue
		}
		wrapped, err := decode([]byte(`{"v":` + text + `}`))
		if err != nil {
			if k == "blocks" {
				return "invalid_blocks_format"
			}
			return "invalid_arguments"
		}
		args[k] = wrapped["v"]
	}
	return ""
}

func (s *Slack) call(w http.ResponseWriter, c call, bearer string) map[string]any {
	if c.method == "apps.connections.open" {
		return s.openSocket(bearer)
	}
	rule, ok := methods()[c.method]
	switch {
	case !ok:
		return failed("unknown_method")
	case bearer == "":
		return failed("not_authed")
	case subtle.ConstantTimeCompare([]byte(bearer), []byte(s.o.BotToken)) == 0:
		return failed("invalid_auth")
	}
	if fault := structured(c.args); fault != "" {
		return failed(fault)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.o.Scopes != nil {
		w.Header().Set("X-OAuth-Scopes", strings.Join(s.o.Scopes, ","))
		need := strings.Fields(rule.scopes)
		if len(need) > 0 && !slices.ContainsFunc(need, func(n string) bool { return slices.Contains(s.o.Scopes, n) }) {
			return merged(failed("missing_scope"), map[string]any{
				"needed": strings.Join(need, ","), "provided": strings.Join(s.o.Scopes, ","),
			})
		}
	}
	if s.o.RateLimits && c.method == "chat.postMessage" {
		now, channel := s.o.Now(), c.str("channel")
		if now.Sub(s.posted[channel]) < time.Second {
			limited(w, time.Second)
			return nil
		}
		s.posted[channel] = now
	}
	return rule.do(s, c)
}

func reply(w http.ResponseWriter, status int, answer map[string]any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(raw(answer))
}

func failed(fault string) map[string]any { return map[string]any{"ok": false, "error": fault} }

func done(more map[string]any) map[string]any { return merged(map[string]any{"ok": true}, more) }

// refused is a failure that names what is wrong, as Slack does for blocks and views.
func refused(fault string, vs []Violation) map[string]any {
	var errs, words []string
	for _, v := range vs {
		if !v.Advice {
			line := fmt.Sprintf("%s [json-pointer:%s]", v.Detail, v.Pointer)
			errs, words = append(errs, line), append(words, "[ERROR] "+line)
		}
	}
	return merged(failed(fault), map[string]any{"errors": errs, "response_metadata": map[string]any{"messages": words}})
}

func (s *Slack) authTest(call) map[string]any {
	return done(map[string]any{
		"url": "https://" + domain(s.o.TeamName) + ".slack.com/", "team": s.o.TeamName, "team_id": s.o.TeamID,
		"user": s.users[s.o.BotUser].Name, "user_id": s.o.BotUser, "bot_id": s.botID(), "is_enterprise_install": false,
	})
}

func (s *Slack) botsInfo(c call) map[string]any {
	if c.str("bot") != s.botID() {
		return failed("bot_not_found")
	}
	return done(map[string]any{"bot": map[string]any{
		"id": s.botID(), "app_id": s.o.AppID, "user_id": s.o.BotUser, "name": s.users[s.o.BotUser].Name, "deleted": false,
	}})
}

func (s *Slack) teamInfo(call) map[string]any {
	return done(map[string]any{"team": map[string]any{"id": s.o.TeamID, "name": s.o.TeamName, "domain": domain(s.o.TeamName)}})
}

func (s *Slack) usersInfo(c call) map[string]any {
	u, ok := s.users[c.str("user")]
	if !ok {
		return failed("user_not_found")
	}
	real := u.RealName
	if real == "" {
		real = u.Name
	}
	profile := map[string]any{"real_name": real, "display_name": u.Name, "team": u.TeamID}
	if u.Email != "" && !u.Stranger && (s.o.Scopes == nil || slices.Contains(s.o.Scopes, "users:read.email")) {
		profile["email"] = u.Email
	}
	return done(map[string]any{"user": map[string]any{
		"id": u.ID, "team_id": u.TeamID, "name": u.Name, "real_name": real, "deleted": u.Deleted, "profile": profile,
		"is_bot": u.Bot, "is_app_user": false, "is_restricted": u.Restricted || u.UltraRestricted,
		"is_ultra_restricted": u.UltraRestricted, "is_stranger": u.Stranger, "tz": "Etc/UTC", "tz_offset": 0,
	}})
}

func (s *Slack) conversationsOpen(c call) map[string]any {
	if ch := s.channels[c.str("channel")]; ch != nil && ch.im != "" {
		return done(map[string]any{"channel": map[string]any{"id": ch.ID}})
	}
	user := c.str("users")
	u, ok := s.users[user]
	switch {
	case user == "":
		return failed("users_list_not_supplied")
	case !ok:
		return failed("user_not_found")
	case u.Deleted:
		return failed("user_disabled")
	case u.Bot:
		return failed("cannot_dm_bot")
	}
	had := s.channels["D"+strings.TrimLeft(user, "UW")] != nil
	return done(map[string]any{"channel": map[string]any{"id": s.openIM(user)}, "no_op": had, "already_open": had})
}

func (s *Slack) conversationsInfo(c call) map[string]any {
	ch := s.channels[c.str("channel")]
	bot := s.member(c.str("channel"), s.o.BotUser)
	if ch == nil || ch.Private && !bot {
		return failed("channel_not_found")
	}
	info := map[string]any{
		"id": ch.ID, "created": 0, "is_archived": ch.Archived, "is_im": ch.im != "", "is_channel": !ch.Private,
		"is_group": ch.Private && ch.im == "", "is_private": ch.Private, "is_mpim": false,
		"is_shared": ch.ExtShared, "is_ext_shared": ch.ExtShared, "is_pending_ext_shared": ch.PendingExtShared,
		"is_org_shared": false, "is_member": bot, "context_team_id": s.o.TeamID,
	}
	if ch.im != "" {
		info["user"] = ch.im
	} else {
		info["name"], info["name_normalized"] = ch.Name, ch.Name
	}
	return done(map[string]any{"channel": info})
}

// conversationsReplies answers with a thread, its first message before the
// others. Each kind of conversation has a scope of its own, and a bot reads only
// where it is.
func (s *Slack) conversationsReplies(c call) map[string]any {
	ch := s.channels[c.str("channel")]
	if ch == nil || ch.Private && !s.member(ch.ID, s.o.BotUser) {
		return failed("channel_not_found")
	}
	need := "channels:history"
	switch {
	case ch.im != "":
		need = "im:history"
	case ch.Private:
		need = "groups:history"
	}
	limit := integer(c.args["limit"], 1000)
	if n, err := strconv.ParseInt(c.str("limit"), 10, 64); err == nil {
		limit = n
	}
	first := s.find(ch.ID, c.str("ts"))
	switch {
	case s.o.Scopes != nil && !slices.Contains(s.o.Scopes, need):
		return merged(failed("missing_scope"), map[string]any{"needed": need, "provided": strings.Join(s.o.Scopes, ",")})
	case !s.member(ch.ID, s.o.BotUser):
		return failed("not_in_channel")
	case limit < 1 || limit > 1000:
		return failed("invalid_limit")
	case first == nil || first.to != "":
		return failed("thread_not_found")
	}
	thread := []any{}
	for _, m := range s.messages {
		if m.channel == ch.ID && m.to == "" && (m == first || m.thread == first.id) {
			thread = append(thread, s.history(m))
		}
	}
	more := len(thread) > int(limit)
	return done(map[string]any{"messages": thread[:min(len(thread), int(limit))], "has_more": more})
}

// history is a message as the app gets it without having sent it.
func (s *Slack) history(m *message) map[string]any {
	about := map[string]any{"type": "message", "ts": m.id, "user": m.user, "team": s.o.TeamID}
	if m.bot {
		about["bot_id"] = s.botID()
	}
	replies := 0
	for _, r := range s.messages {
		if r.channel == m.channel && r.thread == m.id && r.to == "" {
			replies++
		}
	}
	switch {
	case m.thread != "":
		about["thread_ts"] = m.thread
	case replies > 0:
		about["thread_ts"], about["reply_count"] = m.id, replies
	}
	return merged(m.body, about)
}

// permalink is the address of a message, which nobody needs a scope for.
func (s *Slack) permalink(c call) map[string]any {
	ch, m := s.channels[c.str("channel")], s.find(c.str("channel"), c.str("message_ts"))
	switch {
	case ch == nil || ch.Private && !s.member(ch.ID, s.o.BotUser):
		return failed("channel_not_found")
	case m == nil || m.to != "":
		return failed("message_not_found")
	}
	return done(map[string]any{"channel": ch.ID, "permalink": s.address(ch.ID) + "/p" + strings.ReplaceAll(m.id, ".", "")})
}

func (s *Slack) address(channel string) string {
	return "https://" + domain(s.o.TeamName) + ".slack.com/archives/" + channel
}

// target finds the conversation that the bot writes to; a user id is that person's direct message.
func (s *Slack) target(id string) (channel, fault string) {
	if u, ok := s.users[id]; ok && !u.Deleted {
		return s.openIM(id), ""
	}
	c := s.channels[id]
	switch {
	case c == nil || c.Private && !s.member(id, s.o.BotUser):
		return "", "channel_not_found"
	case c.Archived:
		return "", "is_archived"
	case !s.member(id, s.o.BotUser):
		return "", "not_in_channel"
	}
	return id, ""
}

// message judges the arguments of a chat method and takes the message out of them.
func (s *Slack) message(c call) (body, fault map[string]any) {
	if vs := validateMessage(c.args); s.note(c.method, vs) {
		return nil, refused("invalid_blocks", vs)
	}
	body = content(c.args)
	if empty(body) {
		return nil, failed("no_text")
	}
	return body, nil
}

func (s *Slack) postMessage(c call) map[string]any {
	channel, word := s.target(c.str("channel"))
	if word != "" {
		return failed(word)
	}
	body, fault := s.message(c)
	if fault != nil {
		return fault
	}
	m := s.post(&message{channel: channel, user: s.o.BotUser, bot: true, body: body, thread: c.str("thread_ts")})
	return done(map[string]any{"channel": channel, "ts": m.id, "message": s.echo(m)})
}

func (s *Slack) postEphemeral(c call) map[string]any {
	channel, word := s.target(c.str("channel"))
	user := c.str("user")
	switch {
	case word != "":
		return failed(word)
	case !s.member(channel, user) || s.users[user].Deleted:
		return failed("user_not_in_channel")
	}
	attachments, _ := c.args["attachments"].([]any)
	for i, a := range attachments {
		if a, ok := a.(map[string]any); ok && a["blocks"] != nil {
			vs := []Violation{{Pointer: fmt.Sprintf("/attachments/%d/blocks", i), Rule: "not_allowed", Detail: "Attachments that contain blocks are not valid"}}
			s.note(c.method, vs)
			return refused("invalid_attachments", vs)
		}
	}
	body, fault := s.message(c)
	if fault != nil {
		return fault
	}
	m := s.post(&message{channel: channel, user: s.o.BotUser, bot: true, to: user, body: body, thread: c.str("thread_ts")})
	return done(map[string]any{"message_ts": m.id})
}

// own finds a message of the bot for chat.update and chat.delete. Ephemeral messages have no ts there.
func (s *Slack) own(c call, cannot string) (*message, string) {
	channel := c.str("channel")
	ch := s.channels[channel]
	m := s.find(channel, c.str("ts"))
	switch {
	case ch == nil:
		return nil, "channel_not_found"
	case !s.member(channel, s.o.BotUser):
		return nil, "not_in_channel"
	case m == nil || m.to != "":
		return nil, "message_not_found"
	case m.user != s.o.BotUser:
		return nil, cannot
	}
	return m, ""
}

func (s *Slack) update(c call) map[string]any {
	m, word := s.own(c, "cant_update_message")
	if word != "" {
		return failed(word)
	}
	if utf8.RuneCountInString(c.str("text")) > maxUpdateText {
		s.note(c.method, []Violation{{Pointer: "/text", Rule: "too_long", Detail: fmt.Sprintf("must be no more than %d characters", maxUpdateText)}})
		return failed("msg_too_long")
	}
	body, fault := s.message(c)
	if fault != nil {
		return fault
	}
	if body["parse"] == nil {
		body["parse"] = "client" // the default of chat.update, unlike chat.postMessage's none
	}
	s.rewrite(m, body)
	return done(map[string]any{"channel": m.channel, "ts": m.id, "text": body["text"], "message": s.echo(m)})
}

func (s *Slack) deleteMessage(c call) map[string]any {
	m, word := s.own(c, "cant_delete_message")
	if word != "" {
		return failed(word)
	}
	s.remove(m)
	return done(map[string]any{"channel": m.channel, "ts": m.id})
}

func (s *Slack) echo(m *message) map[string]any {
	shown := maps.Clone(m.body)
	delete(shown, "parse")
	delete(shown, "link_names")
	return merged(shown, map[string]any{
		"type": "message", "ts": m.id, "user": m.user, "bot_id": s.botID(), "app_id": s.o.AppID, "team": s.o.TeamID,
	})
}

// view judges the view argument.
func (s *Slack) view(c call, kind string) (body, fault map[string]any) {
	body, ok := c.args["view"].(map[string]any)
	if !ok {
		vs := []Violation{{Pointer: "/view", Rule: "missing", Detail: "missing required field: view"}}
		s.note(c.method, vs)
		return nil, refused("invalid_arguments", vs)
	}
	vs := validateView(body)
	if t, _ := body["type"].(string); t != kind && len(vs) == 0 {
		vs = []Violation{{Pointer: "/type", Rule: "not_allowed", Detail: "must be " + kind}}
	}
	for i := range vs {
		vs[i].Pointer = "/view" + vs[i].Pointer
	}
	if s.note(c.method, vs) {
		return nil, refused("invalid_arguments", vs)
	}
	return body, nil
}

func (s *Slack) viewsOpen(c call) map[string]any { return s.openView(c, false) }
func (s *Slack) viewsPush(c call) map[string]any { return s.openView(c, true) }

func (s *Slack) openView(c call, push bool) map[string]any {
	body, fault := s.view(c, "modal")
	if fault != nil {
		return fault
	}
	user, word := s.exchange(c.str("trigger_id"))
	if word != "" {
		return failed(word)
	}
	if push && len(s.modals[user]) >= maxStack {
		return failed("push_limit_reached")
	}
	if id, _ := body["external_id"].(string); id != "" && s.external(id) != nil {
		return failed("duplicate_external_id")
	}
	return done(map[string]any{"view": s.viewJSON(s.show(user, body, push))})
}

func (s *Slack) external(id string) *view {
	for _, stack := range s.modals {
		for _, v := range stack {
			if v.body["external_id"] == id {
				return v
			}
		}
	}
	return nil
}

func (s *Slack) viewsUpdate(c call) map[string]any {
	body, fault := s.view(c, "modal")
	if fault != nil {
		return fault
	}
	var v *view
	for user := range s.modals {
		if found := s.viewByID(user, c.str("view_id")); found != nil {
			v = found
		}
	}
	if id := c.str("external_id"); id != "" {
		v = s.external(id)
	}
	switch hash := c.str("hash"); {
	case v == nil:
		return failed("not_found")
	case hash != "" && hash != v.hash:
		return failed("hash_conflict")
	}
	s.redraw(v, body)
	return done(map[string]any{"view": s.viewJSON(v)})
}

func (s *Slack) viewsPublish(c call) map[string]any {
	body, fault := s.view(c, "home")
	if fault != nil {
		return fault
	}
	user := c.str("user_id")
	if _, ok := s.users[user]; !ok {
		return failed("user_not_found")
	}
	v := s.homes[user]
	if v == nil {
		v = &view{id: "V" + token(9), chosen: map[string]map[string]any{}}
		v.root = v.id
		s.homes[user] = v
	} else if hash := c.str("hash"); hash != "" && hash != v.hash {
		return failed("hash_conflict")
	}
	v.published++
	s.redraw(v, body)
	return done(map[string]any{"view": s.viewJSON(v)})
}
