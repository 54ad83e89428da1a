package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// TestStory is a technician's day, the same on each platform and in each
// place where one can write to the bot.
func TestStory(t *testing.T) {
	t.Parallel()
	const channel = "19:desk@thread.tacv2"
	for _, place := range []struct {
		name      string
		dana, rob func(*world) person
		shared    bool // others see the cards
		settings  []setting
	}{
		{
			name: "Slack channel",
			dana: func(w *world) person { return slackPerson{w, danaSlack, "C0DESK"} },
			rob:  func(w *world) person { return slackPerson{w, robSlack, "C0DESK"} },
		},
		{
			name: "Slack channel, over sockets", settings: []setting{overSockets},
			dana: func(w *world) person { return slackPerson{w, danaSlack, "C0DESK"} },
			rob:  func(w *world) person { return slackPerson{w, robSlack, "C0DESK"} },
		},
		{
			name: "Slack direct message",
			dana: func(w *world) person { return slackPerson{w, danaSlack, w.Slack.DirectMessage(danaSlack)} },
			rob:  func(w *world) person { return nil }, // nobody else is there
		},
		{
			name: "Teams personal chat",
			dana: func(w *world) person { return teamsPerson{w, danaTeams, "", "/syncro "} },
			rob:  func(w *world) person { return teamsPerson{w, robTeams, "", "/syncro "} },
		},
		{
			name: "Teams channel", shared: true,
			dana: func(w *world) person { return teamsPerson{w, danaTeams, channel, ""} },
			rob:  func(w *world) person { return teamsPerson{w, robTeams, channel, ""} },
		},
	} {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			w := openWorld(t, place.settings...)
			s := &story{world: w, dana: place.dana(w), rob: place.rob(w), shared: place.shared}
			s.tell(t)
			// With the bot at rest, nothing more can be on its way.
			w.finish(t)
			if got := w.writes(); got != s.sent {
				t.Errorf("%d writes reached Syncro, want %d", got, s.sent)
			}
			w.wellMannered(t)
		})
	}
}

type story struct {
	*world
	dana, rob person
	shared    bool
	sent      int // writes that were confirmed
}

func (s *story) tell(t *testing.T) {
	step := func(name string, do func(*testing.T)) {
		t.Helper()
		if !t.Run(name, do) {
			t.FailNow()
		}
	}
	step("looking", s.looking)
	step("slips", s.slips)
	step("changes", s.changes)
	step("comments", s.comments)
	step("second thoughts", s.secondThoughts)
	step("closing", s.closing)
	step("hostile tickets", s.hostile)
}

// shows types a line and expects words, without a write.
func (s *story) shows(t *testing.T, line string, words ...string) {
	t.Run("/syncro "+line, func(t *testing.T) {
		ask(t, s.dana, line, words...)
		if s.writes() != s.sent {
			t.Error("a lookup changed something")
		}
	})
}

