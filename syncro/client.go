// Package syncro talks to the API of Syncro (syncromsp.com): reads, and writes
// that are described first (Write) and sent at most once (Client.Send). Facts
// about the API are from its OpenAPI document unless another source is named.
package syncro

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/singleflight"
)

const (
	maxAnswer    = 8 << 20          // bytes of an answer that are read
	pauseDefault = 60 * time.Second // after a 429 that does not say how long
	pauseMax     = 10 * time.Minute // whatever it says
	readTries    = 3                // of one GET, with the waits between them
)

// Options are the parts of a Client.
type Options struct {
	URL     string        // "https://example.syncromsp.com", the API is below it at /api/v1; http for loopback alone
	Auth    string        // where the key goes: "header", "query", or "auto" (also ""): header, and query where /me refuses the header
	Timeout time.Duration // of one request, 20 s where 0
	Limiter *Limiter
	Redis   redis.UniversalClient // remembers settings and which id a ticket number has
	Log     *slog.Logger          // nil: no log

	// Observe, if not nil, is told of each request: the route without ids, as
	// "/tickets/{id}", and status 0 where there was no answer.
	Observe func(method, route string, status int, d time.Duration)
}

// Client talks to one Syncro account, with the key of whoever acts.
type Client struct {
	url     string // without a slash at its end
	auth    atomic.Int32
	timeout time.Duration
	limiter *Limiter
	redis   redis.UniversalClient
	log     *slog.Logger
	observe func(method, route string, status int, d time.Duration)

	reads, writes http.RoundTripper
	settings      singleflight.Group
}

// New checks the options; it asks nothing of Syncro.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("syncro: the URL cannot be read: %w", withoutURL(err))
	}
	switch {
	case u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("syncro: the URL must be like https://example.syncromsp.com, without name, query and fragment")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
	default:
		return nil, fmt.Errorf("syncro: %s://%s must be https", u.Scheme, u.Host)
	}
	if o.Limiter == nil || o.Redis == nil {
		return nil, errors.New("syncro: a client needs a limiter and Redis")
	}
	c := &Client{
		url: strings.TrimRight(o.URL, "/"), timeout: o.Timeout, limiter: o.Limiter, redis: o.Redis, log: o.Log, observe: o.Observe,
		reads: newTransport(), writes: newWriteTransport(),
	}
	switch o.Auth {
	case "", "auto":
		c.auth.Store(authUnsettled)
	case "header":
		c.auth.Store(authHeader)
	case "query":
		c.auth.Store(authQuery)
	default:
		return nil, fmt.Errorf("syncro: auth %q is none of auto, header and query", o.Auth)
	}
	if c.timeout == 0 {
		c.timeout = 20 * time.Second
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.observe == nil {
		c.observe = func(string, string, int, time.Duration) {}
	}
	return c, nil
}

// TicketURL is a ticket's page for people, by its id.
func (c *Client) TicketURL(id int64) string {
	return c.url + "/tickets/" + strconv.FormatInt(id, 10)
}

// InvoiceURL is an invoice's page for people, by its id.
func (c *Client) InvoiceURL(id int64) string {
	return c.url + "/invoices/" + strconv.FormatInt(id, 10)
}

// Reader reads with a key. It cannot write.
func (c *Client) Reader(key Key, class Class) *Reader {
	return &Reader{client: c, key: key, class: class}
}

