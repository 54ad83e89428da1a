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

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackutilsx"
)

// maxBody is the most that is read of a request.
const maxBody = 1 << 20

const (
	typeForm = "application/x-www-form-urlencoded"
	typeJSON = "application/json"
)

// Mount adds the routes that are named in the app's manifest.
func (a *Adapter) Mount(mux *http.ServeMux) {
	mux.Handle("POST /slack/commands", a.proven(typeForm, a.serveCommand))
	mux.Handle("POST /slack/interactions", a.proven(typeForm, a.serveInteraction))
	mux.Handle("POST /slack/options", a.proven(typeForm, a.serveOptions))
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
		a.refuse(w, r, http.StatusBadRequest, errors.New("the body is no form"))
		return
	}
	notice := a.takeCommand(r.Context(), deliveryOf(body), commandOf(form))
	if notice == "" {
		w.WriteHeader(http.StatusOK)
		return
	}
	writeJSON(w, map[string]string{"response_type": "ephemeral", "text": slackutilsx.EscapeMessage(notice)})
}

func (a *Adapter) serveInteraction(w http.ResponseWriter, r *http.Request, body []byte) {
	payload, ok := a.payload(w, r, body)
	if !ok {
		return
	}
	p, ok := decode[interaction](a, w, r, payload)
	if !ok {
		return
	}
	delivery := deliveryOf(body)
	switch p.Type {
	case "view_submission":
		if s, ok := decode[submission](a, w, r, payload); ok {
			a.serveSubmission(w, r, delivery, p, s.View)
		}
		return
	case "message_action", "shortcut":
		on, ok := decode[messageAction](a, w, r, payload)
		if !ok {
			return
		}
		a.takeShortcut(r.Context(), delivery, p, on)
	default:
		a.takeClick(r.Context(), delivery, p)
	}
	w.WriteHeader(http.StatusOK)
}

// serveSubmission answers for a modal that was handed in: with what is wrong,
// and it stays open; with nothing, and it closes.
func (a *Adapter) serveSubmission(w http.ResponseWriter, r *http.Request, delivery string, p interaction, v view) {
	problems, goOn := a.takeSubmission(r.Context(), delivery, p, v)
	defer goOn()
	if len(problems) > 0 {
		writeJSON(w, slackapi.NewErrorsViewSubmissionResponse(problems))
		return
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	http.NewResponseController(w).Flush() // what goes on may open the next modal, after this one is closed
}

// serveOptions answers for a select menu of a modal that is being typed into.
func (a *Adapter) serveOptions(w http.ResponseWriter, r *http.Request, body []byte) {
	payload, ok := a.payload(w, r, body)
	if !ok {
		return
	}
	p, ok := decode[interaction](a, w, r, payload)
	if !ok {
		return
	}
	s, ok := decode[submission](a, w, r, payload)
	if !ok {
		return
	}
	writeJSON(w, map[string][]*slackapi.OptionBlockObject{"options": a.suggest(r.Context(), deliveryOf(body), p, s)})
}

// payload is the JSON in the form that interactions come in.
func (a *Adapter) payload(w http.ResponseWriter, r *http.Request, body []byte) ([]byte, bool) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		a.refuse(w, r, http.StatusBadRequest, errors.New("the body is no form"))
		return nil, false
	}
	return []byte(form.Get("payload")), true
}

func decode[T any](a *Adapter, w http.ResponseWriter, r *http.Request, payload []byte) (v T, ok bool) {
	if json.Unmarshal(payload, &v) != nil {
		a.refuse(w, r, http.StatusBadRequest, errors.New("the payload is no interaction"))
		return v, false
	}
	return v, true
}

// serveEvent answers the question with which Slack checks the address. The
// bot subscribes to no event: others are acknowledged, so that Slack does not
// repeat them, and dropped.
func (a *Adapter) serveEvent(w http.ResponseWriter, r *http.Request, body []byte) {
	var event struct{ Type, Challenge string }
	if json.Unmarshal(body, &event) != nil {
		a.refuse(w, r, http.StatusBadRequest, errors.New("the body is no event"))
		return
	}
	if event.Type == "url_verification" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, event.Challenge)
		return
	}
	w.WriteHeader(http.StatusOK)
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
