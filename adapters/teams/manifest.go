package teams

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"net/url"
	"regexp"
	"time"

	"github.com/syncrobot/syncrobot/chat"
)

// PackageOptions are what the Teams app's package depends on.
type PackageOptions struct {
	AppID     string // of the Azure bot; the Teams app has the same id
	Version   string // "1.0.0", raised with every upload
	PublicURL string // where people read about the bot, without a slash at its end
	SyncroURL string // whose links become cards
	Menu      chat.Menu
}

// Limits of a manifest (schema 1.30; Teams shows ten commands of its twelve).
const (
	maxCommands       = 10
	maxCommandTitle   = 128
	maxCommandAbout   = 4000
	maxExtensions     = 10
	maxExtensionTitle = 32
	maxExtensionAbout = 128
)

var accent = color.NRGBA{R: 0x17, G: 0x39, B: 0x5c, A: 255}

var isVersion = regexp.MustCompile(`^\d{1,5}\.\d{1,5}\.\d{1,5}$`)

// object is JSON whose keys are the manifest schema's.
type object = map[string]any

// Package is the Teams app's package: a zip of manifest.json and two icons.
// The same options make the same bytes.
func Package(o PackageOptions) ([]byte, error) {
	manifest, err := o.manifest()
	if err != nil {
		return nil, err
	}
	colour, err := colourIcon()
	if err != nil {
		return nil, err
	}
	outline, err := outlineIcon()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, file := range []struct {
		name string
		data []byte
	}{{"manifest.json", manifest}, {"color.png", colour}, {"outline.png", outline}} {
		// The same app is the same file. Without a time a zip says month 0, day 0.
		w, err := z.CreateHeader(&zip.FileHeader{Name: file.name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(file.data); err != nil {
			return nil, err
		}
	}
	err = z.Close()
	return b.Bytes(), err
}

// manifest is manifest.json. It has no validDomains, because the bot shows no
// page inside Teams, and no webApplicationInfo, because it signs nobody in and
// asks nothing of Microsoft Graph.
func (o PackageOptions) manifest() ([]byte, error) {
	switch {
	case o.PublicURL == "":
		return nil, errors.New("the address at which Teams lets people read about the app is missing: write public_url in the config, as https://bot.example.com, or give --url")
	case !isVersion.MatchString(o.Version):
		return nil, fmt.Errorf("the app's version %q is not like 1.0.0", o.Version)
	case len(o.Menu.Shortcuts) > maxExtensions:
		return nil, fmt.Errorf("a Teams app has %d message actions at most", maxExtensions)
	}
	everywhere := []string{"personal", "team", "groupChat"}
	manifest := object{
		"$schema":         "https://developer.microsoft.com/json-schemas/teams/v1.30/MicrosoftTeams.schema.json",
		"manifestVersion": "1.30",
		"version":         o.Version,
		"id":              o.AppID,
		"developer": object{
			"name": "Syncrobot", "websiteUrl": o.PublicURL + "/", "privacyUrl": o.PublicURL + "/", "termsOfUseUrl": o.PublicURL + "/",
		},
		"name": object{"short": "Syncrobot", "full": "Syncrobot: Syncro tickets in Teams"},
		"description": object{
			"short": "Work Syncro tickets without leaving Teams",
			"full": "Technicians work their Syncro tickets without leaving Teams: look at tickets, write notes and replies, bill time, close. " +
				"Whatever changes Syncro is first shown as a card with exactly what will be sent and under whose name. " +
				"Nothing is sent before you press, and nothing is sent twice.",
		},
		"icons":       object{"color": "color.png", "outline": "outline.png"},
		"accentColor": fmt.Sprintf("#%02x%02x%02x", accent.R, accent.G, accent.B),
		"bots": []object{{
			"botId": o.AppID, "scopes": everywhere,
			"commandLists": []object{{"scopes": everywhere, "commands": o.commands()}},
		}},
		"composeExtensions": []object{o.composer()},
		// What a bot may do by itself, told to those who install it.
		"permissions":         []string{"identity", "messageTeamMembers"},
		"defaultInstallScope": "personal",
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(manifest)
	return b.Bytes(), err
}

// composer is what the app does at messages: its actions on them, and the
// cards of pasted links to Syncro.
func (o PackageOptions) composer() object {
	composer := object{"botId": o.AppID, "commands": o.extensions()}
	if u, err := url.Parse(o.SyncroURL); err == nil && u.Hostname() != "" {
		composer["messageHandlers"] = []object{{"type": "link", "value": object{"domains": []string{u.Hostname()}}}}
	}
	return composer
}

// commands are the first of the menu and, always, the last: help.
func (o PackageOptions) commands() []object {
	all := o.Menu.Commands
	if len(all) > maxCommands {
		all = append(all[:maxCommands-1:maxCommands-1], all[len(all)-1])
	}
	list := []object{}
	for _, c := range all {
		list = append(list, object{
			"title":       cutLabel(c.Name, maxCommandTitle),
			"description": cutLabel(c.Label+": "+c.About, maxCommandAbout),
		})
	}
	return list
}

// extensions are what can be done with a message, and from where messages are
// written.
func (o PackageOptions) extensions() []object {
	list := []object{}
	for _, s := range o.Menu.Shortcuts {
		list = append(list, object{
			"id": s.Name, "type": "action", "fetchTask": true, "context": []string{"message", "compose"},
			"title": cutLabel(s.Label, maxExtensionTitle), "description": cutLabel(s.About, maxExtensionAbout),
		})
	}
	return list
}

// cutLabel shortens what has no room to say more than that it is cut.
func cutLabel(s string, limit int) string {
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}
