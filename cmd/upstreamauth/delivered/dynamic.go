package delivered

import (
	"fmt"
	"sort"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/traefik/paerser/file"
	"github.com/traefik/paerser/parser"
	"gopkg.in/yaml.v3"
)

// dynamic is what is looked at of Traefik's dynamic configuration. Its decoder fills it.
type dynamic struct {
	HTTP *struct {
		Routers     map[string]*router
		Middlewares map[string]*middleware
	}
}

type router struct {
	Rule        string
	EntryPoints []string
	Middlewares []string
}

type middleware struct {
	Plugin map[string]settings
	Chain  *struct{ Middlewares []string }
}

// settings is a plugin's block as Traefik hands it on.
type settings map[string]any

// seen are the parts of a dynamic configuration that the struct above has: all else is
// taken out before Traefik's decoder, which refuses what it has no field for.
var seen = map[string][]string{"routers": {"rule", "entrypoints", "middlewares"}, "middlewares": {"plugin", "chain"}}

// readDynamic reads a configuration of the file provider.
func (f *File) readDynamic(extension string, text []byte, at places) error {
	data := map[string]any{}
	var err error
	if extension == ".toml" {
		_, err = toml.Decode(string(text), &data)
	} else {
		err = yaml.Unmarshal(text, &data)
	}
	if err != nil {
		return fmt.Errorf("%w", err)
	}
	cut, err := yaml.Marshal(prune(data))
	if err != nil {
		return fmt.Errorf("%w", err)
	}
	d := &dynamic{}
	if err := file.DecodeContent(string(cut), ".yaml", d); err != nil {
		return fmt.Errorf("Traefik cannot read it: %w", err)
	}
	f.take(d, FileProvider, at)
	return nil
}

// prune returns what is seen of a configuration.
func prune(data map[string]any) map[string]any {
	http := map[string]any{}
	for section, keys := range seen {
		for name, entry := range entries(under(under(data, "http"), section)) {
			kept := map[string]any{}
			for key, value := range entries(entry) {
				if contains(keys, strings.ToLower(key)) && value != nil {
					kept[key] = value
				}
			}
			if len(kept) == 0 {
				continue
			}
			if http[section] == nil {
				http[section] = map[string]any{}
			}
			http[section].(map[string]any)[name] = kept
		}
	}
	if len(http) == 0 {
		return map[string]any{}
	}
	return map[string]any{"http": http}
}

// under is what stands under a key, in any case.
func under(value any, key string) any {
	for name, inner := range entries(value) {
		if strings.EqualFold(name, key) {
			return inner
		}
	}
	return nil
}

// entries are those of a map with texts as keys; nil of any other value.
func entries(value any) map[string]any {
	block, _ := value.(map[string]any)
	return block
}

func contains(words []string, word string) bool {
	for _, one := range words {
		if one == word {
			return true
		}
	}
	return false
}

// take adds what a dynamic configuration holds.
func (f *File) take(d *dynamic, provider string, at places) {
	if d.HTTP == nil {
		return
	}
	for _, name := range sorted(d.HTTP.Middlewares) {
		m := d.HTTP.Middlewares[name]
		if m == nil {
			continue
		}
		path := join("http.middlewares", name)
		read := Middleware{Name: name, Provider: provider, Line: at[path]}
		if m.Chain != nil {
			read.Chain = m.Chain.Middlewares
		}
		for _, alias := range sorted(m.Plugin) {
			block := map[string]any(m.Plugin[alias])
			read.Plugins = append(read.Plugins, newPlugin(alias, block, at.below(path+".plugin."+alias)))
		}
		f.Middlewares = append(f.Middlewares, read)
	}
	for _, name := range sorted(d.HTTP.Routers) {
		r := d.HTTP.Routers[name]
		if r == nil {
			continue
		}
		f.Routers = append(f.Routers, Router{
			Name: name, Provider: provider, Line: at[join("http.routers", name)],
			Rule: r.Rule, EntryPoints: r.EntryPoints, Middlewares: r.Middlewares,
		})
	}
}

func newPlugin(alias string, block map[string]any, at places) Plugin {
	if block == nil {
		block = map[string]any{}
	}
	return Plugin{Alias: alias, Block: block, lines: at, unknown: hide(block)}
}

func sorted[T any](m map[string]T) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// fromLabels is what the Docker provider delivers of one container's labels.
func fromLabels(labels map[string]string) (*dynamic, error) {
	node, err := parser.DecodeToNode(labels, parser.DefaultRootName, "traefik.http.routers", "traefik.http.middlewares")
	if err != nil || node == nil {
		return &dynamic{}, err
	}
	cut(node)
	d := &dynamic{}
	if len(node.Children) == 0 {
		return d, nil
	}
	if err := parser.AddMetadata(d, node, parser.MetadataOpts{TagName: parser.TagLabel, AllowSliceAsStruct: true}); err != nil {
		return d, err
	}
	return d, parser.Fill(d, node, parser.FillerOpts{AllowSliceAsStruct: true})
}

// cut is prune for the tree that labels make.
func cut(root *parser.Node) {
	for _, http := range root.Children {
		for _, section := range http.Children {
			for _, entry := range section.Children {
				entry.Children = keep(entry.Children, func(n *parser.Node) bool {
					return contains(seen[strings.ToLower(section.Name)], strings.ToLower(n.Name))
				})
			}
			section.Children = keep(section.Children, func(n *parser.Node) bool { return len(n.Children) > 0 })
		}
		http.Children = keep(http.Children, func(n *parser.Node) bool { return len(n.Children) > 0 })
	}
	root.Children = keep(root.Children, func(n *parser.Node) bool { return len(n.Children) > 0 })
}

func keep(nodes []*parser.Node, is func(*parser.Node) bool) []*parser.Node {
	var kept []*parser.Node
	for _, node := range nodes {
		if is(node) {
			kept = append(kept, node)
		}
	}
	return kept
}
