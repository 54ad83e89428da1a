package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const small = `redis: {url: "redis://127.0.0.1:6379/0"}
syncro: {url: "https://example.syncromsp.com"}
vault: {dir: vault}
technicians:
  - name: dana
    slack: [T0001/U0001]
slack:
  teams: [T0001]
  signing_secret: ${SIGNING}
  bot_token: ${BOT}
`

// environment has the variables of small and of the example.
func environment(name string) (string, bool) {
	v, ok := map[string]string{
		"SIGNING": "canary-signing", "BOT": "canary-bot", "BLANK": "", "BROKEN": "canary\n",
		"SLACK_SIGNING_SECRET": "canary-1", "SLACK_BOT_TOKEN": "canary-2", "TEAMS_CLIENT_SECRET": "canary-3", "SYNCRO_WEBHOOK_SECRET": "canary-4",
		"HOST": "example", "LIMIT": "90", "WORDS": "many words",
	}[name]
	return v, ok
}

func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bot.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, environment)
	if err != nil && strings.Contains(err.Error(), "canary") {
		t.Errorf("a secret is in the error: %v", err)
	}
	return c, err
}

// secrets makes Secrets comparable by their values.
func secrets() cmp.Option {
	return cmp.Comparer(func(a, b Secret) bool { return a.Reveal() == b.Reveal() })
}

func TestEveryValueOfTheExampleIsRead(t *testing.T) {
	t.Parallel()
	c, err := load(t, Example)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(c.Vault.Dir)
	want := &Config{
		Listen: "0.0.0.0:8080",
		Admin:  "127.0.0.1:9090",

		PublicURL: "https://bot.example.com",

		Redis:  Redis{Addrs: []string{"127.0.0.1:6379"}},
		Syncro: Syncro{URL: "https://example.syncromsp.com", Auth: "auto", RequestsPerMinute: 180, Timeout: 20 * time.Second},
		Vault: Vault{
			Dir:         filepath.Join(dir, "vault"),
			UserEntry:   "msp-tools/syncro-{name}.sops.yaml",
			SharedEntry: "msp-tools/syncro.sops.yaml",
			SharedKey:   "reads",
		},
		Technicians: []Technician{{
			Name:  "dana",
			Slack: []string{"T0001/U0001"},
			Teams: []string{"11111111-1111-1111-1111-111111111111/22222222-2222-2222-2222-222222222222"},
		}},
		Slack: &Slack{
			Transport:     "http",
			Teams:         []string{"T0001"},
			AppID:         "A0001",
			SigningSecret: NewSecret("canary-1"),
			BotToken:      NewSecret("canary-2"),
			Command:       "/syncro",
			APIURL:        "https://slack.com/api/",
			ResponseHosts: []string{"hooks.slack.com"},
		},
		Teams: &Teams{
			TenantID:     "11111111-1111-1111-1111-111111111111",
			AppID:        "33333333-3333-3333-3333-333333333333",
			ClientSecret: NewSecret("canary-3"),
			TokenURL:     "https://login.microsoftonline.com/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token",
			OpenIDURL:    "https://login.botframework.com/v1/.well-known/openidconfiguration",
			ServiceHosts: []string{"smba.trafficmanager.net"},
		},
		Confirm: Confirm{TTL: 15 * time.Minute, Patience: 2 * time.Minute},
		Tickets: Tickets{CloseStatus: "Resolved", DefaultPriority: "Normal"},
		Billing: Billing{Path: "line_item", Price: "live", Labor: []Labor{
			{Name: "remote", ProductID: 1190473}, {Name: "onsite", ProductID: 26118}, {Name: "emergency", ProductID: 26184, Prepaid: &PrepaidLabor{Labor: "onsite", Times: "1.5"}}, {Name: "project", ProductID: 9269129},
			{Name: "internal", ProductID: 9269124}, {Name: "travel", ProductID: 26117}, {Name: "website", ProductID: 68055},
		}},
		Notify: Notify{
			WebhookSecret: NewSecret("canary-4"),
			Poll:          time.Minute,
			Routes:        []Route{{Event: "invoiced", Slack: "C0123"}, {Event: "invoiced", Teams: "19:abc@thread.tacv2"}},
		},
		SessionLogs:   SessionLogs{Dir: filepath.Join(dir, "session-logs")},
		Audit:         Audit{Keep: 90 * 24 * time.Hour},
		ShutdownGrace: 20 * time.Second,
		Log:           Log{Level: slog.LevelInfo, Format: "json"},
	}
	if diff := cmp.Diff(want, c, secrets()); diff != "" {
		t.Error(diff)
	}
}

