package teams

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
)

func claim(name string, value any) func(jwt.MapClaims, *jwt.Token) {
	return func(c jwt.MapClaims, _ *jwt.Token) { c[name] = value }
}

func without(name string) func(jwt.MapClaims, *jwt.Token) {
	return func(c jwt.MapClaims, _ *jwt.Token) { delete(c, name) }
}

func TestWhoIsBelieved(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	pub := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&signingKey().PublicKey))})
	stranger := newKey()
	for _, c := range []struct {
		name     string
		change   func(jwt.MapClaims, *jwt.Token)
		by       any
		activity map[string]any
		header   func(token string) string
		endorse  []string
		want     int
	}{
		{name: "a good token", want: 200},
		{name: "the audience as a list", change: claim("aud", []string{"other", appID}), want: 200},
		{name: "expired within the leeway", change: claim("exp", at.Add(-4*time.Minute).Unix()), want: 200},
		{name: "valid soon, within the leeway", change: claim("nbf", at.Add(4*time.Minute).Unix()), want: 200},
		{name: "no nbf", change: without("nbf"), want: 200},
		{name: "bearer in another case", header: func(s string) string { return "bearer " + s }, want: 200},
		{name: "a key endorsed for the channel", endorse: []string{"msteams", "skype"}, want: 200},

		{name: "no header", header: func(string) string { return "" }, want: 401},
		{name: "another scheme", header: func(s string) string { return "Basic " + s }, want: 401},
		{name: "no scheme", header: func(s string) string { return s }, want: 401},
		{name: "no JWT", header: func(string) string { return "Bearer nonsense" }, want: 401},
		{name: "a JWT that is too long", header: func(s string) string { return "Bearer " + s + strings.Repeat("A", maxToken) }, want: 401},
		{name: "a spoiled signature", header: func(s string) string { return "Bearer " + s[:len(s)-8] + "AAAAAAAA" }, want: 401},
		{name: "spoiled claims", header: func(s string) string {
			head, _, _ := strings.Cut(s, ".")
			return "Bearer " + head + "." + base64.RawURLEncoding.EncodeToString([]byte(`{}`)) + s[strings.LastIndex(s, "."):]
		}, want: 401},
		{name: "alg none", change: func(_ jwt.MapClaims, k *jwt.Token) { k.Method = jwt.SigningMethodNone; k.Header["alg"] = "none" },
			by: jwt.UnsafeAllowNoneSignatureType, want: 401},
		{name: "HS256 with the public key", change: method(jwt.SigningMethodHS256), by: pub, want: 401},
		{name: "HS256 with the modulus", change: method(jwt.SigningMethodHS256), by: signingKey().N.Bytes(), want: 401},
		{name: "RS512 by the right key", change: method(jwt.SigningMethodRS512), want: 401},
		{name: "PS256 by the right key", change: method(jwt.SigningMethodPS256), want: 401},
		{name: "another's key under the known kid", by: stranger, want: 401},
		{name: "an unknown kid", change: func(_ jwt.MapClaims, k *jwt.Token) { k.Header["kid"] = "key-9" }, by: stranger, want: 401},
		{name: "no kid", change: func(_ jwt.MapClaims, k *jwt.Token) { delete(k.Header, "kid") }, want: 401},
		{name: "a key sent along", change: func(_ jwt.MapClaims, k *jwt.Token) {
			delete(k.Header, "kid")
			k.Header["jwk"] = map[string]any{"kty": "RSA", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(stranger.N.Bytes())}
		}, by: stranger, want: 401},
		{name: "another issuer", change: claim("iss", "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/"), want: 401},
		{name: "no issuer", change: without("iss"), want: 401},
		{name: "another audience", change: claim("aud", "44444444-4444-4444-4444-444444444444"), want: 401},
		{name: "no audience", change: without("aud"), want: 401},
		{name: "expired", change: claim("exp", at.Add(-6*time.Minute).Unix()), want: 401},
		{name: "no exp", change: without("exp"), want: 401},
		{name: "exp as text", change: claim("exp", "tomorrow"), want: 401},
		{name: "not valid yet", change: claim("nbf", at.Add(6*time.Minute).Unix()), want: 401},
		{name: "no serviceurl", change: without("serviceurl"), want: 401},
		{name: "serviceurl as a number", change: claim("serviceurl", 7), want: 401},
		{name: "another serviceurl", change: claim("serviceurl", "https://smba.trafficmanager.net/teams/"), want: 401},
		{name: "a key endorsed for other channels", endorse: []string{"webchat"}, want: 401},
		{name: "another channel's activity", endorse: []string{"msteams"}, activity: map[string]any{"channelId": "webchat"}, want: 401},
		{name: "another channel of the same bot", activity: map[string]any{"channelId": "directline"}, want: 401},
		{name: "another channel that the key speaks for", endorse: []string{"msteams", "skype"}, activity: map[string]any{"channelId": "skype"}, want: 401},
		{name: "no channel", activity: map[string]any{"channelId": nil}, want: 401},
		{name: "another tenant's conversation", activity: map[string]any{"conversation": map[string]any{"id": "c", "tenantId": "other"}}, want: 401},
		{name: "another tenant in channelData", activity: map[string]any{"channelData": map[string]any{"tenant": map[string]any{"id": "other"}}}, want: 401},
		{name: "no tenant", activity: map[string]any{"conversation": map[string]any{"id": "c"}, "channelData": map[string]any{}}, want: 401},
		{name: "the tenant once", activity: map[string]any{"channelData": map[string]any{}}, want: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newWorld(t)
			p.endorse = c.endorse
			r := &recorder{}
			b := chattest.Bot{Handler: r, Seen: &chattest.Memory{}, Work: chat.NewWork(8)}
			p.start(t, b)
			header := "Bearer " + p.token(t, c.change, c.by)
			if c.header != nil {
				header = c.header(strings.TrimPrefix(header, "Bearer "))
			}
			status, body := p.post(t, with(p.recorded(t, "message-personal-slash-text"), c.activity), header)
			drain(t, b.Work)
			if status != c.want {
				t.Errorf("status %d, want %d", status, c.want)
			}
			if len(body) > 0 {
				t.Errorf("the answer tells %q", body)
			}
			if came := len(r.requests); came != map[int]int{200: 1, 401: 0}[c.want] {
				t.Errorf("%d requests came through", came)
			}
		})
	}
}

