package syncro

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Ticket is a ticket. In a list the comments, charges, timers, the e-mail
// address, the telephone number and the prepaid hours are missing.
type Ticket struct {
	ID          int64 // what Syncro's paths and links use
	Number      int64 // what people say
	Subject     string
	Status      string
	Priority    string
	ProblemType string

	CustomerID   int64
	Customer     string // the business, or the person where there is none
	Contact      string
	ContactEmail string // of the contact, or of the customer where there is none
	ContactPhone string // the same
	PrepayHours  string // the customer's hours paid for in advance, decimal; empty where unknown

	UserID     int64 // the technician; 0: nobody
	Technician string

	Created   time.Time
	Updated   time.Time
	Resolved  time.Time // when it was first in a final status; zero while it is in none
	Due       time.Time
	Replied   bool   // the customer wrote last, as far as a list tells
	UpdatedAt string // Updated as it came, to compare

	Comments  []Comment // newest first
	LineItems []LineItem
	Timers    []Timer

	Raw json.RawMessage // the answer to GET TicketPath(ID) as it came; nil in a list
}

// LineItem is a charge on a ticket.
type LineItem struct {
	ID          int64
	ProductID   int64
	UserID      int64
	Name        string
	Description string
	Quantity    string // decimal
	Price       string // decimal, for one
	Discount    Discount
	Taxable     bool
	Invoiced    bool // it is on an invoice, as Syncro's "converted" is understood
}

// Timer is time spent on a ticket.
type Timer struct {
	ID         int64
	UserID     int64
	ProductID  int64
	LineItemID int64 // the charge it became; 0: none
	Start, End time.Time
	Active     time.Duration
	Notes      string
	Billable   bool
	Recorded   bool // charged
}

type ticketJSON struct {
	ID           integer `json:"id"`
	Number       integer `json:"number"`
	Subject      text    `json:"subject"`
	Status       text    `json:"status"`
	Priority     text    `json:"priority"`
	ProblemType  text    `json:"problem_type"`
	CustomerID   integer `json:"customer_id"`
	CustomerName text    `json:"customer_business_then_name"`
	ContactName  text    `json:"contact_fullname"`
	UserID       integer `json:"user_id"`
	Created      moment  `json:"created_at"`
	Updated      moment  `json:"updated_at"`
	Resolved     moment  `json:"resolved_at"`
	Due          moment  `json:"due_date"`
	Replied      flag    `json:"customer_reply"`

	Customer loose[customerJSON] `json:"customer"`
	Contact  loose[struct {
		Name   text `json:"name"`
		Email  text `json:"email"`
		Phone  text `json:"phone"`
		Mobile text `json:"mobile"`
	}] `json:"contact"`
	User loose[struct {
		FullName text `json:"full_name"`
	}] `json:"user"`
	Comments  loose[[]commentJSON]  `json:"comments"`
	LineItems loose[[]lineItemJSON] `json:"line_items"`
	Timers    loose[[]timerJSON]    `json:"ticket_timers"`
}

type lineItemJSON struct {
	ID          integer `json:"id"`
	ProductID   integer `json:"product_id"`
	UserID      integer `json:"user_id"`
	Name        text    `json:"name"`
	Description text    `json:"description"`
	Quantity    number  `json:"quantity"`
	Price       number  `json:"price_retail"`
	Taxable     flag    `json:"taxable"`
	Converted   flag    `json:"converted"`
	discountJSON
}

type timerJSON struct {
	ID         integer `json:"id"`
	UserID     integer `json:"user_id"`
	ProductID  integer `json:"product_id"`
	LineItemID integer `json:"ticket_line_item_id"`
	Start      moment  `json:"start_time"`
	End        moment  `json:"end_time"`
	Active     integer `json:"active_duration"` // seconds
	Notes      text    `json:"notes"`
	Billable   flag    `json:"billable"`
	Recorded   flag    `json:"recorded"`
}

