package main

import (
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// TestOverload: one person types without end while Syncro does not answer.
// What is taken is bounded, the rest is refused in the acknowledgement itself,
// another person is served as ever; what was taken is answered when Syncro
// comes to, and nothing is left behind. Not parallel: other tests' goroutines
// would look like leaks.
func TestOverload(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("Slack", func(t *testing.T) {
		answers := make(chan struct{})
		w := openWorld(t, func(w *world) {
			w.cfg.Syncro.Timeout = 4 * patience
			w.before = func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					if strings.HasPrefix(r.URL.Path, "/api/v1/tickets") {
						<-answers
					}
					next.ServeHTTP(rw, r)
				})
			}
		})
		const typed, share = 500, mostWork / 8
		refused := 0
		for range typed {
			ack := w.Slack.Command(t.Context(), danaSlack, "C0DESK", "search printer")
			switch {
			case ack.Err != nil:
				t.Fatal(ack.Err)
			case strings.Contains(string(ack.Body), "Nothing was sent. I have too much to do"):
				refused++
			case len(ack.Body) != 0:
				t.Fatalf("the acknowledgement says %s", ack.Body)
			}
		}
		if refused != typed-share {
			t.Errorf("%d of %d were refused, want all but %d", refused, typed, share)
		}
		ask(t, slackPerson{w, robSlack, "C0DESK"}, "help", "What you can type")
		close(answers)
		dana := slackPerson{w, danaSlack, "C0DESK"}
		until(t, "what was taken is answered", func() bool {
			n := 0
			for _, c := range dana.cards(t) {
				if c.has("printer") {
					n++
				}
			}
			return n == share
		})
		ask(t, dana, "whoami", "You are dana")
		w.finish(t)
		w.wellMannered(t)
	})
	goleak.VerifyNone(t, before)
}
