package teams

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
)

// The ids of the recorded activities.
const (
	tenantID = "00000000-0000-0000-0000-0000000000001"
	appID    = "00000000-0000-0000-0000-00000000000011"
	personID = "00000000-0000-0000-0000-0000000000020"
	secret   = "a-secret-of-the-app"
	kid      = "key-1"
)

var signingKey = sync.OnceValue(func() *rsa.PrivateKey { return newKey() })

func newKey() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
}

// world plays the Bot Framework: metadata, keys, tokens and the connector.
// Tokens are signed by another library than the one that verifies them.
type world struct {
	server *httptest.Server
	bot    *httptest.Server

	mu      sync.Mutex
	clock   time.Time
	keys    map[string]*rsa.PrivateKey
	endorse []string
	asked   map[string]int // requests by path
	down    map[string]int // status with which a path answers
	tokens  int
	expires int      // seconds that a token of ours is good for
	calls   []call   // at the connector
	script  []answer // of the connector, in order, before it works
	members map[string]map[string]any
	roster  []any // of every conversation
	last    int
}

type call struct {
	method, path, auth, body string
}

// activity is what was sent.
func (c call) activity(t testing.TB) map[string]any {
	t.Helper()
	var a map[string]any
	if err := json.Unmarshal([]byte(c.body), &a); err != nil {
		t.Fatalf("%s %s: %v", c.method, c.path, err)
	}
	return a
}

type answer struct {
	status int
	header map[string]string
	body   string
	drop   bool // the connection ends without an answer
}

func newWorld(t testing.TB) *world {
	p := &world{
		clock: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), expires: 3600,
		keys:  map[string]*rsa.PrivateKey{kid: signingKey()},
		asked: map[string]int{}, down: map[string]int{}, members: map[string]map[string]any{},
		roster: []any{map[string]any{"id": "29:1", "userRole": "user", "tenantId": tenantID}},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /openid", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, map[string]any{"issuer": issuer, "jwks_uri": p.server.URL + "/keys"})
	})
	mux.HandleFunc("GET /keys", p.serveKeys)
	mux.HandleFunc("POST /token", p.serveToken)
	mux.HandleFunc("/", p.connect)
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked[r.URL.Path]++
		status := p.down[r.URL.Path]
		p.mu.Unlock()
		if status != 0 {
			w.WriteHeader(status)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.server.Close)
	return p
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func (p *world) serveKeys(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := []any{map[string]any{"kty": "quantum", "kid": "a kind that nobody knows yet"}}
	for id, k := range p.keys {
		one := map[string]any{
			"kty": "RSA", "use": "sig", "kid": id,
			"n": base64.RawURLEncoding.EncodeToString(k.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.E)).Bytes()),
		}
		if p.endorse != nil {
			one["endorsements"] = p.endorse
		}
		all = append(all, one)
	}
	reply(w, http.StatusOK, map[string]any{"keys": all})
}

func (p *world) serveToken(w http.ResponseWriter, r *http.Request) {
	want := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {appID}, "client_secret": {secret},
		"scope": {"https://api.botframework.com/.default"},
	}
	if r.ParseForm(); r.PostForm.Encode() != want.Encode() {
		reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret.\r\nTrace ID: 1"})
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens++
	reply(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": p.expires, "access_token": fmt.Sprintf("token-%d", p.tokens)})
}

func asksMembers(path string) bool {
	return strings.Contains(path, "/members/") || strings.HasSuffix(path, "/pagedmembers")
}

// connect is the connector service.
func (p *world) connect(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, call{r.Method, r.URL.EscapedPath(), r.Header.Get("Authorization"), string(body)})
	if len(p.script) > 0 && !asksMembers(r.URL.Path) {
		a := p.script[0]
		p.script = p.script[1:]
		if a.drop {
			panic(http.ErrAbortHandler)
		}
		for k, v := range a.header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(a.status)
		io.WriteString(w, a.body)
		return
	}
	at := strings.Split(strings.Trim(r.URL.Path, "/"), "/") // [prefix] v3 conversations {id} activities|members [id]
	switch {
	case r.Method == http.MethodGet && at[len(at)-2] == "members":
		if m, ok := p.members[at[len(at)-1]]; ok {
			reply(w, http.StatusOK, m)
			return
		}
		reply(w, http.StatusNotFound, map[string]any{"error": map[string]any{"code": "MemberNotFoundInConversation", "message": "none"}})
	case r.Method == http.MethodGet && at[len(at)-1] == "pagedmembers":
		reply(w, http.StatusOK, map[string]any{"members": p.roster})
	case r.Method == http.MethodPost && at[len(at)-1] == "conversations":
		reply(w, http.StatusCreated, map[string]any{"id": "a:direct"})
	case r.Method == http.MethodPost:
		p.last++
		reply(w, http.StatusCreated, map[string]any{"id": fmt.Sprintf("m-%d", p.last)})
	default:
		reply(w, http.StatusOK, map[string]any{"id": at[len(at)-1]})
	}
}

func (p *world) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clock
}

func (p *world) pass(d time.Duration) { p.with(func() { p.clock = p.clock.Add(d) }) }

func (p *world) with(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *world) count(path string) (n int) {
	p.with(func() { n = p.asked[path] })
	return n
}

// sent are the connector's calls, without those about members.
func (p *world) sent() (all []call) {
	p.with(func() {
		for _, c := range p.calls {
			if !asksMembers(c.path) {
				all = append(all, c)
			}
		}
	})
	return all
}

func (p *world) service() string { return p.server.URL + "/connector" }

