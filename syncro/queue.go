package syncro

import (
	"context"
	"slices"
	"time"
)

// queue is those of one class who wait for the limiter, in the order in which
// they are served: by rounds, in each of which everybody has one turn. So the
// many requests of one person wait for each other and not before another's.
type queue struct {
	turns []*turn
	round int // of the turn that was served last
}

// turn is a caller of Limiter.Wait in the queue. Only the head of the queue
// asks Redis.
type turn struct {
	class Class
	key   Key
	round int
	opens time.Time     // not before this time, as Redis told the head; zero: not known
	wake  chan struct{} // something changed; holds one signal
}

// join gives key a turn in the first round in which it has none yet.
func (q *queue) join(class Class, key Key) *turn {
	t := &turn{class: class, key: key, round: q.round + 1, wake: make(chan struct{}, 1)}
	at := len(q.turns)
	for _, other := range slices.Backward(q.turns) {
		if other.key == key {
			t.round = max(t.round, other.round+1)
			break
		}
	}
	for at > 0 && q.turns[at-1].round > t.round {
		at--
	}
	q.turns = slices.Insert(q.turns, at, t)
	return t
}

// leave takes t out, served or not.
func (q *queue) leave(t *turn) {
	i := slices.Index(q.turns, t)
	if i == 0 {
		q.round = max(q.round, t.round)
	}
	q.turns = slices.Delete(q.turns, i, i+1)
}

func (t *turn) signal() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// sleep returns when t is woken, and for the first in the queue at the time
// it opens; with ctx's error when ctx ends.
func (t *turn) sleep(ctx context.Context, opens time.Time, first bool) error {
	var open <-chan time.Time
	if first {
		timer := time.NewTimer(time.Until(opens))
		defer timer.Stop()
		open = timer.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.wake:
		return nil
	case <-open:
		return nil
	}
}
