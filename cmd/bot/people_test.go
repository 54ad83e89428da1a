package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/config"
	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/simulator/teamssim"
	"github.com/syncrobot/syncrobot/syncro"
)

// bothPlatforms runs a test in a world of its own for each platform. who is
// the person of that platform's id.
func bothPlatforms(t *testing.T, do func(t *testing.T, w *world, who func(slackID, teamsID string) person), settings ...setting) {
	t.Helper()
	t.Run("Slack", func(t *testing.T) {
		t.Parallel()
		w := openWorld(t, settings...)
		do(t, w, func(id, _ string) person { return slackPerson{w, id, "C0DESK"} })
		w.wellMannered(t)
	})
	t.Run("Teams", func(t *testing.T) {
		t.Parallel()
		w := openWorld(t, settings...)
		do(t, w, func(_, id string) person { return teamsPerson{w, id, "", ""} })
		w.wellMannered(t)
	})
}

// everyTransport is bothPlatforms, and Slack once more where the bot calls it.
func everyTransport(t *testing.T, do func(t *testing.T, w *world, who func(slackID, teamsID string) person), settings ...setting) {
	t.Helper()
	bothPlatforms(t, do, settings...)
	t.Run("Slack over sockets", func(t *testing.T) {
		t.Parallel()
		w := openWorld(t, append(settings, overSockets)...)
		do(t, w, func(id, _ string) person { return slackPerson{w, id, "C0DESK"} })
		w.wellMannered(t)
	})
}

// TestStrangers: who is not served is refused politely and learns nothing.
func TestStrangers(t *testing.T) {
	t.Parallel()
	withoutSam := func(w *world) {
		w.cfg.Technicians = slices.DeleteFunc(w.cfg.Technicians, func(p config.Technician) bool { return p.Name == "sam" })
	}
	guestConfigured := func(w *world) {
		w.cfg.Technicians = append(w.cfg.Technicians, config.Technician{
			Name: "visitor", Slack: []string{"T0001/" + guestSlack}, Teams: []string{shopTenant + "/" + guestTeams},
		})
	}
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		dana := who(danaSlack, danaTeams)
		drawn := ask(t, dana, "note 32164 secret plan", "Confirm:")
		before := len(w.Syncro.Requests())
		for name, stranger := range map[string]person{"nobody's technician": who(samSlack, samTeams), "a guest who is in the config": who(guestSlack, guestTeams)} {
			t.Run(name, func(t *testing.T) {
				for _, line := range []string{"", "32164", "help", "whoami", "pending", "close 32164", "zzz"} {
					c := ask(t, stranger, line, "Sorry", "Nothing was sent. I do not know you.")
					if c.has("32164") || c.has("Harbor") || len(c.buttons) > 0 {
						t.Errorf("%q tells a stranger: %s", line, c.text)
					}
				}
				c := press(t, stranger, drawn, "Confirm", "I do not know you.")
				if c.has("secret plan") {
					t.Errorf("a stranger's click is told: %s", c.text)
				}
			})
		}
		if got := len(w.Syncro.Requests()); got != before {
			t.Errorf("strangers cost %d requests to Syncro", got-before)
		}
	}, withoutSam, guestConfigured)
}

// TestForeignSlack: a signed command that says another workspace, another
// app, or a bot.
func TestForeignSlack(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	dana := slackPerson{w, danaSlack, "C0DESK"}
	ask(t, dana, "help", "What you can type")
	taken := w.Slack.Acks()[0].Sent
	for _, c := range []struct{ name, field, value string }{
		{"another workspace", "team_id", "T0002"},
		{"another app", "api_app_id", "A0666"},
		{"an organisation's installation", "is_enterprise_install", "true"},
		{"the bot itself", "user_id", "U0BOT"},
		{"nobody", "user_id", "U0NOBODY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			form, err := url.ParseQuery(string(taken.Body))
			if err != nil {
				t.Fatal(err)
			}
			form.Set(c.field, c.value)
			form.Set("text", "32164")
			body := []byte(form.Encode())
			header := w.Slack.Signed(body, time.Now())
			header.Set("Content-Type", taken.Header.Get("Content-Type"))
			ack := w.Slack.SendRaw(t.Context(), taken.Path, body, header)
			if ack.Status != http.StatusOK {
				t.Errorf("status %d", ack.Status)
			}
			if strings.HasPrefix(c.field, "user") {
				see(t, dana, "Sorry", "I do not know you.") // the response_url was hers
			} else if !bytes.Contains(ack.Body, []byte("Nothing was sent.")) {
				t.Errorf("answer %q", ack.Body)
			}
		})
	}
	w.finish(t)
	if n := len(w.Syncro.Requests()); n != 1 { // whoever asks for help is known by /me
		t.Errorf("%d requests reached Syncro: %+v", n, w.Syncro.Requests())
	}
}

