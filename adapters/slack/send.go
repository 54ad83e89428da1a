package slack

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/syncrobot/syncrobot/chat"
)

// show puts card where the person was, before their eyes alone: through the
// response_url of what they did, else as the bot's ephemeral message in that
// channel, else as a direct message. replace asks for the clicked card's
// place, which the Web API gives as well where all see that card. On a
// person's own page it stands on top.
func (a *Adapter) show(ctx context.Context, user chat.User, at place, card chat.Card, replace bool) error {
	if at.Home {
		err := a.publish(ctx, user, &card, "")
		if err == nil {
			return nil
		}
		a.log.ErrorContext(ctx, "an answer is not shown on a person's page", "parts", len(card.Parts), "buttons", len(card.Buttons), "error", err)
	}
	m := render(card)
	err := a.deliver(ctx, user, at, m, replace)
	if refusesLayout(err) {
		// Not all of Slack's limits are documented. Words without buttons
		// are better than silence.
		a.log.ErrorContext(ctx, "Slack does not take a card's layout", "parts", len(card.Parts), "buttons", len(card.Buttons), "error", err)
		err = a.deliver(ctx, user, at, m.bare(), replace)
	}
	return err
}

func (a *Adapter) deliver(ctx context.Context, user chat.User, at place, m message, replace bool) error {
	var ways []func() error
	if at.URL != "" {
		ways = append(ways, func() error { return a.respond(ctx, at, m, replace) })
	}
	if replace && at.TS != "" {
		ways = append(ways, func() error { return a.update(ctx, at, m) })
	}
	if user.ID != "" {
		ways = append(ways, func() error { return a.whisper(ctx, user, at.Channel, m) }, func() error { return a.direct(ctx, user, m) })
	}
	failed := errors.New("there is nowhere to show it")
	for i, way := range ways {
		err := way()
		if err == nil || refusesLayout(err) {
			return err
		}
		a.log.InfoContext(ctx, "a card is not shown where it belongs", "user", user.Key(), "error", err)
		if i > 0 {
			err = fmt.Errorf("%w; %w", failed, err)
		}
		failed = err
	}
	return fmt.Errorf("slack: %w", failed)
}

// update replaces a message that all in its channel see. One in a channel that
// was shared with another organisation since stays as it is.
func (a *Adapter) update(ctx context.Context, at place, m message) error {
	ctx, cancel := context.WithTimeout(ctx, webPatience)
	defer cancel()
	if !strings.HasPrefix(at.Channel, "D") { // a direct message stays what it is, and to ask about it takes another scope
		c, err := a.channels.info(ctx, a.web, at.Channel)
		if err != nil {
			return fmt.Errorf("conversations.info: %w", err)
		}
		if err := c.closed(); err != nil {
			return err
		}
	}
	if _, _, _, err := a.web.UpdateMessageContext(ctx, at.Channel, at.TS, m.options()...); err != nil {
		return fmt.Errorf("chat.update: %w", err)
	}
	return nil
}

// respond answers through the response_url of what the person did.
func (a *Adapter) respond(ctx context.Context, at place, m message, replace bool) error {
	body, err := json.Marshal(struct {
		ResponseType string           `json:"response_type"`
		Replace      bool             `json:"replace_original"`
		Text         string           `json:"text"`
		Mrkdwn       bool             `json:"mrkdwn"` // of Text: false, it is literal
		Blocks       []slackapi.Block `json:"blocks,omitempty"`
	}{"ephemeral", replace, m.Text, false, m.Blocks})
	if err != nil {
		return err
	}
	if err := a.lent.post(ctx, at, body); err != nil {
		return fmt.Errorf("response_url: %w", err)
	}
	return nil
}

// whisper shows m to user alone, in a channel that the bot is in.
func (a *Adapter) whisper(ctx context.Context, user chat.User, channel string, m message) error {
	if channel == "" {
		return errors.New("chat.postEphemeral: the channel is not known")
	}
	ctx, cancel := context.WithTimeout(ctx, webPatience)
	defer cancel()
	if _, err := a.web.PostEphemeralContext(ctx, channel, user.ID, m.options()...); err != nil {
		return fmt.Errorf("chat.postEphemeral: %w", err)
	}
	return nil
}

// direct sends m to user as a direct message.
func (a *Adapter) direct(ctx context.Context, user chat.User, m message) error {
	ctx, cancel := context.WithTimeout(ctx, webPatience)
	defer cancel()
	channel, _, _, err := a.web.OpenConversationContext(ctx, &slackapi.OpenConversationParameters{Users: []string{user.ID}})
	if err != nil {
		return fmt.Errorf("conversations.open: %w", err)
	}
	if _, _, err := a.web.PostMessageContext(ctx, channel.ID, m.options()...); err != nil {
		return fmt.Errorf("chat.postMessage: %w", err)
	}
	return nil
}

func (m message) options() []slackapi.MsgOption {
	all := []slackapi.MsgOption{
		slackapi.MsgOptionText(m.Text, false), // escaped by the renderer
		slackapi.MsgOptionDisableMarkdown(),
		slackapi.MsgOptionParse(false),
		slackapi.MsgOptionLinkNames(false),
		slackapi.MsgOptionDisableLinkUnfurl(),
		slackapi.MsgOptionDisableMediaUnfurl(),
	}
	if len(m.Blocks) > 0 {
		all = append(all, slackapi.MsgOptionBlocks(m.Blocks...))
	}
	return all
}

