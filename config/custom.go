package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/upstreamauth/upstreamauth/config/dialect"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/custom"
)

// described is the name of an API that the configuration describes.
const described = "custom"

// provisional is what the other keys of a block are read with while its API is not
// described yet.
func provisional() *apis.API {
	return &apis.API{Name: described, Method: "GET", Lifetime: custom.Lifetime}
}

// custom reads the API that a block describes, once all else of the block is read.
func (s *section) custom(block *gate.Block, canary bool, top *section) {
	if block.API != nil && block.API.Name != described {
		if s.isWritten("custom") {
			s.reader.fault("custom", "not a key of "+string(block.Upstream.Kind)+" with api: "+block.API.Name+"; it goes with api: custom")
		}
		return
	}
	if block.API == nil && !s.isWritten("custom") {
		return
	}
	if strings.ContainsAny(s.values["url"].text, "{}") {
		s.fault("url", "holds a brace; placeholders stand in path")
	}
	named := block.API != nil // else api is a fault, and what is written here is read for its faults
	call, pattern := s.call(block)
	call.Print = s.print(call)
	result := s.reader.memory.Find(call.Print + pattern)
	if result == nil {
		before := s.reader.count()
		inner := s.description()
		if inner == nil {
			block.API = nil
			return // after a fault
		}
		result = dialect.Read(inner.forDialect(), call)
		if s.reader.count() > before {
			result.API = nil // also after the fault of a key that Read never sees
		}
		s.reader.memory.Keep(call.Print+pattern, result)
	}
	block.API = nil
	if named {
		block.API = result.API
	}
	for _, h := range block.Upstream.Target.Headers {
		if result.Sends[h.Name] {
			s.fault("headers."+h.Name, "is sent by custom.request, or carries the credential; keep one")
		}
	}
	if result.HasBody {
		if s.values["method"].text == "GET" {
			s.notAllowed("method", "GET", "POST, which custom.request."+result.BodyKey+" needs")
		}
		block.Upstream.Target.Method = "POST"
	}
	if result.AllowAll != "" && !canary {
		top.fault("canary", "false is not allowed: "+s.path+result.AllowAll)
	}
}

// call is what a description needs to know of its block, and the pattern as it is known by.
func (s *section) call(block *gate.Block) (call dialect.Call, pattern string) {
	call = dialect.Call{
		Kind: block.Upstream.Kind, Account: block.Upstream.Account, Path: block.Upstream.Target.Path,
		Header: "Authorization", Scheme: "Bearer",
	}
	if call.Kind == verifier.ApplicationKey {
		call.Header, call.Scheme = verifier.KeyHeader, ""
	}
	if block.Place != nil {
		call.Header, call.Scheme = block.Place.Header, ""
		if len(block.Place.Schemes) > 0 {
			call.Scheme = block.Place.Schemes[0]
		}
	}
	if block.Pattern != nil {
		call.Pattern = block.Pattern
		pattern = " fits " + block.Pattern.String()
	} else if s.has("pattern") {
		call.Pattern = regexp.MustCompile(`(?s).*`) // of a fault: there is to be one
		pattern = " faulty"
	}
	return call, pattern
}

// description is the section of the block custom, an empty one where there is none; nil
// after a fault.
func (s *section) description() *section {
	if !s.isWritten("custom") {
		return &section{reader: s.reader, path: s.path + "custom.", values: map[string]rawValue{}}
	}
	return s.block("custom", keySet{keys: dialect.Keys})
}

