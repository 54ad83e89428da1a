package slack

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	slackapi "github.com/slack-go/slack"
	"go.yaml.in/yaml/v3"

	"github.com/syncrobot/syncrobot/chat"
)

// menu is one of n commands and shortcuts.
func menu(n int) chat.Menu {
	var m chat.Menu
	for i := range n {
		name := fmt.Sprintf("do%d", i)
		m.Commands = append(m.Commands, chat.MenuItem{Name: name, Label: name + " <ticket>", About: "Does it"})
		m.Shortcuts = append(m.Shortcuts, chat.MenuItem{Name: name, Label: "Do it " + name, About: "Does it to this message"})
	}
	return m
}

// read reads a manifest as slack-go knows it, and refuses any other key.
func read(t *testing.T, o ManifestOptions) slackapi.Manifest {
	t.Helper()
	text, err := Manifest(o)
	if err != nil {
		t.Fatal(err)
	}
	var m slackapi.Manifest
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return m
}

// lawful holds a manifest to Slack's rules: lengths, numbers and patterns of
// github.com/slackapi/manifest-schema, schema 1.0.0.
func lawful(t *testing.T, m slackapi.Manifest) {
	t.Helper()
	within := func(what, s string, least, most int, pattern string) {
		t.Helper()
		if n := len([]rune(s)); n < least || n > most || !regexp.MustCompile(pattern).MatchString(s) {
			t.Errorf("%s is %d characters and must be %d to %d, as %s: %q", what, n, least, most, pattern, s)
		}
	}
	within("name", m.Display.Name, 1, 35, "")
	within("description", m.Display.Description, 1, 140, "")
	within("long_description", m.Display.LongDescription, 175, 4000, "")
	within("background_color", m.Display.BackgroundColor, 4, 7, "^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$")
	within("display_name", m.Features.BotUser.DisplayName, 1, 80, "")
	if n := len(m.Features.Shortcuts); n < 1 || n > 10 {
		t.Errorf("%d shortcuts", n)
	}
	ids := map[string]bool{}
	for _, s := range m.Features.Shortcuts {
		within("a shortcut's name", s.Name, 1, 24, "")
		within("its callback_id", s.CallbackID, 1, 255, "")
		within("its description", s.Description, 1, 150, "")
		if ids[s.CallbackID] || s.Type != slackapi.MessageShortcut && s.Type != slackapi.GlobalShortcut {
			t.Errorf("shortcut %+v", s)
		}
		ids[s.CallbackID] = true
	}
	if n := len(m.Features.SlashCommands); n < 1 || n > 50 {
		t.Errorf("%d slash commands", n)
	}
	const address = `^(https?://.*)?$`
	for _, c := range m.Features.SlashCommands {
		within("a command", c.Command, 2, 32, "^/")
		within("its url", c.Url, 0, 3000, address)
		within("its description", c.Description, 1, 2000, "")
		within("its usage_hint", c.UsageHint, 1, 1000, "")
	}
	within("interactivity.request_url", m.Settings.Interactivity.RequestUrl, 0, 3500, address)
	within("message_menu_options_url", m.Settings.Interactivity.MessageMenuOptionsUrl, 0, 3500, address)
	distinct := func(what string, names []string) {
		t.Helper()
		for _, name := range names {
			within(what, name, 1, 50, "^[a-z_.:]+$")
		}
		if len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
			t.Errorf("a %s stands twice: %q", what, names)
		}
	}
	distinct("scope", m.OAuthConfig.Scopes.Bot)
	if e := m.Settings.EventSubscriptions; e != nil {
		distinct("event", e.BotEvents)
		within("event_subscriptions.request_url", e.RequestUrl, 0, 3500, address)
	}
	if n := len(m.Features.UnfurlDomains); n > 5 {
		t.Errorf("%d unfurl domains", n)
	}
}

func TestManifestHasWhatTheAdapterServes(t *testing.T) {
	t.Parallel()
	m := read(t, ManifestOptions{Command: "/psa", PublicURL: "https://bot.example.com", Menu: menu(3)})
	lawful(t, m)
	command := m.Features.SlashCommands[0]
	if command.Command != "/psa" || command.Url != "https://bot.example.com/slack/commands" || !command.ShouldEscape ||
		command.UsageHint != "[do0 | do1 | do2]" || !strings.Contains(command.Description, "/psa help") {
		t.Errorf("%+v", command)
	}
	if i := m.Settings.Interactivity; !i.IsEnabled || i.RequestUrl != "https://bot.example.com/slack/interactions" ||
		i.MessageMenuOptionsUrl != "https://bot.example.com/slack/options" {
		t.Errorf("%+v", i)
	}
	if m.Settings.SocketModeEnabled || len(m.Features.Shortcuts) != 3 || m.Features.Shortcuts[2].CallbackID != "do2" {
		t.Errorf("%+v", m)
	}
}

func TestManifestOfSocketModeNeedsNoAddress(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "https://bot.example.com"} {
		text, err := Manifest(ManifestOptions{Command: "/syncro", Socket: true, PublicURL: url, Menu: menu(1)})
		if err != nil || bytes.Contains(text, []byte("http")) {
			t.Errorf("%v in\n%s", err, text)
		}
	}
	m := read(t, ManifestOptions{Command: "/syncro", Socket: true, Menu: menu(1)})
	lawful(t, m)
	if !m.Settings.SocketModeEnabled || !m.Settings.Interactivity.IsEnabled {
		t.Errorf("%+v", m.Settings)
	}
}

func TestManifestStaysWithinSlacksLimits(t *testing.T) {
	t.Parallel()
	long := menu(10)
	for i := range long.Shortcuts {
		long.Shortcuts[i].Label, long.Shortcuts[i].About = strings.Repeat("é", 100), strings.Repeat("é", 400)
		long.Commands[i].Name = strings.Repeat("é", 300)
	}
	lawful(t, read(t, ManifestOptions{Command: "/syncro", PublicURL: "https://bot.example.com", Menu: long}))
	for name, o := range map[string]ManifestOptions{
		"eleven shortcuts": {Command: "/syncro", PublicURL: "https://bot.example.com", Menu: menu(11)},
		"no address":       {Command: "/syncro", Menu: menu(1)},
	} {
		if text, err := Manifest(o); err == nil {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// The messages tab must take commands: Slack's default is that it does not.
func TestManifestSaysWhatIsFalse(t *testing.T) {
	t.Parallel()
	text, err := Manifest(ManifestOptions{Command: "/syncro", Socket: true, Menu: menu(1)})
	if err != nil || !bytes.Contains(text, []byte("messages_tab_read_only_enabled: false")) {
		t.Errorf("%v in\n%s", err, text)
	}
}

// Whoever installs the app is told why it asks for what it asks for.
func TestEveryPermissionHasItsReasonInTheGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/setup-slack.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, line := range strings.Split(string(guide), "\n") {
		if strings.HasPrefix(line, "| `") {
			rows = append(rows, line)
		}
	}
	var want []string
	for _, p := range slices.Concat(Scopes(), OptionalScopes(), Events()) {
		want = append(want, "| `"+p.Name+"` | "+p.For+" |")
	}
	if !slices.Equal(rows, want) {
		t.Errorf("docs/setup-slack.md must have these rows:\n%s\nit has:\n%s", strings.Join(want, "\n"), strings.Join(rows, "\n"))
	}
}
