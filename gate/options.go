// Package gate answers: may this request pass to the backend, and which identity
// headers does it carry there? It is the plugin's mode: protect.
//
// Its nouns are the Options of one route, a Block of them for each kind of
// credential, and the Gate, which serves the requests:
//
//	g := gate.New(ctx, next, &options, shared, log)
//	handler := http.HandlerFunc(g.Handler())
//
// Handler serves requests whose answer is prebuilt in one flat function, and
// hands every other request to the gate's ServeHTTP. A caller that serves
// requests of its own on the same route, as sessions do, uses Accepts, Check,
// Deny, Explain, ForBrowsers, ServeAs, Forwards, Bar and RefuseUnread.
//
// The package does not know how options are written in a configuration, how an
// upstream is called, or what a session is.
package gate

import (
	"regexp"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// Options says what one protected route does. New does not check them: a
// configuration with a fault never becomes options.
type Options struct {
	Blocks []*Block // at least one, in the order bearer, applicationKey, basic

	CacheSize        int           // allowed credentials held, at least 1
	NegativeLifetime time.Duration // how long a denial is cached; 0: not at all
	NegativeSize     int           // denials held
	Epoch            string        // another one starts with an empty cache

	// Shared is the memory that is shared with other Traefiks; nil: none. It changes no answer.
	Shared *shared.Options

	PerClient   verifier.Rate // denied upstream calls that one client may cause
	ClientDepth int           // the client is: 0 the peer, n the n-th of X-Forwarded-For from the right

	Prefix            string             // of identity headers: "X-Auth-", in canonical spelling
	Headers           []apis.HeaderField // nil: each API's own set, under the prefix
	Require           []Requirement      // in the order of their fields' names
	ForwardCredential bool               // the backend sees the credential too
	Optional          bool               // a request without a credential passes, without identity
	Preflight         bool               // a CORS preflight passes, without identity
	SocketsEnd        bool               // a web socket is closed when its credential ends

	Problem     bool           // bodies of denials as RFC 9457 describes them; else the API's own
	Statuses    map[string]int // the operator's, by documented code or HTTP status of the upstream; nil: none
	Unavailable int            // the status when the upstream could not be asked, 500–599
}

// Block is one kind of credential and the upstream that issued it.
type Block struct {
	API      *apis.API
	Upstream apis.Settings
	Lifetime time.Duration // how long a credential is allowed after it was issued, at most
	Timeout  time.Duration // of one verification, everything in it

	Place   *Place         // where its token is read; nil: where the API's documents have it
	Pattern *regexp.Regexp // that a whole token has to match; nil: any

	Revalidate time.Duration // the age from which a cached answer is confirmed in the background; 0: never
	Budget     verifier.Rate // calls to the upstream, at most; zero: no limit
}

// Place is where the operator has the token of one kind read: in a header, and in a cookie
// or a parameter of the query beside; empty names: not there.
type Place struct {
	Header  string   // in canonical spelling
	Schemes []string // words before the token there
	Bare    bool     // the token alone there as well
	Cookie  string
	Query   string
}

// Scope lists everything in a block that changes its upstream's answers; some of
// it is secret. With the epoch it is the block's scope: gates whose scopes are
// equal share one cache, also across reloads.
func (b *Block) Scope() []string {
	return append([]string{b.API.Name, b.API.Definition}, b.Upstream.Scope()...)
}

// sharedScope is what the block's names are made of in a memory that is shared with other
// Traefiks, which make the same ones of the same configuration.
func (b *Block) sharedScope(epoch string) shared.Scope {
	return shared.Scope{
		Parts: append(b.Scope(), epoch), API: b.API.Name, Address: b.Upstream.Target.URL, LoginSecret: b.Upstream.LoginSecret,
	}
}

// acceptsOf says which credentials a route with these blocks takes.
func acceptsOf(blocks []*Block) credential.Accepts {
	a := credential.Accepts{}
	chosen := false // by the operator
	for _, b := range blocks {
		switch b.Upstream.Kind {
		case verifier.Bearer:
			a.Bearer, a.BareToken = true, b.API.BareToken
		case verifier.ApplicationKey:
			a.Key, a.Account = true, b.Upstream.Account
		case verifier.Basic:
			a.Basic = true
		}
		chosen = chosen || b.Place != nil
	}
	for _, b := range blocks {
		if chosen && b.Upstream.Kind != verifier.Basic {
			source := sourceOf(b)
			a.Sources = append(a.Sources, source)
		}
	}
	return a
}

// sourceOf is where the token of a block is read.
func sourceOf(b *Block) *credential.Source {
	p := b.Place
	if p == nil {
		return credential.DefaultSource(b.Upstream.Kind, b.API.BareToken)
	}
	return credential.NewSource(b.Upstream.Kind, p.Header, p.Schemes, p.Bare, p.Cookie, p.Query)
}

// folding maps every character that is not a letter or digit to "-", since CGI,
// WSGI and PHP turn them into one: there X_Auth_User is X-Auth-User. A Replacer is
// one call into compiled code, whatever the length.
var folding = strings.NewReplacer("_", "-", ".", "-", "!", "-", "#", "-", "$", "-", "%", "-", "&", "-",
	"'", "-", "*", "-", "+", "-", "^", "-", "`", "-", "|", "-", "~", "-", " ", "-", ":", "-", "/", "-")

// Fold returns a header name as backends compare it: in lower case, with "-" for
// every character that is not a letter or digit. It is for comparing only.
func Fold(name string) string {
	return strings.ToLower(folding.Replace(name))
}
