package identity

import (
	"errors"
	"os"
	"slices"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/config"
	sopsyaml "github.com/getsops/sops/v3/stores/yaml"
)

// EntryOf is where a technician's entry lies, below the vault's folder.
func (v Vault) EntryOf(name string) (string, error) { return v.userPath(name) }

// Recipients are the keys that an entry is encrypted to, sorted, and those that
// it would be if it were written now: what .sops.yaml names. Nothing is opened.
// The errors are Open's.
func (v Vault) Recipients(path string) (sealed, named []string, err error) {
	file, err := v.file(path)
	if err != nil {
		return nil, nil, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, v.explain(path, err)
	}
	silence()
	tree, err := sopsyaml.NewStore(&config.NewStoresConfig().YAML).LoadEncryptedFile(data)
	if err != nil {
		return nil, nil, &VaultError{path, reason(err, data)}
	}
	rules, err := config.FindConfigFile(file)
	if err != nil {
		return nil, nil, &VaultError{path, errors.New("there is no .sops.yaml in its folder or above that names the recipients: “bot keys init” makes one")}
	}
	rule, err := config.LoadCreationRuleForFile(rules, file, nil)
	if err != nil || rule == nil {
		return nil, nil, &VaultError{path, errors.New(rules + " has no creation rule for it: write one that names the recipients")}
	}
	return recipients(tree.Metadata.KeyGroups), recipients(rule.KeyGroups), nil
}

func recipients(groups []sops.KeyGroup) []string {
	var all []string
	for _, group := range groups {
		for _, key := range group {
			all = append(all, key.ToString())
		}
	}
	slices.Sort(all)
	return all
}
