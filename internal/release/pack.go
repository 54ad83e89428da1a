package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"time"
)

// file is one file of an archive.
type file struct {
	name string
	mode int64
	data []byte
}

// epoch is every file's time: the commit's would be as good, this needs none.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) // the first that zip knows

// pack makes an archive whose files are all in a folder of the name stem: a
// zip, or a tar.gz.
func pack(stem string, zipped bool, files []file) ([]byte, error) {
	var b bytes.Buffer
	var add func(f file) (io.Writer, error)
	var end func() error
	if zipped {
		z := zip.NewWriter(&b)
		add = func(f file) (io.Writer, error) {
			return z.CreateHeader(&zip.FileHeader{Name: stem + "/" + f.name, Method: zip.Deflate, Modified: epoch})
		}
		end = z.Close
	} else {
		g, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return nil, err
		}
		t := tar.NewWriter(g)
		add = func(f file) (io.Writer, error) {
			return t, t.WriteHeader(&tar.Header{Name: stem + "/" + f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: epoch, Format: tar.FormatUSTAR})
		}
		end = func() error {
			if err := t.Close(); err != nil {
				return err
			}
			return g.Close()
		}
	}
	for _, f := range files {
		w, err := add(f)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := end()
	return b.Bytes(), err
}