func (s *story) looking(t *testing.T) {
	ticket := s.ticket(t, 32164)
	whole := []string{"#32164 VPN drops every hour", "In Progress", "2 Normal", "Harbor Dental", "Amy Cole", "Dana Ruiz",
		"Last comments (4 of 4)", "INTERNAL", "Client logs show a rekey at 3600 s.", "FROM THE CUSTOMER", "Charges: none", "Invoice: none"}
	s.shows(t, "", "Open tickets", "Yours", "#32164", "Unassigned", "Others'", "A number alone shows the ticket.")
	s.shows(t, "open", "Open tickets", "Yours", "#32164")
	s.shows(t, "32164", whole...)
	s.shows(t, "#32164", whole...)
	s.shows(t, "ticket 32164", whole...)
	s.shows(t, fmt.Sprintf("%s/tickets/%d", s.cfg.Syncro.URL, ticket.ID), whole...)
	s.shows(t, "32142", "Video calls without sound", "Labor - Onsite Business", "175", "Invoice: #67432", "unpaid")
	s.shows(t, "32151", "Last comments (5 of 12)")
	all := press(t, s.dana, see(t, s.dana, "Last comments (5 of 12)"), "All 12 comments", "Comments of #32151", "Second copy done, 14 GB of changes.", "Planned for Tuesday night.", "1 to 12 of 12, newest first")
	if len(all.buttons) > 0 {
		t.Errorf("a thread that is shown whole has the buttons %q", all.buttons)
	}
	s.shows(t, "comments 32151 10", "10 · ", "10 to 12 of 12")
	s.shows(t, "comments 32151 13", "They are numbered from the newest, 1 to 12")
	s.shows(t, "search printer", "Tickets with “printer”", "#32102", "Label printer offline")
	s.shows(t, "search zzzz", "Syncro found none.")
	s.shows(t, "search printer customer:elm status:open to:dana since:1w", "Elm Street Vet", "Updated since", "#32102")
	s.shows(t, "search printer status:resolved", "Summit Physio", "#32146")
	if open := ask(t, s.dana, "search printer status:open", "Tickets with “printer”", "#32102"); open.has("#32146") {
		t.Errorf("a resolved ticket is shown as open: %+v", open)
	}
	press(t, s.dana, ask(t, s.dana, "search printer statsu:open", "There is no filter “statsu:”", "in quotes"), "search printer status:open", "#32102")
	own := press(t, s.dana, press(t, s.dana, ask(t, s.dana, "search customer:harbor", "Several customers are meant by “harbor”"), "Harbor Dental", "#32164"), "Mine only", "Dana Ruiz", "#32164")
	if own.has("Harbor Dental East") {
		t.Errorf("a search for one customer's shows another's: %+v", own)
	}
	s.shows(t, "customers harbor", "Customers with “harbor” · 2", "Harbor Dental East", "6.5")
	s.shows(t, "1", "Harbor Dental", "#32164")
	s.shows(t, "whoami", "You are dana", "Dana Ruiz (Syncro user 4101)", "your own", "read and change tickets")
	s.shows(t, "pending", "Nothing waits for you")
	s.shows(t, "help", "What you can type", "close <ticket> [resolution]", "nothing is sent before you press Confirm")
	s.shows(t, "help close", "close: Close a ticket", "close <ticket> [resolution]", "resolve")
}

// slip types something that is nearly right and presses what was meant.
func (s *story) slip(t *testing.T, line, button string, words ...string) card {
	t.Helper()
	c := ask(t, s.dana, line, "Nothing was sent.", "You typed:", line)
	if !slices.Contains(c.buttons, button) {
		t.Fatalf("no button %q but %q on: %s", button, c.buttons, c.text)
	}
	meant := press(t, s.dana, c, button, words...)
	if s.writes() != s.sent {
		t.Error("that changed something")
	}
	return meant
}

func (s *story) slips(t *testing.T) {
	t.Run("command", func(t *testing.T) {
		c := s.slip(t, "clsoe 32170", "close 32170", "Confirm: Close #32170", "Status: New → Resolved")
		press(t, s.dana, c, "Cancel", "Cancelled: Close #32170", "Nothing was sent.")
	})
	t.Run("status", func(t *testing.T) {
		c := s.slip(t, "update 32171 in porgress", "In Progress", "Confirm: Set the status of #32171", "Status: New → In Progress")
		s.confirm(t, c)
		if got := s.ticket(t, 32171).Status; got != "In Progress" {
			t.Errorf("the status is %q", got)
		}
	})
	t.Run("technician", func(t *testing.T) {
		c := s.slip(t, "assign 32171 Rob Aems", "Rob Ames", "Confirm: Assign #32171", "Rob Ames")
		s.confirm(t, c)
		if got := s.ticket(t, 32171).UserID; got != 4107 {
			t.Errorf("it is assigned to %d", got)
		}
	})
	t.Run("number", func(t *testing.T) {
		s.slip(t, "32614", "#32164 VPN drops every hour", "#32164 VPN drops every hour", "Last comments")
	})
	t.Run("text behind a bare number", func(t *testing.T) {
		c := s.slip(t, "32170 swapped the battery", "Note", "Confirm: Note on #32170", "swapped the battery")
		press(t, s.dana, c, "Cancel", "Cancelled", "note 32170 “swapped the battery”")
	})
	t.Run("nothing like it", func(t *testing.T) {
		c := ask(t, s.dana, "frobnicate 32164", "I did not understand that", "frobnicate 32164")
		if !slices.Equal(c.buttons, []string{"What can I type?"}) {
			t.Errorf("buttons %q", c.buttons)
		}
	})
}

