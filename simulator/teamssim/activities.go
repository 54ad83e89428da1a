package teamssim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Delivery is one activity on its way to the bot and what came of it.
type Delivery struct {
	ID           string // the activity's id; every attempt has the same
	Conversation string
	Activity     json.RawMessage // exactly what was sent
	Attempts     []Attempt

	// Card is what an invoke's answer shows to this person alone: in the
	// place of the clicked card, or as a dialog.
	Card json.RawMessage
	// Banner is what the person is told beside it.
	Banner string
	// Problem says why the bot's answer is no good; empty when it is.
	Problem string
	// Err says why nothing could be sent, as when there is no such button.
	Err error
}

// Attempt is one POST of an activity.
type Attempt struct {
	Status int // 0: no answer
	Type   string
	Body   []byte
	Took   time.Duration
	Err    error // no answer, or none in time
}

// Last is the last attempt; the zero Attempt when there was none.
func (d Delivery) Last() Attempt {
	if len(d.Attempts) == 0 {
		return Attempt{}
	}
	return d.Attempts[len(d.Attempts)-1]
}

// Status is the HTTP status of the last attempt; 0 without an answer.
func (d Delivery) Status() int { return d.Last().Status }

const maxAnswer = 1 << 20 // bytes of an answer that are read

// Say lets a person write to the bot. An empty conversation is the person's
// own chat with it. In a channel's id a new thread begins, in a thread's it
// goes on; in channels and group chats the bot is mentioned first, as it would
// hear nothing otherwise, unless text has "<at>BotName</at>" already. People
// are mentioned as "<at>Name</at>". Say returns when the bot has answered, or
// has not to the last attempt.
func (s *Sim) Say(ctx context.Context, user, conversation, text string) Delivery {
	s.mu.Lock()
	who, p, thread, err := s.where(user, conversation)
	if err != nil {
		s.mu.Unlock()
		return Delivery{Err: err}
	}
	id := s.newID()
	if p.kind == channel && thread == "" {
		thread = id
	}
	if at := "<at>" + s.opt.BotName + "</at>"; p.kind != personal && !strings.Contains(text, at) {
		text = at + " " + text
	}
	s.shows(p, id, thread, who, text)
	a := s.typed(who, p, thread, text)
	a["id"] = id
	s.mu.Unlock()
	return s.deliver(ctx, a)
}

// typed is the activity of a message that a person wrote. It needs s.mu.
func (s *Sim) typed(who *person, p *place, thread, text string) map[string]any {
	a := s.activity("message", who, p, thread)
	a["text"], a["textFormat"] = text, "plain"
	markup := html.EscapeString(text)
	var mentions []any
	mention := func(id, name string) {
		tag := "<at>" + name + "</at>"
		if !strings.Contains(text, tag) {
			return
		}
		markup = strings.ReplaceAll(markup, html.EscapeString(tag),
			fmt.Sprintf(`<span itemscope="" itemtype="http://schema.skype.com/Mention" itemid="%d">%s</span>`, len(mentions), html.EscapeString(name)))
		mentions = append(mentions, map[string]any{"type": "mention", "text": tag, "mentioned": map[string]any{"id": id, "name": name}})
	}
	mention(s.botID, s.opt.BotName)
	for _, other := range s.people {
		mention(other.id, other.Name)
	}
	a["entities"] = append(mentions, a["entities"].([]any)...)
	// Teams sends its own HTML along with the text; a bot has to cope.
	a["attachments"] = []any{map[string]any{"contentType": "text/html", "content": "<p>" + markup + "</p>"}}
	return a
}

// where finds a person and a conversation that they are in. It needs s.mu.
func (s *Sim) where(user, conversation string) (*person, *place, string, error) {
	who := s.person(user)
	if who == nil {
		return nil, nil, "", fmt.Errorf("no user %q", user)
	}
	if conversation == "" {
		return who, s.personal(who), "", nil
	}
	p, thread, ok := s.place(conversation)
	if !ok {
		return nil, nil, "", fmt.Errorf("no conversation %q", conversation)
	}
	if !p.has(who) {
		return nil, nil, "", fmt.Errorf("%s is not in conversation %q", who.Name, conversation)
	}
	return who, p, thread, nil
}

