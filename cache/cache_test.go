package cache

import (
	"context"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestAYesIsAskedForOncePerLifetime(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	end := w.Now().Add(10 * time.Hour)
	for _, step := range []struct {
		move  time.Duration
		calls int64
	}{
		{0, 1}, {0, 0}, {5 * time.Hour, 0}, {5*time.Hour - 1, 0}, // use does not restart it
		{1, 1}, {0, 0}, {10 * time.Hour, 1},
	} {
		w.move(step.move)
		d := w.expect(c, bearer("x"), "", step.calls)
		if step.calls == 0 && !d.Expires.After(w.Now()) {
			t.Errorf("honoured after its end, %s", d.Expires)
		}
		if w.Now().Before(end) && !d.Expires.Equal(end) {
			t.Errorf("ends at %s, want %s", d.Expires, end)
		}
		if d.Identity.Get("user") != "x" {
			t.Errorf("identity %v", d.Identity)
		}
	}
}

func TestTwoInstancesOfOneScopeKeepALifetimeEach(t *testing.T) {
	w := newWorld(t)
	short, long := usual(), usual()
	short.Lifetime = time.Hour
	a, b := w.cache(short), w.cache(long)
	w.expect(a, bearer("x"), "", 1)
	w.expect(b, bearer("x"), "", 0)
	w.move(time.Hour)
	w.expect(b, bearer("x"), "", 0)
	w.expect(a, bearer("x"), "", 1)
	w.expect(b, bearer("x"), "", 0)
}

func TestARefusalIsAskedForOnceInItsTime(t *testing.T) {
	for _, reason := range []verifier.Reason{verifier.Invalid, verifier.Expired, verifier.Forbidden, verifier.Unprocessable} {
		w := newWorld(t)
		c := w.cache(usual())
		w.turn(refuse(reason))
		first := w.expect(c, bearer("x"), reason, 1)
		w.move(30*time.Second - 1)
		if again := w.expect(c, bearer("x"), reason, 0); again.Denial != first.Denial {
			t.Errorf("%s: remembered as %+v, was %+v", reason, again.Denial, first.Denial)
		}
		w.move(1)
		w.expect(c, bearer("x"), reason, 1)
	}
}

func TestEachInstanceSaysHowLongARefusalIsRemembered(t *testing.T) {
	w := newWorld(t)
	never, hour := usual(), usual()
	never.NegativeLifetime, hour.NegativeLifetime = 0, time.Hour
	a, b := w.cache(never), w.cache(hour)
	w.turn(refuse(verifier.Invalid))
	w.expect(a, bearer("x"), verifier.Invalid, 1)
	w.expect(a, bearer("x"), verifier.Invalid, 1)
	w.expect(b, bearer("x"), verifier.Invalid, 0)
	w.move(time.Hour - 1)
	w.expect(b, bearer("x"), verifier.Invalid, 0)
	w.move(1)
	w.expect(b, bearer("x"), verifier.Invalid, 1)
}

func TestCouldNotFindOutIsNeverRemembered(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	w.turn(down)
	w.expect(c, bearer("x"), verifier.Unavailable, 1)
	w.expect(c, bearer("x"), verifier.Unavailable, 1)
	w.turn(refuse(verifier.Missing)) // nothing that a flight should bring
	w.expect(c, bearer("x"), verifier.Missing, 1)
	w.expect(c, bearer("x"), verifier.Missing, 1)
	w.turn(func(context.Context, verifier.Credential) (verifier.Decision, error) {
		return verifier.Decision{Allowed: true}, verifier.ErrUnavailable // an error beside a yes
	})
	if _, err := c.Verify(context.Background(), bearer("x"), client); err == nil {
		t.Error("the error is lost")
	}
	w.turn(yes)
	w.expect(c, bearer("x"), "", 1)
}

func TestKnownCredentialsGoOnWhileTheUpstreamIsDown(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	w.expect(c, bearer("x"), "", 1)
	w.turn(down)
	w.move(10*time.Hour - 1)
	w.expect(c, bearer("x"), "", 0)
	w.move(1)
	w.expect(c, bearer("x"), verifier.Unavailable, 1)
}

func TestTheLastAnswerCounts(t *testing.T) {
	w := newWorld(t)
	p := usual()
	p.NegativeLifetime = 20 * time.Hour
	c := w.cache(p)
	w.expect(c, bearer("x"), "", 1)
	w.turn(refuse(verifier.Invalid))
	w.move(10 * time.Hour)
	w.expect(c, bearer("x"), verifier.Invalid, 1)
	long := p
	long.Lifetime = 100 * time.Hour // for whom the yes would not have ended
	w.expect(w.cache(long), bearer("x"), verifier.Invalid, 0)
	w.turn(yes)
	w.move(20 * time.Hour)
	w.expect(c, bearer("x"), "", 1)
	w.expect(w.cache(long), bearer("x"), "", 0)
}

func TestATokensOwnEndShortensOnly(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	start := w.Now()
	w.turn(until(time.Time{}, start.Add(time.Hour)))
	if d := w.expect(c, bearer("x"), "", 1); !d.Expires.Equal(start.Add(time.Hour)) {
		t.Errorf("until %s", d.Expires)
	}
	w.move(time.Hour - 1)
	w.expect(c, bearer("x"), "", 0)
	// In the leeway after it, a yes passes and is not kept.
	w.move(1)
	w.expect(c, bearer("x"), "", 1)
	d := w.expect(c, bearer("x"), "", 1)
	if d.Answer != 0 {
		t.Error("a yes that is not kept has a number")
	}
	w.turn(until(time.Time{}, w.Now().Add(1000*time.Hour)))
	if d := w.expect(c, bearer("y"), "", 1); !d.Expires.Equal(w.Now().Add(10 * time.Hour)) {
		t.Errorf("until %s", d.Expires)
	}
}

func TestALifetimeCountsFromTheIssue(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	w.turn(until(w.Now().Add(-4*time.Hour), time.Time{}))
	w.expect(c, bearer("x"), "", 1)
	w.move(6*time.Hour - 1)
	w.expect(c, bearer("x"), "", 0)
	w.move(1)
	w.expect(c, bearer("x"), "", 1)
}

func TestNotNowHoldsForTheCredentialAlone(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	w.turn(throttle(7 * time.Second))
	w.expect(c, bearer("x"), verifier.Throttled, 1)
	w.move(5 * time.Second)
	if d := w.expect(c, bearer("x"), verifier.Throttled, 0); d.Denial.RetryAfter != 2*time.Second {
		t.Errorf("wait %s, want what is left", d.Denial.RetryAfter)
	}
	w.turn(yes)
	w.expect(c, bearer("y"), "", 1)
	w.move(2*time.Second - 1)
	w.expect(c, bearer("x"), verifier.Throttled, 0)
	w.move(1)
	w.expect(c, bearer("x"), "", 1)
}

func TestNotNowHoldsForTheKeyWhereTheQuotaIsTheKeys(t *testing.T) {
	w := newWorld(t)
	c, _ := w.join(context.Background(), "scope", "plan", usual(), true)
	account := func(key, user string) verifier.Credential {
		return verifier.Credential{Kind: verifier.ApplicationKey, Token: key, User: user, Password: "p"}
	}
	w.expect(c, account("k", "known"), "", 1)
	w.turn(throttle(time.Minute))
	w.expect(c, account("k", "one"), verifier.Throttled, 1)
	w.expect(c, account("k", "two"), verifier.Throttled, 0)
	w.expect(c, account("k", "known"), "", 0)
	w.turn(yes)
	w.expect(c, account("l", "one"), "", 1)
	w.move(time.Minute)
	w.expect(c, account("k", "two"), "", 1)
}

// Under basic all accounts are asked about with the operator's one key.
func TestNotNowHoldsForAllAccountsUnderTheOperatorsKey(t *testing.T) {
	w := newWorld(t)
	c, _ := w.join(context.Background(), "scope", "plan", usual(), true)
	w.turn(throttle(time.Minute))
	w.expect(c, verifier.Credential{Kind: verifier.Basic, User: "u", Password: "p"}, verifier.Throttled, 1)
	w.expect(c, verifier.Credential{Kind: verifier.Basic, User: "v", Password: "q"}, verifier.Throttled, 0)
}

func TestWhateverDiffersInACredentialIsAnotherEntry(t *testing.T) {
	w := newWorld(t)
	c := w.cache(usual())
	// Of one kind: the kind is part of the scope.
	all := []verifier.Credential{}
	for _, parts := range [][3]string{
		{"abc", "", ""}, {"ab", "c", ""}, {"ab", "", "c"}, {"a", "bc", ""}, {"a", "b", "c"}, {"", "ab", "c"}, {"", "a", "bc"},
		{"abC", "", ""}, {"abc\x00", "", ""}, {"1:a", "1:b", ""}, {"1:a1:b", "", ""}, {"quota", "abc", ""}, {"log", "abc", ""}, {"", "", ""},
	} {
		all = append(all, verifier.Credential{Kind: verifier.ApplicationKey, Token: parts[0], User: parts[1], Password: parts[2]})
	}
	marks := map[string]bool{}
	for _, credential := range all {
		w.expect(c, credential, "", 1)
		marks[c.Fingerprint(credential)] = true
	}
	if len(marks) != len(all) {
		t.Errorf("%d marks for %d credentials", len(marks), len(all))
	}
	for _, credential := range all {
		w.expect(c, credential, "", 0)
	}
	if c.Fingerprint(all[0]) != c.Fingerprint(all[0]) || len(c.Fingerprint(all[0])) != 12 {
		t.Errorf("mark %q", c.Fingerprint(all[0]))
	}
}

func TestScopesDoNotMix(t *testing.T) {
	w := newWorld(t)
	a, aFront := w.join(context.Background(), "one url", "plan", usual(), false)
	b, bFront := w.join(context.Background(), "another url", "plan", usual(), false)
	w.expect(a, bearer("x"), "", 1)
	w.turn(refuse(verifier.Invalid))
	w.expect(b, bearer("x"), verifier.Invalid, 1)
	w.expect(a, bearer("x"), "", 0)
	if aFront.Secret == bFront.Secret || aFront.Line("Bearer x") == bFront.Line("Bearer x") {
		t.Error("one digest in two scopes")
	}
	if a.Fingerprint(bearer("x")) == b.Fingerprint(bearer("x")) {
		t.Error("one mark in two scopes")
	}
	if w.registry.Scopes() != 2 {
		t.Errorf("%d scopes", w.registry.Scopes())
	}
	other := newWorld(t)
	if w.registry.Fingerprint("a", "bc") == w.registry.Fingerprint("ab", "c") ||
		w.registry.Fingerprint("a") == other.registry.Fingerprint("a") {
		t.Error("fingerprints can be told from outside")
	}
}
