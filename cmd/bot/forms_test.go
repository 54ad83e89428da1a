package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// asks types a line that lacks something and returns the form that asks for it.
func (s *story) asks(t *testing.T, line string, words ...string) *form {
	t.Helper()
	s.dana.say(t, line)
	return asked(t, s.dana, words...)
}

// opens presses a button that opens a form.
func (s *story) opens(t *testing.T, c card, label string, words ...string) *form {
	t.Helper()
	if told := s.dana.press(t, c, label); told != "" {
		t.Errorf("%s: %s", label, told)
	}
	return asked(t, s.dana, words...)
}

func TestForms(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		t.Run("a bill without anything", func(t *testing.T) {
			f := s.asks(t, "bill 32163", "Bill 32163", "Minutes", "Labor", "What was done")
			f.holds(t, map[string]string{"minutes": "", "labor": "", "text": "", "audience": "customer", "invoice": "now"})
			if err := s.dana.submit(t, f, map[string]string{"minutes": "45"}); err == nil {
				t.Error("it was taken without labor and text")
			}
			c := fill(t, s.dana, f, map[string]string{"minutes": "0:45", "labor": "remote", "text": "Label editor mended"}, "Confirm: Bill #32163", "45 minutes = 0.75 h")
			s.confirm(t, c)
			k := s.ticket(t, 32163)
			labor(t, k.Lines[0], 1190473, "0.75", "150", "Label editor mended")
			if k.Status != "Invoiced" {
				t.Errorf("the status is %q", k.Status)
			}
		})
		t.Run("a bill without labor", func(t *testing.T) {
			f := s.asks(t, "bill 32162 1h30m --no-email", "Bill 32162")
			f.holds(t, map[string]string{"minutes": "90", "labor": "", "text": "", "audience": "--no-email", "invoice": "now"})
			c := fill(t, s.dana, f, map[string]string{"labor": "onsite", "text": "Bay 3", "audience": "--internal", "invoice": "later"},
				"Confirm: Bill #32162", "1.5", "175", "INTERNAL", "[With invoice]")
			press(t, s.dana, c, "Cancel", "Cancelled", "Nothing was sent.")
		})
		t.Run("minutes that are none", func(t *testing.T) {
			f := s.asks(t, "bill 32161", "Bill 32161")
			fill(t, s.dana, f, map[string]string{"minutes": "a while", "labor": "remote", "text": "Moved"}, "Nothing was sent.", "“a while” is no number of minutes")
		})
		t.Run("a ticket without anything", func(t *testing.T) {
			f := s.asks(t, "create", "New Syncro ticket", "Assigned to", "Customer", "Subject")
			if got := s.dana.suggest(t, f, "customer", "harbor"); !slices.Equal(got, []string{"Harbor Dental", "Harbor Dental East"}) {
				t.Errorf("offered %q", got)
			}
			if got := s.dana.suggest(t, f, "customer", "zzyzx"); len(got) != 0 {
				t.Errorf("offered %q", got)
			}
			s.dana.suggest(t, f, "customer", "quay")
			c := fill(t, s.dana, f, map[string]string{
				"customer": "Quayside Books", "subject": "Scanner <b>fails</b>", "text": "first\nsecond", "priority": "0 Urgent", "due": "2026-12-01",
			}, "Confirm: Create a ticket for Quayside Books", "Scanner <b>fails</b>", "0 Urgent", "Dana Ruiz", "first second")
			// Edit shows it again, as it was filled in.
			f = s.opens(t, c, "Edit", "New Syncro ticket")
			f.holds(t, map[string]string{"subject": "Scanner <b>fails</b>", "text": "first\nsecond", "priority": "0 Urgent", "assignee": "me", "problem": "", "due": "2026-12-01"})
			edited := fill(t, s.dana, f, map[string]string{"subject": "Scanner is slow"}, "Confirm: Create a ticket for Quayside Books", "Scanner is slow")
			press(t, s.dana, c, "Confirm", "Cancelled", "Nothing was sent.")
			s.confirm(t, edited)
			k := s.made()
			if k.Subject != "Scanner is slow" || k.Priority != "0 Urgent" || k.UserID != 4101 || k.Due.Format("2006-01-02") != "2026-12-01" ||
				len(k.Comments) != 1 || k.Comments[0].Body != "first\nsecond" || k.Comments[0].EmailedTo != "" {
				t.Errorf("Syncro has %+v", k)
			}
		})
		t.Run("a customer whose name would be markup", func(t *testing.T) {
			const name = `<b>Bits</b> & "Bobs" *Repairs* <@U0001>`
			f := s.asks(t, "create", "New Syncro ticket")
			if got := s.dana.suggest(t, f, "customer", "bobs"); !slices.Equal(got, []string{name}) {
				t.Fatalf("offered %q", got)
			}
			c := fill(t, s.dana, f, map[string]string{"customer": name, "subject": "Printer"}, "Confirm: Create a ticket for "+name)
			f = s.opens(t, c, "Edit", "New Syncro ticket")
			c = fill(t, s.dana, f, map[string]string{"subject": "Scanner"}, "Confirm: Create a ticket for "+name, "Scanner")
			press(t, s.dana, c, "Cancel", "Cancelled")
		})
		t.Run("a note without its text", func(t *testing.T) {
			for line, hidden := range map[string]bool{"note 32160": true, "reply 32160": false} {
				f := s.asks(t, line, "32160", "Text")
				s.confirm(t, fill(t, s.dana, f, map[string]string{"text": "Fan <ordered> &\n*today*"}, "Confirm:", "Fan <ordered> &"))
				if got := s.lastComment(t, 32160); got.Body != "Fan &lt;ordered> &\n*today*" || got.Hidden != hidden {
					t.Errorf("Syncro has %+v", got)
				}
			}
		})
		t.Run("a comment asks who sees it", func(t *testing.T) {
			f := s.asks(t, "comment 32160", "Who sees it")
			s.confirm(t, fill(t, s.dana, f, map[string]string{"text": "Quietly", "audience": "--no-email"}, "Confirm:", "CUSTOMER WILL SEE THIS", "NO E-MAIL"))
			if got := s.lastComment(t, 32160); got.Body != "Quietly" || got.Hidden || got.EmailedTo != "" {
				t.Errorf("Syncro has %+v", got)
			}
		})
	})
}

