package custom

import (
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/jwt"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// identify reads the identity of an allowing response, and when it begins and ends. defect
// says why it is no answer after all.
func (l *dialect) identify(r transport.Response, c verifier.Credential) (verifier.Decision, string) {
	if l.def.StatusOnly {
		r.Body = nil
	}
	f := &facts{response: r, user: c.User}
	if l.readsToken {
		f.claims = jwt.Claims(c.Token)
	}
	decision := verifier.Decision{Identity: without(l.identityOf(f), l.def.Request.Client.Secret)}
	for _, name := range l.def.Identity.Required {
		values, _ := decision.Identity.Values(name)
		if len(values) == 0 {
			return decision, "the response allows without " + name + ", which custom.identity.required asks for"
		}
	}
	if !l.timed {
		decision.Allowed = true
		return decision, ""
	}
	decision, defect := l.limit(decision, f)
	return decision, defect
}

// identityOf reads the fields; of each the first source that leads to a value counts.
func (l *dialect) identityOf(f *facts) verifier.Identity {
	fields := map[string]*strictjson.Value{}
	names := make([]string, 0, len(l.fields))
	for i := range l.def.Identity.Fields {
		field := &l.def.Identity.Fields[i]
		for j := range field.Sources {
			source := &field.Sources[j]
			var v *strictjson.Value
			if source.From == "" && source.Path.Header == "" { // nearly every one, with a call less
				v = f.response.Body.At(source.Path.names, source.Path.indexes)
			} else {
				v = f.at(source)
			}
			if v == nil || v.Kind == strictjson.Null {
				continue
			}
			if field.Each && v.Kind == strictjson.Text && !v.Unclear {
				v = listOf(v.Text)
			}
			fields[field.Name] = v
			names = append(names, field.Name)
			break
		}
	}
	var others *strictjson.Value
	if l.def.Identity.Others != nil {
		others = f.at(l.def.Identity.Others)
	}
	return apis.IdentityOf(fields, names, others, l.fields)
}

// without leaves out the values that hold a secret: an API may repeat what it was asked
// with, and the backend is not to have it.
func without(id verifier.Identity, secret string) verifier.Identity {
	if secret == "" {
		return id
	}
	kept := make(verifier.Identity, 0, len(id))
	for i := range id {
		field := id[i]
		if strings.Contains(field.Value, secret) || strings.Contains(strings.Join(field.Values, ","), secret) {
			field = verifier.Field{Name: field.Name}
		}
		kept = append(kept, field)
	}
	return kept
}

// listOf is a text, split at commas and blanks, as a list.
func listOf(text string) *strictjson.Value {
	return strictjson.NewList(strings.Fields(strings.ReplaceAll(text, ",", " ")))
}

// limit adds the response's own times, all of which only shorten; a response whose end is
// over denies.
func (l *dialect) limit(decision verifier.Decision, f *facts) (verifier.Decision, string) {
	id := &l.def.Identity
	now := f.response.Received
	end := time.Time{}
	if id.ExpiresAt != nil {
		at, ok := id.ExpiresAt.end(f.at(&id.ExpiresAt.Source))
		if !ok {
			return decision, "custom.identity.expiresAt cannot be read in the response"
		}
		end = at
	}
	if id.ExpiresIn != nil {
		left, ok := secondsLeft(f.at(id.ExpiresIn), now)
		if !ok {
			return decision, "custom.identity.expiresIn cannot be read in the response"
		}
		end = earlier(end, left)
	}
	if id.IssuedAt != nil {
		issued, ok := id.IssuedAt.read(f.at(&id.IssuedAt.Source))
		if !ok {
			return decision, "custom.identity.issuedAt cannot be read in the response"
		}
		if issued.Before(now) {
			decision.Issued = issued
		}
	}
	if id.CacheControl {
		once, limit := freshness(f.response, now)
		decision.Once = once
		end = earlier(end, limit)
	}
	if !end.IsZero() && !end.After(now) {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Expired, Status: 401, HTTP: f.response.Status}}, ""
	}
	decision.Allowed = true
	decision.Expires = end
	return decision, ""
}

// secondsLeft reads how many seconds are left, as an instant; zero: it does not say.
func secondsLeft(v *strictjson.Value, now time.Time) (time.Time, bool) {
	if v == nil || v.Kind == strictjson.Null {
		return time.Time{}, true
	}
	seconds, ok := wholeSeconds(v.Text)
	if !ok || v.Unclear {
		return time.Time{}, false
	}
	return now.Add(time.Duration(capped(seconds)) * time.Second), true
}

// capped bounds seconds, so that their sum with an instant cannot overflow: no credential
// is honoured for longer than 30 days.
func capped(seconds int64) int64 {
	const most = 31 * 24 * 3600
	if seconds > most {
		return most
	}
	if seconds < 0 {
		return 0
	}
	return seconds
}

// earlier is the earlier of two instants, of which one may be zero: there is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// freshness reads Cache-Control (RFC 9111, 5.2.2): whether the response may not be
// remembered, and until when it may be.
func freshness(r transport.Response, now time.Time) (once bool, until time.Time) {
	for _, line := range r.Header["Cache-Control"] {
		for _, directive := range strings.Split(strings.ToLower(line), ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch name {
			case "no-store", "no-cache", "private":
				once = true
			case "max-age":
				seconds, ok := wholeSeconds(strings.Trim(value, `"`))
				if !ok || seconds <= 0 {
					once = true
					continue
				}
				until = earlier(until, now.Add(time.Duration(capped(seconds))*time.Second))
			}
		}
	}
	return once, until
}
