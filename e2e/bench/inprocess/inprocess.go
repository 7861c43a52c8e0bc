package inprocess

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
)

// Options are how much to measure.
type Options struct {
	Rounds  int    // of each subject
	Entries []int  // how many credentials are cached; the last is weighed
	Only    string // of the subjects, those whose name contains it; the no-op plugin is always there
	Say     func(format string, args ...any)
}

// Report is what a run found.
type Report struct {
	Rows        []Row
	BytesPerOne float64 // of heap, for one cached credential that is ready to be hit
	Weighed     int     // how many were
}

// Run measures.
func Run(o Options) (*Report, error) {
	b, err := newBench()
	if err != nil {
		return nil, err
	}
	defer b.close()
	report := &Report{}
	subjects, err := b.subjects(o, report)
	if err != nil {
		return nil, err
	}
	subjects = slices.DeleteFunc(subjects, func(s *subject) bool {
		return !strings.Contains(s.name, o.Only) && !strings.Contains(s.name, "no-op")
	})
	o.Say("timing %d kinds of requests, %d rounds of %d", len(subjects), o.Rounds, batch)
	report.Rows, err = measure(subjects, o.Rounds)
	return report, err
}

const (
	noop10 = "no-op plugin"
	noop0  = "no-op plugin, no other headers"
	noop30 = "no-op plugin, 30 other headers"
)

// made is a subject's request; a HEAD where no body is to be written.
func made(name string, others int, lines []string) *http.Request {
	r := request(others, lines...)
	if strings.HasSuffix(name, "up to the writing of the body") {
		r.Method = http.MethodHead
	}
	return r
}

func (b *bench) subjects(o Options, report *Report) ([]*subject, error) {
	none, err := b.none.New(context.Background(), next, nil, "none@file")
	if err != nil {
		return nil, err
	}
	all := []*subject{
		{noop10, noop10, none, func(int) *http.Request { return request(usual) }, 0},
		{noop0, noop0, none, func(int) *http.Request { return request(0) }, 0},
		{noop30, noop30, none, func(int) *http.Request { return request(30) }, 0},
	}
	add := func(name, against string, config map[string]any, others int, lines func(i int) []string, status int, warm int) error {
		h, err := b.handler(config)
		if err != nil {
			return err
		}
		for i := range warm {
			h.ServeHTTP(&writer{header: http.Header{}}, request(others, lines(i)...))
		}
		all = append(all, &subject{name, against, h, func(i int) *http.Request { return made(name, others, lines(i)) }, status})
		return nil
	}
	token := func(prefix string, entries int) func(int) []string {
		return func(int) []string {
			return []string{"Authorization", fmt.Sprintf("Bearer %s-good-%d", prefix, rand.IntN(entries))}
		}
	}
	for _, entries := range o.Entries {
		epoch := fmt.Sprint("entries", entries)
		config := b.bearers(epoch, entries)
		o.Say("caching %d tokens", entries)
		before := heap()
		h, err := b.handler(config)
		if err != nil {
			return nil, err
		}
		if err := fill(h, epoch, entries); err != nil {
			return nil, err
		}
		report.BytesPerOne, report.Weighed = float64(heap()-before)/float64(entries), entries
		if err := add(fmt.Sprintf("hit, of %d entries", entries), noop10, config, usual, token(epoch, entries), 0, 0); err != nil {
			return nil, err
		}
	}
	for _, c := range b.kinds(token("one", 1)) {
		if err := add(c.name, c.against, c.config, c.others, c.lines, c.status, 3); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// kind is one kind of requests that is timed, on a route of its own.
type kind struct {
	name, against string
	config        map[string]any
	others        int
	lines         func(int) []string
	status        int
}

// kinds are all but hits among many entries. one is a cached token's header.
func (b *bench) kinds(one func(int) []string) []kind {
	account := "Basic " + base64.StdEncoding.EncodeToString([]byte("good:password"))
	basic := map[string]any{"basic": map[string]any{"api": "thammasat", "url": b.upstream.URL, "applicationKey": "env:UPSTREAMAUTH_KEY"}}
	key := map[string]any{"applicationKey": map[string]any{"api": "thammasat", "url": b.upstream.URL}}
	paired := map[string]any{"applicationKey": map[string]any{"api": "thammasat", "url": b.upstream.URL, "account": true}}
	several := b.bearers("several", 0)
	several["applicationKey"] = key["applicationKey"]
	n := 0
	return []kind{
		{"hit, no identity header", noop10, b.bearers("i0", 0, "identity", map[string]any{"headers": headers(1)}), usual, one, 0},
		{"hit, 3 identity headers", noop10, b.bearers("i3", 0), usual, one, 0},
		{"hit, 10 identity headers", noop10, b.bearers("i10", 0, "identity", map[string]any{"headers": headers(10)}), usual, one, 0},
		{"hit, no other headers", noop0, b.bearers("h0", 0), 0, one, 0},
		{"hit, 30 other headers", noop30, b.bearers("h30", 0), 30, one, 0},
		{"hit, Application-Key", noop10, key, usual, func(int) []string { return []string{"Application-Key", "good-key"} }, 0},
		{"hit, Basic", noop10, basic, usual, func(int) []string { return []string{"Authorization", account} }, 0},
		{"hit, key and account", noop10, paired, usual, func(int) []string { return []string{"Application-Key", "good-key", "Authorization", account} }, 0},
		{"hit, on a route of two kinds", noop10, several, usual, one, 0},
		{"negative hit, up to the writing of the body", noop10, b.bearers("head", 0), usual, func(int) []string { return []string{"Authorization", "Bearer wrong"} }, 401},
		{"negative hit", noop10, b.bearers("no", 0), usual, func(int) []string { return []string{"Authorization", "Bearer wrong"} }, 401},
		{"miss", noop10, b.bearers("miss", 0), usual, func(int) []string {
			n++
			return []string{"Authorization", fmt.Sprint("Bearer miss-good-", n)}
		}, 0},
	}
}

// heap is what is in use, once what is not has been collected.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Text is the report as lines of text.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-44s %10s %8s %10s\n", "", "ns", "allocs", "× no-op")
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "%-44s %10.0f %8.0f %10.1f\n", row.Name, row.NS, row.Allocs, row.Ratio)
	}
	fmt.Fprintf(&b, "heap for each of %d cached credentials: %.0f bytes\n", r.Weighed, r.BytesPerOne)
	return b.String()
}
