package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/audit"
)

// onRecord is what bot audit prints.
func (w *world) onRecord(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	c := root()
	c.SetArgs(append([]string{"audit", "--config", filepath.Join(w.Dir, "bot.yaml")}, args...))
	c.SetOut(&out)
	if err := c.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAuditCommand(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	dana, rob := slackPerson{w, danaSlack, "C0DESK"}, teamsPerson{w, robTeams, "", ""}
	card := ask(t, dana, "close 32164", "Confirm:")
	press(t, slackPerson{w, robSlack, "C0DESK"}, card, "Confirm", "belongs to Dana")
	press(t, dana, card, "Confirm", "Done and checked")
	press(t, rob, ask(t, rob, "note 32163 looked at it", "Confirm:"), "Cancel", "Nothing was sent.")
	draft := ask(t, dana, "log 32164", "Nothing is written yet")
	press(t, dana, draft, "Write it", "Session log written")

	whats := func(args ...string) string {
		var words []string
		for text := range strings.Lines(w.onRecord(t, args...)) {
			var l audit.Line
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatalf("%q is no JSON: %v", text, err)
			}
			if l.At.IsZero() || l.What == "" || l.Who == "" {
				t.Errorf("a line lacks something: %s", text)
			}
			words = append(words, l.What)
		}
		return strings.Join(words, " ")
	}
	close := "asked not-theirs confirmed sending answered ended"
	for _, c := range []struct{ args, want string }{
		{"", close + " asked cancelled session-log"},
		{"--ticket 32163", "asked cancelled"},
		{"--who rob", "asked cancelled"},
		{"--who slack/T0001/" + danaSlack + " --ticket 32164", strings.Replace(close, " not-theirs", "", 1) + " session-log"},
		{"--since 2001-01-01 --until 2002-01-01T00:00:00Z", ""},
		{"--since 1h", close + " asked cancelled session-log"},
	} {
		if got := whats(strings.Fields(c.args)...); got != c.want {
			t.Errorf("bot audit %s: %s, want %s", c.args, got, c.want)
		}
	}
}
