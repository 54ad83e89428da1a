package slack

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
	"github.com/syncrobot/syncrobot/internal/redistest"
)

// handler notes what arrives and answers as it is told.
type handler struct {
	chattest.Idle
	commands, clicks, submits, searches, shortcuts chan chat.Request

	reply    func(context.Context, chat.Request, chat.Replier)
	answer   func(chat.Request) chat.Answer
	submit   func(chat.Request) (map[string]string, func(context.Context, chat.Replier))
	suggest  func(context.Context, chat.Request) []chat.Option
	shortcut func(chat.Request) (*chat.Form, *chat.Card)
}

func newHandler() *handler {
	return &handler{
		commands: make(chan chat.Request, 64), clicks: make(chan chat.Request, 64), submits: make(chan chat.Request, 64),
		searches: make(chan chat.Request, 64), shortcuts: make(chan chat.Request, 64),
		reply:    func(context.Context, chat.Request, chat.Replier) {},
		answer:   func(chat.Request) chat.Answer { return chat.Answer{} },
		submit:   func(chat.Request) (map[string]string, func(context.Context, chat.Replier)) { return nil, nil },
		suggest:  func(context.Context, chat.Request) []chat.Option { return nil },
		shortcut: func(chat.Request) (*chat.Form, *chat.Card) { return nil, nil },
	}
}

func (h *handler) Command(ctx context.Context, req chat.Request, r chat.Replier) {
	h.commands <- req
	h.reply(ctx, req, r)
}

func (h *handler) Click(_ context.Context, req chat.Request) chat.Answer {
	h.clicks <- req
	return h.answer(req)
}

func (h *handler) Submit(_ context.Context, req chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
	h.submits <- req
	return h.submit(req)
}

func (h *handler) Suggest(ctx context.Context, req chat.Request) []chat.Option {
	h.searches <- req
	return h.suggest(ctx, req)
}

func (h *handler) Shortcut(_ context.Context, req chat.Request) (*chat.Form, *chat.Card) {
	h.shortcuts <- req
	return h.shortcut(req)
}

// bot is a handler with a memory and work, for play.
func bot(h chat.Handler) (chattest.Bot, *chat.Work) {
	work := chat.NewWork(512)
	return chattest.Bot{Handler: h, Seen: new(chattest.Memory), Work: work}, work
}

func drain(t testing.TB, work *chat.Work) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := work.Drain(ctx); err != nil {
		t.Fatal("the work does not end")
	}
}

// redisSeen is a chat.Seen in Redis.
type redisSeen struct{ rdb *redis.Client }

func (s redisSeen) First(ctx context.Context, key string) (bool, error) {
	err := s.rdb.SetArgs(ctx, "syncrobot:seen:"+key, 1, redis.SetArgs{Mode: "NX", TTL: time.Hour}).Err()
	if err == redis.Nil {
		return false, nil
	}
	return err == nil, err
}

func TestARepeatAcrossReplicasIsHandledOnce(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	h, work := newHandler(), chat.NewWork(16)
	one, _ := play(t, chattest.Bot{Handler: h, Seen: redisSeen{server.Client()}, Work: work}, nil)
	two, _ := play(t, chattest.Bot{Handler: h, Seen: redisSeen{server.Client()}, Work: work}, nil)
	body := one.commandBody("d1", "close 32164").Encode()
	for _, replica := range []*fakeSlack{one, two, one} {
		if status, answer := replica.post(t, "/slack/commands", typeForm, body); status != 200 || answer != "" {
			t.Errorf("status %d, answer %q, want 200 and nothing", status, answer)
		}
	}
	drain(t, work)
	if n := len(h.commands); n != 1 {
		t.Errorf("handled %d times", n)
	}
}

