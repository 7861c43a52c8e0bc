package redis_test

import (
	"time"
)

// both opens two replicas that know a token, asked by the first.
func (f *fleet) both(local time.Duration) (a, b int, token string) {
	f.t.Helper()
	a, b = f.replica(local), f.replica(local)
	return a, b, f.known(a, b)
}

// known is a token that a has asked about, and all of these know.
func (f *fleet) known(a int, others ...int) string {
	f.t.Helper()
	token := f.token()
	before := f.counts(a)[3]
	f.expect(a, token, "allowed", 1)
	f.kept(a, before+1)
	for _, n := range others {
		f.expect(n, token, "allowed", 0)
	}
	return token
}

// comes waits until a replica answers so about a token.
func (f *fleet) comes(n int, token, want string) {
	f.t.Helper()
	if want == "allowed" {
		want = "u-" + token + " a,b"
	}
	eventually(f.t, token+" to get "+want, func() bool { return f.verify(n, token) == want })
}

func testLogout(f *fleet) {
	// Whoever asks at once must not find what is to be forgotten: that is written behind.
	alone := f.replica(time.Minute)
	for i := 0; i < 20; i++ {
		quick := f.known(alone)
		f.answer(quick, "deny")
		f.logout(alone, quick)
		f.expect(alone, quick, "invalid", 1)
	}
	a, b, token := f.both(time.Minute)
	eventually(f.t, "an answer to be prebuilt", func() bool { return f.prebuild(b, token) > 0 })
	f.answer(token, "deny")
	calls := f.calls(b)
	f.logout(a, token)
	f.comes(b, token, "invalid") // all prebuilt answers are dropped once after the start, too
	if made := f.calls(b) - calls; made != 1 || f.prebuilt(b) != 0 {
		f.t.Errorf("%d calls, %d prebuilt answers", made, f.prebuilt(b))
	}
	f.expect(a, token, "invalid", 1)
}

func testBarred(f *fleet) {
	a, b, token := f.both(time.Minute)
	unseen := f.known(a)
	f.bar(a, token)
	f.bar(a, unseen)
	f.comes(b, token, "invalid")
	f.comes(b, unseen, "invalid")
	f.expect(b, token, "invalid", 0)
	f.expect(b, unseen, "invalid", 0)
	late := f.replica(time.Minute)
	f.expect(late, token, "invalid", 0)
	f.expect(late, token, "invalid", 0)

	f.tooEarly(a, b)
	for _, n := range []int{a, b, late} {
		f.advance(n, 3*time.Second)
	}
	f.login(a, token)
	f.comes(b, token, "allowed")
	f.expectAllowed(a, token)
	newest := f.replica(time.Minute)
	f.advance(newest, 3*time.Second)
	f.expectAllowed(newest, token)

	// Here it is known which came first, however short the time between them; but what was
	// known before does not come back.
	token = f.known(a, b)
	f.bar(a, token)
	f.expect(a, token, "invalid", 0)
	f.login(a, token)
	f.expect(a, token, "allowed", 1)
}

// hears waits until one has heard all that another has told.
func (f *fleet) hears(n, teller int) {
	f.t.Helper()
	last := f.known(teller, n)
	f.answer(last, "fail")
	f.logout(teller, last)
	f.comes(n, last, "unavailable")
}

// tooEarly is a login so soon after a bar that the clocks of two replicas may differ by as
// much: it does not count. Where the machine paused between the two, it is tried again.
func (f *fleet) tooEarly(a, b int) {
	f.t.Helper()
	const differ = 2 * time.Second
	for range 10 {
		token := f.known(a, b)
		told := f.counts(a)[5]
		began := time.Now()
		f.bar(a, token)
		f.login(a, token)
		took := time.Since(began)
		eventually(f.t, "both to be told", func() bool { return f.counts(a)[5] >= told+2 })
		f.comes(b, token, "invalid")
		if took < differ-100*time.Millisecond {
			f.hears(b, a)
			f.expect(b, token, "invalid", 0)
			return
		}
	}
	f.t.Error("a bar and a login took two seconds ten times")
}

