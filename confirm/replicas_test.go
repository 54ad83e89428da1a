package confirm

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/internal/redistest"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// withReplicas is a process whose steps must reach so many replicas first.
func (w *world) withReplicas(n int) *process {
	p := w.process()
	p.Replicas = n
	return p
}

// TestNothingIsSentThatAReplicaDoesNotKnow: a replica that does not take the
// record keeps the step from being sent, and the card says so.
func TestNothingIsSentThatAReplicaDoesNotKnow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	replica := w.redis.Replica()
	p := w.withReplicas(1)
	var seen error
	p.Explain = func(err error) string { seen = err; return err.Error() }
	ticket := w.ticket()

	replica.Freeze()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	p.press(t.Context(), VerbConfirm, id)
	contains(t, p.last(id), "Nothing was sent", "0 of Redis' replicas have the record, and 1 must")
	if got := buttons(p.last(id)); got != "continue stop" {
		t.Errorf("buttons %q", got)
	}
	if e, ok := errors.AsType[*ReplicasError](seen); !ok || e.Want != 1 || e.Have != 0 {
		t.Errorf("%v", seen)
	}
	if n := w.sim.Count("POST", "/tickets/*/comment"); n != 0 {
		t.Fatalf("%d comments were posted", n)
	}

	replica.Thaw()
	if err := w.redis.HasReplicas(1); err != nil {
		t.Fatal(err)
	}
	p.press(t.Context(), VerbContinue, id)
	contains(t, p.last(id), "Done and checked")
	if n := w.sim.Count("POST", "/tickets/*/comment"); n != 1 {
		t.Errorf("%d comments were posted", n)
	}
}

// TestWhatWasSentIsKnownToTheReplica: the master is gone for ever right while
// a step is on its way. The replica, master now, knows of it: a click there
// does not send it again, though nothing is there to be seen yet.
func TestWhatWasSentIsKnownToTheReplica(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	replica := w.redis.Replica()
	p := w.withReplicas(1)
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	w.sim.Fault(syncrosim.Fault{Kind: syncrosim.LateCommit, Method: "POST", Delay: lateness})
	master := w.redis
	w.whenWritten(master.Kill)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	p.press(ctx, VerbConfirm, id)

	if err := promote(t.Context(), replica); err != nil {
		t.Fatal(err)
	}
	w.redis = replica
	next := w.process().start(t)
	next.press(t.Context(), VerbConfirm, id)
	if op, err := next.settle(t.Context(), id); err != nil || op.State != Done {
		t.Fatalf("%+v, %v", op, err)
	}
	if n := w.sim.Count("POST", "/tickets/*/comment"); n != 1 {
		t.Errorf("%d comments were posted", n)
	}
}

