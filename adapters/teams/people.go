package teams

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/syncrobot/syncrobot/chat"
)

// How long what Teams says of a member is believed, and of how many.
const (
	memberFresh = time.Hour
	rosterFresh = 5 * time.Minute // who is in a conversation
	maxMembers  = 1000
)

// members remembers who is an outsider, by Teams' account id; or in which
// conversations one is, by their ids.
type members struct {
	now   func() time.Time
	fresh time.Duration

	mu   sync.Mutex
	byID map[string]member
}

type member struct {
	outsider string
	learned  time.Time
}

func newMembers(now func() time.Time, fresh time.Duration) *members {
	return &members{now: now, fresh: fresh, byID: make(map[string]member)}
}

func (m *members) get(id string) (outsider string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok := m.byID[id]
	return known.outsider, ok && m.now().Sub(known.learned) < m.fresh
}

func (m *members) put(id, outsider string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.byID) >= maxMembers {
		clear(m.byID)
	}
	m.byID[id] = member{outsider: outsider, learned: m.now()}
}

// sender is who sent act, without asking anybody whether they are a guest.
func (a *Adapter) sender(act activity) chat.User {
	return chat.User{Platform: platform, Tenant: a.tenant, ID: act.person(), Name: act.From.Name}
}

// user is who sent act. Whether they are a guest is asked of Teams; when that
// cannot be learned they are served, since whom the bot works for is decided
// by their Entra id in the configuration.
func (a *Adapter) user(ctx context.Context, act activity) chat.User {
	u := a.sender(act)
	switch {
	case act.From.Role == "bot" || strings.HasPrefix(act.From.ID, "28:"):
		u.Outsider = "a bot"
	case act.From.Entra == "":
		u.Outsider = "not signed in with an account of the organisation"
	default:
		outsider, err := a.outsider(ctx, act)
		if err != nil {
			a.log.Warn("teams: it could not be learned whether a person is a guest", "person", u.ID, "err", err)
		}
		u.Outsider = outsider
	}
	return u
}

func (a *Adapter) outsider(ctx context.Context, act activity) (string, error) {
	if outsider, ok := a.members.get(act.From.ID); ok {
		return outsider, nil
	}
	service, err := url.Parse(act.ServiceURL)
	if err != nil {
		return "", err
	}
	// A thread's members are its channel's.
	conversation, _, _ := strings.Cut(act.Conversation.ID, ";messageid=")
	answer, err := a.bot.Get(ctx, *service.JoinPath("v3", "conversations", url.PathEscape(conversation), "members", url.PathEscape(act.From.ID)))
	if err != nil {
		return "", err
	}
	var said memberRecord
	if err := json.Unmarshal(answer, &said); err != nil {
		return "", fmt.Errorf("the member's record: %w", err)
	}
	outsider := said.outsider(a.tenant)
	a.members.put(act.From.ID, outsider)
	return outsider, nil
}

// memberRecord is a member as the connector tells: the shape is that of
// recorded answers.
type memberRecord struct {
	Tenant string `json:"tenantId"`
	Role   string `json:"userRole"`
	UPN    string `json:"userPrincipalName"`
}

// outsider says why a member is not the organisation's own; empty where they
// are. #EXT# is in every guest's user principal name in Entra.
func (m memberRecord) outsider(tenant string) string {
	switch {
	case m.Tenant != "" && !strings.EqualFold(m.Tenant, tenant):
		return "from another organisation"
	case strings.EqualFold(m.Role, "guest"), strings.Contains(strings.ToUpper(m.UPN), "#EXT#"):
		return "a guest"
	case strings.EqualFold(m.Role, "anonymous"):
		return "an anonymous guest"
	}
	return ""
}
