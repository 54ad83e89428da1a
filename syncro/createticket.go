package syncro

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// CreateTicket makes a ticket, with its first comment in the same request.
type CreateTicket struct {
	CustomerID  int64        `json:"customer_id"`
	Subject     string       `json:"subject"`
	ProblemType string       `json:"problem_type,omitempty"`
	Status      string       `json:"status"` // "New"
	Priority    string       `json:"priority,omitempty"`
	UserID      int64        `json:"user_id,omitempty"`
	ContactID   int64        `json:"contact_id,omitempty"`
	DueDate     string       `json:"due_date,omitempty"` // "2026-11-30"
	Comment     FirstComment `json:"comment,omitzero"`   // empty: none
	Since       time.Time    `json:"since"`              // when it was planned: older tickets are not looked at

	// For the card alone.
	Customer   string `json:"customer,omitempty"`
	Technician string `json:"technician,omitempty"`
	Contact    string `json:"contact,omitempty"`
}

// FirstComment is the comment that a new ticket begins with: what it is about.
type FirstComment struct {
	Subject    string `json:"subject"`
	Body       string `json:"body"` // plain text, with line breaks
	Hidden     bool   `json:"hidden"`
	DoNotEmail bool   `json:"do_not_email"`       // always so when Hidden
	EmailTo    string `json:"email_to,omitempty"` // for the card alone: whom Syncro will write to
}

// lateness is how far Syncro's clock may be behind ours.
const lateness = time.Hour

// Kind is "ticket.create".
func (CreateTicket) Kind() string { return "ticket.create" }

// Line says what the ticket will be, and who will see its first comment.
func (w CreateTicket) Line() Line {
	parts := []string{
		"New ticket: " + w.Subject,
		cmp.Or(w.Customer, fmt.Sprintf("customer %d", w.CustomerID)),
		"status " + w.Status,
		"priority " + cmp.Or(w.Priority, "none"),
		"assigned to " + cmp.Or(w.assignee(), "nobody"),
	}
	if w.ContactID != 0 {
		parts = append(parts, "contact "+cmp.Or(w.Contact, strconv.FormatInt(w.ContactID, 10)))
	}
	if w.ProblemType != "" {
		parts = append(parts, "problem "+w.ProblemType)
	}
	if w.DueDate != "" {
		parts = append(parts, "due "+w.DueDate)
	}
	line := Line{Text: strings.Join(parts, " · ")}
	if w.Comment != (FirstComment{}) {
		comment := w.firstComment().Line()
		line.Audience, line.Quoted = comment.Audience, comment.Quoted
	}
	return line
}

func (w CreateTicket) assignee() string {
	if w.UserID == 0 {
		return ""
	}
	return cmp.Or(w.Technician, fmt.Sprintf("Syncro user %d", w.UserID))
}

// firstComment is the comment as if it were added to a ticket that is there.
func (w CreateTicket) firstComment() AddComment {
	c := w.Comment
	return AddComment{Subject: c.Subject, Body: c.Body, Hidden: c.Hidden, DoNotEmail: c.DoNotEmail, EmailTo: c.EmailTo}
}

// Request is POST /tickets with comments_attributes.
func (w CreateTicket) Request() Request {
	var comments []any
	if w.Comment != (FirstComment{}) {
		comments = []any{w.firstComment().Request().Body}
	}
	return Request{Method: "POST", Path: "/tickets", Body: struct {
		CustomerID  int64  `json:"customer_id"`
		Subject     string `json:"subject"`
		ProblemType string `json:"problem_type,omitempty"`
		Status      string `json:"status"`
		Priority    string `json:"priority,omitempty"`
		UserID      int64  `json:"user_id,omitempty"`
		ContactID   int64  `json:"contact_id,omitempty"`
		DueDate     string `json:"due_date,omitempty"`
		Comments    []any  `json:"comments_attributes,omitempty"`
	}{w.CustomerID, w.Subject, w.ProblemType, w.Status, w.Priority, w.UserID, w.ContactID, w.DueDate, comments}}
}

