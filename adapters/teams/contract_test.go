package teams

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"personal", "groupChat", "channel"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			chattest.Contract(t, func(t *testing.T, b chattest.Bot) chattest.Harness { return play(t, b, kind).Harness })
		})
	}
}

func TestFormContract(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"personal", "groupChat", "channel"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			chattest.FormContract(t, func(t *testing.T, b chattest.Bot) chattest.FormHarness { return play(t, b, kind) })
		})
	}
}

// screen is what one person sees of the conversations with the bot.
type screen struct {
	*world
	kind string

	pressing sync.RWMutex // held while an answer to a click is on its way

	seen  sync.Mutex
	order []string
	cards map[string]map[string]any // by message id
	forms map[string]map[string]any // what this person has in front of a card, which is still there
	notes []string                  // what was shown besides

	dialog  map[string]any // what opened the dialog that is open
	offered []string       // values that a search found
}

// play puts bot before a world and one person who writes in a conversation of
// this kind.
func play(t *testing.T, b chattest.Bot, kind string) chattest.FormHarness {
	c := &screen{world: newWorld(t), kind: kind, cards: map[string]map[string]any{}, forms: map[string]map[string]any{}}
	c.members["user-id-0"] = map[string]any{"userRole": "user", "tenantId": tenantID}
	inner := c.server.Config.Handler
	c.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.note(w, r, inner)
	})
	a := c.start(t, b)
	return chattest.FormHarness{Form: c.form, Fill: c.fill, Search: c.search, Use: c.use, Harness: chattest.Harness{
		Adapter: a,
		Type: func(t testing.TB, delivery, text string) int {
			status, _ := c.deliver(t, c.typed(delivery, text))
			return status
		},
		Press: c.press,
		Shown: c.shown,
		Forge: func(t testing.TB, delivery, text string) int {
			status, _ := c.post(t, c.typed(delivery, text), "Bearer "+c.token(t, nil, newKey()))
			return status
		},
		Flood: func(t testing.TB, delivery string) int {
			status, _ := c.deliver(t, c.typed(delivery, strings.Repeat("a", maxBody)))
			return status
		},
	}}
}

// note lets the connector answer and keeps what the person sees of it.
func (c *screen) note(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	got := httptest.NewRecorder()
	inner.ServeHTTP(got, r)
	if strings.HasSuffix(r.URL.Path, "/activities") || r.Method == http.MethodPut {
		// Teams draws the answer to a click before a change that comes later.
		c.pressing.RLock()
		defer c.pressing.RUnlock()
		var created struct{ ID string }
		var act map[string]any
		if json.Unmarshal(body, &act) == nil && json.Unmarshal(got.Body.Bytes(), &created) == nil {
			c.seen.Lock()
			c.draw(created.ID, cardOf(act))
			c.seen.Unlock()
		}
	}
	for k, v := range got.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(got.Code)
	w.Write(got.Body.Bytes())
}

func (c *screen) draw(id string, card map[string]any) {
	if _, known := c.cards[id]; !known {
		c.order = append(c.order, id)
	}
	c.cards[id] = card
	delete(c.forms, id)
}

// front is what the person has before them of a message.
func (c *screen) front(id string) map[string]any {
	if form, ok := c.forms[id]; ok {
		return form
	}
	return c.cards[id]
}

func (c *screen) activity(kind, delivery string) map[string]any {
	bot := map[string]any{"id": "28:" + appID, "name": "Test Bot"}
	return map[string]any{
		"type": kind, "id": delivery, "channelId": "msteams", "serviceUrl": c.service(), "recipient": bot,
		"from":         map[string]any{"id": "user-id-0", "name": "Dana Ruiz", "aadObjectId": personID},
		"conversation": map[string]any{"id": "19:c@thread.v2;messageid=1", "conversationType": c.kind, "tenantId": tenantID},
		"channelData":  map[string]any{"tenant": map[string]any{"id": tenantID}},
	}
}

