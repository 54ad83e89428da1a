package teamssim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/syncrobot/syncrobot/simulator/teamssim"
)

// verify checks a token as a bot would, with another library than the one
// that signed it.
func (w *world) verify(token string) (jwt.Token, error) {
	w.t.Helper()
	resp, err := alone().Get(w.OpenIDURL())
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var metadata struct {
		JWKS string   `json:"jwks_uri"`
		Algs []string `json:"id_token_signing_alg_values_supported"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&metadata); err != nil {
		w.t.Fatal(err)
	}
	keys, err := jwk.Fetch(w.t.Context(), metadata.JWKS)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range keys.Len() {
		key, _ := keys.Key(i)
		var endorsements []any
		if err := key.Get("endorsements", &endorsements); err != nil || len(endorsements) != 1 || endorsements[0] != "msteams" {
			w.t.Errorf("endorsements of a key: %v, %v", endorsements, err)
		}
		// The algorithm is in the metadata, not on the key.
		if err := key.Set(jwk.AlgorithmKey, metadata.Algs[0]); err != nil {
			w.t.Fatal(err)
		}
	}
	return jwt.Parse([]byte(token), jwt.WithKeySet(keys), jwt.WithClock(jwt.ClockFunc(w.clock)),
		jwt.WithIssuer("https://api.botframework.com"), jwt.WithAudience(app), jwt.WithRequiredClaim("exp"), jwt.WithRequiredClaim("nbf"))
}

func TestActivitiesAreSignedWithThePublishedKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if d := w.Say(t.Context(), dana, "", "open"); d.Err != nil || d.Status() != http.StatusOK {
		t.Fatalf("delivery: %+v", d)
	}
	token, ok := strings.CutPrefix(w.last()["_authorization"].(string), "Bearer ")
	if !ok {
		t.Fatal("no bearer token came with the activity")
	}
	got, err := w.verify(token)
	if err != nil {
		t.Fatal(err)
	}
	var serviceURL string
	if err := got.Get("serviceurl", &serviceURL); err != nil || serviceURL != w.last()["serviceUrl"] || serviceURL != w.url+"/teams/" {
		t.Errorf("serviceurl claim %q, %v; the activity has %v", serviceURL, err, w.last()["serviceUrl"])
	}
	if c := w.LoginCounts(); c.Metadata != 1 || c.Keys != 1 {
		t.Errorf("counts are %+v", c)
	}
}

func TestForgedTokensDoNotVerify(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.clock().Unix()
	for _, c := range []struct {
		name  string
		forge teamssim.Forge
		ok    bool
	}{
		{"the good one", teamssim.Forge{}, true},
		{"another serviceurl, which only the bot can compare", teamssim.Forge{Claims: map[string]any{"serviceurl": "https://evil.example/"}}, true},
		{"an audience in a list", teamssim.Forge{Claims: map[string]any{"aud": []string{app}}}, true},
		{"not signed", teamssim.Forge{Alg: "none"}, false},
		{"HS256 with the public key as secret", teamssim.Forge{Alg: "HS256"}, false},
		{"PS256", teamssim.Forge{Alg: "PS256"}, false},
		{"another audience", teamssim.Forge{Claims: map[string]any{"aud": "someone else"}}, false},
		{"another issuer", teamssim.Forge{Claims: map[string]any{"iss": "https://sts.windows.net/" + tenant + "/"}}, false},
		{"expired", teamssim.Forge{Claims: map[string]any{"exp": now - 3600}}, false},
		{"not yet valid", teamssim.Forge{Claims: map[string]any{"nbf": now + 3600}}, false},
		{"no exp", teamssim.Forge{Claims: map[string]any{"exp": nil}}, false},
		{"an unknown key id", teamssim.Forge{Kid: "unknown"}, false},
		{"a strange key under the known id", teamssim.Forge{Stranger: true}, false},
	} {
		token, err := w.Token(c.forge)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if _, err := w.verify(token); (err == nil) != c.ok {
			t.Errorf("%s: verifying gives %v", c.name, err)
		}
	}
	if _, err := w.Token(teamssim.Forge{Alg: "ROT13"}); err == nil {
		t.Error("an unknown algorithm is no error")
	}
}

func TestRotatedKeysSignAndTheOneBeforeStaysOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, _ := w.Token(teamssim.Forge{})
	for i, firstIsGood := range []bool{true, false} {
		if err := w.RotateKeys(); err != nil {
			t.Fatal(err)
		}
		next, _ := w.Token(teamssim.Forge{})
		if _, err := w.verify(next); err != nil {
			t.Errorf("after rotation %d a new token: %v", i+1, err)
		}
		if _, err := w.verify(first); (err == nil) != firstIsGood {
			t.Errorf("after rotation %d the first token: %v", i+1, err)
		}
	}
}

func TestTokenRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name   string
		path   string
		change func(url.Values)
		status int
		kind   string
		code   float64
	}{
		{"all right", "", func(url.Values) {}, 200, "", 0},
		{"wrong secret", "", func(v url.Values) { v.Set("client_secret", "x") }, 401, "invalid_client", 7000215},
		{"no secret", "", func(v url.Values) { v.Del("client_secret") }, 401, "invalid_client", 7000218},
		{"another app", "", func(v url.Values) { v.Set("client_id", dana) }, 401, "unauthorized_client", 700016},
		{"another scope", "", func(v url.Values) { v.Set("scope", "https://graph.microsoft.com/.default") }, 400, "invalid_scope", 70011},
		{"another grant", "", func(v url.Values) { v.Set("grant_type", "password") }, 400, "unsupported_grant_type", 70003},
		{"the multi-tenant endpoint", "/botframework.com/oauth2/v2.0/token", func(url.Values) {}, 400, "invalid_request", 90002},
	} {
		v := url.Values{"grant_type": {"client_credentials"}, "client_id": {app}, "client_secret": {secret}, "scope": {"https://api.botframework.com/.default"}}
		c.change(v)
		to := w.TokenURL()
		if c.path != "" {
			to = w.url + c.path
		}
		resp, body := w.form(to, v)
		if resp.StatusCode != c.status {
			t.Errorf("%s: status %d, want %d", c.name, resp.StatusCode, c.status)
		}
		if c.status == 200 {
			if body["token_type"] != "Bearer" || body["expires_in"] != 3599.0 || body["access_token"] == "" {
				t.Errorf("%s: %v", c.name, body)
			}
		} else if body["error"] != c.kind || at(body, "error_codes.0") != c.code {
			t.Errorf("%s: %v", c.name, body)
		}
	}
	resp, err := alone().Post(w.TokenURL(), "application/json", strings.NewReader(`{"grant_type":"client_credentials"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a JSON body is answered with %d", resp.StatusCode)
	}
	if c := w.LoginCounts(); c.Tokens != 1 || c.Refused != 7 {
		t.Errorf("counts are %+v", c)
	}
}

func TestTokensEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *teamssim.Options) { o.TokenLife = time.Minute })
	list := "v3/conversations/" + w.Personal(dana) + "/members"
	want := func(when string, status int) {
		t.Helper()
		if resp, body := w.call(http.MethodGet, list, ""); resp.StatusCode != status {
			t.Errorf("%s: %d %s, want %d", when, resp.StatusCode, body, status)
		}
	}
	want("fresh", 200)
	w.advance(time.Minute)
	want("a minute later", 401)
	w.token = ""
	want("with a new one", 200)
	w.RevokeTokens()
	want("revoked", 401)
	for _, authorization := range []string{"", "Bearer ", "Bearer made-up", w.bearer()} {
		if resp, _, err := w.try(t.Context(), http.MethodGet, list, "", authorization); err != nil || resp.StatusCode != 401 {
			t.Errorf("authorization %q: %v, %v", authorization, resp.StatusCode, err)
		}
	}
}
