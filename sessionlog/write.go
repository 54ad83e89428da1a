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
// that file was there before.
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
				return name, false, nil
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
		if f.Git {
			err = f.commit(ctx, name)
		}
		return name, true, err
	}
	return "", false, fmt.Errorf("session log: there are a hundred of %s already", d.Path)
}

// commit commits one file and nothing else that may be in the repository.
func (f Folder) commit(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, args := range [][]string{
		{"add", "--", name},
		{"commit", "--quiet", "--message", "Session log " + path.Base(name), "--", name},
	} {
		git := exec.CommandContext(ctx, "git", append([]string{"-C", f.Dir}, args...)...)
		if out, err := git.CombinedOutput(); err != nil {
			return fmt.Errorf("session log: the file is written and not committed: git %s: %w: %s", args[0], err, bytes.TrimSpace(out))
		}
	}
	return nil
}
