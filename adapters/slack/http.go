package slack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// maxBody is the most that is read of a request.
const maxBody = 1 << 20

var errNoForm = errors.New("the body is no form")

const (
	typeForm = "application/x-www-form-urlencoded"
	typeJSON = "application/json"
)

// Mount adds the routes that are named in the app's manifest. In Socket Mode
// there are none: Slack calls none, and without a signing secret nobody could
// prove to be Slack.
func (a *Adapter) Mount(mux *http.ServeMux) {
	if a.socket != nil {
		return
	}
	mux.Handle("POST /slack/commands", a.proven(typeForm, a.serveCommand))
	// Slack looks at the command's certificate now and then, with ssl_check=1
	// and without a signature, and asks for a 200 (slackhq/slack-api-docs,
	// "Slash commands", SSL). Nothing is read of it.
	mux.HandleFunc("GET /slack/commands", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("POST /slack/interactions", a.proven(typeForm, a.serveInteraction))
	mux.Handle("POST /slack/options", a.proven(typeForm, a.serveInteraction))
	mux.Handle("POST /slack/events", a.proven(typeJSON, a.serveEvent))
}

// proven hands serve the body of a request that Slack signed. Nothing is
// parsed before: not the body, and never the query, which is not signed.
func (a *Adapter) proven(contentType string, serve func(http.ResponseWriter, *http.Request, []byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if tooBig, ok := errors.AsType[*http.MaxBytesError](err); ok {
			a.refuse(w, r, http.StatusRequestEntityTooLarge, tooBig)
			return
		}
		if err != nil {
			a.refuse(w, r, http.StatusBadRequest, err)
			return
		}
		if err := a.proof.check(r.Header, body); err != nil {
			a.refuse(w, r, http.StatusUnauthorized, err)
			return
		}
		if got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || got != contentType {
			a.refuse(w, r, http.StatusUnsupportedMediaType, errors.New("the content type must be "+contentType))
			return
		}
		serve(w, r, body)
	})
}

func (a *Adapter) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	a.log.WarnContext(r.Context(), "request refused", "path", r.URL.Path, "status", status, "error", err)
	http.Error(w, http.StatusText(status), status)
}

func (a *Adapter) serveCommand(w http.ResponseWriter, r *http.Request, body []byte) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		a.refuse(w, r, http.StatusBadRequest, errNoForm)
		return
	}
	say(w, a.onCommand(r.Context(), deliveryOf(body), commandOf(form)))
}

func (a *Adapter) serveInteraction(w http.ResponseWriter, r *http.Request, body []byte) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		a.refuse(w, r, http.StatusBadRequest, errNoForm)
		return
	}
	answer, err := a.onInteraction(r.Context(), deliveryOf(body), []byte(form.Get("payload")))
	if err != nil {
		a.refuse(w, r, http.StatusBadRequest, err)
		return
	}
	say(w, answer)
}

// serveEvent takes an event, or answers the question with which Slack checks
// the address.
func (a *Adapter) serveEvent(w http.ResponseWriter, r *http.Request, body []byte) {
	var check struct{ Type, Challenge string }
	if json.Unmarshal(body, &check) == nil && check.Type == "url_verification" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, check.Challenge)
		return
	}
	if err := a.onEvent(r.Context(), body); err != nil {
		a.refuse(w, r, http.StatusBadRequest, err)
		return
	}
	say(w, said{})
}

// say answers at once, and then goes on.
func say(w http.ResponseWriter, s said) {
	if s.then != nil {
		defer s.then()
	}
	if s.body == nil {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
	} else {
		writeJSON(w, s.body)
	}
	if s.then != nil {
		http.NewResponseController(w).Flush()
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", typeJSON)
	json.NewEncoder(w).Encode(v)
}

// deliveryOf names a delivery by what was delivered: every command and click
// has a trigger_id and a response_url of its own in its body, so that only a
// repeat has the same name.
func deliveryOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}
