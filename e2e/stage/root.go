package stage

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

var errNoRoot = errors.New("stage: the plugin's repository was not found above this source file or the working directory")

// Root is the absolute path of the plugin's repository: the folder whose
// go.mod names Module.
//
// It is looked for above this very file first, so that a program works on the
// checkout it was built from wherever it is started; a build with -trimpath
// does not know that place any more and looks above the working directory.
func Root() (string, error) { return root() }

var root = sync.OnceValues(func() (string, error) {
	var starts []string
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		starts = append(starts, filepath.Dir(file))
	}
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}

	for _, start := range starts {
		if dir, ok := above(start); ok {
			return dir, nil
		}
	}

	return "", errNoRoot
})

// above walks from dir to the file system's root and stops at the plugin's
// go.mod. Nested modules have a go.mod of their own and are walked past.
func above(dir string) (string, bool) {
	for {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && declares(string(text), Module) {
			return dir, true
		}

		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

func declares(goMod, module string) bool {
	for _, line := range strings.Split(goMod, "\n") {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "module" {
			return fields[1] == module
		}
	}

	return false
}
