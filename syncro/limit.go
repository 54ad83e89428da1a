package syncro

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Class is how urgent a request is. Within a process the more urgent is
// served first; between processes each class leaves a share of the budget to
// the more urgent ones.
type Class int

// The classes, the most urgent first.
const (
	ClassClick   Class = iota // sending, looking whether it happened, billing steps: the whole budget
	ClassLookup               // what people read: while less than 95 % is used
	ClassPolling              // what nobody waits for: while less than 60 % is used
)

const (
	// limitWindow is a minute, and a second for answers that take longer on
	// the way than others.
	limitWindow = 61 * time.Second
	// limitBurst is how many requests may leave at once after a rest.
	limitBurst = 20
)

//go:embed limit.lua
var limitScript string

//go:embed pause.lua
var pauseScript string

// BusyError says that a request cannot leave before its context ends. Nothing
// was sent.
type BusyError struct {
	Wait time.Duration // how long it would have to wait, as far as known
}

// Error says how long it would take.
func (e *BusyError) Error() string {
	return fmt.Sprintf("the requests that Syncro allows per minute are used up; the next may leave in %s", e.Wait.Round(time.Second/10))
}

// LimiterOptions are the parts and the budget of a Limiter.
type LimiterOptions struct {
	PerMinute int    // requests per minute, 180 where 0: what Syncro allows an IP address
	Prefix    string // of its keys in Redis, "syncrobot:" where empty
}

// Limiter holds all requests of all processes together below Syncro's limit,
// which counts per IP address and so over everybody's keys. It keeps two rules
// at once, in Redis: at most PerMinute in any 61 seconds, and a steady rate
// with a burst of 20. By simulation these two get 178 of 180 a minute through
// whether the server counts calendar minutes, a sliding minute or a bucket.
// Every request counts when it is sent, and none is given back.
type Limiter struct {
	rdb       redis.UniversalClient
	script    *redis.Script
	pause     *redis.Script
	keys      []string
	perMinute int

	mu    sync.Mutex
	queue [ClassPolling + 1][]*turn
}

// turn is a caller of Wait in the queue. Only the head of the queue asks Redis.
type turn struct {
	class Class
	opens time.Time     // not before this time, as Redis told the head; zero: not known
	wake  chan struct{} // something changed; holds one signal
}

// NewLimiter makes a limiter. All that are made with the same Redis and prefix
// share one budget.
func NewLimiter(rdb redis.UniversalClient, o LimiterOptions) *Limiter {
	if o.PerMinute == 0 {
		o.PerMinute = 180
	}
	if o.Prefix == "" {
		o.Prefix = "syncrobot:"
	}
	tag := o.Prefix + "{limit}:" // one slot in a Cluster
	return &Limiter{
		rdb:       rdb,
		script:    redis.NewScript(limitScript),
		pause:     redis.NewScript(pauseScript),
		keys:      []string{tag + "log", tag + "tat", tag + "gate"},
		perMinute: o.PerMinute,
	}
}

// Wait returns nil when one request may be sent now; it is counted already.
// It fails with a *BusyError as soon as it is clear that ctx ends first, with
// ctx's error when ctx is cancelled, and when Redis does not answer.
func (l *Limiter) Wait(ctx context.Context, class Class) error {
	id := rand.Text()
	t := l.join(class)
	defer l.leave(t)
	for {
		first := l.head() == t
		if first {
			wait, err := l.ask(ctx, class, id)
			if err != nil {
				return fmt.Errorf("ask Redis whether a request may be sent: %w", err)
			}
			if wait == 0 {
				return nil
			}
			l.opened(t, time.Now().Add(wait))
		}
		opens := l.opens()
		if deadline, ok := ctx.Deadline(); ok && opens.After(deadline) {
			return &BusyError{Wait: time.Until(opens)}
		}
		if err := t.sleep(ctx, opens, first); err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				return &BusyError{Wait: max(time.Until(l.opens()), l.interval())}
			}
			return err
		}
	}
}

// Pause makes everybody wait for d, in all processes: Syncro said 429.
func (l *Limiter) Pause(ctx context.Context, d time.Duration) error {
	if err := l.pause.Run(ctx, l.rdb, l.keys[2:], max(d.Microseconds(), 1)).Err(); err != nil {
		return fmt.Errorf("close the gate in Redis: %w", err)
	}
	return nil
}

// ask asks Redis for a place for the request id. It returns 0, and the place
// is taken, or how long to wait before asking again.
func (l *Limiter) ask(ctx context.Context, class Class, id string) (time.Duration, error) {
	ms, err := l.script.Run(ctx, l.rdb, l.keys,
		l.share(class), limitWindow.Microseconds(), l.interval().Microseconds(), limitBurst, id).Int64()
	return time.Duration(ms) * time.Millisecond, err
}

// share is how many requests of all classes may be in the window for one of
// this class to be added.
func (l *Limiter) share(class Class) int {
	switch class {
	case ClassClick:
		return l.perMinute
	case ClassLookup:
		return max(l.perMinute*95/100, 1)
	default:
		return max(l.perMinute*60/100, 1)
	}
}

func (l *Limiter) interval() time.Duration { return time.Minute / time.Duration(l.perMinute) }

func (l *Limiter) join(class Class) *turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := &turn{class: class, wake: make(chan struct{}, 1)}
	l.queue[class] = append(l.queue[class], t)
	return t
}

// leave takes t out of the queue and wakes the next.
func (l *Limiter) leave(t *turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := &l.queue[t.class]
	*q = slices.DeleteFunc(*q, func(other *turn) bool { return other == t })
	if next := l.front(); next != nil {
		next.signal()
	}
}

// opened notes what Redis told t, and lets all who wait behind it see whether
// their time still suffices: they are served later than t.
func (l *Limiter) opened(t *turn, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.opens = at
	for _, q := range l.queue {
		for _, other := range q {
			if other != t {
				other.signal()
			}
		}
	}
}

func (l *Limiter) head() *turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.front()
}

func (l *Limiter) opens() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.front(); t != nil {
		return t.opens
	}
	return time.Time{}
}

// front is the most urgent turn, the oldest of its class. l.mu is held.
func (l *Limiter) front() *turn {
	for _, q := range l.queue {
		if len(q) > 0 {
			return q[0]
		}
	}
	return nil
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
