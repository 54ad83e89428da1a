package slack

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
)

// The example in docs.slack.dev, "Verifying requests from Slack".
const (
	vectorBody      = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	vectorStamp     = 1531420618
	vectorSignature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
)

func TestProof(t *testing.T) {
	t.Parallel()
	header := func(stamp, signature string) http.Header {
		return http.Header{"X-Slack-Request-Timestamp": {stamp}, "X-Slack-Signature": {signature}}
	}
	stamp := strconv.Itoa(vectorStamp)
	twice := header(stamp, vectorSignature)
	twice.Add("X-Slack-Signature", vectorSignature)
	twoStamps := header(stamp, vectorSignature)
	twoStamps.Add("X-Slack-Request-Timestamp", "1")
	tests := []struct {
		name string
		late time.Duration // how far our clock is after the timestamp
		head http.Header
		body string
		want error
	}{
		{"Slack's own example", 0, header(stamp, vectorSignature), vectorBody, nil},
		{"300 s old", 300 * time.Second, header(stamp, vectorSignature), vectorBody, nil},
		{"301 s old", 301 * time.Second, header(stamp, vectorSignature), vectorBody, errStale},
		{"300 s in the future", -300 * time.Second, header(stamp, vectorSignature), vectorBody, nil},
		{"301 s in the future", -301 * time.Second, header(stamp, vectorSignature), vectorBody, errStale},
		{"a timestamp as far away as can be", 0, header("-9223372036854775808", vectorSignature), vectorBody, errStale},
		{"one byte of the body changed", 0, header(stamp, vectorSignature), vectorBody + "0", errForged},
		{"the signature of another time", 0, header("1531420619", vectorSignature), vectorBody, errForged},
		{"a shorter signature", 0, header(stamp, vectorSignature[:20]), vectorBody, errForged},
		{"an empty signature", 0, header(stamp, ""), vectorBody, errForged},
		{"a signature without its version", 0, header(stamp, vectorSignature[3:]), vectorBody, errForged},
		{"no headers", 0, http.Header{}, vectorBody, errUnsigned},
		{"two signatures", 0, twice, vectorBody, errUnsigned},
		{"two timestamps", 0, twoStamps, vectorBody, errUnsigned},
		{"a timestamp that is no number", 0, header("now", vectorSignature), vectorBody, errUnsigned},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := proof{[]byte(secret), func() time.Time { return time.Unix(vectorStamp, 0).Add(test.late) }}
			if err := p.check(test.head, []byte(test.body)); !errors.Is(err, test.want) {
				t.Errorf("check = %v, want %v", err, test.want)
			}
		})
	}
}

func TestWhatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	signed := func(secret string, age time.Duration, contentType, body string) http.Header {
		stamp := strconv.FormatInt(time.Now().Add(-age).Unix(), 10)
		h := http.Header{"X-Slack-Request-Timestamp": {stamp}, "X-Slack-Signature": {signature([]byte(secret), stamp, []byte(body))}}
		if contentType != "" {
			h.Set("Content-Type", contentType)
		}
		return h
	}
	big := "text=" + strings.Repeat("x", maxBody)
	tests := []struct {
		name   string
		path   string
		header func(body string) http.Header
		body   string // empty: a whole command
		want   int
	}{
		{"no signature", "/slack/commands", func(string) http.Header { return http.Header{"Content-Type": {typeForm}} }, "", 401},
		{"another secret", "/slack/commands", func(b string) http.Header { return signed("guess", 0, typeForm, b) }, "", 401},
		{"an hour old", "/slack/commands", func(b string) http.Header { return signed(secret, time.Hour, typeForm, b) }, "", 401},
		{"an hour ahead", "/slack/commands", func(b string) http.Header { return signed(secret, -time.Hour, typeForm, b) }, "", 401},
		{"over 1 MiB", "/slack/commands", func(b string) http.Header { return signed(secret, 0, typeForm, b) }, big, 413},
		{"over 1 MiB, not signed", "/slack/interactions", func(string) http.Header { return http.Header{} }, big, 413},
		{"no content type", "/slack/commands", func(b string) http.Header { return signed(secret, 0, "", b) }, "", 415},
		{"a form as JSON", "/slack/commands", func(b string) http.Header { return signed(secret, 0, typeJSON, b) }, "", 415},
		{"no form", "/slack/commands", func(b string) http.Header { return signed(secret, 0, typeForm, b) }, "text=%zz", 400},
		{"no payload", "/slack/interactions", func(b string) http.Header { return signed(secret, 0, typeForm, b) }, "x=1", 400},
		{"a payload in the query, which is not signed", "/slack/interactions?payload=%7B%22type%22%3A%22block_actions%22%7D",
			func(b string) http.Header { return signed(secret, 0, typeForm, b) }, "x=1", 400},
		{"a payload of other types", "/slack/interactions", func(b string) http.Header { return signed(secret, 0, typeForm, b) },
			url.Values{"payload": {`{"type":["block_actions"]}`}}.Encode(), 400},
		{"options not signed", "/slack/options", func(string) http.Header { return http.Header{"Content-Type": {typeForm}} }, "payload={}", 401},
		{"an event not signed", "/slack/events", func(string) http.Header { return http.Header{"Content-Type": {typeJSON}} },
			`{"type":"url_verification","challenge":"c"}`, 401},
		{"no event", "/slack/events", func(b string) http.Header { return signed(secret, 0, typeJSON, b) }, "[", 400},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			seen, work, handler := new(chattest.Memory), chat.NewWork(4), newHandler()
			f, _ := play(t, chattest.Bot{Handler: handler, Seen: seen, Work: work}, nil)
			body := test.body
			if body == "" {
				body = f.commandBody("d1", "close 32164").Encode()
			}
			if got, _ := f.send(t, test.path, test.header(body), body); got != test.want {
				t.Errorf("status %d, want %d", got, test.want)
			}
			drain(t, work)
			if len(handler.commands)+len(handler.clicks)+seen.Len()+len(f.Calls()) != 0 {
				t.Errorf("handled %d and %d, remembered %d, asked %v", len(handler.commands), len(handler.clicks), seen.Len(), f.Calls())
			}
		})
	}
}
