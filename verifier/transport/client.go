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
	idleLimit      = 30 * time.Second // an unused connection is closed after
	dialLimit      = 10 * time.Second // for a connection, and for its TLS handshake
)

// Request is what an API sends: headers beside the usual ones, and a body, which may
// be empty. Do adds the usual ones to Header itself, so it belongs to one call.
type Request struct {
	Header http.Header
	Body   string
}

// Response is what the upstream sent.
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

// NewClient returns a client for an upstream, without opening a connection. The error
// is about TLS material, or an address, that does not parse.
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
	// No Proxy: a proxy that the environment names would see credentials. RoundTrip,
	// unlike http.Client, follows no redirect, so no credential reaches another host.
	transport := &http.Transport{
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    dialLimit,
		IdleConnTimeout:        idleLimit,
		MaxIdleConnsPerHost:    maxConnections,
		MaxConnsPerHost:        maxConnections,
		MaxResponseHeaderBytes: maxResponse,
	}
	// The interpreter cannot assign a compiled method; reflection can. No interpreted
	// code runs while connecting: a panic there would end Traefik's process.
	dial := reflect.ValueOf(dialer).MethodByName("DialContext")
	reflect.ValueOf(transport).Elem().FieldByName("DialContext").Set(dial)
	return &Client{transport: transport, url: address, method: t.Method, now: now}, nil
}

// Do makes one call, within the context's time. An error says that no response came;
// its text names a cause from a fixed list, never what was sent or received.
func (c *Client) Do(ctx context.Context, call Request) (Response, error) {
	response, err := c.transport.RoundTrip(c.request(ctx, call))
	if err != nil {
		return Response{}, errors.New(reason(err))
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		// It was not requested, and no time limit would end such a connection.
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

// request is the HTTP request of a call. Its headers are the API's and three of the
// plugin's, and none of the client's.
func (c *Client) request(ctx context.Context, call Request) *http.Request {
	header := call.Header
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
	if call.Body != "" {
		r.Body = io.NopCloser(strings.NewReader(call.Body))
		r.ContentLength = int64(len(call.Body))
	} else if c.method == http.MethodGet {
		// An empty body of unknown length keeps net/http from sending a GET
		// again when a kept connection breaks: each call counts against the budget.
		r.Body = io.NopCloser(strings.NewReader(""))
		r.ContentLength = -1
	}
	return r.WithContext(ctx)
}
