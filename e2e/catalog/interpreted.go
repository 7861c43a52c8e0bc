package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
)

// Limit is how long the catalog lets a plugin load and build a handler.
const Limit = 10 * time.Second

// interpreted loads the sources and builds a handler from the manifest's
// testData, with nothing but the standard library's symbols, in the time that
// the catalog gives for all of it.
func (r Release) interpreted() error {
	done := make(chan error, 1)
	go func() {
		plugin, err := interpreted.Load(r.GoPath, interpreted.Options{})
		if err != nil {
			done <- err
			return
		}
		done <- Guards(plugin)
	}()

	select {
	case err := <-done:
		return err
	case <-time.After(Limit):
		return fmt.Errorf("loading the plugin and building a handler took more than %s", Limit)
	}
}

// Guards tells whether the handler that testData makes asks for a credential.
// The catalog does not: but New never fails, so a testData with a fault would
// be listed, and its handler refuses everything with a 500.
func Guards(plugin *interpreted.Plugin) error {
	reached := false
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })
	handler, err := plugin.New(context.Background(), next, plugin.Manifest().TestData, "catalog")
	if err != nil {
		return err
	}

	reply := httptest.NewRecorder()
	handler.ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/", nil))
	switch {
	case reached:
		return errors.New("testData: the backend was reached without a credential")
	case reply.Code != http.StatusUnauthorized || reply.Header().Get("WWW-Authenticate") == "":
		return fmt.Errorf("testData: without a credential: %d %v %s, want a 401 with a challenge", reply.Code, reply.Header(), reply.Body)
	case !json.Valid(reply.Body.Bytes()):
		return fmt.Errorf("testData: without a credential: %s is not JSON", reply.Body)
	}

	return nil
}
