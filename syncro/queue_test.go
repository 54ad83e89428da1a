package syncro

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// served takes n turns out of q as the limiter does and names their keys.
func (q *queue) served(n int) []Key {
	var keys []Key
	for range n {
		t := q.turns[0]
		q.leave(t)
		keys = append(keys, t.key)
	}
	return keys
}

// Whoever wants much waits for themselves: others have every second turn, and
// one who comes back again and again takes no more than that either.
func TestEverybodyHasATurnInEachRound(t *testing.T) {
	t.Parallel()
	dana, rob, sam := NewKey("dana"), NewKey("rob"), NewKey("sam")
	var q queue
	for range 10 {
		q.join(ClassLookup, dana)
	}
	got := q.served(2)
	q.join(ClassLookup, rob)
	q.join(ClassLookup, rob)
	q.join(ClassLookup, sam)
	got = append(got, q.served(4)...)
	for range 2 {
		q.join(ClassLookup, sam)
		got = append(got, q.served(2)...)
	}
	want := []Key{dana, dana, dana, rob, sam, dana, rob, dana, sam, dana}
	if !slices.Equal(got, want) {
		names := map[Key]string{dana: "dana", rob: "rob", sam: "sam"}
		for i := range got {
			t.Errorf("turn %d: %s, want %s", i+1, names[got[i]], names[want[i]])
		}
	}
}

// Who gives up leaves the order of the others as it is.
func TestWhoGivesUpIsSkipped(t *testing.T) {
	t.Parallel()
	dana, rob := NewKey("dana"), NewKey("rob")
	var q queue
	q.join(ClassClick, dana)
	second := q.join(ClassClick, dana)
	q.join(ClassClick, rob)
	q.join(ClassClick, dana)
	q.leave(second)
	if got, want := q.served(3), []Key{dana, rob, dana}; !slices.Equal(got, want) {
		t.Errorf("served %v, want %v", got, want)
	}
}

// A person is told once, when the requests of what they asked for wait longer
// than two seconds in all, and nothing goes on before they were.
func TestAPersonIsToldOfALongWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []time.Duration
		ctx := OnWait(t.Context(), func(wait time.Duration) {
			time.Sleep(300 * time.Millisecond) // until the platform has it
			told = append(told, wait)
		})
		request := func(waits ...time.Duration) {
			w := noticeOf(ctx).begin()
			for _, wait := range waits {
				w.wait(time.Now().Add(wait))
				time.Sleep(wait)
			}
			w.end()
		}
		request(900 * time.Millisecond)
		request(400*time.Millisecond, 600*time.Millisecond)
		if told != nil {
			t.Fatalf("told %v after 1.9 seconds", told)
		}
		request(50*time.Millisecond, 5*time.Second, 7*time.Second)
		request(9 * time.Second)
		if !slices.Equal(told, []time.Duration{5 * time.Second}) {
			t.Errorf("told %v, want once, when it was clear", told)
		}
		begun := time.Now()
		other := OnWait(context.Background(), func(time.Duration) { time.Sleep(time.Second) })
		w := noticeOf(other).begin()
		w.wait(begun.Add(time.Minute))
		w.end()
		if took := time.Since(begun); took != time.Second {
			t.Errorf("went on after %s, want when the person was told", took)
		}
		quiet := noticeOf(context.Background()).begin()
		quiet.wait(time.Now().Add(time.Minute))
		quiet.end()
	})
}