// decodeTicket reads a ticket by itself, wrapped or flat.
func decodeTicket(body []byte) (Ticket, error) {
	record, err := decodeOne[ticketJSON](body, "ticket")
	if err != nil {
		return Ticket{}, err
	}
	if record.ID <= 0 {
		return Ticket{}, fmt.Errorf("%w: a ticket without id", errShape)
	}
	t := record.ticket()
	t.Raw = body
	return t, nil
}

func (t ticketJSON) ticket() Ticket {
	customer, contact := t.Customer.value.customer(), t.Contact.value
	ticket := Ticket{
		ID: int64(t.ID), Number: int64(t.Number),
		Subject: string(t.Subject), Status: string(t.Status), Priority: string(t.Priority), ProblemType: string(t.ProblemType),
		CustomerID:   cmp.Or(int64(t.CustomerID), customer.ID),
		Customer:     firstOf(t.CustomerName, text(customer.Name)),
		Contact:      firstOf(contact.Name, t.ContactName, text(customer.Contact)),
		ContactEmail: firstOf(contact.Email, text(customer.Email)),
		ContactPhone: firstOf(contact.Phone, contact.Mobile, text(customer.Phone)),
		PrepayHours:  customer.PrepayHours,
		UserID:       int64(t.UserID), Technician: string(t.User.value.FullName),
		Created: t.Created.Time, Updated: t.Updated.Time, Resolved: t.Resolved.Time, Due: t.Due.Time, UpdatedAt: t.Updated.raw,
		Replied: bool(t.Replied) || strings.EqualFold(string(t.Status), "Customer Reply"),
	}
	for _, c := range t.Comments.value {
		ticket.Comments = append(ticket.Comments, c.comment(
			text(ticket.Customer), text(ticket.Contact), t.Customer.value.FullName, t.Customer.value.Email, contact.Email))
	}
	slices.SortStableFunc(ticket.Comments, func(a, b Comment) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID))
	})
	for _, l := range t.LineItems.value {
		ticket.LineItems = append(ticket.LineItems, LineItem{
			ID: int64(l.ID), ProductID: int64(l.ProductID), UserID: int64(l.UserID),
			Name: string(l.Name), Description: string(l.Description),
			Quantity: string(l.Quantity), Price: string(l.Price), Discount: l.discount(), Taxable: bool(l.Taxable), Invoiced: bool(l.Converted),
		})
	}
	for _, s := range t.Timers.value {
		ticket.Timers = append(ticket.Timers, Timer{
			ID: int64(s.ID), UserID: int64(s.UserID), ProductID: int64(s.ProductID), LineItemID: int64(s.LineItemID),
			Start: s.Start.Time, End: s.End.Time, Active: time.Duration(s.Active) * time.Second,
			Notes: string(s.Notes), Billable: bool(s.Billable), Recorded: bool(s.Recorded),
		})
	}
	return ticket
}

// TicketPath is the path of a ticket by its id, and of the evidence of all
// writes to it.
func TicketPath(id int64) string { return "/tickets/" + strconv.FormatInt(id, 10) }

// Ticket reads a ticket by its id.
func (r *Reader) Ticket(ctx context.Context, id int64) (Ticket, error) {
	path := TicketPath(id)
	body, err := r.get(ctx, path)
	if err != nil {
		return Ticket{}, err
	}
	t, err := decodeTicket(body)
	if err == nil && t.ID != id {
		err = fmt.Errorf("%w: it is ticket %d", errShape, t.ID)
	}
	if err != nil {
		return Ticket{}, garbled(path, err)
	}
	return t, nil
}

// notClosed is Syncro's name for all statuses but the final ones.
const notClosed = "Not Closed"

// OpenTickets lists what still needs somebody, the first four pages of it.
func (r *Reader) OpenTickets(ctx context.Context) (List[Ticket], error) {
	list, err := r.listTickets(ctx, url.Values{"status": {notClosed}}, maxPages)
	list.Items = slices.DeleteFunc(list.Items, func(t Ticket) bool { return isFinal(t.Status) })
	return list, err
}

// TicketSearch says which tickets are wanted: those that meet all of it.
type TicketSearch struct {
	Words      string    // what Syncro searches for, in what it searches; empty: any
	Status     string    // as the account spells it; empty: any
	Open       bool      // instead of Status: none whose status is final
	CustomerID int64     // 0: anybody's
	UserID     int64     // the technician; 0: any, and nobody's
	Since      time.Time // updated then or later; zero: any
}

