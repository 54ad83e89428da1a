package confirm

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Durability is what a Redis says about how it keeps what it is told: one
// node, or each master of a cluster, sorted by address.
type Durability []Node

// Node is one redis-server that takes writes. What it does not tell is empty.
type Node struct {
	Addr      string
	Version   string // "7.0.15"
	Role      string // "master"
	AOF       bool   // appendonly yes
	Fsync     string // appendfsync: "always", "everysec" or "no"; empty where CONFIG is forbidden, as by most hosters
	MaxMemory int64  // bytes; 0: no bound
	Policy    string // maxmemory-policy
	Replicas  int    // that are connected and online
}

// Weakness is a way in which a Redis may forget, and what to do about it.
type Weakness struct {
	Node   string // host:port
	What   string
	Remedy string
	Severe bool // a restart or a full memory loses what was confirmed, or nothing can be sent at all
}

func (w Weakness) String() string { return fmt.Sprintf("%s: %s: %s", w.Node, w.What, w.Remedy) }

// ReadDurability asks the servers behind rdb. It only reads: INFO, and CONFIG
// GET where that is allowed.
func ReadDurability(ctx context.Context, rdb redis.UniversalClient) (Durability, error) {
	var d Durability
	var err error
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		var mu sync.Mutex
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
			n, err := readNode(ctx, node, node.Options().Addr)
			mu.Lock()
			defer mu.Unlock()
			d = append(d, n)
			return err
		})
		slices.SortFunc(d, func(a, b Node) int { return strings.Compare(a.Addr, b.Addr) })
	} else {
		addr := ""
		if client, ok := rdb.(*redis.Client); ok {
			addr = client.Options().Addr // "FailoverClient" with Sentinels, which hide where the master is
		}
		d = make(Durability, 1)
		d[0], err = readNode(ctx, rdb, addr)
	}
	if err != nil {
		return nil, fmt.Errorf("ask Redis how it keeps data: %w", err)
	}
	return d, nil
}

func readNode(ctx context.Context, rdb redis.Cmdable, addr string) (Node, error) {
	info, err := rdb.Info(ctx).Result()
	if err != nil {
		return Node{}, err
	}
	said := map[string]string{}
	for line := range strings.Lines(info) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			said[key] = value
		}
	}
	n := Node{
		Addr: addr, Version: said["redis_version"], Role: said["role"],
		AOF: said["aof_enabled"] == "1", Policy: said["maxmemory_policy"],
	}
	n.MaxMemory, _ = strconv.ParseInt(said["maxmemory"], 10, 64)
	for key, value := range said {
		if _, number, ok := strings.Cut(key, "slave"); ok && strings.Trim(number, "0123456789") == "" && strings.Contains(value, "state=online") {
			n.Replicas++
		}
	}
	if set, err := rdb.ConfigGet(ctx, "appendfsync").Result(); err == nil {
		n.Fsync = set["appendfsync"]
	}
	return n, nil
}

// Weaknesses lists what may make the bot forget; replicas is how many must
// have a step's record before it is sent (Options.Replicas).
func (d Durability) Weaknesses(replicas int) []Weakness {
	var all []Weakness
	for _, n := range d {
		add := func(severe bool, what, remedy string) {
			all = append(all, Weakness{Node: n.Addr, What: what, Remedy: remedy, Severe: severe})
		}
		if major, _, ok := strings.Cut(n.Version, "."); ok {
			if v, err := strconv.Atoi(major); err == nil && v < 7 {
				add(true, "Redis "+n.Version+" is too old", "install Redis 7.0 or newer: repeated deliveries cannot be told apart before")
			}
		}
		if n.Role == "slave" {
			add(true, "it is a replica and takes no writes", "write the master's address, or redis.sentinel, into the config")
		}
		if !n.AOF {
			add(true, "appendonly is off: a restart forgets what waits and what was sent", "set appendonly yes, and appendfsync always")
		} else if n.Fsync == "no" || n.Fsync == "everysec" {
			add(false, "appendfsync is "+n.Fsync+": a power failure forgets what was written last", "set appendfsync always: the bot writes a few times a click")
		}
		if n.MaxMemory > 0 && n.Policy != "noeviction" {
			add(true, "maxmemory-policy is "+n.Policy+": a full memory throws records away", "set maxmemory-policy noeviction")
		}
		if n.Replicas < replicas {
			add(true, fmt.Sprintf("%d of the %d replicas that redis.wait_replicas asks for are online: nothing is sent to Syncro", n.Replicas, replicas),
				"start the replicas, or set redis.wait_replicas to what there is")
		}
	}
	return all
}

// String is the whole in a line for logs: "127.0.0.1:6379 Redis 7.0.15,
// appendonly, appendfsync always, noeviction, 1 replica".
func (d Durability) String() string {
	lines := make([]string, len(d))
	for i, n := range d {
		kept := "no append-only file"
		if n.AOF {
			kept = "appendonly, appendfsync " + cmp.Or(n.Fsync, "unknown")
		}
		plural := "s"
		if n.Replicas == 1 {
			plural = ""
		}
		lines[i] = fmt.Sprintf("%s Redis %s, %s, %s, %d replica%s", n.Addr, cmp.Or(n.Version, "of an unknown version"), kept,
			cmp.Or(n.Policy, "an unknown maxmemory-policy"), n.Replicas, plural)
	}
	return strings.Join(lines, "; ")
}
