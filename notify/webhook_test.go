package notify

import (
	"encoding/json"
	"testing"
)

// FuzzHook: whatever a webhook's body says, it is no more than an id that may
// be a ticket's, or nothing.
func FuzzHook(f *testing.F) {
	for _, body := range []string{
		`{"text":"x","html":"<b>","link":"https://example.syncromsp.com/tickets/108442140","attributes":{"id":1,"ticket_id":"7"}}`,
		`{"link":"https://evil.example/tickets/5/../../x?y#z","attributes":{"ticket_id":7}}`, `{"link":7,"attributes":[]}`,
		`{"link":"/tickets/99999999999999999999","attributes":{"ticket_id":"9e3"}}`, `{"link":"","attributes":{"ticket_id":-7}}`,
		`{"attributes":{"ticket_id":{"ticket_id":1}}}`, `null`, `[`, "\xff",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if id := hinted(body); id < 0 || id > 0 && !json.Valid(body) {
			t.Errorf("%d", id)
		}
	})
}
