package linking

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/redis/go-redis/v9"
)

// Between the paste and the confirmation the key waits in the page, sealed
// with a secret that is made for this one step and waits in Redis: neither has
// enough to read it, any replica can go on, and taking the secret out is what
// makes the confirmation count once.

// opening is what Redis keeps of it.
type opening struct {
	Secret []byte `json:"secret"`
	UserID int64  `json:"user_id"` // whom the person was shown
}

func sealKey(key string) string { return key + ":seal" }

// seal hides a pasted key for the page.
func (l *Links) seal(ctx context.Context, key, secret string, userID int64) (string, error) {
	o := opening{Secret: make([]byte, 32), UserID: userID}
	rand.Read(o.Secret)
	record, err := json.Marshal(o)
	if err != nil {
		return "", err
	}
	box, err := o.box()
	if err != nil {
		return "", err
	}
	if err := l.Redis.Set(ctx, sealKey(key), record, Life).Err(); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(box.Seal(nil, nil, []byte(secret), []byte(key))), nil
}

// unseal is the key that waits in the page, once, and whom its person was
// shown; errGone for whoever comes second.
func (l *Links) unseal(ctx context.Context, key, sealed string) (secret string, userID int64, err error) {
	var taken *redis.StringCmd
	_, err = l.Redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
		taken = p.Get(ctx, sealKey(key))
		p.Del(ctx, sealKey(key))
		return nil
	})
	if errors.Is(err, redis.Nil) {
		return "", 0, errGone
	}
	if err != nil {
		return "", 0, err
	}
	var o opening
	if err := json.Unmarshal([]byte(taken.Val()), &o); err != nil {
		return "", 0, err
	}
	box, err := o.box()
	if err != nil {
		return "", 0, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return "", 0, errGone
	}
	plain, err := box.Open(nil, nil, raw, []byte(key))
	if err != nil {
		return "", 0, errGone
	}
	return string(plain), o.UserID, nil
}

func (o opening) box() (cipher.AEAD, error) {
	block, err := aes.NewCipher(o.Secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
