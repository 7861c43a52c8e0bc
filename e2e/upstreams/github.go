package upstreams

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// GitHubPath is the one protected route.
const GitHubPath = "/user"

const gitHubDocuments = "https://docs.github.com/rest"

// GitHub is an API like GitHub's: tokens come with the scheme Bearer or token, rate limits come
// as a 403 with headers, and a token that is unknown is refused before the limit is looked at.
type GitHub struct {
	*Server

	users tokens[GitHubUser]
	spent tokens[GitHubLimit]
}

// GitHubUser is the user of a token.
type GitHubUser struct {
	Login, Name, Email string
	ID                 int64
	Scopes             string // as X-OAuth-Scopes lists them: "repo, read:org"
}

// GitHubLimit is how a token is held back.
type GitHubLimit struct {
	Reset      time.Time     // of the primary limit
	RetryAfter time.Duration // of a secondary limit, in place of the primary one
}

// NewGitHub starts the API without users. It panics if it cannot listen.
func NewGitHub(o Options) *GitHub {
	g := &GitHub{Server: must(listen(o))}
	g.users, g.spent = newTokens[GitHubUser](g.Clock), newTokens[GitHubLimit](g.Clock)
	g.begin(gitHubAPI{g})
	return g
}

// AddToken adds a token of this user.
func (g *GitHub) AddToken(token string, u GitHubUser) { g.users.issue(token, u, 0) }

// Revoke ends a token.
func (g *GitHub) Revoke(token string) { g.users.drop(token) }

// Spend makes a token exceed a limit.
func (g *GitHub) Spend(token string, limit GitHubLimit) {
	until := limit.RetryAfter
	if until == 0 {
		until = limit.Reset.Sub(g.Clock.Now())
	}
	g.spent.issue(token, limit, until)
}

// gitHubAPI is the wire side of a GitHub.
type gitHubAPI struct{ *GitHub }

func (g gitHubAPI) credentials(c *call) []string {
	return only(gitHubToken(c))
}

// gitHubToken is a token with one of the two schemes.
func gitHubToken(c *call) string {
	scheme, token, found := strings.Cut(c.Header.Get("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "token") {
		return ""
	}
	return token
}

func (g gitHubAPI) admit(c *call) *Reply {
	if c.Header.Get("User-Agent") == "" {
		return &Reply{
			Status: http.StatusForbidden, Header: map[string]string{"Content-Type": "text/html"},
			Body: "\r\nRequest forbidden by administrative rules. Please make sure your request has a User-Agent header.\r\n",
		}
	}
	if c.URL.Path != GitHubPath || c.Method != http.MethodGet {
		wrong := gitHubError(http.StatusNotFound, "Not Found")
		return &wrong
	}
	return nil
}

func (g gitHubAPI) answer(c *call) Reply {
	token := gitHubToken(c)
	if token == "" {
		return gitHubError(http.StatusUnauthorized, "Requires authentication")
	}
	u, found := g.users.find(token)
	if !found {
		return gitHubError(http.StatusUnauthorized, "Bad credentials")
	}
	limit, limited := g.spent.find(token)
	switch {
	case limited && limit.RetryAfter > 0:
		wait := strconv.Itoa(int(limit.RetryAfter.Seconds()))
		return gitHubError(http.StatusForbidden, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.").
			with("Retry-After", wait).with("X-RateLimit-Remaining", "4000")
	case limited:
		return gitHubError(http.StatusForbidden, "API rate limit exceeded for user ID "+strconv.FormatInt(u.ID, 10)+".").
			with("X-RateLimit-Limit", "5000").with("X-RateLimit-Remaining", "0").
			with("X-RateLimit-Reset", strconv.FormatInt(limit.Reset.Unix(), 10))
	}
	body := map[string]any{"login": u.Login, "id": u.ID, "name": u.Name, "email": u.Email, "type": "User", "site_admin": false, "plan": nil}
	return jsonReply(http.StatusOK, body).with("X-OAuth-Scopes", u.Scopes).
		with("X-RateLimit-Limit", "5000").with("X-RateLimit-Remaining", "4999")
}

func gitHubError(status int, message string) Reply {
	return jsonReply(status, map[string]any{"message": message, "documentation_url": gitHubDocuments, "status": strconv.Itoa(status)})
}
