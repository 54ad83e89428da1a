package slack

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/syncrobot/syncrobot/chat"
)

// lending is how long Slack takes answers at a response_url
// (docs.slack.dev, "Handling user interaction").
const lending = 30 * time.Minute

// place is where a person did something. Whoever knows its URL can write
// there as the bot: it leaves this package sealed alone, in a chat.Ref or in a
// modal's private_metadata.
type place struct {
	URL     string `json:"u"`
	Channel string `json:"c"`
	Until   int64  `json:"t"`            // when the URL expires, in Unix seconds
	TS      string `json:"ts,omitempty"` // of the card as a message, where all in the channel see it
	Aside   bool   `json:"a,omitempty"`  // what is shown there takes no card's place
	Home    bool   `json:"h,omitempty"`  // on the person's own page
}

func (a *Adapter) place(url, channel string) place {
	return place{URL: url, Channel: channel, Until: a.now().Add(lending).Unix()}
}

// newSeal makes the cipher of both, with a key that is good for nothing else.
// Replicas with the same secret read each other's.
func newSeal(secret string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "syncrobot slack ref 1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (a *Adapter) ref(at place) chat.Ref { return chat.Ref(a.sealed(forRef, at)) }

func (a *Adapter) open(ref chat.Ref) (place, error) {
	if ref == "" {
		return place{}, errors.New("the card has no ref")
	}
	var at place
	if err := a.unsealed(forRef, string(ref), &at); err != nil {
		return place{}, fmt.Errorf("read a ref: %w", err)
	}
	return at, nil
}

// What is sealed for one purpose is not taken for another.
const (
	forRef  = ""
	forForm = "form"
)

func (a *Adapter) sealed(purpose string, v any) string {
	plain, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and booleans always marshal
	}
	return base64.RawURLEncoding.EncodeToString(a.seal.Seal(nil, nil, plain, []byte(purpose)))
}

func (a *Adapter) unsealed(purpose, s string, v any) error {
	sealed, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return errors.New("not sealed by this bot")
	}
	plain, err := a.seal.Open(nil, nil, sealed, []byte(purpose))
	if err != nil {
		return errors.New("sealed with another secret or for another purpose, or changed")
	}
	return json.Unmarshal(plain, v)
}
