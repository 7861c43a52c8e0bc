package configtest

import (
	"os"
	"path/filepath"
	"strings"
)

// File is a file that a configuration refers to: text, a symbolic link, a
// folder or a named pipe.
type File struct {
	Content string
	Repeat  int
	Symlink string
	Folder  bool
	Fifo    bool
}

// create makes the file and the folders that it needs.
func (f File) create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	switch {
	case f.Folder:
		return os.MkdirAll(path, 0o700)
	case f.Fifo:
		return makeFifo(path)
	case f.Symlink != "":
		return os.Symlink(f.Symlink, path)
	}
	return os.WriteFile(path, []byte(strings.Repeat(f.Content, 1+f.Repeat)), 0o600)
}
