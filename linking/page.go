package linking

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/syncrobot/syncrobot/identity"
	"github.com/syncrobot/syncrobot/syncro"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var page = template.Must(template.New("page").Parse(pageHTML))

const (
	maxForm  = 4 << 10
	maxKey   = 512
	patience = 25 * time.Second // Syncro is asked whose key it is
)

// view is what the page shows. One of Ask, Sealed and Done is set, or a
// Problem alone.
type view struct {
	Style            template.CSS
	Person, Platform string // whose link it is, as the platform names them
	Problem          string
	Ask              bool
	Tokens           string // Syncro's page for making a key

	Sealed            string // the pasted key, see seal.go
	Name              string // in Syncro
	UserID            int64
	Differs, Replaces bool
	Done              bool
}

// Mount adds the page. Looking at it changes nothing: chat programs and
// scanners of mail look at every link.
func (l *Links) Mount(mux *http.ServeMux) {
	sum := sha256.Sum256([]byte(pageCSS))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	safe := func(next http.HandlerFunc) http.Handler {
		// The address is the secret that no other site knows; browsers that say
		// where a form comes from are believed besides.
		return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", policy)
			h.Set("Content-Type", "text/html; charset=utf-8")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cache-Control", "no-store")
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("X-Robots-Tag", "noindex, nofollow")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			ctx, cancel := context.WithTimeout(r.Context(), patience)
			defer cancel()
			next(w, r.WithContext(ctx))
		}))
	}
	mux.Handle("GET /link/{token}", safe(l.look))
	mux.Handle("POST /link/{token}", safe(l.take))
}

func (l *Links) look(w http.ResponseWriter, r *http.Request) {
	o, err := l.find(r.Context(), keyOf(r.PathValue("token")))
	if err != nil {
		l.refuse(w, r, err)
		return
	}
	l.ask(w, http.StatusOK, o, "")
}

// take takes a pasted key, and then the confirmation.
func (l *Links) take(w http.ResponseWriter, r *http.Request) {
	ctx, key := r.Context(), keyOf(r.PathValue("token"))
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	o, err := l.find(ctx, key)
	if err != nil {
		l.refuse(w, r, err)
		return
	}
	if sealed := r.PostForm.Get("sealed"); sealed != "" {
		l.confirm(w, r, key, o, sealed)
		return
	}
	if err := l.count(ctx, key); err != nil {
		l.refuse(w, r, err)
		return
	}
	secret := strings.TrimFunc(r.PostForm.Get("key"), func(c rune) bool { return unicode.IsSpace(c) || c == '\u200b' })
	if secret == "" || len(secret) > maxKey || strings.ContainsFunc(secret, func(c rune) bool { return c <= ' ' || c > '~' }) {
		l.ask(w, http.StatusUnprocessableEntity, o, "That is no Syncro token: it is one word of letters, digits and dashes.")
		return
	}
	found, err := l.People.Try(ctx, o.User, syncro.NewKey(secret))
	if err != nil {
		l.again(w, r, o, err)
		return
	}
	sealed, err := l.seal(ctx, key, secret, found.Me.UserID)
	if err != nil {
		l.refuse(w, r, err)
		return
	}
	l.show(w, http.StatusOK, o, view{
		Sealed: sealed, Name: found.Me.Name, UserID: found.Me.UserID, Replaces: found.Replaces,
		Differs: !strings.EqualFold(strings.TrimSpace(found.Me.Name), strings.TrimSpace(o.User.Name)),
	})
}

// confirm links the key that was shown.
func (l *Links) confirm(w http.ResponseWriter, r *http.Request, key string, o offered, sealed string) {
	secret, userID, err := l.unseal(r.Context(), key, sealed)
	if errors.Is(err, errGone) {
		l.ask(w, http.StatusConflict, o, "This was confirmed already, or waited too long. Paste the key once more.")
		return
	}
	if err != nil {
		l.refuse(w, r, err)
		return
	}
	linked, err := l.People.Link(r.Context(), o.User, secret, userID)
	if err != nil {
		l.again(w, r, o, err)
		return
	}
	l.done(context.WithoutCancel(r.Context()), key, o, linked)
	l.show(w, http.StatusOK, o, view{Done: true, Name: linked.Me.Name, UserID: linked.Me.UserID})
}

// again says why a key was not linked, and asks for another.
func (l *Links) again(w http.ResponseWriter, r *http.Request, o offered, err error) {
	l.Log.WarnContext(r.Context(), "a key was not linked", "user", o.User.Key(), "error", err)
	l.ask(w, http.StatusUnprocessableEntity, o, "Nothing was linked. "+l.words(err))
}

func (l *Links) words(err error) string {
	if e, ok := errors.AsType[*syncro.Error](err); ok && e.Kind == syncro.KeyRefused {
		return "Syncro refuses this key: it is mistyped, expired or revoked."
	}
	if _, ok := errors.AsType[*identity.WrongPersonError](err); ok {
		return "Syncro says now that the key is somebody else's than it said before."
	}
	words, _ := l.Explain(err)
	return words
}

func (l *Links) ask(w http.ResponseWriter, status int, o offered, problem string) {
	l.show(w, status, o, view{Ask: true, Problem: problem, Tokens: l.SyncroURL + "/api_tokens"})
}

// refuse answers for a link that does not work.
func (l *Links) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errGone) {
		l.write(w, http.StatusNotFound, view{Problem: "This link was used, or has expired. Write “link” to the bot for a new one."})
		return
	}
	l.Log.ErrorContext(r.Context(), "the page for keys does not work", "error", err)
	l.write(w, http.StatusServiceUnavailable, view{Problem: "Nothing was linked. My memory (Redis) does not answer: try again in a minute."})
}

func (l *Links) show(w http.ResponseWriter, status int, o offered, v view) {
	v.Person, v.Platform = o.User.Name, platformName(o.User.Platform)
	if v.Person == "" {
		v.Person = o.User.ID
	}
	l.write(w, status, v)
}

func (l *Links) write(w http.ResponseWriter, status int, v view) {
	v.Style = template.CSS(pageCSS)
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		l.Log.Error("the page for keys cannot be drawn", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(status)
	w.Write(b.Bytes())
}
