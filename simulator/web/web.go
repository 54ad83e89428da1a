// Package web is the page of `bot demo`: a simulated Slack and a simulated
// Teams side by side, and the simulated Syncro's records next to them.
package web

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed page
var files embed.FS

// Options are the simulators that the page shows. Each serves the routes
// below /_sim/ that the page asks for, an event stream among them, so nothing
// between here and them may buffer. A nil one is not there: its routes answer
// 404, and the page says so in its place.
type Options struct {
	Slack, Teams, Syncro http.Handler
}

// policy lets the page load, run and ask only what it came with. The scripts
// size bars through the CSS object model, which it does not restrict.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

// Handler serves the page at / and the simulators below /slack-sim/,
// /teams-sim/ and /syncro-sim/, each without that prefix.
//
// A browser's write from another site is refused with 403: the page acts for
// simulated people without asking who is there.
func Handler(o Options) http.Handler {
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // not with a constant name
	}
	mux := http.NewServeMux()
	mux.Handle("/", withHeaders(http.FileServerFS(page)))
	mount := func(prefix string, sim http.Handler) {
		if sim != nil {
			mux.Handle(prefix+"/", http.StripPrefix(prefix, sim))
		}
	}
	mount("/slack-sim", o.Slack)
	mount("/teams-sim", o.Teams)
	mount("/syncro-sim", o.Syncro)
	return http.NewCrossOriginProtection().Handler(mux)
}

// withHeaders adds what a browser should know about the page's own files.
// They come from the binary and change only with it, so none is kept.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
