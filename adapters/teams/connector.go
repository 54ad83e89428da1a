package teams

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/infracloudio/msbotbuilder-go/connector/client"
	"github.com/infracloudio/msbotbuilder-go/schema"
)

// How hard the connector service is tried. It asks for exponential back-off
// on 429, and on 412, 502 and 504. Source: MicrosoftDocs/msteams-docs, bots/how-to/rate-limit.md.
const (
	maxTries  = 4
	maxWait   = 20 * time.Second // a longer Retry-After fails the call
	firstWait = time.Second
	totalTime = 45 * time.Second

	maxAnswer    = 64 << 10 // bytes read of an answer
	maxError     = 4 << 10  // bytes read of an error's body
	maxErrorText = 300      // runes kept of what it says
)

// connectorError is an answer of the connector service that is no success.
type connectorError struct {
	Status     int
	Code       string // "BotNotInConversationRoster", "MessageWritesBlocked", ...
	Message    string
	RetryAfter time.Duration // 0: not said
}

func (e *connectorError) Error() string {
	return fmt.Sprintf("connector: HTTP status %d %s: %s", e.Status, e.Code, e.Message)
}

// errHost is a service URL that the bot's token must not be sent to.
var errHost = errors.New("connector: the host is not in service_hosts")

// connector is the HTTP client of the connector service.
type connector struct {
	hosts  hosts
	bearer *bearer
	web    *http.Client
	pause  func(context.Context, time.Duration) error
}

var _ client.Client = (*connector)(nil)

