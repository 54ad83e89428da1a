package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestCost counts the requests to Syncro of each command, from the typed word
// to the outcome, with what can be remembered remembered: the key's owner, the
// ticket's id, the account's lists.
func TestCost(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	dana := teamsPerson{w, danaTeams, "", ""}
	for _, number := range []string{"32164", "32102", "32162", "32163", "32161", "32160", "32159", "32158", "32157", "32156", "32154", "32144", "32142", "32170", "32171", "32151"} {
		ask(t, dana, number, "#"+number)
	}
	ask(t, dana, "update 32164 nonsense", "There are: New")
	// A product's rate is remembered for some minutes.
	press(t, dana, ask(t, dana, "bill 32157 30m remote text", "Confirm:"), "Cancel", "Cancelled")
	var table strings.Builder
	for _, c := range []struct {
		line string
		most int
		done string // of the outcome; empty where nothing is confirmed
	}{
		{"open", 2, ""},
		{"32164", 2, ""},
		{"search printer", 1, ""},
		{"search printer customer:elm to:dana", 2, ""},
		{"customers harbor", 1, ""},
		{"whoami", 1, ""},
		{"pending", 0, ""},
		{"help", 0, ""},
		{"comment 32164 text", 1, ""},
		{"close 32102", 4, "Close #32102"},
		{"close 32164 “Fixed.”", 4, "Close #32164"},
		{"update 32162 scheduled", 4, "Set the status of #32162"},
		{"assign 32163 me", 4, "Assign #32163"},
		{"priority 32161 high", 4, "Set the priority of #32161"},
		{"note 32160 text", 4, "Note on #32160"},
		{"reply 32159 text", 4, "Reply on #32159"},
		{"update 32158 nonsense", 2, ""},
		{"clsoe 32158", 0, ""},
		{"bill 32156 45m remote text", 9, "Bill #32156"},
		{"bill 32157 30m remote --internal --no-invoice text", 4, "Bill #32157"},
		{"bill 32171 30m remote text", 9, "Bill #32171"},
		{"bill 32156", 0, ""},
		{"comments 32151", 1, ""},
		{"line 32144", 1, ""},
		{"line 32154 add 30m remote text", 4, "Charge on #32154"},
		{"timer 32154", 1, ""},
		{"timer 32154 add 30m remote text", 4, "Timer entry on #32154"},
		{"start 32154", 1, ""},
		{"stop", 0, ""},
		{"invoice 32142", 3, ""},
		{"invoice 32144 create", 6, "Invoice #32144"},
		{"invoices", 1, ""},
		{"log 32144", 1, ""},
		{"create quayside Scanner fails", 5, "Create a ticket"},
		{"customers create “Lakeside Optics”", 4, "Create customer"},
		{"delete 32170 32170", 5, "Delete #32170"},
	} {
		before := len(w.Syncro.Requests())
		if drawn := ask(t, dana, c.line); c.done != "" {
			press(t, dana, drawn, "Confirm", c.done, "Done and checked")
		}
		var asked []string
		for _, r := range w.Syncro.Requests()[before:] {
			asked = append(asked, r.Route)
		}
		if len(asked) > c.most {
			t.Errorf("%q costs %d requests, at most %d are fine: %q", c.line, len(asked), c.most, asked)
		}
		fmt.Fprintf(&table, "%-50s %d  %s\n", c.line, len(asked), strings.Join(asked, ", "))
	}
	t.Logf("requests to Syncro, with warm caches\n%s", &table)
}
