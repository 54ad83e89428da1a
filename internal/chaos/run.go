package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// plan is what a run does.
type plan struct {
	mode    string
	seed    uint64
	changes int
	people  int
	only    string
	calm    bool
	overlay string
	log     string
}

// The bot's times in a run: in the same relation to each other as the
// defaults, and short enough to see many ends. All are keys of the config.
const (
	timeout  = 2 * time.Second
	patience = 8 * time.Second
	// A record shows up at most so late; less than the quarantine, timeout +
	// patience / 2, beyond which nothing is promised.
	lateness = 3 * time.Second
)

// world is one run.
type world struct {
	plan
	*shop.Shop
	memory memory
	way    *proxy // from the bots to Syncro
	bots   *bots
	log    io.Writer
	begun  time.Time

	technicians []*technician

	mu     sync.Mutex
	struck map[string]int // how often what went wrong
	writes map[string]int // requests that reached Syncro, by method, path and body
}

// run opens a world, lets people work in it while things go wrong, and judges.
func run(ctx context.Context, p plan) (_ *report, err error) {
	w := &world{plan: p, log: io.Discard, struck: map[string]int{}, writes: map[string]int{}}
	if p.log != "" {
		f, err := os.Create(p.log)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		w.log = &lines{w: f}
	}
	dir, err := os.MkdirTemp("", "syncrobot-chaos-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	redis.SetLogger(silence{})
	program, err := shop.Build(ctx, dir, p.overlay)
	if err != nil {
		return nil, err
	}
	if w.memory, err = openMemory(p.mode, dir); err != nil {
		return nil, err
	}
	defer w.memory.close()
	w.Shop, err = shop.Open(shop.Options{
		Redis: w.memory.yaml(), Crowd: p.people,
		Syncro:     syncrosim.Options{PerMinute: -1, Seed: p.seed},
		SyncroKeys: fmt.Sprintf(", timeout: %s, requests_per_minute: 100000", timeout),
		Config:     fmt.Sprintf("confirm: {patience: %s}\nshutdown_grace: 5s\n", patience) + newsConfig,
		Front:      w.countWrites,
		Way: func(address string) (string, error) {
			if w.way, err = newProxy(address); err != nil {
				return "", err
			}
			return w.way.addr(), nil
		},
	})
	if err != nil {
		return nil, err
	}
	defer w.Close()
	defer w.way.close()
	w.Teams.SetUnlimited(true)
	if w.bots, err = startBots(ctx, 2, program, w.Config(), w.log); err != nil {
		return nil, err
	}
	defer w.bots.close()
	door, err := w.Listen(w.bots)
	if err != nil {
		return nil, err
	}
	w.PointAt(door)
	w.begun = time.Now()
	w.tellNews(ctx, door)
	outcomes, err := w.work(ctx)
	if err != nil {
		return nil, err
	}
	r := w.judge(outcomes)
	behind, err := w.leftBehind(ctx)
	if err != nil {
		return nil, err
	}
	if w.mode == "single" {
		r.violations = append(r.violations, behind...)
	}
	r.behind = len(behind)
	told, untold := w.untold(ctx)
	r.told, r.violations = told, append(r.violations, untold...)
	return r, nil
}

// leftBehind waits for the last drawings and tells which cards say for ever
// that something is being sent. A fail-over may do that to a card whose click
// it forgot together with the process that knew of it: "pending" shows it.
func (w *world) leftBehind(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		var behind []string
		for _, t := range w.technicians {
			cards, err := t.person.Cards()
			if err != nil {
				return nil, err
			}
			newest := map[string]string{}
			for _, c := range cards {
				newest[name(c)] = c.ID
			}
			for _, c := range cards {
				if c.ID == newest[name(c)] && !c.Offers("Refresh") && (c.Has("Confirmed. Sending to Syncro") || c.Has("I am looking whether it arrived")) {
					behind = append(behind, fmt.Sprintf("a card of %s was left behind: %s", t.name, c.Text))
				}
			}
		}
		if len(behind) == 0 || !wait(ctx, glance) {
			return behind, nil
		}
	}
}