// SearchTickets finds tickets: Syncro's first page of them. All but the words
// is looked at once more here, for what a filter of Syncro's does not know it
// leaves in.
func (r *Reader) SearchTickets(ctx context.Context, s TicketSearch) (List[Ticket], error) {
	query := url.Values{}
	if s.Words != "" {
		query.Set("query", s.Words)
	}
	if s.Status != "" {
		query.Set("status", s.Status)
	}
	if s.Open {
		query.Set("status", notClosed)
	}
	if s.CustomerID != 0 {
		query.Set("customer_id", strconv.FormatInt(s.CustomerID, 10))
	}
	if s.UserID != 0 {
		query.Set("user_id", strconv.FormatInt(s.UserID, 10))
	}
	if !s.Since.IsZero() {
		query.Set("since_updated_at", s.Since.UTC().Format(time.RFC3339))
	}
	list, err := r.listTickets(ctx, query, 1)
	list.Items = slices.DeleteFunc(list.Items, func(t Ticket) bool {
		return s.Status != "" && t.Status != s.Status || s.Open && t.Finished() ||
			s.CustomerID != 0 && t.CustomerID != s.CustomerID || s.UserID != 0 && t.UserID != s.UserID ||
			!s.Since.IsZero() && t.Updated.Before(s.Since.Truncate(time.Second))
	})
	return list, err
}

// TicketsOf lists a customer's tickets, finished ones too as far as Syncro's
// list has them: its first page.
func (r *Reader) TicketsOf(ctx context.Context, customerID int64) (List[Ticket], error) {
	return r.SearchTickets(ctx, TicketSearch{CustomerID: customerID})
}

// manyPages is how many pages of what changed are read: 2,000 tickets, as
// Syncro is seen to page them.
const manyPages = 40

// UpdatedSince lists the tickets that were updated since then, in no
// particular order. status may be empty: some accounts leave finished tickets
// out of a list that does not ask for their status.
func (r *Reader) UpdatedSince(ctx context.Context, since time.Time, status string) (List[Ticket], error) {
	query := url.Values{"since_updated_at": {since.UTC().Format(time.RFC3339)}}
	if status != "" {
		query.Set("status", status)
	}
	return r.listTickets(ctx, query, manyPages)
}

// InStatus lists the tickets of a status, or of the pseudo-status "Not
// Closed", as far as manyPages go.
func (r *Reader) InStatus(ctx context.Context, status string) (List[Ticket], error) {
	return r.listTickets(ctx, url.Values{"status": {status}}, manyPages)
}

func (r *Reader) listTickets(ctx context.Context, query url.Values, pages int) (List[Ticket], error) {
	const path = "/tickets"
	found, err := readList[ticketJSON](ctx, r, path, "tickets", query, pages)
	if err != nil {
		return List[Ticket]{}, err
	}
	list := List[Ticket]{More: found.More}
	seen := make(map[int64]bool) // pages shift while tickets change
	for _, record := range found.Items {
		t := record.ticket()
		if t.ID <= 0 {
			return List[Ticket]{}, garbled(path, fmt.Errorf("%w: a ticket without id", errShape))
		}
		if !seen[t.ID] {
			seen[t.ID] = true
			list.Items = append(list.Items, t)
		}
	}
	return list, nil
}

// Finished reports whether a status of Syncro's own says that nothing is left
// to do.
func (t Ticket) Finished() bool { return isFinal(t.Status) }

// Invoiced reports whether the ticket's status says so, whatever invoices
// there are.
func (t Ticket) Invoiced() bool { return strings.EqualFold(t.Status, "Invoiced") }

// HasPrepaid reports whether the customer has hours paid for in advance.
func (t Ticket) HasPrepaid() bool { return isAbove(t.PrepayHours) }

// isFinal reports whether a status of Syncro's own means that nothing is left
// to do.
func isFinal(status string) bool {
	return slices.ContainsFunc([]string{"Resolved", "Invoiced", "Closed"}, func(final string) bool {
		return strings.EqualFold(final, status)
	})
}

