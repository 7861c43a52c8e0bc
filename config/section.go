package config

import (
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// section is one block of keys while it is read. Its methods return a key's
// value, or its default after adding a fault.
type section struct {
	r      *reader
	path   string // of the block, with a final dot; empty for the top
	names  []string
	values map[string]rawValue
}

// keySet is what a block may hold.
type keySet struct {
	keys  []string
	later []string       // known, but not built yet
	other []misplacedKey // known, but not here
	old   []renamed      // no keys any more
}

// misplacedKey is a key that belongs into another block.
type misplacedKey struct{ key, home string }

// renamed is a key that had another name before the first release.
type renamed struct{ key, name string }

// enter reads v, a map, one level deep. Keys keep their spelling.
func (r *reader) enter(path string, v reflect.Value) *section {
	s := &section{r: r, path: path, values: map[string]rawValue{}}
	if v.Len() > maxKeys {
		r.fault(path+"*", fmt.Sprintf("%d keys in one block; allowed: at most %d", v.Len(), maxKeys))
		return s
	}
	for _, key := range v.MapKeys() {
		name := ""
		spelled := inspect(key)
		if spelled.shape == shapeScalar {
			name = spelled.text
		}
		if key.Kind() == reflect.String {
			name = key.String() // untrimmed: it has to match what is known
		}
		_, twice := s.values[name] // 1 and "1" are two keys in Go, and one here
		if twice {
			s.fault(name, "written twice; keep one")
			continue
		}
		s.names = append(s.names, name)
		s.values[name] = inspect(v.MapIndex(key))
	}
	sort.Strings(s.names) // a map's order changes; that of the faults must not
	return s
}

// matchKeys matches the keys with the vocabulary, without case. After it, values
// holds what is known, by its proper spelling.
func (s *section) matchKeys(v keySet) {
	spelled := map[string]string{}
	settled := map[string]rawValue{}
	for _, name := range s.names {
		known := match(name, v.keys)
		later := match(name, v.later)
		if later != "" {
			s.fault(later, "not available in this version")
			settled[later] = s.values[name]
			continue
		}
		if known == "" {
			s.unknownKey(name, v)
			continue
		}
		first, twice := spelled[known]
		if twice {
			s.fault(known, "written twice, as "+strconv.Quote(first)+" and "+strconv.Quote(name)+"; keep one")
			continue
		}
		spelled[known] = name
		settled[known] = s.values[name]
	}
	s.names = v.keys // in the documented order
	s.values = settled
}

// match returns the word of the list that name is, without case.
func match(name string, words []string) string {
	lower := strings.ToLower(name)
	for _, word := range words {
		if strings.ToLower(word) == lower {
			return word
		}
	}
	return ""
}

// unknownKey adds the fault of a key that the vocabulary does not hold. Its value
// is not named: nobody knows whether it is a secret.
func (s *section) unknownKey(name string, v keySet) {
	for _, f := range v.other {
		if match(name, []string{f.key}) != "" {
			s.fault(f.key, "not a key of this block, but of "+f.home)
			return
		}
	}
	for _, k := range v.old {
		if match(name, []string{k.key}) != "" {
			s.fault(k.key, "unknown key; it is "+strconv.Quote(k.name)+" now")
			return
		}
	}
	outer, inner, dotted := strings.Cut(name, ".")
	if dotted && match(outer, v.keys) != "" {
		s.fault(name, "unknown key; a dot does not lead into a block: write "+quoteKey(inner)+" inside "+match(outer, v.keys))
		return
	}
	all := append([]string{}, v.keys...)
	all = append(all, v.later...)
	s.fault(name, "unknown key"+s.r.suggest(name, all))
}

func (s *section) fault(key, text string) {
	s.r.fault(s.path+quoteKey(key), text)
}

// notAllowed adds the fault of a value that is not allowed, by name.
func (s *section) notAllowed(key, value, allowed string) {
	s.fault(key, quoteForLog(value)+" is not allowed; allowed: "+allowed)
}

// has says whether a key was written with a value.
func (s *section) has(key string) bool {
	shape := s.values[key].shape
	return shape != "" && shape != shapeEmpty
}

// block enters the block under key, and matches its keys. It is nil where
// there is none, and where what is there is no block: that is a fault,
// because a written policy must not vanish.
func (s *section) block(key string, v keySet) *section {
	inner := s.table(key)
	if inner != nil {
		inner.matchKeys(v)
	}
	return inner
}

// table is a block whose keys are the operator's own: they keep their case.
func (s *section) table(key string) *section {
	g := s.values[key]
	if g.shape == "" {
		return nil
	}
	if g.shape == shapeEmpty || (g.shape == shapeBlock && g.value.Len() == 0) {
		s.fault(key, "an empty block; write its keys, or leave it out")
		return nil
	}
	if g.shape != shapeBlock {
		s.fault(key, "must be "+shapeBlock+", not "+g.shape)
		return nil
	}
	return s.r.enter(s.path+quoteKey(key)+".", g.value)
}
