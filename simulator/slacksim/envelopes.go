package slacksim

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/coder/websocket"
)

// envelope is one delivery over sockets.
type envelope struct {
	ID      string          `json:"envelope_id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
	Answer  bool            `json:"accepts_response_payload"`
	Retry   int             `json:"retry_attempt,omitempty"`
	Why     string          `json:"retry_reason,omitempty"`

	acked chan json.RawMessage // holds the first acknowledgement's payload
	lost  chan struct{}        // a signal: a connection that it went over is gone, or an acknowledgement
	over  []*socketConn        // that it went over
}

// enveloped makes a delivery as HTTP has it into one for sockets.
func enveloped(d Delivery) (*envelope, error) {
	e := &envelope{
		ID: cmp.Or(d.Header.Get(envelopeHeader), strings.ToLower(token(32))), Answer: true,
		acked: make(chan json.RawMessage, 1), lost: make(chan struct{}, 1),
	}
	form, _ := url.ParseQuery(string(d.Body))
	switch d.Path {
	case commandsPath:
		fields := map[string]any{}
		for name := range form {
			fields[name] = form.Get(name)
		}
		// Over sockets some have it as a boolean and some as a string; nobody
		// knows which (slack-go/slack#1266).
		if trigger := form.Get("trigger_id"); trigger != "" && trigger[len(trigger)-1]%2 == 0 {
			fields["is_enterprise_install"] = form.Get("is_enterprise_install") == "true"
		}
		e.Type, e.Payload = "slash_commands", raw(fields)
	case interactionsPath, optionsPath:
		e.Type, e.Payload = "interactive", json.RawMessage(form.Get("payload"))
	case eventsPath:
		e.Type, e.Payload, e.Answer = "events_api", json.RawMessage(d.Body), false
	}
	if !json.Valid(e.Payload) {
		return nil, fmt.Errorf("%w: it cannot be sent over a socket", ErrUnreachable)
	}
	return e, nil
}

// envelopeHeader names the envelope of a delivery that is sent again as it was.
const envelopeHeader = "X-Sim-Envelope"

// sendOver delivers over a socket, and again over another where the
// acknowledgement does not come.
func (s *Slack) sendOver(ctx context.Context, ack *Ack) error {
	e, err := enveloped(ack.Sent)
	if err != nil {
		return err
	}
	ack.Sent.Header = ack.Sent.Header.Clone()
	ack.Sent.Header.Set(envelopeHeader, e.ID)
	k := &s.sockets
	k.mu.Lock()
	k.sent[e.ID] = e
	k.mu.Unlock()
	for first := true; ; first = false {
		c := s.route(e)
		if c == nil && first {
			return ErrUnreachable
		}
		if c != nil && c.trouble.Twice {
			s.route(e)
		}
		select {
		case payload := <-e.acked:
			ack.Status = http.StatusOK
			if len(payload) > 0 {
				ack.Body, ack.ContentType = payload, "application/json"
			}
			return nil
		case <-e.lost:
			e.Retry, e.Why = e.Retry+1, "connection_lost"
			if s.Sockets() == 0 {
				s.WaitSockets(ctx, 1)
			}
		case <-ctx.Done():
			// The person is told, and Slack tries once more.
			e.Retry, e.Why = e.Retry+1, "timeout"
			s.route(e)
			return ErrTimeout
		}
	}
}

// route sends an envelope over the next connection in turn; nil where there is none.
func (s *Slack) route(e *envelope) *socketConn {
	k := &s.sockets
	for range maxSockets {
		k.mu.Lock()
		if len(k.open) == 0 {
			k.mu.Unlock()
			return nil
		}
		k.next++
		c := k.open[k.next%len(k.open)] // one that was told to go as well, until it is closed
		e.over = append(e.over, c)
		k.mu.Unlock()
		if c.say(e) == nil {
			return c
		}
	}
	return nil
}

// listen takes the acknowledgements of one connection.
func (s *Slack) listen(ctx context.Context, c *socketConn) {
	for {
		kind, frame, err := c.ws.Read(ctx)
		if err != nil {
			return
		}
		if c.trouble.Silent || c.trouble.NoHello {
			continue
		}
		var ack struct {
			ID      string          `json:"envelope_id"`
			Payload json.RawMessage `json:"payload"`
		}
		if kind != websocket.MessageText || json.Unmarshal(frame, &ack) != nil || ack.ID == "" {
			s.complain("a socket", "no_acknowledgement", fmt.Sprintf("%.80q", frame))
			continue
		}
		if len(frame) >= maxAckPayload {
			s.complain("a socket", "too_long", "an acknowledgement of 20 KiB is dropped")
			continue
		}
		k := &s.sockets
		k.mu.Lock()
		e := k.sent[ack.ID]
		drop := c.trouble.DropAcks > 0
		if drop {
			c.trouble.DropAcks--
		}
		k.mu.Unlock()
		switch {
		case e == nil:
			s.complain("a socket", "unknown_envelope", "acknowledged and never sent: "+ack.ID)
		case len(ack.Payload) > 0 && !e.Answer:
			s.complain("a socket", "payload_not_accepted", "an answer to "+e.Type)
		case c.trouble.CloseOnAck:
			c.ws.CloseNow()
			return
		case drop:
			e.again()
		default:
			select {
			case e.acked <- ack.Payload:
			default: // a second one, of a delivery that went twice
			}
		}
	}
}

// again has an envelope sent again.
func (e *envelope) again() {
	select {
	case e.lost <- struct{}{}:
	default:
	}
}