const (
	maxUses   = 5                // of a response_url (docs.slack.dev, "Handling user interaction")
	maxAnswer = 4 << 10          // of a response_url's answer, read
	maxPause  = 30 * time.Second // that Slack may ask for before it is taken as a refusal
)

// lent posts to response_urls. slack-go's own poster is not used: it loses
// why a URL is refused, follows redirects and takes any host.
type lent struct {
	client *http.Client
	hosts  []string
	now    func() time.Time

	mu   sync.Mutex
	used map[[16]byte]uses // by the beginning of the URL's hash
	full int               // so many there are when what is over is next swept out
}

type uses struct {
	count uint32
	until uint32 // Unix seconds
}

func newLent(client *http.Client, hosts []string, now func() time.Time) *lent {
	return &lent{client: client, hosts: hosts, now: now, used: map[[16]byte]uses{}}
}

// refusal is why a response_url took nothing. It never has the URL in it.
type refusal struct {
	Status int    // of the answer; 0 where nothing was sent
	Code   string // Slack's word for it: "used_url", "expired_url", "invalid_blocks", ...
}

func (r *refusal) Error() string {
	return strings.TrimSpace(fmt.Sprintf("refused: %s (status %d)", cmp.Or(r.Code, "no reason given"), r.Status))
}

// post posts body to at's URL. When Slack asks for a pause it is made once.
func (l *lent) post(ctx context.Context, at place, body []byte) error {
	if err := l.allow(at.URL); err != nil {
		return err
	}
	pause, err := l.postOnce(ctx, at, body)
	if pause < 0 || pause > maxPause {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
	}
	_, err = l.postOnce(ctx, at, body)
	return err
}

// postOnce posts once. A pause that is not negative is how long Slack wants
// to be left alone before the next try.
func (l *lent) postOnce(ctx context.Context, at place, body []byte) (pause time.Duration, err error) {
	if err := l.take(at); err != nil {
		return -1, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.URL, bytes.NewReader(body))
	if err != nil {
		return -1, errors.New("the address cannot be posted to")
	}
	req.Header.Set("Content-Type", typeJSON)
	resp, err := l.client.Do(req)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err // the outer one prints the URL
		}
		return -1, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return -1, fmt.Errorf("read the answer: %w", err)
	}
	code, fine := verdict(answer)
	if resp.StatusCode == http.StatusOK && fine {
		return -1, nil
	}
	err = &refusal{Status: resp.StatusCode, Code: code}
	if resp.StatusCode == http.StatusTooManyRequests {
		if seconds, bad := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 16); bad == nil {
			return time.Duration(seconds) * time.Second, err
		}
	}
	return -1, err
}

// word is what Slack's error codes look like; anything else that comes in an
// answer is not repeated.
var word = regexp.MustCompile(`^[a-z][a-z_]{0,63}$`)

// verdict reads the answer of a response_url: "ok", {"ok":true}, nothing, or
// a code as text or in {"ok":false,"error":code}. Slack answers 200 to cards
// that it refuses.
func verdict(answer []byte) (code string, fine bool) {
	var object struct {
		OK    *bool
		Error string
	}
	code = strings.TrimSpace(string(answer))
	if json.Unmarshal(answer, &object) == nil {
		code, fine = object.Error, object.OK == nil || *object.OK
	} else {
		fine = true
	}
	if !word.MatchString(code) {
		code = ""
	}
	return code, fine
}

// allow reports why raw may not be posted to, or nil: only https, only the
// configured hosts; http only on loopback, where that is configured.
func (l *lent) allow(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("the address is missing or malformed")
	}
	host := strings.ToLower(u.Host)
	listed := slices.ContainsFunc(l.hosts, func(h string) bool {
		h = strings.ToLower(h)
		return host == h || h == strings.ToLower(u.Hostname()) && loopback(h)
	})
	if !listed || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return errors.New("the address is not at a host that may be posted to (response_hosts)")
	}
	return nil
}

// take counts a use of at's URL, or says that there is none left.
func (l *lent) take(at place) error {
	now := l.now().Unix()
	if now >= at.Until {
		return &refusal{Code: "expired_url"}
	}
	sum := sha256.Sum256([]byte(at.URL))
	key := [16]byte(sum[:])
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.used[key]
	if u.count >= maxUses {
		return &refusal{Code: "used_url"}
	}
	// Swept when it has doubled: each URL costs a constant share of that.
	if len(l.used) >= max(l.full, 1024) && u.count == 0 {
		for k, old := range l.used {
			if now >= int64(old.until) {
				delete(l.used, k)
			}
		}
		l.full = 2 * len(l.used)
	}
	l.used[key] = uses{u.count + 1, uint32(at.Until)}
	return nil
}

// refusesLayout reports whether Slack found fault with a card itself, so that
// it would take it nowhere.
func refusesLayout(err error) bool {
	code := ""
	if r, ok := errors.AsType[*refusal](err); ok {
		code = r.Code
	} else if r, ok := errors.AsType[slackapi.SlackErrorResponse](err); ok {
		code = r.Err
	}
	switch code {
	case "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long":
		return true
	}
	return false
}
