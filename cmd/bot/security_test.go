package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/config"
)

// TestSecurityDocument: each test that docs/security.md calls as a witness is
// there.
func TestSecurityDocument(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err = filepath.WalkDir("../..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, match := range function.FindAllSubmatch(source, -1) {
			there[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllSubmatch(page, -1)
	if len(named) < 40 {
		t.Errorf("%d tests are named", len(named))
	}
	for _, match := range named {
		if !there[string(match[1])] {
			t.Errorf("there is no %s", match[1])
		}
	}
}

// TestLeastPrivilegeInRedis: the bot needs no more of Redis than what
// docs/security.md gives it.
func TestLeastPrivilegeInRedis(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	rule := regexp.MustCompile(`(?m)^ACL SETUSER (\S+) (.*)$`).FindStringSubmatch(string(page))
	if rule == nil {
		t.Fatal("the document has no ACL SETUSER")
	}
	w := openWorld(t, func(w *world) {
		args := []any{"ACL", "SETUSER", rule[1]}
		for word := range strings.FieldsSeq(rule[2]) {
			args = append(args, strings.ReplaceAll(word, "<password>", "least"))
		}
		if err := w.redis.Client().Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
		w.cfg.Redis.Username, w.cfg.Redis.Password = rule[1], config.NewSecret("least")
	}, withNews(billing()...))
	w.bringNews(t.Context(), w.address())
	until(t, "the bot has seen what there is", func() bool { return strings.Contains(w.log.String(), "are no news") })
	dana := slackPerson{w, danaSlack, "C0DESK"}
	for line, answer := range map[string]string{
		"open": "Open tickets", "32164": "VPN drops", "pending": "Nothing waits", "start 32164": "Timer started", "customers harbor": "Customers with",
	} {
		ask(t, dana, line, answer)
	}
	ask(t, dana, "stop", "Stopped")
	sam := slackPerson{w, samSlack, "C0DESK"}
	ask(t, sam, "link", "I have written to you")
	if v := paste(t, w.linkOf(t, samSlack, ""), "key", samToken); !v.has("You will act as Sam Ito") {
		t.Errorf("the link's page: %d %s", v.status, v.body)
	}
	w.becomes(t, 32170, "Invoiced")
	until(t, "news are told", func() bool { return about(t, w.readers()["Slack"], "#32170") == 1 })
	press(t, dana, ask(t, dana, "close 32170 Battery swapped", "Confirm:"), "Confirm", "Done and checked") // and the bot notes who did it
	press(t, dana, ask(t, dana, "note 32164 with few rights", "Confirm:"), "Confirm", "Done and checked")
	press(t, dana, ask(t, dana, "note 32163 never mind", "Confirm:"), "Cancel", "Nothing was sent.")
	if log := w.log.String(); strings.Contains(log, "NOPERM") {
		t.Errorf("Redis refused something: %s", log[strings.Index(log, "NOPERM")-200:])
	}
	few := w.bot.redis
	for _, line := range []string{"FLUSHALL", "KEYS *", "CONFIG SET dir /tmp", "GET another:key", "SHUTDOWN", "ACL LIST", "MONITOR", "SUBSCRIBE x"} {
		var args []any
		for word := range strings.FieldsSeq(line) {
			args = append(args, word)
		}
		if err := few.Do(t.Context(), args...).Err(); err == nil || !strings.Contains(err.Error(), "NOPERM") {
			t.Errorf("%s: %v", line, err)
		}
	}
}
