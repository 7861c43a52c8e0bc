package session

import (
	"net/http"
	"strings"
	"testing"
)

// browserRequest is a request of a page, with headers that a browser adds: lines such
// as "Origin: null".
func browserRequest(method, host string, lines ...string) *http.Request {
	r := &http.Request{Method: method, Host: host, Header: http.Header{}}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func TestOriginsIsOwnPage(t *testing.T) {
	const same = "Sec-Fetch-Site: same-origin"
	site := newOrigins([]string{"https://app.example.com", "http://app.example.com:8080"})
	for _, c := range []struct {
		what string
		own  bool
		host string
		sent []string
	}{
		{"its host", true, "site.example", []string{"Origin: https://site.example"}},
		{"its host, with another scheme and in capitals", true, "site.example", []string{"Origin: http://SITE.example"}},
		{"its host, which has a port", true, "site.example:8443", []string{"Origin: https://site.example:8443"}},
		{"its host, with the default port written out in Host", true, "site.example:443", []string{"Origin: https://site.example"}},
		{"its host, with the default port of http in Host", true, "site.example:80", []string{"Origin: https://site.example"}},
		{"its host, with the default port written out in Origin", true, "site.example", []string{"Origin: https://site.example:443"}},
		{"its host, an IPv6 address with the default port", true, "[::1]:443", []string{"Origin: https://[::1]"}},
		{"a listed origin", true, "internal", []string{"Origin: https://app.example.com"}},
		{"a listed origin, with the default port", true, "internal", []string{"Origin: https://APP.example.com:443"}},
		{"a listed origin with a port", true, "internal", []string{"Origin: http://app.example.com:8080"}},
		{"same-origin", true, "internal", []string{same}},
		{"same-origin, with Origin null", true, "site.example", []string{same, "Origin: null"}},
		{"same-origin, behind a balancer that rewrites Host", true, "internal:8080", []string{same, "Origin: https://site.example"}},
		{"same-site, with a listed origin", true, "site.example", []string{"Sec-Fetch-Site: same-site", "Origin: https://app.example.com"}},

		{"nothing", false, "site.example", nil},
		{"a Referer alone", false, "site.example", []string{"Referer: https://site.example/"}},
		{"Origin null", false, "site.example", []string{"Origin: null"}},
		{"an empty Origin", false, "site.example", []string{"Origin: "}},
		{"an Origin without a scheme", false, "site.example", []string{"Origin: site.example"}},
		{"an Origin without a host", false, "", []string{"Origin: https://"}},
		{"another host", false, "site.example", []string{"Origin: https://evil.example"}},
		{"a host that begins like it", false, "site.example", []string{"Origin: https://site.example.evil.example"}},
		{"a host that ends like it", false, "site.example", []string{"Origin: https://evilsite.example"}},
		{"a sibling subdomain", false, "site.example", []string{"Origin: https://www.site.example"}},
		{"another port", false, "site.example", []string{"Origin: https://site.example:8443"}},
		{"the default port of the other scheme", false, "site.example", []string{"Origin: https://site.example:80"}},
		{"its host behind a #", false, "site.example", []string{"Origin: https://evil.example#site.example"}},
		{"its host as a user", false, "site.example", []string{"Origin: https://site.example@evil.example"}},
		{"its host with a path", false, "site.example", []string{"Origin: https://site.example/"}},
		{"its host in another scheme than the web's", false, "site.example", []string{"Origin: ftp://site.example"}},
		{"its host twice", false, "site.example", []string{"Origin: https://site.example", "Origin: https://site.example"}},
		{"a listed origin with another scheme", false, "internal", []string{"Origin: http://app.example.com"}},
		{"cross-site, with its host as Origin", false, "site.example", []string{"Sec-Fetch-Site: cross-site", "Origin: https://site.example"}},
		{"cross-site, with a listed origin", false, "site.example", []string{"Sec-Fetch-Site: cross-site", "Origin: https://app.example.com"}},
		{"same-site", false, "site.example", []string{"Sec-Fetch-Site: same-site", "Origin: https://www.site.example"}},
		{"same-site without an Origin", false, "site.example", []string{"Sec-Fetch-Site: same-site"}},
		{"none", false, "site.example", []string{"Sec-Fetch-Site: none", "Origin: https://site.example"}},
		{"an empty Sec-Fetch-Site", false, "site.example", []string{"Sec-Fetch-Site: ", "Origin: https://site.example"}},
		{"two Sec-Fetch-Site", false, "site.example", []string{same, same}},
	} {
		word := map[bool]string{true: "is its own", false: "is not its own"}[c.own]
		t.Run("a page "+word+" by "+c.what, func(t *testing.T) {
			if site.isOwnPage(browserRequest("POST", c.host, c.sent...)) != c.own {
				t.Errorf("%v to %s", c.sent, c.host)
			}
		})
	}
}

func TestOriginsMayLackCookie(t *testing.T) {
	site := newOrigins(nil)
	for _, c := range []struct {
		what   string
		lacks  bool
		method string
		sent   []string
	}{
		{"a form of another site", true, "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}},
		{"a form of another site without a Referer", true, "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: null"}},
		{"a form of another site, that says Origin is ours", true, "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: https://site.example"}},
		{"a form of another site, in an old browser", true, "POST", []string{"Origin: https://evil.example"}},
		{"a form of a sandboxed frame, in an old browser", true, "POST", []string{"Origin: null"}},
		{"a form that is loaded again", true, "POST", []string{"Sec-Fetch-Site: none", "Origin: https://evil.example"}},
		{"a form with two Sec-Fetch-Site", true, "POST", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"}},
		{"a form with a new word", true, "POST", []string{"Sec-Fetch-Site: same-planet"}},
		{"a frame in another site", true, "GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}},
		{"a picture in another site", true, "GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}},
		{"a script's call from another site", true, "GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}},

		{"a link of another site", false, "GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}},
		{"a link of another site, in a browser without the other headers", false, "GET", []string{"Sec-Fetch-Site: cross-site"}},
		{"a link in an old browser", false, "GET", nil},
		{"an address that is typed", false, "GET", []string{"Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}},
		{"a form of this site", false, "POST", []string{"Sec-Fetch-Site: same-origin", "Origin: null"}},
		{"a form of a sibling subdomain", false, "POST", []string{"Sec-Fetch-Site: same-site", "Origin: https://www.site.example"}},
		{"a form of this site, in an old browser", false, "POST", []string{"Origin: https://site.example"}},
		{"a form without any of these headers", false, "POST", nil},
	} {
		word := map[bool]string{true: "may come without the cookie", false: "comes with the cookie"}[c.lacks]
		t.Run(c.what+" "+word, func(t *testing.T) {
			if site.mayLackCookie(browserRequest(c.method, "site.example", c.sent...)) != c.lacks {
				t.Errorf("%v", c.sent)
			}
		})
	}
}
