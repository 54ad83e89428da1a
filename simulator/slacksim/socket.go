package slacksim

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	maxSockets    = 10               // of an app
	maxAckPayload = 20 << 10         // a longer acknowledgement is dropped in silence
	ticketLife    = 30 * time.Second // of the address that apps.connections.open gives out
	pingPause     = 5 * time.Second
	stormy        = 20 // apps.connections.open so often in ten seconds is a storm
)

// SocketTrouble is how a connection of Socket Mode goes wrong. The zero value
// is a connection with nothing wrong.
type SocketTrouble struct {
	Times int // how many connections; 0: until ClearTrouble

	Refuse     bool                 // the handshake is answered 500
	NoHello    bool                 // nothing is ever said
	OtherApp   bool                 // the hello is of another app
	Disconnect string               // right after the hello, for this reason
	Close      websocket.StatusCode // right after the hello, without a word
	Silent     bool                 // after the hello neither pings nor pongs, nor deliveries that arrive
	Garbage    []string             // frames after the hello: broken JSON, unknown types

	// Of deliveries on the connection:
	DropAcks   int  // so many acknowledgements are lost, and their deliveries come again
	CloseOnAck bool // the first acknowledgement finds the connection closed by Slack
	Twice      bool // every delivery comes on another connection too
}

// sockets is Socket Mode's side of the workspace.
type sockets struct {
	mu      sync.Mutex
	on      bool
	tickets map[string]time.Time
	open    []*socketConn
	changed chan struct{}
	opened  []time.Time // calls of apps.connections.open
	next    int
	trouble []*SocketTrouble
	sent    map[string]*envelope
}

type socketConn struct {
	ws      *websocket.Conn
	leaving bool // it was told to go
	writing sync.Mutex
	trouble SocketTrouble
}

// SetSocketMode switches Socket Mode on or off. While it is on nothing is
// delivered over HTTP. Switching it off disconnects everybody (link_disabled).
func (s *Slack) SetSocketMode(on bool) {
	s.sockets.mu.Lock()
	s.sockets.on = on
	s.sockets.mu.Unlock()
	if !on {
		s.Disconnect("link_disabled", 0)
	}
}

func (s *Slack) socketMode() bool {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	return s.sockets.on
}

// Trouble adds a trouble for connections to come.
func (s *Slack) Trouble(t SocketTrouble) {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	if t.Times == 0 {
		t.Times = -1
	}
	s.sockets.trouble = append(s.sockets.trouble, &t)
}

// ClearTrouble ends all troubles for connections to come.
func (s *Slack) ClearTrouble() {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	s.sockets.trouble = nil
}

// Sockets is how many connections said hello and are open, without those that
// were told to go.
func (s *Slack) Sockets() int {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	n := 0
	for _, c := range s.sockets.open {
		if !c.leaving {
			n++
		}
	}
	return n
}

// SocketsOpened is when apps.connections.open was called.
func (s *Slack) SocketsOpened() []time.Time {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	return slices.Clone(s.sockets.opened)
}

// WaitSockets waits until n connections are open.
func (s *Slack) WaitSockets(ctx context.Context, n int) error {
	for {
		have := s.Sockets()
		if have == n {
			return nil
		}
		s.sockets.mu.Lock()
		changed := s.sockets.changed
		s.sockets.mu.Unlock()
		if s.Sockets() == n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d sockets: %w; there are %d", n, ctx.Err(), have)
		}
	}
}

// Disconnect tells every connection to go, and closes it after a while.
func (s *Slack) Disconnect(reason string, after time.Duration) {
	s.sockets.mu.Lock()
	all := slices.Clone(s.sockets.open)
	s.sockets.mu.Unlock()
	for _, c := range all {
		s.disconnect(c, reason, after)
	}
}

// DisconnectOne does so with the oldest connection alone.
func (s *Slack) DisconnectOne(reason string, after time.Duration) {
	s.sockets.mu.Lock()
	var oldest *socketConn
	if len(s.sockets.open) > 0 {
		oldest = s.sockets.open[0]
	}
	s.sockets.mu.Unlock()
	if oldest != nil {
		s.disconnect(oldest, reason, after)
	}
}

// CutSockets breaks every connection without a word.
func (s *Slack) CutSockets() {
	s.sockets.mu.Lock()
	all := slices.Clone(s.sockets.open)
	s.sockets.mu.Unlock()
	for _, c := range all {
		c.ws.CloseNow()
	}
}

