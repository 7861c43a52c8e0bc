package verifier

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// Version is what the upstream reads in User-Agent.
const Version = "0.1.0"

// Bounds of one exchange.
const (
	maxReply       = 64 << 10         // bytes of a reply, decompressed; of its headers likewise
	maxConnections = 64               // to one upstream; whoever finds none free waits
	idleLimit      = 30 * time.Second // an unused connection closes after
	dialLimit      = 10 * time.Second // one connection is made, or given up, after
)

// Question is what an API wants to ask: headers beside the usual ones, and a
// body, which may be empty.
type Question struct {
	Header http.Header
	Body   string
}

// Reply is what came back.
type Reply struct {
	Status     int
	RetryAfter string // the header, as it came
	Received   time.Time
	Body       *Value // one JSON object, read strictly; nil: there was none
	Flaw       string // why Body is nil
	Broken     bool   // the connection broke, or time ran out, inside the body
}

// Exchange speaks to one upstream: one request, one reply, nothing repeated.
// It is the only thing here that opens connections.
type Exchange struct {
	transport *http.Transport
	url       *url.URL
	method    string
	now       func() time.Time
}

// NewExchange prepares the connections to an upstream, and opens none. The
// error is about TLS material that does not parse.
func NewExchange(s Settings, now func() time.Time) (*Exchange, error) {
	target, err := url.Parse(s.URL + s.Path)
	if err != nil {
		return nil, errors.New("the address does not parse")
	}
	config, err := clientTLS(s.TLS)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: dialLimit}
	// A transport of our own: it knows no proxy, and RoundTrip, unlike a
	// Client, follows no redirect, so no credential goes to another host.
	transport := &http.Transport{
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    dialLimit,
		IdleConnTimeout:        idleLimit,
		MaxIdleConnsPerHost:    maxConnections,
		MaxConnsPerHost:        maxConnections,
		MaxResponseHeaderBytes: maxReply,
	}
	// The interpreter cannot assign a compiled method; reflection can, and what
	// it gives is compiled, so that no code of ours runs while connecting.
	dial := reflect.ValueOf(dialer).MethodByName("DialContext")
	reflect.ValueOf(transport).Elem().FieldByName("DialContext").Set(dial)
	return &Exchange{transport: transport, url: target, method: s.Method, now: now}, nil
}

// Do asks once, within the context's time. An error says that no reply came;
// its text names a cause from a fixed list, never what was sent or received.
func (e *Exchange) Do(ctx context.Context, q Question) (Reply, error) {
	response, err := e.transport.RoundTrip(e.request(ctx, q))
	if err != nil {
		return Reply{}, errors.New(cause(err))
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		// Nobody asked for it, and no time limit ends such a connection.
		response.Body.Close()
		return Reply{}, errors.New("not understood as HTTP")
	}
	reply := Reply{
		Status:     response.StatusCode,
		RetryAfter: response.Header.Get("Retry-After"),
		Received:   e.now(),
	}
	body := response.Body
	data, err := io.ReadAll(io.LimitReader(body, maxReply+1))
	body.Close()
	switch {
	case err != nil:
		reply.Broken = true
		reply.Flaw = "its body was cut off: " + cause(err)
	case len(data) > maxReply:
		reply.Flaw = "its body is over 64 KiB"
	default:
		reply.Body = readObject(data)
		if reply.Body == nil {
			reply.Flaw = "its body is not one plain JSON object"
		}
	}
	return reply, nil
}

func (e *Exchange) request(ctx context.Context, q Question) *http.Request {
	header := q.Header
	header.Set("Accept", "application/json")
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "upstreamauth/"+Version)
	r := &http.Request{
		Method:     e.method,
		URL:        e.url,
		Host:       e.url.Host,
		Header:     header,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
	}
	if q.Body != "" {
		r.Body = io.NopCloser(strings.NewReader(q.Body))
		r.ContentLength = int64(len(q.Body))
	} else if e.method == http.MethodGet {
		// An empty body of unknown length keeps the transport from sending a
		// GET again when a kept connection breaks: one try, as documented.
		r.Body = io.NopCloser(strings.NewReader(""))
		r.ContentLength = -1
	}
	return r.WithContext(ctx)
}

func clientTLS(t TLS) (*tls.Config, error) {
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
			return nil, errors.New("tls.cert and tls.key do not fit together")
		}
		config.Certificates = append(config.Certificates, pair)
	}
	return config, nil
}

// cause names what went wrong in words of ours: the texts of the standard
// library may quote what the other side sent.
func cause(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	text := err.Error()
	switch {
	case errors.Is(err, context.DeadlineExceeded) || strings.Contains(text, "timeout"):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "given up"
	case errors.As(err, &dns):
		return "its name does not resolve"
	case strings.Contains(text, "x509:") || strings.Contains(text, "tls:"):
		return "TLS: " + tlsCause(text)
	case strings.Contains(text, "refused"):
		return "connection refused"
	case strings.Contains(text, "server closed idle connection") || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed early"
	case strings.Contains(text, "response headers exceeded"):
		return "its headers are over 64 KiB"
	case errors.As(err, &op):
		return fmt.Sprintf("connection failed (%s)", op.Op)
	}
	return "not understood as HTTP"
}

func tlsCause(text string) string {
	switch {
	case strings.Contains(text, "expired"):
		return "its certificate has expired"
	case strings.Contains(text, "unknown authority"):
		return "its certificate is signed by an unknown authority"
	case strings.Contains(text, "valid for") || strings.Contains(text, "doesn't contain"):
		return "its certificate is for another name"
	case strings.Contains(text, "protocol version"):
		return "it speaks no TLS 1.2 or newer"
	}
	return "no secure connection"
}