// typed encodes what is typed as Teams does.
func (c *screen) typed(delivery, text string) map[string]any {
	act := c.activity("message", delivery)
	text = "/syncro " + strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
	if c.kind != "personal" {
		text = "<at>Test Bot</at>&nbsp;" + text
		act["entities"] = []any{map[string]any{"type": "mention", "text": "<at>Test Bot</at>", "mentioned": act["recipient"]}}
	}
	act["text"], act["textFormat"] = text, "plain"
	return act
}

func (c *screen) press(t testing.TB, delivery, label string) int {
	t.Helper()
	c.pressing.Lock()
	defer c.pressing.Unlock()
	id, button := c.button(label)
	if button == nil {
		t.Fatalf("no button %q", label)
	}
	return c.execute(t, delivery, id, button, button["data"])
}

// execute presses a button with what it sends.
func (c *screen) execute(t testing.TB, delivery, id string, button map[string]any, data any) int {
	act := c.activity("invoke", delivery)
	act["name"], act["replyToId"] = "adaptiveCard/action", id
	act["value"] = map[string]any{"action": map[string]any{
		"type": button["type"], "title": button["title"], "verb": button["verb"], "data": data,
	}, "trigger": "manual"}
	status, body := c.deliver(t, act)
	var got struct {
		Type  string
		Value any
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Errorf("the answer to the click: %v", err)
	}
	c.seen.Lock()
	defer c.seen.Unlock()
	switch v := got.Value.(type) {
	case map[string]any:
		if len(inputs(v)) > 0 {
			c.forms[id] = v
			break
		}
		c.draw(id, v)
	case string:
		c.notes = append(c.notes, v)
	}
	return status
}

// button is the newest one with this label, and the message that it is in.
func (c *screen) button(label string) (string, map[string]any) {
	c.seen.Lock()
	defer c.seen.Unlock()
	for i := len(c.order) - 1; i >= 0; i-- {
		actions, _ := c.front(c.order[i])["actions"].([]any)
		for _, a := range actions {
			if a := a.(map[string]any); a["title"] == label {
				return c.order[i], a
			}
		}
	}
	return "", nil
}

func (c *screen) shown() []string {
	c.pressing.RLock()
	defer c.pressing.RUnlock()
	c.seen.Lock()
	defer c.seen.Unlock()
	var all []string
	for _, id := range c.order {
		all = append(all, words(c.cards[id]))
	}
	return append(all, c.notes...)
}

// use has the person use a message extension's command on a message.
func (c *screen) use(t testing.TB, delivery, shortcut string, on chat.Message) int {
	act := c.activity("invoke", delivery)
	act["name"] = "composeExtension/fetchTask"
	attached := []any{map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "name": "", "content": "{}"}}
	for i, f := range on.Files {
		attached = append(attached, map[string]any{"id": fmt.Sprint(i), "contentType": "reference", "contentUrl": f.Link, "name": f.Name})
	}
	var replyTo any
	if len(on.Thread) > 0 {
		replyTo = "1795599999999"
	}
	act["value"] = map[string]any{
		"commandId": shortcut, "commandContext": "message", "context": map[string]any{"theme": "default"},
		"messagePayload": map[string]any{
			"id": "1795600000000", "createdDateTime": on.Time.Format("2006-01-02T15:04:05.000Z"),
			"from": map[string]any{"user": map[string]any{"userIdentityType": "aadUser", "id": "other", "displayName": on.Author}},
			"body": map[string]any{
				"contentType": "html", "content": "<div>" + strings.ReplaceAll(html.EscapeString(on.Text), "\n", "<br>") + "</div>",
			},
			"attachments": attached, "replyToId": replyTo, "mentions": []any{}, "reactions": []any{}, "linkToMessage": on.Link,
		},
	}
	return c.inDialog(t, act)
}

// inDialog delivers what opens or submits a dialog, and shows what comes.
func (c *screen) inDialog(t testing.TB, act map[string]any) int {
	t.Helper()
	status, body := c.deliver(t, act)
	var got struct {
		Task struct {
			Value struct {
				Title string
				Card  struct{ Content map[string]any }
			}
		}
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Errorf("the answer: %v", err)
	}
	c.seen.Lock()
	defer c.seen.Unlock()
	c.dialog = nil
	switch card := got.Task.Value.Card.Content; {
	case len(inputs(card)) > 0:
		c.dialog = with(act, map[string]any{"dialog title": got.Task.Value.Title, "dialog card": card})
	case card != nil:
		c.notes = append(c.notes, words(card))
	}
	return status
}