// Gist is what a person bases a decision about a ticket on. That charges, timers
// and contacts move UpdatedAt is nowhere documented, so each is there by itself.
type Gist struct {
	Status     string `json:"status"`
	Priority   string `json:"priority"`
	Technician string `json:"technician"`
	Customer   string `json:"customer"`
	Subject    string `json:"subject"`
	Comments   int    `json:"comments"`
	Lines      int    `json:"lines"`
	UpdatedAt  string `json:"updated_at"`
	EmailTo    string `json:"email_to,omitempty"`
	Charges    string `json:"charges,omitempty"` // a hash of all charges; empty where an older version of this program wrote it
	Timers     string `json:"timers,omitempty"`  // likewise, of all timers
}

// Gist is t's.
func (t Ticket) Gist() Gist {
	return Gist{
		Status: t.Status, Priority: t.Priority, Technician: t.Technician, Customer: t.Customer, Subject: t.Subject,
		Comments: len(t.Comments), Lines: len(t.LineItems), UpdatedAt: t.UpdatedAt, EmailTo: t.ContactEmail,
		Charges: hashed(t.LineItems), Timers: hashed(t.settledTimers()),
	}
}

// settledTimers are the timers without what changes by itself while one runs.
func (t Ticket) settledTimers() []Timer {
	timers := slices.Clone(t.Timers)
	for i := range timers {
		timers[i].Active = 0
	}
	return timers
}

// hashed is a hash of records in any order.
func hashed[T any](records []T) string {
	all := make([]string, len(records))
	for i, record := range records {
		line, _ := json.Marshal(record) // of text, numbers and times alone
		all[i] = string(line)
	}
	slices.Sort(all)
	sum := sha256.Sum256([]byte(strings.Join(all, "\n")))
	return hex.EncodeToString(sum[:8])
}

// Changes says in words what moved since an earlier gist; nil where nothing
// did.
func (g Gist) Changes(since Gist) []string {
	var changes []string
	for _, field := range []struct{ name, now, was string }{
		{"status", g.Status, since.Status},
		{"priority", g.Priority, since.Priority},
		{"technician", g.Technician, since.Technician},
		{"customer", g.Customer, since.Customer},
		{"subject", g.Subject, since.Subject},
	} {
		if field.now != field.was {
			changes = append(changes, fmt.Sprintf("%s is now %s (was %s)", field.name, cmp.Or(field.now, "empty"), cmp.Or(field.was, "empty")))
		}
	}
	for _, count := range []struct {
		noun string
		more int
	}{
		{"comment", g.Comments - since.Comments},
		{"charge", g.Lines - since.Lines},
	} {
		switch n := count.more; {
		case n == 1:
			changes = append(changes, "1 new "+count.noun)
		case n > 1:
			changes = append(changes, fmt.Sprintf("%d new %ss", n, count.noun))
		case n == -1:
			changes = append(changes, "1 "+count.noun+" less")
		case n < -1:
			changes = append(changes, fmt.Sprintf("%d %ss less", -n, count.noun))
		}
	}
	if since.Charges != "" {
		if g.EmailTo != since.EmailTo {
			changes = append(changes, fmt.Sprintf("the address for e-mail is now %s (was %s)", cmp.Or(g.EmailTo, "nobody"), cmp.Or(since.EmailTo, "nobody")))
		}
		if g.Charges != since.Charges && g.Lines == since.Lines {
			changes = append(changes, "a charge was changed")
		}
		if g.Timers != since.Timers {
			changes = append(changes, "a timer was changed")
		}
	}
	if changes == nil && g.UpdatedAt != since.UpdatedAt {
		changes = []string{"it was updated"}
	}
	return changes
}

