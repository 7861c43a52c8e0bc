package gate

import (
	"strings"
	"sync"

	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Requirement is an entry of identity.require: the values of a field with which an
// identity is allowed on this route. One "*" in a value stands for any text, also an
// empty one; a value behind "!" is forbidden. Everything else is compared byte for byte.
type Requirement struct {
	Field   string
	Allowed []string
}

// Meets tells whether a field with these values meets the requirement: one of them is
// allowed, and none is forbidden. Where the requirement only forbids, every other value
// is allowed. Without a value that is not empty it is never met.
func (r Requirement) Meets(values []string) bool {
	prepared := prepare(r)
	return prepared.meets(values)
}

// requirement is a Requirement whose values were looked at once, in New.
type requirement struct {
	field     string
	allowed   *valueSet
	forbidden *valueSet
	anyOther  bool // it only forbids
}

// valueSet is texts, and patterns of one "*".
type valueSet struct {
	exact    map[string]bool
	patterns []*pattern
}

// pattern is what stands before and behind the "*".
type pattern struct {
	before, behind string
}

func prepareAll(all []Requirement) []*requirement {
	prepared := make([]*requirement, 0, len(all))
	for _, r := range all {
		prepared = append(prepared, prepare(r))
	}
	return prepared
}

func prepare(r Requirement) *requirement {
	p := &requirement{
		field:     r.Field,
		allowed:   &valueSet{exact: map[string]bool{}},
		forbidden: &valueSet{exact: map[string]bool{}},
	}
	allows, forbids := 0, 0
	for _, value := range r.Allowed {
		if strings.HasPrefix(value, "!") {
			forbids++
			p.forbidden.add(value[1:])
		} else {
			allows++
			p.allowed.add(value)
		}
	}
	p.anyOther = forbids > 0 && allows == 0
	return p
}

func (s *valueSet) add(value string) {
	before, behind, starred := strings.Cut(value, "*")
	if !starred {
		s.exact[value] = true
		return
	}
	s.patterns = append(s.patterns, &pattern{before: before, behind: behind})
}

func (s *valueSet) has(value string) bool {
	if s.exact[value] {
		return true
	}
	for _, p := range s.patterns {
		if len(value) >= len(p.before)+len(p.behind) && strings.HasPrefix(value, p.before) && strings.HasSuffix(value, p.behind) {
			return true
		}
	}
	return false
}

// meets is Requirement.Meets. The values are those of the field, one by one: a value
// with a comma in it is not two.
func (r *requirement) meets(values []string) bool {
	met := false
	for _, value := range values {
		if value == "" {
			continue
		}
		if r.forbidden.has(value) {
			return false
		}
		met = met || r.anyOther || r.allowed.has(value)
	}
	return met
}

// unmet denies an allowed credential whose identity does not meet the requirements.
func unmet(decision verifier.Decision) (verifier.Decision, verifier.Denial) {
	if decision.Provisional {
		decision.Answer = 0 // it is not known whether they are met: that is no answer to keep
		return decision, verifier.Denial{Reason: verifier.Unavailable}
	}
	return decision, verifier.Denial{Reason: verifier.Requirement}
}

// Fields remembers which fields the answers of each scope have had, for as long as the
// process runs. It is safe for concurrent use.
type Fields struct {
	mu   sync.Mutex
	seen map[string]bool
}

// maxFieldsSeen bounds the memory. When it is full it starts again empty: then a line is
// perhaps logged that was not needed.
const maxFieldsSeen = 10000

// NewFields returns an empty memory.
func NewFields() *Fields {
	return &Fields{seen: map[string]bool{}}
}

func (f *Fields) add(scope, field string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.seen) >= maxFieldsSeen {
		f.seen = map[string]bool{}
	}
	f.seen[scope+field] = true
}

func (f *Fields) has(scope, field string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[scope+field]
}

// watched is a field that the configuration names by itself. If no answer has it, the
// operator is told: everybody is denied, or a header never set, and a request does not
// show why.
type watched struct {
	field    string
	level    string
	absent   string // the log's line where no answer has had a value
	unusable string // the line where it came in a form that is no value
}

// fieldWatch is the fields that one scheme of a route watches.
type fieldWatch struct {
	fields *Fields
	scope  string // the fingerprint of what the answers depend on
	all    []*watched
}

// note logs, once each, the watched fields that the answers so far have not had. Where
// the upstream gave no answer, none is missed.
func (f *fieldWatch) note(decision verifier.Decision, log *telemetry.Log) {
	if decision.Provisional {
		return
	}
	for _, w := range f.all {
		values, found := decision.Identity.Values(w.field)
		if len(values) > 0 {
			if !f.fields.has(f.scope, w.field) {
				f.fields.add(f.scope, w.field)
			}
			continue
		}
		if found {
			log.Once(w.level, telemetry.EventIdentity, w.unusable)
		} else if !f.fields.has(f.scope, w.field) {
			log.Once(w.level, telemetry.EventIdentity, w.absent)
		}
	}
}

func watch(level, key, name, field, api, effect string) *watched {
	return &watched{
		field: field, level: level,
		absent: key + ": no answer of " + api + " has had a value of the field " + name + " so far; " + effect + ": check how the field is spelled",
		unusable: key + ": the field " + name + " of " + api + " came as an object, or as something else that is no value (a list of such, a list where one value is expected, control characters, over 1 KiB); " +
			effect + ": name another field",
	}
}
