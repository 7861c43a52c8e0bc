package telemetry

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestLogTrace(t *testing.T) {
	t.Run("one request in a thousand is traced, from the first on", func(t *testing.T) {
		f := newFixture(t)
		log := NewLog(f.sink, "gate", LevelTrace)
		for i := 0; i < 3*traceEvery; i++ {
			if got := log.AllowTrace(nil, ""); got != (i%traceEvery == 0) {
				t.Errorf("request %d is traced: %t", i, got)
			}
		}
	})
	t.Run("not while clients cause too many entries", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < maxPerSecond; i++ {
			NewLog(f.sink, "other", LevelDebug).AllowDebug()
		}
		if NewLog(f.sink, "gate", LevelTrace).AllowTrace(nil, "") {
			t.Error("traced")
		}
	})
	t.Run("each request with the token is traced, while its context lasts", func(t *testing.T) {
		f := newFixture(t)
		ctx, end := context.WithCancel(context.Background())
		f.sink.TraceRequests(ctx, Trace{Token: "a token of the operator"})
		f.sink.TraceRequests(ctx, Trace{})
		log := NewLog(f.sink, "gate", LevelTrace)
		log.AllowTrace(nil, "")
		for i := 0; i < 3*maxPerSecond; i++ {
			if !log.AllowTrace([]string{"a token of the operator"}, "192.0.2.1") {
				t.Fatal("not traced")
			}
		}
		for _, lines := range [][]string{nil, {}, {""}, {"a token of the operato"}, {"A token of the operator"}, {"a token of the operator", "a token of the operator"}, {strings.Repeat("x", maxTraceToken+1)}} {
			if log.AllowTrace(lines, "192.0.2.1") {
				t.Errorf("%q is traced", lines)
			}
		}
		end()
		if log.AllowTrace([]string{"a token of the operator"}, "192.0.2.1") {
			t.Error("traced after its end")
		}
	})
	t.Run("a token that a reload names again stays, and the memory is bounded", func(t *testing.T) {
		f := newFixture(t)
		old, end := context.WithCancel(context.Background())
		f.sink.TraceRequests(old, Trace{Token: "token"})
		f.sink.TraceRequests(context.Background(), Trace{Token: "token"})
		end()
		log := NewLog(f.sink, "gate", LevelTrace)
		log.AllowTrace(nil, "")
		if !log.AllowTrace([]string{"token"}, "192.0.2.1") {
			t.Error("gone")
		}
		for i := 0; i < 3*maxTraceTokens; i++ {
			f.sink.TraceRequests(context.Background(), Trace{Token: fmt.Sprint(i)})
		}
		if got := len(f.sink.traces.tokens); got != maxTraceTokens {
			t.Errorf("%d tokens", got)
		}
	})
	t.Run("who was wrong too often is not compared, and who is right counts nothing", func(t *testing.T) {
		f := newFixture(t)
		missed := map[string]int{}
		limits := Trace{
			Token: "the token of the operator", Spent: func(client string) bool { return missed[client] >= 3 }, Missed: func(client string) { missed[client]++ },
		}
		f.sink.TraceRequests(context.Background(), limits)
		log := NewLog(f.sink, "gate", LevelTrace)
		log.AllowTrace(nil, "")
		right := []string{limits.Token}
		for i := range [3]int{} {
			if !log.AllowTrace(right, "guesser") {
				t.Error("not traced")
			}
			if log.AllowTrace([]string{fmt.Sprint("guess ", i)}, "guesser") {
				t.Error("a guess is traced")
			}
		}
		if log.AllowTrace(right, "guesser") {
			t.Error("a guess is compared after three wrong ones")
		}
		if log.AllowTrace([]string{"wrong"}, "guesser") || missed["guesser"] != 3 {
			t.Errorf("%d guesses are counted", missed["guesser"])
		}
		if !log.AllowTrace(right, "another") {
			t.Error("another client has to wait")
		}
	})
	t.Run("a trace says what became of the request, where it came from and how long it took", func(t *testing.T) {
		f := newFixture(t)
		log := NewLog(f.sink, "gate", LevelTrace).About("ippanel", "POST https://edge.example/check")
		log.Traced("hit", "it is remembered", "12µs", "0123456789ab", Request{Client: "192.0.2.1", Method: "GET", Path: "/"})
		got := f.entries()
		want := map[string]string{
			"event": "trace", "level": "trace", "outcome": "hit", "detail": "it is remembered", "took": "12µs", "credential": "0123456789ab",
			"client": "192.0.2.1", "method": "GET", "path": "/", "api": "ippanel", "address": "POST https://edge.example/check", "middleware": "gate",
		}
		for key, value := range want {
			if len(got) != 1 || got[0][key] != value {
				t.Errorf("%s: %v, want %s", key, got, value)
			}
		}
	})
	t.Run("only level trace traces", func(t *testing.T) {
		f := newFixture(t)
		for level, want := range map[string]bool{"error": false, "info": false, "debug": false, "trace": true} {
			if got := NewLog(f.sink, "gate", level).Tracing(); got != want {
				t.Errorf("%s: %t", level, got)
			}
		}
	})
}

