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
// served first; between processes each class leaves a share of the budget, and
// of the burst, to the more urgent ones.
type Class int

// The classes, the most urgent first.
const (
	ClassClick   Class = iota // sending, looking whether it happened, billing steps: the whole budget
	ClassLookup               // what people read: 95 %
	ClassPolling              // what nobody waits for: 60 %
)

// shares are the classes' shares, in percent.
var shares = [...]int{ClassClick: 100, ClassLookup: 95, ClassPolling: 60}

// String is the class's name in the figures.
func (c Class) String() string { return [...]string{"click", "lookup", "polling"}[c] }

const (
	// limitWindow is a minute, and a second for answers that take longer on
	// the way than others.
	limitWindow = 61 * time.Second
	// limitBurst is how many requests may leave at once after a rest.
	limitBurst = 15
	// limitAlone is how long the first request after a pause goes alone: an
	// answer of Syncro's takes less as a rule.
	limitAlone = 2 * time.Second
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

// UncountedError says that Redis did not count a request, so that it was not
// sent: whoever sends what nobody counts may use up what others need.
type UncountedError struct{ Err error }

// Error says why Redis did not.
func (e *UncountedError) Error() string {
	return "ask Redis whether a request may be sent: " + e.Err.Error()
}

// Unwrap is the cause.
func (e *UncountedError) Unwrap() error { return e.Err }

// LimiterOptions are the parts and the budget of a Limiter.
type LimiterOptions struct {
	PerMinute int    // requests per minute, 180 where 0: what Syncro allows an IP address
	Prefix    string // of its keys in Redis, "syncrobot:" where empty

	// Observe, if not nil, is told of each request that may leave: how long
	// it waited, how many left in the last minute, and how many may.
	Observe func(class Class, waited time.Duration, used, budget int)
}

// Limiter holds all requests of all processes together below Syncro's limit,
// which counts per IP address and so over everybody's keys. It keeps two rules
// at once, in Redis: at most PerMinute in any 61 seconds, and the steady rate
// of that with a burst of 15. By simulation these two get 177 of 180 a minute
// through whether the server counts calendar minutes, a sliding minute or a
// bucket. Every request counts when it is sent, and none is given back.
//
// A 429 all the same means that others use the limit too. Then everybody
// pauses, one request tries, and the budget is a tenth less and comes back by
// one a minute.
type Limiter struct {
	rdb       redis.UniversalClient
	script    *redis.Script
	pause     *redis.Script
	keys      []string
	perMinute int
	observe   func(class Class, waited time.Duration, used, budget int)

	mu    sync.Mutex
	queue [len(shares)]queue
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
	if o.Observe == nil {
		o.Observe = func(Class, time.Duration, int, int) {}
	}
	tag := o.Prefix + "{limit}:" // one slot in a Cluster
	return &Limiter{
		rdb:       rdb,
		script:    redis.NewScript(limitScript),
		pause:     redis.NewScript(pauseScript),
		keys:      []string{tag + "log", tag + "tat", tag + "pause", tag + "budget"},
		perMinute: o.PerMinute,
		observe:   o.Observe,
	}
}

// Wait returns nil when one request with key may be sent now; it is counted
// already. It fails with a *BusyError as soon as it is clear that ctx ends
// first, with ctx's error when ctx is cancelled, and with an *UncountedError
// when Redis does not answer. See OnWait.
func (l *Limiter) Wait(ctx context.Context, class Class, key Key) error {
	begun, id := time.Now(), rand.Text()
	said := noticeOf(ctx).begin()
	defer said.end()
	t := l.join(class, key)
	defer l.leave(t)
	for {
		first := l.head() == t
		if first {
			wait, used, budget, err := l.ask(ctx, class, id)
			switch {
			case err != nil && ctx.Err() != nil: // which is why Redis was not heard
				return l.late(ctx, t)
			case err != nil:
				return &UncountedError{Err: err}
			case wait == 0:
				l.observe(class, time.Since(begun), used, budget)
				return nil
			}
			l.opened(t, time.Now().Add(wait))
		}
		opens := l.opens(t)
		if deadline, ok := ctx.Deadline(); ok && opens.After(deadline) {
			return &BusyError{Wait: time.Until(opens)}
		}
		said.wait(opens)
		if t.sleep(ctx, opens, first) != nil {
			return l.late(ctx, t)
		}
	}
}

// late is why t's wait ended with ctx.
func (l *Limiter) late(ctx context.Context, t *turn) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &BusyError{Wait: max(time.Until(l.opens(t)), l.interval())}
	}
	return ctx.Err()
}

// Pause makes everybody wait for d, in all processes: Syncro said 429.
func (l *Limiter) Pause(ctx context.Context, d time.Duration) error {
	err := l.pause.Run(ctx, l.rdb, l.keys, max(d.Microseconds(), 1), l.perMinute, limitWindow.Microseconds()).Err()
	if err != nil {
		return fmt.Errorf("close the gate in Redis: %w", err)
	}
	return nil
}

// ask asks Redis for a place for the request id. It returns 0, and the place
// is taken, or how long to wait before asking again.
func (l *Limiter) ask(ctx context.Context, class Class, id string) (wait time.Duration, used, budget int, err error) {
	n, err := l.script.Run(ctx, l.rdb, l.keys, l.perMinute, shares[class],
		limitWindow.Microseconds(), limitBurst, limitAlone.Microseconds(), id).Int64Slice()
	if err == nil && len(n) != 3 {
		err = fmt.Errorf("limit.lua answered %d", n)
	}
	if err != nil {
		return 0, 0, 0, err
	}
	return time.Duration(n[0]) * time.Millisecond, int(n[1]), int(n[2]), nil
}

// interval is what one request takes at the steady rate.
func (l *Limiter) interval() time.Duration { return limitWindow / time.Duration(l.perMinute) }

// join puts a new turn into the queue.
func (l *Limiter) join(class Class, key Key) *turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queue[class].join(class, key)
}

// leave takes t out of the queue and wakes the next.
func (l *Limiter) leave(t *turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue[t.class].leave(t)
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
	for i := range l.queue {
		for _, other := range l.queue[i].turns {
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

// opens is when t may be served at the earliest: when the head of the queue
// is, and at the steady rate all that are before t. Zero while nothing is known.
func (l *Limiter) opens(t *turn) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	head := l.front()
	if head == nil || head.opens.IsZero() {
		return time.Time{}
	}
	ahead := slices.Index(l.queue[t.class].turns, t)
	for class := range t.class {
		ahead += len(l.queue[class].turns)
	}
	return head.opens.Add(time.Duration(max(ahead, 0)) * l.interval())
}

// front is the most urgent turn, the first of its class. l.mu is held.
func (l *Limiter) front() *turn {
	for i := range l.queue {
		if turns := l.queue[i].turns; len(turns) > 0 {
			return turns[0]
		}
	}
	return nil
}
