// Command sabotage shows that the tests can see what they guard against: it
// breaks the engine, one line at a time and in a copy alone (go's -overlay),
// and tells which test notices:
//
//	go run ./internal/sabotage
//
// It tries the tests of confirm and syncro, then the fault matrix, then a
// chaos run, until one fails, prints a table, and exits with 1 where something
// was not noticed by any.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// guard is something that may notice: it tells what it noticed, or why it
// could not even try.
type guard struct {
	name  string
	check func(ctx context.Context, overlay string) (noticed string, err error)
}

// guards are tried in this order.
var guards = []guard{
	{"tests", run("go", "test", "-count=1", "-failfast", "-skip", "FaultMatrix", "-overlay", "{}", "./confirm", "./syncro")},
	{"fault matrix", run("go", "test", "-count=1", "-failfast", "-run", "FaultMatrix", "-overlay", "{}", "./confirm")},
	{"chaos", run("go", "run", "./internal/chaos", "-changes", "150", "-overlay", "{}")},
}

// one is how long one guard may take.
const one = 15 * time.Minute

func main() {
	var only, with string
	var all bool
	flag.StringVar(&only, "only", "", "those alone whose name has these words")
	flag.StringVar(&with, "guard", "", "this guard alone: tests, fault matrix or chaos")
	flag.BoolVar(&all, "all", false, "try all guards, also after one has noticed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var list []sabotage
	for _, s := range sabotages {
		if strings.Contains(s.name, only) {
			list = append(list, s)
		}
	}
	var tried []guard
	for _, g := range guards {
		if with == "" || with == g.name {
			tried = append(tried, g)
		}
	}
	missed, err := try(ctx, ".", list, tried, all, func(row string) { fmt.Println(row) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "sabotage:", err)
		os.Exit(2)
	}
	if len(missed) > 0 {
		fmt.Printf("\nNot noticed: %s\n", strings.Join(missed, "; "))
		os.Exit(1)
	}
}

// try commits each sabotage and tells what noticed. It returns the names of
// those that nothing noticed. root is the repository.
func try(ctx context.Context, root string, list []sabotage, guards []guard, all bool, print func(string)) (missed []string, err error) {
	dir, err := os.MkdirTemp("", "syncrobot-sabotage-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	// The control: what fails with nothing broken shows nothing.
	whole, err := sabotage{}.overlay(root, dir)
	if err != nil {
		return nil, err
	}
	for _, g := range guards {
		if noticed, _ := g.check(ctx, whole); noticed != "" {
			return nil, fmt.Errorf("%s fails with nothing broken: %s", g.name, noticed)
		}
	}
	print("| Sabotage | Noticed by | What it said |")
	print("|---|---|---|")
	for _, s := range list {
		overlay, err := s.overlay(root, dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		var by, said []string
		for _, g := range guards {
			if len(by) > 0 && !all {
				break
			}
			noticed, err := g.check(ctx, overlay)
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case err != nil:
				said = append(said, g.name+" could not be tried: "+err.Error())
			case noticed != "":
				by, said = append(by, g.name), append(said, noticed)
			}
		}
		if by == nil {
			by = []string{"NOBODY"}
			missed = append(missed, s.name)
		}
		print(fmt.Sprintf("| %s | %s | %s |", s.name, strings.Join(by, ", "), strings.Join(said, "; ")))
	}
	return missed, nil
}

// overlay writes the changed files into dir, and a file that tells go to take
// them for the repository's.
func (s sabotage) overlay(root, dir string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	changed := map[string]string{}
	for i, e := range s.edits {
		original := filepath.Join(root, e.file)
		from := original
		if copied, ok := changed[original]; ok {
			from = copied
		}
		text, err := os.ReadFile(from)
		if err != nil {
			return "", err
		}
		if n := strings.Count(string(text), e.old); n != 1 {
			return "", fmt.Errorf("%s has %q %d times, and must have it once", e.file, e.old, n)
		}
		to := filepath.Join(dir, fmt.Sprintf("%d-%s", i, filepath.Base(e.file)))
		if err := os.WriteFile(to, []byte(strings.Replace(string(text), e.old, e.new, 1)), 0o600); err != nil {
			return "", err
		}
		changed[original] = to
	}
	b, err := json.Marshal(map[string]any{"Replace": changed})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, b, 0o600)
}

// telling is a line that says what went wrong.
var telling = regexp.MustCompile(`(?m)^\s*(?:--- FAIL: (\w+)|VIOLATION (.{0,90}))`)

// run is a guard that is a command; {} stands for the overlay. What fails
// without saying why, because it does not build or takes too long, is no guard.
func run(name string, args ...string) func(context.Context, string) (string, error) {
	return func(ctx context.Context, overlay string) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, one)
		defer cancel()
		with := make([]string, len(args))
		for i, a := range args {
			with[i] = strings.ReplaceAll(a, "{}", overlay)
		}
		var out bytes.Buffer
		cmd := exec.CommandContext(ctx, name, with...)
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.WaitDelay = 10 * time.Second
		err := cmd.Run()
		if err == nil {
			return "", nil
		}
		if m := telling.FindStringSubmatch(out.String()); m != nil {
			return strings.ReplaceAll(strings.TrimSpace(m[1]+m[2]), "|", "/"), nil
		}
		fmt.Fprintf(os.Stderr, "%s: %v\n%s\n", name, err, out.Bytes())
		return "", cmp.Or(ctx.Err(), err)
	}
}
