package redis_test

import "time"

func testReached(f *fleet) {
	a, b, heard := f.both(time.Minute)
	f.bar(a, heard)
	f.comes(b, heard, "invalid")
	told := f.known(a, b)
	f.close(a)
	f.bar(a, told) // Traefik has ended its instances, and makes the next ones
	f.reload(a)
	f.comes(b, told, "invalid")

	waits := f.known(a, b)
	f.server.Pause()
	f.bar(a, waits)
	for _, n := range []int{a, b} {
		f.reach(n, patience/4)
		f.reload(n)
	}
	f.expect(b, heard, "invalid", 0)
	f.server.Continue()
	f.comes(b, waits, "invalid")
	f.expect(b, heard, "invalid", 0)
}

func testOlder(f *fleet) {
	a, b := f.replica(time.Minute), f.replica(time.Minute)
	token := f.token()
	f.hold(a, true)
	calls := f.calls(a)
	kept := f.counts(a)[3]
	go f.verify(a, token)
	eventually(f.t, "the call", func() bool { return f.calls(a) > calls })
	f.answer(token, "deny")
	f.expect(b, token, "invalid", 1)
	f.hold(a, false)
	f.kept(a, kept+1)
	for _, n := range []int{a, b} {
		f.advance(n, 40*time.Second)
	}
	f.expect(b, token, "invalid", 1)
	f.comes(a, token, "invalid") // it is told
}
