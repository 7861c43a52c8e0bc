package inprocess

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"time"
)

// usual is how many header lines of its own a browser's request has.
const usual = 10

var usualHeaders = []string{
	"Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Content-Type",
	"Cookie", "Origin", "Referer", "User-Agent", "X-Requested-With",
}

// request is what net/http makes of a request with that many other headers.
func request(others int, more ...string) *http.Request {
	h := make(http.Header, others+4)
	for i := range others {
		if i < len(usualHeaders) {
			h[usualHeaders[i]] = []string{"a value of a usual length"}
			continue
		}
		h[fmt.Sprint("X-Other-", i)] = []string{"a value of a usual length"}
	}
	for i := 0; i+1 < len(more); i += 2 {
		h[more[i]] = []string{more[i+1]}
	}
	return &http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: "/"}, Host: "r.test", Header: h, RemoteAddr: "192.0.2.1:4711",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, RequestURI: "/",
	}
}

// writer drops the response.
type writer struct {
	header http.Header
	status int
}

func (w *writer) Header() http.Header         { return w.header }
func (w *writer) WriteHeader(status int)      { w.status = status }
func (w *writer) Write(p []byte) (int, error) { return len(p), nil }

// subject is one thing to be measured.
type subject struct {
	name    string
	against string // the no-op that it is compared with
	handler http.Handler
	request func(i int) *http.Request
	status  int // 0: the request is allowed
}

// batch is how many requests are timed together. They are made before the clock
// runs: what net/http does is not what is measured.
const batch = 256

// round serves one batch, and returns what one request took and allocated.
func (s *subject) round(seed int) (ns, allocs float64, err error) {
	requests := make([]*http.Request, batch)
	writers := make([]*writer, batch)
	for i := range requests {
		requests[i] = s.request(seed + i)
		writers[i] = &writer{header: make(http.Header, 4)}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begun := time.Now()
	for i, r := range requests {
		s.handler.ServeHTTP(writers[i], r)
	}
	took := time.Since(begun)
	runtime.ReadMemStats(&after)
	for _, w := range writers {
		if w.status != s.status {
			return 0, 0, fmt.Errorf("%s: status %d, want %d", s.name, w.status, s.status)
		}
	}
	return float64(took.Nanoseconds()) / batch, float64(after.Mallocs-before.Mallocs) / batch, nil
}

// Row is one subject's result: medians over all rounds.
type Row struct {
	Name   string
	NS     float64 // of one request
	Allocs float64
	Ratio  float64 // to the no-op plugin, with the same headers
}

// measure runs all subjects in turn, round after round.
func measure(subjects []*subject, rounds int) ([]Row, error) {
	ns := make([][]float64, len(subjects))
	allocs := make([][]float64, len(subjects))
	for round := range rounds {
		for i, s := range subjects {
			n, a, err := s.round(round * 7919)
			if err != nil {
				return nil, err
			}
			ns[i], allocs[i] = append(ns[i], n), append(allocs[i], a)
		}
	}
	rows := make([]Row, len(subjects))
	for i, s := range subjects {
		rows[i] = Row{Name: s.name, NS: Median(ns[i]), Allocs: Median(allocs[i])}
	}
	for i, s := range subjects {
		for j, base := range subjects {
			if base.name == s.against {
				rows[i].Ratio = rows[i].NS / rows[j].NS
			}
		}
	}
	return rows, nil
}

// Median is the middle of some numbers; 0 of none.
func Median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
