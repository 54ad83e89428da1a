package chat

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestPlainSaysEverythingButTheButtons(t *testing.T) {
	t.Parallel()
	card := Card{
		Title: "Close #32164",
		Parts: []Part{
			Text("As Dana"),
			Quoted("first\nsecond"),
			Code("{}"),
			Fields{{"Status", "New"}},
			Steps{{Mark: Done, Text: "Comment", Alert: "INTERNAL", Quoted: "words", Result: "comment 7"}, {Text: "Status"}},
			Table{Header: []string{"Ticket", "Status"}, Rows: [][]string{{"#1", "New"}, {"#32164", "Resolved", "more"}}},
			Link{"Ticket", "https://example.syncromsp.com/tickets/1"},
		},
		Buttons: []Button{{Label: "Confirm", Verb: "confirm", Value: "secret"}},
		Note:    "op ABCDE",
	}
	want := strings.TrimSpace(`
Close #32164
As Dana
> first
> second
{}
Status: New
✓ 1 Comment
    INTERNAL
    words
    comment 7
○ 2 Status
Ticket  Status
#1      New
#32164  Resolved  more
Ticket: https://example.syncromsp.com/tickets/1
op ABCDE`)
	if got := card.Plain(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestWorkRefusesWhatIsTooMuchAndWhatComesAfterTheEnd(t *testing.T) {
	t.Parallel()
	w := NewWork(1)
	release := make(chan struct{})
	if !w.Start(t.Context(), func(context.Context) { <-release }) {
		t.Fatal("refused the first piece")
	}
	if w.Start(t.Context(), func(context.Context) {}) {
		t.Error("took a second piece with room for one")
	}
	close(release)
	if err := w.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if w.Start(t.Context(), func(context.Context) {}) {
		t.Error("took a piece after the end")
	}
}

// Whatever one person does, others find room; whatever all of them do, the bot
// finds room to look for what is in doubt.
func TestNobodyTakesAllTheRoom(t *testing.T) {
	t.Parallel()
	const limit = 128
	w := NewWork(limit)
	release := make(chan struct{})
	piece := func(context.Context) { <-release }
	taken := func(start func() bool) (n int) {
		for start() {
			n++
		}
		return n
	}
	person := func(who string) func() bool {
		return func() bool { return w.StartFor(t.Context(), who, piece) }
	}
	people := 0
	for _, who := range []string{"slack/T1/U1", "slack/T1/U2", "teams/1/2"} {
		n := taken(person(who))
		if n != limit/8 {
			t.Errorf("%s has %d pieces, want an eighth of %d", who, n, limit)
		}
		people += n
	}
	for i := range limit {
		people += taken(person(fmt.Sprint(i)))
	}
	own := taken(func() bool { return w.Start(t.Context(), piece) })
	if people != limit-limit/8 || own != limit/8 {
		t.Errorf("people have %d pieces and the bot %d, want %d and %d", people, own, limit-limit/8, limit/8)
	}
	close(release)
	if err := w.Drain(t.Context()); err != nil || w.pieces != 0 || len(w.of) != 0 {
		t.Errorf("%v; afterwards there are %d pieces, of %v", err, w.pieces, w.of)
	}
}

func TestDrainCancelsWhatDoesNotEndInTime(t *testing.T) {
	t.Parallel()
	w := NewWork(1)
	ended := make(chan struct{})
	w.Start(t.Context(), func(ctx context.Context) { <-ctx.Done(); close(ended) })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := w.Drain(ctx); err == nil {
		t.Error("no error, though time was up")
	}
	select {
	case <-ended:
	default:
		t.Error("Drain came back before the work ended")
	}
}

func TestWorkKnowsWhereItCameFromAndOutlivesIt(t *testing.T) {
	t.Parallel()
	type key struct{}
	w := NewWork(1)
	from, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "trace"))
	got, goOn := make(chan any, 2), make(chan struct{})
	w.Start(from, func(ctx context.Context) {
		<-goOn
		got <- ctx.Value(key{})
		got <- ctx.Err()
	})
	cancel() // the request is answered
	close(goOn)
	if v, err := <-got, <-got; v != "trace" || err != nil {
		t.Errorf("the work sees %v and %v", v, err)
	}
}

func TestAPanicDoesNotEndTheOthers(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := NewWork(2)
	w.Log = slog.New(slog.NewTextHandler(&log, nil))
	w.Start(t.Context(), func(context.Context) { panic("a bad payload") })
	if err := w.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "a bad payload") {
		t.Errorf("the log says %q", log.String())
	}
}

func TestVisible(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"a line\r\nanother\ranother\u2028and\tone": "a line\nanother\nanother\nand\tone",
		"abc\u202etxt.exe\u202c":                   "abc\uFFFDtxt.exe\uFFFD",
		"bell\a, \xff and \x1b[31m":                "bell\uFFFD, \uFFFD and \uFFFD[31m",
		"שלום 👩‍🔧 é":                               "שלום 👩‍🔧 é",
	} {
		if got := Visible(s); got != want {
			t.Errorf("%q is shown as %q, want %q", s, got, want)
		}
	}
}
