package syncro

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Invoice is an invoice. In a list the lines are missing.
type Invoice struct {
	ID         int64
	Number     string // letters are possible
	CustomerID int64
	Customer   string
	Total      string // decimal; "0.0" is right where prepaid hours pay
	Date       time.Time
	Created    time.Time
	Paid       bool
	TicketID   int64 // 0: of no ticket
	Lines      []InvoiceLine
}

// InvoiceLine is a line of an invoice.
type InvoiceLine struct {
	ID          int64
	ProductID   int64
	Name        string // the product's
	Description string
	Quantity    string // decimal
	Price       string // decimal, for one
	Discount    Discount
	Taxable     bool
}

type invoiceJSON struct {
	ID           integer `json:"id"`
	Number       text    `json:"number"`
	CustomerID   integer `json:"customer_id"`
	CustomerName text    `json:"customer_business_then_name"`
	Total        number  `json:"total"`
	Date         moment  `json:"date"`
	Created      moment  `json:"created_at"`
	Paid         flag    `json:"is_paid"`
	TicketID     integer `json:"ticket_id"`

	Lines []invoiceLineJSON `json:"line_items"`
}

// invoiceLineJSON calls the product's name item, and the description name.
type invoiceLineJSON struct {
	ID        integer `json:"id"`
	ProductID integer `json:"product_id"`
	Item      text    `json:"item"`
	Name      text    `json:"name"`
	Quantity  number  `json:"quantity"`
	Price     number  `json:"price"`
	Taxable   flag    `json:"taxable"`
	discountJSON
}

func (i invoiceJSON) invoice() Invoice {
	invoice := Invoice{
		ID: int64(i.ID), Number: string(i.Number), CustomerID: int64(i.CustomerID), Customer: string(i.CustomerName),
		Total: string(i.Total), Date: i.Date.Time, Created: i.Created.Time, Paid: bool(i.Paid), TicketID: int64(i.TicketID),
	}
	for _, l := range i.Lines {
		invoice.Lines = append(invoice.Lines, InvoiceLine{
			ID: int64(l.ID), ProductID: int64(l.ProductID), Name: string(l.Item), Description: string(l.Name),
			Quantity: string(l.Quantity), Price: string(l.Price), Discount: l.discount(), Taxable: bool(l.Taxable),
		})
	}
	return invoice
}

// decodeInvoice reads an invoice by itself, wrapped or flat. It fails where
// that is another invoice: Syncro takes a number for an id there.
func decodeInvoice(body []byte, id int64) (invoiceJSON, error) {
	i, err := decodeOne[invoiceJSON](body, "invoice")
	switch {
	case err != nil:
		return invoiceJSON{}, err
	case int64(i.ID) != id:
		return invoiceJSON{}, fmt.Errorf("%w: it is invoice %d", errShape, i.ID)
	}
	return i, nil
}

// decodeFullInvoice is decodeInvoice, and fails where the invoice does not
// list its lines: an empty list must mean that there are none.
func decodeFullInvoice(body []byte, id int64) (invoiceJSON, error) {
	i, err := decodeInvoice(body, id)
	if err == nil && i.Lines == nil {
		err = fmt.Errorf("%w: it lists no lines", errShape)
	}
	return i, err
}

func invoicePath(id int64) string { return "/invoices/" + strconv.FormatInt(id, 10) }

// Invoice reads an invoice with its lines by its id.
func (r *Reader) Invoice(ctx context.Context, id int64) (Invoice, error) {
	path := invoicePath(id)
	body, err := r.get(ctx, path)
	if err != nil {
		return Invoice{}, err
	}
	i, err := decodeFullInvoice(body, id)
	if err != nil {
		return Invoice{}, garbled(path, err)
	}
	return i.invoice(), nil
}

