package identity

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// Options are what a Directory is made of.
type Options struct {
	Vault     Vault
	SharedKey Policy
	People    []Person
	// Me asks Syncro whose key it is.
	Me  func(context.Context, syncro.Key) (syncro.Me, error)
	Log *slog.Logger
}

// Directory knows the technicians and has their keys in memory.
type Directory struct {
	vault  Vault
	policy Policy
	log    *slog.Logger
	proofs *proofs

	loading sync.Mutex // one load at a time; state is replaced under it
	state   atomic.Pointer[state]
}

// state is what one load found. It is never changed, only replaced.
type state struct {
	*roster
	slots  map[string]slot // by name
	shared slot
}

// slot is a place in the vault.
type slot struct {
	path  string
	info  fs.FileInfo // of the file as it is now; nil where there is none, or none could be read
	entry *Entry      // the last that could be opened; nil where there is none
	err   error       // why the file as it is now could not be opened
}

// roster is the technicians.
type roster struct {
	names  []string
	byUser map[string]string // chat user to name
	people []Person
}

// New makes a Directory and opens the vault. Its error is a mistake in o; what
// of the vault cannot be opened is logged and told by Ready, Who and Named.
func New(o Options) (*Directory, error) {
	if !slices.Contains([]Policy{Off, Reads, All}, o.SharedKey) {
		return nil, fmt.Errorf("%q is no policy for the shared key", o.SharedKey)
	}
	d := &Directory{
		vault:  o.Vault,
		policy: o.SharedKey,
		log:    o.Log,
		proofs: newProofs(o.Me),
	}
	roster, err := d.enrol(o.People)
	if err != nil {
		return nil, err
	}
	d.state.Store(&state{})
	_ = d.load(context.Background(), roster, true) // logged, and told by Ready
	return d, nil
}

func (d *Directory) enrol(people []Person) (*roster, error) {
	r := &roster{byUser: map[string]string{}, people: people}
	for _, p := range people {
		if _, err := d.vault.userPath(p.Name); err != nil {
			return nil, err
		}
		if slices.Contains(r.names, p.Name) {
			return nil, fmt.Errorf("two technicians have the name %s", p.Name)
		}
		r.names = append(r.names, p.Name)
		for _, user := range p.Users {
			if other, taken := r.byUser[user]; taken {
				return nil, fmt.Errorf("the chat user %s is both technician %s and %s", user, other, p.Name)
			}
			r.byUser[user] = p.Name
		}
	}
	return r, nil
}

// Who is the technician that a chat user is.
//
// Errors: ErrUnknown, *NoKeyError, *VaultError, *WrongPersonError, and what
// Me answers, a *syncro.Error for a key that Syncro refuses.
func (d *Directory) Who(ctx context.Context, user chat.User) (Technician, error) {
	if user.Outsider != "" {
		return Technician{}, fmt.Errorf("%w: %s", ErrUnknown, user.Outsider)
	}
	s := d.state.Load()
	name, ok := s.byUser[user.Key()]
	if !ok {
		return Technician{}, ErrUnknown
	}
	return d.technician(ctx, s, name)
}

// Named is the technician of that name in the config, with Who's errors.
func (d *Directory) Named(ctx context.Context, name string) (Technician, error) {
	return d.technician(ctx, d.state.Load(), name)
}

// Watcher is as whom Syncro is read where nobody asked: with the shared key
// where it may be used, else as the first technician of the config whose own
// key is open. What it returns may not write. Its errors are Who's.
func (d *Directory) Watcher(ctx context.Context) (Technician, error) {
	s := d.state.Load()
	var first error
	if e := s.shared.entry; d.policy != Off && e != nil && e.Status == active {
		t, err := d.proven(ctx, Technician{Name: "shared", Shared: true}, s.shared)
		if err == nil {
			return t, nil
		}
		first = err
	}
	for _, name := range s.names {
		if e := s.slots[name].entry; e == nil || e.Status != active {
			continue
		}
		t, err := d.proven(ctx, Technician{Name: name}, s.slots[name])
		if err == nil {
			return t, nil
		}
		first = cmp.Or(first, err)
	}
	return Technician{}, cmp.Or[error](first, &NoKeyError{Name: "shared", Entry: s.shared.path})
}

func (d *Directory) technician(ctx context.Context, s *state, name string) (Technician, error) {
	own, ok := s.slots[name]
	if !ok {
		return Technician{}, ErrUnknown
	}
	t := Technician{Name: name, MayWrite: true, Zone: s.zone(name)}
	from := own
	switch {
	case own.entry == nil && own.err != nil:
		return Technician{}, own.err
	case own.entry != nil && own.entry.Status != active:
		// Somebody took this key out of use: the shared one is no way round.
		return Technician{}, &NoKeyError{Name: name, Entry: own.path, Status: own.entry.Status}
	case own.entry == nil && d.policy == Off:
		return Technician{}, &NoKeyError{Name: name, Entry: own.path, SharedOff: true}
	case own.entry == nil:
		from = s.shared
		t.Shared, t.MayWrite = true, d.policy == All
		if from.entry == nil && from.err != nil {
			return Technician{}, from.err
		}
		if from.entry == nil || from.entry.Status != active {
			return Technician{}, &NoKeyError{Name: name, Entry: own.path}
		}
	}
	return d.proven(ctx, t, from)
}

// proven is t with the key of a slot, which Syncro was asked about.
func (d *Directory) proven(ctx context.Context, t Technician, from slot) (Technician, error) {
	me, err := d.proofs.whose(ctx, from.entry.Key)
	if err != nil {
		return Technician{}, err
	}
	if want := from.entry.UserID; me.UserID != cmp.Or(want, me.UserID) {
		return Technician{}, &WrongPersonError{Name: t.Name, Entry: from.path, Want: want, Got: me.UserID, GotName: me.Name}
	}
	t.FullName, t.UserID, t.Key = me.Name, me.UserID, from.entry.Key
	return t, nil
}

// Ready says why the vault is not open: its folder is not there, or it has
// entries and none can be opened. One bad entry among good ones is its
// technician's trouble alone.
func (d *Directory) Ready() error {
	s := d.state.Load()
	var first error
	for _, one := range s.all() {
		if one.entry != nil {
			return nil
		}
		if first == nil {
			first = one.err
		}
	}
	return first
}

// all is every slot, in the order of the technicians.
func (s *state) all() []slot {
	all := make([]slot, 0, len(s.names)+1)
	for _, name := range s.names {
		all = append(all, s.slots[name])
	}
	return append(all, s.shared)
}
