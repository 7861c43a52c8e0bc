package custom

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

func TestMatch(t *testing.T) {
	t.Run("the first row that fits counts", func(t *testing.T) {
		table := newTable(keysDefinition(t).Rows, false)
		for _, c := range []struct {
			status int
			body   string
			row    int
		}{
			{200, `{"valid":true}`, 0},
			{200, `{"valid":"true"}`, -1},
			{200, `{"valid":1}`, -1},
			{200, `{"VALID":true}`, -1},
			{200, `{"valid":null}`, -1},
			{200, `{"valid":false,"reason":"expired"}`, 1},
			{200, `{"valid":false,"reason":"quota_exceeded"}`, 2},
			{200, `{"valid":false,"reason":"suspended"}`, 3},
			{200, `{"valid":false,"reason":"Suspended"}`, 4},
			{200, `{"valid":false}`, 4},
			{200, `{"valid":false,"reason":{"a":"expired"}}`, 4},
			{200, `<html>`, -1},
			{200, ``, -1},
			{201, `{"valid":true}`, -1},
			{404, ``, 5},
			{429, ``, 6},
			{500, ``, 7},
			{599, ``, 7},
			{601, ``, 7},
			{999, ``, 7},
			{302, ``, -1},
			{20, `{"valid":true}`, -1},
			{0, ``, -1},
		} {
			if got := table.match(responseOf(c.status, c.body)); got != c.row {
				t.Errorf("%d %s: row %d instead of %d", c.status, c.body, got, c.row)
			}
		}
	})

	t.Run("rows of any status, of a class and of one status keep their order", func(t *testing.T) {
		rows := []Row{
			{When: conditionsOf(t, "a is 1")}, {Statuses: "4xx", When: conditionsOf(t, "b is 1")}, {Statuses: "401 5xx"}, {Statuses: "4xx"}, {},
		}
		table := newTable(rows, false)
		for _, c := range []struct {
			status int
			body   string
			row    int
		}{
			{401, `{"a":1,"b":1}`, 0}, {401, `{"b":1}`, 1}, {401, `{}`, 2}, {404, `{"b":1}`, 1}, {404, `{}`, 3}, {503, `{"b":1}`, 2}, {200, `{}`, 4}, {200, `{"a":1}`, 0},
		} {
			if got := table.match(responseOf(c.status, c.body)); got != c.row {
				t.Errorf("%d %s: row %d instead of %d", c.status, c.body, got, c.row)
			}
		}
	})

	t.Run("bodies are not looked at where status and headers say everything", func(t *testing.T) {
		rows := []Row{{When: conditionsOf(t, "a exists")}, {When: conditionsOf(t, "header:X-Ok exists")}}
		if got := newTable(rows, true).match(responseOf(200, `{"a":1}`, "X-Ok", "1")); got != 1 {
			t.Errorf("row %d", got)
		}
	})

	t.Run("it is what judging row by row finds", func(t *testing.T) {
		d := keysDefinition(t)
		d.Rows = append(d.Rows, Row{When: conditionsOf(t, `header:X-A is "1"`, "reason missing")}, Row{Statuses: "3xx 418"})
		table := newTable(d.Rows, false)
		for _, status := range []int{200, 201, 302, 400, 418, 429, 500, 777} {
			for _, body := range []string{``, `{}`, `{"valid":true}`, `{"valid":false}`, `{"valid":false,"reason":"expired"}`, `{"reason":null}`} {
				for _, line := range []string{"", "1", "2"} {
					r := responseOf(status, body, "X-A", line)
					want := -1
					fits := table.fits(r)
					if fits[len(fits)-1].Fits {
						want = len(fits) - 1
					}
					if got := table.match(r); got != want {
						t.Errorf("%d %s %q: row %d instead of %d", status, body, line, got, want)
					}
				}
			}
		}
	})
}

// manyRows are as many rows and conditions as a definition may have, of which the last one
// fits a response whose paths are all as deep as a path may be.
func manyRows(t testing.TB) (rows []Row, body string) {
	t.Helper()
	for i := 0; i < MaxRows; i++ {
		var texts []string
		for j := 0; j < MaxConditions; j++ {
			text := fmt.Sprintf("a.a.a.a.a.a.a.m%d is not %d", i*MaxConditions+j, j)
			if j == MaxConditions-1 && i < MaxRows-1 {
				text = fmt.Sprintf("a.a.a.a.a.a.a.m%d > 1000000000000000000000000000000000000000", i*MaxConditions+j)
			}
			texts = append(texts, text)
		}
		rows = append(rows, Row{When: conditionsOf(t, texts...), Meaning: apis.Valid})
	}
	var members []string
	for i := 0; i < MaxRows*MaxConditions; i++ {
		members = append(members, fmt.Sprintf(`"m%d":999999999999999999999999999999999999.5e1`, i))
	}
	return rows, strings.Repeat(`{"a":`, 7) + "{" + strings.Join(members, ",") + "}" + strings.Repeat("}", 7)
}

func TestAttack(t *testing.T) {
	t.Run("64 rows of 10 conditions over deep paths take a bounded time", func(t *testing.T) {
		rows, body := manyRows(t)
		table := newTable(rows, false)
		r := responseOf(200, body)
		if r.Body == nil {
			t.Fatal("the body is not read")
		}
		took := time.Hour
		for range [3]int{} { // the machine stands still in one of them at most
			begun := time.Now()
			if got := table.match(r); got != MaxRows-1 {
				t.Errorf("row %d", got)
			}
			took = min(took, time.Since(begun))
		}
		t.Logf("640 conditions, 640 paths of 8 names, %d bytes: %s", len(body), took)
		if took > time.Second { // some milliseconds, unless conditions cost more than their number
			t.Errorf("it took %s", took)
		}
	})

	t.Run("a response that is nested 32 deep is read, and a deeper one is not", func(t *testing.T) {
		deep := func(levels int) string { return strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels) }
		table := newTable([]Row{{When: conditionsOf(t, "a.a.a.a.a.a.a.a exists")}}, false)
		begun := time.Now()
		for i := 0; i < 1000; i++ {
			if table.match(responseOf(200, deep(31))) != 0 || table.match(responseOf(200, deep(40))) != -1 {
				t.Fatal("it is not judged by its depth")
			}
		}
		t.Logf("one: %s", time.Since(begun)/2000)
	})

	t.Run("a code's pattern of 10 KB takes a bounded time", func(t *testing.T) {
		pattern, fault := ParseCodePattern(strings.Repeat("(a?){9}(b|c)*", 800))
		if fault != "" {
			t.Skip("RE2 refuses it, which bounds it too")
		}
		d := keysDefinition(t)
		d.Refusal.CodePattern = pattern
		took := time.Hour
		for range [3]int{} {
			begun := time.Now()
			_, _ = decide(d, responseOf(200, `{"valid":false,"reason":"`+strings.Repeat("ab", 30000)+`"}`), "t")
			took = min(took, time.Since(begun))
		}
		t.Logf("60 KB against it: %s", took)
		if took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
