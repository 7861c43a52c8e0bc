package demo

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sort"
	"strings"
)

// Received is a request as the backend got it: what the demo shows of it.
type Received struct {
	Method   string  `json:"method"`
	Path     string  `json:"path"`
	Identity []Field `json:"identity"` // the headers that begin with X-Auth-, by name
}

// Field is one header. Text is its value without percent-encoding.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Text  string `json:"text"`
}

// Of is the value of a header of that name, without percent-encoding.
func (r Received) Of(name string) string {
	for _, f := range r.Identity {
		if f.Name == name {
			return f.Text
		}
	}
	return ""
}

// NewBackend starts a backend that shows the request that it received: as a page to
// browsers, as JSON to those who ask for that, and as text to all others. told, which
// may be nil, is told of each. Where addr is empty, it is a free port of 127.0.0.1.
func NewBackend(addr string, told func(Received)) (*httptest.Server, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("opening the backend's socket: %w", err)
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		got := receive(r)
		if told != nil {
			told(got)
		}
		show(w, r, got)
	}
	backend := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(handler)}}
	backend.Start()
	return backend, nil
}

func receive(r *http.Request) Received {
	got := Received{Method: r.Method, Path: r.URL.Path, Identity: []Field{}}
	for name, values := range r.Header {
		if !strings.HasPrefix(name, "X-Auth-") {
			continue
		}
		value := strings.Join(values, ", ")
		text, err := url.PathUnescape(value)
		if err != nil {
			text = value
		}
		got.Identity = append(got.Identity, Field{name, value, text})
	}
	sort.Slice(got.Identity, func(i, j int) bool { return got.Identity[i].Name < got.Identity[j].Name })
	return got
}

func show(w http.ResponseWriter, r *http.Request, got Received) {
	w.Header().Set("Cache-Control", "no-store")
	switch accept := r.Header.Get("Accept"); {
	case strings.Contains(accept, "text/html"):
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		_ = sitePage.Execute(w, got)
	case strings.Contains(accept, "application/json"):
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(got)
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		request, err := httputil.DumpRequest(r, false)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		lines := strings.Split(strings.TrimSpace(string(request)), "\r\n")
		sort.Strings(lines[1:])
		_, _ = fmt.Fprintf(w, "The backend received:\n%s\n", strings.Join(lines, "\n"))
	}
}

// sitePage is what a browser gets of the backend.
var sitePage = template.Must(template.New("site").Parse(`<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<title>The guarded page</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/demo/page.css"></head><body class="small">
<main><section class="card"><h1>The guarded page</h1>
<p>Hello, <strong id="name" dir="auto">{{or (.Of "X-Auth-Name") (.Of "X-Auth-User") "caller"}}</strong>. This page is the backend's. It knows you by these headers alone, which the gate has set:</p>
<dl class="fields">{{range .Identity}}<div><dt>{{.Name}}</dt><dd><bdi>{{.Text}}</bdi></dd></div>{{end}}</dl>
<form method="post" action="/site/leave" class="row"><a class="button" href="/">Back to the demo</a><button class="plain">Log out</button></form>
</section></main></body></html>
`))
