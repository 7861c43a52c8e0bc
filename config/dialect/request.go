package dialect

import (
	"net/http"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier/custom"
)

// neededHeaders are those that HTTP and the transport set, and those that make a response
// a part of one.
var neededHeaders = []string{
	"Host", "Content-Length", "Connection", "Transfer-Encoding", "Keep-Alive", "Te", "Trailer", "Upgrade", "Expect", "Http2-Settings",
	"Accept-Encoding", "Cache-Control", "Pragma", "Range", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate",
}

// request reads what is sent.
func (r *reading) request(s *Section) {
	d := r.definition
	d.Request.Header = map[string]*custom.Template{}
	used := &usage{}
	inner := s.Block("request", RequestKeys)
	faulty := inner == nil && s.Written("request")
	if inner == nil {
		inner = s.Empty()
	}
	auth := r.client(inner)
	r.result.HasBody = inner.Written("form") || inner.Written("json")
	r.path(s, used)
	r.requestHeaders(inner, auth, used)
	r.body(inner, auth, used)
	r.sendClient(inner, auth, used)
	if !faulty {
		r.sendCredential(s, used)
	}
	if !used.fault {
		r.placeClient(s, used)
	}
	d.Request.Parts = used.parts
	r.result.Sends = map[string]bool{}
	for name := range d.Request.Header {
		r.result.Sends[name] = true
	}
}

// path reads a path with placeholders.
func (r *reading) path(s *Section, used *usage) {
	text := r.call.Path
	if !strings.ContainsAny(text, "{}") {
		return
	}
	allowed := r.allowed()
	t, fault := custom.ParsePathTemplate(text, allowed)
	if fault == "" {
		before, _, _ := strings.Cut(text, "?")
		segments, _ := custom.ParsePathTemplate(before, allowed)
		for _, name := range segments.Names() {
			if name == "token" && r.call.Pattern == nil {
				fault = "{token} in a path needs a pattern; or send it in a header"
			} else if name != "token" && name != "client.id" {
				fault = "{" + name + "} in a path: clients would choose what is asked; send it in a query, a header or a body"
			}
		}
	}
	if fault != "" {
		s.Fault("path", fault)
		t = nil
	}
	used.add(t)
	r.definition.Request.Path = t
}

// requestHeaders reads the headers that are sent.
func (r *reading) requestHeaders(s *Section, auth string, used *usage) {
	table := s.Table("headers")
	if table == nil {
		return
	}
	if len(table.Names) > custom.MaxHeaders {
		s.Fault("headers", "more than 20 headers")
		return
	}
	written := map[string]string{}
	for _, name := range table.Names {
		canonical := http.CanonicalHeaderKey(name)
		first := written[canonical]
		switch {
		case !custom.IsHeaderName(name):
			table.Fault(name, "not a header name; allowed: letters, digits and -")
			continue
		case contains(neededHeaders, canonical) || strings.HasPrefix(canonical, "If-"):
			table.Fault(name, canonical+" is a header that the gate sets itself, or HTTP needs; leave it out")
			continue
		case first != "":
			table.Fault(name, "the same header as "+first+"; keep one")
			continue
		case canonical == authorization && (auth == "basic" || auth == "bearer"):
			table.Fault(name, "client.auth: "+auth+" takes Authorization; keep one, or send the credential elsewhere")
			continue
		}
		written[canonical] = name
		r.header(table, name, canonical, used)
	}
}

// header reads one header that is sent.
func (r *reading) header(s *Section, name, canonical string, used *usage) {
	text := s.Text(name)
	if text == "" {
		if !s.Has(name) {
			s.Fault(name, "an empty header; write its value, or leave it out")
		}
		used.fault = true
		return
	}
	allowed := r.allowed()
	delete(allowed.Names, "user")
	delete(allowed.Names, "password")
	fault := ""
	if r.hasAccount() && (strings.Contains(text, "{user}") || strings.Contains(text, "{password}")) {
		fault = "{user} and {password} do not stand in a header; use {basic}"
	}
	var t *custom.Template
	if fault == "" && canonical == "Cookie" {
		t, fault = custom.ParseCookie(text, allowed)
	} else if fault == "" {
		t, fault = custom.ParseHeader(text, allowed)
	}
	if fault == "" && len(text) > custom.MaxText {
		fault = "longer than 8 KiB"
	}
	if canonical == "Content-Type" {
		if fault == "" && len(t.Names()) > 0 {
			fault = "no placeholder stands in Content-Type"
		}
		r.definition.Request.ContentType = text
	} else if fault == "" {
		r.definition.Request.Header[canonical] = t
	}
	if fault != "" {
		s.Fault(name, fault)
		t = nil
	}
	used.add(t)
}

// body reads the body that is sent, a form or JSON.
func (r *reading) body(s *Section, auth string, used *usage) {
	form, json := s.Text("form"), s.Text("json")
	if !r.result.HasBody {
		return
	}
	r.definition.Method = "POST"
	key, text, contentType := "form", form, "application/x-www-form-urlencoded"
	if s.Written("json") {
		key, text, contentType = "json", json, "application/json"
	}
	r.result.BodyKey = key
	if s.Written("form") && s.Written("json") {
		s.Fault("json", "not beside form; keep one")
	}
	if text == "" {
		if !s.Has(key) {
			s.Fault(key, "an empty body; write its text, or leave it out")
		}
		used.fault = true
		return
	}
	if len(text) > custom.MaxText {
		s.Fault(key, "longer than 8 KiB")
	}
	if key == "form" && auth == "post" {
		text = postClient(text)
	}
	allowed := r.allowed()
	var t *custom.Template
	fault := ""
	if key == "form" {
		t, fault = custom.ParseForm(text, allowed)
	} else {
		t, fault = custom.ParseJSON(text, allowed, custom.Allowed{}, true)
		if strings.HasSuffix(fault, "a placeholder stands inside quotes") {
			fault = "must be one JSON object; a placeholder stands inside quotes"
		}
	}
	if fault != "" {
		s.Fault(key, fault)
		t = nil
	}
	used.add(t)
	r.definition.Request.Body = t
	if r.definition.Request.ContentType == "" {
		r.definition.Request.ContentType = contentType
	}
}
