package logins

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

// fixture is a clock that is moved by hand: the wall clock, and the time that passes.
type fixture struct {
	now time.Time
	up  time.Duration
}

func (f *fixture) clock() *Clock {
	f.now = time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	return NewClock(func() time.Time { return f.now }, func() time.Duration { return f.up })
}

func (f *fixture) pass(d time.Duration) {
	f.now = f.now.Add(d)
	f.up += d
}

const secret = "0123456789abcdef0123456789abcdef"

func newLogins(f *fixture) (l *Logins, told *[]string) {
	told = &[]string{}
	tell := func(event string) func(string) {
		return func(token string) { *told = append(*told, event+" "+token) }
	}
	l = New(secret, f.clock(), &Listeners{Issued: tell("issued"), Barred: func(token, _ string) { tell("barred")(token) }, Ended: tell("ended")})
	return l, told
}

// token is a JWT with these claims and this signature.
func token(claims, signature string) string {
	encoding := base64.RawURLEncoding
	return encoding.EncodeToString([]byte(`{"alg":"ES256"}`)) + "." + encoding.EncodeToString([]byte(claims)) + "." + signature
}

func TestLogins(t *testing.T) {
	t.Run("what changes is told", func(t *testing.T) {
		l, told := newLogins(&fixture{})
		l.Add("x")
		l.Bar("r", "x")
		l.Forget("x")
		l.Drop("y")
		if got := strings.Join(*told, ", "); got != "issued x, barred r, ended x" || l.Find("x") != nil {
			t.Error(got)
		}
	})

	t.Run("their number is bounded", func(t *testing.T) {
		l, _ := newLogins(&fixture{})
		for i := 0; i < 2*maxLogins; i++ {
			l.Add(fmt.Sprint(i))
		}
		if l.tokens.Len() != maxLogins || l.Find("0") != nil || l.Find(fmt.Sprint(2*maxLogins-1)) == nil {
			t.Errorf("%d are held", l.tokens.Len())
		}
	})

	t.Run("other logins do not unbar a refresh token", func(t *testing.T) {
		l, _ := newLogins(&fixture{})
		l.Bar("refresh", "access")
		for i := 0; i < maxLogins+1; i++ {
			l.Add(fmt.Sprint(i))
			l.Bar("refresh "+fmt.Sprint(i), fmt.Sprint(i))
		}
		if l.BarredSince("refresh") == 0 || l.BarredSince("0") != 0 {
			t.Error("it is not barred, or an access token is")
		}
	})

	t.Run("an issue is never in the future, nor younger than it is", func(t *testing.T) {
		f := &fixture{}
		l, _ := newLogins(f)
		began := f.now
		f.now = f.now.Add(50 * time.Hour) // the clock runs ahead
		l.Add("x")
		f.now = f.now.Add(-50 * time.Hour)
		for _, move := range []time.Duration{0, time.Hour, 51 * time.Hour} {
			f.pass(move)
			if issued := l.Find("x").Issued; !issued.Equal(began) {
				t.Errorf("after %s: %s, want %s", f.up, issued, began)
			}
		}
		f.now = f.now.Add(10 * time.Hour) // it runs ahead again, or the machine slept
		if issued := l.Find("x").Issued; issued.After(f.now.Add(-f.up)) {
			t.Errorf("%s", issued)
		}
	})
}

