package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/simulator/slacksim"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// TestThreadOfAMessage: Slack hands a thread over where the bot is in the
// channel and may read it, and else it is said why not.
func TestThreadOfAMessage(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	dana := slackPerson{w, danaSlack, "C0DESK"}
	said := func(user, channel, thread, text string, files ...string) slacksim.Message {
		t.Helper()
		m, err := w.Slack.Reply(user, channel, thread, text, files...)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	use := func(m slacksim.Message, name string) *form {
		t.Helper()
		for dana.form(t) != nil { // the one before
			w.Slack.CloseView(t.Context(), danaSlack)
		}
		if ack := w.Slack.MessageShortcut(t.Context(), danaSlack, m.ID, name); ack.Err != nil {
			t.Fatal(ack.Err)
		}
		return asked(t, dana)
	}
	first := said(robSlack, "C0DESK", "", "Fax <again> & again, @dana")
	second := said(danaSlack, "C0DESK", first.ID, "Which *line*?", "fax log.txt")
	said(robSlack, "C0DESK", first.ID, "The one of @guest")

	t.Run("without leave to read the channel", func(t *testing.T) {
		f := use(first, "add_to_ticket")
		if _, offered := f.values["include"]; offered || !f.has("Its thread cannot be taken along: this app may not read the channel (channels:history).", "Fax <again>") {
			t.Errorf("the form says: %s", f.text)
		}
	})
	w.Slack.Grant("channels:history")
	t.Run("the message alone", func(t *testing.T) {
		f := use(first, "add_to_ticket")
		for _, words := range []string{"From Rob Ames, ", "Fax <again> & again, @Dana Ruiz", "\nhttps://example.slack.com/archives/C0DESK/p"} {
			if !strings.Contains(f.values["text"], words) {
				t.Errorf("%q is not in: %s", words, f.values["text"])
			}
		}
		f.holds(t, map[string]string{"include": "message"})
		found := dana.suggest(t, f, "ticket", "label editor")
		c := fill(t, dana, f, map[string]string{"ticket": found[0]}, "Confirm: Note on #32163", "Fax <again>")
		if c.has("Which *line*?") {
			t.Errorf("the thread came along: %s", c.text)
		}
		press(t, dana, c, "Cancel", "Cancelled")
	})
	t.Run("with its thread", func(t *testing.T) {
		f := use(second, "add_to_ticket")
		if !f.has("File, not attached: fax log.txt https://example.slack.com/files/", "Syncro cannot fetch them") {
			t.Errorf("the form says: %s", f.text)
		}
		found := dana.suggest(t, f, "ticket", "label editor")
		c := fill(t, dana, f, map[string]string{"ticket": found[0], "include": "thread"}, "Confirm: Note on #32163", "The thread:",
			"Rob Ames, ", ": Fax <again> & again, @Dana Ruiz", ": Which *line*? (fax log.txt)", ": The one of @A guest")
		f = asks(t, dana, c, "Edit", "Text")
		if !strings.Contains(f.values["text"], "The one of @A guest") {
			t.Errorf("the thread is not to be edited: %s", f.values["text"])
		}
		c = fill(t, dana, f, map[string]string{"audience": "--no-email"}, "Confirm: Reply on #32163", "NO E-MAIL", "The one of @A guest")
		press(t, dana, c, "Confirm", "Done and checked")
		if got := w.lastComment(t, 32163); !strings.Contains(got.Body, "Which *line*? (fax log.txt)") || got.Hidden || got.EmailedTo != "" {
			t.Errorf("Syncro has %+v", got)
		}
	})
	t.Run("a new ticket of it", func(t *testing.T) {
		f := use(second, "new_ticket")
		f.holds(t, map[string]string{"subject": "Which *line*?", "include": "message", "assignee": "me"})
		dana.suggest(t, f, "customer", "fox")
		c := fill(t, dana, f, map[string]string{"customer": "Foxglove Florist", "include": "thread"}, "Confirm: Create a ticket for Foxglove Florist", "The thread:", "@A guest")
		press(t, dana, c, "Confirm", "Done and checked")
	})
	t.Run("where the bot is not", func(t *testing.T) {
		apart := said(robSlack, "C0HARBOR", "", "Who is there?")
		f := use(said(danaSlack, "C0HARBOR", apart.ID, "I am"), "add_to_ticket")
		if !f.has("Its thread can be taken along once I am in this channel: invite me.") || f.values["text"] == "" {
			t.Errorf("the form says: %s", f.text)
		}
		if _, asked := f.values["include"]; asked {
			t.Error("a thread is offered that nobody read")
		}
	})
	w.wellMannered(t)
}

// TestTeamsKeepsItsThreads: a bot's token reads no thread, and that is said.
func TestTeamsKeepsItsThreads(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	const channel = "19:desk@thread.tacv2"
	root := w.Teams.Say(t.Context(), danaTeams, channel, "The fax again")
	dana := teamsPerson{w, danaTeams, channel + ";messageid=" + root.ID, ""}
	f := dana.shortcut(t, "Which line?", "add_to_ticket")
	if !f.has("Teams hands over this message alone, not its thread") || !strings.Contains(f.values["text"], "https://teams.microsoft.com/l/message/") {
		t.Errorf("the form says: %s", f.text)
	}
}

// asks presses a button that opens a form.
func asks(t testing.TB, p person, c card, label string, words ...string) *form {
	t.Helper()
	p.press(t, c, label)
	return asked(t, p, words...)
}

// TestLongTexts: a text that is longer than one input takes is edited whole, and
// one that is longer than a card shows comes back.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		long := strings.TrimSpace(strings.Repeat("The é tunnel is <up> & the share is not.\n\n", 120)) // 5,000 characters
		c := ask(t, s.dana, "note 32160 "+long, "Confirm: Note on #32160")
		f := s.opens(t, c, "Edit", "Text")
		values := map[string]string{}
		for name, value := range f.values {
			if strings.HasPrefix(name, "text") && strings.Contains(value, "is <up>") {
				values[name] = strings.Replace(value, "is <up>", "is <down>", 1)
			}
		}
		c = fill(t, s.dana, f, values, "Confirm: Note on #32160", "is <down>", "share is not.")
		s.confirm(t, c)
		got := s.lastComment(t, 32160).Body
		want := strings.ReplaceAll(long, "<up>", "&lt;up>")
		if len(values) > 1 {
			if strings.Count(got, "&lt;down>") != len(values) {
				t.Errorf("%d parts were edited, and %d are", len(values), strings.Count(got, "&lt;down>"))
			}
			got = strings.ReplaceAll(got, "&lt;down>", "&lt;up>")
		} else {
			want = strings.Replace(want, "&lt;up>", "&lt;down>", 1)
		}
		if got != want {
			t.Errorf("Syncro has %d characters, want %d", len(got), len(want))
		}
	})
}

