package syncro

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// Money and hours are decimals in text, and no float comes near them.

// hourPlaces is to how many places minutes become hours: an error of a third
// of a second.
const hourPlaces = 4

// Hours is minutes in the decimal hours that Syncro charges: exact where four
// places are enough (45 is "0.75", 1 is "0.0167"), else rounded half up to
// four (20 is "0.3333").
func Hours(minutes int) string { return hours(decimal.NewFromInt(int64(minutes))) }

// Times is Hours of so many times the minutes, rounded once; of the minutes as
// they are where the factor is no number.
func Times(minutes int, factor string) string {
	f, err := amount(factor)
	if err != nil {
		return Hours(minutes)
	}
	return hours(decimal.NewFromInt(int64(minutes)).Mul(f))
}

func hours(minutes decimal.Decimal) string {
	return minutes.DivRound(decimal.NewFromInt(60), hourPlaces).String()
}

// Sum adds decimals; what is none counts as nothing.
func Sum(amounts ...string) string {
	total := decimal.Zero
	for _, a := range amounts {
		if d, err := amount(a); err == nil {
			total = total.Add(d)
		}
	}
	return total.String()
}

// amount reads a decimal of people's size in plain digits, as "64.99".
func amount(s string) (decimal.Decimal, error) {
	const longest = 20
	if len(s) > longest || strings.Trim(s, "-0123456789.") != "" {
		return decimal.Zero, errors.New("no decimal number")
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return decimal.Zero, errors.New("no decimal number")
	}
	return d, nil
}

// literal is a decimal as a JSON number. Amounts are checked before they are
// sent: what is none is no number here either, and cannot be written.
func literal(s string) json.Number {
	d, err := amount(s)
	if err != nil {
		return json.Number(s)
	}
	return json.Number(d.String())
}

// samePrice compares two amounts as numbers: "150" is "150.00".
func samePrice(a, b string) bool {
	x, errX := amount(a)
	y, errY := amount(b)
	return errX == nil && errY == nil && x.Equal(y)
}

// isAbove reports whether a is an amount above zero.
func isAbove(a string) bool {
	d, err := amount(a)
	return err == nil && d.IsPositive()
}

// sameQuantity compares two quantities as numbers: "1.0" is "1". One that came
// back rounded is not the one that was confirmed.
func sameQuantity(a, b string) bool { return samePrice(a, b) }

// sameRounded is sameQuantity for hours that Syncro reckons itself, of a timer:
// how many places it keeps is not documented, two at least.
func sameRounded(reckoned, got string) bool {
	x, errX := amount(reckoned)
	y, errY := amount(got)
	return errX == nil && errY == nil && (x.Equal(y) || x.Round(2).Equal(y))
}

// checkAmounts refuses a quantity that is not above zero and a price that is
// below. An empty price is none.
func checkAmounts(quantity, price string) error {
	if q, err := amount(quantity); err != nil || !q.IsPositive() {
		return fmt.Errorf("%q is no quantity", quantity)
	}
	if p, err := amount(cmp.Or(price, "0")); err != nil || p.IsNegative() {
		return fmt.Errorf("%q is no price", price)
	}
	return nil
}

// cost is "0.5 h × $150.00 = $75.00" for a card.
func cost(quantity, price, currency string) string {
	if price == "" {
		return quantity + " h × the product's price"
	}
	q, errQ := amount(quantity)
	p, errP := amount(price)
	if errQ != nil || errP != nil {
		return quantity + " h × " + price
	}
	return fmt.Sprintf("%s h × %s%s = %s%s", quantity, currency, money(p), currency, money(q.Mul(p).Round(2)))
}

// Money is a decimal with two places at least, as people write amounts; what is
// no amount stays as it is.
func Money(price string) string {
	d, err := amount(price)
	if err != nil {
		return price
	}
	return money(d)
}

// money has two places at least.
func money(d decimal.Decimal) string { return d.StringFixed(max(2, -d.Exponent())) }
