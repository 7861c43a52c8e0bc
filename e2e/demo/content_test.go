package demo

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func TestAsked(t *testing.T) {
	for path, c := range map[string]struct {
		api    string
		status int
		kind   string
	}{
		"/v1/api/acl/auth/check_token": {"ippanel", 401, "canary"},
		"/v1/api/acl/auth/login":       {"ippanel", 200, "login"},
		"/auth/refresh":                {"bts", 401, "login"},
		upstreams.BTSStatusPath:        {"bts", 200, "asked"},
		upstreams.ThammasatPath:        {"thammasat", 400, "asked"},
		webServicePath:                 {"webservice", 401, "canary"},
	} {
		t.Run("a call is told by what it is about: "+path, func(t *testing.T) {
			e := asked(upstreams.Seen{API: c.api, Method: "GET", Path: path, Status: c.status})
			if e.Kind != c.kind || e.Text == "" || e.API != c.api {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestBackend(t *testing.T) {
	told := make(chan Received, 1)
	backend, err := NewBackend("", func(r Received) { told <- r })
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	for accept, want := range map[string]string{
		"text/html,*/*":    `<dt>X-Auth-Name</dt><dd><bdi>&lt;b&gt; سارا</bdi>`,
		"application/json": `"value":"%3Cb%3E%20%D8%B3%D8%A7%D8%B1%D8%A7"`,
		"*/*":              "The backend received:\nGET /site/ HTTP/1.1\n",
	} {
		t.Run("it shows what it received: "+accept, func(t *testing.T) {
			request, err := http.NewRequest(http.MethodGet, backend.URL+"/site/", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Accept", accept)
			request.Header.Set("X-Auth-Name", "%3Cb%3E%20%D8%B3%D8%A7%D8%B1%D8%A7")
			response, err := (&http.Client{}).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil || !strings.Contains(string(body), want) || strings.Contains(string(body), "<b>") {
				t.Errorf("%v: %s", err, body)
			}
			if r := <-told; r.Of("X-Auth-Name") != "<b> سارا" || r.Path != "/site/" {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestFree(t *testing.T) {
	t.Run("a port that is taken is an error that says what to do", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := listener.Addr().(*net.TCPAddr).Port
		if err := Free(port); err == nil || !strings.Contains(err.Error(), "make demo DEMO_PORT=") {
			t.Error(err)
		}
		_ = listener.Close()
		if err := Free(port); err != nil {
			t.Error(err)
		}
	})
}
