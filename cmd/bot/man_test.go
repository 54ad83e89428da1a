package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A release takes its manual and its completions from the program.
func TestManualAndCompletionsOfARelease(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := run(t, "man", dir); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "bot-doctor.1"))
	if err != nil || !strings.Contains(string(page), `"syncrobot"`) || !strings.Contains(string(page), "send\\-test") && !strings.Contains(string(page), "send-test") {
		t.Errorf("%v: %s", err, page)
	}
	if _, err := os.Stat(filepath.Join(dir, "bot-man.1")); err == nil {
		t.Error("a hidden command has a page")
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if text, err := run(t, "completion", shell); err != nil || !strings.Contains(text, "bot") {
			t.Errorf("%s: %v", shell, err)
		}
	}
}
