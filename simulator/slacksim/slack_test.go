package slacksim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSignatureVector(t *testing.T) {
	t.Parallel()
	const body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	got := Sign("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", []byte(body))
	if want := "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// clockwork is a clock that tests set.
type clockwork struct {
	mu sync.Mutex
	at time.Time
}

func (c *clockwork) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clockwork) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// app is a bot under the tests' control: it keeps what it gets, answers what it is told.
type app struct {
	t      *testing.T
	slack  *Slack
	url    string // of the simulator
	clock  *clockwork
	mu     sync.Mutex
	got    []map[string]any // form fields, the payload or the JSON body
	header []http.Header
	answer func(w http.ResponseWriter, r *http.Request, got map[string]any)
}

const secret, bearer = "signing secret", "xoxb-test"

func start(t *testing.T, change func(*Options)) *app {
	t.Helper()
	a := &app{t: t, clock: &clockwork{at: time.Unix(1790000000, 0)}}
	bot := httptest.NewServer(a)
	t.Cleanup(bot.Close)
	o := Options{
		BotURL: bot.URL, SigningSecret: secret, BotToken: bearer, Now: a.clock.now, TeamName: "Northgate Auto",
		Users: []User{
			{ID: "U0001", Name: "dana", RealName: "Dana Ruiz", Email: "dana@msp.example"},
			{ID: "U0002", Name: "lee"},
			{ID: "U0003", Name: "visitor", TeamID: "T0009", Stranger: true, Email: "v@elsewhere.example"},
			{ID: "U0004", Name: "gone", Deleted: true},
		},
		Channels: []Channel{
			{ID: "C0001", Name: "ops", Members: []string{"U0001", "U0002", "U0003", "U0BOT"}},
			{ID: "C0002", Name: "quiet", Members: []string{"U0001"}},
			{ID: "G0001", Name: "secret", Private: true, Members: []string{"U0001"}},
		},
		RetryAfter: []time.Duration{0, time.Millisecond, time.Millisecond},
	}
	if change != nil {
		change(&o)
	}
	a.slack = New(o)
	own := httptest.NewServer(a.slack)
	t.Cleanup(own.Close)
	t.Cleanup(a.slack.Close)
	a.url = own.URL
	a.slack.SetBaseURL(own.URL)
	return a
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("X-Slack-Signature") != Sign(secret, r.Header.Get("X-Slack-Request-Timestamp"), body) {
		http.Error(w, "bad signature", http.StatusUnauthorized)
		return
	}
	got := map[string]any{}
	if r.Header.Get("Content-Type") == "application/json" {
		json.Unmarshal(body, &got)
	} else {
		form, _ := url.ParseQuery(string(body))
		for k := range form {
			got[k] = form.Get(k)
		}
		if p, ok := got["payload"].(string); ok {
			got = map[string]any{}
			json.Unmarshal([]byte(p), &got)
		}
	}
	a.mu.Lock()
	a.got, a.header = append(a.got, got), append(a.header, r.Header)
	answer := a.answer
	a.mu.Unlock()
	if answer != nil {
		answer(w, r, got)
	}
}

func (a *app) answers(contentType, body string) {
	a.does(func(w http.ResponseWriter, _ *http.Request, _ map[string]any) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, body)
	})
}

func (a *app) does(f func(http.ResponseWriter, *http.Request, map[string]any)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = f
}

func (a *app) last() map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.got) == 0 {
		a.t.Fatal("the app got nothing")
	}
	return a.got[len(a.got)-1]
}

func (a *app) count() int { a.mu.Lock(); defer a.mu.Unlock(); return len(a.got) }

// post sends JSON and returns the status and the body.
func (a *app) post(to string, body any) (int, string) {
	a.t.Helper()
	b, _ := json.Marshal(body)
	if s, ok := body.(string); ok {
		b = []byte(s)
	}
	req, _ := http.NewRequestWithContext(a.t.Context(), "POST", to, bytes.NewReader(b))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := alone().Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer)
}

// api calls a method and returns the answer; want is its error, empty for ok.
func (a *app) api(method, want string, args map[string]any) map[string]any {
	a.t.Helper()
	if args == nil {
		args = map[string]any{}
	}
	_, body := a.post(a.url+"/api/"+method, args)
	var answer map[string]any
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		a.t.Fatalf("%s: %v in %q", method, err, body)
	}
	if got, _ := answer["error"].(string); got != want || answer["ok"] != (want == "") {
		a.t.Fatalf("%s: want error %q, got %s", method, want, body)
	}
	return answer
}

func (a *app) sees(user, channel string, want ...string) []Message {
	a.t.Helper()
	seen := a.slack.Messages(user, channel)
	var texts []string
	for _, m := range seen {
		texts = append(texts, m.Text)
	}
	if !slices.Equal(texts, want) {
		a.t.Fatalf("%s sees %q, want %q", user, texts, want)
	}
	return seen
}

const card = `{"text":"Close?","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"Close?"}},
 {"type":"actions","elements":[{"type":"button","action_id":"confirm","value":"op1","text":{"type":"plain_text","text":"Confirm"}},
 {"type":"button","action_id":"cancel","value":"op1","text":{"type":"plain_text","text":"Cancel"}}]}]}`

