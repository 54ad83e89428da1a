package identity

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

var (
	danaOnSlack = chat.User{Platform: "slack", Tenant: "T0001", ID: "U0001", Name: "rob"}
	danaOnTeams = chat.User{Platform: "teams", Tenant: "tenant", ID: "dana"}
	robOnSlack  = chat.User{Platform: "slack", Tenant: "T0001", ID: "U0002"}
)

func TestBothChatUsersOfATechnicianAreThatTechnician(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	add(t, v, "dana", danaKey, dana)
	a := newAsked()
	d, _ := newDirectory(t, v, Off, a)
	want := Technician{Name: "dana", FullName: "Dana Ruiz", UserID: 4101, Key: syncro.NewKey(danaKey), MayWrite: true}
	for _, user := range []chat.User{danaOnSlack, danaOnTeams} {
		if got, err := d.Who(t.Context(), user); err != nil || got != want {
			t.Errorf("%s: %+v, %v", user.Key(), got, err)
		}
	}
	got, err := d.Named(t.Context(), "dana")
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if a.times() != 1 {
		t.Errorf("Syncro was asked %d times about one key", a.times())
	}
	if err := d.Ready(); err != nil {
		t.Error(err)
	}
}

func TestWhoIsUnknown(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	add(t, v, "dana", danaKey, dana)
	a := newAsked()
	d, _ := newDirectory(t, v, All, a)
	guest := danaOnSlack
	guest.Outsider = "a guest"
	for name, user := range map[string]chat.User{
		"nobody":                   {},
		"a stranger":               {Platform: "slack", Tenant: "T0001", ID: "U0009"},
		"of another workspace":     {Platform: "slack", Tenant: "T0002", ID: "U0001"},
		"of another platform":      {Platform: "teams", Tenant: "T0001", ID: "U0001"},
		"named as a technician":    {Platform: "slack", Tenant: "T0001", ID: "U0009", Name: "dana"},
		"a slash in the wrong id":  {Platform: "slack", Tenant: "T0001/U0001", ID: ""},
		"a technician, as a guest": guest,
	} {
		if _, err := d.Who(t.Context(), user); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
		if d.Known(user) {
			t.Errorf("%s is known", name)
		}
	}
	if !d.Known(danaOnSlack) || !d.Known(robOnSlack) {
		t.Error("a technician is not known, with a key or without")
	}
	if _, err := d.Named(t.Context(), "kim"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if _, err := d.Who(t.Context(), guest); !strings.Contains(fmt.Sprint(err), "a guest") {
		t.Error(err)
	}
	if a.times() != 0 {
		t.Error("Syncro was asked for a stranger")
	}
}

func TestTheSharedKeyFollowsItsPolicy(t *testing.T) {
	t.Parallel()
	shared := Technician{Name: "rob", FullName: "Kim Lund", UserID: 4100, Key: syncro.NewKey(sharedKey), Shared: true}
	writing := shared
	writing.MayWrite = true
	for _, test := range []struct {
		policy  Policy
		want    Technician
		wantErr string
	}{
		{Off, Technician{}, "the vault has no entry msp-tools/syncro-rob.sops.yaml for technician rob, and the shared key is off"},
		{Reads, shared, ""},
		{All, writing, ""},
	} {
		t.Run(string(test.policy), func(t *testing.T) {
			t.Parallel()
			v := newVault(t)
			add(t, v, "dana", danaKey, dana)
			if _, err := v.AddShared(t.Context(), sharedKey, boss, false); err != nil {
				t.Fatal(err)
			}
			d, _ := newDirectory(t, v, test.policy, newAsked())
			got, err := d.Who(t.Context(), robOnSlack)
			if got != test.want {
				t.Errorf("%+v", got)
			}
			noKey, _ := errors.AsType[*NoKeyError](err)
			if test.wantErr != "" && (noKey == nil || !noKey.SharedOff || noKey.Error() != test.wantErr) || test.wantErr == "" && err != nil {
				t.Error(err)
			}
			if got, err := d.Who(t.Context(), danaOnSlack); err != nil || got.Shared || !got.MayWrite {
				t.Errorf("somebody with a key of their own: %+v, %v", got, err)
			}
		})
	}
}

func TestNobodyIsServedWithSomebodyElsesKey(t *testing.T) {
	t.Parallel()
	const own, shared = "msp-tools/syncro-dana.sops.yaml", "msp-tools/syncro.sops.yaml"
	inactive := func(s string) string { return strings.Replace(s, "status: active", "status: revoked", 1) }
	plain := fmt.Sprintf("status: active\nsyncro_user_id: 4101\ncredentials:\n  credential: %s\n", danaKey)
	plainShared := fmt.Sprintf("status: active\nsyncro_user_id: 4100\ncredentials:\n  credential: %s\n", sharedKey)
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, v Vault) // there is a good shared entry before
		want    error
		text    string
	}{
		{"a revoked entry", func(t *testing.T, v Vault) { seal(t, v, own, inactive(plain)) },
			&NoKeyError{}, `is not active, its status is "revoked"`},
		{"an entry without a status", func(t *testing.T, v Vault) { seal(t, v, own, strings.Replace(plain, "status: active\n", "", 1)) },
			&NoKeyError{}, `its status is "missing"`},
		{"an entry for another recipient", func(t *testing.T, v Vault) {
			rule(t, v, stranger(t), "")
			seal(t, v, own, plain)
		}, &VaultError{}, "no age key could open it"},
		{"a malformed entry", func(t *testing.T, v Vault) { seal(t, v, own, "status: active\n") },
			&VaultError{}, "malformed"},
		{"an entry with another's key", func(t *testing.T, v Vault) { add(t, v, "dana", robKey, dana) },
			&WrongPersonError{}, "the key in msp-tools/syncro-dana.sops.yaml answers as Rob Ames (user 4107), not as user 4101, and is not used"},
		{"an entry with a key that Syncro knows nobody for", func(t *testing.T, v Vault) { add(t, v, "dana", "unknown", dana) },
			nil, "no user in what Syncro says about the key"},
		{"no entry and a revoked shared one", func(t *testing.T, v Vault) { seal(t, v, shared, inactive(plainShared)) },
			&NoKeyError{}, "nor an active shared one"},
		{"no entry and no shared one", func(t *testing.T, v Vault) {
			if err := os.Remove(filepath.Join(v.Dir, shared)); err != nil {
				t.Fatal(err)
			}
		}, &NoKeyError{}, "nor an active shared one"},
		{"no entry and a broken shared one", func(t *testing.T, v Vault) {
			edit(t, filepath.Join(v.Dir, shared), func(s string) string { return s + "x" })
		}, &VaultError{}, "vault entry msp-tools/syncro.sops.yaml"},
		{"no entry and a shared one with another's key", func(t *testing.T, v Vault) {
			seal(t, v, shared, strings.Replace(plainShared, sharedKey, robKey, 1))
		}, &WrongPersonError{}, "not as user 4100"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newVault(t)
			if _, err := v.AddShared(t.Context(), sharedKey, boss, false); err != nil {
				t.Fatal(err)
			}
			test.prepare(t, v)
			d, _ := newDirectory(t, v, All, newAsked())
			got, err := d.Who(t.Context(), danaOnSlack)
			if err == nil || got != (Technician{}) {
				t.Fatalf("%+v, %v", got, err)
			}
			if test.want != nil && fmt.Sprintf("%T", err) != fmt.Sprintf("%T", test.want) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("%T %v", err, err)
			}
		})
	}
}

