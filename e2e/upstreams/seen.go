package upstreams

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Seen is one request and its reply, as a line of a log may show them: without query, headers, bodies,
// and without what may be a credential in the path.
type Seen struct {
	At     time.Time // in real time
	API    string    // of the demo's servers: thammasat, ippanel, bts, webservice
	Method string
	Path   string
	Status int // 0: the connection is closed in place of a reply

	presented string // its credentials, between line ends; no line shows them
}

// Presents tells whether the request presented this credential: a token, a key, or "user:password".
func (s Seen) Presents(credential string) bool {
	return strings.Contains(s.presented, "\n"+credential+"\n")
}

// PresentsSuffix tells whether it presented one that ends so.
func (s Seen) PresentsSuffix(end string) bool { return strings.Contains(s.presented, end+"\n") }

// String is the line.
func (s Seen) String() string {
	status := "closed"
	if s.Status != 0 {
		status = fmt.Sprint(s.Status)
	}
	return fmt.Sprintf("%s  %-10s  %-4s  %s  %s", s.At.Format(time.TimeOnly), s.API, s.Method, s.Path, status)
}

// maxWord is the longest word of a method or a path that is shown. Those of the documents are shorter,
// tokens and keys are longer.
const maxWord = 24

// maxWords is how many words of a path are shown.
const maxWords = 10

// hidden stands for what is not shown.
const hidden = "(hidden)"

// seen is what is shown of a request.
func seen(c *call, reply Reply) Seen {
	status := cmp.Or(reply.Status, http.StatusOK)
	if reply.Drop {
		status = 0
	}
	path := c.URL.EscapedPath()
	for _, credential := range c.credentials {
		for part := range strings.SplitSeq(credential, ":") {
			if part != "" && strings.Contains(c.URL.Path, part) {
				path = "/" + hidden
			}
		}
	}
	words := strings.SplitN(path, "/", maxWords) // the last one may be long
	for i, word := range words {
		words[i] = shown(word)
	}
	return Seen{
		At: time.Now(), Method: shown(c.Method), Path: strings.Join(words, "/"), Status: status,
		presented: "\n" + strings.Join(c.credentials, "\n") + "\n",
	}
}

func shown(word string) string {
	if len(word) > maxWord {
		return hidden
	}
	return word
}

// told is tell without the demo's own credentials, wherever they stand, and one call at a time.
func (d *Demo) told(tell func(Seen)) func(Seen) {
	if tell == nil {
		return func(Seen) {}
	}
	s := d.Secrets
	secrets := []string{s.Password, s.ApplicationKey, s.OTP, s.APIKey, s.ServiceToken}
	var mu sync.Mutex
	return func(seen Seen) {
		path, _ := url.PathUnescape(seen.Path) // it was escaped here
		holds := func(secret string) bool { return strings.Contains(path, secret) || seen.Method == secret }
		if slices.ContainsFunc(secrets, holds) {
			seen.Method, seen.Path = hidden, "/"+hidden
		}
		mu.Lock()
		defer mu.Unlock()
		tell(seen)
	}
}
