package chat

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
)

// Work runs what goes on after an acknowledgement. It bounds how much goes on
// at once and lets a shutdown wait for it.
type Work struct {
	// Log, if set before the first Start, is told of a piece that panicked,
	// and the others go on: one payload must not take the bot down. What was
	// confirmed is found again by its record in Redis.
	Log *slog.Logger

	ctx    context.Context
	cancel context.CancelFunc
	slots  chan struct{}

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// NewWork makes a Work that runs at most limit pieces at once.
func NewWork(limit int) *Work {
	ctx, cancel := context.WithCancel(context.Background())
	return &Work{ctx: ctx, cancel: cancel, slots: make(chan struct{}, limit)}
}

// Start runs f on a goroutine of its own. It reports false, and runs nothing,
// when too much is going on already or Drain was called. f's context carries
// the values of from, what a trace and the log know of the request behind it,
// and is cancelled only when Drain gives up waiting.
func (w *Work) Start(from context.Context, f func(ctx context.Context)) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	select {
	case w.slots <- struct{}{}:
	default:
		return false
	}
	w.running.Go(func() {
		defer func() { <-w.slots }()
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
