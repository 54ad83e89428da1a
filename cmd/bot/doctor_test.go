package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/syncrobot/syncrobot/doctor"
	"github.com/syncrobot/syncrobot/internal/redistest"
	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/slacksim"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/syncro"
)

// patient is a shop whose config file a test changes before the doctor comes.
type patient struct {
	*office
	redis *redistest.Server
	only  string
	test  string
	yaml  string // of the config
}

// change replaces a part of the config that must be there.
func (p *patient) change(t *testing.T, from, to string) {
	t.Helper()
	if !strings.Contains(p.yaml, from) {
		t.Fatalf("the config has no %q:\n%s", from, p.yaml)
	}
	p.yaml = strings.ReplaceAll(p.yaml, from, to)
}

// serve puts another simulator, or what stands before it, at a config's key.
func (p *patient) serve(t *testing.T, from string, h http.Handler) string {
	t.Helper()
	address, err := p.Listen(h)
	if err != nil {
		t.Fatal(err)
	}
	p.change(t, from, address)
	return address
}

// slackWith is the shop's Slack with other options.
func (p *patient) slackWith(t *testing.T, change func(*slacksim.Options)) {
	t.Helper()
	o := slacksim.Options{
		SigningSecret: "demo-signing-secret", BotToken: "xoxb-demo", Scopes: shop.Scopes(),
		Users: []slacksim.User{{ID: danaSlack, Name: "dana"}, {ID: robSlack, Name: "rob"}, {ID: samSlack, Name: "sam"}},
	}
	change(&o)
	sim := slacksim.New(o)
	t.Cleanup(sim.Close)
	p.serve(t, strings.TrimSuffix(p.cfg.Slack.APIURL, "/api/"), sim)
}

