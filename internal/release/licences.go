package main

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// isLicence matches the files, at the top of a module, whose text has to go
// along with a program that the module is linked into.
var isLicence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|unlicense)\b`)

// licences are the licences of all that a program was linked from, each text
// once. dir is the source that it was built from, whose modules are at hand.
func licences(dir string, info *buildinfo.BuildInfo) ([]byte, error) {
	std, err := output(dir, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	names, dirs := []string{"Go " + info.GoVersion}, []string{std}
	list := []string{"list", "-m", "-f", "{{.Path}} {{.Version}}\t{{.Dir}}"}
	for _, m := range info.Deps {
		list = append(list, m.Path)
	}
	modules, err := output(dir, "go", list...)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(modules) {
		name, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		names, dirs = append(names, name), append(dirs, dir)
	}

	var order []string
	whose := map[string][]string{} // by text
	for i, name := range names {
		entries, err := os.ReadDir(dirs[i]) // sorted
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found := false
		for _, e := range entries {
			if !isLicence.MatchString(e.Name()) || !e.Type().IsRegular() {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dirs[i], e.Name()))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			found = true
			key := strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n"))
			if whose[key] == nil {
				order = append(order, key)
			}
			whose[key] = append(whose[key], name)
		}
		if !found {
			return nil, fmt.Errorf("%s has no licence: it may not be handed out", name)
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "What this program is linked from, and on what terms.\n")
	for _, text := range order {
		rule := strings.Repeat("=", 78)
		fmt.Fprintf(&b, "\n%s\n%s\n%s\n\n%s\n", rule, strings.Join(whose[text], "\n"), rule, text)
	}
	return b.Bytes(), nil
}

// output is what a command prints, run in dir for this machine's platform.
func output(dir, name string, args ...string) (string, error) {
	c := exec.Command(name, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	var wrong bytes.Buffer
	c.Stderr = &wrong
	said, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(c.Args[:min(len(c.Args), 4)], " "), err, wrong.Bytes())
	}
	return strings.TrimSpace(string(said)), nil
}
