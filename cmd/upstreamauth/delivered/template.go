package delivered

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"unicode"

	"github.com/Masterminds/sprig/v3"
)

// unknown stands in a text for a value that is not known here: that of a variable of the
// environment where Traefik runs, or of a secret in a cluster.
const unknown = "upstreamauth\u00abunknown\u00bb"

// standIn is what the plugin's reader gets in the place of such a text.
const standIn = "env:UPSTREAMAUTH_UNKNOWN"

// render renders a template as Traefik's file provider does.
func render(name string, text []byte, o Options) ([]byte, error) {
	if !bytes.Contains(text, []byte("{{")) {
		return text, nil
	}
	functions := sprig.TxtFuncMap()
	functions["normalize"] = normalize
	functions["split"] = strings.Split
	functions["env"] = o.variable
	functions["expandenv"] = func(text string) string {
		return regexp.MustCompile(`\$(\w+|\{\w+\})`).ReplaceAllStringFunc(text, func(name string) string {
			return o.variable(strings.Trim(name, "${}"))
		})
	}
	parsed, err := template.New(name).Funcs(functions).Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%w", err)
	}
	var rendered bytes.Buffer
	if err := parsed.Execute(&rendered, false); err != nil {
		return nil, fmt.Errorf("%w", err)
	}
	return rendered.Bytes(), nil
}

// variable is the value of a variable; unknown, where the environment is not read.
func (o Options) variable(name string) string {
	if o.Env == nil {
		return unknown
	}
	value, _ := o.Env(name)
	return value
}

// normalize is Traefik's function of this name for templates.
func normalize(name string) string {
	return strings.Join(strings.FieldsFunc(name, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsNumber(c)
	}), "-")
}

// hide puts standIn in the place of values that are not known, and returns their paths.
func hide(block map[string]any) map[string]bool {
	found := map[string]bool{}
	hideIn("", block, found)
	return found
}

func hideIn(path string, value any, found map[string]bool) any {
	switch value := value.(type) {
	case string:
		if strings.Contains(value, unknown) {
			found[path] = true
			return standIn
		}
	case map[string]any:
		for key, inner := range value {
			value[key] = hideIn(join(path, key), inner, found)
		}
	case []any:
		for i, inner := range value {
			value[i] = hideIn(fmt.Sprintf("%s[%d]", path, i), inner, found)
		}
	}
	return value
}