// examined is what the doctor finds in a shop after a change, by group and
// check. The keys of the vault and the secrets of the config are in none of
// it.
func examined(t *testing.T, only string, change func(p *patient)) map[string]doctor.Finding {
	t.Helper()
	p := &patient{redis: redistest.Start(t), only: only}
	vaultDoor.Lock()
	defer vaultDoor.Unlock()
	var err error
	if p.office, err = openOffice(p.redis.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.office.Close)
	path := filepath.Join(p.Dir, "bot.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p.yaml = strings.Replace(string(text), `syncro: {url: "`, `syncro: {requests_per_minute: 100000, url: "`, 1)
	p.Syncro.Close()
	p.Syncro = syncrosim.New(syncrosim.Options{PerMinute: -1, Tokens: shop.Tokens})
	p.serve(t, p.cfg.Syncro.URL, p.Syncro)
	if change != nil {
		change(p)
	}
	if err := os.WriteFile(path, []byte(p.yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	var groups []string
	if p.only != "" {
		groups = strings.Split(p.only, ",")
	}
	found, err := examine(t.Context(), path, groups, p.test)
	if err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	if err := report(&printed, found, false); err != nil {
		t.Fatal(err)
	}
	if err := report(&printed, found, true); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{danaToken, robToken, sharedToken, "demo-signing-secret", "xoxb-demo", "demo-client-secret", "AGE-SECRET-KEY"} {
		if strings.Contains(printed.String(), secret) {
			t.Errorf("%s is shown:\n%s", secret, &printed)
		}
	}
	if n := p.Syncro.Count("POST", "") + p.Syncro.Count("PUT", "") + p.Syncro.Count("DELETE", "") + p.Syncro.Count("PATCH", ""); n != 0 {
		t.Errorf("the doctor wrote to Syncro %d times", n)
	}
	byCheck := map[string]doctor.Finding{}
	for _, f := range found {
		if f.Status == doctor.Look || f.Status == doctor.Fails {
			if f.Remedy == "" {
				t.Errorf("no remedy for %+v", f)
			}
		}
		byCheck[f.Group+": "+f.Check] = f
	}
	if t.Failed() || testing.Verbose() {
		t.Log(printed.String())
	}
	return byCheck
}

func TestDoctorFindsAGoodShopWell(t *testing.T) {
	found := examined(t, "", func(p *patient) {
		p.change(t, "admin: 127.0.0.1:0", "admin: 127.0.0.1:0\npublic_url: {public}")
		p.serve(t, "{public}", doctor.About(p.cfg))
	})
	for check, f := range found {
		switch {
		case f.Status == doctor.Fine:
		case check == "vault: entry of sam" && f.Status == doctor.Look: // the demo shows it
		case (check == "syncro: labor internal" || check == "syncro: labor project") && f.Status == doctor.Look: // for nothing, on purpose
		case check == "notify: routes" && f.Status == doctor.Skipped:
		default:
			t.Errorf("%s: %+v", check, f)
		}
	}
	for _, check := range []string{
		"vault: age key", "vault: entry of dana", "vault: shared entry", "redis: answer", "redis: rights", "redis: durability",
		"syncro: key of dana", "syncro: key of rob", "syncro: shared key", "syncro: settings", "syncro: labor remote", "syncro: rights of the key of dana",
		"slack: app", "slack: scopes", "slack: dana", "teams: token", "teams: signing keys", "public: address",
		"clock: Redis", "clock: Syncro", "clock: Slack", "clock: Microsoft", "logs: session logs",
	} {
		if _, ok := found[check]; !ok {
			t.Errorf("%s was not looked at", check)
		}
	}
}

// trouble is a fault and what the doctor must say of it.
type trouble struct {
	name   string
	only   string
	change func(t *testing.T, p *patient)
	check  string // group: check
	status doctor.Status
	detail string
	remedy string
}

func (c trouble) run(t *testing.T) {
	found := examined(t, c.only, func(p *patient) { c.change(t, p) })
	got, ok := found[c.check]
	if !ok || got.Status != c.status || !strings.Contains(got.Detail, c.detail) || !strings.Contains(got.Remedy, c.remedy) {
		t.Errorf("%s: %+v, there; %+v", c.check, got, found)
	}
}

func runAll(t *testing.T, all []trouble) {
	for _, c := range all {
		t.Run(c.name, c.run)
	}
}

func TestDoctorOnTheVault(t *testing.T) {
	entry := func(p *patient, name string) string {
		return filepath.Join(p.Dir, "vault", "msp-tools", "syncro-"+name+".sops.yaml")
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	stranger := func(t *testing.T) *age.X25519Identity {
		key, err := age.GenerateX25519Identity()
		must(t, err)
		return key
	}
	runAll(t, []trouble{
		{"no folder", "vault", func(t *testing.T, p *patient) { must(t, os.RemoveAll(filepath.Join(p.Dir, "vault"))) },
			"vault: folder", doctor.Fails, "is not there", "bot keys init"},
		{"others may write into the folder", "vault", func(t *testing.T, p *patient) { must(t, os.Chmod(filepath.Join(p.Dir, "vault"), 0o777)) },
			"vault: folder", doctor.Look, "written by others", "chmod go-w"},
		{"others may read the age key", "vault", func(t *testing.T, p *patient) { must(t, os.Chmod(filepath.Join(p.Dir, "age.key"), 0o644)) },
			"vault: age key", doctor.Fails, "read by others", "chmod 600 "},
		{"no age key", "vault", func(t *testing.T, p *patient) { must(t, os.Remove(filepath.Join(p.Dir, "age.key"))) },
			"vault: age key", doctor.Fails, "cannot be read", "bot keys init"},
		{"another age key", "vault", func(t *testing.T, p *patient) {
			must(t, os.WriteFile(filepath.Join(p.Dir, "age.key"), []byte(stranger(t).String()+"\n"), 0o600))
		}, "vault: entry of dana", doctor.Fails, "no age key could open it", "sops updatekeys"},
		{"no entry, the shared key off", "vault", func(t *testing.T, p *patient) { p.change(t, "shared_key: reads", "shared_key: off") },
			"vault: entry of sam", doctor.Fails, "can do nothing", "bot keys add sam"},
		{"no entry, the shared key for all", "vault", func(t *testing.T, p *patient) { p.change(t, "shared_key: reads", "shared_key: all") },
			"vault: entry of sam", doctor.Look, "owner of the shared key", "bot keys add sam"},
		{"no entry and no shared one", "vault", func(t *testing.T, p *patient) {
			must(t, os.Remove(filepath.Join(p.Dir, "vault", "msp-tools", "syncro.sops.yaml")))
		}, "vault: entry of sam", doctor.Fails, "no shared one", "bot keys add sam"},
		{"an entry in plain text", "vault", func(t *testing.T, p *patient) {
			must(t, os.WriteFile(entry(p, "rob"), []byte("status: active\nsyncro_user_id: 4107\ncredentials: {credential: x}\n"), 0o600))
		}, "vault: entry of rob", doctor.Fails, "not encrypted", "Run sops --encrypt"},
		{"an empty entry", "vault", func(t *testing.T, p *patient) { must(t, os.WriteFile(entry(p, "rob"), nil, 0o600)) },
			"vault: entry of rob", doctor.Fails, "it is empty", "bot keys add"},
		{"an entry that was tampered with", "vault", func(t *testing.T, p *patient) {
			text, err := os.ReadFile(entry(p, "rob"))
			must(t, err)
			must(t, os.WriteFile(entry(p, "rob"), bytes.Replace(text, []byte("4107"), []byte("4101"), 1), 0o600))
		}, "vault: entry of rob", doctor.Fails, "changed after it was encrypted", "version control"},
		{"others may write an entry", "vault", func(t *testing.T, p *patient) { must(t, os.Chmod(entry(p, "rob"), 0o666)) },
			"vault: entry of rob", doctor.Look, "written by others", "chmod go-w"},
		{"an entry of nobody", "vault", func(t *testing.T, p *patient) {
			_, err := p.Vault().AddEntry(context.Background(), "robb", robToken, syncro.Me{UserID: 4107, Name: "Rob Ames"}, false)
			must(t, err)
		}, "vault: entry of robb", doctor.Look, "no technician of that name", "Add robb to technicians"},
		{"a new recipient", "vault", func(t *testing.T, p *patient) {
			rules := fmt.Sprintf("creation_rules:\n  - encrypted_regex: ^credentials$\n    age: %s\n", stranger(t).Recipient())
			must(t, os.WriteFile(filepath.Join(p.Dir, "vault", ".sops.yaml"), []byte(rules), 0o600))
		}, "vault: entry of dana", doctor.Look, "to others than .sops.yaml names", "sops updatekeys"},
	})
}

func TestDoctorOnSyncro(t *testing.T) {
	another := func(change func(*syncrosim.Options)) func(*testing.T, *patient) {
		return func(t *testing.T, p *patient) {
			o := syncrosim.Options{PerMinute: -1, Tokens: slices.Clone(shop.Tokens)}
			change(&o)
			p.Syncro.Close()
			p.Syncro = syncrosim.New(o)
			before := p.yaml[strings.Index(p.yaml, `100000, url: "`)+len(`100000, url: "`):]
			before, _, _ = strings.Cut(before, `"`)
			p.serve(t, before, p.Syncro)
		}
	}
	forbid := func(path string) func(*testing.T, *patient) {
		return func(t *testing.T, p *patient) {
			sim := p.Syncro
			before := p.yaml[strings.Index(p.yaml, `100000, url: "`)+len(`100000, url: "`):]
			before, _, _ = strings.Cut(before, `"`)
			p.serve(t, before, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, path) && strings.Contains(r.Header.Get("Authorization"), robToken) {
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(http.StatusUnauthorized)
					fmt.Fprint(w, `{"error":"Not authorized. Please ask account admin to update your group permissions."}`)
					return
				}
				sim.ServeHTTP(w, r)
			}))
		}
	}
	runAll(t, []trouble{
		{"a revoked key", "syncro", another(func(o *syncrosim.Options) { o.Tokens = o.Tokens[:1] }),
			"syncro: key of rob", doctor.Fails, "401", "bot keys add rob"},
		{"another's key", "syncro", another(func(o *syncrosim.Options) { o.Tokens[1].UserID, o.Tokens[1].Name = 4109, "Kim Lund" }),
			"syncro: key of rob", doctor.Fails, "answers as Kim Lund (user 4109), and its entry says user 4107", "bot keys add rob"},
		{"two who act as one", "syncro", func(t *testing.T, p *patient) {
			if _, err := p.Vault().AddEntry(t.Context(), "rob", danaToken, syncro.Me{UserID: 4101, Name: "Dana Ruiz"}, true); err != nil {
				t.Fatal(err)
			}
		}, "syncro: key of rob", doctor.Look, "as the key of dana does", "bot keys add rob"},
		{"nobody there", "syncro", func(t *testing.T, p *patient) {
			p.change(t, p.yaml[strings.Index(p.yaml, "http://127"):strings.Index(p.yaml, `"}`+"\nvault")], closed)
		},
			"syncro: account", doctor.Fails, "cannot be reached", "syncro.url"},
		{"no permission for customers", "syncro", forbid("/api/v1/customers"),
			"syncro: rights of the key of rob", doctor.Fails, "“Customers - List/Search”", "/api_tokens"},
		{"no permission for a ticket's details", "syncro", forbid("/api/v1/tickets/"),
			"syncro: rights of the key of rob", doctor.Fails, "“Tickets - View Details”", "give the token these permissions"},
		{"no permission for invoices", "syncro", forbid("/api/v1/invoices"),
			"syncro: rights of the key of rob", doctor.Fails, "“Invoices - List/Search”", "bot keys add rob"},
		{"a status that is not there", "syncro", func(t *testing.T, p *patient) {
			p.yaml += "tickets: {close_status: Done and dusted}\n"
		}, "syncro: settings", doctor.Fails, "no status “Done and dusted”", "Write tickets.close_status: one of "},
		{"a priority that is not there", "syncro", func(t *testing.T, p *patient) {
			p.yaml += "tickets: {default_priority: Whenever}\n"
		}, "syncro: settings", doctor.Fails, "no priority “Whenever”", "Write tickets.default_priority: one of "},
		{"a product that is not there", "syncro", func(t *testing.T, p *patient) { p.change(t, "product_id: 26118", "product_id: 99") },
			"syncro: labor onsite", doctor.Fails, "no product 99", "billing.labor.onsite.product_id"},
		{"a product without a rate", "syncro", another(func(o *syncrosim.Options) {
			data := syncrosim.Monday(time.Now())
			for i := range data.Products {
				if data.Products[i].ID == 26118 {
					data.Products[i].Price = syncrosim.Product{}.Price
				}
			}
			o.Data = &data
		}), "syncro: labor onsite", doctor.Look, "has no rate", "retail price"},
		{"no labor", "syncro", func(t *testing.T, p *patient) {
			p.yaml = p.yaml[:strings.Index(p.yaml, "billing:")] + p.yaml[strings.Index(p.yaml, "slack:\n"):]
		}, "syncro: labor", doctor.Look, "nobody can bill", "billing.labor"},
		{"without Redis", "syncro", func(t *testing.T, p *patient) { p.redis.Kill() },
			"syncro: account", doctor.Skipped, "Redis does not answer", ""},
	})
}

// closed is an address at which nobody listens. A port that was free a moment
// ago would not do: another test's server may have it by now.
const closed = "http://127.0.0.1:1"

func TestDoctorOnRedis(t *testing.T) {
	set := func(key, value string) func(*testing.T, *patient) {
		return func(t *testing.T, p *patient) {
			if err := p.redis.Client().ConfigSet(t.Context(), key, value).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	runAll(t, []trouble{
		{"nobody there", "redis", func(t *testing.T, p *patient) { p.redis.Kill() }, "redis: answer", doctor.Fails, "refused", "Start Redis"},
		{"a password", "redis", set("requirepass", "secret-of-redis"), "redis: answer", doctor.Fails, "NOAUTH", "password in redis.url"},
		{"a user with too few rights", "redis", func(t *testing.T, p *patient) {
			if err := p.redis.Client().Do(t.Context(), "ACL", "SETUSER", "few", "on", ">few", "~syncrobot:*", "+@all", "-@transaction").Err(); err != nil {
				t.Fatal(err)
			}
			p.change(t, p.redis.URL(), strings.Replace(p.redis.URL(), "redis://", "redis://few:few@", 1))
		}, "redis: rights", doctor.Fails, "NOPERM", "docs/security.md"},
		{"no append-only file", "redis", set("appendonly", "no"), "redis: durability", doctor.Fails, "appendonly is off", "appendonly yes"},
		{"records thrown away", "redis", func(t *testing.T, p *patient) {
			set("maxmemory", "100mb")(t, p)
			set("maxmemory-policy", "allkeys-lru")(t, p)
		}, "redis: durability", doctor.Fails, "allkeys-lru", "noeviction"},
	})
}

func TestDoctorOnSlack(t *testing.T) {
	// socket is a bot that calls Slack, which takes its app-level token or not.
	socket := func(wrong bool) func(*testing.T, *patient) {
		return func(t *testing.T, p *patient) {
			sim, answer := p.Slack, `{"ok":true,"url":"wss://127.0.0.1/"}`
			if wrong {
				answer = `{"ok":false,"error":"invalid_auth"}`
			}
			p.change(t, "bot_token: xoxb-demo", "bot_token: xoxb-demo\n  transport: socket\n  app_token: xapp-demo")
			p.serve(t, strings.TrimSuffix(p.cfg.Slack.APIURL, "/api/"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/apps.connections.open" {
					sim.ServeHTTP(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprint(w, answer)
			}))
		}
	}
	runAll(t, []trouble{
		{"a wrong token", "slack", func(t *testing.T, p *patient) { p.change(t, "bot_token: xoxb-demo", "bot_token: xoxb-wrong") },
			"slack: app", doctor.Fails, "invalid_auth", "https://api.slack.com/apps/A0001/oauth"},
		{"another workspace", "slack", func(t *testing.T, p *patient) { p.slackWith(t, func(o *slacksim.Options) { o.TeamID = "T0002" }) },
			"slack: app", doctor.Fails, "T0002 (Example), which is not served", "slack.teams: [T0002]"},
		{"another app", "slack", func(t *testing.T, p *patient) { p.slackWith(t, func(o *slacksim.Options) { o.AppID = "A0002" }) },
			"slack: app", doctor.Fails, "of the app A0002", "slack.app_id: A0002"},
		{"a missing scope", "slack", func(t *testing.T, p *patient) {
			p.slackWith(t, func(o *slacksim.Options) {
				o.Scopes = slices.DeleteFunc(o.Scopes, func(s string) bool { return s == "im:write" })
			})
		}, "slack: scopes", doctor.Fails, "im:write (", "bot manifest slack"},
		{"a scope too many", "slack", func(t *testing.T, p *patient) {
			p.slackWith(t, func(o *slacksim.Options) { o.Scopes = append(o.Scopes, "channels:history", "files:write") })
		}, "slack: scopes", doctor.Look, "more than it needs: files:write", "Reinstall"},
		{"a guest", "slack", func(t *testing.T, p *patient) {
			p.slackWith(t, func(o *slacksim.Options) { o.Users[1].Restricted = true })
		}, "slack: rob", doctor.Fails, "a guest", "Correct its id"},
		{"a workspace that is not served", "slack", func(t *testing.T, p *patient) {
			p.change(t, "slack: [T0001/"+robSlack, "slack: [T0009/"+robSlack)
		}, "slack: rob", doctor.Look, "none of the workspaces in slack.teams", "slack.teams"},
		{"nobody of that id", "slack", func(t *testing.T, p *patient) {
			p.slackWith(t, func(o *slacksim.Options) { o.Users = o.Users[:1] })
		}, "slack: rob", doctor.Fails, "", "Correct"},
		{"a wrong app token", "slack", socket(true), "slack: app token", doctor.Fails, "invalid_auth", "connections:write"},
		{"a good app token", "slack", socket(false), "slack: app token", doctor.Fine, "", ""},
		{"nobody there", "slack", func(t *testing.T, p *patient) {
			p.change(t, strings.TrimSuffix(p.cfg.Slack.APIURL, "/api/"), closed)
		}, "slack: app", doctor.Fails, "cannot be asked", "HTTPS_PROXY"},
	})
}

func TestDoctorOnTeams(t *testing.T) {
	const other = "00000000-0000-4000-8000-000000000000"
	runAll(t, []trouble{
		{"a wrong secret", "teams", func(t *testing.T, p *patient) {
			p.change(t, "client_secret: demo-client-secret", "client_secret: wrong")
		},
			"teams: token", doctor.Fails, "AADSTS7000215", "the secret's value, not its id"},
		{"a wrong app", "teams", func(t *testing.T, p *patient) { p.change(t, "app_id: "+shop.TeamsApp, "app_id: "+other) },
			"teams: token", doctor.Fails, "AADSTS700016", "teams.app_id"},
		{"a wrong tenant", "teams", func(t *testing.T, p *patient) { p.change(t, shopTenant+"/oauth2", other+"/oauth2") },
			"teams: token", doctor.Fails, "AADSTS90002", "teams.tenant_id"},
		{"a token for another tenant", "teams", func(t *testing.T, p *patient) { p.change(t, "tenant_id: "+shopTenant, "tenant_id: "+other) },
			"teams: token", doctor.Fails, "in the tenant " + shopTenant, "teams.tenant_id"},
		{"somebody of another tenant", "teams", func(t *testing.T, p *patient) {
			p.change(t, "teams: ["+shopTenant+"/"+robTeams, "teams: ["+other+"/"+robTeams)
		}, "teams: rob", doctor.Look, "not the tenant in teams.tenant_id", "technicians"},
		{"no keys", "teams", func(t *testing.T, p *patient) { p.change(t, "/v1/.well-known/openidconfiguration", "/nothing") },
			"teams: signing keys", doctor.Fails, "nothing that Teams sends could be checked", "HTTPS_PROXY"},
	})
}

func TestDoctorOnRoutes(t *testing.T) {
	route := func(channel string) func(*testing.T, *patient) {
		return func(_ *testing.T, p *patient) {
			p.yaml += "notify: {routes: [{event: invoiced, " + channel + "}]}\n"
		}
	}
	runAll(t, []trouble{
		{"a webhook that can be guessed", "notify", func(t *testing.T, p *patient) { p.yaml += "notify: {webhook_secret: hook}\n" },
			"notify: webhook", doctor.Look, "4 characters", "openssl rand"},
		{"a channel with the bot", "notify", route("slack: C0DESK"), "notify: invoiced to slack C0DESK", doctor.Fine, "", ""},
		{"a channel without the bot", "notify", route("slack: C0HARBOR"), "notify: invoiced to slack C0HARBOR", doctor.Fails, "", "/invite"},
		{"no such channel", "notify", route("slack: C0NONE"), "notify: invoiced to slack C0NONE", doctor.Fails, "no such channel", "Check the id"},
		{"a Teams channel", "notify", route(`teams: "19:desk@thread.tacv2"`), "notify: invoiced to teams 19:desk@thread.tacv2", doctor.Fails, "heard nothing from Teams", "Add the app"},
		{"a person in Slack", "notify", route("person: dana"), "notify: invoiced to slack dana", doctor.Fine, "", ""},
		{"a person in Teams", "notify", route("person: dana"), "notify: invoiced to teams dana", doctor.Skipped, "--send-test dana", ""},
	})
}

func TestDoctorOnThePublicAddress(t *testing.T) {
	at := func(h func(p *patient) http.Handler) func(*testing.T, *patient) {
		return func(t *testing.T, p *patient) {
			p.change(t, "admin: 127.0.0.1:0", "admin: 127.0.0.1:0\npublic_url: {public}")
			p.serve(t, "{public}", h(p))
		}
	}
	says := func(status int, body string) func(*testing.T, *patient) {
		return at(func(*patient) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); fmt.Fprint(w, body) })
		})
	}
	runAll(t, []trouble{
		{"not told", "public", func(*testing.T, *patient) {}, "public: address", doctor.Look, "public_url is not in the config", "Write public_url"},
		{"another bot", "public", at(func(p *patient) http.Handler {
			other := *p.cfg
			other.Teams = nil
			return doctor.About(&other)
		}), "public: address", doctor.Fails, "another syncrobot", "this config"},
		{"a proxy alone", "public", says(502, "Bad Gateway"), "public: address", doctor.Look, "no bot behind it", "Start “bot serve”"},
		{"something else", "public", says(200, "It works!"), "public: address", doctor.Fails, "something else", "public_url"},
		{"no host", "public", func(t *testing.T, p *patient) {
			p.change(t, "admin: 127.0.0.1:0", "admin: 127.0.0.1:0\npublic_url: "+closed)
		}, "public: address", doctor.Look, "cannot be reached from here", "from outside"},
	})
}