const cardText = "Close?\n[Confirm] [Cancel]"

func (a *app) clean() {
	a.t.Helper()
	for _, v := range a.slack.Violations() {
		a.t.Error(v)
	}
}

func TestCommandFields(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	if ack := a.slack.Command(t.Context(), "U0001", "G0001", `  comment 32164 "a < b & c" see https://x.example/?a=1&b=2. ask @dana or a@b.example in #secret, #ops, #32164`); ack.Err != nil || ack.Status != 200 {
		t.Fatal(ack)
	}
	got := a.last()
	for k, want := range map[string]string{
		"command": "/syncro", "user_id": "U0001", "channel_id": "G0001", "channel_name": "privategroup", "team_id": "T0001",
		"team_domain": "northgate-auto", "api_app_id": "A0001", "is_enterprise_install": "false",
		"text": `comment 32164 "a &lt; b &amp; c" see <https://x.example/?a=1&amp;b=2>. ask <@U0001> or <mailto:a@b.example|a@b.example> in <#G0001|>, <#C0001|ops>, #32164`,
	} {
		if got[k] != want {
			t.Errorf("%s is %q, want %q", k, got[k], want)
		}
	}
	if !strings.HasPrefix(got["response_url"].(string), a.url+"/hooks/commands/T0001/") || got["trigger_id"] == "" {
		t.Errorf("response_url %v, trigger_id %v", got["response_url"], got["trigger_id"])
	}
	a.sees("U0001", "")
}

func TestCommandAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, kind, body string
		dana, lee        []string
		err              error
		violations       int
	}{
		{"nothing", "", "", nil, nil, nil, 0},
		{"plain text", "text/plain", "hi", []string{"hi"}, nil, nil, 0},
		{"a card for one", "application/json", card, []string{cardText}, nil, nil, 0},
		{"a card for all shows the command too", "application/json", `{"response_type":"in_channel","text":"hi"}`, []string{"/syncro 1", "hi"}, []string{"/syncro 1", "hi"}, nil, 0},
		{"JSON under the wrong type is text", "text/plain", `{"text":"hi"}`, []string{`{"text":"hi"}`}, nil, nil, 1},
		{"a broken card", "application/json", `{"text":"a","blocks":[{"type":"section"}]}`, []string{`/syncro failed with the error "invalid_app_answer"`}, nil, ErrAnswer, 1},
		{"broken JSON", "application/json", `{`, []string{`/syncro failed with the error "invalid_app_answer"`}, nil, ErrAnswer, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := start(t, nil)
			a.answers(c.kind, c.body)
			if ack := a.slack.Command(t.Context(), "U0001", "C0001", "1"); !errors.Is(ack.Err, c.err) {
				t.Error(ack.Err)
			}
			a.sees("U0001", "C0001", c.dana...)
			a.sees("U0002", "C0001", c.lee...)
			if vs := a.slack.Violations(); len(vs) != c.violations {
				t.Error(vs)
			}
		})
	}
}

func TestCommandFailures(t *testing.T) {
	t.Parallel()
	t.Run("status 500", func(t *testing.T) {
		t.Parallel()
		a := start(t, nil)
		a.does(func(w http.ResponseWriter, _ *http.Request, _ map[string]any) { http.Error(w, "no", 500) })
		if ack := a.slack.Command(t.Context(), "U0001", "C0001", ""); !errors.Is(ack.Err, ErrService) || ack.Status != 500 {
			t.Error(ack.Err)
		}
		a.sees("U0001", "C0001", `/syncro failed with the error "http_service_error"`)
	})
	t.Run("too slow", func(t *testing.T) {
		t.Parallel()
		a := start(t, func(o *Options) { o.AckLimit = 20 * time.Millisecond })
		a.does(func(_ http.ResponseWriter, r *http.Request, _ map[string]any) { <-r.Context().Done() })
		if ack := a.slack.Command(t.Context(), "U0001", "C0001", ""); !errors.Is(ack.Err, ErrTimeout) {
			t.Error(ack.Err)
		}
		a.sees("U0001", "C0001", `/syncro failed with the error "operation_timeout"`)
	})
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		a := start(t, nil)
		a.slack.SetBotURL("http://127.0.0.1:1")
		if ack := a.slack.Command(t.Context(), "U0001", "C0001", ""); !errors.Is(ack.Err, ErrUnreachable) {
			t.Error(ack.Err)
		}
		a.sees("U0001", "C0001", `/syncro failed with the error "dispatch_failed"`)
	})
	t.Run("people who cannot", func(t *testing.T) {
		t.Parallel()
		a := start(t, nil)
		for _, who := range [][2]string{{"U0002", "C0002"}, {"U0003", "C0001"}, {"U0004", "C0001"}, {"U0009", "C0001"}, {"U0001", "C0009"}} {
			if ack := a.slack.Command(t.Context(), who[0], who[1], ""); !errors.Is(ack.Err, ErrNotThere) {
				t.Errorf("%v: %v", who, ack.Err)
			}
		}
		if a.count() != 0 {
			t.Error("something was sent")
		}
	})
}