func TestASharedEntryNeedNotSayWhoseItIs(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	seal(t, v, v.SharedEntry, fmt.Sprintf("status: active\ncredentials:\n  credential: %s\n", sharedKey))
	d, _ := newDirectory(t, v, Reads, newAsked())
	if got, err := d.Who(t.Context(), danaOnSlack); err != nil || got.UserID != 4100 || got.FullName != "Kim Lund" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAReloadFindsWhatChanged(t *testing.T) {
	t.Parallel()
	for name, reload := range map[string]func(*testing.T, *Directory){
		"on request": func(t *testing.T, d *Directory) { _ = d.Reload(t.Context()) },
		"by watching": func(t *testing.T, d *Directory) {
			ctx, cancel := context.WithCancel(t.Context())
			var watching sync.WaitGroup
			watching.Go(func() { d.Watch(ctx) })
			time.Sleep(watchEvery + time.Second) // of the test's own clock
			cancel()
			watching.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				v := newVault(t)
				file := add(t, v, "dana", danaKey, dana)
				a := newAsked()
				d, log := newDirectory(t, v, Off, a)
				holds := func(want string, inError error) {
					t.Helper()
					got, err := d.Named(t.Context(), "dana")
					if fmt.Sprintf("%T", err) != fmt.Sprintf("%T", inError) || want != "" && got.Key != syncro.NewKey(want) {
						t.Errorf("%+v, %v", got, err)
					}
				}
				holds(danaKey, nil)

				const next = "c4n4ry-dana-second"
				a.me[syncro.NewKey(next)] = dana
				add(t, v, "dana", next, dana)
				holds(danaKey, nil)
				reload(t, d)
				holds(next, nil)

				// A broken file does not take a key away that is good.
				whole, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				edit(t, file, func(s string) string { return s[:len(s)/2] })
				reload(t, d)
				holds(next, nil)
				if !strings.Contains(log.String(), `"msg":"vault entry cannot be opened","entry":"msp-tools/syncro-dana.sops.yaml"`) {
					t.Error(log)
				}
				if err := d.Ready(); err != nil {
					t.Error(err)
				}
				if err := os.WriteFile(file, whole, 0o600); err != nil {
					t.Fatal(err)
				}
				reload(t, d)
				holds(next, nil)

				// Neither does a folder that is away for a while.
				away := v.Dir + ".away"
				if err := os.Rename(v.Dir, away); err != nil {
					t.Fatal(err)
				}
				reload(t, d)
				holds(next, nil)
				if err := os.Rename(away, v.Dir); err != nil {
					t.Fatal(err)
				}

				// A revoked and a deleted entry do.
				seal(t, v, "msp-tools/syncro-dana.sops.yaml", "status: revoked\nsyncro_user_id: 4101\ncredentials:\n  credential: "+next+"\n")
				reload(t, d)
				holds("", &NoKeyError{})
				add(t, v, "dana", danaKey, dana)
				reload(t, d)
				holds(danaKey, nil)
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
				reload(t, d)
				holds("", &NoKeyError{})
				add(t, v, "dana", danaKey, dana)
				reload(t, d)
				holds(danaKey, nil)
				if strings.Contains(log.String(), "c4n4ry") {
					t.Error("a key is in the log")
				}
			})
		})
	}
}

