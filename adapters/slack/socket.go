package slack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	slackapi "github.com/slack-go/slack"
)

// socket is the transport by which the bot calls Slack: Socket Mode
// (docs.slack.dev, "Using Socket Mode"). slack-go's own client is not used: it
// reconnects without a pause when Slack hangs up right after its hello, and
// closes a connection before the next is there.
//
// There are always two connections, and Slack may send anything on either.
// Before Slack recycles one it says so; the next is there before the old one
// stops being read. What was not acknowledged comes again, on another
// connection or to another replica, and the doors know a repeat.
type socket struct {
	open func(context.Context) (address string, err error) // apps.connections.open
	take func(context.Context, envelope) (said, error)
	door func(ctx context.Context, kind string) (context.Context, func())
	app  string // that must be connected to, where it is not empty
	log  *slog.Logger

	dialer websocket.Dialer
	times  socketTimes
	paces  paces

	turn sync.Mutex // held by whoever is connecting
	last time.Time  // when a connection was opened last
}

// socketTimes are how long what takes.
type socketTimes struct {
	hello   time.Duration // from the dialling to Slack's hello
	ping    time.Duration // between two of our pings
	silence time.Duration // without any frame of Slack's, pongs included: it is dead
	write   time.Duration // one frame
	overlap time.Duration // that an old connection is still read
}

var usualTimes = socketTimes{
	hello: 15 * time.Second, ping: 10 * time.Second, silence: 30 * time.Second, write: 3 * time.Second, overlap: 30 * time.Second,
}

const (
	connections = 2  // of a process; Slack allows an app 10
	atOnce      = 64 // envelopes of one connection

	// maxPayload bounds an acknowledgement. Slack drops one of 20 KiB or more
	// in silence (slack-go, socketmode).
	maxPayload = 20<<10 - 256
)

// envelope is everything that comes over a connection. What kind decides what
// of it is filled.
type envelope struct {
	Type    string          `json:"type"`
	ID      string          `json:"envelope_id"`
	Payload json.RawMessage `json:"payload"`
	Answer  bool            `json:"accepts_response_payload"`

	Reason     string `json:"reason"` // of a disconnect
	Connection struct {
		App string `json:"app_id"`
	} `json:"connection_info"` // of a hello
}

type acknowledgement struct {
	ID      string `json:"envelope_id"`
	Payload any    `json:"payload,omitempty"`
}

func newSocket(a *Adapter, o Options, client *http.Client) *socket {
	web := slackapi.New(o.BotToken, slackapi.OptionAppLevelToken(o.AppToken),
		slackapi.OptionAPIURL(o.APIURL), slackapi.OptionHTTPClient(client))
	if o.Door == nil {
		o.Door = func(ctx context.Context, _ string) (context.Context, func()) { return ctx, func() {} }
	}
	return &socket{
		open: func(ctx context.Context) (string, error) {
			_, address, err := web.StartSocketModeContext(ctx)
			return address, err
		},
		take: a.onEnvelope, door: o.Door, app: o.AppID, log: o.Log,
		dialer: websocket.Dialer{Proxy: http.ProxyFromEnvironment},
		times:  usualTimes, paces: usualPaces,
	}
}

// Run keeps the connections of Socket Mode until ctx ends; then it takes
// nothing new, answers what it took, and closes them. Over HTTP there is
// nothing to keep.
func (a *Adapter) Run(ctx context.Context) {
	if a.socket != nil {
		a.socket.run(ctx)
	}
}

// onEnvelope takes what came over a socket, by the doors that HTTP has.
func (a *Adapter) onEnvelope(ctx context.Context, e envelope) (said, error) {
	switch e.Type {
	case "slash_commands":
		var c slashCommand
		if json.Unmarshal(e.Payload, &c) != nil {
			return said{}, errors.New("the payload is no slash command")
		}
		return a.onCommand(ctx, deliveryOf(e.Payload), c), nil
	case "interactive":
		return a.onInteraction(ctx, deliveryOf(e.Payload), e.Payload)
	case "events_api":
		return said{}, a.onEvent(ctx, e.Payload)
	}
	return said{}, nil // acknowledged, so that Slack does not repeat it
}

// known is an envelope's type where it is one of Slack's: what else comes makes
// no new figures.
func known(kind string) string {
	switch kind {
	case "slash_commands", "interactive", "events_api":
		return kind
	}
	return "other"
}

