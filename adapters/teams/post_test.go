package teams_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/adapters/teams"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
	"github.com/syncrobot/syncrobot/simulator/teamssim"
)

const crew = "19:aa0e2d3c4b5a69788796a5b4c3d2e1f0@thread.v2"

// poster is an adapter in a simulated Teams with its limits, which has heard
// nothing from it yet.
func poster(t *testing.T, notes chat.Notes) (*teamssim.Sim, *teams.Adapter) {
	t.Helper()
	sim, err := teamssim.New(teamssim.Options{
		TenantID: tenant, AppID: app, ClientSecret: "not a secret", BotName: "Syncrobot",
		Users:    []teamssim.User{{AADObjectID: dana, Name: "Dana Ruiz", Email: "dana@example.com"}},
		Channels: []teamssim.Channel{{TeamID: desk, ID: desk, Name: "Service desk"}}, Chats: []teamssim.Chat{{ID: crew, Name: "Crew"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(sim)
	t.Cleanup(front.Close)
	t.Cleanup(sim.Close)
	sim.SetBaseURL(front.URL)
	work := chat.NewWork(8)
	a, err := teams.New(teams.Options{
		TenantID: tenant, AppID: app, ClientSecret: "not a secret", TokenURL: sim.TokenURL(), OpenIDURL: sim.OpenIDURL(),
		ServiceHosts: []string{sim.ServiceHost()}, Handler: clerk{form: chattest.TicketForm()}, Seen: &chattest.Memory{}, Notes: notes, Work: work,
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	a.Mount(mux)
	bot := httptest.NewServer(mux)
	t.Cleanup(bot.Close)
	t.Cleanup(func() { work.Drain(context.Background()) })
	sim.SetBotURL(bot.URL)
	return sim, a
}

func unreachable(t *testing.T, err error, why string) {
	t.Helper()
	if e, ok := errors.AsType[*chat.UnreachableError](err); !ok || !strings.Contains(e.Why, why) {
		t.Errorf("%v, want %q", err, why)
	}
}

// TestPost: the bot knows where to speak once it was added, and still after a
// restart; it begins a thread in a channel, goes on in it, and writes to a
// group chat and to a person.
func TestPost(t *testing.T) {
	t.Parallel()
	notes := &chattest.Memory{}
	sim, a := poster(t, notes)
	ctx := t.Context()
	channel := chat.Place{Platform: "teams", Channel: desk}
	_, err := a.Post(ctx, channel, chat.Card{Title: "Too early"})
	unreachable(t, err, "heard nothing from Teams yet")
	unreachable(t, a.Reach(ctx, channel), "heard nothing from Teams yet")

	for _, d := range sim.Install(ctx, dana, desk) {
		if d.Err != nil {
			t.Fatal(d.Err)
		}
	}
	var ref chat.Ref
	eventually(t, func() bool { ref, err = a.Post(ctx, channel, chat.Card{Title: "#32171 is *new*"}); return err == nil })
	if err := a.Redraw(ctx, chat.User{Platform: "teams"}, ref, chat.Card{Title: "#32171 is taken"}); err != nil {
		t.Fatal(err)
	}
	below := channel
	below.Thread = ref
	if _, err := a.Post(ctx, below, chat.Card{Title: "Dana took it"}); err != nil {
		t.Fatal(err)
	}
	all := sim.Messages(dana, desk)
	if len(all) != 2 || all[0].Conversation != all[1].Conversation || !strings.Contains(string(all[0].Card), "#32171 is taken") {
		t.Errorf("the channel has %+v", all)
	}
	for _, at := range []chat.Place{{Platform: "teams", Channel: crew}, {Platform: "teams", Person: &chat.User{Platform: "teams", Tenant: tenant, ID: dana}}} {
		if err := a.Reach(ctx, at); err != nil {
			t.Errorf("Reach at %s: %v", at.Key(), err)
		}
		if _, err := a.Post(ctx, at, chat.Card{Title: "Hello"}); err != nil {
			t.Errorf("Post at %s: %v", at.Key(), err)
		}
	}
	if len(sim.Messages(dana, crew)) != 1 || len(sim.Messages(dana, sim.Personal(dana))) != 1 {
		t.Error("the chats have not one message each")
	}
	if err := a.Reach(ctx, channel); err != nil {
		t.Error(err)
	}
	for _, v := range sim.Violations() {
		t.Error(v)
	}

	_, err = a.Post(ctx, chat.Place{Platform: "teams", Channel: "19:unknown@thread.tacv2"}, chat.Card{Title: "Where?"})
	unreachable(t, err, "knows no such channel")
	sim.Uninstall(ctx, dana, desk)
	_, err = a.Post(ctx, channel, chat.Card{Title: "Gone"})
	unreachable(t, err, "not installed there")
	unreachable(t, a.Reach(ctx, channel), "not installed there")
	_, err = a.Post(ctx, chat.Place{Platform: "teams", Person: &chat.User{Platform: "teams", Tenant: "another", ID: dana}}, chat.Card{Title: "Who?"})
	unreachable(t, err, "another organisation")
}

// TestPostLimits: Teams' limits make it later, and what may have been shown is
// no matter for a second try.
func TestPostLimits(t *testing.T) {
	t.Parallel()
	sim, a := poster(t, &chattest.Memory{})
	channel := chat.Place{Platform: "teams", Channel: desk}
	sim.Install(t.Context(), dana, desk)
	eventually(t, func() bool { return a.Reach(t.Context(), channel) == nil })

	sim.Inject(teamssim.Fault{Method: http.MethodPost, Path: "/v3/conversations", Status: http.StatusBadGateway, Done: true, Times: 1})
	before := len(sim.Messages(dana, desk))
	_, err := a.Post(t.Context(), channel, chat.Card{Title: "in doubt"})
	_, isLater := errors.AsType[*chat.LaterError](err)
	if _, ok := errors.AsType[*chat.UnreachableError](err); err == nil || ok || isLater {
		t.Errorf("after a 502: %v", err)
	}
	if n := len(sim.Messages(dana, desk)) - before; n != 1 {
		t.Errorf("it was posted %d times", n)
	}
	sim.Inject(teamssim.Fault{Method: http.MethodPost, Path: "/v3/conversations", Status: http.StatusTooManyRequests, RetryAfter: 1e11, Times: 1})
	_, err = a.Post(t.Context(), channel, chat.Card{Title: "later"})
	if later, ok := errors.AsType[*chat.LaterError](err); !ok || later.Until.IsZero() {
		t.Errorf("after a 429: %v", err)
	}
}

// eventually waits for what is done after an acknowledgement.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}
