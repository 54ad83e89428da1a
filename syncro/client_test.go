package syncro_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/internal/redistest"
	"github.com/syncrobot/syncrobot/syncro"
)

const secret = "T0ken-7f3k9q2x"

var (
	note   = syncro.AddComment{TicketID: 108443837, Subject: "Internal Note", Body: "Rekeyed.\nTested <20> minutes.", Hidden: true}
	landed = `{"comment":{"id":884512,"ticket_id":108443837,"subject":"Internal Note","body":"Rekeyed.<br>Tested &lt;20&gt; minutes.","tech":"Dana Ruiz","hidden":true,"user_id":4101}}`
)

// stand is a client before a server that the test makes up.
type stand struct {
	*syncro.Client
	url   string
	redis *redis.Client
	log   *bytes.Buffer

	mu   sync.Mutex
	seen []string // "GET /tickets/5?page=2"
}

func (s *stand) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// newStand serves handler below /base/api/v1, with the paths as Syncro has
// them, and makes a client of it.
func newStand(t *testing.T, handler http.HandlerFunc, change ...func(*syncro.Options)) *stand {
	t.Helper()
	s := &stand{log: new(bytes.Buffer)}
	server := httptest.NewServer(http.StripPrefix("/base/api/v1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, r.Method+" "+r.URL.RequestURI())
		s.mu.Unlock()
		handler(w, r)
	})))
	t.Cleanup(server.Close)
	s.redis = redistest.Start(t).Client()
	s.url = server.URL + "/base"
	options := syncro.Options{
		URL: s.url + "/", Auth: "header", Timeout: 5 * time.Second, Redis: s.redis,
		Limiter: syncro.NewLimiter(s.redis, syncro.LimiterOptions{PerMinute: 6000}),
		Log:     slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&options)
	}
	client, err := syncro.New(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Client = client
	return s
}

func (s *stand) reader() *syncro.Reader {
	return s.Reader(syncro.NewKey(secret), syncro.ClassLookup)
}

func (s *stand) send(ctx context.Context, w syncro.Write) syncro.Outcome {
	return s.Send(ctx, syncro.NewKey(secret), w, func(context.Context, syncro.Leaving) error { return nil })
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func kindOf(t *testing.T, err error) syncro.ErrorKind {
	t.Helper()
	failure, ok := errors.AsType[*syncro.Error](err)
	if !ok {
		t.Fatalf("%v is no *syncro.Error", err)
	}
	return failure.Kind
}

func TestTheAddressMustBeSafe(t *testing.T) {
	t.Parallel()
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer rdb.Close()
	for url, ok := range map[string]bool{
		"https://example.syncromsp.com": true, "https://example.syncromsp.com/base/": true,
		"http://127.0.0.1:8080": true, "http://localhost:8080/x": true, "http://[::1]:8080": true,
		"http://example.syncromsp.com": false, "http://127.0.0.1.example.com": false, "ftp://127.0.0.1": false,
		"https://dana:pw@example.syncromsp.com": false, "https://example.syncromsp.com?api_key=x": false,
		"": false, "example.syncromsp.com": false, "https://": false, "https://a b": false,
	} {
		_, err := syncro.New(syncro.Options{URL: url, Redis: rdb, Limiter: syncro.NewLimiter(rdb, syncro.LimiterOptions{})})
		if (err == nil) != ok {
			t.Errorf("%q: error %v", url, err)
		}
	}
}

func TestErrorsOfReading(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		kind    syncro.ErrorKind
		message string
	}{
		"a wrong key":           {answer(401, `{"error":"Invalid token"}`), syncro.KeyRefused, "Invalid token"},
		"a wrong key, no words": {answer(401, ``), syncro.KeyRefused, ""},
		"a missing permission":  {answer(401, `{"error":"Not authorized. Please ask account admin to update your group permissions."}`), syncro.NotPermitted, "Not authorized. Please ask account admin to update your group permissions."},
		"forbidden":             {answer(403, `{}`), syncro.NotPermitted, ""},
		"not there":             {answer(404, `{"message":"Not found"}`), syncro.NotFound, "Not found"},
		"not there, empty":      {answer(404, ``), syncro.NotFound, ""},
		"invalid":               {answer(422, `{"success":false,"message":["Subject can't be blank"]}`), syncro.Invalid, "Subject can't be blank"},
		"a bad request":         {answer(400, `{"message":["Vendor is blank"]}`), syncro.Invalid, "Vendor is blank"},
		"a failure":             {answer(502, `<html>Bad gateway</html>`), syncro.Unavailable, ""},
		"too slow for Syncro":   {answer(408, ``), syncro.Unavailable, ""},
		"half of the JSON":      {answer(200, `{"ticket":{"id":5`), syncro.Garbled, ""},
		"another ticket":        {answer(200, `{"ticket":{"id":6}}`), syncro.Garbled, ""},
		"no ticket":             {answer(200, `{"ticket":null}`), syncro.Garbled, ""},
		"a list":                {answer(200, `[]`), syncro.Garbled, ""},
		"a login page":          {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>Log in</html>") }, syncro.Garbled, ""},
		"JSON that calls it HTML": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, `{"ticket":{"id":5}}`)
		}, syncro.Garbled, ""},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, syncro.Garbled, ""},
		"an endless answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"ticket":{"id":5,"subject":"`+strings.Repeat("x", 9<<20)+`"}}`)
		}, syncro.Garbled, ""},
		"an answer that was cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"ticket":{"id":5}}`)
		}, syncro.Garbled, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, c.handler)
			_, err := s.reader().Ticket(t.Context(), 5)
			failure, ok := errors.AsType[*syncro.Error](err)
			if !ok || failure.Kind != c.kind || failure.Message != c.message || failure.NotSent {
				t.Errorf("%v, want kind %d and %q", err, c.kind, c.message)
			}
			if got := s.requests(); len(got) != 1 {
				t.Errorf("requests %q, want one", got)
			}
		})
	}
}

