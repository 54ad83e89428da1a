package syncro

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/internal/redistest"
)

// try asks for a place, as the head of a limiter's queue does.
func try(t testing.TB, l *Limiter, class Class, id string) (wait time.Duration) {
	t.Helper()
	wait, _, _, err := l.ask(t.Context(), class, id)
	if err != nil {
		t.Fatal(err)
	}
	return wait
}

func TestLimiterAfterTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	redisServer := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: redisServer.Addr()})
	t.Cleanup(func() { rdb.Close() })
	limiter := NewLimiter(rdb, LimiterOptions{PerMinute: 60})
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	redisServer.SetTime(now)
	for n := range limitBurst {
		if wait := try(t, limiter, ClassClick, fmt.Sprint(n)); wait != 0 {
			t.Fatalf("request %d of the burst: wait %s", n, wait)
		}
	}
	redisServer.SetTime(now.Add(-time.Hour))
	if wait := try(t, limiter, ClassClick, "after"); wait > limiter.interval()+time.Millisecond {
		t.Errorf("wait %s, want at most one interval", wait)
	}
}

func TestLimitersShareOneBudget(t *testing.T) {
	t.Parallel()
	redisServer := redistest.Start(t)
	one := NewLimiter(redisServer.Client(), LimiterOptions{PerMinute: 60})
	two := NewLimiter(redisServer.Client(), LimiterOptions{PerMinute: 60})
	var allowed int
	for n := range 3 * limitBurst {
		limiter := []*Limiter{one, two}[n%2]
		if try(t, limiter, ClassClick, fmt.Sprint(n)) == 0 {
			allowed++
		}
	}
	// Asking 60 times may take long enough for a place or two more.
	if allowed < limitBurst || allowed > limitBurst+5 {
		t.Errorf("%d requests at once by two limiters, want the burst of %d", allowed, limitBurst)
	}
}

// The Redis client sends a script again when the connection breaks before the
// answer.
func TestAScriptThatRedisGetsTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	limiter := NewLimiter(redistest.Start(t).Client(), LimiterOptions{PerMinute: 20}) // the burst, and one in three seconds
	ids := slices.Repeat([]string{"the same"}, 5)
	for n := range limitBurst - 1 {
		ids = append(ids, fmt.Sprint(n))
	}
	for n, id := range ids {
		if wait := try(t, limiter, ClassClick, id); wait != 0 {
			t.Fatalf("%d, %s: wait %s", n, id, wait)
		}
	}
	if try(t, limiter, ClassClick, "one more") == 0 {
		t.Error("one more than the burst may leave")
	}
}

func TestClassesLeaveAShare(t *testing.T) {
	t.Parallel()
	redisServer := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: redisServer.Addr()})
	t.Cleanup(func() { rdb.Close() })
	limiter := NewLimiter(rdb, LimiterOptions{PerMinute: 100})
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	used := 0
	fill := func(class Class, until int) {
		t.Helper()
		for used <= until {
			now = now.Add(500 * time.Millisecond) // a little faster than the steady rate, 610 ms
			redisServer.SetTime(now)
			wait := try(t, limiter, class, fmt.Sprint("r", used))
			if wait > limiter.interval() {
				break
			}
			if wait == 0 {
				used++
			}
		}
		if used != until {
			t.Errorf("class %d stopped after %d requests, want %d", class, used, until)
		}
	}
	fill(ClassPolling, 60)
	fill(ClassLookup, 95)
	fill(ClassClick, 100)
}

