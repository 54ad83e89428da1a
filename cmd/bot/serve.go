package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/spf13/cobra"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"golang.org/x/sync/errgroup"

	"github.com/syncrobot/syncrobot/adapters"
	"github.com/syncrobot/syncrobot/adapters/slack"
	"github.com/syncrobot/syncrobot/adapters/teams"
	"github.com/syncrobot/syncrobot/audit"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/commands"
	"github.com/syncrobot/syncrobot/config"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/doctor"
	"github.com/syncrobot/syncrobot/identity"
	"github.com/syncrobot/syncrobot/linking"
	"github.com/syncrobot/syncrobot/notify"
	"github.com/syncrobot/syncrobot/sessionlog"
	"github.com/syncrobot/syncrobot/syncro"
)

func serveCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the bot",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(path)
			if err != nil {
				return err
			}
			hangup := make(chan os.Signal, 1)
			signal.Notify(hangup, syscall.SIGHUP)
			defer signal.Stop(hangup)
			log := logger(cfg.Log, os.Stderr)
			redis.SetLogger(redisLog{log})
			b, err := newBot(cfg, log)
			if err != nil {
				return err
			}
			return b.serve(c.Context(), hangup, func() (*config.Config, error) { return config.Load(path, os.LookupEnv) })
		},
	}
	configFlag(c, &path)
	return c
}

func logger(c config.Log, w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.Level}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}

// redisLog makes lines of the bot's log of what go-redis would print.
type redisLog struct{ log *slog.Logger }

func (r redisLog) Printf(ctx context.Context, format string, v ...any) {
	r.log.WarnContext(ctx, "redis", "message", fmt.Sprintf(format, v...))
}

// mostWork is how many commands and clicks are worked on at once, an eighth of
// it of one person; more are refused politely. Each holds some kilobytes and waits mostly for Syncro.
const mostWork = 512

// bot is one running process, put together.
type bot struct {
	cfg       *config.Config
	log       *slog.Logger
	redis     redis.UniversalClient
	people    *identity.Directory
	platforms adapters.Platforms
	engine    *confirm.Engine
	handler   *commands.Bot
	news      *notify.Notifier
	audit     *audit.Log
	work      *chat.Work
	figures   *metrics
	links     *linking.Links
	traces    *sdktrace.TracerProvider
	public    net.Listener
	admin     net.Listener
}

// newBot puts the parts together, top to bottom, and listens; it serves
// nothing yet.
func newBot(cfg *config.Config, log *slog.Logger) (*bot, error) {
	log = slog.New(tracedLog{log.Handler()})
	b := &bot{cfg: cfg, log: log, work: chat.NewWork(mostWork), figures: newMetrics()}
	b.work.Log = log
	var err error
	if b.traces, err = newTraces(context.Background(), cfg.Traces); err != nil {
		return nil, err
	}
	b.redis = openRedis(cfg.Redis)
	client, err := syncro.New(syncro.Options{
		URL: cfg.Syncro.URL, Auth: cfg.Syncro.Auth, Timeout: cfg.Syncro.Timeout, Log: log,
		Limiter: syncro.NewLimiter(b.redis, syncro.LimiterOptions{PerMinute: cfg.Syncro.RequestsPerMinute, Observe: b.figures.left}),
		Redis:   b.redis, Observe: b.figures.request,
	})
	if err != nil {
		return nil, err
	}
	b.people, err = identity.New(identity.Options{
		Vault:     vaultOf(cfg),
		SharedKey: identity.Policy(cfg.Vault.SharedKey), People: people(cfg), Log: log,
		Me: func(ctx context.Context, key syncro.Key) (syncro.Me, error) {
			return client.Reader(key, syncro.ClassClick).Me(ctx)
		},
	})
	if err != nil {
		return nil, err
	}
	store := confirm.NewStore(b.redis)
	// The platforms come last, because they need what answers them.
	redraw := func(ctx context.Context, user chat.User, card chat.Ref, c chat.Card) error {
		return b.platforms.Redraw(ctx, user, card, c)
	}
	b.engine = confirm.New(confirm.Options{
		Store: store, Syncro: client, Work: b.work, Log: log, Explain: b.figures.explain, Redraw: redraw,
		TTL: cfg.Confirm.TTL, Patience: cfg.Confirm.Patience, Timeout: cfg.Syncro.Timeout, Replicas: cfg.Redis.WaitReplicas, Observe: b.figures.settled,
		Moved:  func(ctx context.Context, technician string) { b.handler.Forget(ctx, technician) },
		Settle: commands.SettleTimer(b.redis),
		People: func(ctx context.Context, name string) (confirm.Actor, error) {
			t, err := b.people.Named(ctx, name)
			if err == nil && !t.MayWrite {
				err = &identity.NoKeyError{Name: name}
			}
			return confirm.Actor{Name: t.Name, FullName: t.FullName, UserID: t.UserID, Shared: t.Shared, Key: t.Key}, err
		},
		Acts: func(user chat.User, technician string) bool { return b.people.Standing(user).Name == technician },
		Did: func(ctx context.Context, ticketID int64, as confirm.As, w syncro.Write) {
			b.news.Did(ctx, ticketID, as.Name, as.FullName, w)
		},
	})
	b.news = newNotifier(b, client)
	b.audit = audit.New(b.redis, log, confirm.AuditStreams()...)
	post := func(ctx context.Context, at chat.Place, c chat.Card) (chat.Ref, error) {
		return b.platforms.Post(ctx, at, c)
	}
	b.links = linking.New(linking.Options{
		PublicURL: cfg.PublicURL, NoPage: commands.ErrNoPage, SyncroURL: cfg.Syncro.URL, Redis: b.redis, People: b.people,
		Post: post, Redraw: redraw, Work: b.work, Record: b.audit.Add, Explain: commands.Explain, Log: log,
	})
	b.handler = commands.New(commands.Options{
		People: b.people, Links: b.links, Syncro: client, Engine: b.engine, Redis: b.redis, Redraw: redraw, Post: post,
		Evening: commands.Evening{
			On: cfg.EndOfDay.On, At: cfg.EndOfDay.At, Days: cfg.EndOfDay.Days, Nudge: cfg.Timers.NudgeAfter,
		},
		TTL: cfg.Confirm.TTL, Rules: rules(cfg), Audit: b.audit, Log: log, Failed: b.figures.failed,
	})
	b.platforms, err = adapters.New(slackOptions(b, b.handler, store), teamsOptions(b, b.handler, store))
	if err != nil {
		return nil, err
	}
	if b.public, err = net.Listen("tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if b.admin, err = net.Listen("tcp", cfg.Admin); err != nil {
		b.public.Close()
		return nil, fmt.Errorf("admin: %w", err)
	}
	return b, nil
}

