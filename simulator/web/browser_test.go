package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/syncrobot/syncrobot/simulator/web"
)

// post is a write that the page made.
type post struct {
	Path string
	Body map[string]any
}

// sim is a simulator that shows one state and takes every write.
type sim struct {
	name   string
	mux    *http.ServeMux
	posts  chan post
	mu     sync.Mutex
	state  []byte
	answer map[string]string // path -> what a write is answered, where not the usual
	change chan struct{}     // closed and replaced at every change
}

func newSim(t *testing.T, name, route string, posts chan post) *sim {
	t.Helper()
	state, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	s := &sim{name: name, mux: http.NewServeMux(), posts: posts, state: state, answer: map[string]string{}, change: make(chan struct{})}
	s.mux.HandleFunc("GET "+route, func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(s.state)
	})
	s.mux.HandleFunc("GET /_sim/events", s.events)
	s.mux.HandleFunc("POST /_sim/", s.take)
	s.mux.HandleFunc("DELETE /_sim/", func(w http.ResponseWriter, r *http.Request) {
		s.posts <- post{Path: r.Method + " /" + s.name + r.URL.Path}
		w.WriteHeader(http.StatusNoContent)
	})
	return s
}

func (s *sim) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		s.mu.Lock()
		change := s.change
		s.mu.Unlock()
		_, _ = io.WriteString(w, "event: changed\ndata: {}\n\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-change:
		}
	}
}

func (s *sim) take(w http.ResponseWriter, r *http.Request) {
	p := post{Path: "/" + s.name + r.URL.Path}
	if err := json.NewDecoder(r.Body).Decode(&p.Body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	answer, ok := s.answer[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		answer = `{"status": 200, "ack_ms": 12}`
	}
	s.posts <- p
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, answer)
}

// answers sets what a write to the path is answered from now on.
func (s *sim) answers(path, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer[path] = body
}

// turn changes the state, and tells the page.
func (s *sim) turn(old, now string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = []byte(strings.Replace(string(s.state), old, now, 1))
	close(s.change)
	s.change = make(chan struct{})
}

// page is the page in a browser, with simulators behind it.
type page struct {
	t      *testing.T
	ctx    context.Context
	posts  chan post
	slack  *sim
	teams  *sim
	syncro *sim

	mu     sync.Mutex
	errors []string // what the browser complained about
}

// TestInABrowser is one test because a browser takes longer to start than all
// that is done in it.
func TestInABrowser(t *testing.T) {
	b := start(t)
	t.Run("page", b.page)
	t.Run("every element", b.everyElement)
	t.Run("forms", b.forms)
	t.Run("every card of the bot can be drawn", b.everyCardOfTheBotCanBeDrawn)
}

// browser is a running Chromium.
type browser struct{ ctx context.Context }

// start starts a browser. It skips the test where no Chromium is installed.
func start(t *testing.T) *browser {
	t.Helper()
	binary := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			binary = found
			break
		}
	}
	if binary == "" {
		t.Skip("no Chromium here to draw the page with: apt-get install chromium")
	}

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath(binary), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("hide-scrollbars", true),
		chromedp.Env("TZ=UTC"))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &browser{ctx}
}

// open opens the page in a tab of its own, and waits until it has drawn all
// three simulators.
func (b *browser) open(t *testing.T) *page {
	t.Helper()
	posts := make(chan post, 16)
	p := &page{t: t, posts: posts,
		slack:  newSim(t, "slack", "/_sim/state", posts),
		teams:  newSim(t, "teams", "/_sim/state", posts),
		syncro: newSim(t, "syncro", "/_sim/records", posts)}
	server := httptest.NewServer(web.Handler(web.Options{Slack: p.slack.mux, Teams: p.teams.mux, Syncro: p.syncro.mux}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections) // the event streams end only with the browser's connection

	var cancel context.CancelFunc
	p.ctx, cancel = chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	if err := chromedp.Listen(p.ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	p.scheme("light")
	p.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(server.URL+"/"))
	p.see("#slack [data-message]", "Harbor Dental")
	p.see("#teams [data-message]", "")
	p.see("#syncro .ticket-row", "")
	return p
}

func (p *page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.errors = append(p.errors, e.ExceptionDetails.Exception.Description)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			p.errors = append(p.errors, e.Entry.Text)
		}
	}
}

