package delivered

import (
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"
)

// readTOML reads a configuration in TOML, dynamic or static.
func (f *File) readTOML(text []byte, at lines) error {
	data := map[string]any{}
	if _, err := toml.Decode(string(text), &data); err != nil {
		return fmt.Errorf("%w", err)
	}
	if under(data, "http") == nil && under(data, "tcp") == nil && under(data, "tls") == nil {
		f.Static = &Static{values: data}
		if !isStatic(data) {
			return errNothing
		}
		return nil
	}
	return f.readDynamic(".toml", text, locateTOML(string(text), at))
}

// locateTOML finds the lines of tables and keys. It reads a line at a time, which is all
// that numbers of lines need: a key that it misses gets the line of its table.
func locateTOML(text string, at lines) places {
	found := places{}
	table := ""
	counts := map[string]int{}
	multiline := ""
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if multiline != "" {
			if strings.Contains(line, multiline) {
				multiline = ""
			}
			continue
		}
		if strings.HasPrefix(line, "[[") {
			name, _, _ := strings.Cut(line[2:], "]]")
			path := dotted(name)
			table = fmt.Sprintf("%s[%d]", path, counts[path])
			counts[path]++
			found.note(table, at.number(i+1))
			continue
		}
		if strings.HasPrefix(line, "[") {
			name, _, _ := strings.Cut(line[1:], "]")
			table = dotted(name)
			found.note(table, at.number(i+1))
			continue
		}
		key, value, assigned := strings.Cut(line, "=")
		if !assigned || strings.HasPrefix(line, "#") {
			continue
		}
		found.note(join(table, dotted(key)), at.number(i+1))
		for _, quotes := range []string{`"""`, "'''"} {
			if strings.Count(value, quotes) == 1 {
				multiline = quotes
			}
		}
	}
	return found
}

// note notes a line for a path and for the tables that it leads through.
func (p places) note(path string, line int) {
	for path != "" {
		if _, there := p[path]; !there {
			p[path] = line
		}
		end := strings.LastIndex(path, ".")
		path = path[:max(end, 0)]
	}
}

// dotted is a key as a path, without quotes and blanks.
func dotted(key string) string {
	var parts []string
	for _, part := range strings.Split(key, ".") {
		parts = append(parts, strings.ToLower(strings.Trim(strings.TrimSpace(part), `"'`)))
	}
	return strings.Join(parts, ".")
}
