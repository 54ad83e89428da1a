// Package redistest runs real redis-servers on loopback, for tests and tools,
// so that scripts, expiry, durability and fail-over are those of the server
// that is used in production.
package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Server is one redis-server, with an append-only file that every write
// reaches before it is answered.
type Server struct {
	t    testing.TB // nil: no test owns it
	at   *reservation
	user string // as whom clients log in, with the same word as password; empty: nobody
	args []string
	cmd  *exec.Cmd
}

// Start runs a server on a free port and stops it when the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	return start(t)
}

// Replica runs a replica of the server and waits until it has caught up.
func (s *Server) Replica() *Server {
	s.t.Helper()
	r := start(s.t, "--replicaof", "127.0.0.1", strconv.Itoa(s.at.port), "--repl-diskless-sync-delay", "0")
	if err := s.HasReplicas(1); err != nil {
		s.t.Fatal(err)
	}
	return r
}

func start(t testing.TB, options ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("redis-server is missing: apt-get install redis-server (make test does it)")
	}
	s, err := New(t.TempDir(), options...)
	if err != nil {
		t.Fatal(err)
	}
	s.t = t
	s.Restart()
	t.Cleanup(s.Kill)
	return s
}

// New is a server that no test owns, on a free port and with its files in dir.
// It runs after Up and until Kill. options are redis-server's own, as
// "--cluster-enabled", "yes".
func New(dir string, options ...string) (*Server, error) {
	at, err := reserve()
	if err != nil {
		return nil, err
	}
	return &Server{at: at, args: append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(at.port),
		"--dir", dir, "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--loglevel", "warning",
		"--databases", strconv.Itoa(Databases)}, options...)}, nil
}

// Addr is the server's host:port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.at.port)) }

// Port is the server's port on 127.0.0.1.
func (s *Server) Port() int { return s.at.port }

// URL is the server's address as the configuration takes it.
func (s *Server) URL() string { return fmt.Sprintf("redis://%s/0", s.Addr()) }

// Client is a new client of the server, closed when the test ends.
func (s *Server) Client() *redis.Client { return s.Database(0) }

// Databases is how many the server has, each empty at first.
const Databases = 128

// Database is a new client of one of the server's databases.
func (s *Server) Database(n int) *redis.Client {
	c := s.Connect(n)
	s.t.Cleanup(func() { c.Close() })
	return c
}

// Connect is a new client of one of the server's databases, which the caller
// closes.
func (s *Server) Connect(n int) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: s.Addr(), DB: n, Username: s.user, Password: s.user, DisableIdentity: true, ContextTimeoutEnabled: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// Kill ends the server at once, as kill -9 does. Data stays on disk.
func (s *Server) Kill() {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		s.cmd = nil
	}
}

// Freeze stops the server where it is, as SIGSTOP does, until Thaw.
func (s *Server) Freeze() { s.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on, with what it knew.
func (s *Server) Thaw() { s.cmd.Process.Signal(syscall.SIGCONT) }

// Restart starts the server on its port and data, and waits until it answers.
func (s *Server) Restart() {
	s.t.Helper()
	if err := s.Up(); err != nil {
		s.t.Fatal(err)
	}
}

// Up is Restart for a server that no test owns.
func (s *Server) Up() error {
	s.Kill()
	s.cmd = exec.Command("redis-server", s.args...)
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return fmt.Errorf("start redis-server: %w", err)
	}
	var other error
	err := s.until("answers", func(ctx context.Context, c *redis.Client) bool {
		info, err := c.InfoMap(ctx, "server").Result()
		if pid := info["Server"]["process_id"]; err == nil && pid != strconv.Itoa(s.cmd.Process.Pid) {
			other = fmt.Errorf("process %s is the redis-server on %s", pid, s.Addr())
		}
		return err == nil
	})
	return errors.Join(err, other)
}

// HasReplicas waits until the server has so many replicas that have caught up.
func (s *Server) HasReplicas(n int) error {
	return s.until(fmt.Sprintf("has %d replicas", n), func(ctx context.Context, c *redis.Client) bool {
		// A write of its own, because WAIT is about what its connection wrote.
		pipe := c.Pipeline()
		pipe.Publish(ctx, "redistest", "caught up?")
		have := pipe.Do(ctx, "WAIT", n, 1000)
		pipe.Exec(ctx)
		got, err := have.Int()
		return err == nil && got >= n
	})
}

// until waits for something to become true of the server.
func (s *Server) until(what string, done func(context.Context, *redis.Client) bool) error {
	c := redis.NewClient(&redis.Options{Addr: s.Addr(), Username: s.user, Password: s.user, MaxRetries: -1})
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for !done(ctx, c) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until redis-server on %s %s", s.Addr(), what)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}
