package surprises

import (
	"fmt"
	"net/http"
	"net/http/httptest"
)

type middleware struct {
	http.Handler
	n int
}

// EmbeddedByPointer: the method of an embedded compiled interface.
func EmbeddedByPointer() string {
	m := &middleware{n: 1, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "reached")
	})}
	recorder := httptest.NewRecorder()
	m.ServeHTTP(recorder, nil)
	return recorder.Body.String()
}
