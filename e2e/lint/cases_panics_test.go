package lint

// Goroutines that mix up values, or end the process.
var panicsCases = []ruleCase{
	{"select", `func f(a, b chan int) { select { case <-a: case <-b: } }`},
	{"", `func f(a chan int) { v := <-a; a <- v }`},

	{"time.AfterFunc", `func f() { time.AfterFunc(time.Second, func() {}) }`},
	{"", `func f(c context.Context) { context.AfterFunc(c, func() { defer func() { _ = recover() }() }) }`},

	{"a goroutine without a deferred recover", `func f() { go func() { panic("x") }() }` + withRescue},
	{"a goroutine without a deferred recover", `func f(run func()) { go run() }` + withRescue},
	{"a goroutine without a deferred recover", `func f() { go func() { println(); defer func() { _ = recover() }() }() }`},
	{"a goroutine without a deferred recover", `func f() { go work() }; func work() { defer settle(); defer rescue() }; func settle() { println() }` + withRescue},
	{"a goroutine without a deferred recover", `func f(c context.Context) { context.AfterFunc(c, func() { println() }) }`},
	{"a call of ours under a lock that no defer releases", `func f(m *sync.Mutex) { m.Lock(); g(); m.Unlock() }; func g() {}`},
	{"a call of ours under a lock that no defer releases", `func f(m sync.Locker, now func() int) { m.Lock(); if now() > 0 { println() }; m.Unlock() }`},
	{"a call of ours under a lock that no defer releases", `type S struct { mu sync.Mutex; now func() int }; func (s *S) f() int { s.mu.Lock(); n := s.now(); s.mu.Unlock(); return n }`},
	{"", `func f(m *sync.Mutex) { m.Lock(); defer m.Unlock(); g() }; func g() {}`},
	{"", `func f(m *sync.Mutex, at time.Time) { g(); m.Lock(); n := len(at.String()); m.Unlock(); g(); _ = int64(n) }; func g() {}`},
	{"a goroutine without a deferred recover", `func f(d *net.Dialer) { runtime.SetFinalizer(d, func(_ *net.Dialer) { println() }) }`},
	{"a goroutine without a deferred recover", `func f(run []func()) { go run[0]() }`},

	{"a named function that recovers, deferred in a function literal", `func f(s *S) { func() { defer rescue() }() }; type S struct{}` + withRescue},
	{"a named function that recovers, deferred in a function literal", `func f(s *S) { func() { defer s.rescue() }() }; type S struct{}; func (s *S) rescue() { _ = recover() }`},
	{"", `func f(s *S) { func() { defer s.work() }() }; type S struct{}; func (s *S) work() { println() }`},
	{"", `func f(s *S) { go s.work(); go func() { defer func() { _ = recover() }(); println() }() }
		type S struct{}
		func (s *S) work() { defer s.settle(); defer rescue(); println() }
		func (s *S) settle() { defer rescue(); println() }` + withRescue},
	{"", `func f(c context.Context) { go work(c) }
		func work(c context.Context) { defer rescue(); c, cancel := context.WithCancel(c); defer cancel() }` + withRescue},

	{"a function of ours kept by compiled code", `var c = &http.Client{CheckRedirect: func(_ *http.Request, _ []*http.Request) error { return nil }}`},
	{"a function of ours kept by compiled code", `func f(c *tls.Config) { c.VerifyConnection = func(_ tls.ConnectionState) error { return nil } }`},
	{"", withE + `type S struct { now func() int }; func f(e *E) *S { return &S{now: e.get} }; var t = &http.Transport{MaxIdleConns: 1}`},
}
