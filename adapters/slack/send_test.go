package slack

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat"
)

var dana = chat.User{Platform: "slack", Tenant: "T0001", ID: "U0001"}

func TestAnswersFindTheirWay(t *testing.T) {
	t.Parallel()
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); io.WriteString(w, body) }
	}
	const noChannel = `{"ok":false,"error":"channel_not_found"}`
	tests := []struct {
		name    string
		respond http.HandlerFunc
		web     map[string]string
		want    []string // calls to Slack
		shown   string   // how it was shown in the end; empty: an error
		words   string   // in what is shown, or in the error
	}{
		{"Slack takes it", nil, nil, []string{"response_url"}, "response_url", "Closed #32164"},
		{"an empty 200", status(200, ""), nil, []string{"response_url"}, "-", ""},
		{"a 200 that says ok", status(200, `{"ok":true}`), nil, []string{"response_url"}, "-", ""},
		{"the address is used up", status(404, "used_url"), nil,
			[]string{"response_url", "chat.postEphemeral"}, "chat.postEphemeral C0001", "Closed #32164"},
		{"the address is expired", status(404, `{"ok":false,"error":"expired_url"}`), nil,
			[]string{"response_url", "chat.postEphemeral"}, "chat.postEphemeral C0001", "Closed #32164"},
		{"a refusal in a 200", status(200, `{"ok":false,"error":"user_not_found"}`), nil,
			[]string{"response_url", "chat.postEphemeral"}, "chat.postEphemeral C0001", "Closed #32164"},
		{"a redirect is not followed", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/lent/elsewhere", http.StatusTemporaryRedirect)
		}, nil,
			[]string{"response_url", "chat.postEphemeral"}, "chat.postEphemeral C0001", "Closed #32164"},
		{"a cut connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil,
			[]string{"response_url", "chat.postEphemeral"}, "chat.postEphemeral C0001", "Closed #32164"},
		{"the bot is not in the channel", status(404, "used_url"), map[string]string{"chat.postEphemeral": noChannel},
			[]string{"response_url", "chat.postEphemeral", "conversations.open", "chat.postMessage"}, "chat.postMessage D-U0001", "Closed #32164"},
		{"nothing goes", status(500, "<html>https://secret.example"), map[string]string{"chat.postEphemeral": noChannel, "conversations.open": `{"ok":false,"error":"missing_scope"}`},
			[]string{"response_url", "chat.postEphemeral", "conversations.open"}, "",
			"slack: response_url: refused: no reason given (status 500); chat.postEphemeral: channel_not_found; conversations.open: missing_scope"},
		{"a direct message is refused", status(500, ""), map[string]string{"chat.postEphemeral": noChannel, "chat.postMessage": `{"ok":false,"error":"restricted_action"}`},
			[]string{"response_url", "chat.postEphemeral", "conversations.open", "chat.postMessage"}, "", "chat.postMessage: restricted_action"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b, work := bot(newHandler())
			f, a := play(t, b, nil)
			f.respond, f.web = test.respond, test.web
			at := a.place(f.lend("d1", nil), "C0001")
			err := a.show(t.Context(), dana, at, chat.Card{Title: "Closed #32164"}, false)
			drain(t, work)
			if got := f.Calls(); !slices.Equal(got, test.want) {
				t.Errorf("calls = %v, want %v", got, test.want)
			}
			if test.shown == "" {
				if err == nil || !strings.Contains(err.Error(), test.words) {
					t.Errorf("error = %v, want %q", err, test.words)
				}
			} else if err != nil {
				t.Error(err)
			}
			if len(f.shown) == 1 && (f.shown[0].how != test.shown || !strings.Contains(f.Shown()[0], test.words)) {
				t.Errorf("shown %+v", f.shown[0])
			}
			if said := fmt.Sprint(err) + f.log.String(); strings.Contains(said, "/lent/") || strings.Contains(said, "secret.example") || strings.Contains(said, "xoxb") {
				t.Errorf("a secret is in %s", said)
			}
		})
	}
}

