package syncro

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

const (
	settingsCache = "syncrobot:cache:settings"
	settingsFresh = 15 * time.Minute // what is written is one of these
	settingsTTL   = 24 * time.Hour   // forms may offer older ones: what is chosen is looked at again
)

// Settings are what the account calls things. Syncro takes any text for a
// status or a priority, so what is written must be one of these.
type Settings struct {
	Statuses     []string     `json:"statuses"`
	Priorities   []string     `json:"priorities"` // "0 Urgent", "1 High", ...
	ProblemTypes []string     `json:"problem_types"`
	Technicians  []Technician `json:"technicians"`
	TimeZone     string       `json:"time_zone"` // "America/Los_Angeles", as Syncro writes it
	Currency     string       `json:"currency"`  // "$"
	Read         time.Time    `json:"read"`      // when they were read from Syncro
}

// KnownSettings are the account's settings as they were read within the last
// day, without asking Syncro; false where they were not.
func (c *Client) KnownSettings(ctx context.Context) (Settings, bool) {
	var settings Settings
	cached, err := c.redis.Get(ctx, settingsCache).Bytes()
	return settings, err == nil && json.Unmarshal(cached, &settings) == nil
}

// Settings reads the account's settings. They are believed for 15 minutes, by
// everybody.
func (r *Reader) Settings(ctx context.Context) (Settings, error) {
	// Per key: one person's refused key must not refuse the others.
	shared := r.client.settings.DoChan(r.key.reveal(), func() (any, error) {
		// Others wait for this too, so it does not end with one caller's ctx.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*r.client.timeout)
		defer cancel()
		return r.cachedSettings(ctx)
	})
	select {
	case <-ctx.Done():
		return Settings{}, ctx.Err()
	case result := <-shared:
		if result.Err != nil {
			return Settings{}, result.Err
		}
		return result.Val.(Settings), nil
	}
}

func (r *Reader) cachedSettings(ctx context.Context) (Settings, error) {
	if settings, ok := r.client.KnownSettings(ctx); ok && time.Since(settings.Read) < settingsFresh {
		return settings, nil
	}
	settings, err := r.ReadSettings(ctx)
	if err != nil {
		return Settings{}, err
	}
	stored, err := json.Marshal(settings)
	if err != nil {
		return Settings{}, err
	}
	if err := r.client.redis.Set(ctx, settingsCache, stored, settingsTTL).Err(); err != nil {
		r.client.log.WarnContext(ctx, "the settings of Syncro could not be cached", "error", err)
	}
	return settings, nil
}

// ReadSettings reads them from Syncro, whatever is kept in Redis.
func (r *Reader) ReadSettings(ctx context.Context) (Settings, error) {
	const tickets, account = "/tickets/settings", "/settings"
	body, err := r.get(ctx, tickets)
	if err != nil {
		return Settings{}, err
	}
	forTickets, err := decodeOne[struct {
		Statuses []text              `json:"ticket_status_list"`
		Users    loose[[]Technician] `json:"users"`
	}](body, "settings")
	if err == nil && len(forTickets.Statuses) == 0 {
		err = fmt.Errorf("%w: no list of statuses", errShape)
	}
	if err != nil {
		return Settings{}, garbled(tickets, err)
	}
	if body, err = r.get(ctx, account); err != nil {
		return Settings{}, err
	}
	forAccount, err := decodeOne[struct {
		Ticket struct {
			Priorities   []text `json:"priorities"`
			ProblemTypes []text `json:"problem_types"`
		} `json:"ticket"`
		Locale struct {
			TimeZone text `json:"time_zone"`
			Currency text `json:"currency_symbol"`
		} `json:"locale"`
	}](body, "settings")
	if err != nil {
		return Settings{}, garbled(account, err)
	}
	technicians := forTickets.Users.value
	if len(technicians) == 0 {
		if technicians, err = r.users(ctx); err != nil {
			return Settings{}, err
		}
	}
	return Settings{
		Statuses:     nonEmpty(forTickets.Statuses),
		Priorities:   nonEmpty(forAccount.Ticket.Priorities),
		ProblemTypes: nonEmpty(forAccount.Ticket.ProblemTypes),
		Technicians:  slices.DeleteFunc(technicians, func(t Technician) bool { return t.ID <= 0 }),
		TimeZone:     string(forAccount.Locale.TimeZone),
		Currency:     string(forAccount.Locale.Currency),
		Read:         time.Now(),
	}, nil
}

// nonEmpty leaves out the empty entry that Syncro's lists begin with.
func nonEmpty(values []text) []string {
	var all []string
	for _, v := range values {
		if v != "" {
			all = append(all, string(v))
		}
	}
	return all
}
