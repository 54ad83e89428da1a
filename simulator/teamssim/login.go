package teamssim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	metadataPath = "/v1/.well-known/openidconfiguration"
	keysPath     = "/v1/.well-known/keys"
	issuer       = "https://api.botframework.com"
	botScope     = "https://api.botframework.com/.default"
)

// login is the two login services: the Bot Framework's, which publishes the
// keys of activities' tokens, and Entra's, which gives the bot its own.
type login struct {
	opt Options

	mu     sync.Mutex
	keys   []*signingKey // newest first; at most two
	tokens map[string]time.Time
	counts LoginCounts
}

type signingKey struct {
	private *rsa.PrivateKey
	kid     string
	x5t     string
	x5c     string
}

// LoginCounts are how often the login services were asked.
type LoginCounts struct {
	Metadata, Keys int
	Tokens         int // issued
	Refused        int // token requests refused
}

func newLogin(o Options) (*login, error) {
	key, err := newSigningKey(o.SigningKey, o.Now())
	if err != nil {
		return nil, err
	}
	return &login{opt: o, keys: []*signingKey{key}, tokens: map[string]time.Time{}}, nil
}

func newSigningKey(private *rsa.PrivateKey, now time.Time) (*signingKey, error) {
	if private == nil {
		var err error
		if private, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, err
		}
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "simulated Bot Framework"},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.Add(365 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return nil, err
	}
	thumb := sha1.Sum(der) // what x5t is, by RFC 7517
	x5t := base64.RawURLEncoding.EncodeToString(thumb[:])
	return &signingKey{private: private, kid: x5t, x5t: x5t, x5c: base64.StdEncoding.EncodeToString(der)}, nil
}

func (l *login) mount(mux *http.ServeMux, base func() string) {
	mux.HandleFunc("GET "+metadataPath, func(w http.ResponseWriter, _ *http.Request) {
		l.count(func(c *LoginCounts) { c.Metadata++ })
		writeJSON(w, http.StatusOK, map[string]any{
			"issuer":                                issuer,
			"authorization_endpoint":                "https://invalid.botframework.com",
			"jwks_uri":                              base() + keysPath,
			"id_token_signing_alg_values_supported": []string{"RS256"},
			"token_endpoint_auth_methods_supported": []string{"private_key_jwt"},
		})
	})
	mux.HandleFunc("GET "+keysPath, l.serveKeys)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", l.serveToken)
}

func (l *login) count(f func(*LoginCounts)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.counts)
}

func (l *login) serveKeys(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	l.counts.Keys++
	keys := make([]map[string]any, len(l.keys))
	for i, k := range l.keys {
		keys[i] = map[string]any{
			"kty": "RSA", "use": "sig", "kid": k.kid, "x5t": k.x5t,
			"n":            base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
			"e":            base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.private.E)).Bytes()),
			"x5c":          []string{k.x5c},
			"endorsements": []string{"msteams"},
		}
	}
	l.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"keys": keys})
}

// serveToken answers as Entra does: the form and the codes of its errors are
// those of learn.microsoft.com/entra/identity-platform/reference-error-codes.
func (l *login) serveToken(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, kind string, code int, text string) {
		l.count(func(c *LoginCounts) { c.Refused++ })
		now := l.opt.Now().UTC().Format("2006-01-02 15:04:05Z")
		trace, correlation := newGUID(), newGUID()
		writeJSON(w, status, map[string]any{
			"error":             kind,
			"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", code, text, trace, correlation, now),
			"error_codes":       []int{code},
			"timestamp":         now,
			"trace_id":          trace,
			"correlation_id":    correlation,
			"error_uri":         fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", code),
		})
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/x-www-form-urlencoded" || r.ParseForm() != nil {
		refuse(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'.")
		return
	}
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, pass, ok := r.BasicAuth(); ok {
		id, _ = url.QueryUnescape(user)
		secret, _ = url.QueryUnescape(pass)
	}
	switch {
	case r.PathValue("tenant") != l.opt.TenantID:
		refuse(http.StatusBadRequest, "invalid_request", 90002, "Tenant '"+r.PathValue("tenant")+"' not found.")
	case r.PostForm.Get("grant_type") != "client_credentials":
		refuse(http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '"+r.PostForm.Get("grant_type")+"'.")
	case id != l.opt.AppID:
		refuse(http.StatusUnauthorized, "unauthorized_client", 700016, "Application with identifier '"+id+"' was not found in the directory.")
	case secret == "":
		refuse(http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case secret != l.opt.ClientSecret:
		refuse(http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided.")
	case r.PostForm.Get("scope") != botScope:
		refuse(http.StatusBadRequest, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid.")
	default:
		// Entra's token is a JWT for the service. Nobody but the service can
		// check it, so that any key will do here.
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"aud": issuer, "appid": l.opt.AppID, "tid": l.opt.TenantID, "exp": l.opt.Now().Add(l.opt.TokenLife).Unix(), "jti": rand.Text(),
		}).SignedString([]byte(rand.Text()))
		if err != nil {
			panic(err) // of claims that are all text and numbers
		}
		l.mu.Lock()
		l.tokens[token] = l.opt.Now().Add(l.opt.TokenLife)
		l.counts.Tokens++
		l.mu.Unlock()
		w.Header().Set("Cache-Control", "no-store, no-cache")
		seconds := int(l.opt.TokenLife / time.Second)
		writeJSON(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token})
	}
}