func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// see waits until an element that the selector finds has the text in it.
func (p *page) see(selector, text string) {
	p.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.textContent.includes(%q))`, selector, text)
	if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](find, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		there := eval[string](p, `document.body.innerText`)
		p.t.Fatalf("%q is not in %s: %v; the page has\n%s", text, selector, err, there)
	}
}

// run returns what an action on the page returns.
func run[T any](p *page, action chromedp.Action[T]) T {
	p.t.Helper()
	out, err := chromedp.Run(p.ctx, action)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// eval returns what a JavaScript expression is.
func eval[T any](p *page, expression string) T {
	p.t.Helper()
	return run(p, chromedp.Evaluate[T](expression))
}

// press clicks the button with this label within the selector.
func (p *page) press(selector, label string) {
	p.t.Helper()
	found := eval[bool](p, fmt.Sprintf(`(() => {
		const b = [...document.querySelectorAll(%q + " button")].find((b) => b.textContent === %q);
		b?.click();
		return Boolean(b);
	})()`, selector, label))
	if !found {
		p.t.Fatalf("no button %q in %s", label, selector)
	}
}

// choose picks an option of a select.
func (p *page) choose(selector, value string) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf(`(() => {
		const s = document.querySelector(%q);
		s.value = %q;
		return s.dispatchEvent(new Event("change"));
	})()`, selector, value))
}

// posted is the next write, which must be there soon.
func (p *page) posted() post {
	p.t.Helper()
	select {
	case got := <-p.posts:
		return got
	case <-time.After(20 * time.Second):
		p.t.Fatal("the page wrote nothing")
		return post{}
	}
}

// want checks the next write.
func (p *page) want(path string, body map[string]any) {
	p.t.Helper()
	if diff := cmp.Diff(post{Path: path, Body: body}, p.posted()); diff != "" {
		p.t.Errorf("wrong write (-want +got):\n%s", diff)
	}
}

// enter presses the Enter key where the keyboard is. A browser inserts a line
// break only if the page lets it, which chromedp's own keys do not mimic.
func (p *page) enter() {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, input.DispatchKeyEvent, input.DispatchKeyEventParams{
		Type: input.DispatchKeyEventTypeKeyDown, Key: "Enter", Code: "Enter", Text: "\r", WindowsVirtualKeyCode: 13,
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// scheme makes the page light or dark, and keeps it still.
func (p *page) scheme(name string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *page) picture(name string) {
	p.t.Helper()
	png := run(p, chromedp.CaptureScreenshot())
	if err := os.WriteFile(filepath.Join(p.t.ArtifactDir(), name), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// quiet checks that the browser had nothing to complain about.
func (p *page) quiet(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if diff := cmp.Diff([]string{}, p.errors, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the browser complained:\n%s", diff)
	}
}

func (b *browser) page(t *testing.T) {
	p := b.open(t)

	t.Run("fits a laptop's screen without scrolling", func(t *testing.T) {
		if over := eval[[]float64](p, `[document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - innerWidth]`); over[0] > 0 || over[1] > 0 {
			t.Errorf("the page is %v px larger than the window", over)
		}
		p.picture("page.png")
		p.scheme("dark")
		p.picture("dark.png")
		p.scheme("light")
		p.do(chromedp.EmulateViewport(900, 1300))
		p.picture("narrow.png")
		if over := eval[float64](p, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			t.Errorf("a narrow window is %v px too narrow for the page", over)
		}
		p.do(chromedp.EmulateViewport(1440, 900))
	})

	t.Run("every control has a name", func(t *testing.T) {
		nameless := eval[[]string](p, `[...document.querySelectorAll("button, select, input, textarea, summary")]
			.filter((e) => !e.textContent.trim() && !e.getAttribute("aria-label") && !e.labels?.length).map((e) => e.outerHTML)`)
		if len(nameless) > 0 {
			t.Errorf("controls without a name: %q", nameless)
		}
	})

	t.Run("a Slack card's Confirm sends its action and value", func(t *testing.T) {
		p.t = t
		p.press(`[data-message="m4"]`, "Confirm")
		p.want("/slack/_sim/click", map[string]any{"user": "U0001", "message": "m4", "action_id": "confirm", "value": "op-7f3k"})
		p.see("#slack .composer-status", "acknowledged after 12 ms of at most 3000")
	})

	t.Run("a Teams card's Confirm sends its verb and data", func(t *testing.T) {
		p.t = t
		p.press(`[data-message="t2"]`, "Bill it")
		p.want("/teams/_sim/click", map[string]any{"user": danaInTeams, "message": "t2",
			"verb": "confirm", "data": map[string]any{"op": "op-7f4a"}})
	})

	t.Run("an example is typed with a click and sent with Enter", func(t *testing.T) {
		p.t = t
		p.press("#slack .examples", "close 32164 …")
		if focused := eval[bool](p, `document.activeElement === document.querySelector("#slack textarea")`); !focused {
			t.Error("the keyboard is not where the text is")
		}
		p.do(chromedp.SendKeys(chromedp.CSS("#slack textarea"), "!"))
		p.enter()
		p.want("/slack/_sim/say", map[string]any{"user": "U0001", "channel": "C0001", "text": "/syncro close 32164 Rekey interval fixed!"})
		if left := eval[string](p, `document.querySelector("#slack textarea").value`); left != "" {
			t.Errorf("%q is left to send", left)
		}
	})

	t.Run("a link to a ticket shows it among the records", func(t *testing.T) {
		p.t = t
		p.press(`[data-message="m3"]`, "Open in Syncro")
		p.want("/slack/_sim/click", map[string]any{"user": "U0001", "message": "m3", "action_id": "open", "value": ""})
		for _, text := range []string{"#32164", "Client logs show rekey at 3600 s", "internal", "Labor - Remote Business", "#67501", "6.5\u00a0h prepaid"} {
			p.see("#syncro .tickets", text)
		}
		p.picture("ticket.png")
	})

	t.Run("somebody else changes the ticket", func(t *testing.T) {
		p.t = t
		p.do(chromedp.SetValue(chromedp.CSS("#syncro .person label:nth-child(2) select"), "Resolved"), chromedp.SendKeys(chromedp.CSS("#syncro .person input"), "done by phone"))
		p.enter()
		p.want("/syncro/_sim/person", map[string]any{"ticket": 32164.0, "user_id": 4107.0, "status": "Resolved", "comment": "done by phone"})
		p.press("#syncro", "‹ All tickets")
	})

	t.Run("trouble is armed", func(t *testing.T) {
		p.t = t
		p.do(chromedp.Click(chromedp.CSS("#syncro .faults summary")))
		p.picture("trouble.png")
		p.press("#syncro .popover", "Arm it")
		p.want("/syncro/_sim/fault", map[string]any{"kind": "commit then reset", "method": "POST", "path": "/tickets/*/comment", "times": 1.0})
		p.syncro.turn(`"faults": []`, `"faults": [{"kind": "commit then reset", "method": "POST", "path": "/tickets/*/comment", "times": 1, "hits": 0}]`)
		p.see("#syncro .armed", "The next comment: Syncro does it, then cuts the connection.")
		p.press("#syncro .armed", "Disarm")
		p.want("DELETE /syncro/_sim/fault", nil)
	})

	t.Run("a colleague presses the button", func(t *testing.T) {
		p.t = t
		p.choose("#slack .who select", "U0002")
		p.press(`[data-message="m4"]`, "Confirm")
		p.want("/slack/_sim/click", map[string]any{"user": "U0002", "message": "m4", "action_id": "confirm", "value": "op-7f3k"})
	})

	t.Run("a change arrives by itself and stands out", func(t *testing.T) {
		p.t = t
		p.syncro.turn("Waiting on Customer", "In Progress")
		p.see("#syncro .ticket-row.changed em", "was Waiting on Customer")
		p.slack.turn("lost the tunnel again", "has the tunnel back")
		p.see("#slack [data-message=m1]", "has the tunnel back")
	})

	t.Run("what Slack would not accept is said", func(t *testing.T) {
		p.t = t
		p.slack.turn(`"violations": []`, `"violations": [{"what": "section.text is empty"}]`)
		p.see("#slack .violations", "section.text is empty")
	})

	p.quiet(t)
}

func (b *browser) everyElement(t *testing.T) {
	p := b.open(t)
	t.Run("Block Kit", func(t *testing.T) {
		p.t = t
		if got := eval[string](p, `document.querySelector("[data-message=m2] tr:nth-of-type(2)").innerText`); got != "32159\tWaiting on Customer\tJuniper Legal\tNew laptop for A. Cole" {
			t.Errorf("the table's second row is %q", got)
		}
		p.choose("#slack .place select", "D0001")
		p.see("[data-message=m5]", "bold italic gone code <kept> & invoice *5* @Rob Ames #service-desk @here 2*3*4 a_b_c")
		p.see("[data-message=m5]", "plain *not bold* struck under both mono")
		p.see("[data-message=m5]", "✅:party:@Dana Ruiz")
		p.see("[data-message=m5] ol[start='3'] li", "third")
		p.see("[data-message=m5] ul.bk-indent-1 li", "nested")
		p.see("[data-message=m5] pre", "\"Resolution\"")
		for tag, want := range map[string]string{
			"strong": "bold both", "em": "italic both", "s": "gone struck", "u": "under", "code": "code mono", "a": "invoice *5* a link", "time": "2026-11-23",
		} {
			if got := eval[[]string](p, fmt.Sprintf(`[...document.querySelectorAll("[data-message=m5] .bk :is(.bk-text, .bk-rich) %s")].map((e) => e.textContent)`, tag)); strings.Join(got, " ") != want {
				t.Errorf("in <%s>: %q, want %q", tag, got, want)
			}
		}
		got := eval[[]string](p, `[...document.querySelectorAll("#slack .cannot-draw")].map((e) => e.textContent)`)
		if want := []string{"cannot draw hologram", "cannot draw checkboxes"}; !cmp.Equal(got, want) {
			t.Errorf("unknown elements: %q, want %q", got, want)
		}
		p.picture("blockkit.png")
	})

	t.Run("Adaptive Cards", func(t *testing.T) {
		p.t = t
		p.see("[data-message=t2]", "Rekey interval fixed. 1*2*3")
		p.see("[data-message=t4]", "<b>literal</b>")
		p.choose("#teams .place select", "19:g")
		p.see("[data-message=t5] .banner", "The card could not be updated")
		p.see("[data-message=t5] .only-you", "Only visible to you")
		p.see("[data-message=t5]", "instead of a chart")
		p.see("[data-message=t5] li", "two")
		got := eval[[]string](p, `[...document.querySelectorAll("#teams .cannot-draw")].map((e) => e.textContent)`)
		if want := []string{"cannot draw Hologram"}; !cmp.Equal(got, want) {
			t.Errorf("unknown elements: %q, want %q", got, want)
		}

		hidden := func() bool {
			return eval[bool](p, `[...document.querySelectorAll("[data-message=t5] .ac-text")].find((e) => e.textContent === "now you see it").hidden`)
		}
		if !hidden() {
			t.Error("what is not visible is shown")
		}
		p.press("[data-message=t5]", "Reveal")
		if hidden() {
			t.Error("Action.ToggleVisibility shows nothing")
		}
	})

	t.Run("inputs of Adaptive Cards go into the data", func(t *testing.T) {
		p.t = t
		p.press("[data-message=t5]", "Send")
		p.see("[data-message=t5] .ac-error:not([hidden])", "Write something")

		p.do(chromedp.SendKeys(chromedp.CSS("[data-message=t5] textarea"), "two\nlines"),
			chromedp.Click(chromedp.CSS("[data-message=t5] input[value=onsite]")),
			chromedp.Click(chromedp.CSS("[data-message=t5] input[type=checkbox]")))
		// A change of another message must not undo what was typed into this one.
		p.teams.turn(`"name": "Syncro, personal chat"`, `"name": "Just me"`)
		p.see("#teams .place option", "Just me")
		form := map[string]any{"op": "op-8", "note": "two\nlines", "labor": "onsite", "status": "Resolved", "day": "2026-11-23", "mail": "yes"}
		p.press("[data-message=t5]", "Send")
		p.want("/teams/_sim/click", map[string]any{"user": danaInTeams, "message": "t5", "verb": "edit", "data": form})

		p.press("[data-message=t5]", "More")
		p.do(chromedp.SendKeys(chromedp.CSS("[data-message=t5] .ac-panel input"), "deep"))
		p.picture("adaptive.png")
		p.press("[data-message=t5]", "Send all")
		form["op"], form["inner"] = "op-9", "deep"
		p.want("/teams/_sim/click", map[string]any{"user": danaInTeams, "message": "t5", "verb": "edit", "data": form})
	})

	t.Run("nothing shown was taken for HTML", func(t *testing.T) {
		p.t = t
		if title := eval[string](p, `document.title`); title != "syncrobot demo" {
			t.Errorf("text from a ticket ran as a script: title %q", title)
		}
		if n := eval[int](p, `document.querySelectorAll("img, b, [href^=javascript]").length`); n > 0 {
			t.Errorf("%d elements came out of text", n)
		}
	})
}

// The adapters keep what they make of a gallery of cards; the page must not
// leave anything of it out.
func (b *browser) everyCardOfTheBotCanBeDrawn(t *testing.T) {
	p := b.open(t)
	show := func(s *sim, pattern, part string) {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no cards at %s: %v", pattern, err)
		}
		messages := []map[string]any{}
		for _, file := range files {
			golden, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var made map[string]json.RawMessage
			if err := json.Unmarshal(golden, &made); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			messages = append(messages, map[string]any{
				"id": filepath.Base(file), "name": filepath.Base(file), "channel": "C1", "bot": true, part: made[part],
			})
		}
		dana, desk := map[string]string{"id": "U1", "name": "Dana Ruiz"}, map[string]string{"id": "C1", "name": "service-desk"}
		state, err := json.Marshal(map[string]any{"users": []any{dana}, "channels": []any{desk}, "messages": messages})
		if err != nil {
			t.Fatal(err)
		}
		s.turn(string(s.state), string(state))
		for _, file := range files {
			p.see("#"+s.name+" .message", filepath.Base(file))
		}
	}
	show(p.slack, "../../adapters/slack/testdata/*.json", "blocks")
	show(p.teams, "../../adapters/teams/testdata/golden/*.json", "card")
	missing := eval[[]string](p, `[...document.querySelectorAll(".cannot-draw")].map((e) => e.closest("article").dataset.message + ": " + e.textContent)`)
	if len(missing) > 0 {
		t.Errorf("not drawn: %q", missing)
	}
}
