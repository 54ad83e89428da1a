package syncrosim

import (
	"cmp"
	"html"
	"slices"
	"strings"
	"time"
)

func (s *Syncro) commentObjects(t *Ticket, comments []Comment) []object {
	out := []object{}
	for i := range comments {
		out = append(out, commentObject(t, &comments[i]))
	}
	return out
}

// commentObject is a comment; whether it was e-mailed is nowhere to be read.
func commentObject(t *Ticket, c *Comment) object {
	return object{
		"id": c.ID, "created_at": t.TimeForm.stamp(c.Created), "updated_at": t.TimeForm.stamp(c.Updated), "ticket_id": t.ID,
		"subject": c.Subject, "body": c.Body, "tech": text(c.Tech), "hidden": c.Hidden, "user_id": ref(c.UserID),
	}
}

// newComment reads a comment from flat parameters. Both faults of a nested
// body are reported: nothing is found where it is looked for.
func (c *call) newComment(t *Ticket) (Comment, answer, bool) {
	var missing []string
	if c.blank("body") {
		missing = append(missing, "Body can't be blank")
	}
	if c.blank("subject") {
		missing = append(missing, "Subject can't be blank")
	}
	if missing != nil {
		return Comment{}, refusal(missing...), false
	}
	out := Comment{
		Subject: c.str("subject"), Body: c.str("body"), Hidden: c.flag("hidden"), SMS: c.str("sms_body"),
		UserID: c.token.UserID, Tech: c.s.data.user(c.token.UserID).Name,
	}
	if !c.blank("tech") {
		out.Tech = c.str("tech")
	}
	if c.s.options.HTMLBodies {
		out.Body = "<p>" + strings.ReplaceAll(html.EscapeString(out.Body), "\n", "<br>\n") + "</p>"
		out.RichText = true
	}
	if !out.Hidden && !c.flag("do_not_email") {
		out.EmailedTo = c.s.address(t)
	}
	return out, answer{}, true
}

// address is who gets a public comment by e-mail: the contact, or the
// customer where there is none; nobody at a customer that wants no e-mail.
func (s *Syncro) address(t *Ticket) string {
	customer := s.data.customer(t.CustomerID)
	if customer == nil || customer.NoEmail {
		return ""
	}
	if contact := s.data.contact(t.ContactID); contact != nil {
		return contact.Email
	}
	return customer.Email
}

// addComment answers POST /tickets/{id}/comment: one more comment each time,
// whatever the Idempotency-Key.
func addComment(c *call) answer {
	t := c.ticket()
	if t == nil {
		return gone()
	}
	comment, refused, good := c.newComment(t)
	if !good {
		return refused
	}
	now := c.s.now()
	comment.ID, comment.Created, comment.Updated = c.s.newID(), now, now
	t.Comments = append(t.Comments, comment)
	t.touch(now)
	return ok(object{"comment": commentObject(t, &comment)})
}

// listComments answers GET /tickets/{id}/comments: ten a page, newest first.
func listComments(c *call) answer {
	t := c.ticket()
	if t == nil {
		return gone()
	}
	bounds, err := c.times("created_after", "created_before", "updated_after", "updated_before")
	if err != nil {
		return badTime()
	}
	within := func(at time.Time, kind string) bool {
		after, before := bounds[kind+"_after"], bounds[kind+"_before"]
		return !at.Before(after) && (before.IsZero() || at.Before(before))
	}
	found := []*Comment{}
	for i := range t.Comments {
		if m := &t.Comments[i]; within(m.Created, "created") && within(m.Updated, "updated") {
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, func(a, b *Comment) int {
		order := a.Created.Compare(b.Created)
		if c.str("sort_by") == "updated_at" {
			order = a.Updated.Compare(b.Updated)
		}
		order = cmp.Or(order, cmp.Compare(a.ID, b.ID))
		if c.str("sort_direction") != "asc" {
			order = -order
		}
		return order
	})
	size := 10
	if n := int(c.num("per_page")); n > 0 {
		size = min(n, 100)
	}
	part, meta := page(c, found, size)
	meta["per_page"] = size
	rows := []object{}
	for _, m := range part {
		row := commentObject(t, m)
		row["is_rich_text"] = m.RichText
		row["user"] = c.s.userObject(m.UserID)
		rows = append(rows, row)
	}
	return ok(object{"comments": rows, "meta": meta})
}
