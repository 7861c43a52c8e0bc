package transport

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestRedirect(t *testing.T) {
	for _, c := range []struct{ asked, location, want string }{
		{"http://a.example/x?y", "https://a.example/x?z", ToHTTPS},
		{"http://a.example:8080/x", "https://A.example:8443/x", ToHTTPS},
		{"https://a.example/x", "http://a.example/x", ToHTTP},
		{"https://a.example/x", "https://a.example:443/x/", ToSlash},
		{"https://a.example/x/", "/x", ToSlash},
		{"https://a.example/x", "//a.example/login", ToOtherPath},
		{"https://a.example/x", "login", ToOtherPath},
		{"https://a.example/x", "https://www.a.example/x", ToOtherHost},
		{"https://a.example/x", "https://a.example:8443/x", ToOtherHost},
		{"https://a.example/x", "ftp://a.example/x", ToOtherHost},
		{"https://a.example/x", "", ToNothingKnown},
		{"https://a.example/x", "https://a b/", ToNothingKnown},
	} {
		t.Run("a redirect of "+c.asked+" to "+c.location+" is of the sort "+c.want, func(t *testing.T) {
			asked, err := url.Parse(c.asked)
			if err != nil {
				t.Fatal(err)
			}
			got := redirectOf(asked, reply{status: 302, header: http.Header{"Location": {c.location}}})
			if got != c.want {
				t.Errorf("it is %s", got)
			}
		})
	}
	t.Run("another status is no redirect", func(t *testing.T) {
		for _, status := range []int{200, 201, 404} {
			if got := redirectOf(&url.URL{}, reply{status: status, header: http.Header{"Location": {"/x"}}}); got != NoRedirect {
				t.Errorf("%d: %s", status, got)
			}
		}
	})
}

func TestAddress(t *testing.T) {
	for want, target := range map[string]Target{
		"POST https://a.example:443/v1/x":      {URL: "https://a.example/v1", Path: "/x?key=" + marker, Method: "POST"},
		"GET http://a.example:80/x":            {URL: "http://user:" + marker + "@a.example", Path: "/x", Method: "GET"},
		"GET http://[::1]:8080/x%20y":          {URL: "http://[::1]:8080", Path: "/x%20y", Method: "GET"},
		"GET (an address that does not parse)": {URL: "http://a b", Path: "/" + marker, Method: "GET"},
		"GET https://a.example:443/x":          {URL: "https://a.example", Path: "/x#" + marker, Method: "GET"},
	} {
		if got := target.Address(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := For("bearer", "correct $url or $tls.ca"); got != "correct bearer.url or bearer.tls.ca" {
		t.Error(got)
	}
}

func TestAdvice(t *testing.T) {
	t.Run("what is no HTTP/1.1 says what it is instead, without what came", func(t *testing.T) {
		for _, c := range []struct {
			name, sent, want, advice string
			settings                 bool
		}{
			{"an alert of TLS", "\x15\x03\x01\x00\x02\x02\x46", "its port speaks TLS, and was asked without", "write https://", true},
			{"settings of HTTP/2", "\x00\x00\x00\x04\x00\x00\x00\x00\x00" + marker, "it speaks HTTP/2 alone", "$url", true},
			{"a mail server", "220 " + marker + " ESMTP\r\n", "not understood as HTTP", "$url", true},
			{"a database", "J\x00\x00\x00\x0a5.7." + marker, "not understood as HTTP", "$url", true},
			{"nothing", "", "connection closed early", "HTTP/2 alone", false},
			{"too little", "HT", "not understood as HTTP", "cut off", false},
			{"Go's words", "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", "its port wants TLS, and was asked without", "write https://", true},
			{"nginx's words", "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>The plain HTTP request was sent to HTTPS port</html>", "its port wants TLS, and was asked without", "write https://", true},
			{"Apache's words", "HTTP/1.1 400 Bad Request\r\n\r\nYou're speaking plain HTTP to an SSL-enabled server port.", "its port wants TLS, and was asked without", "write https://", true},
			{"its words in an answer", "HTTP/1.1 200 OK\r\n\r\nClient sent an HTTP request to an HTTPS server.", "its body is not one plain JSON object", "$path", false},
		} {
			t.Run(c.name, func(t *testing.T) {
				address, _ := serve(t, write(c.sent))
				response, err := call(t, Target{URL: address}, "", ample)
				got := response.Defect
				if err != nil {
					got = err.Error()
				}
				if got != c.want || !strings.Contains(response.Advice, c.advice) || response.Settings != c.settings {
					t.Errorf("%s, %s, settings %v; want %s", got, response.Advice, response.Settings, c.want)
				}
			})
		}
	})
}
