package syncro

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// The limiter's scripts run here as they are, on a Redis whose clock the test
// sets, so that minutes take moments. A server's clock, its way of counting
// and the network's delays are not ours.

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

// slidingCounter takes the minute before as evenly spread, as proxies do that
// keep two numbers and no log.
func slidingCounter(limit int, offset time.Duration) server {
	counts := map[int64]int{}
	return func(t time.Time) bool {
		t = t.Add(offset)
		minute := t.Unix() / 60
		over := t.Sub(time.Unix(minute*60, 0)).Seconds() / 60
		if float64(counts[minute-1])*(1-over)+float64(counts[minute]) >= float64(limit) {
			return true
		}
		counts[minute]++
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

// office is some bots on one Redis, in a time of its own.
type office struct {
	t     *testing.T
	redis *miniredis.Miniredis
	bots  []*Limiter
	next  []time.Time // when each bot asks again
	now   time.Time
	rest  time.Duration // in which nobody wants anything
	asked int
	dice  *rand.Rand
}

var monday = time.Date(2026, 11, 23, 9, 0, 7, 0, time.UTC)

func newOffice(t *testing.T, seed uint64, bots int) *office {
	o := &office{t: t, redis: miniredis.RunT(t), now: monday, dice: rand.New(rand.NewPCG(seed, 2))}
	rdb := redis.NewClient(&redis.Options{Addr: o.redis.Addr()})
	t.Cleanup(func() { rdb.Close() })
	for range bots {
		o.bots = append(o.bots, NewLimiter(rdb, LimiterOptions{}))
		o.next = append(o.next, o.now.Add(o.upTo(time.Second)))
	}
	return o
}

func (o *office) upTo(d time.Duration) time.Duration { return time.Duration(o.dice.Int64N(int64(d))) }

// at sets the clock.
func (o *office) at(t time.Time) {
	o.now = t
	o.redis.SetTime(t)
}

// run lets the bots ask for a place, each as soon as it may, until the time is
// over. class chooses what a bot asks for, and sent is told of each request.
func (o *office) run(d time.Duration, class func(bot int) Class, sent func(bot int, class Class)) {
	for end := o.now.Add(d); ; {
		bot := 0
		for i, at := range o.next {
			if at.Before(o.next[bot]) {
				bot = i
			}
		}
		if !o.next[bot].Before(end) {
			o.at(end)
			return
		}
		o.at(o.next[bot])
		kind := class(bot)
		o.asked++
		wait := try(o.t, o.bots[bot], kind, fmt.Sprint(o.asked))
		if wait == 0 {
			sent(bot, kind)
		}
		// The way to Redis and back, and a process that is woken late.
		o.next[bot] = o.now.Add(wait + time.Millisecond + o.upTo(10*time.Millisecond))
		for i := range o.next {
			o.next[i] = o.next[i].Add(o.rest)
		}
		o.rest = 0
	}
}

// onTheWay is what a request takes to Syncro.
func (o *office) onTheWay() time.Duration { return 50*time.Millisecond + o.upTo(800*time.Millisecond) }

// TestNoServerRefuses: three bots with a backlog get more than 95 % of the 180
// a minute through, and no server that counts 180 a minute answers one 429,
// however it counts. The same for people who come and go.
func TestNoServerRefuses(t *testing.T) {
	t.Parallel()
	const minutes = 8
	kinds := []Class{ClassClick, ClassLookup, ClassPolling}
	for name, busy := range map[string]bool{"backlog": true, "comings and goings": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 1, 3)
			var arrivals []time.Time
			o.run(minutes*time.Minute, func(bot int) Class { return kinds[bot] }, func(int, Class) {
				arrivals = append(arrivals, o.now.Add(o.onTheWay()))
				if !busy && o.dice.IntN(40) == 0 {
					o.rest = o.upTo(40 * time.Second)
				}
			})
			slices.SortFunc(arrivals, time.Time.Compare)
			rate := float64(len(arrivals)) / minutes
			t.Logf("%.1f requests a minute, %d asked for", rate, o.asked)
			if busy && rate < .95*180 {
				t.Errorf("%.1f requests a minute of 180", rate)
			}
			servers := map[string]server{"sliding log": slidingLog(180), "bucket of 180": bucket(180, 180), "bucket of 60": bucket(180, 60), "bucket of 20": bucket(180, 20)}
			for _, offset := range []time.Duration{0, 7, 23, 31, 48} {
				servers[fmt.Sprintf("fixed minute, %d s off", offset)] = fixedMinute(180, offset*time.Second)
				servers[fmt.Sprintf("sliding counter, %d s off", offset)] = slidingCounter(180, offset*time.Second)
			}
			for name, refuses := range servers {
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
		})
	}
}