// Send sends a write, at most once: it waits for a place among the requests
// that Syncro allows, tells ready what is about to leave, and sends nothing if
// ready fails. It never retries and follows no redirect.
//
// Whatever is not certain is Unknown. Err is nil for Applied, wraps ErrNotSent
// where nothing left this machine, and is an *Error where Syncro answered.
func (c *Client) Send(ctx context.Context, key Key, w Write, ready func(context.Context, Leaving) error) Outcome {
	unsent := func(err error) Outcome {
		return Outcome{Result: Refused, Err: fmt.Errorf("%w: %w", ErrNotSent, err)}
	}
	if err := check(w); err != nil {
		return unsent(err)
	}
	if v, ok := w.(interface{ unbound() bool }); ok && v.unbound() {
		return unsent(errors.New("the record that it is about was not made yet"))
	}
	request := w.Request()
	leaving := Leaving{Method: request.Method, Path: pathOnly(request.Path)}
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = json.Marshal(request.Body); err != nil {
			return unsent(fmt.Errorf("write the request's body: %w", err))
		}
		leaving.SHA256 = fmt.Sprintf("%x", sha256.Sum256(body))
	}
	if err := c.limiter.Wait(ctx, ClassClick, key); err != nil {
		return unsent(err)
	}
	if err := ready(ctx, leaving); err != nil {
		return unsent(err)
	}
	answer, status, failure := c.do(ctx, call{
		method: request.Method, path: request.Path, body: body,
		transport: signer{next: c.writes, key: key, auth: c.auth.Load()},
	})
	if failure != nil {
		if failure.Kind == RateLimited {
			c.pause(ctx, failure)
		}
		if failure.NotSent || refuses(failure.Status) {
			return Outcome{Result: Refused, Status: status, Err: failure}
		}
		return Outcome{Result: Unknown, Status: status, Err: failure}
	}
	id, err := w.Made(answer)
	if err != nil {
		unclear := Outcome{Result: Unknown, Status: status, Err: &Error{
			Kind: Garbled, Status: status, Method: request.Method, Path: request.Path, Err: err,
		}}
		if e, ok := errors.AsType[*notAsSent](err); ok {
			unclear.Other = e.ID
		}
		return unclear
	}
	out := Outcome{Result: Applied, ID: id, Status: status}
	if noted, ok := w.(Noted); ok {
		out.Note = noted.Note(answer)
	}
	if signed, ok := w.(Signed); ok {
		out.By = signed.SignedBy(answer)
	}
	if named, ok := w.(Named); ok {
		out.Name = named.Name(answer)
	}
	return out
}

// get is how everything is read: one GET, again only after a 429, when the
// gate is open, and once after a connection that failed.
func (c *Client) get(ctx context.Context, key Key, class Class, path string) ([]byte, error) {
	var last *Error
	for range readTries {
		if err := c.limiter.Wait(ctx, class, key); err != nil {
			if last != nil {
				return nil, last
			}
			return nil, fmt.Errorf("GET %s: %w", route(path), err)
		}
		auth := c.auth.Load()
		answer, _, failure := c.do(ctx, call{
			method: http.MethodGet, path: path,
			transport: signer{next: c.reads, key: key, auth: auth},
		})
		switch {
		case failure == nil:
			c.settle(auth)
			return answer, nil
		case failure.Status == http.StatusUnauthorized && auth == authUnsettled:
			if !c.probe(ctx, key, class, path) {
				return nil, failure
			}
		case failure.Kind == RateLimited:
			c.pause(ctx, failure)
		case failure.Kind == Unreachable && last == nil && ctx.Err() == nil && !errors.Is(failure, context.DeadlineExceeded):
		default:
			return nil, failure
		}
		last = failure
	}
	return nil, last
}

// pause closes the gate for everybody after a 429.
func (c *Client) pause(ctx context.Context, failure *Error) {
	failure.RetryAfter = min(cmp.Or(failure.RetryAfter, pauseDefault), pauseMax)
	c.log.WarnContext(ctx, "Syncro answered 429, all requests pause", "route", route(failure.Path), "pause", failure.RetryAfter.String())
	if err := c.limiter.Pause(context.WithoutCancel(ctx), failure.RetryAfter); err != nil {
		c.log.ErrorContext(ctx, "the pause after a 429 could not be stored", "error", err)
	}
}

// call is one HTTP request.
type call struct {
	method, path string
	body         []byte // nil: none
	transport    signer
}

