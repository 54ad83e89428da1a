//go:build unix

package doctor

import "golang.org/x/sys/unix"

// writable reports whether this process may write in dir. Nothing is written
// to find out.
func writable(dir string) bool { return unix.Access(dir, unix.W_OK|unix.X_OK) == nil }
