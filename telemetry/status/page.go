package status

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
)

// pagePolicy lets a page run its one script and use its one style, ask this site for data
// and post its forms to it, and nothing else. No page may frame it.
func pagePolicy() string {
	return "default-src 'none'; script-src " + hashOf(script) + "; style-src " + hashOf(style) +
		"; connect-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}

// hashOf is how a policy names a script or a style.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// script is the whole script of the page.
const script = scriptText + scriptPlots + scriptTables + scriptMain

const pageHead = `<!doctype html><html lang="en"><head><meta charset="utf-8">` +
	`<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">` +
	`<meta name="robots" content="noindex"><link rel="icon" href="data:,"><title>upstreamauth status</title><style>` + style + `</style></head>`

// page is the status page. It has no data in it: the script asks for that.
const page = pageHead + `<body>
<header><h1>upstreamauth</h1><p id="about" class="quiet"></p>
<p id="live" class="live" role="status">loading</p><form method="post" action="logout"><button class="plain">Log out</button></form></header>
<noscript><p class="note">This page needs JavaScript. Without it, read <a href="status">status</a> (JSON) or <a href="metrics">metrics</a> (Prometheus).</p></noscript>
<main>
<p id="alarm" class="alarm" role="alert" hidden></p>
<section aria-label="The last hour in numbers"><dl id="tiles" class="tiles"></dl></section>
<div class="plots">
<section class="card"><h2>Requests, last hour</h2><div id="requests" class="plot"></div></section>
<section class="card"><h2>Calls to upstreams, last hour</h2><div id="calls" class="plot"></div></section>
</div>
<section class="card"><h2>Upstreams</h2><p class="quiet" id="noscopes" hidden>No gate has been configured yet.</p>
<table id="scopes"><thead><tr><th scope="col">API</th><th scope="col">Trust</th><th scope="col">Circuit</th><th scope="col">Budget left</th>
<th scope="col">Allowed held</th><th scope="col">Denied held</th><th scope="col">Hit ratio</th><th scope="col">Last fault</th></tr></thead><tbody></tbody></table></section>
<section class="card"><h2>Gates</h2>
<table id="gates"><thead><tr><th scope="col">Middleware</th><th scope="col">Mode</th><th scope="col">APIs</th><th scope="col">Configuration</th></tr></thead><tbody></tbody></table></section>
<section class="card"><h2>Forget</h2><p class="quiet">What is forgotten is asked about again at the next request. It stays out of the address and of every log.</p>
<form id="forget" autocomplete="off"><label>What <select id="by"><option value="bearer">a bearer token</option><option value="applicationKey">an application key</option>
<option value="basic">a user name and password</option><option value="account">all of an account</option><option value="api">all of an API</option></select></label>
<label id="firstlabel"><span>Token</span> <input id="first" type="password" spellcheck="false" autocapitalize="off" required></label>
<label id="secondlabel" hidden><span>Password</span> <input id="second" type="password" autocomplete="new-password"></label>
<button>Forget</button></form><p id="forgotten" role="status"></p></section>
</main>
<script>` + script + `</script></body></html>
`

// loginPage is the form for the token, with a note unless that is empty.
func loginPage(note string) string {
	text := ""
	if note != "" {
		text = `<p class="alarm" role="alert">` + html.EscapeString(note) + `</p>`
	}
	return pageHead + `<body><main class="login"><section class="card"><h1>upstreamauth</h1>` + text +
		`<form method="post" action="./"><input name="user" autocomplete="username" value="status" hidden><label>Token of the status route
<input name="token" type="password" autocomplete="current-password" spellcheck="false" autocapitalize="off" required autofocus></label>
<button>Show the status</button></form><p class="quiet">You stay logged in for eight hours, in this browser alone.</p></section></main></body></html>
`
}
