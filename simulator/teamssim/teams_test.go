package teamssim_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/simulator/teamssim"
)

const (
	tenant  = "7d1c1f4e-2a35-4b0f-9a52-0f3c5e8c1a01"
	partner = "7d1c1f4e-2a35-4b0f-9a52-0f3c5e8c1a02"
	app     = "5a0f7c52-6c1e-4f7d-8f3b-3d1b9a6e2b11"
	secret  = "not a secret"
	dana    = "c3a1b2d4-0001-4c3d-9e5f-6a7b8c9d0e01"
	omar    = "c3a1b2d4-0002-4c3d-9e5f-6a7b8c9d0e02"
	guest   = "c3a1b2d4-0003-4c3d-9e5f-6a7b8c9d0e03"
	foreign = "c3a1b2d4-0004-4c3d-9e5f-6a7b8c9d0e04"
	service = "19:1f0e2d3c4b5a69788796a5b4c3d2e1f0@thread.tacv2"
	duo     = "19:aa0e2d3c4b5a69788796a5b4c3d2e1ff@thread.v2"
)

// shared is made once, as making one is slow under the race detector.
var shared = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// world is a simulation with a bot that answers as a test tells it to.
type world struct {
	*teamssim.Sim
	t   *testing.T
	url string

	mu    sync.Mutex
	now   time.Time
	bot   func(w http.ResponseWriter, r *http.Request, activity map[string]any)
	got   []map[string]any
	token string
}

func newWorld(t *testing.T, change ...func(*teamssim.Options)) *world {
	t.Helper()
	key, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	w.bot = func(out http.ResponseWriter, _ *http.Request, _ map[string]any) { out.WriteHeader(http.StatusOK) }
	bot := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		activity := object(t, b)
		activity["_authorization"] = r.Header.Get("Authorization")
		w.mu.Lock()
		w.got = append(w.got, activity)
		answer := w.bot
		w.mu.Unlock()
		if r.Method != http.MethodPost || r.URL.Path != "/api/messages" {
			http.NotFound(out, r)
			return
		}
		answer(out, r, activity)
	}))
	o := teamssim.Options{
		BotURL: bot.URL, TenantID: tenant, AppID: app, ClientSecret: secret, BotName: "Syncrobot",
		Users: []teamssim.User{
			{AADObjectID: dana, Name: "Dana Ruiz", Email: "dana@example.com"},
			{AADObjectID: omar, Name: "Omar Field", Email: "omar@example.com"},
			{AADObjectID: guest, Name: "Gil Guest", Email: "gil@example.net", Guest: true},
			{AADObjectID: foreign, Name: "Pat Partner", Email: "pat@example.org", TenantID: partner},
		},
		Channels: []teamssim.Channel{{TeamID: service, ID: service, Name: "Service desk"}},
		Chats:    []teamssim.Chat{{ID: duo, Name: "Dana and Omar", Members: []string{dana, omar}}},
		Now:      w.clock, SigningKey: key,
	}
	for _, f := range change {
		f(&o)
	}
	sim, err := teamssim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(sim)
	sim.SetBaseURL(front.URL)
	w.Sim, w.url = sim, front.URL
	t.Cleanup(func() { sim.Close(); bot.Close(); front.Close() })
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) answers(f func(http.ResponseWriter, *http.Request, map[string]any)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bot = f
}

// invokeAnswer lets the bot answer everything with this body.
func (w *world) invokeAnswer(status int, contentType, body string) {
	w.answers(func(out http.ResponseWriter, _ *http.Request, _ map[string]any) {
		out.Header().Set("Content-Type", contentType)
		out.WriteHeader(status)
		io.WriteString(out, body)
	})
}

func (w *world) received() []map[string]any {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]map[string]any(nil), w.got...)
}

func (w *world) last() map[string]any {
	w.t.Helper()
	all := w.received()
	if len(all) == 0 {
		w.t.Fatal("the bot received nothing")
	}
	return all[len(all)-1]
}

func (w *world) bearer() string {
	w.t.Helper()
	if w.token == "" {
		resp, body := w.form(w.TokenURL(), url.Values{"grant_type": {"client_credentials"}, "client_id": {app}, "client_secret": {secret},
			"scope": {"https://api.botframework.com/.default"}})
		if resp.StatusCode != http.StatusOK {
			w.t.Fatalf("token: %d %v", resp.StatusCode, body)
		}
		w.token = body["access_token"].(string)
	}
	return w.token
}

func (w *world) form(to string, v url.Values) (*http.Response, map[string]any) {
	w.t.Helper()
	resp, err := http.PostForm(to, v)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp, object(w.t, b)
}

// call asks the connector; path begins after the serviceUrl.
func (w *world) call(method, path, body string) (*http.Response, string) {
	w.t.Helper()
	resp, answer, err := w.try(w.t.Context(), method, path, body, "Bearer "+w.bearer())
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, answer
}

func (w *world) try(ctx context.Context, method, path, body, authorization string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, w.ServiceURL()+path, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	resp, err := alone().Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, string(b), err
}

func activities(conversation string) string {
	return "v3/conversations/" + url.PathEscape(conversation) + "/activities"
}

// post sends an activity and gives its id.
func (w *world) post(conversation, activity string) string {
	w.t.Helper()
	resp, body := w.call(http.MethodPost, activities(conversation), activity)
	if resp.StatusCode != http.StatusCreated {
		w.t.Fatalf("POST activities: %d %s", resp.StatusCode, body)
	}
	return object(w.t, []byte(body))["id"].(string)
}

func (w *world) clean() {
	w.t.Helper()
	for _, v := range w.Violations() {
		w.t.Errorf("violation: %s", v)
	}
}

