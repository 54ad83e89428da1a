package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/syncrobot/syncrobot/simulator/slacksim"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

var linkAddress = regexp.MustCompile(`http://[0-9.:]+/link/[A-Z2-7]{26}`)

// linkOf is the link that the bot wrote to a person in their own chat last.
func (w *world) linkOf(t *testing.T, slackID, teamsID string) string {
	t.Helper()
	var found string
	until(t, "the link is in the person's own chat", func() bool {
		if slackID != "" {
			for _, m := range w.Slack.Messages(slackID, w.Slack.DirectMessage(slackID)) {
				for _, b := range m.Buttons() {
					found = linkAddress.FindString(b.URL)
				}
			}
			return found != ""
		}
		for _, m := range w.Teams.Messages(teamsID, w.Teams.Personal(teamsID)) {
			if at := linkAddress.FindString(string(m.Card)); at != "" {
				found = at
			}
		}
		return found != ""
	})
	return found
}

// answer is what a browser gets.
type answer struct {
	status int
	header http.Header
	body   string
}

func (v answer) has(words ...string) bool {
	for _, w := range words {
		if !strings.Contains(v.body, w) {
			return false
		}
	}
	return true
}

var hiddenField = regexp.MustCompile(`name="sealed" value="([^"]+)"`)

func (v answer) sealed() string {
	if m := hiddenField.FindStringSubmatch(v.body); m != nil {
		return m[1]
	}
	return ""
}

func get(t *testing.T, address string) answer { return browse(t, http.MethodGet, address, nil) }

func paste(t *testing.T, address, name, value string) answer {
	return browse(t, http.MethodPost, address, url.Values{name: {value}})
}

func browse(t *testing.T, method, address string, form url.Values) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := alone().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

// withVault does what makes the bot open the vault, with this shop's age key
// where SOPS looks for it.
func (w *world) withVault(t *testing.T, do func()) {
	t.Helper()
	vaultDoor.Lock()
	defer vaultDoor.Unlock()
	w.bringKey(t)
	do()
}

// own are a person's ids where they are, for linkOf.
func own(p person) (slackID, teamsID string) {
	switch p := p.(type) {
	case slackPerson:
		return p.user, ""
	case teamsPerson:
		return "", p.user
	}
	return "", ""
}

// TestLink: somebody without a key is offered to link one, pastes it, sees
// whose it is, confirms, and can write as themselves; and unlinks it again.
func TestLink(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		sam := who(samSlack, samTeams)
		c := ask(t, sam, "note 32164 by Sam", "Nothing was sent.", "no Syncro key of your own", "no-key")
		c = press(t, sam, c, "Link my key", "I have written to you")
		slackID, teamsID := own(sam)
		at := w.linkOf(t, slackID, teamsID)
		if strings.Contains(c.text, "/link/") {
			t.Error("the link is where others may see it")
		}

		// Programs look at links: nothing is used up by that.
		for range 3 {
			v := get(t, at)
			if v.status != 200 || !v.has("Link your Syncro key", "Sam Ito") {
				t.Fatalf("%d %s", v.status, v.body)
			}
			for name, want := range map[string]string{
				"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Set-Cookie": "",
			} {
				if got := v.header.Get(name); got != want {
					t.Errorf("%s: %q", name, got)
				}
			}
			if csp := v.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("Content-Security-Policy: %s", csp)
			}
		}

		for secret, words := range map[string]string{
			"Twrong-0000000000000000": "Syncro refuses this key", robToken: "belongs to Rob Ames (4107)", "two words": "That is no Syncro token",
		} {
			if v := paste(t, at, "key", secret); v.status != 422 || !v.has(words) || v.sealed() != "" || v.has(secret) {
				t.Errorf("%s: %d %s", words, v.status, v.body)
			}
		}
		shown := paste(t, at, "key", " "+samToken+"\n")
		if !shown.has("You will act as Sam Ito, user 4133") || shown.has("The names differ") || shown.has(samToken) {
			t.Fatalf("%d %s", shown.status, shown.body)
		}
		if kept := dump(t, w.redis.Client()); strings.Contains(kept, samToken) || strings.Contains(kept, at[strings.LastIndexByte(at, '/')+1:]) || strings.Contains(kept, shown.sealed()) {
			t.Error("Redis has the key, the link or what is sealed")
		}
		other := "A"
		if strings.HasPrefix(shown.sealed(), other) {
			other = "B"
		}
		if v := paste(t, at, "sealed", other+shown.sealed()[1:]); v.status != 409 {
			t.Errorf("something else was confirmed: %d %s", v.status, v.body)
		}
		shown = paste(t, at, "key", samToken) // what was tried spoilt the first
		w.withVault(t, func() {
			var all sync.WaitGroup
			var mu sync.Mutex
			answers := map[int]int{}
			for range 5 {
				all.Go(func() {
					v := paste(t, at, "sealed", shown.sealed())
					mu.Lock()
					defer mu.Unlock()
					answers[v.status]++
				})
			}
			all.Wait()
			if answers[200] != 1 {
				t.Errorf("confirmed five times at once: %v", answers)
			}
			for _, again := range []answer{get(t, at), paste(t, at, "key", samToken), paste(t, at, "sealed", shown.sealed())} {
				if again.status != 404 {
					t.Errorf("the link still works: %d", again.status)
				}
			}
			file := filepath.Join(w.Dir, "vault", "msp-tools", "syncro-sam.sops.yaml")
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			sealed, _ := os.ReadFile(file)
			if info.Mode().Perm() != 0o600 || strings.Contains(string(sealed), samToken) {
				t.Errorf("the entry has mode %s:\n%s", info.Mode(), sealed)
			}
			until(t, "the bot has opened the entry", func() bool {
				who, err := w.bot.people.Named(t.Context(), "sam")
				return err == nil && !who.Shared
			})
		})
		press(t, sam, ask(t, sam, "note 32164 by Sam", "Confirm:", "Sam Ito"), "Confirm", "Done and checked", "logged as Sam Ito")

		w.withVault(t, func() {
			press(t, sam, ask(t, sam, "unlink", "Nothing is done yet"), "Unlink my key", "Your key is unlinked", "revoke it there")
			if _, err := os.Stat(filepath.Join(w.Dir, "vault", "msp-tools", "syncro-sam.sops.yaml")); !os.IsNotExist(err) {
				t.Error("the entry is still there: ", err)
			}
		})
		ask(t, sam, "note 32164 by Sam", "Nothing was sent.", "no-key")
		if log := w.log.String(); strings.Contains(log, samToken) || strings.Contains(log, at[strings.LastIndexByte(at, '/')+1:]) {
			t.Error("the log has the key or the link")
		}
		var what []string
		for line, err := range w.bot.audit.Lines(t.Context(), time.Time{}, time.Now().Add(time.Hour)) {
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(line.What, "linked") {
				what = append(what, line.What+" "+line.Technician)
			}
		}
		if got := strings.Join(what, ", "); got != "linked sam, unlinked sam" {
			t.Errorf("on record is: %s", got)
		}
	})
}