// ask posts the card ephemerally by a command's response_url and returns it as dana sees it.
func (a *app) ask() Message {
	a.t.Helper()
	a.slack.Command(a.t.Context(), "U0001", "C0002", "close 1")
	if status, body := a.post(a.last()["response_url"].(string), card); status != 200 || body != "ok" {
		a.t.Fatal(status, body)
	}
	seen := a.slack.Messages("U0001", "C0002")
	return seen[len(seen)-1]
}

func TestClickOnAnEphemeralCard(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	m := a.ask()
	if !m.Ephemeral || !m.Bot || m.Name != "syncrobot" || m.Text != cardText {
		t.Fatalf("%+v", m)
	}
	if b := m.Buttons(); len(b) != 2 || b[0] != (Button{ActionID: "confirm", Text: "Confirm", Value: "op1"}) {
		t.Errorf("buttons %+v", b)
	}
	if ack := a.slack.Click(t.Context(), "U0001", m.ID, "confirm"); ack.Err != nil {
		t.Fatal(ack.Err)
	}
	got := a.last()
	container := got["container"].(map[string]any)
	action := got["actions"].([]any)[0].(map[string]any)
	if got["type"] != "block_actions" || got["message"] != nil || container["is_ephemeral"] != true || container["message_ts"] != m.ID ||
		container["channel_id"] != "C0002" || action["action_id"] != "confirm" || action["value"] != "op1" || action["block_id"] == "" ||
		action["action_ts"] == "" || got["api_app_id"] != "A0001" || got["user"].(map[string]any)["team_id"] != "T0001" {
		t.Errorf("payload %v", got)
	}
	hook := got["response_url"].(string)
	if status, body := a.post(hook, `{"replace_original":true,"text":"Done"}`); status != 200 || !strings.Contains(body, `"ok":true`) {
		t.Fatal(status, body)
	}
	seen := a.sees("U0001", "C0002", "Done")
	if seen[0].ID != m.ID || !seen[0].Ephemeral || !seen[0].Edited {
		t.Errorf("%+v", seen[0])
	}
	if ack := a.slack.Click(t.Context(), "U0001", m.ID, "confirm"); !errors.Is(ack.Err, ErrNotThere) {
		t.Error("clicked a button that is gone", ack.Err)
	}
	before := a.count()
	if ack := a.slack.ClickOn(t.Context(), "U0001", m, "confirm", ""); ack.Err != nil || a.count() != before+1 {
		t.Error("a late click on the card as it was seen", ack.Err)
	}
	if late := a.last()["response_url"]; late == hook {
		t.Error("each click has its own response_url")
	}
	a.post(hook, `{"delete_original":true}`)
	a.sees("U0001", "C0002")
	if _, body := a.post(hook, `{"replace_original":true,"text":"x"}`); !strings.Contains(body, "message_not_found") {
		t.Error(body)
	}
	a.clean()
}

func TestOnlyThoseWhoSeeACardClickIt(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	a.answers("application/json", card)
	a.slack.Command(t.Context(), "U0001", "C0001", "close 1")
	m := a.sees("U0001", "C0001", cardText)[0]
	if ack := a.slack.Click(t.Context(), "U0002", m.ID, "confirm"); !errors.Is(ack.Err, ErrNotThere) {
		t.Error(ack.Err)
	}
	if ack := a.slack.Click(t.Context(), "U0001", m.ID, "edit"); !errors.Is(ack.Err, ErrNotThere) {
		t.Error(ack.Err)
	}
	a.slack.Reload("U0001")
	a.sees("U0001", "C0001")
}

func TestOutsiderClicksAPostedCard(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	args := map[string]any{"channel": "C0001"}
	json.Unmarshal([]byte(card), &args)
	ts := a.api("chat.postMessage", "", args)["ts"].(string)
	if ack := a.slack.Click(t.Context(), "U0003", ts, "confirm"); ack.Err != nil {
		t.Fatal(ack.Err)
	}
	got := a.last()
	if got["user"].(map[string]any)["team_id"] != "T0009" || got["message"].(map[string]any)["ts"] != ts {
		t.Errorf("payload %v", got)
	}
	a.answers("application/json", card)
	a.slack.Click(t.Context(), "U0001", ts, "confirm")
	if vs := a.slack.Violations(); len(vs) != 1 || !vs[0].Advice {
		t.Error("a card in the answer to a click is shown to nobody", vs)
	}
}

func TestResponseURLOfACommand(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	a.slack.Command(t.Context(), "U0001", "C0002", "1")
	hook := a.last()["response_url"].(string)
	send := func(body string, status int, want string) {
		t.Helper()
		if s, b := a.post(hook, body); s != status || !strings.Contains(b, want) {
			t.Errorf("%s: %d %s", body, s, b)
		}
	}
	send(`{"text":"one"}`, 200, "ok")
	send(`{"text":"two","replace_original":true}`, 200, "ok") // posts anew
	a.sees("U0001", "C0002", "one", "two")
	send(`{"delete_original":true}`, 200, "no_text")
	send(`{"text":"","blocks":[]}`, 200, "no_text")
	send(`{"text":"a","blocks":[{"type":"section"}]}`, 200, "invalid_blocks")
	send(`{"text":"six"}`, 404, "used_url")
	a.sees("U0001", "C0002", "one", "two")

	a.slack.Command(t.Context(), "U0001", "C0001", "1")
	hook = a.last()["response_url"].(string)
	send(`{"text":"for all","response_type":"in_channel"}`, 200, "ok")
	a.sees("U0002", "C0001", "for all")
	send(`no json`, 400, "invalid_payload")
	a.clock.pass(30*time.Minute - time.Nanosecond)
	send(`{"text":"just in time"}`, 200, "ok")
	a.clock.pass(time.Nanosecond)
	send(`{"text":"late"}`, 404, "expired_url")
	hook += "x"
	send(`{"text":"guess"}`, 404, "no_service")
}

