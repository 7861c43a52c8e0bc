package scenario

import "time"

// The steps of the log: loads of the configuration, faults that stay, traces.

// stepLoad waits until the load of a configuration is logged.
func stepLoad(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	loads := func() int { return len(entriesOf(f.Logs(), "ready", "")) }
	before := loads()
	f.apply(Routes{"r": webServiceConfig(up), "other": webServiceConfig(up)})
	token, user := issue()
	f.expect(200, user, getRequest("r", bearer(token)))
	for begun := time.Now(); loads() == before; time.Sleep(5 * time.Millisecond) {
		if f.fired != nil && f.fired() {
			return
		}
		if time.Since(begun) > maxHang {
			f.t.Errorf("the load is not logged")
			return
		}
	}
}

// stepFaultStays meets a fault again after more than an hour.
func stepFaultStays(f *panicFixture) {
	f.apply(Routes{"fault": {"bearer": "nonsense"}})
	for range 2 {
		f.expect(500, "", getRequest("fault"))
		f.advance(61 * time.Minute)
	}
}

// stepTraces has requests traced: the first of each handler is.
func stepTraces(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	token, user := issue()
	wrong := bearer(f.unique("wrong"))
	size := 1000
	first := func(status int, user string, lines ...string) {
		size++
		f.apply(Routes{"r": with(webServiceConfig(up), "log", "trace", "cache", map[string]any{"size": size})})
		f.expect(status, user, getRequest("r", lines...))
		f.expect(status, user, getRequest("r", lines...))
		f.advance(time.Second) // for others that are logged
	}
	for range 2 {
		first(200, user, bearer(token), "X-Upstreamauth-Trace: "+f.unique("trace"))
		first(401, "", wrong)
	}
	first(401, "")
	f.apply(Routes{"r": with(webServiceConfig(up), "log", "trace", "forwardCredential", "true", "session", map[string]any{"secret": Marker + "secret of thirty-two bytes or more"})})
	f.expect(401, "", getRequest("r", "Cookie: __Host-upstreamauth=x"))
	operator := f.unique("status-token")
	f.apply(Routes{"r": with(webServiceConfig(up), "log", "trace"), "status": statusConfig("status", map[string]any{"token": operator})})
	for _, sent := range []string{operator, f.unique("guess")} {
		f.expect(200, user, getRequest("r", bearer(token), "X-Upstreamauth-Trace: "+sent))
	}
}
