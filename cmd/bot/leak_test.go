package main

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// TestLeaks does what a day has, faults included, and looks for secrets
// wherever the bot leaves something: its log at its most talkative, Redis, and
// the figures. The log has nothing of what customers and technicians wrote.
func TestLeaks(t *testing.T) {
	t.Parallel()
	w := openWorld(t, func(w *world) { w.cfg.Vault.SharedKey = "all" })
	for _, p := range []person{slackPerson{w, danaSlack, "C0DESK"}, teamsPerson{w, danaTeams, "", ""}} {
		for _, line := range []string{"", "32164", "search printer", "customers harbor", "whoami", "help", "pending", "32146", "zzz", "close 0",
			"comment 32164 Zebra words"} {
			ask(t, p, line)
		}
		press(t, p, ask(t, p, "reply 32163 Zebra crossing fixed", "Confirm:"), "Confirm", "Done and checked")
		press(t, p, ask(t, p, "note 32162 Zebra note", "Confirm:"), "Show JSON", "Zebra note")
		w.Syncro.Fault(syncrosim.Fault{Kind: syncrosim.CommitThen500, Method: "POST"})
		press(t, p, ask(t, p, "note 32161 Zebra doubt", "Confirm:"), "Confirm", "Done and checked")
		for _, kind := range []syncrosim.FaultKind{syncrosim.Invalid422, syncrosim.Unauthorized} {
			w.Syncro.Fault(syncrosim.Fault{Kind: kind, Method: "POST"})
			press(t, p, ask(t, p, "note 32160 Zebra refusal", "Confirm:"), "Confirm", "Nothing was sent.")
		}
		w.Syncro.Fault(syncrosim.Fault{Kind: syncrosim.HTMLBeforeCommit, Method: "GET"})
		ask(t, p, "32159")
	}
	for _, p := range []person{slackPerson{w, samSlack, "C0DESK"}, teamsPerson{w, samTeams, "", ""}, slackPerson{w, guestSlack, "C0DESK"}} {
		ask(t, p, "note 32164 Zebra shared")
	}

	secrets := map[string]string{
		"Dana's key": danaToken, "Rob's key": robToken, "the shared key": sharedToken, "a secret of Syncro's answers": syncrosim.Canary,
		"Slack's bot token": "xoxb-demo", "Slack's signing secret": "demo-signing-secret", "Teams' client secret": "demo-client-secret",
		"a response_url": "/hooks/", "a bearer token": "Bearer ", "a JWT": "eyJhbGci",
	}
	for _, ack := range w.Slack.Acks() { // every response_url that was lent
		form, _ := url.ParseQuery(string(ack.Sent.Body))
		if at := form.Get("response_url"); at != "" {
			secrets["the response_url "+at] = at[strings.LastIndexByte(at, '/'):]
		}
	}
	if len(secrets) < 12 {
		t.Fatal("no response_url was lent")
	}
	words := map[string]string{
		"a typed text": "Zebra", "a subject": "VPN drops", "a customer": "Harbor", "a comment": "rekey", "a contact": "amy@", "a typed line": "printer",
	}

	log := w.log.String()
	if !strings.Contains(log, "syncro request") || !strings.Contains(log, `"what":"ended"`) {
		t.Fatal("the log is not at its most talkative")
	}
	clean(t, "the log", log, secrets, words)

	kept := dump(t, w.redis.Client())
	if !strings.Contains(kept, "Zebra crossing fixed") {
		t.Fatal("the dump of Redis has not the operations")
	}
	clean(t, "Redis", kept, secrets)

	record := w.onRecord(t)
	if !strings.Contains(record, `"sha256"`) {
		t.Fatal("there is no record of what was sent")
	}
	clean(t, "the record", record, secrets, words)

	var shown strings.Builder
	for _, user := range []string{danaSlack, samSlack, guestSlack} {
		for _, m := range w.Slack.Messages(user, "C0DESK") {
			shown.Write(m.JSON)
		}
	}
	for _, user := range []string{danaTeams, samTeams} {
		for _, m := range w.Teams.Messages(user, w.Teams.Personal(user)) {
			fmt.Fprintln(&shown, m.Text, m.Summary, m.Banner, string(m.Card))
		}
	}
	if !strings.Contains(shown.String(), "Zebra crossing fixed") {
		t.Fatal("no card was shown")
	}
	clean(t, "the cards", shown.String(), secrets)

	resp, err := alone().Get("http://" + w.bot.admin.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	figures, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(figures), "syncrobot_operations_total") {
		t.Fatal("there are no figures")
	}
	clean(t, "the figures", string(figures), secrets, words)
}

func clean(t *testing.T, where, text string, forbidden ...map[string]string) {
	t.Helper()
	for _, all := range forbidden {
		for name, secret := range all {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s has %s: …%s…", where, name, text[max(0, i-100):min(len(text), i+100)])
			}
		}
	}
}

// dump is every key of Redis with its value.
func dump(t *testing.T, rdb *redis.Client) string {
	t.Helper()
	ctx := t.Context()
	var b strings.Builder
	keys := rdb.Scan(ctx, 0, "*", 1000).Iterator()
	for keys.Next(ctx) {
		key := keys.Val()
		var value any
		var err error
		switch kind := rdb.Type(ctx, key).Val(); kind {
		case "string":
			value, err = rdb.Get(ctx, key).Result()
		case "hash":
			value, err = rdb.HGetAll(ctx, key).Result()
		case "zset":
			value, err = rdb.ZRangeWithScores(ctx, key, 0, -1).Result()
		case "set":
			value, err = rdb.SMembers(ctx, key).Result()
		case "list":
			value, err = rdb.LRange(ctx, key, 0, -1).Result()
		case "none": // it expired meanwhile
		case "stream":
			value, err = rdb.XRange(ctx, key, "-", "+").Result()
		default:
			t.Errorf("%s is a %s, which this test cannot read", key, kind)
		}
		if err != nil && err != redis.Nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, key, value)
	}
	if err := keys.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
