package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/syncro"
)

func TestAnEntryIsReadBackAsItWasAdded(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]string{
		"parts encrypted":          "encrypted_regex: ^(credentials|notes)$",
		"everything encrypted":     "",
		"some left readable":       "unencrypted_regex: ^(kind|status|owner)$",
		"a MAC of the secret only": "encrypted_regex: ^credentials$\n    mac_only_encrypted: true",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVault(t)
			rule(t, v, os.Getenv("TEST_RECIPIENT")+","+stranger(t), more)
			file := add(t, v, "dana", danaKey, dana)
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), danaKey) {
				t.Error("the key is in the file")
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			entry, err := v.Open("dana")
			want := Entry{Path: "msp-tools/syncro-dana.sops.yaml", Owner: "dana", Status: "active", UserID: 4101, Key: syncro.NewKey(danaKey)}
			if err != nil || entry != want {
				t.Errorf("%+v, %v", entry, err)
			}
		})
	}
}

func TestTheSharedEntryIsReadBackAsItWasAdded(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	if _, err := v.OpenShared(); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := v.AddShared(t.Context(), sharedKey, boss, false); err != nil {
		t.Fatal(err)
	}
	entry, err := v.OpenShared()
	if err != nil || entry.Key != syncro.NewKey(sharedKey) || entry.UserID != 4100 {
		t.Errorf("%+v, %v", entry, err)
	}
}

// An entry as "sops --encrypt" makes it of a file that a person wrote.
func TestAnEntryWrittenByHand(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	seal(t, v, "msp-tools/syncro-dana.sops.yaml", `# of Dana
kind: api-key
name: Syncro (Dana Ruiz)
subdomain: harbor
status: active
owner: dana
syncro_user_id: "4101"
tags: # two
  - msp-tools
  - per-user
credentials:
  # made today
  credential: `+danaKey+`
notes: |
  several
  lines
`)
	entry, err := v.Open("dana")
	if err != nil || entry.UserID != 4101 || entry.Key != syncro.NewKey(danaKey) {
		t.Errorf("%+v, %v", entry, err)
	}
}

func TestAddingReplacesOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	add(t, v, "dana", danaKey, dana)
	if _, err := v.AddEntry(t.Context(), "dana", robKey, dana, false); !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	if entry, err := v.Open("dana"); err != nil || entry.Key != syncro.NewKey(danaKey) {
		t.Errorf("%+v, %v", entry, err)
	}
	add(t, v, "dana", robKey, dana)
	if entry, err := v.Open("dana"); err != nil || entry.Key != syncro.NewKey(robKey) {
		t.Errorf("%+v, %v", entry, err)
	}
	left, err := os.ReadDir(filepath.Join(v.Dir, "msp-tools"))
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestWhatIsNotAdded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		more      string // of the creation rule
		who, key  string
		me        syncro.Me
		recipient string
		want      string
	}{
		{"a name that leaves the folder", "", "../dana", danaKey, dana, "", "is no technician's name"},
		{"no name", "", "", danaKey, dana, "", "is no technician's name"},
		{"a key with a line break", "", "dana", danaKey + "\n", dana, "", "one word"},
		{"no key", "", "dana", "", dana, "", "one word"},
		{"nobody's key", "", "dana", danaKey, syncro.Me{}, "", "needs the Syncro user"},
		{"a rule that forgets the key", "encrypted_regex: ^password$", "dana", danaKey, dana, "", "leaves credentials.credential in plain text"},
		{"a rule that leaves the key out", "unencrypted_regex: ^credentials$", "dana", danaKey, dana, "", "leaves credentials.credential in plain text"},
		{"a recipient that is none", "", "dana", danaKey, dana, "age1nobody", "cannot be used for it"},
		{"a rule for other files", "path_regex: ^else$", "dana", danaKey, dana, "none", "cannot be used for it: error loading config: no matching creation rules found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newVault(t)
			switch test.recipient {
			case "":
				rule(t, v, os.Getenv("TEST_RECIPIENT"), test.more)
			case "none":
				edit(t, filepath.Join(v.Dir, ".sops.yaml"), func(s string) string { return strings.Replace(s, `\.sops\.yaml$`, "^else$", 1) })
			default:
				rule(t, v, test.recipient, test.more)
			}
			_, err := v.AddEntry(t.Context(), test.who, test.key, test.me, false)
			if !strings.Contains(fmt.Sprint(err), test.want) || strings.Contains(fmt.Sprint(err), danaKey) {
				t.Error(err)
			}
			if exists(filepath.Join(v.Dir, "msp-tools/syncro-dana.sops.yaml")) {
				t.Error("a file was written")
			}
		})
	}
	t.Run("no creation rules", func(t *testing.T) {
		t.Parallel()
		v := newVault(t)
		edit(t, filepath.Join(v.Dir, ".sops.yaml"), func(string) string { return "stores: {}\n" })
		if _, err := v.AddEntry(t.Context(), "dana", danaKey, dana, false); !strings.Contains(fmt.Sprint(err), "has no creation_rules") {
			t.Error(err)
		}
	})
	t.Run("no rules at all", func(t *testing.T) {
		t.Parallel()
		v := newVault(t)
		if err := os.Remove(filepath.Join(v.Dir, ".sops.yaml")); err != nil {
			t.Fatal(err)
		}
		if _, err := v.AddEntry(t.Context(), "dana", danaKey, dana, false); !strings.Contains(fmt.Sprint(err), "there is no .sops.yaml") {
			t.Error(err)
		}
	})
}

