package slacksim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func (a *app) state(user string) uiState {
	a.t.Helper()
	resp, err := alone().Get(a.url + "/_sim/state?user=" + user)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	var s uiState
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		a.t.Fatal(err)
	}
	return s
}

func (a *app) act(what, body string) uiAnswer {
	a.t.Helper()
	status, b := a.post(a.url+"/_sim/"+what, body)
	var answer uiAnswer
	if err := json.Unmarshal([]byte(b), &answer); err != nil {
		a.t.Fatal(status, b)
	}
	return answer
}

func TestPage(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	a.answers("application/json", card)
	if answer := a.act("say", `{"user":"U0001","channel":"C0001","text":"/syncro close 1"}`); answer.Status != 200 || answer.Error != "" {
		t.Fatalf("%+v", answer)
	}
	if a.last()["text"] != "close 1" {
		t.Error(a.last())
	}
	a.act("say", `{"user":"U0001","channel":"C0001","text":"/syncronize"}`)
	s := a.state("U0001")
	if len(s.Users) != 3 || s.Users[0].Name != "Dana Ruiz" || s.Users[1].Name != "lee" || len(s.Channels) != 3 || len(s.Messages) != 2 || s.View != nil {
		t.Fatalf("%+v", s)
	}
	m := s.Messages[0]
	if !m.Bot || !m.Ephemeral || m.Text != cardText || m.Time != "2026-09-21T14:13:20.000Z" || !strings.Contains(string(m.Blocks), "confirm") {
		t.Errorf("%+v", m)
	}
	if said := s.Messages[1]; said.Text != "/syncronize" || said.Name != "Dana Ruiz" || string(said.Blocks) != "[]" {
		t.Errorf("%+v", said)
	}
	if got := a.state("U0002").Messages; len(got) != 1 {
		t.Errorf("%+v", got)
	}
	a.answers("", "")
	if answer := a.act("click", `{"user":"U0001","message":"`+m.ID+`","action_id":"confirm","value":"op1"}`); answer.Status != 200 || answer.Error != "" {
		t.Errorf("%+v", answer)
	}
	if answer := a.act("click", `{"user":"U0001","message":"`+m.ID+`","action_id":"confirm","value":"op2"}`); answer.Error == "" {
		t.Errorf("%+v", answer)
	}
	a.act("shortcut", `{"user":"U0001","message":"`+s.Messages[1].ID+`","name":"new_ticket"}`)
	if got := a.last(); got["type"] != "message_action" || got["callback_id"] != "new_ticket" {
		t.Errorf("%v", got)
	}
	a.act("shortcut", `{"user":"U0001","name":"open_tickets"}`)
	if got := a.last(); got["type"] != "shortcut" || got["callback_id"] != "open_tickets" {
		t.Errorf("%v", got)
	}
	a.api("views.open", "", map[string]any{"trigger_id": a.last()["trigger_id"], "view": a.form("")})
	if v := a.state("U0001").View; v == nil || v.Title != "New ticket" || v.Submit != "Create" || v.Close != "Cancel" {
		t.Errorf("%+v", v)
	}
	if answer := a.act("click", `{"user":"U0001","action_id":"more"}`); answer.Error != "" {
		t.Errorf("%+v", answer)
	}
	a.answers("application/json", `{"options":[{"text":{"type":"plain_text","text":"Elm Street Vet"},"value":"9"},{"text":{"type":"plain_text","text":"Elm Street Vet"},"value":"10"}]}`)
	twins := []uiOption{{"Elm Street Vet", "9"}, {"Elm Street Vet", "10"}}
	if answer := a.act("suggest", `{"user":"U0001","action_id":"c","text":"elm"}`); !slices.Equal(answer.Options, twins) {
		t.Errorf("%+v", answer)
	}
	if answer := a.act("suggest", `{"user":"U0001","action_id":"c","text":"e"}`); len(answer.Options) != 0 || answer.Error != "" {
		t.Errorf("below min_query_length: %+v", answer)
	}
	a.answers("application/json", `{"response_action":"errors","errors":{"subject":"Say more"}}`)
	if answer := a.act("submit", `{"user":"U0001","values":{"subject":"x"}}`); answer.Errors["subject"] != "Say more" || a.state("U0001").View == nil {
		t.Errorf("%+v", answer)
	}
	a.answers("", "")
	if answer := a.act("submit", `{"user":"U0001","values":{"subject":"Scanner","customer":"","prio":""}}`); !strings.Contains(answer.Error, "prio/p must be filled in") {
		t.Errorf("a required menu that was emptied: %+v", answer)
	}
	if answer := a.act("submit", `{"user":"U0001","values":{"subject":"Scanner","customer":"10","prio":"h"}}`); answer.Error != "" || answer.Errors != nil {
		t.Errorf("%+v", answer)
	}
	if got := fmt.Sprint(a.last()["view"]); !strings.Contains(got, "value:10") {
		t.Errorf("the other one of the name was handed in: %s", got)
	}
	if answer := a.act("close", `{"user":"U0001"}`); answer.Error == "" {
		t.Error("there is no modal to close")
	}
	a.clean()
}

func TestPageOfAnotherSiteCannotPost(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	resp, err := alone().Post(a.url+"/_sim/say", "text/plain", strings.NewReader(`{"user":"U0001","channel":"C0001","text":"/syncro"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnsupportedMediaType || a.count() != 0 {
		t.Error(resp.Status)
	}
}

func TestChangesAreStreamed(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	req, _ := http.NewRequestWithContext(t.Context(), "GET", a.url+"/_sim/events", nil)
	resp, err := alone().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		t.Fatal("the stream ended", lines.Err())
		return ""
	}
	first := next()
	a.slack.Say(t.Context(), "U0001", "C0001", "hello")
	if second := next(); second == first {
		t.Errorf("the count stays %s", first)
	}
}
