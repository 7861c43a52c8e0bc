package binary

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// modules holds a go.mod and a go.sum for each version, under names that leave
// them in this module.
//
//go:embed modules/*.mod modules/*.sum
var modules embed.FS

const (
	// extension is a module that Traefik's own replaces by a folder of its
	// repository, which the published module lacks.
	extension = "github.com/traefik/traefik/dynamic/ext"

	// lego is what Traefik gets certificates with, before its major version.
	lego = "github.com/go-acme/lego/"
)

// extensionSource is all that Traefik uses of extension: two types to embed.
const extensionSource = `// Package ext adds nothing to Traefik's dynamic configuration.
package ext

type HTTP struct{}

type Router struct{}
`

// providersSource is lego's package of DNS providers without the providers. They
// are a third of all that Traefik is made of and need some hundred modules, and
// no test gets a certificate. %s is the path of lego's module.
const providersSource = `// Package dns knows no DNS provider.
package dns

import (
	"fmt"

	"%s/challenge"
)

func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("this Traefik was built for tests, without the DNS provider %%q", name)
}
`

// layOut writes the module that Traefik is built from into dir: the pinned go.mod
// and go.sum, and the folders that its replace lines name. sources is another
// folder, for what is fetched.
func layOut(ctx context.Context, version, dir, sources string) error {
	goMod, goSum, err := pinned(version)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(dir, "go.mod"), goMod); err != nil {
		return err
	}
	if err := write(filepath.Join(dir, "go.sum"), goSum); err != nil {
		return err
	}

	parsed, err := modfile.Parse(version+".mod", goMod, nil)
	if err != nil {
		return fmt.Errorf("reading the pinned module: %w", err)
	}
	for _, replace := range parsed.Replace {
		if replace.New.Version != "" {
			continue
		}

		target := filepath.Join(dir, filepath.FromSlash(replace.New.Path))
		switch {
		case replace.Old.Path == extension:
			err = layOutExtension(target)
		case strings.HasPrefix(replace.Old.Path, lego):
			err = layOutLego(ctx, version, replace.Old.Path, target, sources)
		default:
			err = fmt.Errorf("%s.mod replaces %s by a folder that cannot be made", version, replace.Old.Path)
		}
		if err != nil {
			return err
		}
	}

	return nil
}

// pinned is the go.mod and the go.sum of a version.
func pinned(version string) (goMod, goSum []byte, err error) {
	if goMod, err = modules.ReadFile("modules/" + version + ".mod"); err != nil {
		return nil, nil, fmt.Errorf("no Traefik %s is pinned: %w", version, err)
	}
	if goSum, err = modules.ReadFile("modules/" + version + ".sum"); err != nil {
		return nil, nil, fmt.Errorf("no Traefik %s is pinned: %w", version, err)
	}

	return goMod, goSum, nil
}

func layOutExtension(dir string) error {
	if err := write(filepath.Join(dir, "go.mod"), []byte("module "+extension+"\n\ngo 1.25.0\n")); err != nil {
		return err
	}

	return write(filepath.Join(dir, "ext.go"), []byte(extensionSource))
}

// layOutLego copies lego without its DNS providers. Its version and its checksum
// are those in the go.mod and go.sum of Traefik itself, whose own checksum is
// pinned.
func layOutLego(ctx context.Context, version, legoPath, dir, sources string) error {
	_, goSum, err := pinned(version)
	if err != nil {
		return err
	}
	traefik, err := fetch(ctx, sources, module, version, goSum)
	if err != nil {
		return err
	}

	goMod, err := os.ReadFile(filepath.Join(traefik, "go.mod"))
	if err != nil {
		return fmt.Errorf("reading Traefik's module: %w", err)
	}
	if goSum, err = os.ReadFile(filepath.Join(traefik, "go.sum")); err != nil {
		return fmt.Errorf("reading Traefik's module: %w", err)
	}
	legoVersion, err := required(goMod, legoPath)
	if err != nil {
		return err
	}
	source, err := fetch(ctx, sources, legoPath, legoVersion, goSum)
	if err != nil {
		return err
	}

	if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
		return fmt.Errorf("copying lego: %w", err)
	}
	providers := filepath.Join(dir, "providers", "dns")
	if err := os.RemoveAll(providers); err != nil {
		return fmt.Errorf("copying lego: %w", err)
	}

	return write(filepath.Join(providers, "dns.go"), fmt.Appendf(nil, providersSource, legoPath))
}

// fetch downloads a module and gives its folder in Go's module cache. The go
// command compares it with the checksums that goSum holds; the module in dir,
// which requires nothing, is there to hold them.
func fetch(ctx context.Context, dir, modulePath, version string, goSum []byte) (string, error) {
	if err := write(filepath.Join(dir, "go.mod"), []byte("module sources\n")); err != nil {
		return "", err
	}
	if err := write(filepath.Join(dir, "go.sum"), goSum); err != nil {
		return "", err
	}

	cmd := goCommand(ctx, dir, "mod", "download", "-json", modulePath+"@"+version)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := grouped(ctx, cmd, cmd.Output)
	var answer struct{ Dir, Error string }
	decoding := json.Unmarshal(out, &answer)
	if err := cmp.Or(err, decoding); err != nil {
		return "", fmt.Errorf("fetching %s@%s: %w\n%s%s", modulePath, version, err, answer.Error, complaint.String())
	}

	return answer.Dir, nil
}

// required is the version of a module that a go.mod requires.
func required(goMod []byte, modulePath string) (string, error) {
	parsed, err := modfile.ParseLax("go.mod", goMod, nil)
	if err != nil {
		return "", fmt.Errorf("reading a go.mod: %w", err)
	}
	for _, require := range parsed.Require {
		if require.Mod.Path == modulePath {
			return require.Mod.Version, nil
		}
	}

	return "", fmt.Errorf("%s does not require %s", path.Base(parsed.Module.Mod.Path), modulePath)
}

// write writes a file into a folder that it makes if need be.
func write(file string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("preparing the build: %w", err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return fmt.Errorf("preparing the build: %w", err)
	}

	return nil
}
