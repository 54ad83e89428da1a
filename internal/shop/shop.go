// Package shop is a made-up service provider on loopback: its Syncro, Slack
// and Teams, simulated, and a vault and a config for the bot, in a folder of
// its own. Tools and the demo run the bot in it.
package shop

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/adapters/slack"
	"github.com/syncrobot/syncrobot/identity"
	"github.com/syncrobot/syncrobot/simulator/slacksim"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/simulator/teamssim"
	"github.com/syncrobot/syncrobot/syncro"
)

// The people of the shop. Sam has no key of their own; Nia and Guest are no
// technicians.
const (
	Tenant   = "5f3a1c52-8a0e-4f55-9d3c-0d7f6a1b2c3d"
	TeamsApp = "9b7e2d14-66c1-4b0a-8f7e-2a4d5c6b7e8f"

	SlackTeam, SlackApp     = "T0001", "A0001"
	SigningSecret, BotToken = "demo-signing-secret", "xoxb-demo"
	WebhookSecret           = "demo-webhook-secret"

	DeskTeams, BillingTeams = "19:desk@thread.tacv2", "19:billing@thread.tacv2"
	HarborTeams             = "19:harbor@thread.tacv2" // the guest is in it

	DanaSlack, DanaTeams   = "U0DANA", "a1c5d1f0-1111-4c7a-9a51-7f0f3f1c0001"
	RobSlack, RobTeams     = "U0ROB", "a1c5d1f0-2222-4c7a-9a51-7f0f3f1c0002"
	SamSlack, SamTeams     = "U0SAM", "a1c5d1f0-3333-4c7a-9a51-7f0f3f1c0003"
	NiaSlack, NiaTeams     = "U0NIA", "a1c5d1f0-5555-4c7a-9a51-7f0f3f1c0005"
	GuestSlack, GuestTeams = "U0GUEST", "a1c5d1f0-4444-4c7a-9a51-7f0f3f1c0004"

	DanaToken, RobToken, SharedToken = "Tdemo-dana-6b1d0c8f5e2a4937", "Tdemo-rob-d4e85a7c0b319f62", "Tdemo-office-27c9e1f0a8b5463d"

	SamToken = "Tdemo-sam-90f3b7d2c6e1a584" // Syncro knows it, and the vault has it not: for Sam to link
)

// Tokens are the keys that the shop's Syncro knows.
var Tokens = []syncrosim.Token{
	{Key: DanaToken, UserID: 4101, Name: "Dana Ruiz"},
	{Key: RobToken, UserID: 4107, Name: "Rob Ames"},
	{Key: SharedToken, UserID: 4100, Name: "Front Office"},
	{Key: SamToken, UserID: 4133, Name: "Sam Ito"},
}

// Options are how a shop differs from the demo's.
type Options struct {
	Redis         string                               // of the config: `{url: "redis://127.0.0.1:6379/0"}`
	Syncro        syncrosim.Options                    // Tokens are added
	Front         func(http.Handler) http.Handler      // what stands before Syncro; nil: nothing
	Way           func(address string) (string, error) // the address by which the bot reaches Syncro; nil: its own
	SyncroKeys    string                               // more keys of the config's syncro section, as ", timeout: 2s"
	ResponseHosts []string                             // besides Slack's own
	Config        string                               // more sections of the config
	Crowd         int                                  // so many chat users more for each of dana and rob, on each platform
}

// Shop is all that a bot needs but Redis.
type Shop struct {
	Syncro *syncrosim.Syncro
	Slack  *slacksim.Slack
	Teams  *teamssim.Sim
	Dir    string

	SlackURL, TeamsURL string // where the simulated platforms are

	o       Options
	servers []*http.Server
}

// Open starts the simulators and makes vault and config. SOPS finds the age
// key through the environment of this process, and so do its children.
func Open(o Options) (_ *Shop, err error) {
	s := &Shop{o: o}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.Dir, err = os.MkdirTemp("", "syncrobot-shop-"); err != nil {
		return nil, err
	}
	o.Syncro.Tokens = append(o.Syncro.Tokens, Tokens...)
	s.Syncro = syncrosim.New(o.Syncro)
	s.Slack = slacksim.New(s.slackOptions())
	if s.Teams, err = teamssim.New(s.teamsOptions()); err != nil {
		return nil, err
	}
	var front http.Handler = s.Syncro
	if o.Front != nil {
		front = o.Front(front)
	}
	urls := make([]string, 3)
	for i, sim := range []http.Handler{front, s.Slack, s.Teams} {
		if urls[i], err = s.Listen(sim); err != nil {
			return nil, err
		}
	}
	s.SlackURL, s.TeamsURL = urls[1], urls[2]
	s.Slack.SetBaseURL(s.SlackURL)
	s.Slack.SetUnfurlDomains(strings.TrimPrefix(urls[0], "http://"))
	s.Teams.SetBaseURL(s.TeamsURL)
	if err = s.fillVault(); err != nil {
		return nil, fmt.Errorf("the shop's vault: %w", err)
	}
	if o.Way != nil {
		way, err := o.Way(strings.TrimPrefix(urls[0], "http://"))
		if err != nil {
			return nil, err
		}
		urls[0] = "http://" + way
	}
	return s, s.writeConfig(urls[0])
}