// activity is what all activities have. It needs s.mu.
func (s *Sim) activity(kind string, who *person, p *place, thread string) map[string]any {
	conversation := map[string]any{"id": p.conversation(thread), "conversationType": string(p.kind), "tenantId": s.opt.TenantID}
	data := map[string]any{"tenant": map[string]any{"id": who.TenantID}}
	switch p.kind {
	case personal:
		conversation["tenantId"] = who.TenantID
	case groupChat:
		conversation["isGroup"], conversation["name"] = true, p.name
	case channel:
		conversation["isGroup"] = true
		data["teamsChannelId"], data["teamsTeamId"] = p.id, p.teamID
		data["channel"], data["team"] = map[string]any{"id": p.id}, map[string]any{"id": p.teamID}
	}
	now := s.opt.Now().UTC()
	return map[string]any{
		"type":           kind,
		"timestamp":      now.Format("2006-01-02T15:04:05.000Z"),
		"localTimestamp": now.Format("2006-01-02T15:04:05.000+00:00"),
		"localTimezone":  "UTC",
		"locale":         "en-US",
		"channelId":      "msteams",
		"serviceUrl":     s.serviceURL(),
		"from":           map[string]any{"id": who.id, "name": who.Name, "aadObjectId": who.AADObjectID},
		"recipient":      map[string]any{"id": s.botID, "name": s.opt.BotName},
		"conversation":   conversation,
		"channelData":    data,
		"entities": []any{map[string]any{"type": "clientInfo", "locale": "en-US", "country": "US",
			"platform": "Web", "timezone": "UTC"}},
	}
}

func (s *Sim) invoke(name string, who *person, p *place, thread, replyTo string, value any) map[string]any {
	a := s.activity("invoke", who, p, thread)
	a["id"], a["name"], a["value"] = "f:"+newGUID(), name, value
	a["channelData"].(map[string]any)["source"] = map[string]any{"name": "message"}
	if replyTo != "" {
		a["replyToId"] = replyTo
	}
	return a
}

// Install puts the bot into a conversation: conversationUpdate with the
// members added, then installationUpdate "add".
func (s *Sim) Install(ctx context.Context, user, conversation string) []Delivery {
	return s.install(ctx, user, conversation, true)
}

// Uninstall takes the bot out of a conversation: conversationUpdate with the
// members removed, then installationUpdate "remove". From then on the
// connector answers 403 there.
func (s *Sim) Uninstall(ctx context.Context, user, conversation string) []Delivery {
	return s.install(ctx, user, conversation, false)
}

func (s *Sim) install(ctx context.Context, user, conversation string, in bool) []Delivery {
	s.mu.Lock()
	who, p, _, err := s.where(user, conversation)
	if err != nil {
		s.mu.Unlock()
		return []Delivery{{Err: err}}
	}
	p.installed = in
	members, event, action := "membersAdded", "teamMemberAdded", "add"
	if !in {
		members, event, action = "membersRemoved", "teamMemberRemoved", "remove"
	}
	changed := []any{map[string]any{"id": s.botID}}
	if p.kind == personal && in {
		changed = append(changed, map[string]any{"id": who.id, "aadObjectId": who.AADObjectID})
	}
	update := s.activity("conversationUpdate", who, p, "")
	update["id"], update[members] = "f:"+newGUID(), changed
	installation := s.activity("installationUpdate", who, p, "")
	installation["id"], installation["action"] = "f:"+newGUID(), action
	for _, a := range []map[string]any{update, installation} {
		delete(a, "localTimestamp")
		delete(a, "localTimezone")
		delete(a["from"].(map[string]any), "name")
		data := a["channelData"].(map[string]any)
		data["settings"] = map[string]any{"selectedChannel": map[string]any{"id": p.id}}
		if p.kind == channel {
			data["team"] = map[string]any{"id": p.teamID, "name": "Team of " + p.name, "aadGroupId": newGUID()}
		}
	}
	if p.kind == channel {
		update["channelData"].(map[string]any)["eventType"] = event
	}
	delete(update, "entities")
	delete(update, "locale")
	installation["channelData"].(map[string]any)["source"] = map[string]any{"name": "message"}
	s.mu.Unlock()
	return []Delivery{s.deliver(ctx, update), s.deliver(ctx, installation)}
}

