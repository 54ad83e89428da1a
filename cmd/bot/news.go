package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/commands"
	"github.com/syncrobot/syncrobot/config"
	"github.com/syncrobot/syncrobot/notify"
	"github.com/syncrobot/syncrobot/syncro"
)

// newNotifier makes what speaks first, by the routes of the config.
func newNotifier(b *bot, client *syncro.Client) *notify.Notifier {
	// The routes are those of the start, the technicians those of the last SIGHUP.
	left := &chat.UnreachableError{Why: "that is no technician any more", Remedy: "Restart the bot with the routes that are left."}
	return notify.New(notify.Options{
		Routes: routes(b.cfg), Redis: b.redis, Poll: b.cfg.Notify.Poll, Log: b.log, Observe: b.figures.told,
		Reader: func(ctx context.Context) (*syncro.Reader, string, error) {
			t, err := b.people.Watcher(ctx)
			if err != nil {
				return nil, "", fmt.Errorf("there is no key to read news with: %w", err)
			}
			as := "of technician " + t.Name
			if t.Shared {
				as = "the shared one"
			}
			return client.Reader(t.Key, syncro.ClassPolling), fmt.Sprintf("%s (%s)", as, t.FullName), nil
		},
		Post: func(ctx context.Context, at chat.Place, card chat.Card) (chat.Ref, error) {
			if at.Person != nil && !b.people.Known(*at.Person) {
				return "", left
			}
			return b.platforms.Post(ctx, at, card)
		},
		Redraw: func(ctx context.Context, user chat.User, ref chat.Ref, card chat.Card) error {
			if user.ID != "" && !b.people.Known(user) {
				return left
			}
			return b.platforms.Redraw(ctx, user, ref, card)
		},
		Quiet:   quiet(b.cfg),
		Buttons: commands.NewsButtons, TicketURL: client.TicketURL, InvoiceURL: client.InvoiceURL,
	})
}

// quiet are the quiet hours where a place is: in private, where the person
// works.
func quiet(cfg *config.Config) func(chat.Place, time.Time) time.Time {
	q := cfg.Notify.Quiet
	return func(at chat.Place, now time.Time) time.Time {
		zone := q.Zone
		for _, t := range cfg.Technicians {
			if at.Person != nil && t.Zone != nil && slices.Contains(t.Users(), at.Person.Key()) {
				zone = t.Zone
			}
		}
		return notify.Quiet{From: q.From, To: q.To}.Until(now.In(cmp.Or(zone, time.Local)))
	}
}

// routes are those of the config, with their places as the platforms know
// them.
func routes(cfg *config.Config) []notify.Route {
	var all []notify.Route
	for _, r := range cfg.Notify.Routes {
		all = append(all, notify.Route{
			Event: notify.Event(r.Event), To: places(cfg, r), Person: r.Person, Customers: r.Customers, Technicians: r.Technicians, MinTotal: r.MinTotal,
		})
	}
	return all
}

// places are where a route leads: one, or all the ways to a person.
func places(cfg *config.Config, r config.Route) []chat.Place {
	switch {
	case r.Slack != "":
		return []chat.Place{{Platform: "slack", Channel: r.Slack}}
	case r.Teams != "":
		return []chat.Place{{Platform: "teams", Channel: r.Teams}}
	}
	var all []chat.Place
	for _, t := range cfg.Technicians {
		if t.Name != r.Person {
			continue
		}
		for _, u := range t.ChatUsers() {
			if u.Platform == "slack" && cfg.Slack != nil || u.Platform == "teams" && cfg.Teams != nil {
				all = append(all, chat.Place{Platform: u.Platform, Person: &chat.User{Platform: u.Platform, Tenant: u.Tenant, ID: u.ID}})
			}
		}
	}
	return all
}
