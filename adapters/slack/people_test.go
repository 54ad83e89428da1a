package slack

import (
	"sync"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat"
)

func TestWhoMayNotBeServed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, profile string // profile: fields of users.info
		tenant        string
		want          string
	}{
		{"a member", `"team_id":"T0001"`, "T0001", ""},
		{"a bot", `"team_id":"T0001","is_bot":true`, "T0001", "a bot"},
		{"a workflow", `"team_id":"T0001","is_workflow_bot":true`, "T0001", "a bot"},
		{"somebody who left", `"team_id":"T0001","deleted":true`, "T0001", "a deactivated account"},
		{"a guest", `"team_id":"T0001","is_restricted":true`, "T0001", "a guest"},
		{"a guest of one channel", `"team_id":"T0001","is_restricted":true,"is_ultra_restricted":true`, "T0001", "a guest"},
		{"a stranger", `"team_id":"T0001","is_stranger":true`, "T0001", "from another workspace"},
		{"a profile of another workspace", `"team_id":"T0666"`, "T0001", "from another workspace"},
		{"a member of several workspaces of a Grid", `"team_id":"T0666","enterprise_user":{"teams":["T0666","T0001"]}`, "T0001", ""},
		{"a click that names another workspace, of somebody elsewhere", `"team_id":"T0666","is_stranger":true`, "T0666", "from another workspace"},
		{"a click that names another workspace, of a Grid's guest", `"team_id":"T0666","is_restricted":true,"enterprise_user":{"teams":["T0666","T0001"]}`, "T0666", "a guest"},
		// A Grid names one of a person's workspaces, wherever they click.
		{"a click that names another workspace of a Grid", `"team_id":"T0666","enterprise_user":{"teams":["T0666","T0001"]}`, "T0666", ""},
		{"a click that names another workspace of a Grid, of nobody here", `"team_id":"T0666","enterprise_user":{"teams":["T0666"]}`, "T0666", "from another workspace"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b, _ := bot(newHandler())
			f, a := play(t, b, nil)
			f.web["users.info"] = `{"ok":true,"user":{"id":"U0001",` + test.profile + `}}`
			u := a.people.vet(t.Context(), chat.User{Platform: "slack", Tenant: test.tenant, ID: "U0001"}, "T0001")
			if u.Outsider != test.want || u.Outsider == "" && u.Tenant != "T0001" {
				t.Errorf("outsider = %q of %s, want %q", u.Outsider, u.Tenant, test.want)
			}
		})
	}
}

func TestAClickFromAnotherWorkspaceSaysSo(t *testing.T) {
	t.Parallel()
	h := newHandler()
	b, work := bot(h)
	f, _ := play(t, b, nil)
	payload := f.click("d1", map[string]any{"action_id": "confirm", "value": "op"}, nil)
	payload["user"] = map[string]any{"id": "U0777", "team_id": "T0777"}
	f.web["users.info"] = `{"ok":false,"error":"user_not_visible"}`
	f.interaction(t, payload)
	drain(t, work)
	if u := (<-h.clicks).User; u.Outsider == "" || u.Key() != "slack/T0777/U0777" {
		t.Errorf("user = %+v", u)
	}
}

// In an Enterprise Grid a person is the same one whether they type or click.
func TestInAGridACommandAndAClickAreOfOnePerson(t *testing.T) {
	t.Parallel()
	h := newHandler()
	b, work := bot(h)
	f, _ := play(t, b, nil)
	f.web["users.info"] = `{"ok":true,"user":{"id":"U0001","team_id":"T0002","real_name":"Dana Ruiz","enterprise_user":{"teams":["T0002","T0001"]}}}`
	f.command(t, f.commandBody("d1", "close 32164"))
	payload := f.click("d2", map[string]any{"action_id": "confirm", "value": "op"}, nil)
	payload["user"] = map[string]any{"id": "U0001", "team_id": "T0002"}
	f.interaction(t, payload)
	drain(t, work)
	if typed, clicked := (<-h.commands).User, (<-h.clicks).User; typed != clicked || clicked.Key() != "slack/T0001/U0001" || clicked.Outsider != "" {
		t.Errorf("%+v typed, %+v clicked", typed, clicked)
	}
}

func TestProfilesAreAskedForOnceAnHour(t *testing.T) {
	t.Parallel()
	b, _ := bot(newHandler())
	now := time.Now()
	f, a := play(t, b, func(o *Options) { o.Now = func() time.Time { return now } })
	ask := func(id string) chat.User {
		return a.people.vet(t.Context(), chat.User{Platform: "slack", Tenant: "T0001", ID: id, Name: "typed"}, "T0001")
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { ask("U0001") })
	}
	all.Wait()
	if u := ask("U0001"); u.Name != "Dana Ruiz" {
		t.Errorf("user = %+v", u)
	}
	calls := len(f.Calls())
	if calls != 1 {
		t.Errorf("asked %d times for one person", calls)
	}
	now = now.Add(time.Hour - time.Second)
	ask("U0001")
	if n := len(f.Calls()); n != calls {
		t.Errorf("asked %d times more within the hour", n-calls)
	}
	ask("U0002")
	now = now.Add(time.Second)
	ask("U0001")
	if n := len(f.Calls()); n != calls+2 {
		t.Errorf("asked %d times more, want 2: another person, and another hour", n-calls)
	}
}

func TestWhereSlackDoesNotTell(t *testing.T) {
	t.Parallel()
	b, _ := bot(newHandler())
	now := time.Now()
	f, a := play(t, b, func(o *Options) { o.Now = func() time.Time { return now } })
	ask := func() chat.User {
		return a.people.vet(t.Context(), chat.User{Platform: "slack", Tenant: "T0001", ID: "U0001", Name: "dana"}, "T0001")
	}
	for name, answer := range map[string]string{
		"the scope is missing": `{"ok":false,"error":"missing_scope"}`, "no JSON": `<html>`, "somebody else": `{"ok":true,"user":{"id":"U0002","is_bot":true}}`,
	} {
		f.web["users.info"] = answer
		now = now.Add(2 * time.Hour)
		if u := ask(); u.Outsider != "" || u.Name != "dana" {
			t.Errorf("%s: user = %+v, want the person as they came", name, u)
		}
	}
	calls := len(f.Calls())
	if ask(); len(f.Calls()) != calls {
		t.Error("asked again at once")
	}
	f.web["users.info"] = `{"ok":true,"user":{"id":"U0001","is_restricted":true}}`
	now = now.Add(time.Minute)
	if u := ask(); u.Outsider != "a guest" {
		t.Errorf("a minute later: user = %+v", u)
	}
	f.web["users.info"] = `{"ok":false,"error":"internal_error"}`
	now = now.Add(2 * time.Hour)
	if u := ask(); u.Outsider != "a guest" {
		t.Errorf("what Slack told before does not hold: user = %+v", u)
	}
}

func TestProfilesAreBounded(t *testing.T) {
	t.Parallel()
	b, _ := bot(newHandler())
	_, a := play(t, b, nil)
	for i := range maxProfiles {
		a.people.known[string(rune('a'+i))] = profile{until: time.Now().Add(time.Hour)}
	}
	a.people.vet(t.Context(), dana, dana.Tenant)
	if n := len(a.people.known); n > maxProfiles {
		t.Errorf("%d profiles are kept", n)
	}
}
