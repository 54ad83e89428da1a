package syncrosim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// perPage is what people see at /tickets; the documentation says 25, and
// per_page is not among its parameters.
const ticketsPerPage = 50

// finished tells whether a status is one of those that end a ticket.
func finished(status string) bool {
	return slices.Contains([]string{"Resolved", "Invoiced", "Closed"}, status)
}

// listTickets answers GET /tickets. The pseudo status "Not Closed" leaves out
// what is resolved or closed; that invoiced tickets stay in is the harder case
// of something not established, as is the order: newest number first.
func listTickets(c *call) answer {
	since, err := c.times("since_updated_at", "created_after", "resolved_after")
	if err != nil {
		return badTime()
	}
	status := c.str("status")
	want := func(t *Ticket) bool {
		switch {
		case c.given("number") && strconv.FormatInt(t.Number, 10) != c.str("number"),
			status == "Not Closed" && (t.Status == "Resolved" || t.Status == "Closed"),
			status != "" && status != "Not Closed" && t.Status != status,
			status == "" && c.s.options.ListHidesFinished && finished(t.Status),
			c.given("customer_id") && t.CustomerID != c.num("customer_id"),
			c.given("contact_id") && t.ContactID != c.num("contact_id"),
			c.given("user_id") && t.UserID != c.num("user_id"),
			c.flag("mine") && t.UserID != c.token.UserID,
			t.Updated.Before(since["since_updated_at"]),
			t.Created.Before(since["created_after"]),
			!since["resolved_after"].IsZero() && t.Resolved.Before(since["resolved_after"]):
			return false
		}
		return c.s.mentions(t, c.str("query"))
	}
	found := []*Ticket{}
	for i := range c.s.data.Tickets {
		if t := &c.s.data.Tickets[i]; want(t) {
			found = append(found, t)
		}
	}
	slices.SortStableFunc(found, func(a, b *Ticket) int { return cmp.Compare(b.Number, a.Number) })
	part, meta := page(c, found, ticketsPerPage)
	rows := []object{}
	for _, t := range part {
		rows = append(rows, c.s.ticketRow(t, c.flag("all_comments")))
	}
	return ok(object{"tickets": rows, "meta": meta})
}

// mentions is the search behind query: subject, number and customer.
func (s *Syncro) mentions(t *Ticket, query string) bool {
	in := t.Subject + "\n" + strconv.FormatInt(t.Number, 10) + "\n" + s.customerName(t.CustomerID)
	return strings.Contains(strings.ToLower(in), strings.ToLower(strings.TrimSpace(query)))
}

func (s *Syncro) customerName(id int64) string {
	if c := s.data.customer(id); c != nil {
		return c.Name()
	}
	return ""
}

func (s *Syncro) number(t *Ticket) any {
	if s.options.NumbersAsText && t.Number%3 == 0 {
		return strconv.FormatInt(t.Number, 10)
	}
	return t.Number
}

// ticketRow is a ticket in a list: of its comments only the first, unless all
// are asked for, and its customer by name alone.
func (s *Syncro) ticketRow(t *Ticket, allComments bool) object {
	f := t.TimeForm
	comments := t.Comments
	if !allComments && len(comments) > 1 {
		comments = comments[:1]
	}
	var contact any
	if p := s.data.contact(t.ContactID); p != nil {
		contact = p.Name
	}
	return object{
		"id": t.ID, "number": s.number(t), "subject": t.Subject, "created_at": f.stamp(t.Created), "customer_id": t.CustomerID,
		"customer_business_then_name": s.customerName(t.CustomerID), "due_date": f.stamp(t.Due), "resolved_at": f.stamp(t.Resolved),
		"start_at": f.stamp(t.Start), "end_at": f.stamp(t.End), "location_id": nil, "location_name": nil,
		"problem_type": text(t.ProblemType), "status": t.Status, "ticket_type_id": nil, "ticket_type_name": nil, "properties": object{},
		"user_id": ref(t.UserID), "updated_at": f.stamp(t.Updated), "pdf_url": nil, "priority": text(t.Priority), "billing_status": nil,
		"tag_list": list(t.Tags), "sla_name": nil, "creator_name_or_email": nil, "contact_fullname": contact, "contract_name": nil,
		"address_id": nil, "parent": false, "parent_id": nil, "child": false, "recurring": false, "customer_reply": t.CustomerReply,
		"total_formatted_billable_time": nil, "contact_id": ref(t.ContactID), "sla_breached": false, "sla_breaching_soon": false,
		"contract_id": nil, "sla_id": nil, "customer_tag_list": []any{}, "resolution_time": nil, "response_time": nil,
		"customer_icons": []any{}, "comments": s.commentObjects(t, comments), "user": s.userObject(t.UserID), "customer": nil,
	}
}

