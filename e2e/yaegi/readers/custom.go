package readers

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/custom"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// names are the placeholders that a text may hold.
func names() custom.Allowed {
	return custom.Allowed{Headers: true, Names: map[string]bool{"token": true, "user": true, "client.id": true, "path": true}}
}

// refusalNames are those of a denial's body.
func refusalNames() custom.Allowed {
	return custom.Allowed{Names: map[string]bool{"message": true, "code": true, "status": true, "errors": true, "reason": true, "retryAfter": true, "title": true}}
}

// Written writes a value into each place that a text can be.
func Written(text, value string) string {
	values := custom.Values{"token": value, "user": value, "client.id": value, "path": value, "header:X-A": value}
	all := ""
	for _, place := range []string{"header", "path", "form", "json"} {
		var template *custom.Template
		fault := ""
		switch place {
		case "header":
			template, fault = custom.ParseHeader(text, names())
		case "path":
			template, fault = custom.ParsePathTemplate(text, names())
		case "form":
			template, fault = custom.ParseForm(text, names())
		case "json":
			template, fault = custom.ParseJSON(text, names(), custom.Allowed{}, true)
		}
		if fault != "" {
			all += fmt.Sprintf("%s: %s\n", place, fault)
			continue
		}
		written, ok := template.Render(values)
		all += fmt.Sprintf("%s: %q %v\n", place, written, ok)
	}
	return all
}

// Parsed says what is wrong with texts of a definition.
func Parsed(text string) string {
	_, ofCondition := custom.ParseCondition(text)
	_, ofPath := custom.ParsePath(text)
	_, ofInstant := custom.ParseInstant(text)
	_, each, ofField := custom.ParseField(text)
	parts, ofCanary := custom.ParseCanary(text)
	random := make([]byte, 288)
	for i := range random {
		random[i] = byte(i * 7)
	}
	token := ""
	if ofCanary == "" {
		token = custom.CanaryToken(parts, random)
	}
	return fmt.Sprintf("%q %q %q %v %q %q %q", ofCondition, ofPath, ofInstant, each, ofField, ofCanary, token)
}

// definition is one that has a bit of everything. text is its first condition.
func definition(text string) *custom.Definition {
	d := &custom.Definition{Name: "sample", Kind: verifier.Bearer, Method: "POST", QuotaBy: verifier.QuotaByCredential, Fingerprint: "sample"}
	d.Request.Client = custom.Client{ID: "gateway", Secret: "word-of-the-gateway"}
	d.Request.ContentType = "application/json"
	d.Request.Body, _ = custom.ParseJSON(`{"key":"{token}","by":"{client.id}"}`, names(), custom.Allowed{}, true)
	first, fault := custom.ParseCondition(text)
	if fault != "" {
		return nil
	}
	header, _ := custom.ParseHeader("Bearer {token}", names())
	d.Request.Header = map[string]*custom.Template{"Authorization": header}
	no, _ := custom.ParseCondition("valid is false")
	late, _ := custom.ParseCondition("reason is expired or over")
	d.Rows = append([]custom.Row{
		{Statuses: "200", When: []custom.Condition{first}, Meaning: apis.Valid},
		{Statuses: "200", When: []custom.Condition{no, late}, Meaning: apis.Denied, Answer: 401, Reason: verifier.Expired, Code: "13/over"},
		{Statuses: "200", When: []custom.Condition{no}, Meaning: apis.Denied, Answer: 403},
	}, custom.DefaultRows()...)
	for i := range d.Rows {
		d.Rows[i].SetDefaultProof()
	}
	user, each, _ := custom.ParseField("owner.name or login")
	d.Identity.Fields = append(d.Identity.Fields, custom.Field{Name: "user", Sources: user, Each: each})
	scopes, each, _ := custom.ParseField("scopes each")
	d.Identity.Fields = append(d.Identity.Fields, custom.Field{Name: "scopes", Sources: scopes, Each: each})
	others, _ := custom.ParseSource("owner")
	d.Identity.Others = &others
	end, _ := custom.ParseInstant("expires_at")
	d.Identity.ExpiresAt = &end
	left, _ := custom.ParseSource("left")
	d.Identity.ExpiresIn = &left
	d.Identity.CacheControl = true
	message, _ := custom.ParsePaths("detail")
	code, _ := custom.ParsePaths("reason")
	wait, _ := custom.ParsePath("wait")
	errors, _ := custom.ParsePaths("errors")
	d.Refusal.Message, d.Refusal.Code, d.Refusal.Errors = message, code, errors
	d.Refusal.Wait = &custom.Wait{Path: wait, InText: true}
	d.Refusal.Body, _ = custom.ParseJSON(`{"valid":false,"reason":{code},"detail":"{message}","errors":{errors},"status":"{status}"}`, refusalNames(), refusalNames(), false)
	return d
}

