package confirm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/shopspring/decimal"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/internal/redistest"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/syncro"
)

// The times of the tests: short enough to wait for, and in the same relation
// to each other as in production.
const (
	testTimeout    = 400 * time.Millisecond
	testQuarantine = 800 * time.Millisecond
	testLease      = 1200 * time.Millisecond
	lateness       = 300 * time.Millisecond // of a commit after its answer was lost
)

var testLooks = []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 700 * time.Millisecond, 900 * time.Millisecond}

// testStart is when the timers of the tests were started.
var testStart = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

const danaKey = "T-dana-0123456789abcdef"

var dana = chat.User{Platform: "slack", Tenant: "T0001", ID: "U0001", Name: "Dana"}

// world is one Redis and one Syncro, and any number of bots.
type world struct {
	t        *testing.T
	redis    *redistest.Server
	database int
	sim      *syncrosim.Syncro
	url      string

	numbers atomic.Int64
	arrives atomic.Pointer[func()] // called for each write that reaches Syncro, before Syncro sees it
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldIn(t, redistest.Start(t), 0)
}

// newWorldIn is a world of its own in one of a Redis' databases.
func newWorldIn(t *testing.T, server *redistest.Server, database int) *world {
	t.Helper()
	sim := syncrosim.New(syncrosim.Options{
		PerMinute: -1,
		Tokens:    []syncrosim.Token{{Key: danaKey, UserID: 4101, Name: "Dana Ruiz"}},
	})
	w := &world{t: t, redis: server, database: database, sim: sim}
	api := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if f := w.arrives.Load(); f != nil && r.Method != http.MethodGet {
			(*f)()
		}
		sim.ServeHTTP(rw, r)
	}))
	t.Cleanup(api.Close)
	t.Cleanup(sim.Close)
	w.url = api.URL
	return w
}

// whenWritten calls f once, when the next write reaches Syncro and before it
// is looked at there.
func (w *world) whenWritten(f func()) {
	var once sync.Once
	do := func() { once.Do(f) }
	w.arrives.Store(&do)
}

// ticket adds a ticket of its own for one case.
func (w *world) ticket() syncrosim.Ticket {
	number := 50000 + 100*w.numbers.Add(1) // Syncro numbers what it makes itself from the highest on
	w.sim.AddTicket(syncrosim.Ticket{
		Number: number, Subject: "Scanner to e-mail fails", Status: "New", Priority: "2 Normal",
		CustomerID: w.sim.Snapshot().Customers[0].ID,
		Lines: []syncrosim.Line{{
			ProductID: 26118, Name: "Labor - Onsite Business", Description: "Cabling", Quantity: decimal.NewFromInt(1), Price: decimal.NewFromInt(175), UserID: 4101,
		}},
		Timers: []syncrosim.Timer{{
			ProductID: 1190473, UserID: 4101, Notes: "Phone", Start: testStart, End: testStart.Add(30 * time.Minute), Active: 30 * time.Minute, Billable: true,
		}},
	})
	t, _ := w.sim.Ticket(number)
	return t
}

// process is one bot: an engine with its own connection to Redis, which can
// die like a process does.
type process struct {
	*Engine
	client *syncro.Client
	death  *death
	mu     sync.Mutex
	drawn  map[chat.Ref][]chat.Card
}

func (w *world) process() *process {
	w.t.Helper()
	return w.processOn(w.redis.Database(w.database))
}

// processOn is a process with a connection to some other Redis.
func (w *world) processOn(rdb redis.UniversalClient) *process {
	w.t.Helper()
	d := &death{}
	rdb.AddHook(d)
	client, err := syncro.New(syncro.Options{
		URL: w.url, Auth: "header", Timeout: testTimeout, Redis: rdb,
		Limiter: syncro.NewLimiter(rdb, syncro.LimiterOptions{PerMinute: 1_000_000}),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	p := &process{client: client, death: d, drawn: map[chat.Ref][]chat.Card{}}
	p.Engine = New(Options{
		Store: NewStore(rdb), Syncro: client, Work: chat.NewWork(200), Log: slog.New(slog.DiscardHandler),
		Explain: func(err error) string { return err.Error() },
		People: func(context.Context, string) (Actor, error) {
			return Actor{Name: "dana", FullName: "Dana Ruiz", UserID: 4101, Key: syncro.NewKey(danaKey)}, nil
		},
		Redraw: func(_ context.Context, _ chat.User, ref chat.Ref, c chat.Card) error {
			if d.dead() {
				return errDead
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			p.drawn[ref] = append(p.drawn[ref], c)
			return nil
		},
		TTL: time.Minute, Timeout: testTimeout, Looks: testLooks, Quarantine: testQuarantine, Lease: testLease,
	})
	return p
}

// start runs the process's sweeper until the test ends.
func (p *process) start(t *testing.T) *process {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); p.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-done
		drain, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		p.Work.Drain(drain)
	})
	return p
}