func method(m jwt.SigningMethod) func(jwt.MapClaims, *jwt.Token) {
	return func(_ jwt.MapClaims, k *jwt.Token) { k.Method = m; k.Header["alg"] = m.Alg() }
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestServiceURLIsComparedWithoutCaseAndOneSlash(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	p.start(t, chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(8)})
	for claimed, want := range map[string]int{
		p.service():                  200,
		p.service() + "/":            200,
		strings.ToUpper(p.service()): 200,
		p.service() + "//":           401,
		p.service() + "/x":           401,
	} {
		act := p.recorded(t, "message-personal-slash-text")
		if status, _ := p.post(t, act, "Bearer "+p.token(t, claim("serviceurl", claimed), nil)); status != want {
			t.Errorf("%s: status %d, want %d", claimed, status, want)
		}
	}
}

func TestServiceHosts(t *testing.T) {
	t.Parallel()
	listed := hosts{"smba.trafficmanager.net", "smba.example:8443", "127.0.0.1", "127.0.0.2:9000", "[::1]:9000"}
	for address, want := range map[string]bool{
		"https://smba.trafficmanager.net/amer/":                true,
		"https://SMBA.trafficmanager.net":                      true,
		"https://smba.trafficmanager.net:443/teams":            true,
		"https://smba.example:8443/":                           true,
		"http://127.0.0.1:56150/_connector":                    true,
		"http://127.0.0.2:9000/":                               true,
		"http://[::1]:9000/":                                   true,
		"http://smba.trafficmanager.net/amer/":                 false,
		"https://smba.trafficmanager.net:8443/":                false,
		"https://smba.trafficmanager.net./":                    false,
		"https://10.0.0.1/":                                    false,
		"http://169.254.169.254/":                              false,
		"http://2130706433/":                                   false,
		"http://127.1/":                                        false,
		"https://[::ffff:10.0.0.1]/":                           false,
		"https://smba.trafficmanager.net%00.evil.example/":     false,
		"https://smba.example/":                                false,
		"https://smba.trafficmanager.net.evil.example/":        false,
		"https://evil.example/smba.trafficmanager.net":         false,
		"https://smba.trafficmanager.net@evil.example/":        false,
		"https://user:pass@smba.trafficmanager.net/":           false,
		"http://127.0.0.2:9001/":                               false,
		"http://127.0.0.3:9000/":                               false,
		"http://localhost:9000/":                               false,
		"ftp://127.0.0.1/":                                     false,
		"//smba.trafficmanager.net/":                           false,
		"smba.trafficmanager.net":                              false,
		"https:///":                                            false,
		"https://evil.example#smba.trafficmanager.net":         false,
		"https://evil.example\\@smba.trafficmanager.net/teams": false,
	} {
		u, err := url.Parse(address)
		if got := err == nil && listed.allow(u); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}

func TestServiceURLOutsideTheListIsRefusedHoweverWellSigned(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	p.start(t, chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(8)})
	for _, service := range []string{"https://evil.example/teams", "http://localhost:1/", p.service() + "?x=1", p.service() + "#x"} {
		act := with(p.recorded(t, "message-personal-slash-text"), map[string]any{"serviceUrl": service})
		if status, _ := p.post(t, act, "Bearer "+p.token(t, claim("serviceurl", service), nil)); status != 401 {
			t.Errorf("%s: status %d, want 401", service, status)
		}
	}
}

