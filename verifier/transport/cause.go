package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// reason names what went wrong, by a fixed list: the texts of the standard library may
// quote what the other side sent.
func reason(err error) string {
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
		return "TLS: " + tlsReason(text)
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

func tlsReason(text string) string {
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