func TestAfter429ReadingPausesAndGoesOn(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := newStand(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			answer(429, `{"error":"Too many requests"}`)(w, r)
			return
		}
		answer(200, `{"ticket":{"id":5}}`)(w, r)
	})
	if _, err := s.reader().Ticket(t.Context(), 5); err != nil || asked.Load() != 2 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
}

func TestAfter429WithoutTimeForThePause(t *testing.T) {
	t.Parallel()
	s := newStand(t, answer(429, ``))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := s.reader().Ticket(ctx, 5)
	failure, ok := errors.AsType[*syncro.Error](err)
	if !ok || failure.Kind != syncro.RateLimited || failure.RetryAfter != time.Minute || ctx.Err() != nil {
		t.Errorf("%v (time over: %v), want at once that it is limited for a minute", err, ctx.Err())
	}
	// The others wait as well, in this process and in all.
	_, err = s.reader().Me(ctx)
	if _, ok := errors.AsType[*syncro.BusyError](err); !ok {
		t.Errorf("the next: %v, want busy", err)
	}
	if got := s.requests(); len(got) != 1 {
		t.Errorf("requests %q, want one", got)
	}
}

// cutting is a server that answers the first requests and then reads what
// comes and cuts the connection. It counts requests and connections.
type cutting struct {
	url                   string
	requests, connections atomic.Int32
}

func startCutting(t *testing.T, answers int32, body string) *cutting {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	c := &cutting{url: "http://" + listener.Addr().String()}
	serve := func(conn net.Conn) {
		defer conn.Close()
		in := bufio.NewReader(conn)
		for {
			request, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, request.Body); err != nil || c.requests.Add(1) > answers {
				return
			}
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		}
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.connections.Add(1)
			go serve(conn)
		}
	}()
	return c
}

