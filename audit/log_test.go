package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/internal/redistest"
)

var ever = time.Now().Add(24 * time.Hour)

// whats are what the lines say, in their order.
func whats(t *testing.T, l *Log, from, until time.Time) []string {
	t.Helper()
	var all []string
	for line, err := range l.Lines(t.Context(), from, until) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, line.What)
	}
	return all
}

// Streams of many pages, one of them much longer than the others, come out as
// one, each line once and in the order in which they were written.
func TestLinesOfAllStreamsInTheirOrder(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	l := New(rdb, slog.New(slog.DiscardHandler), "a", "b", "c")
	const n = 3*page + 7
	pipe := rdb.Pipeline()
	for i := range n {
		stream := "a"
		if i%10 == 0 {
			stream = l.streams[i/10%4]
		}
		id := fmt.Sprintf("%d-%d", 1000+i/3, i) // three share a millisecond, in several streams
		pipe.XAdd(t.Context(), &redis.XAddArgs{Stream: stream, ID: id, Values: []string{"line", fmt.Sprintf(`{"what":"%d"}`, i)}})
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := whats(t, l, time.Time{}, ever)
	for i := range min(n, len(got)) {
		if got[i] != fmt.Sprint(i) {
			t.Fatalf("line %d is %s", i, got[i])
		}
	}
	if len(got) != n {
		t.Errorf("%d lines of %d", len(got), n)
	}
	if got := whats(t, l, time.UnixMilli(1001), time.UnixMilli(1003)); strings.Join(got, " ") != "3 4 5 6 7 8" {
		t.Errorf("from 1001 and before 1003: %v", got)
	}
}

func TestALineIsAddedOnceAndLoggedAndForgottenInTime(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	var log bytes.Buffer
	l := New(rdb, slog.New(slog.NewJSONHandler(&log, nil)))
	rdb.AddHook(twice{})
	before := time.Now().Add(-time.Second)
	if err := l.Add(t.Context(), Line{What: "asked", Who: "slack/T0001/U0001", Ticket: 32164}); err != nil {
		t.Fatal(err)
	}
	var lines []Line
	for line, err := range l.Lines(t.Context(), before, ever) {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if len(lines) != 1 || lines[0].Who != "slack/T0001/U0001" || lines[0].Ticket != 32164 || lines[0].At.Before(before) || lines[0].At.After(time.Now().Add(time.Second)) {
		t.Errorf("lines %v", lines)
	}
	if want := `"msg":"audit","line":{"what":"asked","who":"slack/T0001/U0001","ticket":32164}`; strings.Count(log.String(), want) != 1 {
		t.Errorf("the log has not once %s:\n%s", want, &log)
	}
	for _, c := range []struct {
		before time.Time
		left   int64
	}{{before, 1}, {time.Now().Add(time.Minute), 0}} {
		if err := l.trim(t.Context(), c.before); err != nil || rdb.XLen(t.Context(), own).Val() != c.left {
			t.Errorf("trimmed before %v: %v, and %d lines are left, want %d", c.before, err, rdb.XLen(t.Context(), own).Val(), c.left)
		}
	}
}

// twice runs each command twice, as go-redis does when an answer is lost.
type twice struct{}

func (twice) DialHook(next redis.DialHook) redis.DialHook { return next }
func (twice) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (twice) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		_ = next(ctx, cmd)
		return next(ctx, cmd)
	}
}

// Following shows what was there, and then what is written, once each.
func TestFollow(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	l := New(rdb, slog.New(slog.DiscardHandler), "a")
	add := func(n int) {
		for i := range 20 {
			line := fmt.Sprintf(`{"what":"%d"}`, n+i)
			if err := rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: l.streams[i%2], Values: []string{"line", line}}).Err(); err != nil {
				t.Error(err)
			}
		}
	}
	add(0)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	n := 0
	seen := map[string]bool{}
	for line, err := range l.Lines(ctx, time.Time{}, time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[line.What] {
			t.Errorf("%s came twice", line.What)
		}
		seen[line.What] = true
		if n++; n == 20 {
			add(20)
		}
		if n == 40 {
			break
		}
	}
	if n != 40 {
		t.Errorf("%d lines of 40", n)
	}
}

func TestALineThatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	l := New(rdb, slog.New(slog.DiscardHandler))
	rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: own, Values: []string{"line", "not JSON"}})
	var failed error
	for _, err := range l.Lines(t.Context(), time.Time{}, ever) {
		failed = err
	}
	if failed == nil || !strings.Contains(failed.Error(), "audit: entry") {
		t.Errorf("said %v", failed)
	}
}

// TestAReadingCutShortIsNotTakenForAll: whoever asks for a time that is over
// is told when they did not get it all.
func TestAReadingCutShortIsNotTakenForAll(t *testing.T) {
	t.Parallel()
	l := New(redistest.Start(t).Client(), slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var told error
	for _, told = range l.Lines(ctx, time.Time{}, ever) {
	}
	if !errors.Is(told, context.Canceled) {
		t.Errorf("told %v", told)
	}
}
