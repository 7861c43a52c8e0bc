package custom

import (
	"net/http"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

var received = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// responseOf is a response with a body, which may be none, and header lines by name.
func responseOf(status int, body string, lines ...string) transport.Response {
	header := http.Header{}
	for i := 0; i+1 < len(lines); i += 2 {
		header.Add(lines[i], lines[i+1])
	}
	return transport.Response{
		Status: status, Body: strictjson.Read([]byte(body)), Header: header,
		RetryAfter: header.Get("Retry-After"), Received: received,
	}
}

func conditionsOf(t testing.TB, texts ...string) []Condition {
	t.Helper()
	var list []Condition
	for _, text := range texts {
		condition, fault := ParseCondition(text)
		if fault != "" {
			t.Fatalf("%s: %s", text, fault)
		}
		list = append(list, condition)
	}
	return list
}

func pathsOf(t testing.TB, text string) []Path {
	t.Helper()
	paths, fault := ParsePaths(text)
	if fault != "" {
		t.Fatalf("%s: %s", text, fault)
	}
	return paths
}

func pathOf(t testing.TB, text string) *Path {
	t.Helper()
	path, fault := ParsePath(text)
	if fault != "" {
		t.Fatalf("%s: %s", text, fault)
	}
	return &path
}

func instantOf(t testing.TB, text string) *Instant {
	t.Helper()
	instant, fault := ParseInstant(text)
	if fault != "" {
		t.Fatalf("%s: %s", text, fault)
	}
	return &instant
}

func sourceOf(t testing.TB, text string) *Source {
	t.Helper()
	source, fault := ParseSource(text)
	if fault != "" {
		t.Fatalf("%s: %s", text, fault)
	}
	return &source
}

func fieldOf(t testing.TB, name, text string) Field {
	t.Helper()
	sources, each, fault := ParseField(text)
	if fault != "" {
		t.Fatalf("%s: %s", text, fault)
	}
	return Field{Name: name, Sources: sources, Each: each}
}

func bodyOf(t testing.TB, text string) *Template {
	t.Helper()
	template, fault := ParseJSON(text, Allowed{Names: map[string]bool{
		"message": true, "code": true, "status": true, "title": true, "reason": true, "errors": true, "retryAfter": true,
	}}, Allowed{Names: map[string]bool{"code": true, "status": true, "errors": true, "retryAfter": true}}, false)
	if fault != "" {
		t.Fatalf("%s: %s", text, fault)
	}
	return template
}

// requestNames are the placeholders of a request for a token.
var requestNames = Allowed{Headers: true, Names: map[string]bool{
	"token": true, "user": true, "password": true, "basic": true, "client.id": true, "client.secret": true,
	"method": true, "host": true, "path": true, "ip": true,
}}

func headerOfText(t testing.TB, text string) *Template {
	t.Helper()
	template, fault := ParseHeader(text, requestNames)
	if fault != "" {
		t.Fatalf("%s: %s", text, fault)
	}
	return template
}

// keysDefinition is the verification service of the design: it answers 200 to all.
func keysDefinition(t testing.TB) *Definition {
	t.Helper()
	form, fault := ParseForm("key={token}", requestNames)
	if fault != "" {
		t.Fatal(fault)
	}
	d := &Definition{
		Name: "keys", Kind: verifier.Bearer, Method: "POST", QuotaBy: verifier.QuotaByCredential, Fingerprint: "keys",
		Request: Request{
			Body: form, ContentType: "application/x-www-form-urlencoded", Client: Client{ID: "gateway", Secret: "s3cret-of-the-gateway"},
			Header: map[string]*Template{"Authorization": headerOfText(t, "Basic Zm9v")},
		},
		Rows: []Row{
			{Statuses: "200", When: conditionsOf(t, "valid is true"), Meaning: apis.Valid},
			{Statuses: "200", When: conditionsOf(t, "valid is false", "reason is expired"), Meaning: apis.Denied, Answer: 401, Reason: verifier.Expired},
			{Statuses: "200", When: conditionsOf(t, "valid is false", "reason is rate_limited or quota_exceeded"), Meaning: apis.RateLimited},
			{Statuses: "200", When: conditionsOf(t, "valid is false", "reason is suspended"), Meaning: apis.Denied, Answer: 403},
			{Statuses: "200", When: conditionsOf(t, "valid is false"), Meaning: apis.Denied, Answer: 401},
			{Statuses: "400 401 403 404", Meaning: apis.Misconfigured},
			{Statuses: "429", Meaning: apis.RateLimited},
			{Statuses: "5xx", Meaning: apis.Outage},
		},
		Identity: Identity{
			Fields: []Field{
				fieldOf(t, "user", "owner.name"), fieldOf(t, "id", "key_id"), fieldOf(t, "plan", "plan.name"), fieldOf(t, "roles", "scopes"),
			},
			Required:  []string{"id", "plan"},
			ExpiresAt: instantOf(t, "expires_at"),
		},
		Refusal: Refusal{
			Code: pathsOf(t, "reason"), Message: pathsOf(t, "detail"),
			Body:  bodyOf(t, `{"valid":false,"reason":"{code}","detail":"{message}"}`),
			Codes: map[verifier.Reason]string{verifier.Missing: "missing_key", verifier.Throttled: "rate_limited", verifier.Unavailable: "try_again"},
		},
	}
	for i := range d.Rows {
		d.Rows[i].SetDefaultProof()
	}
	return d
}

// plainDefinition has the default rows and nothing else.
func plainDefinition(t testing.TB) *Definition {
	t.Helper()
	return &Definition{
		Name: "custom", Kind: verifier.Bearer, Method: "GET", QuotaBy: verifier.QuotaByCredential, Fingerprint: "plain", Rows: DefaultRows(),
		Request: Request{Header: map[string]*Template{"Authorization": headerOfText(t, "Bearer {token}")}},
	}
}

// decide reads a response by a definition, as a call's is read.
func decide(d *Definition, r transport.Response, token string) (verifier.Decision, error) {
	return apis.NewUpstream(New(d), apis.Settings{Kind: d.Kind}, nil).Interpret(r, verifier.Credential{Kind: d.Kind, Token: token})
}
