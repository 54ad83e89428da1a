package slack

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/syncrobot/syncrobot/chat"
)

// subscribed is the part of an Events API delivery that counts.
type subscribed struct {
	Type      string          `json:"type"` // "event_callback"
	TeamID    string          `json:"team_id"`
	AppID     string          `json:"api_app_id"`
	EventID   string          `json:"event_id"` // the same when Slack repeats it
	ExtShared bool            `json:"is_ext_shared_channel"`
	Event     json.RawMessage `json:"event"`
}

type event struct {
	Type    string `json:"type"`
	User    string `json:"user"`
	Channel string `json:"channel"`

	// Of app_home_opened.
	Tab  string `json:"tab"`
	View struct {
		Hash string `json:"hash"`
	} `json:"view"` // what the person sees until it is drawn anew

	// Of link_shared.
	MessageTS string `json:"message_ts"`
	UnfurlID  string `json:"unfurl_id"`
	Source    string `json:"source"`
	Links     []struct {
		URL string `json:"url"`
	} `json:"links"`
}

var errNoEvent = errors.New("the body is no event")

// onEvent takes an event that the app subscribed to. Those that nothing is
// done about are taken as well, so that Slack does not repeat them.
func (a *Adapter) onEvent(ctx context.Context, payload []byte) error {
	var s subscribed
	if json.Unmarshal(payload, &s) != nil {
		return errNoEvent
	}
	var e event
	if json.Unmarshal(s.Event, &e) != nil {
		e = event{} // of another kind than those that something is done about
	}
	req := chat.Request{Delivery: s.EventID, User: chat.User{Platform: "slack", Tenant: s.TeamID, ID: e.User}}
	var do func(context.Context)
	switch {
	case s.Type != "event_callback" || s.EventID == "" || e.User == "":
	case a.appID != "" && s.AppID != a.appID:
		a.log.WarnContext(ctx, "another app's event", "delivery", s.EventID, "app", s.AppID)
	case !a.served(s.TeamID):
		a.log.WarnContext(ctx, "an event in a workspace that is not served", "delivery", s.EventID, "team", s.TeamID)
	case e.Type == "app_home_opened" && e.Tab == "home":
		do = func(ctx context.Context) { a.openHome(ctx, req, e.View.Hash) }
	case e.Type == "link_shared" && e.Source != fromComposer && !s.ExtShared:
		do = func(ctx context.Context) { a.unfurl(ctx, req, e) }
	}
	if do == nil {
		return nil
	}
	// What is lost here is only a page that can be opened again, or a preview.
	if !a.work.StartFor(ctx, req.User.Key(), func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, eventTime)
		defer cancel()
		if first, err := a.first(ctx, s.EventID); first && err == nil {
			do(ctx)
		}
	}) {
		a.log.WarnContext(ctx, "too busy for an event", "delivery", s.EventID, "type", e.Type)
	}
	return nil
}
