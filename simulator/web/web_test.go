package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/simulator/web"
)

// get asks h for a path and returns the answer with its body.
func get(t *testing.T, h http.Handler, path string) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Result(), w.Body.String()
}

func TestPageComesWithAPolicyThatKeepsItToItself(t *testing.T) {
	t.Parallel()
	h := web.Handler(web.Options{})
	for _, path := range []string{"/", "/app.js", "/style.css", "/blockkit.js", "/adaptive.js", "/syncro.js", "/modal.js", "/task.js", "/combobox.js"} {
		res, body := get(t, h, path)
		if res.StatusCode != http.StatusOK || body == "" {
			t.Errorf("%s: status %d, %d bytes", path, res.StatusCode, len(body))
		}
		policy := res.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'self';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

func TestSimulatorsAreBelowTheirPrefix(t *testing.T) {
	t.Parallel()
	echo := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, name+" "+r.Method+" "+r.URL.RequestURI())
		})
	}
	h := web.Handler(web.Options{Slack: echo("slack"), Teams: echo("teams")})
	for path, want := range map[string]string{
		"/slack-sim/_sim/state?user=U1": "slack GET /_sim/state?user=U1",
		"/teams-sim/_sim/events":        "teams GET /_sim/events",
	} {
		if _, got := get(t, h, path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if res, _ := get(t, h, "/syncro-sim/_sim/records"); res.StatusCode != http.StatusNotFound {
		t.Errorf("a simulator that is not there: status %d", res.StatusCode)
	}
}

func TestWritesComeFromThePageAlone(t *testing.T) {
	t.Parallel()
	var reached []string
	h := web.Handler(web.Options{Slack: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		reached = append(reached, r.Header.Get("Sec-Fetch-Site"))
	})})
	for _, site := range []string{"cross-site", "same-site", "same-origin", ""} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/slack-sim/_sim/say", strings.NewReader("{}"))
		r.Header.Set("Sec-Fetch-Site", site)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	if want := []string{"same-origin", ""}; !cmp.Equal(reached, want) {
		t.Errorf("writes from %q reached the simulator, want %q", reached, want)
	}
}
