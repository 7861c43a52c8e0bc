package delivered

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// Static is a static configuration of Traefik: a file, or the arguments of a container.
type Static struct {
	values    map[string]any
	arguments []string
}

// isStatic tells whether these are keys of a static configuration.
func isStatic(values map[string]any) bool {
	for _, key := range []string{"entryPoints", "providers", "experimental", "api", "log", "accessLog", "ping", "global", "certificatesResolvers"} {
		if under(values, key) != nil {
			return true
		}
	}
	return false
}

// readStatic reads a static configuration, or the values of Traefik's Helm chart.
func (f *File) readStatic(document *yaml.Node) error {
	values := map[string]any{}
	if err := document.Decode(&values); err != nil {
		return fmt.Errorf("%w", err)
	}
	arguments := child(document, "additionalArguments")
	f.addArguments(arguments)
	if f.Static != nil || arguments != nil {
		return nil
	}
	if !isStatic(values) {
		return errNothing
	}
	f.Static = &Static{values: values}
	return nil
}

// addArguments takes the arguments of a Traefik among those of a container.
func (f *File) addArguments(node *yaml.Node) {
	if node == nil {
		return
	}
	var words []string
	if node.Kind == yaml.ScalarNode {
		words = strings.Fields(node.Value)
	}
	for _, item := range node.Content {
		words = append(words, item.Value)
	}
	for _, word := range words {
		name := strings.ToLower(strings.TrimLeft(word, "-"))
		if strings.HasPrefix(name, "entrypoints.") || strings.HasPrefix(name, "providers.") || strings.HasPrefix(name, "experimental.") {
			if f.Static == nil {
				f.Static = &Static{}
			}
			f.Static.arguments = append(f.Static.arguments, strings.TrimLeft(word, "-"))
		}
	}
}

// Plugins are the modules that it declares, by their aliases.
func (s *Static) Plugins() map[string]string {
	found := map[string]string{}
	for _, sort := range []string{"plugins", "localPlugins"} {
		for alias, plugin := range entries(under(under(s.values, "experimental"), sort)) {
			found[alias] = fmt.Sprint(under(plugin, "moduleName"))
		}
		prefix := strings.ToLower("experimental." + sort + ".")
		for _, argument := range s.arguments {
			key, value, _ := strings.Cut(argument, "=")
			alias, field, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(key), prefix), ".")
			if strings.HasPrefix(strings.ToLower(key), prefix) && field == "modulename" {
				found[alias] = strings.Trim(value, `"'`)
			}
		}
	}
	return found
}

// Aborts tells whether Traefik ends where a plugin does not load.
func (s *Static) Aborts() bool {
	value := fmt.Sprint(under(under(s.values, "experimental"), "abortOnPluginFailure"))
	for _, argument := range s.arguments {
		key, given, assigned := strings.Cut(argument, "=")
		if strings.EqualFold(key, "experimental.abortOnPluginFailure") {
			value = given
			if !assigned {
				value = "true"
			}
		}
	}
	return value == "true" || value == "1"
}

// Middlewares are those that its entry points add to every router.
func (s *Static) Middlewares() []string {
	var found []string
	for _, entry := range entries(under(s.values, "entryPoints")) {
		list, _ := under(under(entry, "http"), "middlewares").([]any)
		for _, name := range list {
			found = append(found, fmt.Sprint(name))
		}
	}
	for _, argument := range s.arguments {
		key, value, _ := strings.Cut(argument, "=")
		if strings.HasPrefix(strings.ToLower(key), "entrypoints.") && strings.Contains(strings.ToLower(key), ".http.middlewares") {
			for _, name := range strings.Split(value, ",") {
				found = append(found, strings.TrimSpace(name))
			}
		}
	}
	return found
}
