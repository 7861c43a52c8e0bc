package session

import "github.com/upstreamauth/upstreamauth/verifier"

// Options is the session block of the configuration, checked and with its defaults.
// Every field must be set but Domain, Return, Login, Logout, Origins and the two switches.
type Options struct {
	Kind           verifier.Kind // of the credential that a cookie carries: Bearer, or Basic, for which there is a login page
	Secrets        []string      // the first encrypts the cookies, all open them; each has at least 32 bytes
	Cookie         string        // its name
	Domain         string        // whose subdomains get the cookie too; empty: the host alone
	Path           string        // of the hand-off, or of the login page
	Parameter      string        // of the hand-off's query or form: it holds the token
	Redirect       string        // where a browser goes after a hand-off: a path, maybe with a query
	Return         string        // the parameter that may hold another page for that; empty: none
	Login          string        // where a page load without a session is led; {return} stands for the page. Empty: nowhere; with Basic to the login page
	Logout         string        // path of the logout; empty: there is none
	LogoutRedirect string        // where a browser goes after it: a path, or an address
	SecureAlways   bool          // Secure on every cookie; else only on those of TLS connections to Traefik
	SameSiteStrict bool          // SameSite=Strict instead of Lax

	Origins []string // of the site's pages, beside the host of a request, as Canonical writes them
}

// Placeholder stands in Options.Login for the page that was asked for.
const Placeholder = "{return}"
