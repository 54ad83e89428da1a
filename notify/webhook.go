package notify

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// maxHook is the largest body read, in bytes.
const maxHook = 256 << 10

// Webhook answers Syncro's Notification Center at
// POST /syncro/webhook/{secret}. Syncro signs nothing: the secret in the path
// is all the proof there is, and the body no more than a hint at a ticket,
// which is then read.
func (n *Notifier) Webhook(secret string) http.Handler {
	want := sha256.Sum256([]byte(secret))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.PathValue("secret")))
		if secret == "" || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			n.Log.Warn("a webhook with a wrong secret was refused", "from", r.RemoteAddr)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxHook))
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		ticket := hinted(body)
		if ticket == 0 {
			signal(n.poke) // something changed; what, Syncro's list tells
			w.WriteHeader(http.StatusOK)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := n.Hint(ctx, ticket); err != nil {
			n.Log.Error("a webhook was not noted in Redis; the next poll finds what it was about", "ticket", ticket, "error", err)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
}

// ticketLink is a ticket's page.
var ticketLink = regexp.MustCompile(`^/tickets/([0-9]{1,18})/?$`)

// hinted is the id of the ticket that a webhook's body is about; 0 where it
// names none. The body is {"text","html","link","attributes"}; no field says
// what happened, and attributes are those of the ticket, or of what hangs on
// one.
func hinted(body []byte) int64 {
	var hook struct {
		Link       string `json:"link"`
		Attributes struct {
			TicketID json.RawMessage `json:"ticket_id"`
		} `json:"attributes"`
	}
	if json.Unmarshal(body, &hook) != nil {
		return 0
	}
	if u, err := url.Parse(hook.Link); err == nil {
		if m := ticketLink.FindStringSubmatch(u.Path); m != nil {
			return number(m[1])
		}
	}
	return number(string(hook.Attributes.TicketID))
}

func number(s string) int64 {
	if quoted, err := strconv.Unquote(s); err == nil {
		s = quoted
	}
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id < 0 {
		return 0
	}
	return id
}
