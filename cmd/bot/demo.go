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
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/alicebob/miniredis/v2"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/syncrobot/syncrobot/adapters/slack"
	"github.com/syncrobot/syncrobot/config"
	"github.com/syncrobot/syncrobot/identity"
	"github.com/syncrobot/syncrobot/simulator/slacksim"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/simulator/teamssim"
	"github.com/syncrobot/syncrobot/simulator/web"
	"github.com/syncrobot/syncrobot/syncro"
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
	shop, err := openShop("redis://"+memory.Addr()+"/0", shopNews)
	if err != nil {
		return err
	}
	defer shop.Close()
	b, err := newBot(shop.cfg, log)
	if err != nil {
		return err
	}
	page, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{
		Handler:           web.Handler(web.Options{Slack: shop.Slack, Teams: shop.Teams, Syncro: shop.Syncro}),
		ReadHeaderTimeout: 5 * time.Second,
	}
	shop.pointAt("http://" + b.public.Addr().String())

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return b.serve(ctx, nil, nil)
	})
	group.Go(func() error {
		shop.bringNews(ctx, "http://"+b.public.Addr().String())
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
	fmt.Fprintf(out, "The demo is at http://%s\nNothing leaves this machine. Ctrl-C ends it.\n", page.Addr())
	return group.Wait()
}

// shop is a made-up service provider: its Syncro, Slack and Teams, simulated
// on loopback, and a vault and a config for the bot, in a folder of its own.
type shop struct {
	Syncro *syncrosim.Syncro
	Slack  *slacksim.Slack
	Teams  *teamssim.Sim

	cfg     *config.Config
	dir     string
	servers []*http.Server
}

// The people of the shop. Sam has no key of their own; Nia and Guest are no
// technicians.
const (
	shopTenant = "5f3a1c52-8a0e-4f55-9d3c-0d7f6a1b2c3d"
	shopApp    = "9b7e2d14-66c1-4b0a-8f7e-2a4d5c6b7e8f"

	danaSlack, danaTeams   = "U0DANA", "a1c5d1f0-1111-4c7a-9a51-7f0f3f1c0001"
	robSlack, robTeams     = "U0ROB", "a1c5d1f0-2222-4c7a-9a51-7f0f3f1c0002"
	samSlack, samTeams     = "U0SAM", "a1c5d1f0-3333-4c7a-9a51-7f0f3f1c0003"
	niaSlack, niaTeams     = "U0NIA", "a1c5d1f0-5555-4c7a-9a51-7f0f3f1c0005"
	guestSlack, guestTeams = "U0GUEST", "a1c5d1f0-4444-4c7a-9a51-7f0f3f1c0004"

	deskTeams, billingTeams = "19:desk@thread.tacv2", "19:billing@thread.tacv2"
	webhookSecret           = "demo-webhook-secret"

	danaToken, robToken, sharedToken = "Tdemo-dana-6b1d0c8f5e2a4937", "Tdemo-rob-d4e85a7c0b319f62", "Tdemo-office-27c9e1f0a8b5463d"
)

// openShop starts the simulators and makes vault and config for a bot on the
// Redis at redisURL. more is added to the config.
func openShop(redisURL string, more ...string) (_ *shop, err error) {
	s := &shop{}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "syncrobot-demo-"); err != nil {
		return nil, err
	}
	s.Syncro = syncrosim.New(syncrosim.Options{Tokens: []syncrosim.Token{
		{Key: danaToken, UserID: 4101, Name: "Dana Ruiz"},
		{Key: robToken, UserID: 4107, Name: "Rob Ames"},
		{Key: sharedToken, UserID: 4100, Name: "Front Office"},
	}})
	s.Slack = slacksim.New(slacksim.Options{
		SigningSecret: "demo-signing-secret", BotToken: "xoxb-demo", AppToken: "xapp-demo", AppID: "A0001", TeamID: "T0001",
		Scopes: names(slack.Scopes()), Events: names(slack.Events()),
		Users: []slacksim.User{
			{ID: danaSlack, Name: "dana", RealName: "Dana Ruiz"},
			{ID: robSlack, Name: "rob", RealName: "Rob Ames"},
			{ID: samSlack, Name: "sam", RealName: "Sam Ito"},
			{ID: niaSlack, Name: "nia", RealName: "Nia Park"},
			{ID: guestSlack, Name: "guest", RealName: "A guest", Restricted: true},
		},
		Channels: []slacksim.Channel{
			{ID: "C0DESK", Name: "service-desk", Members: []string{danaSlack, robSlack, samSlack, niaSlack, guestSlack, "U0BOT"}},
			{ID: "C0HARBOR", Name: "harbor-dental", Members: []string{danaSlack, robSlack}},
			{ID: "C0SHARED", Name: "with-juniper-legal", ExtShared: true, Members: []string{danaSlack, "U0BOT"}},
			{ID: "C0SOON", Name: "with-summit-physio", PendingExtShared: true, Members: []string{danaSlack, "U0BOT"}},
			{ID: "C0BILL", Name: "billing", Members: []string{danaSlack, robSlack, "U0BOT"}},
		},
	})
	if s.Teams, err = teamssim.New(teamssim.Options{
		TenantID: shopTenant, AppID: shopApp, ClientSecret: "demo-client-secret", BotName: "Syncro",
		Users: []teamssim.User{
			{AADObjectID: danaTeams, Name: "Dana Ruiz", Email: "dana@shop.example"},
			{AADObjectID: robTeams, Name: "Rob Ames", Email: "rob@shop.example"},
			{AADObjectID: samTeams, Name: "Sam Ito", Email: "sam@shop.example"},
			{AADObjectID: niaTeams, Name: "Nia Park", Email: "nia@shop.example"},
			{AADObjectID: guestTeams, Name: "A guest", Email: "guest@elsewhere.example", Guest: true},
		},
		Chats: []teamssim.Chat{{ID: "19:dana-rob@thread.v2", Name: "Dana and Rob", Members: []string{danaTeams, robTeams}}},
		Channels: []teamssim.Channel{
			{TeamID: deskTeams, ID: deskTeams, Name: "Service desk"}, {TeamID: deskTeams, ID: billingTeams, Name: "Billing"},
		},
	}); err != nil {
		return nil, err
	}
	urls := make([]string, 3)
	for i, sim := range []http.Handler{s.Syncro, s.Slack, s.Teams} {
		if urls[i], err = s.listen(sim); err != nil {
			return nil, err
		}
	}
	s.Slack.SetBaseURL(urls[1])
	s.Slack.SetUnfurlDomains(strings.TrimPrefix(urls[0], "http://"))
	s.Teams.SetBaseURL(urls[2])
	if err = s.fillVault(); err != nil {
		return nil, fmt.Errorf("the demo's vault: %w", err)
	}
	return s, s.writeConfig(shopConfig+strings.Join(more, ""), redisURL, urls[0], urls[1], urls[2])
}