func TestAnEntryThatCannotBeOpenedSaysWhy(t *testing.T) {
	t.Parallel()
	const path = "msp-tools/syncro-dana.sops.yaml"
	plain := "status: active\nsyncro_user_id: 4101\ncredentials:\n  credential: " + danaKey + "\n"
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, v Vault, file string)
		want  string
	}{
		{"encrypted to somebody else", func(t *testing.T, v Vault, _ string) {
			rule(t, v, stranger(t), "")
			add(t, v, "dana", danaKey, dana)
		}, "no age key could open it: it is encrypted to age1"},
		{"a readable value was changed", func(t *testing.T, _ Vault, file string) {
			edit(t, file, func(s string) string { return strings.Replace(s, "4101", "4107", 1) })
		}, "it was changed after it was encrypted"},
		{"a status was changed", func(t *testing.T, _ Vault, file string) {
			edit(t, file, func(s string) string { return strings.Replace(s, "status: active", "status: inactive", 1) })
		}, "it was changed after it was encrypted"},
		{"the encrypted key was changed", func(t *testing.T, _ Vault, file string) {
			edit(t, file, func(s string) string {
				return strings.Replace(s, "credential: ENC[AES256_GCM,data:", "credential: ENC[AES256_GCM,data:AAAA", 1)
			})
		}, "it was changed after it was encrypted"},
		{"the key was put there in plain text", func(t *testing.T, _ Vault, file string) {
			edit(t, file, func(s string) string {
				before, after, _ := strings.Cut(s, "credential: ENC")
				_, after, _ = strings.Cut(after, "\n")
				return before + "credential: " + danaKey + "\n" + after
			})
		}, "it was changed after it was encrypted"},
		{"the MAC was taken away", func(t *testing.T, _ Vault, file string) {
			edit(t, file, func(s string) string {
				before, after, _ := strings.Cut(s, "    mac: ")
				_, after, _ = strings.Cut(after, "\n")
				return before + "    mac: \"\"\n" + after
			})
		}, "it was changed after it was encrypted"},
		{"two technicians' keys were swapped", func(t *testing.T, v Vault, file string) {
			other, err := os.ReadFile(add(t, v, "rob", robKey, rob))
			if err != nil {
				t.Fatal(err)
			}
			line := func(s string) string {
				_, after, _ := strings.Cut(s, "    credential: ")
				enc, _, _ := strings.Cut(after, "\n")
				return enc
			}
			edit(t, file, func(s string) string { return strings.Replace(s, line(s), line(string(other)), 1) })
		}, "it was changed after it was encrypted"},
		{"never encrypted", func(t *testing.T, _ Vault, file string) {
			edit(t, file, func(string) string { return plain })
		}, "it is not encrypted"},
		{"no YAML", func(t *testing.T, _ Vault, file string) {
			edit(t, file, func(string) string { return danaKey + ": [" })
		}, "it is not a SOPS file in YAML"},
		{"nothing in it", func(t *testing.T, _ Vault, file string) {
			edit(t, file, func(string) string { return "" })
		}, "it is empty"},
		{"cut in the middle", func(t *testing.T, _ Vault, file string) {
			edit(t, file, func(s string) string { return s[:len(s)/2] })
		}, "it "},
		{"very long", func(t *testing.T, _ Vault, file string) {
			edit(t, file, func(s string) string { return s + strings.Repeat("# more\n", maxEntry/7+1) })
		}, "it is over 1048576 bytes"},
		{"a folder", func(t *testing.T, _ Vault, file string) {
			if err := errors.Join(os.Remove(file), os.Mkdir(file, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, "it cannot be read: is a directory"},
		{"no user", func(t *testing.T, v Vault, _ string) {
			seal(t, v, path, strings.Replace(plain, "syncro_user_id: 4101\n", "", 1))
		}, "it has no syncro_user_id"},
		{"a user that is none", func(t *testing.T, v Vault, _ string) {
			seal(t, v, path, strings.Replace(plain, "4101", "dana", 1))
		}, "syncro_user_id must be the number"},
		{"user 0", func(t *testing.T, v Vault, _ string) {
			seal(t, v, path, strings.Replace(plain, "4101", "0", 1))
		}, "syncro_user_id must be the number"},
		{"credentials that are the key itself", func(t *testing.T, v Vault, _ string) {
			seal(t, v, path, "status: active\nsyncro_user_id: 4101\ncredentials: "+danaKey+"\n")
		}, "it is malformed: it needs"},
		{"no key", func(t *testing.T, v Vault, _ string) {
			seal(t, v, path, strings.Replace(plain, "credential:", "token:", 1))
		}, "credentials.credential must be a key"},
		{"a key of two lines", func(t *testing.T, v Vault, _ string) {
			seal(t, v, path, strings.Replace(plain, ": "+danaKey, ": |\n    "+danaKey+"\n    more", 1))
		}, "credentials.credential must be a key without white space"},
		{"no folder", func(t *testing.T, v Vault, _ string) {
			if err := os.RemoveAll(v.Dir); err != nil {
				t.Fatal(err)
			}
		}, "the vault's folder is not there"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newVault(t)
			test.spoil(t, v, add(t, v, "dana", danaKey, dana))
			entry, err := v.Open("dana")
			if _, ok := errors.AsType[*VaultError](err); !ok || errors.Is(err, fs.ErrNotExist) || !entry.Key.Empty() {
				t.Fatalf("%T %v", err, err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if strings.Contains(err.Error(), "c4n4ry") {
				t.Error("the key is in the error")
			}
		})
	}
}

func TestNamesStayInTheVault(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	outside := filepath.Join(filepath.Dir(v.Dir), "outside.sops.yaml")
	if err := os.Rename(add(t, v, "dana", danaKey, dana), outside); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "..", "../outside", "a/b", `a\b`, "Dana", "dana.", "d\x00", "däna", "{name}"} {
		if _, err := v.Open(name); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", name, err)
		}
	}
	v.UserEntry, v.SharedEntry = "../outside.sops.yaml", outside
	_, err := v.Open("dana")
	_, errShared := v.OpenShared()
	for _, err := range []error{err, errShared} {
		if !strings.Contains(fmt.Sprint(err), "not below the vault's folder") {
			t.Error(err)
		}
	}
}

// The age key's absence needs another process: SOPS reads its environment.
func TestMissingAgeKeysAreToldByName(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	add(t, v, "dana", danaKey, dana)
	for _, test := range []struct{ name, env, want string }{
		{"nothing set", "NOTHING=", "neither SOPS_AGE_KEY_FILE nor SOPS_AGE_KEY is set"},
		{"a file that is not there", "SOPS_AGE_KEY_FILE=/nowhere/keys.txt", "SOPS_AGE_KEY_FILE names /nowhere/keys.txt, which cannot be read"},
		{"a file without a key", "SOPS_AGE_KEY_FILE=" + os.DevNull, "the keys in /dev/null (SOPS_AGE_KEY_FILE) are others"},
		{"a broken key", "SOPS_AGE_KEY=AGE-SECRET-KEY-1C4N4RY", "the key in SOPS_AGE_KEY is another"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0])
			cmd.Env = []string{"HOME=/nowhere", "PATH=" + os.Getenv("PATH"), "TEST_OPEN_VAULT=" + v.Dir, test.env}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatal(err, string(out))
			}
			if !strings.Contains(string(out), "answer: vault entry msp-tools/syncro-dana.sops.yaml: no age key could open it") ||
				!strings.Contains(string(out), test.want) || strings.Contains(string(out), "C4N4RY") {
				t.Errorf("%s", out)
			}
		})
	}
}

