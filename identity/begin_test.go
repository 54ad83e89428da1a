package identity

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestBegin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v := Vault{Dir: filepath.Join(dir, "vault"), UserEntry: "msp-tools/syncro-{name}.sops.yaml"}
	key, friend := filepath.Join(dir, "keys", "age.key"), stranger(t)

	if _, err := v.Begin(key, "age1nobody"); err == nil || !strings.Contains(err.Error(), "no recipient") {
		t.Errorf("a recipient that is none: %v", err)
	}
	if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refusal left a key behind: %v", err)
	}
	recipient, err := v.Begin(key, friend)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{key, filepath.Join(v.Dir, ".sops.yaml")} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
	add(t, v, "dana", danaKey, dana)
	sealed, named, err := v.Recipients("msp-tools/syncro-dana.sops.yaml")
	want := []string{recipient, friend}
	slices.Sort(want)
	if err != nil || !slices.Equal(sealed, want) || !slices.Equal(named, want) {
		t.Errorf("sealed to %v, rules name %v, want %v: %v", sealed, named, want, err)
	}

	// The vault of a shop is never begun anew.
	if _, err := v.Begin(filepath.Join(dir, "other.key")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	// A key that is there is used, and never written over.
	other := Vault{Dir: filepath.Join(dir, "other"), UserEntry: v.UserEntry}
	if again, err := other.Begin(key); err != nil || again != recipient {
		t.Errorf("with the same key: %s, %v", again, err)
	}
	if err := os.WriteFile(key, []byte("AGE-SECRET-KEY-1QQQ\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Vault{Dir: filepath.Join(dir, "third"), UserEntry: v.UserEntry}.Begin(key)
	if err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("a broken key: %v", err)
	}
}

// TestRootWritesForTheOwnerOfTheFolder: what an administrator adds, the bot can
// read, which is not root.
func TestRootWritesForTheOwnerOfTheFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 65532, 65532); err != nil {
		t.Fatal(err)
	}
	v := Vault{Dir: filepath.Join(dir, "vault"), UserEntry: "msp-tools/syncro-{name}.sops.yaml"}
	if _, err := v.Begin(filepath.Join(dir, "age.key")); err != nil {
		t.Fatal(err)
	}
	add(t, v, "dana", danaKey, dana)
	for _, file := range []string{"age.key", "vault", "vault/.sops.yaml", "vault/msp-tools", "vault/msp-tools/syncro-dana.sops.yaml"} {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 65532 || owner.Gid != 65532 {
			t.Errorf("%s belongs to %d:%d", file, owner.Uid, owner.Gid)
		}
	}
}
