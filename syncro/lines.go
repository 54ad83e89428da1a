package syncro

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// AddLine adds a charge for labor to a ticket.
type AddLine struct {
	TicketID    int64  `json:"ticket_id"`
	ProductID   int64  `json:"product_id"`
	Name        string `json:"name"`               // the product's; Syncro does not fill it in
	Description string `json:"description"`        // what was done, for the invoice
	Quantity    string `json:"quantity"`           // decimal hours, as Hours makes them
	Price       string `json:"price"`              // decimal, for one hour; empty: Syncro takes the product's
	Rate        string `json:"rate,omitempty"`     // the product's, where Price is left to Syncro; empty: unknown
	Currency    string `json:"currency,omitempty"` // for the card alone: "$"
}

// Kind is "line.add".
func (AddLine) Kind() string { return "line.add" }

// Line says what it is and what it comes to.
func (w AddLine) Line() Line {
	return Line{
		Text:   fmt.Sprintf("Line: %s · %s · not taxed", w.Name, cost(w.Quantity, w.Price, w.Currency)),
		Quoted: w.Description,
	}
}

// Request is POST /tickets/{id}/add_line_item. Of all the names that a price
// could have only price_retail is saved. taxable is always there: a line
// without it is taxed.
func (w AddLine) Request() Request {
	return Request{Method: "POST", Path: TicketPath(w.TicketID) + "/add_line_item", Body: struct {
		ProductID   int64       `json:"product_id"`
		Name        string      `json:"name"`
		Description string      `json:"description"`
		Quantity    json.Number `json:"quantity"`
		Price       json.Number `json:"price_retail,omitempty"`
		Taxable     bool        `json:"taxable"`
	}{w.ProductID, w.Name, w.Description, literal(w.Quantity), literal(w.Price), false}}
}

// Evidence is the ticket with its charges.
func (w AddLine) Evidence(by Author) Evidence {
	return Evidence{Path: TicketPath(w.TicketID), Effect: Adds, Read: func(body []byte) (Sight, error) {
		lines, err := linesOf(body, w.TicketID)
		if err != nil {
			return Sight{}, err
		}
		return sight(lines, func(l lineItemJSON) (integer, likeness) { return l.ID, w.compare(l, by) })
	}}
}

// Made checks the line, which comes without a wrapper: with the quantity and,
// where one was sent, the price.
func (w AddLine) Made(body []byte) (int64, error) {
	l, err := decodeOne[lineItemJSON](body, "ticket_line_item")
	switch {
	case err != nil:
		return 0, err
	case l.ID <= 0:
		return 0, fmt.Errorf("%w: the line has no id", errShape)
	case !sameQuantity(w.Quantity, string(l.Quantity)):
		return 0, otherwise(l.ID, "line %d came back with the quantity %q", l.ID, l.Quantity)
	case w.Price != "" && !samePrice(w.Price, string(l.Price)):
		return 0, otherwise(l.ID, "line %d came back with the price %q", l.ID, l.Price)
	case bool(l.Taxable):
		return 0, otherwise(l.ID, "line %d came back taxed", l.ID)
	case !l.discount().IsZero():
		return 0, otherwise(l.ID, "line %d came back at %s", l.ID, l.discount().Less(string(l.Price)))
	case l.ProductID != 0 && int64(l.ProductID) != w.ProductID:
		return 0, otherwise(l.ID, "line %d came back with product %d", l.ID, l.ProductID)
	}
	return int64(l.ID), nil
}

// SignedBy is who charged it.
func (AddLine) SignedBy(body []byte) int64 {
	l, err := decodeOne[lineItemJSON](body, "ticket_line_item")
	if err != nil {
		return 0
	}
	return int64(l.UserID)
}

// Note says where Syncro put no price on the line, though it was left to it.
func (w AddLine) Note(body []byte) string {
	l, err := decodeOne[lineItemJSON](body, "ticket_line_item")
	if err != nil || w.Price != "" || !isAbove(w.Rate) || !samePrice("0", string(l.Price)) {
		return ""
	}
	return fmt.Sprintf("Syncro put no price on the charge, though the product's is %s%s. Please look at it in Syncro.", w.Currency, Money(w.Rate))
}

