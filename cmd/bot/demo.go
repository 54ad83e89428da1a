package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/syncrobot/syncrobot/config"
	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/web"
)

func demoCommand() *cobra.Command {
	var listen string
	var verbose bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Try the whole bot with a simulated Syncro, Slack and Teams, on this machine alone",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			log := slog.New(slog.DiscardHandler)
			if verbose {
				log = slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))
			}
			return demo(c.Context(), listen, log, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "where the page is")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "print the bot's log")
	return c
}

// demo runs the bot of serve on simulators and an embedded Redis, and the
// page, until ctx ends.
func demo(ctx context.Context, listen string, log *slog.Logger, out io.Writer) error {
	memory := miniredis.NewMiniRedis()
	if err := memory.Start(); err != nil {
		return fmt.Errorf("embedded Redis: %w", err)
	}
	defer memory.Close()
	office, err := openOffice("redis://"+memory.Addr()+"/0", shopNews)
	if err != nil {
		return err
	}
	defer office.Close()
	b, err := newBot(office.cfg, log)
	if err != nil {
		return err
	}
	page, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{
		Handler:           web.Handler(web.Options{Slack: office.Slack, Teams: office.Teams, Syncro: office.Syncro}),
		ReadHeaderTimeout: 5 * time.Second,
	}
	office.PointAt("http://" + b.public.Addr().String())
	b.links.PublicURL = "http://" + b.public.Addr().String()

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return b.serve(ctx, nil, nil)
	})
	group.Go(func() error {
		office.bringNews(ctx, "http://"+b.public.Addr().String())
		return nil
	})
	group.Go(func() error {
		if err := server.Serve(page); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		// The embedded Redis does not let time pass by itself.
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return server.Close() // its event streams never end by themselves
			case <-tick.C:
				memory.FastForward(time.Second)
			}
		}
	})
	fmt.Fprintf(out, "The demo is at http://%s\nNothing leaves this machine. Ctrl-C ends it.\n"+
		"Sam has no key yet: write “link” as Sam, and paste %s on the page.\n", page.Addr(), shop.SamToken)
	return group.Wait()
}

// office is a shop with its config as serve would load it.
type office struct {
	*shop.Shop
	cfg *config.Config
}

// openOffice opens a shop for a bot on the Redis at redisURL. more is added to
// the config.
func openOffice(redisURL string, more ...string) (*office, error) {
	s, err := shop.Open(shop.Options{Redis: fmt.Sprintf("{url: %q}", redisURL), Config: strings.Join(more, "")})
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load(s.Config(), os.LookupEnv)
	if err != nil {
		s.Close()
		return nil, err
	}
	return &office{s, cfg}, nil
}

// bringNews has Syncro notify the bot, and adds the bot to the team in Teams.
func (o *office) bringNews(ctx context.Context, bot string) {
	o.Syncro.SendWebhooks(bot+"/syncro/webhook/"+shop.WebhookSecret, o.cfg.Syncro.URL)
	o.Teams.Install(ctx, shop.DanaTeams, shop.DeskTeams)
}

// shopNews is what the demo's bot.yaml has for channels: invoices to #billing,
// what becomes of tickets to #service-desk, on both platforms.
const shopNews = `notify:
  webhook_secret: ` + shop.WebhookSecret + `
  poll: 10s
  routes:
    - {event: invoiced, slack: C0BILL}
    - {event: invoiced, teams: "` + shop.BillingTeams + `"}
    - {event: created, slack: C0DESK}
    - {event: urgent, slack: C0DESK}
    - {event: replied, slack: C0DESK}
    - {event: assigned, slack: C0DESK}
    - {event: resolved, slack: C0DESK}
`
