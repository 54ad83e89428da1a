package config

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// Secret is a value that prints as "[hidden]" whatever the verb, the logger
// or the encoder. It holds a pointer, because fmt prints the fields of an
// unexported field without asking its methods.
type Secret struct {
	value *string
}

const hidden = "[hidden]"

// NewSecret hides value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal is the value itself; empty where none was given.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty reports whether there is nothing to hide.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// String hides the value.
func (Secret) String() string { return hidden }

// Format hides the value from every verb, %#v and %x among them.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue hides the value from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON hides the value.
func (Secret) MarshalJSON() ([]byte, error) { return json.Marshal(hidden) }

// MarshalText hides the value.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalYAML hides the value.
func (Secret) MarshalYAML() (any, error) { return hidden, nil }
