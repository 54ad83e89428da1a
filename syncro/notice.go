package syncro

import (
	"context"
	"sync"
	"time"
)

// tellAfter is how long a person waits for Syncro's limit without being told.
const tellAfter = 2 * time.Second

// OnWait returns a context in which tell is called, once, as soon as it is
// clear that the requests made with it wait longer than two seconds in all for
// Syncro's limit: wait is how much longer the one does that was asked for. The
// request does not leave before tell has returned, so that what comes of it
// cannot overtake what was told.
func OnWait(ctx context.Context, tell func(wait time.Duration)) context.Context {
	return context.WithValue(ctx, noticeKey{}, &notice{tell: tell})
}

type noticeKey struct{}

// notice is what a person has waited for the limit, and whether they know.
type notice struct {
	tell func(time.Duration)

	mu     sync.Mutex
	waited time.Duration // for requests that have left
	told   bool
}

func noticeOf(ctx context.Context) *notice {
	n, _ := ctx.Value(noticeKey{}).(*notice)
	return n
}

// waiting is one request's part of a notice. Its methods do nothing where
// there is nobody to tell.
type waiting struct {
	*notice
	begun   time.Time
	telling sync.WaitGroup
}

func (n *notice) begin() *waiting { return &waiting{notice: n, begun: time.Now()} }

// wait is told, again and again, when the request may leave, and tells the
// person where that is late. It does not wait for them to hear it: others are
// behind this request in the queue.
func (w *waiting) wait(opens time.Time) {
	if w.notice == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	left := max(time.Until(opens), 0)
	if w.told || w.waited+time.Since(w.begun)+left <= tellAfter {
		return
	}
	w.told = true
	w.telling.Go(func() { w.tell(left) })
}

// end is called when the request is out of the queue.
func (w *waiting) end() {
	if w.notice == nil {
		return
	}
	w.telling.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waited += time.Since(w.begun)
}
