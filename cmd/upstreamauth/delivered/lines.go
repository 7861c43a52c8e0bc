package delivered

import (
	"bytes"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// lines says in which lines of a rendered template its source is the same, so that
// numbers of lines are those that an editor shows; nil: none was added or removed.
type lines [][2]string

func linesOf(source, rendered []byte) lines {
	if bytes.Equal(source, rendered) {
		return nil
	}
	before, after := strings.Split(string(source), "\n"), strings.Split(string(rendered), "\n")
	if len(before) == len(after) {
		return nil
	}
	compared := lines{}
	for i := range after {
		old := "\x00"
		if i < len(before) {
			old = before[i]
		}
		compared = append(compared, [2]string{old, after[i]})
	}
	return compared
}

// number is the line's number in the source; 0 where that is not certain.
func (l lines) number(line int) int {
	if l == nil || line >= 1 && line <= len(l) && l[line-1][0] == l[line-1][1] {
		return line
	}
	return 0
}

// places are the lines of keys, by their path in lower case: "http.routers.app.rule",
// "a.list[2].key".
type places map[string]int

// locate finds the line of every key of a mapping.
func locate(node *yaml.Node, at lines) places {
	found := places{}
	found.add("", node, at, 0)
	return found
}

func (p places) add(path string, node *yaml.Node, at lines, depth int) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if depth > 64 {
		return
	}
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			inner := join(path, node.Content[i].Value)
			if _, there := p[inner]; !there {
				p[inner] = at.number(node.Content[i].Line)
			}
			p.add(inner, node.Content[i+1], at, depth+1)
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			inner := fmt.Sprintf("%s[%d]", path, i)
			p[inner] = at.number(item.Line)
			p.add(inner, item, at, depth+1)
		}
	}
}

// below returns the places below a path.
func (p places) below(path string) places {
	found := places{}
	prefix := strings.ToLower(path) + "."
	for key, line := range p {
		if inner, below := strings.CutPrefix(key, prefix); below {
			found[inner] = line
		}
	}
	found[""] = p[strings.ToLower(path)]
	return found
}

func join(path, key string) string {
	if path == "" {
		return strings.ToLower(key)
	}
	return path + "." + strings.ToLower(key)
}

// Line is where a key is that a fault names, or else the block that it would be in; 0:
// unknown.
func (p *Plugin) Line(key string) int {
	path := strings.ToLower(key)
	for {
		if line, there := p.lines[path]; there {
			return line
		}
		if path == "" {
			return 0
		}
		end := strings.LastIndexAny(path, ".[")
		path = path[:max(end, 0)]
	}
}

// Known tells whether the value of a key that a fault names is known: one that comes from
// a variable of another machine is not.
func (p *Plugin) Known(key string) bool {
	path := strings.ToLower(key)
	for unknown := range p.unknown {
		if path == unknown || strings.HasPrefix(path, unknown+".") || strings.HasPrefix(path, unknown+"[") {
			return false
		}
	}
	return true
}
