package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// logs looks whether session logs can be written where they should be.
func (x *examination) logs(ctx context.Context, f *findings) {
	const check = "session logs"
	c := x.Config.SessionLogs
	// The bot makes the folder when it is needed: then what is above counts.
	dir := c.Dir
	info, err := os.Stat(dir)
	for errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
		dir = filepath.Dir(dir)
		info, err = os.Stat(dir)
	}
	switch {
	case err != nil:
		f.fails(check, firstLine(err), "Correct session_logs.dir.")
		return
	case !info.IsDir():
		f.fails(check, dir+" is no folder", "Correct session_logs.dir.")
		return
	case !writable(dir):
		f.fails(check, dir+" may not be written by this user", "Run “bot doctor” as the user that runs the bot; then: chown that user "+dir)
		return
	case !c.Git:
		f.fine(check, "%s can be written", c.Dir)
		return
	}
	if _, err := exec.LookPath("git"); err != nil {
		f.fails(check, "session_logs.git is on, and there is no git on this machine", "Install git, or write session_logs.git: false.")
		return
	}
	if err := exec.CommandContext(ctx, "git", "-C", dir, "rev-parse", "--show-toplevel").Run(); err != nil {
		f.fails(check, "session_logs.git is on, and "+dir+" is in no git repository", "git init "+c.Dir)
		return
	}
	for _, key := range []string{"user.name", "user.email"} {
		if exec.CommandContext(ctx, "git", "-C", dir, "config", key).Run() != nil {
			f.fails(check, "git does not know as whom to commit: "+key+" is not set", "git -C "+dir+" config "+key+" syncrobot")
			return
		}
	}
	f.fine(check, "%s can be written and committed to", c.Dir)
}
