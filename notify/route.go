package notify

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/syncrobot/syncrobot/chat"
)

// Event is something that becomes of a ticket.
type Event string

// The events.
const (
	Invoiced Event = "invoiced" // its status became Invoiced, or there is an invoice at last
	Created  Event = "created"
	Assigned Event = "assigned" // to somebody, or to somebody else
	Replied  Event = "replied"  // the customer wrote
	Urgent   Event = "urgent"   // its priority became urgent
	Resolved Event = "resolved" // its status became a final one but Invoiced
)

// Route sends an event to places. Its filters are all to be met; one that is
// empty is met by all.
type Route struct {
	Event       Event
	To          []chat.Place // a channel; or all the ways to one person
	Person      string       // the technician to whom To leads, by the name in the configuration; empty: a channel
	Customers   []string     // as Syncro writes them, in any case
	Technicians []string     // of the ticket: their names in Syncro, in any case
	MinTotal    string       // decimal: of the ticket's invoices together; without an invoice it is met
}

// matches reports whether the route is for what happened on a ticket.
func (r Route) matches(h happening, f facts) bool {
	if r.Event != h.Event || !oneOf(r.Customers, f.Customer) || !oneOf(r.Technicians, f.Technician) {
		return false
	}
	least, err := decimal.NewFromString(r.MinTotal)
	if err != nil || len(f.Invoices) == 0 {
		return true
	}
	total := decimal.Zero
	for _, inv := range f.Invoices {
		if d, err := decimal.NewFromString(inv.Total); err == nil {
			total = total.Add(d)
		}
	}
	return total.GreaterThanOrEqual(least)
}

// longestName is how much of a customer's name is kept and compared.
const longestName = 80

func oneOf(names []string, name string) bool {
	return len(names) == 0 || slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(clip(n, longestName), clip(name, longestName)) })
}

// place is a place with all routes that lead there.
type place struct {
	chat.Place
	person string // the technician to whom it leads; empty: a channel
	routes []Route
	wake   chan struct{} // its speaker: there is something to say
}

func placesOf(routes []Route) []place {
	var all []place
	for _, r := range routes {
		for _, to := range r.To {
			i := slices.IndexFunc(all, func(p place) bool { return p.Key() == to.Key() })
			if i < 0 {
				i = len(all)
				all = append(all, place{Place: to, person: r.Person, wake: make(chan struct{}, 1)})
			}
			all[i].routes = append(all[i].routes, r)
		}
	}
	return all
}

// wants reports whether a route to the place is for what happened. What
// somebody did themselves, in whatever chat, is not told them in private.
func (p place) wants(h happening, f facts) bool {
	if p.person != "" && h.By == p.person {
		return false
	}
	return slices.ContainsFunc(p.routes, func(r Route) bool { return r.matches(h, f) })
}

// bills reports whether amounts may be shown there: where invoices are told.
func (p place) bills() bool {
	return slices.ContainsFunc(p.routes, func(r Route) bool { return r.Event == Invoiced })
}

// tells reports whether any route is for the event.
func (n *Notifier) tells(e Event) bool {
	return slices.ContainsFunc(n.Routes, func(r Route) bool { return r.Event == e })
}
