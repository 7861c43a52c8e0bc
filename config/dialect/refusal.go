package dialect

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/custom"
)

const (
	defaultCode = `[!-~]{1,64}`
	allowedCode = "1 to 64 characters of visible ASCII"
	maxPattern  = 256
	maxMessage  = 512
)

// reasons are why the gate refuses.
var reasons = []string{
	"missing", "malformed", "ambiguous", "invalid", "expired", "forbidden", "requirement", "unprocessable", "throttled", "unavailable", "distrusted", "configuration",
}

// What a refusal's body may hold: inside quotes, and in place of a value.
var (
	inTexts = custom.Allowed{Names: map[string]bool{"message": true, "code": true, "status": true, "title": true, "reason": true, "retryAfter": true}}
	asValue = custom.Allowed{Names: map[string]bool{"status": true, "code": true, "errors": true, "retryAfter": true}}
)

// refusal reads how a denial is written.
func (r *reading) refusal(s *Section) {
	refusal := &r.definition.Refusal
	refusal.CodePattern = regexp.MustCompile(`^(?:` + defaultCode + `)$`)
	inner := s.Block("refusal", RefusalKeys)
	if inner == nil {
		return
	}
	refusal.Message = r.bodyPaths(inner, "message")
	refusal.Errors = r.bodyPaths(inner, "errors")
	refusal.Code = r.bodyPaths(inner, "code")
	if inner.Has("codePattern") {
		refusal.CodePattern = pattern(inner, "codePattern")
		if !inner.Written("code") {
			inner.Fault("codePattern", "goes with code")
		}
	}
	if inner.Has("retryAfter") {
		refusal.Wait = r.wait(inner)
	}
	refusal.Body = body(inner, "body")
	refusal.OwnBody = body(inner, "ownBody")
	table := inner.Table("bodies")
	if table != nil {
		refusal.Bodies = bodies(table)
	}
	for _, key := range []string{"bodies", "ownBody"} {
		if inner.Written(key) && !inner.Written("body") {
			inner.Fault(key, "needs body too, for all other refusals")
		}
	}
	refusal.Messages = byReason(inner, "messages")
	refusal.Codes = byReason(inner, "codes")
}

// pattern reads an expression that a whole text has to match.
func pattern(s *Section, key string) *regexp.Regexp {
	value := s.Word(key)
	if value == "" {
		return nil
	}
	read, fault := custom.ParseCodePattern(value)
	if fault != "" || len(value) > maxPattern {
		s.notAllowed(key, value, "an expression of RE2 of at most 256 bytes, such as [A-Z_]{1,40}")
		return nil
	}
	return read
}

// bodyPaths reads paths to something of a denial; nil: absent, or a fault.
func (r *reading) bodyPaths(s *Section, key string) []custom.Path {
	value := s.Text(key)
	if value == "" {
		return nil
	}
	paths, fault := custom.ParsePaths(value)
	for _, path := range paths {
		if path.Header == "" && r.definition.StatusOnly {
			fault = statusOnly
		}
		if key == "errors" && path.Header != "" {
			fault = "no object of lists; name a path of the body"
		}
	}
	s.defect(key, value, fault)
	if fault != "" {
		return nil
	}
	return paths
}

// wait reads where a response says how long to wait.
func (r *reading) wait(s *Section) *custom.Wait {
	value := s.Text("retryAfter")
	if value == "" {
		return nil
	}
	wait := &custom.Wait{}
	path, isUnix := strings.CutSuffix(value, " unix")
	path, isText := strings.CutSuffix(path, " in text")
	wait.Unix, wait.InText = isUnix, isText
	fault := ""
	wait.Path, fault = custom.ParsePath(strings.TrimSpace(path))
	if fault == "" && wait.Path.Header == "" && r.definition.StatusOnly {
		fault = statusOnly
	}
	if isUnix && isText {
		fault = `after the path: unix or "in text"`
	}
	s.defect("retryAfter", value, fault)
	return wait
}

// body reads the JSON text of a refusal; nil: absent, or a fault.
func body(s *Section, key string) *custom.Template {
	text := s.Text(key)
	if text == "" {
		return nil
	}
	t, fault := custom.ParseJSON(text, inTexts, asValue, false)
	if strings.HasPrefix(fault, "must be one JSON object") {
		fault = "must be JSON; a placeholder for a text stands inside quotes"
	}
	if fault == "" && len(text) > custom.MaxText {
		fault = "longer than 8 KiB"
	}
	if fault != "" {
		s.Fault(key, fault)
		return nil
	}
	return t
}

// bodies reads the bodies of single statuses.
func bodies(s *Section) map[int]*custom.Template {
	read := map[int]*custom.Template{}
	for _, name := range s.Names {
		status, err := strconv.Atoi(name)
		if s.Lost(name) {
			s.Fault(name, `quote the status, as in "422": without quotes the provider loses it`)
			continue
		}
		if err != nil || len(name) != 3 || status < 400 || status > 599 {
			s.Fault(name, "not a status that clients get; allowed: from 400 to 599")
			continue
		}
		t := body(s, name)
		if t != nil {
			read[status] = t
		} else if !s.Has(name) {
			s.Fault(name, "an empty body; write its JSON, or leave it out")
		}
	}
	return read
}

// byReason reads texts or codes for what the gate refuses by itself.
func byReason(s *Section, key string) map[verifier.Reason]string {
	table := s.Table(key)
	if table == nil {
		return nil
	}
	read := map[verifier.Reason]string{}
	for _, name := range table.Names {
		if !contains(reasons, name) {
			table.Fault(name, "unknown reason; allowed: "+strings.Join(reasons, ", ")+table.Suggest(name, reasons))
			continue
		}
		value := table.Text(name)
		if key == "codes" && value != "" && !isCode(value) {
			table.notAllowed(name, value, allowedCode)
		}
		if key == "messages" {
			value = message(table, name)
		}
		if !table.Has(name) {
			table.Fault(name, "an empty text; write it, or leave it out")
		}
		read[verifier.Reason(name)] = value
	}
	return read
}

// message reads a fixed text for clients.
func message(s *Section, key string) string {
	value := s.Text(key)
	if len(value) > maxMessage || strings.ContainsAny(value, verifier.ControlCharacters) {
		s.Fault(key, "allowed: a text of at most 512 bytes without control characters")
		return ""
	}
	return value
}

// isCode tells whether a text can be a code.
func isCode(text string) bool {
	return len(text) <= 64 && verifier.IsVisibleASCII(text)
}
