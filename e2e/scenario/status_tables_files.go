package scenario

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// The files of testdata/<api>/. The readme there says what the fields mean.

type tableWays struct {
	About  []string
	Always clientResponse
	Ways   map[string]tableWay
}

type tableWay struct {
	Settings   map[string]any
	Send       []string
	Claims     json.RawMessage
	Credential string // the form of ${CREDENTIAL}; empty: any text
}

type tableFile struct {
	About []string
	Cases []fileCase
}

type fileCase struct {
	Name       string
	About      string
	Row        string
	Way        string
	With       map[string]any
	Settings   map[string]any
	Send       []string
	Claims     json.RawMessage
	Method     string
	Upstream   string
	Reply      *tableReply `json:"response"`
	Alternates []alternate
	Calls      int
	Client     *clientResponse
	Backend    map[string]string
	Again      string
	Limited    *limitedResponse `json:"limited"`
}

type alternate struct {
	Name   string
	Way    string
	With   map[string]any
	Send   []string
	Claims json.RawMessage
	Reply  *tableReply `json:"response"`
}

type tableReply struct {
	Status  int
	Headers map[string]string
	Body    json.RawMessage
	Text    *string
	Size    int
	Gzip    bool
	Delay   string
}

type clientResponse struct {
	Status          int
	Body            json.RawMessage
	WWWAuthenticate []string
	RetryAfter      string
	ContentType     string
	CacheControl    string
}

type limitedResponse struct {
	Send   []string
	Client clientResponse
}

// tableCase is a case, or one of its alternates, complete with what it takes from
// its way and its file.
type tableCase struct {
	api      string
	file     string // its base name, without .json
	name     string
	settings map[string]any
	send     []string
	claims   json.RawMessage
	method   string
	upstream string
	reply    *tableReply // nil: the upstream's reply is not scripted
	calls    int         // of the first request
	client   *clientResponse
	backend  map[string]string
	again    string
	cooled   *limitedResponse

	credential string // its form
}

// loadTables reads all cases of one API, with their alternates.
func loadTables(api string) ([]tableCase, error) {
	root, err := stage.Root()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, "testdata", api)
	var ways tableWays
	if err := readStrictly(filepath.Join(dir, "ways.json"), &ways); err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []tableCase
	for _, name := range names {
		if filepath.Base(name) == "ways.json" {
			continue
		}
		var file tableFile
		if err := readStrictly(name, &file); err != nil {
			return nil, err
		}
		for _, c := range file.Cases {
			for _, one := range c.cases(api, ways) {
				one.file = strings.TrimSuffix(filepath.Base(name), ".json")
				all = append(all, one)
			}
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no cases in %s", dir)
	}
	return all, nil
}

// readStrictly reads one JSON file; a misspelled field is an error.
func readStrictly(name string, into any) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (c fileCase) cases(api string, ways tableWays) []tableCase {
	plays := []tableCase{c.resolve(api, ways, alternate{})}
	for _, a := range c.Alternates {
		p := c.resolve(api, ways, a)
		p.name += ", " + a.Name
		plays = append(plays, p)
	}
	return plays
}

// resolve completes one case: with values of the alternate, else of the case, else
// of its way.
func (c fileCase) resolve(api string, ways tableWays, a alternate) tableCase {
	own := a.Way == "" // the case's settings, request and claims
	way := ways.Ways[cmp.Or(a.Way, c.Way)]
	p := tableCase{
		api: api, name: c.Name, method: c.Method, upstream: c.Upstream, calls: c.Calls,
		settings: way.Settings, send: way.Send, claims: way.Claims, credential: way.Credential,
		backend: c.Backend, again: c.Again,
	}
	if own && c.Settings != nil {
		p.settings = c.Settings
	}
	if own && c.Send != nil {
		p.send = c.Send
	}
	if own && c.Claims != nil {
		p.claims = c.Claims
	}
	if a.Send != nil {
		p.send = a.Send
	}
	if a.Claims != nil {
		p.claims = a.Claims
	}
	with := c.With
	if a.With != nil {
		with = a.With
	}
	p.settings = maps.Clone(p.settings)
	maps.Copy(p.settings, with)
	p.reply = c.Reply.override(a.Reply)
	if p.reply != nil {
		p.calls = 1
	}
	if c.Client != nil {
		p.client = c.Client.withDefaults(ways.Always)
	}
	if c.Limited != nil {
		p.cooled = &limitedResponse{Send: c.Limited.Send, Client: *c.Limited.Client.withDefaults(ways.Always)}
	}
	return p
}

// override returns the reply with the values that an alternate changes. A body or a
// text replaces both, with size and compression.
func (r *tableReply) override(a *tableReply) *tableReply {
	if r == nil || a == nil {
		return cmp.Or(a, r)
	}
	merged := *r
	merged.Status = cmp.Or(a.Status, r.Status)
	merged.Delay = cmp.Or(a.Delay, r.Delay)
	if a.Headers != nil {
		merged.Headers = a.Headers
	}
	if a.Body != nil || a.Text != nil {
		merged.Body, merged.Text, merged.Size, merged.Gzip = a.Body, a.Text, a.Size, a.Gzip
	}
	return &merged
}

// withDefaults fills in the headers that every denial has.
func (c clientResponse) withDefaults(always clientResponse) *clientResponse {
	c.ContentType = cmp.Or(c.ContentType, always.ContentType)
	c.CacheControl = cmp.Or(c.CacheControl, always.CacheControl)
	return &c
}
