package slack

import (
	"errors"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/syncrobot/syncrobot/chat"
)

// ManifestOptions are what the Slack app's manifest depends on.
type ManifestOptions struct {
	Command   string // "/syncro"
	SyncroURL string // whose links are unfurled, where the app is told of them
	PublicURL string // where Slack reaches the bot, without a slash at its end; not needed with Socket
	Socket    bool   // the bot calls Slack: there are no addresses to call
	Menu      chat.Menu
}

// Limits of a manifest (docs.slack.dev, App manifest reference).
const (
	maxUsageHint        = 1000
	maxShortcuts        = 10
	maxShortcutName     = 24
	maxShortcutDescribe = 150
)

// manifest is the app manifest, version 1. slack-go's type is not used: it
// leaves out what is false, and read-only messages are Slack's default.
type manifest struct {
	Display struct {
		Name        string `yaml:"name"`
		Description string `yaml:"description"`
		Long        string `yaml:"long_description"`
		Colour      string `yaml:"background_color"`
	} `yaml:"display_information"`
	Features struct {
		Home struct {
			Home     bool `yaml:"home_tab_enabled"`
			Messages bool `yaml:"messages_tab_enabled"`
			ReadOnly bool `yaml:"messages_tab_read_only_enabled"`
		} `yaml:"app_home"`
		Bot struct {
			Name   string `yaml:"display_name"`
			Online bool   `yaml:"always_online"`
		} `yaml:"bot_user"`
		Shortcuts []manifestShortcut `yaml:"shortcuts,omitempty"`
		Commands  []manifestCommand  `yaml:"slash_commands"`
		Domains   []string           `yaml:"unfurl_domains,omitempty"`
	} `yaml:"features"`
	OAuth struct {
		Scopes struct {
			Bot []string `yaml:"bot"`
		} `yaml:"scopes"`
	} `yaml:"oauth_config"`
	Settings struct {
		Events        *manifestEvents `yaml:"event_subscriptions,omitempty"`
		Interactivity struct {
			Enabled bool   `yaml:"is_enabled"`
			URL     string `yaml:"request_url,omitempty"`
			Options string `yaml:"message_menu_options_url,omitempty"`
		} `yaml:"interactivity"`
		OrgDeploy bool `yaml:"org_deploy_enabled"`
		Socket    bool `yaml:"socket_mode_enabled"`
		Rotation  bool `yaml:"token_rotation_enabled"`
	} `yaml:"settings"`
}

type manifestShortcut struct {
	Name        string `yaml:"name"`
	Type        string `yaml:"type"`
	CallbackID  string `yaml:"callback_id"`
	Description string `yaml:"description"`
}

type manifestCommand struct {
	Command     string `yaml:"command"`
	URL         string `yaml:"url,omitempty"`
	Description string `yaml:"description"`
	Hint        string `yaml:"usage_hint"`
	Escape      bool   `yaml:"should_escape"`
}

type manifestEvents struct {
	URL string   `yaml:"request_url,omitempty"`
	Bot []string `yaml:"bot_events"`
}

const longDescription = `Technicians work their Syncro tickets without leaving Slack: look at tickets, write notes and replies, ` +
	`bill time, close. Whatever changes Syncro is first shown as a card with exactly what will be sent and under whose name. ` +
	`Nothing is sent before you press, and nothing is sent twice.`

// Manifest is the manifest of the Slack app in YAML.
func Manifest(o ManifestOptions) ([]byte, error) {
	if o.PublicURL == "" && !o.Socket {
		return nil, errors.New("the address at which Slack reaches the bot is missing: write public_url in the config, as https://bot.example.com, or give --url")
	}
	if len(o.Menu.Shortcuts) > maxShortcuts {
		return nil, errors.New("a Slack app has 10 shortcuts at most")
	}
	at := func(path string) string {
		if o.Socket {
			return ""
		}
		return o.PublicURL + path
	}
	var m manifest
	m.Display.Name = "Syncrobot"
	m.Display.Description = "Work Syncro tickets without leaving Slack"
	m.Display.Long = longDescription
	m.Display.Colour = "#17395c"
	m.Features.Home.Messages = true // the command is typed in the app's own direct message, too
	m.Features.Bot.Name = "Syncrobot"
	m.Features.Bot.Online = true
	for _, s := range o.Menu.Shortcuts {
		m.Features.Shortcuts = append(m.Features.Shortcuts, manifestShortcut{
			Name: cutLabel(s.Label, maxShortcutName), Type: "message", CallbackID: s.Name, Description: cutLabel(s.About, maxShortcutDescribe),
		})
	}
	m.Features.Commands = []manifestCommand{{
		Command: o.Command, URL: at("/slack/commands"), Escape: true,
		Description: "Work Syncro tickets; “" + o.Command + " help” lists what can be typed", Hint: usageHint(o.Menu),
	}}
	for _, s := range Scopes() {
		m.OAuth.Scopes.Bot = append(m.OAuth.Scopes.Bot, s.Name)
	}
	if events := Events(); len(events) > 0 {
		m.Settings.Events = &manifestEvents{URL: at("/slack/events")}
		for _, e := range events {
			m.Settings.Events.Bot = append(m.Settings.Events.Bot, e.Name)
			switch e.Name {
			case "app_home_opened":
				m.Features.Home.Home = true
			case "link_shared":
				syncro, err := url.Parse(o.SyncroURL)
				if err != nil {
					return nil, err
				}
				m.Features.Domains = []string{syncro.Hostname()}
			}
		}
	}
	m.Settings.Interactivity.Enabled = true
	m.Settings.Interactivity.URL = at("/slack/interactions")
	m.Settings.Interactivity.Options = at("/slack/options")
	m.Settings.Socket = o.Socket
	return yaml.Marshal(m)
}

// usageHint is what Slack shows beside the command while it is typed.
func usageHint(menu chat.Menu) string {
	var words []string
	for _, c := range menu.Commands {
		words = append(words, c.Name)
	}
	return cutLabel("["+strings.Join(words, " | ")+"]", maxUsageHint)
}