func (w AddLine) valid() error {
	switch {
	case w.TicketID <= 0 || w.ProductID <= 0:
		return errors.New("a line needs a ticket and a product")
	case strings.TrimSpace(w.Name) == "" || strings.TrimSpace(w.Description) == "":
		return errors.New("a line needs a name and a description")
	}
	return checkAmounts(w.Quantity, w.Price)
}

// compare tells whether l is what w adds as by. Another person's line is
// never ours and never near; the same work with other hours, another price,
// product or tax is near.
func (w AddLine) compare(l lineItemJSON, by Author) likeness {
	author := near // user_id is null on some lines
	if l.UserID != 0 {
		author = ours
		if by.UserID != 0 && int64(l.UserID) != by.UserID {
			return other
		}
	}
	product := int64(l.ProductID) == w.ProductID
	quantity := sameQuantity(w.Quantity, string(l.Quantity))
	price := (w.Price == "" || samePrice(w.Price, string(l.Price))) && l.discount().IsZero()
	name, description := sameWords(w.Name, string(l.Name)), sameWords(w.Description, string(l.Description))
	switch {
	case product && quantity && price && name && description && !bool(l.Taxable):
		return author
	case product && similar(Normalize(w.Description), Normalize(string(l.Description))), quantity && name && description:
		return near
	}
	return other
}

