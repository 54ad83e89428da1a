package syncrosim

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// Data is everything that an account holds. The zero of an id, a time or a
// text that Syncro may leave empty is shown as null.
type Data struct {
	Users     []User     `json:"users"`
	Customers []Customer `json:"customers"`
	Contacts  []Contact  `json:"contacts"`
	Tickets   []Ticket   `json:"tickets"`
	Invoices  []Invoice  `json:"invoices"`
	Products  []Product  `json:"products"`
	Settings  Settings   `json:"settings"`
}

// User is somebody who works in the account.
type User struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	Admin bool   `json:"admin"`
}

// Customer is who a ticket is for: a business, or a person where Business is
// empty.
type Customer struct {
	ID           int64           `json:"id"`
	Business     string          `json:"business"`
	First        string          `json:"first"`
	Last         string          `json:"last"`
	Email        string          `json:"email"`
	Phone        string          `json:"phone"`
	City         string          `json:"city"`
	Notes        string          `json:"notes"`
	PrepayHours  decimal.Decimal `json:"prepay_hours"` // hours paid in advance and not used yet
	NoEmail      bool            `json:"no_email"`
	Disabled     bool            `json:"disabled"`
	Created      time.Time       `json:"created"`
	Updated      time.Time       `json:"updated"`
	TimeForm     TimeForm        `json:"time_form"`
	NoPrepayment bool            `json:"no_prepayment"` // its record has no prepay_hours at all
}

// Name is what Syncro calls business_then_name.
func (c Customer) Name() string {
	if c.Business != "" {
		return c.Business
	}
	return c.fullName()
}

// Contact is a person at a customer.
type Contact struct {
	ID         int64     `json:"id"`
	CustomerID int64     `json:"customer_id"`
	Name       string    `json:"name"`
	Email      string    `json:"email"`
	Phone      string    `json:"phone"`
	Mobile     string    `json:"mobile"`
	Title      string    `json:"title"`
	Notes      string    `json:"notes"`
	Created    time.Time `json:"created"`
	Updated    time.Time `json:"updated"`
}

// Ticket is a ticket with all that hangs on it. ID is what paths take; Number
// is what people say, and several tickets may have the same.
type Ticket struct {
	ID            int64     `json:"id"`
	Number        int64     `json:"number"`
	Subject       string    `json:"subject"`
	Status        string    `json:"status"`
	Priority      string    `json:"priority"`
	ProblemType   string    `json:"problem_type"`
	CustomerID    int64     `json:"customer_id"`
	ContactID     int64     `json:"contact_id"`
	UserID        int64     `json:"user_id"`
	Tags          []string  `json:"tags"`
	CustomerReply bool      `json:"customer_reply"`
	Due           time.Time `json:"due"`
	Start         time.Time `json:"start"`
	End           time.Time `json:"end"`
	Resolved      time.Time `json:"resolved"`
	Created       time.Time `json:"created"`
	Updated       time.Time `json:"updated"`
	TimeForm      TimeForm  `json:"time_form"` // how this ticket's times are written
	Comments      []Comment `json:"comments"`  // oldest first
	Lines         []Line    `json:"lines"`
	Timers        []Timer   `json:"timers"`
}

// Comment is an entry of a ticket's thread. A customer's has no UserID.
type Comment struct {
	ID        int64     `json:"id"`
	Subject   string    `json:"subject"`
	Body      string    `json:"body"`
	Tech      string    `json:"tech"`
	UserID    int64     `json:"user_id"`
	Hidden    bool      `json:"hidden"`
	RichText  bool      `json:"rich_text"`
	EmailedTo string    `json:"emailed_to"` // who got it as e-mail; empty: nobody
	SMS       string    `json:"sms"`        // what went out as a text message; empty: nothing
	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated"`
}

