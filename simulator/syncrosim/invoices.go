package syncrosim

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
)

const invoicesPerPage = 25

// invoiceObject is an invoice without its lines: in lists and just after it
// was made. Money is text here.
func (s *Syncro) invoiceObject(v *Invoice) object {
	f := Milliseconds
	return object{
		"id": v.ID, "customer_id": v.CustomerID, "customer_business_then_name": s.customerName(v.CustomerID), "number": v.Number,
		"created_at": f.stamp(v.Created), "updated_at": f.stamp(v.Updated), "date": f.stamp(v.Date), "due_date": f.stamp(v.Due),
		"subtotal": quoted(v.Subtotal), "total": quoted(v.Total), "tax": quoted(v.Tax), "verified_paid": v.Paid, "tech_marked_paid": v.Paid,
		"ticket_id": ref(v.TicketID), "pdf_url": nil, "is_paid": v.Paid, "location_id": nil, "po_number": text(v.PONumber), "contact_id": nil,
		"note": text(v.Note), "hardwarecost": nil, "user_id": ref(v.UserID),
	}
}

func (s *Syncro) invoiceDetail(v *Invoice) object {
	out := s.invoiceObject(v)
	lines := []object{}
	for _, l := range v.Lines {
		at := Milliseconds.stamp(l.Created)
		lines = append(lines, object{
			"id": l.ID, "created_at": at, "updated_at": at, "invoice_id": v.ID, "item": l.Item, "name": l.Name, "cost": quoted(l.Cost),
			"price": quoted(l.Price), "quantity": quoted(l.Quantity), "product_id": ref(l.ProductID), "taxable": l.Taxable,
			"discount_percent": discount(l.Percent), "position": l.Position, "invoice_bundle_id": nil, "discount_dollars": discount(l.Discount),
		})
	}
	out["line_items"], out["payments"], out["date_received"], out["customer"] = lines, []any{}, nil, nil
	if c := s.data.customer(v.CustomerID); c != nil {
		out["customer"] = s.customerObject(c)
	}
	return out
}

func listInvoices(c *call) answer {
	since, err := c.times("since_updated_at")
	if err != nil {
		return badTime()
	}
	found := []*Invoice{}
	for i := range c.s.data.Invoices {
		v := &c.s.data.Invoices[i]
		switch {
		case c.given("ticket_id") && v.TicketID != c.num("ticket_id"),
			c.flag("paid") && !v.Paid,
			c.flag("unpaid") && v.Paid,
			v.Updated.Before(since["since_updated_at"]):
			continue
		}
		found = append(found, v)
	}
	slices.SortStableFunc(found, func(a, b *Invoice) int { return b.Created.Compare(a.Created) })
	part, meta := page(c, found, invoicesPerPage)
	rows := []object{}
	for _, v := range part {
		rows = append(rows, c.s.invoiceObject(v))
	}
	return ok(object{"invoices": rows, "meta": meta})
}

// invoice is the invoice that the path names, by its id or else by its number.
func (c *call) invoice() *Invoice {
	number := strconv.FormatInt(c.id(), 10)
	return cmp.Or(
		find(c.s.data.Invoices, func(v *Invoice) bool { return v.ID == c.id() }),
		find(c.s.data.Invoices, func(v *Invoice) bool { return v.Number == number }),
	)
}

func getInvoice(c *call) answer {
	v := c.invoice()
	if v == nil {
		return gone()
	}
	if c.s.options.FlatInvoice {
		return ok(c.s.invoiceDetail(v))
	}
	return ok(object{"invoice": c.s.invoiceDetail(v)})
}

func getInvoiceTicket(c *call) answer {
	v := c.invoice()
	if v == nil {
		return gone()
	}
	t := c.s.data.ticket(v.TicketID)
	if t == nil {
		return gone()
	}
	return ok(object{"ticket": c.s.ticketDetail(t)})
}

