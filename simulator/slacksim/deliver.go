package slacksim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// What a person is told when the app does not take a delivery.
var (
	ErrTimeout     = errors.New("operation_timeout")  // no answer in time
	ErrUnreachable = errors.New("dispatch_failed")    // no connection, or it broke
	ErrService     = errors.New("http_service_error") // any status but 200
	ErrAnswer      = errors.New("invalid_app_answer") // a 200 whose body Slack cannot use
	ErrForm        = errors.New("form not accepted")  // a field is missing or wrong, the modal stays open
)

// slackbot tells people what went wrong with a command.
const slackbot = "USLACKBOT"

const formType = "application/x-www-form-urlencoded"

// The app's routes.
const (
	commandsPath     = "/slack/commands"
	interactionsPath = "/slack/interactions"
	optionsPath      = "/slack/options"
	eventsPath       = "/slack/events"
)

// A Delivery is one request that Slack sent to the app.
type Delivery struct {
	Kind   string // slash_command, block_actions, view_submission, event_callback...; raw from SendRaw
	Path   string
	Header http.Header
	Body   []byte
}

// An Ack is how the app took a delivery.
type Ack struct {
	Sent        Delivery
	Status      int // 0 where there was no answer
	Body        []byte
	ContentType string
	Duration    time.Duration
	NoRetry     bool // the answer had X-Slack-No-Retry: 1
	// Err is nil when Slack is content. Otherwise it wraps ErrTimeout,
	// ErrUnreachable, ErrService, ErrAnswer or ErrForm, or ErrNotThere where
	// nothing was sent because the person cannot do that.
	Err error
}

// Acks lists how all deliveries so far were taken.
func (s *Slack) Acks() []Ack {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.acks)
}

// Resend sends a delivery again as a network or an attacker would: the same
// body, with its old signature or, if fresh, signed now. The answer is only recorded.
func (s *Slack) Resend(ctx context.Context, d Delivery, fresh bool) Ack {
	d.Header = d.Header.Clone()
	if fresh {
		maps.Copy(d.Header, s.Signed(d.Body, s.o.Now()))
		d.Header.Del(envelopeHeader)
	}
	return s.send(ctx, d)
}

// SendRaw sends a body to a path of the app with exactly these headers; nothing is signed.
func (s *Slack) SendRaw(ctx context.Context, path string, body []byte, header http.Header) Ack {
	return s.send(ctx, Delivery{Kind: "raw", Path: path, Header: header.Clone(), Body: body})
}

// deliver signs and sends.
func (s *Slack) deliver(ctx context.Context, kind, path, contentType string, body []byte, extra http.Header) Ack {
	h := s.Signed(body, s.o.Now())
	h.Set("Content-Type", contentType)
	h.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	h.Set("Accept", "application/json,*/*")
	maps.Copy(h, extra)
	return s.send(ctx, Delivery{Kind: kind, Path: path, Header: h, Body: body})
}

// interact delivers an interaction payload.
func (s *Slack) interact(ctx context.Context, path string, payload map[string]any) Ack {
	form := url.Values{"payload": {string(raw(payload))}}
	kind, _ := payload["type"].(string)
	return s.deliver(ctx, kind, path, formType, []byte(form.Encode()), nil)
}

func (s *Slack) send(ctx context.Context, d Delivery) Ack {
	s.mu.Lock()
	target := strings.TrimSuffix(s.o.BotURL, "/") + d.Path
	s.mu.Unlock()
	ack := Ack{Sent: d}
	limited, cancel := context.WithTimeout(ctx, s.o.AckLimit)
	defer cancel()
	start := time.Now()
	overSocket := s.socketMode()
	ack.Err = func() error {
		if overSocket {
			return s.sendOver(limited, &ack)
		}
		req, err := http.NewRequestWithContext(limited, http.MethodPost, target, bytes.NewReader(d.Body))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		if d.Header != nil {
			req.Header = d.Header.Clone()
		}
		resp, err := s.client.Do(req)
		if err == nil {
			defer resp.Body.Close()
			ack.Status, ack.ContentType = resp.StatusCode, resp.Header.Get("Content-Type")
			ack.Body, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
			ack.NoRetry = resp.Header.Get("X-Slack-No-Retry") == "1"
		}
		switch {
		case err != nil && ctx.Err() == nil && limited.Err() != nil:
			return ErrTimeout
		case err != nil:
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		case ack.Status != http.StatusOK:
			return fmt.Errorf("%w: status %d", ErrService, ack.Status)
		}
		return nil
	}()
	ack.Duration = time.Since(start)
	s.mu.Lock()
	s.acks = append(s.acks, ack)
	s.mu.Unlock()
	return ack
}