// countWrites counts the requests that change something, as they reach Syncro.
func (w *world) countWrites(syncro http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // it never arrived whole, and Syncro does not hear of it
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			w.mu.Lock()
			w.writes[r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api/v1")+" "+string(body)]++
			w.mu.Unlock()
		}
		syncro.ServeHTTP(rw, r)
	})
}

// work lets people do the changes, and breaks things meanwhile; the last of
// them end in peace.
func (w *world) work(ctx context.Context) ([]outcome, error) {
	deeds := make(chan deed)
	var mu sync.Mutex
	var outcomes []outcome
	var people, trouble sync.WaitGroup
	calm, quiet := context.WithCancel(ctx)
	defer quiet()
	failed := make(chan error, 8)
	if !w.calm {
		for i, track := range w.tracks() {
			rng := w.rng("track", uint64(i))
			trouble.Go(func() {
				if err := w.suffer(calm, track, rng); err != nil {
					failed <- err
				}
			})
		}
	}
	for i := range w.people {
		t := w.technician(i)
		t.calm = calm
		w.technicians = append(w.technicians, t)
		people.Go(func() {
			for d := range deeds {
				o := t.work(ctx, d)
				mu.Lock()
				outcomes = append(outcomes, o)
				mu.Unlock()
			}
		})
	}
	list := w.deeds()
	for _, d := range list {
		select {
		case deeds <- d:
		case <-ctx.Done():
		}
	}
	close(deeds)
	quiet() // what is under way now ends in peace
	trouble.Wait()
	w.Syncro.ClearFaults()
	healing, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	if err := w.memory.whole(healing); err != nil {
		return nil, fmt.Errorf("the end of trouble: Redis does not recover: %w", err)
	}
	people.Wait()
	select {
	case err := <-failed:
		return nil, err
	default:
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(outcomes, func(a, b outcome) int { return cmp.Compare(a.mark, b.mark) })
	return outcomes, nil
}

// rng is a source of its own for each thing that is decided, so that none
// depends on the order in which they are.
func (w *world) rng(what string, i uint64) *rand.Rand {
	salt := uint64(0)
	for _, c := range what {
		salt = salt*131 + uint64(c)
	}
	return rand.New(rand.NewPCG(w.seed, salt<<20+i))
}

// deeds are what is asked for, each with the fault that Syncro has in store.
func (w *world) deeds() []deed {
	kinds := slices.Clone(changes)
	if w.only != "" {
		kinds = slices.DeleteFunc(kinds, func(c change) bool { return c.name != w.only })
	}
	rng := w.rng("deeds", 0)
	list := make([]deed, w.changes)
	for i := range list {
		d := prepare(w.Syncro, i, kinds[i%len(kinds)])
		if !w.calm && rng.IntN(100) < 60 {
			st := d.steps[rng.IntN(len(d.steps))]
			fault := syncrosim.Fault{Kind: syncrosim.Faults[rng.IntN(len(syncrosim.Faults))], Method: st.method, Path: d.where(st)}
			switch fault.Kind {
			case syncrosim.LateCommit, syncrosim.Slow:
				fault.Delay = time.Duration(rng.Int64N(int64(lateness)))
			case syncrosim.TooMany:
				fault.RetryAfter = "1"
			case syncrosim.Invalid422:
				fault.Shape = 1 + rng.IntN(syncrosim.Shapes)
			}
			d.fault = string(fault.Kind)
			d.plant = func() { w.Syncro.Fault(fault) }
		}
		list[i] = d
	}
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

func (w *world) technician(i int) *technician {
	t := &technician{syncro: w.Syncro, rng: w.rng("technician", uint64(i)), begun: w.begun}
	dana, rob := shop.SlackCrowd(i / 2)
	in := func(user string) shop.Person { return w.InSlack(user, "C0DESK") }
	t.name = "Slack"
	if i%2 == 1 {
		dana, rob = shop.TeamsCrowd(i / 2)
		in, t.name = w.InTeams, "Teams"
	}
	if i/2%2 == 1 {
		dana, rob = rob, dana
	}
	t.name += " " + dana
	t.person, t.other = in(dana), in(rob)
	return t
}

// track is a part that things happen to, one after the other.
type track struct {
	strikes  []strike
	from, to time.Duration // the pause between two
	whole    func(context.Context) error
}

func (w *world) tracks() []track {
	fine := func(context.Context) error { return nil }
	bots := track{from: 2 * time.Second, to: 7 * time.Second, whole: fine}
	for i := range w.bots.all {
		for _, politely := range []bool{false, false, true} {
			name := "a bot is killed"
			if politely {
				name = "a bot is told to end"
			}
			bots.strikes = append(bots.strikes, strike{name, 0, 4 * time.Second, func(ctx context.Context, _ *rand.Rand) (func() error, error) {
				w.bots.stop(i, politely)
				return func() error { return w.bots.start(context.WithoutCancel(ctx), i) }, nil
			}})
		}
	}
	bots.strikes = append(bots.strikes, strike{"all bots are killed", 0, 2 * time.Second, func(ctx context.Context, _ *rand.Rand) (func() error, error) {
		w.bots.close()
		return func() error {
			for i := range w.bots.all {
				if err := w.bots.start(context.WithoutCancel(ctx), i); err != nil {
					return err
				}
			}
			return nil
		}, nil
	}})
	return []track{
		bots,
		{w.memory.strikes(), 3 * time.Second, 9 * time.Second, w.memory.whole},
		{append(networkStrikes("Syncro", w.way), w.syncroStrikes()...), 2 * time.Second, 6 * time.Second, fine},
		{w.slackStrikes(), 3 * time.Second, 8 * time.Second, fine},
	}
}

// syncroStrikes are how Syncro fails whoever reads.
func (w *world) syncroStrikes() []strike {
	var all []strike
	for _, f := range []syncrosim.Fault{
		{Kind: syncrosim.Error500}, {Kind: syncrosim.Hang}, {Kind: syncrosim.HTMLBeforeCommit}, {Kind: syncrosim.ResetBeforeCommit},
		{Kind: syncrosim.Truncated}, {Kind: syncrosim.Slow, Delay: 500 * time.Millisecond},
	} {
		f.Method, f.Probability = http.MethodGet, .4
		all = append(all, strike{"reads of Syncro: " + string(f.Kind), 500 * time.Millisecond, 2500 * time.Millisecond, func(context.Context, *rand.Rand) (func() error, error) {
			planted := w.Syncro.Fault(f)
			return func() error { planted.Remove(); return nil }, nil
		}})
	}
	return append(all, strike{"reads of Syncro: 429", 0, 0, func(context.Context, *rand.Rand) (func() error, error) {
		w.Syncro.Fault(syncrosim.Fault{Kind: syncrosim.TooMany, Method: http.MethodGet, RetryAfter: "1"})
		return func() error { return nil }, nil
	}})
}

// suffer lets things happen until calm; what was begun is ended.
func (w *world) suffer(calm context.Context, t track, rng *rand.Rand) error {
	between := func(from, to time.Duration) time.Duration { return from + time.Duration(rng.Int64N(int64(to-from)+1)) }
	for {
		pause := between(t.from, t.to)
		s := t.strikes[rng.IntN(len(t.strikes))]
		length := between(s.from, s.to)
		if !wait(calm, pause) {
			return nil
		}
		fmt.Fprintf(w.log, "%6.1fs CHAOS %s for %s\n", time.Since(w.begun).Seconds(), s.name, length)
		end, err := s.begin(calm, rng)
		if err == nil {
			wait(calm, length)
			err = end()
		}
		if err != nil && calm.Err() == nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		w.mu.Lock()
		w.struck[s.name]++
		w.mu.Unlock()
		fmt.Fprintf(w.log, "%6.1fs CHAOS no more: %s\n", time.Since(w.begun).Seconds(), s.name)
		healing, cancel := context.WithTimeout(context.WithoutCancel(calm), 2*time.Minute)
		err = t.whole(healing)
		cancel()
		if err != nil {
			// A busy machine. What is broken already goes on being so.
			fmt.Fprintf(w.log, "%6.1fs CHAOS not whole again after %s: %v\n", time.Since(w.begun).Seconds(), s.name, err)
			return nil
		}
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// silence keeps go-redis from telling that the Redis that we stop is away.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// lines lets several write whole lines.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
