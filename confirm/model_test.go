package confirm

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/internal/redistest"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/syncro"
)

// TestModel lets two people and two bots do anything in any order, while bots
// die at any save, Syncro fails in every way, tickets move, time goes by and
// Redis goes back to what it was. The model knows which records there may be,
// and what no card may say. More of it, or a failure once more:
//
//	go test ./confirm -run TestModel -rapid.checks=1000
//	go test ./confirm -run TestModel -rapid.seed=N
func TestModel(t *testing.T) {
	chosen := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { chosen[f.Name] = true })
	for name, value := range map[string]string{"rapid.checks": "100", "rapid.shrinktime": "10s", "rapid.nofailfile": "true"} {
		if !chosen[name] {
			if err := flag.Set(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	server := redistest.Start(t)
	steps := 0
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(t, rt, server)
		defer m.close()
		rt.Repeat(map[string]func(*rapid.T){
			"propose":  m.propose,
			"confirm":  func(rt *rapid.T) { m.press(rt, VerbConfirm) }, // more often than its share of all buttons
			"press":    func(rt *rapid.T) { m.press(rt, rapid.SampledFrom(modelVerbs).Draw(rt, "verb")) },
			"sweep":    m.sweep,
			"time":     m.timePasses,
			"moved":    m.ticketMoves,
			"remember": m.remember,
			"go back":  m.goBack,
			"": func(rt *rapid.T) {
				steps++
				m.check(rt)
			},
		})
		m.settle(rt)
	})
	t.Logf("%d steps", steps)
}

var modelVerbs = []string{VerbConfirm, VerbCancel, VerbRaw, VerbContinue, VerbLook, VerbThere, VerbAgain, VerbStop, "no such verb"}

// ways are how a write may end: by a fault of Syncro's, well (""), or late: the
// connection is cut and the write arrives when the bot has long given up.
var ways = append([]syncrosim.FaultKind{"", "", "", late}, slices.DeleteFunc(slices.Clone(syncrosim.Faults), func(k syncrosim.FaultKind) bool {
	// These take their time, and this test's time is its own: late stands for them.
	return slices.Contains([]syncrosim.FaultKind{syncrosim.Hang, syncrosim.CommitThenHang, syncrosim.LateCommit, syncrosim.Slow}, k)
})...)

const late syncrosim.FaultKind = "arrives late"

// model is a world and what must be true of it.
type model struct {
	t       *testing.T
	w       *world
	rdb     *redis.Client
	store   *Store // of nobody who dies
	bots    [2]*process
	api     *httptest.Server
	tickets []syncrosim.Ticket

	passed time.Duration // by which the model's time is ahead

	mu     sync.Mutex    // of what the server and the test both look at
	late   bool          // the next write is held
	held   *http.Request // a write that arrives late
	heldAt time.Duration

	intents []*intent
	of      map[string]*intent   // by the ids of its operations
	screen  map[string]chat.Card // what the author sees, by intent
	past    *past                // what Redis may go back to
}

// intent is one thing that somebody proposed. When its ticket moves it becomes
// another operation.
type intent struct {
	name      string
	ticket    syncrosim.Ticket
	texts     []string // of its steps, each a comment that nobody else writes
	confirmed bool     // its author pressed Confirm
	gaveUp    bool     // its author pressed Stop, or took it as done
	forgotten bool     // Redis went back behind something that was done about it
}

// past is Redis as it was.
type past struct {
	passed time.Duration
	keys   map[string]string
	ttl    map[string]time.Duration
}

func newModel(t *testing.T, rt *rapid.T, server *redistest.Server) *model {
	m := &model{t: t, w: newWorldIn(t, server, 0), rdb: server.Connect(0), of: map[string]*intent{}, screen: map[string]chat.Card{}}
	m.store = NewStore(m.rdb)
	m.must(rt, m.rdb.FlushDB(t.Context()).Err())
	m.api = httptest.NewServer(http.HandlerFunc(m.arrives))
	m.w.url = m.api.URL
	for range 2 {
		m.tickets = append(m.tickets, m.w.ticket())
	}
	for i := range m.bots {
		m.bots[i] = m.bot()
	}
	return m
}

