package session

// Options is the session block of the configuration, checked and with its defaults.
// Every field but Logout, Origins and the two switches must be set.
type Options struct {
	Secret         string // encrypts the cookies; at least 32 bytes
	Cookie         string // its name
	Path           string // of the hand-off
	Parameter      string // of the hand-off's query or form: it holds the token
	Redirect       string // where a browser goes after a hand-off or a logout: a path, maybe with a query
	Logout         string // path of the logout; empty: there is none
	SecureAlways   bool   // Secure on every cookie; else only on those of TLS connections to Traefik
	SameSiteStrict bool   // SameSite=Strict instead of Lax

	Origins []string // of the site's pages, beside the host of a request, as Canonical writes them
}
