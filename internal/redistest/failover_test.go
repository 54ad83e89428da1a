package redistest

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// TestSentinelsReplaceADeadMaster, and a master that only its clients reach.
func TestSentinels(t *testing.T) {
	t.Parallel()
	g, err := NewSentinels(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Kill)
	c := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: MasterName, SentinelAddrs: g.Addrs(), Username: Login, Password: Login})
	t.Cleanup(func() { c.Close() })
	failOver(t, g, c, 1, func(ctx context.Context, master *Server) func() error {
		master.Kill()
		return master.Up
	})
	failOver(t, g, c, 1, func(ctx context.Context, master *Server) func() error {
		if err := master.Partition(ctx); err != nil {
			t.Fatal(err)
		}
		return func() error { return master.Heal(ctx) }
	})
}

func TestCluster(t *testing.T) {
	t.Parallel()
	g, err := NewCluster(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Kill)
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: g.Addrs(), Username: Login, Password: Login})
	t.Cleanup(func() { c.Close() })
	failOver(t, g, c, 3, func(ctx context.Context, master *Server) func() error {
		master.Kill()
		return master.Up
	})
}

// failOver does something to a master, waits until another one has taken its
// place and the client can write, mends it, and waits until all is whole.
func failOver(t *testing.T, g *Group, c redis.UniversalClient, masters int, strike func(context.Context, *Server) (mend func() error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := g.Whole(ctx, masters); err != nil {
		t.Fatal(err)
	}
	old := g.Masters(ctx)[0]
	mend := strike(ctx, old)
	for {
		other := 0
		for _, m := range g.Masters(ctx) {
			if m != old {
				other++
			}
		}
		if other == masters {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("no fail-over")
		}
		time.Sleep(50 * time.Millisecond)
	}
	for key := range 20 {
		for c.Set(ctx, string(rune('a'+key)), 1, 0).Err() != nil {
			if ctx.Err() != nil {
				t.Fatal("the client cannot write after the fail-over")
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	if err := mend(); err != nil {
		t.Fatal(err)
	}
	if err := g.Whole(ctx, masters); err != nil {
		t.Fatal(err)
	}
}