// InvoiceNumbered reads an invoice by its number, of digits alone. A number
// that is another invoice's id finds nothing: Syncro takes it for the id first.
func (r *Reader) InvoiceNumbered(ctx context.Context, number int64) (Invoice, error) {
	path := invoicePath(number)
	body, err := r.get(ctx, path)
	if err != nil {
		return Invoice{}, err
	}
	i, err := decodeOne[invoiceJSON](body, "invoice")
	if err == nil && string(i.Number) != strconv.FormatInt(number, 10) {
		err = fmt.Errorf("%w: it is invoice #%s", errShape, i.Number)
	}
	if err != nil {
		return Invoice{}, garbled(path, err)
	}
	return i.invoice(), nil
}

// Invoices lists the account's invoices: Syncro's first page of them.
func (r *Reader) Invoices(ctx context.Context) (List[Invoice], error) {
	found, err := readList[invoiceJSON](ctx, r, "/invoices", "invoices", nil, 1)
	if err != nil {
		return List[Invoice]{}, err
	}
	list := List[Invoice]{More: found.More}
	for _, i := range found.Items {
		list.Items = append(list.Items, i.invoice())
	}
	return list, nil
}

// TicketInvoices lists a ticket's invoices, all of them: where there are more
// than could be read it fails.
func (r *Reader) TicketInvoices(ctx context.Context, ticketID int64) ([]Invoice, error) {
	const path = "/invoices"
	found, err := readList[invoiceJSON](ctx, r, path, "invoices", url.Values{"ticket_id": {strconv.FormatInt(ticketID, 10)}}, maxPages)
	if err != nil {
		return nil, err
	}
	if found.More {
		return nil, garbled(path, fmt.Errorf("%w: more invoices than one ticket can have", errShape))
	}
	var invoices []Invoice
	for _, i := range found.Items {
		// The list was asked for this ticket: one that names none is of it too.
		if i.TicketID == 0 || int64(i.TicketID) == ticketID {
			invoices = append(invoices, i.invoice())
		}
	}
	return invoices, nil
}

// Holds looks whether an invoice, the only one of its ticket, holds exactly what
// is charged there: also what was charged since it was made. why is what it
// holds instead.
func (r *Reader) Holds(ctx context.Context, t Ticket, invoiceID int64) (holds bool, why string, err error) {
	w := CreateInvoice{TicketID: t.ID, CustomerID: t.CustomerID, Prepaid: t.HasPrepaid()}
	for _, l := range t.LineItems {
		w.Lines = append(w.Lines, l.Charge())
	}
	sight, err := r.Look(ctx, w.Check(invoiceID))
	return sight.IsSet, sight.Why, err
}

// CreateInvoice makes an invoice of a ticket's lines that are on none yet.
// Syncro takes them all, and makes a second invoice as readily as a first.
type CreateInvoice struct {
	TicketID   int64    `json:"ticket_id"`
	CustomerID int64    `json:"customer_id"`
	Category   string   `json:"category"`          // "Standard"
	Lines      []Charge `json:"lines"`             // exactly what it must hold: nothing less and nothing more
	Prepaid    bool     `json:"prepaid,omitempty"` // prepaid hours pay, so a line may come to cost 0
}

// Charge is a line as an invoice must have it.
type Charge struct {
	ProductID int64  `json:"product_id,omitempty"` // 0: it goes by its name
	Name      string `json:"name,omitempty"`       // the product's
	Quantity  string `json:"quantity"`             // decimal
	Price     string `json:"price,omitempty"`      // decimal, for one; empty: left to Syncro, and any
	Rate      string `json:"rate,omitempty"`       // the product's, where Price is left to Syncro: where there is one, no line may come at nothing
	Taxable   bool   `json:"taxable,omitempty"`
	Reckoned  bool   `json:"reckoned,omitempty"` // of a timer: Syncro turns minutes into hours, and may round

	Discount Discount `json:"discount,omitzero"`
}

// Charge is the line as an invoice must have it.
func (l LineItem) Charge() Charge {
	return Charge{ProductID: l.ProductID, Name: l.Name, Quantity: l.Quantity, Price: l.Price, Discount: l.Discount, Taxable: l.Taxable}
}

// Kind is "invoice.create".
func (CreateInvoice) Kind() string { return "invoice.create" }