// serve runs until ctx ends, then takes nothing new and finishes what is
// running within the grace. A hangup reads vault and technicians again.
func (b *bot) serve(ctx context.Context, hangup <-chan os.Signal, reload func() (*config.Config, error)) error {
	mux := http.NewServeMux()
	b.platforms.Mount(mux)
	b.links.Mount(mux)
	mux.Handle("GET /{$}", doctor.About(b.cfg))
	if secret := b.cfg.Notify.WebhookSecret; !secret.Empty() {
		mux.Handle("POST /syncro/webhook/{secret}", b.news.Webhook(secret.Reveal()))
	}
	public := &http.Server{
		Handler: door(mux, b.traces.Tracer("syncrobot/door"), b.figures), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(b.log.Handler(), slog.LevelDebug),
	}
	admin := &http.Server{Handler: adminRoutes(b.redis, b.cfg.Redis.WaitReplicas, b.people.Ready, b.figures), ReadHeaderTimeout: 5 * time.Second}

	group, ctx := errgroup.WithContext(traced(ctx, b.traces))
	for server, listener := range map[*http.Server]net.Listener{public: b.public, admin: b.admin} {
		group.Go(func() error {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	own := b.byItself(ctx)
	called := make(chan struct{}) // closed when nothing comes in over connections of ours any more
	group.Go(func() error { defer close(called); b.platforms.Run(ctx); return nil })
	group.Go(func() error {
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-hangup:
				b.reload(ctx, reload)
			}
		}
	})
	group.Go(func() error {
		<-ctx.Done()
		return b.shutdown(public, admin, called, own)
	})
	b.log.Info("serving", "listen", b.public.Addr().String(), "admin", b.admin.Addr().String(),
		"platforms", len(b.platforms), "technicians", len(b.cfg.Technicians))
	return group.Wait()
}

// byItself begins what the bot does without being asked. The channel is closed
// when all of it has ended, some time after ctx has: a card that is on its way
// to a channel is noted in Redis first.
func (b *bot) byItself(ctx context.Context) <-chan struct{} {
	var running sync.WaitGroup
	for _, run := range []func(context.Context){
		b.engine.Run, b.people.Watch, b.news.Run, b.handler.Evenings, b.tellDurability,
		func(ctx context.Context) { b.audit.Keep(ctx, b.cfg.Audit.Keep) },
	} {
		running.Go(func() { run(ctx) })
	}
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()
	return ended
}

// tellDurability logs whether Redis keeps what it is told.
func (b *bot) tellDurability(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	kept, err := confirm.ReadDurability(ctx, b.redis)
	if err != nil {
		if ctx.Err() == nil {
			b.log.Warn("Redis does not tell how it keeps data", "error", err)
		}
		return
	}
	b.log.Info("Redis", "kept", kept.String())
	for _, w := range kept.Weaknesses(b.cfg.Redis.WaitReplicas) {
		level := slog.LevelInfo
		if w.Severe {
			level = slog.LevelWarn
		}
		b.log.Log(ctx, level, "Redis may forget", "node", w.Node, "what", w.What, "remedy", w.Remedy)
	}
}

// shutdown closes the doors first, then waits for what is behind them.
func (b *bot) shutdown(public, admin *http.Server, called, own <-chan struct{}) error {
	b.log.Info("shutting down", "grace", b.cfg.ShutdownGrace.String())
	ctx, cancel := context.WithTimeout(context.Background(), b.cfg.ShutdownGrace)
	defer cancel()
	err := public.Shutdown(ctx)
	select {
	case <-called:
	case <-ctx.Done():
	}
	if drained := b.work.Drain(ctx); drained != nil {
		b.log.Warn("some work was cut short: what was confirmed goes on at the next start", "error", drained)
	}
	select {
	case <-own:
	case <-ctx.Done():
	}
	if err := b.traces.Shutdown(ctx); err != nil {
		b.log.Warn("the last traces were not delivered", "error", err)
	}
	admin.Close()
	b.redis.Close()
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// reload takes over the technicians of the config file and opens the vault
// again. With a fault in the file what was known stays; of an entry that cannot
// be opened, what was opened before.
func (b *bot) reload(ctx context.Context, load func() (*config.Config, error)) {
	cfg, err := load()
	if err == nil {
		err = b.people.SetTechnicians(ctx, people(cfg))
	}
	if bad, ok := errors.AsType[*identity.VaultError](err); ok {
		b.log.Error("technicians were read again, and not every entry of the vault: what was opened of it before stays in use", "technicians", len(cfg.Technicians), "error", bad)
		return
	}
	if err != nil {
		b.log.Error("vault and technicians could not be read again", "error", err)
		return
	}
	b.log.Info("vault and technicians were read again", "technicians", len(cfg.Technicians))
}

// rules are how the shop works.
func rules(cfg *config.Config) commands.Rules {
	r := commands.Rules{
		CloseStatus: cfg.Tickets.CloseStatus, DefaultPriority: cfg.Tickets.DefaultPriority,
		Billing: commands.Billing{Timers: cfg.Billing.Path == "timer", Omit: cfg.Billing.Price == "omit"},
		Logs:    sessionlog.Folder{Dir: cfg.SessionLogs.Dir, Git: cfg.SessionLogs.Git},
	}
	for _, l := range cfg.Billing.Labor {
		labor := commands.Labor{Name: l.Name, ProductID: l.ProductID}
		if p := l.Prepaid; p != nil {
			labor.Prepaid = &commands.PrepaidLabor{Labor: p.Labor, Times: p.Times}
		}
		r.Billing.Labor = append(r.Billing.Labor, labor)
	}
	return r
}

// openRedis makes the client. Commands are bounded by their context; nothing
// is asked of the server that old servers do not know.
func openRedis(c config.Redis) redis.UniversalClient {
	o := c.Options()
	o.ContextTimeoutEnabled = true
	o.ReadTimeout, o.WriteTimeout, o.DialTimeout = 2*time.Second, 2*time.Second, 2*time.Second
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewUniversalClient(o)
}

func people(cfg *config.Config) []identity.Person {
	var all []identity.Person
	for _, t := range cfg.Technicians {
		all = append(all, identity.Person{Name: t.Name, Users: t.Users(), Zone: cmp.Or(t.Zone, cfg.EndOfDay.Zone)})
	}
	return all
}

func slackOptions(b *bot, h chat.Handler, seen chat.Seen) *slack.Options {
	c := b.cfg.Slack
	if c == nil {
		return nil
	}
	o := &slack.Options{
		Teams: c.Teams, AppID: c.AppID, SigningSecret: c.SigningSecret.Reveal(), BotToken: c.BotToken.Reveal(),
		Command: c.Command, APIURL: c.APIURL, ResponseHosts: c.ResponseHosts, Handler: h, Seen: seen, Work: b.work, Log: b.log,
	}
	if c.Transport == "socket" {
		o.AppToken, o.Door = c.AppToken.Reveal(), socketDoor(b.traces, b.figures)
	}
	return o
}

func teamsOptions(b *bot, h chat.Handler, seen chat.Seen) *teams.Options {
	c := b.cfg.Teams
	if c == nil {
		return nil
	}
	command := "syncro"
	if b.cfg.Slack != nil {
		command = strings.TrimPrefix(b.cfg.Slack.Command, "/")
	}
	return &teams.Options{
		TenantID: c.TenantID, AppID: c.AppID, ClientSecret: c.ClientSecret.Reveal(), TokenURL: c.TokenURL,
		OpenIDURL: c.OpenIDURL, ServiceHosts: c.ServiceHosts, Command: command, Handler: h, Seen: seen,
		Notes: notify.Notes{Redis: b.redis}, Work: b.work, Log: b.log,
	}
}