func (p *world) options(b chattest.Bot) Options {
	u, _ := url.Parse(p.server.URL)
	return Options{
		TenantID: tenantID, AppID: appID, ClientSecret: secret,
		TokenURL: p.server.URL + "/token", OpenIDURL: p.server.URL + "/openid",
		ServiceHosts: []string{u.Host}, Command: "/syncro",
		Handler: b.Handler, Seen: b.Seen, Notes: new(chattest.Memory), Work: b.Work, Now: p.now,
	}
}

// start puts a bot before the platform. Waiting between tries takes no time.
func (p *world) start(t testing.TB, b chattest.Bot) *Adapter {
	t.Helper()
	a, err := New(p.options(b))
	if err != nil {
		t.Fatal(err)
	}
	a.connector.pause = func(context.Context, time.Duration) error { return nil }
	mux := http.NewServeMux()
	a.Mount(mux)
	p.bot = httptest.NewServer(mux)
	t.Cleanup(p.bot.Close)
	return a
}

// token is one as it comes with activities; change may spoil it.
func (p *world) token(t testing.TB, change func(jwt.MapClaims, *jwt.Token), by any) string {
	t.Helper()
	now := p.now()
	c := jwt.MapClaims{
		"iss": issuer, "aud": appID, "serviceurl": p.service(),
		"nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	tok := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	tok.Header["kid"] = kid
	if change != nil {
		change(c, tok)
	}
	s, err := tok.SignedString(cmp.Or[any](by, signingKey()))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// deliver posts an activity, with a good token, and returns the answer.
func (p *world) deliver(t testing.TB, activity map[string]any) (int, []byte) {
	t.Helper()
	return p.post(t, activity, "Bearer "+p.token(t, nil, nil))
}

func (p *world) post(t testing.TB, activity map[string]any, authorization string) (int, []byte) {
	t.Helper()
	body, err := json.Marshal(activity)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, p.bot.URL+"/api/messages", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	// What is too big is refused by its length: a connection that is closed
	// while the body is still written would lose the answer.
	req.Header.Set("Expect", "100-continue")
	resp, err := alone().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, got
}

// recorded is a recorded activity, with this platform's service URL.
func (p *world) recorded(t testing.TB, name string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "activities", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Activity map[string]any }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	file.Activity["serviceUrl"] = p.service()
	return file.Activity
}

// with is a copy of an activity with other values.
func with(activity map[string]any, values map[string]any) map[string]any {
	changed := maps.Clone(activity)
	maps.Copy(changed, values)
	return changed
}

// recorder is a handler that notes what it gets.
type recorder struct {
	chattest.Idle
	mu       sync.Mutex
	requests []chat.Request
	command  func(context.Context, chat.Request, chat.Replier)
	click    func(context.Context, chat.Request) chat.Answer
	submit   func(context.Context, chat.Request) (map[string]string, func(context.Context, chat.Replier))
	suggest  func(context.Context, chat.Request) []chat.Option
	shortcut func(context.Context, chat.Request) (*chat.Form, *chat.Card)
}

func (r *recorder) Command(ctx context.Context, req chat.Request, to chat.Replier) {
	r.note(req)
	if r.command != nil {
		r.command(ctx, req, to)
	}
}

func (r *recorder) Click(ctx context.Context, req chat.Request) chat.Answer {
	r.note(req)
	if r.click == nil {
		return chat.Answer{}
	}
	return r.click(ctx, req)
}

func (r *recorder) Submit(ctx context.Context, req chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
	r.note(req)
	if r.submit == nil {
		return nil, nil
	}
	return r.submit(ctx, req)
}

func (r *recorder) Suggest(ctx context.Context, req chat.Request) []chat.Option {
	r.note(req)
	if r.suggest == nil {
		return nil
	}
	return r.suggest(ctx, req)
}

func (r *recorder) Shortcut(ctx context.Context, req chat.Request) (*chat.Form, *chat.Card) {
	r.note(req)
	if r.shortcut == nil {
		return nil, nil
	}
	return r.shortcut(ctx, req)
}

// Greet is not noted: nobody asked for it.
func (r *recorder) Greet(_ context.Context, req chat.Request) chat.Card {
	return chat.Card{Title: "Hi " + req.User.ID}
}

func (r *recorder) note(req chat.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, req)
}

// run delivers activities to a new bot, waits for all that follows, and gives
// what the handler got.
func run(t *testing.T, p *world, r *recorder, activities ...map[string]any) []chat.Request {
	t.Helper()
	b := chattest.Bot{Handler: r, Seen: &chattest.Memory{}, Work: chat.NewWork(8)}
	p.start(t, b)
	for _, a := range activities {
		if status, body := p.deliver(t, a); status != http.StatusOK {
			t.Errorf("status %d: %s", status, body)
		}
	}
	drain(t, b.Work)
	return r.requests
}

func drain(t testing.TB, w *chat.Work) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := w.Drain(ctx); err != nil {
		t.Fatal(err)
	}
}

// words are all texts of a card's body, in order, a line a paragraph.
func words(card any) string {
	var lines []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if v["type"] == "RichTextBlock" {
				line := ""
				for _, run := range v["inlines"].([]any) {
					line += run.(map[string]any)["text"].(string)
				}
				lines = append(lines, line)
				return
			}
			for _, k := range []string{"body", "items", "columns", "rows", "cells"} {
				walk(v[k])
			}
		}
	}
	walk(card)
	return strings.Join(lines, "\n")
}

// cardOf is the card in a sent activity.
func cardOf(activity map[string]any) map[string]any {
	return activity["attachments"].([]any)[0].(map[string]any)["content"].(map[string]any)
}
