package syncrosim

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

func (s *Syncro) lineObject(t *Ticket, l *Line) object {
	var category any
	if p := s.data.product(l.ProductID); p != nil {
		category = text(p.Category)
	}
	cents := func(d decimal.Decimal) int64 { return d.Shift(2).Round(0).IntPart() }
	return object{
		"id": l.ID, "ticket_id": t.ID, "user_id": ref(l.UserID), "product_id": ref(l.ProductID), "name": l.Name,
		"description": l.Description, "quantity": quoted(l.Quantity), "product_category": category, "upc_code": nil, "taxable": l.Taxable,
		"cost_cents": cents(l.Cost), "retail_cents": cents(l.Price), "created_at": t.TimeForm.stamp(l.Created),
		"updated_at": t.TimeForm.stamp(l.Updated), "converted": l.Converted, "item_id": nil, "position": l.Position,
		"estimate_line_item_id": nil, "old_price": nil, "line_discount_percent": discount(l.Percent), "discount_dollars": discount(l.Discount),
		"original_ticket_line_item_id": nil, "price_cost": bare(l.Cost), "price_retail": bare(l.Price),
	}
}

// addLine answers POST add_line_item, flat. The name and the description are
// wanted even with a product; of all the names for a price only price_retail
// counts; taxable is true unless told, for labor too.
func addLine(c *call) answer {
	t := c.ticket()
	if t == nil {
		return gone()
	}
	now := c.s.now()
	l := Line{Quantity: decimal.NewFromInt(1), Taxable: true, UserID: c.token.UserID, Position: len(t.Lines) + 1, Created: now, Updated: now}
	if a, good := c.fillLine(&l); !good {
		return a
	}
	if p := c.s.data.product(l.ProductID); p != nil && !c.s.options.NoAutofill {
		if !c.given("price_retail") {
			l.Price = p.Price
		}
		if !c.given("price_cost") {
			l.Cost = p.Cost
		}
	}
	l.ID = c.s.newID()
	t.Lines = append(t.Lines, l)
	t.touch(now)
	return ok(c.s.lineObject(t, &l))
}

// updateLine answers PUT update_line_item, wrapped.
func updateLine(c *call) answer {
	t := c.ticket()
	if t == nil {
		return gone()
	}
	l := t.line(c.num("ticket_line_item_id"))
	if l == nil {
		return gone()
	}
	changed := *l
	if a, good := c.fillLine(&changed); !good {
		return a
	}
	changed.Updated = c.s.now()
	*l = changed
	t.touch(changed.Updated)
	return ok(object{"ticket_line_item": c.s.lineObject(t, l)})
}

func (c *call) fillLine(l *Line) (answer, bool) {
	for name, field := range map[string]*string{"name": &l.Name, "description": &l.Description} {
		if c.has(name) {
			*field = c.str(name)
		}
	}
	var missing []string
	if strings.TrimSpace(l.Name) == "" {
		missing = append(missing, "Name can't be blank")
	}
	if strings.TrimSpace(l.Description) == "" {
		missing = append(missing, "Description can't be blank")
	}
	if missing != nil {
		return lineRefused(strings.Join(missing, ", ")), false
	}
	if c.given("product_id") {
		l.ProductID = c.num("product_id")
		if c.s.data.product(l.ProductID) == nil {
			return lineRefused("Product must exist"), false
		}
	}
	for name, field := range map[string]*decimal.Decimal{"quantity": &l.Quantity, "price_retail": &l.Price, "price_cost": &l.Cost} {
		if c.given(name) {
			*field = c.dec(name)
		}
	}
	if c.given("taxable") {
		l.Taxable = c.flag("taxable")
	}
	return answer{}, true
}

func lineRefused(errors string) answer {
	return invalid(object{"errors": errors, "params": object{}})
}

func removeLine(c *call) answer {
	t := c.ticket()
	if t == nil {
		return gone()
	}
	id := c.num("ticket_line_item_id")
	if t.line(id) == nil {
		return gone()
	}
	t.Lines = slices.DeleteFunc(t.Lines, func(l Line) bool { return l.ID == id })
	t.touch(c.s.now())
	return ok(object{"success": true, "message": ""})
}
