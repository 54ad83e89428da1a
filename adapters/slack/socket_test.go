package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	slackapi "github.com/slack-go/slack"
	"go.uber.org/goleak"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
	"github.com/syncrobot/syncrobot/simulator/slacksim"
)

// quick are times for tests: what Slack says in minutes it says here in
// tenths of a second.
var (
	quick      = socketTimes{hello: 2 * time.Second, ping: 50 * time.Millisecond, silence: time.Second, write: 3 * time.Second, overlap: 5 * time.Second}
	quickPaces = paces{least: 20 * time.Millisecond, most: 200 * time.Millisecond, long: 100 * time.Millisecond, steady: 300 * time.Millisecond}
)

// plugged is a simulated Slack with bots connected to it.
type plugged struct {
	*slacksim.Slack
	t    *testing.T
	api  string
	seen *chattest.Memory
	logs *strings.Builder
	out  *lockedWriter
}

func plug(t *testing.T) *plugged {
	t.Helper()
	p := &plugged{t: t, seen: new(chattest.Memory), logs: new(strings.Builder)}
	p.out = &lockedWriter{w: p.logs}
	p.Slack = slacksim.New(slacksim.Options{
		BotToken: "xoxb-hidden", AppToken: "xapp-hidden",
		Users:    []slacksim.User{{ID: "U0001", Name: "dana", RealName: "Dana Ruiz"}},
		Channels: []slacksim.Channel{{ID: "C0001", Name: "helpdesk", Members: []string{"U0001", "U0BOT"}}},
	})
	p.SetSocketMode(true)
	own := httptest.NewServer(p.Slack)
	t.Cleanup(own.Close)
	t.Cleanup(p.Close)
	p.api = own.URL
	p.SetBaseURL(own.URL)
	return p
}

// bot connects one more bot; stop ends it as a shutdown does.
func (p *plugged) bot(h chat.Handler, mend func(*Options)) (stop func()) {
	p.t.Helper()
	b, work := bot(h)
	o := Options{
		Teams: []string{"T0001"}, AppID: "A0001", AppToken: "xapp-hidden", BotToken: "xoxb-hidden",
		APIURL: p.api + "/api/", ResponseHosts: []string{strings.TrimPrefix(p.api, "http://")},
		Handler: b.Handler, Seen: p.seen, Work: b.Work,
		Log: slog.New(slog.NewTextHandler(p.out, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if mend != nil {
		mend(&o)
	}
	a, err := New(o)
	if err != nil {
		p.t.Fatal(err)
	}
	a.socket.times, a.socket.paces = quick, quickPaces
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		drain(p.t, work)
	})
	p.t.Cleanup(stop)
	return stop
}

func (p *plugged) sockets(n int) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	if err := p.WaitSockets(ctx, n); err != nil {
		p.t.Fatal(err)
	}
}

func (p *plugged) polite() {
	p.t.Helper()
	for _, v := range p.Violations() {
		p.t.Errorf("against Slack's rules: %v", v)
	}
}

func (p *plugged) log() string {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	return p.logs.String()
}

// echo answers every command with its own words.
func echo() *handler {
	h := newHandler()
	h.commands = make(chan chat.Request, 4096)
	h.reply = func(ctx context.Context, req chat.Request, r chat.Replier) {
		r.Reply(ctx, chat.Card{Title: "You said " + req.Text, Buttons: []chat.Button{{Label: "Press", Verb: "press", Value: "op"}}})
	}
	return h
}

func (p *plugged) say(text string) slacksim.Ack {
	return p.Command(p.t.Context(), "U0001", "C0001", text)
}