// confirm presses Confirm on a card that asks and returns the outcome, which
// says as whom it was logged, and can be pressed no more. A second click on the
// card as it was changes nothing.
func (s *story) confirm(t *testing.T, c card) card {
	t.Helper()
	if !c.has("Confirm:", "Logged as", "Dana Ruiz (Syncro user 4101)", "Nothing is sent before you confirm.") {
		t.Errorf("the card does not say all that it must: %s", c.text)
	}
	if s.writes() != s.sent {
		t.Error("something was sent before Confirm was pressed")
	}
	done := press(t, s.dana, c, "Confirm", "Done and checked", "logged as Dana Ruiz")
	if slices.ContainsFunc(done.buttons, func(b string) bool { return b == "Confirm" || b == "Cancel" || b == "Edit" }) {
		t.Errorf("the outcome has the buttons %q", done.buttons)
	}
	s.sent = s.writes()
	for _, r := range s.Syncro.Requests() {
		if r.Method != "GET" && r.UserID != 4101 {
			t.Errorf("%s %s was sent as user %d", r.Method, r.Path, r.UserID)
		}
	}
	press(t, s.dana, c, "Confirm", "Done and checked", "logged as Dana Ruiz")
	if s.shared {
		see(t, s.rob, "Done and checked", "logged as Dana Ruiz")
	}
	return done
}

// does types a line, looks at the card that asks, and confirms it: writes
// requests change something.
func (s *story) does(t *testing.T, line string, writes int, words ...string) card {
	t.Helper()
	before := s.sent
	done := s.confirm(t, ask(t, s.dana, line, append(words, "Confirm:")...))
	if s.sent-before != writes {
		t.Errorf("%d writes, want %d", s.sent-before, writes)
	}
	return done
}

func (s *story) changes(t *testing.T) {
	t.Run("update", func(t *testing.T) {
		s.does(t, "update 32172 waiting on customer", 1, "Set the status of #32172", "Status: New → Waiting on Customer")
		if got := s.ticket(t, 32172).Status; got != "Waiting on Customer" {
			t.Errorf("the status is %q", got)
		}
	})
	t.Run("assign", func(t *testing.T) {
		s.does(t, "assign 32172 me", 1, "Assign #32172", "Dana Ruiz")
		if got := s.ticket(t, 32172).UserID; got != 4101 {
			t.Errorf("it is assigned to %d", got)
		}
	})
	t.Run("priority", func(t *testing.T) {
		s.does(t, "priority #32170 URGENT", 1, "Set the priority of #32170", "2 Normal → 0 Urgent")
		if got := s.ticket(t, 32170).Priority; got != "0 Urgent" {
			t.Errorf("the priority is %q", got)
		}
	})
	t.Run("it is so already", func(t *testing.T) {
		c := ask(t, s.dana, "priority 32170 urgent", "Nothing was sent: it is so already.")
		if len(c.buttons) > 0 {
			t.Errorf("buttons %q", c.buttons)
		}
	})
	t.Run("invoiced without an invoice", func(t *testing.T) {
		ask(t, s.dana, "update 32170 invoiced", "#32170 has no invoice")
	})
}

func (s *story) comments(t *testing.T) {
	for _, choice := range []struct {
		line, button, audience, subject, body string
		hidden                                bool
	}{
		{"comment 32162 “Looked at the switch”", "Internal note", "INTERNAL · customer will not see it · NO E-MAIL", "Internal Note", "Looked at the switch", true},
		{"comment 32162 Port 4 was off", "Reply to the customer", "CUSTOMER WILL SEE THIS · E-MAIL", "Update", "Port 4 was off", false},
		{"note 32162 line one\nline two", "", "INTERNAL", "Internal Note", "line one\nline two", true},
		{"reply 32162 Could you try again?", "", "CUSTOMER WILL SEE THIS · E-MAIL", "Update", "Could you try again?", false},
	} {
		t.Run(strings.Fields(choice.line)[0]+" "+choice.button, func(t *testing.T) {
			before := s.sent
			var c card
			if choice.button == "" {
				c = ask(t, s.dana, choice.line, "Confirm:")
			} else {
				c = ask(t, s.dana, choice.line, "Who may see this comment on #32162", choice.body, "Nothing is sent yet")
				c = press(t, s.dana, c, choice.button, "Confirm:")
			}
			if !c.has(choice.audience, choice.body) {
				t.Errorf("the card does not say who sees what: %s", c.text)
			}
			s.confirm(t, c)
			if s.sent != before+1 {
				t.Errorf("%d writes", s.sent-before)
			}
			got := s.lastComment(t, 32162)
			if got.UserID != 4101 || got.Subject != choice.subject || got.Body != choice.body || got.Hidden != choice.hidden || (got.EmailedTo == "") != choice.hidden {
				t.Errorf("Syncro has %+v", got)
			}
		})
	}
}

