package schema

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/config"
	"github.com/upstreamauth/upstreamauth/config/configtest"
)

func TestBlock(t *testing.T) {
	t.Run("every key of the reader is in it, and says what it is for", func(t *testing.T) {
		seen := map[string]bool{}
		walk(Block(), "", func(path string, s Schema) {
			seen[path] = true
			if s["description"] == nil {
				t.Errorf("%s has no description: write one in meanings", path)
			}
		})
		for path, keys := range config.Keys() {
			for _, key := range keys {
				if full := strings.TrimPrefix(path+"."+key, "."); !seen[full] && !strings.HasPrefix(says(full, wrong), "not a key of") {
					t.Errorf("%s is not in it", full)
				}
			}
		}
	})

	t.Run("what is allowed is what faults name", func(t *testing.T) {
		text, err := json.Marshal(Block())
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"protect","issuer"`, `"maximum":10000000`, `"minimum":400`, `"GET","POST"`, `"required":["secret"]`} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s is not in it", want)
			}
		}
	})
}

// walk calls visit for each key of a block, and of the blocks in it.
func walk(block Schema, path string, visit func(path string, s Schema)) {
	inner, _ := block["properties"].(Schema)
	for key, value := range inner {
		full := strings.TrimPrefix(path+"."+key, ".")
		visit(full, value.(Schema))
		items, _ := value.(Schema)["items"].(Schema)
		walk(items, full, visit)
		walk(value.(Schema), full, visit)
	}
}

// The faults that a schema has no word for: those that are about two keys, about what a
// value means, or about a spelling that YAML does not show.
func TestLanguageServer(t *testing.T) {
	server := languageServer(t)
	cases := configtest.Cases(t, "../../../testdata/config")
	var texts []string
	for _, c := range cases {
		text, err := json.Marshal(c.Config)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(bytes.ReplaceAll(text, []byte("\x7f"), []byte(`\u007f`))))
	}
	good, caught, all := 0, 0, 0
	for i, found := range validate(t, server, Block(), texts) {
		c := cases[i]
		switch {
		case len(c.Faults) == 0 && !canonical(c.Config, ""):
			continue // the plugin takes keys in any case, editors in the documented one
		case len(c.Faults) == 0:
			good++
			if len(found) > 0 {
				t.Errorf("%s: the plugin takes it, and the editor says %q\n%s", c.Title(), found, texts[i])
			}
			continue
		}
		all++
		if len(found) > 0 {
			caught++
		} else if fault := slices.IndexFunc(c.Faults, isOfForm); fault >= 0 {
			t.Errorf("%s: the editor says nothing of\n%s\n%s", c.Title(), c.Faults[fault], texts[i])
		}
	}
	t.Logf("%d good configurations: none is refused; %d of %d bad ones are shown", good, caught, all)
}

func TestFile(t *testing.T) {
	server := languageServer(t)
	examples, err := filepath.Glob("../../../examples/*/dynamic/*.yml")
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	examples = append(examples, "../../../examples/kubernetes/app.yaml")
	var texts []string
	for _, name := range examples {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text), strings.Replace(string(text), "url:", "ulr:", 1))
	}
	for i, found := range validate(t, server, File("upstreamauth"), texts) {
		bad := i%2 == 1 && texts[i] != texts[i-1]
		if bad != (len(found) > 0) {
			t.Errorf("%s, broken: %t: the editor says %q", examples[i/2], bad, found)
		}
	}
}

var ofForm = regexp.MustCompile(`: (unknown key|required(:|;|$)|must be a block|.* is not allowed; allowed: (true, false|a whole number|[a-z]+(, [a-z]+)*$))`)

// isOfForm tells whether a fault is about the form of one value: what a schema is for.
func isOfForm(fault string) bool {
	quotes := regexp.MustCompile(`"-?[0-9. ]*"`).MatchString(fault) // a number as text, whose range no pattern tells
	return ofForm.MatchString(fault) && !quotes
}

// canonical tells whether all keys are spelled as documented, and values without blanks.
func canonical(block map[string]any, path string) bool {
	keys := config.Keys()[path]
	for key, value := range block {
		if keys != nil && !slices.Contains(keys, key) {
			return false
		}
		if text, is := value.(string); is && strings.TrimSpace(text) != text {
			return false
		}
		inner, _ := value.(map[string]any)
		if !canonical(inner, strings.TrimPrefix(path+"."+key, ".")) {
			return false
		}
	}
	return true
}

// languageServer is the folder that `make language-server` makes.
func languageServer(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("LANGUAGE_SERVER")
	if folder == "" {
		t.Skip("without LANGUAGE_SERVER: make test names it, and fetches it")
	}
	return folder
}

// validate returns what the YAML language server says of each text.
func validate(t *testing.T, server string, s Schema, texts []string) [][]string {
	t.Helper()
	input, err := json.Marshal(map[string]any{"schema": s, "texts": texts})
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", "testdata/validate.js", server)
	node.Stdin = bytes.NewReader(input)
	var out, failure bytes.Buffer
	node.Stdout, node.Stderr = &out, &failure
	if err := node.Run(); err != nil {
		t.Fatalf("%v\n%s", err, failure.String())
	}
	var found [][]string
	if err := json.Unmarshal(out.Bytes(), &found); err != nil || len(found) != len(texts) {
		t.Fatalf("%d results of %d, %v", len(found), len(texts), err)
	}
	return found
}
