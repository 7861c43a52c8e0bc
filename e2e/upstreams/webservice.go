package upstreams

import (
	"maps"
	"time"
)

// WebServiceLifetime is how long a token is valid. The document shows errors alone; ten hours is
// assumed.
const WebServiceLifetime = 10 * time.Hour

// WebServiceOptions are the settings of a web service.
type WebServiceOptions struct {
	Options

	// Path is the protected route; empty is "/api/user/info".
	Path string
}

// WebService is the API of the web-service errors: one protected route, GET or POST, that takes
// "Authorization: Bearer <token>" and answers with the user, and every documented error by script.
// The document shows none of a success; route, header and success are assumed.
type WebService struct {
	*Server

	path  string
	users tokens[User]
}

// User is the user of a token of the web service.
type User struct {
	UserName string
	ID       int64
	Name     string

	// Data is added to the reply's Data, in place of UserName, Id or Name where it has them. A
	// json.Number or json.RawMessage keeps all of its digits.
	Data map[string]any
}

// NewWebService starts a web service without users. It panics if it cannot listen.
func NewWebService(o WebServiceOptions) *WebService {
	return must(newWebService(o))
}

// newWebService is NewWebService for callers that can do something about an occupied address.
func newWebService(o WebServiceOptions) (*WebService, error) {
	if o.Clock == nil {
		o.Clock = NewClock()
	}
	if o.Path == "" {
		o.Path = "/api/user/info"
	}
	w := &WebService{path: o.Path, users: newTokens[User](o.Clock)}
	var err error
	if w.Server, err = listen(o.Options); err != nil {
		return nil, err
	}
	w.begin(webserviceAPI{w})
	return w, nil
}

// Path returns the protected route, to be appended to URL.
func (w *WebService) Path() string {
	return w.path
}

// IssueToken returns a token of this user.
func (w *WebService) IssueToken(u User) string {
	token := randomHex()
	w.AddToken(token, u)
	return token
}

// AddToken adds a token of the caller's choice for this user.
func (w *WebService) AddToken(token string, u User) {
	u.Data = maps.Clone(u.Data)
	w.users.issue(token, u, WebServiceLifetime)
}

// Fail makes a token get this logic error, in a 200, until Unscript. The variant chooses among the
// texts of -104: "expired" or "invalid"; for -201 it is the two numbers of seconds, "30/17" for
// every 30 and again in 17, in digits of any script. For a code that the document does not have, it
// is the text itself. Fail panics on a variant that the code does not have.
func (w *WebService) Fail(token string, code int, variant string) {
	w.Answer(token, logicReply(code, logicText(code, variant)))
}

// FailSystem makes a token get this system error, by HTTP status, until Unscript. A status that the
// document does not have comes with HTTP's own text.
func (w *WebService) FailSystem(token string, status int) {
	w.Answer(token, systemReply(status))
}
