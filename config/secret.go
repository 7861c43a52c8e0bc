package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/config/files"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// An author of middlewares must not be able to send Traefik's other secrets to a
// url of their own: env: reads only variables that are named for the plugin, and
// file: only files in folders that are for it.
const envPrefix = "UPSTREAMAUTH_"

const writeSecret = "; write the value itself, env:NAME or file:/path"

// secret returns what the key holds or refers to; empty if the key is absent, or
// after a fault. Its faults name the variable or file that the key refers to (see
// source), and never a value.
func (s *section) secret(key string) string {
	raw := s.values[key]
	if raw.shape == shapeEmpty {
		s.fault(key, "must not be empty")
		return ""
	}
	mistake := mistakenReference(raw.text)
	if mistake != "" {
		s.fault(key, mistake)
		return ""
	}
	rewritten := raw.rewritten()
	if rewritten != "" {
		s.fault(key, "reads like "+rewritten+", as YAML makes it of a value without quotes; quote it, or write env:NAME or file:/path")
		return ""
	}
	value := s.resolve(key)
	name := strings.Trim(strings.TrimPrefix(value, "$"), "{}()")
	if isVariable(name) && (value == "${"+name+"}" || value == "$("+name+")") {
		s.secretFault(key, "holds "+unreplaced)
		return ""
	}
	if lostDigits(value) {
		s.secretFault(key, "reads like "+typedLost+"; quote it where it is set")
		return ""
	}
	return value
}

// secretFault adds a fault of what a secret, or what is referred to like one, holds.
func (s *section) secretFault(key, text string) {
	s.fault(key, s.source(key)+text)
}

// source is the beginning of a fault's text that names the variable or the file that a
// key refers to. It is empty for a value that was written out, and for a text that is
// no possible name: it may be a secret that begins with "env:" by accident.
func (s *section) source(key string) string {
	value := s.values[key].text
	name, variable := strings.CutPrefix(value, "env:")
	path, file := strings.CutPrefix(value, "file:")
	if variable && isVariable(name) || file && strings.Contains(path, "/") {
		named := shorten(value, maxSource)
		return strconv.Quote(named) + ": "
	}
	return ""
}

// mistakenReference says why a text that was meant to refer to a secret refers to
// none, and what to write; empty if it may be a secret. Taken as one, it could be guessed
// by everyone who knows how such texts are written.
func mistakenReference(value string) string {
	lower := strings.ToLower(value)
	exact := strings.HasPrefix(value, "env:") || strings.HasPrefix(value, "file:")
	if !exact && (strings.HasPrefix(lower, "env:") || strings.HasPrefix(lower, "file:")) {
		return "env: and file: are written in lower case" + writeSecret
	}
	if strings.HasPrefix(lower, "urn:k8s:") {
		return "urn:k8s: is replaced by Traefik's Kubernetes provider alone, and was not" + writeSecret
	}
	for _, prefix := range []string{"vault:", "ref+", "op://", "arn:aws:", "sm://", "gcp:secretmanager:"} {
		if strings.HasPrefix(lower, prefix) {
			return prefix + " refers to a store of secrets that is not read here" + writeSecret
		}
	}
	if strings.HasPrefix(value, envPrefix) || strings.HasPrefix(value, "$"+envPrefix) {
		return "the name of a variable, without env: before it" + writeVariable(strings.TrimPrefix(value, "$"))
	}
	if strings.HasPrefix(value, files.SharedFolder+"/") || strings.HasPrefix(value, files.OwnFolder+"/") {
		return "the path of a file, without file: before it" + writeSecret
	}
	variable, found := placeholder(value)
	if found && strings.HasPrefix(value, "file:") {
		return unreplaced + "; write the path itself"
	}
	if found {
		return unreplaced + writeVariable(variable)
	}
	return ""
}

// writeVariable is what to write instead of a variable's name, or of a placeholder.
func writeVariable(name string) string {
	if !isVariable(name) {
		return writeSecret
	}
	if !strings.HasPrefix(name, envPrefix) {
		return "; write env:" + envPrefix + strings.ToUpper(name) + ", and set that variable in Traefik's environment"
	}
	return "; write env:" + name
}

