package commands

import (
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/syncro"
)

func TestRulesThatTheAccountDoesNotHave(t *testing.T) {
	t.Parallel()
	account := syncro.Settings{Statuses: []string{"New", "Resolved", "Invoiced"}, Priorities: []string{"0 Urgent", "2 Normal"}}
	if all := (Rules{CloseStatus: "resolved", DefaultPriority: "Normal"}).Unknown(account); len(all) != 0 {
		t.Errorf("%+v", all)
	}
	account.Statuses = account.Statuses[:2]
	all := Rules{CloseStatus: "Closed", DefaultPriority: "Low"}.Unknown(account)
	var told []string
	for _, u := range all {
		told = append(told, u.What+" "+u.Name+": "+u.Remedy)
	}
	if len(all) != 3 || !strings.Contains(told[0], "Closed: Write tickets.close_status: one of New, Resolved.") ||
		!strings.Contains(told[1], "Invoiced: Add it in Syncro") || !strings.Contains(told[2], "one of 0 Urgent, 2 Normal.") {
		t.Errorf("%q", told)
	}
}
