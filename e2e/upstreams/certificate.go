package upstreams

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
	"time"
)

// selfSigned makes a certificate for 127.0.0.1, ::1 and localhost that is its own authority, valid
// until the given real time (zero: a day from now). It returns the authority as PEM beside it.
func selfSigned(until time.Time) (tls.Certificate, string, error) {
	return Certificate("127.0.0.1", until)
}

// Certificate makes a certificate that is its own authority, valid until the given real time (zero: a
// day from now). For the host 127.0.0.1 it stands for ::1 and localhost too. It returns the authority
// as PEM beside it.
func Certificate(host string, until time.Time) (tls.Certificate, string, error) {
	certificate, err := sign(host, until, nil)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	return certificate, string(authority), nil
}

// Signed makes a certificate as Certificate does, signed by an authority that Certificate made.
func Signed(authority tls.Certificate, host string, until time.Time) (tls.Certificate, error) {
	return sign(host, until, &authority)
}

func sign(host string, until time.Time, authority *tls.Certificate) (tls.Certificate, error) {
	if until.IsZero() {
		until = time.Now().Add(24 * time.Hour)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "emulated upstream"},
		NotBefore:             until.Add(-48 * time.Hour),
		NotAfter:              until,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{host},
	}
	if host == "127.0.0.1" {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
		template.DNSNames = []string{"localhost"}
	}
	parent, signer := template, any(key)
	if authority != nil {
		if parent, err = x509.ParseCertificate(authority.Certificate[0]); err != nil {
			return tls.Certificate{}, err
		}
		template.IsCA = false
		template.Subject.CommonName = "signed"
		signer = authority.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