// The example says of what it shows that it is the default; a file without
// any of it must come to the same.
func TestDefaultsAreWhatTheExampleShows(t *testing.T) {
	t.Parallel()
	full, err := load(t, Example)
	if err != nil {
		t.Fatal(err)
	}
	least, err := load(t, `
public_url: https://bot.example.com
redis: {url: "redis://127.0.0.1:6379/0"}
syncro: {url: "https://example.syncromsp.com"}
vault: {dir: ./vault}
technicians: [{name: dana, slack: [T0001/U0001], teams: [11111111-1111-1111-1111-111111111111/22222222-2222-2222-2222-222222222222]}]
slack: {teams: [T0001], app_id: A0001, signing_secret: "${SLACK_SIGNING_SECRET}", bot_token: "${SLACK_BOT_TOKEN}"}
teams: {tenant_id: 11111111-1111-1111-1111-111111111111, app_id: 33333333-3333-3333-3333-333333333333, client_secret: "${TEAMS_CLIENT_SECRET}"}
`)
	if err != nil {
		t.Fatal(err)
	}
	full.Notify.Routes, full.Notify.WebhookSecret, full.Billing.Labor = nil, Secret{}, nil
	full.Vault.Dir, full.SessionLogs.Dir = filepath.Base(full.Vault.Dir), filepath.Base(full.SessionLogs.Dir)
	least.Vault.Dir, least.SessionLogs.Dir = filepath.Base(least.Vault.Dir), filepath.Base(least.SessionLogs.Dir)
	if diff := cmp.Diff(full, least, secrets()); diff != "" {
		t.Error(diff)
	}
}

func TestEveryFaultIsToldAtOnceInTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	_, err := parse("bot.yaml", "/etc/bot", []byte(`listen: 8080
lisen: 0.0.0.0:80
redis: {url: "redis://:canary@127.0.0.1:6379/0", sentinel: {master: m, addrs: ["h:1"]}}
syncro:
  url: http://example.syncromsp.com
  auth: heder
vault: {dir: vault, user_entry: dana.yaml}
technicians:
  - {name: Dana, slack: [U0001]}
  - {name: rob, slack: [T0001/U0002], teams: [11111111-1111-1111-1111-111111111111/22222222-2222-2222-2222-222222222222]}
  - {name: rob, slack: [T0001/U0002]}
slack:
  teams: T0001
  signing_secret: ${BLANK}
  bot_token: ${NOT_THERE}
  bot_token: x
confirm: {ttl: 15}
notify:
  routes: [{event: invoiced, teams: "19:abc@thread.tacv2"}]
log: {format: yaml}
`), environment)
	want := `bot.yaml:1:9: listen: is a number, and must be host:port: write it in quotes
bot.yaml:2:1: unknown key "lisen": did you mean listen?
bot.yaml:3:1: redis: has 2 of url, sentinel and cluster: leave one
bot.yaml:5:8: syncro.url: "http://example.syncromsp.com" must be https: plain http is for addresses of this machine, as http://127.0.0.1:8080
bot.yaml:6:9: syncro.auth: "heder" is not known: did you mean header?
bot.yaml:7:33: vault.user_entry: "dana.yaml" is not what it must be: write a path below vault.dir with {name} in it, as msp-tools/syncro-{name}.sops.yaml
bot.yaml:9:12: technicians[0].name: "Dana" is not what it must be: write a name of a-z, 0-9, - and _, as dana
bot.yaml:9:26: technicians[0].slack[0]: "U0001" is not what it must be: write team/user, as T0001/U0001
bot.yaml:11:12: technicians[2].name: "rob" is the name of the technician at line 10 already
bot.yaml:11:25: technicians[2].slack[0]: "T0001/U0002" is the chat user of technician "rob" already: leave it at one
bot.yaml:13:10: slack.teams: is a text, and must be a list: write [a, b], or a line with - for each
bot.yaml:14:19: slack.signing_secret: the secret is empty: write ${NAME}, where NAME is an environment variable with a value
bot.yaml:15:14: slack.bot_token: the environment variable NOT_THERE is not set: set it, or write the value here
bot.yaml:16:3: duplicate key "bot_token": it stands at line 15 already
bot.yaml:17:16: confirm.ttl: "15" is not a duration: write a number and its unit, as 20s, 15m or 1h30m
bot.yaml:19:37: notify.routes[0].teams: the route goes to Teams, which is not configured: write a teams section or leave the route out
bot.yaml:20:15: log.format: "yaml" is not known: write json or text`
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
	if faults, ok := errors.AsType[Faults](err); !ok || len(faults) != 17 {
		t.Errorf("%T of %d", err, len(faults))
	}
}

