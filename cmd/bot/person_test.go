package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/simulator/slacksim"
	"github.com/syncrobot/syncrobot/simulator/teamssim"
)

// person is somebody at a chat client. What they do is acknowledged at once;
// what comes of it is seen later.
type person interface {
	// say types a command line.
	say(t testing.TB, line string)
	// press presses a button of a card as it was when it was seen, whatever
	// became of it since, and whoever's it is. It returns what the person is
	// told at once, beside the cards.
	press(t testing.TB, c card, label string) string
	// cards are what the bot shows the person, oldest first.
	cards(t testing.TB) []card

	// form is what the person is asked to fill in now, nil for nothing.
	form(t testing.TB) *form
	// suggest types into a lookup of a form and returns what is offered.
	suggest(t testing.TB, f *form, input, typed string) []string
	// submit fills in values, by input, leaves the rest as it is, and hands
	// the form in. Its error is why it was not taken.
	submit(t testing.TB, f *form, values map[string]string) error
	// shortcut uses one of the bot's on a message that the person writes, and
	// returns the form that it opens.
	shortcut(t testing.TB, message, name string) *form
}

// card is a message of the bot as one person sees it.
type card struct {
	id      string
	text    string   // what they read, every run of white space one space
	buttons []string // the labels of those that come back to the bot
	live    []string // what in it is more than literal text and leads not to Syncro

	slack slacksim.Message
	teams []teamssim.Button
}

// ours reports whether a link is one that the bot made: to a ticket or an
// invoice in Syncro.
func (w *world) ours(link string) bool {
	return strings.HasPrefix(link, w.cfg.Syncro.URL+"/tickets/") || strings.HasPrefix(link, w.cfg.Syncro.URL+"/invoices/")
}

func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

func (c card) has(words ...string) bool {
	return !slices.ContainsFunc(words, func(s string) bool { return !strings.Contains(c.text, flat(s)) })
}

// slackPerson types in a channel, or in the direct message with the bot.
type slackPerson struct {
	w             *world
	user, channel string
}

func (p slackPerson) say(t testing.TB, line string) {
	t.Helper()
	if ack := p.w.Slack.Command(t.Context(), p.user, p.channel, line); ack.Err != nil {
		t.Fatalf("Slack: %v: %s", ack.Err, ack.Body)
	}
}

func (p slackPerson) press(t testing.TB, c card, label string) string {
	t.Helper()
	for _, b := range c.slack.Buttons() {
		if b.Text == label {
			if ack := p.w.Slack.ClickOn(t.Context(), p.user, c.slack, b.ActionID, b.Value); ack.Err != nil {
				t.Fatalf("Slack: %v: %s", ack.Err, ack.Body)
			}
			return ""
		}
	}
	t.Fatalf("no button %q on: %s", label, c.text)
	return ""
}

func (p slackPerson) cards(testing.TB) []card {
	var all []card
	for _, m := range p.w.Slack.Messages(p.user, p.channel) {
		if !m.Bot {
			continue
		}
		key := p.user + m.ID + string(m.JSON)
		if c, ok := p.w.read.Load(key); ok {
			all = append(all, c.(card))
			continue
		}
		c := card{id: m.ID, text: flat(m.Text), slack: m}
		for _, b := range m.Buttons() {
			if b.URL == "" {
				c.buttons = append(c.buttons, b.Text)
			}
		}
		for _, l := range m.Live() {
			if !p.w.ours(l.Target) {
				c.live = append(c.live, l.Kind+" "+l.Raw)
			}
		}
		p.w.read.Store(key, c)
		all = append(all, c)
	}
	return all
}

// teamsPerson writes in a conversation, the personal chat where it is empty.
type teamsPerson struct {
	w                  *world
	user, conversation string
	prefix             string // "/syncro " for those who type it
}

func (p teamsPerson) say(t testing.TB, line string) {
	t.Helper()
	d := p.w.Teams.Say(t.Context(), p.user, p.conversation, p.prefix+line)
	if d.Err != nil || d.Status()/100 != 2 || d.Problem != "" {
		t.Fatalf("Teams: %d %s %v", d.Status(), d.Problem, d.Err)
	}
}