func TestSocketDoesAllThatHTTPDoes(t *testing.T) {
	t.Parallel()
	form := chattest.TicketForm()
	h := echo()
	h.answer = func(chat.Request) chat.Answer { return chat.Answer{Form: &form} }
	h.suggest = func(context.Context, chat.Request) []chat.Option {
		return []chat.Option{{Label: "Harbor Dental", Value: "11"}}
	}
	h.submit = func(req chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
		if req.Form.Values["subject"] == "VPN" {
			return map[string]string{"subject": "Say more."}, nil
		}
		return nil, func(ctx context.Context, r chat.Replier) {
			r.Reply(ctx, chat.Card{Title: "Made of " + req.Form.Values["subject"]})
		}
	}
	p := plug(t)
	p.bot(h, nil)
	p.sockets(connections)
	ctx := t.Context()
	s := &workspace{Slack: p.Slack, t: t}

	const text = `note 32164 a <b> & "c" *d* _e_ <!channel> &amp; “f” 😀 שלום`
	s.ok(p.say(text))
	if got := (<-h.commands).Text; got != text {
		t.Errorf("typed was %q, got %q", text, got)
	}
	s.ok(s.Click(ctx, "U0001", s.sees("C0001", "You said").ID, "press"))
	s.modal("You see what will be made")
	if found, ack := s.Suggest(ctx, "U0001", "", "customer", ""); ack.Err != nil || len(found) != 1 {
		t.Fatalf("found %q, %v", found, ack.Err)
	}
	if ack := s.Submit(ctx, "U0001", map[string]string{"customer": "11", "subject": "VPN"}); !errors.Is(ack.Err, slacksim.ErrForm) {
		t.Errorf("a form with a problem: %v", ack.Err)
	}
	if v, _ := s.View("U0001"); v.Errors["subject"] != "Say more." {
		t.Errorf("said %q", v.Errors)
	}
	s.ok(s.Submit(ctx, "U0001", map[string]string{"subject": "VPN drops"}))
	s.sees("C0001", "Made of VPN drops")
	for _, ack := range p.Slack.Event(ctx, map[string]any{"type": "app_home_opened", "user": "U0001"}) {
		s.ok(ack)
	}
	p.seen.Fail(errors.New("connection refused"))
	s.ok(p.say("32164"))
	s.sees("C0001", "My memory (Redis) does not answer")
	p.polite()
}

func TestSocketServesNoRoutes(t *testing.T) {
	t.Parallel()
	p := plug(t)
	h := echo()
	p.bot(h, nil)
	p.sockets(connections)
	b, _ := bot(h)
	a, err := New(Options{Teams: []string{"T0001"}, AppToken: "xapp-x", BotToken: "xoxb-x", Handler: b.Handler, Seen: b.Seen, Work: b.Work})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	a.Mount(mux)
	for _, path := range []string{"/slack/commands", "/slack/interactions", "/slack/options", "/slack/events"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader("")))
		if w.Code != 404 {
			t.Errorf("%s answers %d", path, w.Code)
		}
	}
}

// TestSocketRefresh: Slack recycles both connections again and again while
// somebody types. Every command is acknowledged and done, once.
func TestSocketRefresh(t *testing.T) {
	t.Parallel()
	for name, refresh := range map[string]func(p *plugged){
		"both, with a warning":       func(p *plugged) { p.Disconnect("warning", 5*time.Second) },
		"both, with a refresh":       func(p *plugged) { p.Disconnect("refresh_requested", 5*time.Second) },
		"one, without a word before": func(p *plugged) { p.DisconnectOne("refresh_requested", 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHandler() // that does not answer, so that there is never too much to do
			p := plug(t)
			p.bot(h, nil)
			p.sockets(connections)
			stop := make(chan struct{})
			var typing sync.WaitGroup
			var typed int
			typing.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						typed++
						if ack := p.say("32164"); ack.Err != nil {
							t.Errorf("command %d: %v", typed, ack.Err)
						}
						<-h.commands // done, and not refused because there is too much to do
					}
				}
			})
			for range 3 {
				opened := len(p.SocketsOpened())
				refresh(p)
				await(t, func() bool { return len(p.SocketsOpened()) > opened })
				p.sockets(connections)
			}
			close(stop)
			typing.Wait()
			if n := len(h.commands); n != 0 || typed < 3 {
				t.Errorf("%d commands were typed, %d done twice", typed, n)
			}
			p.polite()
		})
	}
}

// TestSocketOpensTheNextBeforeTheOldCloses: a connection that is told to go is
// read until its end, and the next is there by then.
func TestSocketOpensTheNextBeforeTheOldCloses(t *testing.T) {
	t.Parallel()
	p := plug(t)
	p.bot(echo(), nil)
	p.sockets(connections)
	p.Disconnect("warning", time.Hour) // only the bot ends them
	p.sockets(connections)
	if ack := p.say("32164"); ack.Err != nil {
		t.Error(ack.Err)
	}
	p.polite()
}

