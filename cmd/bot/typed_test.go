package main

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// TestAsPeopleType types lines as they come from hands in a hurry: each is
// understood, or is answered by a button that says what it may have meant.
func TestAsPeopleType(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, line string
		words      []string
		without    string
	}{
		{"a full stop behind a number", "32164.", []string{"#32164 VPN drops every hour", "Last comments"}, ""},
		{"a colon behind a number", "note 32164: Rebooted it", []string{"Confirm: Note on #32164", "Rebooted it"}, ""},
		{"the word ticket", "close ticket #32164", []string{"Confirm: Close #32164", "In Progress → Resolved"}, ""},
		{"the number first", "32164 note Rebooted it", []string{"Nothing was sent.", "[note 32164 Rebooted it]", "[Just show it]"}, ""},
		{"no such command", "good morning", []string{"I do not know the command “good”", "[What can I type?]"}, ""},

		{"a unit as a word", "bill 32163 30 min remote “Updated it.”", []string{"Confirm: Bill #32163", "30 minutes = 0.5 h"}, ""},
		{"an hour as a word", "bill 32163 1 h remote Updated it", []string{"Confirm: Bill #32163", "60 minutes = 1 h", "Updated it"}, ""},
		{"hours and minutes", "bill 32163 1h 30m remote Updated it", []string{"Confirm: Bill #32163", "90 minutes = 1.5 h", "Updated it"}, ""},
		{"a decimal comma", "bill 32163 1,5h remote Updated it", []string{"Confirm: Bill #32163", "90 minutes = 1.5 h"}, ""},
		{"the unit of a decimal is not guessed", "bill 32163 0.25 remote Updated it", []string{"Nothing was sent.", "Is “0.25” hours or minutes? For hours write 0.25h."}, ""},
		{"labor before time", "bill 32163 remote 30m Updated it", []string{"Confirm: Bill #32163", "30 minutes = 0.5 h", "Labor - Remote Business"}, ""},
		{"commas between", "bill 32163, 30m, remote, Updated it", []string{"Confirm: Bill #32163", "Labor - Remote Business", "Updated it"}, ""},
		{"a flag behind the text", "bill 32163 30m remote Updated it --internal --no-invoice", []string{"Confirm: Bill #32163", "INTERNAL", "NO E-MAIL", "[With invoice]"}, "--"},
		{"a flag behind a quoted text", "bill 32163 30m remote “Updated it” --no-email", []string{"CUSTOMER WILL SEE THIS · NO E-MAIL", "Updated it"}, "“"},
		{"a flag within quotes is text", "note 32163 “use --internal”", []string{"use --internal"}, ""},
		{"a flag behind a resolution", "close 32163 Updated it --internal", []string{"Confirm: Close #32163", "INTERNAL", "Updated it", "[Show the customer, no e-mail]"}, "[No e-mail]"},
		{"a comment that says who sees it", "comment 32163 --internal Updated it", []string{"Confirm: Note on #32163", "INTERNAL"}, "--"},
		{"a comment without e-mail", "comment 32163 Updated it --no-email", []string{"Confirm: Reply on #32163", "CUSTOMER WILL SEE THIS · NO E-MAIL"}, "--"},

		{"to a status", "update 32163 to resolved", []string{"In Progress → Resolved"}, ""},
		{"to a technician", "assign 32164 to rob", []string{"Dana Ruiz → Rob Ames"}, ""},
		{"at a technician", "assign 32164 @rob", []string{"Dana Ruiz → Rob Ames"}, ""},
		{"no priority", "priority 32164", []string{"Which priority for #32164", "It is 2 Normal now.", "[0 Urgent]", "[3 Low]"}, "[2 Normal]"},

		{"a colon behind a customer", "create Juniper Legal: Scanner to mail", []string{"Confirm: Create a ticket for Juniper Legal", "New ticket: Scanner to mail ·"}, ""},
		{"a comma behind a customer", "create Maria Lind, Printer", []string{"Confirm: Create a ticket for Maria Lind", "New ticket: Printer ·"}, ""},
		{"a dash behind a customer", "create Quayside Books - Till prints nothing", []string{"New ticket: Till prints nothing ·"}, ""},
		{"the technician last", "create Quayside Books Till prints nothing --to=rob", []string{"New ticket: Till prints nothing ·", "assigned to Rob Ames"}, "--to"},
		{"no such customer", "create Zzyzx Printer", []string{"That cannot be done", "Nothing was sent. Syncro finds no customer “Zzyzx”.", "[Choose in a form]"}, ""},
		{"a telephone number with spaces", "customers create Lakeside Optics office@lakeside.example +1 555 0142", []string{"Lakeside Optics · office@lakeside.example · +1 555 0142"}, ""},
		{"a number in a name", "customers create Studio 54", []string{"New customer: Studio 54"}, ""},

		{"a refusal is no misunderstanding", "update 32164 invoiced", []string{"That cannot be done", "Nothing was sent. #32164 has no invoice"}, "Usage:"},
		{"several customers", "create harbor Scanner fails", []string{"Which one do you mean?", "[Harbor Dental]", "[Harbor Dental East]"}, "Usage:"},
		{"none of none", "line 32163 remove 1", []string{"That cannot be done", "Nothing was sent. The ticket has no charge."}, ""},
		{"an amount", "invoice 32140", []string{"total 108.20", "99.95"}, ""},
		{"closing what is closed", "close 32137", []string{"Closed → Resolved", "CAREFUL", "it is Closed already"}, ""},
	}
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		dana := who(danaSlack, danaTeams)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				if got := ask(t, dana, c.line, c.words...); c.without != "" && got.has(c.without) {
					t.Errorf("it shows %q: %s", c.without, got.text)
				}
			})
		}
		if got := w.writes(); got != 0 {
			t.Errorf("%d writes reached Syncro", got)
		}
	})
}