func testRefresh(f *fleet) {
	a, b := f.replica(time.Minute), f.replica(time.Minute)
	refresh, access := f.token(), f.token()
	f.refresh(a, refresh, access)
	f.login(a, access)
	eventually(f.t, "it to be barred", func() bool { return f.verify(b, refresh) == "invalid" })
	f.expect(f.replica(time.Minute), refresh, "invalid", 0)
	f.expect(b, access, "allowed", 1)
}

func testLogin(f *fleet) {
	a, b := f.replica(time.Minute), f.replica(time.Minute)
	token := f.token()
	f.answer(token, "deny")
	f.expect(b, token, "invalid", 1)
	f.expect(b, token, "invalid", 0)
	f.answer(token, "fail")
	f.login(a, token)
	f.comes(b, token, " ") // the upstream says nothing, and has issued it
	other := f.token()
	f.answer(other, "fail")
	f.expect(b, other, "unavailable", 1)
	f.logout(a, token)
	f.comes(b, token, "unavailable")
}

func testDenial(f *fleet) {
	a, b, token := f.both(time.Minute)
	f.again(a, time.Minute)
	f.reload(a)
	f.answer(token, "deny")
	f.advance(a, 2*time.Minute)
	f.expect(b, token, "allowed", 0)
	before := f.counts(a)[5]
	eventually(f.t, "the denial", func() bool { return f.verify(a, token) == "invalid" }) // it asks again beside
	f.comes(b, token, "invalid")
	eventually(f.t, "it to be told", func() bool { return f.counts(a)[5] > before })

	stranger := f.token() // a denial of what nobody knows is nobody's concern
	f.answer(stranger, "deny")
	told := f.counts(a)[5]
	f.expect(a, stranger, "invalid", 1)
	time.Sleep(50 * time.Millisecond)
	if f.counts(a)[5] != told {
		f.t.Error("it was told")
	}
}

func testLate(f *fleet) {
	a, b := f.replica(time.Minute), f.replica(time.Minute)
	token, marker := f.token(), f.known(a, b)
	f.hold(b, true)
	calls := f.calls(b)
	got := make(chan string, 1)
	go func() { got <- f.verify(b, token) }()
	eventually(f.t, "the call", func() bool { return f.calls(b) > calls })
	kept := f.counts(b)[3]
	told := f.counts(a)[5]
	f.logout(a, token)
	eventually(f.t, "it to be told", func() bool { return f.counts(a)[5] > told })
	f.answer(marker, "fail")
	f.logout(a, marker)
	f.comes(b, marker, "unavailable") // the second logout is heard
	f.hold(b, false)
	if text := <-got; text != "unavailable" {
		f.t.Errorf("an allow that was asked for before the logout: %q", text)
	}
	if f.counts(b)[3] != kept {
		f.t.Error("it was written")
	}
	f.expect(f.replica(time.Minute), token, "allowed", 1)

	// One that has not heard of it writes its entry, and takes it back: a tombstone does not
	// last for as long as an entry.
	for _, end := range []func(token string){
		func(token string) { f.logout(a, token) },
		func(token string) { f.bar(a, token) },
		func(token string) {
			f.answer(token, "deny")
			f.advance(a, 2*time.Minute)
			eventually(f.t, "the denial", func() bool { return f.verify(a, token) == "invalid" })
		},
	} {
		f.again(a, time.Minute)
		f.reload(a)
		before, _ := f.raw()
		token = f.known(a)
		key := f.entryOf(before)
		told := f.counts(a)[5]
		end(token)
		eventually(f.t, "it to be told", func() bool { return f.counts(a)[5] > told })
		kept := f.counts(b)[3]
		f.keep(b, token, time.Minute)
		f.kept(b, kept+1)
		_, c := f.raw()
		eventually(f.t, "the entry to be taken back", func() bool { return f.do(c, "EXISTS", key).Number == 0 })
	}
	kept = f.counts(b)[3]
	f.keep(b, f.token(), 3*time.Minute) // too late to be sure of a tombstone
	time.Sleep(50 * time.Millisecond)
	if f.counts(b)[3] != kept {
		f.t.Error("an entry was written three minutes after its call")
	}
}
