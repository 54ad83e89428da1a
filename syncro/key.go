package syncro

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"unique"
)

// Key is a person's key to Syncro's API. It prints as "[key hidden]" whatever
// the verb and refuses to be marshalled, so that it reaches the wire and
// nothing else. Keys are equal (==) where the secrets are.
type Key struct {
	// fmt prints a private field of a struct of somebody else's without
	// asking this type how; then there is an address to see here.
	secret unique.Handle[string]
}

// TokenPattern is a regular expression of what Syncro's tokens look like: a T,
// and groups of letters and digits of which the last is long.
const TokenPattern = `\bT[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*-[0-9a-f]{16,64}\b`

const hiddenKey = "[key hidden]"

var errKeyMarshalled = errors.New("a Syncro key must not be marshalled")

// NewKey wraps a key as Syncro showed it once.
func NewKey(secret string) Key {
	if secret == "" {
		return Key{}
	}
	return Key{secret: unique.Make(secret)}
}

// Empty reports whether there is no key.
func (k Key) Empty() bool { return k == Key{} }

func (k Key) reveal() string {
	if k.Empty() {
		return ""
	}
	return k.secret.Value()
}

// String hides the key.
func (Key) String() string { return hiddenKey }

// GoString hides the key from %#v.
func (Key) GoString() string { return hiddenKey }

// Format hides the key from every verb, %x and %q among them.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hiddenKey) }

// LogValue hides the key from slog.
func (Key) LogValue() slog.Value { return slog.StringValue(hiddenKey) }

// MarshalJSON fails always.
func (Key) MarshalJSON() ([]byte, error) { return nil, errKeyMarshalled }

// MarshalText fails always.
func (Key) MarshalText() ([]byte, error) { return nil, errKeyMarshalled }
