package replicas

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

const (
	minSecret      = 32 // bytes
	minSecretBytes = 8  // different ones among them
	maxPrefix      = 64 // bytes
	maxUsername    = 128
	maxDB          = 1023

	defaultPrefix  = "upstreamauth"
	defaultTimeout = 100 * time.Millisecond
	defaultLocal   = 30 * time.Second

	allowedPrefix   = `is not allowed; allowed: 1 to 64 letters, digits, "-" and "_"`
	allowedUsername = "is not allowed; allowed: visible ASCII without blanks, at most 128 bytes"
)

// Read reads the block shared.
func Read(s *Section) *shared.Options {
	o := &shared.Options{}
	inner := s.Block("redis", RedisKeys)
	if inner != nil {
		readRedis(inner, o)
	} else if !s.Written("redis") {
		s.Fault("redis", "required: where the memory is, at least {endpoints: [host:port]}")
	}
	o.Secret = s.Secret("secret")
	if !s.Written("secret") {
		s.Fault("secret", "required: at least 32 bytes, the same in all Traefiks, as a value, env:NAME or file:/path")
	}
	s.Guessable("secret", o.Secret, minSecret, minSecretBytes)
	o.Redis.Timeout = s.Duration("timeout", defaultTimeout, 10*time.Millisecond, 2*time.Second, "10ms to 2s")
	o.Local = s.Duration("local", defaultLocal, time.Second, 10*time.Minute, "1s to 10m")
	o.Prefix = prefix(s)
	o.Budget = s.Boolean("budget", false)
	return o
}

func prefix(s *Section) string {
	value := s.Text("prefix")
	if value == "" {
		return defaultPrefix
	}
	if len(value) > maxPrefix || strings.Trim(strings.NewReplacer("-", "", "_", "").Replace(value), letters) != "" {
		s.Refuse("prefix", value, allowedPrefix)
		return defaultPrefix
	}
	return value
}

// readRedis reads where the memory is, and how it is reached.
func readRedis(s *Section, o *shared.Options) {
	o.Redis = redis.Options{
		Endpoints: endpoints(s),
		Master:    s.Name("master", ""),
		Username:  s.Text("username"),
		Password:  s.Line("password"),
		DB:        s.Integer("db", 0, 0, maxDB),
	}
	if o.Redis.Username != "" && !s.Written("password") {
		s.Fault("password", "required beside username, which is not sent without one")
	}
	if len(o.Redis.Username) > maxUsername || !verifier.IsVisibleASCII(o.Redis.Username) {
		s.Refuse("username", o.Redis.Username, allowedUsername)
	}
	if o.Redis.DB != 0 && len(o.Redis.Endpoints) > 1 && !s.Written("master") {
		s.Refuse("db", s.Text("db"), "is not allowed with a cluster, which has database 0 alone; several endpoints without master are one")
	}
	read := s.TLS("tls", TLSKeys)
	if s.Written("tls") {
		o.Redis.TLS = configOf(read)
		o.TLSKey = verifier.JoinParts([]string{read.CA, read.Cert, read.Key, read.ServerName})
	}
}

// configOf is what TLS is spoken with. What the texts of it hold has been checked.
func configOf(read transport.TLS) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: read.ServerName}
	if read.CA != "" {
		c.RootCAs = x509.NewCertPool()
		c.RootCAs.AppendCertsFromPEM([]byte(read.CA))
	}
	if read.Cert == "" || read.Key == "" {
		return c
	}
	pair, err := tls.X509KeyPair([]byte(read.Cert), []byte(read.Key))
	if err == nil { // else a fault already
		c.Certificates = append(c.Certificates, pair)
	}
	return c
}
