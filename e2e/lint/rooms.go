package lint

import (
	"fmt"
	"path"
)

// maxFiles is how many files a room has at most, without tests.
const maxFiles = 15

// roomViolations: a room with too many files, one whose package has another
// name than its folder, and a root with more than plugin.go.
func roomViolations(sources []*source) []Violation {
	var found []Violation
	for _, s := range sources {
		if s.room() == "" {
			for _, file := range s.files {
				if name := s.position(file.Package).Filename; name != "plugin.go" {
					found = append(found, s.violation(file.Package, "a file in the root", name+" belongs to a room"))
				}
			}
			continue
		}
		if n := len(s.files); n > maxFiles {
			found = append(found, s.violation(s.files[0].Package, "a room with too many files",
				fmt.Sprintf("%s has %d, at most %d", s.room(), n, maxFiles)))
		}
		if name := s.files[0].Name.Name; name != path.Base(s.path) {
			found = append(found, s.violation(s.files[0].Package, "a room under another name",
				fmt.Sprintf("package %s in the folder %s", name, s.room())))
		}
	}
	return found
}
