package syncrosim

import (
	"net/http"
	"path"
	"regexp"
	"time"
)

// Request is a request to the API as it is remembered.
type Request struct {
	At     time.Time `json:"at"`
	Method string    `json:"method"`
	Path   string    `json:"path"`    // below /api/v1, with the query; a key in it is redacted
	Route  string    `json:"route"`   // what it was taken for, as "POST /tickets/{id}/comment"; empty where it was not carried out
	UserID int64     `json:"user_id"` // the key's owner; 0: no valid key
	User   string    `json:"user"`
	KeyIn  string    `json:"key_in"` // "header" or "query"; empty: no key that counts
	Body   string    `json:"body"`
	Status int       `json:"status"` // 0: not answered, or not yet
	Fault  FaultKind `json:"fault,omitempty"`

	// IdempotencyKey is that header: Syncro ignores it, and net/http resends a
	// POST by itself where it is set.
	IdempotencyKey string `json:"idempotency_key,omitempty"`
}

// remembered is how many requests are kept.
const remembered = 20_000

var keyInQuery = regexp.MustCompile(`(^|[?&])(api_key)=[^&]*`)

func (s *Syncro) record(r *http.Request, c *call, keyIn string) *Request {
	entry := &Request{
		At: s.now(), Method: r.Method, Path: c.path, KeyIn: keyIn, Body: string(c.body),
		IdempotencyKey: r.Header.Get("Idempotency-Key"),
	}
	if r.URL.RawQuery != "" {
		entry.Path += "?" + keyInQuery.ReplaceAllString(r.URL.RawQuery, "${1}${2}=REDACTED")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.token != nil {
		entry.UserID, entry.User = c.token.UserID, s.data.user(c.token.UserID).Name
	}
	s.logged++
	s.log = append(s.log, entry)
	if len(s.log) > remembered {
		s.log = s.log[len(s.log)-remembered:]
	}
	return entry
}

func (s *Syncro) settle(entry *Request, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry.Status = status
}

// Requests returns the last requests to the API, up to 20,000, oldest first.
func (s *Syncro) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Request, len(s.log))
	for i, r := range s.log {
		out[i] = *r
	}
	return out
}

// Count tells how many of Requests have the method and a path (without its
// query) that the pattern fits: "/tickets/*/comment". Either may be empty.
func (s *Syncro) Count(method, pattern string) int {
	n := 0
	for _, r := range s.Requests() {
		if matches(method, pattern, r.Method, withoutQuery(r.Path)) {
			n++
		}
	}
	return n
}

// Used tells how many requests the running window has counted.
func (s *Syncro) Used() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit.used(s.now())
}

// Refused tells how many requests got a 429 for being above the limit. Those
// of a TooMany fault are not among them.
func (s *Syncro) Refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit.refused
}

func withoutQuery(p string) string {
	for i := range len(p) {
		if p[i] == '?' {
			return p[:i]
		}
	}
	return p
}

// matches is how faults and counts choose requests: an empty method or
// pattern fits all, a * in the pattern fits one part of the path.
func matches(wantMethod, pattern, method, p string) bool {
	if wantMethod != "" && wantMethod != method {
		return false
	}
	if pattern == "" {
		return true
	}
	fits, err := path.Match(pattern, p)
	return err == nil && fits
}