// Click presses the Action.Execute with this verb on the card of a message as
// the person sees it. data holds what was typed into inputs; where several
// buttons have the verb, those of its entries that are no input pick the one.
// The Delivery's Err says when there is no such button, more than one, or when
// Teams itself would not send the inputs.
func (s *Sim) Click(ctx context.Context, user, messageID, verb string, data ...map[string]any) Delivery {
	return s.press(ctx, user, messageID, data, "verb "+verb, func(a map[string]any) bool {
		return a["type"] == "Action.Execute" && a["verb"] == verb
	})
}

// Submit presses the Action.Submit with this title, as Click does. The bot
// gets a message with a value and no text, or what data.msteams asks for:
// messageBack, imBack or task/fetch.
func (s *Sim) Submit(ctx context.Context, user, messageID, title string, data ...map[string]any) Delivery {
	return s.press(ctx, user, messageID, data, "title "+title, func(a map[string]any) bool {
		return a["type"] == "Action.Submit" && a["title"] == title
	})
}

func (s *Sim) press(ctx context.Context, user, messageID string, given []map[string]any, name string, match func(map[string]any) bool) Delivery {
	s.mu.Lock()
	who, p, m, card, err := s.cardOf(user, messageID)
	if err != nil {
		s.mu.Unlock()
		return Delivery{Err: err}
	}
	action, data, err := pick(card, merged(given), name, match)
	if err != nil {
		s.mu.Unlock()
		return Delivery{Err: err}
	}
	var a map[string]any
	if action["type"] == "Action.Execute" {
		delete(m.banners, who)
		a = s.invoke("adaptiveCard/action", who, p, m.thread, m.id, map[string]any{"action": executed(action, data), "trigger": "manual"})
	} else if a, err = s.submitted(who, p, m, data); err != nil {
		s.mu.Unlock()
		return Delivery{Err: err}
	}
	s.mu.Unlock()
	return s.deliver(ctx, a)
}

func executed(action, data map[string]any) map[string]any {
	sent := map[string]any{"type": "Action.Execute", "verb": action["verb"], "data": data}
	for _, k := range []string{"title", "id"} {
		if v, ok := action[k]; ok {
			sent[k] = v
		}
	}
	return sent
}

// submitted is the activity of an Action.Submit. It needs s.mu.
func (s *Sim) submitted(who *person, p *place, m *message, data map[string]any) (map[string]any, error) {
	how, _ := data["msteams"].(map[string]any)
	kind, _ := how["type"].(string)
	text, _ := how["text"].(string)
	shown, _ := how["displayText"].(string)
	a := s.activity("message", who, p, m.thread)
	a["id"], a["replyToId"] = s.newID(), m.id
	switch kind {
	case "":
		a["value"] = data
		a["channelData"].(map[string]any)["source"] = map[string]any{"name": "message"}
	case "messageBack":
		a = s.typed(who, p, m.thread, text)
		a["id"], a["replyToId"], a["value"] = s.newID(), m.id, how["value"]
	case "imBack":
		shown, _ = how["value"].(string)
		a = s.typed(who, p, m.thread, shown)
		a["id"] = s.newID()
	case "task/fetch":
		return s.invoke("task/fetch", who, p, m.thread, m.id, map[string]any{"data": data, "context": map[string]any{"theme": "default"}}), nil
	default:
		return nil, fmt.Errorf("the simulator does not know data.msteams.type %q", kind)
	}
	if shown != "" {
		s.shows(p, a["id"].(string), m.thread, who, shown)
	}
	return a, nil
}