func TestWithoutRedisThePersonIsTold(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	h, work := newHandler(), chat.NewWork(16)
	f, _ := play(t, chattest.Bot{Handler: h, Seen: redisSeen{server.Client()}, Work: work}, nil)
	server.Kill()
	status, answer := f.command(t, f.commandBody("d1", "close 32164"))
	if status != 200 || !strings.Contains(answer, "Nothing was sent") || !strings.Contains(answer, "Redis") {
		t.Errorf("status %d, answer %q", status, answer)
	}
	server.Restart()
	f.command(t, f.commandBody("d2", "close 32164"))
	drain(t, work)
	if n := len(h.commands); n != 1 {
		t.Errorf("handled %d times, want the second alone", n)
	}
}

// Slack looks at a command's certificate with a GET, and asks for a 200.
func TestTheCheckOfTheCertificateIsAnswered(t *testing.T) {
	t.Parallel()
	h := newHandler()
	b, work := bot(h)
	f, _ := play(t, b, nil)
	for path, want := range map[string]int{"/slack/commands?ssl_check=1": 200, "/slack/interactions": 405, "/slack/options": 405, "/slack/events": 405} {
		resp, err := alone().Get(f.bot.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want || resp.ContentLength > 0 && want == 200 {
			t.Errorf("%s: status %d with %d bytes, want %d", path, resp.StatusCode, resp.ContentLength, want)
		}
	}
	drain(t, work)
	if len(h.commands) != 0 {
		t.Error("it was taken for a command")
	}
}

func TestCommandsThatAreNotOurs(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, field, value, want string }{
		{"another app", "api_app_id", "A0666", "another Slack app"},
		{"another workspace", "team_id", "T0666", "workspace"},
		{"an app of a whole organisation", "is_enterprise_install", "true", "workspace"},
		{"another command", "command", "/other", "/syncro"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHandler()
			b, work := bot(h)
			f, _ := play(t, b, nil)
			form := f.commandBody("d1", "close 32164")
			form.Set(test.field, test.value)
			status, answer := f.command(t, form)
			if status != http.StatusOK || !strings.HasPrefix(answer, "Nothing was sent.") || !strings.Contains(answer, test.want) {
				t.Errorf("status %d, answer %q", status, answer)
			}
			drain(t, work)
			if len(h.commands) != 0 {
				t.Error("it was handled")
			}
		})
	}
}

func TestInteractionsThatAskNothing(t *testing.T) {
	t.Parallel()
	confirm := map[string]any{"action_id": "confirm", "value": "op"}
	tests := []struct {
		name string
		mend func(payload map[string]any)
	}{
		{"another app", func(p map[string]any) { p["api_app_id"] = "A0666" }},
		{"another workspace", func(p map[string]any) { p["team"] = map[string]any{"id": "T0666"} }},
		{"an app of a whole organisation", func(p map[string]any) { p["team"] = nil }},
		{"a button that opens an address", func(p map[string]any) { p["actions"] = []any{map[string]any{"type": "button", "action_id": "open:1"}} }},
		{"no action", func(p map[string]any) { p["actions"] = []any{} }},
		{"a shortcut without a name", func(p map[string]any) { p["type"] = "message_action" }},
		{"a shortcut in another workspace", func(p map[string]any) {
			p["type"], p["callback_id"], p["team"] = "message_action", "new_ticket", map[string]any{"id": "T0666"}
		}},
		{"a shortcut of another app", func(p map[string]any) {
			p["type"], p["callback_id"], p["api_app_id"] = "shortcut", "open_tickets", "A0666"
		}},
		{"a modal that is not ours", func(p map[string]any) { p["type"] = "view_submission" }},
		{"a closed modal", func(p map[string]any) { p["type"] = "view_closed"; p["actions"] = nil }},
		{"a type of next year", func(p map[string]any) { p["type"] = "hologram"; p["actions"] = nil }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHandler()
			b, work := bot(h)
			f, _ := play(t, b, nil)
			payload := f.click("d1", confirm, nil)
			test.mend(payload)
			if status := f.interaction(t, payload); status != http.StatusOK {
				t.Errorf("status %d", status)
			}
			drain(t, work)
			if len(h.clicks)+len(h.submits)+len(h.shortcuts) != 0 || len(f.Calls()) != 0 {
				t.Errorf("handled %d times, asked %v", len(h.clicks), f.Calls())
			}
		})
	}
}