// Described reads a response by a definition, and says all that follows.
func Described(condition, body, line string, status int) string {
	d := definition(condition)
	if d == nil {
		return "a fault"
	}
	r := transport.Response{
		Status: status, Body: strictjson.Read([]byte(body)), Received: now(), RetryAfter: line,
		Header: http.Header{"Cache-Control": {line}, "Retry-After": {line}, "X-Plan": {line}},
	}
	c := verifier.Credential{Kind: verifier.Bearer, Token: "the-token-of-a-client"}
	e := custom.Explain(d, r, c, apis.Settings{Kind: verifier.Bearer})
	call := custom.New(d).Request(c, apis.Settings{})
	id := ""
	for _, field := range e.Decision.Identity {
		id += fmt.Sprintf("%q=%q %q ", field.Name, field.Value, field.Values)
	}
	denial := e.Decision.Denial
	return strings.Join([]string{
		fmt.Sprint(e.Row, string(e.Meaning), e.Decision.Allowed, e.Decision.Once, e.Decision.Expires.Unix()), id, e.Problem, e.Body, fmt.Sprintf("%v", e.Rows),
		fmt.Sprintf("%q %d %d %v %q %q %q %d", string(denial.Reason), denial.Status, denial.HTTP, denial.Unknown, denial.Code, denial.Message, denial.Errors, denial.RetryAfter),
		fmt.Sprintf("%v %q %q", call.Header, call.Body, call.ContentType),
	}, "\n")
}

// Cost makes a question and reads a response, many times, by the built-in webservice or by
// its twin.
func Cost(twin bool, body string, status, times int) int {
	u, api := builtIn, webserviceAPI
	if twin {
		u, api = described, twinAPI
	}
	text := []byte(body)
	c := verifier.Credential{Kind: verifier.Bearer, Token: "the-token-of-a-client"}
	allowed := 0
	for i := 0; i < times; i++ {
		call := api.Request(c, apis.Settings{Kind: verifier.Bearer})
		r := transport.Response{Status: status, Body: strictjson.Read(text), Received: now()}
		d, _ := u.Interpret(r, c)
		if d.Allowed && len(call.Header) > 0 {
			allowed++
		}
	}
	return allowed
}

var (
	webserviceAPI = webservice()
	twinAPI       = custom.New(webserviceTwin())
	builtIn       = apis.NewUpstream(webserviceAPI, apis.Settings{Kind: verifier.Bearer}, nil)
	described     = apis.NewUpstream(twinAPI, apis.Settings{Kind: verifier.Bearer}, nil)
)

// webservice is the built-in API.
func webservice() *apis.API {
	for _, api := range apis.All() {
		if api.Name == "webservice" {
			return api
		}
	}
	return nil
}

// webserviceTwin is webservice's table as a definition.
func webserviceTwin() *custom.Definition {
	d := &custom.Definition{Name: "twin", Kind: verifier.Bearer, Method: "GET", Fingerprint: "twin"}
	header, _ := custom.ParseHeader("Bearer {token}", names())
	d.Request.Header = map[string]*custom.Template{"Authorization": header}
	yes, _ := custom.ParseCondition("IsSuccess is true")
	no, _ := custom.ParseCondition("IsSuccess is false")
	marked, _ := custom.ParseCondition("code is a number")
	failed, _ := custom.ParseCondition("status is error")
	d.Rows = []custom.Row{
		{Statuses: "401", When: []custom.Condition{failed, marked}, Meaning: apis.Denied, Answer: 401, Proof: true},
		{Statuses: "400", When: []custom.Condition{failed, marked}, Meaning: apis.Denied, Answer: 400},
		{Statuses: "429", Meaning: apis.RateLimited},
		{Statuses: "5xx", Meaning: apis.Outage},
		{Statuses: "3xx 404 405", Meaning: apis.Misconfigured},
		{Statuses: "2xx", When: []custom.Condition{yes}, Meaning: apis.Valid},
	}
	for i, number := range []string{"-3", "-4", "-106", "-201", "-202", "-203", "-1", "-5", "-102", "-103", "-105"} {
		is, _ := custom.ParseCondition("Msg.Code is " + number)
		d.Rows = append(d.Rows, custom.Row{Statuses: "2xx", When: []custom.Condition{no, is}, Meaning: apis.Denied, Answer: 401, Code: number, Proof: i > 3})
	}
	for _, name := range []string{"user=Data.UserName", "id=Data.Id", "name=Data.Name", "email=Data.Email"} {
		field, path, _ := strings.Cut(name, "=")
		sources, each, _ := custom.ParseField(path)
		d.Identity.Fields = append(d.Identity.Fields, custom.Field{Name: field, Sources: sources, Each: each})
	}
	others, _ := custom.ParseSource("Data")
	d.Identity.Others = &others
	message, _ := custom.ParsePaths("Msg.Msg")
	d.Refusal.Message = message
	return d
}
