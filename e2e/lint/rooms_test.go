package lint

import (
	"fmt"
	"slices"
	"testing"
)

func TestRooms(t *testing.T) {
	room := func(files int) string {
		text := ""
		for i := range files {
			text += fmt.Sprintf("-- gate/file%d.go --\n", i)
		}
		return text
	}
	for _, c := range []struct {
		name, files string
		want        []string
	}{
		{"plugin.go in the root, as many files as may be in a room", "-- plugin.go --\n" + room(maxFiles), nil},
		{"one file too many", room(maxFiles + 1), []string{"a room with too many files: gate has 16, at most 15"}},
		{"more in the root", "-- plugin.go --\n-- client.go --\n", []string{"a file in the root: client.go belongs to a room"}},
		{"a package with another name", "-- gate/gate.go --\npackage door\n", []string{
			"a room under another name: package door in the folder gate",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := details(roomViolations(plugin(t, c.files))); !slices.Equal(got, c.want) {
				t.Errorf("%q\nwant %q", got, c.want)
			}
		})
	}
}