// TestForeignTeams: a well signed activity of another tenant.
func TestForeignTeams(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	dana := teamsPerson{w, danaTeams, "", ""}
	ask(t, dana, "help", "What you can type")
	const other = "00000000-1111-4222-8333-444444444444"
	sent := w.Teams.Deliveries()[0].Activity
	foreign := bytes.ReplaceAll(sent, []byte(shopTenant), []byte(other))
	var activity map[string]any
	if err := json.Unmarshal(foreign, &activity); err != nil {
		t.Fatal(err)
	}
	activity["id"], activity["text"] = "1700000000001", "32164"
	body, err := json.Marshal(activity)
	if err != nil {
		t.Fatal(err)
	}
	token, err := w.Teams.Token(teamssim.Forge{})
	if err != nil {
		t.Fatal(err)
	}
	w.Teams.SendRaw(t.Context(), body, token)
	w.finish(t)
	if n := len(w.Syncro.Requests()); n != 1 {
		t.Errorf("%d requests reached Syncro", n)
	}
	for _, c := range dana.cards(t) {
		if c.has("VPN drops") {
			t.Errorf("another tenant is shown %s", c.text)
		}
	}
}

// TestWithoutAKey: a technician without an entry of their own, under each
// policy for the shared key.
func TestWithoutAKey(t *testing.T) {
	t.Parallel()
	policy := func(p string) setting { return func(w *world) { w.cfg.Vault.SharedKey = p } }
	t.Run("off", func(t *testing.T) {
		t.Parallel()
		bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
			sam := who(samSlack, samTeams)
			ask(t, sam, "32164", "Nothing was sent.", "You have no Syncro key of your own", "You typed:", "32164")
			ask(t, sam, "note 32164 text", "Nothing was sent.", "You have no Syncro key of your own")
			if n := len(w.Syncro.Requests()); n != 0 {
				t.Errorf("%d requests to Syncro", n)
			}
		}, policy("off"))
	})
	t.Run("reads", func(t *testing.T) {
		t.Parallel()
		bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
			sam := who(samSlack, samTeams)
			ask(t, sam, "32164", "VPN drops every hour", "Harbor Dental")
			ask(t, sam, "whoami", "You are sam", "the shared key", "read tickets", "Front Office (Syncro user 4100)")
			for _, line := range []string{"note 32164 text", "close 32164", "priority 32164 urgent"} {
				c := ask(t, sam, line, "Nothing was sent.", "You have no Syncro key of your own", line)
				if !slices.Equal(c.buttons, []string{"Link my key"}) {
					t.Errorf("buttons %q", c.buttons)
				}
			}
			if n := w.writes(); n != 0 {
				t.Errorf("%d writes", n)
			}
		}, policy("reads"))
	})
	t.Run("all", func(t *testing.T) {
		t.Parallel()
		bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
			sam := who(samSlack, samTeams)
			c := ask(t, sam, "note 32164 text", "Confirm:", "Front Office (Syncro user 4100)",
				"This will be logged under the shared key, as Front Office, and not as you.", "only Sam Ito can press")
			press(t, sam, c, "Confirm", "Done and checked", "logged as Front Office")
			if got := w.lastComment(t, 32164); got.UserID != 4100 {
				t.Errorf("Syncro has %+v", got)
			}
		}, policy("all"))
	})
}

