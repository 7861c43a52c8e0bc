package lint

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

var (
	pictureRoom  = regexp.MustCompile(`(?m)^ +(\w+)\["([^"<]+)<br/>[^"]*"\]$`)
	pictureArrow = regexp.MustCompile(`(?m)^ +([\w& ]+?) --> ([\w& ]+)$`)
	tableRoom    = regexp.MustCompile("(?m)^\\| `([a-z/]+/|plugin\\.go)` \\|")
)

// TestPicture compares docs/architecture.md with the imports that are allowed.
func TestPicture(t *testing.T) {
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, picture, found := strings.Cut(string(text), "```mermaid\nflowchart TD\n")
	picture, table, closed := strings.Cut(picture, "```")
	if !found || !closed {
		t.Fatal("there is no flowchart")
	}
	rooms, arrows := readPicture(t, picture)
	want := slices.Sorted(maps.Keys(allowedImports))

	t.Run("it shows every room, and no other", func(t *testing.T) {
		if shown := slices.Sorted(maps.Values(rooms)); !slices.Equal(shown, want) {
			t.Errorf("the picture shows %q, and there are %q", shown, want)
		}
	})

	t.Run("the table below it has every room, and no other", func(t *testing.T) {
		var listed []string
		for _, row := range tableRoom.FindAllStringSubmatch(table, -1) {
			listed = append(listed, roomNamed(row[1]))
		}
		slices.Sort(listed)
		if !slices.Equal(listed, want) {
			t.Errorf("the table lists %q, and there are %q", listed, want)
		}
	})

	t.Run("every arrow is an import that is allowed", func(t *testing.T) {
		for from, to := range arrows {
			for _, room := range to {
				if !slices.Contains(strings.Fields(allowedImports[from].ours), room) {
					t.Errorf("%s --> %s", nameOf(from), nameOf(room))
				}
			}
		}
	})

	t.Run("every import that is allowed goes along arrows", func(t *testing.T) {
		for from, arrow := range allowedImports {
			below := reachable(arrows, from)
			for _, room := range strings.Fields(arrow.ours) {
				if !below[room] {
					t.Errorf("no arrows lead from %s to %s", nameOf(from), nameOf(room))
				}
			}
		}
	})
}

// readPicture returns the rooms of a flowchart by the names of their boxes, and
// its arrows from room to room.
func readPicture(t *testing.T, picture string) (rooms map[string]string, arrows map[string][]string) {
	t.Helper()
	rooms, arrows = map[string]string{}, map[string][]string{}
	for _, box := range pictureRoom.FindAllStringSubmatch(picture, -1) {
		rooms[box[1]] = roomNamed(box[2])
	}
	room := func(box string) string {
		name, ok := rooms[box]
		if !ok {
			t.Errorf("an arrow names the box %q, which is not there", box)
		}
		return name
	}
	for _, arrow := range pictureArrow.FindAllStringSubmatch(picture, -1) {
		for _, from := range strings.Split(arrow[1], " & ") {
			for _, to := range strings.Split(arrow[2], " & ") {
				arrows[room(from)] = append(arrows[room(from)], room(to))
			}
		}
	}
	for _, line := range strings.Split(picture, "\n") {
		if line != "" && !pictureRoom.MatchString(line) && !pictureArrow.MatchString(line) {
			t.Errorf("a line of the picture is not understood: %s", line)
		}
	}
	return rooms, arrows
}

// roomNamed is the room that a document calls gate/, or plugin.go for the root.
func roomNamed(name string) string {
	return strings.TrimSuffix(strings.TrimPrefix(name, "plugin.go"), "/")
}

// reachable are the rooms to which arrows lead from one.
func reachable(arrows map[string][]string, from string) map[string]bool {
	found := map[string]bool{}
	next := slices.Clone(arrows[from])
	for len(next) > 0 {
		room := next[0]
		next = next[1:]
		if !found[room] {
			found[room] = true
			next = append(next, arrows[room]...)
		}
	}
	return found
}
