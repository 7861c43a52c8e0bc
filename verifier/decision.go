package verifier

import (
	"errors"
	"fmt"
	"time"
)

// Decision is the answer about a credential. Its zero value denies.
type Decision struct {
	Allowed  bool
	Identity Identity
	Issued   time.Time // when the credential was issued; zero: not known
	Expires  time.Time // when the credential itself ends; zero: not known
	Answer   int64     // the cache's number of this answer; 0: it is not cached
	Fresh    bool      // the upstream was called for this caller; nothing is prebuilt of it yet
	Denial   Denial    // meaningful unless Allowed
}

// Reason says why a request is denied, in one word for logs and problem bodies.
type Reason string

// The reasons. The first three, Requirement and Configuration are the gate's own;
// Unavailable and Distrusted mean that the upstream's answer is not known.
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

// Denial is what the client of a denied request is answered.
type Denial struct {
	Reason     Reason
	Status     int           // to the client, 400–599; 0: the reason's own
	HTTP       int           // the upstream's HTTP status; 0: it was not called
	Code       string        // the documented code, such as "-104/expired"
	Repeats    string        // while rate-limited: the code of the response that began it
	Message    string        // empty: the API's own text for the reason
	Errors     string        // the errors of a 422, a JSON object; or empty
	RetryAfter time.Duration // 0: not known
}

// Refused tells whether the upstream itself denied the credential. A denial
// without a call is no refusal, and neither is a rate limit.
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

// The ways in which nothing could be found out. Errors of this package wrap one of
// them; their texts hold nothing of a credential or a response.
var (
	// ErrUnavailable: the upstream is down, slow, not understood, or has failed.
	ErrUnavailable = errors.New("unavailable")
	// ErrOutage is ErrUnavailable for a cause that suggests an outage: a transport
	// failure, a time-out, a 5xx.
	ErrOutage = fmt.Errorf("%w", ErrUnavailable)
	// ErrMisconfigured: the response shows that the operator's settings are wrong.
	ErrMisconfigured = errors.New("misconfigured")
	// ErrDistrusted: the upstream accepts credentials that cannot be valid.
	ErrDistrusted = errors.New("distrusted")
)

// NoAnswer is the result of a verifier that could not find out: a denial, with
// Unavailable where d names no reason, and an error of that kind.
func NoAnswer(kind error, cause string, d Denial) (Decision, error) {
	if d.Reason == "" {
		d.Reason = Unavailable
	}
	decision := Decision{Denial: d}
	err := fmt.Errorf("%w: %s", kind, cause)
	return decision, err
}
