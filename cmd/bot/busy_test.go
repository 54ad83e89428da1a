package main

import (
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/syncro"
)

// TestBusy: who has to wait for Syncro's limit is told so at once, and how
// long. The answer to a command takes the place of that where the platform can
// (in Slack what a slash command showed stays, so the answer comes below it);
// a confirmed card says it itself.
func TestBusy(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		dana, rob := who(danaSlack, danaTeams), who(robSlack, robTeams)
		const busy = "Syncro is busy: "
		ask(t, rob, "32160", "#32160")
		c := ask(t, dana, "note 32164 in its turn", "Confirm:")
		// As after a 429, and long enough for a busy machine to come to wait.
		if err := syncro.NewLimiter(w.bot.redis, syncro.LimiterOptions{}).Pause(t.Context(), 10*time.Second); err != nil {
			t.Fatal(err)
		}
		dana.press(t, c, "Confirm")
		told := ask(t, rob, "32163", busy, "s…")
		await(t, dana, []string{busy}, func(all []card) int {
			for i, now := range all {
				if now.id == c.id && now.has("Confirmed.", busy, "It goes on by itself.") {
					return i
				}
			}
			return -1
		})
		if n := w.writes(); n != 0 {
			t.Errorf("%d requests were sent in the pause", n)
		}
		answer := see(t, rob, "#32163")
		if _, teams := rob.(teamsPerson); teams && answer.id != told.id {
			t.Error("the answer is not in the busy card's place")
		}
		done := press(t, dana, c, "Confirm", "Done and checked")
		if done.id != c.id || done.has(busy) {
			t.Errorf("the outcome is not in the card's place: %s", done.text)
		}
		if n := w.writes(); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}