func TestEdit(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		t.Run("a note", func(t *testing.T) {
			first := ask(t, s.dana, "note 32160 First words", "Confirm: Note on #32160", "First words")
			f := s.opens(t, first, "Edit", "Text", "Who sees it")
			f.holds(t, map[string]string{"text": "First words", "audience": "--internal"})
			second := fill(t, s.dana, f, map[string]string{"text": "Second words"}, "Confirm: Note on #32160", "Second words")
			press(t, s.dana, first, "Confirm", "Cancelled", "Nothing was sent.")
			s.confirm(t, second)
			if got := s.lastComment(t, 32160); got.Body != "Second words" || !got.Hidden {
				t.Errorf("Syncro has %+v", got)
			}
		})
		t.Run("somebody else's", func(t *testing.T) {
			c := ask(t, s.dana, "note 32161 Mine", "Confirm:")
			press(t, s.rob, c, "Edit", "This card belongs to Dana Ruiz")
			if f := s.rob.form(t); f != nil {
				t.Errorf("it opens: %s", f.text)
			}
			press(t, s.dana, c, "Cancel", "Cancelled")
		})
		t.Run("what is confirmed already", func(t *testing.T) {
			c := ask(t, s.dana, "note 32161 Sent", "Confirm:")
			s.opens(t, c, "Edit", "Text")
			s.confirm(t, c)
			// In Teams the outcome has taken the form's place. In Slack it is
			// open all the while, and gets the outcome as its answer.
			if f := s.dana.form(t); f != nil {
				fill(t, s.dana, f, map[string]string{"text": "Too late"}, "Note on #32161", "Done and checked")
			}
			if got := s.lastComment(t, 32161); got.Body != "Sent" {
				t.Errorf("Syncro has %+v", got)
			}
		})
		t.Run("a note becomes a reply", func(t *testing.T) {
			first := ask(t, s.dana, "note 32160 For all", "Confirm: Note on", "INTERNAL", "NO E-MAIL")
			second := press(t, s.dana, first, "Make it a reply", "Confirm: Reply on #32160", "CUSTOMER WILL SEE THIS", "For all", "[Make it a note]")
			press(t, s.dana, first, "Confirm", "Cancelled", "Nothing was sent.")
			s.confirm(t, second)
			if got := s.lastComment(t, 32160); got.Body != "For all" || got.Hidden {
				t.Errorf("Syncro has %+v", got)
			}
		})
		t.Run("a close", func(t *testing.T) {
			first := ask(t, s.dana, "close 32102 Label printer mended", "Confirm: Close #32102", "Label printer mended")
			f := s.opens(t, first, "Edit", "Resolution")
			f.holds(t, map[string]string{"text": "Label printer mended", "audience": "customer"})
			second := fill(t, s.dana, f, map[string]string{"text": "Label printer replaced", "audience": "--internal"}, "Confirm: Close #32102", "Label printer replaced", "INTERNAL")
			press(t, s.dana, first, "Confirm", "Cancelled", "Nothing was sent.")
			done := s.confirm(t, second)
			if k := s.ticket(t, 32102); k.Status != "Resolved" || s.lastComment(t, 32102).Body != "Label printer replaced" || !s.lastComment(t, 32102).Hidden {
				t.Errorf("Syncro has %+v", k)
			}
			f = s.opens(t, done, "Bill…", "Bill 32102", "Minutes")
			f.holds(t, map[string]string{"minutes": "", "labor": ""})
			c := fill(t, s.dana, f, map[string]string{"minutes": "30", "labor": "remote", "text": "Replaced"}, "Confirm: Bill #32102", "Resolved → Invoiced")
			press(t, s.dana, c, "Cancel", "Cancelled")
		})
		t.Run("a bill", func(t *testing.T) {
			first := ask(t, s.dana, "bill 32163 45m remote Mended", "Confirm: Bill #32163")
			f := s.opens(t, first, "Edit", "Bill 32163")
			f.holds(t, map[string]string{"minutes": "45", "labor": "remote", "text": "Mended", "audience": "customer", "invoice": "now"})
			second := fill(t, s.dana, f, map[string]string{"minutes": "1h", "labor": "onsite"}, "Confirm: Bill #32163", "60 minutes = 1 h", "175")
			press(t, s.dana, first, "Confirm", "Cancelled", "Nothing was sent.")
			s.confirm(t, second)
			k := s.ticket(t, 32163)
			labor(t, k.Lines[0], 26118, "1", "175", "Mended")
			is(t, "the total", s.theInvoice(t, 32163).Total, "175")
		})
	})
}

