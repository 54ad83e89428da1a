package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/simulator/slacksim"
)

// TestLinksInSlack is what becomes of links to tickets that people paste.
func TestLinksInSlack(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	ctx := t.Context()
	link := func(number int64) string {
		return fmt.Sprintf("%s/tickets/%d", w.cfg.Syncro.URL, w.ticket(t, number).ID)
	}
	say := func(user, channel, text string) {
		t.Helper()
		if ack := w.Slack.Say(ctx, user, channel, text); ack.Err != nil {
			t.Fatalf("Slack: %v: %s", ack.Err, ack.Body)
		}
	}
	newest := func(channel string) slacksim.Message {
		all := w.Slack.Messages(danaSlack, channel)
		return all[len(all)-1]
	}
	direct := w.Slack.DirectMessage(danaSlack)
	reads := func() int { return w.Syncro.Count("GET", "/tickets/*") }
	ask(t, slackPerson{w, danaSlack, "C0DESK"}, "whoami", "Dana Ruiz")

	before := reads()
	if ack := w.Slack.Draft(ctx, danaSlack, "see "+link(32164)); ack.Err != nil { // nobody knows yet where it will be
		t.Fatal(ack.Err)
	}
	say(danaSlack, "C0DESK", "see "+link(32164)+" and "+link(32164))
	until(t, "a card below the link", func() bool { return strings.Contains(newest("C0DESK").Text, "#32164 VPN drops every hour") })
	card := flat(newest("C0DESK").Text)
	for _, words := range []string{"Status: In Progress", "Customer: Harbor Dental", "Assigned to: Dana Ruiz"} {
		if !strings.Contains(card, words) {
			t.Errorf("no %q in: %s", words, card)
		}
	}
	if strings.Contains(card, "rekey") || strings.Contains(card, "Amy") {
		t.Errorf("a comment is before everybody's eyes: %s", card)
	}
	if got := reads() - before; got != 1 {
		t.Errorf("%d requests for a link, want 1", got)
	}
	for _, l := range newest("C0DESK").Live() {
		if !strings.HasPrefix(l.Target, w.cfg.Syncro.URL+"/tickets/") {
			t.Errorf("live markup %q", l.Raw)
		}
	}

	// Nothing more in the same place, nor for whom or where it is not meant.
	before = reads()
	say(robSlack, "C0DESK", "again "+link(32164))
	say(niaSlack, "C0DESK", "not mine to see "+link(32163))
	say(guestSlack, "C0DESK", "nor mine "+link(32163))
	say(danaSlack, "C0SHARED", "with others "+link(32163))
	say(danaSlack, "C0SOON", "soon with others "+link(32163))
	say(danaSlack, direct, "who else is there is not known "+link(32163))
	say(danaSlack, "C0DESK", "no ticket "+w.cfg.Syncro.URL+"/customers/7")
	// Hostile words stay words.
	say(danaSlack, "C0DESK", "last "+link(32169))
	until(t, "a card below the last link", func() bool { return strings.Contains(newest("C0DESK").Text, "#32169") })
	for _, l := range newest("C0DESK").Live() {
		if !strings.HasPrefix(l.Target, w.cfg.Syncro.URL+"/tickets/") {
			t.Errorf("live markup %q", l.Raw)
		}
	}
	w.finish(t)
	if got := reads() - before; got != 1 {
		t.Errorf("%d requests, want 1 for the last link alone", got)
	}
	for _, channel := range []string{"C0SHARED", "C0SOON", direct} {
		if strings.Contains(newest(channel).Text, "Harbor") || strings.Contains(newest(channel).Text, "crashes") {
			t.Errorf("shown in %s: %s", channel, newest(channel).Text)
		}
	}
	w.wellMannered(t)
}

// TestLinksInTeams is the same where the person sees the card before they send
// it.
func TestLinksInTeams(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	link := fmt.Sprintf("%s/tickets/%d", w.cfg.Syncro.URL, w.ticket(t, 32164).ID)
	ask(t, teamsPerson{w, danaTeams, "", ""}, "whoami", "Dana Ruiz")
	for _, c := range []struct {
		what, user, conversation, link string
		shown                          bool
		reads                          int
	}{
		{"a personal chat", danaTeams, "", link, true, 1},
		{"a chat of two technicians, within a minute", danaTeams, "19:dana-rob@thread.v2", link, true, 0},
		{"a channel with a guest", danaTeams, harborTeams, link, false, 0},
		{"somebody unknown", niaTeams, "", link, false, 0},
		{"a guest", guestTeams, "", link, false, 0},
		{"another link", danaTeams, "", "https://example.com/tickets/1", false, 0},
		{"no ticket", danaTeams, "", w.cfg.Syncro.URL + "/tickets/1", false, 1},
	} {
		before := w.Syncro.Count("GET", "/tickets/*")
		d := w.Teams.Paste(t.Context(), c.user, c.conversation, c.link)
		if d.Err != nil || d.Status() != 200 || d.Problem != "" {
			t.Fatalf("%s: %d %s %v", c.what, d.Status(), d.Problem, d.Err)
		}
		if shown := strings.Contains(string(d.Card), "VPN drops every hour") && strings.Contains(d.Banner, "#32164"); shown != c.shown {
			t.Errorf("%s: shown %v: %s", c.what, shown, d.Card)
		}
		if strings.Contains(string(d.Card), "rekey") {
			t.Errorf("%s: a comment before everybody's eyes: %s", c.what, d.Card)
		}
		if got := w.Syncro.Count("GET", "/tickets/*") - before; got != c.reads {
			t.Errorf("%s: %d requests, want %d", c.what, got, c.reads)
		}
	}
	w.wellMannered(t)
}
