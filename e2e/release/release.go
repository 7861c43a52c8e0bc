// Package release makes a release of the plugin: a tag whose tree has vendor/.
//
// Traefik takes a plugin from the catalog as the zip that GitHub makes of a
// tag, and its interpreter knows no module cache: dependencies have to be in
// the tree. main keeps none of that. A release is therefore a commit beside
// main: its parent is the commit that is released, its tree is that commit's
// with vendor/ and the version in place, and only the tag leads to it.
package release

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/catalog"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// Options say what is released.
type Options struct {
	// Dir is a folder of the repository; its HEAD is released.
	Dir string

	// Version is the tag, such as v0.1.0.
	Version string

	// Out takes what is said of it.
	Out io.Writer
}

// Make commits and tags a release locally. Branches, the index and the working
// tree stay as they are; nothing is pushed. Where anything is wrong, all of it
// is told at once and there is no tag.
func Make(o Options) error {
	r, err := open(o.Dir)
	if err != nil {
		return err
	}
	defer r.close()

	notes, err := r.ready(o.Version)
	if err != nil {
		return err
	}
	commit, err := r.commit(o.Version)
	if err != nil {
		return err
	}
	if err := r.check(commit, o.Version); err != nil {
		return fmt.Errorf("%s is not tagged, since the catalog would not take it:\n%w", o.Version, err)
	}
	message := fmt.Sprintf("upstreamauth %s\n\n%s\n", o.Version, notes)
	// The headings of the notes begin with #, which git takes for comments.
	if _, err := r.gitWith(message, "tag", "-a", "--cleanup=whitespace", "-F", "-", o.Version, commit); err != nil {
		return err
	}

	return r.say(o, commit)
}

// Check tells what is wrong with a tag that is there: whether it holds what
// Make puts there, and whether the catalog would take it.
func Check(o Options) error {
	r, err := open(o.Dir)
	if err != nil {
		return err
	}
	defer r.close()

	if err := given(o.Version); err != nil {
		return err
	}
	commit, err := r.git("rev-parse", "--verify", "--quiet", "refs/tags/"+o.Version+"^{commit}")
	if err != nil {
		return fmt.Errorf("there is no tag %s here", o.Version)
	}
	if err := r.check(commit, o.Version); err != nil {
		return fmt.Errorf("%s is not as the catalog wants it:\n%w", o.Version, err)
	}
	fmt.Fprintf(o.Out, "%s has what the catalog asks for.\n", o.Version)

	return nil
}

func (r *repository) say(o Options, commit string) error {
	head, err := r.git("rev-parse", "--short", "HEAD")
	if err != nil {
		return err
	}
	branch, err := r.git("symbolic-ref", "--short", "--quiet", "HEAD")
	if err != nil {
		branch = "a detached HEAD"
	}
	fmt.Fprintf(o.Out, `%[1]s is tagged here: commit %.7[2]s, made of %[3]s (%[4]s), which stays as it is.

  look at it   git show --stat %[1]s
  push it      git push origin %[1]s
  undo it      git tag -d %[1]s

A tag that was pushed stays: the catalog keeps a digest of what it gave out, and
Traefik refuses another content. Repair it with a new version.
`, o.Version, commit, branch, head)

	return nil
}

// check is Check for a commit that may have no tag yet.
func (r *repository) check(commit, version string) error {
	tree, goPath := filepath.Join(r.temporary, "checked"), filepath.Join(r.temporary, "gopath")
	if err := r.export(commit, tree); err != nil {
		return err
	}
	if err := r.unpack(commit, stage.Dir(goPath)); err != nil {
		return err
	}

	return errors.Join(
		catalog.Check(catalog.Release{Version: version, Tree: tree, GoPath: goPath}),
		constant(stage.Dir(goPath), version),
		resolves(stage.Dir(goPath)),
	)
}

// constant tells whether the sources call themselves by the version.
func constant(dir, version string) error {
	c, err := findConstant(dir)
	if err != nil {
		return err
	}
	if "v"+c.value != version {
		return fmt.Errorf("%s: Version is %q, want %q", c.file, c.value, strings.TrimPrefix(version, "v"))
	}

	return nil
}

// resolves tells whether every import is in the sources themselves.
func resolves(dir string) error {
	list := exec.Command("go", "list", "-mod=vendor", "-deps", "./...")
	list.Dir = dir
	list.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOPROXY=off")
	if out, err := list.CombinedOutput(); err != nil {
		return fmt.Errorf("the go command does not take vendor/: %w\n%s", err, strings.TrimSpace(string(out)))
	}

	return nil
}