// UpdateLine changes a charge on a ticket. What is empty stays as it is.
type UpdateLine struct {
	TicketID    int64  `json:"ticket_id"`
	LineID      int64  `json:"line_id"`
	ProductID   int64  `json:"product_id,omitempty"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Quantity    string `json:"quantity,omitempty"` // decimal
	Price       string `json:"price,omitempty"`    // decimal, for one
	Taxable     bool   `json:"taxable"`            // as the line has it: always sent, a missing one could count as true
	From        string `json:"from,omitempty"`     // for the card alone: the line before, in words

	Discount Discount `json:"discount,omitzero"` // as the line has it: it cannot be sent, and must still be there
}

// Guard is that the ticket has no invoice.
func (w UpdateLine) Guard() *Evidence { return invoiceGuard(w.TicketID, false) }

// Kind is "line.update".
func (UpdateLine) Kind() string { return "line.update" }

// Line says what changes.
func (w UpdateLine) Line() Line {
	var changes []string
	for _, c := range []struct{ name, value string }{{"", w.Name}, {"quantity ", w.Quantity}, {"price ", w.Price}} {
		if c.value != "" {
			changes = append(changes, c.name+c.value)
		}
	}
	if w.ProductID != 0 && w.Name == "" {
		changes = append(changes, fmt.Sprintf("product %d", w.ProductID))
	}
	if w.Description != "" {
		changes = append(changes, "description below")
	}
	return Line{
		Text:   "Line " + cmp.Or(w.From, fmt.Sprint(w.LineID)) + " → " + strings.Join(changes, " · "),
		Quoted: w.Description,
	}
}

// Request is PUT /tickets/{id}/update_line_item with what changes.
func (w UpdateLine) Request() Request {
	return Request{Method: "PUT", Path: TicketPath(w.TicketID) + "/update_line_item", Body: struct {
		LineID      int64       `json:"ticket_line_item_id"`
		ProductID   int64       `json:"product_id,omitempty"`
		Name        string      `json:"name,omitempty"`
		Description string      `json:"description,omitempty"`
		Quantity    json.Number `json:"quantity,omitempty"`
		Price       json.Number `json:"price_retail,omitempty"`
		Taxable     bool        `json:"taxable"`
	}{w.LineID, w.ProductID, w.Name, w.Description, literal(w.Quantity), literal(w.Price), w.Taxable}}
}

// Evidence is the ticket with its charges. The author does not matter.
func (w UpdateLine) Evidence(Author) Evidence {
	return Evidence{Path: TicketPath(w.TicketID), Effect: Sets, Read: func(body []byte) (Sight, error) {
		lines, err := linesOf(body, w.TicketID)
		if err != nil {
			return Sight{}, err
		}
		for _, l := range lines {
			if int64(l.ID) == w.LineID {
				return Sight{IsSet: w.isSet(l)}, nil
			}
		}
		return Sight{Why: fmt.Sprintf("line %d is not there", w.LineID)}, nil
	}}
}

// Made checks {"ticket_line_item":{...}}: the same line, with what was sent.
func (w UpdateLine) Made(body []byte) (int64, error) {
	l, err := decodeOne[lineItemJSON](body, "ticket_line_item")
	switch {
	case err != nil:
		return 0, err
	case int64(l.ID) != w.LineID:
		return 0, fmt.Errorf("%w: it is line %d", errShape, l.ID)
	case !w.isSet(l):
		return 0, errors.New("the line came back without the change")
	}
	return w.LineID, nil
}

func (w UpdateLine) isSet(l lineItemJSON) bool {
	return (w.ProductID == 0 || int64(l.ProductID) == w.ProductID) &&
		(w.Name == "" || sameWords(w.Name, string(l.Name))) &&
		(w.Description == "" || sameWords(w.Description, string(l.Description))) &&
		(w.Quantity == "" || sameQuantity(w.Quantity, string(l.Quantity))) &&
		(w.Price == "" || samePrice(w.Price, string(l.Price))) &&
		bool(l.Taxable) == w.Taxable && l.discount().same(w.Discount)
}

func (w UpdateLine) valid() error {
	switch {
	case w.TicketID <= 0 || w.LineID <= 0:
		return errors.New("a change of a line needs a ticket and a line")
	case w.ProductID == 0 && w.Name == "" && w.Description == "" && w.Quantity == "" && w.Price == "":
		return errors.New("nothing about the line changes")
	}
	return checkAmounts(cmp.Or(w.Quantity, "1"), w.Price)
}

// RemoveLine takes a charge off a ticket.
type RemoveLine struct {
	TicketID int64  `json:"ticket_id"`
	LineID   int64  `json:"line_id"`
	What     string `json:"what,omitempty"` // for the card alone: the line in words
}

// Guard is that the ticket has no invoice.
func (w RemoveLine) Guard() *Evidence { return invoiceGuard(w.TicketID, false) }

// Kind is "line.remove".
func (RemoveLine) Kind() string { return "line.remove" }

// Line says what goes.
func (w RemoveLine) Line() Line {
	return Line{Text: "Remove line: " + cmp.Or(w.What, fmt.Sprint(w.LineID))}
}

// Request is POST /tickets/{id}/remove_line_item.
func (w RemoveLine) Request() Request {
	return Request{Method: "POST", Path: TicketPath(w.TicketID) + "/remove_line_item", Body: struct {
		LineID int64 `json:"ticket_line_item_id"`
	}{w.LineID}}
}

// Evidence is the ticket with its charges. The author does not matter.
func (w RemoveLine) Evidence(Author) Evidence {
	return Evidence{Path: TicketPath(w.TicketID), Effect: Removes, Read: func(body []byte) (Sight, error) {
		lines, err := linesOf(body, w.TicketID)
		if err != nil {
			return Sight{}, err
		}
		return left(lines, w.LineID, func(l lineItemJSON) integer { return l.ID })
	}}
}

// Made checks {"success":true,"message":""}. The id is the line's.
func (w RemoveLine) Made(body []byte) (int64, error) { return w.LineID, succeeded(body) }

// Check is the evidence again: the answer names no line.
func (w RemoveLine) Check(int64) Evidence { return w.Evidence(Author{}) }

func (w RemoveLine) valid() error {
	if w.TicketID <= 0 || w.LineID <= 0 {
		return errors.New("removing a line needs a ticket and a line")
	}
	return nil
}

func linesOf(body []byte, ticketID int64) ([]lineItemJSON, error) {
	return listOf[lineItemJSON](body, ticketID, "line_items")
}

// succeeded checks {"success":true}.
func succeeded(body []byte) error {
	var answer struct {
		Success flag `json:"success"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || !bool(answer.Success) {
		return fmt.Errorf("%w: it does not say that it succeeded", errShape)
	}
	return nil
}
