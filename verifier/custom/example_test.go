package custom_test

import (
	"fmt"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/custom"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

func ExampleExplain() {
	good, _ := custom.ParseCondition("valid is true")
	bad, _ := custom.ParseCondition("valid is false")
	user, each, _ := custom.ParseField("owner.name or login")
	d := &custom.Definition{
		Name: "keys", Kind: verifier.Bearer,
		Rows: []custom.Row{
			{Statuses: "200", When: []custom.Condition{good}, Meaning: apis.Valid},
			{Statuses: "200", When: []custom.Condition{bad}, Meaning: apis.Denied, Answer: 401},
		},
		Identity: custom.Identity{Fields: []custom.Field{{Name: "user", Sources: user, Each: each}}},
	}
	for _, body := range []string{`{"valid":true,"login":"ann"}`, `{"valid":false}`, `{"valid":"true"}`} {
		r := transport.Response{Status: 200, Body: strictjson.Read([]byte(body)), Received: time.Now()}
		e := custom.Explain(d, r, verifier.Credential{}, apis.Settings{Kind: verifier.Bearer})
		fmt.Printf("%d %v %q %q\n", e.Row, e.Decision.Allowed, e.Decision.Identity.Get("user"), string(e.Decision.Denial.Reason))
	}
	// Output:
	// 0 true "ann" ""
	// 1 false "" "invalid"
	// -1 false "" "unavailable"
}
