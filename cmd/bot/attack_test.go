package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/simulator/slacksim"
	"github.com/syncrobot/syncrobot/simulator/teamssim"
)

// entrance is one way in from the internet, and a body that means something there.
type entrance struct {
	path string
	kind string // the content type that belongs to it
	body string
	// sign makes a body authentic.
	sign func(body []byte) http.Header
}

// doors are all of them. The bodies are what the platforms sent for "note
// 32164 Attack", with ids of their own, so that they are not taken for repeats.
func (w *world) doors(t *testing.T) []entrance {
	t.Helper()
	ask(t, slackPerson{w, danaSlack, "C0DESK"}, "whoami")
	ask(t, teamsPerson{w, danaTeams, "", ""}, "whoami")
	acks, deliveries := w.Slack.Acks(), w.Teams.Deliveries()
	command, err := url.ParseQuery(string(acks[len(acks)-1].Sent.Body))
	if err != nil {
		t.Fatal(err)
	}
	command.Set("text", "note 32164 Attack")
	var activity map[string]any
	if err := json.Unmarshal(deliveries[len(deliveries)-1].Activity, &activity); err != nil {
		t.Fatal(err)
	}
	activity["text"], activity["id"] = "note 32164 Attack", "1700000000000"
	message, err := json.Marshal(activity)
	if err != nil {
		t.Fatal(err)
	}
	click := fmt.Sprintf(`{"type":"block_actions","api_app_id":%q,"team":{"id":%q},"user":{"id":%q,"team_id":%q},"channel":{"id":"C0DESK"},`+
		`"response_url":%q,"trigger_id":"1.2.3","actions":[{"type":"button","action_id":"confirm:1","value":"x"}]}`,
		command.Get("api_app_id"), command.Get("team_id"), danaSlack, command.Get("team_id"), command.Get("response_url"))
	slack := func(body []byte) http.Header { return w.Slack.Signed(body, time.Now()) }
	return []entrance{
		{"/slack/commands", "application/x-www-form-urlencoded", command.Encode(), slack},
		{"/slack/interactions", "application/x-www-form-urlencoded", url.Values{"payload": {click}}.Encode(), slack},
		{"/slack/options", "application/x-www-form-urlencoded", url.Values{"payload": {`{"type":"block_suggestion"}`}}.Encode(), slack},
		{"/slack/events", "application/json", `{"type":"event_callback"}`, slack},
		{"/api/messages", "application/json", string(message), func([]byte) http.Header { return w.bearer(t, teamssim.Forge{}) }},
	}
}

func (w *world) bearer(t *testing.T, f teamssim.Forge) http.Header {
	t.Helper()
	token, err := w.Teams.Token(f)
	if err != nil {
		t.Fatal(err)
	}
	return http.Header{"Authorization": {"Bearer " + token}}
}

// unsized is a body whose length is not told beforehand.
type unsized struct{ io.Reader }

