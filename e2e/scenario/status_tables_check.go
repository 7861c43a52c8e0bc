package scenario

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// runCase sends a case's request twice, and looks at all that comes of it.
func (r *tableRunner) runCase(h *Harness, t *testing.T, s servedCase) {
	p := r.newPlaceholders()
	p.sign(s.claims)
	call := Request{Route: s.route, Method: s.method, Headers: p.lines(s.send)}
	r.rememberSecret(call.Headers)
	if s.reply != nil && s.upstream == "" {
		credential := credentialOf(call.Headers)
		s.server.Answer(credential, p.reply(*s.reply))
		defer s.server.Unscript(credential)
	}
	r.reset()
	calls := s.calls
	r.check(t, "the request", s, p, h.Do(call), s.client, calls)

	client := s.client
	switch s.again {
	case "":
		return
	case "remembered":
	case "asked":
		calls += s.calls
	case "cooled":
		client = &s.cooled.Client
		if s.cooled.Send != nil {
			call.Headers = p.lines(s.cooled.Send)
		}
	default:
		t.Fatalf("again: %q; known: remembered, asked, cooled", s.again)
	}
	r.check(t, "the same again", s, p, h.Do(call), client, calls)
}

// rememberSecret notes what of a request may be in no output: tokens and keys are
// marked, accounts are not.
func (r *tableRunner) rememberSecret(lines []string) {
	for _, line := range lines {
		_, encoded, basic := strings.Cut(line, "Basic ")
		if basic && len(encoded) > 8 && len(encoded) < 1000 {
			r.secrets[encoded] = true
		}
	}
}

// check compares a reply, what the backend saw, and how often anybody was asked.
func (r *tableRunner) check(t *testing.T, what string, s servedCase, p *placeholders, got Response, want *clientResponse, calls int) {
	t.Helper()
	if asked := r.upstreamCalls(p); asked != calls {
		t.Errorf("%s: %d calls to upstreams so far, want %d", what, asked, calls)
	}
	seen := r.backend.TakeSeen()
	if want == nil {
		r.checkAllowed(t, what, s, p, got, seen)
		return
	}
	if len(seen) != 0 {
		t.Errorf("%s: the backend was reached", what)
	}
	p.wait = got.Header.Get("Retry-After")
	wanted := wantedResponse(want, p)
	if diff := cmp.Diff(wanted, gotResponse(got)); diff != "" {
		t.Errorf("%s: the client got something else (-want +got):\n%s", what, diff)
	}
}

// comparableResponse is what a client gets: every header but those of the transport,
// and the body token by token, so that order and digits count.
type comparableResponse struct {
	Status int
	Header http.Header
	Body   []string
}

func gotResponse(r Response) comparableResponse {
	header := r.Header.Clone()
	header.Del("Date")
	header.Del("Content-Length")
	return comparableResponse{Status: r.Status, Header: header, Body: tokens(r.Body)}
}

func wantedResponse(c *clientResponse, p *placeholders) comparableResponse {
	header := http.Header{"Content-Type": {c.ContentType}, "Cache-Control": {c.CacheControl}}
	if c.WWWAuthenticate != nil {
		header["Www-Authenticate"] = c.WWWAuthenticate
	}
	if c.RetryAfter != "" {
		header.Set("Retry-After", within(c.RetryAfter, p.wait))
	}
	return comparableResponse{Status: c.Status, Header: header, Body: tokens(p.text(compact(c.Body)))}
}

// within is the actual number if it is in the wanted range, "80..91", or equal
// to the wanted one; else what is wanted.
func within(wanted, actual string) string {
	low, high, ranged := strings.Cut(wanted, "..")
	seconds, err := strconv.Atoi(actual)
	if ranged && err == nil && seconds >= must(strconv.Atoi(low)) && seconds <= must(strconv.Atoi(high)) {
		return actual
	}
	return wanted
}

// tokens reads a JSON text; what is none is one token.
func tokens(text string) []string {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var all []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			return []string{text}
		}
		switch v := token.(type) {
		case json.Delim:
			all = append(all, v.String())
		case json.Number:
			all = append(all, v.String())
		default:
			plain, _ := json.Marshal(v)
			all = append(all, string(plain))
		}
	}
}

// checkAllowed looks at what reached the backend: once, with exactly the wanted
// identity, and without the credential.
func (r *tableRunner) checkAllowed(t *testing.T, what string, s servedCase, p *placeholders, got Response, seen []SeenRequest) {
	t.Helper()
	if got.Status != http.StatusOK || len(seen) != 1 {
		t.Fatalf("%s: status %d and %d requests at the backend, want it to pass: %s", what, got.Status, len(seen), got.Body)
	}
	wanted := http.Header{}
	for name, value := range s.backend {
		wanted.Set(name, p.text(value))
		r.rememberIdentity(name, wanted.Get(name))
	}
	prefix, named := identityHeaders(s.config)
	told := http.Header{}
	for name, values := range seen[0].Header {
		_, asked := wanted[name]
		_, set := named[name]
		if asked || set || strings.HasPrefix(name, prefix) || strings.HasPrefix(name, "X-Auth-") ||
			strings.Contains(strings.Join(values, " "), p.credential) {
			told[name] = values
		}
	}
	if len(named) == 0 {
		expires, err := time.Parse("2006-01-02T15:04:05Z", told.Get(prefix+"Expires"))
		if err != nil || expires.Before(p.now.Add(-time.Second)) && s.again != "asked" {
			t.Errorf("%s: %sExpires is %q", what, prefix, told.Get(prefix+"Expires"))
		}
		told.Del(prefix + "Expires")
	}
	if diff := cmp.Diff(wanted, told); diff != "" {
		t.Errorf("%s: the backend was told something else (-want +got):\n%s", what, diff)
	}
}

// rememberIdentity notes what of an identity may be in no output, encoded or plain.
func (r *tableRunner) rememberIdentity(name, value string) {
	if strings.HasSuffix(name, "-Api") || len(value) < 6 || len(value) > 500 {
		return
	}
	r.secrets[value] = true
	if plain, err := url.PathUnescape(value); err == nil {
		r.secrets[plain] = true
	}
}

// identityHeaders is which headers a configuration makes identity headers.
func identityHeaders(config map[string]any) (prefix string, named http.Header) {
	prefix, named = "X-Auth-", http.Header{}
	identity, _ := config["identity"].(map[string]any)
	if chosen, found := identity["prefix"].(string); found {
		prefix = chosen
	}
	headers, _ := identity["headers"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		named.Set(name, "")
	}
	return prefix, named
}
