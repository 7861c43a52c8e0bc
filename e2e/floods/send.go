package floods

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// preflight is what makes an OPTIONS a preflight.
var preflight = [][2]string{{"Origin", "https://a.test"}, {"Access-Control-Request-Method", "PUT"}}

// request is a flood on its way to one route, as often as it is sent.
type request struct {
	http1 []byte
	http2 []byte // the header block
}

// newRequest writes a flood down, as a GET or as a preflight.
func newRequest(f Flood, route string, asPreflight bool) request {
	method, target := "GET", f.Target
	if target == "" {
		target = "/"
	}
	var more [][2]string
	if asPreflight {
		method, more = "OPTIONS", preflight
	}
	if len(f.Lines) > 0 {
		lines := f.Lines
		for _, p := range more {
			lines = append(lines[:len(lines):len(lines)], p[0]+": "+p[1])
		}
		text := method + " " + target + " HTTP/1.1\r\nHost: " + route + ".test\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
		if strings.HasPrefix(lines[0], "Transfer-Encoding") {
			text += "0\r\n\r\n"
		}
		return request{http1: []byte(text)}
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	fields := append([][2]string{{":method", method}, {":scheme", "http"}, {":authority", route + ".test"}, {":path", target}}, f.Fields...)
	for _, field := range append(fields, more...) {
		_ = encoder.WriteField(hpack.HeaderField{Name: strings.ToLower(field[0]), Value: field[1]})
	}
	return request{http2: block.Bytes()}
}

// Send sends one flood to a route of Traefik (<route>.test), and returns the status.
func Send(address string, f Flood, route string, asPreflight bool) (int, error) {
	return newRequest(f, route, asPreflight).send(address)
}

// send sends it over a connection of its own.
func (r request) send(address string) (int, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if r.http2 != nil {
		return r.overHTTP2(conn)
	}
	// A server that refuses a request before it has read it closes the connection.
	go func() { _, _ = conn.Write(r.http1) }()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	_ = response.Body.Close()
	return response.StatusCode, nil
}

// frame is the most that a frame of HTTP/2 may hold unless more was agreed on.
const frame = 16 << 10

var errNoResponse = errors.New("no response over HTTP/2")

// overHTTP2 speaks HTTP/2 with prior knowledge.
func (r request) overHTTP2(conn net.Conn) (int, error) {
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if _, err := conn.Write([]byte(http2.ClientPreface)); err != nil {
		return 0, err
	}
	if err := framer.WriteSettings(); err != nil {
		return 0, err
	}
	block := r.http2
	first := block[:min(frame, len(block))]
	block = block[len(first):]
	err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: first, EndStream: true, EndHeaders: len(block) == 0})
	for err == nil && len(block) > 0 {
		next := block[:min(frame, len(block))]
		block = block[len(next):]
		err = framer.WriteContinuation(1, len(block) == 0, next)
	}
	if err != nil {
		return 0, err
	}
	for {
		read, err := framer.ReadFrame()
		if err != nil {
			return 0, fmt.Errorf("%w: %w", errNoResponse, err)
		}
		if headers, ok := read.(*http2.MetaHeadersFrame); ok {
			return strconv.Atoi(headers.PseudoValue("status"))
		}
		switch read.(type) {
		case *http2.GoAwayFrame, *http2.RSTStreamFrame:
			return 0, errNoResponse
		}
	}
}
