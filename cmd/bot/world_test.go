package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/config"
	"github.com/syncrobot/syncrobot/internal/redistest"
	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// patience bounds every wait for something that must come. It is long only
// for a machine that is busy with all tests at once.
const patience = 30 * time.Second

// vaultDoor is held while a vault is opened: SOPS takes the age key from the
// process's environment, and each shop has a key of its own.
var vaultDoor sync.Mutex

// world is a shop with one bot at work, on a Redis of its own.
type world struct {
	*office
	bot    *bot
	redis  *redistest.Server
	log    *journal
	hangup chan os.Signal

	tokens []syncrosim.Token               // the keys that Syncro knows
	before func(http.Handler) http.Handler // what stands before Syncro, nil for nothing
	gate   *gate                           // see gated
	reload func() (*config.Config, error)  // what a hangup reads
	quit   context.CancelFunc
	ended  chan error

	read sync.Map // cards that were read already: reading takes its time
}

// setting changes a world before its bot starts.
type setting func(*world)

// overSockets has the bot call Slack.
func overSockets(w *world) {
	w.cfg.Slack.Transport, w.cfg.Slack.AppToken, w.cfg.Slack.SigningSecret = "socket", config.NewSecret("xapp-demo"), config.Secret{}
	w.Slack.SetSocketMode(true)
}

// openWorld starts everything. Syncro's own limit is off, because what is
// tested is not the pace.
func openWorld(t *testing.T, settings ...setting) *world {
	t.Helper()
	w := &world{redis: redistest.Start(t), log: &journal{}, hangup: make(chan os.Signal, 1), ended: make(chan error, 1), tokens: shop.Tokens}
	vaultDoor.Lock()
	defer vaultDoor.Unlock()
	var err error
	if w.office, err = openOffice(w.redis.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.office.Close)
	w.reload = func() (*config.Config, error) { return w.cfg, nil }
	w.Teams.SetUnlimited(true)
	w.cfg.ShutdownGrace = 5 * time.Second
	for _, set := range settings {
		set(w)
	}
	w.unhurried(t)
	w.bot = w.newBot(t)
	w.PointAt("http://" + w.bot.public.Addr().String())
	w.bot.links.PublicURL = "http://" + w.bot.public.Addr().String()
	w.start(t)
	if w.cfg.Slack.Transport == "socket" {
		until(t, "the bot has called Slack", func() bool { return w.Slack.Sockets() > 0 })
	}
	return w
}

// newBot puts a bot together; vaultDoor must be held.
func (w *world) newBot(t *testing.T) *bot {
	t.Helper()
	b, err := newBot(w.cfg, slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// replica starts one more bot on the world's Redis.
func (w *world) replica(t *testing.T) *bot {
	t.Helper()
	vaultDoor.Lock()
	defer vaultDoor.Unlock()
	w.bringKey(t)
	b := w.newBot(t)
	ctx, quit := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.serve(ctx, nil, nil) }()
	t.Cleanup(func() {
		quit()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return b
}

// bringKey puts this shop's age key where SOPS finds it; vaultDoor must be
// held.
func (w *world) bringKey(t *testing.T) {
	t.Helper()
	if err := os.Setenv("SOPS_AGE_KEY_FILE", filepath.Join(w.Dir, "age.key")); err != nil {
		t.Fatal(err)
	}
}

// The people and places of the shop.
const (
	shopTenant = shop.Tenant

	danaSlack, danaTeams   = shop.DanaSlack, shop.DanaTeams
	robSlack, robTeams     = shop.RobSlack, shop.RobTeams
	samSlack, samTeams     = shop.SamSlack, shop.SamTeams
	niaSlack, niaTeams     = shop.NiaSlack, shop.NiaTeams
	guestSlack, guestTeams = shop.GuestSlack, shop.GuestTeams

	deskTeams, billingTeams, harborTeams = shop.DeskTeams, shop.BillingTeams, shop.HarborTeams
	webhookSecret                        = shop.WebhookSecret

	danaToken, robToken, sharedToken, samToken = shop.DanaToken, shop.RobToken, shop.SharedToken, shop.SamToken
)

// unhurried puts a Syncro without a limit in the place of the shop's.
func (w *world) unhurried(t *testing.T) {
	t.Helper()
	w.Syncro.Close()
	w.Syncro = syncrosim.New(syncrosim.Options{PerMinute: -1, Tokens: w.tokens})
	w.cfg.Syncro.RequestsPerMinute = 100_000
	var front http.Handler = w.Syncro
	if w.before != nil {
		front = w.before(front)
	}
	var err error
	if w.cfg.Syncro.URL, err = w.Listen(front); err != nil {
		t.Fatal(err)
	}
	w.Slack.SetUnfurlDomains(strings.TrimPrefix(w.cfg.Syncro.URL, "http://"))
}

func (w *world) start(t *testing.T) {
	ctx, quit := context.WithCancel(context.Background())
	w.quit = quit
	go func() { w.ended <- w.bot.serve(ctx, w.hangup, func() (*config.Config, error) { return w.reload() }) }()
	t.Cleanup(func() {
		w.Syncro.Close() // whatever hangs there ends
		w.finish(t)
		if t.Failed() && testing.Verbose() {
			t.Log(w.log.String())
		}
	})
}

// finish stops the bot as SIGTERM does and waits until it is at rest.
func (w *world) finish(t *testing.T) {
	t.Helper()
	w.quit()
	select {
	case err := <-w.ended:
		if err != nil {
			t.Errorf("serve: %v", err)
		}
		w.ended <- err // for whoever asks again
	case <-time.After(patience):
		t.Error("serve does not end")
	}
}

// ticket is a ticket as Syncro has it now.
func (w *world) ticket(t testing.TB, number int64) syncrosim.Ticket {
	t.Helper()
	ticket, ok := w.Syncro.Ticket(number)
	if !ok {
		t.Fatalf("Syncro has no ticket #%d", number)
	}
	return ticket
}

// lastComment is the newest entry of a ticket's thread.
func (w *world) lastComment(t testing.TB, number int64) syncrosim.Comment {
	t.Helper()
	thread := w.ticket(t, number).Comments
	return thread[len(thread)-1]
}

// writes is how many requests that change something reached Syncro.
func (w *world) writes() int {
	return w.Syncro.Count("POST", "") + w.Syncro.Count("PUT", "") + w.Syncro.Count("DELETE", "")
}

// wellMannered fails the test for whatever Slack or Teams would not have
// taken as it was meant.
func (w *world) wellMannered(t *testing.T) {
	t.Helper()
	for _, v := range w.Slack.Violations() {
		t.Errorf("Slack: %s", v)
	}
	for _, v := range w.Teams.Violations() {
		t.Errorf("Teams: %s", v)
	}
}

// until waits for something to become true.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// journal is the bot's log.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}