// TestTicketButtons goes through what stands under a ticket.
func TestTicketButtons(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		shown := func(number int64) card {
			t.Helper()
			return ask(t, s.dana, fmt.Sprint(number), fmt.Sprintf("#%d", number), "Last comments")
		}
		// atOnce presses a button that changes the ticket without a card.
		atOnce := func(t *testing.T, c card, label string, words ...string) card {
			t.Helper()
			done := press(t, s.dana, c, label, append(words, "Done and checked", "logged as Dana Ruiz")...)
			s.sent++
			if got := s.writes(); got != s.sent {
				t.Errorf("%q made %d writes", label, got-s.sent+1)
			}
			return done
		}
		t.Run("what there is", func(t *testing.T) {
			if got := shown(32164).buttons; !slices.Equal(got, []string{"Note", "Reply", "Bill", "Status", "Assign", "Close", "Start timer"}) {
				t.Errorf("one's own ticket has %q", got)
			}
			if got := shown(32163).buttons; !slices.Contains(got, "Take it") {
				t.Errorf("another's ticket has %q", got)
			}
		})
		t.Run("take it, and undo", func(t *testing.T) {
			done := atOnce(t, shown(32163), "Take it", "Assign #32163", "Rob Ames → Dana Ruiz", "[Undo]")
			if got := s.ticket(t, 32163).UserID; got != 4101 {
				t.Fatalf("it is assigned to %d", got)
			}
			press(t, s.rob, done, "Undo", "This card belongs to Dana Ruiz", "Nothing was sent by your click.")
			undone := atOnce(t, done, "Undo", "Assign #32163", "Dana Ruiz → Rob Ames")
			if got := s.ticket(t, 32163).UserID; got != 4107 {
				t.Errorf("it is assigned to %d", got)
			}
			if slices.Contains(undone.buttons, "Undo") {
				t.Errorf("undone: %q", undone.buttons)
			}
		})
		t.Run("take it from nobody", func(t *testing.T) {
			done := atOnce(t, shown(32170), "Take it", "Assign #32170")
			if got := s.ticket(t, 32170).UserID; got != 4101 || slices.Contains(done.buttons, "Undo") {
				t.Errorf("it is assigned to %d, with the buttons %q", got, done.buttons)
			}
		})
		t.Run("undo after somebody else", func(t *testing.T) {
			done := atOnce(t, shown(32161), "Take it", "[Undo]")
			if err := s.Syncro.Person(syncrosim.Act{Ticket: 32161, UserID: 4107, Assign: 4112}); err != nil {
				t.Fatal(err)
			}
			c := press(t, s.dana, done, "Undo", "Confirm: Assign #32161", "Priya Nair", "Rob Ames")
			if got := s.ticket(t, 32161).UserID; got != 4112 || s.writes() != s.sent {
				t.Errorf("it is assigned to %d", got)
			}
			s.confirm(t, c)
			if got := s.ticket(t, 32161).UserID; got != 4107 {
				t.Errorf("it is assigned to %d", got)
			}
		})
		t.Run("a status, and undo", func(t *testing.T) {
			c := press(t, s.dana, shown(32164), "Status", "Which status for #32164", "It is In Progress now.", "[Waiting for Parts]")
			done := atOnce(t, c, "Waiting for Parts", "In Progress → Waiting for Parts", "[Undo]")
			if got := s.ticket(t, 32164).Status; got != "Waiting for Parts" {
				t.Fatalf("the status is %q", got)
			}
			atOnce(t, done, "Undo", "Waiting for Parts → In Progress")
			if got := s.ticket(t, 32164).Status; got != "In Progress" {
				t.Errorf("the status is %q", got)
			}
		})
		t.Run("undo of a status after somebody else", func(t *testing.T) {
			c := press(t, s.dana, shown(32162), "Status", "Which status for #32162")
			done := atOnce(t, c, "Scheduled", "[Undo]")
			if err := s.Syncro.Person(syncrosim.Act{Ticket: 32162, UserID: 4107, Status: "Customer Reply"}); err != nil {
				t.Fatal(err)
			}
			c = press(t, s.dana, done, "Undo", "Confirm: Set the status of #32162", "Customer Reply → In Progress")
			press(t, s.dana, c, "Cancel", "Cancelled")
			if got := s.ticket(t, 32162).Status; got != "Customer Reply" {
				t.Errorf("the status is %q", got)
			}
		})
		t.Run("a status that ends it is asked for", func(t *testing.T) {
			c := press(t, s.dana, shown(32164), "Status", "Which status for #32164")
			c = press(t, s.dana, c, "Resolved", "Confirm: Set the status of #32164", "In Progress → Resolved")
			press(t, s.dana, c, "Cancel", "Cancelled")
			c = press(t, s.dana, shown(32164), "Status", "Which status for #32164")
			press(t, s.dana, c, "Invoiced", "Nothing was sent.", "#32164 has no invoice")
		})
		t.Run("buttons that ask", func(t *testing.T) {
			f := s.opens(t, shown(32164), "Note", "Note on 32164")
			press(t, s.dana, fill(t, s.dana, f, map[string]string{"text": "Rekey"}, "Confirm: Note on #32164", "INTERNAL", "Rekey"), "Cancel", "Cancelled")
			f = s.opens(t, shown(32164), "Reply", "Reply on 32164")
			press(t, s.dana, fill(t, s.dana, f, map[string]string{"text": "Rekey"}, "Confirm: Reply on #32164", "CUSTOMER WILL SEE THIS"), "Cancel", "Cancelled")
			f = s.opens(t, shown(32164), "Bill", "Bill 32164")
			f.holds(t, map[string]string{"minutes": "", "labor": ""})
			c := fill(t, s.dana, f, map[string]string{"minutes": "30", "labor": "remote", "text": "Rekey"}, "Confirm: Bill #32164", "6.5")
			press(t, s.dana, c, "Cancel", "Cancelled")
			press(t, s.dana, press(t, s.dana, shown(32164), "Close", "Confirm: Close #32164"), "Cancel", "Cancelled")
			who := press(t, s.dana, shown(32162), "Assign", "Who takes #32162", "It is assigned to Tomás Okafor now.", "[Priya Nair]")
			atOnce(t, who, "Priya Nair", "Tomás Okafor → Priya Nair", "[Undo]")
			if got := s.ticket(t, 32162).UserID; got != 4112 {
				t.Errorf("it is assigned to %d", got)
			}
			started := press(t, s.dana, shown(32164), "Start timer", "Timer started on #32164")
			stopped := press(t, s.dana, started, "Stop", "Stopped: 0:01 on #32164")
			f = s.opens(t, stopped, "Bill 0:01", "Bill 32164")
			f.holds(t, map[string]string{"minutes": "1", "labor": "", "text": ""})
			c = fill(t, s.dana, f, map[string]string{"labor": "remote", "text": "Rekey"}, "Confirm: Bill #32164", "1 minutes")
			press(t, s.dana, c, "Cancel", "Cancelled")
		})
	})
}

