package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focused says whether the keyboard is in what the selector finds.
func (p *page) focused(selector string) bool {
	p.t.Helper()
	return eval[bool](p, fmt.Sprintf(`document.querySelector(%q)?.contains(document.activeElement) ?? false`, selector))
}

// value is what a field holds.
func (p *page) value(selector string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf(`document.querySelector(%q).value`, selector))
}

// gone waits until nothing is what the selector finds.
func (p *page) gone(selector string) {
	p.t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](fmt.Sprintf(`!document.querySelector(%q)`, selector))); err != nil {
		p.t.Fatalf("%s does not go: %v", selector, err)
	}
}

func (p *page) keys(selector, text string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

func (p *page) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

// asked skips the questions that a typeahead asks on the way to text.
func (p *page) asked(path, text string) map[string]any {
	p.t.Helper()
	for {
		got := p.posted()
		if got.Path != path {
			p.t.Fatalf("%s %v instead of a question to %s", got.Path, got.Body, path)
		}
		if got.Body["text"] == text {
			return got.Body
		}
	}
}

func fixture(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const danaInTeams = "22222222-0000-4000-8000-000000000001"

func (b *browser) forms(t *testing.T) {
	p := b.open(t)

	t.Run("a message's menu has the app's shortcuts", func(t *testing.T) {
		p.t = t
		if got := eval[[]string](p, `[...document.querySelectorAll("#slack .message:has(.dots)")].map((m) => m.dataset.message)`); len(got) != 1 || got[0] != "m1" {
			t.Errorf("messages with a menu: %q; want the person's alone", got)
		}
		p.click("[data-message=m1] .dots")
		p.see("[data-message=m1] .menu:popover-open", "Add to Syncro ticket")
		p.picture("menu.png")
		p.do(chromedp.KeyEvent(kb.ArrowDown))
		p.enter()
		p.want("/slack/_sim/shortcut", map[string]any{"user": "U0001", "message": "m1", "name": "add_to_ticket"})
		p.see("#slack .composer-status", "The shortcut was acknowledged after 12 ms of at most 3000")
	})

	view := fixture(t, "view.json")
	t.Run("a Slack modal opens in front of its chat", func(t *testing.T) {
		p.t = t
		p.slack.turn(`"violations": []`, `"violations": [], "view": `+view)
		p.see("#slack [role=dialog] h3", "New ticket")
		if got := eval[int](p, `document.querySelectorAll("#slack .dialog .cannot-draw").length`); got != 0 {
			t.Errorf("%d of its elements are not drawn", got)
		}
		if !p.focused("#slack [data-block=customer]") {
			t.Error("the keyboard is not in its first field")
		}
		if !eval[bool](p, `document.querySelector("#slack .composer").inert && !document.querySelector("#teams .composer").inert`) {
			t.Error("the chat behind it does not wait, or another one does")
		}
		nameless := eval[[]string](p, `[...document.querySelectorAll("#slack .dialog :is(button, select, input, textarea)")]
			.filter((e) => !e.textContent.trim() && !e.getAttribute("aria-label") && !e.labels?.length).map((e) => e.outerHTML)`)
		if len(nameless) > 0 {
			t.Errorf("controls without a name: %q", nameless)
		}
		p.picture("modal.png")
	})

	t.Run("what is missing is said before anything is sent", func(t *testing.T) {
		p.t = t
		p.press("#slack .dialog-foot", "Preview")
		for _, block := range []string{"customer", "words", "type"} {
			p.see("#slack [data-block="+block+"] .field-error:not([hidden])", "Please complete this required field.")
		}
		if eval[bool](p, `[...document.querySelectorAll("[data-block=due] .field-error, [data-block=subject] .field-error")].some((e) => !e.hidden)`) {
			t.Error("an optional or a filled field is asked for")
		}
	})

	t.Run("a customer is found by typing", func(t *testing.T) {
		p.t = t
		p.slack.answers("/_sim/suggest", `{"status": 200, "options": [{"text": "Harbor Dental", "value": "7"}, {"text": "Harbor Freight Yard", "value": "8"}]}`)
		field := "#slack [data-block=customer] input"
		p.keys(field, "h")
		p.see("[data-block=customer] .combobox-hint", "Type 2 characters to search")
		p.keys(field, "ar")
		if got := p.asked("/slack/_sim/suggest", "har"); got["action_id"] != "customer" || got["user"] != "U0001" || got["message"] != "" {
			t.Errorf("the question is %v", got)
		}
		p.see("[data-block=customer] [role=option][aria-selected=true]", "Harbor Dental")
		p.picture("typeahead.png")
		p.do(chromedp.KeyEvent(kb.ArrowDown))
		p.see("[data-block=customer] [role=option][aria-selected=true]", "Harbor Freight Yard")
		p.enter()
		if got := p.value(field); got != "Harbor Freight Yard" {
			t.Errorf("the field shows %q", got)
		}
		p.gone("[data-block=customer] .combobox-list:not([hidden])")
	})

	t.Run("a modal is filled in and handed in", func(t *testing.T) {
		p.t = t
		p.keys("#slack [data-block=words] textarea", "two\nlines")
		p.choose("#slack [data-block=type] select", "h")
		p.click("#slack [data-block=mail] input")
		eval[string](p, `document.querySelector("[data-block=due] input").value = ""`)
		p.slack.answers("/_sim/submit", `{"status": 200, "ack_ms": 9, "error": "form", "errors": {"subject": "Say more than that."}}`)
		p.press("#slack .dialog-foot", "Preview")
		p.want("/slack/_sim/submit", map[string]any{"user": "U0001", "message": "", "values": map[string]any{
			"customer": "8", "subject": "Tunnel is down", "words": "two\nlines", "type": "h", "due": "", "mail": "true"}})
		p.see("#slack .composer-status", "The form came back with something to correct after 9 ms")
	})

	t.Run("the app's errors stand below their fields, and what was typed stays", func(t *testing.T) {
		p.t = t
		p.slack.turn(`"errors": {}`, `"errors": {"subject": "Say more than that."}`)
		p.see("[data-block=subject] .field-error:not([hidden])", "Say more than that.")
		if !p.focused("[data-block=subject]") {
			t.Error("the keyboard is not in the field to correct")
		}
		p.scheme("dark")
		p.picture("corrected.png")
		p.scheme("light")
		p.keys("[data-block=subject] input", kb.End+" again")
		p.slack.turn("You see a preview", "You see a draft") // another block of the same view
		p.see("#slack .dialog", "You see a draft")
		if subject, words := p.value("[data-block=subject] input"), p.value("[data-block=words] textarea"); subject != "Tunnel is down again" || words != "two\nlines" {
			t.Errorf("after a change of the view: %q, %q", subject, words)
		}
		if !p.focused("[data-block=subject]") {
			t.Error("the keyboard has left the field")
		}
	})

	t.Run("Escape closes a list, and then the modal", func(t *testing.T) {
		p.t = t
		p.keys("#slack [data-block=customer] input", "b")
		p.see("[data-block=customer] .combobox-hint:not([hidden])", "Type 2")
		p.do(chromedp.KeyEvent(kb.Escape))
		p.gone("[data-block=customer] .combobox-hint:not([hidden])")
		if got := p.value("[data-block=customer] input"); got != "Harbor Freight Yard" {
			t.Errorf("the last choice is %q", got)
		}
		p.do(chromedp.KeyEvent(kb.Escape))
		p.want("/slack/_sim/close", map[string]any{"user": "U0001", "message": ""})
		p.slack.turn(`"view": {`, `"view": null, "was": {`)
		p.gone("#slack .dialog")
		if eval[bool](p, `document.querySelector("#slack .composer").inert`) || !p.focused("[data-message=m1]") {
			t.Error("the chat is not as it was before")
		}
	})

	t.Run("a Teams message action opens a dialog", func(t *testing.T) {
		p.t = t
		p.press("[data-message=t1] .menu", "Add to Syncro ticket")
		p.want("/teams/_sim/shortcut", map[string]any{"user": danaInTeams, "message": "t1", "name": "add_to_ticket"})
		p.click("#teams .composer textarea")
		p.teams.turn(`"violations": []`, `"violations": [], "dialog": `+fixture(t, "dialog.json"))
		p.see("#teams [role=dialog] h3", "Add to ticket")
		p.see("#teams .dialog .cannot-draw", "cannot draw Action.Execute here")
		if !p.focused("#teams .dialog .combobox") {
			t.Error("the keyboard is not in its first field")
		}
		p.press("#teams .dialog", "Preview")
		p.see("#teams .dialog .ac-error:not([hidden])", "Choose a ticket")
	})

	t.Run("a ticket is found by typing, and the dialog handed in", func(t *testing.T) {
		p.t = t
		p.teams.answers("/_sim/suggest", `{"status": 200, "options": [{"text": "32164 VPN drops every hour", "value": "1080"}]}`)
		p.keys("#teams .dialog [role=combobox]", "vpn")
		if got := p.asked("/teams/_sim/suggest", "vpn"); got["dataset"] != "f1/ticket" || got["message"] != "" {
			t.Errorf("the question is %v", got)
		}
		p.see("#teams [role=option]", "32164")
		p.picture("task.png")
		p.click("#teams [role=option]")
		p.keys("#teams .dialog textarea", "!")
		p.press("#teams .dialog", "Preview")
		p.want("/teams/_sim/submit", map[string]any{"user": danaInTeams, "message": "", "title": "Preview", "data": map[string]any{
			"form": "f1", "ticket": "1080", "note": "The tunnel is down again!", "day": "", "mail": "false"}})
		p.teams.turn(`"id": "d1", "title": "Add to ticket", "text": "", "card": {`, `"id": "d2", "title": "Added", "text": "It is on ticket 32164.", "card": null, "was": {`)
		p.see("#teams .dialog-words", "It is on ticket 32164.")
		p.press("#teams .dialog", "OK")
		p.want("/teams/_sim/close", map[string]any{"user": danaInTeams, "message": ""})
		p.teams.turn(`"dialog": {`, `"dialog": null, "had": {`)
		p.gone("#teams .dialog")
	})

	t.Run("a form in a message keeps what is typed while its card stays", func(t *testing.T) {
		p.t = t
		p.teams.turn(`"id": "status",`, `"id": "status", "style": "filtered",`)
		p.choose("#teams .place select", "19:g")
		p.see("[data-message=t5] label:has(+ .combobox)", "Status")
		p.keys("[data-message=t5] [role=combobox]", "ne")
		p.see("[data-message=t5] [role=option]", "New")
		p.enter()
		if got := p.value("[data-message=t5] [role=combobox]"); got != "New" {
			t.Errorf("among the card's own choices %q was chosen", got)
		}
		p.keys("[data-message=t5] textarea", "half a sentence")
		p.teams.turn("The card could not be updated", "Only Dana may press this")
		p.see("[data-message=t5] .banner", "Only Dana may press this")
		if got := p.value("[data-message=t5] textarea"); got != "half a sentence" || !p.focused("[data-message=t5] textarea") {
			t.Errorf("there is %q, or the keyboard is elsewhere", got)
		}
		p.choose("#teams .who select", "22222222-0000-4000-8000-000000000002")
		p.see("#teams .me .avatar", "RA")
		p.choose("#teams .who select", danaInTeams)
		p.see("#teams .me .avatar", "DR")
		if got := p.value("[data-message=t5] textarea"); got != "half a sentence" {
			t.Errorf("after somebody else had the chair there is %q", got)
		}
		p.teams.turn("Form [link]", "Forms [link]")
		p.see("[data-message=t5]", "Forms")
		if got := p.value("[data-message=t5] textarea"); got != "" {
			t.Errorf("another card has %q of the one before", got)
		}
	})

	t.Run("in a Teams channel the bot hears what is for it", func(t *testing.T) {
		p.t = t
		for _, c := range []struct{ typed, path, text string }{
			{"The tunnel is down again", "write", "The tunnel is down again"},
			{"/syncro 32164", "say", "/syncro 32164"},
			{"@Syncro close 32164", "say", "close 32164"},
		} {
			p.teams.answers("/_sim/write", `{"status": 0, "ack_ms": 0, "error": ""}`)
			p.keys("#teams .composer textarea", c.typed)
			p.enter()
			p.want("/teams/_sim/"+c.path, map[string]any{"user": danaInTeams, "channel": "19:g", "text": c.text})
			if c.path == "write" {
				p.see("#teams .composer-status", "The bot was told nothing of this")
			}
		}
	})

	p.quiet(t)
}