func TestAPauseHoldsForEverybody(t *testing.T) {
	t.Parallel()
	redisServer := redistest.Start(t)
	one := NewLimiter(redisServer.Client(), LimiterOptions{})
	two := NewLimiter(redisServer.Client(), LimiterOptions{})
	if err := one.Pause(t.Context(), 40*time.Second); err != nil {
		t.Fatal(err)
	}
	if err := two.Pause(t.Context(), 5*time.Second); err != nil { // shorter: changes nothing
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := two.Wait(ctx, ClassClick, Key{})
	busy, ok := errors.AsType[*BusyError](err)
	if !ok || busy.Wait < 20*time.Second || busy.Wait > 40*time.Second {
		t.Errorf("error %v, want busy for 20 to 40 seconds", err)
	}
	if ctx.Err() != nil {
		t.Error("it said so only when the time was over")
	}
}

func TestThoseBehindTheFirstFailEarlyToo(t *testing.T) {
	t.Parallel()
	redisServer := redistest.Start(t)
	limiter := NewLimiter(redisServer.Client(), LimiterOptions{})
	if err := limiter.Pause(t.Context(), 40*time.Second); err != nil {
		t.Fatal(err)
	}
	patient, stop := context.WithCancel(t.Context())
	var first sync.WaitGroup
	first.Go(func() {
		if err := limiter.Wait(patient, ClassLookup, Key{}); !errors.Is(err, context.Canceled) {
			t.Errorf("the one without a deadline: %v, want cancelled", err)
		}
	})
	for limiter.head() == nil {
		time.Sleep(time.Millisecond)
	}
	hurried, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := limiter.Wait(hurried, ClassLookup, Key{})
	if _, ok := errors.AsType[*BusyError](err); !ok || hurried.Err() != nil {
		t.Errorf("the one behind: %v (time over: %v), want busy at once", err, hurried.Err())
	}
	stop()
	first.Wait()
}

func TestWithoutRedisNothingMayBeSent(t *testing.T) {
	t.Parallel()
	redisServer := redistest.Start(t)
	limiter := NewLimiter(redisServer.Client(), LimiterOptions{})
	redisServer.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := limiter.Wait(ctx, ClassClick, Key{})
	if _, ok := errors.AsType[*UncountedError](err); !ok {
		t.Errorf("%v, want that nobody counts", err)
	}
}

// Who waits in one process is served by class, and within a class in order.
func TestClicksGoFirst(t *testing.T) {
	t.Parallel()
	redisServer := redistest.Start(t)
	limiter := NewLimiter(redisServer.Client(), LimiterOptions{PerMinute: 600}) // 100 ms each
	for n := range limitBurst {
		try(t, limiter, ClassClick, fmt.Sprint(n))
	}
	if err := limiter.Pause(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var served []string
	var all sync.WaitGroup
	wait := func(name string, class Class) {
		before := queued(limiter)
		all.Go(func() {
			if err := limiter.Wait(t.Context(), class, Key{}); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			served = append(served, name)
		})
		for queued(limiter) == before {
			time.Sleep(time.Millisecond)
		}
	}
	wait("poll 1", ClassPolling)
	wait("poll 2", ClassPolling)
	wait("look 1", ClassLookup)
	wait("click 1", ClassClick)
	wait("look 2", ClassLookup)
	wait("click 2", ClassClick)
	if err := limiter.rdb.Del(t.Context(), limiter.keys[2]).Err(); err != nil {
		t.Fatal(err)
	}
	limiter.mu.Lock()
	limiter.front().signal()
	limiter.mu.Unlock()
	all.Wait()
	want := []string{"click 1", "click 2", "look 1", "look 2", "poll 1", "poll 2"}
	if !slices.Equal(served, want) {
		t.Errorf("served %q, want %q", served, want)
	}
}

func queued(l *Limiter) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, q := range l.queue {
		n += len(q.turns)
	}
	return n
}

// Those behind others are told how long those take.
func TestTheWaitOfThoseBehindOthers(t *testing.T) {
	t.Parallel()
	redisServer := redistest.Start(t)
	limiter := NewLimiter(redisServer.Client(), LimiterOptions{PerMinute: 61}) // one a second
	if err := limiter.Pause(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	told := make(chan time.Duration, 1)
	for range 20 {
		before := queued(limiter)
		all.Go(func() { limiter.Wait(ctx, ClassClick, NewKey("rob")) })
		for queued(limiter) == before {
			time.Sleep(time.Millisecond)
		}
	}
	all.Go(func() {
		limiter.Wait(OnWait(ctx, func(d time.Duration) { told <- d }), ClassLookup, NewKey("dana"))
	})
	if wait := <-told; wait < 59*time.Minute || wait > time.Hour+20*time.Second {
		t.Errorf("told %s, want an hour and 20 seconds less what went by", wait)
	}
	stop()
	all.Wait()
}