func TestOneFault(t *testing.T) {
	t.Parallel()
	const teams = "teams:\n  tenant_id: 11111111-1111-1111-1111-111111111111\n  app_id: 33333333-3333-3333-3333-333333333333\n  client_secret: ${BOT}\n"
	for _, test := range []struct {
		name     string
		old, new string // what is replaced in small; an empty old is appended
		want     string // LINE:COL: the beginning of the message
	}{
		{"nothing in the file", small, "", "1:1: the file is empty"},
		{"only a comment", small, "# later\n", "1:1: the file is empty"},
		{"a list", small, "- a\n", "1:1: is a list, and must be a section of keys and values"},
		{"not YAML", "vault: {dir: vault}", "vault: {dir: vault", "3:1: this is not YAML: "},
		{"a tab", "  teams: [T0001]", "\tteams: [T0001]", "8:1: this is not YAML: "},
		{"a second document", "", "---\nlisten: 1\n", "11:1: a second document begins here"},
		{"a second document that is no YAML", "", "---\n{", "13:1: this is not YAML: "},
		{"an unknown key like no other", "", "frobnicate: 1\n", `11:1: unknown key "frobnicate": known here are listen, admin,`},
		{"an unknown key in a section", "{dir: vault}", "{dir: vault, shared_keys: off}", `3:21: unknown key "shared_keys": did you mean shared_key?`},
		{"an unknown key of a technician", "name: dana", "name: dana\n    slak: []", `6:5: unknown key "slak": did you mean slack?`},
		{"a merge key", "vault: {dir: vault}", "vault: {dir: vault, <<: {a: b}}", `3:21: unknown key "<<"`},
		{"a key that is a list", "", "? [a]\n: b\n", "11:3: a key must be a word, and this is a list"},
		{"a duplicate section", "", "vault: {dir: v}\n", `11:1: duplicate key "vault": it stands at line 3 already`},
		{"no redis", `redis: {url: "redis://127.0.0.1:6379/0"}`, "", "2:1: redis is missing: write redis: {url: redis://127.0.0.1:6379/0}"},
		{"redis left empty", `{url: "redis://127.0.0.1:6379/0"}`, "", "1:1: redis: says not where Redis is"},
		{"redis is a text", `{url: "redis://127.0.0.1:6379/0"}`, "redis://127.0.0.1:6379", "1:8: redis: is a text, and must be a section"},
		{"redis over http", "redis://127", "http://127", "1:14: redis.url: is not an address of Redis"},
		{"a bad redis address with a password", "redis://127.0.0.1:6379/0", "redis://:canary@127.0.0.1:port/canary", "1:14: redis.url: is not an address of Redis"},
		{"options of redis", "6379/0", "6379/0?skip_verify=true", "1:14: redis.url: takes no options"},
		{"a sentinel without a master", `url: "redis://127.0.0.1:6379/0"`, `sentinel: {addrs: ["h1:26379"]}`, "1:9: redis.sentinel.master is missing: write master: mymaster"},
		{"a sentinel without nodes", `url: "redis://127.0.0.1:6379/0"`, `sentinel: {master: m, addrs: []}`, "1:38: redis.sentinel.addrs: names no node"},
		{"a cluster without nodes", `url: "redis://127.0.0.1:6379/0"`, `cluster: {}`, "1:9: redis.cluster.addrs is missing"},
		{"a node without a host", `url: "redis://127.0.0.1:6379/0"`, `cluster: {addrs: [":6379"]}`, "1:27: redis.cluster.addrs[0]: has no host"},
		{"a cluster and an address", `6379/0"`, `6379/0", cluster: {addrs: ["h:1"]}`, "1:1: redis: has 2 of url, sentinel and cluster"},
		{"no address of Syncro", `url: "https://example.syncromsp.com"`, "auth: auto", "2:1: syncro.url is missing: write url: https://example.syncromsp.com"},
		{"the API's address", "syncromsp.com", "syncromsp.com/api/v1/", "2:15: syncro.url: leave /api/v1 out"},
		{"an address without a scheme", `"https://example`, `"example`, `2:15: syncro.url: "example.syncromsp.com" is not a web address`},
		{"an address with a question", "syncromsp.com", "syncromsp.com?api_key=1", "2:15: syncro.url: "},
		{"an address with a password", "https://example", "https://me:canary@example", "2:15: syncro.url: the address has a name or password in it"},
		{"plain http to a private address", "https://example.syncromsp.com", "http://10.0.0.1", `2:15: syncro.url: "http://10.0.0.1" must be https`},
		{"plain http to a name that begins like loopback", "https://example.syncromsp.com", "http://127.0.0.1.example.com", "2:15: syncro.url: "},
		{"plain http to what a variable names", "https://example.", "http://${HOST}.", `2:15: syncro.url: "http://${HOST}.syncromsp.com" must be https`},
		{"a limit of nothing", `.com"}`, `.com", requests_per_minute: 0}`, `2:69: syncro.requests_per_minute: "0" is not a whole number from 1 to 100000`},
		{"a limit in words", `.com"}`, `.com", requests_per_minute: many}`, "2:69: syncro.requests_per_minute: is a text, and must be a whole number"},
		{"a limit from a variable of words", `.com"}`, `.com", requests_per_minute: "${WORDS}"}`, `2:69: syncro.requests_per_minute: "${WORDS}" is not a whole number`},
		{"a fraction", `.com"}`, `.com", requests_per_minute: 1.5}`, "2:69: syncro.requests_per_minute: is a number, and must be a whole number"},
		{"a time-out without a unit", `.com"}`, `.com", timeout: 20}`, `2:57: syncro.timeout: "20" is not a duration`},
		{"a time-out of days", `.com"}`, `.com", timeout: 48h}`, `2:57: syncro.timeout: "48h" is out of bounds: write a duration from 100ms to 5m`},
		{"a negative ttl", "", "confirm: {ttl: -1s}\n", `11:16: confirm.ttl: "-1s" is out of bounds: write a duration from 1s to 24h`},
		{"a ttl of a week", "", "confirm: {ttl: 168h}\n", `11:16: confirm.ttl: "168h" is out of bounds`},
		{"a ttl that is a list", "", "confirm: {ttl: [1]}\n", "11:16: confirm.ttl: is a list, and must be a duration"},
		{"a ttl without a value", "", "confirm:\n  ttl:\n", "12:3: confirm.ttl: has no value: write a duration, as 20s, 15m or 1h30m, or leave the key out"},
		{"no folder of the vault", "{dir: vault}", "{shared_key: all}", "3:1: vault.dir is missing: write dir: ./vault"},
		{"an empty folder", "{dir: vault}", `{dir: ""}`, "3:14: vault.dir: is empty"},
		{"a policy that YAML reads as false", "{dir: vault}", "{dir: vault, shared_key: false}", "3:33: vault.shared_key: is true or false, and must be one of off, reads, all"},
		{"an entry outside of the vault", "{dir: vault}", "{dir: vault, user_entry: ../{name}.yaml}", "3:1: this is not YAML: "},
		{"a quoted entry outside of the vault", "{dir: vault}", `{dir: vault, user_entry: "../{name}.yaml"}`, "3:33: vault.user_entry: "},
		{"an absolute shared entry", "{dir: vault}", "{dir: vault, shared_entry: /etc/key}", `3:35: vault.shared_entry: "/etc/key" is not`},
		{"a shared entry for each", "{dir: vault}", `{dir: vault, shared_entry: "{name}"}`, "3:35: vault.shared_entry: "},
		{"nobody", "technicians:\n  - name: dana\n    slack: [T0001/U0001]", "technicians: []", "4:14: technicians: is empty"},
		{"technicians left empty", "  - name: dana\n    slack: [T0001/U0001]\n", "", "4:1: technicians: is nothing, and must be a list"},
		{"a technician without a name", "- name: dana\n    slack:", "- slack:", "5:5: technicians[0].name is missing: write name: dana"},
		{"a technician without a chat user", "    slack: [T0001/U0001]\n", "", "5:5: technicians[0]: the technician has no chat user"},
		{"a lower-case Slack user", "T0001/U0001", "T0001/u0001", "6:13: technicians[0].slack[0]: "},
		{"a Slack user in the wrong order", "T0001/U0001", "U0001/T0001", "6:13: technicians[0].slack[0]: "},
		{"a Slack user without a workspace", "T0001/U0001", "U0001", "6:13: technicians[0].slack[0]: "},
		{"a Teams user with a name", "    slack:", "    teams: [contoso/dana]\n    slack:", "6:13: technicians[0].teams[0]: "},
		{"a Teams user in braces", "    slack:", "    teams: [\"{11111111-1111-1111-1111-111111111111}/22222222-2222-2222-2222-222222222222\"]\n    slack:", "6:13: technicians[0].teams[0]: "},
		{"the same Teams user in two spellings", "    slack:", "    teams: [aaaaaaaa-1111-1111-1111-111111111111/22222222-2222-2222-2222-222222222222, AAAAAAAA-1111-1111-1111-111111111111/22222222-2222-2222-2222-222222222222]\n    slack:", `6:88: technicians[0].teams[1]: "AAAAAAAA-1111-1111-1111-111111111111/22222222-2222-2222-2222-222222222222" is the chat user of technician "dana" already`},
		{"no platform", small[strings.Index(small, "slack:\n"):], "", "1:1: there is no slack and no teams section"},
		{"a platform left empty", small[strings.Index(small, "  teams: [T0001]"):], "  teams: [T0001]\n  bot_token: b\n", "7:1: slack.signing_secret is missing: write signing_secret: ${SLACK_SIGNING_SECRET}"},
		{"no workspace", "teams: [T0001]", "teams: []", "8:10: slack.teams: is empty"},
		{"a workspace's name", "teams: [T0001]", "teams: [acme]", `8:11: slack.teams[0]: "acme" is not`},
		{"a secret that is a number", "${SIGNING}", "12345", "9:19: slack.signing_secret: is a number, and must be a text: write it in quotes"},
		{"a secret with a line break", "${SIGNING}", "${BROKEN}", "9:19: slack.signing_secret: the secret has white space in it"},
		{"an unset variable", "${SIGNING}", "a${MISSING}b", "9:19: slack.signing_secret: the environment variable MISSING is not set"},
		{"a variable without an end", "${SIGNING}", "${SIGNING", "9:19: slack.signing_secret: has a ${ that names no variable"},
		{"a variable with a default", "${SIGNING}", "${SIGNING:-canary}", "9:19: slack.signing_secret: has a ${ that names no variable"},
		{"the app's token for the bot's", "${BOT}", "xapp-canary", "10:14: slack.bot_token: is an app-level token"},
		{"the bot's token for the app's", "  bot_token", "  app_token: xoxb-canary\n  bot_token", "10:14: slack.app_token: is a bot token"},
		{"socket without its token", "  bot_token", "  transport: socket\n  bot_token", "7:1: slack.app_token is missing: write app_token: ${SLACK_APP_TOKEN}"},
		{"an unknown transport", "  bot_token", "  transport: sockets\n  bot_token", `10:14: slack.transport: "sockets" is not known: did you mean socket?`},
		{"a command without a slash", "  bot_token", "  command: syncro\n  bot_token", `10:12: slack.command: "syncro" is not`},
		{"an app id of another kind", "  bot_token", "  app_id: T0001\n  bot_token", `10:11: slack.app_id: "T0001" is not`},
		{"a host with a scheme", "  bot_token", "  response_hosts: [\"https://hooks.slack.com\"]\n  bot_token", `10:20: slack.response_hosts[0]: "https://hooks.slack.com" is not`},
		{"a host with a path", "  bot_token", "  response_hosts: [hooks.slack.com/x]\n  bot_token", "10:20: slack.response_hosts[0]: "},
		{"any host", "  bot_token", "  response_hosts: [\"*\"]\n  bot_token", "10:20: slack.response_hosts[0]: "},
		{"no host", "  bot_token", "  response_hosts: []\n  bot_token", "10:19: slack.response_hosts: names no host: write [hooks.slack.com]"},
		{"plain http to Slack", "  bot_token", "  api_url: http://slack.com/api/\n  bot_token", "10:12: slack.api_url: "},
		{"a tenant's name", "", strings.Replace(teams, "tenant_id: 11111111-1111-1111-1111-111111111111", "tenant_id: contoso", 1), `12:14: teams.tenant_id: "contoso" is not`},
		{"Teams without a secret", "", strings.Replace(teams, "  client_secret: ${BOT}\n", "", 1), "11:1: teams.client_secret is missing: write client_secret: ${TEAMS_CLIENT_SECRET}"},
		{"plain http to Microsoft", "", teams + "  token_url: http://login.microsoftonline.com/x\n", "15:14: teams.token_url: "},
		{"an address of keys with a part", "", teams + "  openid_url: https://login.example/x#y\n", "15:15: teams.openid_url: "},
		{"an address to listen at without a port", "", "listen: localhost\n", `11:9: listen: "localhost" is not an address`},
		{"a port over 65535", "", "listen: localhost:70000\n", "11:9: listen: "},
		{"one port for everybody and the operator", "", "listen: 0.0.0.0:9090\n", "11:9: listen: listen and admin are one address"},
		{"a port that cannot be", "https://example.syncromsp.com", "https://example.syncromsp.com:70000", `2:15: syncro.url: "https://example.syncromsp.com:70000" has a port above 65535`},
		{"one address for everybody and the operator", "", "listen: 127.0.0.1:9090\n", "11:9: listen: listen and admin are one address"},
		{"labor without a product", "", "billing: {labor: {remote: {}}}\n", "11:19: billing.labor.remote.product_id is missing"},
		{"labor that is a number", "", "billing: {labor: {remote: 5}}\n", "11:27: billing.labor.remote: is a number, and must be a section"},
		{"labor with a long name", "", "billing: {labor: {Remote work: {product_id: 5}}}\n", "11:32: billing.labor.Remote work: is not a name"},
		{"a product that is none", "", "billing: {labor: {remote: {product_id: -5}}}\n", "11:40: billing.labor.remote.product_id: "},
		{"a prepaid rule without its labor", "", "billing: {labor: {remote: {product_id: 5, prepaid: {hours_times: 2}}}}\n", "11:43: billing.labor.remote.prepaid.labor is missing"},
		{"a prepaid rule to nowhere", "", "billing: {labor: {remote: {product_id: 5, prepaid: {labor: onsite, hours_times: 2}}}}\n", `11:60: billing.labor.remote.prepaid.labor: "onsite" is no kind of labor`},
		{"a factor that is none", "", "billing: {labor: {remote: {product_id: 5, prepaid: {labor: remote, hours_times: -1}}}}\n", `11:81: billing.labor.remote.prepaid.hours_times: "-1" is not a number`},
		{"a prepaid rule for timers", "", "billing: {path: timer, labor: {remote: {product_id: 5, prepaid: {labor: remote, hours_times: 2}}}}\n", "11:65: billing.labor.remote.prepaid: bills other hours"},
		{"a way of billing that is none", "", "billing: {path: lineitem}\n", `11:17: billing.path: "lineitem" is not known: did you mean line_item?`},
		{"a webhook secret that would break its address", "", "notify: {webhook_secret: a/b}\n", "11:26: notify.webhook_secret: is a part of an address"},
		{"a route to nowhere", "", "notify: {routes: [{event: invoiced}]}\n", "11:19: notify.routes[0]: a route goes to one place"},
		{"a route to two places", "", teams + "notify: {routes: [{event: invoiced, slack: C1, teams: \"19:x@thread.v2\"}]}\n", "15:19: notify.routes[0]: a route goes to one place"},
		{"a route for no event", "", "notify: {routes: [{slack: C1}]}\n", "11:19: notify.routes[0].event is missing: write event: invoiced"},
		{"a route for an unknown event", "", "notify: {routes: [{event: paid, slack: C1}]}\n", `11:27: notify.routes[0].event: "paid" is not known: write invoiced or created or assigned or replied or urgent or resolved`},
		{"a route to a channel's name in Teams", "", teams + "notify: {routes: [{event: invoiced, teams: Billing}]}\n", `15:44: notify.routes[0].teams: "Billing" is not what it must be: write a channel's link`},
		{"a route to a link elsewhere", "", teams + "notify: {routes: [{event: invoiced, teams: 'https://teams.microsoft.com.evil.example/l/channel/19%3Aabc%40thread.tacv2/General'}]}\n", `15:44: notify.routes[0].teams: `},
		{"a route to a direct message", "", "notify: {routes: [{event: assigned, slack: D0123}]}\n", "11:44: notify.routes[0].slack: \"D0123\" is not what it must be: write a channel id, as C0123; to one person it is person:"},
		{"a route to a stranger", "", "notify: {routes: [{event: assigned, person: nobody}]}\n", `11:45: notify.routes[0].person: "nobody" is none of the technicians`},
		{"quiet hours that never end", "", "notify: {quiet: {from: \"07:00\"}}\n", "11:17: notify.quiet: quiet hours end at another time than they begin"},
		{"quiet hours in words", "", "notify: {quiet: {from: night}}\n", `11:24: notify.quiet.from: "night" is not what it must be: write a time of day in quotes, as "20:00"`},
		{"no time of day", "", "end_of_day: {at: 5pm}\n", `11:18: end_of_day.at: "5pm" is not what it must be: write a time of day in quotes, as "17:00"`},
		{"no days", "", "end_of_day: {days: mon-frb}\n", `11:20: end_of_day.days: "mon-frb" is not what it must be: write days, as mon-fri, or mon,wed,fri`},
		{"no time zone", "", "end_of_day: {time_zone: Phoenix}\n", `11:25: end_of_day.time_zone: "Phoenix" is not what it must be: write a time zone, as America/Phoenix`},
		{"a timer that nudges at once", "", "timers: {nudge_after: 1s}\n", `11:23: timers.nudge_after: "1s" is out of bounds`},
		{"a route by no amount", "", "notify: {routes: [{event: invoiced, slack: C1, min_total: much}]}\n", `11:59: notify.routes[0].min_total: "much" is no amount`},
		{"a route by an amount below zero", "", "notify: {routes: [{event: invoiced, slack: C1, min_total: -5}]}\n", `11:59: notify.routes[0].min_total: "-5" is no amount`},
		{"an amount where there is none", "", "notify: {routes: [{event: created, slack: C1, min_total: 5}]}\n", `11:58: notify.routes[0].min_total: is about invoices`},
		{"a route for no customer", "", "notify: {routes: [{event: created, slack: C1, customers: []}]}\n", `11:58: notify.routes[0].customers: names no customer`},
		{"a route to a channel's name", "", "notify: {routes: [{event: invoiced, slack: \"#billing\"}]}\n", `11:44: notify.routes[0].slack: "#billing" is not`},
		{"yes for true", "", "session_logs: {git: yes}\n", "11:21: session_logs.git: "},
		{"a level that is none", "", "log: {level: verbose}\n", `11:14: log.level: "verbose" is not known: write debug or info or warn or error`},
		{"a tag of somebody else's", "", "tickets: {close_status: !vault Resolved}\n", `11:25: tickets.close_status: is tagged "!vault"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := small + test.new
			if test.old != "" {
				if !strings.Contains(small, test.old) {
					t.Fatalf("%q is not in the file", test.old)
				}
				text = strings.Replace(small, test.old, test.new, 1)
			}
			c, err := load(t, text)
			faults, _ := errors.AsType[Faults](err)
			if len(faults) != 1 || c != nil {
				t.Fatalf("%d faults, config %v: %v\n%s", len(faults), c != nil, err, text)
			}
			got := fmt.Sprintf("%d:%d: %s", faults[0].Line, faults[0].Col, faults[0].Message)
			if !strings.HasPrefix(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestWhatIsAccepted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		old, new string
		got      func(*Config) any
		want     any
	}{
		{"a variable in a longer value", "https://example.", "https://${HOST}.", func(c *Config) any { return c.Syncro.URL }, "https://example.syncromsp.com"},
		{"a variable that is a number", `.com"}`, `.com", requests_per_minute: "${LIMIT}"}`, func(c *Config) any { return c.Syncro.RequestsPerMinute }, 90},
		{"two variables and dollars that are none", "", "tickets: {close_status: \"$1 ${HOST}-${LIMIT} $${HOST} $\"}\n", func(c *Config) any { return c.Tickets.CloseStatus }, "$1 example-90 ${HOST} $"},
		{"a variable's value is not filled in again", "", "tickets: {close_status: \"${SIGNING}\"}\n", func(c *Config) any { return c.Tickets.CloseStatus }, "canary-signing"},
		{"plain http to this machine", "https://example.syncromsp.com", "http://127.0.0.1:9999/syncro/", func(c *Config) any { return c.Syncro.URL }, "http://127.0.0.1:9999/syncro"},
		{"plain http to localhost", "https://example.syncromsp.com", "http://localhost:9999", func(c *Config) any { return c.Syncro.URL }, "http://localhost:9999"},
		{"plain http to this machine by IPv6", "https://example.syncromsp.com", "http://[::1]:9999", func(c *Config) any { return c.Syncro.URL }, "http://[::1]:9999"},
		{"the API's address without its slash", "  bot_token", "  api_url: http://127.0.0.1:9/api\n  bot_token", func(c *Config) any { return c.Slack.APIURL }, "http://127.0.0.1:9/api/"},
		{"hosts of this machine", "  bot_token", "  response_hosts: [127.0.0.1:9, \"[::1]:9\", Hooks.Slack.com]\n  bot_token", func(c *Config) any { return c.Slack.ResponseHosts }, []string{"127.0.0.1:9", "[::1]:9", "hooks.slack.com"}},
		{"socket needs no signing secret", "  signing_secret: ${SIGNING}", "  transport: socket\n  app_token: xapp-1", func(c *Config) any { return c.Slack.AppToken.Reveal() + c.Slack.SigningSecret.Reveal() }, "xapp-1"},
		{"a section left empty", "", "tickets:\nconfirm: {}\n", func(c *Config) any { return c.Tickets.CloseStatus }, "Resolved"},
		{"every address of the machine", "", "listen: :8080\n", func(c *Config) any { return c.Listen }, ":8080"},
		{"any free port, twice", "", "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n", func(c *Config) any { return c.Admin }, "127.0.0.1:0"},
		{"an absolute folder", "{dir: vault}", "{dir: /srv/vault}", func(c *Config) any { return c.Vault.Dir }, "/srv/vault"},
		{"an alias", "vault: {dir: vault}", "vault: {dir: &d /srv/a}\nsession_logs: {dir: *d}", func(c *Config) any { return c.SessionLogs.Dir }, "/srv/a"},
		{"the off of old YAML", "{dir: vault}", "{dir: vault, shared_key: off}", func(c *Config) any { return c.Vault.SharedKey }, "off"},
		{"debug", "", "log: {level: debug, format: text}\n", func(c *Config) any { return c.Log }, Log{slog.LevelDebug, "text"}},
		{"a Slack user of a grid", "T0001/U0001", "T0001/W0001", func(c *Config) any { return c.Technicians[0].Users() }, []string{"slack/T0001/W0001"}},
		{"a Teams user in capitals", "    slack:", "    teams: [AAAAAAAA-1111-1111-1111-111111111111/BBBBBBBB-2222-2222-2222-222222222222]\n    slack:",
			func(c *Config) any { return c.Technicians[0].Users() },
			[]string{"slack/T0001/U0001", "teams/aaaaaaaa-1111-1111-1111-111111111111/bbbbbbbb-2222-2222-2222-222222222222"}},
		{"a Redis with TLS and a login", `"redis://127.0.0.1:6379/0"`, `"rediss://bot:pw@redis.example:6380/3"`, func(c *Config) any { return c.Redis },
			Redis{Addrs: []string{"redis.example:6380"}, DB: 3, TLS: true, Username: "bot", Password: NewSecret("pw")}},
		{"a Redis without a port", `"redis://127.0.0.1:6379/0"`, `redis://redis`, func(c *Config) any { return c.Redis }, Redis{Addrs: []string{"redis:6379"}, Password: NewSecret("")}},
		{"Sentinels", `{url: "redis://127.0.0.1:6379/0"}`, `{sentinel: {master: mymaster, addrs: ["h1:26379", "h2:26379"], db: 1, password: a, sentinel_password: b}}`, func(c *Config) any { return c.Redis },
			Redis{Addrs: []string{"h1:26379", "h2:26379"}, Master: "mymaster", DB: 1, Password: NewSecret("a"), SentinelPassword: NewSecret("b"), WaitReplicas: 1}},
		{"a cluster", `{url: "redis://127.0.0.1:6379/0"}`, `{cluster: {addrs: ["h1:6379"], tls: true}}`, func(c *Config) any { return c.Redis },
			Redis{Addrs: []string{"h1:6379"}, Cluster: true, TLS: true, WaitReplicas: 1}},
		{"a cluster that waits for nobody", `{url: "redis://127.0.0.1:6379/0"}`, `{cluster: {addrs: ["h1:6379"]}, wait_replicas: 0}`, func(c *Config) any { return c.Redis.WaitReplicas }, 0},
		{"a url with replicas", `/0"}`, `/0", wait_replicas: 2}`, func(c *Config) any { return c.Redis.WaitReplicas }, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := small + test.new
			if test.old != "" {
				text = strings.Replace(small, test.old, test.new, 1)
			}
			c, err := load(t, text)
			if err != nil {
				t.Fatal(err)
			}
			if got := test.got(c); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %#v, want %#v", got, test.want)
			}
		})
	}
}

