package config

import (
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// section is one block of keys while it is read. The methods that read a key take
// its name and return its value; or the default, also after a fault, so that
// reading goes on and finds every other fault.
type section struct {
	reader *reader
	path   string // of the block, with a final dot; empty at the top
	names  []string
	values map[string]rawValue
}

// keySet is the keys that a block may hold, and what is said about others.
type keySet struct {
	keys    []string
	old     []renamed         // former names
	foreign map[string]string // keys of other programs, in lower case, and what is said of them
	codes   string            // the key whose block holds codes
	names   string            // the key whose block holds names of headers
}

// renamed is a former key and its present name: configurations written for a draft
// get a hint and not only "unknown key".
type renamed struct{ key, name string }

// enter makes a section of a map, of which it reads one level. Keys keep their
// spelling.
func (r *reader) enter(path string, block reflect.Value) *section {
	s := &section{reader: r, path: path, values: map[string]rawValue{}}
	if block.Len() > maxKeys {
		r.fault(path+"*", fmt.Sprintf("%d keys in one block; allowed: at most %d", block.Len(), maxKeys))
		return s
	}
	for _, key := range block.MapKeys() {
		name := ""
		inspected := inspect(key)
		if inspected.shape == shapeScalar {
			name = inspected.text
		}
		if key.Kind() == reflect.String {
			name = key.String() // untrimmed: a key with a blank is unknown, and no second spelling
		}
		_, twice := s.values[name] // 1 and "1" are two keys in Go, and one in a configuration
		if twice {
			s.fault(name, "written twice; keep one")
			continue
		}
		s.names = append(s.names, name)
		s.values[name] = inspect(block.MapIndex(key))
	}
	sort.Strings(s.names) // maps have no order, and faults must always come in the same one
	return s
}

// matchKeys replaces the keys as they were written with those of the set, without
// regard to case, and adds a fault for every other. Afterwards names holds all keys
// of the set, in its order, and values those that were written.
func (s *section) matchKeys(set keySet) {
	spellings := map[string]string{}
	matched := map[string]rawValue{}
	for _, name := range s.names {
		known := match(name, set.keys)
		if known == "" {
			s.unknownKey(name, set)
			continue
		}
		first, twice := spellings[known]
		if twice {
			s.fault(known, "written twice, as "+strconv.Quote(first)+" and "+strconv.Quote(name)+"; keep one")
			continue
		}
		spellings[known] = name
		matched[known] = s.values[name]
	}
	s.names = set.keys
	s.values = matched
}

// unknownKey adds the fault of a key that is not in the set. Its value is never
// named: it may be the secret of a key that was misspelled.
func (s *section) unknownKey(name string, set keySet) {
	for _, former := range set.old {
		if match(name, []string{former.key}) != "" {
			s.fault(former.key, "unknown key; it is "+strconv.Quote(former.name)+" now")
			return
		}
	}
	foreign := set.foreign[strings.ToLower(name)]
	if foreign != "" {
		s.fault(name, "unknown key; "+foreign)
		return
	}
	misplaced := s.misplaced(name, set)
	if misplaced != "" {
		s.fault(name, "unknown key; it belongs "+misplaced)
		return
	}
	outer, inner, dotted := strings.Cut(name, ".")
	if dotted && match(outer, set.keys) != "" {
		s.fault(name, "unknown key; a dot does not lead into a block: write "+quoteKey(inner)+" inside "+match(outer, set.keys))
		return
	}
	s.fault(name, "unknown key"+s.reader.suggest(name, set.keys))
}

// misplaced says where a key belongs that is known elsewhere; empty if it is not. Of
// several places those are named that the configuration has, and of them those in the
// credential block that the section is a part of.
func (s *section) misplaced(name string, set keySet) string {
	if set.codes != "" && (unquotedKey(name) || isDigits(strings.TrimPrefix(name, "-"))) {
		return "below " + s.path + set.codes
	}
	if set.names != "" && strings.Contains(name, "-") {
		return "below " + s.path + set.names
	}
	outer, _, _ := strings.Cut(s.path, ".")
	best := 0
	var paths []string
	for _, home := range s.reader.homes[foldKey(name)] {
		rank := 1
		if home.path == "" && s.values[name].shape != shapeBlock {
			rank = 0
		}
		if home.written && rank > 0 {
			rank = 2
		}
		if strings.HasPrefix(home.path+".", outer+".") && outer != "" {
			rank = 3
		}
		if home.path+"." == s.path || home.path == "" && s.path == "" || rank < best {
			continue
		}
		if rank > best {
			paths = nil
		}
		best = rank
		paths = append(paths, home.path)
	}
	if len(paths) == 0 {
		return ""
	}
	if paths[0] == "" {
		return "at the top level"
	}
	last := len(paths) - 1
	if last == 0 {
		return "below " + paths[0]
	}
	return "below " + strings.Join(paths[:last], ", ") + " or " + paths[last]
}

// foldKey is a key without what its spellings differ in.
func foldKey(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(name, "_", ""), "-", ""))
}

