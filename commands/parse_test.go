package commands

import (
	"slices"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line, command, rest string
		problem             string // of the error, where there is one
		choices             []string
	}{
		{line: "", command: "open"},
		{line: " \u00a0\u200b", command: "open"},
		{line: "OPEN", command: "open"},
		{line: "32164", command: "ticket", rest: "32164"},
		{line: "#32164", command: "ticket", rest: "#32164"},
		{line: "-1", command: "ticket", rest: "-1"},
		{line: "https://example.syncromsp.com/tickets/5", command: "ticket", rest: "https://example.syncromsp.com/tickets/5"},
		{line: "close 32164", command: "close", rest: "32164"},
		{line: "/close 32164", command: "close", rest: "32164"},
		{line: "resolve\u00a032164  “Fixed it.”", command: "close", rest: "32164  “Fixed it.”"},
		{line: "note 1 first\n  second", command: "note", rest: "1 first\n  second"},
		{line: "clsoe 32164", problem: "do not know", choices: []string{"close 32164"}},
		{line: "32164 fixed it", problem: "nothing more", choices: []string{"note 32164 fixed it", "reply 32164 fixed it", "ticket 32164"}},
		{line: "32164 note Fixed it", problem: "nothing more", choices: []string{"note 32164 Fixed it", "note 32164 note Fixed it", "reply 32164 note Fixed it", "ticket 32164"}},
		{line: "#32164,", command: "ticket", rest: "#32164"},
		{line: "<!channel> hello", problem: "do not know", choices: []string{"help"}},
		{line: strings.Repeat("x", 40000), problem: "do not know", choices: []string{"help"}},
	} {
		command, rest, err := find(all(), c.line)
		if c.problem == "" {
			if err != nil || command.Name != c.command || rest != c.rest {
				t.Errorf("%q: %v, %q, %v", c.line, command, rest, err)
			}
			continue
		}
		e, ok := err.(*UsageError)
		if !ok || !strings.Contains(e.Problem, c.problem) {
			t.Errorf("%.40q: %v", c.line, err)
			continue
		}
		var lines []string
		for _, choice := range e.Choices {
			lines = append(lines, choice.Line)
		}
		if !slices.Equal(lines, c.choices) {
			t.Errorf("%q offers %q", c.line, lines)
		}
	}
}

func TestUnquote(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		`Reset VPN`:      `Reset VPN`,
		`"Reset VPN"`:    `Reset VPN`,
		`“Reset VPN”`:    `Reset VPN`,
		`„Reset VPN“`:    `Reset VPN`,
		`‘it is’`:        `it is`,
		`"a" and "b"`:    `"a" and "b"`,
		`"`:              `"`,
		`""`:             ``,
		`it's 5'`:        `it's 5'`,
		"\"two\nlines\"": "two\nlines",
		`"open`:          `"open`,
	} {
		if got := unquote(typed); got != want {
			t.Errorf("%s: %q, want %q", typed, got, want)
		}
	}
}

func TestPick(t *testing.T) {
	t.Parallel()
	statuses := []string{"New", "In Progress", "Waiting on Customer", "Waiting on Vendor", "Resolved", "Invoiced"}
	priorities := []string{"", "0 Urgent", "1 High", "2 Normal", "3 Low"}
	for _, c := range []struct {
		names []string
		typed string
		name  string
		maybe []string
	}{
		{statuses, "in progress", "In Progress", nil},
		{statuses, " IN   PROGRESS ", "In Progress", nil},
		{statuses, "“resolved”", "Resolved", nil},
		{statuses, "res", "Resolved", nil},
		{statuses, "waiting", "", []string{"Waiting on Customer", "Waiting on Vendor"}},
		{statuses, "customer", "", []string{"Waiting on Customer"}},
		{statuses, "resovled", "", []string{"Resolved"}},
		{statuses, "nonsense", "", nil},
		{statuses, "", "", nil},
		{priorities, "urgent", "0 Urgent", nil},
		{priorities, "0 urgent", "0 Urgent", nil},
		{priorities, "0", "", nil},
		{priorities, "Normal", "2 Normal", nil},
	} {
		name, maybe := pick(c.names, c.typed)
		if name != c.name || !slices.Equal(maybe, c.maybe) {
			t.Errorf("%q: %q or %q", c.typed, name, maybe)
		}
	}
}

func TestEveryCommandHasHelpAndItsExamplesAreFound(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range all() {
		if c.Summary == "" || len(c.Examples) == 0 {
			t.Errorf("%s has no help", c.Name)
		}
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			if seen[name] {
				t.Errorf("%s is the name of two commands", name)
			}
			seen[name] = true
		}
		for _, example := range c.Examples {
			if found, _, err := find(all(), example); err != nil || found.Name != c.Name {
				t.Errorf("%s: the example %q is found as %v, %v", c.Name, example, found, err)
			}
		}
	}
}

// FuzzFind: whatever is typed, there is a command or an explanation, and the
// line of a choice is found again.
func FuzzFind(f *testing.F) {
	for _, s := range []string{"", "close 32164", "clsoe 1", "#1 x", "“”", "\x00", "note 1 \n", "https://[::1", "🎫 32164", "\u200fאבג 32164"} {
		f.Add(s)
	}
	commands := all()
	f.Fuzz(func(t *testing.T, line string) {
		command, rest, err := find(commands, line)
		if (command == nil) == (err == nil) {
			t.Fatalf("%v, %v", command, err)
		}
		if err == nil {
			c := &Call{Rest: rest, TicketURL: func(int64) string { return "https://example.syncromsp.com/tickets/0" }}
			if word, _ := cutWord(c.Rest); word != "" {
				_, _ = c.linked(word)
			}
			_ = unquote(rest)
			return
		}
		for _, choice := range err.(*UsageError).Choices {
			if _, _, err := find(commands, choice.Line); err != nil {
				t.Errorf("the choice %q is not found: %v", choice.Line, err)
			}
		}
	})
}

func TestTheMenuIsTheTable(t *testing.T) {
	t.Parallel()
	menu, shortcuts := Menu(), 0
	for i, c := range all() {
		if got := menu.Commands[i]; got.Name != c.Name || !strings.HasPrefix(got.Label, c.Name) || got.About != c.Summary {
			t.Errorf("%s is in the menu as %+v", c.Name, got)
		}
		if c.Shortcut == nil {
			continue
		}
		got := menu.Shortcuts[shortcuts]
		shortcuts++
		if got.Name != c.Shortcut.Name || got.Label != c.Shortcut.Label || len(got.Label) > 24 || got.About == "" {
			t.Errorf("the shortcut of %s is in the menu as %+v", c.Name, got)
		}
	}
	if len(menu.Commands) != len(all()) || len(menu.Shortcuts) != shortcuts {
		t.Errorf("%d commands, %d shortcuts", len(menu.Commands), len(menu.Shortcuts))
	}
}
