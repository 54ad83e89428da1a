package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/identity"
	"github.com/syncrobot/syncrobot/simulator/slacksim"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/simulator/teamssim"
	"github.com/syncrobot/syncrobot/syncro"
)

const (
	team, app, person = "T0001", "A0001", "U0DANA"

	signingSecret = "load-signing-secret"
	botToken      = "xoxb-load"
	key           = "Tload-dana-6b1d0c8f5e2a4937"

	tenant  = "5f3a1c52-8a0e-4f55-9d3c-0d7f6a1b2c3d"
	teamApp = "9b7e2d14-66c1-4b0a-8f7e-2a4d5c6b7e8f"
	aadID   = "a1c5d1f0-1111-4c7a-9a51-7f0f3f1c0001"
)

// shop is all that the bot needs: Redis, Syncro, Slack, Teams, a vault with
// one technician, and a config.
type shop struct {
	dir      string
	redis    *exec.Cmd
	redisURL string
	syncro   *syncrosim.Syncro
	slack    *slacksim.Slack
	teams    *teamssim.Sim
	slackURL string // of the Web API
	servers  []*http.Server
}

// openShop starts everything; answers takes the bot's answers to commands.
func openShop(ctx context.Context, answers http.Handler) (_ *shop, answersURL string, err error) {
	s := &shop{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "syncrobot-load-"); err != nil {
		return nil, "", err
	}
	if err = s.startRedis(ctx); err != nil {
		return nil, "", err
	}
	s.syncro = syncrosim.New(syncrosim.Options{PerMinute: -1, Tokens: []syncrosim.Token{{Key: key, UserID: 4101, Name: "Dana Ruiz"}}})
	s.slack = slacksim.New(slacksim.Options{
		SigningSecret: signingSecret, BotToken: botToken, AppID: app, TeamID: team,
		Users: []slacksim.User{{ID: person, Name: "dana", RealName: "Dana Ruiz"}},
	})
	if s.teams, err = teamssim.New(teamssim.Options{
		TenantID: tenant, AppID: teamApp, ClientSecret: "load-client-secret", BotName: "Syncro",
		Users: []teamssim.User{{AADObjectID: aadID, Name: "Dana Ruiz", Email: "dana@shop.example"}},
	}); err != nil {
		return nil, "", err
	}
	urls := make([]string, 4)
	for i, h := range []http.Handler{s.syncro, s.slack, s.teams, answers} {
		if urls[i], err = s.listen(h); err != nil {
			return nil, "", err
		}
	}
	s.slack.SetBaseURL(urls[1])
	s.teams.SetBaseURL(urls[2])
	s.slackURL = urls[1] + "/api/"
	if err = s.fillVault(ctx); err != nil {
		return nil, "", fmt.Errorf("vault: %w", err)
	}
	return s, urls[3], s.writeConfig(urls[0], urls[2], urls[3])
}

func (s *shop) config() string { return filepath.Join(s.dir, "bot.yaml") }

// startRedis starts a redis-server that keeps what it is told in memory and
// in an append-only file, as in production, and waits until it answers.
func (s *shop) startRedis(ctx context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().(*net.TCPAddr)
	l.Close()
	s.redis = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", fmt.Sprint(address.Port),
		"--dir", s.dir, "--appendonly", "yes", "--save", "", "--loglevel", "warning")
	if err := s.redis.Start(); err != nil {
		s.redis = nil
		return fmt.Errorf("redis-server: %w", err)
	}
	s.redisURL = fmt.Sprintf("redis://%s/0", address)
	rdb := redis.NewClient(&redis.Options{Addr: address.String(), MaxRetries: -1})
	defer rdb.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for rdb.Ping(ctx).Err() != nil {
		select {
		case <-ctx.Done():
			return errors.New("redis-server does not answer")
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

func (s *shop) listen(h http.Handler) (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	s.servers = append(s.servers, server)
	go server.Serve(l)
	return "http://" + l.Addr().String(), nil
}

func (s *shop) fillVault(ctx context.Context) error {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	keyFile, dir := filepath.Join(s.dir, "age.key"), filepath.Join(s.dir, "vault")
	rules := fmt.Sprintf("creation_rules:\n  - encrypted_regex: ^credentials$\n    age: %s\n", id.Recipient())
	err = errors.Join(
		os.WriteFile(keyFile, []byte(id.String()+"\n"), 0o600),
		os.Setenv("SOPS_AGE_KEY_FILE", keyFile), // the bot inherits it
		os.Mkdir(dir, 0o700),
		os.WriteFile(filepath.Join(dir, ".sops.yaml"), []byte(rules), 0o600),
	)
	if err != nil {
		return err
	}
	_, err = identity.Vault{Dir: dir, UserEntry: "{name}.sops.yaml", SharedEntry: "shared.sops.yaml"}.
		AddEntry(ctx, "dana", key, syncro.Me{UserID: 4101, Name: "Dana Ruiz"}, false)
	return err
}

// config is the bot's, with its defaults wherever these do not stand in the
// way of many commands.
const config = `listen: 127.0.0.1:0
admin: 127.0.0.1:0
redis: {url: "{redis}"}
syncro: {url: "{syncro}", requests_per_minute: 100000}
vault: {dir: ./vault, user_entry: "{name}.sops.yaml", shared_entry: shared.sops.yaml, shared_key: "off"}
technicians: [{name: dana, slack: [{team}/{person}], teams: [{tenant}/{aadID}]}]
slack:
  teams: [{team}]
  app_id: {app}
  signing_secret: {signingSecret}
  bot_token: {botToken}
  api_url: "{slackURL}"
  response_hosts: ["{answersHost}"]
teams:
  tenant_id: {tenant}
  app_id: {teamApp}
  client_secret: load-client-secret
  token_url: "{teams}/{tenant}/oauth2/v2.0/token"
  openid_url: "{teams}/v1/.well-known/openidconfiguration"
  service_hosts: ["{teamsHost}"]
`

func (s *shop) writeConfig(syncroURL, teamsURL, answersURL string) error {
	yaml := strings.NewReplacer(
		"{redis}", s.redisURL, "{syncro}", syncroURL, "{slackURL}", s.slackURL, "{teams}", teamsURL,
		"{answersHost}", strings.TrimPrefix(answersURL, "http://"), "{teamsHost}", strings.TrimPrefix(teamsURL, "http://"),
		"{team}", team, "{app}", app, "{person}", person, "{signingSecret}", signingSecret, "{botToken}", botToken,
		"{tenant}", tenant, "{teamApp}", teamApp, "{aadID}", aadID,
	).Replace(config)
	return os.WriteFile(s.config(), []byte(yaml), 0o600)
}

func (s *shop) close() {
	if s.syncro != nil {
		s.syncro.Close()
	}
	if s.slack != nil {
		s.slack.Close()
	}
	if s.teams != nil {
		s.teams.Close()
	}
	for _, server := range s.servers {
		server.Close()
	}
	if s.redis != nil {
		s.redis.Process.Kill()
		s.redis.Wait()
	}
	os.RemoveAll(s.dir)
}
