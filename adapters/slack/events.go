package slack

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
)

// slashCommand is the part of a slash command that counts. A form over HTTP
// and the JSON of Socket Mode have the same names.
type slashCommand struct {
	AppID       string `json:"api_app_id"`
	TeamID      string `json:"team_id"`
	OrgInstall  string `json:"is_enterprise_install"` // "true" or "false"
	ChannelID   string `json:"channel_id"`
	UserID      string `json:"user_id"`
	UserName    string `json:"user_name"` // deprecated by Slack: good for display until the profile is known
	Command     string `json:"command"`
	Text        string `json:"text"`
	ResponseURL string `json:"response_url"`
}

func commandOf(form url.Values) slashCommand {
	return slashCommand{
		AppID: form.Get("api_app_id"), TeamID: form.Get("team_id"), OrgInstall: form.Get("is_enterprise_install"),
		ChannelID: form.Get("channel_id"), UserID: form.Get("user_id"), UserName: form.Get("user_name"),
		Command: form.Get("command"), Text: form.Get("text"), ResponseURL: form.Get("response_url"),
	}
}

func (c slashCommand) user() chat.User {
	return chat.User{Platform: "slack", Tenant: c.TeamID, ID: c.UserID, Name: c.UserName}
}

// interaction is the part of an interaction's payload that counts. slack-go's
// InteractionCallback is not used: one element that it does not know makes it
// refuse the whole payload.
type interaction struct {
	Type  string `json:"type"`
	AppID string `json:"api_app_id"`
	Team  struct {
		ID string `json:"id"`
	} `json:"team"` // null where the app is installed for a whole organisation
	User struct {
		ID       string `json:"id"`
		TeamID   string `json:"team_id"` // of the person; Team is where it happened
		Username string `json:"username"`
	} `json:"user"`
	Channel struct {
		ID string `json:"id"`
	} `json:"channel"`
	Container struct {
		ChannelID string `json:"channel_id"`
	} `json:"container"`
	ResponseURL string   `json:"response_url"`
	Actions     []action `json:"actions"`
}

type action struct {
	ActionID string `json:"action_id"`
	Value    string `json:"value"`
}

// button is the button that was pressed. One that opens an address tells us
// too, and asks nothing of us.
func (p interaction) button() (action, bool) {
	if p.Type != "block_actions" || p.User.ID == "" {
		return action{}, false
	}
	for _, a := range p.Actions {
		if a.ActionID != "" && !(a.Value == "" && strings.HasPrefix(a.ActionID, openPrefix)) {
			return a, true
		}
	}
	return action{}, false
}

func (p interaction) user() chat.User {
	return chat.User{Platform: "slack", Tenant: cmp.Or(p.User.TeamID, p.Team.ID), ID: p.User.ID, Name: p.User.Username}
}

func (p interaction) channel() string { return cmp.Or(p.Channel.ID, p.Container.ChannelID) }

// openPrefix begins the action_id of a button that opens an address.
const openPrefix = "open:"

// again is what actionID appends to tell buttons of one verb apart.
var again = regexp.MustCompile(`:[0-9]+$`)

// verbOf is the verb in an action_id that the renderer made.
func verbOf(actionID string) string { return again.ReplaceAllLiteralString(actionID, "") }

// token is what Slack makes of a mention or an address in a command's text
// (with should_escape): <@U0001|dana>, <#C0001|general>, <!here>,
// <https://e.example/1|e.example/1>.
var token = regexp.MustCompile(`<([@#!]|[a-z][a-z0-9+.-]*:)([^<>|]*)(?:\|([^<>]*))?>`)

var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// literal is a command's text with the characters that were typed. An address
// stays an address, whatever label it was given.
func literal(text string) string {
	text = token.ReplaceAllStringFunc(text, func(s string) string {
		m := token.FindStringSubmatch(s)
		kind, body, label := m[1], m[2], m[3]
		switch kind {
		case "@", "#":
			return kind + cmp.Or(label, body)
		case "!":
			return "@" + strings.TrimPrefix(cmp.Or(label, body), "@")
		case "mailto:", "tel:":
			return body
		case "http:", "https:":
			// Slack puts the scheme before a bare host or address that was typed.
			if body == "//"+label {
				return label
			}
		}
		return kind + body
	})
	return unescape.Replace(text)
}
