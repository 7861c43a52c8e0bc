// Package delivered answers one question: what would the providers of Traefik deliver
// of these files?
//
// Read takes the text of one file of a provider (the file provider's YAML or TOML, a
// Compose file with labels, Kubernetes manifests, or Traefik's own static
// configuration) and returns the middlewares and routers that are in it, decoded as
// Traefik decodes them, by the libraries that it uses.
package delivered

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// File is what one file holds.
type File struct {
	Name        string
	Middlewares []Middleware
	Routers     []Router
	Static      *Static // of a static configuration
}

// Middleware is one by its name. Plugin is nil unless it is a plugin's.
type Middleware struct {
	Name     string // as the provider has it, without @provider
	Provider string // file, docker or kubernetescrd
	Line     int    // 0: unknown
	Chain    []string
	Plugins  []Plugin
}

// Plugin is a plugin's block.
type Plugin struct {
	Alias string
	Block map[string]any // as Traefik hands it on

	lines   map[string]int  // by the path of the key, in lower case
	unknown map[string]bool // likewise; the value is not known here
}

// Router is one by its name.
type Router struct {
	Name        string
	Provider    string
	Line        int
	Rule        string
	EntryPoints []string
	Middlewares []string // with @provider, unless it is the router's own
}

// Providers' names, as Traefik writes them behind an @.
const (
	FileProvider   = "file"
	DockerProvider = "docker"
	KubernetesCRD  = "kubernetescrd"
)

// Options say how files are read.
type Options struct {
	// Env looks up what templates and Compose files take from the environment; nil:
	// such values are not known here, and nothing is said of them.
	Env func(string) (string, bool)
}

// Read reads the text of a file. Its name tells TOML from YAML; of standard input ("-")
// the text does.
func Read(name string, text []byte, o Options) (f *File, err error) {
	f = &File{Name: name}
	defer func() {
		if recover() != nil {
			err = errors.New("Traefik cannot read it: its decoder panics (on an empty key, for instance)")
		}
	}()
	if documents, err := parse(text); err == nil && len(documents) > 0 && !isTemplate(documents[0]) {
		return f, f.readDocuments(documents, text, nil, o)
	}
	rendered, err := render(name, text, o)
	if err != nil {
		return f, err
	}
	at := linesOf(text, rendered)
	if strings.EqualFold(filepath.Ext(name), ".toml") {
		return f, f.readTOML(rendered, at)
	}
	documents, err := parse(rendered)
	if name == "-" && (err != nil || len(documents) == 0 || documents[0].Kind != yaml.MappingNode) {
		return f, f.readTOML(rendered, at)
	}
	if err != nil {
		return f, err
	}
	return f, f.readDocuments(documents, rendered, at, o)
}

// isTemplate tells whether Traefik renders a document: manifests and Compose files go
// other ways.
func isTemplate(document *yaml.Node) bool {
	return child(document, "apiVersion") == nil && child(document, "services") == nil
}

func (f *File) readDocuments(documents []*yaml.Node, text []byte, at lines, o Options) error {
	if len(documents) == 0 {
		return errNothing
	}
	for _, document := range documents {
		if err := f.readDocument(document, text, at, o); err != nil {
			return err
		}
	}
	return nil
}

// readDocument reads one document of YAML, by the sort that its keys tell.
func (f *File) readDocument(document *yaml.Node, text []byte, at lines, o Options) error {
	if document.Kind != yaml.MappingNode {
		return errNothing
	}
	switch {
	case child(document, "apiVersion") != nil && child(document, "kind") != nil:
		return f.readManifest(document, at)
	case child(document, "http") != nil || child(document, "tcp") != nil || child(document, "udp") != nil || child(document, "tls") != nil:
		return f.readDynamic(".yaml", text, locate(document, at))
	case child(document, "services") != nil:
		return f.readCompose(document, at, o)
	}
	return f.readStatic(document)
}

// parse reads every document of a YAML text.
func parse(text []byte) ([]*yaml.Node, error) {
	var documents []*yaml.Node
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		document := &yaml.Node{}
		err := decoder.Decode(document)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w", err)
		}
		if document.Kind == yaml.DocumentNode && len(document.Content) == 1 && document.Content[0].Tag != "!!null" {
			documents = append(documents, document.Content[0])
		}
	}
}

// child is the value under a key of a mapping, in any case; nil if there is none.
func child(node *yaml.Node, key string) *yaml.Node {
	for node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if strings.EqualFold(node.Content[i].Value, key) {
			return node.Content[i+1]
		}
	}
	return nil
}