func TestChatMethods(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	m := func(kv ...any) map[string]any {
		args := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			args[kv[i].(string)] = kv[i+1]
		}
		return args
	}
	posted := a.api("chat.postMessage", "", m("channel", "C0001", "text", "one"))
	ts := posted["ts"].(string)
	a.api("chat.postMessage", "no_text", m("channel", "C0001"))
	a.api("chat.postMessage", "channel_not_found", m("channel", "C0009", "text", "a"))
	a.api("chat.postMessage", "channel_not_found", m("channel", "G0001", "text", "a"))
	a.api("chat.postMessage", "not_in_channel", m("channel", "C0002", "text", "a"))
	a.api("chat.postMessage", "invalid_blocks_format", m("channel", "C0001", "text", "a", "blocks", "["))
	refusal := a.api("chat.postMessage", "invalid_blocks", m("channel", "C0001", "text", "a", "blocks", `[{"type":"section"}]`))
	if want := "[missing required field: text or fields [json-pointer:/blocks/0]]"; fmt.Sprint(refusal["errors"]) != want {
		t.Errorf("got %v, want %s", refusal["errors"], want)
	}
	a.api("chat.update", "", m("channel", "C0001", "ts", ts, "text", "two"))
	a.api("chat.update", "msg_too_long", m("channel", "C0001", "ts", ts, "text", strings.Repeat("x", 4001)))
	a.api("chat.update", "message_not_found", m("channel", "C0001", "ts", "1.000000", "text", "x"))
	a.api("chat.update", "channel_not_found", m("channel", "C0009", "ts", ts, "text", "x"))
	a.api("chat.update", "not_in_channel", m("channel", "C0002", "ts", ts, "text", "x"))
	a.sees("U0002", "C0001", "two")

	secretTS := a.api("chat.postEphemeral", "", m("channel", "C0001", "user", "U0001", "text", "psst"))["message_ts"]
	a.api("chat.postEphemeral", "user_not_in_channel", m("channel", "C0001", "user", "U0004", "text", "psst"))
	a.api("chat.postEphemeral", "invalid_attachments", m("channel", "C0001", "user", "U0001", "text", "a", "attachments", `[{"blocks":[]}]`))
	a.api("chat.update", "message_not_found", m("channel", "C0001", "ts", secretTS, "text", "x"))
	a.api("chat.delete", "message_not_found", m("channel", "C0001", "ts", secretTS))
	a.sees("U0001", "C0001", "two", "psst")
	a.sees("U0002", "C0001", "two")

	a.slack.Say(t.Context(), "U0002", "C0001", "mine & yours")
	mine := a.sees("U0002", "C0001", "two", "mine & yours")[1]
	a.api("chat.update", "cant_update_message", m("channel", "C0001", "ts", mine.ID, "text", "x"))
	a.api("chat.delete", "cant_delete_message", m("channel", "C0001", "ts", mine.ID))
	a.api("chat.delete", "", m("channel", "C0001", "ts", ts))
	a.sees("U0002", "C0001", "mine & yours")

	dm := a.api("conversations.open", "", m("users", "U0001"))["channel"].(map[string]any)["id"].(string)
	a.api("conversations.open", "user_not_found", m("users", "U9"))
	a.api("chat.postMessage", "", m("channel", dm, "text", "hello"))
	a.api("chat.postMessage", "", m("channel", "U0001", "text", "again"))
	a.sees("U0001", a.slack.DirectMessage("U0001"), "hello", "again")
	a.sees("U0002", dm)
}

