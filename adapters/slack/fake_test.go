package slack

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat/chattest"
)

const secret = "8f742231b10e8888abcd99yyyzzz85a5"

// fakeSlack plays Slack around an adapter: it signs what it sends, lends
// response_urls with Slack's rules (5 uses; a command's own replaces nothing)
// and keeps what a person in a channel sees.
type fakeSlack struct {
	t   testing.TB
	api *httptest.Server // Slack
	bot *httptest.Server // the adapter
	log *strings.Builder // what the adapter logged; read it when all work is drained

	mu      sync.Mutex
	shown   []*shownMessage
	lent    map[string]*loan
	calls   []string          // methods and "response_url", in order
	web     map[string]string // a Web API method's answer, where it is not the usual one
	respond http.HandlerFunc  // response_urls, where they do not answer as usual
	tokens  map[string]bool   // that came with Web API calls

	triggers map[string]*lease
	modal    *modalShown // in front of the person; nil where there is none
}

type shownMessage struct {
	how    string // "response_url", "chat.postEphemeral", "chat.postMessage"
	text   string
	blocks json.RawMessage
}

type loan struct {
	uses    int
	replace *shownMessage // the clicked card; nil for a command's URL
}

// play starts a Slack and an adapter with options on it; mend may change them.
func play(t testing.TB, bot chattest.Bot, mend func(*Options)) (*fakeSlack, *Adapter) {
	t.Helper()
	f := &fakeSlack{t: t, log: new(strings.Builder), lent: map[string]*loan{}, web: map[string]string{}, tokens: map[string]bool{}, triggers: map[string]*lease{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /lent/{id}", f.serveLent)
	mux.HandleFunc("/api/{method}", f.serveWeb) // GET for chat.getPermalink
	f.api = httptest.NewServer(mux)
	t.Cleanup(f.api.Close)
	o := Options{
		Teams: []string{"T0001"}, AppID: "A0001", SigningSecret: secret, BotToken: "xoxb-hidden",
		APIURL: f.api.URL + "/api/", ResponseHosts: []string{strings.TrimPrefix(f.api.URL, "http://")},
		Handler: bot.Handler, Seen: bot.Seen, Work: bot.Work,
		Log: slog.New(slog.NewTextHandler(&lockedWriter{w: f.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if mend != nil {
		mend(&o)
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	serve := http.NewServeMux()
	a.Mount(serve)
	f.bot = httptest.NewServer(serve)
	t.Cleanup(f.bot.Close)
	return f, a
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// lend makes a response_url; its name is unguessable to no one but says which.
func (f *fakeSlack) lend(name string, card *shownMessage) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lent[name] == nil {
		f.lent[name] = &loan{replace: card}
	}
	return f.api.URL + "/lent/" + name
}

func (f *fakeSlack) serveLent(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.calls = append(f.calls, "response_url")
	if respond := f.respond; respond != nil {
		f.mu.Unlock()
		respond(w, r)
		return
	}
	defer f.mu.Unlock()
	l := f.lent[r.PathValue("id")]
	if l == nil || l.uses == maxUses {
		http.Error(w, "used_url", http.StatusNotFound)
		return
	}
	l.uses++
	var m struct {
		ResponseType string          `json:"response_type"`
		Replace      bool            `json:"replace_original"`
		Mrkdwn       *bool           `json:"mrkdwn"`
		Text         string          `json:"text"`
		Blocks       json.RawMessage `json:"blocks"`
	}
	body, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(body, &m); err != nil || m.ResponseType != "ephemeral" || m.Mrkdwn == nil || *m.Mrkdwn {
		f.t.Errorf("response_url got %s", body)
	}
	checkMessage(f.t, m.Text, m.Blocks)
	if m.Replace && l.replace != nil {
		l.replace.text, l.replace.blocks = m.Text, m.Blocks
	} else {
		f.shown = append(f.shown, &shownMessage{"response_url", m.Text, m.Blocks})
	}
	io.WriteString(w, "ok")
}

func (f *fakeSlack) serveWeb(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	method := r.PathValue("method")
	f.calls = append(f.calls, method)
	f.tokens[r.FormValue("token")+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")] = true
	w.Header().Set("Content-Type", "application/json")
	if answer, ok := f.web[method]; ok {
		io.WriteString(w, answer)
		return
	}
	switch method {
	case "users.info":
		name := "Dana Ruiz"
		if r.FormValue("user") == "U0002" {
			name = "Amy Lin"
		}
		fmt.Fprintf(w, `{"ok":true,"user":{"id":%q,"team_id":"T0001","name":"dana","real_name":%q}}`, r.FormValue("user"), name)
	case "chat.getPermalink":
		fmt.Fprintf(w, `{"ok":true,"permalink":"https://chat.example/archives/%s/p%s"}`, r.FormValue("channel"), strings.ReplaceAll(r.FormValue("message_ts"), ".", ""))
	case "views.open":
		f.openModal(w, r)
	case "conversations.open":
		fmt.Fprintf(w, `{"ok":true,"channel":{"id":"D-%s"}}`, r.FormValue("users"))
	case "chat.postEphemeral", "chat.postMessage":
		blocks := json.RawMessage(r.FormValue("blocks"))
		checkMessage(f.t, r.FormValue("text"), blocks)
		if r.FormValue("mrkdwn") != "false" || r.FormValue("parse") != "none" {
			f.t.Errorf("%s with mrkdwn %q, parse %q", method, r.FormValue("mrkdwn"), r.FormValue("parse"))
		}
		f.shown = append(f.shown, &shownMessage{method + " " + r.FormValue("channel"), r.FormValue("text"), blocks})
		io.WriteString(w, `{"ok":true,"channel":"C0001","ts":"1.2","message_ts":"1.2"}`)
	default:
		f.t.Errorf("unexpected Web API call: %s", method)
	}
}

// Shown is what the person reads, message by message.
func (f *fakeSlack) Shown() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, m := range f.shown {
		if words := textsOf(f.t, m.blocks); len(words) > 0 {
			all = append(all, strings.Join(words, " "))
		} else {
			all = append(all, unescape.Replace(m.text))
		}
	}
	return all
}

func (f *fakeSlack) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

// commandBody is a slash command as Slack sends it.
func (f *fakeSlack) commandBody(delivery, text string) url.Values {
	return url.Values{
		"token": {"gIkuvaNzQIHg97ATvDxqgjtO"}, "team_id": {"T0001"}, "team_domain": {"northgate"},
		"channel_id": {"C0001"}, "channel_name": {"helpdesk"}, "user_id": {"U0001"}, "user_name": {"dana"},
		"command": {"/syncro"}, "text": {strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)},
		"api_app_id": {"A0001"}, "is_enterprise_install": {"false"},
		"response_url": {f.lend("command-"+delivery, nil)}, "trigger_id": {f.lease(delivery)},
	}
}

// click is a block_actions payload as Slack sends it for an ephemeral card:
// without the message.
func (f *fakeSlack) click(delivery string, button map[string]any, card *shownMessage) map[string]any {
	action := map[string]any{"type": "button", "block_id": "b1", "action_ts": "1700000000.1"}
	for _, key := range []string{"action_id", "value", "text"} {
		if v, ok := button[key]; ok {
			action[key] = v
		}
	}
	return map[string]any{
		"type": "block_actions", "api_app_id": "A0001", "token": "gIkuvaNzQIHg97ATvDxqgjtO",
		"team":    map[string]any{"id": "T0001", "domain": "northgate"},
		"user":    map[string]any{"id": "U0001", "username": "dana", "name": "dana", "team_id": "T0001"},
		"channel": map[string]any{"id": "C0001", "name": "helpdesk"},
		"container": map[string]any{
			"type": "message", "message_ts": "1700000000.000100", "channel_id": "C0001", "is_ephemeral": true,
		},
		"enterprise": nil, "is_enterprise_install": false, "state": map[string]any{"values": map[string]any{}},
		"trigger_id": f.lease(delivery), "response_url": f.lend("click-"+delivery, card),
		"actions": []any{action},
	}
}

// post sends body to the adapter, signed as of now.
func (f *fakeSlack) post(t testing.TB, path, contentType, body string) (int, string) {
	t.Helper()
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	return f.send(t, path, http.Header{
		"Content-Type": {contentType}, "X-Slack-Request-Timestamp": {stamp},
		"X-Slack-Signature": {signature([]byte(secret), stamp, []byte(body))},
	}, body)
}

func (f *fakeSlack) send(t testing.TB, path string, h http.Header, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.bot.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = h
	resp, err := alone().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// command sends a command and shows the person what is answered at once.
func (f *fakeSlack) command(t testing.TB, form url.Values) (int, string) {
	t.Helper()
	status, answer := f.post(t, "/slack/commands", typeForm, form.Encode())
	if answer == "" || status != http.StatusOK {
		return status, answer
	}
	var m struct {
		ResponseType string `json:"response_type"`
		Text         string
	}
	if err := json.Unmarshal([]byte(answer), &m); err != nil || m.ResponseType != "ephemeral" || m.Text == "" {
		t.Fatalf("the command was answered with %q", answer)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shown = append(f.shown, &shownMessage{how: "answer", text: m.Text})
	return status, unescape.Replace(m.Text)
}

func (f *fakeSlack) interaction(t testing.TB, payload map[string]any) int {
	t.Helper()
	raw, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	status, _ := f.post(t, "/slack/interactions", typeForm, url.Values{"payload": {string(raw)}}.Encode())
	return status
}

// press presses the button with this label on the newest message that has one.
func (f *fakeSlack) press(t testing.TB, delivery, label string) int {
	t.Helper()
	f.mu.Lock()
	var card *shownMessage
	var found map[string]any
	for i := len(f.shown) - 1; i >= 0 && found == nil; i-- {
		card = f.shown[i]
		for _, object := range objectsOf(t, card.blocks) {
			text, _ := object["text"].(map[string]any)
			if object["type"] == "button" && text["text"] == label {
				found = object
			}
		}
	}
	f.mu.Unlock()
	if found == nil {
		t.Fatalf("no button %q is shown", label)
	}
	return f.interaction(t, f.click(delivery, found, card))
}

func TestContract(t *testing.T) {
	t.Parallel()
	chattest.Contract(t, func(t *testing.T, bot chattest.Bot) chattest.Harness { return harness(play(t, bot, nil)) })
}

func harness(f *fakeSlack, a *Adapter) chattest.Harness {
	return chattest.Harness{
		Adapter: a,
		Type: func(t testing.TB, delivery, text string) int {
			status, _ := f.command(t, f.commandBody(delivery, text))
			return status
		},
		Press: func(t testing.TB, delivery, label string) int { return f.press(t, delivery, label) },
		Shown: f.Shown,
		Forge: func(t testing.TB, delivery, text string) int {
			stamp := strconv.FormatInt(time.Now().Unix(), 10)
			body := f.commandBody(delivery, text).Encode()
			status, _ := f.send(t, "/slack/commands", http.Header{
				"Content-Type": {typeForm}, "X-Slack-Request-Timestamp": {stamp},
				"X-Slack-Signature": {signature([]byte("guessed"), stamp, []byte(body))},
			}, body)
			return status
		},
		Flood: func(t testing.TB, delivery string) int {
			status, _ := f.command(t, f.commandBody(delivery, strings.Repeat("x", maxBody)))
			return status
		},
	}
}
