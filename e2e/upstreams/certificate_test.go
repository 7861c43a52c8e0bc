package upstreams

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"
	"time"
)

func TestCertificate(t *testing.T) {
	t.Run("is trusted by its own authority only", func(t *testing.T) {
		w := webServiceFixture(t, Options{TLS: true})
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(w.CA())) {
			t.Fatal("CA is no PEM")
		}
		trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
		defer trusting.CloseIdleConnections()
		response, err := trusting.Get(w.URL + w.Path())
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != 401 {
			t.Errorf("over TLS, a call without a token got %d", response.StatusCode)
		}
		if response, err := http.Get(w.URL); err == nil {
			response.Body.Close()
			t.Error("a client without the authority was served")
		}
		if webServiceFixture(t, Options{}).CA() != "" {
			t.Error("a plain server has an authority")
		}
	})

	t.Run("can be an expired one", func(t *testing.T) {
		w := webServiceFixture(t, Options{TLS: true, TLSUntil: time.Now().Add(-time.Hour)})
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM([]byte(w.CA()))
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
		if response, err := client.Get(w.URL); err == nil {
			response.Body.Close()
			t.Error("an expired certificate was accepted")
		}
	})
}
