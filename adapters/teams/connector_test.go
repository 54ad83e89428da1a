package teams

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
)

// sender is an adapter before a new world, which notes how long it waits.
func sender(t *testing.T) (*world, *Adapter, *[]time.Duration) {
	t.Helper()
	p := newWorld(t)
	a := p.start(t, chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(1)})
	waits := new([]time.Duration)
	a.connector.pause = func(_ context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return nil
	}
	return p, a, waits
}

func (p *world) place() place {
	return place{Service: p.service(), Conversation: "19:abc@thread.tacv2;messageid=7"}
}

func TestAMessageIsCleanJSON(t *testing.T) {
	t.Parallel()
	p, a, _ := sender(t)
	ref, err := a.post(t.Context(), p.place(), "m-0", chat.Card{Title: "Hello <b>"})
	if err != nil {
		t.Fatal(err)
	}
	sent := p.sent()
	if len(sent) != 1 {
		t.Fatalf("%d calls", len(sent))
	}
	if got, want := sent[0].method+" "+sent[0].path, "POST /connector/v3/conversations/19:abc@thread.tacv2;messageid=7/activities"; got != want {
		t.Errorf("called %s, want %s", got, want)
	}
	if sent[0].auth != "Bearer token-1" {
		t.Errorf("authorization %q", sent[0].auth)
	}
	act := sent[0].activity(t)
	delete(act["attachments"].([]any)[0].(map[string]any), "content")
	want := map[string]any{
		"type": "message", "from": map[string]any{"id": "28:" + appID}, "replyToId": "m-0",
		"conversation": map[string]any{"id": "19:abc@thread.tacv2;messageid=7"}, "summary": "Hello ‹b›",
		"attachments": []any{map[string]any{"contentType": "application/vnd.microsoft.card.adaptive"}},
	}
	if diff := cmp.Diff(want, act); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(sent[0].body, `\u003c`) {
		t.Error("HTML escapes take room")
	}
	at, err := parseRef(ref)
	if err != nil || at.Activity != "m-1" {
		t.Errorf("ref %s, %v", ref, err)
	}
}

func TestWhatIsTriedAgain(t *testing.T) {
	t.Parallel()
	busy := answer{status: 429, header: map[string]string{"Retry-After": "3"}}
	for _, c := range []struct {
		name   string
		put    bool
		script []answer
		calls  int
		fails  int // status of the error, 0: none, -1: no status
		waits  []time.Duration
	}{
		{name: "a message on 429 waits as told", script: []answer{busy, busy}, calls: 3, waits: []time.Duration{3 * time.Second, 3 * time.Second}},
		{name: "a message gives up after four times 429", script: []answer{busy, busy, busy, busy, busy}, calls: 4, fails: 429,
			waits: []time.Duration{3 * time.Second, 3 * time.Second, 3 * time.Second}},
		{name: "nobody waits an hour", script: []answer{{status: 429, header: map[string]string{"Retry-After": "3600"}}}, calls: 1, fails: 429},
		{name: "a message may have been shown on 502", script: []answer{{status: 502}}, calls: 1, fails: 502},
		{name: "a message may have been shown on 500", script: []answer{{status: 500}}, calls: 1, fails: 500},
		{name: "a message may have been shown without an answer", script: []answer{{drop: true}}, calls: 1, fails: -1},
		{name: "a refused token is replaced", script: []answer{{status: 401}}, calls: 2},
		{name: "a refused token is replaced once", script: []answer{{status: 401}, {status: 401}}, calls: 2, fails: 401},
		{name: "no redirect is followed", script: []answer{{status: 307, header: map[string]string{"Location": "/stolen"}}}, calls: 1, fails: 307},
		{name: "a change on 502 and a cut", put: true, script: []answer{{status: 502}, {drop: true}}, calls: 3},
		{name: "a change on 429", put: true, script: []answer{busy}, calls: 2, waits: []time.Duration{3 * time.Second}},
		{name: "a change on 412, which is one of the service's own troubles", put: true, script: []answer{{status: 412}}, calls: 2},
		{name: "a message may have been shown on 412", script: []answer{{status: 412}}, calls: 1, fails: 412},
		{name: "a change that is wrong", put: true, script: []answer{{status: 400}}, calls: 1, fails: 400},
		{name: "a change gives up", put: true, script: []answer{{status: 503}, {status: 503}, {status: 503}, {status: 503}}, calls: 4, fails: 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, a, waits := sender(t)
			p.script = c.script
			at, err := p.place(), error(nil)
			if c.put {
				at.Activity = "m-9"
				err = a.Redraw(t.Context(), chat.User{ID: personID}, at.ref(), chat.Card{Title: "x"})
			} else {
				_, err = a.post(t.Context(), at, "", chat.Card{Title: "x"})
			}
			e, answered := errors.AsType[*connectorError](err)
			switch {
			case c.fails == 0 && err != nil, c.fails == -1 && (err == nil || answered), c.fails > 0 && (!answered || e.Status != c.fails):
				t.Errorf("error %v, want status %d", err, c.fails)
			}
			if got := len(p.sent()); got != c.calls {
				t.Errorf("%d calls, want %d", got, c.calls)
			}
			if c.waits != nil && !slices.Equal(*waits, c.waits) {
				t.Errorf("waited %v, want %v", *waits, c.waits)
			}
			for i, d := range *waits {
				if least := firstWait << i; c.waits == nil && (d < least || d > least*5/4) {
					t.Errorf("wait %d was %v, want about %v", i, d, least)
				}
			}
		})
	}
}

