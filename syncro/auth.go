package syncro

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Where the key goes. Syncro's OpenAPI names the header on 169 of 170
// operations; the query parameter works too and shows the key to every proxy's
// log, so it is used only where the header is refused.
const (
	authUnsettled int32 = iota // the header, until an answer shows what works
	authHeader
	authQuery
)

const mePath = "/me"

// signer adds the key to a copy of a request, as the last thing before it
// leaves. So the request that errors print never has it.
type signer struct {
	next http.RoundTripper
	key  Key
	auth int32
}

// RoundTrip sends the signed copy.
func (s signer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	if s.auth == authQuery {
		// Syncro's help wants it before all other parameters.
		rest := request.URL.RawQuery
		request.URL.RawQuery = strings.TrimSuffix("api_key="+url.QueryEscape(s.key.reveal())+"&"+rest, "&")
	} else {
		request.Header.Set("Authorization", "Bearer "+s.key.reveal())
	}
	return s.next.RoundTrip(request)
}

// redact takes the key out of words that Syncro answered.
func (k Key) redact(words string) string {
	if k.Empty() {
		return words
	}
	return strings.NewReplacer(k.reveal(), hiddenKey, url.QueryEscape(k.reveal()), hiddenKey).Replace(words)
}

// redactError does the same for an error: net/http quotes in it what it could
// not read, and that may be an echo of the request.
func (k Key) redactError(err error) error {
	if words := err.Error(); k.redact(words) != words {
		return errors.New(k.redact(words))
	}
	return err
}

// settle remembers, for this process, that a request with auth was answered.
func (c *Client) settle(auth int32) {
	if auth == authUnsettled {
		c.auth.CompareAndSwap(authUnsettled, authHeader)
	}
}

// probe is called when nothing is known yet and a GET of path was refused with
// the key in the header: is it the header, or the key, or a permission? It
// asks /me, first with the header, then once with the query parameter, and
// reports whether it found that the query parameter is what works.
func (c *Client) probe(ctx context.Context, key Key, class Class, path string) bool {
	forms := []int32{authHeader, authQuery}
	if path == mePath {
		forms = forms[1:] // the header was just refused there
	}
	for _, auth := range forms {
		if c.limiter.Wait(ctx, class, key) != nil {
			return false
		}
		_, _, failure := c.do(ctx, call{method: http.MethodGet, path: mePath, transport: signer{next: c.reads, key: key, auth: auth}})
		if failure == nil {
			c.auth.CompareAndSwap(authUnsettled, auth)
			return auth == authQuery
		}
	}
	return false
}
