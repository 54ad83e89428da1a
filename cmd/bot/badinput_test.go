package main

import (
	"strings"
	"testing"
)

// TestBadInput types what nobody should. The answer is clear, gives back what
// was typed as far as it fits, and nothing is sent.
func TestBadInput(t *testing.T) {
	t.Parallel()
	const (
		misunderstood = "I did not understand that"
		impossible    = "That cannot be done"
	)
	long := strings.Repeat("word ", 8000) // 40,000 characters
	cases := []struct {
		name, line string
		words      []string
	}{
		{"nothing", "", []string{"Open tickets"}},
		{"spaces", " \u200b\t ", []string{"Open tickets"}},
		{"40,000 characters", long, []string{misunderstood, "Nothing was sent.", long[:60], "(cut:"}},
		{"40,000 characters without a space", strings.Repeat("x", 40000), []string{misunderstood, "xxxxxxxxxx", "(cut:"}},
		{"a note of 40,000 characters", "note 32164 " + long, []string{impossible, "At most 6000 are shown whole", "note 32164 word word"}},
		{"a note of 6,001 characters", "note 32164 " + strings.Repeat("y", 6001), []string{impossible, "The text has 6001 characters"}},
		{"emoji", "🎉👩‍💻", []string{misunderstood, "I do not know the command “🎉👩‍💻”"}},
		{"a quoted command", "“close” 32164", []string{misunderstood, "“close” 32164"}},
		{"right to left", "الطابعة لا تعمل", []string{misunderstood, "الطابعة لا تعمل"}},
		{"a right-to-left override", "\u202eesolc 32164", []string{misunderstood, "32164"}},
		{"a broadcast", "<!channel>", []string{misunderstood}},
		{"HTML", "<b>close</b> <script>alert(1)</script>", []string{misunderstood, "<script>alert(1)</script>"}},
		{"Markdown", "[close](http://e.example) **32164** `x`", []string{misunderstood, "**32164** `x`"}},
		{"ticket 0", "close 0", []string{misunderstood, "“0” is no ticket number."}},
		{"ticket -1", "close -1", []string{misunderstood, "“-1” is no ticket number."}},
		{"ticket 99999999999999999999", "close 99999999999999999999", []string{misunderstood, "“99999999999999999999” is no ticket number."}},
		{"only 0", "0", []string{misunderstood, "“0” is no ticket number."}},
		{"only -1", "-1", []string{misunderstood, "“-1” is no ticket number."}},
		{"only 99999999999999999999", "99999999999999999999", []string{misunderstood, "is no ticket number."}},
		{"no such ticket", "close 77777", []string{impossible, "There is no ticket #77777.", "close 77777"}},
		{"no ticket", "close", []string{misunderstood, "Which ticket?", "Usage: close <ticket> [resolution]"}},
		{"a word for a ticket", "close it please", []string{misunderstood, "“it” is no ticket number."}},
		{"a link to elsewhere", "close https://elsewhere.example/tickets/32164", []string{impossible, "That link does not lead to our Syncro."}},
		{"a link to elsewhere alone", "https://elsewhere.example/tickets/32164", []string{impossible, "That link does not lead to our Syncro."}},
		{"no status", "update 32164", []string{"Which status for #32164", "It is In Progress now."}},
		{"no such status", "update 32164 qqqqqq", []string{impossible, "There is no status “qqqqqq”."}},
		{"no such technician", "assign 32164 qqqqqq", []string{impossible, "There is no technician “qqqqqq”.", "Dana Ruiz"}},
		{"no such priority", "priority 32164 qqqqqq", []string{impossible, "There is no priority “qqqqqq”.", "0 Urgent"}},
		{"a long query", "search " + strings.Repeat("z", 201), []string{impossible, "200 characters at most"}},
		{"more than is understood", "open now", []string{misunderstood, "open now"}},
		{"help for nothing", "help qqqqqq", []string{misunderstood, "I do not know the command “qqqqqq”."}},
	}
	for name, who := range map[string]func(*world) person{
		"Slack": func(w *world) person { return slackPerson{w, danaSlack, "C0DESK"} },
		"Teams": func(w *world) person { return teamsPerson{w, danaTeams, "", "/syncro "} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := openWorld(t)
			dana := who(w)
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) { ask(t, dana, c.line, c.words...) })
			}
			if got := w.writes(); got != 0 {
				t.Errorf("%d writes reached Syncro", got)
			}
			w.wellMannered(t)
		})
	}
}

// TestWholeText: a text of the greatest length is shown whole before it is
// sent, and that is what is sent.
func TestWholeText(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := 0; text.Len() < 6000; i++ {
		text.WriteString("line ")
		text.WriteString(strings.Repeat(string(rune('a'+i%26)), 40))
		text.WriteByte('\n')
	}
	whole := text.String()[:5999] + "Z"
	for name, who := range map[string]func(*world) person{
		"Slack": func(w *world) person { return slackPerson{w, danaSlack, "C0DESK"} },
		"Teams": func(w *world) person { return teamsPerson{w, danaTeams, "", ""} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := openWorld(t)
			dana := who(w)
			c := ask(t, dana, "note 32164 "+whole, "Confirm: Note on #32164")
			if !c.has(whole) {
				t.Errorf("the card does not show the text whole: %s", c.text)
			}
			press(t, dana, c, "Confirm", "Done and checked")
			if got := w.lastComment(t, 32164).Body; got != whole {
				t.Errorf("Syncro has %d characters, want %d: %s", len(got), len(whole), got)
			}
			w.wellMannered(t)
		})
	}
}