func TestBarred(t *testing.T) {
	claims := `{"iss":"a","jti":"7","exp":%d}`

	t.Run("a JWT is barred by its header and payload, whatever its signature", func(t *testing.T) {
		b := NewBarred(secret, (&fixture{}).clock(), nil)
		b.Bar(token(`{"jti":"7"}`, "c2ln"))
		for text, want := range map[string]bool{
			token(`{"jti":"7"}`, "c2ln"): true, token(`{"jti":"7"}`, "b3RoZXI"): true,
			token(`{"jti":"7","a":1}`, "c2ln"): false, "c2ln": false, "": false,
		} {
			if got := b.Since(text) != 0; got != want {
				t.Errorf("%s: %v", text, got)
			}
		}
	})

	t.Run("a refresh token is barred by its issuer's name for it, if that is its own", func(t *testing.T) {
		l, _ := newLogins(&fixture{})
		l.Bar(token(`{"iss":"a","jti":"7"}`, "x1"), token(`{"iss":"a","jti":"8"}`, "x1"))
		l.Bar(token(`{"iss":"a","jti":"9","r":1}`, "x1"), token(`{"iss":"a","jti":"9"}`, "x1"))
		for text, want := range map[string]bool{
			token(`{"iss":"a","jti":"7","more":1}`, "x1"): true,
			token(`{"iss":"b","jti":"7"}`, "x1"):          false,
			token(`{"iss":"a","jti":"8"}`, "x1"):          false,
			token(`{"iss":"a","jti":"9","r":1}`, "x2"):    true,
			token(`{"iss":"a","jti":"9"}`, "x1"):          false, // the access token of the same session
		} {
			if got := l.BarredSince(text) != 0; got != want {
				t.Errorf("%s: %v", text, got)
			}
		}
	})

	t.Run("until its own end, or for the longest lifetime where it names none", func(t *testing.T) {
		f := &fixture{}
		l, _ := newLogins(f)
		hour := token(fmt.Sprintf(claims, f.now.Add(time.Hour).Unix()), "x1")
		year := token(fmt.Sprintf(strings.Replace(claims, "7", "8", 1), f.now.Add(8760*time.Hour).Unix()), "x1")
		ambiguous := token(`{"exp":1,"EXP":2}`, "x1")
		for _, text := range []string{hour, year, "opaque", ambiguous} {
			l.Bar(text, "")
		}
		for _, step := range []struct {
			pass                         time.Duration
			hour, year, opaque, ambiguou bool
		}{
			{time.Hour - 1, true, true, true, true},
			{1, false, true, true, true},
			{719*time.Hour - 1, false, true, true, true},
			{1, false, true, false, false},
			{8040*time.Hour - 1, false, true, false, false},
			{1, false, false, false, false},
		} {
			f.pass(step.pass)
			for text, want := range map[string]bool{hour: step.hour, year: step.year, "opaque": step.opaque, ambiguous: step.ambiguou} {
				if got := l.BarredSince(text) != 0; got != want {
					t.Errorf("after %s, %.20s: %v", f.up, text, got)
				}
			}
		}
	})

	t.Run("an end within a second bars until that second is over", func(t *testing.T) {
		f := &fixture{}
		l, _ := newLogins(f)
		for i, end := range []string{"%d.9", `"%d.5"`, "%d.00001"} {
			text := token(fmt.Sprintf(`{"jti":"f%d","exp":`+end+`}`, i, f.now.Unix()+60), "x1")
			l.Bar(text, "")
			f.pass(60*time.Second + 999*time.Millisecond)
			if l.BarredSince(text) == 0 {
				t.Errorf("%s: it is not barred any more", end)
			}
			f.pass(time.Millisecond)
			if l.BarredSince(text) != 0 {
				t.Errorf("%s: it is barred beyond its end", end)
			}
		}
	})

	t.Run("a clock that is set neither ends it nor makes it last", func(t *testing.T) {
		f := &fixture{}
		b := NewBarred(secret, f.clock(), nil)
		day := token(fmt.Sprintf(claims, f.now.Add(24*time.Hour).Unix()), "x1")
		b.Bar(day)
		b.Bar("opaque")
		for _, set := range []time.Duration{1000 * time.Hour, -1000 * time.Hour, -1000 * time.Hour, 1000 * time.Hour} {
			f.now = f.now.Add(set)
			for i := 0; i < 10; i++ {
				b.Bar(fmt.Sprint("other ", i))
			}
			if b.Since(day) == 0 || b.Since("opaque") == 0 {
				t.Errorf("at %s it is not barred", f.now)
			}
		}
		f.now = f.now.Add(-61 * 365 * 24 * time.Hour) // barred while the clock has not been set yet
		b.Bar("early")
		f.now = f.now.Add(61 * 365 * 24 * time.Hour)
		if b.Since("early") == 0 {
			t.Error("it is not barred")
		}
	})

	t.Run("a full table drops the one that was presented longest ago, and says so once an hour", func(t *testing.T) {
		f := &fixture{}
		b := NewBarred(secret, f.clock(), nil)
		reports := 0
		bar := func(text string) {
			if _, report := b.Bar(text); report {
				reports++
			}
		}
		for i := 0; i < maxBarred; i++ {
			bar(fmt.Sprint(i))
		}
		if b.Since("0") == 0 || reports != 0 {
			t.Errorf("it is not barred; %d reports", reports)
		}
		bar("one more")
		bar("another")
		if b.Since("0") == 0 || b.Since("1") != 0 || reports != 1 {
			t.Errorf("%d reports", reports)
		}
		f.pass(time.Hour)
		bar("yet another")
		if reports != 2 {
			t.Errorf("%d reports", reports)
		}
		f.pass(720 * time.Hour)
		bar("after their end")
		if reports != 2 {
			t.Errorf("%d reports, of tokens that have ended", reports)
		}
	})
}
