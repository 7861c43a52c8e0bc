package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// keyPair is a certificate and its key, both in PEM.
type keyPair struct{ cert, key string }

// certificate makes a self-signed certificate for a name, or for 127.0.0.1.
func certificate(t *testing.T, name string, until time.Time) keyPair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test"},
		NotBefore:             until.Add(-24 * time.Hour),
		NotAfter:              until,
		IsCA:                  true,
		BasicConstraintsValid: true,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if name == "" {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{
		cert: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		key:  string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})),
	}
}

// serveTLS starts a TLS server that counts its requests.
func serveTLS(t *testing.T, p keyPair, config *tls.Config) (url string, requests *atomic.Int64) {
	t.Helper()
	loaded, err := tls.X509KeyPair([]byte(p.cert), []byte(p.key))
	if err != nil {
		t.Fatal(err)
	}
	requests = &atomic.Int64{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.TLS == nil || r.TLS.Version < tls.VersionTLS12 {
			t.Error("a request over an old TLS, or none")
		}
		_, _ = io.WriteString(w, object)
	}))
	config.Certificates = []tls.Certificate{loaded}
	server.TLS = config
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, requests
}

func TestClientTLS(t *testing.T) {
	t.Run("a credential is sent only to a server that is authenticated", func(t *testing.T) {
		later := time.Now().Add(time.Hour)
		own, named, other := certificate(t, "", later), certificate(t, "api.example", later), certificate(t, "", later)
		expired := certificate(t, "", time.Now().Add(-time.Hour))
		old := &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
		clients := x509.NewCertPool()
		clients.AppendCertsFromPEM([]byte(other.cert))
		mutual := &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, MaxVersion: tls.VersionTLS12}
		mutual13 := &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, MinVersion: tls.VersionTLS13}
		cases := []struct {
			name   string
			server keyPair
			config *tls.Config
			client TLS
			want   string // the error; empty: none
		}{
			{"its authority is given", own, &tls.Config{}, TLS{CA: own.cert}, ""},
			{"several authorities are given", own, &tls.Config{}, TLS{CA: other.cert + own.cert}, ""},
			{"the system's roots do not have its authority", own, &tls.Config{}, TLS{}, "TLS: its certificate is signed by an unknown authority"},
			{"another authority", own, &tls.Config{}, TLS{CA: other.cert}, "TLS: its certificate is signed by an unknown authority"},
			{"another name", named, &tls.Config{}, TLS{CA: named.cert}, "TLS: its certificate is for another name"},
			{"the name is given", named, &tls.Config{}, TLS{CA: named.cert, ServerName: "api.example"}, ""},
			{"another name is given", own, &tls.Config{}, TLS{CA: own.cert, ServerName: "api.example"}, "TLS: its certificate is for another name"},
			{"expired", expired, &tls.Config{}, TLS{CA: expired.cert}, "TLS: its certificate has expired"},
			{"no authentication", expired, &tls.Config{}, TLS{InsecureSkipVerify: true}, ""},
			{"TLS 1.1", own, old, TLS{CA: own.cert}, "TLS: it supports no TLS 1.2 or newer"},
			{"TLS 1.1 without authentication", own, old.Clone(), TLS{InsecureSkipVerify: true}, "TLS: it supports no TLS 1.2 or newer"},
			{"it requires a client certificate", own, mutual, TLS{CA: own.cert}, "TLS: it finds nothing in common with TLS 1.2 or 1.3 as the plugin offers them"},
			{"it requires a client certificate, in TLS 1.3", own, mutual13, TLS{CA: own.cert}, "TLS: it requires a client certificate"},
			{"it does not know the client certificate's authority", own, mutual13.Clone(), TLS{CA: own.cert, Cert: own.cert, Key: own.key}, "TLS: it refuses the client certificate"},
			{"it is for another name, which holds other causes", certificate(t, "expired.protocol-version.example", later), &tls.Config{}, TLS{InsecureSkipVerify: false}, "TLS: its certificate is for another name"},
			{"a client certificate is given", own, mutual.Clone(), TLS{CA: own.cert, Cert: other.cert, Key: other.key}, ""},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				url, requests := serveTLS(t, c.server, c.config)
				response, err := call(t, Target{URL: url, TLS: c.client}, "", ample)
				if c.want == "" {
					if err != nil || response.Body == nil || requests.Load() != 1 {
						t.Errorf("%+v (%v)", response, err)
					}
					return
				}
				if err == nil || err.Error() != c.want {
					t.Errorf("got %v, want %s", err, c.want)
				}
				if requests.Load() != 0 {
					t.Error("the credential was sent")
				}
			})
		}
	})
}

func TestClientScheme(t *testing.T) {
	t.Run("a server of the other scheme gets no credential", func(t *testing.T) {
		own := certificate(t, "", time.Now().Add(time.Hour))
		url, requests := serveTLS(t, own, &tls.Config{})
		response, err := call(t, Target{URL: "http" + url[len("https"):]}, "", ample)
		if (err == nil && response.Body != nil) || requests.Load() != 0 {
			t.Errorf("%+v (%v)", response, err)
		}
		plain, count := serve(t, func(net.Conn, <-chan struct{}) {})
		if _, err := call(t, Target{URL: "https" + plain[len("http"):]}, "", ample); err == nil || count.Load() != 0 {
			t.Errorf("%v", err)
		}
	})
}

func TestNewClient(t *testing.T) {
	t.Run("TLS material that does not parse is an error", func(t *testing.T) {
		own, other := certificate(t, "", time.Now().Add(time.Hour)), certificate(t, "", time.Now().Add(time.Hour))
		for want, given := range map[string]TLS{
			"tls.ca holds no certificate":       {CA: "-----BEGIN " + marker},
			"tls.cert and tls.key do not match": {Cert: own.cert, Key: other.key},
		} {
			if _, err := NewClient(Target{URL: "https://127.0.0.1", TLS: given}, time.Now); err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	})

	t.Run("so is an address that does not parse", func(t *testing.T) {
		if _, err := NewClient(Target{URL: "http://a b/" + marker}, time.Now); err == nil || err.Error() != "the address does not parse" {
			t.Errorf("got %v", err)
		}
	})
}