func TestWatchingOpensOnlyWhatChangedAndComplainsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVault(t)
		add(t, v, "dana", danaKey, dana)
		broken := add(t, v, "rob", robKey, rob)
		d, log := newDirectory(t, v, Off, newAsked())
		edit(t, broken, func(s string) string { return "no: entry\n" })
		ctx, cancel := context.WithCancel(t.Context())
		var watching sync.WaitGroup
		watching.Go(func() { d.Watch(ctx) })
		before := d.state.Load().slots["dana"].entry
		time.Sleep(10*watchEvery + time.Second)
		cancel()
		watching.Wait()
		if d.state.Load().slots["dana"].entry != before {
			t.Error("an entry that did not change was opened again")
		}
		if n := strings.Count(log.String(), "cannot be opened"); n != 1 {
			t.Errorf("%d complaints: %s", n, log)
		}
	})
}

func TestReloadTellsWhatCannotBeOpened(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	add(t, v, "dana", danaKey, dana)
	file := add(t, v, "rob", robKey, rob)
	d, _ := newDirectory(t, v, Off, newAsked())
	if err := d.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	edit(t, file, func(s string) string { return s + "x" })
	if bad, ok := errors.AsType[*VaultError](d.Reload(t.Context())); !ok || bad.Entry != "msp-tools/syncro-rob.sops.yaml" {
		t.Error(bad)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Reload(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, v Vault)
		want    string
	}{
		{"an empty vault is open", func(*testing.T, Vault) {}, ""},
		{"one good entry is enough", func(t *testing.T, v Vault) {
			edit(t, add(t, v, "rob", robKey, rob), func(s string) string { return s + "x" })
			add(t, v, "dana", danaKey, dana)
		}, ""},
		{"none can be opened", func(t *testing.T, v Vault) {
			rule(t, v, stranger(t), "")
			add(t, v, "dana", danaKey, dana)
			add(t, v, "rob", robKey, rob)
		}, "vault entry msp-tools/syncro-dana.sops.yaml: no age key could open it"},
		{"no folder", func(t *testing.T, v Vault) {
			if err := os.RemoveAll(v.Dir); err != nil {
				t.Fatal(err)
			}
		}, "the vault's folder is not there"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newVault(t)
			test.prepare(t, v)
			d, _ := newDirectory(t, v, Off, newAsked())
			if err := d.Ready(); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Error(err)
			}
		})
	}
}

