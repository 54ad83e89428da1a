package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// asBot makes this test binary the bot itself: the very main, as a process
// that can be killed.
const asBot = "SYNCROBOT_TEST_AS_BOT"

func TestMain(m *testing.M) {
	if os.Getenv(asBot) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestReplicas: two bots on one Redis. What one has drawn is pressed on the
// other, and of twenty clicks at once over both one counts.
func TestReplicas(t *testing.T) {
	t.Parallel()
	everyTransport(t, func(t *testing.T, w *world, who func(string, string) person) {
		dana := who(danaSlack, danaTeams)
		one, other := "http://"+w.bot.public.Addr().String(), "http://"+w.replica(t).public.Addr().String()
		t.Run("pressed on the other", func(t *testing.T) {
			c := ask(t, dana, "note 32164 across", "Confirm:")
			w.PointAt(other)
			press(t, dana, c, "Confirm", "Done and checked")
			if got := w.lastComment(t, 32164); got.Body != "across" || got.UserID != 4101 {
				t.Errorf("Syncro has %+v", got)
			}
			w.PointAt(one)
			press(t, dana, c, "Confirm", "Done and checked")
		})
		t.Run("a choice pressed on the other", func(t *testing.T) {
			c := ask(t, dana, "comment 32164 chosen", "Who may see this")
			w.PointAt(other)
			press(t, dana, press(t, dana, c, "Internal note", "Confirm:"), "Cancel", "Cancelled")
		})
		t.Run("twenty clicks at once", func(t *testing.T) {
			w.PointAt(balanced(t, one, other))
			before := w.Syncro.Count("POST", "")
			c := ask(t, dana, "note 32163 at once", "Confirm:")
			var clicks sync.WaitGroup
			for range 20 {
				clicks.Go(func() { dana.press(t, c, "Confirm") })
			}
			clicks.Wait()
			until(t, "the click that counts is done with", func() bool { return w.lastComment(t, 32163).Body == "at once" })
			see(t, dana, "Done and checked")
			w.finish(t)
			if n := w.Syncro.Count("POST", "") - before; n != 1 {
				t.Errorf("sent %d times", n)
			}
			if thread := w.ticket(t, 32163).Comments; thread[len(thread)-2].Body == "at once" {
				t.Error("it is there twice")
			}
		})
	})
}

// balanced hands requests to the bots in turn.
func balanced(t *testing.T, bots ...string) string {
	var n atomic.Uint64
	var proxies []*httputil.ReverseProxy
	for _, b := range bots {
		u, err := url.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		proxies = append(proxies, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }})
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxies[n.Add(1)%uint64(len(proxies))].ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestKilled: a bot dies, as by kill -9, while a confirmed note is on its way.
// The other bot finds out what became of it and makes the card the outcome.
func TestKilled(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		dana := who(danaSlack, danaTeams)
		victim := w.process(t)
		w.PointAt("http://" + victim.Listen)
		c := ask(t, dana, "note 32164 last words", "Confirm:")
		w.Syncro.Fault(syncrosim.Fault{Kind: syncrosim.CommitThenHang, Method: "POST"})
		press(t, dana, c, "Confirm", "Confirmed. Sending to Syncro as Dana Ruiz.")
		until(t, "the note is on its way", func() bool { return w.Syncro.Count("POST", "") == 1 })
		victim.Kill()
		w.PointAt("http://" + w.bot.public.Addr().String())
		see(t, dana, "Done and checked", "looked for, and found", "logged as Dana Ruiz")
		if !strings.Contains(w.log.String(), "operation resumed") {
			t.Error("it was not the other bot that went on")
		}
		press(t, dana, c, "Confirm", "Done and checked")
		w.finish(t)
		if n := w.Syncro.Count("POST", ""); n != 1 {
			t.Errorf("sent %d times", n)
		}
		there := 0
		for _, comment := range w.ticket(t, 32164).Comments {
			if comment.Body == "last words" {
				there++
			}
		}
		if there != 1 {
			t.Errorf("it is there %d times", there)
		}
	}, func(w *world) { w.cfg.Syncro.Timeout = 2 * time.Second })
}

var syncroLine = regexp.MustCompile(`(?m)^syncro: .*$`)

// process runs one more bot of the world as a process of its own.
func (w *world) process(t *testing.T) *shop.Process {
	t.Helper()
	yaml, err := os.ReadFile(filepath.Join(w.Dir, "bot.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	yaml = syncroLine.ReplaceAll(yaml, fmt.Appendf(nil, `syncro: {url: "%s", timeout: %s, requests_per_minute: 100000}`, w.cfg.Syncro.URL, w.cfg.Syncro.Timeout))
	path := filepath.Join(w.Dir, "replica.yaml")
	if err := os.WriteFile(path, yaml, 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var log journal
	p, err := shop.Start(ctx, &log, "env", asBot+"=1", "SOPS_AGE_KEY_FILE="+filepath.Join(w.Dir, "age.key"), self, "serve", "--config", path)
	if err != nil {
		t.Fatalf("%v; its log:\n%s", err, &log)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("the process's log:\n%s", &log)
		}
	})
	if _, err := p.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return p
}