func TestWhatTheConnectorSaysIsKeptShort(t *testing.T) {
	t.Parallel()
	p, a, _ := sender(t)
	p.script = []answer{{status: 403, body: `{"error":{"code":"MessageWritesBlocked","message":"blocked"}}`}}
	_, err := a.post(t.Context(), p.place(), "", chat.Card{})
	if e, ok := errors.AsType[*connectorError](err); !ok || e.Code != "MessageWritesBlocked" || e.Message != "blocked" {
		t.Errorf("error %v", err)
	}
	p.script = []answer{{status: 400, body: `{"error":{"code":"x","message":"` + strings.Repeat("y", 3000) + `"}}`}, {status: 400, body: strings.Repeat("z", 1<<20)}}
	for range 2 {
		if _, err = a.post(t.Context(), p.place(), "", chat.Card{}); err == nil || len(err.Error()) > 2*maxErrorText {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	}
}

func TestTheTokenGoesNowhereElse(t *testing.T) {
	t.Parallel()
	p, a, _ := sender(t)
	for _, service := range []string{"https://evil.example/teams", "http://localhost:1/", "", "://"} {
		at := place{Service: service, Conversation: "c", Activity: "m"}
		if _, err := a.post(t.Context(), at, "", chat.Card{}); err == nil {
			t.Errorf("%q: sent", service)
		}
		if err := a.Redraw(t.Context(), chat.User{ID: personID}, at.ref(), chat.Card{}); err == nil {
			t.Errorf("%q: redrawn", service)
		}
	}
	if p.count("/token") != 0 || len(p.sent()) != 0 {
		t.Error("a token was fetched or sent for a host that is not listed")
	}
}

func TestARefCannotLeadElsewhere(t *testing.T) {
	t.Parallel()
	p, a, _ := sender(t)
	for _, at := range []place{
		{Service: p.service(), Conversation: "../../evil", Activity: "m"},
		{Service: p.service(), Conversation: "c", Activity: ".."},
		{Service: p.service(), Conversation: "c/members", Activity: "m"},
		{Service: p.service(), Conversation: "", Activity: "m"},
	} {
		if err := a.Redraw(t.Context(), chat.User{ID: personID}, at.ref(), chat.Card{}); err == nil {
			t.Errorf("%+v: redrawn", at)
		}
	}
	for _, ref := range []chat.Ref{"", "no JSON", "[]"} {
		if err := a.Redraw(t.Context(), chat.User{ID: personID}, ref, chat.Card{}); err == nil {
			t.Errorf("%q: redrawn", ref)
		}
	}
	if sent := p.sent(); len(sent) != 0 {
		t.Errorf("called %v", sent)
	}
	odd := place{Service: p.service(), Conversation: "19:a b?c#d%2e", Activity: "m"}
	if err := a.Redraw(t.Context(), chat.User{}, odd.ref(), chat.Card{}); err != nil {
		t.Fatal(err)
	}
	if got, want := p.sent()[0].path, "/connector/v3/conversations/19:a%20b%3Fc%23d%252e/activities/m"; got != want {
		t.Errorf("called %s, want %s", got, want)
	}
}

func TestACardThatIsGoneIsShownAnewToThePersonAlone(t *testing.T) {
	t.Parallel()
	for _, status := range []int{403, 404} {
		p, a, _ := sender(t)
		p.script = []answer{{status: status, body: `{"error":{"code":"Gone"}}`}}
		at := p.place()
		at.Activity = "m-9"
		if err := a.Redraw(t.Context(), chat.User{ID: personID}, at.ref(), chat.Card{Title: "Done"}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range p.sent() {
			got = append(got, c.method+" "+c.path)
		}
		want := []string{
			"PUT /connector/v3/conversations/19:abc@thread.tacv2;messageid=7/activities/m-9",
			"POST /connector/v3/conversations",
			"POST /connector/v3/conversations/a:direct/activities",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		opened := p.sent()[1].activity(t)
		if diff := cmp.Diff(map[string]any{
			"bot": map[string]any{"id": "28:" + appID}, "members": []any{map[string]any{"id": personID}},
			"tenantId": tenantID, "channelData": map[string]any{"tenant": map[string]any{"id": tenantID}},
		}, opened); diff != "" {
			t.Error(diff)
		}
		if got := words(cardOf(p.sent()[2].activity(t))); got != "Done" {
			t.Errorf("shown %q", got)
		}

		p.script = []answer{{status: status}, {status: 403, body: `{"error":{"code":"MessageWritesBlocked"}}`}}
		err := a.Redraw(t.Context(), chat.User{ID: personID}, at.ref(), chat.Card{Title: "Done"})
		if err == nil || !strings.Contains(err.Error(), "MessageWritesBlocked") {
			t.Errorf("nobody was told, and the error is %v", err)
		}
	}
}

func TestNoTokenNoCall(t *testing.T) {
	t.Parallel()
	p, a, _ := sender(t)
	a.connector.bearer.form = url.Values{"client_secret": {"wrong"}}
	_, err := a.post(t.Context(), p.place(), "", chat.Card{})
	if !errors.Is(err, errSignIn) || !strings.Contains(err.Error(), "AADSTS7000215") || strings.Contains(err.Error(), "Trace") {
		t.Errorf("error %v", err)
	}
	p.with(func() { p.down["/token"] = 503 })
	if _, err = a.post(t.Context(), p.place(), "", chat.Card{}); !errors.Is(err, errSignIn) {
		t.Errorf("error %v", err)
	}
	p.server.Close()
	_, err = a.post(t.Context(), p.place(), "", chat.Card{})
	if !errors.Is(err, errSignIn) || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "http://") {
		t.Errorf("error %v", err)
	}
	if n := len(p.sent()); n != 0 {
		t.Errorf("%d calls without a token", n)
	}
}

func TestTheTokenIsFetchedOnceAndReplacedEarly(t *testing.T) {
	t.Parallel()
	p, a, _ := sender(t)
	get := func(want string) {
		t.Helper()
		if got, err := a.connector.bearer.get(t.Context()); err != nil || got != want {
			t.Errorf("token %q, %v; want %q", got, err, want)
		}
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { get("token-1") })
	}
	all.Wait()
	p.pass(54 * time.Minute)
	get("token-1")
	p.pass(2 * time.Minute)
	get("token-2")
	p.pass(56 * time.Minute)
	p.with(func() { p.down["/token"] = 500 })
	get("token-2") // still good for four minutes
	p.pass(5 * time.Minute)
	if _, err := a.connector.bearer.get(t.Context()); err == nil {
		t.Error("an expired token is given out")
	}
	p.with(func() { clear(p.down); p.expires = 0 })
	if _, err := a.connector.bearer.get(t.Context()); err == nil {
		t.Error("a token without an end is given out")
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	p, a, _ := sender(t)
	ctx, cancel := context.WithCancel(t.Context())
	a.connector.pause = func(ctx context.Context, _ time.Duration) error {
		cancel()
		return pause(ctx, time.Hour)
	}
	p.script = []answer{{status: 429}, {status: 429}}
	_, err := a.post(ctx, p.place(), "", chat.Card{})
	if e, ok := errors.AsType[*connectorError](err); !ok || e.Status != 429 {
		t.Errorf("error %v", err)
	}
	if n := len(p.sent()); n != 1 {
		t.Errorf("%d calls", n)
	}
	if _, err := a.post(ctx, p.place(), "", chat.Card{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestAMessageWithoutAnIdCannotBeRedrawn(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{}", "no JSON", `{"id":"../x"}`} {
		p, a, _ := sender(t)
		p.script = []answer{{status: 201, body: body}}
		if ref, err := a.post(t.Context(), p.place(), "", chat.Card{}); err != nil || ref != "" {
			t.Errorf("%q: ref %q, %v", body, ref, err)
		}
	}
}

func TestTheLibrarysOtherCalls(t *testing.T) {
	t.Parallel()
	p, a, _ := sender(t)
	u := must(url.Parse(p.service() + "/v3/conversations/c/activities/m"))
	if err := a.bot.Client.Delete(t.Context(), *u); err != nil {
		t.Error(err)
	}
	p.script = []answer{{status: 502}}
	raw, err := a.bot.Client.Get(t.Context(), *u)
	if err != nil || !json.Valid(raw) {
		t.Errorf("%s, %v", raw, err)
	}
	var got []string
	for _, c := range p.sent() {
		got = append(got, c.method)
	}
	if want := []string{http.MethodDelete, http.MethodGet, http.MethodGet}; !slices.Equal(got, want) {
		t.Errorf("called %v, want %v", got, want)
	}
}
