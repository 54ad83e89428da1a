package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/syncrobot/syncrobot/identity"
)

// keyring is what the vault has, opened.
type keyring struct {
	own    map[string]opened // by technician
	shared opened
}

// opened is an entry that was opened, or why not; err is fs.ErrNotExist where
// there is none.
type opened struct {
	identity.Entry
	err error
}

// usable reports whether the bot would use the entry's key.
func (o opened) usable() bool { return o.err == nil && o.Status == "active" }

func (x *examination) folder() identity.Vault {
	v := x.Config.Vault
	return identity.Vault{Dir: v.Dir, UserEntry: v.UserEntry, SharedEntry: v.SharedEntry}
}

func (x *examination) openKeys() *keyring {
	k := &keyring{own: map[string]opened{}}
	for _, t := range x.Config.Technicians {
		entry, err := x.folder().Open(t.Name)
		k.own[t.Name] = opened{entry, err}
	}
	entry, err := x.folder().OpenShared()
	k.shared = opened{entry, err}
	return k
}

// vault looks at the folder, the age key and every entry.
func (x *examination) vault(_ context.Context, f *findings) {
	info, err := os.Stat(x.Config.Vault.Dir)
	if err != nil || !info.IsDir() {
		f.fails("folder", x.Config.Vault.Dir+" is not there, or is no folder",
			"bot keys init makes it with a .sops.yaml that names the recipients (docs/setup-syncro.md); or correct vault.dir.")
		return
	}
	if lax(info, 0o022) {
		f.look("folder", fmt.Sprintf("%s may be written by others (%v)", x.Config.Vault.Dir, info.Mode().Perm()), "chmod go-w "+x.Config.Vault.Dir)
	} else {
		f.fine("folder", "%s", x.Config.Vault.Dir)
	}
	ageKey(f)
	keys := x.keys()
	for _, t := range x.Config.Technicians {
		x.own(f, t.Name, keys)
	}
	x.sharedEntry(f, keys.shared)
	x.strangers(f)
}

// lax reports whether more people than its owner have one of the rights.
func lax(info fs.FileInfo, rights fs.FileMode) bool {
	return runtime.GOOS != "windows" && info.Mode().Perm()&rights != 0 // Windows has no such bits
}

// ageKey looks at the file that opens the vault, where SOPS takes it from one.
func ageKey(f *findings) {
	const check = "age key"
	path, named := os.LookupEnv("SOPS_AGE_KEY_FILE")
	if !named {
		if _, ok := os.LookupEnv("SOPS_AGE_KEY"); ok {
			f.look(check, "the key itself is in the environment, which other programs of this user can read",
				"Write it to a file that only the bot may read, and set SOPS_AGE_KEY_FILE to its path.")
			return
		}
		dir, err := os.UserConfigDir()
		if err != nil {
			return
		}
		path = filepath.Join(dir, "sops", "age", "keys.txt") // where SOPS looks by itself
	}
	info, err := os.Stat(path)
	switch {
	case err != nil && !named:
		// The vault may be one of a key service. Its entries tell.
	case err != nil:
		f.fails(check, "SOPS_AGE_KEY_FILE names "+path+", which cannot be read", "Correct SOPS_AGE_KEY_FILE. For a vault that is empty still: bot keys init --key "+path)
	case lax(info, 0o077):
		f.fails(check, fmt.Sprintf("%s may be read by others (%v): whoever has it has every technician's key", path, info.Mode().Perm()), "chmod 600 "+path)
	default:
		f.fine(check, "%s, for its owner alone", path)
	}
}