// TestTimerIsNotLost: a timer that was stopped and is neither billed nor saved
// is not forgotten because another is started, and who comes back to it goes
// on where it stood.
func TestTimerIsNotLost(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		dana := who(danaSlack, danaTeams)
		ask(t, dana, "start 32163", "Timer started on #32163")
		ask(t, dana, "stop", "Stopped: 0:01 on #32163")
		ask(t, dana, "stop 32164", "Nothing was sent. You have no timer on 32164.", "[Stop #32163]")
		ask(t, dana, "stop #32163", "Stopped: 0:01 on #32163")
		ask(t, dana, "timer start 32164", "Timer started on #32164")
		ask(t, dana, "open", "▶ Timer running: 0:01 on #32164", "■ Timer stopped, not billed yet: 0:01 on #32163")
		ask(t, dana, "timer stop", "Stopped: 0:01 on #32164", "[Go on]")
		which := ask(t, dana, "stop", "Which timer?", "[Stop #32163]", "[Stop #32164]")
		stopped := press(t, dana, which, "Stop #32163", "Stopped: 0:01 on #32163", "[Bill 0:01]", "[Save, no charge]")
		press(t, dana, stopped, "Go on", "Timer resumed on #32163")

		// A card drawn before it went on settles what it showed.
		ask(t, dana, "stop #32164 --discard", "Timer discarded", "on #32164")
		ask(t, dana, "stop", "Stopped: 0:01 on #32163")
		bill := ask(t, dana, "bill 32163 10m remote --no-invoice Mended it", "settled by this bill")
		ask(t, dana, "start 32163", "Timer resumed on #32163")
		press(t, dana, bill, "Confirm", "Done and checked", "Your timer on this ticket is settled; what was measured since, 0:01, is kept.")
		ask(t, dana, "timer 32164 start", "Your timer is running already", "on #32163")
		ask(t, dana, "timer 32164 start --switch", "Timer started on #32164")
		ask(t, dana, "timer 32163 stop", "Stopped: 0:01 on #32163")
		ask(t, dana, "start 32163 --switch", "Timer resumed on #32163", "[Back to #32164]")

		// An interruption: the other ticket's timer runs, and this one waits.
		busy := ask(t, dana, "start 32159", "Your timer is running already", "on #32163", "[Switch to #32159]")
		other := press(t, dana, busy, "Switch to #32159", "Timer started on #32159", "■ Timer stopped, not billed yet", "on #32163", "[Back to #32163]")
		press(t, dana, other, "Back to #32163", "Timer resumed on #32163", "on #32159", "[Back to #32159]")
		ask(t, dana, "start #32163 --switch", "Your timer is running already", "on #32163")
		ask(t, dana, "stop --discard", "Timer discarded", "on #32163")
		ask(t, dana, "stop #32164 --discard", "Timer discarded", "on #32164")
		ask(t, dana, "stop --discard", "Timer discarded", "on #32159")
		ask(t, dana, "stop", "You have no timer running")
	})
}

