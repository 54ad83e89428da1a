package slack

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"
	"golang.org/x/sync/singleflight"

	"github.com/syncrobot/syncrobot/chat"
)

const (
	profileTTL     = time.Hour       // how long a profile is believed
	profileRetry   = time.Minute     // when Slack is asked again after it did not tell
	profileTimeout = 5 * time.Second // a person waits for it
	maxProfiles    = 4096
)

// people knows who may not be served however they are configured: guests,
// bots, people of other workspaces.
type people struct {
	web    *slackapi.Client
	served func(team string) bool
	log    *slog.Logger
	now    func() time.Time

	asking singleflight.Group
	mu     sync.Mutex
	known  map[string]profile // by user id
}

type profile struct {
	name     string   // empty while Slack never told
	teams    []string // workspaces that they are in: one, or several of an Enterprise Grid
	outsider string
	until    time.Time
}

func newPeople(web *slackapi.Client, served func(string) bool, log *slog.Logger, now func() time.Time) *people {
	return &people{web: web, served: served, log: log, now: now, known: map[string]profile{}}
}

// vet completes u, who did something in the workspace where, with what Slack
// says about the person. Where Slack does not say (no users:read, no network)
// u stays as it is: the administrator named the person in the configuration.
//
// An Enterprise Grid names the same one of a person's workspaces with all they
// click, and with what they type the one where they do (slackapi/bolt-js issue
// 1875): they are of the latter wherever they are a member of it.
func (p *people) vet(ctx context.Context, u chat.User, where string) chat.User {
	known := p.profile(ctx, u.ID)
	if slices.Contains(known.teams, where) {
		u.Tenant = where
	}
	if !p.served(u.Tenant) {
		u.Outsider = "from another workspace"
		return u
	}
	if known.name != "" {
		u.Name = known.name
	}
	u.Outsider = known.outsider
	return u
}

// learn asks for the names of people, all at once, until ctx ends.
func (p *people) learn(ctx context.Context, ids []string) {
	var all sync.WaitGroup
	for _, id := range ids {
		all.Go(func() { p.profile(ctx, id) })
	}
	all.Wait()
}

// profile is what Slack says about a person. Where ctx ends first it is what
// was known before.
func (p *people) profile(ctx context.Context, id string) profile {
	known, fresh := p.recall(id)
	if fresh {
		return known
	}
	select {
	case asked := <-p.asking.DoChan(id, func() (any, error) { return p.ask(ctx, id), nil }):
		return asked.Val.(profile)
	case <-ctx.Done():
		return known
	}
}

// recall is what is known about a person, and whether it is still believed.
func (p *people) recall(id string) (known profile, fresh bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known = p.known[id]
	return known, p.now().Before(known.until)
}

// ask asks Slack and remembers the answer. Where there is none, what was
// known before holds a little longer.
func (p *people) ask(ctx context.Context, id string) profile {
	found, fresh := p.recall(id)
	if fresh { // told while we waited for our turn
		return found
	}
	// Others wait for the same answer: one of them going away ends nothing.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), profileTimeout)
	defer cancel()
	found.until = p.now().Add(profileRetry)
	member, err := p.web.GetUserInfoContext(ctx, id)
	if err == nil && member.ID != id {
		err = errors.New("the answer is about somebody else")
	}
	if err != nil {
		p.log.WarnContext(ctx, "Slack does not tell who this is; the configuration decides alone", "user", id, "error", err)
	} else {
		found = profile{
			name: member.RealName, teams: append(member.Enterprise.Teams, member.TeamID),
			outsider: p.outsider(member), until: p.now().Add(profileTTL),
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= maxProfiles {
		clear(p.known) // they are asked for again, one by one
	}
	p.known[id] = found
	return found
}

// outsider says why u may not be served; empty for an ordinary member.
func (p *people) outsider(u *slackapi.User) string {
	switch {
	case u.IsBot || u.IsWorkflowBot || u.IsConnectorBot:
		return "a bot"
	case u.Deleted:
		return "a deactivated account"
	case u.IsStranger:
		return "from another workspace"
	case u.IsRestricted || u.IsUltraRestricted:
		return "a guest"
	case u.TeamID != "" && !p.served(u.TeamID) && !slices.ContainsFunc(u.Enterprise.Teams, p.served):
		// In an Enterprise Grid team_id is the first of the person's workspaces.
		return "from another workspace"
	}
	return ""
}
