// Package slack serves the bot in Slack. Slash commands, clicks, forms and
// shortcuts come in over HTTP or, in Socket Mode, over connections that the
// bot opens; answers go out through the response_url that
// Slack lends for most of them, and through the Web API where there is none or
// it is used up.
package slack

import (
	"cmp"
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/syncrobot/syncrobot/chat"
)

// Options are what an Adapter needs. What is not called optional must be
// there.
type Options struct {
	Teams         []string // workspaces served, as "T0001"
	AppID         string   // optional; where given, requests of other apps are refused
	SigningSecret string   // needed where there is no AppToken
	AppToken      string   // where given, the bot calls Slack (Socket Mode) and serves no routes
	BotToken      string
	Command       string   // optional: "/syncro"
	APIURL        string   // optional: "https://slack.com/api/"; http only on loopback
	ResponseHosts []string // optional: "hooks.slack.com"; a loopback host or host:port may be http

	Handler chat.Handler
	Seen    chat.Seen
	Work    *chat.Work

	// Door, optional, is told of each delivery over a socket, by its kind, and
	// by the function that it returns when that was acknowledged.
	Door func(ctx context.Context, kind string) (context.Context, func())

	Log *slog.Logger     // optional: nothing is logged
	Now func() time.Time // optional: time.Now
}

// Adapter is Slack as a chat.Adapter.
type Adapter struct {
	teams   []string
	appID   string
	command string
	handler chat.Handler
	seen    chat.Seen
	work    *chat.Work
	log     *slog.Logger
	now     func() time.Time
	proof   proof
	people  *people
	lent    *lent
	web     *slackapi.Client // waits out the pauses that Slack asks for
	calm    *slackapi.Client // tells of them instead
	seal    cipher.AEAD
	socket  *socket // nil over HTTP

	channels channels
}

var _ chat.Adapter = (*Adapter)(nil)

const (
	webTimeout  = 10 * time.Second // one call to Slack, its answer included
	webPatience = 30 * time.Second // one message by the Web API, with the pauses that Slack asks for
	drawTime    = 8 * time.Second  // what a click shows, where something comes after: it draws again
)

// New makes an Adapter. The error names everything that is wrong with o.
func New(o Options) (*Adapter, error) {
	if o.Command == "" {
		o.Command = "/syncro"
	}
	if o.APIURL == "" {
		o.APIURL = slackapi.APIURL
	}
	if len(o.ResponseHosts) == 0 {
		o.ResponseHosts = []string{"hooks.slack.com"}
	}
	o.APIURL = strings.TrimSuffix(o.APIURL, "/") + "/"
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("slack: %w", err)
	}
	seal, err := newSeal(cmp.Or(o.SigningSecret, o.AppToken))
	if err != nil {
		return nil, fmt.Errorf("slack: %w", err)
	}
	client := &http.Client{
		Timeout: webTimeout,
		// Slack redirects neither the Web API nor a response_url; a followed
		// redirect would carry the token or the answer to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	web := []slackapi.Option{slackapi.OptionAPIURL(o.APIURL), slackapi.OptionHTTPClient(client)}
	a := &Adapter{
		teams: o.Teams, appID: o.AppID, command: o.Command,
		handler: o.Handler, seen: o.Seen, work: o.Work, log: o.Log, now: o.Now,
		proof:    proof{secret: []byte(o.SigningSecret), now: o.Now},
		lent:     newLent(client, o.ResponseHosts, o.Now),
		web:      slackapi.New(o.BotToken, append(web, slackapi.OptionRetry(2))...), // after the client: it wraps it
		calm:     slackapi.New(o.BotToken, web...),
		seal:     seal,
		channels: channels{now: o.Now, known: map[string]channelInfo{}},
	}
	a.people = newPeople(a.web, a.served, o.Log, o.Now)
	if o.AppToken != "" {
		a.socket = newSocket(a, o, client)
	}
	return a, nil
}