// UpdateTicket changes one thing about a ticket: exactly one of Status,
// Priority and UserID is set.
type UpdateTicket struct {
	TicketID int64  `json:"ticket_id"`
	Status   string `json:"status,omitempty"`   // as the account spells it; Syncro takes any text
	Priority string `json:"priority,omitempty"` // as the account spells it
	UserID   int64  `json:"user_id,omitempty"`  // the technician
	From     string `json:"from,omitempty"`     // for the card alone: the value before
	To       string `json:"to,omitempty"`       // for the card alone: the technician's name

	// NeedsInvoice: it is sent only while the ticket has an invoice.
	NeedsInvoice bool `json:"needs_invoice,omitempty"`

	// Prepaid is what an earlier step of the same operation should have taken
	// from the customer's prepaid hours: the answer tells whether it did. nil:
	// the customer has none.
	Prepaid *Prepaid `json:"prepaid,omitempty"`
}

// Prepaid is hours that were paid for in advance, decimal.
type Prepaid struct {
	Before string `json:"before"` // what there was
	Used   string `json:"used"`   // what is billed now
}

// Guard is that the ticket has an invoice, where it needs one.
func (w UpdateTicket) Guard() *Evidence {
	if !w.NeedsInvoice {
		return nil
	}
	return invoiceGuard(w.TicketID, true)
}

// Left is what should be left, never less than nothing.
func (p Prepaid) Left() string {
	before, _ := amount(p.Before)
	used, _ := amount(p.Used)
	return decimal.Max(decimal.Zero, before.Sub(used)).String()
}

// Uncovered is what there are no hours for, decimal; empty where there are
// enough.
func (p Prepaid) Uncovered() string {
	before, _ := amount(p.Before)
	used, _ := amount(p.Used)
	if rest := used.Sub(before); rest.IsPositive() {
		return rest.String()
	}
	return ""
}

// Note says what is left of the customer's prepaid hours: Syncro answers with
// the whole ticket, and its customer. Which products are taken from them only
// Syncro knows, so it is compared and not reckoned.
func (w UpdateTicket) Note(body []byte) string {
	if w.Prepaid == nil {
		return ""
	}
	t, err := decodeTicket(body)
	before, errBefore := amount(w.Prepaid.Before)
	used, errUsed := amount(w.Prepaid.Used)
	now, errNow := amount(t.PrepayHours)
	if errors.Join(err, errBefore, errUsed, errNow) != nil {
		return "The prepaid hours could not be read back. Please look at the customer in Syncro."
	}
	taken := before.Sub(now)
	switch {
	case taken.Equal(used), now.IsZero() && taken.LessThan(used) && taken.IsPositive():
		return fmt.Sprintf("Prepaid now %s h, verified: %s h were taken from %s h.", now, taken, before)
	case taken.IsZero():
		return fmt.Sprintf("Prepaid is still %s h: they did not drop. Not all labor is taken from them; else look at the invoice.", now)
	}
	return fmt.Sprintf("Prepaid went from %s h to %s h, and %s h were billed here. Please look at the invoice.", before, now, used)
}

// Kind is "ticket.update".
func (UpdateTicket) Kind() string { return "ticket.update" }

// Line says what it was and what it will be: of status and priority what is
// sent, whatever To says.
func (w UpdateTicket) Line() Line {
	switch {
	case w.Status != "":
		return Line{Text: "Status: " + cmp.Or(w.From, "none") + " → " + w.Status}
	case w.Priority != "":
		return Line{Text: "Priority: " + cmp.Or(w.From, "none") + " → " + w.Priority}
	default:
		return Line{Text: "Assigned to: " + cmp.Or(w.From, "nobody") + " → " + cmp.Or(w.To, fmt.Sprintf("Syncro user %d", w.UserID))}
	}
}

// FromTicket is the same change, with From as the ticket has it.
func (w UpdateTicket) FromTicket(t Ticket) UpdateTicket {
	switch {
	case w.Status != "":
		w.From = t.Status
	case w.Priority != "":
		w.From = t.Priority
	default:
		w.From = t.Technician
	}
	return w
}

// Request is PUT /tickets/{id} with the one field.
func (w UpdateTicket) Request() Request {
	return Request{Method: "PUT", Path: TicketPath(w.TicketID), Body: struct {
		Status   string `json:"status,omitempty"`
		Priority string `json:"priority,omitempty"`
		UserID   int64  `json:"user_id,omitempty"`
	}{w.Status, w.Priority, w.UserID}}
}

