package session

import (
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// maxReturn bounds the address of a page that a browser is sent back to, in bytes.
const maxReturn = 2048

// back knows the way to the login, and the way back to the page that was asked for. That
// page comes from an address that a stranger may have written: it is a path of this site
// however anything reads it, or the configured page takes its place.
type back struct {
	options *Options
	named   *parameter // that holds the page; nil: none
	handoff *handoffPath
	login   string // the path of the login; empty: it is on another site
}

// newBack makes the way back of a route with these options.
func newBack(o *Options, handoff *handoffPath) *back {
	b := &back{options: o, handoff: handoff}
	if o.Return != "" {
		b.named = newParameter(o.Return)
	}
	if strings.HasPrefix(o.Login, "/") {
		b.login = decodedPath(o.Login)
	}
	return b
}

// brought returns the page that a query or a form holds; empty if there is none, or none
// that is allowed.
func (b *back) brought(query, form string) string {
	if b.named == nil {
		return ""
	}
	inQuery, denied := b.named.read(query)
	inForm, deniedForm := b.named.read(form)
	if denied.Reason != "" || deniedForm.Reason != "" || (inQuery != "" && inForm != "" && inQuery != inForm) {
		return ""
	}
	page := inForm
	if page == "" {
		page = inQuery
	}
	if !b.allows(page) {
		return ""
	}
	return page
}

// or is a page that was brought, or the configured one.
func (b *back) or(page string) string {
	if page == "" {
		return b.options.Redirect
	}
	return page
}

// allows tells whether a browser may be sent to a page. It is judged as it stands, and
// with its escapes read once and twice, since a server may do so: what is another
// site's, or another path, to any reader is not allowed. Neither are the pages that would
// send the browser on once more.
func (b *back) allows(page string) bool {
	if len(page) > maxReturn || !verifier.IsVisibleASCII(page) || !isPlain(pathOf(page)) {
		return false
	}
	once, err := url.PathUnescape(pathOf(page))
	if err != nil || !isPlain(once) {
		return false
	}
	twice, err := url.PathUnescape(once)
	if err == nil && !isPlain(twice) {
		return false
	}
	same, like := b.handoff.compare(once)
	clean := path.Clean(once)
	return !same && !like && clean != b.options.Logout && clean != b.login
}

// slashes are what some readers take for a slash: a backslash, and letters that have the
// slash as their compatibility form.
const slashes = "\\\uff0f\uff3c\u2044\u2215\u29f8"

// isPlain tells a path with one slash at its beginning, and nothing by which a reader
// gets to another one.
func isPlain(p string) bool {
	if !strings.HasPrefix(p, "/") || strings.Contains(p, "//") || strings.ContainsAny(p, slashes) || strings.ContainsAny(p, verifier.ControlCharacters) {
		return false
	}
	return !strings.Contains(p+"/", "/./") && !strings.Contains(p+"/", "/../")
}

// address is where a page load is led that has no session: the login, with the page in
// it; empty where that page is the login itself, which would lead the browser in a
// circle.
func (b *back) address(r *http.Request) string {
	if b.login != "" && path.Clean(r.URL.Path) == b.login {
		return ""
	}
	// A middleware before this one may have cut a prefix off, which it names.
	prefix := strings.Join(r.Header["X-Forwarded-Prefix"], "")
	if !b.allows(prefix + "/") {
		prefix = ""
	}
	asked := prefix + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		asked += "?" + r.URL.RawQuery
	}
	if !b.allows(asked) {
		asked = b.options.Redirect
	}
	login := b.options.Login
	if login == "" {
		login = prefix + b.options.Path + "?" + b.options.Return + "=" + Placeholder
	}
	return strings.ReplaceAll(login, Placeholder, url.QueryEscape(asked))
}

// pathOf is what stands before the query and the fragment.
func pathOf(address string) string {
	end := strings.IndexAny(address, "?#")
	if end >= 0 {
		return address[:end]
	}
	return address
}

// decodedPath is the path of an address of this site as requests for it have it.
func decodedPath(address string) string {
	decoded, err := url.PathUnescape(pathOf(address))
	if err != nil {
		return pathOf(address)
	}
	return path.Clean(decoded)
}
