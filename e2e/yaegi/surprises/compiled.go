package surprises

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
)

// What compiled code makes of types of ours.

type own struct{ cause error }

func (o *own) Error() string { return "own" }

func (o *own) Unwrap() error { return o.cause }

// ErrorsAs panics: compiled code does not see the method.
func ErrorsAs() string {
	err := fmt.Errorf("wrapped: %w", &own{})
	var target *own
	return fmt.Sprint(errors.As(err, &target))
}

// ErrorsAsCompiled: with types of the standard library it works.
func ErrorsAsCompiled() string {
	err := fmt.Errorf("wrapped: %w", &net.OpError{Op: "dial", Err: io.EOF})
	var target *net.OpError
	return fmt.Sprint(errors.As(err, &target), target.Op)
}

// OwnUnwrap is never called.
func OwnUnwrap() string {
	var err error = &own{io.EOF}
	return fmt.Sprint(errors.Is(err, io.EOF))
}

// WrappedByVerb does what OwnUnwrap cannot.
func WrappedByVerb() string {
	return fmt.Sprint(errors.Is(fmt.Errorf("own: %w", io.EOF), io.EOF))
}

type verifier interface {
	Verify(text string) (string, error)
}

type upstream struct{ name string }

func (u *upstream) Verify(text string) (string, error) { return u.name + " " + text, nil }

type embedding struct {
	verifier
	n int
}

// EmbeddedInterface panics when its method is called through a pointer.
func EmbeddedInterface() string {
	e := &embedding{verifier: &upstream{"upstream"}, n: 1}
	text, _ := e.Verify("called")
	return text
}

type decorating struct{ next verifier }

func (d *decorating) Verify(text string) (string, error) { return d.next.Verify(text) }

// NamedInterface does what EmbeddedInterface cannot.
func NamedInterface() string {
	var v verifier = &decorating{next: &upstream{"upstream"}}
	text, _ := v.Verify("called")
	return text
}

type secret string

func (s secret) String() string { return "***" }

type holder struct{ Secret secret }

// RedactingString hides nothing that is nested.
func RedactingString() string { return fmt.Sprintf("%+v", holder{"hunter2"}) }

type decoded struct{ N int }

func (d *decoded) UnmarshalJSON([]byte) error {
	d.N = 99
	return nil
}

// OwnUnmarshal is never called.
func OwnUnmarshal() string {
	var d decoded
	err := json.Unmarshal([]byte(`{"N":1}`), &d)
	return fmt.Sprint(d.N, err)
}

type transport struct{}

func (transport) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusTeapot, Body: http.NoBody}, nil
}

// OwnTransport panics.
func OwnTransport() string {
	client := &http.Client{Transport: transport{}}
	response, err := client.Get("http://nowhere.invalid/")
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(response.StatusCode)
}

type body struct{ text *strings.Reader }

func (b *body) Read(p []byte) (int, error) { return b.text.Read(p) }

func (b *body) Close() error { return nil }

// OwnBody panics.
func OwnBody() string {
	r := &http.Request{Body: &body{strings.NewReader("text")}}
	text, err := io.ReadAll(r.Body)
	return fmt.Sprint(string(text), err)
}

func redirects() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
}

// OwnCheckRedirect panics, if its parameters have no names.
func OwnCheckRedirect() string {
	server := redirects()
	defer server.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	response, err := client.Get(server.URL)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(response.StatusCode)
}

// RoundTripOnly does what OwnCheckRedirect is for.
func RoundTripOnly() string {
	server := redirects()
	defer server.Close()
	r, err := http.NewRequest(http.MethodGet, server.URL, nil)
	if err != nil {
		return err.Error()
	}
	t := &http.Transport{DisableKeepAlives: true}
	response, err := t.RoundTrip(r)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(response.StatusCode)
}

type writer struct{ http.ResponseWriter }

func (w *writer) Flush() {}

// WrappedWriter is no Flusher for compiled code, though it has the method.
func WrappedWriter() string {
	flushes := false
	inner := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, flushes = w.(http.Flusher)
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.StripPrefix("", inner).ServeHTTP(&writer{w}, r)
	}))
	defer server.Close()
	if _, err := http.Get(server.URL); err != nil {
		return err.Error()
	}
	return fmt.Sprint(flushes)
}

// MethodByReflection does what CompiledMethodValue (a file of its own) cannot.
func MethodByReflection() string {
	dialer := &net.Dialer{}
	t := &http.Transport{}
	dial := reflect.ValueOf(dialer).MethodByName("DialContext")
	reflect.ValueOf(t).Elem().FieldByName("DialContext").Set(dial)
	return fmt.Sprint(t.DialContext != nil)
}

// StandardError tells which file os.Stderr is.
func StandardError() string { return fmt.Sprint(os.Stderr.Fd()) }
