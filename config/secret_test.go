package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/config/files"
)

// secretFiles makes files, by path and content; a content that begins with -> is the
// target of a link.
func secretFiles(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for path, content := range files {
		path = filepath.Join(folder, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		target, link := strings.CutPrefix(content, "->")
		err := error(nil)
		if link {
			err = os.Symlink(strings.ReplaceAll(target, "${DIR}", folder), path)
		} else {
			err = os.WriteFile(path, []byte(content), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadFile(t *testing.T) {
	t.Run("without UPSTREAMAUTH_FILES, only files in the default folders are read", func(t *testing.T) {
		outside := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(outside, []byte("MARKER"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{outside, "/etc/passwd", "/run/secrets", "/run/secretsx/a", "/etc/upstreamauth/../passwd"} {
			f := newFixture(t)
			f.put("file:"+path, "basic", "applicationKey")
			want := "basic.applicationKey: \"file:" + path + "\": file: takes only files below the folders of UPSTREAMAUTH_FILES; " +
				"where that is not set, those directly in /run/secrets and those below /etc/upstreamauth"
			if got := f.faults(); got != want {
				t.Errorf("%s: %s", path, got)
			}
		}
	})

	t.Run("the folder where Docker mounts secrets is for files directly in it", func(t *testing.T) {
		var rules []string
		for _, f := range files.Folders("", false) {
			rule := f.Path + " and below"
			if f.Direct {
				rule = f.Path + " alone"
			}
			rules = addOnce(rules, rule)
		}
		if got := strings.Join(rules, ", "); !strings.HasPrefix(got, "/run/secrets alone") || !strings.Contains(got, "/etc/upstreamauth and below") ||
			strings.Contains(got, "/run/secrets and below") {
			t.Error(got)
		}
	})

	for _, c := range []struct {
		name   string
		files  map[string]string
		path   string
		direct bool
		read   bool
	}{
		{"a file that Docker mounts", map[string]string{"key": "MARKER"}, "key", true, true},
		{"a link to a file beside it", map[string]string{"key": "->real", "real": "MARKER"}, "key", true, true},
		{"a volume that Kubernetes mounts there", map[string]string{"key": "->..data/key", "..data": "->..2026_01", "..2026_01/key": "MARKER"}, "key", true, true},
		{"a token of Azure", map[string]string{"azure/tokens/azure-identity-token": "MARKER"}, "azure/tokens/azure-identity-token", true, false},
		{"a token of Istio as Kubernetes mounts it", map[string]string{"tokens/istio-token": "->..data/istio-token", "tokens/..data": "->..2026_01", "tokens/..2026_01/istio-token": "MARKER"}, "tokens/istio-token", true, false},
		{"a link to such a token", map[string]string{"key": "->tokens/..2026_01/istio-token", "tokens/..2026_01/istio-token": "MARKER"}, "key", true, false},
		{"a link into a folder", map[string]string{"key": "->azure/token", "azure/token": "MARKER"}, "key", true, false},
		{"a link into a folder of a volume", map[string]string{"key": "->..data/a/key", "..data": "->..2026_01", "..2026_01/a/key": "MARKER"}, "key", true, false},
		{"a link that leads out", map[string]string{"key": "->${DIR}/../outside", "../outside": "MARKER"}, "key", true, false},
		{"a link that leads out, to a folder with two dots", map[string]string{"key": "->${DIR}/../..2026_01/key", "../..2026_01/key": "MARKER"}, "key", true, false},
		{"the plugin's own folder, a volume", map[string]string{"key": "->..data/key", "..data": "->..2026_01", "..2026_01/key": "MARKER"}, "key", false, true},
		{"the plugin's own folder, deeper", map[string]string{"gate/key": "->..data/key", "gate/..data": "->..2026_01", "gate/..2026_01/key": "MARKER"}, "gate/key", false, true},
		{"the plugin's own folder, a service account", map[string]string{"serviceaccount/token": "MARKER"}, "serviceaccount/token", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			folder = filepath.Join(folder, "mounted")
			secretFiles(t, folder, c.files)
			r := &reader{}
			r.folders = files.Allow(nil, folder, c.direct)
			content, problem := r.readFile(filepath.Join(folder, c.path))
			if (content == "MARKER") != c.read || (problem == "") != c.read {
				t.Errorf("read %q, %q", content, problem)
			}
		})
	}
}
