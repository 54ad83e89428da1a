package slack

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/simulator/slacksim"
)

// poster is an adapter in a simulated Slack with its limits.
func poster(t *testing.T, scopes []string) (*slacksim.Slack, *Adapter, *httptest.Server) {
	t.Helper()
	s := slacksim.New(slacksim.Options{
		SigningSecret: secret, BotToken: "xoxb-hidden", RateLimits: true, Scopes: scopes,
		Users: []slacksim.User{{ID: "U0001", Name: "dana", RealName: "Dana Ruiz"}, {ID: "U0009", Name: "eve", Stranger: true}},
		Channels: []slacksim.Channel{
			{ID: "C0001", Name: "billing", Members: []string{"U0001", "U0BOT"}},
			{ID: "C0002", Name: "shared", ExtShared: true, Members: []string{"U0BOT"}},
			{ID: "C0003", Name: "soon", PendingExtShared: true, Members: []string{"U0BOT"}},
			{ID: "C0004", Name: "elsewhere"},
			{ID: "C0005", Name: "old", Archived: true, Members: []string{"U0BOT"}},
		},
	})
	t.Cleanup(s.Close)
	own := httptest.NewServer(s)
	t.Cleanup(own.Close)
	s.SetBaseURL(own.URL)
	b, work := bot(newHandler())
	t.Cleanup(func() { drain(t, work) })
	a, err := New(Options{
		Teams: []string{"T0001"}, SigningSecret: secret, BotToken: "xoxb-hidden", APIURL: own.URL + "/api/",
		ResponseHosts: []string{strings.TrimPrefix(own.URL, "http://")}, Handler: b.Handler, Seen: b.Seen, Work: b.Work,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, a, own
}

func in(channel string) chat.Place { return chat.Place{Platform: "slack", Channel: channel} }

// TestPost: a card in a channel, redrawn in place, with one below it; and one
// to a person.
func TestPost(t *testing.T) {
	t.Parallel()
	s, a, _ := poster(t, nil)
	ctx := t.Context()
	ref, err := a.Post(ctx, in("C0001"), chat.Card{Title: "#32171 is <b>new</b> <!channel>"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Post(ctx, in("C0001"), chat.Card{Title: "too soon"}); !isLater(err) {
		t.Errorf("a second within a second: %v", err)
	}
	if err := a.Redraw(ctx, chat.User{Platform: "slack"}, ref, chat.Card{Title: "#32171 is taken", Parts: []chat.Part{chat.Text("by @dana")}}); err != nil {
		t.Fatal(err)
	}
	below := in("C0001")
	below.Thread = ref
	await(t, func() bool { _, err = a.Post(ctx, below, chat.Card{Title: "Dana took it"}); return !isLater(err) })
	if err != nil {
		t.Fatal(err)
	}
	all := s.Messages("U0001", "C0001")
	if len(all) != 2 || !strings.Contains(all[0].Text, "#32171 is taken") || !all[0].Edited || all[1].Thread != all[0].ID || all[0].Ephemeral {
		t.Errorf("the channel has %+v", all)
	}
	if _, err := a.Post(ctx, chat.Place{Platform: "slack", Person: &chat.User{Platform: "slack", Tenant: "T0001", ID: "U0001"}}, chat.Card{Title: "For you"}); err != nil {
		t.Fatal(err)
	}
	if all := s.Messages("U0001", s.DirectMessage("U0001")); len(all) != 1 || !strings.Contains(all[0].Text, "For you") {
		t.Errorf("the direct message is %+v", all)
	}
	for _, v := range s.Violations() {
		t.Error(v)
	}
}

func isLater(err error) bool {
	_, ok := errors.AsType[*chat.LaterError](err)
	return ok
}

// TestNothingIsPosted where it must not be, and Reach says the same before.
func TestNothingIsPosted(t *testing.T) {
	t.Parallel()
	_, a, _ := poster(t, nil)
	tests := []struct {
		at     chat.Place
		why    string
		asOnly bool // Reach says it alone
	}{
		{at: in("C0002"), why: "#shared is shared with another organisation"},
		{at: in("C0003"), why: "#soon is shared with another organisation, or about to be"},
		{at: in("C0004"), why: "the bot is not in"},
		{at: in("C0005"), why: "#old is archived"},
		{at: in("C0099"), why: "Slack knows no such channel"},
		{at: chat.Place{Platform: "slack", Person: &chat.User{Platform: "slack", Tenant: "T0002", ID: "U0001"}}, why: "another workspace"},
	}
	for _, test := range tests {
		for name, err := range map[string]error{"Reach": a.Reach(t.Context(), test.at), "Post": func() error { _, err := a.Post(t.Context(), test.at, chat.Card{Title: "Secret"}); return err }()} {
			if e, ok := errors.AsType[*chat.UnreachableError](err); !ok || !strings.Contains(e.Why, test.why) {
				t.Errorf("%s at %s: %v, want %q", name, test.at.Key(), err, test.why)
			}
		}
	}
	if err := a.Reach(t.Context(), in("C0001")); err != nil {
		t.Errorf("Reach at C0001: %v", err)
	}
	// Whether a channel is shared must be known.
	_, a, _ = poster(t, []string{"chat:write", "im:write"})
	if _, err := a.Post(t.Context(), in("C0001"), chat.Card{Title: "Secret"}); err == nil || !strings.Contains(err.Error(), "channels:read") {
		t.Errorf("without channels:read: %v", err)
	}
}

// TestAChannelThatIsSharedLater: a card that stands there keeps what it says.
func TestAChannelThatIsSharedLater(t *testing.T) {
	t.Parallel()
	s, a, _ := poster(t, nil)
	ctx := t.Context()
	ref, err := a.Post(ctx, in("C0001"), chat.Card{Title: "#32171 is new"})
	if err != nil {
		t.Fatal(err)
	}
	s.Share("C0001")
	a.channels.now = func() time.Time { return time.Now().Add(channelFresh) }
	err = a.Redraw(ctx, chat.User{Platform: "slack"}, ref, chat.Card{Title: "#32171 is invoiced"})
	if e, ok := errors.AsType[*chat.UnreachableError](err); !ok || !strings.Contains(e.Why, "shared with another organisation") {
		t.Errorf("%v", err)
	}
	if all := s.Messages("U0001", "C0001"); len(all) != 1 || strings.Contains(all[0].Text, "invoiced") {
		t.Errorf("the channel has %+v", all)
	}
}

// TestPostInDoubt: what certainly was not shown may be tried again, what may
// have been shown may not.
func TestPostInDoubt(t *testing.T) {
	t.Parallel()
	s, a, own := poster(t, nil)
	if err := a.Reach(t.Context(), in("C0001")); err != nil { // what Slack says of the channel is known now
		t.Fatal(err)
	}
	s.Fail(slacksim.Fault{On: "chat.postMessage", Status: http.StatusBadGateway, After: true, Times: 1})
	_, err := a.Post(t.Context(), in("C0001"), chat.Card{Title: "in doubt"})
	if _, ok := errors.AsType[*chat.UnreachableError](err); err == nil || ok || isLater(err) {
		t.Errorf("after a 502: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := a.Post(ctx, in("C0001"), chat.Card{Title: "in doubt"}); err == nil || isLater(err) {
		t.Errorf("after a time-out: %v", err)
	}
	own.Config.Handler = http.NotFoundHandler()
	own.Close()
	if _, err := a.Post(t.Context(), in("C0001"), chat.Card{Title: "not sent"}); !isLater(err) {
		t.Errorf("where nobody listens: %v", err)
	}
}
