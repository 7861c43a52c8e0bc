package delivered

import (
	"encoding/json"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
	kubernetes "sigs.k8s.io/yaml"
)

// manifest is what is looked at of Kubernetes' resources.
type manifest struct {
	APIVersion string
	Kind       string
	Metadata   struct {
		Name, Namespace string
		Annotations     map[string]string
	}
	Items []json.RawMessage // of a List

	Spec struct {
		// A Middleware's.
		Plugin map[string]map[string]any
		Chain  *struct{ Middlewares []reference }
		// An IngressRoute's.
		EntryPoints []string
		Routes      []struct {
			Match       string
			Middlewares []reference
		}
		// A HelmChart's or HelmRelease's are not read.
	}
}

type reference struct{ Name, Namespace string }

// readManifest reads what the provider of Kubernetes' resources delivers: the types of
// JSON. kubectl makes JSON of YAML by the library that is used here.
func (f *File) readManifest(document *yaml.Node, at lines) error {
	text, err := yaml.Marshal(document)
	if err != nil {
		return fmt.Errorf("%w", err)
	}
	plain, err := kubernetes.YAMLToJSON(text)
	if err != nil {
		return fmt.Errorf("kubectl cannot read it: %w", err)
	}
	return f.takeManifest(plain, document, at)
}

func (f *File) takeManifest(text []byte, node *yaml.Node, at lines) error {
	m := &manifest{}
	sort := struct{ Kind string }{}
	if err := json.Unmarshal(text, &sort); err != nil {
		return fmt.Errorf("%w", err)
	}
	kinds := []string{"Middleware", "IngressRoute", "Ingress", "List"}
	if !contains(kinds, sort.Kind) {
		return nil
	}
	if err := json.Unmarshal(text, m); err != nil {
		return fmt.Errorf("Traefik cannot read the %s: %w", sort.Kind, err)
	}
	where := locate(node, at)
	switch m.Kind {
	case "Middleware":
		f.addMiddleware(m, where)
	case "IngressRoute":
		f.addRoutes(m, where)
	case "Ingress":
		f.addIngress(m, where)
	case "List":
		items := child(node, "items")
		for i, item := range m.Items {
			if err := f.takeManifest(item, items.Content[i], at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *File) addMiddleware(m *manifest, where places) {
	read := Middleware{Name: m.qualified(reference{Name: m.Metadata.Name}), Provider: KubernetesCRD, Line: where["spec"]}
	if m.Spec.Chain != nil {
		for _, link := range m.Spec.Chain.Middlewares {
			read.Chain = append(read.Chain, m.qualified(link))
		}
	}
	for _, alias := range sorted(m.Spec.Plugin) {
		block := m.Spec.Plugin[alias]
		maskReferences(block)
		read.Plugins = append(read.Plugins, newPlugin(alias, block, where.below("spec.plugin."+alias)))
	}
	f.Middlewares = append(f.Middlewares, read)
}

// maskReferences marks the values that Traefik takes from the cluster's secrets, which
// are not known here.
func maskReferences(value any) any {
	switch value := value.(type) {
	case string:
		if strings.HasPrefix(value, "urn:k8s:secret:") {
			return unknown
		}
	case map[string]any:
		for key, inner := range value {
			value[key] = maskReferences(inner)
		}
	case []any:
		for i, inner := range value {
			value[i] = maskReferences(inner)
		}
	}
	return value
}

func (f *File) addRoutes(m *manifest, where places) {
	for i, route := range m.Spec.Routes {
		path := fmt.Sprintf("spec.routes[%d]", i)
		read := Router{
			Name: m.Metadata.Name, Provider: KubernetesCRD, Line: where[path],
			Rule: route.Match, EntryPoints: m.Spec.EntryPoints,
		}
		for _, link := range route.Middlewares {
			read.Middlewares = append(read.Middlewares, m.qualified(link))
		}
		f.Routers = append(f.Routers, read)
	}
}

// addIngress adds the middlewares that annotations name. Its rules are not looked at.
func (f *File) addIngress(m *manifest, where places) {
	names := m.Metadata.Annotations["traefik.ingress.kubernetes.io/router.middlewares"]
	if names == "" {
		return
	}
	read := Router{Name: m.Metadata.Name, Provider: "kubernetes", Line: where["spec"]}
	for _, name := range strings.Split(names, ",") {
		read.Middlewares = append(read.Middlewares, strings.TrimSpace(name))
	}
	f.Routers = append(f.Routers, read)
}

// qualified is a middleware's name as the provider makes it: namespace-name.
func (m *manifest) qualified(r reference) string {
	if strings.Contains(r.Name, "@") {
		return r.Name
	}
	namespace := r.Namespace
	if namespace == "" {
		namespace = m.Metadata.Namespace
	}
	if namespace == "" {
		namespace = "default"
	}
	return namespace + "-" + r.Name
}