// createInvoice answers POST /invoices. It pulls the ticket's lines that are
// on no invoice yet; line_items and category in the body count for nothing.
// A second one for the same ticket is made as readily, and is empty. What a
// customer's prepaid hours pay for does not count into the total.
func createInvoice(c *call) answer {
	customer := c.s.data.customer(c.num("customer_id"))
	if customer == nil {
		return invalid(object{"error": "Customer required field"})
	}
	t := c.s.data.ticket(c.num("ticket_id"))
	if t == nil && c.given("ticket_id") {
		return refusal("Ticket must exist")
	}
	date, err := c.time("date")
	if err != nil {
		return badTime()
	}
	now := c.s.now()
	if date.IsZero() {
		date = now.UTC().Truncate(24 * time.Hour)
	}
	v := Invoice{
		ID: c.s.newID(), Number: c.s.nextInvoiceNumber(), CustomerID: customer.ID, UserID: c.token.UserID, Date: date, Due: date,
		Note: c.str("note"), PONumber: c.str("po_number"), Created: now, Updated: now,
	}
	if !c.blank("number") {
		v.Number = c.str("number")
	}
	if t != nil {
		v.TicketID = t.ID
		c.s.pull(&v, t, customer)
	}
	c.s.data.Invoices = append(c.s.data.Invoices, v)
	return ok(object{"invoice": c.s.invoiceObject(&v)})
}

func (s *Syncro) nextInvoiceNumber() string {
	highest := int64(0)
	for _, v := range s.data.Invoices {
		if n, err := strconv.ParseInt(v.Number, 10, 64); err == nil {
			highest = max(highest, n)
		}
	}
	return strconv.FormatInt(highest+1, 10)
}

// pull moves a ticket's open lines onto an invoice and settles what it costs.
func (s *Syncro) pull(v *Invoice, t *Ticket, customer *Customer) {
	for i := range t.Lines {
		l := &t.Lines[i]
		if l.Converted {
			continue
		}
		l.Converted = true
		v.Lines = append(v.Lines, InvoiceLine{
			ID: s.newID(), LineID: l.ID, ProductID: l.ProductID, Item: l.Name, Name: l.Description, Cost: l.Cost, Price: l.Price, Percent: l.Percent, Discount: l.Discount,
			Quantity: l.Quantity, Taxable: l.Taxable, Position: l.Position, Created: v.Created,
		})
		charged := l.Quantity
		if p := s.data.product(l.ProductID); p != nil && p.Prepayable {
			covered := decimal.Max(decimal.Zero, decimal.Min(charged, customer.PrepayHours))
			customer.PrepayHours = customer.PrepayHours.Sub(covered)
			v.Prepaid = v.Prepaid.Add(covered)
			charged = charged.Sub(covered)
		}
		amount := charged.Mul(l.Price)
		amount = amount.Sub(amount.Mul(l.Percent).Shift(-2)).Sub(l.Discount).Round(2)
		v.Subtotal = v.Subtotal.Add(amount)
		if l.Taxable {
			v.Tax = v.Tax.Add(amount.Mul(s.data.Settings.TaxRate).Round(2))
		}
	}
	v.Total = v.Subtotal.Add(v.Tax)
}

// deleteInvoice answers 200 with nothing, whether or not there was anything
// to delete and whether or not it was. A paid invoice stays.
func deleteInvoice(c *call) answer {
	done := answer{status: 200}
	v := c.invoice()
	if v == nil || v.Paid {
		return done
	}
	if customer := c.s.data.customer(v.CustomerID); customer != nil {
		customer.PrepayHours = customer.PrepayHours.Add(v.Prepaid)
	}
	if t := c.s.data.ticket(v.TicketID); t != nil {
		for _, l := range v.Lines {
			if line := t.line(l.LineID); line != nil {
				line.Converted = false
			}
		}
	}
	id := v.ID
	c.s.data.Invoices = slices.DeleteFunc(c.s.data.Invoices, func(v Invoice) bool { return v.ID == id })
	return done
}
