package syncro

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrorKind is what went wrong with a request, as far as somebody decides on
// it.
type ErrorKind int

// The kinds.
const (
	Unreachable  ErrorKind = iota // no answer: no connection, cut, or too late
	KeyRefused                    // 401: the key is wrong, expired or revoked
	NotPermitted                  // 403, or 401 with "Not authorized": the key is fine and lacks a permission
	NotFound                      // 404, or no ticket with that number
	Invalid                       // 400, 422 and every 4xx without a kind of its own
	RateLimited                   // 429
	Unavailable                   // 5xx and 408
	Garbled                       // an answer that is not the JSON it should be; a redirect
)

// maxMessage is how many characters of Syncro's words are kept.
const maxMessage = 300

// ErrNotSent is what an error is (errors.Is) when the request certainly never
// left this machine.
var ErrNotSent = errors.New("nothing was sent")

// Error is a request to Syncro that failed. It never contains the key.
type Error struct {
	Kind       ErrorKind
	Status     int           // HTTP status; 0 without an answer
	Method     string        // "GET"
	Path       string        // below {url}/api/v1, without the query
	Message    string        // Syncro's own words on one line, at most 300 characters; often empty
	RetryAfter time.Duration // how long the answer asks to wait; after a 429 never 0: how long all requests pause
	NotSent    bool          // certainly never left this machine: errors.Is(err, ErrNotSent)
	Err        error         // the cause, if there is one
}

// Error is the failure on one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: ", e.Method, e.Path)
	switch {
	case e.NotSent:
		b.WriteString("Syncro cannot be reached, nothing was sent")
	case e.Kind == Unreachable:
		b.WriteString("Syncro did not answer")
	case e.Kind == Garbled:
		fmt.Fprintf(&b, "Syncro's answer (%d) is not what it should be", e.Status)
	case e.Status != 0:
		fmt.Fprintf(&b, "Syncro answered %d", e.Status)
	default:
		b.WriteString("not found")
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, ErrNotSent) true where NotSent is.
func (e *Error) Is(target error) bool { return target == ErrNotSent && e.NotSent }

// AmbiguousNumber says that several tickets have one number: numbers can be
// set by hand, ids cannot.
type AmbiguousNumber struct {
	Number  int64
	Tickets []Ticket
}

// Error names the number.
func (e *AmbiguousNumber) Error() string {
	return fmt.Sprintf("%d tickets have the number %d", len(e.Tickets), e.Number)
}

// kindOf reads a status other than 2xx, with Syncro's words: it answers 401
// and not 403 where a permission is missing ("Not authorized. Please ask
// account admin to update your group permissions.", OpenAPI of GET /contacts).
func kindOf(status int, message string) ErrorKind {
	switch {
	case status == http.StatusUnauthorized && !strings.Contains(strings.ToLower(message), "not authorized"):
		return KeyRefused
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return NotPermitted
	case status == http.StatusNotFound:
		return NotFound
	case status == http.StatusTooManyRequests:
		return RateLimited
	case status == http.StatusRequestTimeout, status >= 500:
		return Unavailable
	case status >= 400:
		return Invalid
	default:
		return Garbled
	}
}

// refuses reports whether a status certainly says that a request was not
// carried out: those that Syncro is known to answer so, and those that a server
// gives before it looks at one. Any other may come of something in between.
func refuses(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusTooManyRequests:
		return true
	}
	return false
}

// message finds Syncro's words in the body of an error. It has many shapes:
//
//	{"error":"..."}  {"errors":"..."}  {"errors":["..."]}  {"errors":{"field":["..."]}}
//	{"success":false,"message":["..."]}  {"message":"..."}  {"record":{...},"errors":"..."}
func message(body []byte) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return ""
	}
	for _, name := range []string{"error", "errors", "message"} {
		var value any
		if json.Unmarshal(fields[name], &value) != nil {
			continue
		}
		if words := strings.Join(strings.Fields(strings.Join(sentences(value), ", ")), " "); words != "" {
			return words
		}
	}
	return ""
}

// cut keeps the first maxMessage characters.
func cut(words string) string {
	if runes := []rune(words); len(runes) > maxMessage {
		return string(runes[:maxMessage-1]) + "…"
	}
	return words
}

// sentences lists the strings in a decoded JSON value, each with the name of
// the field that it is about.
func sentences(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, sentences(item)...)
		}
		return all
	case map[string]any:
		var all []string
		for _, field := range slices.Sorted(maps.Keys(v)) {
			for _, s := range sentences(v[field]) {
				all = append(all, field+": "+s)
			}
		}
		return all
	default:
		return nil
	}
}

// retryAfter reads the header, in seconds or as a date. 0 where there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(max(seconds, 0)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// withoutURL takes off every *url.Error: it prints the address, and with the
// query form of authentication the key stands in there.
func withoutURL(err error) error {
	for {
		withURL, ok := errors.AsType[*url.Error](err)
		if !ok {
			return err
		}
		err = withURL.Err
	}
}
