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
	resp, err := alone().Do(r)
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
	resp, err := alone().Do(r)
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

// asked is the answer to a POST that must have gone well.
func (w *world) asked(path, body string) map[string]any {
	w.t.Helper()
	status, answer := w.ui("POST", path, body)
	if status != 200 || answer["error"] != "" {
		w.t.Fatalf("%s %s: %d %v", path, body, status, answer)
	}
	return answer
}

func (w *world) front() any {
	w.t.Helper()
	_, state := w.ui("GET", "/_sim/state?user="+dana, "")
	return state["dialog"]
}

func TestAMessageToTheOthersIsNotTheBots(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asked("/_sim/write", `{"user":"`+dana+`","channel":"`+service+`","text":"The scanner hangs"}`)
	if got := w.Deliveries(); len(got) != 0 {
		t.Errorf("the bot heard %d activities", len(got))
	}
	_, state := w.ui("GET", "/_sim/state?user="+omar, "")
	if at(state, "messages.0.text") != "The scanner hangs" || at(state, "bot") != "Syncrobot" {
		t.Errorf("Omar sees %v", state)
	}
	if got := fmt.Sprint(state["channels"]); !strings.Contains(got, "kind:personal") || !strings.Contains(got, "kind:channel") {
		t.Errorf("channels: %s", got)
	}
	if _, answer := w.ui("POST", "/_sim/write", `{"user":"`+dana+`","channel":"`+w.Personal(dana)+`","text":"psst"}`); answer["error"] == "" {
		t.Error("in the personal chat there is nobody else")
	}
}

func TestAMessageActionOpensADialog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asked("/_sim/write", `{"user":"`+omar+`","channel":"`+service+`","text":"The scanner hangs"}`)
	_, state := w.ui("GET", "/_sim/state", "")
	id := at(state, "messages.0.id").(string)
	form := func(title, label string) string {
		return `{"task":{"type":"continue","value":{"title":"` + title + `","card":{"contentType":"application/vnd.microsoft.card.adaptive","content":` +
			card(`{"type":"Input.ChoiceSet","id":"customer","label":"`+label+`","style":"filtered","choices":[],"choices.data":{"type":"Data.Query","dataset":"f1/customer"}}`,
				`{"type":"Action.Submit","title":"Create","data":{"form":"f1"}}`) + `}}}}`
	}
	w.invokeAnswer(200, "application/json", form("New ticket", "Customer"))
	w.asked("/_sim/shortcut", `{"user":"`+dana+`","message":"`+id+`","name":"new_ticket"}`)
	if got := w.last(); got["name"] != "composeExtension/fetchTask" || at(got, "value.commandId") != "new_ticket" || at(got, "value.messagePayload.from.user.displayName") != "Omar Field" {
		t.Errorf("activity %v", got)
	}
	first := w.front()
	if at(first, "title") != "New ticket" || at(first, "card.body.0.label") != "Customer" || at(first, "id") == "" {
		t.Fatalf("Dana's dialog is %v", first)
	}
	if _, state := w.ui("GET", "/_sim/state?user="+omar, ""); state["dialog"] != nil {
		t.Errorf("Omar has a dialog too: %v", state["dialog"])
	}

	w.invokeAnswer(200, "application/json", `{"statusCode":200,"type":"application/vnd.microsoft.search.searchResponse","value":{"results":[{"title":"Harbor Dental","value":"7"}]}}`)
	found := w.asked("/_sim/suggest", `{"user":"`+dana+`","dataset":"f1/customer","text":"harb"}`)
	if at(found, "options.0.text") != "Harbor Dental" || at(found, "options.0.value") != "7" || at(w.last(), "value.queryText") != "harb" {
		t.Errorf("found %v, activity %v", found, w.last())
	}

	// The bot wants something corrected: another dialog in the place of the first.
	w.invokeAnswer(200, "application/json", form("", "Customer, please"))
	w.asked("/_sim/submit", `{"user":"`+dana+`","title":"Create","data":{"form":"f1","customer":"7"}}`)
	if got := w.last(); got["name"] != "composeExtension/submitAction" || at(got, "value.data.customer") != "7" {
		t.Errorf("activity %v", got)
	}
	second := w.front()
	if at(second, "title") != "New ticket" || at(second, "card.body.0.label") != "Customer, please" || at(second, "id") == at(first, "id") {
		t.Errorf("after a correction: %v", second)
	}
	w.invokeAnswer(500, "text/plain", "oops")
	if _, answer := w.ui("POST", "/_sim/submit", `{"user":"`+dana+`","title":"Create"}`); answer["error"] == "" || w.front() == nil {
		t.Errorf("a failed submission: %v, dialog %v", answer, w.front())
	}
	w.invokeAnswer(200, "application/json", `{"task":{"type":"message","value":"Created"}}`)
	w.asked("/_sim/submit", `{"user":"`+dana+`","title":"Create","data":{"customer":"7"}}`)
	if got := w.front(); at(got, "text") != "Created" || at(got, "card") != nil {
		t.Errorf("the last word is %v", got)
	}
	w.asked("/_sim/close", `{"user":"`+dana+`"}`)
	if got := w.front(); got != nil {
		t.Errorf("closed, there is %v", got)
	}

	w.invokeAnswer(200, "application/json", form("Again", "Customer"))
	w.asked("/_sim/shortcut", `{"user":"`+dana+`","message":"`+id+`","name":"new_ticket"}`)
	w.answers(func(http.ResponseWriter, *http.Request, map[string]any) {})
	w.asked("/_sim/submit", `{"user":"`+dana+`","title":"Create"}`)
	if got := w.front(); got != nil {
		t.Errorf("an empty answer leaves %v", got)
	}
	for _, act := range []string{"submit", "suggest"} {
		if _, answer := w.ui("POST", "/_sim/"+act, `{"user":"`+dana+`"}`); answer["error"] == "" {
			t.Errorf("%s without a dialog", act)
		}
	}
}

func TestATaskOpensADialogOfAMessagesCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.post(service, withCard(card(says("Ticket"), `{"type":"Action.Submit","title":"Open","data":{"msteams":{"type":"task/fetch"},"ticket":32164}}`)))
	w.invokeAnswer(200, "application/json", `{"task":{"type":"message","value":"Nothing to do"}}`)
	w.asked("/_sim/submit", `{"user":"`+dana+`","message":"`+id+`","title":"Open"}`)
	if got := w.front(); at(got, "text") != "Nothing to do" || at(w.last(), "name") != "task/fetch" {
		t.Errorf("dialog %v, activity %v", got, w.last())
	}
}
