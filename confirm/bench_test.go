package confirm

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/internal/redistest"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/syncro"
)

// BenchmarkProposeAndConfirm is a change from its plan to its outcome: the
// ticket is read, the card proposed and pressed, the change sent and the
// outcome drawn; with a real Redis that writes everything to disk before it
// answers, and a simulated Syncro on loopback. Nearly all of the time is
// theirs.
func BenchmarkProposeAndConfirm(b *testing.B) {
	sim := syncrosim.New(syncrosim.Options{PerMinute: -1, Tokens: []syncrosim.Token{{Key: danaKey, UserID: 4101, Name: "Dana Ruiz"}}})
	server := httptest.NewServer(sim)
	defer server.Close()
	defer sim.Close()
	rdb := redistest.Start(b).Client()
	client, err := syncro.New(syncro.Options{
		URL: server.URL, Auth: "header", Timeout: 5 * time.Second, Redis: rdb,
		Limiter: syncro.NewLimiter(rdb, syncro.LimiterOptions{PerMinute: 60_000_000}),
	})
	if err != nil {
		b.Fatal(err)
	}
	actor := Actor{Name: "dana", FullName: "Dana Ruiz", UserID: 4101, Key: syncro.NewKey(danaKey)}
	var drawn chat.Card
	engine := New(Options{
		Store: NewStore(rdb), Syncro: client, Work: chat.NewWork(8), Log: slog.New(slog.DiscardHandler),
		Explain: func(err error) string { return err.Error() },
		People:  func(context.Context, string) (Actor, error) { return actor, nil },
		Redraw:  func(_ context.Context, _ chat.User, _ chat.Ref, c chat.Card) error { drawn = c; return nil },
		TTL:     time.Minute, Timeout: 5 * time.Second,
	})
	id := sim.Snapshot().Tickets[0].ID
	statuses := []string{"In Progress", "Waiting on Customer"}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		reader := client.Reader(actor.Key, syncro.ClassLookup).Once()
		ticket, err := reader.Ticket(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		to := statuses[0]
		if ticket.Status == to {
			to = statuses[1]
		}
		card, _, err := engine.Propose(b.Context(), dana, actor, reader, Plan{
			Title: "Change", Typed: "as typed", Ticket: &ticket, Steps: []syncro.Write{syncro.UpdateTicket{TicketID: id, Status: to, From: ticket.Status}},
		})
		if err != nil || len(card.Buttons) == 0 {
			b.Fatalf("no card to press: %+v, %v", card, err)
		}
		answer := engine.Click(b.Context(), chat.Request{User: dana, Click: &chat.Click{
			Verb: card.Buttons[0].Verb, Value: card.Buttons[0].Value, Card: "the card",
		}})
		if answer.Then == nil {
			b.Fatalf("the click was not taken: %+v", answer)
		}
		answer.Then(b.Context())
		if drawn.Tone != chat.Good {
			b.Fatalf("change %d ended as %+v", n, drawn)
		}
	}
}