// net/http sends a request again by itself where a connection that was used
// before turns out to be closed, so no write may use one.
func TestAPostOnADyingConnectionArrivesOnce(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]int32{"the first": 0, "after another": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startCutting(t, before, landed)
			s := newStand(t, answer(200, `{}`), func(o *syncro.Options) { o.URL = server.url })
			for range before {
				if outcome := s.send(t.Context(), note); outcome.Result != syncro.Applied {
					t.Fatal(outcome)
				}
			}
			outcome := s.send(t.Context(), note)
			if outcome.Result != syncro.Unknown || errors.Is(outcome.Err, syncro.ErrNotSent) {
				t.Errorf("%+v, want unknown", outcome)
			}
			if n := server.requests.Load(); n != before+1 {
				t.Errorf("%d POSTs arrived of %d", n, before+1)
			}
			if n := server.connections.Load(); n != before+1 {
				t.Errorf("%d connections for %d POSTs", n, before+1)
			}
		})
	}
}

func TestAReadTriesAConnectionOnceMore(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := newStand(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		answer(200, `{"ticket":{"id":5}}`)(w, r)
	})
	if _, err := s.reader().Ticket(t.Context(), 5); err != nil || asked.Load() != 2 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
}

func TestHowSendEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		result  syncro.Result
		kind    syncro.ErrorKind
	}{
		"done":                 {answer(200, landed), syncro.Applied, 0},
		"created":              {answer(201, landed), syncro.Applied, 0},
		"invalid":              {answer(422, `{"success":false,"message":["Body can't be blank"]}`), syncro.Refused, syncro.Invalid},
		"not permitted":        {answer(401, `{"error":"Not authorized."}`), syncro.Refused, syncro.NotPermitted},
		"a wrong key":          {answer(401, ``), syncro.Refused, syncro.KeyRefused},
		"not there":            {answer(404, ``), syncro.Refused, syncro.NotFound},
		"too many":             {answer(429, ``), syncro.Refused, syncro.RateLimited},
		"in conflict":          {answer(409, ``), syncro.Unknown, syncro.Invalid},
		"of something between": {answer(418, ``), syncro.Unknown, syncro.Invalid},
		"timed out there":      {answer(408, ``), syncro.Unknown, syncro.Unavailable},
		"a failure":            {answer(500, `{"error":"x"}`), syncro.Unknown, syncro.Unavailable},
		"a gateway's":          {answer(504, ``), syncro.Unknown, syncro.Unavailable},
		"a login page":         {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }, syncro.Unknown, syncro.Garbled},
		"nothing":              {answer(204, ``), syncro.Unknown, syncro.Garbled},
		"null":                 {answer(200, `null`), syncro.Unknown, syncro.Garbled},
		"a null id":            {answer(200, `{"comment":{"id":null,"subject":"Internal Note","body":"Rekeyed. Tested <20> minutes."}}`), syncro.Unknown, syncro.Garbled},
		"not wrapped":          {answer(200, `{"id":884512,"subject":"Internal Note","body":"Rekeyed. Tested <20> minutes."}`), syncro.Unknown, syncro.Garbled},
		"another text":         {answer(200, `{"comment":{"id":884512,"subject":"Internal Note","body":"Rekeyed."}}`), syncro.Unknown, syncro.Garbled},
		"another subject":      {answer(200, `{"comment":{"id":884512,"subject":"Update","body":"Rekeyed. Tested <20> minutes."}}`), syncro.Unknown, syncro.Garbled},
		"a temporary move": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, syncro.Unknown, syncro.Garbled},
		"a move":             {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, syncro.Unknown, syncro.Garbled},
		"the connection cut": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, syncro.Unknown, syncro.Unreachable},
		"the answer cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(landed)+1))
			io.WriteString(w, landed)
		}, syncro.Unknown, syncro.Garbled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, c.handler)
			outcome := s.send(t.Context(), note)
			if outcome.Result != c.result || errors.Is(outcome.Err, syncro.ErrNotSent) {
				t.Errorf("%+v, want result %d", outcome, c.result)
			}
			if c.result == syncro.Applied {
				if outcome.ID != 884512 || outcome.Err != nil {
					t.Errorf("%+v, want comment 884512", outcome)
				}
			} else if kind := kindOf(t, outcome.Err); kind != c.kind || outcome.ID != 0 {
				t.Errorf("kind %d and id %d, want kind %d and none", kind, outcome.ID, c.kind)
			}
			if got := s.requests(); !slices.Equal(got, []string{"POST /tickets/108443837/comment"}) {
				t.Errorf("requests %q, want one POST", got)
			}
		})
	}
}

