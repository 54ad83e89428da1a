package slacksim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// Sign is the X-Slack-Signature of a body: v0=HMAC-SHA256 over
// v0:timestamp:body (docs.slack.dev, verifying requests from Slack).
func Sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + timestamp + ":"))
	mac.Write(body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// Signed returns the headers that make a body Slack's own at a time.
func (s *Slack) Signed(body []byte, at time.Time) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	return http.Header{
		"X-Slack-Request-Timestamp": {stamp},
		"X-Slack-Signature":         {Sign(s.o.SigningSecret, stamp, body)},
	}
}
