package config

import (
	"net/url"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/config/replicas"
	"github.com/upstreamauth/upstreamauth/session"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

var sessionKeys = keySet{keys: []string{"secret", "cookie", "path", "parameter", "redirect", "logout", "secure", "sameSite", "origins"}}

const (
	minSessionSecret = 32  // bytes
	minSessionBytes  = 8   // different ones among them
	maxSitePath      = 512 // bytes

	allowedRedirect = `begins with one "/" and holds visible ASCII without \, such as /welcome`
	allowedSitePath = `begins with one "/" and holds visible ASCII without \, %, ? and #, such as /welcome`
	allowedClean    = `a path without "//" and without segments . and .., with which no request arrives here`
	allowedOrigin   = "an origin of a page, without a path, such as https://app.example.com or http://localhost:8080"
)

// session reads the session block. Without one, into.Session stays nil.
func (s *section) session(key string, into *Settings) {
	inner := s.block(key, sessionKeys)
	if inner == nil {
		return
	}
	read := &session.Options{
		Secret:         inner.secret("secret"),
		Cookie:         inner.name("cookie", "upstreamauth"),
		Path:           inner.sitePath("path", "/external-login", "%?#", allowedSitePath),
		Parameter:      inner.name("parameter", "token"),
		Redirect:       inner.sitePath("redirect", "/", "", allowedRedirect),
		Logout:         inner.sitePath("logout", "", "%?#", allowedSitePath),
		SecureAlways:   inner.choice("secure", "auto", []string{"auto", "always"}) == "always",
		SameSiteStrict: inner.choice("sameSite", "lax", []string{"lax", "strict"}) == "strict",
		Origins:        inner.origins("origins"),
	}
	into.Session = read
	if !inner.isWritten("secret") {
		inner.fault("secret", "required: at least 32 bytes, as a value, env:NAME or file:/path")
	}
	inner.guessable("secret", read.Secret, minSessionSecret, minSessionBytes)
	if len(read.Path) > 1 {
		read.Path = strings.TrimSuffix(read.Path, "/") // it is met with a slash behind it, too
	}
	if needsSecure(read.Cookie) && !read.SecureAlways {
		inner.fault("cookie", quoteForLog(read.Cookie)+" needs secure: always: browsers drop a cookie with this prefix that is not Secure")
	}
	if strings.TrimSuffix(read.Logout, "/") == strings.TrimSuffix(read.Path, "/") && read.Logout != "" {
		inner.fault("logout", "must not be the path of the hand-off")
	}
	target, decoded := landing(read.Redirect)
	if !decoded {
		inner.fault("redirect", quoteForLog(redacted(read.Redirect))+" holds a % that begins no escape")
	} else if target == read.Path {
		inner.fault("redirect", "must not be the path of the hand-off: the browser would be redirected without end")
	}
	if len(into.Gate.Blocks) == 0 || into.Gate.Blocks[0].Upstream.Kind != verifier.Bearer {
		s.fault(key, "needs a bearer block, whose tokens it carries")
	}
}

// needsSecure says whether browsers take a cookie of this name only with Secure
// (RFC 6265bis, 4.1.3, and its successors). They compare prefixes without case.
func needsSecure(cookie string) bool {
	lower := strings.ToLower(cookie)
	return strings.HasPrefix(lower, "__host-") || strings.HasPrefix(lower, "__secure-") || strings.HasPrefix(lower, "__http-")
}

// origins reads a list of origins and returns them as session.Canonical writes them.
func (s *section) origins(key string) []string {
	var read []string
	for _, value := range s.list(key) {
		read = append(read, s.origin(key, value))
	}
	return read
}

// origin reads one origin; it is empty after a fault.
func (s *section) origin(key, value string) string {
	canonical, _ := session.Canonical(value)
	parsed, err := url.Parse(value)
	if canonical == "" || err != nil || addressDefect(parsed, value) != "" || strings.HasSuffix(value, ":") {
		s.notAllowed(key, redacted(value), allowedOrigin)
		return ""
	}
	return canonical
}

// sitePath reads a path on this site that holds none of the bytes in without.
func (s *section) sitePath(key, fallback, without, allowed string) string {
	value := s.text(key)
	if value == "" || s.isPlaceholder(key, value) {
		return fallback
	}
	if len(value) > maxSitePath || !isSitePath(value) || strings.ContainsAny(value, without) {
		s.notAllowed(key, redacted(value), "a path that "+allowed)
		return fallback
	}
	if !isClean(pathOf(value)) {
		s.notAllowed(key, redacted(value), allowedClean)
		return fallback
	}
	return value
}

// isSitePath is false for everything that could lead a browser to another site:
// browsers take "//" and "/\" for the beginning of a host, and drop tabs and line
// ends before they look.
func isSitePath(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && verifier.IsVisibleASCII(path) && !strings.Contains(path, "\\")
}

// The keys of cache and limits, and their defaults.
var (
	cacheKeys = keySet{
		keys: []string{"size", "negativeLifetime", "negativeSize", "epoch"},
		old:  []renamed{{key: "negative", name: "negativeLifetime"}},
	}
	limitsKeys = keySet{
		keys: []string{"perClient", "clientDepth"},
		old:  []renamed{{key: "depth", name: "clientDepth"}},
	}

	negativeRange = durationRange{low: 0, high: time.Hour, words: "0s to 1h"}

	// defaultPerClient is enough for an office behind one address, whose people
	// mistype passwords.
	defaultPerClient = verifier.Rate{Calls: 300, Period: time.Minute}
)

const (
	defaultSize     = 10000 // cached credentials that were allowed; denied ones have as much space of their own
	maxSize         = 10000000
	defaultNegative = 30 * time.Second // how long a denial is cached
	maxDepth        = 100              // entries of X-Forwarded-For
)

// cache reads how many credentials are cached, and how long denials are. How long
// allowed credentials are cached is the lifetime of their block.
func (s *section) cache(key string, into *Settings) {
	into.Gate.CacheSize = defaultSize
	into.Gate.NegativeLifetime = defaultNegative
	into.Gate.NegativeSize = defaultSize
	inner := s.block(key, cacheKeys)
	if inner == nil {
		return
	}
	into.Gate.CacheSize = inner.integer("size", defaultSize, 1, maxSize)
	into.Gate.NegativeLifetime = inner.duration("negativeLifetime", defaultNegative, negativeRange)
	if into.Gate.NegativeLifetime > 0 && into.Gate.NegativeLifetime < time.Second {
		inner.notAllowed("negativeLifetime", inner.text("negativeLifetime"), "0s, with which no denial is remembered, or 1s to 1h")
	}
	into.Gate.NegativeSize = inner.integer("negativeSize", defaultSize, 1, maxSize)
	into.Gate.Epoch = inner.literal("epoch")
}

// limits reads how many denied calls one client may cause, and which address
// identifies a client.
func (s *section) limits(key string, into *Settings) {
	into.Gate.PerClient = defaultPerClient
	inner := s.block(key, limitsKeys)
	if inner == nil {
		return
	}
	into.Gate.PerClient = inner.rate("perClient", defaultPerClient)
	into.Gate.ClientDepth = inner.integer("clientDepth", 0, 0, maxDepth)
}

// shared reads the block shared; nil: there is none, or it is a fault.
func (s *section) shared(key string) *shared.Options {
	inner := s.block(key, keySet{keys: replicas.Keys, foreign: replicas.Foreign})
	if inner == nil {
		return nil
	}
	return replicas.Read(inner.forReplicas())
}

// forReplicas hands a section over.
func (s *section) forReplicas() *replicas.Section {
	return &replicas.Section{
		Written: s.isWritten, Text: s.literal, Secret: s.secret, Line: s.line, Name: s.name, List: s.list, Boolean: s.boolean, Integer: s.integer,
		Guessable: s.guessable, Fault: s.fault,
		Duration: func(key string, fallback, low, high time.Duration, words string) time.Duration {
			return s.duration(key, fallback, durationRange{low: low, high: high, words: words})
		},
		Block: func(key string, keys []string) *replicas.Section {
			inner := s.block(key, keySet{keys: keys, foreign: replicas.Foreign})
			if inner == nil {
				return nil
			}
			return inner.forReplicas()
		},
		TLS: func(key string, keys []string) transport.TLS {
			read := s.tls(key, "", keySet{keys: keys, foreign: replicas.Foreign})
			return read
		},
		Refuse: func(key, value, text string) { s.fault(key, quoteForLog(value)+" "+text) },
		Redact: redacted,
	}
}

// settleShared notes where the keys of the block shared belong.
func (s *section) settleShared(path string) {
	r := s.reader
	written := match(path, s.names) != ""
	r.settle(path, written, replicas.Keys)
	r.settle(path+".redis", written, replicas.RedisKeys)
	r.settle(path+".redis.tls", written, replicas.TLSKeys)
}
