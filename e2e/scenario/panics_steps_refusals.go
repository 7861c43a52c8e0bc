package scenario

import (
	"net/http"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// stepRefusals has large bodies and calls of gRPC refused, with and without a response
// that is prebuilt, and a request that brings no account.
func stepRefusals(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	tu := newThammasat(f.Clock())
	defer tu.Close()
	f.apply(Routes{"r": with(webServiceConfig(up), "log", "info"), "basic": basicConfig(tu), "key": routeConfig("applicationKey", "thammasat", tu.URL), "fault": {"bearer": "nonsense"}})
	token, user := issue()
	f.expect(200, user, getRequest("r", bearer(token)))
	f.expect(401, "", getRequest("basic"))
	f.expect(401, "", getRequest("key"))
	bad := bearer(f.unique("invalid"))
	for range 3 {
		f.expect(401, "", Request{Route: "r", Method: http.MethodPost, Headers: []string{bad}, Body: strings.NewReader(strings.Repeat("x", mib))})
		for _, route := range []string{"r", "fault"} {
			r, err := f.Try(Request{Route: route, Method: http.MethodPost, Headers: []string{bad, grpcContent}})
			refused := r.Status == 200 && r.Header.Get("Grpc-Status") != "" || f.enabled && r.Status == 500
			if err != nil || !refused || r.Header.Get(backendHeader) != "" {
				f.t.Errorf("a call on %s: %d %v %v", route, r.Status, r.Header, err)
			}
		}
	}
	f.expect(200, user, getRequest("r", bearer(token)))
}

// stepCauses has an upstream that gives no answer, for causes that the log names.
func stepCauses(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	proxy := upstreams.NewFaultProxy(up.URL, nil)
	defer proxy.Close()
	f.apply(Routes{
		"r":    routeConfig("bearer", "webservice", proxy.URL, "path", up.Path()),
		"name": routeConfig("bearer", "webservice", "http://nowhere.invalid", "path", "/"),
		"tls":  routeConfig("bearer", "webservice", strings.Replace(up.URL, "http:", "https:", 1), "path", "/"),
	})
	token, user := issue()
	f.expect(200, user, getRequest("r", bearer(token)))
	for _, reply := range []string{
		upstreams.Raw(302, "", "Location: https://elsewhere.test/"),
		upstreams.Raw(200, "no gzip", "Content-Encoding: gzip"),
		upstreams.Raw(200, `{"IsSuccess":true}`)[:80],
		upstreams.Raw(400, "The plain HTTP request was sent to HTTPS port"),
	} {
		proxy.Inject(&upstreams.Fault{Send: reply})
		f.expect(500, "", getRequest("r", bearer(f.unique("invalid"))))
	}
	proxy.Inject(nil)
	f.expect(500, "", getRequest("name", bearer(f.unique("invalid"))))
	f.expect(500, "", getRequest("tls", bearer(f.unique("invalid"))))
	f.expect(200, user, getRequest("r", bearer(token)))
}
