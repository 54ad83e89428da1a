package teamssim

import (
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault makes requests to the connector or to the login services fail. It is
// for those whose method is Method, when that is not empty, and whose path as
// it was sent contains Path.
type Fault struct {
	Method, Path string
	Times        int // how many requests; 0: until ClearFaults

	Status     int           // answered, with an error as its body; 500 when 0
	RetryAfter time.Duration // with it, where not 0
	Hang       bool          // no answer until the client has gone
	Drop       bool          // the connection is cut without an answer

	// Done does what was asked for before it fails, as a gateway's 502 for a
	// message that was delivered.
	Done bool
}

// Inject adds a fault. The first that fits a request is used.
func (s *Sim) Inject(f Fault) {
	if f.Status == 0 {
		f.Status = http.StatusInternalServerError
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults ends all faults.
func (s *Sim) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault takes the one that fits, if any.
func (s *Sim) fault(r *http.Request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if (f.Method != "" && f.Method != r.Method) || !strings.Contains(r.URL.EscapedPath(), f.Path) {
			continue
		}
		taken := *f
		if f.Times == 1 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		} else if f.Times > 1 {
			f.Times--
		}
		return &taken
	}
	return nil
}

func (s *Sim) withFaults(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/_sim/") {
			next.ServeHTTP(w, r)
			return
		}
		// A mux would redirect these, and a client that follows would never
		// learn that its path is wrong.
		if path := r.URL.EscapedPath(); strings.Contains(path, "//") || strings.Contains(path, "/..") || strings.Contains(path, "/./") {
			s.flag(r, "the path is not clean")
			writeJSON(w, http.StatusNotFound, map[string]any{"error": map[string]any{"code": "NotFound", "message": "There is nothing at this path."}})
			return
		}
		f := s.fault(r)
		if f == nil {
			next.ServeHTTP(w, r)
			return
		}
		if f.Done {
			next.ServeHTTP(&unheard{header: http.Header{}}, r)
		}
		switch {
		case f.Hang:
			io.Copy(io.Discard, r.Body) // or the server does not notice that the client goes
			<-r.Context().Done()
		case f.Drop:
			panic(http.ErrAbortHandler)
		default:
			if f.RetryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
			}
			writeJSON(w, f.Status, map[string]any{"error": map[string]any{"code": "ServiceError", "message": http.StatusText(f.Status)}})
		}
	})
}

// unheard is an answer that never arrives.
type unheard struct{ header http.Header }

func (u *unheard) Header() http.Header         { return u.header }
func (u *unheard) Write(b []byte) (int, error) { return len(b), nil }
func (u *unheard) WriteHeader(int)             {}
