package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/version"
)

// Bounds of one exchange.
const (
	maxReply       = 64 << 10         // bytes of a reply, decompressed; of its headers likewise
	maxConnections = 64               // to one upstream; whoever finds none free waits
	idleLimit      = 30 * time.Second // an unused connection closes after
	dialLimit      = 10 * time.Second // one connection is made, or given up, after
)

// Target is what is called, and how its server is recognized. All of it changes
// the answers, so all of it is part of the scope.
type Target struct {
	URL    string // normalized: no final slash, host in lower case
	Path   string
	Method string
	TLS    TLS
}

// Scope lists all that changes the answers; some of it is secret.
func (t Target) Scope() []string {
	return []string{
		t.URL, t.Path, t.Method,
		t.TLS.CA, t.TLS.Cert, t.TLS.Key, t.TLS.ServerName, strconv.FormatBool(t.TLS.InsecureSkipVerify),
	}
}

// TLS is how an https upstream is recognized. Zero: by the system's roots.
type TLS struct {
	CA                 string // PEM
	Cert               string // PEM
	Key                string // PEM; secret
	ServerName         string
	InsecureSkipVerify bool
}

// Request is what an API wants to ask: headers beside the usual ones, and a
// body, which may be empty.
type Request struct {
	Header http.Header
	Body   string
}

// Response is what came back.
type Response struct {
	Status     int
	RetryAfter string // the header, as it came
	Received   time.Time
	Body       *strictjson.Value // one JSON object, read strictly; nil: there was none
	Defect     string            // why Body is nil
	Truncated  bool              // the connection broke, or time ran out, inside the body
}

// Client speaks to one upstream: one request, one reply, nothing repeated.
// It is the only thing here that opens connections.
type Client struct {
	transport *http.Transport
	url       *url.URL
	method    string
	now       func() time.Time
}

// NewClient prepares the connections to an upstream, and opens none. The
// error is about TLS material that does not parse.
func NewClient(t Target, now func() time.Time) (*Client, error) {
	address, err := url.Parse(t.URL + t.Path)
	if err != nil {
		return nil, errors.New("the address does not parse")
	}
	config, err := tlsConfig(t.TLS)
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
	return &Client{transport: transport, url: address, method: t.Method, now: now}, nil
}

// Do asks once, within the context's time. An error says that no reply came;
// its text names a cause from a fixed list, never what was sent or received.
func (e *Client) Do(ctx context.Context, q Request) (Response, error) {
	response, err := e.transport.RoundTrip(e.request(ctx, q))
	if err != nil {
		return Response{}, errors.New(reason(err))
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		// Nobody asked for it, and no time limit ends such a connection.
		response.Body.Close()
		return Response{}, errors.New("not understood as HTTP")
	}
	reply := Response{
		Status:     response.StatusCode,
		RetryAfter: response.Header.Get("Retry-After"),
		Received:   e.now(),
	}
	body := response.Body
	data, err := io.ReadAll(io.LimitReader(body, maxReply+1))
	body.Close()
	switch {
	case err != nil:
		reply.Truncated = true
		reply.Defect = "its body was cut off: " + reason(err)
	case len(data) > maxReply:
		reply.Defect = "its body is over 64 KiB"
	default:
		reply.Body = strictjson.Read(data)
		if reply.Body == nil {
			reply.Defect = "its body is not one plain JSON object"
		}
	}
	return reply, nil
}

func (e *Client) request(ctx context.Context, q Request) *http.Request {
	header := q.Header
	header.Set("Accept", "application/json")
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "upstreamauth/"+version.Version)
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
