package session

// Options is how a browser is carried across, and kept.
type Options struct {
	Secret         string
	Cookie         string
	Path           string // of the hand-off
	Parameter      string
	Redirect       string
	Logout         string // a path; empty: none
	SecureAlways   bool   // Secure, whatever the connection to Traefik is
	SameSiteStrict bool   // SameSite=Strict
}
