package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/version"
)

// Bounds of one call.
const (
	maxResponse    = 64 << 10         // bytes of a response's body, decompressed; of its headers likewise
	maxConnections = 64               // to one upstream; a call that finds none free waits
	idleLimit      = 30 * time.Second // an unused connection closes after
	dialLimit      = 10 * time.Second // a connection that is not made by then is given up
)

// Request is what an API wants to send: headers beside the usual ones, and a body,
// which may be empty.
type Request struct {
	Header http.Header
	Body   string
}

// Response is what the upstream answered.
type Response struct {
	Status     int
	RetryAfter string // the header, as it came
	Received   time.Time
	Body       *strictjson.Value // one JSON object, read strictly; nil: there is none
	Defect     string            // why Body is nil
	Truncated  bool              // the connection broke, or time ran out, inside the body
}

// Client calls one upstream.
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
		MaxResponseHeaderBytes: maxResponse,
	}
	// The interpreter cannot assign a compiled method; reflection can, and what
	// it gives is compiled, so that no code of ours runs while connecting.
	dial := reflect.ValueOf(dialer).MethodByName("DialContext")
	reflect.ValueOf(transport).Elem().FieldByName("DialContext").Set(dial)
	return &Client{transport: transport, url: address, method: t.Method, now: now}, nil
}

// Do makes one call, within the context's time. An error says that no response came;
// its text names a cause from a fixed list, never what was sent or received.
func (c *Client) Do(ctx context.Context, q Request) (Response, error) {
	response, err := c.transport.RoundTrip(c.request(ctx, q))
	if err != nil {
		return Response{}, errors.New(reason(err))
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		// It was not requested, and no time limit ends such a connection.
		response.Body.Close()
		return Response{}, errors.New("not understood as HTTP")
	}
	result := Response{
		Status:     response.StatusCode,
		RetryAfter: response.Header.Get("Retry-After"),
		Received:   c.now(),
	}
	body := response.Body
	data, err := io.ReadAll(io.LimitReader(body, maxResponse+1))
	body.Close()
	switch {
	case err != nil:
		result.Truncated = true
		result.Defect = "its body was cut off: " + reason(err)
	case len(data) > maxResponse:
		result.Defect = "its body is over 64 KiB"
	default:
		result.Body = strictjson.Read(data)
		if result.Body == nil {
			result.Defect = "its body is not one plain JSON object"
		}
	}
	return result, nil
}

func (c *Client) request(ctx context.Context, q Request) *http.Request {
	header := q.Header
	header.Set("Accept", "application/json")
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "upstreamauth/"+version.Version)
	r := &http.Request{
		Method:     c.method,
		URL:        c.url,
		Host:       c.url.Host,
		Header:     header,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
	}
	if q.Body != "" {
		r.Body = io.NopCloser(strings.NewReader(q.Body))
		r.ContentLength = int64(len(q.Body))
	} else if c.method == http.MethodGet {
		// An empty body of unknown length keeps net/http from sending a GET
		// again when a kept connection breaks: one try, as documented.
		r.Body = io.NopCloser(strings.NewReader(""))
		r.ContentLength = -1
	}
	return r.WithContext(ctx)
}
