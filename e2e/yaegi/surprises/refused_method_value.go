package surprises

import (
	"fmt"
	"net"
	"net/http"
)

// CompiledMethodValue: a method of a compiled type, as a value.
func CompiledMethodValue() string {
	dialer := &net.Dialer{}
	t := &http.Transport{DialContext: dialer.DialContext}
	return fmt.Sprint(t.DialContext != nil)
}
