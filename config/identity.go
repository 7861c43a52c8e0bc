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

	// quoteTheCode is the fault of a key such as <int Value>, see unquotedKey.
	quoteTheCode = `quote the code, as in "401": without quotes the provider loses it`
)

// Headers that HTTP or Traefik needs, or that carry a credential; families by the
// beginning of their names. The gate removes identity headers from every request,
// so none of these may be one.
var (
	neededHeaders = []string{
		"Accept", "Application-Key", "Authorization", "Cache-Control", "Connection", "Cookie", "Date", "Expect", "Forwarded", "Host",
		"Keep-Alive", "Origin", "Range", "Referer", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent", "Via", "X-Real-Ip",
	}
	neededFamilies = []string{"Accept-", "Access-Control-", "Content-", "If-", "Proxy-", "Sec-", "X-Forwarded-"}
)

// identity reads which identity headers the backend gets, and which values of the
// identity are required. The credential blocks must have been read before: their
// APIs say which fields there are.
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

// closedFields lists every field that an identity of these blocks can have; nil if
// there is no such list, because an API has open fields or a block's api was not
// understood. Then any field is allowed.
func closedFields(blocks []*gate.Block) []string {
	var fields []string
	for _, block := range blocks {
		if block.API == nil || block.API.OpenFields {
			return nil
		}
		for _, header := range block.API.Headers {
			fields = addOnce(fields, header.Field)
		}
		for _, field := range block.API.ExtraFields {
			fields = addOnce(fields, field)
		}
	}
	return fields
}

// addOnce appends the word unless the list has it.
func addOnce(words []string, word string) []string {
	if contains(words, word) {
		return words
	}
	return append(words, word)
}

func contains(words []string, word string) bool {
	for _, candidate := range words {
		if candidate == word {
			return true
		}
	}
	return false
}

// prefix returns the prefix of the identity headers in canonical spelling. The gate
// removes every header that begins with it, so it must end in "-", have more than one
// character before that, and be no prefix of a header that HTTP or Traefik needs.
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
		s.notAllowed(key, value, "a prefix of its own: this one would remove "+needed+" from every request")
	}
	return read
}

// conflictsWith returns a needed header that begins with the prefix, or a needed
// family that shares a header with it; empty if there is none.
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

// headers reads pairs of header and field, in the order of the names as written.
// fields is what closedFields returns. Two names that some backends read as one are a
// fault: which of the values such a backend uses would be chance.
func (s *section) headers(fields []string) []apis.HeaderField {
	var read []apis.HeaderField
	written := map[string]string{}
	for _, name := range s.names {
		if !s.header(name) {
			continue
		}
		canonical := canonicalName(name)
		first, twice := written[canonical]
		if twice {
			s.fault(name, "the same header as "+quoteKey(first)+" to a backend that reads every other character as -; keep one")
			continue
		}
		written[canonical] = name
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

// header says whether name may be an identity header, and adds a fault if not.
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
		s.fault(name, "not a header name; allowed: letters, digits and -")
		return false
	}
	canonical := canonicalName(name)
	for _, needed := range neededHeaders {
		if needed == canonical {
			s.fault(name, needed+" is a header that HTTP or Traefik needs, or a credential; choose another name")
			return false
		}
	}
	for _, family := range neededFamilies {
		if strings.HasPrefix(canonical, family) {
			s.fault(name, family+"* are headers that HTTP or Traefik needs; choose another name")
			return false
		}
	}
	return true
}

// canonicalName is a header name as backends read it that take every character but
// letters and digits for "-" (CGI, WSGI, PHP): X_Auth_User is X-Auth-User to them.
func canonicalName(name string) string {
	return http.CanonicalHeaderKey(gate.Fold(name))
}

// field adds a fault unless the field is one of fields; any is, where that is nil.
func (s *section) field(key, field string, fields []string) {
	if fields != nil && !contains(fields, field) {
		s.notAllowed(key, field, strings.Join(fields, ", ")+s.reader.suggest(field, fields))
	}
}

// requirements reads pairs of field and allowed values, in the order of the names.
// The field expires differs in every response, so no list of values can match it.
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
			s.fault(name, "changes with every response; name a field that identifies the caller")
		} else if fields != nil && !contains(fields, name) {
			s.fault(name, "unknown field; allowed: "+strings.Join(fields, ", ")+s.reader.suggest(name, fields))
		}
		allowed := s.list(name)
		if allowed != nil {
			read = append(read, gate.Requirement{Field: name, Allowed: allowed})
		}
	}
	return read
}
