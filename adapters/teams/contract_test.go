package teams

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/syncrobot/syncrobot/chat/chattest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"personal", "groupChat", "channel"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			chattest.Contract(t, func(t *testing.T, b chattest.Bot) chattest.Harness { return play(t, b, kind) })
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
	notes []string                  // what was shown besides
}

// play puts bot before a world and one person who writes in a conversation of
// this kind.
func play(t *testing.T, b chattest.Bot, kind string) chattest.Harness {
	c := &screen{world: newWorld(t), kind: kind, cards: map[string]map[string]any{}}
	c.members["user-id-0"] = map[string]any{"userRole": "user", "tenantId": tenantID}
	inner := c.server.Config.Handler
	c.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.note(w, r, inner)
	})
	a := c.start(t, b)
	return chattest.Harness{
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
	}
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
	act := c.activity("invoke", delivery)
	act["name"], act["replyToId"] = "adaptiveCard/action", id
	act["value"] = map[string]any{"action": map[string]any{
		"type": button["type"], "title": button["title"], "verb": button["verb"], "data": button["data"],
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
		actions, _ := c.cards[c.order[i]]["actions"].([]any)
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
