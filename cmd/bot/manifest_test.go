package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/syncrobot/syncrobot/commands"
	"github.com/syncrobot/syncrobot/config"
)

var update = flag.Bool("update", false, "write testdata anew")

// run runs the program as it is typed and returns what it prints.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := root()
	c.SetArgs(args)
	c.SetOut(&out)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

// exampleConfig is the example, whose secrets are in no environment variable
// yet: so it is when an app is made.
func exampleConfig(t *testing.T, change ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bot.yaml")
	if err := os.WriteFile(path, []byte(strings.NewReplacer(change...).Replace(config.Example)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// teamsApp is manifest.json of the package that the program writes.
func teamsApp(t *testing.T, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "app.zip")
	if _, err := run(t, append([]string{"manifest", "teams", "--out", out}, args...)...); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(out)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open("manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The golden manifests are what "make cards" holds to the platforms' schemas.
func TestManifestsAreTheGoldenOnes(t *testing.T) {
	t.Parallel()
	path := exampleConfig(t)
	slack, err := run(t, "manifest", "slack", "--config", path)
	if err != nil {
		t.Fatal(err)
	}
	for file, got := range map[string]string{"slack.yaml": slack, "teams.json": teamsApp(t, "--config", path)} {
		file = filepath.Join("testdata", "manifests", file)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(file); err != nil || string(want) != got {
			t.Errorf("%s is not what is written (go test -update writes it): %v\n%s", file, err, got)
		}
	}
}

func TestManifestsHaveEveryCommandAndShortcut(t *testing.T) {
	t.Parallel()
	path := exampleConfig(t, "command: /syncro", "command: /psa", "https://bot.example.com", "https://psa.example.com")
	text, err := run(t, "manifest", "slack", "--config", path)
	if err != nil {
		t.Fatal(err)
	}
	var slack struct {
		Features struct {
			Shortcuts []struct {
				Name string `yaml:"name"`
				ID   string `yaml:"callback_id"`
			} `yaml:"shortcuts"`
			Commands []struct {
				Command string `yaml:"command"`
				URL     string `yaml:"url"`
				Hint    string `yaml:"usage_hint"`
			} `yaml:"slash_commands"`
		} `yaml:"features"`
	}
	if err := yaml.Unmarshal([]byte(text), &slack); err != nil {
		t.Fatal(err)
	}
	var teams struct {
		Bots []struct {
			Lists []struct {
				Commands []struct{ Title string }
			} `json:"commandLists"`
		}
		Extensions []struct {
			Commands []struct{ ID, Title string }
		} `json:"composeExtensions"`
	}
	if err := json.Unmarshal([]byte(teamsApp(t, "--config", path)), &teams); err != nil {
		t.Fatal(err)
	}
	command := slack.Features.Commands[0]
	if command.Command != "/psa" || command.URL != "https://psa.example.com/slack/commands" {
		t.Errorf("%+v", command)
	}
	menu := commands.Menu()
	for i, c := range menu.Commands {
		if !strings.Contains(command.Hint, " "+c.Name+" ") && !strings.Contains(command.Hint, "["+c.Name+" ") && !strings.Contains(command.Hint, " "+c.Name+"]") {
			t.Errorf("Slack's hint lacks %s: %s", c.Name, command.Hint)
		}
		if i < 9 && teams.Bots[0].Lists[0].Commands[i].Title != c.Name {
			t.Errorf("Teams lists %+v", teams.Bots[0].Lists[0].Commands)
		}
	}
	if last := teams.Bots[0].Lists[0].Commands[9].Title; last != "help" {
		t.Errorf("the last that Teams lists is %s", last)
	}
	for i, s := range menu.Shortcuts {
		if slack := slack.Features.Shortcuts[i]; slack.ID != s.Name || slack.Name != s.Label {
			t.Errorf("Slack has %+v for %+v", slack, s)
		}
		if teams := teams.Extensions[0].Commands[i]; teams.ID != s.Name || teams.Title != s.Label {
			t.Errorf("Teams has %+v for %+v", teams, s)
		}
	}
}

func TestManifestsSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	without := exampleConfig(t, "public_url: https://bot.example.com\n", "")
	if _, err := run(t, "manifest", "slack", "--config", without, "--url", "https://bot.example.com/"); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		want string
		args []string
	}{
		{"write public_url", []string{"slack", "--config", without}},
		{"write public_url", []string{"teams", "--config", without, "--out", filepath.Join(t.TempDir(), "app.zip")}},
		{"is not an address", []string{"slack", "--config", without, "--url", "http://bot.example.com"}},
		{"is not an address", []string{"slack", "--config", without, "--url", "bot.example.com"}},
		{"reported", []string{"slack", "--config", exampleConfig(t, "https://bot.example.com", "https://${NO_SUCH_HOST}")}},
		{"reported", []string{"slack", "--config", exampleConfig(t, "/syncro", "${NO_SUCH_COMMAND}")}},
	} {
		if out, err := run(t, append([]string{"manifest"}, test.args...)...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v\n%s", test.args, err, out)
		}
	}
}