// TestLinkAgain: one's own new key takes the place of the old one; somebody
// else's does not, nor does any key of an entry that was taken out of use.
func TestLinkAgain(t *testing.T) {
	t.Parallel()
	const second = "Tdemo-dana-0000000000000002"
	w := openWorld(t, func(w *world) {
		w.tokens = append(w.tokens, syncrosim.Token{Key: second, UserID: 4101, Name: "Dana Ruiz"})
	})
	dana := slackPerson{w, danaSlack, "C0DESK"}
	ask(t, dana, "whoami", "Dana Ruiz (Syncro user 4101)")
	ask(t, dana, "link", "I have written to you")
	at := w.linkOf(t, danaSlack, "")
	if v := paste(t, at, "key", robToken); !v.has("The key you gave belongs to Rob Ames (4107), not Dana Ruiz (4101).") {
		t.Errorf("%d %s", v.status, v.body)
	}
	shown := paste(t, at, "key", second)
	if !shown.has("This replaces the key that is linked now") {
		t.Errorf("%d %s", shown.status, shown.body)
	}
	w.withVault(t, func() {
		if v := paste(t, at, "sealed", shown.sealed()); v.status != 200 {
			t.Errorf("%d %s", v.status, v.body)
		}
		entry, err := w.Vault().Open("dana")
		if err != nil || entry.UserID != 4101 {
			t.Errorf("%+v, %v", entry, err)
		}
		until(t, "the person was told", func() bool {
			for _, m := range w.Slack.Messages(danaSlack, w.Slack.DirectMessage(danaSlack)) {
				if strings.Contains(m.Text, "You act as Dana Ruiz") {
					return true
				}
			}
			return false
		})
	})
	if v := get(t, at); v.status != 404 {
		t.Errorf("the link still works: %d", v.status)
	}

	// Five keys are tried behind one link, and no more.
	ask(t, slackPerson{w, robSlack, "C0DESK"}, "link", "I have written to you")
	at = w.linkOf(t, robSlack, "")
	for i := range 7 {
		want := 422
		if i >= 5 {
			want = 404
		}
		if v := paste(t, at, "key", "Tguess-000000000000000"); v.status != want {
			t.Errorf("try %d: %d", i+1, v.status)
		}
	}
	w.wellMannered(t)
}

