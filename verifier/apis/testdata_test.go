package apis

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Each row of a table has a response in ../../testdata/<api>/, and each response there
// selects a row. What a client gets for each is tested in e2e.

// responseCase is one response of testdata, and the row that it has to select.
type responseCase struct {
	name     string
	file     string
	row      string
	settings Settings
	response savedResponse
}

// savedResponse is a response as the files hold it.
type savedResponse struct {
	Status int
	Body   json.RawMessage
	Text   *string
	Size   int
}

// savedWay is a way to use an API: a configuration, and the header lines of a client.
type savedWay struct {
	Settings map[string]map[string]any
	Send     []string
}

type savedCase struct {
	Name       string
	Row        string
	Way        string
	Settings   map[string]map[string]any
	Send       []string
	Response   *savedResponse `json:"response"` // nil: the emulated upstream's own
	Alternates []struct {
		Name     string
		Way      string
		Response *savedResponse `json:"response"`
	}
}

func TestTestdata(t *testing.T) {
	t.Run("it has each row of the tables, and no other", func(t *testing.T) {
		for _, api := range All() {
			found := map[string]bool{}
			for _, c := range responseCases(t, api.Name) {
				found[c.row] = true
			}
			delete(found, "")
			for _, row := range api.Rows {
				if !found[row.Name] {
					t.Errorf("%s: the row %q is in no case of testdata", api.Name, row.Name)
				}
				delete(found, row.Name)
			}
			for name := range found {
				t.Errorf("%s: testdata has a row that the table does not have: %q", api.Name, name)
			}
		}
	})

	t.Run("each response selects its row", func(t *testing.T) {
		for _, api := range All() {
			for _, c := range responseCases(t, api.Name) {
				response := transport.Response{Status: c.response.Status, Body: c.response.object(t)}
				flag, code := api.Classify(response)
				u := NewUpstream(api, c.settings, nil)
				row := findRow(api.Rows, response.Status, flag, code, u.variant)
				name := ""
				// A response that allows or denies counts only with its JSON object.
				if row != nil && (response.Body != nil || row.Meaning == RateLimited || row.Meaning == Outage || row.Meaning == Misconfigured) && (api.Marked(response) || !needsMarks(response, row)) {
					name = row.Name
				}
				if name != c.row {
					t.Errorf("%s/%s: %s: selects the row %q, want %q", api.Name, c.file, c.name, name, c.row)
				}
			}
		}
	})

	t.Run("its rows are in the document's order", func(t *testing.T) {
		for _, api := range All() {
			last := 0
			for _, c := range responseCases(t, api.Name) {
				for i, row := range api.Rows {
					if c.file != "rows.json" || row.Name != c.row {
						continue
					}
					if i < last {
						t.Errorf("%s: %q comes after %q", api.Name, row.Name, api.Rows[last].Name)
					}
					last = i
				}
			}
		}
	})
}

// responseCases reads all responses of an API's cases, in the order of the files.
func responseCases(t *testing.T, api string) []responseCase {
	t.Helper()
	var ways struct{ Ways map[string]savedWay }
	readJSON(t, filepath.Join("..", "..", "testdata", api, "ways.json"), &ways)
	names, err := filepath.Glob(filepath.Join("..", "..", "testdata", api, "*.json"))
	if err != nil || len(names) < 2 {
		t.Fatalf("no cases of %s: %v", api, err)
	}
	var all []responseCase
	for _, name := range names {
		var file struct{ Cases []savedCase }
		readJSON(t, name, &file)
		for _, c := range file.Cases {
			if c.Response == nil {
				continue
			}
			way := ways.Ways[c.Way]
			if c.Settings != nil {
				way = savedWay{Settings: c.Settings, Send: c.Send}
			}
			one := responseCase{name: c.Name, file: filepath.Base(name), row: c.Row, settings: way.settings(), response: *c.Response}
			all = append(all, one)
			for _, a := range c.Alternates {
				other := one
				other.name = fmt.Sprintf("%s, %s", c.Name, a.Name)
				other.response = c.Response.with(a.Response)
				if a.Way != "" {
					other.settings = ways.Ways[a.Way].settings()
				}
				all = append(all, other)
			}
		}
	}
	return all
}

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// settings are those that select the variant of the call, by the kind that is sent.
func (w savedWay) settings() Settings {
	sent := strings.Join(w.Send, "\n")
	key, withKey := w.Settings["applicationKey"]
	switch {
	case withKey && strings.Contains(sent, verifier.KeyHeader+":"):
		s := Settings{Kind: verifier.ApplicationKey, Account: key["account"] == true}
		if key["probe"] != nil {
			s.Probe = &Account{}
		}
		return s
	case w.Settings["basic"] != nil && strings.Contains(sent, "Basic "):
		return Settings{Kind: verifier.Basic}
	}
	return Settings{Kind: verifier.Bearer}
}

// with is the response with what an alternate changes.
func (r savedResponse) with(a *savedResponse) savedResponse {
	if a == nil {
		return r
	}
	if a.Status != 0 {
		r.Status = a.Status
	}
	if a.Body != nil || a.Text != nil {
		r.Body, r.Text, r.Size = a.Body, a.Text, a.Size
	}
	return r
}

var placeholder = regexp.MustCompile(`\$\{(FILL|BYTE) ([0-9A-F]+)\}`)

// object reads the response's body as package transport does.
func (r savedResponse) object(t *testing.T) *strictjson.Value {
	var text bytes.Buffer
	if r.Text != nil {
		text.WriteString(*r.Text)
	} else if err := json.Compact(&text, r.Body); err != nil {
		t.Fatal(err)
	}
	body := placeholder.ReplaceAllStringFunc(text.String(), func(found string) string {
		parts := placeholder.FindStringSubmatch(found)
		if parts[1] == "BYTE" {
			raw, _ := hex.DecodeString(parts[2])
			return string(raw)
		}
		n, _ := strconv.Atoi(parts[2])
		return strings.Repeat("x", n)
	})
	if r.Size > 64<<10 {
		return nil
	}
	return strictjson.Read([]byte(body))
}