// ticketDetail is a ticket on its own. It has no contact_id: only the contact.
func (s *Syncro) ticketDetail(t *Ticket) object {
	f := t.TimeForm
	lines := []object{}
	for i := range t.Lines {
		lines = append(lines, s.lineObject(t, &t.Lines[i]))
	}
	timers := []object{}
	for i := range t.Timers {
		timers = append(timers, timerObject(t, &t.Timers[i]))
	}
	var customer, contact any
	if c := s.data.customer(t.CustomerID); c != nil {
		customer = s.customerObject(c)
	}
	if p := s.data.contact(t.ContactID); p != nil {
		contact = contactObject(p)
	}
	return object{
		"id": t.ID, "number": s.number(t), "subject": t.Subject, "created_at": f.stamp(t.Created), "customer_id": t.CustomerID,
		"customer_business_then_name": s.customerName(t.CustomerID), "due_date": f.stamp(t.Due), "start_at": f.stamp(t.Start),
		"end_at": f.stamp(t.End), "location_id": nil, "problem_type": text(t.ProblemType), "status": t.Status, "properties": object{},
		"user_id": ref(t.UserID), "updated_at": f.stamp(t.Updated), "pdf_url": nil, "intake_form_html": nil, "signature_name": nil,
		"signature_date": nil, "asset_ids": []any{}, "priority": text(t.Priority), "resolved_at": f.stamp(t.Resolved),
		"outtake_form_name": nil, "outtake_form_date": nil, "outtake_form_html": nil, "tag_list": list(t.Tags),
		"comments": s.commentObjects(t, t.Comments), "attachments": []any{}, "ticket_timers": timers, "line_items": lines,
		"worksheet_results": []any{}, "assets": []any{}, "appointments": []any{}, "ticket_fields": []any{}, "ticket_answers": []any{},
		"customer": customer, "contact": contact, "user": s.userObject(t.UserID), "ticket_type": nil, "address": nil, "mentionables": []any{},
	}
}

func getTicket(c *call) answer {
	t := c.ticket()
	if t == nil {
		return gone()
	}
	return ok(object{"ticket": c.s.ticketDetail(t)})
}

// createTicket answers POST /tickets. A number may be chosen, also one that is
// taken.
func createTicket(c *call) answer {
	if c.s.data.customer(c.num("customer_id")) == nil {
		return invalid(object{"error": "Customer required field"})
	}
	now := c.s.now()
	t := Ticket{Status: "New", Created: now, Updated: now}
	for _, other := range c.s.data.Tickets {
		t.Number = max(t.Number, other.Number)
	}
	t.Number++
	if a, good := c.fillTicket(&t); !good {
		return a
	}
	first, a, good := c.firstComments(&t)
	if !good {
		return a
	}
	t.ID = c.s.newID()
	for _, comment := range first {
		comment.ID, comment.Created, comment.Updated = c.s.newID(), now, now
		t.Comments = append(t.Comments, comment)
	}
	c.s.data.Tickets = append(c.s.data.Tickets, t)
	return ok(object{"ticket": c.s.ticketDetail(&t)})
}