// TestTheReplicasOfACluster: there the replica of the key's own master counts,
// also when another node has become that master.
func TestTheReplicasOfACluster(t *testing.T) {
	t.Parallel()
	g, err := redistest.NewCluster(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Kill)
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: g.Addrs(), Username: redistest.Login, Password: redistest.Login, ContextTimeoutEnabled: true})
	t.Cleanup(func() { rdb.Close() })
	w := newWorld(t)
	p := w.processOn(rdb)
	p.Replicas = 1
	note := func() string {
		t.Helper()
		ticket := w.ticket()
		for { // a cluster that just failed over says so for a moment
			id, _, err := p.propose(t.Context(), ticket.ID, noteOn(ticket.ID))
			if err == nil {
				p.press(t.Context(), VerbConfirm, id)
				return p.last(id).Plain()
			}
			if t.Context().Err() != nil {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	for range 4 { // on any of the three
		if got := note(); !strings.Contains(got, "Done and checked") {
			t.Fatalf("the card says: %s", got)
		}
	}
	for _, replica := range g.Nodes[3:] {
		replica.Freeze()
	}
	if got := note(); !strings.Contains(got, "0 of Redis' replicas have the record") {
		t.Errorf("the card says: %s", got)
	}
	for _, replica := range g.Nodes[3:] {
		replica.Thaw()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := g.Whole(ctx, 3); err != nil {
		t.Fatal(err)
	}
	g.Nodes[0].Kill() // its replica takes over, and has none of its own
	for len(g.Masters(ctx)) < 3 {
		if ctx.Err() != nil {
			t.Fatal("no fail-over")
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := g.Nodes[0].Up(); err != nil {
		t.Fatal(err)
	}
	if err := g.Whole(ctx, 3); err != nil {
		t.Fatal(err)
	}
	before := w.sim.Count("POST", "/tickets/*/comment")
	for range 4 {
		if got := note(); !strings.Contains(got, "Done and checked") {
			t.Errorf("after a fail-over the card says: %s", got)
		}
	}
	if n := w.sim.Count("POST", "/tickets/*/comment") - before; n != 4 {
		t.Errorf("%d comments were posted, want 4", n)
	}
}

func promote(ctx context.Context, replica *redistest.Server) error {
	c := replica.Connect(0)
	defer c.Close()
	return c.Do(ctx, "REPLICAOF", "NO", "ONE").Err()
}

// TestARedisThatWentBackLearnsAgain: while a step is on its way, Redis is
// rolled back to before the click. The process that sent it makes the record,
// and the card, what is true.
func TestARedisThatWentBackLearnsAgain(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(*process, string){
		"nobody pressed":     func(*process, string) {},
		"somebody cancelled": func(p *process, id string) { p.press(context.Background(), VerbCancel, id) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.process().start(t)
			ticket := w.ticket()
			id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
			rdb := w.redis.Client()
			before, err := rdb.Dump(t.Context(), opKey(id)).Result()
			if err != nil {
				t.Fatal(err)
			}
			w.whenWritten(func() {
				if err := rdb.FlushAll(context.Background()).Err(); err != nil {
					t.Error(err)
				}
				if err := rdb.Restore(context.Background(), opKey(id), time.Minute, before).Err(); err != nil {
					t.Error(err)
				}
				meanwhile(p, id)
			})
			p.press(t.Context(), VerbConfirm, id)
			contains(t, p.last(id), "Done and checked")
			op, err := p.Store.get(t.Context(), id)
			if err != nil || op.State != Done || op.Card == "" {
				t.Errorf("the record is %+v, %v", op, err)
			}
		})
	}
}

// TestARedisThatWentBackIsNotTakenFromItsNewHolder: after a roll-back another
// click has the operation. Who sent it before does not write over that.
func TestARedisThatWentBackIsNotTakenFromItsNewHolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, other := w.process().start(t), w.process()
	ticket := w.ticket()
	id, _ := p.mustPropose(t, ticket.ID, noteOn(ticket.ID))
	rdb := w.redis.Client()
	before, err := rdb.Dump(t.Context(), opKey(id)).Result()
	if err != nil {
		t.Fatal(err)
	}
	w.whenWritten(func() {
		rdb.FlushAll(context.Background())
		rdb.Restore(context.Background(), opKey(id), time.Minute, before)
		other.pressAs(context.Background(), dana, VerbConfirm, id) // claims, and then dies
	})
	p.press(t.Context(), VerbConfirm, id)
	op, err := p.settle(t.Context(), id)
	if err != nil || op.State != Done {
		t.Fatalf("%+v, %v", op, err)
	}
	if !strings.Contains(op.Steps[0].Why, "it was so already") {
		t.Errorf("the step says %q: the first process wrote over the second's record", op.Steps[0].Why)
	}
	if n := w.sim.Count("POST", "/tickets/*/comment"); n != 1 {
		t.Errorf("%d comments were posted", n)
	}
}

func TestDurability(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	rdb := server.Client()
	read := func() Durability {
		t.Helper()
		d, err := ReadDurability(t.Context(), rdb)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	says := func(replicas int, words ...string) {
		t.Helper()
		var all []string
		for _, w := range read().Weaknesses(replicas) {
			all = append(all, w.String())
		}
		if len(all) != len(words) {
			t.Fatalf("says %q, want %q", all, words)
		}
		for i, w := range words {
			if !strings.HasPrefix(all[i], server.Addr()+": "+w) {
				t.Errorf("says %q, want %q", all[i], w)
			}
		}
	}
	says(0)
	if got := read().String(); !strings.Contains(got, "appendonly, appendfsync always, noeviction, 0 replicas") {
		t.Errorf("%s", got)
	}
	says(1, "0 of the 1 replicas")
	server.Replica()
	says(1)
	for _, set := range [][2]string{{"maxmemory", "100mb"}, {"maxmemory-policy", "allkeys-lru"}, {"appendfsync", "everysec"}} {
		if err := rdb.ConfigSet(t.Context(), set[0], set[1]).Err(); err != nil {
			t.Fatal(err)
		}
	}
	says(0, "appendfsync is everysec", "maxmemory-policy is allkeys-lru")
	if err := rdb.ConfigSet(t.Context(), "appendonly", "no").Err(); err != nil {
		t.Fatal(err)
	}
	says(0, "appendonly is off", "maxmemory-policy is allkeys-lru")
	if err := rdb.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	says(0, "it is a replica", "appendonly is off", "maxmemory-policy is allkeys-lru")
}
