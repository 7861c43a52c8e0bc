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

// The tables and ../../testdata/<api>/ name each other's rows. (What a client
// gets of each is played by the tests of e2e.)

// told is one reply of testdata, and the row that it is to select.
type told struct {
	name     string
	file     string
	row      string
	settings Settings
	reply    toldReply
}

type toldReply struct {
	Status int
	Body   json.RawMessage
	Text   *string
	Size   int
}

type toldWay struct {
	Settings map[string]map[string]any
	Send     []string
}

type toldCase struct {
	Name     string
	Row      string
	Way      string
	Settings map[string]map[string]any
	Send     []string
	Reply    *toldReply
	// Calls without a reply: the upstream answers by itself.
	Calls      int
	Alternates []struct {
		Name  string
		Way   string
		Send  []string
		Reply *toldReply
	}
}

func TestTestdata(t *testing.T) {
	t.Run("it has every row of the tables, and no other", func(t *testing.T) {
		for _, api := range All() {
			played := map[string]bool{}
			for _, c := range replies(t, api.Name) {
				played[c.row] = true
			}
			delete(played, "")
			for _, row := range api.Rows {
				if !played[row.Name] {
					t.Errorf("%s: the row %q is in no case of testdata", api.Name, row.Name)
				}
				delete(played, row.Name)
			}
			for name := range played {
				t.Errorf("%s: testdata plays a row that the table does not have: %q", api.Name, name)
			}
		}
	})

	t.Run("every response selects its row", func(t *testing.T) {
		for _, api := range All() {
			for _, c := range replies(t, api.Name) {
				reply := transport.Response{Status: c.reply.Status, Body: c.reply.object(t)}
				flag, code := api.Classify(reply)
				row := findRow(api.Rows, reply.Status, flag, code, api.Variant(c.settings))
				name := ""
				// A documented yes or no counts only with its JSON object.
				if row != nil && (reply.Body != nil || row.Meaning == RateLimited || row.Meaning == Outage || row.Meaning == Misconfigured) {
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
			for _, c := range replies(t, api.Name) {
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

// replies reads every reply of an API's cases, in the order of the files.
func replies(t *testing.T, api string) []told {
	t.Helper()
	var ways struct{ Ways map[string]toldWay }
	read(t, filepath.Join("..", "..", "testdata", api, "ways.json"), &ways)
	names, err := filepath.Glob(filepath.Join("..", "..", "testdata", api, "*.json"))
	if err != nil || len(names) < 2 {
		t.Fatalf("no cases of %s: %v", api, err)
	}
	var all []told
	for _, name := range names {
		var file struct{ Cases []toldCase }
		read(t, name, &file)
		for _, c := range file.Cases {
			if c.Reply == nil {
				continue
			}
			way := ways.Ways[c.Way]
			if c.Settings != nil {
				way = toldWay{Settings: c.Settings, Send: c.Send}
			}
			one := told{name: c.Name, file: filepath.Base(name), row: c.Row, settings: way.read(), reply: *c.Reply}
			all = append(all, one)
			for _, a := range c.Alternates {
				other := one
				other.name = fmt.Sprintf("%s, %s", c.Name, a.Name)
				other.reply = c.Reply.changed(a.Reply)
				if a.Way != "" {
					other.settings = ways.Ways[a.Way].read()
				}
				all = append(all, other)
			}
		}
	}
	return all
}

func read(t testing.TB, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// read takes from a way what chooses a check: the block whose kind is sent.
func (w toldWay) read() Settings {
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

// changed is the reply with what an alternate says of it instead.
func (r toldReply) changed(a *toldReply) toldReply {
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

// object reads the reply's body as an exchange does.
func (r toldReply) object(t *testing.T) *strictjson.Value {
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
