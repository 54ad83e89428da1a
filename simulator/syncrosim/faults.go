package syncrosim

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"path"
	"slices"
	"time"
)

// FaultKind is a way in which a request goes wrong.
type FaultKind string

// The kinds. "Commit" is the moment at which the record exists.
const (
	Hang              FaultKind = "hang"                // no commit, no answer until Delay is over or the caller goes
	CommitThenHang    FaultKind = "commit then hang"    // commit, no answer until Delay is over or the caller goes
	CommitThenReset   FaultKind = "commit then reset"   // commit, the connection is cut
	ResetBeforeCommit FaultKind = "reset before commit" // the connection is cut
	CommitThen500     FaultKind = "commit then 500"     // commit, Status (500)
	Error500          FaultKind = "500"                 // Status (500)
	HTMLAfterCommit   FaultKind = "html after commit"   // commit, 200 with a login page
	HTMLBeforeCommit  FaultKind = "html before commit"  // 200 with a login page
	Truncated         FaultKind = "truncated"           // commit, half of the answer
	NullID            FaultKind = "null id"             // commit, the answer with null for each id
	TooMany           FaultKind = "429"                 // with Retry-After where RetryAfter is set
	Unauthorized      FaultKind = "401"                 // as with a bad key
	NotFound          FaultKind = "404"
	Invalid422        FaultKind = "422"         // in the Shape chosen
	LateCommit        FaultKind = "late commit" // the connection is cut at once, the commit comes after Delay
	Slow              FaultKind = "slow"        // after Delay all is well: commit and answer
	Redirect          FaultKind = "redirect"    // Status (302) to Location
)

// Faults are all the kinds: what a test goes through that wants to see each.
var Faults = []FaultKind{
	Hang, CommitThenHang, CommitThenReset, ResetBeforeCommit, CommitThen500, Error500, HTMLAfterCommit, HTMLBeforeCommit, Truncated, NullID,
	TooMany, Unauthorized, NotFound, Invalid422, LateCommit, Slow, Redirect,
}

// Commits tells whether the record exists in the end, given that the request
// was a good one.
func (k FaultKind) Commits() bool {
	return slices.Contains([]FaultKind{
		CommitThenHang, CommitThenReset, CommitThen500, HTMLAfterCommit, Truncated, NullID, LateCommit, Slow,
	}, k)
}

// Fault is a fault and the requests that it befalls.
type Fault struct {
	Kind        FaultKind `json:"kind"`
	Method      string    `json:"method"`      // empty: any
	Path        string    `json:"path"`        // below /api/v1; a * is one part: "/tickets/*/comment"; empty: any
	Skip        int       `json:"skip"`        // so many that fit are left alone first
	Times       int       `json:"times"`       // how often; 0: once, or always where there is a Probability; below 0: always
	Probability float64   `json:"probability"` // of each that fits; 0: all

	Delay      time.Duration `json:"-"`           // of the kinds that have one; 0: 100 ms, and for hangs until the caller goes
	Status     int           `json:"status"`      // of the kinds that have one; 0: what they say
	RetryAfter string        `json:"retry_after"` // of TooMany
	Shape      int           `json:"shape"`       // of Invalid422: 1 to 6, see Shapes; 0: 1
	Location   string        `json:"location"`    // of Redirect; empty: Syncro's own login page
}

// Planted is a fault that waits for its requests.
type Planted struct {
	Fault
	s    *Syncro
	seen int
	hits int
}

// Hits tells how many requests the fault has befallen.
func (p *Planted) Hits() int {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return p.hits
}

// Remove takes the fault away.
func (p *Planted) Remove() {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.planted = slices.DeleteFunc(p.s.planted, func(other *Planted) bool { return other == p })
}

// Fault plants a fault. Where several fit, the one planted first befalls. It
// panics on a fault that could never happen.
func (s *Syncro) Fault(f Fault) *Planted {
	if err := f.check(); err != nil {
		panic(err)
	}
	if f.Times == 0 {
		f.Times = 1
		if f.Probability > 0 {
			f.Times = math.MaxInt
		}
	} else if f.Times < 0 {
		f.Times = math.MaxInt
	}
	p := &Planted{Fault: f, s: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planted = append(s.planted, p)
	return p
}

// ClearFaults takes all faults away. What hangs already goes on hanging.
func (s *Syncro) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planted = nil
}

func (f Fault) check() error {
	_, err := path.Match(f.Path, "/")
	switch {
	case !slices.Contains(Faults, f.Kind):
		return fmt.Errorf("syncrosim: no fault is called %q", f.Kind)
	case err != nil:
		return fmt.Errorf("syncrosim: the path %q of a fault: %w", f.Path, err)
	case f.Path != "" && f.Path[0] != '/':
		return fmt.Errorf("syncrosim: the path %q of a fault does not begin with /", f.Path)
	case f.Shape < 0 || f.Shape > Shapes:
		return fmt.Errorf("syncrosim: the shape %d of a 422 is not one of 1 to %d", f.Shape, Shapes)
	case f.Probability < 0 || f.Probability > 1:
		return fmt.Errorf("syncrosim: the probability %v of a fault", f.Probability)
	}
	return nil
}

// strike finds the fault that befalls a request, or nil, and counts it.
func (s *Syncro) strike(method, path string) *Planted {
	for _, p := range s.planted {
		if p.hits >= p.Times || !matches(p.Method, p.Path, method, path) {
			continue
		}
		if p.seen++; p.seen <= p.Skip {
			continue
		}
		if p.Probability > 0 && s.chance.Float64() >= p.Probability {
			continue
		}
		p.hits++
		return p
	}
	return nil
}

