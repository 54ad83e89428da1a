package syncrosim

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// TimeForm is how a record's times are written. The documentation shows only
// the first; parsers in the wild handle them all.
type TimeForm int

// The forms.
const (
	Milliseconds TimeForm = iota // 2026-11-23T17:05:00.000Z
	Offset                       // 2026-11-23T09:05:00.000-08:00
	SpacedUTC                    // 2026-11-23 17:05:00 UTC
	SpacedOffset                 // 2026-11-23 09:05:00 -0800
	Nanoseconds                  // 2026-11-23T17:05:00.000000000Z
)

const isoMillis = "2006-01-02T15:04:05.000Z07:00"

// object is a JSON object of an answer.
type object map[string]any

// stamp writes a time, and null for none.
func (f TimeForm) stamp(t time.Time) any {
	pacific := time.FixedZone("", -8*60*60)
	switch {
	case t.IsZero():
		return nil
	case f == Offset:
		return t.In(pacific).Format(isoMillis)
	case f == SpacedUTC:
		return t.UTC().Format("2006-01-02 15:04:05") + " UTC"
	case f == SpacedOffset:
		return t.In(pacific).Format("2006-01-02 15:04:05 -0700")
	case f == Nanoseconds:
		return t.UTC().Format("2006-01-02T15:04:05.000000000Z07:00")
	}
	return t.UTC().Format(isoMillis)
}

// parseTime reads the times that callers send: in any form that Syncro itself
// writes, or a date.
func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05 -0700",
		"2006-01-02 15:04:05 MST", "2006-01-02 15:04:05", time.DateOnly,
	} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("invalid date %q", s)
}

// text writes an empty text as null.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// ref writes the id of another record, and null for none.
func ref(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// list writes no elements as [] and not as null.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// quoted is a decimal as a text with a fractional part, "1.0": quantities
// everywhere and money on invoices.
func quoted(d decimal.Decimal) string {
	s := d.String()
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// bare is a decimal as a number: money on products and on tickets' lines.
func bare(d decimal.Decimal) json.Number { return json.Number(d.String()) }

// discount is what comes off a line: null where nothing does.
func discount(d decimal.Decimal) any {
	if d.IsZero() {
		return nil
	}
	return quoted(d)
}