// print is what a description is known by: everything in it, and what its secret refers
// to. It is a digest, since that is secret.
func (s *section) print(call dialect.Call) string {
	raw := s.values["custom"]
	text := fmt.Sprintf("%q %q %t %q %q %q", raw.shape, call.Kind, call.Account, call.Path, call.Header, call.Scheme)
	if raw.shape != "" {
		text += " " + raw.text
	}
	if raw.value.IsValid() {
		text += fmt.Sprintf(" %#v %q", raw.value, s.clientSecret(raw.value))
	}
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

// clientSecret is what custom.request.client.secret refers to; empty if nothing, or after
// a fault, which it leaves to the reading of the block.
func (s *section) clientSecret(block reflect.Value) string {
	for _, key := range []string{"request", "client", "secret"} {
		block = valueIn(block, key)
	}
	text := inspect(block).text
	name, variable := strings.CutPrefix(text, "env:")
	path, file := strings.CutPrefix(text, "file:")
	if variable {
		text, _ = s.reader.readEnv(name)
	} else if file {
		text, _ = s.reader.readFile(path)
	}
	return text
}

// valueIn is the value of a key in a block; invalid if there is none.
func valueIn(block reflect.Value, name string) reflect.Value {
	raw := inspect(block)
	if raw.shape != shapeBlock || raw.value.Len() > maxKeys {
		return reflect.Value{}
	}
	for _, key := range raw.value.MapKeys() {
		if strings.EqualFold(inspect(key).text, name) {
			return raw.value.MapIndex(key)
		}
	}
	return reflect.Value{}
}

// settleDescribed notes where the keys of the block custom belong, if this block has one.
func (s *section) settleDescribed(kind string) {
	if inspect(valueIn(s.values[match(kind, s.names)].value, "custom")).shape != shapeBlock {
		return
	}
	for _, place := range dialect.Places() {
		s.reader.settle(kind+".custom"+place.Path, true, place.Keys)
	}
}

// forDialect hands a section over.
func (s *section) forDialect() *dialect.Section {
	return &dialect.Section{
		Names: s.names, Written: s.isWritten, Has: s.has, Text: s.words, Word: s.text, Secret: s.line, Boolean: s.boolean, Integer: s.integer,
		Choice: s.choice, List: s.list, Items: s.items, Block: s.innerBlock, Empty: s.empty, Table: s.innerTable, Rows: s.rows, Fault: s.addFault, Suggest: s.reader.suggest,
		Quote: quoteForLog, Lost: unquotedKey, Count: s.reader.count,
	}
}

func (s *section) empty() *dialect.Section {
	return (&section{reader: s.reader, path: s.path, values: map[string]rawValue{}}).forDialect()
}

func (s *section) innerBlock(key string, keys []string) *dialect.Section {
	inner := s.block(key, keySet{keys: keys})
	if inner == nil {
		return nil
	}
	return inner.forDialect()
}

func (s *section) innerTable(key string) *dialect.Section {
	inner := s.table(key)
	if inner == nil {
		return nil
	}
	return inner.forDialect()
}

// rows reads a list of blocks, of 1 to most; nil: absent, or a fault.
func (s *section) rows(key string, keys []string, most int) []*dialect.Section {
	raw := s.values[key]
	if raw.shape == "" {
		return nil
	}
	if raw.shape == shapeEmpty || raw.shape == shapeList && raw.value.Len() == 0 {
		s.fault(key, "an empty list; write at least one row, or leave it out")
		return nil
	}
	if raw.shape != shapeList {
		s.fault(key, "must be a list of rows, not "+raw.shape)
		return nil
	}
	if raw.value.Len() > most {
		s.fault(key, strconv.Itoa(raw.value.Len())+" rows; allowed: at most "+strconv.Itoa(most))
		return nil
	}
	before := s.reader.count()
	list := &section{reader: s.reader, path: s.path, values: map[string]rawValue{}}
	var rows []*dialect.Section
	for i := 0; i < raw.value.Len(); i++ {
		name := key + "[" + strconv.Itoa(i) + "]"
		list.values[name] = inspect(raw.value.Index(i))
		row := list.innerBlock(name, keys)
		if row != nil {
			rows = append(rows, row)
		}
	}
	if len(rows) < raw.value.Len() || s.reader.count() > before && len(rows) == 0 {
		return nil
	}
	return rows
}

// addFault adds a fault whose text may name what the operator wrote: in one line, and
// shortened. The empty key is the section itself.
func (s *section) addFault(key, text string) {
	clean := ""
	for _, c := range shorten(strings.ToValidUTF8(text, "?"), maxSource) {
		if unicode.IsPrint(c) {
			clean += string(c)
		} else {
			clean += "?"
		}
	}
	if key == "" {
		s.reader.fault(strings.TrimSuffix(s.path, "."), clean)
		return
	}
	s.fault(key, clean)
}
