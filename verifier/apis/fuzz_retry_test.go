package apis

import (
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzRetryAfter: for any header, the wait is 1 to 3,600 seconds, or 0 where it holds
// neither a number nor a date.
func FuzzRetryAfter(f *testing.F) {
	for _, text := range []string{
		"", "0", "7", "-1", "+7", "3600", "3601", "99999999999999999999", "1.5", "7, 8", " 7", "soon", "Tue, 24 Nov 2026 08:00:00 GMT",
		"Tuesday, 24-Nov-26 08:00:00 GMT", "Tue Nov 24 08:00:00 2026", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT",
	} {
		f.Add(text, int64(1_795_507_200))
	}
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		now := time.Unix(unix%(1<<33), 0)
		wait := RetryAfter(text, now)
		if wait != 0 && (wait < time.Second || wait > time.Hour) {
			t.Fatalf("%q at %s: %s", text, now, wait)
		}
		number, isNumber := new(big.Int).SetString(text, 10)
		if strings.Contains(text, "_") {
			isNumber = false
		}
		if !isNumber {
			_, err := http.ParseTime(text)
			if (wait == 0) != (err != nil) {
				t.Fatalf("%q: %s, and as a date: %v", text, wait, err)
			}
			return
		}
		want := time.Second
		if number.Cmp(big.NewInt(3600)) >= 0 {
			want = time.Hour
		} else if number.Sign() > 0 {
			want = time.Duration(number.Int64()) * time.Second
		}
		if wait != want && (wait != 0 || !strings.ContainsAny(text, "+-")) {
			t.Fatalf("%q: %s, want %s", text, wait, want)
		}
	})
}
