package bench

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// newBackend responds at once, with three bytes. With the query "identity" it
// responds with the identity headers of the request; other requests pay nothing for
// that.
func newBackend() *httptest.Server {
	answer := []byte("ok\n")
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = []string{"text/plain"}
		if r.URL.RawQuery == "identity" {
			_, _ = io.WriteString(w, r.Header.Get("X-Auth-Api")+" "+r.Header.Get("X-Auth-User"))
			return
		}
		_, _ = w.Write(answer)
	}))
}

// newAuth is a server for forwardAuth that allows every request, at once, with the
// identity of a hit.
func newAuth() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range identity {
			w.Header()[name] = []string{value}
		}
		w.WriteHeader(http.StatusOK)
	}))
}

// identity is what a hit on the bearer route adds; forwardAuth and the headers
// middleware add as much.
var identity = map[string]string{
	"X-Auth-User": "client",
	"X-Auth-Id":   "7",
	"X-Auth-Name": "Client",
}

// wholeIdentity is what it adds where the configuration names no headers.
var wholeIdentity = map[string]string{
	"X-Auth-Api":     "webservice",
	"X-Auth-User":    "client",
	"X-Auth-Id":      "7",
	"X-Auth-Name":    "Client",
	"X-Auth-Expires": "2030-01-01T00:00:00Z",
}

// client is the user behind the bearer token.
func client() upstreams.User {
	return upstreams.User{UserName: "client", ID: 7, Name: "Client"}
}

// bulkToken is the i-th token of the bulk upstream, as long as a real one.
func bulkToken(i int) string { return fmt.Sprintf("bulk%028x", i) }

// newBulk is a web service that allows every bulkToken and stores nothing, so that
// 100,000 tokens cost no memory in this process.
func newBulk() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
		token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer bulk")
		var i int
		if _, err := fmt.Sscanf(token, "%x", &i); !found || err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"status":"error","message":"no","code":401}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"IsSuccess":true,"Data":{"UserName":"user%06d","Id":%d,"Name":"User %06d"}}`, i, i, i)
	}))
}
