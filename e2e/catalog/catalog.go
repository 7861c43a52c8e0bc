// Package catalog holds what Traefik's plugin catalog asks of a release before
// it lists it, and a little more: the catalog would list a plugin that refuses
// its own example, and find out about a missing dependency only by running it.
//
// The catalog reads the manifest, the readme, go.mod and the pictures from the
// tag's tree, one by one. The sources it takes, as Traefik does, from the zip
// that GitHub makes of the tag, which leaves out what .gitattributes says.
package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/png" // the format of icons
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
	"gopkg.in/yaml.v3"
)

// Release is what is checked.
type Release struct {
	// Version is the tag, such as v0.1.0.
	Version string

	// Tree is a folder with the tag's whole tree.
	Tree string

	// GoPath holds the sources as Traefik unpacks them, at stage.Dir(GoPath).
	GoPath string
}

// Check returns everything that is wrong with a release, or nil.
func Check(r Release) error {
	return errors.Join(
		Version(r.Version),
		r.manifest(),
		r.documents(),
		r.module(),
		r.vendor(),
		r.interpreted(),
	)
}

// Version tells whether a tag is one that the catalog and Go both take. The
// catalog refuses a whole repository for one tag that is no version; Go refuses
// a module of v2 or later whose path does not end in /v2, and +build.
func Version(tag string) error {
	switch {
	case !semver.IsValid(tag) || semver.Canonical(tag) != tag:
		return fmt.Errorf("%q is not a version: want vMAJOR.MINOR.PATCH, as in v0.1.0 or v0.2.0-rc.1", tag)
	case semver.Major(tag) != "v0" && semver.Major(tag) != "v1":
		return fmt.Errorf("%q: from v2 on, Go wants the module's path to end in /%s, and it is %s", tag, semver.Major(tag), stage.Module)
	}

	return nil
}

// keys are those of a manifest that the catalog knows.
var keys = regexp.MustCompile(`^(displayName|type|runtime|import|basePkg|compatibility|summary|iconPath|bannerPath|testData)$`)

func (r Release) manifest() error {
	text, err := os.ReadFile(filepath.Join(r.Tree, ".traefik.yml"))
	if err != nil {
		return err
	}
	manifest := map[string]any{}
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		return fmt.Errorf(".traefik.yml: %w", err)
	}

	var faults []error
	fault := func(format string, values ...any) {
		faults = append(faults, fmt.Errorf(".traefik.yml: "+format, values...))
	}
	for _, key := range []string{"displayName", "type", "import", "summary"} {
		if text, ok := manifest[key].(string); !ok || strings.TrimSpace(text) == "" {
			fault("%s is %v, want a text", key, manifest[key])
		}
	}
	if manifest["type"] != "middleware" {
		fault("type is %v, want middleware", manifest["type"])
	}
	if manifest["import"] != stage.Module {
		fault("import is %v, want %s", manifest["import"], stage.Module)
	}
	if data, ok := manifest["testData"].(map[string]any); !ok || len(data) == 0 {
		fault("testData is %v, want a configuration", manifest["testData"])
	}
	for key := range manifest {
		if !keys.MatchString(key) {
			fault("%s is a key that the catalog does not know", key)
		}
	}
	for _, key := range []string{"iconPath", "bannerPath"} {
		if value, given := manifest[key]; given {
			if err := r.picture(fmt.Sprint(value)); err != nil {
				fault("%s: %w", key, err)
			}
		}
	}

	return errors.Join(faults...)
}

// picture checks a file that the catalog shows. It links to GitHub's raw file,
// which an SVG does not show in: that comes as plain text.
func (r Release) picture(name string) error {
	if name != path.Clean(name) || path.IsAbs(name) || strings.HasPrefix(name, "..") {
		return fmt.Errorf("%q is not a path below the repository", name)
	}
	text, err := os.ReadFile(filepath.Join(r.Tree, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if config.Width != config.Height || config.Width < 128 {
		return fmt.Errorf("%s is a %s of %d by %d pixels, want a square of 128 or more", name, format, config.Width, config.Height)
	}

	return nil
}

func (r Release) documents() error {
	var faults []error
	for _, name := range []string{"readme.md", "LICENSE"} {
		text, err := os.ReadFile(filepath.Join(r.Tree, name))
		if err == nil && len(bytes.TrimSpace(text)) == 0 {
			err = fmt.Errorf("%s is empty", name)
		}
		faults = append(faults, err)
	}

	return errors.Join(faults...)
}

// module checks go.mod: Traefik's own modules and its interpreter's must not be
// vendored into what the interpreter reads.
func (r Release) module() error {
	file, err := goMod(r.Tree)
	if err != nil {
		return err
	}

	var faults []error
	if file.Module.Mod.Path != stage.Module {
		faults = append(faults, fmt.Errorf("go.mod: the module is %s, want %s", file.Module.Mod.Path, stage.Module))
	}
	for _, require := range file.Require {
		if strings.Contains(require.Mod.Path, "traefik/") || strings.Contains(require.Mod.Path, "containous/") {
			faults = append(faults, fmt.Errorf("go.mod: it requires %s, which the catalog refuses", require.Mod.Path))
		}
	}
	if len(file.Replace)+len(file.Exclude) > 0 {
		faults = append(faults, errors.New("go.mod: replace and exclude have no effect on those who require the module"))
	}

	return errors.Join(faults...)
}

// vendor checks that the sources hold each module that go.mod requires, in its
// version. Without a require the catalog would take the sources from the Go
// proxy, whose zip holds no vendor folder.
func (r Release) vendor() error {
	dir := stage.Dir(r.GoPath)
	file, err := goMod(dir)
	if err != nil {
		return err
	}
	listed, err := os.ReadFile(filepath.Join(dir, "vendor", "modules.txt"))
	if err != nil {
		return fmt.Errorf("the sources have no vendored dependencies: %w", err)
	}

	var faults []error
	for _, require := range file.Require {
		line := "# " + require.Mod.String()
		if !strings.Contains("\n"+string(listed), "\n"+strings.Replace(line, "@", " ", 1)+"\n") {
			faults = append(faults, fmt.Errorf("vendor/modules.txt does not name %s", require.Mod))
		}
		if _, err := os.Stat(filepath.Join(dir, "vendor", filepath.FromSlash(require.Mod.Path))); err != nil {
			faults = append(faults, fmt.Errorf("%s is not vendored: %w", require.Mod, err))
		}
	}

	return errors.Join(faults...)
}

func goMod(dir string) (*modfile.File, error) {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return nil, err
	}

	return modfile.Parse("go.mod", text, nil)
}