// Line is a charge on a ticket.
type Line struct {
	ID          int64           `json:"id"`
	ProductID   int64           `json:"product_id"`
	UserID      int64           `json:"user_id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Quantity    decimal.Decimal `json:"quantity"` // hours, for labor
	Cost        decimal.Decimal `json:"cost"`
	Price       decimal.Decimal `json:"price"`    // of one
	Percent     decimal.Decimal `json:"percent"`  // off, as people give it in the GUI
	Discount    decimal.Decimal `json:"discount"` // an amount off the line
	Taxable     bool            `json:"taxable"`
	Converted   bool            `json:"converted"` // it is on an invoice
	Position    int             `json:"position"`
	Created     time.Time       `json:"created"`
	Updated     time.Time       `json:"updated"`
}

// Timer is a stretch of work on a ticket. A running one has no End.
type Timer struct {
	ID        int64         `json:"id"`
	UserID    int64         `json:"user_id"`
	ProductID int64         `json:"product_id"`
	Start     time.Time     `json:"start"`
	End       time.Time     `json:"end"`
	Active    time.Duration `json:"active"` // what is charged; a later update of the minutes does not move it
	Notes     string        `json:"notes"`
	Billable  bool          `json:"billable"`
	Recorded  bool          `json:"recorded"` // it was charged
	LineID    int64         `json:"line_id"`  // the line that charging made last
	Created   time.Time     `json:"created"`
	Updated   time.Time     `json:"updated"`
}

// Invoice is an invoice. A paid one cannot be deleted.
type Invoice struct {
	ID         int64           `json:"id"`
	Number     string          `json:"number"`
	CustomerID int64           `json:"customer_id"`
	TicketID   int64           `json:"ticket_id"`
	UserID     int64           `json:"user_id"`
	Date       time.Time       `json:"date"`
	Due        time.Time       `json:"due"`
	Paid       bool            `json:"paid"`
	Note       string          `json:"note"`
	PONumber   string          `json:"po_number"`
	Lines      []InvoiceLine   `json:"lines"`
	Subtotal   decimal.Decimal `json:"subtotal"`
	Tax        decimal.Decimal `json:"tax"`
	Total      decimal.Decimal `json:"total"`
	Prepaid    decimal.Decimal `json:"prepaid"` // hours taken off the customer's
	Created    time.Time       `json:"created"`
	Updated    time.Time       `json:"updated"`
}

// InvoiceLine is a line of an invoice. Item is the product's name and Name is
// the line's description, as in Syncro's labels.
type InvoiceLine struct {
	ID        int64           `json:"id"`
	LineID    int64           `json:"line_id"` // the ticket's line that it came from
	ProductID int64           `json:"product_id"`
	Item      string          `json:"item"`
	Name      string          `json:"name"`
	Cost      decimal.Decimal `json:"cost"`
	Price     decimal.Decimal `json:"price"`
	Percent   decimal.Decimal `json:"percent"`  // off
	Discount  decimal.Decimal `json:"discount"` // an amount off the line
	Quantity  decimal.Decimal `json:"quantity"`
	Taxable   bool            `json:"taxable"`
	Position  int             `json:"position"`
	Created   time.Time       `json:"created"`
}

// Product is something that can be charged.
type Product struct {
	ID          int64           `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Category    string          `json:"category"`
	Cost        decimal.Decimal `json:"cost"`
	Price       decimal.Decimal `json:"price"`
	Taxable     bool            `json:"taxable"`
	Disabled    bool            `json:"disabled"`
	Prepayable  bool            `json:"prepayable"` // a customer's prepaid hours pay for it
}

// Settings is how the account is set up.
type Settings struct {
	Statuses       []string        `json:"statuses"`
	Priorities     []string        `json:"priorities"`
	ProblemTypes   []string        `json:"problem_types"`
	TimeZone       string          `json:"time_zone"`
	DefaultLaborID int64           `json:"default_labor_id"`
	TaxRate        decimal.Decimal `json:"tax_rate"` // 0.0825 is 8.25 %
}

func (t Ticket) clone() Ticket {
	t.Tags = slices.Clone(t.Tags)
	t.Comments = slices.Clone(t.Comments)
	t.Lines = slices.Clone(t.Lines)
	t.Timers = slices.Clone(t.Timers)
	return t
}

func (i Invoice) clone() Invoice {
	i.Lines = slices.Clone(i.Lines)
	return i
}

func (d Data) clone() Data {
	d.Users = slices.Clone(d.Users)
	d.Customers = slices.Clone(d.Customers)
	d.Contacts = slices.Clone(d.Contacts)
	d.Products = slices.Clone(d.Products)
	d.Settings.Statuses = slices.Clone(d.Settings.Statuses)
	d.Settings.Priorities = slices.Clone(d.Settings.Priorities)
	d.Settings.ProblemTypes = slices.Clone(d.Settings.ProblemTypes)
	d.Tickets = slices.Clone(d.Tickets)
	for i := range d.Tickets {
		d.Tickets[i] = d.Tickets[i].clone()
	}
	d.Invoices = slices.Clone(d.Invoices)
	for i := range d.Invoices {
		d.Invoices[i] = d.Invoices[i].clone()
	}
	return d
}

// find returns the first of list for which is holds, or nil. The pointer is
// good until the list grows.
func find[T any](list []T, is func(*T) bool) *T {
	for i := range list {
		if is(&list[i]) {
			return &list[i]
		}
	}
	return nil
}

func (d *Data) user(id int64) *User {
	return find(d.Users, func(u *User) bool { return u.ID == id })
}

func (d *Data) customer(id int64) *Customer {
	return find(d.Customers, func(c *Customer) bool { return c.ID == id })
}

func (d *Data) contact(id int64) *Contact {
	return find(d.Contacts, func(c *Contact) bool { return c.ID == id })
}

func (d *Data) ticket(id int64) *Ticket {
	return find(d.Tickets, func(t *Ticket) bool { return t.ID == id })
}

func (d *Data) ticketNumbered(number int64) *Ticket {
	return find(d.Tickets, func(t *Ticket) bool { return t.Number == number })
}

func (d *Data) product(id int64) *Product {
	return find(d.Products, func(p *Product) bool { return p.ID == id })
}

func (t *Ticket) line(id int64) *Line {
	return find(t.Lines, func(l *Line) bool { return l.ID == id })
}

func (t *Ticket) timer(id int64) *Timer {
	return find(t.Timers, func(e *Timer) bool { return e.ID == id })
}

// touch moves Updated on, by a millisecond at least: so that two changes are
// told apart however fast they follow each other.
func (t *Ticket) touch(now time.Time) {
	now = now.Truncate(time.Millisecond)
	if next := t.Updated.Truncate(time.Millisecond).Add(time.Millisecond); now.Before(next) {
		now = next
	}
	t.Updated = now
}