func (s *Slack) disconnect(c *socketConn, reason string, after time.Duration) {
	c.say(map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": "applink"}})
	s.sockets.mu.Lock()
	c.leaving = true
	s.sockets.touch()
	s.sockets.mu.Unlock()
	if after == 0 {
		c.ws.Close(websocket.StatusNormalClosure, "")
		return
	}
	time.AfterFunc(after, func() { c.ws.Close(websocket.StatusNormalClosure, "") })
}

// touch wakes who waits; mu is held.
func (k *sockets) touch() {
	close(k.changed)
	k.changed = make(chan struct{})
}

func (c *socketConn) say(v any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.ws.Write(ctx, websocket.MessageText, raw(v))
}

// openSocket is apps.connections.open.
func (s *Slack) openSocket(bearer string) map[string]any {
	now := time.Now()
	s.mu.Lock()
	base, want := s.base, s.o.AppToken
	s.mu.Unlock()
	k := &s.sockets
	k.mu.Lock()
	defer k.mu.Unlock()
	k.opened = append(k.opened, now)
	if n := len(k.opened); n >= stormy && now.Sub(k.opened[n-stormy]) < 10*time.Second {
		s.complain("apps.connections.open", "storm", fmt.Sprintf("called %d times in %s", stormy, now.Sub(k.opened[n-stormy])))
		return failed("ratelimited")
	}
	switch {
	case strings.HasPrefix(bearer, "xoxb-"):
		return failed("not_allowed_token_type")
	case bearer == "":
		return failed("not_authed")
	case bearer != want:
		return failed("invalid_auth")
	}
	ticket := token(32)
	k.tickets[ticket] = now.Add(ticketLife)
	return map[string]any{"ok": true, "url": "ws" + strings.TrimPrefix(base, "http") + "/link/?ticket=" + ticket + "&app_id=" + s.o.AppID}
}

// complain notes what the app does against Slack's rules.
func (s *Slack) complain(where, rule, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(where, []Violation{{Rule: rule, Detail: detail}})
}

// serveSocket is the address that apps.connections.open gives out.
func (s *Slack) serveSocket(w http.ResponseWriter, r *http.Request) {
	k := &s.sockets
	ticket := r.URL.Query().Get("ticket")
	k.mu.Lock()
	until, ok := k.tickets[ticket]
	delete(k.tickets, ticket)
	on, trouble := k.on, SocketTrouble{}
	if len(k.trouble) > 0 {
		t := k.trouble[0]
		trouble = *t
		if t.Times--; t.Times == 0 {
			k.trouble = k.trouble[1:]
		}
	}
	k.mu.Unlock()
	if !ok || time.Now().After(until) {
		s.complain("a socket", "invalid_ticket", "a ticket serves once, for 30 s")
		http.Error(w, "invalid ticket", http.StatusForbidden)
		return
	}
	if trouble.Refuse {
		http.Error(w, "trouble", http.StatusInternalServerError)
		return
	}
	quiet := func(context.Context, []byte) bool { return !trouble.Silent && !trouble.NoHello }
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, OnPingReceived: quiet})
	if err != nil {
		return
	}
	defer ws.CloseNow()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	context.AfterFunc(ctx, func() { ws.CloseNow() })
	go func() {
		select {
		case <-s.closed:
			ws.CloseNow()
		case <-ctx.Done():
		}
	}()
	c := &socketConn{ws: ws, trouble: trouble}
	if !trouble.NoHello {
		app := s.o.AppID
		if trouble.OtherApp {
			app = "A0OTHER"
		}
		k.mu.Lock()
		n := len(k.open) + 1
		k.mu.Unlock()
		c.say(map[string]any{
			"type": "hello", "num_connections": n, "connection_info": map[string]any{"app_id": app},
			"debug_info": map[string]any{"host": "applink", "approximate_connection_time": 18060},
		})
		reason := trouble.Disconnect
		if !on {
			reason = "link_disabled"
		} else if n > maxSockets {
			reason = "too_many_websockets"
		}
		if reason != "" {
			c.say(map[string]any{"type": "disconnect", "reason": reason})
			ws.Close(websocket.StatusNormalClosure, "")
			return
		}
		for _, frame := range trouble.Garbage {
			ws.Write(ctx, websocket.MessageText, []byte(frame))
		}
		if trouble.Close != 0 {
			ws.Close(trouble.Close, "")
			return
		}
		s.join(c)
		defer s.leave(c)
		if !trouble.Silent {
			go c.ping(ctx)
		}
	}
	s.listen(ctx, c)
}

func (c *socketConn) ping(ctx context.Context) {
	tick := time.NewTicker(pingPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			limited, cancel := context.WithTimeout(ctx, 10*time.Second)
			err := c.ws.Ping(limited)
			cancel()
			if err != nil {
				c.ws.CloseNow()
				return
			}
		}
	}
}

func (s *Slack) join(c *socketConn) {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	s.sockets.open = append(s.sockets.open, c)
	s.sockets.touch()
}

// leave takes a connection out. What was not acknowledged goes again.
func (s *Slack) leave(c *socketConn) {
	k := &s.sockets
	k.mu.Lock()
	defer k.mu.Unlock()
	k.open = slices.DeleteFunc(k.open, func(o *socketConn) bool { return o == c })
	for _, e := range k.sent {
		if slices.Contains(e.over, c) {
			e.again()
		}
	}
	k.touch()
}