func newConnector(h hosts, b *bearer, web *http.Client) *connector {
	return &connector{hosts: h, bearer: b, web: web, pause: pause}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sentKey is where in a context Post leaves the id of the new activity, which
// the library's interface has no place for.
type sentKey struct{}

func withSent(ctx context.Context, id *string) context.Context {
	return context.WithValue(ctx, sentKey{}, id)
}

// outgoing is an activity as it is sent. schema.Activity would send a dozen
// empty objects and the year 1 along.
type outgoing struct {
	Type         string                 `json:"type"`
	ID           string                 `json:"id,omitempty"`
	From         schema.ChannelAccount  `json:"from"`
	Recipient    *schema.ChannelAccount `json:"recipient,omitempty"`
	Conversation struct {
		ID string `json:"id"`
	} `json:"conversation,omitzero"`
	ReplyToID   string              `json:"replyToId,omitempty"`
	Summary     string              `json:"summary,omitempty"`
	Attachments []schema.Attachment `json:"attachments,omitempty"`
}

func wire(act schema.Activity) ([]byte, error) {
	out := outgoing{
		Type: string(act.Type), ID: act.ID, From: act.From,
		ReplyToID: act.ReplyToID, Summary: act.Summary, Attachments: act.Attachments,
	}
	out.Conversation.ID = act.Conversation.ID
	if act.Recipient.ID != "" {
		out.Recipient = &act.Recipient
	}
	return encode(out)
}

// encode is v as JSON without HTML's escapes, which would take up to six
// times the room.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Post sends a new activity. It is tried again only when it certainly was not
// taken (429, or 401 with a token that had gone bad): the connector knows no
// idempotency key, so that after anything else it may have been shown.
func (c *connector) Post(ctx context.Context, u url.URL, act schema.Activity) error {
	body, err := wire(act)
	if err != nil {
		return err
	}
	answer, err := c.call(ctx, http.MethodPost, u, body)
	if err != nil {
		return err
	}
	if id, ok := ctx.Value(sentKey{}).(*string); ok {
		*id = createdID(answer)
	}
	return nil
}

// Put replaces an activity. It is tried again on every fault that may pass.
func (c *connector) Put(ctx context.Context, u url.URL, act schema.Activity) error {
	body, err := wire(act)
	if err != nil {
		return err
	}
	_, err = c.call(ctx, http.MethodPut, u, body)
	return err
}

// Delete removes an activity.
func (c *connector) Delete(ctx context.Context, u url.URL) error {
	_, err := c.call(ctx, http.MethodDelete, u, nil)
	return err
}

// Get reads a resource.
func (c *connector) Get(ctx context.Context, u url.URL) (json.RawMessage, error) {
	return c.call(ctx, http.MethodGet, u, nil)
}

// createConversation opens the personal chat of the bot with one member, or
// finds the one there is, and returns its id.
func (c *connector) createConversation(ctx context.Context, service *url.URL, bot, member, tenant string) (string, error) {
	type account struct {
		ID string `json:"id"`
	}
	body, err := encode(map[string]any{
		"bot":         account{bot},
		"members":     []account{{member}},
		"tenantId":    tenant,
		"channelData": map[string]any{"tenant": account{tenant}},
	})
	if err != nil {
		return "", err
	}
	answer, err := c.call(ctx, http.MethodPost, *service.JoinPath("v3", "conversations"), body)
	if err != nil {
		return "", err
	}
	id := createdID(answer)
	if !plainID(id) {
		return "", errors.New("connector: the new conversation has no usable id")
	}
	return id, nil
}

// createdID is the id in an answer, "" where there is none that can be used.
func createdID(answer []byte) string {
	var created struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(answer, &created) != nil || !plainID(created.ID) {
		return ""
	}
	return created.ID
}

// call does one request, again where that is safe and may help.
func (c *connector) call(ctx context.Context, method string, u url.URL, body []byte) ([]byte, error) {
	if !c.hosts.allow(&u) {
		return nil, fmt.Errorf("%w: %q", errHost, u.Host)
	}
	ctx, cancel := context.WithTimeout(ctx, totalTime)
	defer cancel()
	for try, wait := 1, firstWait; ; try, wait = try+1, 2*wait {
		answer, err := c.once(ctx, method, u, body)
		if err == nil || try == maxTries || ctx.Err() != nil {
			return answer, err
		}
		delay, again := retry(method, err, wait)
		if !again || delay > maxWait {
			return nil, err
		}
		if c.pause(ctx, delay) != nil {
			return nil, err
		}
	}
}

// retry says whether a failed request may be sent again, and after how long.
func retry(method string, err error, wait time.Duration) (time.Duration, bool) {
	jittered := wait + rand.N(wait/4)
	e, answered := errors.AsType[*connectorError](err)
	switch {
	case answered && e.Status == http.StatusTooManyRequests:
		return cmp.Or(e.RetryAfter, jittered), true
	case answered && e.Status < 500 && e.Status != http.StatusPreconditionFailed, errors.Is(err, errSignIn):
		return 0, false
	}
	return jittered, method == http.MethodPut || method == http.MethodGet
}

// errSignIn is a request that was not made, for want of a token.
var errSignIn = errors.New("connector: no access token")

// once does one request; a refused token is replaced and the request made
// once more.
func (c *connector) once(ctx context.Context, method string, u url.URL, body []byte) ([]byte, error) {
	token, err := c.bearer.get(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSignIn, err)
	}
	answer, err := c.send(ctx, method, u, token, body)
	if e, ok := errors.AsType[*connectorError](err); ok && e.Status == http.StatusUnauthorized {
		c.bearer.forget(token)
		if token, err = c.bearer.get(ctx); err != nil {
			return nil, fmt.Errorf("%w: %w", errSignIn, err)
		}
		return c.send(ctx, method, u, token, body)
	}
	return answer, err
}

func (c *connector) send(ctx context.Context, method string, u url.URL, token string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	resp, err := c.web.Do(req)
	if err != nil {
		return nil, fmt.Errorf("connector: %w", plainError(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return nil, failure(resp)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		// The status said that it was done: only what it says of it is lost.
		return nil, nil
	}
	return answer, nil
}

func failure(resp *http.Response) error {
	e := &connectorError{Status: resp.StatusCode}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxError))
	var said struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(text, &said) == nil {
		e.Code, e.Message = cut(said.Error.Code, maxErrorText), cut(said.Error.Message, maxErrorText)
	}
	return e
}