func (s *socket) run(ctx context.Context) {
	var alive sync.WaitGroup
	for range connections {
		alive.Go(func() { s.keep(ctx, &alive) })
	}
	alive.Wait()
}

// keep has one connection after the other, each begun before the last ends
// where Slack says so in time.
func (s *socket) keep(ctx context.Context, alive *sync.WaitGroup) {
	pace := pace{paces: s.paces}
	for pace.wait(ctx) == nil {
		c, err := s.connect(ctx)
		if ctx.Err() != nil {
			if c != nil {
				c.ws.Close()
			}
			return
		}
		if err != nil {
			pace.slower(err)
			s.tell(ctx, "no connection to Slack", err, pace)
			continue
		}
		alive.Go(func() { s.serve(ctx, c) })
		why := <-c.due
		if pace.ended(time.Since(c.born), why); ctx.Err() == nil {
			s.tell(ctx, "a connection to Slack ends", why, pace)
		}
	}
}

// tell logs why there is a connection less. That Slack recycles one that
// lived long is no news.
func (s *socket) tell(ctx context.Context, what string, why error, p pace) {
	level := slog.LevelInfo
	if p.failures > 0 {
		level = slog.LevelError
	}
	s.log.Log(ctx, level, what, "error", why, "remedy", remedy(why), "again_in", max(time.Until(p.next), 0).Round(time.Second).String())
}

// connect opens one connection and waits for Slack's hello on it. Only one is
// opened at a time.
func (s *socket) connect(ctx context.Context) (*connection, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := sleepUntil(ctx, s.last.Add(s.paces.least)); err != nil {
		return nil, err
	}
	s.last = time.Now()
	return s.dial(ctx)
}

// dial opens a connection. Its errors never have the address in them, which
// lets anybody connect who has it.
func (s *socket) dial(ctx context.Context) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, s.times.hello)
	defer cancel()
	address, err := s.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("apps.connections.open: %w", err)
	}
	if u, err := url.Parse(address); err != nil || u.Scheme != "wss" && (u.Scheme != "ws" || !loopback(u.Hostname())) {
		return nil, errors.New("apps.connections.open: the address is not wss")
	}
	ws, _, err := s.dialer.DialContext(ctx, address, nil)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	ws.SetReadLimit(maxBody)
	c := &connection{ws: ws, due: make(chan error, 1), born: time.Now(), times: s.times}
	stop := context.AfterFunc(ctx, func() { ws.Close() })
	defer stop()
	var hello envelope
	err = ws.ReadJSON(&hello)
	switch {
	case err != nil:
		err = fmt.Errorf("no hello: %w", err)
	case hello.Type == "disconnect":
		err = disconnected(hello.Reason)
	case hello.Type != "hello":
		err = fmt.Errorf("no hello, but %q", hello.Type)
	case s.app != "" && hello.Connection.App != "" && hello.Connection.App != s.app:
		err = errOtherApp
	}
	if err != nil {
		ws.Close()
		return nil, err
	}
	s.log.InfoContext(ctx, "connected to Slack")
	return c, nil
}

// connection is one WebSocket after its hello.
type connection struct {
	ws    *websocket.Conn
	due   chan error // why the next connection is due
	born  time.Time
	times socketTimes

	writing sync.Mutex
	reading sync.Mutex // guards what follows
	over    bool       // nothing more is to be read
}

// serve takes what comes until the connection ends, Slack's patience with an
// old one is over, or ctx ends; then it answers what it took.
func (s *socket) serve(ctx context.Context, c *connection) {
	defer c.ws.Close()
	defer context.AfterFunc(ctx, c.stop)()
	rest := c.heartbeat()
	work := context.WithoutCancel(ctx) // what was taken is answered, even while the bot stops
	var taken sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	err := c.read(func(e envelope) {
		switch {
		case e.Type == "disconnect":
			c.replace(disconnected(e.Reason))
			time.AfterFunc(s.times.overlap, c.stop)
		case e.ID == "":
			s.log.WarnContext(ctx, "what came over a socket is no envelope", "type", e.Type)
		default:
			slots <- struct{}{}
			taken.Go(func() {
				defer func() { <-slots }()
				s.answer(work, c, e)
			})
		}
	})
	rest()
	c.replace(err)
	taken.Wait()
	c.goodbye()
}

// replace asks for the next connection.
func (c *connection) replace(why error) {
	select {
	case c.due <- why:
	default: // it was asked for already
	}
}