// TestWhoMayOnlyRead is told so before anything is typed.
func TestWhoMayOnlyRead(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		sam := who(samSlack, samTeams)
		for _, line := range []string{"bill 32164", "note 32164", "reply 32164", "comment 32164", "create"} {
			ask(t, sam, line, "Nothing was sent.", "You have no Syncro key of your own in the vault")
			if f := sam.form(t); f != nil {
				t.Errorf("%q opens: %s", line, f.text)
			}
		}
		shown := ask(t, sam, "32151", "Replace the file server", "Last comments")
		if !slices.Equal(shown.buttons, []string{"All 12 comments"}) {
			t.Errorf("they are offered %q", shown.buttons)
		}
		if w.writes() != 0 {
			t.Error("something was written")
		}
	})
}

// TestSharedKeyCreates: with the shared key for everything, a ticket is made
// once it is said whose it is.
func TestSharedKeyCreates(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		sam := who(samSlack, samTeams)
		c := ask(t, sam, "create quayside Till drawer sticks", "To whom is it assigned?", "Nothing was sent.", "[Rob Ames]")
		c = press(t, sam, c, "Rob Ames", "Confirm: Create a ticket for Quayside Books", "assigned to Rob Ames", "You have no Syncro key of your own", "Front Office")
		press(t, sam, c, "Confirm", "Done and checked")
		if k := w.made(); k.UserID != 4107 || k.Subject != "Till drawer sticks" {
			t.Errorf("Syncro has %+v", k)
		}
		sam.say(t, "create")
		f := asked(t, sam, "New Syncro ticket", "Assigned to")
		f.holds(t, map[string]string{"assignee": "", "priority": "2 Normal"})
	}, func(w *world) { w.cfg.Vault.SharedKey = "all" })
}

// TestColdForms: where the account's lists are not known a form opens without a
// request to Syncro, and they are looked up as one types.
func TestColdForms(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		f := s.asks(t, "create", "New Syncro ticket")
		if n := s.Syncro.Count("GET", "/tickets/settings") + s.Syncro.Count("GET", "/settings"); n != 0 {
			t.Errorf("%d requests before it opened", n)
		}
		if got := s.dana.suggest(t, f, "priority", "ur"); !slices.Equal(got, []string{"0 Urgent"}) {
			t.Errorf("offered %q", got)
		}
		if got := s.dana.suggest(t, f, "assignee", ""); len(got) < 5 || got[0] != "Me" {
			t.Errorf("offered %q", got)
		}
		s.dana.suggest(t, f, "customer", "quay")
		c := fill(t, s.dana, f, map[string]string{"customer": "Quayside Books", "subject": "Scanner"}, "Confirm:", "priority 2 Normal", "assigned to Dana Ruiz")
		press(t, s.dana, c, "Cancel", "Cancelled")
	})
}

// TestChargeBetweenBillAndInvoice: after a pause, what the ticket has by now is
// compared before the invoice takes all of it.
func TestChargeBetweenBillAndInvoice(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *story) {
		s.Syncro.Fault(syncrosim.Fault{Kind: syncrosim.Unauthorized, Method: "POST", Path: "/invoices"})
		c := ask(t, s.dana, "bill 32163 45m remote Label editor mended", "Confirm:")
		c = press(t, s.dana, c, "Confirm", "Steps 1 to 2 were done. Step 3 was not sent.")
		if err := s.Syncro.Edit(32163, func(k *syncrosim.Ticket) { k.Lines = append(k.Lines, k.Lines[0]) }); err != nil {
			t.Fatal(err)
		}
		press(t, s.dana, c, "Try again", "Nothing more will be sent.", "the ticket's charges are by now:", "should hold exactly")
		if len(s.Syncro.Invoices(32163)) != 0 {
			t.Error("the invoice was made all the same")
		}
		s.sent = s.writes()
	})
}