// TestOutcomeStays: what was done stays to be read when its buttons are
// pressed, and leads back to the ticket.
func TestOutcomeStays(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		dana := who(danaSlack, danaTeams)
		done := press(t, dana, ask(t, dana, "close 32163 “Updated it”", "Confirm:"), "Confirm", "Done and checked")
		press(t, dana, done, "Session log…", "Session log of #32163")
		press(t, dana, done, "Show the ticket", "#32163 Label editor crashes on save", "Status", "Resolved", "Updated it")
		if !slices.ContainsFunc(dana.cards(t), func(c card) bool { return c.has("Close #32163", "Done and checked") }) {
			t.Error("the outcome is gone")
		}
		done = press(t, dana, ask(t, dana, "create Quayside Books Till prints nothing", "Confirm:"), "Confirm", "Done and checked", "#32173")
		press(t, dana, done, "Show the ticket", "#32173 Till prints nothing", "Last comments")
		press(t, dana, done, "Start timer", "Timer started on #32173")
		done = press(t, dana, ask(t, dana, "delete 32162 32162", "Confirm:"), "Confirm", "Done and checked")
		if slices.Contains(done.buttons, "Show the ticket") {
			t.Errorf("a ticket that is gone can be shown: %q", done.buttons)
		}
	})
}

// TestCustomersTicket: a customer's card leads to a ticket for them, and what
// is missing is asked in a form; a line of a list that was typed where a number
// belongs is offered with the text that was filled in.
func TestCustomersTicket(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		dana := who(danaSlack, danaTeams)
		found := ask(t, dana, "customers maria", "Maria Lind", "[New ticket]")
		press(t, dana, found, "New ticket", "New Syncro ticket")
		dana.say(t, "create maria")
		f := asked(t, dana, "New Syncro ticket", "Subject")
		f.holds(t, map[string]string{"assignee": "me", "subject": ""})
		c := fill(t, dana, f, map[string]string{"subject": "What is --to=rob"}, "Confirm: Create a ticket for Maria Lind", "What is --to=rob ·")
		press(t, dana, c, "Cancel", "Cancelled", "create “Maria Lind” “What is --to=rob”")
		ask(t, dana, "create “Maria Lind” “What is --to=rob”", "New ticket: What is --to=rob ·", "assigned to Dana Ruiz")

		ask(t, dana, "search vpn", "#32164")
		dana.say(t, "note 1")
		f = asked(t, dana, "Note on 1")
		c = fill(t, dana, f, map[string]string{"text": "Two words"}, "Nothing was sent. There is no ticket #1.", "[Line 1 of your list]")
		press(t, dana, c, "Line 1 of your list", "Confirm: Note on #32164", "Two words")
	})
}

// TestFromWhatItIsNow: a card that asks again says what the ticket is by now,
// also where the value moved that it changes.
func TestFromWhatItIsNow(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		dana := who(danaSlack, danaTeams)
		c := ask(t, dana, "close 32164 “Rekeyed”", "Status: In Progress → Resolved")
		w.becomes(t, 32164, "Waiting on Customer")
		c = press(t, dana, c, "Confirm", "Confirm:", "Status: Waiting on Customer → Resolved")
		done := press(t, dana, c, "Confirm", "Done and checked", "Status: Waiting on Customer → Resolved")
		if done.has("In Progress → Resolved") {
			t.Errorf("the outcome says: %s", done.text)
		}
	})
}