// open is the form in front of the person: a dialog, or else the newest card
// with inputs, in the message of this id.
func (c *screen) open() (title, id string, card map[string]any) {
	if c.dialog != nil {
		return c.dialog["dialog title"].(string), "", c.dialog["dialog card"].(map[string]any)
	}
	for _, id := range slices.Backward(c.order) {
		if card := c.front(id); len(inputs(card)) > 0 {
			return "", id, card
		}
	}
	return "", "", nil
}

func (c *screen) form() string {
	c.pressing.RLock()
	defer c.pressing.RUnlock()
	c.seen.Lock()
	defer c.seen.Unlock()
	title, _, card := c.open()
	lines := []string{title, words(card)}
	for _, in := range inputs(card) {
		value, _ := in["value"].(string)
		choices, _ := in["choices"].([]any)
		for _, o := range choices {
			if o := o.(map[string]any); o["value"] == value {
				value = o["title"].(string)
			}
		}
		lines = append(lines, in["label"].(string)+": "+value)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// fill types into the inputs as a client lets a person, and hands them in.
func (c *screen) fill(t testing.TB, delivery string, values map[string]string) int {
	t.Helper()
	c.pressing.Lock()
	defer c.pressing.Unlock()
	c.seen.Lock()
	_, id, card := c.open()
	offered := c.offered
	c.seen.Unlock()
	if card == nil {
		t.Fatal("no form is open")
	}
	button := card["actions"].([]any)[0].(map[string]any)
	data := maps.Clone(button["data"].(map[string]any))
	for _, in := range inputs(card) {
		name := in["id"].(string)
		value, _ := in["value"].(string)
		if typed, ok := values[name]; ok {
			value = typed
		}
		if in["isRequired"] == true && value == "" {
			t.Errorf("a client does not hand in an empty %s", name)
		}
		if in["choices.data"] != nil && value != "" && !slices.Contains(offered, value) {
			t.Errorf("%s was not offered in %s", value, name)
		}
		data[name] = value
	}
	if id != "" {
		return c.execute(t, delivery, id, button, data)
	}
	act := with(c.dialog, map[string]any{"id": delivery, "name": "composeExtension/submitAction"})
	act["value"] = with(act["value"].(map[string]any), map[string]any{"data": data})
	return c.inDialog(t, act)
}

func (c *screen) search(t testing.TB, name, typed string) []chat.Option {
	t.Helper()
	c.seen.Lock()
	_, id, card := c.open()
	c.seen.Unlock()
	i := slices.IndexFunc(inputs(card), func(in map[string]any) bool { return in["id"] == name })
	if i < 0 {
		t.Fatalf("no input %q", name)
	}
	act := c.activity("invoke", "search")
	act["name"], act["replyToId"] = "application/search", id
	act["value"] = map[string]any{
		"queryText": typed, "queryOptions": map[string]any{"skip": 0, "top": 15},
		"dataset": inputs(card)[i]["choices.data"].(map[string]any)["dataset"],
	}
	_, body := c.deliver(t, act)
	var got struct {
		Type  string
		Value struct {
			Results []struct{ Title, Value string }
		}
	}
	if err := json.Unmarshal(body, &got); err != nil || got.Type != searchAnswer {
		t.Errorf("the answer to the search: %s", body)
	}
	c.seen.Lock()
	defer c.seen.Unlock()
	var found []chat.Option
	for _, o := range got.Value.Results {
		found = append(found, chat.Option{Label: o.Title, Value: o.Value})
		c.offered = append(c.offered, o.Value)
	}
	return found
}

// inputs are those of a card, in order.
func inputs(card map[string]any) (all []map[string]any) {
	body, _ := card["body"].([]any)
	for _, e := range body {
		if e := e.(map[string]any); strings.HasPrefix(e["type"].(string), "Input.") {
			all = append(all, e)
		}
	}
	return all
}
