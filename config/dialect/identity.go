package dialect

import (
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/custom"
)

// Bounds of the fields of an identity.
const (
	maxFields    = 64
	maxFieldName = 64
)

// statusOnly is the fault of a text that leads into a body which is not read.
const statusOnly = "reads: status leaves the body unread; allowed: header:NAME"

// identity reads what becomes of an allowing response.
func (r *reading) identity(s *Section) {
	inner := s.Block("identity", IdentityKeys)
	if inner == nil {
		return
	}
	id := &r.definition.Identity
	r.fields(inner, id)
	if inner.Has("others") {
		value := inner.Text("others")
		source, fault := custom.ParseSource(value)
		if fault == "" && (source.Path.Header != "" || source.From == custom.FromCredential) {
			fault = "no object; name a path of the body, or token"
		}
		if fault == "" {
			fault = r.sourceFault(&source)
		}
		inner.defect("others", value, fault)
		id.Others = &source
	}
	id.Required = r.required(inner, id)
	id.ExpiresAt = r.instant(inner, "expiresAt")
	id.IssuedAt = r.instant(inner, "issuedAt")
	if inner.Has("expiresIn") {
		value := inner.Text("expiresIn")
		source, fault := custom.ParseSource(value)
		if fault == "" && source.From == custom.FromCredential {
			fault = "no number of seconds; name a path of the response"
		}
		if fault == "" {
			fault = r.sourceFault(&source)
		}
		inner.defect("expiresIn", value, fault)
		id.ExpiresIn = &source
	}
	id.CacheControl = inner.Boolean("cacheControl", false)
}

// fields reads the fields and where each comes from.
func (r *reading) fields(s *Section, id *custom.Identity) {
	table := s.Table("fields")
	if table == nil {
		return
	}
	if len(table.Names) > maxFields {
		s.Fault("fields", "more than 64 fields")
		return
	}
	headers := map[string]string{}
	for _, name := range table.Names {
		folded := strings.ToLower(strings.ReplaceAll(name, "_", "-"))
		first := headers[folded]
		switch {
		case table.Lost(name):
			table.Fault(name, `quote the name, as in "401": without quotes the provider loses it`)
			continue
		case name == "api" || name == "expires":
			table.Fault(name, "a field of the gate's own; choose another name")
			continue
		case folded == "api" || folded == "expires":
			table.Fault(name, "its header would be that of a field of the gate's own; choose another name")
			continue
		case !consistsOf(name, letters+digits+"_-", maxFieldName):
			table.Fault(name, "not the name of a field; allowed: 1 to 64 letters, digits, _ and -")
			continue
		case first != "":
			table.Fault(name, "the same header as "+first+"; choose another name")
			continue
		}
		headers[folded] = name
		value := table.Text(name)
		if value == "" {
			if !table.Has(name) {
				table.Fault(name, "name the path that leads to it")
			}
			continue
		}
		sources, each, fault := custom.ParseField(value)
		for i := range sources {
			if fault == "" {
				fault = r.sourceFault(&sources[i])
			}
			if fault == "" && sources[i].From == custom.FromToken && sources[i].Path.Empty() {
				fault = "names the whole token; name a claim, such as token.sub"
			}
		}
		table.defect(name, value, fault)
		id.Fields = append(id.Fields, custom.Field{Name: name, Sources: sources, Each: each})
	}
}

// sourceFault says why there is nothing where a source leads; empty: there may be.
func (r *reading) sourceFault(source *custom.Source) string {
	switch {
	case source.From == custom.FromToken && r.call.Kind == verifier.Basic:
		return "an account has no token"
	case source.From == custom.FromCredential && !r.hasAccount():
		return "there is no user in a credential of " + string(r.call.Kind)
	case source.From == "" && source.Path.Header == "" && r.definition.StatusOnly:
		return statusOnly + ", token.CLAIM or credential.user"
	}
	return ""
}

// required reads the fields without which a yes is no answer.
func (r *reading) required(s *Section, id *custom.Identity) []string {
	list := s.List("required")
	var fields []string
	for _, field := range id.Fields {
		fields = append(fields, field.Name)
	}
	for _, name := range list {
		if id.Others != nil || contains(fields, name) {
			continue
		}
		if len(fields) == 0 && s.Written("fields") {
			continue // after a fault of the fields
		}
		allowed := "those of fields"
		if len(fields) > 0 {
			allowed = strings.Join(fields, ", ")
		}
		s.notAllowed("required", name, allowed+s.Suggest(name, fields))
	}
	return list
}

// instant reads where a response says when something begins or ends.
func (r *reading) instant(s *Section, key string) *custom.Instant {
	if !s.Has(key) {
		return nil
	}
	value := s.Text(key)
	if value == "" {
		return nil
	}
	instant, fault := custom.ParseInstant(value)
	if fault == "" && instant.Source.From == custom.FromCredential {
		fault = "no instant; name a path of the response"
	}
	if fault == "" {
		fault = r.sourceFault(&instant.Source)
	}
	s.defect(key, value, fault)
	return &instant
}