// misbehave answers a request as its fault wants.
func (s *Syncro) misbehave(w http.ResponseWriter, r *http.Request, c *call, f Fault) {
	switch f.Kind {
	case Hang:
		s.hang(r, f.Delay)
		cut(w)
	case CommitThenHang:
		s.do(c)
		s.hang(r, f.Delay)
		cut(w)
	case CommitThenReset:
		s.do(c)
		cut(w)
	case ResetBeforeCommit:
		cut(w)
	case LateCommit:
		s.commitLater(c, f.delay())
		cut(w)
	case Slow:
		if !s.wait(f.delay()) {
			cut(w)
			return
		}
		s.send(w, c.entry, s.do(c))
	case Truncated:
		s.sendHalf(w, c.entry, s.do(c))
	case NullID:
		a := s.do(c)
		if a.body != nil {
			a.body = nulled(a.body)
		}
		s.send(w, c.entry, a)
	case CommitThen500, HTMLAfterCommit:
		s.do(c)
		s.send(w, c.entry, f.answer())
	default:
		s.send(w, c.entry, f.answer())
	}
}

// commitLater carries a request out after d, unless the simulation ends first.
func (s *Syncro) commitLater(c *call, d time.Duration) {
	s.mu.Lock() // so that Close, which waits for these, sees each or keeps it from beginning
	defer s.mu.Unlock()
	if s.closing.Err() != nil {
		return
	}
	s.late.Go(func() {
		if s.wait(d) {
			s.do(c)
		}
	})
}

// answer is what a fault says instead of the truth.
func (f Fault) answer() answer {
	switch f.Kind {
	case HTMLAfterCommit, HTMLBeforeCommit:
		return answer{status: http.StatusOK, raw: loginPage, rawType: htmlType}
	case TooMany:
		a := tooMany()
		if f.RetryAfter != "" {
			a.header = map[string]string{"Retry-After": f.RetryAfter}
		}
		return a
	case Unauthorized:
		return unauthorized()
	case NotFound:
		return gone()
	case Invalid422:
		return invalid(shape(max(f.Shape, 1)))
	case Redirect:
		to := f.Location
		if to == "" {
			to = loginPath
		}
		return answer{status: f.status(http.StatusFound), header: map[string]string{"Location": to}}
	}
	status := f.status(http.StatusInternalServerError)
	return answer{status: status, body: object{"status": status, "error": http.StatusText(status)}}
}

func (f Fault) status(otherwise int) int {
	if f.Status != 0 {
		return f.Status
	}
	return otherwise
}

func (f Fault) delay() time.Duration {
	if f.Delay > 0 {
		return f.Delay
	}
	return 100 * time.Millisecond
}

// tooMany is a 429 in the words of the middleware that Rails applications use
// for it: Syncro's own are not documented, nor is a Retry-After.
func tooMany() answer {
	return answer{status: http.StatusTooManyRequests, raw: "Retry later\n", rawType: "text/plain"}
}

// Shapes is how many bodies of a 422 there are.
const Shapes = 6

// shape is a body that Syncro's documentation shows for a 422, or that was
// seen live.
func shape(n int) object {
	return []object{
		{"error": "Customer required field"},
		{"success": false, "message": []string{"Subject can't be blank"}},
		{"errors": "Name can't be blank, Description can't be blank", "params": object{}},
		{"errors": []string{"billable must be true or false"}},
		{"errors": object{"mute_for": []string{"is not included in the list"}}},
		{"record": object{"id": nil, "name": "Bad Email"}, "errors": "Email is not an email"},
	}[n-1]
}

// hang returns when the caller has gone, when d is over (if there is one) or
// when the simulation ends.
func (s *Syncro) hang(r *http.Request, d time.Duration) {
	over := make(<-chan time.Time)
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-r.Context().Done():
	case <-over:
	case <-s.closing.Done():
	}
}

// wait lets d go by, whether or not the caller is still there: a server that
// has begun goes on. It is false when the simulation ends first.
func (s *Syncro) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.closing.Done():
		return false
	}
}

// cut ends the connection without an answer, by a reset where it is TCP.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, isTCP := conn.(*net.TCPConn); isTCP {
		_ = tcp.SetLinger(0) // without it the end is a clean one; the close below happens either way
	}
	_ = conn.Close() // nobody is left to tell
}

// sendHalf announces the whole answer, sends half of it and cuts.
func (s *Syncro) sendHalf(w http.ResponseWriter, entry *Request, a answer) {
	body, contentType := a.bytes()
	if len(body) == 0 {
		body, contentType = []byte(`{}`), "application/json; charset=utf-8"
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	s.settle(entry, a.status)
	w.WriteHeader(a.status)
	if _, err := w.Write(body[:len(body)/2]); err == nil {
		_ = http.NewResponseController(w).Flush() // a writer that cannot flush loses the half too, which is as good
	}
	panic(http.ErrAbortHandler)
}

// nulled replaces what says that a change happened, the ids and "success", by
// null, at every depth.
func nulled(body any) any {
	raw, err := json.Marshal(body)
	if err != nil {
		return body
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return body
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, inner := range v {
				if k == "id" || k == "success" {
					v[k] = nil
					continue
				}
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(tree)
	return tree
}
