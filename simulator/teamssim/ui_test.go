package teamssim_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func (w *world) ui(method, path, body string) (int, map[string]any) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, object(w.t, b)
}

func TestThePagesData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	status, answer := w.ui("POST", "/_sim/say", `{"user":"`+dana+`","channel":"`+service+`","text":"close 32164"}`)
	if status != 200 || answer["status"] != 200.0 || answer["error"] != "" || answer["ack_ms"] == nil {
		t.Fatalf("say: %d %v", status, answer)
	}
	id := w.post(w.last()["conversation"].(map[string]any)["id"].(string),
		withCard(card(`{"type":"Input.Text","id":"note","label":"Note"}`, execute("confirm", `{"op":"1"}`)+","+execute("cancel", `{"op":"1"}`))))
	w.invokeAnswer(200, "application/json", `{"statusCode":200,"type":"application/vnd.microsoft.activity.message","value":"Only Dana may"}`)
	// A client sends the button's own data and its inputs together.
	status, answer = w.ui("POST", "/_sim/click", `{"user":"`+omar+`","message":"`+id+`","verb":"confirm","data":{"op":"1","note":"hi"}}`)
	if status != 200 || answer["status"] != 200.0 || answer["error"] != "" || at(w.last(), "value.action.data.note") != "hi" {
		t.Errorf("click: %d %v, activity %v", status, answer, w.last())
	}
	_, answer = w.ui("POST", "/_sim/click", `{"user":"`+omar+`","message":"`+id+`","verb":"steal"}`)
	if answer["status"] != 0.0 || !strings.Contains(answer["error"].(string), "steal") {
		t.Errorf("an unknown click: %v", answer)
	}
	if status, _ := w.ui("POST", "/_sim/say", `{`); status != 400 {
		t.Errorf("no JSON is answered %d", status)
	}
	w.post(w.Personal(dana), withCard(card(`{"type":"TextBlock"}`, "")))

	status, state := w.ui("GET", "/_sim/state?user="+omar, "")
	if status != 200 || at(state, "users.1.name") != "Omar Field" || at(state, "users.1.id") != omar {
		t.Errorf("users: %d %v", status, state["users"])
	}
	if got := fmt.Sprint(state["channels"]); !strings.Contains(got, w.Personal(omar)) || strings.Contains(got, w.Personal(dana)) ||
		!strings.Contains(got, "Service desk") || !strings.Contains(got, duo) {
		t.Errorf("channels: %s", got)
	}
	if all := state["messages"].([]any); len(all) != 2 {
		t.Errorf("Omar sees %d messages", len(all))
	}
	said, asked := at(state, "messages.0"), at(state, "messages.1")
	if at(said, "text") != "Syncrobot close 32164" || at(said, "card") != nil || at(said, "bot") != false || at(said, "user") != dana ||
		at(said, "name") != "Dana Ruiz" || at(said, "channel") != service || at(said, "time") != "2026-11-23T09:00:00Z" || at(said, "edited") != "" {
		t.Errorf("Dana's message: %v", said)
	}
	if at(asked, "card.type") != "AdaptiveCard" || at(asked, "bot") != true || at(asked, "name") != "Syncrobot" || at(asked, "banner") != "Only Dana may" {
		t.Errorf("the bot's message: %v", asked)
	}
	if got := fmt.Sprint(state["violations"]); !strings.Contains(got, "lacks text") {
		t.Errorf("violations: %s", got)
	}
	if _, first := w.ui("GET", "/_sim/state", ""); len(first["messages"].([]any)) != 3 {
		t.Errorf("without a user: %v", first)
	}
	if status, _ := w.ui("GET", "/_sim/state?user=nobody", ""); status != 404 {
		t.Errorf("for a stranger: %d", status)
	}
}

func TestEveryChangeIsAnEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bearer()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", w.url+"/_sim/events", nil)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("Content-Type %q", got)
	}
	events := bufio.NewScanner(resp.Body)
	next := func() string {
		var lines []string
		for events.Scan() && events.Text() != "" {
			lines = append(lines, events.Text())
		}
		return strings.Join(lines, "|")
	}
	for i := range 3 {
		if got := next(); got != "event: changed|data: changed" {
			t.Fatalf("event %d is %q", i, got)
		}
		w.post(w.Personal(dana), fmt.Sprintf(`{"type":"message","text":"%d"}`, i))
	}
}
