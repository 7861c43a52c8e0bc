package try

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/config"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Outcome is what the plugin makes of a response.
type Outcome struct {
	Rows   []string // of a described API: why each row fits or not
	Row    string   // that fits; empty: none does
	Means  string   // of that row
	Body   string   // why the response's body is not read; empty: it is
	Log    []string // lines of the plugin
	Client *http.Response
	Sent   []byte      // the client's body
	Passed http.Header // of the request that the backend gets; nil: it gets none
}

// Saved plays a response to one question about a credential.
func Saved(ctx context.Context, s *config.Settings, b *gate.Block, c verifier.Credential, reply *Reply) (*Outcome, error) {
	server := httptest.NewServer(reply)
	defer server.Close()
	local := *b
	local.Upstream.Canary = false // its question would get the same response
	local.Upstream.Target.URL = server.URL
	local.Upstream.Target.TLS = transport.TLS{}
	local.Upstream.Target.Proxy = ""
	o := &Outcome{}
	if err := o.explain(ctx, &local, c); err != nil {
		return nil, err
	}
	err := o.pass(ctx, s, &local, c)
	for i := range o.Log {
		o.Log[i] = strings.ReplaceAll(o.Log[i], server.URL, b.Upstream.Target.URL)
	}
	return o, err
}

// Live asks the API: first about a made-up credential, as the plugin does.
func Live(ctx context.Context, s *config.Settings, b *gate.Block, c verifier.Credential) (*Outcome, error) {
	o := &Outcome{}
	if err := o.explain(ctx, b, c); err != nil {
		return nil, err
	}
	return o, o.pass(ctx, s, b, c)
}

// explain asks once, and finds the row that fits.
func (o *Outcome) explain(ctx context.Context, b *gate.Block, c verifier.Credential) error {
	client, err := transport.NewClient(b.Upstream.Target, time.Now)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	response, err := client.Do(ctx, b.API.Request(c, b.Upstream))
	if err != nil {
		return fmt.Errorf("the API was not asked: %w%s", err, advice(response.Advice))
	}
	if response.Body == nil {
		o.Body = response.Defect
	}
	if b.API.Explain != nil {
		o.Rows = b.API.Explain(response)
	}
	row, _ := b.API.Find(response, b.API.Variant(b.Upstream))
	if row != nil {
		o.Row, o.Means = row.Name, meaning(row.Meaning)
	}
	return nil
}

func advice(text string) string {
	if text == "" {
		return ""
	}
	return "; " + strings.NewReplacer("$", "").Replace(text)
}

func meaning(m apis.Meaning) string {
	switch m {
	case apis.Valid:
		return "it allows"
	case apis.Denied:
		return "it denies"
	case apis.RateLimited:
		return "the API limits the rate"
	case apis.Outage:
		return "the API has failed: no answer"
	case apis.Misconfigured:
		return "the configuration is wrong: no answer"
	}
	return "no answer"
}

// pass sends a request with the credential through the plugin's gate.
func (o *Outcome) pass(ctx context.Context, s *config.Settings, b *gate.Block, c verifier.Credential) error {
	start := time.Now()
	options := s.Gate
	options.Blocks = []*gate.Block{b}
	options.ForwardCredential = s.Gate.ForwardCredential
	shared := &gate.Shared{
		Start: start, Since: time.Since, Now: time.Now,
		Scopes: cache.NewRegistry(start, time.Now, func() time.Duration { return time.Since(start) }),
	}
	var lines bytes.Buffer
	log := telemetry.NewLog(telemetry.NewSink(&lines, time.Now), "try", telemetry.LevelInfo)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	backend := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { o.Passed = r.Header.Clone() })
	request := request(ctx, b, c)
	recorder := httptest.NewRecorder()
	gate.New(ctx, backend, &options, shared, log).Handler()(recorder, request)
	o.Client = recorder.Result()
	o.Sent = recorder.Body.Bytes()
	o.Log = texts(lines.Bytes())
	for _, values := range o.Passed {
		for i, value := range values {
			for _, secret := range []string{c.Token, c.Password, account(c)} {
				if secret != "" && strings.Contains(value, secret) {
					values[i] = "the credential, as it came (forwardCredential)"
				}
			}
		}
	}
	return nil
}

// request is a client's, with the credential where the route reads it.
func request(ctx context.Context, b *gate.Block, c verifier.Credential) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://app.example/", nil).WithContext(ctx)
	switch {
	case c.Kind == verifier.Basic:
		r.Header.Set("Authorization", "Basic "+account(c))
		return r
	case b.Place != nil && b.Place.Header == "" && b.Place.Cookie != "":
		r.AddCookie(&http.Cookie{Name: b.Place.Cookie, Value: c.Token})
	case b.Place != nil && b.Place.Header == "" && b.Place.Query != "":
		r.URL.RawQuery = url.Values{b.Place.Query: {c.Token}}.Encode()
	case b.Place != nil && b.Place.Header != "":
		value := c.Token
		if len(b.Place.Schemes) > 0 && !b.Place.Bare {
			value = b.Place.Schemes[0] + " " + c.Token
		}
		r.Header.Set(b.Place.Header, value)
	case c.Kind == verifier.ApplicationKey:
		r.Header.Set(verifier.KeyHeader, c.Token)
	default:
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if b.Upstream.Account {
		r.Header.Set("Authorization", "Basic "+account(c))
	}
	return r
}

func account(c verifier.Credential) string {
	return base64.StdEncoding.EncodeToString([]byte(c.User + ":" + c.Password))
}

// texts are the facts in the plugin's log.
func texts(log []byte) []string {
	var found []string
	for _, line := range bytes.Split(bytes.TrimSpace(log), []byte("\n")) {
		entry := map[string]string{}
		if json.Unmarshal(line, &entry) != nil {
			continue
		}
		var parts []string
		for _, key := range []string{"event", "detail"} {
			if entry[key] != "" {
				parts = append(parts, entry[key])
			}
		}
		found = append(found, strings.Join(parts, ": "))
	}
	return found
}

// Names are those of a header, in order.
func Names(h http.Header) []string {
	var names []string
	for name := range h {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