// Evidence is the list of the customer's new tickets. They do not say who
// made them, so the author does not matter.
func (w CreateTicket) Evidence(Author) Evidence {
	path := "/tickets?" + url.Values{
		"customer_id":   {strconv.FormatInt(w.CustomerID, 10)},
		"created_after": {stamp(w.Since.Add(-lateness))},
	}.Encode()
	return Evidence{Path: path, Effect: Adds, Read: func(body []byte) (Sight, error) {
		tickets, err := decodeAll[ticketJSON](body, "tickets")
		if err != nil {
			return Sight{}, err
		}
		return sight(tickets, func(t ticketJSON) (integer, likeness) { return t.ID, w.compare(t) })
	}}
}

// Made checks {"ticket":{"id":N,"number":M,...}} with the customer, the
// subject and the first comment that were sent.
func (w CreateTicket) Made(body []byte) (int64, error) {
	var answer struct {
		Ticket *ticketJSON `json:"ticket"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Ticket == nil {
		return 0, fmt.Errorf("%w: no ticket in the answer", errShape)
	}
	t := answer.Ticket
	switch {
	case t.ID <= 0 || t.Number <= 0:
		return 0, fmt.Errorf("%w: the ticket has no id or no number", errShape)
	case int64(t.ticket().CustomerID) != w.CustomerID:
		return 0, otherwise(t.ID, "ticket %d came back for another customer", t.ID)
	case !sameWords(w.Subject, string(t.Subject)):
		return 0, otherwise(t.ID, "ticket %d came back with another subject", t.ID)
	case !w.begins(t.Comments.value):
		return 0, otherwise(t.ID, "ticket %d came back without its first comment", t.ID)
	}
	return int64(t.ID), nil
}

// At is the ticket.
func (CreateTicket) At(id int64) string { return TicketPath(id) }

// Name is "#32172".
func (CreateTicket) Name(body []byte) string {
	t, err := decodeOne[ticketJSON](body, "ticket")
	if err != nil || t.Number <= 0 {
		return ""
	}
	return fmt.Sprintf("#%d", t.Number)
}

func (w CreateTicket) valid() error {
	switch {
	case w.CustomerID <= 0:
		return errors.New("a ticket needs a customer")
	case strings.TrimSpace(w.Subject) == "" || strings.TrimSpace(w.Status) == "":
		return errors.New("a ticket needs a subject and a status")
	case w.DueDate != "" && parseTime(w.DueDate).IsZero():
		return fmt.Errorf("%q is no date", w.DueDate)
	case w.Since.IsZero():
		return errors.New("a new ticket needs the time of its plan")
	case w.Comment != (FirstComment{}) && (strings.TrimSpace(w.Comment.Subject) == "" || strings.TrimSpace(w.Comment.Body) == ""):
		return errors.New("a first comment needs a subject and a text")
	}
	return nil
}

// compare tells whether t, a row of a list, is what w makes. Who assigned it
// or raised its priority since, or what it says below the same subject, only
// a person can tell.
func (w CreateTicket) compare(t ticketJSON) likeness {
	want, got := Normalize(w.Subject), Normalize(string(t.Subject))
	switch {
	case int64(t.CustomerID) != w.CustomerID || !similar(want, got):
		return other
	case want == got && int64(t.UserID) == w.UserID && (w.Priority == "" || string(t.Priority) == w.Priority) && w.begins(t.Comments.value):
		return ours
	}
	return near
}

// begins reports whether the first comment is among those of an answer. A
// list may leave them out altogether.
func (w CreateTicket) begins(comments []commentJSON) bool {
	if w.Comment == (FirstComment{}) || comments == nil {
		return true
	}
	for _, c := range comments {
		if sameWords(w.Comment.Body, string(c.Body)) && bool(c.Hidden) == w.Comment.Hidden {
			return true
		}
	}
	return false
}
