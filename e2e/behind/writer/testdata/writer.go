// Package writer is a middleware that writes into the values of all headers, of the
// request and of the response, once they have been served. A plugin that handed out
// values which other requests see too would then serve those.
package writer

import (
	"context"
	"net/http"
)

// Config is empty.
type Config struct{}

// CreateConfig returns an empty configuration.
func CreateConfig() *Config { return &Config{} }

// New returns the middleware.
func New(_ context.Context, next http.Handler, _ *Config, _ string) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		write(r.Header)
		write(w.Header())
	}), nil
}

func write(h http.Header) {
	for _, values := range h {
		for i := range values {
			values[i] = "MARKER-written"
		}
	}
}