func TestWhatCertainlyWasNotSent(t *testing.T) {
	t.Parallel()
	const closed = "http://127.0.0.1:1" // nobody listens there
	unknownAuthority := httptest.NewTLSServer(answer(200, landed))
	t.Cleanup(unknownAuthority.Close)
	for name, change := range map[string]func(*syncro.Options){
		"nobody listens":        func(o *syncro.Options) { o.URL = closed },
		"no such name":          func(o *syncro.Options) { o.URL = "https://nobody.invalid" },
		"the certificate fails": func(o *syncro.Options) { o.URL = unknownAuthority.URL },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, answer(200, landed), change)
			outcome := s.send(t.Context(), note)
			if outcome.Result != syncro.Refused || !errors.Is(outcome.Err, syncro.ErrNotSent) || kindOf(t, outcome.Err) != syncro.Unreachable {
				t.Errorf("%+v, want refused because nothing was sent", outcome)
			}
		})
	}
}

func TestNothingIsSentWhen(t *testing.T) {
	t.Parallel()
	cause := errors.New("the record could not be saved")
	for name, try := range map[string]func(ctx context.Context, s *stand) syncro.Outcome{
		"ready fails": func(ctx context.Context, s *stand) syncro.Outcome {
			outcome := s.Send(ctx, syncro.NewKey(secret), note, func(context.Context, syncro.Leaving) error { return cause })
			if !errors.Is(outcome.Err, cause) {
				t.Errorf("%v does not say why", outcome.Err)
			}
			return outcome
		},
		"it is cancelled while getting ready": func(ctx context.Context, s *stand) syncro.Outcome {
			ctx, cancel := context.WithCancel(ctx)
			return s.Send(ctx, syncro.NewKey(secret), note, func(context.Context, syncro.Leaving) error { cancel(); return nil })
		},
		"there is no place in time": func(ctx context.Context, s *stand) syncro.Outcome {
			if err := syncro.NewLimiter(s.redis, syncro.LimiterOptions{}).Pause(ctx, time.Hour); err != nil {
				t.Error(err)
			}
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			outcome := s.send(ctx, note)
			if _, ok := errors.AsType[*syncro.BusyError](outcome.Err); !ok {
				t.Errorf("%v does not say that it is busy", outcome.Err)
			}
			return outcome
		},
		"the write is incomplete": func(ctx context.Context, s *stand) syncro.Outcome {
			return s.send(ctx, syncro.UpdateTicket{TicketID: 5, Status: "New", Priority: "2 Normal"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, answer(200, landed))
			if outcome := try(t.Context(), s); outcome.Result != syncro.Refused || !errors.Is(outcome.Err, syncro.ErrNotSent) {
				t.Errorf("%+v, want refused because nothing was sent", outcome)
			}
			if got := s.requests(); got != nil {
				t.Errorf("requests %q, want none", got)
			}
		})
	}
}

func TestAWriteThatTimesOutIsUnknown(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	s := newStand(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	outcome := s.send(ctx, note)
	if outcome.Result != syncro.Unknown || errors.Is(outcome.Err, syncro.ErrNotSent) {
		t.Errorf("%+v, want unknown", outcome)
	}
}

func TestAWriteHasNoHeaderThatMakesItRepeatable(t *testing.T) {
	t.Parallel()
	header, bodies := make(chan http.Header, 1), make(chan []byte, 1)
	s := newStand(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		header <- r.Header
		bodies <- body
		answer(200, landed)(w, r)
	})
	if outcome := s.send(t.Context(), note); outcome.Result != syncro.Applied {
		t.Fatal(outcome)
	}
	for name := range <-header {
		if strings.Contains(strings.ToLower(name), "idempotency") {
			t.Errorf("header %s", name)
		}
	}
	var sent map[string]any
	if err := json.Unmarshal(<-bodies, &sent); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"subject": "Internal Note", "body": "Rekeyed.\nTested <20> minutes.", "hidden": true, "do_not_email": true}
	if fmt.Sprint(sent) != fmt.Sprint(want) {
		t.Errorf("sent %v, want %v", sent, want)
	}
}

