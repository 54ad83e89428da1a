package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/syncro"
)

// keys runs "bot keys" with a config and the age key in a file, and returns
// what it says. It never says a key.
func (w *world) keys(t *testing.T, config, ageKey, stdin string, args ...string) (told string, err error) {
	t.Helper()
	var out bytes.Buffer
	c := root()
	c.SetArgs(append([]string{"keys", "--config", config}, args...))
	c.SetIn(strings.NewReader(stdin))
	c.SetOut(&out)
	w.withVault(t, func() {
		if err = os.Setenv("SOPS_AGE_KEY_FILE", ageKey); err == nil {
			err = c.ExecuteContext(t.Context())
		}
	})
	told = out.String()
	if err != nil {
		told += err.Error()
	}
	for _, secret := range []string{danaToken, robToken, samToken, sharedToken} {
		if strings.Contains(told, secret) {
			t.Errorf("%v printed a key", args)
		}
	}
	return told, err
}

// TestKeysCommand: an administrator adds, lists and verifies keys; no key is
// ever printed.
func TestKeysCommand(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	yaml, err := os.ReadFile(filepath.Join(w.Dir, "bot.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.Dir, "keys.yaml")
	yaml = syncroLine.ReplaceAll(yaml, []byte(`syncro: {url: "`+w.cfg.Syncro.URL+`", requests_per_minute: 100000}`))
	if err := os.WriteFile(path, yaml, 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(stdin string, args ...string) (string, error) {
		return w.keys(t, path, w.KeyFile(), stdin, args...)
	}
	for _, c := range []struct {
		stdin string
		args  []string
		fails bool
		words []string
	}{
		{"", []string{"list"}, false, []string{"dana", "syncro-dana.sops.yaml", "active", "4101", "age1", "sam", "no entry", "(shared)", "Front Office"}},
		{samToken, []string{"add", "nobody"}, true, []string{"no technician \"nobody\""}},
		{"Twrong-1", []string{"add", "sam"}, true, []string{"nothing was added", "401"}},
		{"two words", []string{"add", "sam"}, true, []string{"no key"}},
		{"", []string{"add", "sam"}, true, []string{"no key"}},
		{samToken + "\n", []string{"add", "sam"}, false, []string{"Sam Ito (user 4133)"}},
		{samToken + "\n", []string{"add", "sam"}, true, []string{"--replace"}},
		{samToken + "\n", []string{"add", "sam", "--replace"}, false, []string{"Sam Ito"}},
		{robToken + "\n", []string{"add", "sam", "--replace"}, false, []string{"Rob Ames (user 4107)", "CAREFUL: rob acts as that user, too", "CAREFUL: until now sam acted as Syncro user 4133"}},
		{"", []string{"verify"}, false, []string{"sam: fine: Rob Ames (4107). CAREFUL: rob acts as that user, too"}},
		{samToken + "\n", []string{"add", "sam", "--replace"}, false, []string{"Sam Ito", "CAREFUL: until now sam acted as Syncro user 4107"}},
		{sharedToken + "\n", []string{"add", "--shared", "--replace"}, false, []string{"Front Office"}},
		{"", []string{"verify"}, false, []string{"dana: fine: Dana Ruiz (4101)", "sam: fine: Sam Ito (4133)", "(shared): fine: Front Office (4100)"}},
	} {
		told, err := run(c.stdin, c.args...)
		if (err != nil) != c.fails {
			t.Errorf("%v: %v", c.args, err)
		}
		for _, words := range c.words {
			if !strings.Contains(told, words) {
				t.Errorf("%v does not say %q:\n%s", c.args, words, told)
			}
		}
	}
	w.withVault(t, func() {
		if _, err := w.Vault().AddEntry(t.Context(), "sam", robToken, syncro.Me{UserID: 4133, Name: "Sam Ito"}, true); err != nil {
			t.Fatal(err)
		}
	})
	if told, err := run("", "verify"); err == nil || !strings.Contains(told, "sam: the key belongs to Rob Ames (4107), not to 4133") {
		t.Errorf("%v:\n%s", err, told)
	}
}

// TestKeysInit: whoever has neither age nor sops makes a vault, and a key of
// theirs goes in and comes out again.
func TestKeysInit(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	dir := t.TempDir()
	yaml, err := os.ReadFile(filepath.Join(w.Dir, "bot.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	// The secrets of the chat platforms come later.
	yaml = bytes.Replace(yaml, []byte(shop.SigningSecret), []byte("${SIGNING_SECRET_TO_COME}"), 1)
	path := filepath.Join(dir, "bot.yaml")
	if err := os.WriteFile(path, yaml, 0o600); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "age.key")
	if err := os.WriteFile(filepath.Join(dir, "password.yaml"), bytes.Replace(yaml, []byte("redis://"), []byte("redis://bot:${PASSWORD_TO_COME}@"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(stdin string, args ...string) (string, error) { return w.keys(t, path, key, stdin, args...) }
	if told, err := run(samToken, "add", "sam"); err == nil || !strings.Contains(told, "bot keys init") {
		t.Errorf("without a vault: %v: %s", err, told)
	}
	told, err := run("", "init", "--key", key)
	if err != nil || !strings.Contains(told, "SOPS_AGE_KEY_FILE="+key) || !strings.Contains(told, "keep a copy") {
		t.Fatalf("%v: %s", err, told)
	}
	if told, err := run("", "init", "--key", key); err == nil || !strings.Contains(told, "nothing was made") {
		t.Errorf("a second time: %v: %s", err, told)
	}
	if told, err := run(samToken, "add", "sam"); err != nil {
		t.Errorf("%v: %s", err, told)
	}
	if told, err := run("", "list", "--config", filepath.Join(dir, "password.yaml")); err == nil || !strings.Contains(told, "redis section") {
		t.Errorf("without Redis' password: %v: %s", err, told)
	}
	if told, err := run("", "verify"); err != nil || !strings.Contains(told, "sam: fine: Sam Ito (4133)") {
		t.Errorf("%v: %s", err, told)
	}
}
