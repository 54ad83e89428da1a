package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/slacksim"
)

const commandPath = "/slack/commands"

// patience is how long one answer is waited for.
const patience = 30 * time.Second

// typist is Slack with a number of people in it, each of whom types a
// command, waits for what comes of it, and types the next.
type typist struct {
	client  *http.Client
	people  int
	typed   atomic.Int64  // makes every command another one
	answers []chan string // by person
	url     string        // where answers go, with the person's number behind it
	users   []string      // who the people are; dana where there is none

	mu    sync.Mutex
	heard map[string]bool // the addresses that something came to; nil: not kept
}

func newTypist(people int) *typist {
	t := &typist{
		client: &http.Client{
			Timeout:   patience,
			Transport: &http.Transport{MaxIdleConnsPerHost: people, IdleConnTimeout: time.Minute},
		},
		people: people, answers: make([]chan string, people),
	}
	for i := range t.answers {
		t.answers[i] = make(chan string, 4)
	}
	return t
}

// ServeHTTP takes what is posted to response_urls.
func (t *typist) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	words := strings.Split(r.URL.Path, "/")
	who, err := strconv.Atoi(words[1])
	body, errRead := io.ReadAll(r.Body)
	if err != nil || errRead != nil || who < 0 || who >= t.people {
		http.Error(w, "no_service", http.StatusNotFound)
		return
	}
	io.WriteString(w, "ok")
	if t.heard != nil {
		t.mu.Lock()
		t.heard[r.URL.Path] = true
		t.mu.Unlock()
	}
	select {
	case t.answers[who] <- string(body):
	default: // nobody waits: more than one answer came for a command
	}
}

// form is a slash command that was never typed before.
func (t *typist) form(who int, text string) string {
	n := strconv.FormatInt(t.typed.Add(1), 10)
	user := shop.DanaSlack
	if len(t.users) > 0 {
		user = t.users[who%len(t.users)]
	}
	return url.Values{
		"token": {"deprecated"}, "team_id": {shop.SlackTeam}, "team_domain": {"shop"}, "channel_id": {"C0DESK"}, "channel_name": {"service-desk"},
		"user_id": {user}, "user_name": {"dana"}, "command": {"/syncro"}, "text": {text}, "api_app_id": {shop.SlackApp},
		"is_enterprise_install": {"false"}, "trigger_id": {"13345224609.738474920.8088930838d88f" + n},
		"response_url": {t.url + "/" + strconv.Itoa(who) + "/" + n},
	}.Encode()
}

// post delivers a signed form and returns what the acknowledgement says and
// how long it took.
func (t *typist) post(ctx context.Context, bot, form string) (words string, took time.Duration, err error) {
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+bot+commandPath, strings.NewReader(form))
	if err != nil {
		return "", 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", slacksim.Sign(shop.SigningSecret, stamp, []byte(form)))
	begun := time.Now()
	resp, err := t.client.Do(req)
	if err != nil {
		return "", 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", 0, err
	}
	took = time.Since(begun)
	if resp.StatusCode != http.StatusOK {
		return "", 0, fmt.Errorf("the acknowledgement has status %d", resp.StatusCode)
	}
	return string(body), took, nil
}

// acknowledge has n commands acknowledged whose answers nobody waits for.
// form makes each.
func (t *typist) acknowledge(ctx context.Context, server string, n int, form func(who int) string) error {
	group, ctx := errgroup.WithContext(ctx)
	for who, share := range shares(n, t.people) {
		group.Go(func() error {
			for range share {
				words, _, err := t.post(ctx, server, form(who))
				if err != nil {
					return err
				}
				if words != "" {
					return fmt.Errorf("the acknowledgement says %q", words)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// tally is what became of commands.
type tally struct {
	acks, answers           []time.Duration
	refused, wrong, missing int
}

// command is what is typed, and what must be in the answer.
type command struct{ text, want string }

// work has n commands typed and their answers waited for. kind chooses the
// i-th of a person.
func (t *typist) work(ctx context.Context, bot string, n int, kind func(i int) command) (tally, error) {
	var all tally
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	for who, share := range shares(n, t.people) {
		group.Go(func() error {
			own, err := t.workAs(ctx, bot, who, share, kind)
			mu.Lock()
			defer mu.Unlock()
			all.acks, all.answers = append(all.acks, own.acks...), append(all.answers, own.answers...)
			all.refused, all.wrong, all.missing = all.refused+own.refused, all.wrong+own.wrong, all.missing+own.missing
			return err
		})
	}
	return all, group.Wait()
}

func (t *typist) workAs(ctx context.Context, bot string, who, n int, kind func(i int) command) (tally, error) {
	var own tally
	for i := range n {
		c := kind(i)
		begun := time.Now()
		words, took, err := t.post(ctx, bot, t.form(who, c.text))
		if err != nil {
			return own, err
		}
		own.acks = append(own.acks, took)
		if words != "" {
			own.refused++
			continue
		}
		answer, err := t.answer(ctx, who)
		switch {
		case errors.Is(err, errSilence):
			own.missing++
		case err != nil:
			return own, err
		case !strings.Contains(answer, c.want):
			own.wrong++
		}
		own.answers = append(own.answers, time.Since(begun))
	}
	return own, nil
}

var errSilence = errors.New("no answer came")

func (t *typist) answer(ctx context.Context, who int) (string, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case a := <-t.answers[who]:
		return a, nil
	case <-late.C:
		return "", errSilence
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// shares divides n among people.
func shares(n, people int) []int {
	all := make([]int, people)
	for i := range all {
		all[i] = n / people
		if i < n%people {
			all[i]++
		}
	}
	return all
}