func TestAClickWithElementsOfNextYear(t *testing.T) {
	t.Parallel()
	h := newHandler()
	b, work := bot(h)
	f, _ := play(t, b, nil)
	payload := f.click("d1", map[string]any{"action_id": "pick:2", "value": "op"}, nil)
	payload["message"] = map[string]any{"blocks": []any{map[string]any{"type": "actions", "elements": []any{map[string]any{"type": "hologram", "text": 7}}}}}
	f.interaction(t, payload)
	drain(t, work)
	req := <-h.clicks
	if req.Click.Card == "" || strings.Contains(string(req.Click.Card), "lent") {
		t.Errorf("ref = %q", req.Click.Card)
	}
	if req.Click.Aside == "" || req.Click.Aside == req.Click.Card || strings.Contains(string(req.Click.Aside), "lent") {
		t.Errorf("ref aside = %q", req.Click.Aside)
	}
	want := chat.Request{Delivery: req.Delivery, Click: &chat.Click{Verb: "pick", Value: "op", Card: req.Click.Card, Aside: req.Click.Aside},
		User: chat.User{Platform: "slack", Tenant: "T0001", ID: "U0001", Name: "Dana Ruiz"}}
	if diff := cmp.Diff(want, req); diff != "" {
		t.Error(diff)
	}
}

func TestEventsAndOptions(t *testing.T) {
	t.Parallel()
	b, _ := bot(newHandler())
	f, _ := play(t, b, nil)
	tests := []struct{ name, path, contentType, body, want string }{
		{"Slack checks the address", "/slack/events", "application/json; charset=utf-8",
			`{"token":"t","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}`,
			"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"},
		{"an event", "/slack/events", typeJSON, `{"type":"event_callback","event_id":"Ev1","event":{"type":"app_home_opened"}}`, ""},
		{"a menu's options", "/slack/options", typeForm, "payload=%7B%22type%22%3A%22block_suggestion%22%7D", `{"options":[]}` + "\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if status, got := f.post(t, test.path, test.contentType, test.body); status != 200 || got != test.want {
				t.Errorf("status %d, answer %q, want %q", status, got, test.want)
			}
		})
	}
}

func TestWhatNewRefuses(t *testing.T) {
	t.Parallel()
	whole := func() Options {
		return Options{Teams: []string{"T0001"}, SigningSecret: secret, BotToken: "xoxb",
			Handler: newHandler(), Seen: new(chattest.Memory), Work: chat.NewWork(1)}
	}
	if _, err := New(whole()); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		mend func(*Options)
		want string
	}{
		{"no workspace", func(o *Options) { o.Teams = nil }, "teams"},
		{"no signing secret", func(o *Options) { o.SigningSecret = "" }, "signing secret"},
		{"no token", func(o *Options) { o.BotToken = "" }, "token"},
		{"a command without slash", func(o *Options) { o.Command = "syncro" }, "begins with /"},
		{"no handler", func(o *Options) { o.Handler = nil }, "handler"},
		{"http to another machine", func(o *Options) { o.APIURL = "http://slack.example/api/" }, "https"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := whole()
			test.mend(&o)
			if _, err := New(o); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want one about %q", err, test.want)
			}
		})
	}
}

// What was confirmed does not wait until every way to show that it was taken
// has been tried: Slack's response_urls may hang.
func TestWhatFollowsAClickWaitsForOneWayAlone(t *testing.T) {
	t.Parallel()
	h := newHandler()
	b, work := bot(h)
	f, _ := play(t, b, nil)
	f.respond = func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // so that a hang-up is noticed
		<-r.Context().Done()
	}
	var before []string
	h.answer = func(chat.Request) chat.Answer {
		return chat.Answer{Replace: &chat.Card{Title: "Working on it"}, Then: func(context.Context) { before = f.Calls() }}
	}
	f.interaction(t, f.click("d1", map[string]any{"action_id": "confirm", "value": "op"}, &shownMessage{}))
	drain(t, work)
	if diff := cmp.Diff([]string{"users.info", "response_url"}, before); diff != "" {
		t.Error(diff)
	}
}