func (m *model) close() {
	m.api.Close()
	m.rdb.Close()
}

// bot starts a process whose time is the model's, and that shows its cards on
// the model's screen.
func (m *model) bot() *process {
	p := m.w.process()
	p.TTL, p.Timeout = 15*time.Minute, 20*time.Second // as in production
	p.Looks, p.Quarantine, p.Lease = nil, 0, 0
	p.Now = func() time.Time { return time.Now().Add(m.passed) }
	redraw := func(_ context.Context, _ chat.User, ref chat.Ref, c chat.Card) error {
		if p.death.dead() {
			return errDead
		}
		m.screen[string(ref)] = c
		return nil
	}
	p.Redraw = redraw
	p.Engine = New(p.Options)
	return p
}

// arrives is what stands before Syncro.
func (m *model) arrives(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && m.hold(r) {
		panic(http.ErrAbortHandler)
	}
	m.w.sim.ServeHTTP(w, r)
}

// hold keeps a write for later, if the next one is to be late.
func (m *model) hold(r *http.Request) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.late {
		return false
	}
	body, _ := io.ReadAll(r.Body)
	m.held = r.Clone(context.Background())
	m.held.Body = io.NopCloser(bytes.NewReader(body))
	m.heldAt, m.late = m.passed, false
	return true
}

// holds reports whether a write is kept, and since when.
func (m *model) holds() (since time.Duration, yes bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heldAt, m.held != nil
}

// beLate has the next write kept, or not.
func (m *model) beLate(yes bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.late = yes
}

// deliver lets a write arrive that was held.
func (m *model) deliver() {
	m.mu.Lock()
	r := m.held
	m.held = nil
	m.mu.Unlock()
	if r != nil {
		m.w.sim.ServeHTTP(httptest.NewRecorder(), r)
	}
}

func (m *model) must(rt *rapid.T, err error) {
	if err != nil {
		rt.Fatal(err)
	}
}

func (m *model) propose(rt *rapid.T) {
	if len(m.intents) == 4 {
		rt.Skip("enough to do")
	}
	in := &intent{name: fmt.Sprintf("intent %d", len(m.intents)), ticket: m.tickets[rapid.IntRange(0, 1).Draw(rt, "ticket")]}
	var writes []syncro.Write
	for n := range rapid.IntRange(1, 3).Draw(rt, "steps") {
		text := fmt.Sprintf("%s, step %d", in.name, n+1)
		in.texts = append(in.texts, text)
		writes = append(writes, syncro.AddComment{TicketID: in.ticket.ID, Subject: "Internal Note", Body: text, Hidden: true, DoNotEmail: true})
	}
	p := m.bots[rapid.IntRange(0, 1).Draw(rt, "bot")]
	id, card, err := p.propose(m.t.Context(), in.ticket.ID, writes...)
	m.must(rt, err)
	m.intents = append(m.intents, in)
	m.of[id], m.screen[in.name] = in, card
}

// press presses a button that may be on the card or not, as its author or
// somebody else, while Syncro fails and the bot dies as it may happen.
func (m *model) press(rt *rapid.T, verb string) {
	ids := m.ids()
	if len(ids) == 0 {
		rt.Skip("nothing to press")
	}
	id := ids[rapid.IntRange(0, len(ids)-1).Draw(rt, "operation")]
	in := m.of[id]
	m.mayFail(rt, func(p *process) {
		before, _ := m.store.get(m.t.Context(), id)
		if rapid.IntRange(0, 5).Draw(rt, "who") == 0 {
			rob := dana
			rob.ID, rob.Name = "U0002", "Rob"
			a := p.Click(m.t.Context(), chat.Request{User: rob, Click: &chat.Click{Verb: verb, Value: id, Card: chat.Ref(in.name)}})
			if after, _ := m.store.get(m.t.Context(), id); before != nil && (a.Then != nil || after == nil || after.State != before.State || after.version != before.version) {
				rt.Fatalf("%s by somebody else changed %s from %s to %+v", verb, in.name, before.State, after)
			}
			return
		}
		m.click(p, verb, id, before)
	})
}

