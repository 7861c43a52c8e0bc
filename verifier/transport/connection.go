package transport

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"time"
)

// Bounds of one response beside maxResponse.
const (
	maxInterim = 8       // interim responses (RFC 9110, 15.2) before the response itself
	maxRaw     = 1 << 20 // bytes of a body as it is sent, with its chunks' sizes
)

// backstop is how long after a call's time a connection ends what is read or written, should
// the end of the call not have done so. With the same deadline for both, chance would say
// which of them ends a call.
const backstop = time.Second

// past is a deadline that is over: it ends what is being read or written.
var past = time.Unix(1, 0)

// connection is one HTTP/1.1 connection to an upstream. One call at a time has it.
type connection struct {
	conn    net.Conn
	limited *io.LimitedReader // between conn and in; bounds what one response may take
	in      *bufio.Reader
	opened  time.Time
	proxied bool      // a proxy reads the requests
	rested  bool      // it may be used again
	used    bool      // it has brought a response before
	silent  bool      // nothing came while it rested; written before quiet is sent to
	quiet   chan bool // gets one value when the watch over its rest has ended
}

// reply is what came in answer to one request.
type reply struct {
	status int
	header http.Header
	body   []byte // decompressed; at most maxResponse+1 bytes
	cut    error  // why the body is not whole; nil: it is
	kept   bool   // the connection brought this response and nothing else
}

// newConnection makes a connection that is open ready for its first request.
func newConnection(conn net.Conn, now time.Time) *connection {
	limited := &io.LimitedReader{R: conn}
	return &connection{conn: conn, limited: limited, in: bufio.NewReader(limited), opened: now}
}

// exchange sends a request and reads its response, within the context's time. lost: the
// connection was a kept one, and ended before the first byte of a response, so that it
// says nothing.
func (c *connection) exchange(ctx context.Context, r *http.Request) (_ reply, lost bool, _ error) {
	conn := c.conn
	last, limited := ctx.Deadline()
	if limited {
		last = last.Add(backstop)
	}
	_ = conn.SetDeadline(last) // the zero time is none
	stop := context.AfterFunc(ctx, func() {
		defer func() { _ = recover() }()
		_ = conn.SetDeadline(past)
	})
	got, gone, err := c.converse(r)
	inTime := stop() // otherwise the deadline may still be moved
	if ctx.Err() != nil && err != nil {
		return reply{}, false, ctx.Err()
	}
	got.kept = got.kept && inTime && err == nil
	return got, gone, err
}

// converse is exchange without the time.
func (c *connection) converse(r *http.Request) (_ reply, lost bool, _ error) {
	c.limited.N = maxResponse
	err := c.write(r)
	if err == nil {
		_, err = c.in.Peek(1)
	} else if !c.used && !isTimeout(err) {
		err = c.alertInstead(err)
	}
	if err != nil {
		gone := c.used && !isTimeout(err)
		return reply{}, gone, err
	}
	if err := c.checkStart(); err != nil {
		return reply{}, false, err
	}
	response, interim, err := c.readHead(r) //nolint:bodyclose // closing would read on; the connection is closed where more may come
	if err != nil {
		return reply{}, false, err
	}
	c.limited.N = maxRaw
	got, whole := readBody(response)
	got.kept = whole && !interim && !response.Close && c.in.Buffered() == 0
	c.used = true
	return got, false, nil
}

// write sends a request, with the whole address where a proxy reads it (RFC 9112, 3.2.2).
func (c *connection) write(r *http.Request) error {
	if c.proxied {
		return r.WriteProxy(c.conn)
	}
	return r.Write(c.conn)
}

// alertInstead returns the server's alert on a new connection that took no request, which
// says why; or the error of writing.
func (c *connection) alertInstead(written error) error {
	_, err := c.in.Peek(1)
	if err != nil && isAlert(err) {
		return err
	}
	return written
}

// checkStart looks at the first bytes of a response, for one that is no HTTP/1.1: the
// operator learns by it what listens there. What is too short is left to the reader.
func (c *connection) checkStart() error {
	start, _ := c.in.Peek(9)
	if len(start) >= 5 && string(start[:5]) == "HTTP/" {
		return nil
	}
	if len(start) >= 3 && start[0] == 0x15 && start[1] == 3 { // an alert of TLS (RFC 8446, 5.1)
		return errWantsTLS
	}
	if len(start) == 9 && start[0] == 0 && start[3] == 4 && string(start[5:]) == "\x00\x00\x00\x00" { // SETTINGS (RFC 9113, 6.5)
		return errHTTP2Only
	}
	if len(start) == 9 {
		return errNoHTTP
	}
	return nil
}

// readHead reads up to the body of the response, and tells whether interim responses
// came before it.
func (c *connection) readHead(r *http.Request) (_ *http.Response, interim bool, _ error) {
	var response *http.Response
	after := false
	for i := 0; i <= maxInterim; i++ {
		head, err := http.ReadResponse(c.in, r)
		if err != nil && c.limited.N <= 0 {
			return nil, false, errHeaders
		}
		if err != nil {
			return nil, false, err
		}
		// 101 was not requested, and no time limit would end such a connection.
		if head.StatusCode >= http.StatusOK || head.StatusCode == http.StatusSwitchingProtocols {
			after = i > 0
			response = head
			break
		}
	}
	if response == nil || response.StatusCode == http.StatusSwitchingProtocols {
		return nil, false, errNoHTTP
	}
	return response, after, nil
}

// readBody reads a response's body, decompressed and up to maxResponse+1 bytes. whole:
// its documented end was reached.
func readBody(response *http.Response) (_ reply, whole bool) {
	got := reply{status: response.StatusCode, header: response.Header}
	var body io.Reader = response.Body
	if response.ContentLength != 0 && strings.EqualFold(response.Header.Get("Content-Encoding"), "gzip") {
		zipped, err := gzip.NewReader(response.Body)
		if err != nil {
			got.cut = err
			return got, false
		}
		body = zipped
	}
	data, err := io.ReadAll(io.LimitReader(body, maxResponse+1))
	got.body = data
	got.cut = err
	if err != nil || len(data) > maxResponse {
		return got, false
	}
	n, end := response.Body.Read(make([]byte, 1))
	ended := n == 0 && errors.Is(end, io.EOF)
	return got, ended
}

// hasPart tells whether part of a TLS record has come: reading reports a record only when
// it is whole, which may be after the next request. crypto/tls shows what it holds of one
// to reflection alone; a version of Go that does not keeps no connection.
func (c *connection) hasPart() bool {
	secured, isTLS := c.conn.(*tls.Conn)
	if !isTLS {
		return false
	}
	raw := reflect.ValueOf(secured).Elem().FieldByName("rawInput")
	if !raw.IsValid() || raw.Kind() != reflect.Struct {
		return true
	}
	held, read := raw.FieldByName("buf"), raw.FieldByName("off")
	if !held.IsValid() || !read.IsValid() {
		return true
	}
	return int64(held.Len()) > read.Int()
}

// isTimeout tells whether a deadline has ended a read or a write.
func isTimeout(err error) bool {
	return strings.Contains(err.Error(), "timeout")
}
