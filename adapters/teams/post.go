package teams

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/syncrobot/syncrobot/chat"
)

// defaultService is where tenants are served from which nothing was heard
// yet. Source: @microsoft/teams.apps 2.0.16, the default of proactive
// messages.
const defaultService = "https://smba.trafficmanager.net/teams/"

// unsentPause is when it is tried again where Teams could not be reached, or
// does not say when.
const unsentPause = 10 * time.Second

// Post shows card as a new thread in a channel, as a message in a group chat
// or in a person's own chat, or below a card.
func (a *Adapter) Post(ctx context.Context, at chat.Place, card chat.Card) (chat.Ref, error) {
	to, err := a.placeOf(ctx, at)
	if err != nil {
		return "", err
	}
	d := render(card)
	var ref chat.Ref
	if at.Thread == "" && at.Person == nil && isChannel(to.Conversation) {
		ref, err = a.begin(ctx, to, d)
	} else {
		ref, err = a.send(ctx, to, "", d)
	}
	return ref, a.unposted(err)
}

// begin shows d as the first message of a new thread in a channel.
func (a *Adapter) begin(ctx context.Context, at place, d drawn) (chat.Ref, error) {
	service, err := url.Parse(at.Service)
	if err != nil {
		return "", err
	}
	first, err := wire(a.outgoing(place{}, d))
	if err != nil {
		return "", err
	}
	at.Conversation, at.Activity, err = a.connector.createThread(ctx, service, a.account(), at.Conversation, a.tenant, first)
	return at.ref(), err
}

// Reach asks whether Post could show something at a place. In a conversation
// it asks who is in it; a person's own chat is opened, which nobody sees.
func (a *Adapter) Reach(ctx context.Context, at chat.Place) error {
	to, err := a.placeOf(ctx, at)
	if err != nil || at.Person != nil {
		return err
	}
	service, err := url.Parse(to.Service)
	if err != nil {
		return err
	}
	conversation, _, _ := strings.Cut(to.Conversation, ";messageid=")
	u := service.JoinPath("v3", "conversations", url.PathEscape(conversation), "pagedmembers")
	u.RawQuery = url.Values{"pageSize": {"50"}}.Encode() // the least that Teams takes
	_, err = a.connector.Get(ctx, *u)
	return a.unposted(err)
}

// placeOf is where at is; of a person it is their own chat with the bot.
func (a *Adapter) placeOf(ctx context.Context, at chat.Place) (place, error) {
	if at.Thread != "" {
		to, err := parseRef(at.Thread)
		if err != nil {
			return place{}, &chat.UnreachableError{Why: "the card that it belongs below is not known any more", Err: err}
		}
		to.Activity = ""
		return to, nil
	}
	if at.Person != nil && at.Person.Tenant != a.tenant {
		return place{}, &chat.UnreachableError{Why: "the person is in another organisation than the one served"}
	}
	service, err := a.references.service(ctx, at.Channel)
	if err != nil {
		return place{}, &chat.LaterError{Until: a.now().Add(unsentPause), Err: err}
	}
	to := place{Service: service, Conversation: at.Channel}
	if u, err := url.Parse(service); err != nil || !a.connector.hosts.allow(u) {
		return place{}, &chat.UnreachableError{Why: "the bot has heard nothing from Teams yet, and so does not know where to send to",
			Remedy: "Add the app to the team or chat, or write a message to the bot there.", Err: errHost}
	}
	if at.Person == nil {
		if !plainID(at.Channel) {
			return place{}, &chat.UnreachableError{Why: fmt.Sprintf("%q is no id of a channel or chat", at.Channel), Remedy: "Copy the channel's link in Teams into the route."}
		}
		return to, nil
	}
	to, err = a.personalChat(ctx, to, at.Person.ID)
	if err = a.unposted(err); err == nil {
		return to, nil
	}
	if _, ok := errors.AsType[*chat.UnreachableError](err); ok {
		return place{}, err
	}
	if _, ok := errors.AsType[*chat.LaterError](err); ok {
		return place{}, err
	}
	// The chat is opened once, however often that is asked for.
	return place{}, &chat.LaterError{Until: a.now().Add(unsentPause), Err: err}
}

// isChannel reports whether id is a channel's, in which messages are threads.
func isChannel(id string) bool {
	return strings.HasSuffix(id, "@thread.tacv2") || strings.HasSuffix(id, "@thread.skype")
}

