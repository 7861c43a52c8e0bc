package scenario

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// twinFile is testdata/twins/<api>.json.
type twinFile struct {
	About      []string
	Blocks     map[string]map[string]any // by kind, and the word account or probe after it
	Exceptions []twinException
}

// twinException is a set of cases in which a twin may differ, and why.
type twinException struct {
	File, Name string // Name is a regular expression
	Because    string

	name *regexp.Regexp
	used int // how many cases differed
}

// builtIn are the APIs that have a twin.
var builtIn = []string{"bts", "ippanel", "thammasat", "webservice"}

func loadTwin(t *testing.T, api string) *twinFile {
	t.Helper()
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	twin := &twinFile{}
	if err := readStrictly(filepath.Join(root, "testdata", "twins", api+".json"), twin); err != nil {
		t.Fatal(err)
	}
	for i := range twin.Exceptions {
		e := &twin.Exceptions[i]
		e.name = regexp.MustCompile("^(?:" + e.Name + ")$")
		if e.Because == "" {
			t.Errorf("%s: the exception %q has no reason", api, e.Name)
		}
	}
	return twin
}

// twinOf is the twin's block in the place of a built-in API's, with the block's own keys.
func twinOf(kind string, block map[string]any, twins map[string]*twinFile) map[string]any {
	form := kind
	if block["account"] != nil {
		form += " account"
	}
	if block["probe"] != nil {
		form += " probe"
	}
	twin := maps.Clone(twins[fmt.Sprint(block["api"])].Blocks[form])
	for key, value := range block {
		if !slices.Contains([]string{"api", "account", "probe", "applicationKey"}, key) {
			twin[key] = value
		}
	}
	return twin
}

// twinName is what a twin is called in what names an API; a built-in name is taken.
func twinName(text string) string {
	for _, api := range builtIn {
		text = strings.ReplaceAll(text, `realm="`+api+`"`, `realm="`+api+`-twin"`)
	}
	return text
}

func renamed(c *clientResponse) *clientResponse {
	if c == nil {
		return nil
	}
	named := *c
	named.WWWAuthenticate = nil
	for _, line := range c.WWWAuthenticate {
		named.WWWAuthenticate = append(named.WWWAuthenticate, twinName(line))
	}
	return &named
}

func renamedLimit(l *limitedResponse) *limitedResponse {
	if l == nil {
		return nil
	}
	return &limitedResponse{Send: l.Send, Client: *renamed(&l.Client)}
}

func renamedHeaders(headers map[string]string) map[string]string {
	named := map[string]string{}
	for name, value := range headers {
		if slices.Contains(builtIn, value) {
			value += "-twin"
		}
		named[name] = value
	}
	return named
}
