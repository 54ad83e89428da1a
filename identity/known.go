package identity

import (
	"time"

	"github.com/syncrobot/syncrobot/chat"
)

// Known reports, without asking anybody, whether the config names the chat
// user and nothing stands against them.
func (d *Directory) Known(user chat.User) bool { return d.Standing(user).Name != "" }

// Standing is what is known about a chat user without asking anybody. Syncro
// has the last word: Who asks it.
type Standing struct {
	Name  string         // in the config; empty: no technician
	Own   bool           // the vault has a key of their own, which may be used
	Zone  *time.Location // where they work; nil where the config does not say
	Write error          // what keeps them from changing something, one of Who's errors; nil where nothing is known to
}

// Standing is that of a chat user.
func (d *Directory) Standing(user chat.User) Standing {
	s := d.state.Load()
	name, ok := s.byUser[user.Key()]
	if !ok || user.Outsider != "" {
		return Standing{Write: ErrUnknown}
	}
	known := Standing{Name: name, Zone: s.zone(name)}
	own := s.slots[name]
	switch {
	case own.entry != nil && own.entry.Status == active:
		known.Own = true
	case own.entry != nil:
		known.Write = &NoKeyError{Name: name, Entry: own.path, Status: own.entry.Status}
	case own.err != nil:
		known.Write = own.err
	case d.policy != All:
		known.Write = &NoKeyError{Name: name, Entry: own.path, SharedOff: d.policy == Off}
	}
	return known
}

// Everyone is the technicians as the config names them. It is not to be
// changed.
func (d *Directory) Everyone() []Person { return d.state.Load().people }

// zone is where a technician works, nil where that is not known.
func (r *roster) zone(name string) *time.Location {
	for _, p := range r.people {
		if p.Name == name {
			return p.Zone
		}
	}
	return nil
}
