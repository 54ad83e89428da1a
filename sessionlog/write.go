package sessionlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Folder is where session logs are kept.
type Folder struct {
	Dir string
	Git bool // commit each file in the repository that holds Dir
}

// Write writes a draft, and commits it where the folder says so. It overwrites
// nothing: where another text has the path already, a number is added to it.
// It returns the path below Dir that has the text now; written is false where
// that file was there before, which is committed if it was not.
func (f Folder) Write(ctx context.Context, d Draft) (name string, written bool, err error) {
	// A root keeps every path below the folder, whatever links it meets.
	if err := os.MkdirAll(f.Dir, 0o750); err != nil {
		return "", false, fmt.Errorf("session log: %w", err)
	}
	root, err := os.OpenRoot(f.Dir)
	if err != nil {
		return "", false, fmt.Errorf("session log: %w", err)
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.FromSlash(path.Dir(d.Path)), 0o750); err != nil {
		return "", false, fmt.Errorf("session log: %w", err)
	}
	stem := strings.TrimSuffix(d.Path, ".md")
	for n := 1; n <= 100; n++ {
		name = d.Path
		if n > 1 {
			name = fmt.Sprintf("%s-%d.md", stem, n)
		}
		file, err := root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
		if errors.Is(err, fs.ErrExist) {
			if old, err := root.ReadFile(filepath.FromSlash(name)); err == nil && string(old) == d.Text {
				return name, false, f.commit(ctx, name)
			}
			continue
		}
		if err != nil {
			return "", false, fmt.Errorf("session log: %w", err)
		}
		_, err = file.WriteString(d.Text)
		if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
			return "", false, fmt.Errorf("session log: %w", err)
		}
		return name, true, f.commit(ctx, name)
	}
	return "", false, fmt.Errorf("session log: there are a hundred of %s already", d.Path)
}

const (
	gitPatience  = 30 * time.Second
	lockPatience = 10 * time.Second // for another git in the same repository, a replica's or a person's
)

// commit commits one file, where the folder says so and it is not committed
// yet, and nothing else that may be in the repository. It is tried again while
// another git, a replica's or a person's, holds the index or has just written
// it without what was added here.
func (f Folder) commit(ctx context.Context, name string) error {
	if !f.Git {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, gitPatience)
	defer cancel()
	for until := time.Now().Add(lockPatience); ; {
		said, err := f.add(ctx, name)
		if err == nil {
			return nil
		}
		err = fmt.Errorf("session log: the file is written and not committed: %w: %s", err, said)
		if !gitIsBusy.Match(said) || time.Now().After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// gitIsBusy is what git says when another one is at work.
var gitIsBusy = regexp.MustCompile(`\.lock': File exists|cannot lock ref|did not match any file`)

// add tries once.
func (f Folder) add(ctx context.Context, name string) (said []byte, err error) {
	// What is ignored is no committed file: git refuses to add it, and says so.
	said, err = f.git(ctx, "status", "--porcelain", "--untracked-files=all", "--ignored", "--", name)
	if err != nil || len(said) == 0 {
		return said, err
	}
	if said, err = f.git(ctx, "add", "--", name); err != nil {
		return said, err
	}
	return f.git(ctx, "commit", "--quiet", "--message", "Session log "+path.Base(name), "--", name)
}

// git runs one command. One that takes too long is asked to end, so that it
// leaves no lock behind.
func (f Folder) git(ctx context.Context, args ...string) (said []byte, err error) {
	git := exec.CommandContext(ctx, "git", append([]string{"-C", f.Dir}, args...)...)
	git.Env = append(git.Environ(), "LC_ALL=C")
	git.Cancel = func() error { return git.Process.Signal(os.Interrupt) }
	git.WaitDelay = 5 * time.Second
	said, err = git.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("git %s: %w", args[0], err)
	}
	return bytes.TrimSpace(said), err
}