// click is a click of the author's with all that follows from it.
func (m *model) click(p *process, verb, id string, before *Operation) {
	in := m.of[id]
	if before != nil {
		switch {
		case verb == VerbConfirm && before.State == Asked:
			// Not where another operation is at work on the ticket.
			defer func() {
				after, err := m.store.get(m.t.Context(), id)
				in.confirmed = in.confirmed || err != nil || after.State != Asked
			}()
		case (verb == VerbStop || verb == VerbThere) && before.State == Parked:
			in.gaveUp = true
		}
	}
	a := p.Click(m.t.Context(), chat.Request{User: dana, Click: &chat.Click{Verb: verb, Value: id, Card: chat.Ref(in.name)}})
	if a.Replace != nil {
		m.screen[in.name] = *a.Replace
	}
	// One that is under way is only waited for, by a clock that is not the model's.
	if a.Then != nil && before != nil && before.State != Running {
		a.Then(m.t.Context())
	}
}

// sweep lets a bot take over what is due.
func (m *model) sweep(rt *rapid.T) {
	m.mayFail(rt, func(p *process) { m.resume(rt, p) })
}

func (m *model) resume(rt *rapid.T, p *process) {
	ids, err := p.Store.due(m.t.Context())
	m.must(rt, err)
	for _, id := range ids {
		p.resume(m.t.Context(), id)
	}
}

// mayFail does something with one of the bots while the next write may go
// wrong, and so may reading; and the bot may die at a save. A dead one is
// started anew.
func (m *model) mayFail(rt *rapid.T, do func(*process)) {
	i := rapid.IntRange(0, 1).Draw(rt, "bot")
	_, held := m.holds()
	if way := rapid.SampledFrom(ways).Draw(rt, "Syncro"); way == late && !held {
		m.beLate(true)
	} else if way != "" && way != late {
		method := rapid.SampledFrom([]string{"POST", "POST", "GET"}).Draw(rt, "request")
		if way == syncrosim.TooMany {
			method = "POST" // reading waits for it, by a clock that is not the model's
		}
		m.w.sim.Fault(syncrosim.Fault{Kind: way, Method: method, RetryAfter: "1", Skip: rapid.IntRange(0, 1).Draw(rt, "skip")})
	}
	if at := rapid.IntRange(0, 8).Draw(rt, "dies at save"); at > 0 && at <= 4 {
		d := m.bots[i].death
		d.plan(d.saves+at, rapid.Bool().Draw(rt, "before"))
	}
	do(m.bots[i])
	m.beLate(false)
	m.w.sim.ClearFaults()
	if m.bots[i].death.plan(0, false); m.bots[i].death.dead() {
		m.bots[i] = m.bot()
	}
	m.known(rt)
}

// known learns of operations that took the place of others: they are of the
// intent whose texts they have.
func (m *model) known(rt *rapid.T) {
	// The limit has tests of its own. Here nobody waits for it.
	m.must(rt, m.rdb.Del(m.t.Context(), "syncrobot:{limit}:pause", "syncrobot:{limit}:budget").Err())
	ops, err := m.store.mine(m.t.Context(), dana)
	m.must(rt, err)
	for _, op := range ops {
		for _, in := range m.intents {
			if strings.Contains(string(op.Steps[0].Args), in.texts[0]) {
				m.of[op.ID] = in
			}
		}
	}
}

