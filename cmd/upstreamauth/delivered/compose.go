package delivered

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// errNothing is for a file that holds nothing of Traefik's.
var errNothing = errors.New("holds neither a configuration of Traefik nor labels nor a manifest")

// readCompose reads what the Docker provider delivers of a Compose file: the labels of
// its services. The arguments of a Traefik among them are its static configuration.
func (f *File) readCompose(document *yaml.Node, at lines, o Options) error {
	services := child(document, "services")
	if services == nil || services.Kind != yaml.MappingNode {
		return errNothing
	}
	for i := 0; i+1 < len(services.Content); i += 2 {
		service := services.Content[i+1]
		labels, where, err := labelsOf(service, at, o)
		if err != nil {
			return fmt.Errorf("the labels of %s: %w", services.Content[i].Value, err)
		}
		for _, key := range []string{"command", "entrypoint"} {
			f.addArguments(child(service, key))
		}
		d, err := fromLabels(labels)
		if err != nil {
			return fmt.Errorf("Traefik cannot read the labels of %s: %w", services.Content[i].Value, err)
		}
		f.take(d, DockerProvider, where)
	}
	return nil
}

// labelsOf are the labels of a service and of its deployment, and their lines.
func labelsOf(service *yaml.Node, at lines, o Options) (map[string]string, places, error) {
	labels, where := map[string]string{}, places{}
	for _, node := range []*yaml.Node{child(service, "labels"), child(child(service, "deploy"), "labels")} {
		if node != nil && node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		if node == nil {
			continue
		}
		switch node.Kind {
		case yaml.MappingNode:
			values := map[string]any{}
			if err := node.Decode(&values); err != nil {
				return nil, nil, err
			}
			found := locate(node, at)
			for key, value := range values {
				text := ""
				if value != nil {
					text = fmt.Sprint(value)
				}
				labels[key] = o.interpolate(text)
				where.label(key, found[strings.ToLower(key)])
			}
		case yaml.SequenceNode:
			for _, item := range node.Content {
				key, value, _ := strings.Cut(item.Value, "=")
				labels[key] = o.interpolate(value)
				where.label(key, at.number(item.Line))
			}
		}
	}
	return labels, where, nil
}

// label notes the line of a label, without "traefik.", for its key and all before it.
func (p places) label(key string, line int) {
	path, _ := strings.CutPrefix(strings.ToLower(key), "traefik.")
	p.note(path, line)
	for path != "" {
		if p[path] == 0 || line > 0 && line < p[path] {
			p[path] = line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}

var variable = regexp.MustCompile(`\$(\$|\w+|\{[^}]*\})`)

// interpolate does with variables what Compose does.
func (o Options) interpolate(text string) string {
	return variable.ReplaceAllStringFunc(text, func(found string) string {
		name := strings.Trim(found[1:], "{}")
		if name == "$" {
			return "$"
		}
		name, fallback, defaulted := strings.Cut(strings.Replace(name, ":-", "-", 1), "-")
		name = regexp.MustCompile(`^\w+`).FindString(name)
		if o.Env != nil {
			if value, set := o.Env(name); set && value != "" {
				return value
			}
			return fallback
		}
		if defaulted {
			return fallback
		}
		return unknown
	})
}
