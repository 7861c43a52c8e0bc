package upstreams

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const faultBody = `{"IsSuccess":true,"Data":{}}`

// patience is for what has to succeed; impatience, for what may hang.
const (
	patience   = time.Minute
	impatience = 300 * time.Millisecond
)

// fetch sends one request over a connection of its own.
func fetch(p *FaultProxy, config *tls.Config, limit time.Duration) (status int, body string, err error) {
	c := &http.Client{
		Timeout:       limit,
		Transport:     &http.Transport{DisableKeepAlives: true, TLSClientConfig: config, MaxResponseHeaderBytes: 32 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r, err := http.NewRequest(http.MethodGet, p.URL+"/api/user/info", nil)
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Authorization", "Bearer secret-token")
	response, err := c.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusSwitchingProtocols {
		return response.StatusCode, "", nil // its body is the connection, and has no end
	}
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func TestFaultProxy(t *testing.T) {
	t.Run("passes requests on before and after a fault", func(t *testing.T) {
		up := NewWebService(WebServiceOptions{})
		defer up.Close()
		p := NewFaultProxy(up.URL, nil)
		defer p.Close()
		for name, fault := range Faults(faultBody) {
			p.Inject(nil)
			if status, body, err := fetch(p, nil, patience); err != nil || status != 401 || !p.Received("secret-token") {
				t.Fatalf("before %s: %d %q %v", name, status, body, err)
			}
			p.Inject(fault)
			if p.Received("secret-token") {
				t.Fatalf("%s: what was received before is still there", name)
			}
			unread := fault.Unread || fault.Refused
			for range 10 { // where the machine paused, a request may have been given up before it was sent
				status, body, err := fetch(p, nil, impatience)
				if status == 200 && err == nil && body == faultBody {
					t.Errorf("%s: the upstream's reply", name)
				}
				if unread || p.Received("secret-token") {
					break
				}
			}
			if p.Received("secret-token") == unread {
				t.Errorf("%s: received: %v", name, !unread)
			}
		}
	})

	t.Run("an alternating fault fails every other request", func(t *testing.T) {
		up := NewWebService(WebServiceOptions{})
		defer up.Close()
		p := NewFaultProxy(up.URL, nil)
		defer p.Close()
		p.Inject(&Fault{Send: Raw(502, ""), Alternate: true})
		for i, want := range []int{502, 401, 502, 401} {
			if status, _, err := fetch(p, nil, patience); err != nil || status != want {
				t.Errorf("request %d: %d %v, want %d", i+1, status, err, want)
			}
		}
	})
}

func TestFaults(t *testing.T) {
	t.Run("a fault that ends the connection is an error to the client", func(t *testing.T) {
		p := NewFaultProxy("http://127.0.0.1:1", nil)
		defer p.Close()
		faults := Faults(faultBody)
		for _, name := range []string{
			"connections are refused", "it accepts and never reads", "it reads and never replies", "it sends a byte at a time", "it stops inside the headers",
			"it stops inside the body", "it resets before the reply", "it resets inside the body", "it closes before the reply",
			"it closes early", "it closes inside a chunk", "it does not speak HTTP",
		} {
			p.Inject(faults[name])
			if status, body, err := fetch(p, nil, impatience); err == nil {
				t.Errorf("%s: %d %q", name, status, body)
			}
		}
	})
}

func TestFaultProxyTLS(t *testing.T) {
	t.Run("can replace the certificate", func(t *testing.T) {
		up := NewWebService(WebServiceOptions{})
		defer up.Close()
		good, ca, err := Certificate("127.0.0.1", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM([]byte(ca))
		p := NewFaultProxy(up.URL, &tls.Config{Certificates: []tls.Certificate{good}})
		defer p.Close()
		if status, _, err := fetch(p, &tls.Config{RootCAs: roots}, patience); err != nil || status != 401 {
			t.Fatalf("%d %v", status, err)
		}
		for name, host := range map[string]string{"because it doesn't contain any IP SANs": "other.example", "expired": "127.0.0.1"} {
			until := time.Time{}
			if name == "expired" {
				until = time.Now().Add(-time.Hour)
			}
			other, err := Signed(good, host, until)
			if err != nil {
				t.Fatal(err)
			}
			p.Inject(&Fault{TLS: &tls.Config{Certificates: []tls.Certificate{other}}})
			if _, _, err := fetch(p, &tls.Config{RootCAs: roots}, patience); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v", name, err)
			}
			if p.Received("secret-token") {
				t.Errorf("%s: the credential was sent", name)
			}
		}
	})
}

// A faulty body is never the valid one, and is small enough to be read.
func TestOddBodies(t *testing.T) {
	for name, body := range OddBodies("IsSuccess", `,"Data":{}}`) {
		if body == faultBody || len(body) > 64<<10 {
			t.Errorf("%s: %d bytes", name, len(body))
		}
	}
}
