package transport

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestClientShared(t *testing.T) {
	signs := map[string]bool{
		"Age: 3\r\n": true, "Age: 03\r\n": true, "Age:  3 \r\n": true, "Age: 3.0\r\n": true, "Age: 1e3\r\n": true, "Age: 0.5\r\n": true, "Age: +0\r\n": true, "Age: -0\r\n": true,
		"Age: 0x0\r\n": true, "Age: abc\r\n": true, "Age: 0;3\r\n": true, "Age: 3\r\nAge: 0\r\n": true, "Age: 0\r\nAge:\r\n": true, "AGE: 3\r\n": true, "Age: 99999999999999999999\r\n": true,
		"Age: 0\r\n": false, "Age:  0 \r\n": false, "Age: 00\r\n": false, "Age: 0, 0\r\n": false, "Age: 0\r\nAge: 0\r\n": false,

		"Cache-Status: edge; hit\r\n": true, "Cache-Status: origin; fwd=miss, edge;hit; ttl=30\r\n": true, "Cache-Status: edge; hit=?1\r\n": true, "Cache-Status: edge;fwd=miss\r\nCache-Status: other;hit\r\n": true,
		"Cache-Status: edge; fwd=uri-miss; stored\r\n": false, "Cache-Status: \"hit\"; fwd=miss\r\n": false, "Cache-Status: edge; hit=?0\r\n": false, "Cache-Status: edge; detail=hit\r\n": false,

		"Age: 0\r\nX-Varnish: 32770 3\r\n": true, "Age: 0\r\nX-Varnish: 32770\r\n": false,
		"X-Cache: HIT\r\n": true, "X-Cache: hit\r\n": true, "X-Cache: MISS, HIT\r\n": true, "X-Cache: Hit from cloudfront\r\n": true, "X-Cache: RefreshHit from cloudfront\r\n": true, "X-Cache: TCP_MEM_HIT from a23\r\n": true,
		"X-Cache: MISS\r\nX-Cache: HIT\r\n": true, "X-Cache-Status: STALE\r\n": true, "X-Cache-Status: UPDATING\r\n": true, "X-Proxy-Cache: HIT\r\n": true, "CF-Cache-Status: HIT\r\n": true, "CF-Cache-Status: REVALIDATED\r\n": true,
		"X-Cache: MISS from hit.example.com\r\n": false, "X-Cache: Miss from cloudfront\r\n": false, "X-Cache-Status: BYPASS\r\n": false, "X-Cache-Status: EXPIRED\r\n": false, "CF-Cache-Status: DYNAMIC\r\n": false, "X-Cache: white\r\n": false,
		"X-Nginx-Cache: HIT\r\n": true, "X-FastCGI-Cache: HIT\r\n": true, "X-LiteSpeed-Cache: hit\r\n": true, "CDN-Cache: HIT\r\n": true, "Akamai-Cache-Status: Hit from child\r\n": true, "X-Cache-Hits: 0, 3\r\n": true,
		"X-Nginx-Cache: MISS\r\n": false, "X-LiteSpeed-Cache: miss\r\n": false, "CDN-Cache: MISS\r\n": false, "X-Cache-Hits: 0, 0\r\n": false,
		"Via: 1.1 varnish\r\n": false, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n": false, "Expires: 0\r\n": false,
	}

	t.Run("a response that says that a cache had it was not made for this call, and nothing of it is read", func(t *testing.T) {
		for headers, cached := range signs {
			url, _ := serve(t, func(conn net.Conn, _ <-chan struct{}) { writeResponse(conn, headers, object) })
			response, err := call(t, Target{URL: url}, "", ample)
			if err != nil || response.Cached != cached || (response.Body == nil) != cached {
				t.Errorf("%q: %v, %v (%v)", headers, response.Cached, response.Body, err)
			}
		}
	})

	t.Run("over HTTP/2 too, and questions ask for no such response", func(t *testing.T) {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor != 2 || r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Pragma") != "no-cache" {
				t.Errorf("%s: %v", r.Proto, r.Header)
			}
			if r.URL.Path != "/fresh" {
				w.Header().Set("Age", "3")
			}
			_, _ = io.WriteString(w, object)
		}))
		server.EnableHTTP2 = true
		server.StartTLS()
		defer server.Close()
		for path, cached := range map[string]bool{"/cached": true, "/fresh": false} {
			response, err := call(t, Target{URL: server.URL, Path: path, TLS: TLS{InsecureSkipVerify: true}}, "", ample)
			if err != nil || response.Cached != cached {
				t.Errorf("%s: %v (%v)", path, response.Cached, err)
			}
		}
	})
}
