package apis

import (
	"net/http"
	"strconv"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// API is the dialect of one upstream, as a value: what its documents say of
// how to ask, how to read the reply, and how it refuses. Everything that is
// particular to an API is in the file of its name; nothing else knows it.
type API struct {
	Name     string          // as in the configuration, and the realm of challenges
	Kinds    []verifier.Kind // the credentials it issues
	Path     string          // where it verifies; empty: the operator has to say
	Method   string          // GET or POST
	Lifetime time.Duration   // how long a credential is good, by the documents

	// Quota is how many calls the documents allow; zero: they name no limit.
	Quota verifier.Rate

	// BareToken: the documents show the token alone in Authorization.
	BareToken bool

	// JWT: its tokens are JWTs, and one whose exp is over is not asked about.
	JWT bool

	// QuotaPerKey: its quota counts by application key, not by credential.
	QuotaPerKey bool

	// Login is what the documents say of logging in and out; nil: nothing.
	Login *Login

	// Rows are the documented replies, in the document's order. The first
	// that fits counts; a reply that none describes is not an answer.
	Rows []Row

	// Headers are the identity headers set by default, without their prefix.
	Headers []HeaderField

	// OpenFields: any scalar of the reply is a field by its own name.
	// Otherwise Headers and the fields named in MoreFields are all there is.
	OpenFields  bool
	ExtraFields []string

	// Classify takes from a reply what Rows are looked up by: the flag that says
	// yes or no, and the code. Its Body may be nil.
	Classify func(r transport.Response) (flag, code string)

	// Identify reads who is calling from a reply that a row calls good; or
	// says why the reply is no answer after all.
	Identify func(r transport.Response, c verifier.Credential, s Settings) (id verifier.Identity, flaw string)

	// CopyMessage puts the reply's own message and errors into a denial, if they
	// are as documented. Its Body may be nil.
	CopyMessage func(r transport.Response, d verifier.Denial) verifier.Denial

	// FakeCredential makes, of at least 288 random bytes, a credential of the API's own
	// shape that cannot be good.
	FakeCredential func(random []byte, now time.Time, s Settings) verifier.Credential

	// Hint names the key of a block to correct when junk was accepted.
	Hint func(s Settings) string

	// Body is a refusal as the API's documents write it: JSON, by status,
	// code, message and errors.
	Body func(d verifier.Denial) string

	// What follows may be nil where the usual holds, as each says.

	// Variant names the check that settings ask for, of an API that has several.
	// Nil: it has one.
	Variant func(s Settings) string

	// NeedsCanary: a yes under these settings means nothing without one. Nil: none
	// of them does.
	NeedsCanary func(s Settings) bool

	// Documented says whether a code may be named in errors.statuses. Nil: the API
	// has no codes.
	Documented func(code string) bool

	// Request says what to ask about a credential. Nil: the token is presented as
	// RFC 6750 has it.
	Request func(c verifier.Credential, s Settings) transport.Request

	// RejectsFake says whether a denial of junk shows that credentials are checked.
	// Nil: one that is about the credential does.
	RejectsFake func(d verifier.Denial, s Settings) bool

	// RejectsAccount says whether a denial is about the account: its password
	// was wrong. Nil: the API knows no accounts.
	RejectsAccount func(d verifier.Denial) bool

	// Message gives the API's own text for a reason of the gate's, or nothing. Nil: it
	// has none.
	Message func(reason verifier.Reason) string
}

// HeaderField names the identity header that carries a field.
type HeaderField struct {
	Header string
	Field  string
}

// Settings is what the operator says about one upstream. All of it changes
// the answers, so all of it is part of the scope.
type Settings struct {
	Kind        verifier.Kind
	Target      transport.Target
	Key         string // the operator's own application key; secret
	Account     bool   // a key comes with an account, and both are checked
	Probe       *Account
	Canary      bool
	LoginSecret string // of the logins that are believed; empty: none are
}

// Scope lists all that changes the answers; some of it is secret.
func (s Settings) Scope() []string {
	probe := Account{}
	if s.Probe != nil {
		probe = *s.Probe
	}
	scope := []string{
		string(s.Kind), strconv.FormatBool(s.Account), strconv.FormatBool(s.Canary), strconv.FormatBool(s.Probe != nil),
		probe.User, probe.Password, s.Key, s.LoginSecret,
	}
	return append(scope, s.Target.Scope()...)
}

// Account is a name and a password; secret.
type Account struct {
	User     string
	Password string
}

// Bounds of what is relayed of a refusal.
const (
	maxMessage = 512
	maxErrors  = 4 << 10
)

// copyMessage takes an upstream's message if it is a text of 1 to 512 bytes.
func copyMessage(d verifier.Denial, message *strictjson.Value) verifier.Denial {
	text := message.TextOf(strictjson.Text)
	if text != "" && len(text) <= maxMessage {
		d.Message = text
	}
	return d
}

// copyErrors takes the errors of a 422 if they are an object of lists of
// text, and encodes them anew.
func copyErrors(d verifier.Denial, errors *strictjson.Value) verifier.Denial {
	if d.Status != 422 || !errors.IsKind(strictjson.Object) {
		return d
	}
	encoded := ""
	for _, name := range errors.Names {
		list := errors.Fields[name]
		if !list.IsKind(strictjson.Array) {
			return d
		}
		texts := ""
		for _, item := range list.Items {
			if !item.IsKind(strictjson.Text) {
				return d
			}
			texts = join(texts, strictjson.Quote(item.Text))
		}
		encoded = join(encoded, strictjson.Quote(name)+":["+texts+"]")
	}
	if len(encoded) <= maxErrors {
		d.Errors = "{" + encoded + "}"
	}
	return d
}

func join(list, item string) string {
	if list == "" {
		return item
	}
	return list + "," + item
}

// complete gives an API the usual for what it leaves out.
func complete(api *API) *API {
	if api.Variant == nil {
		api.Variant = func(_ Settings) string { return "" }
	}
	if api.NeedsCanary == nil {
		api.NeedsCanary = func(_ Settings) bool { return false }
	}
	if api.Documented == nil {
		api.Documented = func(_ string) bool { return false }
	}
	if api.Request == nil {
		api.Request = bearerRequest
	}
	if api.RejectsFake == nil {
		api.RejectsFake = rejectsFake
	}
	if api.Message == nil {
		api.Message = func(_ verifier.Reason) string { return "" }
	}
	return api
}

// rejectsFake: the no was about the credential. A 400 or a 422 is about the
// request, and a 403 inside a 200 about the hour or an account's standing: they
// may become a yes without any change to the check.
func rejectsFake(d verifier.Denial, _ Settings) bool {
	return d.Reason == verifier.Invalid || d.Reason == verifier.Expired || (d.HTTP == 403 && d.Reason == verifier.Forbidden)
}

// bearerRequest presents a token as RFC 6750 has it.
func bearerRequest(c verifier.Credential, _ Settings) transport.Request {
	return transport.Request{Header: http.Header{"Authorization": {"Bearer " + c.Token}}}
}
