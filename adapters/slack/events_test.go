package slack

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
)

func TestLiteral(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, came, typed string }{
		{"plain words", `close 32164 it's done`, `close 32164 it's done`},
		{"escaped signs", `note 1 a &lt;b&gt; &amp; c`, `note 1 a <b> & c`},
		{"an entity that was typed", `note 1 &amp;lt;`, `note 1 &lt;`},
		{"curly quotes stay", `bill 1 “Reset VPN profile”`, `bill 1 “Reset VPN profile”`},
		{"an address", `<https://example.syncromsp.com/tickets/9001>`, `https://example.syncromsp.com/tickets/9001`},
		{"an address with a query", `<https://e.example/?a=1&amp;b=2>`, `https://e.example/?a=1&b=2`},
		{"an address with a label", `<https://example.syncromsp.com/tickets/9001|32164>`, `https://example.syncromsp.com/tickets/9001`},
		{"a bare host", `note 1 see <http://e.example|e.example>`, `note 1 see e.example`},
		{"an e-mail address", `<mailto:amy@harbordental.example|amy@harbordental.example>`, `amy@harbordental.example`},
		{"a phone number", `<tel:+15550100|+15550100>`, `+15550100`},
		{"a person with a name", `assign 1 <@U0001|dana>`, `assign 1 @dana`},
		{"a person without", `assign 1 <@U0001>`, `assign 1 @U0001`},
		{"a channel", `<#C0001|general>`, `#general`},
		{"a private channel", `<#C0001|>`, `#C0001`},
		{"everybody", `<!channel> <!here|here>`, `@channel @here`},
		{"a group", `<!subteam^S1|@support>`, `@support`},
		{"what looks like a token, typed", `&lt;@U0001&gt;`, `<@U0001>`},
		{"not closed", `a <https://e.example`, `a <https://e.example`},
		{"not a token", `a < b > c <> <b>`, `a < b > c <> <b>`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := literal(test.came); got != test.typed {
				t.Errorf("literal(%q) = %q, want %q", test.came, got, test.typed)
			}
		})
	}
}

// What was typed without mentions and addresses comes back as it was.
func FuzzLiteral(f *testing.F) {
	f.Add(chattest.Hostile)
	f.Add("a &lt; b <c|d> &amp;")
	f.Fuzz(func(t *testing.T, typed string) {
		came := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(typed)
		if got := literal(came); got != typed {
			t.Errorf("literal(%q) = %q, want %q", came, got, typed)
		}
	})
}

func FuzzCommand(f *testing.F) {
	f.Add(vectorBody)
	f.Add("team_id=T0001&api_app_id=A0001&command=%2Fsyncro&user_id=U0001&text=%3C%40U1%7Cx%3E&response_url=%00")
	f.Add("%zz=1;2")
	f.Fuzz(func(t *testing.T, body string) {
		h, work := newHandler(), chat.NewWork(1)
		a := offline(t, h, work)
		w := httptest.NewRecorder()
		a.serveCommand(w, httptest.NewRequest("POST", "/slack/commands", nil), []byte(body))
		drain(t, work)
		form, err := url.ParseQuery(body)
		ours := err == nil && form.Get("team_id") == "T0001" && form.Get("api_app_id") == "A0001" &&
			form.Get("command") == "/syncro" && form.Get("is_enterprise_install") != "true"
		if got := len(h.commands) == 1; got != ours {
			t.Fatalf("handled: %v, want %v", got, ours)
		}
		if err != nil && w.Code != 400 || err == nil && w.Code != 200 {
			t.Errorf("status %d", w.Code)
		}
		if ours && w.Body.Len() != 0 || err == nil && !ours && !strings.Contains(w.Body.String(), "Nothing was sent") {
			t.Errorf("answer %q", w.Body)
		}
	})
}

func FuzzInteraction(f *testing.F) {
	f.Add(`{"type":"block_actions","api_app_id":"A0001","team":{"id":"T0001"},"user":{"id":"U0001","team_id":"T0001"},"channel":{"id":"C1"},"response_url":"x","actions":[{"action_id":"confirm:2","value":"op"}]}`)
	f.Add(`{"type":"block_actions","team":null,"actions":[{}]}`)
	f.Add(`{"type":7}`)
	f.Add(`{"type":"block_suggestion","api_app_id":"A0001","team":{"id":"T0001"},"user":{"id":"U0001","team_id":"T0001"},"action_id":"customer","block_id":"customer","value":"har"}`)
	f.Add(`{"type":"message_action","callback_id":"new_ticket","api_app_id":"A0001","team":{"id":"T0001"},"user":{"id":"U0001","team_id":"T0001"},"trigger_id":"1.2.x","message":{"text":"<@U1> &amp;","ts":"1.2"},"channel":{"id":"C1"}}`)
	f.Add(`{"type":"block_actions","api_app_id":"A0001","team":{"id":"T0001"},"user":{"id":"U0001","team_id":"T0666"},"view":{"type":"home","hash":"h"},"actions":[{"action_id":"x:1","selected_option":{"value":"op"}}]}`)
	f.Add(strings.Repeat(`{"team":`, 200))
	f.Fuzz(func(t *testing.T, payload string) {
		h, work := newHandler(), chat.NewWork(1)
		a := offline(t, h, work)
		w := httptest.NewRecorder()
		a.serveInteraction(w, httptest.NewRequest("POST", "/slack/interactions", nil), []byte(url.Values{"payload": {payload}}.Encode()))
		drain(t, work)
		if valid := json.Valid([]byte(payload)); w.Code != 200 && w.Code != 400 || !valid && w.Code != 400 {
			t.Errorf("status %d for valid JSON %v", w.Code, valid)
		}
		if len(h.clicks) == 0 {
			return
		}
		req := <-h.clicks
		at, err := a.open(req.Click.Card)
		if err != nil {
			t.Fatal(err)
		}
		var p interaction
		if err := json.Unmarshal([]byte(payload), &p); err != nil {
			t.Fatal(err)
		}
		if at.URL != p.ResponseURL && utf8.ValidString(p.ResponseURL) {
			t.Errorf("the ref leads to %q, not %q", at.URL, p.ResponseURL)
		}
		if req.User.ID == "" || req.User.Tenant == "" || p.AppID != "A0001" || p.Team.ID != "T0001" {
			t.Errorf("handled %+v of %s", req, payload)
		}
	})
}

