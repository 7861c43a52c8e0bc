package dialect

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/custom"
)

// The words of then, and what each means.
var (
	outcomes = []string{"allow", "deny", "throttle", "unavailable", "misconfigured"}
	meanings = map[string]apis.Meaning{
		"allow": apis.Valid, "deny": apis.Denied, "throttle": apis.RateLimited, "unavailable": apis.Outage, "misconfigured": apis.Misconfigured,
	}

	// meant are the words that people write in their place.
	meant = map[string]string{
		"allowed": "allow", "accept": "allow", "accepted": "allow", "pass": "allow", "permit": "allow", "yes": "allow", "ok": "allow", "valid": "allow", "true": "allow", "success": "allow",
		"denied": "deny", "reject": "deny", "rejected": "deny", "refuse": "deny", "forbid": "deny", "block": "deny", "no": "deny", "invalid": "deny", "false": "deny", "fail": "deny",
		"throttled": "throttle", "limit": "throttle", "ratelimit": "throttle", "rate-limit": "throttle", "rate-limited": "throttle", "retry": "throttle", "wait": "throttle",
		"error": "unavailable", "outage": "unavailable", "down": "unavailable", "unknown": "unavailable",
		"misconfig": "misconfigured", "configuration": "misconfigured", "misconfiguration": "misconfigured",
	}
)

const allowedStatus = "an HTTP status from 200 to 599, or a class such as 2xx; several with a blank between them"

// replies reads what the responses mean.
func (r *reading) replies(s *Section) {
	d := r.definition
	if !s.Written("replies") {
		d.Rows = custom.DefaultRows()
		if d.Request.Client.ID != "" || d.Request.Client.Secret != "" {
			s.Fault("replies", "required with request.client: by default a 401 would deny everybody, and it may be about our own client")
		}
		r.result.AllowAll = "custom.replies, by default, says yes to every 200"
		return
	}
	rows := s.Rows("replies", RowKeys, custom.MaxRows)
	if rows == nil {
		return
	}
	before := s.Count()
	for _, one := range rows {
		row := r.row(one)
		d.Rows = append(d.Rows, row)
	}
	if s.Count() > before {
		return // of a row that may be what the others need
	}
	unreached(rows, d.Rows)
	allows, denies, proves := false, false, false
	for i := range d.Rows {
		row := &d.Rows[i]
		allows = allows || row.Meaning == apis.Valid
		denies = denies || row.Meaning == apis.Denied
		proves = proves || row.CanProve()
		if row.Meaning == apis.Valid && len(row.When) == 0 && r.result.AllowAll == "" {
			r.result.AllowAll = "custom.replies[" + strconv.Itoa(i) + "] says yes to every " + everyOf(row.Statuses)
		}
	}
	if !allows {
		s.Fault("replies", "no row says that a credential is good; write one with then: allow")
	}
	if !denies {
		s.Fault("replies", "no row says that a credential is bad, so no canary could prove anything; write one with then: deny")
	} else if !proves {
		s.Fault("replies", "no row with then: deny can prove a canary: one does with reason: invalid or expired, for an HTTP 401 or 403, or with proof: true")
	}
}

// everyOf names the responses with some statuses.
func everyOf(statuses string) string {
	if statuses == "" {
		return "response"
	}
	return strings.ReplaceAll(statuses, " ", " and ")
}

// row reads one row.
func (r *reading) row(s *Section) custom.Row {
	row := custom.Row{Statuses: statuses(s)}
	row.When = r.conditions(s)
	then := s.Text("then")
	row.Meaning = meanings[then]
	if !s.Has("then") {
		s.Fault("then", "required; allowed: "+strings.Join(outcomes, ", "))
	} else if row.Meaning == "" && then != "" {
		hint := s.Suggest(then, outcomes)
		if word := meant[strings.ToLower(then)]; word != "" {
			hint = `; did you mean "` + word + `"?`
		}
		s.notAllowed("then", then, strings.Join(outcomes, ", ")+hint)
	}
	r.texts(s, &row)
	if s.Written("retryAfter") {
		row.Wait = r.wait(s)
		if row.Meaning != apis.RateLimited && row.Meaning != "" {
			s.Fault("retryAfter", "goes with then: throttle")
		}
	}
	for _, key := range []string{"answer", "reason", "proof"} {
		if s.Written(key) && row.Meaning != apis.Denied && row.Meaning != "" {
			s.Fault(key, "goes with then: deny")
		}
	}
	r.denial(s, &row)
	return row
}

