package redistest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Group is several redis-servers of which one takes another's place when that
// is gone: a master with its replicas and three Sentinels, or a cluster of
// three masters with a replica each.
type Group struct {
	Nodes     []*Server // masters and replicas, whichever they are now
	Sentinels []*Server // none in a cluster
}

// MasterName is what the Sentinels call the master.
const MasterName = "shop"

// downAfter is how long a master may be silent before it is replaced.
const downAfter = 2 * time.Second

// Login is the name and the password of a group's clients. Replicas and
// Sentinels are peers, so that a partition can shut out these alone.
const (
	Login = "bot"
	peers = "peer"
)

// logins makes these users on a server.
var logins = []string{
	"--user", "default", "off", "--user", Login, "on", ">" + Login, "~*", "&*", "+@all", "--user", peers, "on", ">" + peers, "~*", "&*", "+@all",
	"--masteruser", peers, "--masterauth", peers, "--repl-diskless-sync-delay", "0",
}

// NewSentinels starts a master with so many replicas, and three Sentinels,
// with their files in dir.
func NewSentinels(dir string, replicas int) (_ *Group, err error) {
	g := &Group{}
	defer func() {
		if err != nil {
			g.Kill()
		}
	}()
	for i := range 1 + replicas {
		options := logins
		if i > 0 {
			options = append(slices.Clone(logins), "--replicaof", "127.0.0.1", strconv.Itoa(g.Nodes[0].Port()))
		}
		if err := g.add(filepath.Join(dir, fmt.Sprintf("node%d", i)), options); err != nil {
			return nil, err
		}
	}
	if err := g.Nodes[0].HasReplicas(replicas); err != nil {
		return nil, err
	}
	for i := range 3 {
		s, err := newSentinel(filepath.Join(dir, fmt.Sprintf("sentinel%d", i)), g.Nodes[0].Port())
		if err != nil {
			return nil, err
		}
		g.Sentinels = append(g.Sentinels, s)
		if err := s.Up(); err != nil {
			return nil, err
		}
	}
	// A fail-over needs Sentinels that know each other and the replicas.
	for _, s := range g.Sentinels {
		if err := s.until("knows the others", func(ctx context.Context, c *redis.Client) bool {
			known := redis.NewMapStringStringCmd(ctx, "SENTINEL", "MASTER", MasterName)
			if err := c.Process(ctx, known); err != nil {
				return false
			}
			return known.Val()["num-other-sentinels"] == "2" && known.Val()["num-slaves"] == strconv.Itoa(replicas)
		}); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (g *Group) add(dir string, options []string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	s, err := New(dir, options...)
	if err != nil {
		return err
	}
	s.user = Login
	g.Nodes = append(g.Nodes, s)
	return s.Up()
}

func newSentinel(dir string, master int) (*Server, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	at, err := reserve()
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "sentinel.conf") // it writes what it learns into this file
	text := fmt.Sprintf(`bind 127.0.0.1
port %d
dir %s
loglevel warning
sentinel monitor %[3]s 127.0.0.1 %[4]d 2
sentinel auth-user %[3]s %[5]s
sentinel auth-pass %[3]s %[5]s
sentinel down-after-milliseconds %[3]s %[6]d
sentinel failover-timeout %[3]s 5000
`, at.port, dir, MasterName, master, peers, downAfter.Milliseconds())
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return &Server{at: at, args: []string{conf, "--sentinel"}}, nil
}

// NewCluster starts three masters with a replica each, with their files in dir.
func NewCluster(dir string) (_ *Group, err error) {
	g := &Group{}
	defer func() {
		if err != nil {
			g.Kill()
		}
	}()
	for i := range 6 {
		options := append(slices.Clone(logins), "--cluster-enabled", "yes", "--cluster-node-timeout", strconv.FormatInt(downAfter.Milliseconds(), 10),
			"--databases", "1")
		if err := g.add(filepath.Join(dir, fmt.Sprintf("node%d", i)), options); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	const slots = 16384
	ids := make([]string, len(g.Nodes))
	for i, n := range g.Nodes {
		c := n.Connect(0)
		defer c.Close()
		if ids[i], err = c.Do(ctx, "CLUSTER", "MYID").Text(); err != nil {
			return nil, err
		}
		if err = c.Do(ctx, "CLUSTER", "MEET", "127.0.0.1", g.Nodes[0].Port()).Err(); err != nil {
			return nil, err
		}
		if i < 3 {
			if err = c.Do(ctx, "CLUSTER", "ADDSLOTSRANGE", slots*i/3, slots*(i+1)/3-1).Err(); err != nil {
				return nil, err
			}
		}
	}
	for i, n := range g.Nodes {
		if i >= 3 {
			if err = n.until("may be a replica", func(ctx context.Context, c *redis.Client) bool {
				return c.Do(ctx, "CLUSTER", "REPLICATE", ids[i-3]).Err() == nil
			}); err != nil {
				return nil, err
			}
		}
	}
	for i, n := range g.Nodes {
		if err = n.until("is part of a whole cluster", func(ctx context.Context, c *redis.Client) bool {
			info, err := c.ClusterInfo(ctx).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:6")
		}); err != nil {
			return nil, err
		}
		if i < 3 {
			if err = n.HasReplicas(1); err != nil {
				return nil, err
			}
		}
	}
	return g, nil
}

// Addrs are the addresses by which a client finds the group: of the Sentinels,
// or of the cluster's nodes.
func (g *Group) Addrs() []string {
	known := g.Sentinels
	if len(known) == 0 {
		known = g.Nodes
	}
	addrs := make([]string, len(known))
	for i, s := range known {
		addrs[i] = s.Addr()
	}
	return addrs
}

// Masters are the nodes that take writes as they see it themselves: after a
// partition for a while one more than the others think. Nodes that do not
// answer are left out.
func (g *Group) Masters(ctx context.Context) []*Server {
	var masters []*Server
	for _, n := range g.Nodes {
		if role, err := n.role(ctx); err == nil && role == "master" {
			masters = append(masters, n)
		}
	}
	return masters
}

func (s *Server) role(ctx context.Context) (string, error) {
	c := s.Connect(0)
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	said, err := c.Do(ctx, "ROLE").Slice()
	if err != nil {
		return "", err
	}
	role, _ := said[0].(string)
	return role, nil
}

// Whole waits until so many masters have a replica each that has caught up.
func (g *Group) Whole(ctx context.Context, masters int) error {
	for {
		have := 0
		for _, m := range g.Masters(ctx) {
			c := m.Connect(0)
			info, err := c.Info(ctx, "replication").Result()
			c.Close()
			if err == nil && strings.Contains(info, "state=online") {
				have++
			}
		}
		if have == masters {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d masters have a replica: %w", have, masters, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Partition shuts a node's replicas and Sentinels out and leaves its clients
// with it, until Heal. In a cluster, where nodes talk past the logins, it
// shuts out the replicas alone.
func (s *Server) Partition(ctx context.Context) error {
	return s.admit(ctx, "off")
}

// Heal ends a partition.
func (s *Server) Heal(ctx context.Context) error { return s.admit(ctx, "on") }

func (s *Server) admit(ctx context.Context, state string) error {
	c := s.Connect(0)
	defer c.Close()
	if err := c.Do(ctx, "ACL", "SETUSER", peers, state).Err(); err != nil {
		return err
	}
	if state == "off" {
		err := c.Do(ctx, "CLIENT", "KILL", "USER", peers).Err()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
	}
	return nil
}

// Kill ends all of the group at once.
func (g *Group) Kill() {
	for _, s := range slices.Concat(g.Sentinels, g.Nodes) {
		s.Kill()
	}
}

// YAML is the group as the redis section of the bot's config takes it.
func (g *Group) YAML() string {
	list := `["` + strings.Join(g.Addrs(), `", "`) + `"]`
	if len(g.Sentinels) > 0 {
		return fmt.Sprintf("{sentinel: {master: %s, addrs: %s, username: %s, password: %[3]s}}", MasterName, list, Login)
	}
	return fmt.Sprintf("{cluster: {addrs: %s, username: %s, password: %[2]s}}", list, Login)
}
