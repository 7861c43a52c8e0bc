package status

import (
	"net/http"
	"strings"
	"testing"
)

func TestBounds(t *testing.T) {
	t.Run("more of a query or of cookies than any client needs is not gone through", func(t *testing.T) {
		f := newFixture(t)
		lines := []string{bearer}
		for i := 0; i < 16; i++ {
			lines = append(lines, "Cookie: a=b")
		}
		f.expect(http.StatusOK, http.MethodGet, "/?"+strings.Repeat("a&", 1000), "", lines...)
		f.expect(http.StatusRequestHeaderFieldsTooLarge, http.MethodGet, "/", "", append(lines, "Cookie: a=b")...)
		f.expect(http.StatusRequestHeaderFieldsTooLarge, http.MethodGet, "/?"+strings.Repeat("a&", 1100), "", bearer)
		f.expect(http.StatusRequestHeaderFieldsTooLarge, http.MethodGet, "/", "", bearer, "Cookie: "+strings.Repeat("a=b; ", 4000))
		f.expect(http.StatusRequestHeaderFieldsTooLarge, http.MethodPost, "/", "token=x", "Cookie: "+strings.Repeat("a=b; ", 4000))
	})
}
