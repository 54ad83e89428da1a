package commands

import (
	"slices"
	"strings"

	"github.com/syncrobot/syncrobot/syncro"
)

// Unknown is a name in the configuration, or one that the bot's own workflow
// uses, that the Syncro account does not have.
type Unknown struct {
	What   string // "status"
	Name   string
	Remedy string // a sentence
}

// Unknown lists what of the rules the account does not have. The commands would
// say so when it is too late.
func (r Rules) Unknown(s syncro.Settings) []Unknown {
	var all []Unknown
	has := func(names []string, name string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return fold(n) == fold(name) })
	}
	instead := func(names []string) string { return strings.Join(present(names...), ", ") }
	if !has(s.Statuses, r.CloseStatus) {
		all = append(all, Unknown{"status", r.CloseStatus, "Write tickets.close_status: one of " + instead(s.Statuses) + "."})
	}
	if !has(s.Statuses, invoiced) {
		all = append(all, Unknown{"status", invoiced, "Add it in Syncro at Admin, Tickets, Ticket Statuses: “bill” ends with it."})
	}
	if !has(s.Priorities, r.DefaultPriority) {
		all = append(all, Unknown{"priority", r.DefaultPriority, "Write tickets.default_priority: one of " + instead(s.Priorities) + "."})
	}
	return all
}
