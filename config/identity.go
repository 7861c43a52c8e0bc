package config

import (
	"net/http"
	"strings"

	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

var identityKeys = []string{"prefix", "headers", "require"}

const defaultPrefix = "X-Auth-"

// identity reads which identity headers the backend gets, and which values of the
// identity are required. The credential blocks must have been read before: their
// APIs say which fields there are.
func (s *section) identity(key string, into *Settings) {
	into.Gate.Prefix = defaultPrefix
	inner := s.block(key, keySet{keys: identityKeys, names: "headers"})
	if inner == nil {
		return
	}
	into.Gate.Prefix = inner.prefix("prefix")
	fields := closedFields(into.Gate.Blocks)
	headers := inner.table("headers")
	if headers != nil {
		into.Gate.Headers = headers.headers(fields, knownFields(into.Gate.Blocks))
	}
	require := inner.table("require")
	if require != nil {
		into.Gate.Require = require.requirements(fields)
		require.matchingAPI(into.Gate.Require, into.Gate.Blocks)
	}
}

// closedFields lists every field that an identity of these blocks can have; nil if
// there is no such list, because an API has open fields or a block's api was not
// understood. Then any field is allowed.
func closedFields(blocks []*gate.Block) []string {
	for _, block := range blocks {
		if block.API == nil || block.API.OpenFields {
			return nil
		}
	}
	return knownFields(blocks)
}

// knownFields lists the fields that the documents of these blocks' APIs name.
func knownFields(blocks []*gate.Block) []string {
	var fields []string
	for _, block := range blocks {
		if block.API == nil {
			continue
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

// headers reads pairs of header and field, in the order of the names as written.
// fields is what closedFields returns, known what knownFields does. Two names that some backends read as one are a
// fault: which of the values such a backend uses would be chance.
func (s *section) headers(fields, known []string) []apis.HeaderField {
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
		if s.isPlaceholder(name, field) {
			continue
		}
		if isExchanged(name, field, known) {
			s.fault(name, "the name of a header where its field belongs: write "+quoteKey(field)+": "+quoteKey(name))
			continue
		}
		if isHeaderName(field) && !contains(known, field) {
			s.fault(name, quoteForLog(field)+" is the name of a header; name the field that the header carries")
			continue
		}
		s.field(name, field, fields)
		read = append(read, apis.HeaderField{Header: http.CanonicalHeaderKey(name), Field: field})
	}
	return read
}

// field adds a fault unless the field is one of fields; any is, where that is nil.
func (s *section) field(key, field string, fields []string) {
	if fields != nil && !contains(fields, field) {
		s.notAllowed(key, field, strings.Join(fields, ", ")+s.reader.suggest(field, fields))
	}
}

// isExchanged says whether a pair of header and field was written the wrong way round:
// no response would ever have such a field.
func isExchanged(name, field string, known []string) bool {
	if contains(known, field) {
		return false
	}
	if isHeaderLike(field) && !isHeaderLike(name) && !strings.Contains(name, "-") {
		return true
	}
	asHeader := strings.Contains(field, "-") && http.CanonicalHeaderKey(field) == field
	asVariable := strings.Contains(field, "_") && strings.ToUpper(field) == field // CGI's REMOTE_USER
	return contains(known, name) && (asHeader || asVariable)
}

// isHeaderName says whether the name of a field is that of a header for certain: some
// tokens have fields that begin with "x-".
func isHeaderName(field string) bool {
	canonical := http.CanonicalHeaderKey(field)
	for _, family := range []string{"X-Auth-", "X-Remote-", "X-Forwarded-"} {
		if strings.HasPrefix(canonical, family) {
			return true
		}
	}
	return strings.HasPrefix(field, "X-")
}

// isHeaderLike says whether a name begins as those of headers do, and those of fields
// do not.
func isHeaderLike(name string) bool {
	return strings.HasPrefix(name, "X-") || strings.HasPrefix(name, "x-")
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
		} else if isHeaderName(name) {
			s.fault(name, "the name of a header; name the field that it carries")
		}
		allowed := s.list(name)
		s.checkPatterns(name, allowed)
		if allowed != nil {
			read = append(read, gate.Requirement{Field: name, Allowed: allowed})
		}
	}
	return read
}

// checkPatterns adds a fault for each value of a requirement that has more than one "*",
// or a "!" that forbids nothing, or everything. Blanks behind a "!" count as they do at
// the ends of a value, not at all: else they would make it forbid another value.
func (s *section) checkPatterns(key string, values []string) {
	for i, value := range values {
		text := value
		if strings.HasPrefix(value, "!") {
			text = strings.TrimSpace(value[1:])
			values[i] = "!" + text
			if text == "" || text[0] == '!' || text == "*" {
				s.notAllowed(key, value, "one ! before the text that is forbidden; it forbids neither nothing nor everything")
				continue
			}
		}
		if strings.Count(text, "*") > 1 {
			s.notAllowed(key, value, "one * in a value; it stands for any text")
		}
	}
}

// matchingAPI adds a fault where identity.require names APIs, and none of them has a
// block here: every request would be denied.
func (s *section) matchingAPI(read []gate.Requirement, blocks []*gate.Block) {
	var names []string
	for _, block := range blocks {
		if block.API == nil {
			return // a fault already
		}
		names = addOnce(names, block.API.Name)
	}
	for i := range read {
		if read[i].Field != "api" || len(names) == 0 {
			continue
		}
		matches := false
		for _, name := range names {
			matches = matches || read[i].Meets([]string{name})
		}
		if !matches {
			s.notAllowed("api", strings.Join(read[i].Allowed, ", "), strings.Join(names, ", ")+"; every request would be denied")
		}
	}
}
