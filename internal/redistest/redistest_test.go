package redistest

import (
	"strconv"
	"strings"
	"testing"
)

// TestUpIsNotFooled: who answers on the port must be the server that was
// started, or two tests would work on one Redis.
func TestUpIsNotFooled(t *testing.T) {
	t.Parallel()
	first := Start(t)
	second, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	second.args = append(second.args, "--port", strconv.Itoa(first.Port()))
	second.at = first.at
	t.Cleanup(second.Kill)
	if err := second.Up(); err == nil || !strings.Contains(err.Error(), first.Addr()) {
		t.Errorf("a second server on the first one's port: %v", err)
	}
}

// TestReserve: a port stays its server's, also while that is dead.
func TestReserve(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 500 {
		s, err := New("")
		if err != nil {
			t.Fatal(err)
		}
		if seen[s.Port()] {
			t.Fatalf("%d twice", s.Port())
		}
		seen[s.Port()] = true
		t.Cleanup(func() { s.at.udp.Close() }) // and so each is held to the end
	}
}
