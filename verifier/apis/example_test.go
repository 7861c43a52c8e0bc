package apis_test

import (
	"fmt"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// Each dialect is a value: what it accepts, for how long, and how it writes a denial.
func ExampleAll() {
	for _, api := range apis.All() {
		fmt.Printf("%s: %v, %s\n", api.Name, api.Kinds, api.Lifetime)
	}
	fmt.Println(apis.All()[0].Body(verifier.Denial{Status: 403, Message: "Application-Key Invalid!"}))
	// Output:
	// thammasat: [applicationKey basic], 1h0m0s
	// ippanel: [bearer], 10h0m0s
	// bts: [bearer], 24h0m0s
	// webservice: [bearer], 10h0m0s
	// {"status":false,"message":"Application-Key Invalid!"}
}
