package main

import (
	"net/http"
	"testing"
)

// TestRedelivery: what a platform delivers more than once is done once.
func TestRedelivery(t *testing.T) {
	t.Parallel()
	slack := func(t *testing.T, settings ...setting) {
		t.Parallel()
		w := openWorld(t, settings...)
		dana := slackPerson{w, danaSlack, "C0DESK"}
		again := func() {
			acks := w.Slack.Acks()
			d := acks[len(acks)-1].Sent
			for _, fresh := range []bool{false, true, true} {
				if ack := w.Slack.Resend(t.Context(), d, fresh); ack.Status != http.StatusOK {
					t.Errorf("a repeat got %d", ack.Status)
				}
			}
		}
		c := ask(t, dana, "note 32164 only once", "Confirm:")
		again()
		press(t, dana, c, "Confirm", "Done and checked")
		again()
		once(t, w, dana)
	}
	t.Run("Slack", func(t *testing.T) { slack(t) })
	t.Run("Slack over sockets", func(t *testing.T) { slack(t, overSockets) })
	t.Run("Teams", func(t *testing.T) {
		t.Parallel()
		w := openWorld(t)
		dana := teamsPerson{w, danaTeams, "", ""}
		again := func() {
			all := w.Teams.Deliveries()
			for range 3 {
				if d := w.Teams.Resend(t.Context(), all[len(all)-1]); d.Status()/100 != 2 || d.Problem != "" {
					t.Errorf("a repeat got %d %s", d.Status(), d.Problem)
				}
			}
		}
		c := ask(t, dana, "note 32164 only once", "Confirm:")
		again()
		press(t, dana, c, "Confirm", "Done and checked")
		again()
		once(t, w, dana)
	})
}

// once checks, when the bot is at rest, that one card was shown and one
// comment made.
func once(t *testing.T, w *world, p person) {
	t.Helper()
	w.finish(t)
	if all := p.cards(t); len(all) != 1 || !all[0].has("Done and checked") {
		t.Errorf("%d cards: %v", len(all), all)
	}
	if n := w.Syncro.Count("POST", ""); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

// TestSlowSyncro: a command and a click are acknowledged while Syncro still
// has not answered.
func TestSlowSyncro(t *testing.T) {
	t.Parallel()
	everyTransport(t, func(t *testing.T, w *world, who func(string, string) person) {
		g := w.gate
		dana := who(danaSlack, danaTeams)
		g.close()
		dana.say(t, "note 32164 slowly") // fails without an acknowledgement, which cannot wait for the gate
		<-g.waiting
		if all := dana.cards(t); len(all) != 0 {
			t.Errorf("there are cards already: %v", all)
		}
		g.open()
		c := see(t, dana, "Confirm:")
		g.close()
		press(t, dana, c, "Confirm", "Confirmed. Sending to Syncro as Dana Ruiz.")
		<-g.waiting
		if n := w.writes(); n != 0 {
			t.Errorf("%d writes", n)
		}
		g.open()
		see(t, dana, "Done and checked")
	}, gated)
}
