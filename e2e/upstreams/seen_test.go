package upstreams

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestSeen(t *testing.T) {
	lines := make(chan string, 10)
	d, err := NewDemo(DemoOptions{
		DemoSecrets: DemoSecrets{Password: "pass word/1", APIKey: "short-key"},
		Seen:        func(s Seen) { lines <- s.String() },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ask := func(method, address string, header http.Header) string {
		t.Helper()
		request, err := http.NewRequest(method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = header
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		line := <-lines
		if len(lines) > 0 {
			t.Fatalf("a request has %d lines more", len(lines))
		}
		return line
	}
	token := d.IPPanel.IssueToken(DemoSMSUser)
	as := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

	t.Run("a line says time, API, method, path and status", func(t *testing.T) {
		line := ask("GET", d.WebService.URL+d.WebService.Path(), as(d.Secrets.ServiceToken))
		if fields := strings.Fields(line); len(fields) != 5 || fields[1] != "webservice" || fields[2] != "GET" ||
			fields[3] != d.WebService.Path() || fields[4] != "200" {
			t.Errorf("it is %q", line)
		}
		if line := ask("GET", d.WebService.URL+d.WebService.Path(), as("unknown")); !strings.HasSuffix(line, " 401") {
			t.Errorf("it is %q", line)
		}
	})

	t.Run("it tells whether a credential was presented, and shows none", func(t *testing.T) {
		s := seen(&call{Request: httptest.NewRequest("GET", "/", nil), credentials: []string{"user:password", "a-key"}}, Reply{})
		if !s.Presents("a-key") || !s.Presents("user:password") || s.Presents("key") || s.Presents("user") {
			t.Error("it tells something else")
		}
		if strings.Contains(s.String(), "key") || strings.Contains(s.String(), "password") {
			t.Errorf("it is %q", s)
		}
	})

	t.Run("a reply that is not sent is a closed connection", func(t *testing.T) {
		d.BTS.AnswerAll(&Reply{Drop: true})
		if line := ask("GET", d.BTS.URL+"/", nil); !strings.HasSuffix(line, " closed") {
			t.Errorf("it is %q", line)
		}
	})

	t.Run("no credential is in it, wherever it was sent", func(t *testing.T) {
		for name, line := range map[string]string{
			"query":                ask("GET", d.WebService.URL+"/x?token="+token+"&key=short-key", nil),
			"path":                 ask("GET", d.WebService.URL+"/x/"+token+"/y", nil),
			"path, and the header": ask("GET", d.WebService.URL+"/short", as("short")),
			"path, a known one":    ask("GET", d.IPPanel.URL+"/x-short-key-y", nil),
			"path, an escaped one": ask("GET", d.IPPanel.URL+"/"+url.PathEscape(d.Secrets.Password), nil),
			"path, after many":     ask("GET", d.IPPanel.URL+strings.Repeat("/a", 20)+"/"+token, nil),
			"method":               ask("short-key", d.IPPanel.URL+"/x", nil),
			"method, an unknown":   ask(token, d.IPPanel.URL+"/x", nil),
		} {
			for _, credential := range []string{token, "short", "pass", "word/1"} {
				if strings.Contains(line, credential) {
					t.Errorf("%s: %q is in the line", name, credential)
				}
			}
		}
	})
}