// authServer takes the key in one place alone.
func authServer(header, query bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		byHeader, byQuery := r.Header.Get("Authorization") == "Bearer "+secret, r.URL.Query().Get("api_key") == secret
		switch {
		case !(header && byHeader || query && byQuery):
			answer(401, `{"error":"no key"}`)(w, r)
		case r.URL.Path == "/me":
			answer(200, `{"user_token":"`+secret+`","user_id":4101,"user_name":"Dana Ruiz","user_email":"dana@msp.example"}`)(w, r)
		case r.URL.Path == "/tickets/6":
			answer(401, `{"error":"Not authorized."}`)(w, r)
		case r.Method == http.MethodPost:
			answer(200, landed)(w, r)
		default:
			answer(200, `{"tickets":[{"id":5,"number":1}]}`)(w, r)
		}
	}
}

func TestWhereTheKeyGoes(t *testing.T) {
	t.Parallel()
	auto := func(o *syncro.Options) { o.Auth = "auto" }
	with := "?api_key=" + secret

	t.Run("the header works", func(t *testing.T) {
		t.Parallel()
		s := newStand(t, authServer(true, true), auto)
		me, err := s.reader().Me(t.Context())
		if want := (syncro.Me{UserID: 4101, Name: "Dana Ruiz", Email: "dana@msp.example"}); err != nil || me != want {
			t.Errorf("%+v, %v", me, err)
		}
		if got := s.requests(); !slices.Equal(got, []string{"GET /me"}) {
			t.Errorf("requests %q", got)
		}
	})
	t.Run("the header is refused at /me", func(t *testing.T) {
		t.Parallel()
		s := newStand(t, authServer(false, true), auto)
		if _, err := s.reader().Me(t.Context()); err != nil {
			t.Error(err)
		}
		if outcome := s.send(t.Context(), note); outcome.Result != syncro.Applied {
			t.Errorf("a write afterwards: %+v", outcome)
		}
		want := []string{"GET /me", "GET /me" + with, "GET /me" + with, "POST /tickets/108443837/comment" + with}
		if got := s.requests(); !slices.Equal(got, want) {
			t.Errorf("requests %q, want %q", got, want)
		}
	})
	t.Run("the header is refused elsewhere", func(t *testing.T) {
		t.Parallel()
		s := newStand(t, authServer(false, true), auto)
		for range 2 {
			if _, err := s.reader().SearchTickets(t.Context(), syncro.TicketSearch{Words: "a b"}); err != nil {
				t.Error(err)
			}
		}
		want := []string{"GET /tickets?query=a+b", "GET /me", "GET /me" + with, "GET /tickets" + with + "&query=a+b", "GET /tickets" + with + "&query=a+b"}
		if got := s.requests(); !slices.Equal(got, want) {
			t.Errorf("requests %q, want %q", got, want)
		}
	})
	t.Run("a permission is missing", func(t *testing.T) {
		t.Parallel()
		s := newStand(t, authServer(true, true), auto)
		for range 2 {
			if _, err := s.reader().Ticket(t.Context(), 6); kindOf(t, err) != syncro.NotPermitted {
				t.Error(err)
			}
		}
		want := []string{"GET /tickets/6", "GET /me", "GET /tickets/6"}
		if got := s.requests(); !slices.Equal(got, want) {
			t.Errorf("requests %q, want %q", got, want)
		}
	})
	t.Run("the key is wrong", func(t *testing.T) {
		t.Parallel()
		s := newStand(t, authServer(false, false), auto)
		if _, err := s.reader().Me(t.Context()); kindOf(t, err) != syncro.KeyRefused {
			t.Error(err)
		}
		want := []string{"GET /me", "GET /me" + with}
		if got := s.requests(); !slices.Equal(got, want) {
			t.Errorf("requests %q, want %q", got, want)
		}
	})
	t.Run("the query, as configured", func(t *testing.T) {
		t.Parallel()
		s := newStand(t, authServer(false, true), func(o *syncro.Options) { o.Auth = "query" })
		if _, err := s.reader().Me(t.Context()); err != nil {
			t.Error(err)
		}
		if got := s.requests(); !slices.Equal(got, []string{"GET /me" + with}) {
			t.Errorf("requests %q", got)
		}
	})
}

