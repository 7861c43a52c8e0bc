package repository

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// form is an issue form, as GitHub's documents describe it.
type form struct {
	Name, Description string
	Title             string
	Labels            []string
	Body              []field
}

type field struct {
	Type       string
	ID         string
	Attributes struct {
		Label, Description, Placeholder, Render, Value string
		Options                                        []any
	}
	Validations struct{ Required bool }
}

func TestForms(t *testing.T) {
	var names []string
	for _, file := range glob(t, ".github/ISSUE_TEMPLATE/*.yml") {
		name := filepath.Base(file)
		if name == "config.yml" {
			continue
		}
		names = append(names, name)
		t.Run(name, func(t *testing.T) {
			var f form
			decode(t, file, &f)
			if f.Name == "" || f.Description == "" || len(f.Labels) == 0 {
				t.Errorf("name %q, description %q, labels %q: all of them are wanted", f.Name, f.Description, f.Labels)
			}
			ids := map[string]bool{}
			required := 0
			for i, element := range f.Body {
				if fault := element.fault(); fault != "" {
					t.Errorf("element %d: %s", i+1, fault)
				}
				if element.Type != "markdown" && ids[element.ID] {
					t.Errorf("element %d: the id %s is there twice", i+1, element.ID)
				}
				ids[element.ID] = true
				if element.Validations.Required {
					required++
				}
			}
			if required == 0 {
				t.Error("it asks for nothing that has to be there")
			}
		})
	}
	if want := []string{"bug.yml", "feature.yml", "new-api.yml"}; !slices.Equal(names, want) {
		t.Errorf("the forms are %q, want %q", names, want)
	}
}

var fieldID = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// fault is what GitHub would refuse in an element of a form; empty: nothing.
func (f field) fault() string {
	switch {
	case f.Type == "markdown":
		if f.Attributes.Value == "" {
			return "a markdown without a value"
		}
		return ""
	case !slices.Contains([]string{"input", "textarea", "dropdown", "checkboxes"}, f.Type):
		return "the type " + f.Type + " does not exist"
	case !fieldID.MatchString(f.ID):
		return "the id is " + f.ID
	case f.Attributes.Label == "":
		return f.ID + " has no label"
	case f.Attributes.Render != "" && f.Type != "textarea":
		return f.ID + ": only a textarea renders"
	case (f.Type == "dropdown" || f.Type == "checkboxes") != (len(f.Attributes.Options) > 0):
		return f.ID + ": options are for dropdowns and checkboxes, which need them"
	}
	return ""
}

func TestFault(t *testing.T) {
	for text, want := range map[string]string{
		"{type: input, id: a, attributes: {label: A}}": "",
		"{type: markdown}": "without a value",
		"{type: text, id: a, attributes: {label: A}}":                   "does not exist",
		"{type: input, id: A, attributes: {label: A}}":                  "the id is A",
		"{type: input, id: a}":                                          "no label",
		"{type: input, id: a, attributes: {label: A, render: yaml}}":    "only a textarea",
		"{type: dropdown, id: a, attributes: {label: A}}":               "need them",
		"{type: textarea, id: a, attributes: {label: A, options: [B]}}": "need them",
	} {
		var f field
		if err := yaml.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		if got := f.fault(); got != want && (want == "" || !strings.Contains(got, want)) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestChooser(t *testing.T) {
	t.Run("reports of weaknesses go to the private advisory, and no issue is without a form", func(t *testing.T) {
		var chooser struct {
			Blank bool                                `yaml:"blank_issues_enabled"`
			Links []struct{ Name, URL, About string } `yaml:"contact_links"`
		}
		decode(t, filepath.Join(root(t), ".github", "ISSUE_TEMPLATE", "config.yml"), &chooser)
		if chooser.Blank {
			t.Error("an issue can be opened without a form")
		}
		private := false
		for _, link := range chooser.Links {
			if link.Name == "" || link.About == "" || !strings.HasPrefix(link.URL, "https://") {
				t.Errorf("%+v lacks something", link)
			}
			private = private || strings.HasSuffix(link.URL, "/security/advisories/new")
		}
		if !private {
			t.Error("no link leads to the private advisory")
		}
	})
}

// decode reads a file and refuses keys that its type does not have.
func decode(t *testing.T, file string, into any) {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(string(read(t, file))))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%s: %v", filepath.Base(file), err)
	}
}