// names are what the app was granted: what its manifest asks for.
func names(all []slack.Permission) []string {
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
	}
	return names
}

// listen serves a simulator on loopback and returns its address.
func (s *shop) listen(h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	s.servers = append(s.servers, server)
	go server.Serve(l)
	return "http://" + l.Addr().String(), nil
}

// pointAt tells the simulated platforms where the bot is.
func (s *shop) pointAt(bot string) {
	s.Slack.SetBotURL(bot)
	s.Teams.SetBotURL(bot)
}

// bringNews has Syncro notify the bot, and adds the bot to the team in Teams.
func (s *shop) bringNews(ctx context.Context, bot string) {
	s.Syncro.SendWebhooks(bot+"/syncro/webhook/"+webhookSecret, s.cfg.Syncro.URL)
	s.Teams.Install(ctx, danaTeams, deskTeams)
}

// vault is the shop's SOPS vault.
func (s *shop) vault() identity.Vault {
	return identity.Vault{
		Dir: filepath.Join(s.dir, "vault"), UserEntry: "msp-tools/syncro-{name}.sops.yaml", SharedEntry: "msp-tools/syncro.sops.yaml",
	}
}

// fillVault encrypts the technicians' keys with an age key made for this run.
// SOPS looks for the age key in its own environment, as in production.
func (s *shop) fillVault() error {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	keyFile := filepath.Join(s.dir, "age.key")
	if err := os.WriteFile(keyFile, []byte(key.String()+"\n"), 0o600); err != nil {
		return err
	}
	if err := os.Setenv("SOPS_AGE_KEY_FILE", keyFile); err != nil {
		return err
	}
	v := s.vault()
	if err := os.MkdirAll(filepath.Join(v.Dir, "msp-tools"), 0o700); err != nil {
		return err
	}
	rules := fmt.Sprintf("creation_rules:\n  - encrypted_regex: ^credentials$\n    age: %s\n", key.Recipient())
	if err := os.WriteFile(filepath.Join(v.Dir, ".sops.yaml"), []byte(rules), 0o600); err != nil {
		return err
	}
	ctx := context.Background()
	if _, err := v.AddEntry(ctx, "dana", danaToken, syncro.Me{UserID: 4101, Name: "Dana Ruiz"}, false); err != nil {
		return err
	}
	if _, err := v.AddEntry(ctx, "rob", robToken, syncro.Me{UserID: 4107, Name: "Rob Ames"}, false); err != nil {
		return err
	}
	_, err = v.AddShared(ctx, sharedToken, syncro.Me{UserID: 4100, Name: "Front Office"}, false)
	return err
}

