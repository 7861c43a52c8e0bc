package verifier

import "time"

// API is the dialect of one upstream, as a value: what its documents say of
// how to ask, how to read the reply, and how it refuses. Everything that is
// particular to an API is in the file of its name; nothing else knows it.
type API struct {
	Name   string        // as in the configuration, and the realm of challenges
	Kinds  []Kind        // the credentials it issues
	Path   string        // where it verifies; empty: the operator has to say
	Method string        // GET or POST
	Life   time.Duration // how long a credential is good, by the documents

	// Quota is how many calls the documents allow; zero: they name no limit.
	Quota Rate

	// BareToken: the documents show the token alone in Authorization.
	BareToken bool

	// JWT: its tokens are JWTs, and one whose exp is over is not asked about.
	JWT bool

	// PerKey: its quota counts by application key, not by credential.
	PerKey bool

	// Login is what the documents say of logging in and out; nil: nothing.
	Login *Login

	// Rows are the documented replies, in the document's order. The first
	// that fits counts; a reply that none describes is not an answer.
	Rows []Row

	// Headers are the identity headers set by default, without their prefix.
	Headers []HeaderField

	// OpenFields: any scalar of the reply is a field by its own name.
	// Otherwise Headers and the fields named in MoreFields are all there is.
	OpenFields bool
	MoreFields []string

	// Check names the check that settings ask for, of an API that has several.
	Check func(s Settings) string

	// NeedsCanary: a yes under these settings means nothing without one.
	NeedsCanary func(s Settings) bool

	// Documented says whether a code may be named in errors.statuses.
	Documented func(code string) bool

	// Request says what to ask about a credential.
	Request func(c Credential, s Settings) Question

	// Read takes from a reply what Rows are looked up by: the flag that says
	// yes or no, and the code. Its Body may be nil.
	Read func(r Reply) (flag, code string)

	// Identify reads who is calling from a reply that a row calls good; or
	// says why the reply is no answer after all.
	Identify func(r Reply, c Credential, s Settings) (id Identity, flaw string)

	// Relay puts the reply's own message and errors into a denial, if they
	// are as documented. Its Body may be nil.
	Relay func(r Reply, d Denial) Denial

	// Junk makes, of at least 288 random bytes, a credential of the API's own
	// shape that cannot be good.
	Junk func(random []byte, now time.Time, s Settings) Credential

	// Refuses says whether a denial of junk shows that credentials are checked.
	Refuses func(d Denial, s Settings) bool

	// RefusesAccount says whether a denial is about the account: its password
	// was wrong. Nil: the API knows no accounts.
	RefusesAccount func(d Denial) bool

	// Advice names the key of a block to correct when junk was accepted.
	Advice func(s Settings) string

	// Say gives the API's own text for a reason of the gate's, or nothing.
	Say func(reason Reason) string

	// Body is a refusal as the API's documents write it: JSON, by status,
	// code, message and errors.
	Body func(d Denial) string
}

// HeaderField names the identity header that carries a field.
type HeaderField struct {
	Header string
	Field  string
}

// Settings is what the operator says about one upstream. All of it changes
// the answers, so all of it is part of the scope.
type Settings struct {
	Kind    Kind
	URL     string // normalized: no final slash, host in lower case
	Path    string
	Method  string
	Key     string // the operator's own application key; secret
	Account bool   // a key comes with an account, and both are checked
	Probe   *Account
	TLS     TLS
	Canary  bool
}

// Account is a name and a password; secret.
type Account struct {
	User     string
	Password string
}

// TLS is how an https upstream is recognized. Zero: by the system's roots.
type TLS struct {
	CA                 string // PEM
	Cert               string // PEM
	Key                string // PEM; secret
	ServerName         string
	InsecureSkipVerify bool
}

// Bounds of what is relayed of a refusal.
const (
	maxMessage = 512
	maxErrors  = 4 << 10
)

// relayMessage takes an upstream's message if it is a text of 1 to 512 bytes.
func relayMessage(d Denial, message *Value) Denial {
	text := message.text(jsonText)
	if text != "" && len(text) <= maxMessage {
		d.Message = text
	}
	return d
}

// relayErrors takes the errors of a 422 if they are an object of lists of
// text, and encodes them anew.
func relayErrors(d Denial, errors *Value) Denial {
	if d.Status != 422 || !errors.is(jsonObject) {
		return d
	}
	encoded := ""
	for _, name := range errors.Names {
		list := errors.Fields[name]
		if !list.is(jsonArray) {
			return d
		}
		texts := ""
		for _, item := range list.Items {
			if !item.is(jsonText) {
				return d
			}
			texts = join(texts, Quote(item.Text))
		}
		encoded = join(encoded, Quote(name)+":["+texts+"]")
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

// What most APIs have in common.

func oneCheck(_ Settings) string { return "" }

func never(_ Settings) bool { return false }

func noCodes(_ string) bool { return false }

// refusesJunk: the no was about the credential. A 400 or a 422 is about the
// request, and a 403 inside a 200 about the hour or an account's standing: they
// may become a yes without any change to the check.
func refusesJunk(d Denial, _ Settings) bool {
	return d.Reason == Invalid || d.Reason == Expired || (d.HTTP == 403 && d.Reason == Forbidden)
}