func TestKeysAreFetchedOnceAndAgainWhenRotated(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	p.start(t, chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(100)})
	act := p.recorded(t, "conversationUpdate-teamMemberAdded-channel")
	expect := func(what, header string, status, fetches int) {
		t.Helper()
		if got, _ := p.post(t, act, header); got != status {
			t.Errorf("%s: status %d, want %d", what, got, status)
		}
		if got := p.count("/keys"); got != fetches {
			t.Errorf("%s: the keys were fetched %d times, want %d", what, got, fetches)
		}
		if got := p.count("/openid"); got != fetches {
			t.Errorf("%s: the metadata was fetched %d times, want %d", what, got, fetches)
		}
	}
	if p.count("/openid") != 0 {
		t.Error("the metadata was fetched before anything came")
	}
	expect("garbage", "Bearer garbage", 401, 0)
	expect("another algorithm", "Bearer "+p.token(t, method(jwt.SigningMethodRS384), nil), 401, 0)

	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if status, _ := p.deliver(t, act); status != 200 {
				t.Errorf("a first request: status %d", status)
			}
		})
	}
	all.Wait()
	expect("after 20 first requests at once", "Bearer "+p.token(t, nil, nil), 200, 1)

	second := newKey()
	p.with(func() { p.keys = map[string]*rsa.PrivateKey{"key-2": second} })
	rotated := func() string {
		return "Bearer " + p.token(t, func(_ jwt.MapClaims, k *jwt.Token) { k.Header["kid"] = "key-2" }, second)
	}
	p.pass(30 * time.Second)
	expect("a new kid within the minute", rotated(), 401, 1)
	p.pass(31 * time.Second)
	expect("a new kid after the minute", rotated(), 200, 2)
	expect("the old kid", "Bearer "+p.token(t, nil, nil), 401, 2)

	p.pass(24 * time.Hour)
	expect("a day later", rotated(), 200, 3)
}

