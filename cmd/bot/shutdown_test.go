package main

import (
	"context"
	"testing"

	"go.uber.org/goleak"
)

// TestShutdown: SIGTERM in the middle of a confirmed send. The send is
// finished, the card becomes the outcome, serve ends without an error, and
// nothing goes on behind it. Not parallel: other tests' goroutines would look
// like leaks.
func TestShutdown(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for _, name := range []string{"Slack", "Slack over sockets", "Teams"} {
		t.Run(name, func(t *testing.T) {
			settings := []setting{gated}
			if name == "Slack over sockets" {
				settings = append(settings, overSockets)
			}
			w := openWorld(t, settings...)
			var dana person = slackPerson{w, danaSlack, "C0DESK"}
			if name == "Teams" {
				dana = teamsPerson{w, danaTeams, "", ""}
			}
			c := ask(t, dana, "note 32164 the last word", "Confirm:")
			w.gate.close()
			press(t, dana, c, "Confirm", "Confirmed. Sending to Syncro")
			<-w.gate.waiting
			w.quit()
			until(t, "no new work is taken", func() bool {
				return !w.bot.work.Start(t.Context(), func(context.Context) {})
			})
			select {
			case err := <-w.ended:
				t.Fatalf("serve ended (%v) before what it had begun", err)
			default:
			}
			w.gate.open()
			w.finish(t)
			if n := w.Syncro.Count("POST", ""); n != 1 {
				t.Errorf("sent %d times", n)
			}
			if got := w.lastComment(t, 32164).Body; got != "the last word" {
				t.Errorf("Syncro has %q", got)
			}
			see(t, dana, "Done and checked")
		})
	}
	goleak.VerifyNone(t, before)
}