// own looks at a technician's entry.
func (x *examination) own(f *findings, name string, keys *keyring) {
	check, entry := "entry of "+name, keys.own[name]
	add := "bot keys add " + name
	switch {
	case errors.Is(entry.err, fs.ErrNotExist) && x.Config.Vault.SharedKey == "off":
		f.fails(check, "there is none, and the shared key is off: "+name+" can do nothing", add)
	case errors.Is(entry.err, fs.ErrNotExist) && !keys.shared.usable():
		f.fails(check, "there is none, and no shared one that can be used: "+name+" can do nothing", add)
	case errors.Is(entry.err, fs.ErrNotExist) && x.Config.Vault.SharedKey == "reads":
		f.look(check, "there is none: "+name+" can look, with the shared key, and change nothing", add)
	case errors.Is(entry.err, fs.ErrNotExist):
		f.look(check, "there is none: what "+name+" does is logged as the owner of the shared key", add)
	case entry.err != nil:
		x.closed(f, check, entry.err)
	case !entry.usable():
		f.fails(check, fmt.Sprintf("its status is %q, so that its key is not used", entry.Status), "With a new key: "+add+" --replace")
	default:
		x.sealed(f, check, entry)
	}
}

func (x *examination) sharedEntry(f *findings, entry opened) {
	const check = "shared entry"
	switch {
	case x.Config.Vault.SharedKey == "off":
	case errors.Is(entry.err, fs.ErrNotExist):
		f.fine(check, "there is none")
	case entry.err != nil:
		x.closed(f, check, entry.err)
	case !entry.usable():
		f.look(check, fmt.Sprintf("its status is %q, so that its key is not used", entry.Status), "Set vault.shared_key: off, or write status: active into it with sops.")
	default:
		x.sealed(f, check, entry)
	}
}

// closed tells of an entry that cannot be opened. Most errors say after a colon
// what to do about it.
func (x *examination) closed(f *findings, check string, err error) {
	if bad, ok := errors.AsType[*identity.VaultError](err); ok {
		err = bad.Err
	}
	detail, remedy, told := strings.Cut(firstLine(err), ": ")
	switch {
	case errors.Is(err, fs.ErrPermission):
		remedy = "Let the user that runs the bot read it, with chown or chmod u+r."
	case strings.HasPrefix(detail, "no age key"), strings.HasPrefix(detail, "none of its keys"):
		detail = firstLine(err)
		remedy = "Give the bot the key that opens it (SOPS_AGE_KEY_FILE), or have somebody who can open it run “sops updatekeys” on it."
	case !told:
		remedy = "Remove it, and write it anew with “bot keys add”."
	}
	f.fails(check, detail, strings.ToUpper(remedy[:1])+remedy[1:])
}

// sealed tells of a good entry, and to whom it is encrypted.
func (x *examination) sealed(f *findings, check string, entry opened) {
	file := filepath.Join(x.Config.Vault.Dir, entry.Path)
	if info, err := os.Stat(file); err == nil && lax(info, 0o022) {
		f.look(check, fmt.Sprintf("%s may be written by others (%v)", file, info.Mode().Perm()), "chmod go-w "+file)
		return
	}
	sealed, named, err := x.folder().Recipients(entry.Path)
	switch {
	case err != nil:
		x.closed(f, check, err)
	case !slices.Equal(sealed, named):
		f.look(check, "it is encrypted to others than .sops.yaml names: to "+strings.Join(sealed, ", "), "sops updatekeys "+file)
	default:
		f.fine(check, "opened; user %d; encrypted to %s", entry.UserID, strings.Join(sealed, ", "))
	}
}

// strangers looks for entries of nobody: a name that is spelled otherwise in
// the config.
func (x *examination) strangers(f *findings) {
	pattern := x.Config.Vault.UserEntry
	before, after, _ := strings.Cut(pattern, "{name}")
	if strings.Contains(after, "{name}") {
		return
	}
	found, err := filepath.Glob(filepath.Join(x.Config.Vault.Dir, strings.ReplaceAll(pattern, "{name}", "*")))
	if err != nil {
		return
	}
	for _, file := range found {
		name := strings.TrimSuffix(strings.TrimPrefix(file, filepath.Join(x.Config.Vault.Dir, filepath.FromSlash(before))), filepath.FromSlash(after))
		if _, ok := x.keys().own[name]; !ok {
			f.look("entry of "+name, "there is one, and no technician of that name", "Add "+name+" to technicians, or remove "+file+".")
		}
	}
}