// do sends a call once and returns the JSON of a 2xx answer; status is 0
// where there was no answer.
func (c *Client) do(ctx context.Context, call call) (answer []byte, status int, failure *Error) {
	failed := func(kind ErrorKind, err error) *Error {
		return &Error{Kind: kind, Method: call.method, Path: pathOnly(call.path), Err: err}
	}
	// The headers go through a buffer that is larger than they are, and the
	// connection is closed before a failed Do returns. So where this is
	// false after a failure, no byte left and none will.
	var left atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { left.Store(true) }})

	ctx, span := trace.SpanFromContext(ctx).TracerProvider().Tracer("syncrobot/syncro").
		Start(ctx, call.method+" "+route(call.path), trace.WithSpanKind(trace.SpanKindClient))
	defer func() {
		if failure != nil {
			span.SetStatus(codes.Error, http.StatusText(failure.Status)) // not its words: they may hold a person's
		}
		span.End()
	}()
	request, err := c.newRequest(ctx, call)
	if err != nil {
		failure = failed(Invalid, err)
		failure.NotSent = true
		return nil, 0, failure
	}
	client := http.Client{
		Transport:     call.transport,
		Timeout:       c.timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	start := time.Now()
	defer func() {
		took := time.Since(start)
		c.observe(call.method, route(call.path), status, took)
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		c.log.DebugContext(ctx, "syncro request", "method", call.method, "route", route(call.path), "status", status, "took", took.String())
	}()
	response, err := client.Do(request)
	if err != nil {
		failure = failed(Unreachable, call.transport.key.redactError(withoutURL(err)))
		failure.NotSent = !left.Load()
		return nil, 0, failure
	}
	defer response.Body.Close()
	status = response.StatusCode
	answer, failure = checkAnswer(call, response)
	return answer, status, failure
}

// newRequest makes the request without the key: the signer adds it last, so
// that no error can print it.
func (c *Client) newRequest(ctx context.Context, call call) (*http.Request, error) {
	var body io.Reader
	if call.body != nil {
		body = bytes.NewReader(call.body)
	}
	request, err := http.NewRequestWithContext(ctx, call.method, c.url+"/api/v1"+call.path, body)
	if err != nil {
		return nil, withoutURL(err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "syncrobot")
	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// checkAnswer returns the body of a 2xx that was read whole and is JSON. A
// login page with status 200 is a failure. Nothing at all is what DELETE
// /invoices/{id} answers (OpenAPI): then the body is empty.
func checkAnswer(call call, response *http.Response) ([]byte, *Error) {
	failure := &Error{Kind: Garbled, Status: response.StatusCode, Method: call.method, Path: pathOnly(call.path)}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if response.StatusCode < 200 || response.StatusCode > 299 {
		failure.Message = cut(call.transport.key.redact(message(body)))
		failure.Kind = kindOf(response.StatusCode, failure.Message)
		failure.RetryAfter = retryAfter(response.Header, time.Now())
		return nil, failure
	}
	contentType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch {
	case err != nil:
		failure.Err = fmt.Errorf("it was cut off: %w", call.transport.key.redactError(err))
	case len(body) > maxAnswer:
		failure.Err = fmt.Errorf("it is longer than %d bytes", maxAnswer)
	case call.method == http.MethodDelete && len(body) == 0:
		return body, nil
	case contentType != "application/json" && !strings.HasSuffix(contentType, "+json"):
		failure.Err = errors.New("it is not JSON by its Content-Type")
	case !json.Valid(body):
		failure.Err = errors.New("it is not JSON")
	default:
		return body, nil
	}
	return nil, failure
}

// newTransport is like Go's own, with bounds on connecting, and ours alone, so
// that nobody else's settings reach it.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: 8,
		WriteBufferSize:     16 << 10, // all headers fit, see do
		IdleConnTimeout:     60 * time.Second,
	}
}

// newWriteTransport takes a new connection for each write and stays with
// HTTP/1. On a connection that was used before, and with HTTP/2 on any,
// net/http sends a request again by itself when the connection ends at the
// wrong moment.
func newWriteTransport() *http.Transport {
	t := newTransport()
	t.DisableKeepAlives = true
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	return t
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func pathOnly(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

var pathID = regexp.MustCompile(`/\d+`)

// route is a path without its query and ids, as "/tickets/{id}/comment".
func route(path string) string { return pathID.ReplaceAllString(pathOnly(path), "/{id}") }
