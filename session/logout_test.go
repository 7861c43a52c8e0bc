package session

import (
	"net/http"
	"testing"
)

func TestSameOrigin(t *testing.T) {
	for origin, same := range map[string]bool{
		"https://site.example": true, "http://SITE.example": true, "": false, "null": false, "site.example": false, "https://site.example.evil.example": false,
		"https://evil.example": false, "https://site.example:8443": false, "https://": false, "https://evil.example#site.example": false,
	} {
		r := &http.Request{Host: "site.example", Header: http.Header{}}
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if sameOrigin(r) != same {
			t.Errorf("%q: %t", origin, !same)
		}
		r.Header.Add("Origin", "https://site.example")
		if origin != "" && sameOrigin(r) {
			t.Errorf("%q and a second one", origin)
		}
	}
}