// TestBadKeys: a key that answers as somebody else, and one that does not
// answer any more.
func TestBadKeys(t *testing.T) {
	t.Parallel()
	with := func(tokens ...syncrosim.Token) setting {
		return func(w *world) { w.tokens = tokens }
	}
	for _, c := range []struct {
		name  string
		set   setting
		words []string
	}{
		{"somebody else's", with(syncrosim.Token{Key: danaToken, UserID: 4107, Name: "Rob Ames"}),
			[]string{"Nothing was sent.", "The key in your vault entry belongs to Syncro user 4107, not to 4101"}},
		{"revoked", with(syncrosim.Token{Key: robToken, UserID: 4107, Name: "Rob Ames"}),
			[]string{"Nothing was sent.", "Syncro refuses your key (401)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
				dana := who(danaSlack, danaTeams)
				ask(t, dana, "32164", c.words...)
				ask(t, dana, "close 32164", append(c.words, "You typed:", "close 32164")...)
				for _, r := range w.Syncro.Requests() {
					if r.Route != "GET /me" && r.Status != http.StatusUnauthorized {
						t.Errorf("the key was used for %s %s", r.Method, r.Path)
					}
				}
			}, c.set)
		})
	}
}

// TestReload: SIGHUP brings a new technician with a key of their own, and
// takes one away, without a restart.
func TestReload(t *testing.T) {
	t.Parallel()
	const newToken = "Tdemo-sam-0c4f7d92a1e8b635"
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		sam, rob := who(samSlack, samTeams), who(robSlack, robTeams)
		ask(t, sam, "whoami", "I do not know you.")
		ask(t, rob, "whoami", "You are rob")
		before := *w.cfg
		after := before
		after.Technicians = []config.Technician{
			before.Technicians[0],
			{Name: "sam", Slack: []string{"T0001/" + samSlack}, Teams: []string{shopTenant + "/" + samTeams}},
		}
		w.reload = func() (*config.Config, error) { return &after, nil }

		vaultDoor.Lock()
		defer vaultDoor.Unlock()
		w.bringKey(t)
		if _, err := w.Vault().AddEntry(t.Context(), "sam", newToken, syncro.Me{UserID: 4112, Name: "Priya Nair"}, false); err != nil {
			t.Fatal(err)
		}
		w.hangup <- os.Signal(syscall.SIGHUP)
		until(t, "the vault is read again", func() bool { return strings.Contains(w.log.String(), "were read again") })
		ask(t, sam, "whoami", "You are sam", "your own", "Priya Nair (Syncro user 4112)")
		ask(t, rob, "whoami", "I do not know you.")
	}, func(w *world) {
		w.cfg.Technicians = w.cfg.Technicians[:2]
		w.tokens = append(slices.Clone(shop.Tokens), syncrosim.Token{Key: newToken, UserID: 4112, Name: "Priya Nair"})
	})
}

// TestReassigned: a chat user becomes another technician between the card and
// the click. What the card says is not sent in a name that is no longer theirs.
func TestReassigned(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		rob := who(robSlack, robTeams)
		c := ask(t, rob, "note 32164 Looked at the logs", "Confirm:", "Logged as")
		after := *w.cfg
		after.Technicians = slices.Clone(w.cfg.Technicians)
		dana, was := &after.Technicians[0], &after.Technicians[1]
		dana.Slack, dana.Teams = append(slices.Clone(dana.Slack), was.Slack...), append(slices.Clone(dana.Teams), was.Teams...)
		was.Slack, was.Teams = []string{"T0001/" + samSlack}, []string{shopTenant + "/" + samTeams}
		w.reload = func() (*config.Config, error) { return &after, nil }
		vaultDoor.Lock()
		defer vaultDoor.Unlock()
		w.bringKey(t)
		w.hangup <- os.Signal(syscall.SIGHUP)
		until(t, "the configuration is read again", func() bool { return strings.Contains(w.log.String(), "were read again") })
		press(t, rob, c, "Confirm", "Nothing was sent.", "You do not act as")
		if n := w.writes(); n != 0 {
			t.Errorf("%d writes reached Syncro", n)
		}
	}, func(w *world) { w.cfg.Technicians = w.cfg.Technicians[:2] })
}
