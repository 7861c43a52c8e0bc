// Package dialect answers one question: which API did the operator describe?
//
// Read takes the block custom, which package config hands over as a Section, and what the
// credential block around it says as a Call. It returns a Result, or every fault at once
// through the Section. Its nouns are those of package custom, which parses each text.
package dialect

import (
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/custom"
)

const maxName = 32

// Read reads the block custom. The API of the result is nil after a fault.
func Read(s *Section, call Call) *Result {
	r := &reading{call: call, result: &Result{}, definition: &custom.Definition{
		Name: "custom", Kind: call.Kind, Account: call.Account, Method: "GET", Fingerprint: call.Print,
	}}
	before := s.Count()
	d := r.definition
	d.Name = name(s)
	r.request(s)
	d.StatusOnly = s.Choice("reads", "json", []string{"json", "status"}) == "status"
	r.replies(s)
	d.QuotaBy = s.Choice("quota", r.defaultQuota(), []string{verifier.QuotaByCredential, verifier.QuotaShared})
	r.identity(s)
	r.refusal(s)
	r.canary(s)
	if s.Count() > before {
		return r.result
	}
	api := custom.New(d)
	r.checkCanary(s, api)
	if s.Count() == before {
		r.result.API = api
	}
	return r.result
}

// name reads the API's name, which is a realm and a label.
func name(s *Section) string {
	value := s.Text("name")
	if value == "" {
		return "custom"
	}
	if !consistsOf(value, lower+digits+"-", maxName) {
		s.notAllowed("name", value, "1 to 32 of a-z, 0-9 and -")
		return "custom"
	}
	for _, api := range apis.All() {
		if api.Name == value {
			s.Fault("name", s.Quote(value)+" is the name of a built-in api; choose another name")
			return "custom"
		}
	}
	return value
}

// defaultQuota is whom a rate limit holds: under basic it was about the gate's own client.
func (r *reading) defaultQuota() string {
	if r.call.Kind == verifier.Basic {
		return verifier.QuotaShared
	}
	return verifier.QuotaByCredential
}