func (s *story) secondThoughts(t *testing.T) {
	t.Run("somebody else's click", func(t *testing.T) {
		if s.rob == nil {
			t.Skip("nobody else is there")
		}
		c := ask(t, s.dana, "note 32161 Not Rob's to send", "Confirm:")
		press(t, s.rob, c, "Confirm", "This card belongs to Dana Ruiz", "Nothing was sent by your click.")
		press(t, s.rob, c, "Cancel", "This card belongs to Dana Ruiz")
		press(t, s.rob, c, "Show JSON", "This card belongs to Dana Ruiz")
		s.confirm(t, c)
		if got := s.lastComment(t, 32161); got.UserID != 4101 {
			t.Errorf("Syncro has %+v", got)
		}
	})
	t.Run("the requests as JSON", func(t *testing.T) {
		c := ask(t, s.dana, "note 32160 “Fan & disk <ordered>”", "Confirm:")
		c = press(t, s.dana, c, "Show JSON", "POST /api/v1/tickets/", "/comment", `"body": "Fan & disk &lt;ordered>"`, `"hidden": true`)
		c = press(t, s.dana, c, "Hide JSON", "Confirm:", "[Show JSON]")
		press(t, s.dana, c, "Cancel", "Cancelled", "You typed:", "Fan & disk <ordered>")
		press(t, s.dana, c, "Confirm", "Cancelled", "Nothing was sent.")
	})
	t.Run("pending", func(t *testing.T) {
		drawn := ask(t, s.dana, "note 32160 first", "Confirm:")
		ask(t, s.dana, "pending", "Waiting for you · 1")
		c := see(t, s.dana, "Confirm: Note on #32160", "first")
		press(t, s.dana, c, "Cancel", "Cancelled", "Nothing was sent.")
		press(t, s.dana, drawn, "Confirm", "Cancelled", "Nothing was sent.")
		ask(t, s.dana, "pending", "Nothing waits for you")
	})
	t.Run("the ticket changed meanwhile", func(t *testing.T) {
		c := ask(t, s.dana, "update 32159 in progress", "Status: Waiting on Customer → In Progress")
		if err := s.Syncro.Edit(32159, func(k *syncrosim.Ticket) { k.Status = "Customer Reply" }); err != nil {
			t.Fatal(err)
		}
		c = press(t, s.dana, c, "Confirm", "Nothing was sent: #32159 changed after the card was drawn.", "Customer Reply")
		if s.writes() != s.sent {
			t.Error("it was sent all the same")
		}
		s.confirm(t, c)
	})
}

func (s *story) closing(t *testing.T) {
	t.Run("without a resolution", func(t *testing.T) {
		before := len(s.ticket(t, 32102).Comments)
		s.does(t, "close 32102", 1, "Close #32102", "Elm Street Vet", "Status: New → Resolved")
		if k := s.ticket(t, 32102); k.Status != "Resolved" || len(k.Comments) != before {
			t.Errorf("Syncro has %q and %d comments", k.Status, len(k.Comments))
		}
	})
	t.Run("with a resolution", func(t *testing.T) {
		s.does(t, "close 32164 “Rekey interval fixed with the provider.”", 2,
			"Comment: Resolution", "CUSTOMER WILL SEE THIS · E-MAIL to amy@harbordental.example", "Rekey interval fixed", "Status: In Progress → Resolved")
		got := s.lastComment(t, 32164)
		if got.Subject != "Resolution" || got.Body != "Rekey interval fixed with the provider." || got.UserID != 4101 || got.Hidden || got.EmailedTo == "" {
			t.Errorf("Syncro has %+v", got)
		}
		if k := s.ticket(t, 32164); k.Status != "Resolved" {
			t.Errorf("the status is %q", k.Status)
		}
	})
}

// hostile shows, searches and comments the tickets whose texts try to be
// markup. Whatever of them became live fails in await.
func (s *story) hostile(t *testing.T) {
	for number := int64(32165); number <= 32169; number++ {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			k := s.ticket(t, number)
			subject := string([]rune(k.Subject)[:min(20, len([]rune(k.Subject)))])
			body := k.Comments[0].Body
			body = body[strings.LastIndexByte(body, '>')+1:] // what is not taken for HTML
			ask(t, s.dana, fmt.Sprint(number), fmt.Sprintf("#%d", number), subject, body)
			ask(t, s.dana, "search "+subject, "Tickets with", fmt.Sprintf("#%d", number))
			text := k.Comments[0].Body + " " + subject
			s.does(t, fmt.Sprintf("reply %d %s", number, text), 1, text)
			ask(t, s.dana, fmt.Sprint(number), text)
		})
	}
}