// FuzzEvent: an event does something only for a person of a workspace served.
func FuzzEvent(f *testing.F) {
	for _, event := range []string{
		`{"type":"app_home_opened","user":"U0001","channel":"D1","tab":"home","view":{"hash":"h"}}`,
		`{"type":"link_shared","user":"U0001","channel":"C1","message_ts":"1.2","links":[{"url":"https://example.syncromsp.com/tickets/9001"},{"url":7}]}`,
		`{"type":"link_shared","user":"U0001","channel":"COMPOSER","source":"composer","unfurl_id":"u","links":null}`,
		`{"type":"message","user":{"id":"U0001"}}`, `[]`, `null`,
	} {
		f.Add(`{"type":"event_callback","team_id":"T0001","api_app_id":"A0001","event_id":"Ev1","event":` + event + `}`)
	}
	f.Add(`{"type":"url_verification","challenge":"<script>"}`)
	f.Add(`{"type":"event_callback","team_id":"T0666","api_app_id":"A0001","event_id":"Ev1","event":{"type":"app_home_opened","user":"U0001","tab":"home"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		h, work := &visits{}, chat.NewWork(1)
		a := offline(t, h, work)
		w := httptest.NewRecorder()
		a.serveEvent(w, httptest.NewRequest("POST", "/slack/events", nil), []byte(body))
		drain(t, work)
		if valid := json.Valid([]byte(body)); w.Code != 200 && w.Code != 400 || !valid && w.Code != 400 {
			t.Errorf("status %d for valid JSON %v", w.Code, valid)
		}
		if got := w.Header().Get("Content-Type"); w.Body.Len() > 0 && !strings.HasPrefix(got, "text/plain") {
			t.Errorf("what somebody sent is answered as %s", got)
		}
		for _, req := range h.requests {
			if req.User.Tenant != "T0001" || req.User.ID == "" {
				t.Errorf("something for %+v", req.User)
			}
		}
	})
}

// An app may subscribe to more events than the bot knows: an answer that Slack
// takes for a failure would end the subscription, that of the others too.
func TestEventsOfAnotherShapeAreTaken(t *testing.T) {
	t.Parallel()
	work := chat.NewWork(1)
	a := offline(t, &visits{}, work)
	for _, event := range []string{
		`{"type":"channel_rename","channel":{"id":"C1","name":"new"}}`, `{"type":"team_join","user":{"id":"U0001"}}`,
		`{"type":"app_home_opened","user":"U0001","tab":"messages","view":[]}`, `{"type":"file_shared","links":{"url":1}}`, `[1]`,
	} {
		w := httptest.NewRecorder()
		a.serveEvent(w, httptest.NewRequest("POST", "/slack/events", nil),
			[]byte(`{"type":"event_callback","team_id":"T0001","api_app_id":"A0001","event_id":"Ev1","event":`+event+`}`))
		if w.Code != 200 {
			t.Errorf("%s: status %d", event, w.Code)
		}
	}
	drain(t, work)
}

// visits notes for whom a page or a preview is made.
type visits struct {
	chattest.Idle
	mu       sync.Mutex
	requests []chat.Request
}

func (v *visits) note(req chat.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.requests = append(v.requests, req)
}

func (v *visits) Home(_ context.Context, req chat.Request) []chat.Card {
	v.note(req)
	return nil
}

func (v *visits) Preview(_ context.Context, req chat.Request) *chat.Card {
	v.note(req)
	return nil
}

// offline is an adapter that asks Slack nothing: everybody is known.
func offline(t testing.TB, h chat.Handler, work *chat.Work) *Adapter {
	t.Helper()
	a, err := New(Options{Teams: []string{"T0001"}, AppID: "A0001", SigningSecret: secret, BotToken: "xoxb",
		APIURL: "http://127.0.0.1:1/", Handler: h, Seen: new(chattest.Memory), Work: work})
	if err != nil {
		t.Fatal(err)
	}
	return a
}