// TestShortcuts: what somebody wrote in a chat becomes a ticket, or a comment
// on one.
func TestShortcuts(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		const subject, rest = "Scanner <b>jams</b> & *beeps*", "Since Monday, says Wren"
		// whole reports whether a text has all of the message. The simulated
		// Teams hands messages over as HTML, where a line break is a space.
		whole := func(text string) bool {
			return strings.Contains(text, "From Dana Ruiz, ") && strings.Contains(flat(text), subject+" "+rest)
		}
		literal := func(text string) string { return strings.ReplaceAll(text, "<", "&lt;") } // Syncro takes HTML
		t.Run("a new ticket", func(t *testing.T) {
			f := s.dana.shortcut(t, subject+"\n"+rest, "new_ticket")
			f.holds(t, map[string]string{"customer": "", "priority": "", "due": ""})
			if !strings.HasPrefix(f.values["subject"], subject) || !whole(f.values["text"]) {
				t.Errorf("it holds %v", f.values)
			}
			// The simulated Slack knows no addresses of messages.
			if _, ok := s.dana.(teamsPerson); ok && !strings.Contains(f.values["text"], "\nhttps://teams.microsoft.com/l/message/") {
				t.Errorf("the message's address is not in: %s", f.values["text"])
			}
			if got := s.dana.suggest(t, f, "customer", "fox"); !slices.Equal(got, []string{"Foxglove Florist"}) {
				t.Errorf("offered %q", got)
			}
			c := fill(t, s.dana, f, map[string]string{"customer": "Foxglove Florist"}, "Confirm: Create a ticket for Foxglove Florist", subject, rest)
			s.confirm(t, c)
			k := s.made()
			if k.Subject != f.values["subject"] || k.UserID != 4101 || len(k.Comments) != 1 || k.Comments[0].Body != literal(f.values["text"]) {
				t.Errorf("Syncro has %+v", k)
			}
		})
		t.Run("on a ticket", func(t *testing.T) {
			f := s.dana.shortcut(t, subject+"\n"+rest, "add_to_ticket")
			f.holds(t, map[string]string{"audience": "--internal"})
			if own := s.dana.suggest(t, f, "ticket", ""); len(own) == 0 || !slices.ContainsFunc(own[:min(6, len(own))], func(o string) bool { return strings.Contains(o, "#32164") }) {
				t.Errorf("offered first: %q", own)
			}
			if got := s.dana.suggest(t, f, "ticket", "32163"); len(got) != 1 || !strings.HasPrefix(got[0], "#32163 Quayside Books") {
				t.Errorf("offered %q", got)
			}
			found := s.dana.suggest(t, f, "ticket", "label editor")
			if len(found) != 1 || !strings.HasPrefix(found[0], "#32163 Quayside Books") {
				t.Fatalf("offered %q", found)
			}
			c := fill(t, s.dana, f, map[string]string{"ticket": found[0]}, "Confirm: Note on #32163", "INTERNAL", "NO E-MAIL", subject, rest)
			s.confirm(t, c)
			if got := s.lastComment(t, 32163); !got.Hidden || got.Body != literal(f.values["text"]) || !whole(f.values["text"]) {
				t.Errorf("Syncro has %+v", got)
			}
		})
	})
}