func TestStrangersCauseNoFetchStorm(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	p.start(t, chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(8)})
	act := p.recorded(t, "message-personal-slash-text")
	stranger := newKey()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 25 {
				forged := p.token(t, func(_ jwt.MapClaims, k *jwt.Token) { k.Header["kid"] = fmt.Sprint(i, j) }, stranger)
				if status, _ := p.post(t, act, "Bearer "+forged); status != 401 {
					t.Errorf("status %d, want 401", status)
				}
			}
		})
	}
	all.Wait()
	if n := p.count("/openid"); n > 1 {
		t.Errorf("200 forged requests caused %d fetches", n)
	}
	p.pass(61 * time.Second)
	if status, _ := p.deliver(t, act); status != 200 {
		t.Errorf("a good request after the flood: status %d", status)
	}
}

func TestMetadataOutOfReach(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	p.start(t, chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(8)})
	act := p.recorded(t, "conversationUpdate-teamMemberAdded-channel")
	expect := func(what string, want int) {
		t.Helper()
		if got, _ := p.deliver(t, act); got != want {
			t.Errorf("%s: status %d, want %d", what, got, want)
		}
	}
	p.with(func() { p.down["/openid"] = 503 })
	expect("down from the start", 401)
	expect("at once again", 401)
	if n := p.count("/openid"); n != 1 {
		t.Errorf("%d fetches within the pause, want 1", n)
	}
	p.with(func() { clear(p.down) })
	p.pass(11 * time.Second)
	expect("back", 200)
	p.with(func() { p.down["/keys"] = 500 })
	p.pass(25 * time.Hour)
	expect("down at the renewal, keys a day old", 200)
	p.pass(24 * time.Hour)
	expect("down for another day", 401)
	p.with(func() { clear(p.down) })
	p.pass(11 * time.Second)
	expect("back again", 200)
}

func TestKeysComeOnlyFromASecureAddress(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	p.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, map[string]any{"jwks_uri": "http://keys.example/keys"})
	})
	p.start(t, chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(8)})
	if status, _ := p.deliver(t, p.recorded(t, "message-personal-slash-text")); status != 401 {
		t.Errorf("status %d, want 401", status)
	}
}

func TestNothingIsReadBeforeTheHeaderIsVerified(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	p.start(t, chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(8)})
	post := func(body string, header string) int {
		req := must(http.NewRequest(http.MethodPost, p.bot.URL+"/api/messages", struct{ *strings.Reader }{strings.NewReader(body)}))
		req.Header.Set("Authorization", header)
		resp := must(alone().Do(req))
		resp.Body.Close()
		return resp.StatusCode
	}
	good := "Bearer " + p.token(t, nil, nil)
	endless := `{"text":"` + strings.Repeat("a", maxBody) + `"}`
	for _, c := range []struct {
		name, body, header string
		want               int
	}{
		{"no JSON from a stranger", "{", "", 401},
		{"no JSON", "{", good, 400},
		{"a list", "[]", good, 400},
		{"nothing", "", good, 400},
		{"no conversation", `{"type":"message"}`, good, 400},
		{"a conversation id that climbs", `{"type":"message","conversation":{"id":"../../evil"}}`, good, 400},
		{"over 1 MiB without a length, from a stranger", endless, "", 401},
		{"over 1 MiB without a length", endless, good, 413},
	} {
		if got := post(c.body, c.header); got != c.want {
			t.Errorf("%s: status %d, want %d", c.name, got, c.want)
		}
	}
}

func TestNewRefusesWhatWouldBeOpenToTheWorld(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	for name, spoil := range map[string]func(*Options){
		"no tenant":                func(o *Options) { o.TenantID = "" },
		"no app":                   func(o *Options) { o.AppID = " " },
		"no secret":                func(o *Options) { o.ClientSecret = "" },
		"no metadata":              func(o *Options) { o.OpenIDURL = "" },
		"metadata over plain http": func(o *Options) { o.OpenIDURL = "http://login.example/openid" },
		"tokens over plain http":   func(o *Options) { o.TokenURL = "http://login.example/token" },
		"no hosts":                 func(o *Options) { o.ServiceHosts = nil },
		"no handler":               func(o *Options) { o.Handler = nil },
		"no memory":                func(o *Options) { o.Seen = nil },
		"no work":                  func(o *Options) { o.Work = nil },
	} {
		o := p.options(chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(1)})
		if _, err := New(o); err != nil {
			t.Fatalf("the good options: %v", err)
		}
		spoil(&o)
		if a, err := New(o); err == nil || a != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTheTokenComesFromTheOwnTenantUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	o := p.options(chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(1)})
	o.TokenURL = ""
	a := must(New(o))
	if got, want := a.connector.bearer.endpoint, "https://login.microsoftonline.com/"+tenantID+"/oauth2/v2.0/token"; got != want {
		t.Errorf("endpoint %s, want %s", got, want)
	}
}

