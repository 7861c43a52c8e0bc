package verifier

import (
	"errors"
	"fmt"
	"time"
)

// Decision is the answer. Its zero value is no.
type Decision struct {
	Allowed  bool
	Identity Identity
	Issued   time.Time // when the credential was issued; zero: it does not say
	Expires  time.Time // when the credential itself ends; zero: it does not say
	Answer   int64     // the cache's number of this answer; 0: it is not kept
	Fresh    bool      // it was asked for this caller; nothing has been made of it yet
	Denial   Denial    // meaningful unless Allowed
}

// Reason says why a request was refused, in one word for logs and problems.
type Reason string

// The reasons. The first three, Requirement and Configuration are the gate's
// own; Unavailable and Distrusted mean that the upstream's word is not known.
const (
	Missing       Reason = "missing"
	Malformed     Reason = "malformed"
	Ambiguous     Reason = "ambiguous"
	Invalid       Reason = "invalid"
	Expired       Reason = "expired"
	Forbidden     Reason = "forbidden"
	Requirement   Reason = "requirement"
	Unprocessable Reason = "unprocessable"
	Throttled     Reason = "throttled"
	Unavailable   Reason = "unavailable"
	Distrusted    Reason = "distrusted"
	Configuration Reason = "configuration"
)

// Denial is what to tell a client that does not get in.
type Denial struct {
	Reason     Reason
	Status     int           // to the client, 400–599; 0: the reason's own
	HTTP       int           // the upstream's HTTP status; 0: it was not asked
	Code       string        // the documented code, such as "-104/expired"
	Repeats    string        // the code of the refusal that this one goes on about
	Message    string        // empty: the API's own text for the reason
	Errors     string        // the errors of a 422, a JSON object; or empty
	RetryAfter time.Duration // 0: not known
}

// Refused: the upstream itself said no. A denial without a call is none, and
// neither is "not now".
func (d Decision) Refused() bool {
	if d.Allowed || d.Denial.HTTP == 0 {
		return false
	}
	switch d.Denial.Reason {
	case Invalid, Expired, Forbidden, Unprocessable:
		return true
	}
	return false
}

// The ways in which nothing could be found out. Errors of this package wrap
// one of them; their texts hold nothing of a credential or a reply.
var (
	// ErrUnavailable: the upstream is down, slow, garbled, or in trouble.
	ErrUnavailable = errors.New("unavailable")
	// ErrOutage is ErrUnavailable for a reason that speaks for an outage: a
	// transport fault, a time-out, an error of the upstream's own.
	ErrOutage = fmt.Errorf("%w", ErrUnavailable)
	// ErrMisconfigured: the upstream says that the operator's own settings are wrong.
	ErrMisconfigured = errors.New("misconfigured")
	// ErrDistrusted: the upstream accepts what cannot be good.
	ErrDistrusted = errors.New("distrusted")
)

// NoAnswer is the answer where there is none: a denial and an error.
func NoAnswer(kind error, cause string, d Denial) (Decision, error) {
	if d.Reason == "" {
		d.Reason = Unavailable
	}
	decision := Decision{Denial: d}
	err := fmt.Errorf("%w: %s", kind, cause)
	return decision, err
}