func (s *Shop) slackOptions() slacksim.Options {
	o := slacksim.Options{
		SigningSecret: SigningSecret, BotToken: BotToken, AppToken: "xapp-demo", AppID: SlackApp, TeamID: SlackTeam,
		Scopes: Scopes(), Events: names(slack.Events()),
		Users: []slacksim.User{
			{ID: DanaSlack, Name: "dana", RealName: "Dana Ruiz"},
			{ID: RobSlack, Name: "rob", RealName: "Rob Ames"},
			{ID: SamSlack, Name: "sam", RealName: "Sam Ito"},
			{ID: NiaSlack, Name: "nia", RealName: "Nia Park"},
			{ID: GuestSlack, Name: "guest", RealName: "A guest", Restricted: true},
		},
		Channels: []slacksim.Channel{
			{ID: "C0DESK", Name: "service-desk", Members: []string{DanaSlack, RobSlack, SamSlack, NiaSlack, GuestSlack, "U0BOT"}},
			{ID: "C0HARBOR", Name: "harbor-dental", Members: []string{DanaSlack, RobSlack}},
			{ID: "C0SHARED", Name: "with-juniper-legal", ExtShared: true, Members: []string{DanaSlack, "U0BOT"}},
			{ID: "C0SOON", Name: "with-summit-physio", PendingExtShared: true, Members: []string{DanaSlack, "U0BOT"}},
			{ID: "C0BILL", Name: "billing", Members: []string{DanaSlack, RobSlack, "U0BOT"}},
		},
	}
	for i := range s.o.Crowd {
		dana, rob := SlackCrowd(i)
		o.Users = append(o.Users, slacksim.User{ID: dana, Name: "dana", RealName: "Dana Ruiz"}, slacksim.User{ID: rob, Name: "rob", RealName: "Rob Ames"})
		o.Channels[0].Members = append(o.Channels[0].Members, dana, rob)
	}
	return o
}

func (s *Shop) teamsOptions() teamssim.Options {
	o := teamssim.Options{
		TenantID: Tenant, AppID: TeamsApp, ClientSecret: "demo-client-secret", BotName: "Syncro",
		Users: []teamssim.User{
			{AADObjectID: DanaTeams, Name: "Dana Ruiz", Email: "dana@shop.example"},
			{AADObjectID: RobTeams, Name: "Rob Ames", Email: "rob@shop.example"},
			{AADObjectID: SamTeams, Name: "Sam Ito", Email: "sam@shop.example"},
			{AADObjectID: NiaTeams, Name: "Nia Park", Email: "nia@shop.example"},
			{AADObjectID: GuestTeams, Name: "A guest", Email: "guest@elsewhere.example", Guest: true},
		},
		Chats: []teamssim.Chat{{ID: "19:dana-rob@thread.v2", Name: "Dana and Rob", Members: []string{DanaTeams, RobTeams}}},
		Channels: []teamssim.Channel{
			{TeamID: DeskTeams, ID: DeskTeams, Name: "Service desk"}, {TeamID: DeskTeams, ID: BillingTeams, Name: "Billing"},
			{TeamID: HarborTeams, ID: HarborTeams, Name: "Harbor Dental"},
		},
	}
	for i := range s.o.Crowd {
		dana, rob := TeamsCrowd(i)
		o.Users = append(o.Users, teamssim.User{AADObjectID: dana, Name: "Dana Ruiz"}, teamssim.User{AADObjectID: rob, Name: "Rob Ames"})
	}
	for _, u := range o.Users {
		if !u.Guest {
			o.Channels[0].Members, o.Channels[1].Members = append(o.Channels[0].Members, u.AADObjectID), append(o.Channels[1].Members, u.AADObjectID)
		}
	}
	return o
}

// Scopes are what the Slack app was granted: what its manifest asks for.
func Scopes() []string { return names(slack.Scopes()) }

func names(all []slack.Permission) []string {
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
	}
	return names
}

// SlackCrowd are the i-th chat users of Options.Crowd in Slack.
func SlackCrowd(i int) (dana, rob string) {
	return fmt.Sprintf("U0DANA%03d", i), fmt.Sprintf("U0ROB%03d", i)
}

