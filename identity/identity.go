// Package identity knows who somebody in a chat is to Syncro, and has the key
// that acts as them. Keys lie in a SOPS vault, one entry a technician.
package identity

import (
	"errors"
	"fmt"
	"time"

	"github.com/syncrobot/syncrobot/syncro"
)

// Technician is somebody whom the bot serves, with a key that Syncro was asked
// about: it answers as UserID.
type Technician struct {
	Name     string // in the config
	FullName string // in Syncro; of the key's owner where the key is shared
	UserID   int64  // in Syncro; of the key's owner where the key is shared
	Key      syncro.Key
	Shared   bool // the key is the shared one: Syncro logs everything as its owner
	MayWrite bool // false: the key may be used to look only

	Zone *time.Location // where they work; nil where the config does not say
}

// Person is a technician as the config names them.
type Person struct {
	Name  string   // a-z, 0-9, - and _
	Users []string // chat users, as chat.User's Key writes them

	Zone *time.Location // where they work; nil: the machine's
}

// Policy is what a technician without an entry may do with the shared key.
type Policy string

// The policies.
const (
	Off   Policy = "off"
	Reads Policy = "reads"
	All   Policy = "all"
)

// ErrUnknown is somebody who is no technician, or who may not be served
// however they are configured.
var ErrUnknown = errors.New("not a technician of this bot")

// NoKeyError is a technician for whom the vault has no key.
type NoKeyError struct {
	Name      string // in the config
	Entry     string // where their key would lie, below the vault's folder
	SharedOff bool   // there may be a shared key, and it is not for use
	Status    string // of the entry, where there is one and it is not active
}

func (e *NoKeyError) Error() string {
	if e.Status != "" {
		return fmt.Sprintf("the entry %s of technician %s is not active, its status is %q", e.Entry, e.Name, e.Status)
	}
	if e.SharedOff {
		return fmt.Sprintf("the vault has no entry %s for technician %s, and the shared key is off", e.Entry, e.Name)
	}
	return fmt.Sprintf("the vault has neither an entry %s for technician %s nor an active shared one", e.Entry, e.Name)
}

// WrongPersonError is a key that Syncro takes for somebody else's than its
// entry says. It is not used.
type WrongPersonError struct {
	Name    string // of the technician, in the config
	Entry   string // below the vault's folder
	Want    int64  // the entry's syncro_user_id
	Got     int64  // the user that /me answered with
	GotName string
}

func (e *WrongPersonError) Error() string {
	return fmt.Sprintf("the key in %s answers as %s (user %d), not as user %d, and is not used", e.Entry, e.GotName, e.Got, e.Want)
}

// VaultError is an entry that is there and cannot be used. Err says why and
// what to do about it, and never holds anything that was encrypted.
type VaultError struct {
	Entry string // below the vault's folder; the folder itself where that is at fault
	Err   error
}

func (e *VaultError) Error() string { return fmt.Sprintf("vault entry %s: %v", e.Entry, e.Err) }

// Unwrap is the reason.
func (e *VaultError) Unwrap() error { return e.Err }
