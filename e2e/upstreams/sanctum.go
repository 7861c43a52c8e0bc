package upstreams

import (
	"net/http"
	"strings"
)

// SanctumPath is the one protected route.
const SanctumPath = "/api/user"

// Sanctum is a Laravel application with Sanctum's tokens, which look like "12|…". A caller that
// does not ask for JSON is sent to the login page, with a 302, in place of a 401.
type Sanctum struct {
	*Server

	wrapped bool
	users   tokens[SanctumUser]
}

// SanctumUser is the user of a token.
type SanctumUser struct {
	ID                   int64
	Name, Email          string
	Unverified, Inactive bool // a 403, a 422
}

// NewSanctum starts the application without users; wrapped: they come under data, as API
// resources do. It panics if it cannot listen.
func NewSanctum(o Options, wrapped bool) *Sanctum {
	s := &Sanctum{Server: must(listen(o)), wrapped: wrapped}
	s.users = newTokens[SanctumUser](s.Clock)
	s.begin(sanctumAPI{s})
	return s
}

// AddToken adds a token of this user.
func (s *Sanctum) AddToken(token string, u SanctumUser) { s.users.issue(token, u, 0) }

// Revoke ends a token.
func (s *Sanctum) Revoke(token string) { s.users.drop(token) }

// sanctumAPI is the wire side of a Sanctum.
type sanctumAPI struct{ *Sanctum }

func (s sanctumAPI) credentials(c *call) []string { return only(c.bearer()) }

func (s sanctumAPI) admit(c *call) *Reply {
	switch {
	case c.URL.Path == "/login":
		return &Reply{Header: map[string]string{"Content-Type": "text/html; charset=UTF-8"}, Body: "<!DOCTYPE html><title>Login</title>"}
	case c.URL.Path != SanctumPath:
		wrong := sanctumError(http.StatusNotFound, "The route "+strings.TrimPrefix(c.URL.Path, "/")+" could not be found.")
		return &wrong
	case c.Method != http.MethodGet:
		wrong := sanctumError(419, "CSRF token mismatch.")
		return &wrong
	case !c.asksForJSON():
		return &Reply{
			Status: http.StatusFound, Header: map[string]string{"Location": s.URL + "/login", "Content-Type": "text/html; charset=UTF-8"},
			Body: "<!DOCTYPE html><title>Redirecting</title>",
		}
	}
	return nil
}

// asksForJSON tells whether the first type that is asked for is JSON, as Laravel does.
func (c *call) asksForJSON() bool {
	first, _, _ := strings.Cut(c.Header.Get("Accept"), ",")
	return strings.Contains(first, "/json") || strings.Contains(first, "+json")
}

func (s sanctumAPI) answer(c *call) Reply {
	u, found := s.users.find(c.bearer())
	switch {
	case !found:
		return sanctumError(http.StatusUnauthorized, "Unauthenticated.")
	case u.Unverified:
		return sanctumError(http.StatusForbidden, "Your email address is not verified.")
	case u.Inactive:
		return jsonReply(http.StatusUnprocessableEntity, map[string]any{
			"message": "The account is inactive.", "errors": map[string]any{"account": []string{"The account is inactive."}},
		})
	}
	user := map[string]any{"id": u.ID, "name": u.Name, "email": u.Email, "email_verified_at": "2024-03-01T08:00:00.000000Z"}
	if s.wrapped {
		return jsonReply(http.StatusOK, map[string]any{"data": user})
	}
	return jsonReply(http.StatusOK, user)
}

func sanctumError(status int, message string) Reply {
	return jsonReply(status, map[string]any{"message": message})
}