func (o Options) check() error {
	var faults []error
	need := func(there bool, what string) {
		if !there {
			faults = append(faults, errors.New(what))
		}
	}
	need(len(o.Teams) > 0 && !slices.Contains(o.Teams, ""), "no workspace to serve (teams)")
	need(o.SigningSecret != "" || o.AppToken != "", "neither a signing secret nor an app-level token")
	need(o.BotToken != "", "no bot token")
	need(len(o.Command) > 1 && o.Command[0] == '/', "a command begins with / and has a name")
	need(o.Handler != nil && o.Seen != nil && o.Work != nil, "no handler, memory or work")
	if u, err := url.Parse(o.APIURL); err != nil || u.Host == "" || u.User != nil ||
		u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		faults = append(faults, errors.New("the API's address must be https, or http on loopback"))
	}
	return errors.Join(faults...)
}

// loopback reports whether host, without a port, is this machine.
func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// Name is "slack".
func (a *Adapter) Name() string { return "slack" }

func (a *Adapter) served(team string) bool { return slices.Contains(a.teams, team) }

// memoryTimeout bounds the one question to Redis before an acknowledgement:
// Slack gives up after 3 s.
const memoryTimeout = time.Second

// takeCommand takes a slash command that is proven to be Slack's. It returns what
// the person is told at once, in words that are not escaped; nothing when the
// command was taken or was taken before. delivery is the same for the same
// delivery alone.
func (a *Adapter) takeCommand(ctx context.Context, delivery string, c slashCommand) (notice string) {
	switch {
	case a.appID != "" && c.AppID != a.appID:
		a.log.WarnContext(ctx, "slash command of another app", "delivery", delivery, "app", c.AppID)
		return "Nothing was sent. This command came from another Slack app than the one I serve."
	case !a.served(c.TeamID) || bool(c.OrgInstall):
		a.log.WarnContext(ctx, "slash command from a workspace that is not served", "delivery", delivery, "team", c.TeamID)
		return "Nothing was sent. I do not serve this workspace."
	case c.Command != a.command:
		a.log.WarnContext(ctx, "another slash command", "delivery", delivery, "command", c.Command)
		return "Nothing was sent. I answer to " + a.command + " alone."
	}
	begin, ok := a.work.Reserve(ctx, c.user().Key())
	if !ok {
		return busy
	}
	first, err := a.first(ctx, delivery)
	if err != nil || !first {
		begin(nil)
	}
	switch {
	case err != nil:
		return "Nothing was sent. My memory (Redis) does not answer, and without it I could do things twice. Please try again in a minute."
	case !first:
		return ""
	}
	at, trigger := a.place(c.ResponseURL, c.ChannelID), a.trigger(c.TriggerID)
	begin(func(ctx context.Context) {
		req := chat.Request{Delivery: delivery, User: a.people.vet(ctx, c.user(), c.TeamID), Text: literal(c.Text)}
		a.handler.Command(ctx, req, replier{a, req.User, at, false, trigger})
	})
	return ""
}

// first reports whether a delivery is not a repeat of an earlier one.
func (a *Adapter) first(ctx context.Context, delivery string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, memoryTimeout)
	defer cancel()
	first, err := a.seen.First(ctx, "slack/"+delivery)
	switch {
	case err != nil:
		a.log.ErrorContext(ctx, "the memory does not answer", "delivery", delivery, "error", err)
	case !first:
		a.log.InfoContext(ctx, "a repeat", "delivery", delivery)
	}
	return first, err
}

const busy = "Nothing was sent. I have too much to do at the moment, or I am being restarted: please try again in a minute."

