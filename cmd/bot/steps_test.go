package main

import "testing"

// TestSteps: what technicians do all day takes no more steps than it should. A
// step is a typed line, a click, or a form that is filled in and handed in.
func TestSteps(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		steps := 0
		types := func(line string, words ...string) card { t.Helper(); steps++; return ask(t, s.dana, line, words...) }
		presses := func(c card, label string, words ...string) card {
			t.Helper()
			steps++
			return press(t, s.dana, c, label, words...)
		}
		for _, act := range []struct {
			what string
			most int
			do   func(t *testing.T)
		}{
			{"see the open tickets", 1, func(*testing.T) { types("", "#32164") }},
			{"open one, with its last comments and its invoice", 1, func(*testing.T) { types("32142", "Last comments", "Invoice: #67432") }},
			{"an internal note", 2, func(*testing.T) { presses(types("note 32160 Fan ordered", "Confirm:"), "Confirm", "Done and checked") }},
			{"a reply to the customer", 2, func(*testing.T) { presses(types("reply 32160 Fan ordered", "Confirm:"), "Confirm", "Done and checked") }},
			{"bill half an hour with a note", 2, func(*testing.T) {
				presses(types("bill 32163 30m remote Mended", "Confirm:"), "Confirm", "Done and checked")
			}},
			{"a status, from a ticket's statuses", 2, func(*testing.T) {
				presses(types("update 32162 --now", "Which status"), "Scheduled", "Done and checked", "[Undo]")
			}},
			{"close with a resolution", 2, func(*testing.T) {
				presses(types("close 32102 Label printer mended", "Confirm:"), "Confirm", "Done and checked")
			}},
			{"take the ticket that is shown", 2, func(*testing.T) { presses(types("32161", "[Take it]"), "Take it", "Done and checked", "[Undo]") }},
			{"start the timer of the ticket that is shown, stop it, and have its bill filled in", 4, func(t *testing.T) {
				stopped := presses(presses(types("32159", "[Start timer]"), "Start timer", "Timer started"), "Stop", "Stopped: 0:01", "[Bill 0:01]")
				steps++
				f := s.opens(t, stopped, "Bill 0:01", "Bill 32159")
				f.holds(t, map[string]string{"minutes": "1"})
				press(t, s.dana, fill(t, s.dana, f, map[string]string{"labor": "remote", "text": "Asked"}, "Confirm: Bill #32159"), "Cancel", "Cancelled")
			}},
			{"a ticket of a message: shortcut, customer, hand in, confirm", 4, func(t *testing.T) {
				f := s.dana.shortcut(t, "The fax again", "new_ticket")
				s.dana.suggest(t, f, "customer", "fox")
				steps += 3
				presses(fill(t, s.dana, f, map[string]string{"customer": "Foxglove Florist"}, "Confirm: Create a ticket"), "Confirm", "Done and checked")
			}},
			{"a customer's tickets", 2, func(*testing.T) { types("customers harbor", "Harbor Dental East"); types("1", "#32164") }},
		} {
			t.Run(act.what, func(t *testing.T) {
				steps = 0
				act.do(t)
				if steps > act.most {
					t.Errorf("%d steps, at most %d are fine", steps, act.most)
				}
				s.sent = s.writes()
			})
		}
	})
}
