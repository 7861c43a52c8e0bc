package release

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// repository is a checkout, and a folder for what is made of it on the way.
type repository struct {
	root, gitDir string
	temporary    string
	remove       func() // takes the temporary folder away
}

func open(dir string) (*repository, error) {
	r := &repository{root: dir}
	root, err := r.git("rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	gitDir, err := r.git("rev-parse", "--absolute-git-dir")
	if err != nil {
		return nil, err
	}
	temporary, remove, err := ending.Folder("", "upstreamauth-release-")
	if err != nil {
		return nil, err
	}

	return &repository{root: root, gitDir: gitDir, temporary: temporary, remove: remove}, nil
}

func (r *repository) close() { r.remove() }

// commit makes the release's commit, which no branch leads to, and returns its
// name. It works on a copy of HEAD's tree, with an index of its own.
func (r *repository) commit(version string) (string, error) {
	tree := filepath.Join(r.temporary, "made")
	if err := r.export("HEAD", tree); err != nil {
		return "", err
	}
	c, err := findConstant(tree)
	if err != nil {
		return "", err
	}
	if err := c.write(tree, strings.TrimPrefix(version, "v")); err != nil {
		return "", err
	}
	if err := stage.Vendor(tree); err != nil {
		return "", err
	}

	program, err := requireVersion(tree, version)
	if err != nil {
		return "", err
	}

	// By force, since vendor/ is in .gitignore.
	if _, err := r.inTree(tree, "add", "--force", "--", "vendor", c.file, program); err != nil {
		return "", err
	}
	name, err := r.inTree(tree, "write-tree")
	if err != nil {
		return "", err
	}
	message := fmt.Sprintf("Release %s\n\nThe tree of the parent, with the version and with the dependencies in vendor/,\nwhere Traefik looks for them.\n", version)

	return r.gitWith(message, "commit-tree", name, "-p", "HEAD", "-F", "-")
}

// requireVersion makes the module of the command upstreamauth take the plugin by its
// version and no longer from the folder above: go install refuses a module that
// replaces another. It returns its go.mod.
func requireVersion(tree, version string) (string, error) {
	const program = "cmd/upstreamauth/go.mod"
	edit := exec.Command("go", "mod", "edit", "-dropreplace="+stage.Module, "-require="+stage.Module+"@"+version, filepath.FromSlash(program))
	edit.Dir = tree
	if out, err := edit.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", program, err, out)
	}

	return program, nil
}

// export writes a commit's whole tree to dir, which gets an index beside it.
func (r *repository) export(commit, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if _, err := r.inTree(dir, "read-tree", commit); err != nil {
		return err
	}
	_, err := r.inTree(dir, "checkout-index", "--all")

	return err
}

// inTree runs git on a folder and its index in the place of the checkout's.
func (r *repository) inTree(dir string, arguments ...string) (string, error) {
	return run(dir, "", []string{"GIT_INDEX_FILE=" + dir + ".index"},
		append([]string{"-c", "core.autocrlf=false", "--git-dir=" + r.gitDir, "--work-tree=" + dir}, arguments...)...)
}

// unpack writes to dir what a zip of the commit holds: `git archive` leaves out
// what .gitattributes says, as GitHub does.
func (r *repository) unpack(commit, dir string) error {
	archive, err := r.git("archive", "--format=tar", commit)
	if err != nil {
		return err
	}
	for reader := tar.NewReader(strings.NewReader(archive)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpacking %s: %w", commit, err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if !filepath.IsLocal(header.Name) {
			return fmt.Errorf("unpacking %s: %q leads out of it", commit, header.Name)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return fmt.Errorf("unpacking %s: %w", commit, err)
		}
		file := filepath.Join(dir, filepath.FromSlash(header.Name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, content, 0o644)); err != nil {
			return err
		}
	}
}

// Unpack writes a tag's sources to where Traefik looks for a plugin below
// goPath, as it unpacks the catalog's zip.
func Unpack(dir, tag, goPath string) error {
	r, err := open(dir)
	if err != nil {
		return err
	}
	defer r.close()

	return r.unpack("refs/tags/"+tag, stage.Dir(goPath))
}

func (r *repository) git(arguments ...string) (string, error) {
	return run(r.root, "", nil, arguments...)
}

func (r *repository) gitWith(input string, arguments ...string) (string, error) {
	return run(r.root, input, nil, arguments...)
}

// run runs git in dir and returns what it prints, without the last line's end.
// A repository that the environment names (git sets it for its hooks) is not
// the one that was asked for.
func run(dir, input string, env []string, arguments ...string) (string, error) {
	git := exec.Command("git", arguments...)
	git.Dir = dir
	git.Stdin = strings.NewReader(input)
	git.Env = append(slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains([]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}, name)
	}), env...)
	var out, failure bytes.Buffer
	git.Stdout, git.Stderr = &out, &failure
	if err := git.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w\n%s", strings.Join(arguments, " "), err, strings.TrimSpace(failure.String()))
	}

	return strings.TrimSuffix(out.String(), "\n"), nil
}