// takeClick takes a click that is proven to be Slack's. Only pressed buttons
// of our own are anything to do; the rest is dropped.
func (a *Adapter) takeClick(ctx context.Context, delivery string, p interaction) {
	button, pressed := p.button()
	switch {
	case !pressed:
		a.log.DebugContext(ctx, "nothing to do for an interaction", "delivery", delivery, "type", p.Type)
		return
	case a.appID != "" && p.AppID != a.appID:
		a.log.WarnContext(ctx, "click on another app's card", "delivery", delivery, "app", p.AppID)
		return
	case !a.served(p.Team.ID):
		a.log.WarnContext(ctx, "click in a workspace that is not served", "delivery", delivery, "team", p.Team.ID)
		return
	}
	at := a.place(p.ResponseURL, p.channel())
	at.Home = p.View.Type == string(slackapi.VTHomeTab)
	aside := at
	at.TS, aside.Aside = p.message(), true
	req := chat.Request{Delivery: delivery, User: p.user(), Click: &chat.Click{
		Verb: verbOf(button.ActionID), Value: button.Value, Card: a.ref(at), Aside: a.ref(aside),
	}}
	trigger := a.trigger(p.TriggerID)
	a.startOrSay(ctx, req, at, func(ctx context.Context) { a.click(ctx, req, p.Team.ID, at, trigger) })
}

// startOrSay starts f, once for a delivery, or tells the person that there is
// too much to do. Without a memory it starts f: what a click does is done once
// whatever happens.
func (a *Adapter) startOrSay(ctx context.Context, req chat.Request, at place, f func(context.Context)) {
	if a.work.StartFor(ctx, req.User.Key(), func(ctx context.Context) {
		if first, err := a.first(ctx, req.Delivery); first || err != nil {
			f(ctx)
		}
	}) {
		return
	}
	told, cancel := context.WithTimeout(ctx, memoryTimeout)
	defer cancel()
	if err := a.show(told, req.User, at, chat.Card{Parts: []chat.Part{chat.Text(busy)}}, false); err != nil {
		a.log.ErrorContext(ctx, "something was refused, in silence", "delivery", req.Delivery, "error", err)
	}
}

func (a *Adapter) click(ctx context.Context, req chat.Request, where string, at place, trigger trigger) {
	req.User = a.people.vet(ctx, req.User, where)
	var answer chat.Answer
	if !at.Home || req.Click.Verb != verbBack {
		answer = a.handler.Click(ctx, req)
	}
	if answer.Form != nil { // before anything else: Slack does not wait
		if err := (replier{a, req.User, at, true, trigger}).Ask(ctx, *answer.Form); err != nil {
			a.log.ErrorContext(ctx, "the form that a click asked for is not shown", "delivery", req.Delivery, "error", err)
		}
	}
	drawing, stop := ctx, context.CancelFunc(func() {})
	if answer.Then != nil { // it may be what was confirmed
		drawing, stop = context.WithTimeout(ctx, drawTime)
	}
	defer stop()
	draw := func(card *chat.Card, replace bool) {
		if card == nil {
			return
		}
		if err := a.show(drawing, req.User, at, *card, replace); err != nil {
			a.log.ErrorContext(ctx, "the answer to a click is not shown", "delivery", req.Delivery, "error", err)
		}
	}
	draw(answer.Replace, true)
	draw(answer.Aside, false)
	if answer.Then != nil {
		answer.Then(ctx)
	}
	if at.Home && answer.Replace == nil && answer.Aside == nil && answer.Form == nil {
		a.openHome(ctx, req, "")
	}
}

// Redraw replaces the card at ref where Slack still allows it: a message at any
// time, what one person alone sees 5 times within 30 minutes of the click that
// ref came from. Later, or when it is refused, the card is shown to user
// alone, in the same channel or else in a direct message.
func (a *Adapter) Redraw(ctx context.Context, user chat.User, ref chat.Ref, card chat.Card) error {
	at, err := a.open(ref)
	if err != nil {
		a.log.WarnContext(ctx, "a card's place is not known any more", "user", user.Key(), "error", err)
	}
	return a.show(ctx, user, at, card, !at.Aside)
}

// replier answers what a person did at a place.
type replier struct {
	a       *Adapter
	user    chat.User
	at      place
	card    bool // at is a card's: the answer takes its place
	trigger trigger
}

// Reply's Ref is empty where at is no card: Slack replaces nothing but what was
// clicked.
func (r replier) Reply(ctx context.Context, card chat.Card) (chat.Ref, error) {
	if err := r.a.show(ctx, r.user, r.at, card, r.card); err != nil || !r.card {
		return "", err
	}
	return r.a.ref(r.at), nil
}