// Line says how many lines it will have, and what they come to where that is
// known.
func (w CreateInvoice) Line() Line {
	return Line{Text: fmt.Sprintf("Invoice: new, %s, from this ticket, with exactly: %s", w.Category, w.wanted())}
}

// wanted lists what it must hold for people.
func (w CreateInvoice) wanted() string {
	var parts []string
	for _, c := range w.Lines {
		what := cmp.Or(c.Name, fmt.Sprintf("product %d", c.ProductID)) + " · " + c.Quantity
		switch {
		case c.Price != "":
			what += " × " + c.Discount.Less(c.Price)
		case isAbove(c.Rate):
			what += " at a price"
		}
		parts = append(parts, what)
	}
	return strings.Join(parts, "; ")
}

// Request is POST /invoices. Without number and date, which the OpenAPI
// document calls required, live accounts fill both in; lines in the body are
// ignored.
func (w CreateInvoice) Request() Request {
	return Request{Method: "POST", Path: "/invoices", Body: struct {
		TicketID   int64  `json:"ticket_id"`
		CustomerID int64  `json:"customer_id"`
		Category   string `json:"category"`
	}{w.TicketID, w.CustomerID, w.Category}}
}

// Evidence is the list of the ticket's invoices: whichever was not there is
// this one. The author does not matter.
func (w CreateInvoice) Evidence(Author) Evidence {
	path := "/invoices?" + url.Values{"ticket_id": {strconv.FormatInt(w.TicketID, 10)}}.Encode()
	return Evidence{Path: path, Effect: Adds, Read: func(body []byte) (Sight, error) {
		invoices, err := decodeAll[invoiceJSON](body, "invoices")
		if err != nil {
			return Sight{}, err
		}
		return sight(invoices, func(i invoiceJSON) (integer, likeness) {
			switch {
			case i.TicketID != 0 && int64(i.TicketID) != w.TicketID:
				return i.ID, other
			case i.TicketID == 0:
				return i.ID, near
			case int64(i.CustomerID) != w.CustomerID:
				return i.ID, near
			}
			return i.ID, ours
		})
	}}
}

// invoiceGuard is the look that a ticket has an invoice, or has none. Making an
// invoice does not move the ticket, so a card cannot know of one made since.
func invoiceGuard(ticketID int64, want bool) *Evidence {
	path := "/invoices?" + url.Values{"ticket_id": {strconv.FormatInt(ticketID, 10)}}.Encode()
	return &Evidence{Path: path, Effect: Sets, Read: func(body []byte) (Sight, error) {
		invoices, err := decodeAll[invoiceJSON](body, "invoices")
		if err != nil {
			return Sight{}, err
		}
		has := slices.ContainsFunc(invoices, func(i invoiceJSON) bool { return i.TicketID == 0 || int64(i.TicketID) == ticketID })
		switch {
		case has == want:
			return Sight{IsSet: true}, nil
		case want:
			return Sight{Why: "the ticket has no invoice any more"}, nil
		}
		return Sight{Why: "the ticket has an invoice by now, and what was invoiced stays"}, nil
	}}
}

