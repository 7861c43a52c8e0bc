package schema

import "strings"

// meanings are what editors show beside a key: of its whole path, or of the key wherever
// it is. The tests want one for each.
var meanings = map[string]string{
	"mode":              "protect (default): the route asks for a credential. issuer: it stands on the API's own login routes and learns the tokens that pass.",
	"bearer":            "Tokens in Authorization: Bearer.",
	"applicationKey":    "Keys in the header Application-Key.",
	"basic":             "Accounts (Authorization: Basic), checked under the operator's own key.",
	"cache":             "How many credentials are held, and how long denials are.",
	"identity":          "Which headers tell the backend who is calling, and which values are required.",
	"forwardCredential": "true: the backend sees the credential too. Default false.",
	"optional":          "true: a request without a credential passes, without identity. Default false.",
	"preflight":         "true: CORS preflights pass, without identity. Default false.",
	"errors":            "Format and statuses of denials.",
	"canary":            "false: a made-up credential is not tried first. Default true.",
	"log":               "error, info (default) or debug.",
	"limits":            "How many denied calls one client may cause.",
	"session":           "Keeps browsers logged in that come from the API's own pages.",

	"api":                  "Whose dialect is spoken.",
	"url":                  "The API's base address: http or https, without user, query and fragment. Required.",
	"path":                 "What is called to verify a credential; begins with /.",
	"session.path":         "Where the API's pages send the browser. Default /external-login.",
	"method":               "GET or POST.",
	"lifetime":             "The longest that a credential is accepted after it was issued or first seen: 1s to 720h.",
	"revalidate":           "After this age an answer is confirmed in the background. Default: never.",
	"timeout":              "Of one verification, everything in it: 100ms to 60s. Default 5s.",
	"budget":               "Calls to the API per period, such as 1000/1h.",
	"tls":                  "How the API's server is authenticated, and the gate to it.",
	"keepAlive":            "false: each question gets a connection of its own. Default true.",
	"loginSecret":          "Secret, at least 16 bytes, shared by an issuer block and the protecting blocks that trust it.",
	"basic.applicationKey": "Secret: the operator's own key, as a value, env:NAME or file:/path. Required.",
	"account":              "true: the request brings a Basic account too, and both are checked. Default false.",
	"probe":                "The operator's account that is sent with every key to be checked.",
	"username":             "The account's name. Required.",
	"password":             "Secret: the account's password. Required.",

	"ca":                 "PEM text, env:NAME or file:/path. Default: the system's roots.",
	"cert":               "The client's certificate: PEM text, env:NAME or file:/path.",
	"key":                "Secret: the certificate's key, as PEM text, env:NAME or file:/path.",
	"serverName":         "In place of the host of url.",
	"insecureSkipVerify": "true: the server is not authenticated. Default false.",

	"size":             "Accepted credentials held. Default 10000.",
	"negativeLifetime": "How long a denial is cached: 0s, or 1s to 1h. Default 30s.",
	"negativeSize":     "Denials held. Default 10000.",
	"epoch":            "Change it, and everything cached is forgotten.",
	"perClient":        "Denied calls that one client may cause. Default 300/1m.",
	"clientDepth":      "The client is 0 the peer (default), n the n-th of X-Forwarded-For from the right.",
	"prefix":           "Of identity headers. Default X-Auth-.",
	"identity.headers": "Header: field. In place of the default set.",
	"headers":          "Fixed headers of the question.",
	"require":          "Field: allowed values. A credential without one of them is denied with 403.",
	"format":           "upstream (default): the body of the API's documents. problem: RFC 9457.",
	"statuses":         "A documented code, or an HTTP status of the API, in quotes: the status that clients get.",
	"unavailable":      "The status when the API could not be asked, 500 to 599. Default 500.",

	"secret":    "Secret, at least 32 bytes: encrypts the cookie.",
	"cookie":    "The cookie's name. Default upstreamauth.",
	"parameter": "The query parameter that holds the token. Default token.",
	"redirect":  "Where the browser goes after a login. Default /.",
	"logout":    "A path that ends the session.",
	"secure":    "auto (default), or always.",
	"sameSite":  "lax (default), or strict.",
	"origins":   "Origins whose pages may send browsers here.",

	"shared":         "Memory in Redis that several Traefiks share.",
	"redis":          "Where it is, and how it is reached.",
	"endpoints":      "Addresses, host:port: one; of a cluster several; with master, of Sentinels. Required.",
	"master":         "The name by which Sentinels know the server.",
	"redis.username": "The user of Redis. Default: its default user.",
	"redis.password": "Secret: the password of that user, as a value, env:NAME or file:/path.",
	"db":             "The database, 0 (default) to 1023; of a cluster 0 alone.",
	"redis.tls":      "TLS to Redis, with the server's certificate checked.",
	"tls.serverName": "The name that the certificate has to have. Default: the host of the address.",
	"shared.secret":  "Secret, at least 32 bytes, the same in all Traefiks: encrypts what lies in Redis. Required.",
	"shared.timeout": "Of one batch of commands: 10ms to 2s. Default 100ms.",
	"local":          "How long an entry is used without another look while the others cannot be heard: 1s to 10m. Default 30s.",
	"shared.prefix":  "Of all keys in Redis. Default upstreamauth.",
	"shared.budget":  "true: calls to the API are counted together. Default false.",

	"header":                 "The header that the token is read from.",
	"scheme":                 "The word before the token: one to five, or none.",
	"bearer.cookie":          "A cookie that the token is read from as well.",
	"applicationKey.cookie":  "A cookie that the key is read from as well.",
	"query":                  "A query parameter that the token is read from as well.",
	"pattern":                "RE2 that a whole token has to match; any other is malformed, without a call.",
	"host":                   "The virtual host that is asked for, where url names an address.",
	"proxy":                  "The way out: an http or https address, or environment.",
	"custom":                 "What the API is, with api: custom.",
	"name":                   "X-Auth-Api, the realm, and the label of metrics. Default custom.",
	"request":                "What is sent, beside url, path and method.",
	"custom.request.headers": "Header: text with placeholders, such as {token}.",
	"form":                   "The body as a form: name={token}&other=text.",
	"json":                   "The body as JSON; placeholders stand inside quotes.",
	"client":                 "Who the gate is at the API.",
	"client.id":              "The name of the gate at the API.",
	"client.secret":          "Secret: the gate's own at the API.",
	"auth":                   "basic (default where there is a secret), post, bearer, or none.",
	"reads":                  "json (default): a yes or no counts only with one JSON object. status: status and headers alone.",
	"replies":                "What responses mean: the first row that fits counts.",
	"status":                 "Statuses that it fits: 200, 2xx, 401 403. Default: any.",
	"when":                   "Conditions, all of which must hold: PATH OPERATOR VALUES.",
	"then":                   "allow, deny, throttle, unavailable or misconfigured.",
	"answer":                 "The client's status.",
	"reason":                 "invalid, expired, forbidden or unprocessable.",
	"code":                   "The code: of a row, a text; of refusal, a path.",
	"message":                "The message: of a row, a text; of refusal, a path.",
	"text":                   "Path of the row's own message.",
	"retryAfter":             "Where the wait of a throttle is. Default header:Retry-After.",
	"proof":                  "Whether it proves that a canary was denied.",
	"quota":                  "Whom a rate limit holds: credential, or shared.",
	"custom.identity":        "What of the response becomes the caller's identity.",
	"fields":                 "Field: where from, such as data.user.name or login.",
	"others":                 "Path of an object whose other scalars are fields too.",
	"required":               "Fields without which a yes is no answer.",
	"expiresAt":              "Path of the end, with its form.",
	"expiresIn":              "Path of the seconds left.",
	"issuedAt":               "Path of the issue, with its form.",
	"cacheControl":           "true: Cache-Control of the response shortens too. Default false.",
	"refusal":                "How a denial is written.",
	"custom.refusal.errors":  "Path of the errors of a 422.",
	"codePattern":            "What counts as a code. Default [!-~]{1,64}.",
	"body":                   "The body, JSON with placeholders. Default: RFC 9457.",
	"bodies":                 "The body by the client's status, in quotes.",
	"ownBody":                "The body where the API gave no code.",
	"messages":               "Reason: text, for what the gate refuses by itself.",
	"codes":                  "Reason: code, for what the gate refuses by itself.",
	"custom.canary":          "What the canary's credential looks like: text with {n} random characters, or jwt.",
}

// means is what a key means: by the longest end of its path that is in meanings.
func means(path string) string {
	path = strings.ReplaceAll(path, "[0]", "")
	for {
		if meanings[path] != "" {
			return meanings[path]
		}
		_, rest, more := strings.Cut(path, ".")
		if !more {
			return ""
		}
		path = rest
	}
}
