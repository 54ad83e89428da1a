// Package imports_test holds the project to its map: which package may know
// which.
package imports_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/syncrobot/syncrobot/"

// may is what of the project each package may import. A trailing slash stands
// for all below it. A package that is not here may import nothing of the
// project: whoever adds one decides where it belongs. Cycles need no test: Go
// does not build them.
var may = map[string][]string{
	"cmd/":           {""}, // everything
	"internal/":      {""}, // tools and tests
	"adapters":       {"adapters/", "chat"},
	"adapters/slack": {"chat"},
	"adapters/teams": {"chat"},
	"commands":       {"audit", "confirm", "identity", "sessionlog", "syncro", "chat"},
	"confirm":        {"audit", "syncro", "chat"},
	"doctor":         {"adapters/", "commands", "confirm", "identity", "syncro", "chat", "config"},
	"identity":       {"syncro", "chat"},
	"linking":        {"audit", "identity", "syncro", "chat"},
	"notify":         {"syncro", "chat"},
	"sessionlog":     {"syncro"},
	"chat/chattest":  {"chat"},
	"chat":           nil,
	"audit":          nil,
	"syncro":         nil,
	"config":         nil,
	"simulator/":     nil,
}

// alone is which package alone imports a library; its tests and those tools
// of internal/ that are not part of the bot aside.
var alone = map[string]string{
	"github.com/slack-go/slack":                "adapters/slack",
	"github.com/infracloudio/msbotbuilder-go/": "adapters/teams",
	"github.com/getsops/sops/":                 "identity",
}

// covers reports whether one of the names is path's, or of a folder above it.
func covers(names []string, path string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return name == path || name == "" || strings.HasSuffix(name, "/") && strings.HasPrefix(path, name)
	})
}

func TestDirections(t *testing.T) {
	t.Parallel()
	packages := list(t)
	if len(packages) < len(may) {
		t.Fatalf("go list knows %d packages only", len(packages))
	}
	seen := map[string]bool{}
	for name, imports := range packages {
		var allowed []string
		for rule, names := range may {
			if covers([]string{rule}, name) {
				allowed = append(allowed, names...)
				seen[rule] = true
			}
		}
		for _, path := range imports {
			if ours, ok := strings.CutPrefix(path, module); ok && !covers(allowed, ours) {
				t.Errorf("%s imports %s, which lies not below it", name, ours)
			}
			for library, home := range alone {
				if strings.HasPrefix(path, library) && name != home {
					t.Errorf("%s imports %s, which only %s may", name, path, home)
				}
				if strings.HasPrefix(path, library) {
					seen[library] = true
				}
			}
		}
	}
	for rule := range may {
		if !seen[rule] {
			t.Errorf("there is no package %s any more", rule)
		}
	}
	for library, home := range alone {
		if !seen[library] {
			t.Errorf("%s does not import %s any more", home, library)
		}
	}
}

// list is every package of the project with what it imports, tests aside.
func list(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go list: %v: %s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	packages := map[string][]string{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[strings.TrimPrefix(p.ImportPath, module)] = p.Imports
	}
}