// statuses reads the statuses of a row, with a blank between them.
func statuses(s *Section) string {
	var all []string
	for _, item := range s.List("status") {
		for _, word := range strings.Fields(item) {
			if !isStatus(word) {
				hint := ""
				if isStatus(strings.ToLower(word)) {
					hint = "; write " + strings.ToLower(word)
				}
				s.notAllowed("status", word, allowedStatus+hint)
				continue
			}
			if !contains(all, word) {
				all = append(all, word)
			}
		}
	}
	return strings.Join(all, " ")
}

// isStatus tells whether a word is a status that a response can have, or a class of them.
func isStatus(word string) bool {
	return len(word) == 3 && word[0] >= '2' && word[0] <= '5' && (word[1:] == "xx" || strings.Trim(word[1:], digits) == "")
}

// conditions reads what has to hold of a response.
func (r *reading) conditions(s *Section) []custom.Condition {
	var all []custom.Condition
	items := s.Items("when")
	if len(items) > custom.MaxConditions {
		s.Fault("when", strconv.Itoa(len(items))+" conditions; allowed: at most 10")
		return nil
	}
	for _, item := range items {
		condition, fault := parseCondition(item)
		if fault == "" && r.definition.StatusOnly && condition.OnBody() {
			fault = "reads: status leaves the body unread; allowed: conditions on header:NAME"
		}
		s.defect("when", item, fault)
		if fault == "" {
			all = append(all, condition)
		}
	}
	return all
}

// parseCondition has no named results, so that it may be called in a loop.
func parseCondition(text string) (custom.Condition, string) {
	c, fault := custom.ParseCondition(text)
	return c, fault
}

// texts reads the code and the message of a row.
func (r *reading) texts(s *Section, row *custom.Row) {
	row.Code = s.Text("code")
	if row.Code != "" && !isCode(row.Code) {
		s.notAllowed("code", row.Code, allowedCode)
	}
	row.Message = message(s, "message")
	row.Text = r.bodyPaths(s, "text")
	for _, key := range []string{"code", "message", "text"} {
		if s.Written(key) && row.Meaning == apis.Valid {
			s.Fault(key, "goes with an answer to the client, which then: allow has none of")
		}
	}
}

// ownStatuses are those that clients get as the upstream gave them.
const ownStatuses = "400 401 403 422"

// denial reads what a denying row answers, and what it proves.
func (r *reading) denial(s *Section, row *custom.Row) {
	before := s.Count()
	row.Answer = s.Integer("answer", 0, 400, 499)
	if contains([]string{"407", "408", "421", "429"}, strconv.Itoa(row.Answer)) {
		s.notAllowed("answer", strconv.Itoa(row.Answer), "400 to 499 without 407, 408, 421 and 429, which clients act on by themselves")
	}
	reason := s.Choice("reason", "", []string{"invalid", "expired", "forbidden", "unprocessable"})
	proof := s.Boolean("proof", false)
	if row.Meaning != apis.Denied {
		row.Answer = 0
		return
	}
	row.Reason = reasonOf(row.Answer)
	if reason != "" {
		row.Reason = verifier.Reason(reason)
	}
	row.SetDefaultProof()
	if s.Has("proof") {
		row.Proof, row.ProofByStatus = proof, false
	}
	if row.Answer > 0 || s.Count() > before {
		return
	}
	own := row.Statuses != ""
	for _, status := range strings.Fields(row.Statuses) {
		own = own && strings.Contains(ownStatuses, status)
	}
	if !own && !s.Written("answer") {
		s.Fault("answer", "required where the upstream's status is not 400, 401, 403 or 422: the status that clients get, from 400 to 499")
	}
}

// reasonOf is the reason of a denial by the client's status; empty for the statuses that
// say it by themselves.
func reasonOf(answer int) verifier.Reason {
	switch answer {
	case 0, http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest, http.StatusUnprocessableEntity:
		return ""
	}
	return verifier.Forbidden
}