// Evidence is the ticket. The author does not matter.
func (w UpdateTicket) Evidence(Author) Evidence {
	return Evidence{Path: TicketPath(w.TicketID), Effect: Sets, Read: func(body []byte) (Sight, error) {
		t, err := decodeTicket(body)
		if err == nil && t.ID != w.TicketID {
			err = fmt.Errorf("%w: it is ticket %d", errShape, t.ID)
		}
		return Sight{IsSet: err == nil && w.isSet(t)}, err
	}}
}

// Made checks {"ticket":{...}}: the same ticket, with the value that was sent.
func (w UpdateTicket) Made(body []byte) (int64, error) {
	var answer struct {
		Ticket *ticketJSON `json:"ticket"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Ticket == nil {
		return 0, fmt.Errorf("%w: no ticket in the answer", errShape)
	}
	t := answer.Ticket.ticket()
	switch {
	case t.ID != w.TicketID:
		return 0, fmt.Errorf("%w: it is ticket %d", errShape, t.ID)
	case !w.isSet(t):
		return 0, errors.New("the ticket came back without the change")
	}
	return t.ID, nil
}

func (w UpdateTicket) isSet(t Ticket) bool {
	switch {
	case w.Status != "":
		return t.Status == w.Status
	case w.Priority != "":
		return t.Priority == w.Priority
	default:
		return w.UserID != 0 && t.UserID == w.UserID
	}
}

func (w UpdateTicket) valid() error {
	set := 0
	for _, is := range []bool{w.Status != "", w.Priority != "", w.UserID != 0} {
		if is {
			set++
		}
	}
	switch {
	case w.TicketID <= 0:
		return errors.New("an update needs a ticket")
	case set != 1:
		return errors.New("an update changes exactly one of status, priority and technician")
	}
	return nil
}

// DeleteTicket deletes a ticket with all that hangs on it, for good.
type DeleteTicket struct {
	TicketID int64  `json:"ticket_id"`
	Number   int64  `json:"number,omitempty"` // for the card alone
	What     string `json:"what,omitempty"`   // for the card alone: subject and customer
}

// Guard is that the ticket has no invoice.
func (w DeleteTicket) Guard() *Evidence { return invoiceGuard(w.TicketID, false) }

// Kind is "ticket.delete".
func (DeleteTicket) Kind() string { return "ticket.delete" }

// Line says which one goes, and that it does not come back.
func (w DeleteTicket) Line() Line {
	line := Line{Text: fmt.Sprintf("Delete ticket #%d", w.Number)}
	if w.Number == 0 {
		line.Text = fmt.Sprintf("Delete ticket %d", w.TicketID)
	}
	if w.What != "" {
		line.Text += " · " + w.What
	}
	line.Text += " · for good"
	return line
}

// Request is DELETE /tickets/{id}.
func (w DeleteTicket) Request() Request {
	return Request{Method: "DELETE", Path: TicketPath(w.TicketID)}
}

// Evidence is the ticket, or that there is none. The author does not matter.
func (w DeleteTicket) Evidence(Author) Evidence {
	return Evidence{Path: TicketPath(w.TicketID), Effect: Removes, Missing: &Sight{}, Read: func(body []byte) (Sight, error) {
		t, err := decodeTicket(body)
		if err == nil && t.ID != w.TicketID {
			err = fmt.Errorf("%w: it is ticket %d", errShape, t.ID)
		}
		if err != nil {
			return Sight{}, err
		}
		return Sight{All: []int64{t.ID}, Ours: []int64{t.ID}}, nil
	}}
}

// Made checks {"message":"Ticket was successfully deleted. "}. The id is the
// ticket's.
func (w DeleteTicket) Made(body []byte) (int64, error) {
	if !strings.Contains(strings.ToLower(message(body)), "successfully deleted") {
		return 0, fmt.Errorf("%w: it does not say that the ticket was deleted", errShape)
	}
	return w.TicketID, nil
}

func (w DeleteTicket) valid() error {
	if w.TicketID <= 0 {
		return errors.New("deleting a ticket needs its id")
	}
	return nil
}