// answer does what an envelope asks and acknowledges it. A broken connection
// is no reason to forget it: it comes again, and is known then.
func (s *socket) answer(ctx context.Context, c *connection, e envelope) {
	defer func() {
		if v := recover(); v != nil {
			s.log.ErrorContext(ctx, "an envelope's work panicked", "envelope", e.ID, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	ctx, answered := s.door(ctx, known(e.Type))
	told, err := s.take(ctx, e)
	if err != nil {
		s.log.WarnContext(ctx, "envelope not understood", "envelope", e.ID, "type", e.Type, "error", err)
	}
	if told.then != nil {
		defer told.then()
	}
	ack := acknowledgement{ID: e.ID}
	if e.Answer {
		ack.Payload = told.body
	}
	frame, err := json.Marshal(ack)
	if err == nil && len(frame) > maxPayload {
		s.log.ErrorContext(ctx, "an answer is longer than Slack takes", "envelope", e.ID, "bytes", len(frame))
		frame, err = json.Marshal(acknowledgement{ID: e.ID})
	}
	if err == nil {
		err = c.write(frame)
		answered()
	}
	if err != nil {
		s.log.WarnContext(ctx, "an envelope could not be acknowledged, Slack sends it again", "envelope", e.ID, "error", err)
		c.stop()
	}
}

// read hands on what comes, until nothing more does. What is no JSON is
// skipped.
func (c *connection) read(take func(envelope)) error {
	pong := c.ws.PingHandler()
	c.ws.SetPingHandler(func(data string) error {
		c.await()
		return pong(data)
	})
	c.ws.SetPongHandler(func(string) error { c.await(); return nil })
	for {
		c.await()
		_, frame, err := c.ws.ReadMessage()
		if err != nil {
			return err
		}
		var e envelope
		if json.Unmarshal(frame, &e) != nil {
			e = envelope{Type: "no JSON"}
		}
		take(e)
	}
}

// await gives Slack time for its next frame.
func (c *connection) await() {
	c.reading.Lock()
	defer c.reading.Unlock()
	if !c.over {
		c.ws.NetConn().SetReadDeadline(time.Now().Add(c.times.silence))
	}
}

// stop ends the reading; what was taken may still be answered.
func (c *connection) stop() {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.over = true
	c.ws.NetConn().SetReadDeadline(time.Now())
}

// goodbye closes the connection and waits a little until Slack has done so
// too: an end with something unread resets it, and the last acknowledgements
// on their way would be lost.
func (c *connection) goodbye() {
	if c.control(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")) != nil {
		return
	}
	c.ws.NetConn().SetReadDeadline(time.Now().Add(c.times.write))
	io.Copy(io.Discard, c.ws.NetConn())
}

// heartbeat pings Slack until the returned function is called.
func (c *connection) heartbeat() (stop func()) {
	done := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		tick := time.NewTicker(c.times.ping)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if c.control(websocket.PingMessage, nil) != nil {
					c.stop()
				}
			}
		}
	})
	return func() { close(done); beating.Wait() }
}

func (c *connection) write(frame []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.ws.SetWriteDeadline(time.Now().Add(c.times.write))
	return c.ws.WriteMessage(websocket.TextMessage, frame)
}

func (c *connection) control(kind int, data []byte) error {
	return c.ws.WriteControl(kind, data, time.Now().Add(c.times.write))
}

// disconnected is why Slack says that it ends a connection: warning,
// refresh_requested, link_disabled, too_many_websockets.
type disconnected string

func (d disconnected) Error() string {
	return "Slack disconnects: " + cmp.Or(word.FindString(string(d)), "no reason given")
}

var errOtherApp = errors.New("the app-level token is of another app than app_id")

// remedy is what an administrator can do about having no connection; empty
// where waiting is all.
func remedy(err error) string {
	if errors.Is(err, disconnected("link_disabled")) {
		return "switch Socket Mode on in the Slack app's settings, or write transport: http"
	}
	if errors.Is(err, disconnected("too_many_websockets")) {
		return "Slack allows an app 10 connections, and each bot has 2: run fewer"
	}
	if errors.Is(err, errOtherApp) {
		return "write the app-level token of the app that app_id names"
	}
	if r, ok := errors.AsType[slackapi.SlackErrorResponse](err); ok {
		switch r.Err {
		case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type":
			return "write a valid app-level token (xapp-...) as slack.app_token"
		case "missing_scope":
			return "give the app-level token the scope connections:write"
		}
	}
	return ""
}
