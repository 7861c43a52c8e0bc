package config_test

import (
	"fmt"
	"os"

	"github.com/upstreamauth/upstreamauth/config"
)

// A configuration is read as a whole: every fault is found at once.
func ExampleRead() {
	raw := map[string]any{
		"bearer": map[string]any{"api": "ippanel", "url": "https://edge.ippanel.com/v1", "lifetme": "10h"},
		"cache":  map[string]any{"size": "many"},
	}
	_, faults := config.Read(raw, os.LookupEnv)
	for _, fault := range faults {
		fmt.Println(fault.Line())
	}

	raw["bearer"] = map[string]any{"api": "ippanel", "url": "https://edge.ippanel.com/v1", "lifetime": "10h"}
	raw["cache"] = map[string]any{"size": 5000}
	settings, faults := config.Read(raw, os.LookupEnv)
	fmt.Println(len(faults), settings.Gate.CacheSize, settings.Gate.Blocks[0].Lifetime)
	// Output:
	// bearer.lifetme: unknown key; did you mean "lifetime"?
	// cache.size: "many" is not allowed; allowed: a whole number from 1 to 10000000
	// 0 5000 10h0m0s
}
