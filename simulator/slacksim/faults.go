package slacksim

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// A Fault makes requests of the app to Slack go wrong.
type Fault struct {
	On     string // a Web API method, hook (any response_url), or * for both
	Times  int    // how often; 0: until ClearFaults
	Status int    // what is answered: 429 comes with Retry-After; 0: no answer, the connection hangs until it is given up
	After  bool   // the request is carried out first, only its answer goes wrong
	Delay  time.Duration
	// RetryAfter is sent with a 429, in whole seconds; default 1 s.
	RetryAfter time.Duration
}

// Fail adds a fault. Faults are used up in the order in which they were added.
func (s *Slack) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Times == 0 {
		f.Times = -1
	}
	s.faults = append(s.faults, &f)
}

// ClearFaults ends all faults.
func (s *Slack) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault takes the fault for a request: what happens before it is carried out, or after.
func (s *Slack) fault(on string) (before, after *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f *Fault) bool { return f.On == on || f.On == "*" })
	if i < 0 {
		return nil, nil
	}
	f := s.faults[i]
	if f.Times--; f.Times == 0 {
		s.faults = slices.Delete(s.faults, i, i+1)
	}
	copied := *f
	if f.After {
		return nil, &copied
	}
	return &copied, nil
}

// hold carries a fault out and tells whether to go on. Status 200 only delays.
func (s *Slack) hold(w http.ResponseWriter, r *http.Request, f *Fault) bool {
	if f == nil {
		return true
	}
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
			return false
		case <-s.closed:
			return false
		}
	}
	switch f.Status {
	case http.StatusOK:
		return true
	case 0:
		select {
		case <-r.Context().Done():
		case <-s.closed:
		}
		panic(http.ErrAbortHandler) // the connection breaks without an answer
	case http.StatusTooManyRequests:
		limited(w, max(f.RetryAfter, time.Second))
	default:
		http.Error(w, "fault", f.Status)
	}
	return false
}

func limited(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Retry-After", fmt.Sprint(int(d.Seconds())))
	reply(w, http.StatusTooManyRequests, map[string]any{"ok": false, "error": "ratelimited"})
}
