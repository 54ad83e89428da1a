package identity

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/decrypt"
	"github.com/getsops/sops/v3/logging"
	"github.com/sirupsen/logrus"
	"go.yaml.in/yaml/v3"

	"github.com/syncrobot/syncrobot/syncro"
)

// Vault is a folder of SOPS files. What opens them comes from SOPS's own
// environment: SOPS_AGE_KEY_FILE, SOPS_AGE_KEY and what else SOPS knows.
type Vault struct {
	Dir         string
	UserEntry   string // below Dir, with {name} for a technician's name
	SharedEntry string // below Dir
}

// Entry is an opened entry of the vault.
type Entry struct {
	Path   string // below the vault's folder
	Owner  string // a technician's name, for display
	Status string // only "active" ones are used
	UserID int64  // the Syncro user as whom the key must answer; 0 where a shared entry does not say
	Key    syncro.Key
}

const active = "active"

// maxEntry bounds what is read of an entry, in bytes.
const maxEntry = 1 << 20

// Open opens a technician's entry. The error is fs.ErrNotExist where there is
// none, and a *VaultError where there is one that cannot be opened.
func (v Vault) Open(name string) (Entry, error) {
	path, err := v.userPath(name)
	if err != nil {
		return Entry{}, err
	}
	entry, _, err := v.open(path, true)
	return entry, err
}

// OpenShared opens the shared entry, with Open's errors.
func (v Vault) OpenShared() (Entry, error) {
	entry, _, err := v.open(v.SharedEntry, false)
	return entry, err
}

// userPath is where a technician's entry lies below Dir.
func (v Vault) userPath(name string) (string, error) {
	if name == "" || strings.ContainsFunc(name, notInName) {
		return "", fmt.Errorf("%q is no technician's name: it may have a-z, 0-9, - and _", name)
	}
	return strings.ReplaceAll(v.UserEntry, "{name}", name), nil
}

func notInName(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_')
}

// file is where an entry lies.
func (v Vault) file(path string) (string, error) {
	if !filepath.IsLocal(path) {
		return "", &VaultError{path, errors.New("it is not below the vault's folder")}
	}
	return filepath.Join(v.Dir, path), nil
}

// stat tells versions of an entry apart; fs.ErrNotExist where there is none.
func (v Vault) stat(path string) (fs.FileInfo, error) {
	file, err := v.file(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(file)
	return info, v.explain(path, err)
}

// explain makes a *VaultError of what the file system said, unless it is that
// the entry alone is missing: without the folder nothing is known to be
// missing.
func (v Vault) explain(path string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		if dir, errDir := os.Stat(v.Dir); errDir != nil || !dir.IsDir() {
			return &VaultError{v.Dir, errors.New("the vault's folder is not there")}
		}
		return fmt.Errorf("vault entry %s: %w", path, fs.ErrNotExist)
	}
	if reason, ok := errors.AsType[*fs.PathError](err); ok {
		err = reason.Err
	}
	return &VaultError{path, fmt.Errorf("it cannot be read: %w", err)}
}

