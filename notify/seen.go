package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/syncro"
)

// sight is how a ticket was last seen.
type sight struct {
	Seq     int64     `json:"seq"` // how often it was seen to have changed
	Status  string    `json:"status"`
	UserID  int64     `json:"user"`
	Urgent  bool      `json:"urgent,omitempty"`
	Thread  bool      `json:"thread,omitempty"`  // its comments were read: a list shows the first alone
	Reply   int64     `json:"reply,omitempty"`   // the customer's last comment, where they were
	Billed  bool      `json:"billed,omitempty"`  // its invoices were looked for
	Invoice int64     `json:"invoice,omitempty"` // the newest, where they were; 0: none
	Updated time.Time `json:"updated"`
}

// sightOf is a ticket of a list, or with all its comments.
func sightOf(t syncro.Ticket) sight {
	s := sight{
		Status: t.Status, UserID: t.UserID, Updated: t.Updated, Thread: t.Raw != nil,
		Urgent: isUrgent(t.Priority),
	}
	if c := lastReply(t); c != nil && s.Thread {
		s.Reply = c.ID
	}
	return s
}

func isUrgent(priority string) bool { return strings.Contains(strings.ToLower(priority), "urgent") }

// lastReply is the last comment of the customer's; nil where there is none.
func lastReply(t syncro.Ticket) *syncro.Comment {
	for i := range t.Comments { // newest first
		if t.Comments[i].FromCustomer {
			return &t.Comments[i]
		}
	}
	return nil
}

// happening is an event on a ticket, as it is told.
type happening struct {
	Key   string `json:"-"` // the same for the same, however often it is found
	Event Event  `json:"event"`
	Words string `json:"words"`        // "Dana Ruiz took it"
	By    string `json:"by,omitempty"` // the technician for whom the bot did it
}

// deed is what the bot did for somebody on a ticket.
type deed struct {
	By      string `json:"by"`   // the technician's name in the configuration
	Name    string `json:"name"` // in Syncro
	Status  string `json:"status,omitempty"`
	UserID  int64  `json:"user,omitempty"`
	Created bool   `json:"created,omitempty"`
	Urgent  bool   `json:"urgent,omitempty"`
	Invoice bool   `json:"invoice,omitempty"` // made or deleted
}

// happened is what became of a ticket between two sights. Of one that was
// never seen before it is what certainly happened after since.
func happened(t syncro.Ticket, before *sight, now sight, invoices []syncro.Invoice, since time.Time, done []deed) []happening {
	var all []happening
	// own tells a deed that comes to the same.
	tell := func(e Event, key, words string, own func(deed) bool) {
		h := happening{Key: string(e) + ":" + key, Event: e, Words: words}
		if i := slices.IndexFunc(done, own); i >= 0 {
			h.By, h.Words = done[i].By, words+", by "+done[i].Name
			if e == Assigned && t.Technician == done[i].Name {
				h.Words = done[i].Name + " took it"
			}
		}
		all = append(all, h)
	}
	nobodys := func(deed) bool { return false }
	seq := fmt.Sprint(now.Seq)
	first := before == nil
	if first {
		before = &sight{Status: t.Status, UserID: t.UserID, Urgent: now.Urgent}
		born := !t.Created.Before(since)
		if born {
			// What a customer wrote first is the ticket, and no reply.
			before.UserID, before.Urgent, before.Thread, before.Reply = 0, false, true, now.Reply
			tell(Created, "", "New", func(d deed) bool { return d.Created })
		}
		if finishedSince := !t.Resolved.IsZero() && !t.Resolved.Before(since); born || finishedSince || invoicedSince(invoices, since) {
			before.Status = ""
		}
	}
	if now.Urgent && !before.Urgent {
		tell(Urgent, seq, "Now urgent", func(d deed) bool { return d.Urgent })
	}
	if now.UserID != before.UserID && now.UserID != 0 {
		tell(Assigned, seq, "Assigned to "+orNobody(t.Technician), func(d deed) bool { return d.UserID == now.UserID })
	}
	if c := lastReply(t); c != nil && c.ID > before.Reply && (before.Thread || !c.Created.Before(since)) {
		tell(Replied, fmt.Sprint(c.ID), "The customer replied", nobodys)
	}
	was := syncro.Ticket{Status: before.Status}
	same := func(d deed) bool { return d.Status != "" && d.Status == t.Status }
	switch {
	case t.Invoiced() && (!was.Invoiced() || before.Billed && now.Invoice != before.Invoice):
		tell(Invoiced, fmt.Sprint(now.Invoice), invoicedWords(invoices), func(d deed) bool { return same(d) || d.Invoice })
	case t.Finished() && !t.Invoiced() && !was.Finished():
		tell(Resolved, seq, t.Status, same)
	}
	return all
}

// invoicedSince reports whether one of the invoices was made since then.
func invoicedSince(invoices []syncro.Invoice, since time.Time) bool {
	for _, inv := range invoices {
		if !inv.Created.Before(since) {
			return true
		}
	}
	return false
}

func invoicedWords(invoices []syncro.Invoice) string {
	if len(invoices) == 0 {
		return "Invoiced, but there is no invoice"
	}
	return "Invoiced"
}

// sortEvents puts happenings in an order that does not depend on a map's.
func sortEvents(all []happening) {
	slices.SortFunc(all, func(a, b happening) int { return strings.Compare(a.Key, b.Key) })
}

func orNobody(name string) string {
	if name == "" {
		return "nobody"
	}
	return name
}

// newest is the invoice that was made last.
func newest(invoices []syncro.Invoice) *syncro.Invoice {
	var last *syncro.Invoice
	for i := range invoices {
		if last == nil || invoices[i].ID > last.ID {
			last = &invoices[i]
		}
	}
	return last
}