// elsewhereToo are keys of credential blocks of which the like are known better elsewhere:
// session.cookie and identity.headers.
var elsewhereToo = []string{"cookie", "header", "headers"}

// settle notes where the keys of a set belong.
func (r *reader) settle(path string, written bool, keys []string) {
	if r.keys != nil {
		r.keys[path] = keys
	}
	for _, key := range keys {
		folded := foldKey(key)
		if key == "status" && path == "" || path == "status" && !written {
			continue // keys of these names are better known elsewhere
		}
		if path != "session" && path != "identity" && !strings.Contains(path, ".custom") && contains(elsewhereToo, key) {
			continue
		}
		if strings.HasPrefix(path, "shared") && !written && len(r.homes[folded]) > 0 {
			continue // a key of that name is better known elsewhere
		}
		r.homes[folded] = append(r.homes[folded], home{path: path, written: written})
	}
}

func (s *section) fault(key, text string) {
	s.reader.fault(s.path+quoteKey(key), text)
}

// notAllowed adds the fault of a value that is not allowed. It names the value, so
// it is not for secrets.
func (s *section) notAllowed(key, value, allowed string) {
	s.fault(key, quoteForLog(value)+" is not allowed; allowed: "+allowed)
}

// isWritten says whether the key is there, even without a value.
func (s *section) isWritten(key string) bool {
	return s.values[key].shape != ""
}

// has says whether the key is there with a value.
func (s *section) has(key string) bool {
	return s.isWritten(key) && s.values[key].shape != shapeEmpty
}

// block enters the block under key and matches its keys. It returns nil where the
// key is absent, and also, after a fault, where its value is empty or not a block:
// a policy that was written must not be dropped silently.
func (s *section) block(key string, set keySet) *section {
	inner := s.table(key)
	if inner != nil {
		inner.matchKeys(set)
	}
	return inner
}

// table is block for keys that the operator invents: they are not matched and keep
// their case.
func (s *section) table(key string) *section {
	raw := s.values[key]
	if raw.shape == "" {
		return nil
	}
	if raw.shape == shapeEmpty || (raw.shape == shapeBlock && raw.value.Len() == 0) {
		s.fault(key, "an empty block; write its keys, or leave it out")
		return nil
	}
	if raw.shape != shapeBlock {
		s.fault(key, "must be "+shapeBlock+", not "+raw.shape)
		return nil
	}
	return s.reader.enter(s.path+quoteKey(key)+".", raw.value)
}

// only adds a fault for every key beside those that a mode uses. Ignoring one would let an
// operator rely on a protection that this mode does not give.
func (s *section) only(mode string, keys ...string) {
	for _, name := range s.names {
		if s.isWritten(name) && match(name, keys) == "" {
			s.fault(name, "means nothing in mode: "+mode+"; allowed there: "+strings.Join(keys, ", "))
		}
	}
}
