package main

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// TestEvening is what the bot says to technicians by itself: once, to whom it
// is about, and only where there is something to say.
func TestEvening(t *testing.T) {
	t.Parallel()
	for name, who := range map[string]func(w *world, slack, teams string) person{
		"Slack": func(w *world, slack, _ string) person { return slackPerson{w, slack, w.Slack.DirectMessage(slack)} },
		"Teams": func(w *world, _, teams string) person { return teamsPerson{w, teams, "", ""} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := openWorld(t)
			// For all of them it is noon now, whatever the clock says here.
			noon := time.Duration(12) * time.Hour
			now := time.Now().UTC()
			clock := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute
			zone := time.FixedZone("noon", int((noon - clock).Seconds()))
			for i := range w.cfg.Technicians {
				person := &w.cfg.Technicians[i]
				person.Zone = zone
				if name == "Teams" {
					person.Slack = nil
				}
			}
			dana, rob := who(w, danaSlack, danaTeams), who(w, robSlack, robTeams)
			ask(t, dana, "start 32164", "Timer started")
			ask(t, dana, "note 32159 a draft", "Confirm:")
			ask(t, rob, "whoami", "Rob Ames")
			w.cfg.EndOfDay.On, w.cfg.EndOfDay.At, w.cfg.EndOfDay.Days = true, noon-time.Hour, [7]bool{true, true, true, true, true, true, true}
			w.cfg.Timers.NudgeAfter = time.Nanosecond

			before := len(w.Syncro.Requests())
			var all sync.WaitGroup
			for range 2 { // they race
				all.Go(func() { w.replica(t) })
			}
			all.Wait()
			find := func(p person, words ...string) (found []card) {
				for _, c := range p.cards(t) {
					if c.has(words...) {
						found = append(found, c)
					}
				}
				return found
			}
			until(t, "both messages to Dana", func() bool {
				return len(find(dana, "Before you go")) > 0 && len(find(dana, "Still working on #32164?")) > 0
			})
			day := find(dana, "Before you go")[0]
			if !day.has("▶ Timer running", "on #32164", "no time of yours is on it", "#32157", "Waiting for you", "Confirm: Note on #32159", "Only you see this.") {
				t.Errorf("the message says: %s", day.text)
			}
			if strings.Contains(day.text, "#32159 · Waiting") || strings.Contains(day.text, "#32102") {
				t.Errorf("others' or older tickets in: %s", day.text)
			}
			// What is pressed is answered below it.
			press(t, dana, day, "Show", "Confirm: Note on #32159", "a draft")
			if len(find(dana, "Before you go")) != 1 {
				t.Errorf("the message is gone")
			}
			// The list, and each ticket of hers that changed since midnight; Rob's are other requests.
			mine := 0
			for _, r := range w.Syncro.Requests()[before:] {
				if r.UserID == 4101 {
					mine++
				}
			}
			if mine > 9 {
				t.Errorf("%d requests for one message", mine)
			}
			w.finish(t)
			for _, words := range []string{"Before you go", "Still working on"} {
				if got := len(find(dana, words)); got != 1 {
					t.Errorf("%q was said %d times", words, got)
				}
				if got := len(find(rob, words)); got != 0 {
					t.Errorf("%q was said to Rob, who has nothing left", words)
				}
			}
			w.wellMannered(t)
		})
	}
}