// knock sends a request to the bot's public side and returns the status; 0
// where it hung up.
func (w *world) knock(t *testing.T, method, path string, body io.Reader, header http.Header) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+w.bot.public.Addr().String()+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	client := alone()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// TestAttacksAtEveryDoor tries at each door what must not get in: it is
// refused with the status that the contract says, and changes nothing.
func TestAttacksAtEveryDoor(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	with := func(h http.Header, name string, values ...string) http.Header {
		h = h.Clone()
		h[name] = values
		return h
	}
	const tooBig = 1<<20 + 1
	type attack struct {
		name string
		do   func(d entrance) int // the status
		want []int
	}
	attacks := []attack{
		{"not signed", func(d entrance) int {
			return w.knock(t, "POST", d.path, strings.NewReader(d.body), http.Header{"Content-Type": {d.kind}})
		}, []int{401}},
		{"signed for another body", func(d entrance) int {
			h := with(d.sign([]byte(d.body+"x")), "Content-Type", d.kind)
			if h.Get("Authorization") != "" { // a token says nothing of the body
				h = with(w.bearer(t, teamssim.Forge{Stranger: true}), "Content-Type", d.kind)
			}
			return w.knock(t, "POST", d.path, strings.NewReader(d.body), h)
		}, []int{401}},
		{"an hour old", func(d entrance) int {
			h := w.Slack.Signed([]byte(d.body), time.Now().Add(-time.Hour))
			h["Authorization"] = w.bearer(t, teamssim.Forge{Claims: map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}})["Authorization"]
			return w.knock(t, "POST", d.path, strings.NewReader(d.body), with(h, "Content-Type", d.kind))
		}, []int{401}},
		{"an empty secret", func(d entrance) int {
			stamp := fmt.Sprint(time.Now().Unix())
			h := http.Header{"X-Slack-Request-Timestamp": {stamp}, "X-Slack-Signature": {slacksim.Sign("", stamp, []byte(d.body))}, "Authorization": {"Bearer "}}
			return w.knock(t, "POST", d.path, strings.NewReader(d.body), with(h, "Content-Type", d.kind))
		}, []int{401}},
		{"over 1 MiB", func(d entrance) int {
			body := bytes.Repeat([]byte("x"), tooBig)
			return w.knock(t, "POST", d.path, bytes.NewReader(body), with(d.sign(body), "Content-Type", d.kind))
		}, []int{413}},
		{"over 1 MiB in chunks", func(d entrance) int {
			body := bytes.Repeat([]byte("x"), tooBig)
			return w.knock(t, "POST", d.path, unsized{bytes.NewReader(body)}, with(d.sign(body), "Content-Type", d.kind))
		}, []int{413}},
		{"compressed", func(d entrance) int {
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			io.WriteString(z, d.body)
			z.Close()
			h := with(with(d.sign(packed.Bytes()), "Content-Type", d.kind), "Content-Encoding", "gzip")
			return w.knock(t, "POST", d.path, &packed, h)
		}, []int{400, 200}}, // 200 with words: it is a form, of nothing
		{"not UTF-8", func(d entrance) int {
			body := []byte("payload=\xff\xfe\x00")
			return w.knock(t, "POST", d.path, bytes.NewReader(body), with(d.sign(body), "Content-Type", d.kind))
		}, []int{400, 200}},
		{"JSON of a hundred thousand levels", func(d entrance) int {
			body := strings.Repeat(`{"type":[`, 50_000)
			if d.kind != "application/json" {
				body = url.Values{"payload": {body}}.Encode()
			}
			return w.knock(t, "POST", d.path, strings.NewReader(body), with(d.sign([]byte(body)), "Content-Type", d.kind))
		}, []int{400, 200}},
		{"headers of 64 KiB", func(d entrance) int {
			return w.knock(t, "POST", d.path, strings.NewReader(d.body), with(d.sign([]byte(d.body)), "X-Bomb", strings.Repeat("x", 64<<10)))
		}, []int{431}},
		{"ten thousand headers", func(d entrance) int {
			return w.knock(t, "POST", d.path, strings.NewReader(d.body), with(d.sign([]byte(d.body)), "X-Bomb", make([]string, 10_000)...))
		}, []int{431}},
		{"GET", func(d entrance) int {
			return w.knock(t, "GET", d.path+"?"+d.body[:min(100, len(d.body))], nil, d.sign(nil))
		}, []int{405, 200}}, // 200 to a look at the command's certificate, of which nothing is read
		{"PUT", func(d entrance) int {
			return w.knock(t, "PUT", d.path, strings.NewReader(d.body), with(d.sign([]byte(d.body)), "Content-Type", d.kind))
		}, []int{405}},
		{"a path below", func(d entrance) int {
			return w.knock(t, "POST", d.path+"/x", strings.NewReader(d.body), with(d.sign([]byte(d.body)), "Content-Type", d.kind))
		}, []int{404}},
		{"a method in a header", func(d entrance) int {
			return w.knock(t, "GET", d.path, nil, http.Header{"X-Http-Method-Override": {"POST"}})
		}, []int{405, 200}},
	}
	doors := w.doors(t)
	rdb := w.redis.Client()
	before := w.Slack.Messages(danaSlack, "C0DESK")
	shown := len(w.Teams.Messages(danaTeams, w.Teams.Personal(danaTeams)))
	for _, d := range doors {
		for _, a := range attacks {
			got := a.do(d)
			ok := false
			for _, want := range a.want {
				ok = ok || got == want
			}
			if !ok {
				t.Errorf("%s: %s: status %d, want one of %d", d.path, a.name, got, a.want)
			}
		}
	}
	w.bot.work.Drain(t.Context()) // all that was begun is at its end
	if n := w.writes(); n != 0 {
		t.Errorf("%d writes reached Syncro", n)
	}
	if kept := dump(t, rdb); strings.Contains(kept, "Attack") {
		t.Errorf("an attack is remembered: %s", kept)
	}
	for _, m := range w.Slack.Messages(danaSlack, "C0DESK")[len(before):] {
		if strings.Contains(m.Text, "Confirm") {
			t.Errorf("a card was made: %s", m.Text)
		}
	}
	if n := len(w.Teams.Messages(danaTeams, w.Teams.Personal(danaTeams))); n != shown {
		t.Errorf("%d messages more in Teams", n-shown)
	}
}