func TestOptionsOfRedis(t *testing.T) {
	t.Parallel()
	o := Redis{Addrs: []string{"h:1"}, Master: "m", DB: 2, TLS: true, Username: "u", Password: NewSecret("p"), SentinelUsername: "su", SentinelPassword: NewSecret("sp")}.Options()
	if o.Addrs[0] != "h:1" || o.MasterName != "m" || o.DB != 2 || o.TLSConfig == nil || o.Username != "u" || o.Password != "p" || o.SentinelUsername != "su" || o.SentinelPassword != "sp" || o.IsClusterMode {
		t.Errorf("%+v", o)
	}
	if o := (Redis{Addrs: []string{"h:1"}, Cluster: true}).Options(); !o.IsClusterMode || o.TLSConfig != nil {
		t.Errorf("%+v", o)
	}
}

func TestAFileThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := Load(filepath.Join(t.TempDir(), "bot.yaml"), environment)
	if _, faults := errors.AsType[Faults](err); faults || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestSecretsAreHiddenHoweverTheyArePrinted(t *testing.T) {
	t.Parallel()
	c, err := load(t, strings.Replace(Example, "redis://127", "redis://:canary-5@127", 1))
	if err != nil {
		t.Fatal(err)
	}
	unexported := struct{ c Config }{*c}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb, c, c.Slack, c.Slack.BotToken)
		fmt.Fprintf(&out, verb+verb, unexported, *c.Slack)
	}
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		b, err := marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(handler).Info("config", "config", c, "token", c.Slack.BotToken, "pointer", &c.Slack.BotToken)
	}
	for _, leak := range []string{"canary", fmt.Sprintf("%x", "canary")} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q is in what was printed", leak)
		}
	}
	if c.Slack.BotToken.Reveal() != "canary-2" || c.Slack.BotToken.String() != hidden {
		t.Error("a secret must be revealed where it is asked for, and there alone")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(Example))
	f.Add([]byte(small))
	f.Add([]byte("a: &a [*a]\nredis: *a"))
	f.Add([]byte("technicians: [{name: ${A}, slack: [${B}]}]\nredis: {url: ${C}}\nsyncro: {url: 'http://${D}', timeout: ${E}, auth: ${F}}\nnotify: {routes: [{event: ${A}, slack: ${A}}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const canary = "c4n4ry:/?#\n"
		c, err := parse("bot.yaml", "/etc/bot", data, func(string) (string, bool) { return canary, true })
		faults, ok := errors.AsType[Faults](err)
		switch {
		case err == nil && c == nil, err != nil && (c != nil || !ok || len(faults) == 0):
			t.Fatalf("config %v, error %v", c, err)
		case strings.Contains(fmt.Sprint(err), "c4n4ry") && !strings.Contains(string(data), "c4n4ry"):
			t.Fatalf("a variable's value is in the error: %v", err)
		}
		for _, fault := range faults {
			if fault.Line < 1 || fault.Col < 1 || fault.Message == "" || strings.Contains(fault.Message, "\n") {
				t.Errorf("%#v", fault)
			}
		}
	})
}

func TestEndOfDayIsRead(t *testing.T) {
	t.Parallel()
	for written, want := range map[string][7]bool{
		"mon-fri": {false, true, true, true, true, true, false}, "sat-sun": {true, false, false, false, false, false, true},
		"mon,wed,FRI": {false, true, false, true, false, true, false}, "tue": {false, false, true},
	} {
		if days, ok := weekdays(written); !ok || days != want {
			t.Errorf("%s is %v, %v", written, days, ok)
		}
	}
	for _, written := range []string{"", "mo", "mon-", "-fri", "mon fri", "funday"} {
		if _, ok := weekdays(written); ok {
			t.Errorf("%q is taken for days", written)
		}
	}
}
