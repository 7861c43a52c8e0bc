package browser

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/upstreamauth/upstreamauth/e2e/ports"
	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// host is the site's name; browsers find it on this machine. distant is another name
// of it, which they do not trust without TLS: there they send no Sec-Fetch-Site.
const (
	host    = "panel.localhost"
	distant = "panel.test"
)

// lifetime is how long a session lasts here.
const lifetime = 2 * time.Hour

// site is a panel's page behind Traefik, and another server that it shows a
// picture of.
type site struct {
	server        *traefik.Server
	secure        string // the address of the entry point with TLS
	release       func() // gives its port back
	up            *upstreams.IPPanel
	pages, others *httptest.Server
	safe          *httptest.Server // others, with TLS: pages with it send no Referer to a server without
	session       map[string]any   // more keys of the session; ${SAFE} in them is the address of safe
	block         map[string]any   // the credential block; nil: tokens of up

	mu   sync.Mutex
	seen []string // the requests to the servers, as text
}

// start starts a site whose Traefik has more in its static configuration.
func start(static map[string]any) (*site, error) { return startWith(static, nil) }

// startWith is start with more keys of the session.
func startWith(static, session map[string]any) (*site, error) {
	return (&site{session: session}).begin(static)
}

// begin starts the site's servers, and Traefik before them.
func (s *site) begin(static map[string]any) (*site, error) {
	s.up = upstreams.NewIPPanel(upstreams.IPPanelOptions{})
	for _, user := range []string{"ali", "sara"} {
		s.up.AddUser(upstreams.PanelUser{UserName: scenario.Marker + user, Password: scenario.Marker + "password", Method: upstreams.MethodLogin, UserID: 7, Name: user})
	}
	s.others = httptest.NewServer(http.HandlerFunc(s.panel))
	s.safe = httptest.NewTLSServer(http.HandlerFunc(s.panel))
	s.pages = httptest.NewServer(http.HandlerFunc(s.page))
	address, release, err := ports.Address()
	if err != nil {
		return nil, err
	}
	s.release = release
	s.secure = "https://" + strings.Replace(address, "127.0.0.1", host, 1)
	static["entryPoints"] = map[string]any{"secure": map[string]any{"address": address, "http": map[string]any{"tls": map[string]any{}}}}
	s.server, err = traefik.Start(traefik.Options{Env: scenario.Environment(), Static: static})
	if err != nil {
		return nil, err
	}
	return s, s.server.Apply("site", s.dynamic())
}

func (s *site) dynamic() map[string]any {
	session := map[string]any{"secret": "env:UPSTREAMAUTH_SESSION", "redirect": "/welcome", "logout": "/logout"}
	for key, value := range s.session {
		if text, ok := value.(string); ok {
			value = strings.ReplaceAll(text, "${SAFE}", s.safe.URL)
		}
		session[key] = value
	}
	config := map[string]any{
		"bearer":  map[string]any{"api": "ippanel", "url": s.up.URL, "loginSecret": "env:UPSTREAMAUTH_LOGIN_SECRET", "lifetime": lifetime.String()},
		"session": session,
	}
	if s.block != nil {
		delete(config, "bearer")
		config["basic"] = s.block
	}
	service := map[string]any{"loadBalancer": map[string]any{"servers": []any{map[string]any{"url": s.pages.URL}}}}
	router := func(entry string) map[string]any {
		return map[string]any{"rule": "Host(`" + host + "`) || Host(`" + distant + "`) || HostRegexp(`^[a-z]+[.]" + distant + "$`)", "middlewares": []string{"upstreamauth"}, "service": "pages", "entryPoints": []string{entry}}
	}
	secure := router("secure")
	secure["tls"] = map[string]any{}
	return map[string]any{"http": map[string]any{
		"routers":     map[string]any{"plain": router("web"), "secure": secure},
		"middlewares": map[string]any{"upstreamauth": map[string]any{"plugin": map[string]any{"upstreamauth": config}}},
		"services":    map[string]any{"pages": service},
	}}
}

// plain is the site's address without TLS.
func (s *site) plain() string {
	address, _ := url.Parse(s.server.URL)
	return "http://" + host + ":" + address.Port()
}

// elsewhere is the other server that pages of a scheme link to.
func (s *site) elsewhere(scheme string) *httptest.Server {
	if scheme == "https" {
		return s.safe
	}
	return s.others
}

func (s *site) stop() {
	_ = s.server.Stop()
	s.release()
	s.pages.Close()
	s.others.Close()
	s.safe.Close()
	s.up.Close()
}

func (s *site) note(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, fmt.Sprint(r.Host, r.RequestURI, r.Header))
}

// requests is the requests to the servers behind Traefik, and beside it, since
// the last call.
func (s *site) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// page shows who is there, a picture of this site and one of another, a link and
// the way out.
func (s *site) page(w http.ResponseWriter, r *http.Request) {
	s.note(r)
	if r.URL.Path == "/picture" {
		s.picture(w, r)
		return
	}
	if r.URL.Path == "/socket" {
		greet(w, r)
		return
	}
	elsewhere := s.elsewhere(r.Header.Get("X-Forwarded-Proto")).URL
	user, _ := url.PathUnescape(r.Header.Get("X-Auth-Name"))
	if r.URL.Path == "/quiet" {
		w.Header().Set("Referrer-Policy", "no-referrer") // then a form's Origin is null
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><title>panel</title><link rel="icon" href="/picture">
<body style="font: 18px sans-serif; margin: 2em"><h1>Hello, %s</h1><p>This page is %s; the SMS panel says who you are until %s.</p>
<p><img src="/picture" alt=""> <img src="%s/picture" alt=""> <a id="next" href="/next">next page</a> <a id="away" href="%s/away">elsewhere</a></p>
<form method="post" action="/logout"><button id="out">log out</button></form></body>`,
		html.EscapeString(user), html.EscapeString(r.URL.Path), html.EscapeString(r.Header.Get("X-Auth-Expires")), elsewhere, elsewhere)
}

// panel is the SMS panel's own page, on a server of its own: it links to wherever
// it is asked to. It has a picture too, and a page that others link to.
func (s *site) panel(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/picture" {
		s.picture(w, r)
		return
	}
	if r.URL.Path == "/away" {
		s.note(r)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><title>the SMS panel</title><body style="font: 18px sans-serif; margin: 2em"><h1>The SMS panel</h1>
<p><a id="go" href="%s">go on to your page</a></p></body>`, html.EscapeString(r.URL.Query().Get("to")))
}

// greet opens a web socket, whoever asks, and says who that is.
func greet(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	socket, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer socket.Close()
	_ = socket.WriteMessage(websocket.TextMessage, []byte(r.Header.Get("X-Auth-User")))
}

func (s *site) picture(w http.ResponseWriter, r *http.Request) {
	s.note(r)
	w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = fmt.Fprint(w, `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle cx="20" cy="20" r="18" fill="#37a"/></svg>`)
}
