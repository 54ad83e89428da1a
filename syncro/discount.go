package syncro

import (
	"cmp"

	"github.com/shopspring/decimal"
)

// Discount is what comes off the price of a line. No request to a ticket's
// lines carries one: people give it in Syncro, and the bot shows and compares
// it.
type Discount struct {
	Percent string `json:"percent,omitempty"` // decimal; empty or 0: none
	Dollars string `json:"dollars,omitempty"` // decimal, in the account's currency; empty or 0: none
}

// discountJSON is a discount of a line. Source: the OpenAPI document, in which
// the percentage has one name on a ticket's line and another on an invoice's.
type discountJSON struct {
	Line    number `json:"line_discount_percent"`
	Percent number `json:"discount_percent"`
	Dollars number `json:"discount_dollars"`
}

func (d discountJSON) discount() Discount {
	return Discount{Percent: string(cmp.Or(d.Line, d.Percent)), Dollars: string(d.Dollars)}
}

// parts are the percentage and the amount; ok is false where one is no number.
func (d Discount) parts() (percent, dollars decimal.Decimal, ok bool) {
	percent, errP := amount(cmp.Or(d.Percent, "0"))
	dollars, errD := amount(cmp.Or(d.Dollars, "0"))
	return percent, dollars, errP == nil && errD == nil
}

// IsZero reports that nothing comes off. It also keeps the discount out of
// what is saved.
func (d Discount) IsZero() bool { return d.same(Discount{}) }

func (d Discount) same(other Discount) bool {
	percent, dollars, ok := d.parts()
	otherPercent, otherDollars, otherOK := other.parts()
	return ok && otherOK && percent.Equal(otherPercent) && dollars.Equal(otherDollars)
}

// Less is a price with what comes off it, as "150.00 less 10%".
func (d Discount) Less(price string) string {
	words := Money(price)
	percent, dollars, ok := d.parts()
	if !ok {
		return words + " less " + cmp.Or(d.Percent, "0") + "% and " + cmp.Or(d.Dollars, "0")
	}
	if !percent.IsZero() {
		words += " less " + percent.String() + "%"
	}
	if !dollars.IsZero() {
		words += " less " + money(dollars)
	}
	return words
}