// violates wants exactly one violation, which has these words.
func (w *world) violates(words string) {
	w.t.Helper()
	all := w.Violations()
	if len(all) != 1 || !strings.Contains(all[0].String(), words) {
		w.t.Errorf("violations are %v; want one with %q", all, words)
	}
}

func card(body, actions string) string {
	return `{"type":"AdaptiveCard","version":"1.5","body":[` + body + `],"actions":[` + actions + `]}`
}

func withCard(c string) string {
	return `{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":` + c + `}]}`
}

func says(text string) string { return fmt.Sprintf(`{"type":"TextBlock","text":%q,"wrap":true}`, text) }

func execute(verb, data string) string {
	return fmt.Sprintf(`{"type":"Action.Execute","title":%q,"verb":%q,"data":%s}`, strings.ToUpper(verb), verb, data)
}

func object(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(b, &o); err != nil {
		t.Errorf("%v in %q", err, b)
	}
	return o
}

// at walks into JSON: "channelData.tenant.id", "entities.0.type".
func at(x any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch y := x.(type) {
		case map[string]any:
			x = y[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(y) {
				return nil
			}
			x = y[i]
		default:
			return nil
		}
	}
	return x
}

func (w *world) text(user, id string) string {
	w.t.Helper()
	for _, m := range w.Messages(user, "") {
		if m.ID == id {
			r, err := m.Read()
			if err != nil {
				w.t.Fatal(err)
			}
			return r.Text
		}
	}
	return "(not there)"
}

func TestNewRefusesWhatNoTenantCouldHave(t *testing.T) {
	t.Parallel()
	good := func() teamssim.Options {
		return teamssim.Options{TenantID: tenant, AppID: app, ClientSecret: secret, BotName: "Syncrobot", Users: []teamssim.User{{AADObjectID: dana, Name: "Dana Ruiz"}}}
	}
	if _, err := teamssim.New(good()); err != nil {
		t.Fatalf("good options: %v", err)
	}
	for _, c := range []struct {
		name   string
		change func(*teamssim.Options)
		want   string
	}{
		{"a tenant that is no GUID", func(o *teamssim.Options) { o.TenantID = "contoso" }, "TenantID"},
		{"an app id with a group too long", func(o *teamssim.Options) { o.AppID += "0" }, "AppID"},
		{"no secret", func(o *teamssim.Options) { o.ClientSecret = "" }, "ClientSecret"},
		{"a user's id that is no GUID", func(o *teamssim.Options) { o.Users[0].AADObjectID = "user-id-0" }, "AADObjectID"},
		{"a channel id of another form", func(o *teamssim.Options) { o.Channels = []teamssim.Channel{{TeamID: service, ID: "general"}} }, "channel"},
		{"a chat with a stranger", func(o *teamssim.Options) { o.Chats = []teamssim.Chat{{ID: duo, Members: []string{omar}}} }, "no user"},
	} {
		o := good()
		c.change(&o)
		if _, err := teamssim.New(o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func TestOnlyThoseInAConversationSeeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.post(w.Personal(dana), `{"type":"message","text":"to Dana"}`)
	w.post(duo, `{"type":"message","text":"to both"}`)
	w.post(service, `{"type":"message","text":"to all"}`)
	for user, want := range map[string]int{dana: 3, omar: 2, guest: 1} {
		if got := len(w.Messages(user, "")); got != want {
			t.Errorf("%s sees %d messages, want %d", user, got, want)
		}
	}
	if got := w.Messages(omar, w.Personal(dana)); got != nil {
		t.Errorf("Omar sees Dana's own chat: %v", got)
	}
	w.clean()
}

func TestWaitReturnsWhatComesLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bearer()
	var got teamssim.Message
	var err error
	var wait sync.WaitGroup
	wait.Go(func() {
		got, err = w.Wait(t.Context(), dana, "", func(m teamssim.Message) bool { return m.Text == "second" })
	})
	w.post(w.Personal(dana), `{"type":"message","text":"first"}`)
	w.post(w.Personal(dana), `{"type":"message","text":"second"}`)
	wait.Wait()
	if err != nil || got.Text != "second" || !got.Bot {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWaitTellsWhatThereWasInstead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.post(w.Personal(dana), `{"type":"message","text":"something else"}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.Wait(ctx, dana, "", func(teamssim.Message) bool { return false })
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "something else") {
		t.Errorf("error is %v", err)
	}
}

func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *teamssim.Options) { o.Unlimited = true })
	w.bearer()
	id := w.post(service, withCard(card(says("Close?"), execute("confirm", `{"op":"1"}`))))
	w.answers(func(out http.ResponseWriter, _ *http.Request, a map[string]any) {
		if a["type"] == "invoke" {
			out.Header().Set("Content-Type", "application/json")
			io.WriteString(out, `{"statusCode":200,"type":"application/vnd.microsoft.activity.message","value":"noted"}`)
		}
	})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { w.Say(t.Context(), dana, "", "open") })
		all.Go(func() { w.Click(t.Context(), omar, id, "confirm") })
		all.Go(func() {
			w.try(t.Context(), http.MethodPut, activities(service)+"/"+id, withCard(card(says("Close?"), execute("confirm", `{"op":"1"}`))), "Bearer "+w.bearer())
		})
		all.Go(func() { w.Messages(guest, ""); w.Deliveries(); w.Calls(); w.LoginCounts() })
	}
	all.Wait()
	if got := len(w.Deliveries()); got != 8 {
		t.Errorf("%d deliveries, want 8", got)
	}
	w.clean()
}
