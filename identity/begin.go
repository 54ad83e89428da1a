package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/getsops/sops/v3/config"
)

// Begin makes what an empty vault needs: its folder, the age key that opens
// it, in keyFile, and a .sops.yaml that has entries encrypted to that key and
// to others ("age1…"). It returns the key's recipient. A key that is in keyFile
// already is taken as it is. Where rules for the folder are there already the
// error is fs.ErrExist, and nothing is made.
func (v Vault) Begin(keyFile string, others ...string) (recipient string, err error) {
	for _, other := range others {
		if _, err := age.ParseX25519Recipient(other); err != nil {
			return "", fmt.Errorf("%q is no recipient as age-keygen prints them (age1…)", other)
		}
	}
	dir, err := filepath.Abs(v.Dir)
	if err != nil {
		return "", fmt.Errorf("vault: %w", err)
	}
	silence()
	if rules, err := config.FindConfigFile(filepath.Join(dir, "entry")); err == nil {
		return "", fmt.Errorf("%s: %w", rules, fs.ErrExist)
	}
	key, err := beginKey(keyFile)
	if err != nil {
		return "", err
	}
	recipient = key.Recipient().String()
	all := append([]string{recipient}, others...)
	slices.Sort(all[1:])
	rules := "creation_rules:\n  - encrypted_regex: ^credentials$\n    age: " + strings.Join(slices.Compact(all), ",") + "\n"
	if err := place(filepath.Join(dir, ".sops.yaml"), []byte(rules), false); err != nil {
		return "", fmt.Errorf("vault: %w", err)
	}
	return recipient, nil
}

// beginKey reads the age key in a file, or puts a new one there.
func beginKey(file string) (*age.X25519Identity, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		key, err := age.GenerateX25519Identity()
		if err != nil {
			return nil, fmt.Errorf("make an age key: %w", err)
		}
		if err := place(file, []byte("# public key: "+key.Recipient().String()+"\n"+key.String()+"\n"), false); err != nil {
			return nil, fmt.Errorf("age key: %w", err)
		}
		return key, nil
	}
	if err != nil {
		return nil, fmt.Errorf("age key: %w", err)
	}
	defer f.Close()
	// What the parser says may have the key in it.
	if keys, err := age.ParseIdentities(f); err == nil && len(keys) == 1 {
		if key, ok := keys[0].(*age.X25519Identity); ok {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%s is there and is no single age key, as age-keygen makes it", file)
}