// The attacks fail at what they change: as they were, the bodies get in.
func TestTheDoorsOpenToWhatIsAuthentic(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	for _, d := range w.doors(t) {
		h := d.sign([]byte(d.body))
		h.Set("Content-Type", d.kind)
		if got := w.knock(t, "POST", d.path, strings.NewReader(d.body), h); got != http.StatusOK {
			t.Errorf("%s: status %d", d.path, got)
		}
	}
	for _, p := range []person{slackPerson{w, danaSlack, "C0DESK"}, teamsPerson{w, danaTeams, "", ""}} {
		see(t, p, "Confirm: Note on #32164", "Attack")
	}
}

// TestForgedClicks: what a button's value, verb and place may be made to say
// gets nobody anything. The clicks are authentic; only their content is made up.
func TestForgedClicks(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	dana := slackPerson{w, danaSlack, "C0DESK"}
	victim := ask(t, dana, "note 32164 Not to be sent by others", "Confirm:")
	var id string
	for _, b := range victim.slack.Buttons() {
		if b.Text == "Confirm" {
			id = b.Value
		}
	}
	forged := []string{
		"", "x", "*", id[:len(id)-1], id + "A", strings.ToLower(id), "0" + id[1:len(id)-1] + "A", "../" + id, id + "\x00", id + "}:op:" + id,
		"{op0}", strings.Repeat("A", 32), strings.Repeat("A", 100_000), "syncrobot:{op0}:op:" + id,
	}
	verbs := []string{"confirm", "cancel", "again", "there", "stop", "continue", "look", "edit", "raw", "after-1", "choose-1", "form", "", "confirm confirm"}
	for _, value := range forged {
		for _, verb := range verbs {
			d := w.Teams.Invoke(t.Context(), danaTeams, w.Teams.Personal(danaTeams), "adaptiveCard/action", "", map[string]any{
				"action": map[string]any{"type": "Action.Execute", "verb": verb, "data": map[string]any{"op": value}},
			})
			if d.Status() >= 500 {
				t.Errorf("%s %.50q: status %d", verb, value, d.Status())
			}
		}
	}
	// The true id helps only its owner: another person's, on any platform, does not.
	for _, verb := range verbs {
		w.Teams.Invoke(t.Context(), danaTeams, w.Teams.Personal(danaTeams), "adaptiveCard/action", "", map[string]any{
			"action": map[string]any{"type": "Action.Execute", "verb": verb, "data": map[string]any{"op": id}},
		})
		w.Teams.Invoke(t.Context(), robTeams, w.Teams.Personal(robTeams), "adaptiveCard/action", "", map[string]any{
			"action": map[string]any{"type": "Action.Execute", "verb": verb, "data": map[string]any{"op": id}},
		})
	}
	press(t, slackPerson{w, robSlack, "C0DESK"}, victim, "Confirm", "belongs to Dana")
	if n := w.writes(); n != 0 {
		t.Errorf("%d writes reached Syncro", n)
	}
	press(t, dana, victim, "Confirm", "Done and checked")
	if n := w.writes(); n != 1 {
		t.Errorf("%d writes reached Syncro, want the owner's", n)
	}
}

// TestSlowClients: whoever sends slowly is hung up on, head or body, and holds
// nobody else up.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	const head = "POST /slack/commands HTTP/1.1\r\nHost: bot\r\n"
	var conns []net.Conn
	for range 50 {
		for _, begin := range []string{"P", head, head + "Content-Length: 1000\r\n\r\ntext="} {
			c, err := net.Dial("tcp", w.bot.public.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, begin); err != nil {
				t.Fatal(err)
			}
			conns = append(conns, c)
		}
	}
	ask(t, slackPerson{w, danaSlack, "C0DESK"}, "whoami", "Dana Ruiz")
	deadline := time.Now().Add(2 * patience)
	for _, c := range conns {
		c.SetReadDeadline(deadline)
		_, err := io.Copy(io.Discard, bufio.NewReader(c)) // an answer may come before the end
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("a slow client is still connected")
		}
	}
}

// TestWhatIsNotExposed: the public side has the doors and a page that says what
// this is, the admin side its three pages; neither has Go's debugging.
func TestWhatIsNotExposed(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/slack/", "/../metrics"} {
		if got := w.knock(t, "GET", path, nil, nil); got != http.StatusNotFound && got != http.StatusMethodNotAllowed && got/100 != 3 {
			t.Errorf("public %s: status %d", path, got)
		}
	}
	for path, want := range map[string]int{
		"/healthz": 200, "/readyz": 200, "/metrics": 200, "/debug/pprof/": 404, "/debug/pprof/heap": 404, "/debug/vars": 404, "/slack/commands": 404, "/api/messages": 404,
	} {
		resp, err := alone().Get("http://" + w.bot.admin.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("admin %s: status %d, want %d", path, resp.StatusCode, want)
		}
	}
	if host, _, err := net.SplitHostPort(w.cfg.Admin); err != nil || !net.ParseIP(host).IsLoopback() {
		t.Errorf("admin is at %s", w.cfg.Admin)
	}
}