func TestTechniciansAreReplaced(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	add(t, v, "dana", danaKey, dana)
	add(t, v, "rob", robKey, rob)
	d, _ := newDirectory(t, v, Off, newAsked())
	moved := []Person{{Name: "rob", Users: []string{danaOnSlack.Key()}}}
	if err := d.SetTechnicians(t.Context(), moved); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Who(t.Context(), danaOnSlack); err != nil || got.Name != "rob" || got.UserID != 4107 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := d.Named(t.Context(), "dana"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	for name, people := range map[string][]Person{
		"a bad name":                {{Name: "../rob"}},
		"one name twice":            {{Name: "rob"}, {Name: "rob"}},
		"one chat user twice":       {{Name: "rob", Users: []string{"slack/T/U"}}, {Name: "dana", Users: []string{"slack/T/U"}}},
		"one chat user twice alone": {{Name: "rob", Users: []string{"slack/T/U", "slack/T/U"}}},
	} {
		if err := d.SetTechnicians(t.Context(), people); err == nil {
			t.Errorf("%s was accepted", name)
		}
		if _, err := New(Options{Vault: v, SharedKey: Off, People: people, Me: newAsked().Me, Log: (&journal{}).logger()}); err == nil {
			t.Errorf("%s was accepted at the start", name)
		}
	}
	if got, err := d.Who(t.Context(), danaOnSlack); err != nil || got.Name != "rob" {
		t.Errorf("after refusals: %+v, %v", got, err)
	}
	if _, err := New(Options{Vault: v, SharedKey: "sometimes"}); err == nil {
		t.Error("a policy that is none was accepted")
	}
}

func TestSyncroIsAskedOnceADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVault(t)
		add(t, v, "dana", danaKey, dana)
		a := newAsked()
		d, _ := newDirectory(t, v, Off, a)
		ask := func(times int, wantErr error) {
			t.Helper()
			if _, err := d.Who(t.Context(), danaOnSlack); !errors.Is(err, wantErr) || a.times() != times {
				t.Errorf("%v, after %d questions", err, a.times())
			}
		}
		refused := &syncro.Error{Kind: syncro.KeyRefused}
		a.fail(refused)
		ask(1, refused)
		ask(2, refused) // a failure is not remembered
		a.fail(nil)
		ask(3, nil)
		time.Sleep(proofHolds - time.Second)
		if err := d.Reload(t.Context()); err != nil { // the key stayed, and so does the answer
			t.Fatal(err)
		}
		ask(3, nil)
		a.fail(refused)
		time.Sleep(time.Second)
		ask(4, refused)
	})
}

func TestAKeyThatBecomesSomebodyElsesIsNoLongerUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVault(t)
		add(t, v, "dana", danaKey, dana)
		a := newAsked()
		d, _ := newDirectory(t, v, Off, a)
		if _, err := d.Named(t.Context(), "dana"); err != nil {
			t.Fatal(err)
		}
		a.me[syncro.NewKey(danaKey)] = rob
		time.Sleep(proofHolds)
		got, err := d.Named(t.Context(), "dana")
		wrong, ok := errors.AsType[*WrongPersonError](err)
		if !ok || wrong.Want != 4101 || wrong.Got != 4107 || wrong.GotName != "Rob Ames" || !got.Key.Empty() {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestManyAtOnceAskOnceAndOneMayLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVault(t)
		add(t, v, "dana", danaKey, dana)
		a := newAsked()
		a.hold = make(chan struct{})
		d, _ := newDirectory(t, v, Off, a)
		ctx, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := d.Who(ctx, danaOnSlack); !errors.Is(err, context.Canceled) {
				t.Errorf("the one who left: %v", err)
			}
		})
		synctest.Wait()
		for range 20 {
			group.Go(func() {
				if got, err := d.Who(t.Context(), danaOnTeams); err != nil || got.UserID != 4101 {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		close(a.hold)
		group.Wait()
		if a.times() != 1 {
			t.Errorf("Syncro was asked %d times", a.times())
		}
	})
}

func TestReloadingWhileEverybodyAsks(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	add(t, v, "dana", danaKey, dana)
	add(t, v, "rob", robKey, rob)
	d, _ := newDirectory(t, v, Off, newAsked())
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 20 {
				if got, err := d.Who(t.Context(), danaOnSlack); err != nil || got.UserID != 4101 {
					t.Errorf("%+v, %v", got, err)
				}
				if got, err := d.Who(t.Context(), robOnSlack); err != nil || got.UserID != 4107 {
					t.Errorf("%+v, %v", got, err)
				}
			}
		})
		group.Go(func() {
			for range 5 {
				if err := d.Reload(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

func TestADirectoryHidesItsKeys(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	add(t, v, "dana", danaKey, dana)
	if _, err := v.AddShared(t.Context(), sharedKey, boss, false); err != nil {
		t.Fatal(err)
	}
	d, log := newDirectory(t, v, All, newAsked())
	who, err := d.Who(t.Context(), danaOnSlack)
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		fmt.Fprintf(&shown, verb+verb+verb+verb, d, *d.state.Load(), who, d.state.Load().slots["dana"].entry)
	}
	log.logger().Info("who", "technician", who, "state", d.state.Load())
	for _, text := range []string{shown.String(), log.String()} {
		if strings.Contains(text, "c4n4ry") || strings.Contains(text, fmt.Sprintf("%x", "c4n4ry")) {
			t.Error(text)
		}
	}
}