func TestOtherMethods(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	who := a.api("auth.test", "", nil)
	if who["team_id"] != "T0001" || who["user_id"] != "U0BOT" || who["bot_id"] != "B0BOT" {
		t.Error(who)
	}
	u := a.api("users.info", "", map[string]any{"user": "U0001"})["user"].(map[string]any)
	if u["team_id"] != "T0001" || u["is_stranger"] != false || u["profile"].(map[string]any)["email"] != "dana@msp.example" {
		t.Error(u)
	}
	u = a.api("users.info", "", map[string]any{"user": "U0003"})["user"].(map[string]any)
	if u["team_id"] != "T0009" || u["is_stranger"] != true || u["profile"].(map[string]any)["email"] != nil {
		t.Error(u)
	}
	a.api("users.info", "user_not_found", map[string]any{"user": "U9"})
	c := a.api("conversations.info", "", map[string]any{"channel": "C0001"})["channel"].(map[string]any)
	if c["name"] != "ops" || c["is_ext_shared"] != false || c["is_member"] != true {
		t.Error(c)
	}
	a.api("conversations.info", "channel_not_found", map[string]any{"channel": "G0001"})
	if team := a.api("team.info", "", nil)["team"].(map[string]any); team["name"] != "Northgate Auto" {
		t.Error(team)
	}
	a.api("chat.scheduleMessage", "unknown_method", nil)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	a := start(t, func(o *Options) { o.Scopes = []string{"chat:write"} })
	for _, c := range []struct{ name, header, kind, body, want string }{
		{"none", "", formType, "a=b", "not_authed"},
		{"wrong", "Bearer xoxb-other", formType, "", "invalid_auth"},
		{"in a form", "", formType, "token=" + bearer, ""},
		{"in JSON is not read", "", "application/json", `{"token":"` + bearer + `"}`, "not_authed"},
		{"in the header", "Bearer " + bearer, "application/json", `{}`, ""},
		{"broken JSON", "Bearer " + bearer, "application/json", `{`, "invalid_json"},
		{"another type", "Bearer " + bearer, "text/xml", `<a/>`, "invalid_post_type"},
	} {
		req, _ := http.NewRequestWithContext(t.Context(), "POST", a.url+"/api/auth.test", strings.NewReader(c.body))
		req.Header.Set("Content-Type", c.kind)
		req.Header.Set("Authorization", c.header)
		resp, err := alone().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Error string }
		json.NewDecoder(resp.Body).Decode(&answer)
		resp.Body.Close()
		if answer.Error != c.want {
			t.Errorf("%s: %q, want %q", c.name, answer.Error, c.want)
		}
	}
	a.api("users.info", "missing_scope", map[string]any{"user": "U0001"})
}

