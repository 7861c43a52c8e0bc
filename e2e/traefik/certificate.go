package traefik

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"gopkg.in/yaml.v3"
)

// settledText is the content of the file that settle applies: a default
// certificate. Without one Traefik makes itself an RSA key at every reload,
// which takes a hundred milliseconds or more.
func settledText() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("traefik: making a certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("traefik: making a certificate: %w", err)
	}

	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "localhost"},
		DNSNames:     []string{"localhost"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	certDER, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("traefik: making a certificate: %w", err)
	}

	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}

	return yaml.Marshal(map[string]any{
		"tls": map[string]any{"stores": map[string]any{"default": map[string]any{
			"defaultCertificate": map[string]any{
				"certFile": block("CERTIFICATE", certDER),
				"keyFile":  block("PRIVATE KEY", keyDER),
			},
		}}},
	})
}
