package identity

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	"github.com/getsops/sops/v3/cmd/sops/common"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/keyservice"
	sopsyaml "github.com/getsops/sops/v3/stores/yaml"
	"github.com/getsops/sops/v3/version"
	"go.yaml.in/yaml/v3"

	"github.com/syncrobot/syncrobot/syncro"
)

// stored is how an entry is written.
type stored struct {
	Kind        string      `yaml:"kind"`
	Name        string      `yaml:"name"`
	Status      string      `yaml:"status"`
	Owner       string      `yaml:"owner"`
	UserID      int64       `yaml:"syncro_user_id"`
	Tags        []string    `yaml:"tags,flow"`
	Credentials credentials `yaml:"credentials"`
	Notes       string      `yaml:"notes"`
}

type credentials struct {
	Credential string `yaml:"credential"`
}

// AddEntry writes a technician's entry, encrypted to the recipients that the
// .sops.yaml of the vault names for it, and returns its path. me is whom
// Syncro takes the key for. An entry that is there already is fs.ErrExist,
// unless replace is set. The key that opens the vault is not needed.
func (v Vault) AddEntry(ctx context.Context, name, key string, me syncro.Me, replace bool) (string, error) {
	path, err := v.userPath(name)
	if err != nil {
		return "", err
	}
	return v.add(ctx, path, replace, stored{
		Name:        fmt.Sprintf("Syncro (%s)", me.Name),
		Owner:       name,
		UserID:      me.UserID,
		Tags:        []string{"msp-tools", "per-user"},
		Credentials: credentials{key},
		Notes:       fmt.Sprintf("Per-user Syncro API token for %s. Created %s.", me.Name, time.Now().Format(time.DateOnly)),
	})
}

// AddShared writes the shared entry, as AddEntry does a technician's.
func (v Vault) AddShared(ctx context.Context, key string, me syncro.Me, replace bool) (string, error) {
	return v.add(ctx, v.SharedEntry, replace, stored{
		Name:        "Syncro (shared)",
		Owner:       me.Name,
		UserID:      me.UserID,
		Tags:        []string{"msp-tools", "shared"},
		Credentials: credentials{key},
		Notes:       fmt.Sprintf("Shared Syncro API token of %s. Created %s.", me.Name, time.Now().Format(time.DateOnly)),
	})
}

func (v Vault) add(ctx context.Context, path string, replace bool, entry stored) (string, error) {
	if key := entry.Credentials.Credential; key == "" || strings.ContainsFunc(key, blank) {
		return "", errors.New("a key is one word without white space")
	}
	if entry.UserID < 1 {
		return "", errors.New("an entry needs the Syncro user as whom its key answers")
	}
	file, err := v.file(path)
	if err != nil {
		return "", err
	}
	if file, err = filepath.Abs(file); err != nil {
		return "", fmt.Errorf("vault entry %s: %w", path, err)
	}
	entry.Kind, entry.Status = "api-key", active
	plain, err := yaml.Marshal(entry)
	if err != nil {
		return "", fmt.Errorf("vault entry %s: %w", path, err)
	}
	sealed, err := encrypt(file, plain)
	if err != nil {
		return "", &VaultError{path, err}
	}
	// A creation rule may name the parts to encrypt, and forget this one.
	var written struct {
		Credentials credentials `yaml:"credentials"`
	}
	if yaml.Unmarshal(sealed, &written) != nil || !strings.HasPrefix(written.Credentials.Credential, "ENC[") {
		return "", &VaultError{path, errors.New("the creation rule in .sops.yaml leaves credentials.credential in plain text: have it encrypted")}
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := place(file, sealed, replace); err != nil {
		return "", fmt.Errorf("vault entry %s: %w", path, err)
	}
	return file, nil
}

// encrypt seals plain as "sops --encrypt" would in the vault's folder. file is
// the absolute path that it will have. SOPS promises only its decrypt package
// to be stable; a test here reads back what this writes.
func encrypt(file string, plain []byte) ([]byte, error) {
	silence()
	rules, err := config.FindConfigFile(file)
	if err != nil {
		return nil, errors.New("there is no .sops.yaml in its folder or above that names the recipients: “bot keys init” makes one")
	}
	rule, err := config.LoadCreationRuleForFile(rules, file, nil)
	if err != nil {
		return nil, fmt.Errorf("the rules in %s cannot be used for it: %w", rules, err)
	}
	if rule == nil {
		return nil, fmt.Errorf("%s has no creation_rules: write one that names the recipients", rules)
	}
	store := sopsyaml.NewStore(&config.NewStoresConfig().YAML)
	branches, err := store.LoadPlainFile(plain)
	if err != nil {
		return nil, errors.New("SOPS does not take it for YAML")
	}
	tree := sops.Tree{
		Branches: branches,
		FilePath: file,
		Metadata: sops.Metadata{
			KeyGroups:               rule.KeyGroups,
			ShamirThreshold:         rule.ShamirThreshold,
			UnencryptedSuffix:       rule.UnencryptedSuffix,
			EncryptedSuffix:         rule.EncryptedSuffix,
			UnencryptedRegex:        rule.UnencryptedRegex,
			EncryptedRegex:          rule.EncryptedRegex,
			UnencryptedCommentRegex: rule.UnencryptedCommentRegex,
			EncryptedCommentRegex:   rule.EncryptedCommentRegex,
			MACOnlyEncrypted:        rule.MACOnlyEncrypted,
			Version:                 version.Version,
		},
	}
	dataKey, errs := tree.GenerateDataKeyWithKeyServices([]keyservice.KeyServiceClient{keyservice.NewLocalClient()})
	if len(errs) > 0 {
		return nil, fmt.Errorf("it could not be encrypted to every recipient in %s: %w", rules, errors.Join(errs...))
	}
	if err := common.EncryptTree(common.EncryptTreeOpts{Tree: &tree, Cipher: aes.NewCipher(), DataKey: dataKey}); err != nil {
		return nil, errors.New("SOPS could not encrypt it")
	}
	sealed, err := store.EmitEncryptedFile(tree)
	if err != nil {
		return nil, errors.New("SOPS could not write it")
	}
	return sealed, nil
}

// place puts data at file, whole or not at all, for its owner alone to read.
func place(file string, data []byte, replace bool) error {
	dir := filepath.Dir(file)
	info, err := folder(dir)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*") // of mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, inherit(f, info), f.Sync(), f.Close()); err != nil {
		return err
	}
	if replace {
		err = os.Rename(f.Name(), file)
	} else {
		err = os.Link(f.Name(), file) // unlike Rename, it never replaces
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: it is replaced only when that is asked for", fs.ErrExist)
	}
	if err != nil {
		return err
	}
	return syncDir(dir)
}

// folder makes a folder where there is none, for its owner alone, who is that
// of the folder above.
func folder(dir string) (fs.FileInfo, error) {
	info, err := os.Stat(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return info, err
	}
	above, err := folder(filepath.Dir(dir))
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := inherit(f, above); err != nil {
		return nil, err
	}
	return f.Stat()
}
