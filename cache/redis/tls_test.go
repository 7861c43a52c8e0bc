package redis_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/steadytest"
)

// unread connects to a server that reads nothing, with TLS nothing but the handshake. What
// is written has to wait at once, as over a network whose buffers are full.
func unread(t *testing.T, own *tls.Certificate) func(context.Context, string) (net.Conn, error) {
	return func(context.Context, string) (net.Conn, error) {
		near, far := net.Pipe()
		t.Cleanup(func() { _ = far.Close() })
		if own != nil {
			go func() { _ = tls.Server(far, &tls.Config{Certificates: []tls.Certificate{*own}}).Handshake() }()
		}
		return near, nil
	}
}

// certificate is one of 127.0.0.1, and what trusts it.
func certificate(t *testing.T) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func TestUnread(t *testing.T) {
	const limit = 200 * time.Millisecond
	own, roots := certificate(t)
	for name, options := range map[string]redis.Options{
		"without TLS": {Dial: unread(t, nil)},
		// Its end would be announced to the server first, for up to five seconds.
		"with TLS": {Dial: unread(t, own), TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
	} {
		options := options
		t.Run("a server that reads nothing holds nobody for longer, "+name, func(t *testing.T) {
			options.Timeout = limit
			options.Endpoints = []string{"127.0.0.1:6379"}
			client := newClient(t, options)
			var err error
			took, _ := steadytest.Timed(func() {
				_, err = client.Do(get)
				client.Close()
			})
			if err == nil || took > 2*limit+2*time.Second {
				t.Errorf("it took %v: %v", took, err)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	own, roots := certificate(t)
	ask := func(t *testing.T, client *tls.Config, most uint16) error {
		t.Helper()
		s := newServer(t, pong(echo))
		listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{*own}, MaxVersion: most})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go s.serve(&session{number: 1, conn: conn})
			}
		}()
		_, err = newClient(t, redis.Options{Endpoints: []string{listener.Addr().String()}, TLS: client}).Do(get)
		return err
	}
	for name, c := range map[string]struct {
		client *tls.Config
		most   uint16
		said   string // by the error; empty: there is none
	}{
		"a certificate of the address is taken":                    {&tls.Config{RootCAs: roots}, 0, ""},
		"one of another authority is not":                          {&tls.Config{RootCAs: x509.NewCertPool()}, 0, "unknown authority"},
		"nor one that the system does not know":                    {&tls.Config{}, 0, "x509"},
		"nor one of another name, if the configuration names that": {&tls.Config{RootCAs: roots, ServerName: "redis.example"}, 0, "x509"},
		"TLS 1.1 is too old":                                       {&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, tls.VersionTLS11, "version"},
	} {
		t.Run(name, func(t *testing.T) {
			err := ask(t, c.client, c.most)
			if (err == nil) != (c.said == "") || err != nil && !strings.Contains(err.Error(), c.said) {
				t.Error(err)
			}
		})
	}
}
