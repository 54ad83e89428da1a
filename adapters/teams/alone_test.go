package teams

import (
	"net/http"
	"time"
)

// alone is a client with connections of its own: httptest.Server.Close closes
// those that http.DefaultClient keeps, under the feet of every other test.
func alone() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: time.Minute}}
}