// updateTicket answers PUT /tickets/{id}: only what is sent changes.
func updateTicket(c *call) answer {
	t := c.ticket()
	if t == nil {
		return gone()
	}
	changed := t.clone()
	if a, good := c.fillTicket(&changed); !good {
		return a
	}
	if !sameFields(*t, changed) {
		*t = changed
		t.touch(c.s.now())
	}
	return ok(object{"ticket": c.s.ticketDetail(t)})
}

// sameFields compares what a PUT can change.
func sameFields(a, b Ticket) bool {
	return a.Number == b.Number && a.Subject == b.Subject && a.Status == b.Status && a.Priority == b.Priority &&
		a.ProblemType == b.ProblemType && a.CustomerID == b.CustomerID && a.ContactID == b.ContactID && a.UserID == b.UserID &&
		slices.Equal(a.Tags, b.Tags) && a.Due.Equal(b.Due) && a.Start.Equal(b.Start) && a.End.Equal(b.End)
}

// fillTicket takes over what was sent. A status or a priority may be any text
// at all, as in Syncro.
func (c *call) fillTicket(t *Ticket) (answer, bool) {
	for name, field := range map[string]*string{"subject": &t.Subject, "priority": &t.Priority, "problem_type": &t.ProblemType} {
		if c.has(name) {
			*field = c.str(name)
		}
	}
	if strings.TrimSpace(t.Subject) == "" {
		return refusal("Subject can't be blank"), false
	}
	if !c.blank("status") {
		c.s.setStatus(t, c.str("status"))
	}
	if c.given("number") {
		t.Number = c.num("number")
	}
	for _, r := range []struct {
		name   string
		field  *int64
		exists func(int64) bool
	}{
		{"customer_id", &t.CustomerID, func(id int64) bool { return c.s.data.customer(id) != nil }},
		{"contact_id", &t.ContactID, func(id int64) bool { return id == 0 || c.s.data.contact(id) != nil }},
		{"user_id", &t.UserID, func(id int64) bool { return id == 0 || c.s.data.user(id) != nil }},
	} {
		if !c.has(r.name) {
			continue
		}
		id := c.num(r.name)
		if !r.exists(id) {
			word := strings.TrimSuffix(r.name, "_id")
			return refusal(strings.ToUpper(word[:1]) + word[1:] + " must exist"), false
		}
		*r.field = id
	}
	for name, field := range map[string]*time.Time{"due_date": &t.Due, "start_at": &t.Start, "end_at": &t.End} {
		if !c.has(name) {
			continue
		}
		at, err := c.time(name)
		if err != nil {
			return badTime(), false
		}
		*field = at
	}
	if tags, isList := c.params["tag_list"].([]any); isList {
		t.Tags = nil
		for _, tag := range tags {
			t.Tags = append(t.Tags, asText(tag))
		}
	}
	return answer{}, true
}

// setStatus changes a status, and with it the time of resolution.
func (s *Syncro) setStatus(t *Ticket, status string) {
	if status == t.Status {
		return
	}
	if finished(status) && t.Resolved.IsZero() {
		t.Resolved = s.now()
	}
	if !finished(status) {
		t.Resolved = time.Time{}
	}
	t.Status = status
}

// firstComments reads comments_attributes.
func (c *call) firstComments(t *Ticket) ([]Comment, answer, bool) {
	var out []Comment
	attributes, _ := c.params["comments_attributes"].([]any)
	for _, a := range attributes {
		fields, isObject := a.(map[string]any)
		if !isObject {
			return nil, refusal("Comments is invalid"), false
		}
		inner := *c
		inner.params = fields
		comment, refused, good := inner.newComment(t)
		if !good {
			return nil, refused, false
		}
		out = append(out, comment)
	}
	return out, answer{}, true
}

func deleteTicket(c *call) answer {
	if c.ticket() == nil {
		return notFound()
	}
	c.s.data.Tickets = slices.DeleteFunc(c.s.data.Tickets, func(t Ticket) bool { return t.ID == c.id() })
	return ok(object{"message": "Ticket was successfully deleted. "})
}
