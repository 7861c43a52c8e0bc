package upstreams

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
)

// Gateway is an HTTP proxy, as the networks of companies have one on the way out: it opens tunnels
// (CONNECT), and passes on requests with a whole address, for who knows its user and password.
type Gateway struct {
	URL string // with user and password

	server *httptest.Server
	user   string
	word   string

	mu   sync.Mutex
	seen []string
}

// NewGateway starts a proxy. A user and a password that are empty are not asked for.
func NewGateway(user, password string) *Gateway {
	g := &Gateway{user: user, word: password}
	g.server = NewHTTPServer(http.HandlerFunc(g.serve))
	g.URL = g.server.URL
	if user != "" {
		g.URL = "http://" + user + ":" + password + "@" + g.server.Listener.Addr().String()
	}
	return g
}

// Seen lists what was asked for so far: method and address.
func (g *Gateway) Seen() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.seen...)
}

// Close ends the proxy.
func (g *Gateway) Close() {
	g.server.CloseClientConnections()
	g.server.Close()
}

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.seen = append(g.seen, r.Method+" "+r.RequestURI)
	g.mu.Unlock()
	r.Header["Authorization"], r.Header["X-Kept"] = r.Header["Proxy-Authorization"], r.Header["Authorization"]
	user, word, _ := r.BasicAuth()
	if user != g.user || word != g.word {
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	if r.Method == http.MethodConnect {
		tunnel(w, r.Host)
		return
	}
	r.Header["Authorization"] = r.Header["X-Kept"]
	r.Header.Del("X-Kept")
	r.Header.Del("Proxy-Authorization")
	r.RequestURI = ""
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	for name, lines := range response.Header {
		w.Header()[name] = lines
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body)
}

// tunnel joins the client to an address.
func tunnel(w http.ResponseWriter, address string) {
	to, err := net.Dial("tcp", address)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	from, in, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = to.Close()
		return
	}
	go func() {
		_, _ = io.Copy(to, in)
		_ = to.Close()
	}()
	_, _ = io.Copy(from, to)
	_ = from.Close()
}
