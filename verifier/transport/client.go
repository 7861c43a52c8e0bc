package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/version"
)

// Request is what an API sends: headers beside the usual ones, and a body, which may
// be empty. Do adds the usual ones to Header itself, so it belongs to one call.
type Request struct {
	Header      http.Header
	Path        string // in place of the target's, with its query; empty: the target's
	Body        string
	ContentType string // of the body; empty: application/json
	Unfit       bool   // a value cannot stand where it would have to be sent: it is no call
}

// Response is what the upstream sent.
type Response struct {
	Status     int
	Header     http.Header // as it came; not to be changed
	RetryAfter string      // the header, as it came
	Received   time.Time
	Body       *strictjson.Value // one JSON object, read strictly; nil: there is none
	Defect     string            // why Body is nil
	Advice     string            // beside an error or a defect: what to change (For); may be empty
	Settings   bool              // beside those: the operator has to act, and it is no outage
	Redirect   string            // where a redirect points, of a fixed list
	Truncated  bool              // the connection broke, or time ran out, inside the body
	FailedAt   string            // Connecting, Broken or Waiting, beside an error; else empty
	Cached     bool              // it was not made for this call: a cache on the way had it
}

// Client calls one upstream.
type Client struct {
	url     *url.URL
	base    string // the path of the upstream's base address, with its escapes
	host    string // that is asked for
	fixed   []Header
	forward string // Proxy-Authorization of requests that a proxy reads; empty: none
	method  string
	now     func() time.Time
	pool    *pool    // HTTP/1.1
	streams *streams // HTTP/2, which only a server of an https address can choose
}

// NewClient returns a client for an upstream, without opening a connection. The error
// is about TLS material, or an address, that does not parse.
func NewClient(t Target, now func() time.Time) (*Client, error) {
	address, err := url.Parse(t.URL + t.Path)
	if err != nil {
		return nil, errors.New("the address does not parse")
	}
	base, err := url.Parse(t.URL)
	if err != nil {
		return nil, errors.New("the address does not parse")
	}
	config, err := tlsConfig(t.TLS)
	if err != nil {
		return nil, err
	}
	via, err := newProxy(t)
	if err != nil {
		return nil, err
	}
	client := &Client{
		url: address, base: base.EscapedPath(), host: t.Host, fixed: t.Headers,
		method: t.Method, now: now, streams: newStreams(config, via, now),
	}
	if client.host == "" {
		client.host = address.Host
	}
	single := t.SingleUse || via.isSecure()
	if address.Scheme != "https" {
		client.forward = via.credentials()
		client.pool = newPool(address, nil, !single, now)
		client.pool.proxy = via
		return client, nil
	}
	offering := config.Clone()
	offering.NextProtos = []string{"h2", "http/1.1"}
	if single {
		offering.NextProtos = []string{"http/1.1"} // an HTTP/2 connection is meant to be kept
	}
	client.pool = newPool(address, offering, !single, now)
	client.pool.proxy = via
	return client, nil
}

// Do makes one call, within the context's time. An error says that no response came;
// its text names a cause from a fixed list, never what was sent or received. A request
// is sent a second time only where a kept connection ended without a response.
func (c *Client) Do(ctx context.Context, call Request) (Response, error) {
	c.addHeaders(call)
	if !c.pool.enter(ctx) {
		return Response{FailedAt: Unsent, Advice: "a larger $timeout, if the API is that slow"}, errors.New("no response in time: 64 calls were under way")
	}
	defer c.pool.leave()
	got, err := c.ask(ctx, call)
	if err != nil {
		why := causeOf(err)
		return Response{FailedAt: failedAt(err), Advice: why.advice, Settings: why.settings}, errors.New(why.text)
	}
	result := Response{
		Status:     got.status,
		Header:     got.header,
		RetryAfter: got.header.Get("Retry-After"),
		Received:   c.now(),
		Cached:     isCached(got.header),
		Redirect:   redirectOf(c.url, got),
	}
	var why cause
	switch {
	case result.Cached:
		why = cause{text: "a cache on the way had it"}
	case got.cut != nil:
		result.Truncated = !isGarbled(got.cut)
		why = cutCause(got.cut)
	case len(got.body) > maxResponse:
		why = cause{text: "its body is over 64 KiB", advice: "correct $path or $url, if that is not the API's check"}
	default:
		result.Body = strictjson.Read(got.body)
		if result.Body == nil {
			why = defectOf(c.url, got)
		}
	}
	result.Defect, result.Advice, result.Settings = why.text, why.advice, why.settings
	return result, nil
}

// ask sends a call on a kept connection, or on a new one; and once more, on a new one,
// if the kept one was lost or had been given up by the server.
func (c *Client) ask(ctx context.Context, call Request) (reply, error) {
	if c.streams.isChosen() {
		got, lost, err := c.streams.ask(ctx, c.request(call))
		if lost {
			got, _, err = c.streams.ask(ctx, c.request(call))
		}
		return got, err
	}
	kept := c.pool.take()
	if kept != nil {
		got, lost, err := kept.exchange(ctx, c.request(call))
		c.pool.put(kept, got.kept)
		// A 408 there is about the time that the connection was idle (RFC 9110, 15.5.9).
		if !lost && (err != nil || got.status != http.StatusRequestTimeout) {
			return got, err
		}
	}
	fresh, streams, err := c.pool.open(ctx)
	if err != nil {
		return reply{}, err
	}
	if streams {
		got, _, err := c.streams.ask(ctx, c.request(call))
		return got, err
	}
	got, _, err := fresh.exchange(ctx, c.request(call))
	c.pool.put(fresh, got.kept)
	return got, err
}

// addHeaders adds the plugin's own headers to those of the API. There are none of the
// client's, and the operator's fixed ones never take the place of the API's. A cache on the way must neither keep the response nor answer in the API's
// place.
func (c *Client) addHeaders(call Request) {
	header := call.Header
	for _, h := range c.fixed {
		if len(header[h.Name]) == 0 {
			header[h.Name] = []string{h.Value}
		}
	}
	if c.forward != "" {
		header.Set("Proxy-Authorization", c.forward)
	}
	if header.Get("Accept") == "" {
		header.Set("Accept", "application/json")
	}
	header.Set("Accept-Encoding", "gzip")
	header.Set("Cache-Control", "no-store")
	header.Set("Pragma", "no-cache")
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "upstreamauth/"+version.Version)
	}
	switch {
	case call.ContentType != "": // also of an empty body, for which an API may ask
		header.Set("Content-Type", call.ContentType)
	case call.Body != "":
		header.Set("Content-Type", "application/json")
	}
}

// request is the HTTP request of a call, for one exchange.
func (c *Client) request(call Request) *http.Request {
	r := &http.Request{
		Method:     c.method,
		URL:        c.url,
		Host:       c.host,
		Header:     call.Header,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Close:      !c.pool.keep,
	}
	if call.Path != "" {
		r.URL = c.at(call.Path)
	}
	if call.Body != "" {
		r.Body = io.NopCloser(strings.NewReader(call.Body))
		r.ContentLength = int64(len(call.Body))
	}
	return r
}

// at is the target's address with another path and query, which were checked when the
// configuration was read. Escapes in them stay as they were written: net/url keeps
// RawPath where it is an encoding of Path.
func (c *Client) at(path string) *url.URL {
	address := *c.url
	path, query, _ := strings.Cut(c.base+path, "?")
	decoded, err := url.PathUnescape(path)
	if err != nil {
		decoded = path
	}
	address.Path, address.RawPath, address.RawQuery = decoded, path, query
	return &address
}
