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
	Once     bool      // it holds for the callers that waited for it, and is not remembered
	Denial   Denial    // meaningful unless Allowed

	Remembered bool // the cache had it: nothing was asked for it
	Stale      bool // likewise, and the upstream is asked again meanwhile

	// Provisional: allowed although the upstream gave no answer, for now. Identity is what
	// the token says itself, perhaps nothing; Denial.RetryAfter is when the upstream may
	// be called again, 0 if it said nothing.
	Provisional bool
}

// Reason says why a request is denied, in one word for logs and problem bodies.
type Reason string

// The reasons. The first three, Requirement, Configuration and Cancelled are the gate's
// own; Unavailable and Distrusted mean that the upstream's answer is not known, and
// Cancelled that the client has left before it was.
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
	Cancelled     Reason = "cancelled"
)

// Denial is why a request is denied, and what its client gets.
type Denial struct {
	Reason     Reason
	Status     int           // to the client, 400–599; 0: the reason's own
	HTTP       int           // the upstream's HTTP status; 0: it was not called
	Unknown    bool          // the response says that the API does not know the credential
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

// The kinds of errors: why it is not known whether a credential is valid. Errors of
// this package wrap one of them; their texts hold nothing of a credential or a response.
var (
	// ErrUnavailable: the upstream is down, slow, not understood, or has failed.
	ErrUnavailable = errors.New("unavailable")
	// ErrNotAsked is ErrUnavailable where the upstream was not called about this
	// credential, so that nobody is charged: the circuit is open, the canary failed.
	ErrNotAsked = fmt.Errorf("%w", ErrUnavailable)
	// ErrUnproven is ErrUnavailable where the upstream allowed the credential, and it is
	// not known whether it denies any.
	ErrUnproven = fmt.Errorf("%w", ErrUnavailable)
	// ErrOutage is ErrUnavailable for a cause that suggests an outage: a transport
	// failure, a time-out, a 5xx.
	ErrOutage = fmt.Errorf("%w", ErrUnavailable)
	// ErrConnection is ErrOutage where no connection to the upstream was made, so that
	// it cannot be the request's own doing: its name does not resolve, nobody listens,
	// TLS fails.
	ErrConnection = fmt.Errorf("%w", ErrOutage)
	// ErrBroken is ErrOutage where the connection ended before a response.
	ErrBroken = fmt.Errorf("%w", ErrOutage)
	// ErrMisconfigured: the response shows that the operator's settings are wrong.
	ErrMisconfigured = errors.New("misconfigured")
	// ErrDistrusted: the upstream accepts credentials that cannot be valid.
	ErrDistrusted = errors.New("distrusted")
)

// Misconfigured is ErrMisconfigured, and of another kind as well: it is the operator who
// has to act, and calls are limited as for that kind. Only the first is in its text (the
// precision of the second is 0).
func Misconfigured(kind error) error {
	err := fmt.Errorf("%w%.0w", ErrMisconfigured, kind)
	return err
}

// NoAnswer is the result of a verifier that could not find out: the denial d, with
// the reason Unavailable where it has none, and an error of that kind with its cause.
func NoAnswer(kind error, cause string, d Denial) (Decision, error) {
	if d.Reason == "" {
		d.Reason = Unavailable
	}
	decision := Decision{Denial: d}
	err := fmt.Errorf("%w: %s", kind, cause)
	return decision, err
}
