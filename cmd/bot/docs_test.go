package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestTheDocumentsNameWhatIsThere: the commands, flags, make targets, programs
// and files that the documents tell people to use.
func TestTheDocumentsNameWhatIsThere(t *testing.T) {
	t.Parallel()
	top := filepath.Join("..", "..")
	makefile, err := os.ReadFile(filepath.Join(top, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	var (
		ours    = regexp.MustCompile("(?m)(?:^|[` ])bot ([a-z][^`|>'\n]*)")
		targets = regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)")
		program = regexp.MustCompile(`go (?:run|test) (\./[a-z/]+)`)
		link    = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	)
	seen := map[string]int{}
	pages := []string{filepath.Join(top, "README.md"), filepath.Join(top, "CONTRIBUTING.md")}
	docs, err := fs.Glob(os.DirFS(top), "docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range docs {
		pages = append(pages, filepath.Join(top, p))
	}
	for _, page := range pages {
		raw, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		typed := typedIn(text)
		for _, m := range ours.FindAllStringSubmatch(typed, -1) {
			if fault := unknown(strings.Fields(m[1])); fault != "" {
				t.Errorf("%s: “bot %s”: %s", page, m[1], fault)
			}
			seen["bot"]++
		}
		for _, m := range targets.FindAllStringSubmatch(typed, -1) {
			if !strings.Contains(string(makefile), "\n"+m[1]+":") {
				t.Errorf("%s: there is no “make %s”", page, m[1])
			}
			seen["make"]++
		}
		for _, m := range program.FindAllStringSubmatch(typed, -1) {
			if _, err := os.Stat(filepath.Join(top, m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
			seen["program"]++
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
			seen["link"]++
		}
	}
	for _, kind := range []string{"bot", "make", "program", "link"} {
		if seen[kind] < 6 {
			t.Errorf("only %d of kind %q were found: does the test read the documents still?", seen[kind], kind)
		}
	}
}

// typedIn is what a page has people type: its shell blocks, and the code
// between its words.
func typedIn(page string) string {
	var typed, words strings.Builder
	language, inside := "", false
	for line := range strings.Lines(page) {
		if fence, ok := strings.CutPrefix(strings.TrimSpace(line), "```"); ok {
			language, inside = fence, !inside
			continue
		}
		switch {
		case !inside:
			words.WriteString(line)
		case language == "sh":
			typed.WriteString(strings.TrimSpace(line) + "\n")
		}
	}
	return typed.String() + strings.Join(regexp.MustCompile("`[^`]+`").FindAllString(words.String(), -1), "\n")
}

// unknown is what the program does not know of a command line; empty: nothing.
func unknown(words []string) string {
	c, rest, err := root().Find(words[:1])
	if err != nil || len(rest) > 0 {
		return err.Error()
	}
	for _, word := range words[1:] {
		if !c.HasSubCommands() || strings.HasPrefix(word, "-") {
			break
		}
		sub, _, err := c.Find([]string{word})
		if err != nil || sub == c {
			return "there is no " + word
		}
		c = sub
	}
	for _, w := range words {
		name, _, _ := strings.Cut(strings.TrimRight(w, ".,;:)’'\""), "=")
		if long, ok := strings.CutPrefix(name, "--"); ok {
			var flag *pflag.Flag
			if flag = c.Flags().Lookup(long); flag == nil {
				flag = c.InheritedFlags().Lookup(long)
			}
			if flag == nil {
				return "there is no flag " + name
			}
		}
	}
	return ""
}
