package panics

import (
	"fmt"
	"os"
	"strings"
)

// Enable makes one point panic, once.
func (injector *Injector) Enable(point string) error {
	_ = os.Remove(injector.link)
	return os.Symlink(point, injector.link)
}

// Fired reports whether the enabled point has panicked.
func (injector *Injector) Fired() bool {
	_, err := os.Lstat(injector.link)
	return err != nil
}

// Disable disables the enabled point, and reports whether it has panicked.
func (injector *Injector) Disable() (panicked bool) { return os.Remove(injector.link) != nil }

// Trace returns the points that are passed while something is done.
func (injector *Injector) Trace(do func()) (map[string]bool, error) {
	injector.traces++
	if err := injector.Enable(fmt.Sprint("trace ", injector.traces, " ")); err != nil {
		return nil, err
	}
	do()
	injector.Disable()
	text, err := os.ReadFile(injector.link + ".trace")
	if err != nil {
		return nil, err
	}
	passed := map[string]bool{}
	for _, point := range strings.Fields(string(text)) {
		passed[point] = true
	}
	return passed, os.Remove(injector.link + ".trace")
}