func (m *model) ids() []string {
	var all []string
	for id := range m.of {
		all = append(all, id)
	}
	// Their order must not come from chance that rapid does not know.
	slices.SortFunc(all, func(a, b string) int {
		return strings.Compare(m.of[a].name+m.born(a), m.of[b].name+m.born(b))
	})
	return all
}

// born sorts the operations of one intent by their age.
func (m *model) born(id string) string {
	op, err := m.store.get(m.t.Context(), id)
	if err != nil {
		return ""
	}
	return op.Created.Format(time.RFC3339Nano)
}

func (m *model) timePasses(rt *rapid.T) {
	m.pass(rt, rapid.SampledFrom([]time.Duration{time.Second, 10 * time.Second, time.Minute, 3 * time.Minute, 16 * time.Minute}).Draw(rt, "time"))
}

// shift makes all that Redis keeps older: leases, what is due, times to live.
var shift = redis.NewScript(`
local back = 0 - ARGV[1]
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind = redis.call('TYPE', key).ok
  if kind == 'hash' and tonumber(redis.call('HGET', key, 'lease') or 0) > 0 then
    redis.call('HINCRBY', key, 'lease', back)
  elseif kind == 'zset' and string.sub(key, -3) == 'due' then
    for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, back, id) end
  end
  local ttl = redis.call('PTTL', key)
  if ttl > 0 then redis.call('PEXPIRE', key, ttl + back) end
end
return 1`)

// pass lets time go by. A write that was held arrives before the quarantine is
// over: what arrives later is the window that docs/reliability.md names.
func (m *model) pass(rt *rapid.T, d time.Duration) {
	if since, held := m.holds(); held && m.passed+d-since > m.bots[0].Quarantine-10*time.Second {
		m.deliver()
	}
	m.passed += d
	m.must(rt, shift.Run(m.t.Context(), m.rdb, nil, d.Milliseconds()).Err())
	if _, held := m.holds(); held && rapid.Bool().Draw(rt, "arrives") {
		m.deliver()
	}
}

// ticketMoves has somebody else work on a ticket.
func (m *model) ticketMoves(rt *rapid.T) {
	number := m.tickets[rapid.IntRange(0, 1).Draw(rt, "ticket")].Number
	status := rapid.SampledFrom([]string{"New", "In Progress", "Scheduled"}).Draw(rt, "status")
	m.w.sim.Change(func(d *syncrosim.Data) {
		for i := range d.Tickets {
			if d.Tickets[i].Number == number {
				d.Tickets[i].Status, d.Tickets[i].Updated = status, time.Now()
			}
		}
	})
}

// remember takes note of all that Redis has.
func (m *model) remember(rt *rapid.T) {
	ctx := m.t.Context()
	p := &past{passed: m.passed, keys: map[string]string{}, ttl: map[string]time.Duration{}}
	keys, err := m.rdb.Keys(ctx, "*").Result()
	m.must(rt, err)
	for _, key := range keys {
		value, err := m.rdb.Dump(ctx, key).Result()
		if err == redis.Nil {
			continue // its time was over just now
		}
		m.must(rt, err)
		p.keys[key] = value
		p.ttl[key] = max(m.rdb.PTTL(ctx, key).Val(), 0)
	}
	m.past = p
}

// goBack makes Redis what it was. Nothing is on its way to Syncro then: that is
// the other window that docs/reliability.md names.
func (m *model) goBack(rt *rapid.T) {
	if m.past == nil {
		rt.Skip("nothing is remembered")
	}
	ctx := m.t.Context()
	m.deliver()
	versions := map[string]int64{}
	for id := range m.of {
		if op, err := m.store.get(ctx, id); err == nil {
			versions[id] = op.version
		}
	}
	m.must(rt, m.rdb.FlushDB(ctx).Err())
	for key, value := range m.past.keys {
		m.must(rt, m.rdb.Restore(ctx, key, m.past.ttl[key], value).Err())
	}
	m.must(rt, shift.Run(ctx, m.rdb, nil, (m.passed-m.past.passed).Milliseconds()).Err())
	for id, version := range versions {
		if op, err := m.store.get(ctx, id); err != nil || op.version != version {
			m.of[id].forgotten = true
		}
	}
}

