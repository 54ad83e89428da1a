package chat

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
)

// Work runs what goes on after an acknowledgement. It bounds how much goes on
// at once, in all and for one person, and lets a shutdown wait for it.
type Work struct {
	// Log, if set before the first Start, is told of a piece that panicked,
	// and the others go on: one payload must not take the bot down. What was
	// confirmed is found again by its record in Redis.
	Log *slog.Logger

	ctx    context.Context
	cancel context.CancelFunc
	limit  int

	mu      sync.Mutex
	closed  bool
	pieces  int
	of      map[string]int // pieces, by person
	running sync.WaitGroup
}

// A person has an eighth of all there is room for, so that one who types, or
// whose script types, without end takes nobody else's; all of them leave an
// eighth to the bot's own: what is in doubt is looked for whatever people do.
const share = 8

// leastShare is what a person has however little there is room for.
const leastShare = 8

// NewWork makes a Work that runs at most limit pieces at once.
func NewWork(limit int) *Work {
	ctx, cancel := context.WithCancel(context.Background())
	return &Work{ctx: ctx, cancel: cancel, limit: limit, of: map[string]int{}}
}

// Start runs f on a goroutine of its own. It reports false, and runs nothing,
// when too much is going on already or Drain was called. f's context carries
// the values of from, what a trace and the log know of the request behind it,
// and is cancelled only when Drain gives up waiting.
func (w *Work) Start(from context.Context, f func(ctx context.Context)) bool {
	return w.StartFor(from, "", f)
}

// StartFor is Start for something that a person did, whom who names (User.Key):
// it reports false as well when too much is going on for that person, or for
// people in all.
func (w *Work) StartFor(from context.Context, who string, f func(ctx context.Context)) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	room := w.limit
	if who != "" {
		room -= w.limit / share
	}
	if w.closed || w.pieces >= room || who != "" && w.of[who] >= max(w.limit/share, leastShare) {
		return false
	}
	w.pieces++
	w.of[who]++
	w.running.Go(func() {
		defer w.done(who)
		if w.Log != nil {
			defer w.survive()
		}
		ctx, cancel := context.WithCancel(context.WithoutCancel(from))
		defer cancel()
		defer context.AfterFunc(w.ctx, cancel)()
		f(ctx)
	})
	return true
}

// Reserve takes a place for something that who did before it is known whether
// there is anything to do, so that a flood is refused before anything is asked
// about it. Where it is true begin must be called, with what is to be run or
// with nil; only its first call counts.
func (w *Work) Reserve(from context.Context, who string) (begin func(f func(ctx context.Context)), ok bool) {
	what := make(chan func(context.Context), 1)
	ok = w.StartFor(from, who, func(ctx context.Context) {
		if f := <-what; f != nil {
			f(ctx)
		}
	})
	return func(f func(context.Context)) {
		select {
		case what <- f:
		default:
		}
	}, ok
}

func (w *Work) done(who string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pieces--
	if w.of[who]--; w.of[who] == 0 {
		delete(w.of, who)
	}
}

// Drain takes nothing new and waits for what is running. When ctx ends first
// the rest is cancelled, waited for, and ctx's error returned.
func (w *Work) Drain(ctx context.Context) error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	done := make(chan struct{})
	go func() { w.running.Wait(); close(done) }()
	select {
	case <-done:
		w.cancel()
		return nil
	case <-ctx.Done():
		w.cancel()
		<-done
		return ctx.Err()
	}
}

func (w *Work) survive() {
	if v := recover(); v != nil {
		w.Log.Error("a piece of work panicked", "panic", v, "stack", string(debug.Stack()))
	}
}
