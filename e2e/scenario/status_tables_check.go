package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
)

// reporter is told what differs: a test, or a count of differences.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// runCase sends a case's request twice, and checks both responses. Where the machine took
// longer than an answer holds, what differs shows nothing, and another credential is next.
func (r *tableRunner) runCase(h *Harness, t reporter, s servedCase) {
	t.Helper()
	for tries := 1; ; tries++ {
		found, begun := &differences{}, clockOf(h)
		found.of(func() { r.sendTwice(h, found, s) })
		if len(found.texts) > 0 && !found.let() && tries < 3 && clockOf(h).Sub(begun) >= time.Second {
			continue
		}
		for _, text := range found.texts {
			t.Errorf("%s", text)
		}
		return
	}
}

// sendTwice is runCase, once.
func (r *tableRunner) sendTwice(h *Harness, t reporter, s servedCase) {
	p := r.newPlaceholders()
	p.shape(s.credential)
	r.secrets[p.credential] = true
	p.sign(s.claims)
	request := Request{Route: s.route, Method: s.method, Headers: p.lines(s.send)}
	r.rememberSecret(request.Headers)
	if s.reply != nil && s.upstream == "" {
		credential := credentialOf(request.Headers)
		s.server.Answer(credential, p.reply(*s.reply))
		defer s.server.Unscript(credential)
	}
	r.reset()
	calls := s.calls
	r.check(t, "the request", s, p, h.Do(request), s.client, calls)

	client := s.client
	switch s.again {
	case "":
		return
	case "remembered":
	case "paused":
		client = paused(client)
	case "asked":
		calls += s.calls
	case "limited":
		client = &s.cooled.Client
		if s.cooled.Send != nil {
			request.Headers = p.lines(s.cooled.Send)
		}
	default:
		t.Fatalf("again: %q; known: remembered, paused, asked, limited", s.again)
	}
	r.check(t, "the second request", s, p, h.Do(request), client, calls)
}

// paused is the response while a credential without an answer is not asked about again:
// it comes back in a second, unless the upstream has named another time.
func paused(first *clientResponse) *clientResponse {
	again := *first
	again.RetryAfter = "1..10" // 10 where the first lookup has not ended yet
	if seconds, err := strconv.Atoi(first.RetryAfter); err == nil && first.RetryAfter != "10" {
		again.RetryAfter = fmt.Sprint(seconds-1, "..", seconds)
	}
	return &again
}

// rememberSecret records what of a request no output may hold. Tokens and keys have a
// marker, accounts have none.
func (r *tableRunner) rememberSecret(lines []string) {
	for _, line := range lines {
		_, encoded, basic := strings.Cut(line, "Basic ")
		if basic && len(encoded) > 8 && len(encoded) < 1000 {
			r.secrets[encoded] = true
		}
	}
}

// check compares a response, the request at the backend and the number of calls to
// upstreams.
func (r *tableRunner) check(t reporter, what string, s servedCase, p *placeholders, got Response, want *clientResponse, calls int) {
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
		t.Errorf("%s: the response (-want +got):\n%s", what, diff)
	}
}

// comparableResponse is a response with all headers but those of the transport, and
// with the body as JSON tokens, so that order and digits count.
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

// within returns the actual number if it is in the wanted range, "80..91"; else it
// returns what is wanted.
func within(wanted, actual string) string {
	low, high, ranged := strings.Cut(wanted, "..")
	seconds, err := strconv.Atoi(actual)
	if ranged && err == nil && seconds >= must(strconv.Atoi(low)) && seconds <= must(strconv.Atoi(high)) {
		return actual
	}
	return wanted
}

// tokens reads JSON tokens; a text that is not JSON is one token.
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

// checkAllowed expects one request at the backend, with exactly the wanted identity
// and without the credential.
func (r *tableRunner) checkAllowed(t reporter, what string, s servedCase, p *placeholders, got Response, seen []SeenRequest) {
	t.Helper()
	if got.Status != http.StatusOK || len(seen) != 1 {
		t.Fatalf("%s: status %d and %d requests at the backend, want one, with a 200: %s", what, got.Status, len(seen), got.Body)
	}
	wanted := http.Header{}
	for name, value := range s.backend {
		wanted.Set(name, p.text(value))
		r.rememberIdentity(name, wanted.Get(name))
	}
	prefix, named := identityHeaders(s.config)
	arrived := http.Header{}
	for name, values := range seen[0].Header {
		_, asked := wanted[name]
		_, set := named[name]
		if asked || set || strings.HasPrefix(name, prefix) || strings.HasPrefix(name, "X-Auth-") ||
			strings.Contains(strings.Join(values, " "), p.credential) {
			arrived[name] = values
		}
	}
	if len(named) == 0 && s.again != "asked" { // what is not kept has no end, and none that is past
		expires, err := time.Parse("2006-01-02T15:04:05Z", arrived.Get(prefix+"Expires"))
		if err != nil || expires.Before(p.now.Add(-time.Second)) {
			t.Errorf("%s: %sExpires is %q", what, prefix, arrived.Get(prefix+"Expires"))
		}
		arrived.Del(prefix + "Expires")
	}
	if diff := cmp.Diff(wanted, arrived); diff != "" {
		t.Errorf("%s: headers at the backend (-want +got):\n%s", what, diff)
	}
}

// rememberIdentity records what of an identity no output may hold, encoded or plain.
func (r *tableRunner) rememberIdentity(name, value string) {
	if strings.HasSuffix(name, "-Api") || len(value) < 6 || len(value) > 500 {
		return
	}
	r.secrets[value] = true
	if plain, err := url.PathUnescape(value); err == nil {
		r.secrets[plain] = true
	}
}

// identityHeaders returns which headers are identity headers in a configuration.
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
