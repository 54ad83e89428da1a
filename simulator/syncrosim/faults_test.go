package syncrosim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// eventually waits until is holds.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come to this: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	seen := map[FaultKind]string{ // what the caller sees: a status and how the body begins, or that there is no answer
		Hang: "nothing", CommitThenHang: "nothing", CommitThenReset: "nothing", ResetBeforeCommit: "nothing", LateCommit: "nothing",
		CommitThen500: `500 {"error":"Internal Server Error"`, Error500: `500 {"error":"Internal Server Error"`,
		HTMLAfterCommit: "200 <!DOCTYPE", HTMLBeforeCommit: "200 <!DOCTYPE", Truncated: "half", NullID: "null",
		TooMany: "429 Retry later", Unauthorized: `401 {"error":"Invalid`, NotFound: "404 ", Invalid422: `422 {"error":"Customer required`,
		Slow: `200 {"comment"`, Redirect: "302 ",
	}
	for _, kind := range Faults {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := start(t, Options{})
			f := Fault{Kind: kind, Method: "POST", Path: "/tickets/*/comment"}
			if kind == Hang || kind == CommitThenHang {
				f.Delay = 20 * time.Millisecond
			}
			planted := b.Fault(f)
			b.get(b.path(32164, "")) // does not fit, and passes
			res, raw, err := b.try("POST", b.path(32164, "/comment"), object{"subject": "Update", "body": "Hello"})
			switch want := seen[kind]; want {
			case "":
				t.Fatal("this kind is not tested")
			case "nothing":
				if err == nil {
					t.Errorf("got an answer: %d %s", res.StatusCode, raw)
				}
			case "half":
				if !errors.Is(err, io.ErrUnexpectedEOF) || len(raw) == 0 || json.Valid(raw) {
					t.Errorf("got %q, %v", raw, err)
				}
			case "null":
				got := decode(t, raw).at("comment")
				if res.StatusCode != 200 || got.at("id").v != nil || got.at("body").String() != `"Hello"` {
					t.Errorf("got %d %s", res.StatusCode, raw)
				}
			default:
				if err != nil {
					t.Fatal(err)
				}
				if got := strings.TrimSpace(res.Status[:3] + " " + string(raw)); !strings.HasPrefix(got, strings.TrimSpace(want)) {
					t.Errorf("got %s, want %s", got, want)
				}
			}
			if planted.Hits() != 1 {
				t.Errorf("befell %d requests", planted.Hits())
			}
			if log := b.Requests(); log[1].Fault != kind || log[0].Fault != "" {
				t.Errorf("logged %+v", log)
			}
			comments := func() int {
				ticket, _ := b.Ticket(32164)
				return len(ticket.Comments)
			}
			if kind == LateCommit {
				if n := comments(); n != 4 {
					t.Errorf("%d comments already when the caller was cut off", n)
				}
			}
			if kind.Commits() {
				eventually(t, "the comment is there", func() bool { return comments() == 5 })
			} else if n := comments(); n != 4 {
				t.Errorf("%d comments, though it does not commit", n)
			}
			b.want(200, "POST", b.path(32164, "/comment"), object{"subject": "Update", "body": "Once more"})
		})
	}
}

func TestFaultsThatCommitStillRefuseBadRequests(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.Fault(Fault{Kind: NullID, Times: -1})
	got := b.want(422, "POST", b.path(32164, "/comment"), object{"subject": "Update"})
	same(t, "success", got.at("success"), "null")
	if ticket, _ := b.Ticket(32164); len(ticket.Comments) != 4 {
		t.Error("a bad comment was kept")
	}
}

