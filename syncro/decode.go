package syncro

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Syncro's answers are read leniently: nearly every value can be null, numbers
// come as strings on one endpoint and as numbers on another, and one odd date
// must not hide a ticket. The types below never fail; what they cannot read is
// zero. What decides whether something happened (ids, counts) is checked
// where it is used.

// text is a string, a number or a bool, as text.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	switch {
	case json.Unmarshal(raw, &s) == nil:
		*t = text(s)
	case bytes.ContainsAny(raw[:1], "-0123456789tf"):
		*t = text(raw)
	default:
		*t = ""
	}
	return nil
}

// integer is a whole number or a string with one.
type integer int64

func (i *integer) UnmarshalJSON(raw []byte) error {
	n, err := strconv.ParseInt(strings.TrimSpace(strings.Trim(string(raw), `"`)), 10, 64)
	if err != nil {
		n = 0
	}
	*i = integer(n)
	return nil
}

// number is a decimal, as digits: "64.99" and 64.99 are the same. It stays
// text, for money and hours must not be rounded.
type number = text

// flag is true, "true", 1 or "1"; all else is false.
type flag bool

func (f *flag) UnmarshalJSON(raw []byte) error {
	switch strings.Trim(string(raw), `"`) {
	case "true", "1":
		*f = true
	default:
		*f = false
	}
	return nil
}

// loose is a T where the JSON fits, and zero where it does not, as with
// "contact": [] in place of null.
type loose[T any] struct{ value T }

func (l *loose[T]) UnmarshalJSON(raw []byte) error {
	var value T
	if json.Unmarshal(raw, &value) == nil {
		l.value = value
	}
	return nil
}

// moment is a point in time and the text it came as.
type moment struct {
	time.Time
	raw string
}

func (m *moment) UnmarshalJSON(raw []byte) error {
	var s text
	_ = s.UnmarshalJSON(raw)
	*m = moment{Time: parseTime(string(s)), raw: string(s)}
	return nil
}

// nanoseconds finds the digits of a fraction that time.Time cannot hold.
var nanoseconds = regexp.MustCompile(`(\.\d{9})\d+`)

// parseTime reads the forms of time that Syncro has been seen to write; a time
// without a zone is UTC. It returns the zero time for anything else.
func parseTime(s string) time.Time {
	s = nanoseconds.ReplaceAllString(strings.TrimSpace(s), "$1")
	if utc, ok := strings.CutSuffix(s, " UTC"); ok {
		s = utc + " +0000"
	}
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05",
		"2006-01-02 15:04:05 Z0700", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700",
		"2006-01-02 15:04:05", "2006-01-02",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

var errShape = errors.New("it does not have the documented shape")

// decodeOne reads a record that is wrapped, as {"ticket":{...}}, or flat.
func decodeOne[T any](body []byte, wrapper string) (T, error) {
	var record T
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return record, fmt.Errorf("%w: no JSON object", errShape)
	}
	if inner, ok := fields[wrapper]; ok {
		body = inner
	}
	if err := json.Unmarshal(body, &record); err != nil {
		return record, fmt.Errorf("%w: no %s", errShape, wrapper)
	}
	return record, nil
}

// decodeList reads {"tickets":[...],"meta":{"total_pages":N}}. pages is 1
// where the answer does not say.
func decodeList[T any](body []byte, wrapper string) (records []T, pages int, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, 0, fmt.Errorf("%w: no JSON object", errShape)
	}
	if err := json.Unmarshal(fields[wrapper], &records); err != nil || records == nil {
		return nil, 0, fmt.Errorf("%w: no list of %s", errShape, wrapper)
	}
	var meta struct {
		TotalPages integer `json:"total_pages"`
	}
	_ = json.Unmarshal(fields["meta"], &meta) // without it there is one page
	return records, max(int(meta.TotalPages), 1), nil
}

// decodeAll reads a list that must be whole, as all of an evidence must be
// seen: one with more pages is an error.
func decodeAll[T any](body []byte, wrapper string) ([]T, error) {
	records, pages, err := decodeList[T](body, wrapper)
	if err == nil && pages > 1 {
		err = fmt.Errorf("%w: %d pages of %s where one was due", errShape, pages, wrapper)
	}
	return records, err
}
