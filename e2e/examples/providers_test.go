package examples

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/traefik/paerser/file"
	"github.com/traefik/paerser/parser"
	"gopkg.in/yaml.v3"
)

// dynamic is the part of Traefik's dynamic configuration that the examples
// use. Traefik's decoder, which reads it, refuses keys that are not there.
type dynamic struct {
	HTTP *struct {
		Routers     map[string]*router
		Middlewares map[string]*middleware
		Services    map[string]*service
	}
}

type router struct {
	Rule        string
	EntryPoints []string
	Middlewares []string
	Service     string
}

type middleware struct {
	Plugin         map[string]settings
	CircuitBreaker *struct{ Expression string }
	Retry          *struct{ Attempts int }
	RateLimit      *struct{ Average, Burst int64 }
	Headers        *struct {
		AccessControlAllowOriginList []string
		AccessControlAllowHeaders    []string
		AccessControlAllowMethods    []string
		AccessControlMaxAge          int64
	}
}

type service struct {
	LoadBalancer *struct {
		Servers        []struct{ URL string }
		PassHostHeader *bool
	}
}

// settings is a plugin's block as Traefik hands it on.
type settings map[string]any

// block is a plugin's block with the names of its middleware and its plugin.
type block struct {
	middleware string
	plugin     string
	settings   settings
}

// fromFile is what the file provider delivers.
func fromFile(text, extension string) ([]block, error) {
	d := &dynamic{}
	if err := file.DecodeContent(text, extension, d); err != nil {
		return nil, err
	}
	return d.blocks()
}

// fromLabels is what the Docker provider delivers.
func fromLabels(labels map[string]string) ([]block, error) {
	d := &dynamic{}
	if err := parser.Decode(labels, d, parser.DefaultRootName, "traefik.http"); err != nil {
		return nil, err
	}
	return d.blocks()
}

// fromCompose is what the Docker provider delivers of a Compose file: the labels
// of its services.
func fromCompose(text string) ([]block, error) {
	compose := struct {
		Services map[string]struct{ Labels map[string]string }
	}{}
	if err := yaml.Unmarshal([]byte(text), &compose); err != nil {
		return nil, err
	}
	var found []block
	for _, s := range compose.Services {
		if len(s.Labels) == 0 {
			continue
		}
		blocks, err := fromLabels(s.Labels)
		if err != nil {
			return nil, err
		}
		found = append(found, blocks...)
	}
	return found, nil
}

// blocks returns every plugin block; each must be on a router, and each
// router's middlewares must be there.
func (d *dynamic) blocks() ([]block, error) {
	if d.HTTP == nil {
		return nil, errors.New("no http block")
	}
	var found []block
	var names []string
	for name, m := range d.HTTP.Middlewares {
		names = append(names, name)
		for plugin, s := range m.Plugin {
			found = append(found, block{name, plugin, s})
		}
	}
	return found, used(names, func(yield func(router string, middlewares []string)) {
		for name, r := range d.HTTP.Routers {
			yield(name, r.Middlewares)
		}
	})
}

// used checks that each middleware is on a router, and that each router's
// middlewares are there.
func used(middlewares []string, routers func(yield func(router string, middlewares []string))) error {
	unused := map[string]bool{}
	for _, name := range middlewares {
		unused[name] = true
	}
	var err error
	routers(func(router string, middlewares []string) {
		for _, name := range middlewares {
			if _, there := unused[name]; !there {
				err = errors.Join(err, fmt.Errorf("router %s names %s, which is not there", router, name))
			}
			unused[name] = false
		}
	})
	for name, is := range unused {
		if is {
			err = errors.Join(err, fmt.Errorf("no router uses the middleware %s", name))
		}
	}
	return err
}

// manifest is what the examples use of Kubernetes' resources.
type manifest struct {
	Kind     string
	Metadata struct{ Name, Namespace string }
	// A Secret's.
	StringData map[string]string `yaml:"stringData"`
	Spec       struct {
		// A Middleware's.
		Plugin map[string]any
		// An IngressRoute's.
		Routes []struct{ Middlewares []struct{ Name string } }
	}
}

// fromKubernetes is what the CRD provider delivers: JSON's types, with the
// values of secrets in the place of what names them.
func fromKubernetes(text string) ([]block, error) {
	var manifests []manifest
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var m manifest
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		manifests = append(manifests, m)
	}

	secrets := map[string]string{} // by namespace/urn
	for _, m := range manifests {
		for key, value := range m.StringData {
			secrets[m.Metadata.Namespace+"/urn:k8s:secret:"+m.Metadata.Name+":"+key] = value
		}
	}

	var found []block
	var names []string
	for _, m := range manifests {
		for plugin, raw := range m.Spec.Plugin {
			text, err := json.Marshal(raw)
			if err != nil {
				return nil, err
			}
			s := settings{}
			if err := json.Unmarshal(text, &s); err != nil {
				return nil, err
			}
			err = replace(s, func(value string) (string, error) {
				if !strings.HasPrefix(value, "urn:k8s:secret:") {
					return value, nil
				}
				secret, there := secrets[m.Metadata.Namespace+"/"+value]
				if !there {
					return "", fmt.Errorf("%s is not there", value)
				}
				return secret, nil
			})
			if err != nil {
				return nil, err
			}
			found = append(found, block{m.Metadata.Name, plugin, s})
			names = append(names, m.Metadata.Name)
		}
	}
	return found, used(names, func(yield func(router string, middlewares []string)) {
		for _, m := range manifests {
			for _, route := range m.Spec.Routes {
				names := []string{}
				for _, reference := range route.Middlewares {
					names = append(names, reference.Name)
				}
				yield(m.Metadata.Name, names)
			}
		}
	})
}

// replace changes every text in a block.
func replace(block map[string]any, change func(string) (string, error)) error {
	for key, value := range block {
		switch value := value.(type) {
		case string:
			changed, err := change(value)
			if err != nil {
				return err
			}
			block[key] = changed
		case map[string]any:
			if err := replace(value, change); err != nil {
				return err
			}
		}
	}
	return nil
}
