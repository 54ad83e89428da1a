// Package syncrosim is a simulated Syncro: an http.Handler that answers the
// REST API below /api/v1 in the shapes, and with the traps, that its
// documentation shows and that people report from real accounts. It keeps its
// records in memory, can be told to fail in each of the ways in Faults, and
// shows a test what really happened.
//
// Where nothing is established about Syncro it takes the harder case, and says
// so beside the code.
package syncrosim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options configure New. The zero value is a shop's Monday, at Syncro's own
// limit, with no valid token.
type Options struct {
	Now    func() time.Time // default time.Now
	Data   *Data            // default Monday(Now())
	Tokens []Token          // owners that Data does not have are added to its users
	Seed   uint64           // for ids and for the faults that happen by chance

	PerMinute int // requests a minute; 0: 180; below 0: no limit
	Window    Window

	RefuseHeader bool // "Authorization: Bearer" counts for nothing
	RefuseQuery  bool // "?api_key=" counts for nothing

	// What differs between accounts, or is not established:
	NumbersAsText     bool // every third ticket has its number as a string
	ListHidesFinished bool // GET /tickets shows finished tickets only where a status asks for them
	FlatInvoice       bool // GET /invoices/{id} answers without the "invoice" around it, as the documentation draws it
	HTMLBodies        bool // a comment's plain body is kept as HTML
	NoAutofill        bool // a line without price_retail stays at 0 though it has a product
}

// Syncro is the simulated service. Its methods may be called at any time from
// any goroutine; what they return is a copy.
type Syncro struct {
	options Options
	now     func() time.Time
	born    time.Time
	tokens  []Token

	mu      sync.Mutex
	data    Data
	lastID  int64
	chance  *rand.Rand
	limit   limiter
	planted []*Planted
	log     []*Request
	logged  int

	closing context.Context // ends the hangs and the late commits
	close   context.CancelFunc
	late    sync.WaitGroup
	changes watchers

	stopHooks context.CancelFunc // see SendWebhooks
	sim       http.Handler
}

// New returns a Syncro.
func New(o Options) *Syncro {
	s := &Syncro{options: o, now: o.Now, chance: rand.New(rand.NewPCG(o.Seed, 0x5f3c))}
	if s.now == nil {
		s.now = time.Now
	}
	s.born = s.now()
	if o.PerMinute == 0 {
		o.PerMinute = 180
	}
	s.limit = limiter{window: o.Window, perMinute: o.PerMinute}
	s.tokens = append(s.tokens, o.Tokens...)
	if o.Data != nil {
		s.data = o.Data.clone()
	} else {
		s.data = Monday(s.born)
	}
	for _, t := range s.tokens {
		if s.data.user(t.UserID) == nil {
			s.data.Users = append(s.data.Users, User{ID: t.UserID, Name: t.Name, Email: t.Email, Admin: t.Admin})
		}
	}
	// Ids are counted over all accounts together: great, and with gaps.
	s.lastID = 108_443_000
	for _, t := range s.data.Tickets {
		s.lastID = max(s.lastID, t.ID)
	}
	s.complete()
	s.closing, s.close = context.WithCancel(context.Background())
	s.sim = s.simRoutes()
	return s
}

// Close ends what hangs and drops the commits that are still to come late.
// Call it before closing the server that serves it.
func (s *Syncro) Close() {
	s.mu.Lock()
	s.close()
	s.mu.Unlock()
	s.late.Wait()
}

func (s *Syncro) newID() int64 {
	s.lastID += 1 + s.chance.Int64N(9)
	return s.lastID
}

