package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/upstreamauth/upstreamauth/e2e/demo"
	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// written is the first line of the file, by which it is known as one of ours.
const written = "# Written by cmd/upstreams: routes that ask the emulated APIs, with credentials that only these accept.\n"

// dynamic writes Traefik's dynamic configuration, and returns the file's absolute
// path. Where it is temporary, remove takes it away.
func dynamic(file string, apis *upstreams.Demo, backend string) (_ string, remove func(), err error) {
	routes, err := demo.File(demo.Routes(demo.PlacesOf(apis, backend, ""), demo.Secrets{
		ApplicationKey: apis.Secrets.ApplicationKey,
		Login:          rand.Text(),
		Session:        rand.Text() + rand.Text(),
	}))
	if err != nil {
		return "", nil, err
	}
	if file != "" {
		if file, err = filepath.Abs(file); err != nil {
			return "", nil, err
		}
		return file, func() {}, put(file, append([]byte(written), routes...))
	}
	dir, remove, err := ending.Folder("", "upstreamauth-upstreams-")
	if err != nil {
		return "", nil, err
	}
	file = filepath.Join(dir, "dynamic.yml")
	if err := put(file, append([]byte(written), routes...)); err != nil {
		remove()
		return "", nil, err
	}
	return file, remove, nil
}

// put makes the file appear whole, since Traefik reads it when it changes. One that
// this program has not written is not overwritten.
func put(file string, text []byte) error {
	there, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(there) > 0 && !bytes.HasPrefix(there, []byte(written)) {
		return fmt.Errorf("%s is there, and was not written by this program: name another file", file)
	}
	beside := file + ".new"
	if err := os.WriteFile(beside, text, 0o600); err != nil {
		return err
	}
	return os.Rename(beside, file)
}