func (p teamsPerson) place() string {
	if p.conversation == "" {
		return p.w.Teams.Personal(p.user)
	}
	return p.conversation
}

func (p teamsPerson) press(t testing.TB, c card, label string) string {
	t.Helper()
	for _, b := range c.teams {
		if b.Title != label {
			continue
		}
		d := p.w.Teams.Click(t.Context(), p.user, c.id, b.Verb, b.Data)
		if d.Err != nil { // not on the card any more, or never in their sight
			d = p.w.Teams.Invoke(t.Context(), p.user, p.place(), "adaptiveCard/action", c.id, map[string]any{
				"action": map[string]any{"type": "Action.Execute", "verb": b.Verb, "data": b.Data}, "trigger": "manual",
			})
		}
		if d.Err != nil || d.Status() != 200 || d.Problem != "" {
			t.Fatalf("Teams: %d %s %v", d.Status(), d.Problem, d.Err)
		}
		return d.Banner
	}
	t.Fatalf("no button %q on: %s", label, c.text)
	return ""
}

func (p teamsPerson) cards(t testing.TB) []card {
	t.Helper()
	var all []card
	for _, m := range p.w.Teams.Messages(p.user, p.place()) {
		if !m.Bot {
			continue
		}
		key := m.ID + m.Banner + string(m.Card) + m.Text
		if c, ok := p.w.read.Load(key); ok {
			all = append(all, c.(card))
			continue
		}
		r, err := m.Read()
		if err != nil {
			t.Fatal(err)
		}
		c := card{id: m.ID, text: flat(r.Text + " " + m.Banner)}
		for _, b := range r.Buttons {
			if b.Type == "Action.Execute" {
				c.buttons = append(c.buttons, b.Title)
				c.teams = append(c.teams, b)
			}
		}
		for _, l := range r.Live {
			if !p.w.ours(l.URL) {
				c.live = append(c.live, l.Kind+" "+l.Text+" "+l.URL)
			}
		}
		p.w.read.Store(key, c)
		all = append(all, c)
	}
	return all
}

// ask types a line and waits for a new card with all the words.
func ask(t testing.TB, p person, line string, words ...string) card {
	t.Helper()
	known := map[string]bool{}
	for _, c := range p.cards(t) {
		known[c.id] = true
	}
	p.say(t, line)
	return await(t, p, words, func(all []card) int {
		return slices.IndexFunc(all, func(c card) bool { return !known[c.id] && c.has(words...) })
	})
}

// press presses a button of a card and waits for all the words: on the same
// card in its new form, or on the newest, which is said about the click.
func press(t testing.TB, p person, c card, label string, words ...string) card {
	t.Helper()
	if told := (card{text: flat(p.press(t, c, label))}); told.text != "" && told.has(words...) {
		return told
	}
	return await(t, p, words, func(all []card) int {
		for i, now := range all {
			if (now.id == c.id || i == len(all)-1) && now.has(words...) {
				return i
			}
		}
		return -1
	})
}

// see waits for the newest card to have all the words.
func see(t testing.TB, p person, words ...string) card {
	t.Helper()
	return await(t, p, words, func(all []card) int {
		if newest := len(all) - 1; newest >= 0 && all[newest].has(words...) {
			return newest
		}
		return -1
	})
}

// await waits until the person sees the card that find finds, and fails the
// test for any text in it that became markup.
func await(t testing.TB, p person, words []string, find func([]card) int) card {
	t.Helper()
	pause := 5 * time.Millisecond
	for deadline := time.Now().Add(patience); ; time.Sleep(pause) {
		pause = min(pause*3/2, 100*time.Millisecond)
		all := p.cards(t)
		if i := find(all); i >= 0 {
			if len(all[i].live) > 0 {
				t.Errorf("live markup %q in: %s", all[i].live, all[i].text)
			}
			return all[i]
		}
		if time.Now().After(deadline) {
			if len(all) == 0 {
				t.Fatalf("no card with %q, nor any other", words)
			}
			t.Fatalf("no card with %q; the newest: %s", words, all[len(all)-1].text)
		}
	}
}
