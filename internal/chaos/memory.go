package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/syncrobot/syncrobot/internal/redistest"
)

// memory is the Redis of a run, and what can be done to it.
type memory interface {
	yaml() string // of the bot's config
	strikes() []strike
	whole(context.Context) error // waits until it has recovered
	close()
}

// strike is something that goes wrong for a while.
type strike struct {
	name     string
	from, to time.Duration // how long
	begin    func(ctx context.Context, rng *rand.Rand) (end func() error, err error)
}

func openMemory(mode, dir string) (memory, error) {
	dir = filepath.Join(dir, "redis")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	switch mode {
	case "single":
		server, err := redistest.New(dir)
		if err != nil {
			return nil, err
		}
		if err := server.Up(); err != nil {
			return nil, err
		}
		way, err := newProxy(server.Addr())
		if err != nil {
			server.Kill()
			return nil, err
		}
		return &single{server, way}, nil
	case "sentinel":
		g, err := redistest.NewSentinels(dir, 1)
		return &group{g, 1}, err
	case "cluster":
		g, err := redistest.NewCluster(dir)
		return &group{g, 3}, err
	}
	return nil, fmt.Errorf("%q is none of single, sentinel and cluster", mode)
}

// single is one redis-server behind a network.
type single struct {
	server *redistest.Server
	way    *proxy
}

func (m *single) yaml() string { return fmt.Sprintf(`{url: "redis://%s/0"}`, m.way.addr()) }

func (m *single) whole(context.Context) error { return nil }

func (m *single) close() {
	m.way.close()
	m.server.Kill()
}

func (m *single) strikes() []strike {
	return append(networkStrikes("Redis", m.way),
		strike{"Redis is killed", 100 * time.Millisecond, 2 * time.Second, func(context.Context, *rand.Rand) (func() error, error) {
			m.server.Kill()
			return m.server.Up, nil
		}},
		strike{"Redis is frozen", 200 * time.Millisecond, 4 * time.Second, func(context.Context, *rand.Rand) (func() error, error) {
			m.server.Freeze()
			return func() error { m.server.Thaw(); return nil }, nil
		}},
	)
}

// networkStrikes are what happens between two parts.
func networkStrikes(name string, way *proxy) []strike {
	under := func(w func(*rand.Rand) weather) func(context.Context, *rand.Rand) (func() error, error) {
		return func(_ context.Context, rng *rand.Rand) (func() error, error) {
			way.set(w(rng))
			return func() error { way.set(weather{}); return nil }, nil
		}
	}
	return []strike{
		{"connections to " + name + " are cut", 0, 0, func(context.Context, *rand.Rand) (func() error, error) {
			way.cut()
			return func() error { return nil }, nil
		}},
		{"connections to " + name + " are slow", 500 * time.Millisecond, 2 * time.Second, under(func(rng *rand.Rand) weather {
			return weather{delay: time.Duration(20+rng.IntN(180)) * time.Millisecond}
		})},
		{"connections to " + name + " hang", 300 * time.Millisecond, 4 * time.Second, under(func(*rand.Rand) weather { return weather{held: true} })},
		{"answers of " + name + " are cut off", 300 * time.Millisecond, 1500 * time.Millisecond, under(func(rng *rand.Rand) weather {
			return weather{after: 1 + rng.IntN(2000)}
		})},
	}
}

// group is several redis-servers that replace each other.
type group struct {
	*redistest.Group
	masters int
}

func (m *group) yaml() string { return m.YAML() }

func (m *group) whole(ctx context.Context) error { return m.Whole(ctx, m.masters) }

func (m *group) close() { m.Kill() }

func (m *group) strikes() []strike {
	const failOver = 4 * time.Second // longer than it takes to replace a master
	do := func(begin func(context.Context, *redistest.Server) (func() error, error)) func(context.Context, *rand.Rand) (func() error, error) {
		return func(ctx context.Context, rng *rand.Rand) (func() error, error) {
			which := rng.IntN(m.masters)
			for { // on a busy machine one may be slow to say what it is
				if masters := m.Masters(ctx); len(masters) > which {
					return begin(ctx, masters[which])
				}
				if !wait(ctx, time.Second) {
					return nil, ctx.Err()
				}
			}
		}
	}
	all := []strike{
		{"a master is killed", failOver, 2 * failOver, do(func(_ context.Context, s *redistest.Server) (func() error, error) {
			s.Kill()
			return s.Up, nil
		})},
		{"a master is frozen", failOver, 2 * failOver, do(func(_ context.Context, s *redistest.Server) (func() error, error) {
			s.Freeze()
			return func() error { s.Thaw(); return nil }, nil
		})},
		{"a replica is frozen", time.Second, failOver, func(ctx context.Context, rng *rand.Rand) (func() error, error) {
			masters := m.Masters(ctx)
			for _, i := range rng.Perm(len(m.Nodes)) {
				n := m.Nodes[i]
				if slices.Contains(masters, n) {
					continue
				}
				n.Freeze()
				return func() error { n.Thaw(); return nil }, nil
			}
			return nil, fmt.Errorf("there is no replica")
		}},
	}
	if len(m.Sentinels) > 0 {
		all = append(all, strike{"a master is alone with its clients", failOver, 2 * failOver, do(func(ctx context.Context, s *redistest.Server) (func() error, error) {
			return func() error {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				return s.Heal(ctx)
			}, s.Partition(ctx)
		})})
	}
	return all
}
