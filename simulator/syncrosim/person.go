package syncrosim

import (
	"cmp"
	"fmt"
	"slices"
)

// Act is what somebody does to a ticket in Syncro's own web page, or what a
// customer does by e-mail. Empty fields leave things as they are.
type Act struct {
	Ticket   int64  `json:"ticket"`  // the number
	UserID   int64  `json:"user_id"` // who does it; 0: the first user of the account
	Status   string `json:"status"`
	Priority string `json:"priority"`
	Assign   int64  `json:"assign"` // to this user; below 0: to nobody

	Comment  string `json:"comment"`
	Subject  string `json:"subject"` // of the comment; empty: "Update"
	Hidden   bool   `json:"hidden"`
	Customer bool   `json:"customer"` // the customer wrote it, by e-mail
}

// Person does as a person would, past the API.
func (s *Syncro) Person(a Act) error {
	who, assigned := a.UserID, a.Assign
	return s.edit(a.Ticket, func(t *Ticket) error {
		if who == 0 && len(s.data.Users) > 0 {
			who = s.data.Users[0].ID
		}
		user := s.data.user(who)
		if user == nil {
			return fmt.Errorf("syncrosim: there is no user %d", who)
		}
		if assigned > 0 && s.data.user(assigned) == nil {
			return fmt.Errorf("syncrosim: there is no user %d", assigned)
		}
		if a.Comment != "" {
			now := s.now()
			c := Comment{
				ID: s.newID(), Subject: cmp.Or(a.Subject, "Update"), Body: a.Comment, Hidden: a.Hidden, UserID: user.ID, Tech: user.Name,
				Created: now, Updated: now,
			}
			switch {
			case a.Customer:
				c.Subject, c.UserID, c.Tech, c.Hidden = "Customer Reply", 0, "", false
				t.CustomerReply = true
				s.setStatus(t, "Customer Reply")
			case !a.Hidden:
				c.EmailedTo = s.address(t)
			}
			t.Comments = append(t.Comments, c)
		}
		s.setStatus(t, cmp.Or(a.Status, t.Status))
		t.Priority = cmp.Or(a.Priority, t.Priority)
		if assigned != 0 {
			t.UserID = max(assigned, 0)
		}
		return nil
	})
}

// Edit changes the first ticket of that number in any way. Its time of update
// moves on, and what is new in it gets ids.
func (s *Syncro) Edit(number int64, change func(*Ticket)) error {
	return s.edit(number, func(t *Ticket) error {
		change(t)
		return nil
	})
}

func (s *Syncro) edit(number int64, change func(*Ticket) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.data.ticketNumbered(number)
	if t == nil {
		return fmt.Errorf("syncrosim: there is no ticket number %d", number)
	}
	changed := t.clone()
	if err := change(&changed); err != nil {
		return err
	}
	changed.touch(s.now())
	*t = changed
	s.complete()
	s.changes.tell()
	return nil
}

// AddTicket adds a ticket, also one of a number that is taken. It returns it
// with the ids and times that were missing.
func (s *Syncro) AddTicket(t Ticket) Ticket {
	s.Change(func(d *Data) { d.Tickets = append(d.Tickets, t.clone()) })
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data.Tickets[len(s.data.Tickets)-1].clone()
}

// Change changes anything; what is new gets ids and times. No time of update
// moves on by itself.
func (s *Syncro) Change(change func(*Data)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.data)
	s.complete()
	s.changes.tell()
}

// Snapshot returns everything, as it is now.
func (s *Syncro) Snapshot() Data {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data.clone()
}

// Ticket returns the first ticket of that number, and whether there is one.
func (s *Syncro) Ticket(number int64) (Ticket, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.data.ticketNumbered(number)
	if t == nil {
		return Ticket{}, false
	}
	return t.clone(), true
}

// Invoices returns the invoices of the first ticket of that number.
func (s *Syncro) Invoices(number int64) []Invoice {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.data.ticketNumbered(number)
	if t == nil {
		return nil
	}
	d := Data{Invoices: slices.DeleteFunc(slices.Clone(s.data.Invoices), func(v Invoice) bool { return v.TicketID != t.ID })}
	return d.clone().Invoices
}