func TestHangEndsWhenTheCallerGoes(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.Fault(Fault{Kind: CommitThenHang})
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "PUT", b.url+"/api/v1"+b.path(32164, "?api_key="+danaKey), strings.NewReader(`{"status":"Resolved"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	gone := make(chan error)
	go func() {
		_, _, err := b.send(req)
		gone <- err
	}()
	eventually(t, "the status is set", func() bool {
		ticket, _ := b.Ticket(32164)
		return ticket.Status == "Resolved"
	})
	select {
	case err := <-gone:
		t.Fatalf("it did not hang: %v", err)
	default:
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestHowOftenAFaultStrikes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault Fault
		want  string // of eight requests
	}{
		{"once", Fault{}, "x......."},
		{"counted", Fault{Times: 3}, "xxx....."},
		{"later", Fault{Skip: 2, Times: 2}, "..xx...."},
		{"always", Fault{Times: -1}, "xxxxxxxx"},
		{"another method", Fault{Method: "POST", Times: -1}, "........"},
		{"another path", Fault{Path: "/me/*", Times: -1}, "........"},
		{"by chance, the same with the same seed", Fault{Probability: 0.5}, byChance(t, 0.5)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := start(t, Options{Seed: 7})
			tt.fault.Kind = Error500
			planted := b.Fault(tt.fault)
			got := ""
			for range 8 {
				res, _, err := b.try("GET", "/me", nil)
				if err != nil {
					t.Fatal(err)
				}
				got += map[int]string{200: ".", 500: "x"}[res.StatusCode]
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			planted.Remove()
			b.get("/me")
		})
	}
}

// byChance is what a second simulation of the same seed does in eight
// requests, some of which must fail.
func byChance(t *testing.T, p float64) string {
	s := New(Options{Seed: 7})
	defer s.Close()
	s.Fault(Fault{Kind: Error500, Probability: p})
	got := ""
	for range 8 {
		mark := "."
		if s.strike("GET", "/me") != nil {
			mark = "x"
		}
		got += mark
	}
	if !strings.Contains(got, "x") || !strings.Contains(got, ".") {
		t.Fatalf("no chance in %s: choose another seed", got)
	}
	return got
}

func TestFaultsInDetail(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.Fault(Fault{Kind: TooMany, RetryAfter: "17"})
	if res, _, err := b.try("GET", "/me", nil); err != nil || res.StatusCode != 429 || res.Header.Get("Retry-After") != "17" {
		t.Errorf("got %v %v", res, err)
	}
	if b.Refused() != 0 {
		t.Error("a fault counts as the limit")
	}
	b.Fault(Fault{Kind: Redirect, Status: 307, Location: "https://elsewhere.example/"})
	if res, _, err := b.try("GET", "/me", nil); err != nil || res.StatusCode != 307 || res.Header.Get("Location") != "https://elsewhere.example/" {
		t.Errorf("got %v %v", res, err)
	}
	b.Fault(Fault{Kind: Error500, Status: 503})
	b.want(503, "GET", "/me", nil)
	shapes := map[string]bool{}
	for n := range Shapes {
		b.Fault(Fault{Kind: Invalid422, Shape: n + 1})
		shapes[b.want(422, "GET", "/me", nil).String()] = true
	}
	if len(shapes) != Shapes {
		t.Errorf("%d shapes, want %d", len(shapes), Shapes)
	}
	b.Fault(Fault{Kind: Unauthorized, Times: -1})
	b.ClearFaults()
	b.get("/me")
}

func TestAFaultThatCouldNeverHappen(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	defer s.Close()
	for _, f := range []Fault{{}, {Kind: "flood"}, {Kind: Hang, Path: "/["}, {Kind: Hang, Path: "tickets"}, {Kind: Invalid422, Shape: 7}, {Kind: Hang, Probability: 2}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was taken", f)
				}
			}()
			s.Fault(f)
		}()
	}
}

func TestCloseEndsHangsAndLateCommits(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.Fault(Fault{Kind: LateCommit, Delay: time.Hour})
	b.Fault(Fault{Kind: Hang})
	if _, _, err := b.try("POST", b.path(32164, "/comment"), object{"subject": "a", "body": "b"}); err == nil {
		t.Error("answered")
	}
	done := make(chan error)
	go func() {
		_, _, err := b.try("GET", "/me", nil)
		done <- err
	}()
	eventually(t, "the second has arrived", func() bool { return b.Count("GET", "/me") == 1 })
	b.Close()
	if err := <-done; err == nil {
		t.Error("answered")
	}
	if ticket, _ := b.Ticket(32164); len(ticket.Comments) != 4 {
		t.Error("committed after the end")
	}
}