// unposted sorts a failure: tried again later, not before somebody does
// something, or nobody knows whether it was shown.
func (a *Adapter) unposted(err error) error {
	later := func(d time.Duration) error { return &chat.LaterError{Until: a.now().Add(d), Err: err} }
	if err == nil {
		return nil
	}
	if errors.Is(err, errHost) {
		return &chat.UnreachableError{Why: "the address that Teams gave for this place is not in teams.service_hosts", Remedy: "Add its host there.", Err: err}
	}
	if dial, ok := errors.AsType[*net.OpError](err); errors.Is(err, errSignIn) || ok && dial.Op == "dial" {
		return later(unsentPause)
	}
	said, ok := errors.AsType[*connectorError](err)
	switch {
	case !ok || said.Status >= 500 || said.Status == http.StatusRequestTimeout || said.Status == http.StatusPreconditionFailed:
		return err
	case said.Status == http.StatusTooManyRequests:
		return later(cmp.Or(said.RetryAfter, unsentPause))
	case said.Status == http.StatusUnauthorized:
		return &chat.UnreachableError{Why: "Teams does not take the bot's token", Remedy: "Check teams.app_id, teams.tenant_id and teams.client_secret.", Err: err}
	case said.Code == "MessageWritesBlocked":
		return &chat.UnreachableError{Why: "the bot is blocked there", Remedy: "Whoever blocked it can unblock it; or take the route out.", Err: err}
	case said.Status == http.StatusForbidden:
		return &chat.UnreachableError{Why: "the app is not installed there", Remedy: "Add the app to the team, the chat or for the person.", Err: err}
	case said.Status == http.StatusNotFound:
		return &chat.UnreachableError{Why: "Teams knows no such channel or chat, or not for this bot", Remedy: "Copy the channel's link in Teams into the route, and add the app to the team.", Err: err}
	}
	return &chat.UnreachableError{Why: "Teams refuses", Err: err}
}

// references are where conversations are served, as learned from what came
// from there: Teams tells nobody who asks.
type references struct {
	notes chat.Notes
	now   func() time.Time

	mu    sync.Mutex
	known map[string]reference // by conversation
}

type reference struct {
	service string
	noted   time.Time
}

const (
	referenceFresh = time.Hour   // after so long it is noted again
	noteTime       = time.Second // somebody may be waiting for an answer
	maxReferences  = 4096        // in this process
)

func referenceKey(conversation string) string { return platform + "/service/" + conversation }

// service is where a conversation is served; where nothing came from it, where
// the tenant is as far as known.
func (r *references) service(ctx context.Context, conversation string) (string, error) {
	for _, of := range slices.Compact([]string{conversation, ""}) {
		service, err := r.notes.Noted(ctx, referenceKey(of))
		if err != nil || service != "" {
			return service, err
		}
	}
	return defaultService, nil
}

// keep notes where act came from, which was authenticated with its serviceUrl;
// or forgets it, where the bot was taken out.
func (r *references) keep(ctx context.Context, act activity) {
	conversation, _, _ := strings.Cut(act.Conversation.ID, ";messageid=")
	service := act.ServiceURL
	if act.removed() {
		service = ""
	}
	if !r.news(conversation, service) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, noteTime)
	defer cancel()
	err := r.notes.Note(ctx, referenceKey(conversation), service)
	if err == nil && service != "" {
		err = r.notes.Note(ctx, referenceKey(""), service)
	}
	if err != nil { // the next activity tries again
		r.forget(conversation)
	}
}

// news reports whether this is not noted yet, or not lately, and remembers it.
func (r *references) news(conversation, service string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.known[conversation]
	if ok && known.service == service && r.now().Sub(known.noted) < referenceFresh {
		return false
	}
	if len(r.known) >= maxReferences {
		clear(r.known)
	}
	r.known[conversation] = reference{service, r.now()}
	return true
}

func (r *references) forget(conversation string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, conversation)
}

// createThread begins a thread in a channel with an activity, and returns the
// thread's conversation id and the activity's. It is not tried again where it
// may have been done.
func (c *connector) createThread(ctx context.Context, service *url.URL, bot, channel, tenant string, first json.RawMessage) (conversation, activity string, err error) {
	type named struct {
		ID string `json:"id"`
	}
	body, err := encode(map[string]any{
		"isGroup":     true,
		"bot":         named{bot},
		"tenantId":    tenant,
		"channelData": map[string]any{"channel": named{channel}, "tenant": named{tenant}},
		"activity":    first,
	})
	if err != nil {
		return "", "", err
	}
	answer, err := c.call(ctx, http.MethodPost, *service.JoinPath("v3", "conversations"), body)
	if err != nil {
		return "", "", err
	}
	var created struct {
		ID         string `json:"id"`
		ActivityID string `json:"activityId"`
	}
	if json.Unmarshal(answer, &created) != nil || !plainID(created.ID) {
		return "", "", errors.New("connector: the new thread has no usable id")
	}
	_, begun, _ := strings.Cut(created.ID, ";messageid=")
	if activity = cmp.Or(created.ActivityID, begun); !plainID(activity) {
		return "", "", errors.New("connector: the new thread's first message has no usable id")
	}
	return created.ID, activity, nil
}
