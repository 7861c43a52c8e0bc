package traefik

import (
	"errors"
	"fmt"

	"gopkg.in/yaml.v3"
)

// markHeader carries the version of a file of the dynamic configuration in the
// answers of the router that the file was given for it.
const markHeader = "X-Applied-Version"

// markHost is the host that this router answers to. No request of a test asks
// for it, so the router matches no other request.
func markHost(name string) string { return name + ".applied.invalid" }

var errNotABlock = errors.New("the configuration is not a block of keys")

// mark adds to a dynamic configuration a router that tells its version. The
// rest of the text keeps its values as they are written: quotes, empty values
// and unusual types are what tests of a configuration are about.
func mark(text []byte, name string, version int64) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	if document.Kind == 0 {
		document = yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{{Kind: yaml.MappingNode}}}
	}

	top := document.Content[0]
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		*top = yaml.Node{Kind: yaml.MappingNode}
	}

	teller := "applied-" + name
	for _, part := range []struct {
		path  []string
		value any
	}{
		{[]string{"http", "routers", teller}, map[string]any{
			"rule":        fmt.Sprintf("Host(`%s`)", markHost(name)),
			"entryPoints": []string{"web", "traefik"},
			"middlewares": []string{teller},
			"service":     "noop@internal",
			"priority":    1 << 30,
		}},
		{[]string{"http", "middlewares", teller}, map[string]any{
			"headers": map[string]any{"customResponseHeaders": map[string]any{markHeader: fmt.Sprint(version)}},
		}},
	} {
		if err := set(top, part.path, part.value); err != nil {
			return nil, err
		}
	}

	return yaml.Marshal(&document)
}

// set puts value at path below the block, making the blocks on the way.
func set(block *yaml.Node, path []string, value any) error {
	for block.Kind == yaml.AliasNode {
		block = block.Alias
	}
	if block.Kind != yaml.MappingNode {
		return fmt.Errorf("%w above %q", errNotABlock, path[0])
	}

	child := lookUp(block, path[0])
	if child == nil {
		child = &yaml.Node{Kind: yaml.MappingNode}
		block.Content = append(block.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: path[0]}, child)
	}

	if len(path) == 1 {
		return child.Encode(value)
	}
	if child.Kind == yaml.ScalarNode && child.Tag == "!!null" {
		*child = yaml.Node{Kind: yaml.MappingNode}
	}

	return set(child, path[1:], value)
}

// lookUp is the value of a key of a block, or nil.
func lookUp(block *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(block.Content); i += 2 {
		if block.Content[i].Value == key {
			return block.Content[i+1]
		}
	}

	return nil
}
