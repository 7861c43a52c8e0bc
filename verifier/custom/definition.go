// Package custom answers one question: how is an API asked that the operator describes, and
// what do its responses mean? And it writes denials as that one does.
//
// Its noun is the Definition, which holds the description with every text parsed, and
// New makes an apis.API of it. The texts are parsed by the functions whose names begin
// with Parse; each returns what is wrong with a text, in words for the operator.
//
// Whatever a value is, it never changes the shape of what is sent: texts are parsed
// before a value is put in, and each place has its own way of writing values.
package custom

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// Bounds of a definition.
const (
	MaxRows       = 64
	MaxConditions = 10      // of one row
	MaxHeaders    = 20      // of a request
	MaxText       = 8 << 10 // bytes of a body, of a refusal's body, of a pattern's credential
)

// Definition describes one API for one kind of credential. New takes it as it is: one
// with a fault never comes here.
type Definition struct {
	Name        string
	Kind        verifier.Kind
	Account     bool // a key comes with an account
	Method      string
	Request     Request
	StatusOnly  bool // status and headers say everything; bodies are not read
	Rows        []Row
	QuotaBy     string // whom a rate limit and the budget hold: verifier.QuotaByCredential or QuotaShared
	Identity    Identity
	Refusal     Refusal
	Canary      []CanaryPart // of the token; nil: 64 hex digits, or a JWT
	CanaryJWT   bool
	Fingerprint string // of the whole description: two that differ share no answers
}

// Request is what is sent beside the headers that every request has.
type Request struct {
	Path        *Template            // in place of the configured one; nil: it holds no placeholder
	Header      map[string]*Template // by canonical name
	Body        *Template            // nil: none
	ContentType string
	Client      Client
	Parts       []string // placeholders that are about the client's request, in order
}

// Client is who the gate is at the upstream; secret.
type Client struct {
	ID     string
	Secret string
}

// Row is one sort of response. The first that fits counts.
type Row struct {
	Statuses string // as apis.Row.HTTP; empty: any
	When     []Condition
	Meaning  apis.Meaning
	Answer   int             // the client's status; 0: the response's own
	Reason   verifier.Reason // empty: by the client's status
	Code     string          // what follows a / is not shown
	Message  string          // fixed
	Text     []Path          // to the row's own message, the first that leads to something
	Wait     *Wait           // of a throttle
	Proof    bool            // a denial of a canary shows that credentials are checked

	// ProofByStatus: so it does where the response's status is 401 or 403.
	ProofByStatus bool
}

// SetDefaultProof says of a row, as the rest of it stands, what it proves where the
// operator does not: that a credential is not known, or is over; and what a status of 401
// or 403 says.
func (row *Row) SetDefaultProof() {
	reason := row.Reason
	if reason == "" && row.Answer == http.StatusUnauthorized {
		reason = verifier.Invalid
	}
	row.Proof = row.Meaning == apis.Denied && (reason == verifier.Invalid || reason == verifier.Expired)
	row.ProofByStatus = row.Meaning == apis.Denied
}

// CanProve tells whether a response that a row fits can prove a canary.
func (row *Row) CanProve() bool {
	if row.Meaning != apis.Denied || row.Proof {
		return row.Meaning == apis.Denied
	}
	byStatus := row.Statuses == ""
	for _, status := range []string{"401", "403", "4xx"} {
		byStatus = byStatus || strings.Contains(row.Statuses, status)
	}
	return row.ProofByStatus && byStatus
}

// Identity says what of an allowing response becomes the caller's identity.
type Identity struct {
	Fields       []Field
	Others       *Source // of an object whose other scalars are fields by their own names
	Required     []string
	ExpiresAt    *Instant
	ExpiresIn    *Source
	IssuedAt     *Instant
	CacheControl bool
}

// Field is a field of the identity: the first source that leads to a value gives it.
type Field struct {
	Name    string
	Sources []Source
	Each    bool // a text is a list, split at commas and blanks
}

// Refusal says how a denial is written.
type Refusal struct {
	Message     []Path // the first that leads to something; so are the next two
	Errors      []Path
	Code        []Path
	CodePattern *regexp.Regexp
	Wait        *Wait
	Body        *Template         // nil: a problem (RFC 9457)
	Bodies      map[int]*Template // by status
	OwnBody     *Template         // where the upstream gave no code
	Messages    map[verifier.Reason]string
	Codes       map[verifier.Reason]string
}

// DefaultRows are the meaning of responses where the operator writes none.
func DefaultRows() []Row {
	return []Row{
		{Statuses: "200", Meaning: apis.Valid},
		{Statuses: "401", Meaning: apis.Denied, Answer: http.StatusUnauthorized, Reason: verifier.Invalid, Proof: true},
		{Statuses: "403", Meaning: apis.Denied, Answer: http.StatusForbidden, Reason: verifier.Forbidden, Proof: true},
		{Statuses: "422", Meaning: apis.Denied, Answer: http.StatusUnprocessableEntity, Reason: verifier.Unprocessable},
		{Statuses: "429", Meaning: apis.RateLimited},
		{Statuses: "3xx 404 405", Meaning: apis.Misconfigured},
		{Statuses: "5xx", Meaning: apis.Outage},
	}
}