// open reads and decrypts an entry, which must name its user where it is owned
// by one technician. The FileInfo is of the file that was read, and nil where
// none was.
func (v Vault) open(path string, owned bool) (Entry, fs.FileInfo, error) {
	file, err := v.file(path)
	if err != nil {
		return Entry{}, nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return Entry{}, nil, v.explain(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Entry{}, nil, v.explain(path, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxEntry+1))
	if err != nil {
		return Entry{}, info, v.explain(path, err)
	}
	entry, err := decode(data)
	if err == nil && owned && entry.UserID == 0 {
		err = errors.New("it has no syncro_user_id: add the number of the key's owner")
	}
	if err != nil {
		return Entry{}, info, &VaultError{path, err}
	}
	entry.Path = path
	return entry, info, nil
}

// decode decrypts an entry. Its errors quote nothing of the entry's: what
// libraries say about YAML may.
func decode(data []byte) (Entry, error) {
	if len(data) > maxEntry {
		return Entry{}, fmt.Errorf("it is over %d bytes, and so no entry", maxEntry)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return Entry{}, errors.New("it is empty")
	}
	silence()
	plain, err := decrypt.Data(data, "yaml")
	if err != nil {
		return Entry{}, reason(err, data)
	}
	var fields struct {
		Owner       yaml.Node `yaml:"owner"`
		Status      yaml.Node `yaml:"status"`
		UserID      yaml.Node `yaml:"syncro_user_id"`
		Credentials yaml.Node `yaml:"credentials"`
	}
	var credentials struct {
		Credential yaml.Node `yaml:"credential"`
	}
	if yaml.Unmarshal(plain, &fields) != nil || fields.Credentials.Decode(&credentials) != nil {
		return Entry{}, errors.New("it is malformed: it needs status, syncro_user_id and, in a section credentials, credential")
	}
	key := credentials.Credential.Value
	if key == "" || strings.ContainsFunc(key, blank) {
		return Entry{}, errors.New("it is malformed: credentials.credential must be a key without white space")
	}
	id, err := strconv.ParseInt(fields.UserID.Value, 10, 64)
	if fields.UserID.Kind != 0 && (err != nil || id < 1) {
		return Entry{}, errors.New("it is malformed: syncro_user_id must be the number of a Syncro user")
	}
	status := fields.Status.Value
	if status == "" {
		status = "missing"
	}
	return Entry{Owner: fields.Owner.Value, Status: status, UserID: id, Key: syncro.NewKey(key)}, nil
}

func blank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// silence keeps SOPS's loggers off standard error. They print what they find
// in entries, comments for one.
func silence() { logging.SetLevel(logrus.FatalLevel) }

// reason says in a sentence why SOPS could not decrypt data.
func reason(err error, data []byte) error {
	if errors.Is(err, sops.MetadataNotFound) {
		return errors.New("it is not encrypted: run sops --encrypt --in-place on it, and make a new key in Syncro, for this one lay open")
	}
	if failed, ok := errors.AsType[sops.UserError](err); ok {
		return noKey(failed, data)
	}
	// These come as text alone, see decrypt/decrypt.go and sops.go of SOPS 3.13.
	for _, changed := range []string{"Failed to verify data integrity", "Failed to decrypt original mac", "Error walking tree"} {
		if strings.HasPrefix(err.Error(), changed) {
			return errors.New("it was changed after it was encrypted: restore it from version control, and change it with sops only")
		}
	}
	return errors.New("it is not a SOPS file in YAML")
}

// noKey says which keys would open data, and where keys were looked for.
func noKey(failed sops.UserError, data []byte) error {
	var file struct {
		SOPS struct {
			Age []struct {
				Recipient string `yaml:"recipient"`
			} `yaml:"age"`
		} `yaml:"sops"`
	}
	if yaml.Unmarshal(data, &file) != nil || len(file.SOPS.Age) == 0 {
		told := strings.Join(strings.Fields(failed.UserError()), " ")
		return fmt.Errorf("none of its keys could be used: %.600s", told)
	}
	var recipients []string
	for _, r := range file.SOPS.Age {
		recipients = append(recipients, r.Recipient)
	}
	var looked string
	path, inFile := os.LookupEnv("SOPS_AGE_KEY_FILE")
	_, inEnv := os.LookupEnv("SOPS_AGE_KEY")
	switch f, err := os.Open(path); {
	case inFile && err != nil:
		looked = fmt.Sprintf("SOPS_AGE_KEY_FILE names %s, which cannot be read", path)
	case inFile:
		_ = f.Close()
		looked = fmt.Sprintf("the keys in %s (SOPS_AGE_KEY_FILE) are others", path)
	case inEnv:
		looked = "the key in SOPS_AGE_KEY is another"
	default:
		looked = "neither SOPS_AGE_KEY_FILE nor SOPS_AGE_KEY is set"
	}
	return fmt.Errorf("no age key could open it: it is encrypted to %s, and %s", strings.Join(recipients, ", "), looked)
}