func TestARefusedLayoutIsShownAsWords(t *testing.T) {
	t.Parallel()
	b, _ := bot(newHandler())
	f, a := play(t, b, nil)
	var bodies []string
	f.respond = func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		if strings.Contains(string(body), `"blocks"`) {
			io.WriteString(w, `{"ok":false,"error":"invalid_blocks"}`)
		}
	}
	if err := a.show(t.Context(), dana, a.place(f.lend("d1", nil), "C0001"), chat.Card{Title: "Close #32164?"}, true); err != nil {
		t.Fatal(err)
	}
	if len(bodies) != 2 || !strings.Contains(bodies[1], "Close #32164?") || !strings.Contains(bodies[1], "without its buttons") {
		t.Errorf("posted %q", bodies)
	}
	// A title may be a customer's words: the log has none of them.
	if log := f.log.String(); !strings.Contains(log, "invalid_blocks") || strings.Contains(log, "Close #32164?") {
		t.Errorf("the log says %s", log)
	}
}

func TestAPauseIsKept(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, after string
		want        []string
	}{
		{"a short one", "0", []string{"response_url", "response_url"}},
		{"one that nobody waits for", "3600", []string{"response_url", "chat.postEphemeral"}},
		{"one that does not say how long", "", []string{"response_url", "chat.postEphemeral"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b, _ := bot(newHandler())
			f, a := play(t, b, nil)
			first := true
			f.respond = func(w http.ResponseWriter, _ *http.Request) {
				if first {
					first = false
					w.Header().Set("Retry-After", test.after)
					w.WriteHeader(http.StatusTooManyRequests)
				}
			}
			if err := a.show(t.Context(), dana, a.place(f.lend("d1", nil), "C0001"), chat.Card{Title: "T"}, false); err != nil {
				t.Fatal(err)
			}
			if got := f.Calls(); !slices.Equal(got, test.want) {
				t.Errorf("calls = %v, want %v", got, test.want)
			}
		})
	}
}

func TestAnAddressIsUsedFiveTimesWithinHalfAnHour(t *testing.T) {
	t.Parallel()
	b, _ := bot(newHandler())
	now := time.Now()
	f, a := play(t, b, func(o *Options) { o.Now = func() time.Time { return now } })
	card := chat.Card{Title: "T"}
	at := a.place(f.lend("d1", nil), "C0001")
	for range 6 {
		if err := a.show(t.Context(), dana, at, card, false); err != nil {
			t.Fatal(err)
		}
	}
	old := a.place(f.lend("d2", nil), "C0001")
	now = now.Add(30*time.Minute - time.Second)
	a.show(t.Context(), dana, old, card, false)
	now = now.Add(time.Second)
	a.show(t.Context(), dana, old, card, false)
	want := []string{"response_url", "response_url", "response_url", "response_url", "response_url", "chat.postEphemeral", "response_url", "chat.postEphemeral"}
	if got := f.Calls(); !slices.Equal(got, want) {
		t.Errorf("calls = %v, want %v", got, want)
	}
}

