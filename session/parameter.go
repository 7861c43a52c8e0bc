package session

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// maxForm is the limit of a hand-off's query and of its form, in bytes.
const maxForm = 64 << 10

// parameter finds the value of one name in a query or a form. Other names are not
// looked at: what a link's maker adds to it, such as promo=100%, need not even parse.
type parameter struct {
	pattern *regexp.Regexp
}

// newParameter makes a parameter of a name of ASCII letters, digits, "-", "_" and ".".
// The pattern also finds the name with letters written as %XX, which mean the same: a
// second value must not hide that way. It searches in one call into compiled code,
// however many names a client sends.
func newParameter(name string) *parameter {
	pattern := ""
	for i := 0; i < len(name); i++ {
		pattern += fmt.Sprintf(`(?:%s|%%(?i:%02x))`, regexp.QuoteMeta(name[i:i+1]), name[i])
	}
	return &parameter{pattern: regexp.MustCompile(`(?:^|&)` + pattern + `=([^&]+)`)}
}

// read returns the value; empty if there is none, or an empty one. A second value is
// a denial, and so is one that does not parse. A ";" separates nothing, as in
// net/url, and is not part of a value either, since other readers split there.
func (p *parameter) read(encoded string) (string, verifier.Denial) {
	if encoded == "" {
		return "", verifier.Denial{}
	}
	if len(encoded) > maxForm {
		return "", verifier.Denial{Reason: verifier.Malformed}
	}
	found := p.pattern.FindAllStringSubmatch(encoded, 2)
	if len(found) == 0 {
		return "", verifier.Denial{}
	}
	if len(found) > 1 {
		return "", verifier.Denial{Reason: verifier.Ambiguous}
	}
	value, err := url.QueryUnescape(found[0][1])
	if err != nil || strings.Contains(found[0][1], ";") {
		return "", verifier.Denial{Reason: verifier.Malformed}
	}
	return value, verifier.Denial{}
}

// postedForm returns the form that a request brings, still encoded; empty if it brings
// none. A form that is longer than maxForm, or cannot be read, is a denial.
func postedForm(r *http.Request) (string, verifier.Denial) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" || r.Method != http.MethodPost {
		return "", verifier.Denial{}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if err != nil || len(body) > maxForm {
		return "", verifier.Denial{Reason: verifier.Malformed}
	}
	return string(body), verifier.Denial{}
}