func TestRequest(t *testing.T) {
	cases := []struct {
		name    string
		request Request
		want    map[string]string // "": not there
	}{
		{"what is there is quoted", Request{Client: "192.0.2.1", Method: "GET", Path: "/a", ID: "7"}, map[string]string{"client": "192.0.2.1", "method": "GET", "path": "/a", "requestId": "7"}},
		{"what is not there is not", Request{}, map[string]string{"client": "", "method": "", "path": "", "requestId": ""}},
		{"each has a bound", Request{Method: strings.Repeat("M", 40), Path: strings.Repeat("p", 300), ID: strings.Repeat("i", 200)}, map[string]string{
			"method": strings.Repeat("M", 32) + "...", "path": strings.Repeat("p", 256) + "...", "requestId": strings.Repeat("i", 128) + "...",
		}},
		{"what is not visible ASCII is left out", Request{ID: "a\x00\x1b[31m\r\n\u202e\u00e9\u0085 b", Path: "\t"}, map[string]string{"requestId": "a[31mb", "path": ""}},
		{"what quotes the credential is left out", Request{ID: "x-secret", Path: "/secret/", Client: "192.0.2.1", Secrets: []string{"", "secret"}}, map[string]string{"requestId": "", "path": "", "client": "192.0.2.1"}},
		{"also where it comes together by what is left out", Request{ID: "sec ret", Path: "/sec\tret", Method: "GET", Secrets: []string{"secret"}}, map[string]string{"requestId": "", "path": "", "method": "GET"}},
		{"also in part beyond the bound", Request{ID: strings.Repeat("i", 125) + "secret", Secrets: []string{"secret"}}, map[string]string{"requestId": ""}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			NewLog(f.sink, "gate", LevelDebug).Refused("invalid", "", c.request)
			entry := f.entries()[0]
			for key, want := range c.want {
				got, there := entry[key].(string)
				if got != want || there != (want != "") {
					t.Errorf("%s: %q, want %q", key, got, want)
				}
			}
		})
	}
}

func TestSinkRemindOfFaults(t *testing.T) {
	f := newFixture(t)
	f.sink.ConfigFaults("gate", []string{"a", "b"}, []string{"a: required", "b: required"})
	f.entries()
	steps := []struct {
		after time.Duration
		want  int
	}{{0, 0}, {time.Hour - 1, 0}, {1, 2}, {0, 0}, {5 * time.Hour, 2}, {-3 * time.Hour, 2}, {0, 0}}
	for i, step := range steps {
		f.time = f.time.Add(step.after)
		f.sink.RemindOfFaults("gate")
		f.sink.RemindOfFaults("another")
		got := f.entries()
		if len(got) != step.want {
			t.Fatalf("step %d: %v, want %d entries", i, got, step.want)
		}
		for _, entry := range got {
			if entry["event"] != "configuration fault" || entry["since"] != "2024-02-29T16:59:58Z" || entry["key"] == "" {
				t.Errorf("step %d: %v", i, entry)
			}
		}
	}
	f.sink.ConfigFaults("gate", []string{"a"}, []string{"a: required"}) // a reload, with one fault less
	f.entries()
	f.sink.RemindOfFaults("gate")
	f.sink.ConfigOK("gate")
	f.time = f.time.Add(2 * time.Hour)
	f.sink.RemindOfFaults("gate")
	if got := f.entries(); len(got) != 1 || got[0]["event"] != "configuration ok" {
		t.Errorf("%v", got)
	}
}