// Made checks {"invoice":{"id":N,...}}: an invoice of the ticket's customer,
// and not of another ticket.
func (w CreateInvoice) Made(body []byte) (int64, error) {
	var answer struct {
		Invoice *invoiceJSON `json:"invoice"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Invoice == nil {
		return 0, fmt.Errorf("%w: no invoice in the answer", errShape)
	}
	i := answer.Invoice
	switch {
	case i.ID <= 0:
		return 0, fmt.Errorf("%w: the invoice has no id", errShape)
	case int64(i.CustomerID) != w.CustomerID:
		return 0, otherwise(i.ID, "invoice %d came back for customer %d", i.ID, i.CustomerID)
	case i.TicketID != 0 && int64(i.TicketID) != w.TicketID:
		return 0, otherwise(i.ID, "invoice %d came back for ticket %d", i.ID, i.TicketID)
	}
	return int64(i.ID), nil
}

// At is the invoice.
func (CreateInvoice) At(id int64) string { return invoicePath(id) }

// Name is "invoice #67501".
func (CreateInvoice) Name(body []byte) string {
	i, err := decodeOne[invoiceJSON](body, "invoice")
	if err != nil || i.Number == "" {
		return ""
	}
	return "invoice #" + string(i.Number)
}

// Check is the invoice with its lines: it is of the ticket, and holds exactly
// what it should.
func (w CreateInvoice) Check(id int64) Evidence {
	return Evidence{Path: invoicePath(id), Effect: Sets, Read: func(body []byte) (Sight, error) {
		i, err := decodeFullInvoice(body, id)
		if err != nil {
			return Sight{}, err
		}
		why := ""
		switch {
		case int64(i.TicketID) != w.TicketID || int64(i.CustomerID) != w.CustomerID:
			why = fmt.Sprintf("it is for ticket %d of customer %d", i.TicketID, i.CustomerID)
		case !w.holds(i.Lines):
			why = "it holds: " + cmp.Or(inWords(i.Lines), "nothing") + ". It should hold exactly: " + cmp.Or(w.wanted(), "nothing")
			if slices.ContainsFunc(w.Lines, func(c Charge) bool { return c.Reckoned }) {
				why += ". Syncro reckons the hours of a timer itself, and may round them"
			}
		}
		return Sight{IsSet: why == "", Why: why}, nil
	}}
}

// Misfit is what the ticket would bring onto the invoice, where that is not
// what the invoice must hold.
func (w CreateInvoice) Misfit(t Ticket) string {
	var lines []invoiceLineJSON
	for _, l := range t.LineItems {
		if !l.Invoiced {
			lines = append(lines, invoiceLineJSON{
				ProductID: integer(l.ProductID), Item: text(l.Name), Quantity: number(l.Quantity), Price: number(l.Price), Taxable: flag(l.Taxable),
				discountJSON: discountJSON{Percent: number(l.Discount.Percent), Dollars: number(l.Discount.Dollars)},
			})
		}
	}
	if w.holds(lines) {
		return ""
	}
	return fmt.Sprintf("the ticket's charges are by now: %s. The invoice would hold them all, and should hold exactly: %s",
		cmp.Or(inWords(lines), "none"), w.wanted())
}

// holds reports whether the lines are exactly those that are wanted, in any
// order. What fits to the cent is paired first, then what prepaid hours may
// have paid, then what may have any price: each leaves the next what only that
// can take.
func (w CreateInvoice) holds(lines []invoiceLineJSON) bool {
	lines, wanted := slices.Clone(lines), slices.Clone(w.Lines)
	slices.SortStableFunc(wanted, func(a, b Charge) int { return cmp.Compare(b.Price, a.Price) })
	for _, fits := range []func(Charge, invoiceLineJSON) bool{Charge.isExactly, w.is} {
		wanted = slices.DeleteFunc(wanted, func(c Charge) bool {
			at := slices.IndexFunc(lines, func(l invoiceLineJSON) bool { return fits(c, l) })
			if at >= 0 {
				lines = slices.Delete(lines, at, at+1)
			}
			return at >= 0
		})
	}
	return len(lines) == 0 && len(wanted) == 0
}

func (c Charge) isExactly(l invoiceLineJSON) bool {
	return samePrice(c.Price, string(l.Price)) && CreateInvoice{}.is(c, l)
}

// is reports whether a line can be what became of a charge.
func (w CreateInvoice) is(c Charge, l invoiceLineJSON) bool {
	what := int64(l.ProductID) == c.ProductID
	if c.ProductID == 0 || l.ProductID == 0 {
		what = c.Name != "" && sameWords(c.Name, string(l.Item))
	}
	price := samePrice(c.Price, string(l.Price)) || c.Price == "" && (!isAbove(c.Rate) || isAbove(string(l.Price)))
	price = price && c.Discount.same(l.discount()) || w.Prepaid && samePrice("0", string(l.Price))
	quantity := sameQuantity(c.Quantity, string(l.Quantity)) || c.Reckoned && sameRounded(c.Quantity, string(l.Quantity))
	return what && price && quantity && c.Taxable == bool(l.Taxable)
}

func (w CreateInvoice) valid() error {
	switch {
	case w.TicketID <= 0 || w.CustomerID <= 0:
		return errors.New("an invoice needs a ticket and a customer")
	case strings.TrimSpace(w.Category) == "":
		return errors.New("an invoice needs a category")
	case len(w.Lines) == 0:
		return errors.New("an invoice needs lines")
	}
	for _, c := range w.Lines {
		if c.ProductID <= 0 && strings.TrimSpace(c.Name) == "" {
			return errors.New("a line of an invoice needs a product or a name")
		}
		// A discount is a line as well, so a price may be below zero.
		if _, err := amount(cmp.Or(c.Price, "0")); err != nil {
			return fmt.Errorf("%q is no price", c.Price)
		}
		if err := checkAmounts(c.Quantity, ""); err != nil {
			return err
		}
	}
	return nil
}

// inWords lists lines for people.
func inWords(lines []invoiceLineJSON) string {
	var all []string
	for _, l := range lines {
		all = append(all, fmt.Sprintf("%s · %s × %s", l.Item, l.Quantity, l.discount().Less(string(l.Price))))
	}
	return strings.Join(all, "; ")
}

// DeleteInvoice deletes an invoice. A paid one cannot be deleted.
type DeleteInvoice struct {
	InvoiceID int64  `json:"invoice_id"`
	Number    string `json:"number,omitempty"` // for the card alone
	What      string `json:"what,omitempty"`   // for the card alone: customer and total
}

// Guard is that nobody has paid it. Paying does not move its ticket.
func (w DeleteInvoice) Guard() *Evidence {
	return &Evidence{Path: invoicePath(w.InvoiceID), Effect: Sets, Read: func(body []byte) (Sight, error) {
		i, err := decodeInvoice(body, w.InvoiceID)
		if err != nil || !bool(i.Paid) {
			return Sight{IsSet: err == nil}, err
		}
		return Sight{Why: "the invoice is paid by now, and what was paid stays"}, nil
	}}
}

// Kind is "invoice.delete".
func (DeleteInvoice) Kind() string { return "invoice.delete" }

// Line says which one goes.
func (w DeleteInvoice) Line() Line {
	line := Line{Text: fmt.Sprintf("Delete invoice %d", w.InvoiceID)}
	if w.Number != "" {
		line.Text = "Delete invoice #" + w.Number
	}
	if w.What != "" {
		line.Text += " · " + w.What
	}
	return line
}

// Request is DELETE /invoices/{id}.
func (w DeleteInvoice) Request() Request {
	return Request{Method: "DELETE", Path: invoicePath(w.InvoiceID)}
}

// Evidence is the invoice, or that there is none. The author does not matter.
func (w DeleteInvoice) Evidence(Author) Evidence {
	return Evidence{Path: invoicePath(w.InvoiceID), Effect: Removes, Missing: &Sight{}, Read: func(body []byte) (Sight, error) {
		if _, err := decodeInvoice(body, w.InvoiceID); err != nil {
			return Sight{}, err
		}
		return Sight{All: []int64{w.InvoiceID}, Ours: []int64{w.InvoiceID}}, nil
	}}
}

// Made checks nothing but that the answer does not say that it failed: Syncro
// answers 200, with no content, in any case.
func (w DeleteInvoice) Made(body []byte) (int64, error) {
	var answer struct {
		Success *flag `json:"success"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Success != nil && !bool(*answer.Success) {
		return 0, errors.New("the answer says that it failed")
	}
	return w.InvoiceID, nil
}

// Check is the evidence again.
func (w DeleteInvoice) Check(int64) Evidence { return w.Evidence(Author{}) }

func (w DeleteInvoice) valid() error {
	if w.InvoiceID <= 0 {
		return errors.New("deleting an invoice needs its id")
	}
	return nil
}