// guessable adds a fault for a secret of ours that is too short, or of which few bytes
// differ, and says whether it did. Both are about secrets that the operator makes up,
// not about those that an API gave out.
func (s *section) guessable(key, secret string, length, different int) bool {
	if secret == "" {
		return false // absent, or a fault already
	}
	if utf8.ValidString(secret) && (strings.TrimSpace(secret) != secret || strings.HasPrefix(secret, byteOrderMark)) {
		s.secretFault(key, "begins or ends with a blank, a line end or a byte order mark; remove it (one line end at the end is cut)")
		return true
	}
	if len(secret) < length {
		s.secretFault(key, fmt.Sprintf("must have at least %d bytes", length))
		return true
	}
	seen := ""
	for i := 0; i < len(secret) && len(seen) < different; i++ {
		if !strings.Contains(seen, secret[i:i+1]) {
			seen += secret[i : i+1]
		}
	}
	if len(seen) < different {
		s.secretFault(key, fmt.Sprintf("must have at least %d different bytes: this one could be guessed", different))
		return true
	}
	return false
}

// literal is a text that is taken as it was written. One that refers to a variable or
// a file, as secrets may, is a fault: nothing would read it.
func (s *section) literal(key string) string {
	value := s.text(key)
	if strings.HasPrefix(value, "env:"+envPrefix) || strings.HasPrefix(value, "file:/") {
		s.fault(key, "env: and file: are read for secrets alone; write the value itself")
	}
	s.isPlaceholder(key, value)
	return value
}

// words is a text; a block in its place is mostly a placeholder without quotes, which YAML
// takes for one.
func (s *section) words(key string) string {
	raw := s.values[key]
	if raw.shape == shapeBlock {
		quote := "; quote it"
		keys := raw.value.MapKeys()
		if len(keys) == 1 && inspect(raw.value.MapIndex(keys[0])).shape == shapeEmpty {
			quote = "; quote it: " + quoteForLog("{"+inspect(keys[0]).text+"}")
		}
		s.fault(key, "must be text, not a block"+quote)
		return ""
	}
	if raw.shape == shapeList {
		s.fault(key, "must be text, not a list")
		return ""
	}
	if strings.Contains(raw.text, "{{") {
		s.fault(key, "placeholders stand in single braces, such as {token}")
		return ""
	}
	before := s.reader.count()
	value := s.literal(key)
	if s.reader.count() > before {
		return ""
	}
	return value
}

// document returns a text that is no secret, such as a certificate, but may be
// referred to like one.
func (s *section) document(key string) string {
	value := s.text(key)
	if value == "" {
		return ""
	}
	mistake := mistakenReference(value)
	if strings.HasPrefix(value, "/") {
		mistake = "the path of a file, without file: before it" + writeSecret
	}
	if mistake != "" {
		s.fault(key, mistake)
		return ""
	}
	return s.resolve(key)
}

// resolve reads the value, env:NAME or file:/path under key; empty if the key is
// absent, or after a fault.
func (s *section) resolve(key string) string {
	value := s.text(key)
	problem := ""
	if strings.HasPrefix(value, "env:") {
		value, problem = s.reader.readEnv(strings.TrimPrefix(value, "env:"))
	} else if strings.HasPrefix(value, "file:") {
		value, problem = s.reader.readFile(strings.TrimPrefix(value, "file:"))
	}
	if problem != "" {
		s.secretFault(key, problem)
		return ""
	}
	return value
}

// readEnv returns a variable of Traefik's environment without the line end at its end,
// or the text of a fault.
func (r *reader) readEnv(name string) (string, string) {
	if !strings.HasPrefix(name, envPrefix) {
		return "", "env: takes only names that begin with " + envPrefix
	}
	if name == files.FoldersName {
		return "", "env: does not read " + files.FoldersName + ", which names folders and is no secret"
	}
	value, _ := r.lookup(name)
	value = files.CutLineEnd(value)
	if value == "" && !r.unresolved {
		return "", "the environment variable is not set, or is empty"
	}
	return value, ""
}

// byteOrderMark begins the text files of some editors.
const byteOrderMark = "\ufeff"

// line returns a secret that is sent as a part of a line of text. One that no client
// could send is a fault: a second line end, for instance, that its file ends with.
func (s *section) line(key string) string {
	value := s.secret(key)
	if !utf8.ValidString(value) || strings.HasPrefix(value, byteOrderMark) || strings.ContainsAny(value, verifier.ControlCharacters) {
		s.secretFault(key, "holds a line end or another control character, a byte order mark, or bytes that are not UTF-8; remove them (one line end at the end is cut)")
		return ""
	}
	return value
}
