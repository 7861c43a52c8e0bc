package release

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/catalog"
)

// changelog is the file that has a heading for each version.
const changelog = "CHANGELOG.md"

// given refuses a version that is missing or none.
func given(version string) error {
	if version == "" {
		return errors.New("VERSION is missing: make release VERSION=v0.1.0")
	}
	if err := catalog.Version(version); err != nil {
		return fmt.Errorf("VERSION %w", err)
	}

	return nil
}

// ready tells all that keeps HEAD from being released as a version, and returns
// the release's notes.
func (r *repository) ready(version string) (notes string, err error) {
	if err := given(version); err != nil {
		return "", err
	}
	notes, err = r.notes(version)

	return notes, errors.Join(err, r.tags(version), r.clean(), r.released())
}

// notes are what the changelog says of the version.
func (r *repository) notes(version string) (string, error) {
	text, err := os.ReadFile(filepath.Join(r.root, changelog))
	if err != nil {
		return "", err
	}
	number := strings.TrimPrefix(version, "v")
	heading := regexp.MustCompile(`(?m)^## \[` + regexp.QuoteMeta(number) + `\] - \d{4}-\d{2}-\d{2}$`)
	at := heading.FindIndex(text)
	if at == nil {
		return "", fmt.Errorf("%s has no heading for the version: want %q and below it what changed", changelog, "## ["+number+"] - YYYY-MM-DD")
	}
	section := string(text[at[1]:])
	// It ends at the next version, or at the links below the last one.
	if end := regexp.MustCompile(`(?m)^(## |\[[^\]]+\]: )`).FindStringIndex(section); end != nil {
		section = section[:end[0]]
	}
	if section = strings.TrimSpace(section); section == "" {
		return "", fmt.Errorf("%s says nothing below %q", changelog, strings.TrimSpace(string(text[at[0]:at[1]])))
	}

	return section, nil
}

// tags refuses a version that is there, and a tag that is none: the catalog
// looks at all of them.
func (r *repository) tags(version string) error {
	listed, err := r.git("tag", "--list")
	if err != nil {
		return err
	}
	tags := strings.Fields(listed)

	var faults []error
	if slices.Contains(tags, version) {
		faults = append(faults, fmt.Errorf("the tag %[1]s is there already; if it was never pushed: git tag -d %[1]s", version))
	}
	for _, tag := range tags {
		if err := catalog.Version(tag); err != nil {
			faults = append(faults, fmt.Errorf("the catalog refuses the whole repository for the tag %w", err))
		}
	}

	return errors.Join(faults...)
}

// clean refuses changes that are not committed: they would not be released.
func (r *repository) clean() error {
	changes, err := r.git("status", "--porcelain")
	if err != nil {
		return err
	}
	if changes != "" {
		return fmt.Errorf("the working tree is not clean; commit or remove these first:\n%s", changes)
	}

	return nil
}

// released refuses a HEAD that is a release itself.
func (r *repository) released() error {
	vendored, err := r.git("ls-tree", "HEAD", "vendor")
	if err != nil {
		return err
	}
	if vendored != "" {
		return errors.New("HEAD has vendor/: it is a release itself; check out the branch that it was made of")
	}

	return nil
}