func TestRateLimitAndFaults(t *testing.T) {
	t.Parallel()
	a := start(t, func(o *Options) { o.RateLimits = true })
	msg := map[string]any{"channel": "C0001", "text": "a"}
	a.api("chat.postMessage", "", msg)
	if status, body := a.post(a.url+"/api/chat.postMessage", msg); status != 429 || !strings.Contains(body, "ratelimited") {
		t.Error(status, body)
	}
	a.clock.pass(time.Second)
	a.api("chat.postMessage", "", msg)
	a.sees("U0001", "C0001", "a", "a")

	hook := func() string {
		a.slack.Command(t.Context(), "U0001", "C0002", "")
		return a.last()["response_url"].(string)
	}()
	a.slack.Fail(Fault{On: "hook", Status: 500, Times: 1})
	a.slack.Fail(Fault{On: "hook", Status: 502, Times: 1, After: true})
	a.slack.Fail(Fault{On: "users.info", Status: 429, RetryAfter: 7 * time.Second})
	if status, _ := a.post(hook, `{"text":"lost"}`); status != 500 {
		t.Error(status)
	}
	if status, _ := a.post(hook, `{"text":"posted, answer lost"}`); status != 502 {
		t.Error(status)
	}
	a.post(hook, `{"text":"fine"}`)
	a.sees("U0001", "C0002", "posted, answer lost", "fine")
	for range 2 {
		if status, _ := a.post(a.url+"/api/users.info", nil); status != 429 {
			t.Error(status)
		}
	}
	a.slack.ClearFaults()
	a.api("users.info", "user_not_found", nil)

	a.slack.Fail(Fault{On: "*", Times: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "POST", hook, strings.NewReader(`{"text":"hangs"}`))
	if _, err := alone().Do(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	a.sees("U0001", "C0002", "posted, answer lost", "fine")
}

func (a *app) form(more string) map[string]any {
	var v map[string]any
	if err := json.Unmarshal([]byte(modal(`,"submit":{"type":"plain_text","text":"Create"},"callback_id":"create","notify_on_close":true,"blocks":[
	 {"type":"input","block_id":"subject","label":{"type":"plain_text","text":"Subject"},"element":{"type":"plain_text_input","action_id":"s","max_length":20}},
	 {"type":"input","block_id":"customer","optional":true,"label":{"type":"plain_text","text":"Customer"},"element":{"type":"external_select","action_id":"c"}},
	 {"type":"input","block_id":"prio","label":{"type":"plain_text","text":"Priority"},"element":{"type":"static_select","action_id":"p",
	  "options":[{"text":{"type":"plain_text","text":"Normal"},"value":"n"},{"text":{"type":"plain_text","text":"High"},"value":"h"}],
	  "initial_option":{"text":{"type":"plain_text","text":"Normal"},"value":"n"}}},
	 {"type":"actions","block_id":"acts","elements":[{"type":"button","action_id":"more","text":{"type":"plain_text","text":"More"}}]}]`+more)), &v); err != nil {
		a.t.Fatal(err)
	}
	return v
}

func TestTriggers(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	trigger := func() map[string]any {
		a.slack.GlobalShortcut(t.Context(), "U0001", "new_ticket")
		if got := a.last(); got["type"] != "shortcut" || got["callback_id"] != "new_ticket" || got["channel"] != nil || got["response_url"] != nil {
			t.Errorf("payload %v", got)
		}
		return map[string]any{"trigger_id": a.last()["trigger_id"], "view": a.form("")}
	}
	args := trigger()
	a.api("views.open", "", args)
	a.api("views.open", "exchanged_trigger_id", args)
	args = trigger()
	a.clock.pass(3*time.Second + time.Nanosecond)
	a.api("views.open", "expired_trigger_id", args)
	a.api("views.open", "invalid_trigger_id", map[string]any{"trigger_id": "1.2.3", "view": a.form("")})
	args = trigger()
	args["view"] = map[string]any{"type": "modal", "blocks": []any{}}
	a.api("views.open", "invalid_arguments", args)
	args["view"] = a.form("")
	a.api("views.open", "", args) // the refusal did not use the trigger up
	for range 2 {
		a.api("views.push", "", trigger())
	}
	a.api("views.push", "push_limit_reached", trigger())
}

func TestForm(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	a.slack.Command(t.Context(), "U0001", "C0001", "create")
	opened := a.api("views.open", "", map[string]any{"trigger_id": a.last()["trigger_id"], "view": a.form("")})["view"].(map[string]any)
	v, ok := a.slack.View("U0001")
	if !ok || v.Title != "New ticket" || v.CallbackID != "create" || v.ID != opened["id"] {
		t.Fatalf("%+v", v)
	}
	a.api("views.update", "hash_conflict", map[string]any{"view_id": v.ID, "hash": "old", "view": a.form("")})
	a.api("views.update", "", map[string]any{"view_id": v.ID, "hash": opened["hash"], "view": a.form("")})
	a.api("views.update", "not_found", map[string]any{"view_id": "V9", "view": a.form("")})

	before := a.count()
	for name, values := range map[string]map[string]string{
		"nothing filled in":    nil,
		"too long":             {"subject": strings.Repeat("x", 21)},
		"unknown option":       {"subject": "a", "prio": "x"},
		"option never offered": {"subject": "a", "customer": "7"},
		"unknown field":        {"subject": "a", "color": "red"},
	} {
		if ack := a.slack.Submit(t.Context(), "U0001", values); !errors.Is(ack.Err, ErrForm) && !errors.Is(ack.Err, ErrNotThere) {
			t.Errorf("%s: %v", name, ack.Err)
		}
	}
	if _, ack := a.slack.Suggest(t.Context(), "U0001", "", "c", "ha"); ack.Err != nil || a.count() != before {
		t.Error("two letters are fewer than min_query_length: Slack does not ask", ack.Err)
	}
	a.answers("application/json", `{"options":[{"text":{"type":"plain_text","text":"Harbor Dental"},"value":"7"}]}`)
	if options, ack := a.slack.Suggest(t.Context(), "U0001", "", "c", "har"); ack.Err != nil || !slices.Equal(options, []string{"Harbor Dental"}) {
		t.Error(options, ack.Err)
	}
	if got := a.last(); got["type"] != "block_suggestion" || got["action_id"] != "c" || got["block_id"] != "customer" || got["value"] != "har" || got["trigger_id"] != nil {
		t.Errorf("payload %v", got)
	}

	a.answers("application/json", `{"response_action":"errors","errors":{"subject":"taken"}}`)
	if ack := a.slack.Submit(t.Context(), "U0001", map[string]string{"subject": "Printer", "customer": "7"}); !errors.Is(ack.Err, ErrForm) {
		t.Error(ack.Err)
	}
	values := a.last()["view"].(map[string]any)["state"].(map[string]any)["values"]
	want := `{"customer":{"c":{"selected_option":{"text":{"text":"Harbor Dental","type":"plain_text"},"value":"7"},"type":"external_select"}},` +
		`"prio":{"p":{"selected_option":{"text":{"text":"Normal","type":"plain_text"},"value":"n"},"type":"static_select"}},` +
		`"subject":{"s":{"type":"plain_text_input","value":"Printer"}}}`
	if got, _ := json.Marshal(values); string(got) != want {
		t.Errorf("state.values is\n%s\nwant\n%s", got, want)
	}
	if v, _ := a.slack.View("U0001"); v.Errors["subject"] != "taken" {
		t.Errorf("%+v", v)
	}
	a.clean()
	a.answers("application/json", `{"response_action":"errors","errors":{"acts":"not an input"}}`)
	if ack := a.slack.Submit(t.Context(), "U0001", nil); !errors.Is(ack.Err, ErrAnswer) {
		t.Error(ack.Err)
	}
	a.answers("", "")
	if ack := a.slack.ClickView(t.Context(), "U0001", "more", ""); ack.Err != nil {
		t.Error(ack.Err)
	}
	if got := a.last(); got["response_url"] != nil || got["container"].(map[string]any)["type"] != "view" || got["view"] == nil {
		t.Errorf("payload %v", got)
	}
	if ack := a.slack.Submit(t.Context(), "U0001", nil); ack.Err != nil {
		t.Error(ack.Err)
	}
	if _, open := a.slack.View("U0001"); open {
		t.Error("an empty answer closes the modal")
	}
}

func TestSubmissionAnswersThatShowViews(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	a.slack.GlobalShortcut(t.Context(), "U0001", "x")
	a.api("views.open", "", map[string]any{"trigger_id": a.last()["trigger_id"], "view": a.form("")})
	values := map[string]string{"subject": "Printer"}
	answer := func(body map[string]any) Ack {
		a.answers("application/json", string(raw(body)))
		return a.slack.Submit(t.Context(), "U0001", values)
	}
	if ack := answer(map[string]any{"response_action": "push", "view": a.form("")}); ack.Err != nil {
		t.Error(ack.Err)
	}
	pushed, _ := a.slack.View("U0001")
	if ack := answer(map[string]any{"response_action": "update", "view": a.form("")}); ack.Err != nil {
		t.Error(ack.Err)
	}
	if now, _ := a.slack.View("U0001"); now.ID != pushed.ID {
		t.Error("update keeps the view")
	}
	if ack := answer(map[string]any{"response_action": "update", "view": map[string]any{"type": "modal"}}); !errors.Is(ack.Err, ErrAnswer) {
		t.Error(ack.Err)
	}
	if ack := answer(map[string]any{"text": "done"}); !errors.Is(ack.Err, ErrAnswer) {
		t.Error(ack.Err)
	}
	if ack := a.slack.CloseView(t.Context(), "U0001"); ack.Err != nil || a.last()["type"] != "view_closed" {
		t.Error(ack.Err)
	}
	if ack := answer(map[string]any{"response_action": "clear"}); ack.Err != nil {
		t.Error(ack.Err)
	}
	if _, open := a.slack.View("U0001"); open {
		t.Error("clear closes all")
	}
}

func TestMessageShortcut(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	a.slack.Say(t.Context(), "U0002", "C0001", "printer is down")
	m := a.sees("U0001", "C0001", "printer is down")[0]
	if ack := a.slack.MessageShortcut(t.Context(), "U0001", m.ID, "from_message"); ack.Err != nil {
		t.Fatal(ack.Err)
	}
	got := a.last()
	if got["type"] != "message_action" || got["message"].(map[string]any)["text"] != "printer is down" || got["message_ts"] != m.ID {
		t.Errorf("payload %v", got)
	}
	if status, _ := a.post(got["response_url"].(string), `{"text":"noted"}`); status != 200 {
		t.Error(status)
	}
	noted := a.sees("U0001", "C0001", "printer is down", "noted")[1]
	if ack := a.slack.MessageShortcut(t.Context(), "U0001", noted.ID, "from_message"); !errors.Is(ack.Err, ErrNotThere) {
		t.Error("ephemeral messages have no shortcuts", ack.Err)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	a := start(t, func(o *Options) { o.Events = []string{"app_mention", "message.im", "app_home_opened"} })
	a.answers("text/plain", "")
	if ack := a.slack.VerifyURL(t.Context()); !errors.Is(ack.Err, ErrAnswer) {
		t.Error(ack.Err)
	}
	a.does(func(w http.ResponseWriter, _ *http.Request, got map[string]any) {
		io.WriteString(w, fmt.Sprint(got["challenge"]))
	})
	if ack := a.slack.VerifyURL(t.Context()); ack.Err != nil {
		t.Error(ack.Err)
	}
	a.does(func(w http.ResponseWriter, r *http.Request, _ map[string]any) {
		if r.Header.Get("X-Slack-Retry-Num") != "2" {
			http.Error(w, "busy", http.StatusServiceUnavailable)
		}
	})
	before := a.count()
	if ack := a.slack.Say(t.Context(), "U0001", "C0001", "@syncrobot 32164"); ack.Err != nil {
		t.Error(ack.Err)
	}
	if a.count() != before+3 || a.header[before+1].Get("X-Slack-Retry-Reason") != "http_error" {
		t.Errorf("%d deliveries", a.count()-before)
	}
	first, last := a.got[before], a.last()
	event := last["event"].(map[string]any)
	if first["event_id"] != last["event_id"] || event["type"] != "app_mention" || event["text"] != "<@U0BOT> 32164" || event["user"] != "U0001" {
		t.Errorf("%v", last)
	}
	a.does(func(w http.ResponseWriter, _ *http.Request, _ map[string]any) {
		w.Header().Set("X-Slack-No-Retry", "1")
		w.WriteHeader(500)
	})
	if acks := a.slack.Event(t.Context(), map[string]any{"type": "app_uninstalled"}); len(acks) != 1 {
		t.Errorf("%d deliveries", len(acks))
	}
	a.answers("", "")
	a.slack.Say(t.Context(), "U0001", a.slack.DirectMessage("U0001"), "open")
	if e := a.last()["event"].(map[string]any); e["type"] != "message" || e["channel_type"] != "im" {
		t.Error(e)
	}
	a.slack.OpenHome(t.Context(), "U0001")
	if e := a.last()["event"].(map[string]any); e["type"] != "app_home_opened" {
		t.Error(e)
	}
	a.api("views.publish", "", map[string]any{"user_id": "U0001", "view": `{"type":"home","blocks":[{"type":"divider"}]}`})
	if v, ok := a.slack.Home("U0001"); !ok || v.Text != "---" {
		t.Error(v, ok)
	}
	a.clean()
}

func TestResendAndRaw(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	sent := a.slack.Command(t.Context(), "U0001", "C0001", "1").Sent
	a.clock.pass(time.Hour)
	if ack := a.slack.Resend(t.Context(), sent, false); ack.Status != 200 || ack.Sent.Header.Get("X-Slack-Request-Timestamp") != "1790000000" {
		t.Error(ack)
	}
	if ack := a.slack.Resend(t.Context(), sent, true); ack.Status != 200 || ack.Sent.Header.Get("X-Slack-Request-Timestamp") != "1790003600" {
		t.Error(ack)
	}
	if ack := a.slack.SendRaw(t.Context(), "/slack/commands", sent.Body, http.Header{"Content-Type": {formType}}); ack.Status != 401 {
		t.Error(ack)
	}
	if acks := a.slack.Acks(); len(acks) != 4 || acks[3].Sent.Kind != "raw" || !bytes.Equal(acks[0].Sent.Body, acks[2].Sent.Body) {
		t.Error(len(acks))
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	go a.post(a.url+"/api/chat.postMessage", map[string]any{"channel": "C0001", "text": "there"})
	one := func(ms []Message) bool { return len(ms) == 1 }
	if seen, err := a.slack.Wait(t.Context(), "U0001", one); err != nil || seen[0].Text != "there" {
		t.Error(seen, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.slack.Wait(ctx, "U0001", func([]Message) bool { return false })
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "there") {
		t.Error(err)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	a.answers("application/json", card)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			a.slack.Command(t.Context(), "U0001", "C0001", "close 1")
			for _, m := range a.slack.Messages("U0001", "C0001") {
				a.slack.ClickOn(t.Context(), "U0001", m, "confirm", "")
				break
			}
			a.post(a.url+"/api/chat.postMessage", map[string]any{"channel": "C0001", "text": "x"})
		})
	}
	all.Wait()
	seen := a.slack.Messages("U0001", "C0001")
	if len(seen) != 16 || !slices.IsSortedFunc(seen, func(x, y Message) int { return strings.Compare(x.ID, y.ID) }) {
		t.Errorf("%d messages", len(seen))
	}
}

// TestUnfurl holds chat.unfurl to its rules: a link that the app was told of,
// in that message, by either of two names for it.
func TestUnfurl(t *testing.T) {
	t.Parallel()
	var events []map[string]any
	bot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Event map[string]any }
		if err := json.NewDecoder(r.Body).Decode(&body); err == nil {
			events = append(events, body.Event)
		}
	}))
	defer bot.Close()
	s := New(Options{
		BotURL: bot.URL, SigningSecret: "s", BotToken: "xoxb-1", Events: []string{"link_shared"}, UnfurlDomains: []string{"example.com"},
		Users: []User{{ID: "U1", Name: "dana"}}, Channels: []Channel{{ID: "C1", Name: "desk", Members: []string{"U1", "U0BOT"}}},
	})
	if ack := s.Draft(t.Context(), "U1", "see https://a.example.com/1"); ack.Err != nil {
		t.Fatal(ack.Err)
	}
	if ack := s.Say(t.Context(), "U1", "C1", "see https://a.example.com/1 and https://other.net/2"); ack.Err != nil {
		t.Fatal(ack.Err)
	}
	if len(events) != 2 || events[0]["channel"] != "COMPOSER" || events[0]["source"] != "composer" || events[1]["channel"] != "C1" || len(events[1]["links"].([]any)) != 1 {
		t.Fatalf("events: %v", events)
	}
	id := events[1]["unfurl_id"]
	card := func(address string) map[string]any {
		return map[string]any{address: map[string]any{"blocks": []any{map[string]any{"type": "header", "text": map[string]any{"type": "plain_text", "text": "A card"}}}}}
	}
	long := map[string]any{"https://a.example.com/1": map[string]any{"blocks": []any{map[string]any{"type": "header", "text": map[string]any{"type": "plain_text", "text": strings.Repeat("x", 151)}}}}}
	for _, c := range []struct {
		want string
		args map[string]any
	}{
		{"missing_source", map[string]any{"unfurl_id": id, "unfurls": card("https://a.example.com/1")}},
		{"cannot_find_message", map[string]any{"unfurl_id": id, "source": "composer", "unfurls": card("https://a.example.com/1")}},
		{"cannot_find_message", map[string]any{"channel": "C1", "ts": "1.000001", "unfurls": card("https://a.example.com/1")}},
		{"missing_unfurls", map[string]any{"unfurl_id": id, "source": "conversations_history"}},
		{"cannot_unfurl_url", map[string]any{"unfurl_id": id, "source": "conversations_history", "unfurls": card("https://other.net/2")}},
		{"invalid_blocks", map[string]any{"unfurl_id": id, "source": "conversations_history", "unfurls": long}},
		{"", map[string]any{"unfurl_id": id, "source": "conversations_history", "unfurls": card("https://a.example.com/1")}},
		{"", map[string]any{"channel": "C1", "ts": events[1]["message_ts"], "unfurls": card("https://a.example.com/1")}},
	} {
		s.mu.Lock()
		answer := s.unfurl(call{"chat.unfurl", c.args})
		s.mu.Unlock()
		if got, _ := answer["error"].(string); got != c.want {
			t.Errorf("%v is answered %q, want %q", c.args, got, c.want)
		}
	}
	if seen := s.Messages("U1", "C1"); len(seen) != 1 || !strings.Contains(seen[0].Text, "A card") {
		t.Errorf("they see %+v", seen)
	}
}