// TeamsCrowd are the i-th chat users of Options.Crowd in Teams.
func TeamsCrowd(i int) (dana, rob string) {
	return fmt.Sprintf("a1c5d1f0-1111-4c7a-9a51-7f0f3f1c1%03d", i), fmt.Sprintf("a1c5d1f0-2222-4c7a-9a51-7f0f3f1c1%03d", i)
}

// Listen serves h on loopback until the shop closes and returns its address.
func (s *Shop) Listen(h http.Handler) (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	s.servers = append(s.servers, server)
	go server.Serve(l)
	return "http://" + l.Addr().String(), nil
}

// PointAt tells the simulated platforms where the bot is.
func (s *Shop) PointAt(bot string) {
	s.Slack.SetBotURL(bot)
	s.Teams.SetBotURL(bot)
}

// Vault is the shop's SOPS vault.
func (s *Shop) Vault() identity.Vault {
	return identity.Vault{
		Dir: filepath.Join(s.Dir, "vault"), UserEntry: "msp-tools/syncro-{name}.sops.yaml", SharedEntry: "msp-tools/syncro.sops.yaml",
	}
}

// KeyFile is where the age key is that opens the vault.
func (s *Shop) KeyFile() string { return filepath.Join(s.Dir, "age.key") }

// fillVault encrypts the technicians' keys with an age key made for this run.
// SOPS looks for the age key in its own environment, as in production.
func (s *Shop) fillVault() error {
	v := s.Vault()
	if _, err := v.Begin(s.KeyFile()); err != nil {
		return err
	}
	if err := os.Setenv("SOPS_AGE_KEY_FILE", s.KeyFile()); err != nil {
		return err
	}
	ctx := context.Background()
	if _, err := v.AddEntry(ctx, "dana", DanaToken, syncro.Me{UserID: 4101, Name: "Dana Ruiz"}, false); err != nil {
		return err
	}
	if _, err := v.AddEntry(ctx, "rob", RobToken, syncro.Me{UserID: 4107, Name: "Rob Ames"}, false); err != nil {
		return err
	}
	_, err := v.AddShared(ctx, SharedToken, syncro.Me{UserID: 4100, Name: "Front Office"}, false)
	return err
}

// config is the shop's bot.yaml. What is in {} is filled in.
const config = `listen: 127.0.0.1:0
admin: 127.0.0.1:0
redis: {redis}
syncro: {url: "{syncro}"{syncroKeys}}
vault: {dir: ./vault, shared_key: reads}
technicians:
  - {name: dana, slack: [{danaSlack}], teams: [{danaTeams}]}
  - {name: rob, slack: [{robSlack}], teams: [{robTeams}]}
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
  response_hosts: [{responseHosts}]
teams:
  tenant_id: {tenant}
  app_id: {app}
  client_secret: demo-client-secret
  token_url: "{teams}/{tenant}/oauth2/v2.0/token"
  openid_url: "{teams}/v1/.well-known/openidconfiguration"
  service_hosts: ["{teamsHost}"]
`

// Config is the path of the bot's config.
func (s *Shop) Config() string { return filepath.Join(s.Dir, "bot.yaml") }

func (s *Shop) writeConfig(syncroURL string) error {
	users := func(prefix, dana, rob string, crowd func(int) (string, string)) (danas, robs string) {
		danas, robs = prefix+dana, prefix+rob
		for i := range s.o.Crowd {
			dana, rob := crowd(i)
			danas, robs = danas+", "+prefix+dana, robs+", "+prefix+rob
		}
		return danas, robs
	}
	danaSlack, robSlack := users(SlackTeam+"/", DanaSlack, RobSlack, SlackCrowd)
	danaTeams, robTeams := users(Tenant+"/", DanaTeams, RobTeams, TeamsCrowd)
	hosts := fmt.Sprintf("%q", strings.TrimPrefix(s.SlackURL, "http://"))
	for _, h := range s.o.ResponseHosts {
		hosts += fmt.Sprintf(", %q", h)
	}
	yaml := strings.NewReplacer(
		"{redis}", cmp.Or(s.o.Redis, "{}"), "{syncro}", syncroURL, "{syncroKeys}", s.o.SyncroKeys, "{slack}", s.SlackURL, "{teams}", s.TeamsURL,
		"{responseHosts}", hosts, "{teamsHost}", strings.TrimPrefix(s.TeamsURL, "http://"), "{tenant}", Tenant, "{app}", TeamsApp,
		"{danaSlack}", danaSlack, "{robSlack}", robSlack, "{samSlack}", SamSlack,
		"{danaTeams}", danaTeams, "{robTeams}", robTeams, "{samTeams}", SamTeams,
	).Replace(config)
	return os.WriteFile(s.Config(), []byte(yaml+s.o.Config), 0o600)
}

// Close ends the simulators and removes the folder.
func (s *Shop) Close() {
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
	os.RemoveAll(s.Dir)
}
