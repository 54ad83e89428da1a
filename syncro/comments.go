package syncro

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Comment is a comment on a ticket.
type Comment struct {
	ID           int64
	Subject      string
	Body         string // plain text; HTML was turned to text
	Tech         string // who Syncro shows as its author
	UserID       int64  // 0: none, as for a customer's mail
	Hidden       bool   // customers do not see it
	FromCustomer bool
	Created      time.Time
}

type commentJSON struct {
	ID      integer `json:"id"`
	Subject text    `json:"subject"`
	Body    text    `json:"body"`
	Tech    text    `json:"tech"`
	UserID  integer `json:"user_id"`
	Hidden  flag    `json:"hidden"`
	Created moment  `json:"created_at"`
}

// comment reads it; customers are the names that the ticket's customer goes by.
func (c commentJSON) comment(customers ...text) Comment {
	fromCustomer := strings.EqualFold(strings.TrimSpace(string(c.Subject)), "Customer Reply") ||
		c.UserID == 0 && !bool(c.Hidden) && (c.Tech == "" || slices.Contains(customers, c.Tech))
	return Comment{
		ID:           int64(c.ID),
		Subject:      string(c.Subject),
		Body:         cmp.Or(plain(string(c.Body)), strings.TrimSpace(string(c.Body))), // a body that is nothing but tags is words to somebody
		Tech:         string(c.Tech),
		UserID:       int64(c.UserID),
		Hidden:       bool(c.Hidden),
		FromCustomer: fromCustomer,
		Created:      c.Created.Time,
	}
}

// AddComment adds a comment to a ticket. Comments can be neither changed nor
// deleted afterwards.
type AddComment struct {
	TicketID   int64  `json:"ticket_id"`
	Subject    string `json:"subject"`
	Body       string `json:"body"` // plain text, with line breaks
	Hidden     bool   `json:"hidden"`
	DoNotEmail bool   `json:"do_not_email"`       // always so when Hidden
	EmailTo    string `json:"email_to,omitempty"` // for the card alone: whom Syncro will write to
}

// Kind is "comment.add".
func (AddComment) Kind() string { return "comment.add" }

// Line says first of all who will see it.
func (w AddComment) Line() Line {
	line := Line{Text: "Comment: " + w.Subject, Quoted: w.Body}
	switch {
	case w.Hidden:
		line.Audience = "INTERNAL · customer will not see it · NO E-MAIL"
	case w.DoNotEmail:
		line.Audience = "CUSTOMER WILL SEE THIS · NO E-MAIL"
	case w.EmailTo == "":
		line.Audience = "CUSTOMER WILL SEE THIS · E-MAIL"
	default:
		line.Audience = "CUSTOMER WILL SEE THIS · E-MAIL to " + w.EmailTo
	}
	return line
}

// Request is POST /tickets/{id}/comment, with a flat body: a wrapped one is
// refused.
func (w AddComment) Request() Request {
	return Request{Method: "POST", Path: TicketPath(w.TicketID) + "/comment", Body: struct {
		Subject    string `json:"subject"`
		Body       string `json:"body"`
		Hidden     bool   `json:"hidden"`
		DoNotEmail bool   `json:"do_not_email"`
	}{w.Subject, escape(w.Body), w.Hidden, w.DoNotEmail || w.Hidden}}
}

// Evidence is the ticket with its comments.
func (w AddComment) Evidence(by Author) Evidence {
	return Evidence{Path: TicketPath(w.TicketID), Effect: Adds, Read: func(body []byte) (Sight, error) {
		comments, err := listOf[commentJSON](body, w.TicketID, "comments")
		if err != nil {
			return Sight{}, err
		}
		return sight(comments, func(c commentJSON) (integer, likeness) { return c.ID, w.compare(c, by) })
	}}
}

// Made checks {"comment":{"id":N,...}} with the subject and body that were
// sent. The same fields without the wrapper are not enough: then something
// else answered.
func (w AddComment) Made(body []byte) (int64, error) {
	var answer struct {
		Comment *commentJSON `json:"comment"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Comment == nil {
		return 0, fmt.Errorf("%w: no comment in the answer", errShape)
	}
	c := answer.Comment
	switch {
	case c.ID <= 0:
		return 0, fmt.Errorf("%w: the comment has no id", errShape)
	case strings.TrimSpace(string(c.Subject)) != strings.TrimSpace(w.Subject):
		return 0, otherwise(c.ID, "comment %d came back with another subject", c.ID)
	case bool(c.Hidden) != w.Hidden:
		return 0, otherwise(c.ID, "comment %d came back with hidden %t", c.ID, c.Hidden)
	case Normalize(string(c.Body)) != Normalize(w.Body):
		return 0, otherwise(c.ID, "comment %d came back with another text", c.ID)
	}
	return int64(c.ID), nil
}

// SignedBy is the author of the comment.
func (AddComment) SignedBy(body []byte) int64 {
	c, err := decodeOne[commentJSON](body, "comment")
	if err != nil {
		return 0
	}
	return int64(c.UserID)
}

func (w AddComment) valid() error {
	switch {
	case w.TicketID <= 0:
		return errors.New("a comment needs a ticket")
	case strings.TrimSpace(w.Subject) == "" || strings.TrimSpace(w.Body) == "":
		return errors.New("a comment needs a subject and a text")
	}
	return nil
}

// compare tells whether c is what w writes as by. Another person's comment is
// never ours and never near; doubt about any one of author, subject, flag and
// text makes it near.
func (w AddComment) compare(c commentJSON, by Author) likeness {
	author := authorOf(c, by)
	if author == other {
		return other
	}
	subject := strings.TrimSpace(string(c.Subject)) == strings.TrimSpace(w.Subject)
	hidden := bool(c.Hidden) == w.Hidden
	want, got := Normalize(w.Body), Normalize(string(c.Body))
	switch {
	case want == got && subject && hidden:
		return author
	case want == got, subject && hidden && similar(want, got):
		return near
	}
	return other
}

// authorOf is ours for by's own comment, other for somebody else's, and near
// where Syncro does not say: user_id is null on some comments, and then the
// name may still tell.
func authorOf(c commentJSON, by Author) likeness {
	name := strings.TrimSpace(string(c.Tech))
	switch {
	case c.UserID != 0 && int64(c.UserID) == by.UserID:
		return ours
	case c.UserID != 0 && by.UserID != 0:
		return other
	case c.UserID == 0 && name != "" && strings.EqualFold(name, strings.TrimSpace(by.Name)):
		return ours
	default:
		return near
	}
}
