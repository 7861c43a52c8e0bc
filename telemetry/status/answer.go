package status

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// maxBody bounds what is read of a request's body.
const maxBody = 16 << 10

// status serves one route. It is safe for concurrent use.
type status struct {
	options  *Options
	sources  *Sources
	attempts *Attempts
	cookies  *Cookies
	log      *telemetry.Log
	digest   [32]byte // of the token
	policy   string   // of the page
}

// answer is a whole response. Its zero value is none.
type answer struct {
	status   int
	kind     string // its media type
	body     string
	wait     time.Duration // Retry-After; 0: none
	allow    string        // the method that is allowed; empty: it is not about that
	location string
	cookie   string // a line of Set-Cookie
}

const (
	jsonType = "application/json; charset=utf-8"
	htmlType = "text/html; charset=utf-8"
	textType = "text/plain; version=0.0.4; charset=utf-8"
)

// cookieLine is the Set-Cookie line of a value that a browser keeps for age seconds; a
// negative age deletes the cookie. Without a path the cookie is sent to the folder of the
// route alone, whatever prefix a middleware has cut off.
func (s *status) cookieLine(r *http.Request, value string, age int) string {
	c := &http.Cookie{
		Name: s.cookies.Name, Value: value, MaxAge: age,
		HttpOnly: true, Secure: s.options.SecureAlways || r.TLS != nil, SameSite: http.SameSiteStrictMode,
	}
	line := c.String()
	return line
}

// readBody reads a body; false: it is too large, or was not sent whole.
func readBody(r *http.Request) (string, bool) {
	if r.Body == nil {
		return "", true
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	return string(body), err == nil && len(body) <= maxBody
}

// lastPart is what stands behind the last slash of a path.
func lastPart(path string) string {
	return path[strings.LastIndexByte(path, '/')+1:]
}

// wantsPage tells whether a browser asks for a page, to show it.
func wantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// failure is an answer with a message, in the form of all errors here.
func failure(code int, message string) *answer {
	body := `{"status":"error","message":` + strictjson.Quote(message) + `,"code":` + strconv.Itoa(code) + `}`
	return &answer{status: code, kind: jsonType, body: body}
}

func notAllowed(methods string) *answer {
	a := failure(http.StatusMethodNotAllowed, "Allowed here: "+methods+".")
	a.allow = methods
	return a
}