func TestTheKeyIsNowhereToSee(t *testing.T) {
	t.Parallel()
	key := syncro.NewKey(secret)
	var said []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%10.3s"} {
		said = append(said, fmt.Sprintf(verb, key), fmt.Sprintf(verb, &key), fmt.Sprintf(verb, struct{ hidden syncro.Key }{key}), fmt.Sprintf(verb, []syncro.Key{key}))
	}
	if _, err := json.Marshal(struct{ Key syncro.Key }{key}); err == nil {
		t.Error("a key can be marshalled")
	}
	if text, err := key.MarshalText(); err == nil || text != nil {
		t.Error("a key can be marshalled as text")
	}

	handlers := map[string]http.HandlerFunc{
		"refused with the key quoted": func(w http.ResponseWriter, r *http.Request) {
			body, _ := json.Marshal(map[string]string{"error": strings.Repeat("x", 280) + " the key " + secret + " is unknown, " + r.URL.RequestURI()})
			answer(401, string(body))(w, r)
		},
		"redirected": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/there?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
		},
		"cut":          func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"garbled":      answer(200, `{"user_token":"`+secret+`","user_id":"`+secret+`"}`),
		"half":         answer(200, `{"user_token":"`+secret),
		"too many":     answer(429, `{"error":"`+secret+`"}`),
		"out of order": answer(500, `{"error":"`+secret+`"}`),
		"bad address": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://["+secret)
			w.WriteHeader(302)
		},
	}
	for _, auth := range []string{"auto", "header", "query"} {
		var current atomic.Pointer[http.HandlerFunc]
		s := newStand(t, func(w http.ResponseWriter, r *http.Request) { (*current.Load())(w, r) }, func(o *syncro.Options) { o.Auth = auth })
		for name, handler := range handlers {
			current.Store(&handler)
			s.redis.FlushDB(t.Context()) // with it the pause after the 429
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			reader := s.reader()
			_, err := reader.Me(ctx)
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			said = append(said, fmt.Sprintf("%s: %v %+v %#v", name, err, err, err))
			if failure, ok := errors.AsType[*syncro.Error](err); ok {
				said = append(said, fmt.Sprintf("%+v %+v", *failure, failure.Err))
			}
			outcome := s.send(ctx, note)
			said = append(said, fmt.Sprintf("%s: %+v %v", name, outcome, outcome.Err), fmt.Sprintf("%+v %+v", reader, s.Client), s.log.String())
			cancel()
		}
	}
	unreachable := newStand(t, answer(200, `{}`), func(o *syncro.Options) { o.URL, o.Auth = "http://127.0.0.1:1", "query" })
	_, err := unreachable.reader().Me(t.Context())
	said = append(said, fmt.Sprintf("%v %+v %#v", err, err, err), unreachable.log.String())

	for _, words := range said {
		if strings.Contains(words, secret) || strings.Contains(words, secret[:8]) || strings.Contains(words, fmt.Sprintf("%x", secret)) {
			t.Errorf("the key stands in %q", words)
		}
	}
}

func TestObserveIsToldRoutesWithoutIDs(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []string
	s := newStand(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			panic(http.ErrAbortHandler)
		}
		answer(200, `{"tickets":[],"ticket":{"id":5}}`)(w, r)
	}, func(o *syncro.Options) {
		o.Observe = func(method, route string, status int, _ time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, fmt.Sprint(method, " ", route, " ", status))
		}
	})
	_, _ = s.reader().Ticket(t.Context(), 5)
	_, _ = s.reader().SearchTickets(t.Context(), syncro.TicketSearch{Words: "Harbor"})
	s.send(t.Context(), note)
	want := []string{"GET /tickets/{id} 200", "GET /tickets 200", "POST /tickets/{id}/comment 0"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestTicketURL(t *testing.T) {
	t.Parallel()
	s := newStand(t, answer(200, `{}`))
	if got, want := s.TicketURL(108443837), s.url+"/tickets/108443837"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
