package slack

import (
	"cmp"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/syncrobot/syncrobot/chat"
)

// slashCommand is the part of a slash command that counts. A form over HTTP
// and the JSON of Socket Mode have the same names.
type slashCommand struct {
	AppID       string `json:"api_app_id"`
	TeamID      string `json:"team_id"`
	OrgInstall  yes    `json:"is_enterprise_install"`
	ChannelID   string `json:"channel_id"`
	UserID      string `json:"user_id"`
	UserName    string `json:"user_name"` // deprecated by Slack: good for display until the profile is known
	Command     string `json:"command"`
	Text        string `json:"text"`
	ResponseURL string `json:"response_url"`
	TriggerID   string `json:"trigger_id"`
}

// yes is a boolean that Slack writes as "true" in a form, and over sockets in
// one of both ways (slack-go/slack issue 1266).
type yes bool

// UnmarshalJSON takes true and "true".
func (y *yes) UnmarshalJSON(said []byte) error {
	*y = strings.Trim(string(said), `"`) == "true"
	return nil
}

func commandOf(form url.Values) slashCommand {
	return slashCommand{
		AppID: form.Get("api_app_id"), TeamID: form.Get("team_id"), OrgInstall: form.Get("is_enterprise_install") == "true",
		ChannelID: form.Get("channel_id"), UserID: form.Get("user_id"), UserName: form.Get("user_name"),
		Command: form.Get("command"), Text: form.Get("text"), ResponseURL: form.Get("response_url"),
		TriggerID: form.Get("trigger_id"),
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
	View struct {
		Type string `json:"type"`
	} `json:"view"` // where it was done in a view
	Container struct {
		ChannelID string `json:"channel_id"`
		MessageTS string `json:"message_ts"`
		Ephemeral bool   `json:"is_ephemeral"`
	} `json:"container"`
	ResponseURL string   `json:"response_url"`
	TriggerID   string   `json:"trigger_id"`
	CallbackID  string   `json:"callback_id"` // of a shortcut
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
	tenant := cmp.Or(p.User.TeamID, p.Team.ID)
	if strings.HasPrefix(tenant, "E") { // a Grid's searches name the organisation
		tenant = p.Team.ID
	}
	return chat.User{Platform: "slack", Tenant: tenant, ID: p.User.ID, Name: p.User.Username}
}

func (p interaction) channel() string { return cmp.Or(p.Channel.ID, p.Container.ChannelID) }

// message is the ts of the message that was clicked; empty where one person
// alone sees it, and it has none that the Web API knows.
func (p interaction) message() string {
	if p.Container.Ephemeral {
		return ""
	}
	return p.Container.MessageTS
}

// submission is what else a view_submission or block_suggestion has that
// counts.
type submission struct {
	View view `json:"view"`

	// Of a block_suggestion.
	ActionID string `json:"action_id"`
	Value    string `json:"value"`
}

type view struct {
	Metadata string `json:"private_metadata"`
	Blocks   []struct {
		Type    string `json:"type"`
		BlockID string `json:"block_id"`
	} `json:"blocks"`
	State struct {
		Values map[string]map[string]state `json:"values"` // by block_id and action_id
	} `json:"state"`
}

// state is what an element of a modal holds.
type state struct {
	Type     string   `json:"type"`
	Value    string   `json:"value"`
	Date     string   `json:"selected_date"`
	Selected option   `json:"selected_option"`
	Ticked   []option `json:"selected_options"`
}

type option struct {
	Value string `json:"value"`
	Text  struct {
		Text string `json:"text"`
	} `json:"text"`
}

// values are what is filled in, by the inputs' names; labels what was chosen is
// called. A text that was shown in parts is one again.
func (v view) values() (filled, labels map[string]string) {
	filled, labels = map[string]string{}, map[string]string{}
	names := slices.SortedFunc(maps.Keys(v.State.Values), func(a, b string) int {
		_, m, _ := partOf(a)
		_, n, _ := partOf(b)
		return cmp.Or(cmp.Compare(m, n), cmp.Compare(a, b))
	})
	for _, name := range names {
		s := v.State.Values[name][name]
		value := cmp.Or(s.Value, s.Date, s.Selected.Value)
		if s.Type == string(slackapi.METCheckboxGroups) {
			value = strconv.FormatBool(len(s.Ticked) > 0)
		}
		if value == "" {
			continue
		}
		input, _, between := partOf(name)
		if filled[input] == "" {
			between = ""
		}
		filled[input] += between + value
		if s.Selected.Text.Text != "" {
			labels[input] = unescape.Replace(s.Selected.Text.Text)
		}
	}
	return filled, labels
}

// inputs are the names of what can be filled in, in order.
func (v view) inputs() []string {
	var names []string
	for _, b := range v.Blocks {
		if b.Type == string(slackapi.MBTInput) {
			names = append(names, b.BlockID)
		}
	}
	return names
}

// messageAction is what else a shortcut on a message has that counts. The
// message is anybody's: of its layout nothing is read.
type messageAction struct {
	Message posted `json:"message"`
}

// posted is a message as a shortcut's payload and conversations.replies have it.
type posted struct {
	Text       string `json:"text"`
	TS         string `json:"ts"`
	Thread     string `json:"thread_ts"` // of a message in a thread: the first one's ts
	User       string `json:"user"`
	Username   string `json:"username"` // of a bot or an integration
	BotProfile struct {
		Name string `json:"name"`
	} `json:"bot_profile"`
	Files []file `json:"files"`
}

type file struct {
	Name      string `json:"name"`
	Title     string `json:"title"`
	Permalink string `json:"permalink"`
}

// timeOf is the time in a message's ts, as "1700000000.000100".
func timeOf(ts string) time.Time {
	seconds, micro, _ := strings.Cut(ts, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}
	}
	m, err := strconv.ParseUint(micro, 10, 20)
	if err != nil {
		m = 0
	}
	return time.Unix(s, int64(m)*int64(time.Microsecond)).UTC()
}

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