func TestSocketTroubles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trouble slacksim.SocketTrouble
		says    string // in the log
		lives   bool   // the connection does, all the same
	}{
		"no handshake":                      {slacksim.SocketTrouble{Refuse: true}, "bad handshake", false},
		"no hello":                          {slacksim.SocketTrouble{NoHello: true}, "no hello", false},
		"another app's hello":               {slacksim.SocketTrouble{OtherApp: true}, "another app than app_id", false},
		"disconnected right after hello":    {slacksim.SocketTrouble{Disconnect: "refresh_requested"}, "refresh_requested", false},
		"too many":                          {slacksim.SocketTrouble{Disconnect: "too_many_websockets"}, "run fewer", false},
		"an unknown reason":                 {slacksim.SocketTrouble{Disconnect: "xapp secret"}, "no reason given", false},
		"closed: going away":                {slacksim.SocketTrouble{Close: websocket.StatusGoingAway}, "close 1001", false},
		"closed: internal error":            {slacksim.SocketTrouble{Close: websocket.StatusInternalError}, "close 1011", false},
		"closed: policy":                    {slacksim.SocketTrouble{Close: websocket.StatusPolicyViolation}, "close 1008", false},
		"silent: neither pings nor pongs":   {slacksim.SocketTrouble{Silent: true}, "i/o timeout", false},
		"frames that are no envelopes":      {slacksim.SocketTrouble{Garbage: []string{"{", "null", "[]", `{"type":"new_thing"}`, `{"type":7}`}}, "is no envelope", true},
		"an acknowledgement is lost":        {slacksim.SocketTrouble{DropAcks: 1}, "a repeat", true},
		"closed before the acknowledgement": {slacksim.SocketTrouble{CloseOnAck: true}, "a repeat", true},
		"everything twice":                  {slacksim.SocketTrouble{Twice: true}, "a repeat", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := echo()
			p := plug(t)
			c.trouble.Times = 3
			p.Trouble(c.trouble)
			p.bot(h, nil)
			if !c.lives {
				await(t, func() bool { return len(p.SocketsOpened()) >= c.trouble.Times+connections })
			}
			p.sockets(connections)
			const typed = 6
			for range typed {
				if ack := p.say("32164"); ack.Err != nil {
					t.Error(ack.Err)
				}
			}
			await(t, func() bool { return strings.Contains(p.log(), c.says) })
			await(t, func() bool { return len(h.commands) == typed })
			for range 5 { // nothing is done twice, later either
				if n := len(h.commands); n != typed {
					t.Fatalf("%d of %d commands were done", n, typed)
				}
				time.Sleep(10 * time.Millisecond)
			}
			p.polite()
			if strings.Contains(p.log(), "ticket=") || strings.Contains(p.log(), "xapp") && c.trouble.Disconnect == "xapp secret" {
				t.Errorf("a secret is in the log: %s", p.log())
			}
		})
	}
}

// TestSocketStorm: Slack disconnects every connection right after its hello,
// for as long as the bot lives. It asks for new ones at a pace that falls.
func TestSocketStorm(t *testing.T) {
	t.Parallel()
	p := plug(t)
	p.Trouble(slacksim.SocketTrouble{Disconnect: "refresh_requested"})
	p.bot(echo(), nil)
	await(t, func() bool { return len(p.SocketsOpened()) >= 12 })
	// Six calls of each connection, with pauses of 20, 40, 80, 160 and 200 ms at least.
	if all := p.SocketsOpened(); all[11].Sub(all[0]) < 400*time.Millisecond {
		t.Errorf("12 calls came in %s", all[11].Sub(all[0]))
	}
	p.ClearTrouble()
	p.sockets(connections)
}

// TestPace: failures make the pause longer, up to a bound; a connection that
// lived ends that.
func TestPace(t *testing.T) {
	t.Parallel()
	p := pace{paces: usualPaces}
	pause := func(why error) time.Duration { p.slower(why); return time.Until(p.next).Round(time.Second / 2) }
	for i, least := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300} {
		least *= time.Second
		if got := pause(errors.New("x")); got < least || got > least*3/2 {
			t.Errorf("the pause after failure %d is %s, want %s and up to a half more", i+1, got, least)
		}
	}
	for range 1000 {
		p.slower(errors.New("x")) // does not overflow
	}
	if got := pause(errors.New("x")); got < usualPaces.most {
		t.Errorf("after many failures the pause is %s", got)
	}
	p.ended(time.Hour, nil)
	if got := pause(disconnected("link_disabled")); got < time.Minute {
		t.Errorf("what only a person can mend is tried again in %s", got)
	}
	p.ended(time.Hour, nil)
	if got := pause(fmt.Errorf("open: %w", &slackapi.RateLimitedError{RetryAfter: time.Hour})); got < time.Hour {
		t.Errorf("Slack asked for an hour, it was given %s", got)
	}
	p.ended(time.Hour, nil)
	p.ended(time.Second, errors.New("x"))
	if got := time.Until(p.next); got <= 0 {
		t.Error("a connection that lived a second is followed by the next without a pause")
	}
}

func TestSocketThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	p := plug(t)
	p.Fail(slacksim.Fault{On: "apps.connections.open", Times: 2, Status: 429})
	p.Fail(slacksim.Fault{On: "apps.connections.open", Times: 2, Status: 503})
	p.bot(echo(), nil)
	p.sockets(connections)
	for _, words := range []string{"rate limit", "503"} {
		if !strings.Contains(p.log(), words) {
			t.Errorf("the log has not %q", words)
		}
	}

	for token, words := range map[string]string{"xapp-other": "invalid_auth", "xoxb-hidden": "not_allowed_token_type"} {
		q := plug(t)
		q.bot(echo(), func(o *Options) { o.AppToken = token })
		await(t, func() bool { return strings.Contains(q.log(), words) && strings.Contains(q.log(), "slack.app_token") })
		if strings.Contains(q.log(), token) {
			t.Error("the token is in the log")
		}
	}
}

// TestSocketModeSwitchedOff: the administrator switches Socket Mode off, and
// on again.
func TestSocketModeSwitchedOff(t *testing.T) {
	t.Parallel()
	p := plug(t)
	p.bot(echo(), nil)
	p.sockets(connections)
	p.SetSocketMode(false)
	await(t, func() bool { return strings.Contains(p.log(), "switch Socket Mode on") })
	p.SetSocketMode(true)
	p.sockets(connections)
	p.polite()
}

// TestSocketCut: all connections break at once, without a word.
func TestSocketCut(t *testing.T) {
	t.Parallel()
	h := echo()
	p := plug(t)
	p.bot(h, nil)
	p.sockets(connections)
	p.CutSockets()
	await(t, func() bool { return len(p.SocketsOpened()) >= 2*connections })
	p.sockets(connections)
	if ack := p.say("32164"); ack.Err != nil {
		t.Error(ack.Err)
	}
	p.polite()
}

// TestSocketReplicas: deliveries come to any of three bots, some of them
// twice, and each is done once.
func TestSocketReplicas(t *testing.T) {
	t.Parallel()
	h := echo()
	p := plug(t)
	p.Trouble(slacksim.SocketTrouble{Twice: true, Times: 4})
	for i := range 3 {
		p.bot(h, nil)
		p.sockets(connections * (i + 1))
	}
	const typed = 30
	var typing sync.WaitGroup
	for range typed {
		typing.Go(func() {
			if ack := p.say("32164"); ack.Err != nil {
				t.Error(ack.Err)
			}
		})
	}
	typing.Wait()
	acks := p.Acks()
	for _, fresh := range []bool{false, true} { // the same envelope, the same delivery in a new one
		p.Resend(t.Context(), acks[len(acks)-1].Sent, fresh)
	}
	await(t, func() bool { return len(h.commands) == typed && strings.Count(p.log(), "a repeat") >= 2 })
	if n := len(h.commands); n != typed {
		t.Errorf("%d commands were done", n)
	}
	p.polite()
}