// TestTakeFromAnOldCard: what another took since is not taken from them by a
// card that still says nobody has it.
func TestTakeFromAnOldCard(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		dana := who(danaSlack, danaTeams)
		shown := ask(t, dana, "32170", "Assigned to", "[Take it]")
		if err := w.Syncro.Person(syncrosim.Act{Ticket: 32170, Assign: 4107}); err != nil {
			t.Fatal(err)
		}
		c := press(t, dana, shown, "Take it", "Confirm: Assign #32170", "CAREFUL", "said nobody, and Rob Ames has it by now", "Assigned to: Rob Ames → Dana Ruiz")
		if n := w.writes(); n != 0 {
			t.Fatalf("%d writes", n)
		}
		press(t, dana, c, "Confirm", "Done and checked")
	})
}

// TestOwnTicketsOfMany: in an account with more open tickets than are read, a
// person's own are among them.
func TestOwnTicketsOfMany(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		customer := w.ticket(t, 32164).CustomerID
		w.Syncro.Change(func(d *syncrosim.Data) {
			for n := range 300 {
				d.Tickets = append(d.Tickets, syncrosim.Ticket{Number: 41000 + int64(n), CustomerID: customer, Subject: "Others' work", Status: "New", UserID: 4107})
			}
		})
		ask(t, who(danaSlack, danaTeams), "open mine", "Your open tickets · 5", "#32164")
	})
}

// TestExpiredCardGivesTheTextBack to its author alone, and a fresh preview of it.
func TestExpiredCardGivesTheTextBack(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		dana := who(danaSlack, danaTeams)
		for _, button := range []string{"Confirm", "Edit"} {
			c := ask(t, dana, "note 32164 a long story about "+button, "Confirm:")
			time.Sleep(time.Second)
			gone := press(t, dana, c, button, "This card has expired", "Nothing was sent by this click.", "note 32164 “a long story about "+button, "[Open a fresh preview]")
			press(t, dana, gone, "Open a fresh preview", "Confirm: Note on #32164", "a long story about "+button)
		}
		if n := w.writes(); n != 0 {
			t.Errorf("%d writes", n)
		}
	}, func(w *world) { w.cfg.Confirm.TTL = time.Second })
}

// TestTimesAreWhereThePersonWorks: those of tickets, comments and timers.
func TestTimesAreWhereThePersonWorks(t *testing.T) {
	t.Parallel()
	there := time.FixedZone("there", -7*3600)
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		k := w.ticket(t, 32164)
		ask(t, who(danaSlack, danaTeams), "32164", k.Due.In(there).Format("Mon 2 Jan 2006 15:04"), k.Comments[0].Created.In(there).Format("Mon 2 Jan 2006 15:04"))
		ask(t, who(danaSlack, danaTeams), "start 32164", "Running since", "there")
	}, func(w *world) { w.cfg.Technicians[0].Zone = there })
}

// TestARevokedKeyIsSeenByWhoami, which asks whose it is and does not remember.
func TestARevokedKeyIsSeenByWhoami(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		dana := who(danaSlack, danaTeams)
		ask(t, dana, "whoami", "Logged as", "Dana Ruiz")
		w.Syncro.Fault(syncrosim.Fault{Kind: syncrosim.Unauthorized, Method: "GET", Path: "/me"})
		ask(t, dana, "whoami", "Syncro refuses your key (401)")
	})
}

// TestWhoamiSaysWhoseTheKeyIsNow, and not whose it was when it was first used.
func TestWhoamiSaysWhoseTheKeyIsNow(t *testing.T) {
	t.Parallel()
	var moved atomic.Bool
	w := openWorld(t, func(w *world) {
		w.before = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if moved.Load() && strings.HasSuffix(r.URL.Path, "/me") {
					rw.Header().Set("Content-Type", "application/json")
					_, _ = io.WriteString(rw, `{"user_id":4107,"user_name":"Rob Ames"}`)
					return
				}
				next.ServeHTTP(rw, r)
			})
		}
	})
	dana := slackPerson{w, danaSlack, "C0DESK"}
	ask(t, dana, "whoami", "Logged as", "Dana Ruiz (Syncro user 4101)")
	moved.Store(true)
	ask(t, dana, "whoami", "Nothing was sent. The key in your vault entry belongs to Syncro user 4107, not to 4101")
}
