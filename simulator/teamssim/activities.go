package teamssim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"mime"
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
		conversation["isGroup"] = true
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
		data := a["channelData"].(map[string]any)
		data["settings"] = map[string]any{"selectedChannel": map[string]any{"id": p.id}}
		if p.kind == channel {
			data["team"] = map[string]any{"id": p.teamID, "name": "Team of " + p.name, "aadGroupId": newGUID()}
		}
	}
	if p.kind == channel {
		update["channelData"].(map[string]any)["eventType"] = event
	}
	for _, name := range []string{"entities", "locale", "localTimestamp", "localTimezone"} {
		delete(update, name)
	}
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
	a := s.invoke("composeExtension/fetchTask", who, p, m.thread, "", map[string]any{
		"commandId": commandID, "commandContext": "message", "requestId": newGUID(), "context": map[string]any{"theme": "default"},
		"messagePayload": map[string]any{
			"id": m.id, "createdDateTime": m.time.UTC().Format("2006-01-02T15:04:05.000Z"), "deleted": m.deleted,
			"importance": "normal", "locale": "en-us", "from": from,
			"body":        map[string]any{"contentType": "html", "content": "<div>" + html.EscapeString(m.text) + "</div>"},
			"attachments": []any{}, "mentions": []any{}, "reactions": []any{},
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
func (s *Sim) Search(ctx context.Context, user, messageID, dataset, text string) Delivery {
	s.mu.Lock()
	who, p, m, card, err := s.cardOf(user, messageID)
	if err != nil {
		s.mu.Unlock()
		return Delivery{Err: err}
	}
	has := slices.ContainsFunc(objects(card, "Input.ChoiceSet", true), func(in map[string]any) bool {
		query, _ := in["choices.data"].(map[string]any)
		return query["dataset"] == dataset
	})
	if !has {
		s.mu.Unlock()
		return Delivery{Err: fmt.Errorf("no input of the card asks dataset %q", dataset)}
	}
	a := s.invoke("application/search", who, p, m.thread, m.id, map[string]any{
		"queryText": text, "queryOptions": map[string]any{"skip": 0, "top": 15}, "dataset": dataset,
	})
	s.mu.Unlock()
	return s.deliver(ctx, a)
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

func merged(all []map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range all {
		maps.Copy(out, m)
	}
	return out
}

// offer is a button with the inputs whose values it sends.
type offer struct {
	action map[string]any
	inputs []map[string]any
}

// offers are the buttons of a card. One on a card that Action.ShowCard opens
// sends that card's inputs and those of the cards around it.
func offers(card map[string]any, around []map[string]any) []offer {
	inputs := slices.Concat(around, objects(card, "Input.", false))
	var out []offer
	for _, a := range objects(card, "Action.", false) {
		out = append(out, offer{a, inputs})
		if inner, ok := a["card"].(map[string]any); ok {
			out = append(out, offers(inner, inputs)...)
		}
	}
	return out
}

// pick finds the button and what it sends: its data with the inputs' values.
func pick(card, given map[string]any, name string, match func(map[string]any) bool) (action, data map[string]any, err error) {
	var found []offer
	disabled := false
	for _, o := range offers(card, nil) {
		if !match(o.action) {
			continue
		}
		own, _ := o.action["data"].(map[string]any)
		fits := true
		for k, v := range given {
			typed := slices.ContainsFunc(o.inputs, func(in map[string]any) bool { return in["id"] == k })
			fits = fits && (typed || same(own[k], v))
		}
		if o.action["isEnabled"] == false {
			disabled = true
		} else if fits && !slices.ContainsFunc(found, func(f offer) bool { return same(f.action["data"], o.action["data"]) }) {
			found = append(found, o)
		}
	}
	switch {
	case len(found) == 0 && disabled:
		return nil, nil, fmt.Errorf("the button with %s is disabled", name)
	case len(found) == 0:
		return nil, nil, fmt.Errorf("the card has no button with %s and data %v", name, given)
	case len(found) > 1:
		return nil, nil, fmt.Errorf("the card has %d buttons with %s", len(found), name)
	}
	action = found[0].action
	own, _ := action["data"].(map[string]any)
	data = map[string]any{}
	maps.Copy(data, own)
	if which, _ := action["associatedInputs"].(string); strings.EqualFold(which, "none") {
		return action, data, nil
	}
	for _, in := range found[0].inputs {
		id, _ := in["id"].(string)
		v, err := typedInto(in, given[id])
		if err != nil {
			return nil, nil, fmt.Errorf("input %q: %w", id, err)
		}
		data[id] = v
	}
	return action, data, nil
}

// typedInto is what an input sends, always as a string. A client refuses what
// breaks the input's rules.
func typedInto(in map[string]any, given any) (string, error) {
	v := ""
	switch {
	case given != nil:
		v = fmt.Sprint(given)
	case in["value"] != nil:
		v = fmt.Sprint(in["value"])
	case in["type"] == "Input.Toggle":
		v = "false"
		if off, ok := in["valueOff"].(string); ok {
			v = off
		}
	}
	if v == "" {
		if in["isRequired"] == true {
			return "", errors.New("is required")
		}
		return "", nil
	}
	if limit, ok := in["maxLength"].(json.Number); ok {
		if n, err := limit.Int64(); err == nil && int64(len([]rune(v))) > n {
			return "", fmt.Errorf("longer than %d", n)
		}
	}
	if choices, ok := in["choices"].([]any); ok && in["choices.data"] == nil && len(choices) > 0 {
		chosen := []string{v}
		if in["isMultiSelect"] == true {
			chosen = strings.Split(v, ",")
		}
		for _, one := range chosen {
			if !slices.ContainsFunc(choices, func(c any) bool { m, _ := c.(map[string]any); return m["value"] == one }) {
				return "", fmt.Errorf("%q is none of its choices", one)
			}
		}
	}
	return v, nil
}

// objects are all objects in a card whose type begins so, without those that
// only stand in for others or that no one presses. deep also looks into the
// cards that Action.ShowCard opens.
func objects(x any, prefix string, deep bool) []map[string]any {
	var out []map[string]any
	switch x := x.(type) {
	case []any:
		for _, e := range x {
			out = append(out, objects(e, prefix, deep)...)
		}
	case map[string]any:
		if t, _ := x["type"].(string); strings.HasPrefix(t, prefix) {
			out = append(out, x)
		}
		for _, k := range slices.Sorted(maps.Keys(x)) {
			if !slices.Contains([]string{"fallback", "refresh", "data", "msteams"}, k) && (deep || k != "card") {
				out = append(out, objects(x[k], prefix, deep)...)
			}
		}
	}
	return out
}

// same compares two values as JSON.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func decodeObject(b []byte) (map[string]any, error) {
	var o map[string]any
	if err := decode(b, &o); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, errors.New("no object")
	}
	return o, nil
}

// decode keeps numbers as they are written and takes one value only.
func decode(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}

// The types of an invoke's answer (Universal Actions and dynamic search,
// learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model).
const (
	adaptiveCardType   = "application/vnd.microsoft.card.adaptive"
	messageType        = "application/vnd.microsoft.activity.message"
	errorType          = "application/vnd.microsoft.error"
	searchResponseType = "application/vnd.microsoft.search.searchResponse"
)

const wentWrong = "Something went wrong. Please try again."

// readAnswer is what a client makes of an invoke's answer.
func readAnswer(name string, a Attempt) (card json.RawMessage, banner, problem string, found []Violation) {
	fail := func(format string, args ...any) (json.RawMessage, string, string, []Violation) {
		what := fmt.Sprintf(format, args...)
		return nil, wentWrong, what, append(found, Violation{"the body", what})
	}
	if a.Status != http.StatusOK {
		return fail("is answered with HTTP %d; only 200 is read", a.Status)
	}
	if len(a.Body) == 0 && (name == "task/submit" || name == "composeExtension/submitAction") {
		return nil, "", "", nil // closes the dialog
	}
	if kind, _, _ := mime.ParseMediaType(a.Type); kind != "application/json" {
		return fail("has Content-Type %q instead of application/json", a.Type)
	}
	body, err := decodeObject(a.Body)
	if err != nil {
		return fail("is no JSON object: %v", err)
	}
	raw := struct {
		Value json.RawMessage
		Task  struct {
			Value json.RawMessage
		}
		ComposeExtension struct {
			Attachments []struct {
				ContentType string
				Content     json.RawMessage
			}
		}
	}{}
	json.Unmarshal(a.Body, &raw) // what has another shape stays empty and is looked at below

	switch name {
	case "task/fetch", "task/submit", "composeExtension/fetchTask", "composeExtension/submitAction":
		submit := name == "task/submit" || name == "composeExtension/submitAction"
		if _, ok := body["composeExtension"].(map[string]any); ok && name == "composeExtension/submitAction" {
			for _, at := range raw.ComposeExtension.Attachments {
				if at.ContentType == adaptiveCardType {
					found = append(found, ValidateCard(at.Content)...)
				}
			}
			return nil, "", "", found
		}
		task, _ := body["task"].(map[string]any)
		switch task["type"] {
		case "message":
			text, _ := task["value"].(string)
			if text == "" {
				return fail("has a task message without text")
			}
			return nil, text, "", nil
		case "continue":
			var dialog struct {
				Title string
				Card  struct {
					ContentType string
					Content     json.RawMessage
				}
			}
			if json.Unmarshal(raw.Task.Value, &dialog) != nil || dialog.Card.ContentType != adaptiveCardType {
				return fail("has a task without an Adaptive Card")
			}
			if dialog.Title == "" {
				found = append(found, Violation{"task.value", "has no title"})
			}
			return dialog.Card.Content, "", "", append(found, ValidateCard(dialog.Card.Content)...)
		}
		if submit && len(body) == 0 {
			return nil, "", "", nil
		}
		return fail("has no task of type continue or message")
	}

	status, _ := body["statusCode"].(json.Number)
	switch kind, _ := body["type"].(string); kind {
	case adaptiveCardType:
		if name != "adaptiveCard/action" || status != "200" {
			return fail("is a card with statusCode %s to %s", status, name)
		}
		if _, ok := body["value"].(map[string]any); !ok {
			return fail("has no card in value")
		}
		return raw.Value, "", "", ValidateCard(raw.Value)
	case messageType:
		text, _ := body["value"].(string)
		if name != "adaptiveCard/action" || status != "200" || text == "" {
			return fail("is a message with statusCode %s and value %v to %s", status, body["value"], name)
		}
		return nil, text, "", nil
	case errorType:
		value, _ := body["value"].(map[string]any)
		code, _ := value["code"].(string)
		text, _ := value["message"].(string)
		if (status != "400" && status != "500") || code == "" || text == "" {
			return fail("is an error with statusCode %s and value %v; 400 or 500 with code and message is wanted", status, body["value"])
		}
		return nil, text, code + ": " + text, nil
	case searchResponseType:
		value, _ := body["value"].(map[string]any)
		results, ok := value["results"].([]any)
		if name != "application/search" || status != "200" || !ok {
			return fail("is no search response with results to %s", name)
		}
		for i, r := range results {
			o, _ := r.(map[string]any)
			title, _ := o["title"].(string)
			if v, _ := o["value"].(string); v == "" || title == "" {
				found = append(found, Violation{fmt.Sprintf("value.results[%d]", i), "needs title and value"})
			}
		}
		if len(results) > 15 {
			found = append(found, Violation{"value.results", fmt.Sprintf("has %d entries; 15 are shown", len(results))})
		}
		return nil, "", "", found
	default:
		return fail("has the unknown type %q", kind)
	}
}
