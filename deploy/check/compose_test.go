package check

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// TestComposeFile loads the file as "docker compose config" does, with its
// schema, and looks at what must not be lost.
func TestComposeFile(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile("../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// The environment file is the administrator's.
	for name, content := range map[string]string{"compose.yaml": string(text), "syncrobot/env": "A=b\n"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	options, err := cli.NewProjectOptions([]string{filepath.Join(dir, "compose.yaml")}, cli.WithWorkingDirectory(dir))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range project.Services {
		if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || s.User == "" || strings.HasPrefix(s.User, "0") ||
			!slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.MemLimit == 0 || s.HealthCheck == nil {
			t.Errorf("%s is not hardened", name)
		}
	}
	redis := project.Services["redis"]
	if command := strings.Join(redis.Command, " "); !strings.Contains(command, "--appendonly yes") || !strings.Contains(command, "noeviction") {
		t.Errorf("Redis forgets: %s", command)
	}
	if len(redis.Ports) > 0 {
		t.Error("Redis can be reached from outside")
	}
	if ports := project.Services["bot"].Ports; len(ports) != 1 || ports[0].HostIP != "127.0.0.1" {
		t.Errorf("the bot's port is open to more than the proxy: %v", ports)
	}
	if grace := project.Services["bot"].StopGracePeriod; grace == nil || grace.String() < "20s" {
		t.Errorf("the bot is not given its shutdown_grace: %v", grace)
	}
}

// TestDockerfile parses the file with BuildKit's parser, runs its linter and
// looks for what the linter does not know.
func TestDockerfile(t *testing.T) {
	file, err := os.Open("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tree, err := parser.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range tree.Warnings {
		t.Errorf("%s: %s", w.Short, w.Detail)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, description, _, message string, _ []parser.Range) {
		t.Errorf("%s: %s (%s)", rule, message, description)
	}})
	stages, _, err := instructions.Parse(tree.AST, lint)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, s := range stages {
		if image, tag, _ := strings.Cut(s.BaseName, ":"); !names[image] && (tag == "" || tag == "latest") {
			t.Errorf("the base %q is not pinned", s.BaseName)
		}
		names[s.Name] = true
	}
	last := stages[len(stages)-1]
	user, entry := "", false
	for _, c := range last.Commands {
		switch c := c.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.EntrypointCommand:
			entry = !c.PrependShell
		case *instructions.AddCommand:
			t.Error("ADD unpacks and downloads: COPY does what it says")
		case *instructions.RunCommand:
			if run := strings.Join(c.CmdLine, " "); strings.Contains(run, "apk add") && !strings.Contains(run, "--no-cache") {
				t.Errorf("leaves the package lists behind: %s", run)
			}
		}
	}
	if user == "" || strings.HasPrefix(user, "0") || strings.HasPrefix(user, "root") {
		t.Errorf("runs as %q", user)
	}
	if !entry {
		t.Error("a shell stands between the signals and the bot")
	}
}