func TestUsedAddressesAreForgotten(t *testing.T) {
	t.Parallel()
	now := time.Unix(1700000000, 0)
	l := newLent(nil, nil, func() time.Time { return now })
	for i := range 5000 {
		now = now.Add(time.Second)
		if err := l.take(place{URL: fmt.Sprint(i), Until: now.Add(lending).Unix()}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(l.used); n > 2*1800 { // it is swept when it has doubled
		t.Errorf("%d addresses are kept, where 1800 are valid", n)
	}
}

func TestWhereMayBePosted(t *testing.T) {
	t.Parallel()
	l := newLent(nil, []string{"hooks.slack.com", "Hooks.Slack-Gov.com", "127.0.0.1:8081", "localhost"}, time.Now)
	tests := []struct {
		url  string
		want bool
	}{
		{"https://hooks.slack.com/commands/T0001/1/x", true},
		{"https://HOOKS.slack.com/commands/T0001/1/x", true},
		{"https://hooks.slack-gov.com/actions/T0001/1/x", true},
		{"http://127.0.0.1:8081/x", true},
		{"http://localhost:9/x", true},
		{"http://hooks.slack.com/commands/T0001/1/x", false},
		{"https://hooks.slack.com:8443/x", false},
		{"https://hooks.slack.com./x", false},
		{"https://10.0.0.1/x", false},
		{"https://[::ffff:127.0.0.1]:8081/x", false},
		{"http://2130706433:8081/x", false},
		{"http://127.1:8081/x", false},
		{"http://0177.0.0.1:8081/x", false},
		{"http://169.254.169.254/latest/meta-data/", false},
		{"http://127.0.0.1:8081@evil.example/x", false},
		{"http://127.0.0.1:8081\\@evil.example/x", false},
		{"https://hooks.slack.com%2eevil.example/x", false},
		{"https://hooks.slack.com%00.evil.example/x", false},
		{"https://hooks\u3002slack\u3002com/x", false},
		{"https://hooks.slack.com.evil.example/x", false},
		{"https://evil.example/hooks.slack.com", false},
		{"https://hooks.slack.com@evil.example/x", false},
		{"https://me:pass@hooks.slack.com/x", false},
		{"https://hooks.slack.com/x#y", false},
		{"http://127.0.0.1:8082/x", false},
		{"http://127.0.0.1/x", false},
		{"http://[::1]:8081/x", false},
		{"file:///etc/passwd", false},
		{"//hooks.slack.com/x", false},
		{"https:hooks.slack.com", false},
		{"", false},
		{"https://hooks.slack.com/\x7f", false},
	}
	for _, test := range tests {
		if err := l.allow(test.url); (err == nil) != test.want {
			t.Errorf("%q: %v", test.url, err)
		}
	}
}

func TestACommandWithAForeignAddressIsAnsweredInTheChannel(t *testing.T) {
	t.Parallel()
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("posted to a host that is not listed") }))
	defer thief.Close()
	h := newHandler()
	h.reply = func(ctx context.Context, _ chat.Request, r chat.Replier) {
		if ref, err := r.Reply(ctx, chat.Card{Title: "Open tickets"}); ref != "" || err != nil {
			t.Errorf("ref %q, error %v", ref, err)
		}
	}
	b, work := bot(h)
	f, _ := play(t, b, nil)
	form := f.commandBody("d1", "open")
	form.Set("response_url", thief.URL)
	f.command(t, form)
	drain(t, work)
	if got, want := f.Calls(), []string{"users.info", "chat.postEphemeral"}; !slices.Equal(got, want) {
		t.Errorf("calls = %v, want %v", got, want)
	}
}

func TestARefIsReadByReplicasAlone(t *testing.T) {
	t.Parallel()
	b, _ := bot(newHandler())
	f, a := play(t, b, nil)
	_, replica := play(t, b, nil)
	_, stranger := play(t, b, func(o *Options) { o.SigningSecret = "another" })
	at := a.place("https://hooks.slack.com/actions/T0001/1/x", "C0001")
	ref := a.ref(at)
	if got, err := replica.open(ref); got != at || err != nil {
		t.Errorf("a replica reads %+v, %v", got, err)
	}
	if a.ref(at) == ref {
		t.Error("two refs of one place are alike")
	}
	for name, bad := range map[string]chat.Ref{"changed": ref[:len(ref)-2] + "AA", "cut": ref[:8], "empty": "", "no ref": "<>"} {
		if got, err := a.open(bad); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
	if _, err := stranger.open(ref); err == nil {
		t.Error("another secret reads it")
	}
	// A place that is not known any more: the person is told all the same.
	if err := a.Redraw(t.Context(), dana, "", chat.Card{Title: "Closed #32164"}); err != nil {
		t.Fatal(err)
	}
	if got, want := f.Calls(), []string{"conversations.open", "chat.postMessage"}; !slices.Equal(got, want) {
		t.Errorf("calls = %v, want %v", got, want)
	}
}

func TestAClickOnADrainingBotIsRefusedInWords(t *testing.T) {
	t.Parallel()
	h := newHandler()
	b, work := bot(h)
	f, _ := play(t, b, nil)
	drain(t, work)
	if status := f.interaction(t, f.click("d1", map[string]any{"action_id": "confirm", "value": "op"}, nil)); status != 200 {
		t.Errorf("status %d", status)
	}
	if shown := f.Shown(); len(h.clicks) != 0 || len(shown) != 1 || !strings.Contains(shown[0], "Nothing was sent") {
		t.Errorf("handled %d, shown %q", len(h.clicks), shown)
	}
}