// shopNews is what the demo's bot.yaml has for channels: invoices to #billing,
// what becomes of tickets to #service-desk, on both platforms.
const shopNews = `notify:
  webhook_secret: ` + webhookSecret + `
  poll: 10s
  routes:
    - {event: invoiced, slack: C0BILL}
    - {event: invoiced, teams: "` + billingTeams + `"}
    - {event: created, slack: C0DESK}
    - {event: urgent, slack: C0DESK}
    - {event: replied, slack: C0DESK}
    - {event: assigned, slack: C0DESK}
    - {event: resolved, slack: C0DESK}
`

// shopConfig is the shop's bot.yaml. What is in {} is filled in.
const shopConfig = `listen: 127.0.0.1:0
admin: 127.0.0.1:0
redis: {url: "{redis}"}
syncro: {url: "{syncro}"}
vault: {dir: ./vault, shared_key: reads}
technicians:
  - {name: dana, slack: [T0001/{danaSlack}], teams: [{tenant}/{danaTeams}]}
  - {name: rob, slack: [T0001/{robSlack}], teams: [{tenant}/{robTeams}]}
  - {name: sam, slack: [T0001/{samSlack}], teams: [{tenant}/{samTeams}]}
billing:
  labor:
    remote: {product_id: 1190473}
    onsite: {product_id: 26118}
    emergency: {product_id: 26184}
    project: {product_id: 9269129}
    internal: {product_id: 9269124}
    travel: {product_id: 26117}
    website: {product_id: 68055}
slack:
  teams: [T0001]
  app_id: A0001
  signing_secret: demo-signing-secret
  bot_token: xoxb-demo
  api_url: "{slack}/api/"
  response_hosts: ["{slackHost}"]
teams:
  tenant_id: {tenant}
  app_id: {app}
  client_secret: demo-client-secret
  token_url: "{teams}/{tenant}/oauth2/v2.0/token"
  openid_url: "{teams}/v1/.well-known/openidconfiguration"
  service_hosts: ["{teamsHost}"]
`

// writeConfig writes the shop's bot.yaml and loads it, as serve would.
func (s *shop) writeConfig(text, redis, syncro, slack, teams string) error {
	yaml := strings.NewReplacer(
		"{redis}", redis, "{syncro}", syncro, "{slack}", slack, "{teams}", teams,
		"{slackHost}", strings.TrimPrefix(slack, "http://"), "{teamsHost}", strings.TrimPrefix(teams, "http://"),
		"{tenant}", shopTenant, "{app}", shopApp,
		"{danaSlack}", danaSlack, "{robSlack}", robSlack, "{samSlack}", samSlack,
		"{danaTeams}", danaTeams, "{robTeams}", robTeams, "{samTeams}", samTeams,
	).Replace(text)
	path := filepath.Join(s.dir, "bot.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		return err
	}
	var err error
	s.cfg, err = config.Load(path, os.LookupEnv)
	return err
}

// Close ends the simulators and removes the folder.
func (s *shop) Close() {
	if s.Syncro != nil {
		s.Syncro.Close()
	}
	if s.Slack != nil {
		s.Slack.Close()
	}
	if s.Teams != nil {
		s.Teams.Close()
	}
	for _, server := range s.servers {
		server.Close()
	}
	os.RemoveAll(s.dir)
}
