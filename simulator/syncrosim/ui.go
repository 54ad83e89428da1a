package syncrosim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// simRoutes are for a demo's page and for tests that only have HTTP:
//
//	GET    /_sim/records  {"tickets", "customers", "contacts", "users", "invoices", "products", "settings",
//	                       "requests" (the last 100, newest first), "used", "limit", "refused", "faults", "fault_kinds"}
//	POST   /_sim/fault    a Fault: {"kind", "method", "path", "times", "delay": "2s", ...}
//	DELETE /_sim/fault    takes all faults away
//	POST   /_sim/person   an Act: {"ticket", "status", "comment", ...}
//	GET    /_sim/events   server-sent events: "changed" at the start and after changes
//
// What is posted must say that it is JSON, so that no other site's page can.
func (s *Syncro) simRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sim/records", s.simRecords)
	mux.HandleFunc("POST /_sim/fault", posted(func(f plannedFault) error {
		if f.Wait != "" {
			d, err := time.ParseDuration(f.Wait)
			if err != nil {
				return fmt.Errorf("delay: %w", err)
			}
			f.Fault.Delay = d
		}
		if err := f.check(); err != nil {
			return err
		}
		s.Fault(f.Fault)
		s.changes.tell()
		return nil
	}))
	mux.HandleFunc("DELETE /_sim/fault", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		s.changes.tell()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /_sim/person", posted(s.Person))
	mux.HandleFunc("GET /_sim/events", s.simEvents)
	return mux
}

// plannedFault is a Fault whose delay is written as Go writes it.
type plannedFault struct {
	Fault
	Wait string `json:"delay"`
}

// posted decodes what was posted and hands it on; an error of it is a 400.
func posted[T any](do func(T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			simAnswer(w, http.StatusUnsupportedMediaType, object{"error": "Content-Type must be application/json"})
			return
		}
		var in T
		dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&in); err != nil {
			simAnswer(w, http.StatusBadRequest, object{"error": err.Error()})
			return
		}
		if err := do(in); err != nil {
			simAnswer(w, http.StatusBadRequest, object{"error": err.Error()})
			return
		}
		simAnswer(w, http.StatusOK, object{"ok": true})
	}
}

func simAnswer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a page that has gone misses nothing
}

// shown is how many requests /_sim/records has.
const shown = 100

func (s *Syncro) simRecords(w http.ResponseWriter, _ *http.Request) {
	type planted struct {
		Fault
		Hits int `json:"hits"`
	}
	out := struct {
		Data
		Requests   []Request   `json:"requests"`
		Used       int         `json:"used"`
		Limit      int         `json:"limit"`
		Refused    int         `json:"refused"`
		Faults     []planted   `json:"faults"`
		FaultKinds []FaultKind `json:"fault_kinds"`
	}{Requests: []Request{}, Faults: []planted{}, FaultKinds: Faults}

	s.mu.Lock()
	out.Data = s.data.clone()
	for _, r := range s.log[max(0, len(s.log)-shown):] {
		out.Requests = append(out.Requests, *r)
	}
	slices.Reverse(out.Requests)
	out.Used, out.Limit, out.Refused = s.limit.used(s.now()), s.limit.perMinute, s.limit.refused
	for _, p := range s.planted {
		if p.hits < p.Times {
			out.Faults = append(out.Faults, planted{p.Fault, p.hits})
		}
	}
	s.mu.Unlock()
	simAnswer(w, http.StatusOK, out)
}

// keepAlive is how often a quiet stream of events shows that it is there.
const keepAlive = 15 * time.Second

func (s *Syncro) simEvents(w http.ResponseWriter, r *http.Request) {
	changed, stop := s.changes.watch()
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	line := "event: changed\ndata: {}\n\n"
	for {
		if _, err := fmt.Fprint(w, line); err != nil {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-changed:
			line = "event: changed\ndata: {}\n\n"
		case <-tick.C:
			line = ": still here\n\n"
		case <-r.Context().Done():
			return
		case <-s.closing.Done():
			return
		}
	}
}