// complete gives ids and times to the records that have none yet.
func (s *Syncro) complete() {
	now := s.now()
	id := func(p *int64) {
		if *p == 0 {
			*p = s.newID()
		}
	}
	since := func(created, updated *time.Time) {
		if created.IsZero() {
			*created = now
		}
		if updated.IsZero() {
			*updated = *created
		}
	}
	for i := range s.data.Customers {
		c := &s.data.Customers[i]
		id(&c.ID)
		since(&c.Created, &c.Updated)
	}
	for i := range s.data.Contacts {
		c := &s.data.Contacts[i]
		id(&c.ID)
		since(&c.Created, &c.Updated)
	}
	for i := range s.data.Tickets {
		t := &s.data.Tickets[i]
		id(&t.ID)
		since(&t.Created, &t.Updated)
		for j := range t.Comments {
			id(&t.Comments[j].ID)
			since(&t.Comments[j].Created, &t.Comments[j].Updated)
		}
		for j := range t.Lines {
			id(&t.Lines[j].ID)
			since(&t.Lines[j].Created, &t.Lines[j].Updated)
		}
		for j := range t.Timers {
			id(&t.Timers[j].ID)
			since(&t.Timers[j].Created, &t.Timers[j].Updated)
		}
	}
	for i := range s.data.Invoices {
		v := &s.data.Invoices[i]
		id(&v.ID)
		since(&v.Created, &v.Updated)
		for j := range v.Lines {
			id(&v.Lines[j].ID)
			since(&v.Lines[j].Created, &v.Lines[j].Created)
		}
	}
}

// answer is what a request gets.
type answer struct {
	status  int
	header  map[string]string
	body    any    // JSON; nil: empty
	raw     string // instead of body, of the type rawType
	rawType string
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

// gone is the 404 that most routes are documented with: no body.
func gone() answer { return answer{status: http.StatusNotFound} }

func notFound() answer {
	return answer{status: http.StatusNotFound, body: object{"message": "Not found"}}
}

func invalid(body object) answer {
	return answer{status: http.StatusUnprocessableEntity, body: body}
}

// refusal is the most common 422: a list of sentences.
func refusal(sentences ...string) answer {
	return invalid(object{"success": false, "message": sentences})
}

// maxBody is more than any sensible request has.
const maxBody = 1 << 20

// ServeHTTP answers the API below /api/v1, what a person or a test from
// outside looks at below /_sim, and the links into Syncro's web pages.
func (s *Syncro) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/v1/"):
		s.serveAPI(w, r)
	case strings.HasPrefix(r.URL.Path, "/_sim/"):
		s.sim.ServeHTTP(w, r)
	default:
		s.servePage(w, r)
	}
}

func (s *Syncro) serveAPI(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	key, in := s.credentials(r)
	c := &call{s: s, method: r.Method, path: strings.TrimPrefix(r.URL.Path, "/api/v1"), query: r.URL.Query(),
		contentType: r.Header.Get("Content-Type"), body: body, token: s.token(key)}
	c.entry = s.record(r, c, in)
	defer s.changes.tell()

	s.mu.Lock()
	within := s.limit.take(s.now())
	fault := (*Planted)(nil)
	if within {
		fault = s.strike(c.method, c.path)
	}
	if fault != nil {
		c.entry.Fault = fault.Kind
	}
	s.mu.Unlock()

	switch {
	case !within:
		s.send(w, c.entry, tooMany())
	case fault != nil:
		s.misbehave(w, r, c, fault.Fault)
	default:
		s.send(w, c.entry, s.do(c))
	}
}

// do carries a request out, whether or not its answer will arrive.
func (s *Syncro) do(c *call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.token == nil {
		return unauthorized()
	}
	route := c.route()
	if route == nil {
		return gone()
	}
	c.entry.Route = route.method + " " + route.pattern
	for _, p := range route.needs {
		if !c.token.may(p) {
			return notPermitted()
		}
	}
	if a, good := c.readParams(); !good {
		return a
	}
	a := route.do(c)
	if c.method != http.MethodGet {
		defer s.changes.tell()
	}
	return a
}

// bytes renders an answer's body and names its type.
func (a answer) bytes() (body []byte, contentType string) {
	switch {
	case a.raw != "":
		return []byte(a.raw), a.rawType
	case a.body == nil:
		return nil, ""
	}
	body, err := json.Marshal(a.body)
	if err != nil {
		panic(fmt.Sprintf("syncrosim: an answer that is no JSON: %v", err))
	}
	return body, "application/json; charset=utf-8"
}

func (s *Syncro) send(w http.ResponseWriter, entry *Request, a answer) {
	body, contentType := a.bytes()
	if contentType != "" {
		w.Header().Set("Content-Type", contentType)
	}
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	// Before the answer leaves: who has it finds it in the log.
	s.settle(entry, a.status)
	w.WriteHeader(a.status)
	if _, err := w.Write(body); err != nil {
		slog.Debug("syncrosim: the caller went before the answer", "err", err)
	}
}
