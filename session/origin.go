package session

import (
	"net/http"
	"net/url"
	"strings"
)

// origins judges which site's page sent a request, by the headers that browsers add
// and that no page can change: Sec-Fetch-Site, and Origin where a browser is too old
// for it or the site has no TLS. It is not changed after it was made.
type origins struct {
	listed map[string]bool // the operator's, as Canonical writes them
}

// newOrigins makes the judge of a site whose pages also have these origins.
func newOrigins(listed []string) *origins {
	o := &origins{listed: map[string]bool{}}
	for _, origin := range listed {
		o.listed[origin] = true
	}
	return o
}

// isOwnPage says whether a page of this site sent a request. Sec-Fetch-Site decides
// where it is sent: unlike Origin it is right on pages with Referrer-Policy:
// no-referrer, and behind a balancer that rewrites Host. A page of a sibling
// subdomain counts if the operator listed its origin.
func (o *origins) isOwnPage(r *http.Request) bool {
	site := r.Header["Sec-Fetch-Site"]
	if len(site) == 0 {
		return o.hasOwnOrigin(r)
	}
	if len(site) > 1 {
		return false
	}
	return site[0] == "same-origin" || (site[0] == "same-site" && o.hasListedOrigin(r))
}

// hasOwnOrigin compares only the host with that of the request: behind a balancer
// that ends TLS, Traefik does not see the scheme of the page.
func (o *origins) hasOwnOrigin(r *http.Request) bool {
	lines := r.Header["Origin"]
	if len(lines) != 1 {
		return false
	}
	canonical, host := Canonical(lines[0])
	if host == "" {
		return false
	}
	own := strings.ToLower(r.Host)
	return host == own || host == withoutDefaultPort(own) || o.listed[canonical]
}

// maySocket tells whether a web socket may be opened by a cookie. A browser sends the
// cookie whichever page opens one (of a sibling subdomain always), lets that page read
// what comes, and names it in Origin. A request that names none is no browser's.
func (o *origins) maySocket(r *http.Request) bool {
	h := r.Header
	if len(h["Upgrade"]) == 0 || len(h["Origin"])+len(h["Sec-Fetch-Site"]) == 0 {
		return true
	}
	return o.isOwnPage(r)
}

func (o *origins) hasListedOrigin(r *http.Request) bool {
	lines := r.Header["Origin"]
	if len(lines) != 1 {
		return false
	}
	canonical, _ := Canonical(lines[0])
	return canonical != "" && o.listed[canonical]
}

// mayLackCookie says whether a browser may have left out its SameSite=Lax cookie,
// because the request comes from another site: with a form that is posted, and with
// what is loaded inside a page. A link brings the cookie, and so does every request
// from a page of the same site, also of a sibling subdomain.
//
// Without Sec-Fetch-Site only a POST has an Origin, and a browser whose POST has
// neither is too old for SameSite: it brings all cookies.
func (o *origins) mayLackCookie(r *http.Request) bool {
	post := r.Method == http.MethodPost
	site := r.Header["Sec-Fetch-Site"]
	if len(site) == 0 {
		return post && len(r.Header["Origin"]) > 0 && !o.hasOwnOrigin(r)
	}
	if len(site) == 1 && (site[0] == "same-origin" || site[0] == "same-site") {
		return false
	}
	return post || !isNavigation(r)
}

// isNavigation says whether a request opens a page in a tab of its own. A header that
// is absent is one that the browser does not know.
func isNavigation(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	destination := r.Header.Get("Sec-Fetch-Dest")
	return (mode == "" || mode == "navigate") && (destination == "" || destination == "document")
}

// Canonical returns the one spelling of an origin, scheme://host[:port] in lower case
// and without a default port, and its host with the port. Both are empty for a text
// that is no origin of a web page, such as "null", or that holds anything else.
func Canonical(origin string) (canonical, host string) {
	parsed, err := url.Parse(origin)
	if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return "", ""
	}
	if parsed.Hostname() == "" || !strings.EqualFold(origin, parsed.Scheme+"://"+parsed.Host) {
		return "", "" // a user, a path, a query or a fragment
	}
	host = strings.ToLower(parsed.Host)
	if parsed.Scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	} else {
		host = strings.TrimSuffix(host, ":443")
	}
	return parsed.Scheme + "://" + host, host
}

// withoutDefaultPort removes the port of either scheme.
func withoutDefaultPort(host string) string {
	return strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80")
}
