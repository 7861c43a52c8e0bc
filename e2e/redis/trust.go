package redis

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// trust is the certificates of one server and of its clients.
type trust struct {
	dir    string
	client *tls.Config
}

// newTrust makes an authority, and a certificate each for the server (127.0.0.1) and for
// a client, in a folder.
func newTrust(dir string) (*trust, error) {
	t := &trust{dir: dir}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key, err := t.issue("ca", authority, authority, nil)
	if err != nil {
		return nil, err
	}
	for number, name := range []string{"server", "client"} {
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(int64(number) + 2), Subject: pkix.Name{CommonName: name},
			NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
			KeyUsage: x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		if _, err := t.issue(name, leaf, authority, key); err != nil {
			return nil, err
		}
	}
	pair, err := tls.X509KeyPair([]byte(t.read("client.pem")), []byte(t.read("client.key")))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(t.read("ca.pem")))
	t.client = &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", Certificates: []tls.Certificate{pair}}
	return t, nil
}

// issue writes a certificate and its key, signed by its parent's or, without one, by
// itself.
func (t *trust) issue(name string, leaf, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := t.write(name+".pem", "CERTIFICATE", der); err != nil {
		return nil, err
	}
	return key, t.write(name+".key", "EC PRIVATE KEY", secret)
}

func (t *trust) write(name, kind string, der []byte) error {
	return os.WriteFile(filepath.Join(t.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

func (t *trust) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(t.dir, name))
	return string(text)
}
