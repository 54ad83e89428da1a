package teams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// early is how long before its end a token is replaced.
const early = 5 * time.Minute

// bearer is the bot's own access token for the connector service, fetched
// with the app's secret (OAuth 2.0 client credentials).
type bearer struct {
	endpoint string
	form     url.Values
	web      *http.Client
	now      func() time.Time
	flight   singleflight.Group

	mu    sync.Mutex
	token string
	until time.Time
}

func newBearer(endpoint, appID, secret string, web *http.Client, now func() time.Time) *bearer {
	return &bearer{
		endpoint: endpoint,
		form: url.Values{
			"grant_type":    {"client_credentials"},
			"client_id":     {appID},
			"client_secret": {secret},
			"scope":         {"https://api.botframework.com/.default"},
		},
		web: web,
		now: now,
	}
}

// get is a token that is good for a while. Callers at the same time share one
// fetch; when that fails, a token that is still good is used to its end.
func (b *bearer) get(ctx context.Context) (string, error) {
	token, left := b.held()
	if left > early {
		return token, nil
	}
	done := b.flight.DoChan("", func() (any, error) {
		if token, left := b.held(); left > early {
			return token, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
		defer cancel()
		return b.fetch(ctx)
	})
	select {
	case r := <-done:
		if r.Err != nil && left <= 0 {
			return "", fmt.Errorf("the bot's own token: %w", r.Err)
		}
		if r.Err != nil {
			return token, nil
		}
		return r.Val.(string), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (b *bearer) held() (string, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.token, b.until.Sub(b.now())
}

// forget drops token, which the connector refused, so that the next call
// fetches another.
func (b *bearer) forget(token string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.token == token {
		b.token, b.until = "", time.Time{}
	}
}

func (b *bearer) fetch(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.endpoint, strings.NewReader(b.form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	asked := b.now()
	resp, err := b.web.Do(req)
	if err != nil {
		return "", plainError(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", plainError(err)
	}
	var answer struct {
		Token     string      `json:"access_token"`
		ExpiresIn json.Number `json:"expires_in"` // seconds; a string on some endpoints
		Error     string      `json:"error"`
		Describes string      `json:"error_description"`
	}
	err = json.Unmarshal(body, &answer)
	if resp.StatusCode != http.StatusOK {
		// Entra's descriptions name the fault (AADSTS7000215: invalid client
		// secret) and never repeat the secret; trace ids follow on later lines.
		why, _, _ := strings.Cut(answer.Describes, "\n")
		return "", fmt.Errorf("HTTP status %d %s: %s", resp.StatusCode, answer.Error, cut(strings.TrimSpace(why), maxErrorText))
	}
	if err != nil {
		return "", errors.New("the answer is no JSON")
	}
	seconds, err := answer.ExpiresIn.Int64()
	if err != nil || seconds <= 0 || answer.Token == "" {
		return "", errors.New("the answer has no token")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.token, b.until = answer.Token, asked.Add(time.Duration(seconds)*time.Second)
	return b.token, nil
}
