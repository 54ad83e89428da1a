//go:build !unix

package identity

import (
	"io/fs"
	"os"
)

// Windows has neither: a new file has its folder's rights, and folders are
// never flushed.

func inherit(*os.File, fs.FileInfo) error { return nil }

func syncDir(string) error { return nil }