// TestAClickWaitsForNoPolling: while other bots poll as much as they may, a
// bill, the longest there is, waits for nothing; while they look things up
// without end, each of its requests waits for one place at the most.
func TestAClickWaitsForNoPolling(t *testing.T) {
	t.Parallel()
	const bill, between = 9, 150 * time.Millisecond
	for _, class := range []Class{ClassPolling, ClassLookup} {
		t.Run(class.String(), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 2, 3)
			most := time.Duration(0)
			if class == ClassLookup {
				most = o.bots[0].interval() + 20*time.Millisecond // and the time that asking takes
			}
			others := 0
			busy := func(d time.Duration) {
				o.run(d, func(int) Class { return class }, func(int, Class) { others++ })
			}
			for range 8 {
				busy(8*time.Second + o.upTo(20*time.Second))
				for n := range bill {
					begun := o.now
					for o.asked++; ; {
						wait := try(t, o.bots[0], ClassClick, fmt.Sprint(o.asked))
						if wait == 0 {
							break
						}
						busy(wait + time.Millisecond)
					}
					if waited := o.now.Sub(begun); waited > most {
						t.Errorf("request %d of a bill waited %s, want %s at most", n, waited, most)
					}
					busy(between)
				}
			}
			if perMinute := float64(others) / o.now.Sub(monday).Minutes(); perMinute < 90 {
				t.Errorf("%.0f others a minute: there was no backlog", perMinute)
			}
		})
	}
}

// TestAfterA429: everybody stops, one request tries alone, and what has piled
// up goes out at the steady rate. Many 429 of one moment lower the budget once.
func TestAfterA429(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, 3)
	click := func(int) Class { return ClassClick }
	o.run(30*time.Second, click, func(int, Class) {})
	over := o.now.Add(40 * time.Second)
	for range 5 {
		if err := o.bots[0].Pause(t.Context(), 40*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	var sent []time.Duration // after the pause
	o.run(70*time.Second, click, func(int, Class) { sent = append(sent, o.now.Sub(over)) })
	if len(sent) < 2 || sent[0] < 0 || sent[1] < limitAlone {
		t.Fatalf("%v after the pause, want one that tries", sent[:min(len(sent), 5)])
	}
	steady := o.bots[0].interval()
	for i, at := range sent[1:] {
		if fastest := sent[1] + time.Duration(i)*steady; at < fastest-5*time.Millisecond {
			t.Errorf("request %d after the pause leaves at %s: that is a rush", i+2, at)
		}
	}
	if _, _, budget, err := o.bots[1].ask(t.Context(), ClassClick, "last"); err != nil || budget != 163 {
		t.Errorf("the budget is %d (%v), want a tenth less and one back", budget, err)
	}
	o.at(o.now.Add(30 * time.Minute))
	if _, _, budget, err := o.bots[1].ask(t.Context(), ClassClick, "later"); err != nil || budget != 180 {
		t.Errorf("the budget is %d (%v), want all of it back", budget, err)
	}
}

// TestOthersAtTheAddress: another tool takes a third of the limit. The budget
// finds what is left: pauses become rare, and what is left is used.
func TestOthersAtTheAddress(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 4, 1)
	refuses := fixedMinute(180, 23*time.Second)
	other := o.now
	sent, pauses := 0, 0
	settled := func(d time.Duration) {
		sent, pauses = 0, 0
		o.run(d, func(int) Class { return ClassClick }, func(int, Class) {
			for ; other.Before(o.now); other = other.Add(time.Second) {
				refuses(other)
			}
			if !refuses(o.now) {
				sent++
				return
			}
			pauses++
			if err := o.bots[0].Pause(t.Context(), time.Minute); err != nil {
				t.Fatal(err)
			}
		})
	}
	settled(10 * time.Minute)
	t.Logf("the first 10 minutes: %d sent, %d pauses", sent, pauses)
	settled(20 * time.Minute)
	t.Logf("the next 20 minutes: %d sent, %d pauses", sent, pauses)
	if room := 20 * 120; pauses > 3 || sent < room*3/4 {
		t.Errorf("%d pauses in 20 minutes, and %d requests of the %d that there was room for", pauses, sent, room)
	}
}
