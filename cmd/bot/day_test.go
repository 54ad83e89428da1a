package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/simulator/slacksim"
)

// TestDay is the list that a technician begins with, and what its numbers and
// buttons do, on both platforms.
func TestDay(t *testing.T) {
	t.Parallel()
	for name, who := range map[string]func(*world) person{
		"Slack": func(w *world) person { return slackPerson{w, danaSlack, "C0DESK"} },
		"Teams": func(w *world) person { return teamsPerson{w, danaTeams, "", ""} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := openWorld(t)
			dana := who(w)
			ask(t, dana, "start 32164", "Timer started on #32164")
			waits := ask(t, dana, "note 32159 a draft", "Confirm: Note on #32159")

			day := ask(t, dana, "", "Open tickets", "as of", "▶ Timer running", "on #32164 VPN drops every hour",
				"Waiting for you (1)", "Confirm: Note on #32159", "Yours, the customer waits for you (1)", "#32157", "URGENT",
				"Unassigned (6)", "Others'", "A number alone shows the ticket.", "1 to 15 open these lines")
			line := func(c card, n int) string { // the number of the ticket that stands in that line
				t.Helper()
				_, after, found := strings.Cut(c.text, fmt.Sprintf(" %d · #", n))
				if !found {
					_, after, found = strings.Cut(c.text, fmt.Sprintf(" %d | #", n))
				}
				if !found {
					t.Fatalf("no line %d in: %s", n, c.text)
				}
				return "#" + strings.Fields(after)[0]
			}
			before := len(w.Syncro.Requests())
			ask(t, dana, "3", "Line 3 of your list “open”", line(day, 3), "Last comments")
			if got := len(w.Syncro.Requests()) - before; got != 2 {
				t.Errorf("opening a line costs %d requests, want the ticket and its invoice", got)
			}
			// Not guessed: with # it is a ticket, and so is what is no line; what changes takes tickets alone.
			ask(t, dana, "#3", "There is no ticket #3.")
			ask(t, dana, "98", "There is no ticket #98.")
			slip := ask(t, dana, "note 3 a word", "There is no ticket #3.")
			press(t, dana, slip, "Line 3 of your list", "Confirm: Note on "+line(day, 3), "a word")
			ask(t, dana, "411", "Set up the shop's first computer")

			before = len(w.Syncro.Requests())
			next := press(t, dana, day, nextLabel(t, day), "Open tickets", "16 to")
			if got := len(w.Syncro.Requests()) - before; got != 0 {
				t.Errorf("the next page costs %d requests within a minute, want none", got)
			}
			ask(t, dana, "16", "Line 16 of your list “open”", line(next, 16))
			ask(t, dana, "2", "Line 2 of your list “open”", line(day, 2)) // page 1 was shown so

			mine := press(t, dana, next, "Mine only", "Your open tickets · 5")
			if strings.Contains(mine.text, "Unassigned (") {
				t.Errorf("others' tickets among: %s", mine.text)
			}
			free := press(t, dana, mine, "Unassigned", "Unassigned tickets · 6", "#32172")
			ask(t, dana, "1", "Line 1 of your list “open unassigned”", "#32172 Card reader says offline")
			press(t, dana, free, "Search", "")
			form := waitForm(t, dana, "Search tickets")
			if err := dana.submit(t, form, map[string]string{"query": "printer"}); err != nil {
				t.Fatal(err)
			}
			await(t, dana, []string{"Tickets with “printer”"}, func(all []card) int {
				for i, c := range all {
					if c.has("Tickets with “printer”", "#32102") {
						return i
					}
				}
				return -1
			})
			ask(t, dana, "1", "Line 1 of your list “search printer”")

			ask(t, dana, "customers harbor", "Customers with “harbor” · 2")
			ask(t, dana, "2", "Line 2 of your list “customers harbor”", "Harbor Dental", "Tickets (")
			ask(t, dana, "open 32164", "#32164 VPN drops every hour")

			press(t, dana, ask(t, dana, "open", "Waiting for you (2)"), "What waits", "Waiting for you · 2")
			see(t, dana, "Confirm: Note on #32159", "a word") // each below the other, the newest last
			press(t, dana, waits, "Cancel", "Cancelled")
			press(t, dana, ask(t, dana, "open", "▶ Timer running"), "Stop timer", "Stopped: ")
			ask(t, dana, "open mine", "■ Timer stopped, not billed yet")
			w.wellMannered(t)
		})
	}
}

func nextLabel(t testing.TB, c card) string {
	t.Helper()
	for _, b := range c.buttons {
		if strings.HasPrefix(b, "Next (") {
			return b
		}
	}
	t.Fatalf("no next page among %q", c.buttons)
	return ""
}

func waitForm(t testing.TB, p person, words ...string) *form {
	t.Helper()
	var f *form
	until(t, strings.Join(words, " "), func() bool { f = p.form(t); return f != nil && f.has(words...) })
	return f
}

// homePerson looks at the bot's page in Slack: one card, as far as tests read.
type homePerson struct{ slackPerson }

func (p homePerson) open(t testing.TB) {
	t.Helper()
	if ack := p.w.Slack.OpenHome(t.Context(), p.user); ack.Err != nil {
		t.Fatalf("Slack: %v: %s", ack.Err, ack.Body)
	}
}

