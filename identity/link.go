package identity

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/getsops/sops/v3/config"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// Candidate is whom a key acts as that somebody wants to link.
type Candidate struct {
	Name     string // of the technician, in the config
	Me       syncro.Me
	Replaces bool // there is a key already, of the same Syncro user
}

// TakenError is a key that its technician may not link: Syncro takes it for
// somebody else's.
type TakenError struct {
	Got  syncro.Me // whose key it is
	Want int64     // the Syncro user of the technician's entry; 0 where there is no entry
	Name string    // of Want, where that is known
	Of   string    // the technician whose entry names Got's user; empty where none does
}

func (e *TakenError) Error() string {
	if e.Want == 0 {
		return fmt.Sprintf("the key belongs to %s (user %d), who is technician %s", e.Got.Name, e.Got.UserID, e.Of)
	}
	return fmt.Sprintf("the key belongs to %s (user %d), not to user %d", e.Got.Name, e.Got.UserID, e.Want)
}

// Words are for the person: they had the key in hand, and so may know whose it
// is.
func (e *TakenError) Words() string {
	got := fmt.Sprintf("%s (%d)", e.Got.Name, e.Got.UserID)
	switch {
	case e.Want == 0:
		return fmt.Sprintf("The key you gave belongs to %s, who is linked as technician “%s” already.", got, e.Of)
	case e.Name == "":
		return fmt.Sprintf("The key you gave belongs to %s, not to Syncro user %d.", got, e.Want)
	}
	return fmt.Sprintf("The key you gave belongs to %s, not %s (%d).", got, e.Name, e.Want)
}

// ReadOnlyError is a vault that this process cannot write to. Err names what
// failed.
type ReadOnlyError struct{ Err error }

func (e *ReadOnlyError) Error() string { return "the vault cannot be written: " + e.Err.Error() }

// Unwrap is the reason.
func (e *ReadOnlyError) Unwrap() error { return e.Err }

// MayLink reports why a person cannot link a key of their own, or nil. It asks
// nobody, and leaves nothing behind in the vault.
func (d *Directory) MayLink(ctx context.Context, user chat.User) error {
	name, _, err := d.own(ctx, user)
	if err != nil {
		return err
	}
	return d.vault.writable(name)
}

// Try asks Syncro whose key it is, and reports why the person may not link it.
//
// Errors: Who's, and *TakenError.
func (d *Directory) Try(ctx context.Context, user chat.User, key syncro.Key) (Candidate, error) {
	name, s, err := d.own(ctx, user)
	if err != nil {
		return Candidate{}, err
	}
	me, err := d.proofs.whose(ctx, key)
	if err != nil {
		return Candidate{}, err
	}
	c := Candidate{Name: name, Me: me}
	if own := s.slots[name].entry; own != nil {
		c.Replaces = true
		if own.UserID != me.UserID {
			e := &TakenError{Got: me, Want: own.UserID}
			if known, ok := d.proofs.of(own.Key).known(); ok && known.UserID == own.UserID {
				e.Name = known.Name
			}
			return c, e
		}
		return c, nil
	}
	for other, slot := range s.slots {
		if slot.entry != nil && slot.entry.UserID == me.UserID {
			return c, &TakenError{Got: me, Of: other}
		}
	}
	return c, nil
}

// Link writes a key into the vault as the person's own. It must act as the
// Syncro user want, whom the person was shown. This process uses it at once,
// others notice the file.
//
// Errors: Try's, *WrongPersonError where the key acts as another than want,
// and *ReadOnlyError.
func (d *Directory) Link(ctx context.Context, user chat.User, secret string, want int64) (Candidate, error) {
	key := syncro.NewKey(secret)
	c, err := d.Try(ctx, user, key)
	if err != nil {
		return c, err
	}
	if c.Me.UserID != want {
		return c, &WrongPersonError{Name: c.Name, Want: want, Got: c.Me.UserID, GotName: c.Me.Name}
	}
	if _, err := d.vault.AddEntry(ctx, c.Name, secret, c.Me, c.Replaces); err != nil {
		return c, cannotWrite(err)
	}
	_ = d.load(ctx, nil, false) // logged
	d.proofs.of(key).keep(c.Me)
	return c, nil
}

// Unlink takes the person's own key out of the vault, and reports whether
// there was one. The key itself stays valid in Syncro.
//
// Errors: MayLink's.
func (d *Directory) Unlink(ctx context.Context, user chat.User) (Candidate, error) {
	name, s, err := d.own(ctx, user)
	if err != nil {
		return Candidate{}, err
	}
	c := Candidate{Name: name}
	own := s.slots[name]
	if own.entry == nil {
		return c, &NoKeyError{Name: name, Entry: own.path}
	}
	c.Me.UserID = own.entry.UserID
	if err := d.vault.remove(own.path); err != nil {
		return c, cannotWrite(err)
	}
	_ = d.load(ctx, nil, false) // logged
	return c, nil
}

// own is the technician that a chat user is, and the vault as it is now. An
// entry that somebody took out of use, or that cannot be opened, is not for
// its owner to replace: that would be a way round.
func (d *Directory) own(ctx context.Context, user chat.User) (string, *state, error) {
	_ = d.load(ctx, nil, false) // another replica may have written; logged
	s := d.state.Load()
	name, ok := s.byUser[user.Key()]
	if !ok || user.Outsider != "" {
		return "", nil, ErrUnknown
	}
	own := s.slots[name]
	if own.err != nil {
		return "", nil, own.err
	}
	if own.entry != nil && own.entry.Status != active {
		return "", nil, &NoKeyError{Name: name, Entry: own.path, Status: own.entry.Status}
	}
	return name, s, nil
}

// writable reports why a technician's entry could not be written.
func (v Vault) writable(name string) error {
	path, err := v.userPath(name)
	if err != nil {
		return err
	}
	file, err := v.file(path)
	if err != nil {
		return err
	}
	if file, err = filepath.Abs(file); err != nil {
		return &ReadOnlyError{err}
	}
	silence()
	rules, err := config.FindConfigFile(file)
	if err != nil {
		return &ReadOnlyError{errors.New("there is no .sops.yaml in its folder or above that names the recipients: “bot keys init” makes one")}
	}
	if rule, err := config.LoadCreationRuleForFile(rules, file, nil); err != nil || rule == nil {
		return &ReadOnlyError{fmt.Errorf("%s has no creation rule for %s", rules, path)}
	}
	// Its folder may be made with the entry: what counts is the first that is there.
	dir := filepath.Dir(file)
	for root, _ := filepath.Abs(v.Dir); dir != root; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return &ReadOnlyError{err}
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// remove takes an entry away. One that is not there is no fault.
func (v Vault) remove(path string) error {
	file, err := v.file(path)
	if err != nil {
		return err
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncDir(filepath.Dir(file))
}

// cannotWrite makes a *ReadOnlyError of what the file system said.
func cannotWrite(err error) error {
	if _, ok := errors.AsType[*VaultError](err); ok {
		return &ReadOnlyError{err}
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return &ReadOnlyError{err}
	}
	if _, ok := errors.AsType[*os.LinkError](err); ok {
		return &ReadOnlyError{err}
	}
	return err
}
