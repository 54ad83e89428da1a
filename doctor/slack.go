package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/syncrobot/syncrobot/adapters/slack"
	"github.com/syncrobot/syncrobot/chat"
)

// slack looks at the app, its scopes, and whether it knows the technicians.
func (x *examination) slack(ctx context.Context, f *findings) {
	c := x.Config.Slack
	if c == nil {
		f.skip("app", "the config has no slack section")
		return
	}
	page := "https://api.slack.com/apps/" + c.AppID
	inspector := slack.NewInspector(c.APIURL, c.BotToken.Reveal(), c.AppToken.Reveal())
	app, err := inspector.App(ctx)
	switch code := slack.Code(err); {
	case code == "invalid_auth", code == "not_authed", code == "account_inactive", code == "token_revoked", code == "token_expired":
		f.fails("app", "Slack refuses the bot token: "+code, "Copy the Bot User OAuth Token (xoxb-…) from "+page+"/oauth into slack.bot_token, installing the app again if there is none.")
		return
	case err != nil:
		f.fails("app", "Slack cannot be asked: "+firstLine(err), "Let this machine reach "+c.APIURL+", through a proxy with HTTPS_PROXY.")
		return
	case !slices.Contains(c.Teams, app.Team):
		f.fails("app", fmt.Sprintf("the bot token is for the workspace %s (%s), which is not served", app.Team, app.Name),
			"Write slack.teams: ["+app.Team+"], or use the token of the right workspace.")
	case c.AppID != "" && app.ID != "" && c.AppID != app.ID:
		f.fails("app", "the bot token is of the app "+app.ID+", and slack.app_id is "+c.AppID+": every request would be refused", "Write slack.app_id: "+app.ID+", if that is the app.")
	default:
		f.fine("app", "%s in %s (%s)", app.Bot, app.Name, app.Team)
	}
	scopes(f, app.Granted, page)
	if c.Transport == "socket" {
		switch err := inspector.Socket(ctx); {
		case slack.Code(err) != "":
			f.fails("app token", "Slack refuses it: "+slack.Code(err), "Generate one with the scope connections:write at "+page+"/general, App-Level Tokens, for slack.app_token; and switch Socket Mode on.")
		case err != nil:
			f.fails("app token", "Slack cannot be asked: "+firstLine(err), "Let this machine reach "+c.APIURL+".")
		default:
			f.fine("app token", "Socket Mode can be opened")
		}
	}
	x.members(ctx, f)
}

// scopes compares what the token was granted with what the manifest asks for.
func scopes(f *findings, granted []string, page string) {
	if len(granted) == 0 {
		f.skip("scopes", "Slack does not say which the token has")
		return
	}
	var missing, more []string
	for _, s := range slack.Scopes() {
		if !slices.Contains(granted, s.Name) {
			missing = append(missing, s.Name+" ("+s.For+")")
		}
	}
	useful := append(slack.Scopes(), slack.OptionalScopes()...)
	for _, name := range granted {
		if !slices.ContainsFunc(useful, func(s slack.Permission) bool { return s.Name == name }) {
			more = append(more, name)
		}
	}
	again := "Paste what “bot manifest slack” prints at " + page + "/app-manifest, and press Reinstall to Workspace."
	switch {
	case len(missing) > 0:
		f.fails("scopes", "these are missing: "+strings.Join(missing, "; "), again)
	case len(more) > 0:
		f.look("scopes", "the app may do more than it needs: "+strings.Join(more, ", "), again)
	default:
		f.fine("scopes", "%s", strings.Join(granted, ", "))
	}
}

// members looks whether each technician is somebody in Slack who is served.
func (x *examination) members(ctx context.Context, f *findings) {
	var group errgroup.Group
	group.SetLimit(4)
	all := make([]findings, len(x.Config.Technicians))
	for i, t := range x.Config.Technicians {
		group.Go(func() error {
			for _, id := range t.Slack {
				if team, _, _ := strings.Cut(id, "/"); !slices.Contains(x.Config.Slack.Teams, team) {
					all[i].look(t.Name, team+" is none of the workspaces in slack.teams: what they type there is refused", "Add "+team+" to slack.teams, or correct "+id+" in technicians.")
					continue
				}
				told(&all[i], t.Name, "a member of the workspace ("+id+")", x.Platforms.Reach(ctx, private("slack/"+id)))
			}
			return nil
		})
	}
	_ = group.Wait()
	for i := range all {
		for _, one := range all[i].all {
			f.add(one)
		}
	}
}

// told adds what came of reaching a place.
func told(f *findings, check, fine string, err error) {
	no, ok := errors.AsType[*chat.UnreachableError](err)
	switch {
	case ok && no.Remedy == "":
		f.fails(check, no.Why, "Correct its id in the config.")
	case ok:
		f.fails(check, no.Why, no.Remedy)
	case err != nil:
		f.skip(check, "it could not be learned: "+firstLine(err))
	default:
		f.fine(check, "%s", fine)
	}
}