func (p homePerson) cards(testing.TB) []card {
	v, ok := p.w.Slack.Home(p.user)
	if !ok {
		return nil
	}
	c := card{id: v.ID, text: flat(v.Text), slack: slacksim.Message{JSON: v.JSON}}
	for _, b := range c.slack.Buttons() {
		if b.URL == "" {
			c.buttons = append(c.buttons, b.Text)
		}
	}
	for _, l := range slacksim.LiveMarkup(v.JSON) {
		if !strings.HasPrefix(l.Target, p.w.cfg.Syncro.URL+"/tickets/") {
			c.live = append(c.live, l.Kind+" "+l.Raw)
		}
	}
	return []card{c}
}

func (p homePerson) press(t testing.TB, c card, label string) string {
	t.Helper()
	return p.pressNth(t, c, label, 0)
}

// pressNth presses one of several buttons with the same label.
func (p homePerson) pressNth(t testing.TB, c card, label string, n int) string {
	t.Helper()
	for _, b := range c.slack.Buttons() {
		if b.Text != label {
			continue
		}
		if n--; n >= 0 {
			continue
		}
		if ack := p.w.Slack.ClickHome(t.Context(), p.user, b.ActionID, b.Value); ack.Err != nil {
			t.Fatalf("Slack: %v: %s", ack.Err, ack.Body)
		}
		return ""
	}
	t.Fatalf("no button %q among %q", label, c.buttons)
	return ""
}

// TestHome is a technician at work on the bot's page in Slack.
func TestHome(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	dana := homePerson{slackPerson{w, danaSlack, ""}}
	typed := slackPerson{w, danaSlack, "C0DESK"}
	ask(t, typed, "start 32164", "Timer started")
	ask(t, typed, "note 32159 a draft", "Confirm: Note on #32159")

	dana.open(t)
	home := see(t, dana, "Dana Ruiz · as of", "▶ Timer running", "Waiting for you: 1", "Confirm: Note on #32159",
		"Yours, the customer waits for you: 1", "Yours: ", "#32164", "Unassigned: 6", "#32172")
	if strings.Contains(home.text, "Others'") || strings.Contains(home.text, "#32163") {
		t.Errorf("colleagues' tickets on the page: %s", home.text)
	}
	before := len(w.Syncro.Requests())
	for n := range 3 {
		dana.open(t)
		until(t, "the page is drawn anew", func() bool { return w.Slack.Published(danaSlack) == n+2 })
	}
	if got := len(w.Syncro.Requests()) - before; got != 0 {
		t.Errorf("looking again within a minute costs %d requests", got)
	}

	// The answer to a click stands on top, the day below, with what was changed.
	taken := press(t, dana, see(t, dana, "Dana Ruiz · as of"), "Take it", "Done and checked", "Dana Ruiz · as of", "Unassigned: 5", "Back to my day")
	dana.press(t, taken, "Back to my day")
	back := await(t, dana, []string{"the day alone"}, func(all []card) int {
		if all[0].has("Dana Ruiz · as of") && !all[0].has("Done and checked") {
			return 0
		}
		return -1
	})
	if got := w.ticket(t, 32172).UserID; got != 4101 {
		t.Errorf("#32172 is assigned to %d", got)
	}
	shown := press(t, dana, back, "Show", "Confirm: Note on #32159", "a draft", "Nothing is sent before you confirm")
	done := press(t, dana, shown, "Confirm", "Done and checked", "Dana Ruiz · as of")
	if strings.Contains(done.text, "Waiting for you:") {
		t.Errorf("what was confirmed still waits: %s", done.text)
	}
	if got := w.lastComment(t, 32159).Body; got != "a draft" {
		t.Errorf("the note says %q", got)
	}
	ticket := press(t, dana, done, "Open", "Last comments")
	press(t, dana, ticket, "Note", "")
	form := waitForm(t, dana, "Note")
	if err := dana.submit(t, form, map[string]string{"text": "from the page"}); err != nil {
		t.Fatal(err)
	}
	press(t, dana, see(t, dana, "Confirm: Note on", "from the page"), "Cancel", "Cancelled: Note on")
	press(t, dana, see(t, dana, "Cancelled"), "Stop", "Stopped: ")

	// What others did is seen after Refresh.
	rob := slackPerson{w, robSlack, "C0DESK"}
	press(t, rob, ask(t, rob, "assign 32171 me", "Confirm:"), "Confirm", "Done and checked")
	press(t, dana, see(t, dana, "Stopped"), "Refresh", "Unassigned: 4")

	for _, other := range []struct {
		user  string
		words []string
	}{
		{guestSlack, []string{"I do not know you yet.", "you are a guest"}},
		{niaSlack, []string{"Hi Nia.", "I do not know you yet.", "T0001/" + niaSlack, "Nothing is ever posted before you see it"}},
		{samSlack, []string{"sam · as of", "Unassigned: 4"}}, // with the shared key nothing is his
	} {
		p := homePerson{slackPerson{w, other.user, ""}}
		p.open(t)
		see(t, p, other.words...)
	}
	w.finish(t)
	w.wellMannered(t)
}
