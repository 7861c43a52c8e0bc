package dialect

import (
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/custom"
)

// canary reads what the canary's credential looks like.
func (r *reading) canary(s *Section) {
	d := r.definition
	value := s.Text("canary")
	if value == "" {
		return
	}
	if d.Kind == verifier.Basic {
		s.Fault("canary", "not for basic, whose canary is a made-up account; leave it out")
		return
	}
	if value == "jwt" {
		d.CanaryJWT = true
		return
	}
	parts, fault := custom.ParseCanary(value)
	s.defect("canary", value, fault)
	d.Canary = parts
}

// samples are random bytes of which canaries are made: all digits, all small and all
// capital letters, and a mixture.
func samples() []string {
	mixed := ""
	for i := 0; i < 62; i++ {
		mixed += string(rune(i * 7 % 62))
	}
	mixed += mixed + mixed + mixed + mixed
	return []string{strings.Repeat("\x01", 310), strings.Repeat("\x0b", 310), strings.Repeat("\x25", 310), mixed}
}

// checkCanary adds a fault for a canary that cannot be sent, or that does not fit the
// pattern: it would be refused by its form, which proves nothing.
func (r *reading) checkCanary(s *Section, api *apis.API) {
	for _, sample := range samples() {
		c := api.FakeCredential([]byte(sample), time.Time{}, apis.Settings{Kind: r.call.Kind})
		if r.call.Pattern != nil && r.call.Kind != verifier.Basic && !r.call.Pattern.MatchString(c.Token) {
			text := "does not fit pattern, and would be denied by its form alone; write one that looks like a credential, such as sk_{32}"
			if !s.Written("canary") {
				text = "64 hex digits, which is the default, do not fit pattern, and would be denied by their form alone; write one that looks like a credential, such as sk_{32}"
			}
			s.Fault("canary", text)
			return
		}
		if !api.Fits(c) {
			s.Fault("canary", "cannot stand where the credential is sent; write one of letters, digits and -, _ and ~")
			return
		}
	}
}