// there is how often Syncro has a text.
func (m *model) there(in *intent, text string) int {
	n := 0
	now, _ := m.w.sim.Ticket(in.ticket.Number)
	for _, c := range now.Comments {
		if c.Body == text {
			n++
		}
	}
	return n
}

// asks is what every card says that is not confirmed.
const asks = "Nothing is sent before you confirm"

// check is what is true at any time.
func (m *model) check(rt *rapid.T) {
	for _, in := range m.intents {
		card := m.screen[in.name].Plain()
		sum := 0
		for i, text := range in.texts {
			n := m.there(in, text)
			sum += n
			switch {
			case n > 1:
				rt.Fatalf("%q is there %d times", text, n)
			case n > 0 && !in.confirmed:
				rt.Fatalf("%q is there, and nobody confirmed it", text)
			case n == 0 && strings.Contains(card, "Done and checked"):
				rt.Fatalf("%q is not there, and the card says:\n%s", text, card)
			case n == 0 && i == 0 && (strings.Contains(card, "Step 1 was done.") || strings.Contains(card, "Steps 1 to ")):
				rt.Fatalf("%q is not there, and the card says:\n%s", text, card)
			}
			if n > 0 && strings.Contains(card, fmt.Sprintf("Step %d was not sent", i+1)) && !in.forgotten {
				rt.Fatalf("%q is there, and the card says:\n%s", text, card)
			}
		}
		none := strings.Contains(card, asks) || strings.Contains(card, "Nothing was sent") && !strings.Contains(card, "by this click")
		if sum > 0 && none && !in.forgotten {
			rt.Fatalf("%d of %s are there, and the card says:\n%s", sum, in.name, card)
		}
	}
}

// settle: Syncro is well again, and the author presses what the card offers
// first. What was confirmed and never given up is there in the end, once, and
// the card says so.
func (m *model) settle(rt *rapid.T) {
	m.deliver()
	for n := range 40 {
		m.known(rt)
		moving := n < 3 // what is at rest may have to be drawn
		for _, id := range m.ids() {
			op, err := m.store.get(m.t.Context(), id)
			if err != nil || !m.of[id].confirmed {
				continue
			}
			switch {
			case op.State == Parked && op.NextTry.IsZero():
				verb := VerbContinue
				switch op.current().State {
				case Absent:
					verb = VerbAgain
				case Unclear, Twice, Wrong:
					verb = VerbLook
				}
				m.click(m.bots[0], verb, id, op)
			case op.State == Asked: // the ticket moved
				m.click(m.bots[0], VerbConfirm, id, op)
			case op.State.settled():
				continue
			}
			moving = true
		}
		m.check(rt)
		if !moving {
			break
		}
		m.pass(rt, time.Minute)
		m.resume(rt, m.bots[1])
	}
	for _, in := range m.intents {
		if !in.confirmed || in.gaveUp || in.forgotten {
			continue
		}
		card := m.screen[in.name].Plain()
		switch {
		case strings.Contains(card, "Nothing more will be sent."), strings.Contains(card, "Nothing was sent. Nothing more"):
			// Syncro refused it for good, and the card says so.
		case strings.Contains(card, asks), strings.Contains(card, "expired"), strings.Contains(card, "Cancelled"):
			// The ticket moved, and its author did not confirm that in time.
		default:
			for _, text := range in.texts {
				if m.there(in, text) != 1 || !strings.Contains(card, "Done and checked") {
					rt.Fatalf("%q is there %d times in the end, and the card says:\n%s", text, m.there(in, text), card)
				}
			}
		}
	}
}