// FuzzClaims signs whatever a header and claims say with the right key. Only
// what another reading of them finds good is believed.
func FuzzClaims(f *testing.F) {
	p := newWorld(f)
	a := must(New(p.options(chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(1)})))
	now := p.now().Unix()
	head := `{"alg":"RS256","kid":"key-1","typ":"JWT"}`
	good := fmt.Sprintf(`{"iss":%q,"aud":%q,"serviceurl":"https://x","nbf":%d,"exp":%d}`, issuer, appID, now-60, now+3600)
	f.Add(head, good)
	f.Add(`{"alg":"none","kid":"key-1"}`, good)
	f.Add(`{"alg":"RS256","alg":"none","kid":"key-1","kid":"key-9","crit":["b64"],"b64":false}`, good)
	f.Add(`{"alg":"RS256","kid":"key-1","jku":"http://127.0.0.1:1/","x5u":"http://127.0.0.1:1/","jwk":{"kty":"RSA"}}`, good)
	f.Add(`{"ALG":"RS256","KID":"key-1"}`, `{"ISS":"x"}`)
	f.Add(head, fmt.Sprintf(`{"iss":%q,"iss":"evil","aud":["other",%q],"aud":"evil","serviceurl":["x"],"exp":%d,"exp":1e400}`, issuer, appID, now+3600))
	f.Add(head, fmt.Sprintf(`{"iss":%q,"aud":%q,"serviceurl":"https://x","exp":"%d"}`, issuer, appID, now+3600))
	f.Add(head, `{"iss":null,"aud":null,"exp":null,"serviceurl":null}`)
	f.Fuzz(func(t *testing.T, head, body string) {
		text := base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + base64.RawURLEncoding.EncodeToString([]byte(body))
		signature, err := jwt.SigningMethodRS256.Sign(text, signingKey())
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.validator.verify(t.Context(), "Bearer "+text+"."+base64.RawURLEncoding.EncodeToString(signature))
		if err != nil {
			return
		}
		// What stands behind the claims' object is signed as well, and says nothing.
		var h, c map[string]any
		if json.NewDecoder(strings.NewReader(head)).Decode(&h) != nil || json.NewDecoder(strings.NewReader(body)).Decode(&c) != nil {
			t.Fatalf("believed what is no JSON: %s %s", head, body)
		}
		audience, _ := c["aud"].([]any)
		if h["alg"] != "RS256" || h["kid"] != kid || c["iss"] != issuer || c["aud"] != appID && !slices.Contains(audience, any(appID)) ||
			c["exp"] == nil || got.serviceURL == "" || c["serviceurl"] != got.serviceURL {
			t.Errorf("believed %s %s", head, body)
		}
	})
}

func FuzzToken(f *testing.F) {
	p := newWorld(f)
	a := must(New(p.options(chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(1)})))
	good := p.token(f, nil, nil)
	f.Add(good)
	f.Add("a.b.c")
	f.Add(`{"payload":"","signatures":[]}`)
	signed := good[:strings.LastIndex(good, ".")]
	f.Fuzz(func(t *testing.T, token string) {
		_, err := a.validator.verify(t.Context(), "Bearer "+token)
		if err == nil && !strings.HasPrefix(token, signed+".") {
			t.Errorf("believed %q", token)
		}
	})
}
