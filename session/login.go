package session

import (
	"net/http"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/gate/page"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// login is the page that takes an account, in the place of the browser's own dialog, and
// exchanges it for a cookie.
type login struct {
	gate     *gate.Gate
	carrier  *carrier
	origins  *origins
	back     *back
	user     *parameter
	password *parameter
	log      *telemetry.Log
}

// The names of the form's fields, by which browsers and their helpers know them.
const (
	userField     = "username"
	passwordField = "password"
)

func newLogin(g *gate.Gate, c *carrier, site *origins, b *back, log *telemetry.Log) *login {
	return &login{gate: g, carrier: c, origins: site, back: b, user: newParameter(userField), password: newParameter(passwordField), log: log}
}

// exchange answers a request for the login page. current is what the browser's session
// holds; empty: it has none. A panic in plugin code is a denial (Unavailable).
func (l *login) exchange(r *http.Request, current string) (a *answer) {
	a = &answer{sent: verifier.Credential{Kind: verifier.Basic}, denial: verifier.Denial{Reason: verifier.Unavailable}}
	defer l.logPanic()
	if r.Method == http.MethodPost {
		posted := l.post(r)
		return posted
	}
	// A browser that was led here with a page has no session there, whatever it has here: a
	// sibling may have set a second cookie for that page, and it would go round in a circle.
	if current != "" && l.back.brought(r.URL.RawQuery, "") == "" {
		_, denied := l.gate.Check(r, l.carrier.credential(current))
		if denied.Reason == "" {
			return &answer{}
		}
	}
	return &answer{page: loginPage("", ""), policy: loginPolicy}
}

// post answers the page's form. It must come from a page of this site: any other could
// sign its visitors in here as a stranger, who would read what they write then.
func (l *login) post(r *http.Request) *answer {
	nameless := verifier.Credential{Kind: verifier.Basic}
	form, unreadable := postedForm(r)
	if !l.origins.isOwnPage(r) {
		return &answer{sent: nameless, denial: verifier.Denial{Reason: verifier.Forbidden, Message: "The request comes from another site."}}
	}
	user, denied := l.user.read(form)
	password, deniedPassword := l.password.read(form)
	for _, found := range []verifier.Denial{unreadable, denied, deniedPassword} {
		if found.Reason != "" {
			return l.again(r, nameless, "", found)
		}
	}
	sent, absent := credential.Account(user, password)
	if absent.Reason != "" {
		return l.again(r, nameless, user, absent)
	}
	decision, denial := l.gate.Check(r, sent)
	if denial.Reason != "" {
		return l.again(r, sent, user, denial)
	}
	lines, tooLong := l.carrier.issue(r, sent, decision)
	if tooLong.Reason != "" {
		return l.again(r, sent, user, tooLong)
	}
	return &answer{cookies: lines, to: l.back.brought(r.URL.RawQuery, form)}
}

// again is the page once more, with what a denial says, and the name that was typed. The
// password has to be typed again.
func (l *login) again(r *http.Request, sent verifier.Credential, user string, denial verifier.Denial) *answer {
	if denial.Reason == verifier.Cancelled {
		return &answer{sent: sent, denial: denial}
	}
	said := l.gate.Explain(r, sent, denial)
	return &answer{page: loginPage(user, said.Message), policy: loginPolicy, status: said.Status, wait: said.RetryAfter}
}

// logPanic recovers from a panic in plugin code, and logs it.
func (l *login) logPanic() {
	if recover() != nil {
		l.log.Panic("a panic in a login")
	}
}

// loginPolicy lets the page post its form to this site, run its script and use its style,
// and nothing else. No page may frame it.
const loginPolicy = "default-src 'none'; script-src 'sha256-/pSbmyrKPLwSW9U5nWbdAsboieEbs6gxVxDMnNYLqWA='; " +
	"style-src 'sha256-Nj1nuwGfVZhNLhyBGmnLxQ+84C6gGGZ1jVKg6cf4QX4='; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// keepScript takes the form that the page answers out of the entry behind the browser's
// Back, where it would be sent again, and kept to restore a tab; the address stays.
const keepScript = `try{history.replaceState(null,"",location.href)}catch(e){}`

const loginStyle = `:root{color-scheme:light dark}body{font:1.1rem/1.5 sans-serif;margin:3rem auto;max-width:22rem;padding:0 1rem;overflow-wrap:anywhere}h1{font-size:1.6rem}label{display:block;margin:1rem 0}input{box-sizing:border-box;display:block;font:inherit;padding:.5rem;width:100%}button{font:inherit;padding:.5rem 1.5rem}[role=alert]{border-left:.3rem solid #c33;border-right:.3rem solid #c33;padding:.5rem 1rem}`

// The form has no action: it posts to the page's own address, whose query may hold the
// page that was asked for. Of the meta element, see pageHead.
const loginHead = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="referrer" content="strict-origin">` +
	`<meta name="viewport" content="width=device-width"><title>Sign in</title><style>` + loginStyle + `</style><script>` + keepScript + `</script></head><body><h1>Sign in</h1>`

// loginPage is the page, with the name that was typed before, and a message; both may be
// empty.
func loginPage(user, message string) string {
	said := ""
	if message != "" {
		said = `<p role="alert"` + page.Language(message) + `>` + page.Text(message) + `</p>`
	}
	first, second := ` autofocus`, ``
	if user != "" {
		first, second = ``, ` autofocus`
	}
	return loginHead + said + `<form method="post">` +
		`<label>User name<input name="` + userField + `" value="` + page.Text(user) + `" dir="auto" autocomplete="username" autocapitalize="none" spellcheck="false" required` + first + `></label>` +
		`<label>Password<input name="` + passwordField + `" type="password" autocomplete="current-password" required` + second + `></label>` +
		`<button>Sign in</button></form></body></html>`
}
