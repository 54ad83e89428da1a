//go:build unix

package identity

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// inherit gives a file that root made to whoever owns its folder: an
// administrator adds a key, and the bot, which is not root, reads it.
func inherit(f *os.File, dir fs.FileInfo) error {
	if owner, ok := dir.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		return f.Chown(int(owner.Uid), int(owner.Gid))
	}
	return nil
}

// syncDir makes what was done in a folder last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
