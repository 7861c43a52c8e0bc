package config

import (
	"net/http"
	"strings"

	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

var identityKeys = []string{"prefix", "headers", "require"}

const (
	defaultPrefix = "X-Auth-"
	quoteTheCode  = `quote the code, as in "401": without quotes the provider loses it`
)

// Headers that HTTP or Traefik needs, or that carry a credential. The gate
// takes its identity headers out of every request, so none of these may be one.
var (
	neededHeaders = []string{
		"Accept", "Application-Key", "Authorization", "Cache-Control", "Connection", "Cookie", "Date", "Expect", "Forwarded", "Host",
		"Keep-Alive", "Origin", "Range", "Referer", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent", "Via", "X-Real-Ip",
	}
	neededFamilies = []string{"Accept-", "Access-Control-", "Content-", "If-", "Proxy-", "Sec-", "X-Forwarded-"}
)

// identity reads what the backend is told, and what it is told only about.
func (s *section) identity(key string, into *Settings) {
	into.Gate.Prefix = defaultPrefix
	inner := s.block(key, keySet{keys: identityKeys})
	if inner == nil {
		return
	}
	into.Gate.Prefix = inner.prefix("prefix")
	fields := closedFields(into.Gate.Blocks)
	headers := inner.table("headers")
	if headers != nil {
		into.Gate.Headers = headers.headers(fields)
	}
	require := inner.table("require")
	if require != nil {
		into.Gate.Require = require.requirements(fields)
	}
}

// closedFields lists every field there can be, or nothing where that cannot
// be said: an api's reply is open, or a block's api could not be read.
func closedFields(blocks []*gate.Block) []string {
	var fields []string
	for _, b := range blocks {
		if b.API == nil || b.API.OpenFields {
			return nil
		}
		for _, header := range b.API.Headers {
			fields = with(fields, header.Field)
		}
		for _, field := range b.API.ExtraFields {
			fields = with(fields, field)
		}
	}
	return fields
}

// with is the list with the word in it, once.
func with(words []string, word string) []string {
	if contains(words, word) {
		return words
	}
	return append(words, word)
}

func contains(words []string, word string) bool {
	for _, there := range words {
		if there == word {
			return true
		}
	}
	return false
}

// prefix returns the prefix of the identity headers in canonical spelling.
func (s *section) prefix(key string) string {
	value := s.text(key)
	if value == "" {
		return defaultPrefix
	}
	plain := strings.HasSuffix(value, "-") && len(value) >= 3
	for i := 0; i < len(value); i++ {
		if !isAlphanumeric(value[i]) && value[i] != '-' {
			plain = false
		}
	}
	if !plain {
		s.notAllowed(key, value, `letters, digits and "-", at least three characters, the last one a "-"`)
		return defaultPrefix
	}
	read := http.CanonicalHeaderKey(value)
	needed := conflictsWith(read)
	if needed != "" {
		s.notAllowed(key, value, "a prefix of its own: this one would take "+needed+" from every request")
	}
	return read
}

// conflictsWith returns a needed header, or family of headers, that begins with
// the prefix, or in which all that begins with the prefix lies.
func conflictsWith(prefix string) string {
	for _, name := range neededHeaders {
		if strings.HasPrefix(name, prefix) {
			return name
		}
	}
	for _, family := range neededFamilies {
		if strings.HasPrefix(family, prefix) || strings.HasPrefix(prefix, family) {
			return family + "*"
		}
	}
	return ""
}

// headers reads header: field, in the order of the headers' names as they
// were written. Fields are all there can be, or nil if that is not known.
func (s *section) headers(fields []string) []apis.HeaderField {
	var read []apis.HeaderField
	written := map[string]string{}
	for _, name := range s.names {
		if !s.header(name) {
			continue
		}
		plain := canonicalName(name)
		first, twice := written[plain]
		if twice {
			s.fault(name, "the same header as "+quoteKey(first)+" to a backend that reads every other character as -; keep one")
			continue
		}
		written[plain] = name
		field := s.text(name)
		if !s.has(name) {
			s.fault(name, "name the field that the header carries")
			continue
		}
		s.field(name, field, fields)
		read = append(read, apis.HeaderField{Header: http.CanonicalHeaderKey(name), Field: field})
	}
	return read
}

// header says whether name may be an identity header; if not, it is a fault.
func (s *section) header(name string) bool {
	if unquotedKey(name) {
		s.fault(name, quoteTheCode)
		return false
	}
	token := name != ""
	for i := 0; i < len(name); i++ {
		if !isAlphanumeric(name[i]) && !strings.Contains("!#$%&'*+-.^_`|~", name[i:i+1]) {
			token = false
		}
	}
	if !token {
		s.fault(name, "no header's name; allowed: letters, digits and -")
		return false
	}
	plain := canonicalName(name)
	for _, needed := range neededHeaders {
		if needed == plain {
			s.fault(name, needed+" is a header that HTTP or Traefik needs, or a credential; choose another name")
			return false
		}
	}
	for _, family := range neededFamilies {
		if strings.HasPrefix(plain, family) {
			s.fault(name, family+"* are headers that HTTP or Traefik needs; choose another name")
			return false
		}
	}
	return true
}

// canonicalName is a header's name as the most careless backend reads it.
func canonicalName(name string) string {
	return http.CanonicalHeaderKey(gate.Fold(name))
}

// field adds a fault unless the field can exist.
func (s *section) field(key, field string, fields []string) {
	if fields != nil && !contains(fields, field) {
		s.notAllowed(key, field, strings.Join(fields, ", ")+s.r.suggest(field, fields))
	}
}

// requirements reads field: allowed values, in the order of the fields' names.
func (s *section) requirements(fields []string) []gate.Requirement {
	var read []gate.Requirement
	for _, name := range s.names {
		if unquotedKey(name) {
			s.fault(name, quoteTheCode)
			continue
		}
		if name == "" {
			s.fault(name, "name the field")
		} else if name == "expires" {
			s.fault(name, "changes with every answer; name a field that says who is calling")
		} else if fields != nil && !contains(fields, name) {
			s.fault(name, "unknown field; allowed: "+strings.Join(fields, ", ")+s.r.suggest(name, fields))
		}
		allowed := s.list(name)
		if allowed != nil {
			read = append(read, gate.Requirement{Field: name, Allowed: allowed})
		}
	}
	return read
}
