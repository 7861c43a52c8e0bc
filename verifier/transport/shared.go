package transport

import (
	"net/http"
	"regexp"
	"strings"
)

// A cache on the way that forgets Authorization would answer one client with what the
// upstream said of another. Questions ask for no such response (addHeaders), and one
// that says that a cache had it is none.

// noAge is an Age (RFC 9111, 5.1) of a response that was made just now: 0, from each
// cache on the way. Any other Age, also one that is no number, is a cache's.
var noAge = regexp.MustCompile(`^[ \t]*0+[ \t]*(,[ \t]*0+[ \t]*)*$`)

// cacheWord is what caches without a standard say of a response that they had: "HIT",
// "Hit from cloudfront", "TCP_MEM_HIT from a23", "MISS, HIT".
var cacheWord = regexp.MustCompile(`(?i)(^|,)[ \t]*[a-z_]*(hit|stale|updating|revalidated)\b`)

// cacheHits are found in the headers with which caches say that they had a response.
// Age alone does not tell: it is 0 in the first second, and some caches (nginx) send none.
var cacheHits = map[string]*regexp.Regexp{
	"Cache-Status":    regexp.MustCompile(`(?i);[ \t]*hit[ \t]*(=[ \t]*\?1[ \t]*)?(;|,|$)`), // RFC 9211
	"X-Varnish":       regexp.MustCompile(`[0-9][ \t]+[0-9]`),                               // the numbers of this request and of an earlier one
	"X-Cache-Hits":    regexp.MustCompile(`[1-9]`),                                          // beside X-Cache: how often
	"X-Cache":         cacheWord,
	"X-Cache-Status":  cacheWord,
	"X-Proxy-Cache":   cacheWord,
	"Cf-Cache-Status": cacheWord,

	// Names that nginx's, LiteSpeed's and delivery networks' own examples have.
	"X-Nginx-Cache":       cacheWord,
	"X-Fastcgi-Cache":     cacheWord,
	"X-Litespeed-Cache":   cacheWord,
	"Cdn-Cache":           cacheWord,
	"Akamai-Cache-Status": cacheWord,
}

// isCached tells whether a response says that a cache on the way had it.
func isCached(header http.Header) bool {
	ages := header["Age"]
	if len(ages) > 0 && !noAge.MatchString(strings.Join(ages, ",")) {
		return true
	}
	for name, hit := range cacheHits {
		lines := header[name]
		if len(lines) > 0 && hit.MatchString(strings.Join(lines, ",")) {
			return true
		}
	}
	return false
}
