package bench

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// variant is one route that is measured.
type variant struct {
	name     string // also its path
	label    string
	header   string // the credential, which every request carries
	status   int    // of every reply
	identity string // in the headers at the backend
	ware     map[string]any
}

// variantFixture is everything of the first section: one Traefik with a route for each
// variant, and all the servers around it.
type variantFixture struct {
	*traefik.Server
	variants []variant
	web      *upstreams.WebService
	uni      *upstreams.Thammasat
	backend  *httptest.Server
	auth     *httptest.Server
}

const (
	goodKey  = "bench-key-0123456789abcdef"
	ownKey   = "bench-own-0123456789abcdef"
	student  = "6600000001"
	password = "measured"
)

func newVariantFixture() (*variantFixture, error) {
	f := &variantFixture{
		web:     upstreams.NewWebService(upstreams.WebServiceOptions{}),
		uni:     upstreams.NewThammasat(upstreams.ThammasatOptions{}),
		backend: newBackend(),
		auth:    newAuth(),
	}
	f.uni.AddKey(goodKey)
	f.uni.AddKey(ownKey)
	f.uni.AddAccount(upstreams.Account{User: student, Password: password, Type: "student", NameEN: "Somchai Jaidee", Email: "somchai@dome.tu.ac.th", Username: true})
	f.variants = f.list(f.web.IssueToken(client()))
	var err error
	if f.Server, err = startQuiet(false, keyVariable+"="+ownKey); err != nil {
		f.close()
		return nil, err
	}
	wares := map[string]map[string]any{}
	for _, v := range f.variants {
		wares[v.name] = v.ware
	}
	if err := f.Apply("bench", dynamic(f.backend.URL, wares)); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *variantFixture) close() {
	if f.Server != nil {
		_ = f.Stop()
	}
	f.web.Close()
	f.uni.Close()
	f.backend.Close()
	f.auth.Close()
}

// The variants' names that targets speak of.
const (
	none        = "none"
	noopPlugin  = "noop"
	forwardAuth = "forward"
	bearerHit   = "bearer"
	keyHit      = "key"
	basicHit    = "basic"
)

// list is every variant. All carry a credential of about the same length, so
// that what differs is the middleware.
func (f *variantFixture) list(token string) []variant {
	line := "Authorization: Bearer " + token
	account := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(student+":"+password))
	three := func(fields ...string) map[string]any {
		headers := map[string]any{}
		for _, field := range fields {
			headers["X-Auth-"+strings.ToUpper(field[:1])+field[1:]] = field
		}
		return map[string]any{"headers": headers}
	}
	remember := map[string]any{"negativeLifetime": "1h"}
	university := map[string]any{"api": "thammasat", "url": f.uni.URL}
	own := map[string]any{"api": "thammasat", "url": f.uni.URL, "applicationKey": "env:" + keyVariable}
	whole := bearer(f.web.URL, f.web.Path(), map[string]any{"cache": remember})
	check := bearer(f.web.URL, f.web.Path(), map[string]any{"cache": remember, "identity": three("user", "id", "name")})
	added := func(headers map[string]string) map[string]any {
		return map[string]any{"headers": map[string]any{"customRequestHeaders": headers}}
	}
	return []variant{
		{none, "no middleware", line, 200, " ", nil},
		{noopPlugin, "no-op plugin", line, 200, " ", plugin("noop", map[string]any{"nothing": true})},
		{"headers", "built-in headers, three of them", line, 200, " client", added(identity)},
		{bearerHit, "upstreamauth hit, bearer, three headers", line, 200, " client", ours(check)},
		{keyHit, "upstreamauth hit, Application-Key", "Application-Key: " + goodKey, 200, "thammasat ", ours(map[string]any{"applicationKey": university})},
		{basicHit, "upstreamauth hit, Basic, three headers", account, 200, " " + student, ours(map[string]any{"basic": own, "identity": three("user", "name", "type")})},
		{"refusal", "upstreamauth denial (no backend)", "Authorization: Bearer 00000000000000000000000000000000", 401, "", ours(check)},
		{"five", "built-in headers, five of them", line, 200, "webservice client", added(wholeIdentity)},
		{"whole", "upstreamauth hit, bearer, five headers", line, 200, "webservice client", ours(whole)},
		{forwardAuth, "built-in forwardAuth, at once", line, 200, " client", map[string]any{"forwardAuth": map[string]any{
			"address": f.auth.URL, "authResponseHeaders": names(identity),
		}}},
		{"sha", "built-in basicAuth, {SHA}", account, 200, " ", users("{SHA}" + digest(password))},
		{"bcrypt", "built-in basicAuth, bcrypt 5", account, 200, " ", users(slowDigest)},
	}
}

// slowDigest is bcrypt of password, cost 5, as `htpasswd -B` makes it.
const slowDigest = "$2a$05$rfN5.glN8mI0DKTUWWLXRuQyseGSQAVji5Cm39VdD4TX0E5laoRT2"

// digest is SHA-1, the cheapest that basicAuth takes, so that it is not made
// slower than it can be.
func digest(text string) string {
	sum := sha1.Sum([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func users(hash string) map[string]any {
	return map[string]any{"basicAuth": map[string]any{"users": []string{student + ":" + hash}}}
}

func names(headers map[string]string) []string {
	var all []string
	for name := range headers {
		all = append(all, name)
	}
	return all
}

// check sends one request to each variant, which also makes the answers that
// are measured later, and checks the identity at the backend.
func (f *variantFixture) check(ctx context.Context) error {
	client := newClient(1)
	defer client.CloseIdleConnections()
	for _, v := range f.variants {
		for range 2 { // the second is the hit
			r, err := ask(ctx, client, f.URL+"/"+v.name+"?identity", v.header)
			if err != nil {
				return err
			}
			if r.status != v.status || (v.status == http.StatusOK && r.body != v.identity) {
				return fmt.Errorf("%s: status %d and %q, want %d and %q", v.label, r.status, r.body, v.status, v.identity)
			}
		}
	}
	return nil
}

// calls is the number of calls to the upstreams.
func (f *variantFixture) calls() int { return f.web.Calls() + f.uni.Calls() }
