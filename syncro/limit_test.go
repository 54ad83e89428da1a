package syncro

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/internal/redistest"
)

// server counts requests as some server might, and says whether it answers
// 429 to one that arrives at t.
type server func(t time.Time) (refused bool)

func fixedMinute(limit int, offset time.Duration) server {
	counts := map[int64]int{}
	return func(t time.Time) bool {
		minute := t.Add(offset).Unix() / 60
		counts[minute]++
		return counts[minute] > limit
	}
}

func slidingLog(limit int) server {
	var log []time.Time
	return func(t time.Time) bool {
		log = slices.DeleteFunc(log, func(old time.Time) bool { return t.Sub(old) >= time.Minute })
		if len(log) >= limit {
			return true
		}
		log = append(log, t)
		return false
	}
}

func bucket(limit, burst int) server {
	tokens, last := float64(burst), time.Time{}
	return func(t time.Time) bool {
		if !last.IsZero() {
			tokens = min(tokens+t.Sub(last).Seconds()*float64(limit)/60, float64(burst))
		}
		last = t
		if tokens < 1 {
			return true
		}
		tokens--
		return false
	}
}

// A server's clock, its way of counting and the network's delays are not
// ours. The script runs here as it is, on a Redis whose clock the test sets.
func TestLimiterKeepsBelowEveryKindOfServer(t *testing.T) {
	t.Parallel()
	redisServer := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: redisServer.Addr()})
	t.Cleanup(func() { rdb.Close() })
	limiter := NewLimiter(rdb, LimiterOptions{})

	const minutes = 6
	random := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 11, 23, 9, 0, 7, 0, time.UTC)
	var arrivals []time.Time
	now := start
	for n := 0; now.Sub(start) < minutes*time.Minute; n++ {
		redisServer.SetTime(now)
		wait, err := limiter.ask(t.Context(), ClassClick, fmt.Sprint(n))
		if err != nil {
			t.Fatal(err)
		}
		if wait > 0 {
			now = now.Add(wait)
			continue
		}
		arrivals = append(arrivals, now.Add(50*time.Millisecond+time.Duration(random.IntN(400))*time.Millisecond))
	}
	slices.SortFunc(arrivals, time.Time.Compare)

	if sent := len(arrivals); sent < 175*minutes || sent > 181*minutes {
		t.Errorf("%d requests in %d minutes, want between 175 and 181 a minute", sent, minutes)
	}
	for name, refuses := range map[string]server{
		"fixed minute":                 fixedMinute(180, 0),
		"fixed minute, another offset": fixedMinute(180, 23*time.Second),
		"sliding log":                  slidingLog(180),
		"bucket of 180":                bucket(180, 180),
		"bucket of 60":                 bucket(180, 60),
	} {
		refused := 0
		for _, at := range arrivals {
			if refuses(at) {
				refused++
			}
		}
		if refused > 0 {
			t.Errorf("%s: %d of %d requests were refused", name, refused, len(arrivals))
		}
	}
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
		if wait, err := limiter.ask(t.Context(), ClassClick, fmt.Sprint(n)); wait != 0 || err != nil {
			t.Fatalf("request %d of the burst: wait %s, %v", n, wait, err)
		}
	}
	redisServer.SetTime(now.Add(-time.Hour))
	wait, err := limiter.ask(t.Context(), ClassClick, "after")
	if err != nil || wait > time.Second {
		t.Errorf("wait %s, %v; want at most one interval of a second", wait, err)
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
		wait, err := limiter.ask(t.Context(), ClassClick, fmt.Sprint(n))
		if err != nil {
			t.Fatal(err)
		}
		if wait == 0 {
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
		if wait, err := limiter.ask(t.Context(), ClassClick, id); wait != 0 || err != nil {
			t.Fatalf("%d, %s: wait %s, %v", n, id, wait, err)
		}
	}
	if wait, err := limiter.ask(t.Context(), ClassClick, "one more"); wait == 0 || err != nil {
		t.Errorf("one more than the burst: wait %s, %v", wait, err)
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
			now = now.Add(500 * time.Millisecond) // a little faster than the steady rate, 600 ms
			redisServer.SetTime(now)
			wait, err := limiter.ask(t.Context(), class, fmt.Sprint("r", used))
			if err != nil {
				t.Fatal(err)
			}
			if wait > 600*time.Millisecond {
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
	err := two.Wait(ctx, ClassClick)
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
		if err := limiter.Wait(patient, ClassLookup); !errors.Is(err, context.Canceled) {
			t.Errorf("the one without a deadline: %v, want cancelled", err)
		}
	})
	for limiter.head() == nil {
		time.Sleep(time.Millisecond)
	}
	hurried, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := limiter.Wait(hurried, ClassLookup)
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
	if err := limiter.Wait(ctx, ClassClick); err == nil {
		t.Error("a request may be sent that nobody counts")
	}
}

// Who waits in one process is served by class, and within a class in order.
func TestClicksGoFirst(t *testing.T) {
	t.Parallel()
	redisServer := redistest.Start(t)
	limiter := NewLimiter(redisServer.Client(), LimiterOptions{PerMinute: 600}) // 100 ms each
	for n := range limitBurst {
		if _, err := limiter.ask(t.Context(), ClassClick, fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := limiter.Pause(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var served []string
	var all sync.WaitGroup
	wait := func(name string, class Class) {
		before := waiting(limiter)
		all.Go(func() {
			if err := limiter.Wait(t.Context(), class); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			served = append(served, name)
		})
		for waiting(limiter) == before {
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

func waiting(l *Limiter) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, q := range l.queue {
		n += len(q)
	}
	return n
}
