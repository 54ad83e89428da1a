package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// window is how far a request's timestamp may be from our clock, either way
// (docs.slack.dev, "Verifying requests from Slack").
const window = 5 * time.Minute

var (
	errUnsigned = errors.New("no signature, or several")
	errStale    = errors.New("the timestamp is over 5 minutes away: a replay, or this machine's clock is wrong")
	errForged   = errors.New("the signature does not fit the body")
)

// proof checks that a request is Slack's. slack-go's SecretsVerifier is not
// used because it reads the clock itself and takes the first of several
// headers.
type proof struct {
	secret []byte
	now    func() time.Time
}

// check reports why body was not sent by Slack, or nil. Nothing may look at
// body before.
func (p proof) check(h http.Header, body []byte) error {
	stamps, signatures := h.Values("X-Slack-Request-Timestamp"), h.Values("X-Slack-Signature")
	if len(stamps) != 1 || len(signatures) != 1 {
		return errUnsigned
	}
	seconds, err := strconv.ParseInt(stamps[0], 10, 64)
	if err != nil {
		return errUnsigned
	}
	if p.now().Sub(time.Unix(seconds, 0)).Abs() > window {
		return errStale
	}
	if !hmac.Equal([]byte(signature(p.secret, stamps[0], body)), []byte(signatures[0])) {
		return errForged
	}
	return nil
}

// signature is what Slack puts in X-Slack-Signature.
func signature(secret []byte, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("v0:" + stamp + ":"))
	mac.Write(body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}