// Refresh does what a client does by itself when it shows a card whose
// refresh.userIds names this person, or that has none: it runs refresh.action
// with the trigger "automatic".
func (s *Sim) Refresh(ctx context.Context, user, messageID string) Delivery {
	s.mu.Lock()
	who, p, m, card, err := s.cardOf(user, messageID)
	if err != nil {
		s.mu.Unlock()
		return Delivery{Err: err}
	}
	refresh, _ := card["refresh"].(map[string]any)
	action, _ := refresh["action"].(map[string]any)
	ids, some := refresh["userIds"].([]any)
	if action == nil || (some && !slices.Contains(ids, any(who.id))) {
		s.mu.Unlock()
		return Delivery{Err: errors.New("the card does not refresh for this person")}
	}
	data, _ := action["data"].(map[string]any)
	a := s.invoke("adaptiveCard/action", who, p, m.thread, m.id, map[string]any{"action": executed(action, data), "trigger": "automatic"})
	s.mu.Unlock()
	return s.deliver(ctx, a)
}

// MessageAction runs a message extension's action command on a message: the
// bot is asked for a dialog, which is the Delivery's Card.
func (s *Sim) MessageAction(ctx context.Context, user, messageID, commandID string) Delivery {
	s.mu.Lock()
	who, p, m, err := s.messageOf(user, messageID)
	if err != nil {
		s.mu.Unlock()
		return Delivery{Err: err}
	}
	from := map[string]any{"application": map[string]any{"applicationIdentityType": "bot", "id": s.opt.AppID, "displayName": s.opt.BotName}}
	if m.author != nil {
		from = map[string]any{"user": map[string]any{"userIdentityType": "aadUser", "id": m.author.AADObjectID, "displayName": m.author.Name}}
	}
	var replyTo any
	if m.thread != "" && m.thread != m.id {
		replyTo = m.thread
	}
	a := s.invoke("composeExtension/fetchTask", who, p, m.thread, "", map[string]any{
		"commandId": commandID, "commandContext": "message", "requestId": newGUID(), "context": map[string]any{"theme": "default"},
		"messagePayload": map[string]any{
			"id": m.id, "createdDateTime": m.time.UTC().Format("2006-01-02T15:04:05.000Z"), "deleted": m.deleted,
			"importance": "normal", "locale": "en-us", "from": from,
			"body":        map[string]any{"contentType": "html", "content": "<div>" + html.EscapeString(m.text) + "</div>"},
			"attachments": []any{}, "mentions": []any{}, "reactions": []any{}, "replyToId": replyTo,
			"linkToMessage": "https://teams.microsoft.com/l/message/" + p.id + "/" + m.id,
		},
	})
	s.mu.Unlock()
	return s.deliver(ctx, a)
}

// Compose runs a message extension's action command from the compose box.
func (s *Sim) Compose(ctx context.Context, user, conversation, commandID string) Delivery {
	s.mu.Lock()
	who, p, thread, err := s.where(user, conversation)
	if err != nil {
		s.mu.Unlock()
		return Delivery{Err: err}
	}
	a := s.invoke("composeExtension/fetchTask", who, p, thread, "", map[string]any{
		"commandId": commandID, "commandContext": "compose", "requestId": newGUID(), "context": map[string]any{"theme": "default"},
	})
	a["channelData"].(map[string]any)["source"] = map[string]any{"name": "compose"}
	s.mu.Unlock()
	return s.deliver(ctx, a)
}

// Paste is a person pasting a link into the compose box, of a domain that the
// app's manifest names: the Delivery's Card is what goes into the message, its
// Banner what the compose box shows. Neither is there where the app shows
// nothing.
func (s *Sim) Paste(ctx context.Context, user, conversation, address string) Delivery {
	s.mu.Lock()
	who, p, thread, err := s.where(user, conversation)
	if err != nil {
		s.mu.Unlock()
		return Delivery{Err: err}
	}
	a := s.invoke("composeExtension/queryLink", who, p, thread, "", map[string]any{"url": address})
	a["channelData"].(map[string]any)["source"] = map[string]any{"name": "compose"}
	s.mu.Unlock()
	return s.deliver(ctx, a)
}