func TestEntriesHideTheirKey(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	add(t, v, "dana", danaKey, dana)
	entry, err := v.Open("dana")
	if err != nil {
		t.Fatal(err)
	}
	var shown string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		shown += fmt.Sprintf(verb, entry) + fmt.Sprintf(verb, struct{ e *Entry }{&entry}) + fmt.Sprintf(verb, struct{ e Entry }{entry})
	}
	if strings.Contains(shown, danaKey) || strings.Contains(shown, fmt.Sprintf("%x", danaKey)) {
		t.Error(shown)
	}
	if b, err := json.Marshal(entry); err == nil {
		t.Errorf("an entry was marshalled: %s", b)
	}
}

func FuzzDecode(f *testing.F) {
	v := newVault(f)
	sealed, err := os.ReadFile(add(f, v, "dana", danaKey, dana))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte("sops:\n  mac: x\n  age:\n    - recipient: age1\n      enc: x\n"))
	f.Add([]byte("a: &a [*a]\nsops: *a"))
	f.Add([]byte("? [a]\n: b\nsops: {lastmodified: '2024-01-01T00:00:00Z'}\n---\nx"))
	f.Add([]byte("sops:\n  lastmodified: '2024-01-01T00:00:00Z'\n  mac: x\n  version: 3.7\n  shamir_threshold: 5\n  key_groups:\n  - age:\n    - recipient: a\n      enc: b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entry, err := decode(data)
		if err == nil && entry.Key != syncro.NewKey(danaKey) {
			t.Errorf("%+v", entry)
		}
		if err != nil && strings.Contains(err.Error(), "c4n4ry") {
			t.Error(err)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	v := newVault(b)
	add(b, v, "dana", danaKey, dana)
	for b.Loop() {
		if _, err := v.Open("dana"); err != nil {
			b.Fatal(err)
		}
	}
}