func (l *login) authorized(header string) bool {
	token, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	until, ok := l.tokens[token]
	return ok && l.opt.Now().Before(until)
}

// LoginCounts are how often the login services were asked so far.
func (s *Sim) LoginCounts() LoginCounts {
	s.login.mu.Lock()
	defer s.login.mu.Unlock()
	return s.login.counts
}

// RevokeTokens makes every access token that the bot has got worthless.
func (s *Sim) RevokeTokens() {
	s.login.mu.Lock()
	defer s.login.mu.Unlock()
	clear(s.login.tokens)
}

// RotateKeys signs what follows with a new key. The one before stays
// published until the next rotation.
func (s *Sim) RotateKeys() error {
	key, err := newSigningKey(nil, s.opt.Now())
	if err != nil {
		return fmt.Errorf("teamssim: %w", err)
	}
	s.login.mu.Lock()
	defer s.login.mu.Unlock()
	s.login.keys = []*signingKey{key, s.login.keys[0]}
	return nil
}

// Forge says how a token differs from the good one.
type Forge struct {
	// Alg is RS256 when empty. "none" is not signed; HS256, HS384 and HS512
	// take the published key as their shared secret; RS384, RS512 and PS256
	// use the good key.
	Alg string
	// Kid replaces the key's id.
	Kid string
	// Stranger signs with a key that was never published.
	Stranger bool
	// Claims are set over the good ones; a nil value takes the claim away.
	// Times are seconds since 1970.
	Claims map[string]any
}

// Token is a token as it comes with an activity (iss, aud, serviceurl, nbf
// and exp), changed as f says.
func (s *Sim) Token(f Forge) (string, error) {
	serviceURL := s.ServiceURL()
	s.login.mu.Lock()
	key := s.login.keys[0]
	s.login.mu.Unlock()

	now := s.opt.Now()
	claims := jwt.MapClaims{
		"iss": issuer, "aud": s.opt.AppID, "serviceurl": serviceURL,
		"nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, f.Claims)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })

	alg := f.Alg
	if alg == "" {
		alg = "RS256"
	}
	method := jwt.GetSigningMethod(alg)
	if method == nil {
		return "", fmt.Errorf("teamssim: no signing method %q", alg)
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"], token.Header["x5t"] = key.kid, key.x5t
	if f.Kid != "" {
		token.Header["kid"], token.Header["x5t"] = f.Kid, f.Kid
	}
	var with any = key.private
	switch {
	case alg == "none":
		with = jwt.UnsafeAllowNoneSignatureType
	case slices.Contains([]string{"HS256", "HS384", "HS512"}, alg):
		der, err := x509.MarshalPKIXPublicKey(&key.private.PublicKey)
		if err != nil {
			return "", fmt.Errorf("teamssim: %w", err)
		}
		with = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	case f.Stranger:
		other, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return "", fmt.Errorf("teamssim: %w", err)
		}
		with = other
	}
	signed, err := token.SignedString(with)
	if err != nil {
		return "", fmt.Errorf("teamssim: %w", err)
	}
	return signed, nil
}

func newGUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails, by its documentation
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // a client that is gone needs no answer
}
