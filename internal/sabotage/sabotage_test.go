package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheLinesAreThere: a sabotage of a line that is no more shows nothing.
func TestTheLinesAreThere(t *testing.T) {
	t.Parallel()
	for _, s := range sabotages {
		if _, err := s.overlay("../..", t.TempDir()); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
	}
}

// TestWhatNobodyNoticesIsTold.
func TestWhatNobodyNoticesIsTold(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "a.go"), []byte("one two two three"), 0o600); err != nil {
		t.Fatal(err)
	}
	var asked []string
	watchful := func(name, word string) guard {
		return guard{name, func(_ context.Context, overlay string) (string, error) {
			asked = append(asked, name)
			b, err := os.ReadFile(filepath.Join(filepath.Dir(overlay), "0-a.go"))
			if errors.Is(err, os.ErrNotExist) { // the control
				return "", nil
			}
			if err != nil {
				t.Error(err)
			}
			if strings.Contains(string(b), word) {
				return "", nil
			}
			return "no " + word, nil
		}}
	}
	list := []sabotage{{"harmless", in("a.go", "three", "three")}, {"harmful", in("a.go", "one", "")}, {"worse", in("a.go", "three", "")}}
	guards := []guard{watchful("first", "one"), watchful("second", "three")}
	var rows []string
	missed, err := try(t.Context(), root, list, guards, false, func(row string) { rows = append(rows, row) })
	if err != nil || len(missed) != 1 || missed[0] != "harmless" {
		t.Errorf("missed %q, %v", missed, err)
	}
	if got, want := strings.Join(rows[2:], "\n"), "| harmless | NOBODY |  |\n| harmful | first | no one |\n| worse | second | no three |"; got != want {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
	if got := strings.Join(asked, " "); got != "first second first second first first second" {
		t.Errorf("asked %s", got)
	}
	fails := guard{"always", func(context.Context, string) (string, error) { return "a flaky test", nil }}
	if _, err := try(t.Context(), root, list, []guard{fails}, false, func(string) {}); err == nil || !strings.Contains(err.Error(), "a flaky test") {
		t.Errorf("a guard that fails with nothing broken was believed: %v", err)
	}
	broken := guard{"third", func(context.Context, string) (string, error) { return "", errors.New("it does not build") }}
	missed, err = try(t.Context(), root, list[:1], []guard{broken}, false, func(row string) { rows = append(rows, row) })
	if err != nil || len(missed) != 1 || !strings.Contains(rows[len(rows)-1], "third could not be tried: it does not build") {
		t.Errorf("missed %q, %v: %s", missed, err, rows[len(rows)-1])
	}
	if _, err := try(t.Context(), root, []sabotage{{"vague", in("a.go", "two", "")}}, guards, false, func(string) {}); err == nil {
		t.Error("a text that occurs twice was replaced")
	}
}
