package syncro

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestMessage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"error":             {`{"error":"Customer required field"}`, "Customer required field"},
		"list of messages":  {`{"success":false,"message":["Body can't be blank","Subject can't be blank"],"params":{"message":"x"}}`, "Body can't be blank, Subject can't be blank"},
		"errors":            {`{"errors":"Name can't be blank, Description can't be blank","params":{}}`, "Name can't be blank, Description can't be blank"},
		"list of errors":    {`{"errors":["billable must be true or false"]}`, "billable must be true or false"},
		"errors by field":   {`{"errors":{"b":["is bad"],"a":["is odd","is long"]}}`, "a: is odd, a: is long, b: is bad"},
		"record and errors": {`{"record":{"error":"no"},"errors":"Email is not an email"}`, "Email is not an email"},
		"message":           {`{"message":"Not found"}`, "Not found"},
		"an empty one":      {`{"error":null,"errors":[],"message":"Not found"}`, "Not found"},
		"several lines":     {`{"error":"one\n  two\tthree"}`, "one two three"},
		"HTML":              {`<html><h1>Sorry</h1>`, ""},
		"nothing":           {``, ""},
		"a list":            {`[1]`, ""},
	} {
		if got := message([]byte(c.body)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := cut(strings.Repeat("é", 400)); len([]rune(got)) != 300 {
		t.Errorf("%d characters are kept of 400", len([]rune(got)))
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "30": 30 * time.Second, "-5": 0, "soon": 0,
		"Mon, 23 Nov 2026 09:01:30 GMT": 90 * time.Second, "Mon, 23 Nov 2026 08:00:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func TestTheAddressIsTakenOffEveryLayer(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection reset")
	inner := &url.Error{Op: "Get", URL: "https://x.example/?api_key=s3cret", Err: cause}
	err := withoutURL(fmt.Errorf("again: %w", &url.Error{Op: "Get", URL: "https://x.example/?api_key=s3cret", Err: fmt.Errorf("inner: %w", inner)}))
	if strings.Contains(err.Error(), "s3cret") || !errors.Is(err, cause) {
		t.Errorf("left over: %v", err)
	}
}
