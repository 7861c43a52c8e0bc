package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"
)

// tlsConfig returns the TLS settings of a target. TLS 1.0 and 1.1 are never used, not even
// where the operator turns authentication off. Its errors name the configuration's keys
// and show nothing of their values, which are secret.
func tlsConfig(t TLS) (*tls.Config, error) {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         t.ServerName,
		InsecureSkipVerify: t.InsecureSkipVerify,
	}
	if t.CA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, errors.New("tls.ca holds no certificate")
		}
	}
	if t.Cert != "" {
		pair, err := tls.X509KeyPair([]byte(t.Cert), []byte(t.Key))
		if err != nil {
			return nil, errors.New("tls.cert and tls.key do not match")
		}
		config.Certificates = append(config.Certificates, pair)
	}
	return config, nil
}

// named returns the settings of connections to a host: by its name, unless the operator
// gives another.
func named(config *tls.Config, host string) *tls.Config {
	if config == nil || config.ServerName != "" {
		return config
	}
	own := config.Clone()
	own.ServerName = host
	return own
}

// refusalOf returns the server's alert about a connection that is of no use here; nil where
// none comes. With TLS 1.3 a server may refuse a client certificate after the client's
// handshake has ended, and net/http's HTTP/2 loses some of these alerts. Servers send
// frames at once, so that this waits for few.
func refusalOf(conn *tls.Conn, until time.Time) error {
	_ = conn.SetReadDeadline(until)
	_, err := conn.Read(make([]byte, 1))
	if err != nil && isAlert(err) {
		return fmt.Errorf(inHandshake+"%w", err)
	}
	return nil
}

// handshake makes the TLS handshake on a connection.
func handshake(ctx context.Context, conn net.Conn, config *tls.Config) (*tls.Conn, error) {
	secured := tls.Client(conn, config)
	err := secured.HandshakeContext(ctx)
	return secured, err
}