// SubmitDialog presses the Action.Submit with this title in the dialog that
// opened brought, with data in its inputs: composeExtension/submitAction or
// task/submit, according to what opened it.
func (s *Sim) SubmitDialog(ctx context.Context, opened Delivery, title string, data ...map[string]any) Delivery {
	card, err := decodeObject(opened.Card)
	if err != nil {
		return Delivery{Err: fmt.Errorf("there is no dialog: %w", err)}
	}
	_, sent, err := pick(card, merged(data), "title "+title, func(a map[string]any) bool {
		return a["type"] == "Action.Submit" && a["title"] == title
	})
	if err != nil {
		return Delivery{Err: err}
	}
	before, err := decodeObject(opened.Activity)
	if err != nil {
		return Delivery{Err: err}
	}
	value, _ := before["value"].(map[string]any)
	if value == nil {
		return Delivery{Err: errors.New("what opened the dialog has no value")}
	}
	value["data"] = sent
	switch before["name"] {
	case "composeExtension/fetchTask":
		before["name"] = "composeExtension/submitAction"
	case "task/fetch":
		before["name"] = "task/submit"
	default:
		return Delivery{Err: fmt.Errorf("%v opens no dialog", before["name"])}
	}
	before["id"] = "f:" + newGUID()
	return s.deliver(ctx, before)
}

// Search is what a filtered Input.ChoiceSet asks while a person types.
func (s *Sim) Search(ctx context.Context, user, messageID, dataset, text string, filled ...map[string]any) Delivery {
	s.mu.Lock()
	who, p, m, card, err := s.cardOf(user, messageID)
	if err != nil {
		s.mu.Unlock()
		return Delivery{Err: err}
	}
	value, asks := Query(card, dataset, text, filled...)
	if !asks {
		s.mu.Unlock()
		return Delivery{Err: fmt.Errorf("no input of the card asks dataset %q", dataset)}
	}
	a := s.invoke("application/search", who, p, m.thread, m.id, value)
	s.mu.Unlock()
	return s.deliver(ctx, a)
}

// Query is the value of a search that an Input.ChoiceSet of a card makes, false
// where none asks that dataset. What is filled in comes with it where the
// query's associatedInputs is auto.
func Query(card map[string]any, dataset, text string, filled ...map[string]any) (map[string]any, bool) {
	value := map[string]any{"queryText": text, "queryOptions": map[string]any{"skip": 0, "top": 15}, "dataset": dataset}
	for _, in := range objects(card, "Input.ChoiceSet", true) {
		query, _ := in["choices.data"].(map[string]any)
		if query["dataset"] != dataset {
			continue
		}
		if query["associatedInputs"] == "auto" {
			value["data"] = merged(filled)
		}
		return value, true
	}
	return nil, false
}

// Invoke sends any invoke that a person's client could be made to send, with
// a true token: for values that no card ever offered.
func (s *Sim) Invoke(ctx context.Context, user, conversation, name, replyTo string, value any) Delivery {
	s.mu.Lock()
	who, p, thread, err := s.where(user, conversation)
	if err != nil {
		s.mu.Unlock()
		return Delivery{Err: err}
	}
	a := s.invoke(name, who, p, thread, replyTo, value)
	s.mu.Unlock()
	return s.deliver(ctx, a)
}

// Resend sends the very same activity again, as Teams does after a timeout.
func (s *Sim) Resend(ctx context.Context, d Delivery) Delivery {
	if d.Err != nil {
		return d
	}
	return s.send(ctx, Delivery{ID: d.ID, Conversation: d.Conversation, Activity: d.Activity})
}

// SendRaw posts a body with a bearer token, or without an Authorization
// header when token is empty; once, and recorded nowhere.
func (s *Sim) SendRaw(ctx context.Context, body []byte, token string) Attempt {
	header := ""
	if token != "" {
		header = "Bearer " + token
	}
	return s.post(ctx, body, header)
}

func (s *Sim) deliver(ctx context.Context, activity map[string]any) Delivery {
	body, err := json.Marshal(activity)
	if err != nil {
		return Delivery{Err: fmt.Errorf("this is no JSON: %w", err)}
	}
	id, _ := activity["id"].(string)
	conversation, _ := activity["conversation"].(map[string]any)["id"].(string)
	return s.send(ctx, Delivery{ID: id, Conversation: conversation, Activity: body})
}

