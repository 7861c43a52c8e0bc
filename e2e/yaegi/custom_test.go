package yaegi_test

import (
	"fmt"
	"math/rand"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/yaegi/readers"
)

// What a definition says is read alike by compiler and interpreter, whatever stands in its
// texts, in a value, and in a response.
func TestCustom(t *testing.T) {
	find := interpretedReaders(t)
	written := find("Written").(func(string, string) string)
	parsed := find("Parsed").(func(string) string)
	described := find("Described").(func(string, string, string, int) string)
	random := rand.New(rand.NewSource(2))
	alike := func(what, compiled, interpreted string) {
		t.Helper()
		if compiled != interpreted {
			t.Errorf("%s\ncompiled:    %s\ninterpreted: %s", what, compiled, interpreted)
		}
	}
	for range 1500 {
		text, value := pick(random, templates), pick(random, values)
		alike(fmt.Sprintf("%q %q", text, value), readers.Written(text, value), written(text, value))
	}
	for range 1500 {
		text := pick(random, customTexts)
		alike(text, readers.Parsed(text), parsed(text))
	}
	for range 1000 {
		condition, body, line := pick(random, customTexts), pick(random, bodies), pick(random, cacheLines)
		status := []int{200, 200, 200, 204, 302, 401, 403, 422, 429, 500, 777}[random.Intn(11)]
		alike(fmt.Sprintf("%q %q %q %d", condition, body, line, status),
			readers.Described(condition, body, line, status), described(condition, body, line, status))
	}
}

// processorTime is what one of several runs takes of the processors.
func processorTime(t testing.TB, runs int, run func()) time.Duration {
	t.Helper()
	used := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			t.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	begun := used()
	run()
	return (used() - begun) / time.Duration(runs)
}

// BenchmarkCustomCost is what reading a response costs by a definition, interpreted, and as a
// multiple of what it costs by the same API built in.
func BenchmarkCustomCost(b *testing.B) {
	cost := interpretedReaders(b)("Cost").(func(bool, string, int, int) int)
	for _, c := range []struct {
		name, body string
		status     int
	}{
		{"a yes", `{"IsSuccess":true,"Data":{"UserName":"u","Id":1,"Name":"n","Email":"e"}}`, 200},
		{"a no in a 200", `{"IsSuccess":false,"Msg":{"Code":-102,"Msg":"no"}}`, 200},
		{"the last no", `{"IsSuccess":false,"Msg":{"Code":-105,"Msg":"no"}}`, 200},
		{"a 401", `{"status":"error","code":401,"message":"no"}`, 401},
		{"a 500", `{"status":"error","code":500,"message":"no"}`, 500},
		{"no row at a 200", `{"IsSuccess":"true"}`, 200},
	} {
		b.Run(c.name, func(b *testing.B) {
			builtIn := time.Hour
			for range 5 { // the least of several: the machine does other things too
				builtIn = min(builtIn, processorTime(b, 100, func() { cost(false, c.body, c.status, 100) }))
			}
			b.ResetTimer()
			described := processorTime(b, b.N, func() { cost(true, c.body, c.status, b.N) })
			b.ReportMetric(float64(described)/float64(builtIn), "×built-in")
		})
	}
}

// The largest table that may be written, over responses that are as bad for it as may be.
func TestCustomAttack(t *testing.T) {
	find := interpretedReaders(t)
	if row := find("Attack").(func() string)(); row != "custom.replies[63]" {
		t.Fatal(row)
	}
	attacked := find("Attacked").(func() string)
	took := min(processorTime(t, 1, func() { attacked() }), processorTime(t, 1, func() { attacked() }))
	t.Logf("64 rows of 10 conditions, 640 paths of 8 names, interpreted: %s", took)
	if took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	deep := find("Deep").(func(int) string)
	if deep(31) == "" || deep(33) != "" {
		t.Error("a response is not judged by its depth")
	}
	took = processorTime(t, 10, func() {
		for range 10 {
			deep(32)
		}
	})
	t.Logf("a response that is nested 32 deep, with its table made: %s", took)
	if took > time.Second {
		t.Errorf("it took %s", took)
	}
}

var (
	templates = []string{
		"", "Bearer {token}", "/keys/{token}", "/v1?k={token}&u={user}", "k={token}&x=%20", `{"k":"{token}","l":["{user}",{}]}`, `{"k":"\{token}"}`, "{tokn}", "{header:X-A}", "{header:}", "{}", "{{token}}",
		"%{token}", "a={client.id}&b={path}", `{"{token}":1}`, "/{token}/../x", "{token", `{"a":{token}}`,
	}
	values = []string{
		"", "a", "sk_live_0123", "a/b", "..", ".", "a b", "é", "\xff\x00", `a"b\`, "a\r\nb", "a&b=c#d?e;f", "%2F", "{token}", strings.Repeat("x", 9000), "\u2028",
	}
	customTexts = []string{
		"", "valid is true", `valid is "true" or 1`, "valid is not false", "a.b.0 is x", `"a.b" exists`, "owner.name starts with a or b", "owner contains x", "n > 0", "n <= 1e3", "n >= x", "left < 10.50",
		"valid is a boolean or text", "owner is an object", "header:X-Plan is pro", "header:X-Plan missing", "status = ok", "valid", "a b c", `valid is "x`, "e unixms", "e date +03:30", `e "2006-01-02 15:04:05" +03:30`,
		"data.user.name or login", "scopes each", "token.sub or credential.user", "sk_{32}", "{40 hex}x", "1|{48}", "{x}", "a.b.c.d.e.f.g.h", "a.b.c.d.e.f.g.h.i", "half is x",
	}
	bodies = []string{
		"", "{}", `{"valid":true,"owner":{"name":"ann","age":3},"scopes":"a, b c"}`, `{"valid":true,"expires_at":1900000060,"left":30}`, `{"valid":true,"expires_at":"2031-01-01T00:00:00Z"}`,
		`{"valid":true,"expires_at":"soon"}`, `{"valid":true,"expires_at":1}`, `{"valid":true,"left":-1,"owner":null,"login":"bob"}`, `{"valid":false}`, `{"valid":false,"reason":"expired","detail":"No.","wait":"in 12 s"}`,
		`{"valid":false,"reason":12,"errors":{"a":["b"]}}`, `{"valid":"true","n":12.50,"a":{"b":["x",null]},"a.b":1}`, `{"valid":false,"detail":"word-of-the-gateway"}`, `{"a":1,"A":2}`, `{"half":"\ud800"}`, "<html>",
		`{"valid":true,"scopes":["a",{"b":1}],"owner":{"l":[1,2],"o":{}}}`, `{"valid":true,"x":"` + strings.Repeat("y", 2000) + `"}`,
	}
	cacheLines = []string{"", "no-store", "max-age=60", "public, max-age=0", "30", "Mon, 04 May 2026 12:01:00 GMT", "pro", "private, x"}
)
