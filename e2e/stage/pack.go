package stage

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"path"
	"sort"
	"time"
)

// Pack writes the staged plugin as a tar.gz, for localPlugins of a Traefik that
// takes no plugin from the catalog. All of it lies in one folder, upstreamauth/,
// so that it can be unpacked in place:
//
//	tar -xzf upstreamauth.tar.gz -C plugins-local/src/github.com/upstreamauth
//
// The same sources give the same bytes: names are sorted, owners and times left out.
func Pack(w io.Writer) error {
	files, err := staged()
	if err != nil {
		return err
	}

	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)

	zipped := gzip.NewWriter(w)
	archive := tar.NewWriter(zipped)

	for _, name := range names {
		header := &tar.Header{
			Name:    path.Join(path.Base(Module), name),
			Mode:    0o644,
			Size:    int64(len(files[name])),
			ModTime: time.Unix(0, 0).UTC(),
			Format:  tar.FormatPAX,
		}
		if err := archive.WriteHeader(header); err != nil {
			return fmt.Errorf("stage: packing %s: %w", name, err)
		}
		if _, err := archive.Write(files[name]); err != nil {
			return fmt.Errorf("stage: packing %s: %w", name, err)
		}
	}

	if err := archive.Close(); err != nil {
		return fmt.Errorf("stage: packing: %w", err)
	}
	if err := zipped.Close(); err != nil {
		return fmt.Errorf("stage: packing: %w", err)
	}

	return nil
}
