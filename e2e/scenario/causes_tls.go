package scenario

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// serveHTTP starts net/http's server with TLS.
func serveHTTP(t *testing.T, config *tls.Config, protocols *http.Protocols) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, allowBody)
		}),
		TLSConfig: config, Protocols: protocols, ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	return "https://" + listener.Addr().String()
}

func causesOfCertificates(t *testing.T, h *Harness) {
	authority, ca, err := upstreams.Certificate("127.0.0.1", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	own := func(host string, until time.Time) *tls.Config {
		certificate, err := upstreams.Signed(authority, host, until)
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(ca))
	good := own("127.0.0.1", time.Time{})
	with := func(change func(c *tls.Config)) *tls.Config {
		c := &tls.Config{Certificates: good.Certificates}
		change(c)
		return c
	}
	foreign, _, err := upstreams.Certificate("127.0.0.1", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	trusted := []any{"tls", map[string]any{"ca": ca}}
	keys := func(name string, value any) []any { return []any{"tls", map[string]any{name: value}} }
	var cases []causeCase
	add := func(name string, config *tls.Config, more []any, says ...string) {
		var protocols *http.Protocols
		if config.CipherSuites != nil {
			protocols = &http.Protocols{} // HTTP/2 requires a cipher that is left out
			protocols.SetHTTP1(true)
		}
		c := causeCase{name: name, url: serveHTTP(t, config, protocols), more: more, says: says, never: []string{".example", "x509", "remote error"}}
		if len(says) > 0 {
			c.event = "misconfigured"
		}
		cases = append(cases, c)
	}
	add("valid", good, trusted)
	add("unknown authority", own("127.0.0.1", time.Time{}), nil, "unknown authority", "bearer.tls.ca")
	add("another authority", &tls.Config{Certificates: []tls.Certificate{foreign}}, trusted, "unknown authority", "bearer.tls.ca")
	add("expired", own("127.0.0.1", time.Now().Add(-time.Hour)), trusted, "has expired")
	for _, host := range []string{"api.example", strings.ToLower(Marker) + "expired.example", "unknown-authority.protocol-version.example"} {
		add("for "+host, own(host, time.Time{}), trusted, "another name", "bearer.tls.serverName", "bearer.url")
	}
	add("a serverName that it is not for", own("127.0.0.1", time.Time{}), keys("serverName", "other.example"), "another name", "bearer.tls.serverName")
	old := func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }
	add("TLS 1.1", with(old), trusted, "no TLS 1.2 or newer", "server has to offer")
	add("TLS 1.0, not verified", with(func(c *tls.Config) { old(c); c.MaxVersion = tls.VersionTLS10 }), keys("insecureSkipVerify", "true"), "no TLS 1.2 or newer")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		add(fmt.Sprintf("a client certificate, %x", version), with(func(c *tls.Config) {
			c.ClientAuth, c.ClientCAs, c.MinVersion, c.MaxVersion = tls.RequireAndVerifyClientCert, pool, version, version
		}), trusted, "client certificate", "bearer.tls.cert", "bearer.tls.key")
	}
	add("no cipher in common", with(func(c *tls.Config) {
		c.NextProtos, c.MaxVersion, c.CipherSuites = []string{"http/1.1"}, tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}
	}), trusted, "nothing in common", "TLS 1.2 or 1.3")
	runCauses(t, h, cases)
}

// causesOfEachAPI: the same wrong path for the five ways to ask, with the canary.
func causesOfEachAPI(t *testing.T, h *Harness) {
	routes, want := Routes{}, map[string]string{}
	headers := map[string]string{}
	up := upstreams.NewRawServer(nil, func(c net.Conn, _ *http.Request, _ int) bool {
		_, err := io.WriteString(c, upstreams.Raw(404, `{"error":"`+Marker+`"}`))
		return err == nil
	})
	defer up.Close()
	base := up.URL
	add := func(kind, api, header, call string, more ...any) {
		route := kind + "-" + api
		routes[route] = routeConfig(kind, api, base+"/v1", more...)
		headers[route] = header
		want[route] = kind + " (" + api + "), " + strings.Replace(call, " ", " "+base+"/v1", 1) + ": misconfigured: "
	}
	add("bearer", "ippanel", bearer(Marker+"token"), "POST /api/acl/auth/check_token")
	add("bearer", "bts", bearer(Marker+"token"), "GET /v1/status/index", "path", "/v1/status/index")
	add("bearer", "webservice", bearer(Marker+"token"), "POST /x%20y", "path", "/x%20y?a-word", "method", "POST")
	add("applicationKey", "thammasat", "Application-Key: "+Marker+"key", "POST /api/v1/auth/Ad/verify")
	add("basic", "thammasat", basic(Marker+"user", Marker+"password"), "POST /api/v1/auth/Ad/verify", "applicationKey", "env:UPSTREAMAUTH_TU_KEY")
	h.Serve(routes)
	for route, header := range headers {
		calls, begun := up.Requests(), clockOf(h)
		for range 20 {
			r := h.Expect(500, Request{Route: route, Headers: []string{header}})
			expectRetryAfter(t, r, 1, 10)
			h.Advance(40 * time.Millisecond)
		}
		// Each asks again after one, two and four seconds more: where 20 requests take longer
		// than they do on most machines, more of that is due.
		most := 5
		if clockOf(h).Sub(begun) > 3*time.Second {
			most = 8
		}
		if made := up.Requests() - calls; made > most {
			t.Errorf("%s: %d calls for 20 requests, the canary's among them", route, made)
		}
	}
	for route, lines := range causesByMiddleware(h, slices.Collect(maps.Keys(routes))...) {
		if len(lines) != 1 || lines[0].Event != "misconfigured" || !strings.HasPrefix(lines[0].Detail, want[route]) ||
			!strings.Contains(lines[0].Detail, strings.SplitN(route, "-", 2)[0]+".path") {
			t.Errorf("%s: %v, want %s", route, lines, want[route])
		}
		delete(want, route)
	}
	expectCount(t, "routes without a line", len(want), 0)
}

// nameEvent: a machine without name servers cannot tell that a name does not exist.
func nameEvent() string {
	_, err := net.LookupHost("upstream.invalid")
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return "misconfigured"
	}
	return "outage"
}

// tlsPort is a server of net/http that is asked without TLS.
func tlsPort(t *testing.T, certificate tls.Certificate) string {
	return "http" + strings.TrimPrefix(serveHTTP(t, &tls.Config{Certificates: []tls.Certificate{certificate}}, nil), "https")
}

// http2Alone is a server that accepts no other protocol than h2.
func http2Alone(t *testing.T, certificate tls.Certificate) string {
	var only http.Protocols
	only.SetHTTP2(true)
	return serveHTTP(t, &tls.Config{Certificates: []tls.Certificate{certificate}}, &only)
}