// send posts until there is an answer in time, and then does what a client
// does with it.
func (s *Sim) send(ctx context.Context, d Delivery) Delivery {
	var head struct {
		Type, Name, ReplyToID string
		From                  struct{ AADObjectID string }
	}
	if err := json.Unmarshal(d.Activity, &head); err != nil {
		d.Err = err
		return d
	}
	answered := s.clicking(d.Conversation, head.ReplyToID)
	defer answered()
	for range 1 + max(s.opt.Resends, 0) {
		token, err := s.Token(Forge{})
		if err != nil {
			d.Err = err
			return d
		}
		limited, cancel := context.WithTimeout(ctx, s.opt.AnswerWithin)
		a := s.post(limited, d.Activity, "Bearer "+token)
		late := errors.Is(a.Err, context.DeadlineExceeded) && ctx.Err() == nil
		cancel()
		if late {
			a.Err = fmt.Errorf("no answer within %s: %w", s.opt.AnswerWithin, a.Err)
		}
		d.Attempts = append(d.Attempts, a)
		if !late {
			break
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	last := d.Last()
	switch {
	case last.Err != nil:
		d.Problem = last.Err.Error()
		if head.Type == "invoke" {
			d.Banner = "Unable to reach app. Please try again."
		}
	case head.Type == "invoke":
		var found []Violation
		d.Card, d.Banner, d.Problem, found = readAnswer(head.Name, last)
		s.violateAll("answer to "+head.Name, found)
	case last.Status < 200 || last.Status > 299:
		d.Problem = fmt.Sprintf("the bot answered %d", last.Status)
	}
	if who, p, m, err := s.messageIn(head.From.AADObjectID, d.Conversation, head.ReplyToID); err == nil && p.has(who) {
		if head.Name == "adaptiveCard/action" && d.Card != nil {
			m.views[who] = d.Card
		}
		if d.Banner != "" {
			m.banners[who] = d.Banner
		}
	}
	s.deliveries = append(s.deliveries, d)
	s.touch()
	return d
}

func (s *Sim) post(ctx context.Context, body []byte, authorization string) Attempt {
	s.mu.Lock()
	to := s.botURL + "/api/messages"
	s.mu.Unlock()
	start := time.Now()
	a := Attempt{}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		a.Err = err
		return a
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "Microsoft-SkypeBotApi (Microsoft-BotFramework/3.0)")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	resp, err := s.client.Do(r)
	if err == nil {
		a.Status, a.Type = resp.StatusCode, resp.Header.Get("Content-Type")
		a.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		resp.Body.Close()
	}
	a.Err, a.Took = err, time.Since(start)
	return a
}

// clicking marks a message as clicked until the returned function is called,
// so that an update does not overtake the answer (see connector.go).
func (s *Sim) clicking(conversation, messageID string) (answered func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, _, ok := s.place(conversation)
	if !ok || p.message(messageID) == nil {
		return func() {}
	}
	m, done := p.message(messageID), make(chan struct{})
	m.clicks = append(m.clicks, done)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		m.clicks = slices.DeleteFunc(m.clicks, func(c chan struct{}) bool { return c == done })
		close(done)
	}
}

// messageOf finds a message that the person can see. It needs s.mu.
func (s *Sim) messageOf(user, id string) (*person, *place, *message, error) {
	who := s.person(user)
	for _, p := range s.places {
		if m := p.message(id); m != nil && p.has(who) && !m.deleted {
			return who, p, m, nil
		}
	}
	return nil, nil, nil, fmt.Errorf("user %q sees no message %q", user, id)
}

func (s *Sim) messageIn(user, conversation, id string) (*person, *place, *message, error) {
	p, _, ok := s.place(conversation)
	if !ok || p.message(id) == nil {
		return nil, nil, nil, fmt.Errorf("no message %q in %q", id, conversation)
	}
	return s.person(user), p, p.message(id), nil
}

// cardOf is the card of a message as the person sees it. It needs s.mu.
func (s *Sim) cardOf(user, id string) (*person, *place, *message, map[string]any, error) {
	who, p, m, err := s.messageOf(user, id)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	card, err := decodeObject(m.as(who, p, s.opt.BotName).Card)
	if err != nil {
		return nil, nil, nil, nil, fmt.Errorf("message %q shows no card: %w", id, err)
	}
	return who, p, m, card, nil
}