func TestDoctorOnTheClock(t *testing.T) {
	ahead := func(d time.Duration) func(*testing.T, *patient) {
		return func(t *testing.T, p *patient) {
			p.serve(t, p.yaml[strings.Index(p.yaml, "http://127"):strings.Index(p.yaml, `"}`+"\nvault")], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", time.Now().Add(d).UTC().Format(http.TimeFormat))
			}))
		}
	}
	runAll(t, []trouble{
		{"some seconds", "clock", ahead(30 * time.Second), "clock: Syncro", doctor.Look, "off its", "timedatectl"},
		{"some minutes", "clock", ahead(-6 * time.Minute), "clock: Syncro", doctor.Fails, "refused", "timedatectl"},
	})
}

func TestDoctorOnSessionLogs(t *testing.T) {
	git := func(t *testing.T, dir string, args ...string) {
		t.Helper()
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	runAll(t, []trouble{
		{"a file in its place", "logs", func(t *testing.T, p *patient) {
			if err := os.WriteFile(filepath.Join(p.Dir, "session-logs"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "logs: session logs", doctor.Fails, "is no folder", "session_logs.dir"},
		{"no repository", "logs", func(_ *testing.T, p *patient) { p.yaml += "session_logs: {git: true}\n" },
			"logs: session logs", doctor.Fails, "in no git repository", "git init "},
		{"a repository", "logs", func(t *testing.T, p *patient) {
			git(t, p.Dir, "init", "--quiet")
			git(t, p.Dir, "config", "user.name", "syncrobot")
			git(t, p.Dir, "config", "user.email", "bot@shop.example")
			p.yaml += "session_logs: {git: true}\n"
		}, "logs: session logs", doctor.Fine, "committed", ""},
	})
}

func TestDoctorSendsAMessageOnlyWhereItIsAsked(t *testing.T) {
	var shop *office
	found := examined(t, "slack", func(p *patient) { shop, p.test = p.office, "dana" })
	if f := found["test: slack"]; f.Status != doctor.Fine {
		t.Errorf("%+v", found)
	}
	seen := shop.Slack.Messages(danaSlack, shop.Slack.DirectMessage(danaSlack))
	if len(seen) != 1 || !strings.Contains(seen[0].Text, "--send-test dana") {
		t.Errorf("%+v", seen)
	}
	found = examined(t, "slack,teams", func(p *patient) { shop = p.office })
	for check := range found {
		if strings.HasPrefix(check, "test: ") {
			t.Errorf("%s", check)
		}
	}
	if seen := shop.Slack.Messages(danaSlack, ""); len(seen) != 0 {
		t.Errorf("%+v", seen)
	}
}

// Everything hangs: Syncro, Slack, Teams, the public address. The doctor ends
// all the same, and says what did not answer.
func TestDoctorEndsWhenNothingAnswers(t *testing.T) {
	begun := time.Now()
	found := examined(t, "", func(p *patient) {
		hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		p.change(t, "admin: 127.0.0.1:0", "admin: 127.0.0.1:0\npublic_url: {public}")
		for _, address := range []string{
			"{public}", strings.TrimSuffix(p.cfg.Slack.APIURL, "/api/"), strings.TrimSuffix(p.cfg.Teams.OpenIDURL, "/v1/.well-known/openidconfiguration"),
			p.yaml[strings.Index(p.yaml, "http://127"):strings.Index(p.yaml, `"}`+"\nvault")],
		} {
			p.serve(t, address, hang)
		}
	})
	for _, check := range []string{"syncro: account", "slack: app", "teams: token"} {
		if found[check].Status != doctor.Fails {
			t.Errorf("%s: %+v", check, found[check])
		}
	}
	if f := found["redis: answer"]; f.Status != doctor.Fine {
		t.Errorf("%+v", f)
	}
	t.Logf("after %s", time.Since(begun))
}

func TestDoctorOnAConfigWithFaults(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bot.yaml")
	if err := os.WriteFile(path, []byte("listen: nowhere\ncolour: blue\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := run(t, "doctor", "--json", "--config", path)
	var found []doctor.Finding
	if json.Unmarshal([]byte(out), &found) != nil || err != errReported {
		t.Fatalf("%v: %s", err, out)
	}
	if f := found[0]; f.Group != "config" || !strings.HasSuffix(f.Check, "bot.yaml:1:1") && !strings.HasSuffix(f.Check, "bot.yaml:1:9") || f.Status != doctor.Fails {
		t.Errorf("%+v", found)
	}
	for _, args := range [][]string{
		{"--config", filepath.Join(t.TempDir(), "none.yaml")},
		{"--config", path, "--only", "salck"},
	} {
		if _, err := run(t, append([]string{"doctor"}, args...)...); err == nil || !strings.Contains(err.Error(), errCannotRun.Error()) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
