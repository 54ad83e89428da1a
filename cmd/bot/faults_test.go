package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// doubt is what a card says while it is not known whether a write arrived.
const doubt = "It was sent once, and Syncro gave no clear answer. I do not send it again"

// ends are the cards' last words for each fault of Syncro's. Kinds that leave
// a doubt about a write that did not happen take two minutes to be settled:
// here they are followed to the card that says so, and to their ends in
// confirm's own tests.
var ends = map[syncrosim.FaultKind][]string{
	syncrosim.Hang:              {doubt},
	syncrosim.CommitThenHang:    {"Done and checked", "looked for, and found"},
	syncrosim.CommitThenReset:   {"Done and checked", "looked for, and found"},
	syncrosim.ResetBeforeCommit: {doubt},
	syncrosim.CommitThen500:     {"Done and checked", "looked for, and found"},
	syncrosim.Error500:          {doubt},
	syncrosim.HTMLAfterCommit:   {"Done and checked", "looked for, and found"},
	syncrosim.HTMLBeforeCommit:  {doubt},
	syncrosim.Truncated:         {"Done and checked", "looked for, and found"},
	syncrosim.NullID:            {"Done and checked", "looked for, and found"},
	syncrosim.Unauthorized:      {"Nothing was sent.", "Syncro refuses your key (401)", "[Try again] [Stop here]"},
	syncrosim.NotFound:          {"Nothing was sent. Nothing more will be sent.", "(404)"},
	syncrosim.Invalid422:        {"Nothing was sent. Nothing more will be sent.", "Syncro does not accept it (422)"},
	syncrosim.LateCommit:        {"Done and checked", "looked for, and found"},
	syncrosim.Slow:              {"Done and checked", "logged as Dana Ruiz"},
	syncrosim.Redirect:          {doubt},
}

// TestFaults: whatever Syncro does to the one request that changes something,
// the card's last words are true, and the request was made once.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, who := range map[string]func(*world) person{
		"Slack": func(w *world) person { return slackPerson{w, danaSlack, "C0DESK"} },
		"Teams": func(w *world) person { return teamsPerson{w, danaTeams, "", ""} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := openWorld(t, func(w *world) { w.cfg.Syncro.Timeout = time.Second })
			dana := who(w)
			number := int64(50000)
			for _, kind := range syncrosim.Faults {
				if kind == syncrosim.TooMany {
					continue // it pauses everybody: TestTooMany
				}
				for _, write := range []struct{ line, method, path string }{
					{"note %d Rekey interval fixed", "POST", "/tickets/%d/comment"},
					{"close %d", "PUT", "/tickets/%d"},
				} {
					number++
					ticket := w.Syncro.AddTicket(syncrosim.Ticket{Number: number, Subject: "Scanner", Status: "New", CustomerID: w.ticket(t, 32164).CustomerID})
					path := fmt.Sprintf(write.path, ticket.ID)
					c := ask(t, dana, fmt.Sprintf(write.line, number), "Confirm:")
					w.Syncro.Fault(syncrosim.Fault{Kind: kind, Method: write.method, Path: path})
					dana.press(t, c, "Confirm")
					// Later cards come below this one while Syncro is slow to go wrong.
					t.Run(fmt.Sprintf("%s at the %s", kind, strings.Fields(write.line)[0]), func(t *testing.T) {
						t.Parallel()
						await(t, dana, ends[kind], func(all []card) int {
							for i, now := range all {
								if now.id == c.id && now.has(ends[kind]...) {
									return i
								}
							}
							return -1
						})
						want := 0
						if kind.Commits() {
							want = 1
						}
						now, there := w.ticket(t, ticket.Number), 0
						for _, comment := range now.Comments {
							if comment.Subject == "Internal Note" {
								there++
							}
						}
						if now.Status == "Resolved" {
							there++
						}
						if there != want {
							t.Errorf("it is there %d times, want %d", there, want)
						}
						if sent := w.Syncro.Count(write.method, path); sent != 1 {
							t.Errorf("sent %d times", sent)
						}
					})
				}
			}
			t.Cleanup(func() { w.wellMannered(t) })
		})
	}
}

// TestTooMany: Syncro's 429 is told, and the write goes on by itself.
func TestTooMany(t *testing.T) {
	t.Parallel()
	for name, who := range map[string]func(*world) person{
		"Slack": func(w *world) person { return slackPerson{w, danaSlack, "C0DESK"} },
		"Teams": func(w *world) person { return teamsPerson{w, danaTeams, "", ""} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := openWorld(t)
			dana := who(w)
			c := ask(t, dana, "note 32164 Rekey interval fixed", "Confirm:")
			w.Syncro.Fault(syncrosim.Fault{Kind: syncrosim.TooMany, Method: "POST", RetryAfter: "3"})
			press(t, dana, c, "Confirm", "Nothing was sent.", "goes on by itself", "429")
			see(t, dana, "Done and checked", "logged as Dana Ruiz")
			if sent := w.Syncro.Count("POST", ""); sent != 2 {
				t.Errorf("sent %d times, want the one that was refused and the one that was not", sent)
			}
			if got := w.lastComment(t, 32164); got.Body != "Rekey interval fixed" {
				t.Errorf("Syncro has %+v", got)
			}
			w.wellMannered(t)
		})
	}
}
