package upstreamauth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/upstreamauth/upstreamauth"
)

// Traefik does this with the block of a middleware: it fills a configuration,
// makes a handler in front of the backend's, and sends requests through it.
func Example() {
	// The API that issued the tokens, as far as this example needs it.
	panel := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/v1/api/acl/auth/check_token" || r.Header.Get("Authorization") != "a-token-of-ali" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"data":null,"meta":{"status":false,"message":"wrong token","message_code":"400-1"}}`)
			return
		}
		fmt.Fprint(w, `{"data":{"user_name":"ali","user_id":7},"meta":{"status":true,"message_code":"200-1"}}`)
	}))
	defer panel.Close()

	backend := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s", r.Header.Get("X-Auth-User"))
	})

	config := upstreamauth.CreateConfig()
	config.Settings = map[string]interface{}{
		"bearer": map[string]interface{}{"api": "ippanel", "url": panel.URL + "/v1"},
	}
	gate, err := upstreamauth.New(context.Background(), backend, config, "gate@file")
	if err != nil {
		fmt.Println(err)
		return
	}

	for _, authorization := range []string{"", "Bearer a-token-of-ali", "Bearer another", "Bearer two words"} {
		r := httptest.NewRequest(http.MethodGet, "http://app.example.com/", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		r.Header.Set("X-Auth-User", "forged")
		w := httptest.NewRecorder()
		gate.ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			fmt.Println(w.Code, w.Body)
			continue
		}
		fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
	}
	// Output:
	// 401 Bearer realm="ippanel"
	// 200 hello ali
	// 401 Bearer realm="ippanel", error="invalid_token"
	// 400
}