// propose makes the card for a plan on a ticket and returns the operation's id.
func (p *process) propose(ctx context.Context, ticketID int64, steps ...syncro.Write) (string, chat.Card, error) {
	reader := p.client.Reader(syncro.NewKey(danaKey), syncro.ClassLookup).Once()
	t, err := reader.Ticket(ctx, ticketID)
	if err != nil {
		return "", chat.Card{}, err
	}
	c, id, err := p.Propose(ctx, dana, Actor{Name: "dana", FullName: "Dana Ruiz", UserID: 4101, Key: syncro.NewKey(danaKey)}, reader, Plan{
		Title: fmt.Sprintf("Change #%d", t.Number), Typed: "as typed", Ticket: &t, Steps: steps,
	})
	return id, c, err
}

// press clicks a button as dana and does all that follows from it.
func (p *process) press(ctx context.Context, verb, id string) chat.Answer {
	a := p.pressAs(ctx, dana, verb, id)
	if a.Then != nil {
		a.Then(ctx)
	}
	return a
}

func (p *process) pressAs(ctx context.Context, who chat.User, verb, id string) chat.Answer {
	return p.Click(ctx, chat.Request{User: who, Click: &chat.Click{Verb: verb, Value: id, Card: chat.Ref("card of " + id)}})
}

// last is the card as it was drawn last, by this process.
func (p *process) last(id string) chat.Card {
	p.mu.Lock()
	defer p.mu.Unlock()
	drawn := p.drawn[chat.Ref("card of "+id)]
	if len(drawn) == 0 {
		return chat.Card{}
	}
	return drawn[len(drawn)-1]
}

// drawnFirst is the card as this process drew it first after the click.
func (p *process) drawnFirst(id string) chat.Card {
	p.mu.Lock()
	defer p.mu.Unlock()
	drawn := p.drawn[chat.Ref("card of "+id)]
	if len(drawn) == 0 {
		return chat.Card{}
	}
	return drawn[0]
}

// settle waits until the operation is at rest: settled, or in need of its author.
func (p *process) settle(ctx context.Context, id string) (*Operation, error) {
	for {
		op, err := p.Store.get(ctx, id)
		if err != nil {
			return nil, err
		}
		if op.State.settled() || op.State == Parked && op.NextTry.IsZero() {
			return op, nil
		}
		select {
		case <-ctx.Done():
			return op, fmt.Errorf("%w while %s: %+v", ctx.Err(), op.State, op.Steps)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// death is how a process dies: at its n-th save, just before Redis hears of
// it or just after. From then on nothing it says reaches anybody.
type death struct {
	mu     sync.Mutex
	saves  int
	at     int // 0: lives on
	before bool
	isDead bool
}

var errDead = errors.New("this process is dead")

func (d *death) plan(at int, before bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at, d.before = at, before
}

func (d *death) dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.isDead
}

func (d *death) DialHook(next redis.DialHook) redis.DialHook { return next }

func (d *death) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if d.dead() {
			return errDead
		}
		return next(ctx, cmds)
	}
}

func (d *death) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		d.mu.Lock()
		isSave := slices.Contains(cmd.Args(), any(saveScript.Hash()))
		if isSave {
			d.saves++
		}
		now := isSave && d.saves == d.at
		if now {
			d.isDead = true
		}
		dead, late := d.isDead, now && !d.before
		d.mu.Unlock()
		if dead && !late {
			cmd.SetErr(errDead)
			return errDead
		}
		err := next(ctx, cmd)
		if late {
			cmd.SetErr(errDead)
			return errDead
		}
		return err
	}
}