// TestSocketShutdown: what was taken is acknowledged and finished; then the
// connections are closed, and nothing goes on. Not parallel: other tests'
// goroutines would look like leaks.
func TestSocketShutdown(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("", func(t *testing.T) {
		h := echo()
		entered, release := make(chan struct{}), make(chan struct{})
		h.suggest = func(context.Context, chat.Request) []chat.Option {
			return []chat.Option{{Label: "Harbor Dental", Value: "11"}}
		}
		h.submit = func(chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
			close(entered)
			<-release
			return map[string]string{"subject": "Say more."}, nil
		}
		form := chattest.TicketForm()
		h.answer = func(chat.Request) chat.Answer { return chat.Answer{Form: &form} }
		p := plug(t)
		stop := p.bot(h, nil)
		p.sockets(connections)
		s := &workspace{Slack: p.Slack, t: t}
		s.ok(p.say("create"))
		s.ok(s.Click(t.Context(), "U0001", s.sees("C0001", "You said").ID, "press"))
		s.modal("You see what will be made")
		s.Suggest(t.Context(), "U0001", "", "customer", "")
		answered := make(chan slacksim.Ack, 1)
		go func() {
			answered <- s.Submit(t.Context(), "U0001", map[string]string{"customer": "11", "subject": "VPN"})
		}()
		select {
		case <-entered:
		case ack := <-answered:
			t.Fatal(ack.Err)
		}
		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		select {
		case <-stopped:
			t.Error("it stopped before it answered what it took")
		case <-time.After(50 * time.Millisecond):
		}
		close(release)
		if ack := <-answered; !errors.Is(ack.Err, slacksim.ErrForm) {
			t.Errorf("the form that was handed in meanwhile: %v", ack.Err)
		}
		<-stopped
		p.sockets(0)
		p.polite()
	})
	goleak.VerifyNone(t, before)
}

func TestAnAnswerThatIsTooLongIsNotSent(t *testing.T) {
	t.Parallel()
	p := plug(t)
	h := echo()
	stop := p.bot(h, nil)
	stop()
	b, _ := bot(h)
	a, err := New(Options{
		Teams: []string{"T0001"}, AppToken: "xapp-hidden", BotToken: "xoxb-hidden", APIURL: p.api + "/api/",
		Handler: b.Handler, Seen: b.Seen, Work: b.Work,
	})
	if err != nil {
		t.Fatal(err)
	}
	a.socket.times, a.socket.paces = quick, quickPaces
	a.socket.take = func(context.Context, envelope) (said, error) {
		return said{body: map[string]string{"text": strings.Repeat("x", 21<<10)}}, nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	p.sockets(connections)
	if ack := p.say("32164"); ack.Err != nil || len(ack.Body) != 0 {
		t.Errorf("%v, %d bytes", ack.Err, len(ack.Body))
	}
	cancel()
	running.Wait()
	p.polite()
}

// TestAPanicInOneEnvelopeEndsNothingElse: the one is not acknowledged, and
// what comes after it is done.
func TestAPanicInOneEnvelopeEndsNothingElse(t *testing.T) {
	t.Parallel()
	h := echo()
	h.suggest = func(context.Context, chat.Request) []chat.Option { panic("a bad payload") }
	form := chattest.TicketForm()
	h.answer = func(chat.Request) chat.Answer { return chat.Answer{Form: &form} }
	p := plug(t)
	p.bot(h, nil)
	p.sockets(connections)
	s := &workspace{Slack: p.Slack, t: t}
	s.ok(p.say("create"))
	s.ok(s.Click(t.Context(), "U0001", s.sees("C0001", "You said").ID, "press"))
	s.modal("You see what will be made")
	if _, ack := s.Suggest(t.Context(), "U0001", "", "customer", "x"); !errors.Is(ack.Err, slacksim.ErrTimeout) {
		t.Errorf("a panic was answered: %v", ack.Err)
	}
	s.ok(p.say("32164"))
	if !strings.Contains(p.log(), "a bad payload") {
		t.Error("the log does not tell of it")
	}
}

// Over sockets some commands say in a boolean whose installation it is, and
// some in a string.
func TestWhoseInstallationItIs(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		``: "", `,"is_enterprise_install":"false"`: "", `,"is_enterprise_install":false`: "", `,"is_enterprise_install":null`: "",
		`,"is_enterprise_install":"true"`: "workspace", `,"is_enterprise_install":true`: "workspace",
	} {
		h := newHandler()
		b, work := bot(h)
		_, a := play(t, b, nil)
		told, err := a.onEnvelope(t.Context(), envelope{Type: "slash_commands", Payload: json.RawMessage(
			`{"team_id":"T0001","api_app_id":"A0001","user_id":"U0001","command":"/syncro","text":"open"` + said + `}`)})
		if err != nil {
			t.Errorf("%s: %v", said, err)
		}
		drain(t, work)
		answer, _ := json.Marshal(told.body)
		if want == "" && (len(h.commands) != 1 || told.body != nil) || !strings.Contains(string(answer), want) {
			t.Errorf("%s: %d commands, answered %s", said, len(h.commands), answer)
		}
	}
}