// TestLinkedWhileSlackHangs: whoever confirms learns on the page that it is
// done, however long it takes to tell them in their chat as well.
func TestLinkedWhileSlackHangs(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	ask(t, slackPerson{w, danaSlack, "C0DESK"}, "link", "I have written to you")
	at := w.linkOf(t, danaSlack, "")
	shown := paste(t, at, "key", danaToken)
	w.Slack.Fail(slacksim.Fault{On: "*"})
	w.withVault(t, func() {
		if v := paste(t, at, "sealed", shown.sealed()); v.status != 200 || !v.has("Done. You act as") {
			t.Errorf("%d %s", v.status, v.body)
		}
	})
}

// TestLinkCannot: what keeps people from linking is told before they make a
// key for nothing.
func TestLinkCannot(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	sam := slackPerson{w, samSlack, "C0DESK"}
	ask(t, slackPerson{w, guestSlack, "C0DESK"}, "link", "I do not know you")
	ask(t, sam, "unlink", "Nothing is done yet")
	w.withVault(t, func() { ask(t, sam, "unlink now", "no-key") })

	folder := filepath.Join(w.Dir, "vault")
	rules := filepath.Join(folder, ".sops.yaml")
	if err := os.Rename(rules, rules+".away"); err != nil {
		t.Fatal(err)
	}
	ask(t, sam, "link", "I cannot write in my vault", "vault-read-only")
	if err := os.Rename(rules+".away", rules); err != nil {
		t.Fatal(err)
	}
	w.bot.links.PublicURL = ""
	ask(t, sam, "link", "public_url", "no-page")
}

// TestKeyInChat: a key that is written in a chat, in whatever way, is refused
// and neither repeated nor kept.
func TestKeyInChat(t *testing.T) {
	t.Parallel()
	bothPlatforms(t, func(t *testing.T, w *world, who func(string, string) person) {
		dana, sam := who(danaSlack, danaTeams), who(samSlack, samTeams)
		for _, line := range []string{"link " + samToken, samToken, "note 32164 my key is " + samToken, "comment 32164 " + samToken, "close 32164 " + samToken, "lnik " + samToken} {
			for _, p := range []person{dana, sam} {
				c := ask(t, p, line, "Nothing was sent.", "revoke it in Syncro now", "key-in-chat")
				if strings.Contains(c.text, samToken) || len(c.buttons) != 1 || c.buttons[0] != "Link my key" {
					t.Errorf("%q: %s %q", line, c.text, c.buttons)
				}
			}
		}
		dana.say(t, "note 32164")
		f := asked(t, dana, "Note on 32164")
		fill(t, dana, f, map[string]string{"text": "the key: " + samToken}, "Nothing was sent.", "key-in-chat")
		if kept := dump(t, w.redis.Client()); strings.Contains(kept, samToken) {
			t.Error("Redis has the key")
		}
		if strings.Contains(w.log.String(), samToken) {
			t.Error("the log has the key")
		}
		if n := w.writes(); n != 0 {
			t.Errorf("%d writes", n)
		}
	})
}

// TestLinkInABrowser: the page as a person sees it, in Chromium.
func TestLinkInABrowser(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no Chromium here to draw the page with: apt-get install chromium")
	}
	w := openWorld(t)
	sam := slackPerson{w, samSlack, "C0DESK"}
	ask(t, sam, "link", "I have written to you")
	at := w.linkOf(t, samSlack, "")

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	ctx, cancel = chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath(binary), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-background-networking", true))
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	read := func(expression string) string {
		t.Helper()
		v, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	pasted := func() {
		do(chromedp.WaitVisible("#key"), chromedp.SendKeys("#key", samToken), chromedp.Click("#check"), chromedp.WaitVisible("#confirm"))
	}

	do(chromedp.Navigate(at), chromedp.WaitVisible("#key"))
	if colour := read(`getComputedStyle(document.querySelector("#check")).backgroundColor`); colour != "rgb(11, 107, 203)" {
		t.Errorf("the policy does not let the page's style in: the button is %s", colour)
	}
	pasted()
	if shown := read(`document.body.innerText`); !strings.Contains(shown, "You will act as Sam Ito, user 4133.") {
		t.Errorf("shown: %s", shown)
	}
	if strings.Contains(read(`document.documentElement.outerHTML`), samToken) {
		t.Error("the page has the key in plain text")
	}
	do(chromedp.Click("#again"))
	pasted()
	w.withVault(t, func() {
		do(chromedp.Click("#confirm"), chromedp.WaitVisible("#done"))
		until(t, "the bot has opened the entry", func() bool {
			who, err := w.bot.people.Named(t.Context(), "sam")
			return err == nil && !who.Shared
		})
	})
	if done := read(`document.body.innerText`); !strings.Contains(done, "You act as Sam Ito") {
		t.Errorf("done: %s", done)
	}
	if cookies := read(`document.cookie`); cookies != "" {
		t.Errorf("cookies: %s", cookies)
	}
	press(t, sam, ask(t, sam, "note 32164 linked", "Confirm:"), "Confirm", "Done and checked", "Sam Ito")
}
