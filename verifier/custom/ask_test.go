package custom

import (
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

func TestAsk(t *testing.T) {
	everything := func(t *testing.T) *Definition {
		t.Helper()
		d := plainDefinition(t)
		d.Request.Client = Client{ID: "gateway", Secret: "word"}
		d.Request.Parts = []string{"method", "header:X-Tenant", "path"}
		d.Request.Header = map[string]*Template{
			"Authorization": headerOfText(t, "Basic {basic}"), "X-Key": headerOfText(t, "{token}"), "X-Tenant": headerOfText(t, "{header:X-Tenant}"), "X-Client": headerOfText(t, "{client.id}:{client.secret}"),
		}
		path, fault := ParsePathTemplate("/check/{token}?m={method}&p={path}", requestNames)
		if fault != "" {
			t.Fatal(fault)
		}
		body, fault := ParseJSON(`{"user":"{user}","password":"{password}"}`, requestNames, Allowed{}, true)
		if fault != "" {
			t.Fatal(fault)
		}
		d.Request.Path, d.Request.Body, d.Request.ContentType = path, body, "application/json"
		return d
	}
	credential := verifier.Credential{Token: "tok", User: "ann", Password: `p"w`, Parts: verifier.JoinParts([]string{"GET", "acme: 1", "/a/../b?c"})}

	t.Run("each value stands in its place", func(t *testing.T) {
		call := New(everything(t)).Request(credential, apis.Settings{})
		for name, want := range map[string]string{"Authorization": `Basic YW5uOnAidw==`, "X-Key": "tok", "X-Tenant": "acme: 1", "X-Client": "gateway:word"} {
			if got := call.Header[name]; len(got) != 1 || got[0] != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		if call.Path != "/check/tok?m=GET&p=%2Fa%2F..%2Fb%3Fc" || call.Body != `{"user":"ann","password":"p\"w"}` || call.ContentType != "application/json" || call.Unfit {
			t.Errorf("%+v", call)
		}
	})

	t.Run("one that cannot stand there is not sent at all", func(t *testing.T) {
		api := New(everything(t))
		for name, c := range map[string]verifier.Credential{
			"a path": {Token: "a/b"}, "an empty segment": {}, "a header": {Token: "t", Parts: verifier.JoinParts([]string{"GET", "a\nb", "/"})},
			"bytes": {Token: "t", Parts: verifier.JoinParts([]string{"GET", "\xff", "/"})},
		} {
			call := api.Request(c, apis.Settings{})
			if !call.Unfit || call.Header != nil || call.Path != "" || call.Body != "" || api.Fits(c) {
				t.Errorf("%s: %+v", name, call)
			}
		}
		if !api.Fits(credential) {
			t.Error("one that can does not fit")
		}
		decision, err := apis.NewUpstream(api, apis.Settings{}, nil).Verify(nil, verifier.Credential{Token: "a/b"}) //nolint:staticcheck // it has to end before any call
		if err == nil || decision.Allowed {
			t.Error("it is sent")
		}
	})

	t.Run("what of the request did not come is empty", func(t *testing.T) {
		call := New(everything(t)).Request(verifier.Credential{Token: "t"}, apis.Settings{})
		if call.Path != "/check/t?m=&p=" || call.Header["X-Tenant"][0] != "" {
			t.Errorf("%+v", call)
		}
	})

	t.Run("a definition whose places take every credential tries none", func(t *testing.T) {
		if plainDefinition(t).mayBeUnfit() || !everything(t).mayBeUnfit() {
			t.Error("it is the other way round")
		}
	})

	t.Run("two calls share no header, which a transport adds to", func(t *testing.T) {
		api := New(plainDefinition(t))
		one := api.Request(verifier.Credential{Token: "a"}, apis.Settings{})
		one.Header["X-Added"] = []string{"x"}
		two := api.Request(verifier.Credential{Token: "b"}, apis.Settings{})
		if len(two.Header) != 1 || two.Header["Authorization"][0] != "Bearer b" {
			t.Errorf("%v", two.Header)
		}
	})
}
