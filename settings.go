package upstreamauth

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// settings is one instance's configuration, read, defaulted and checked.
type settings struct {
	issuer bool // mode: issuer; then blocks, with api, url and learn, is all there is

	blocks []*block // those that are on, in the order bearer, applicationKey, basic

	cacheSize    int
	negative     time.Duration
	negativeSize int
	epoch        string

	perClient verifier.Rate // unknown.perClient
	depth     int           // unknown.depth

	prefix            string                 // "X-Auth-", in canonical spelling
	headers           []verifier.HeaderField // nil: each API's own set, under the prefix
	require           []requirement          // in the order of their fields' names
	forwardCredential bool
	optional          bool
	preflight         bool

	problem     bool           // errors.format: problem
	statuses    map[string]int // errors.statuses; nil: none
	unavailable int            // errors.unavailable

	session *sessionSettings // nil: none

	log string // error, info or debug
}

// sessionSettings is how a browser is carried across, and kept.
type sessionSettings struct {
	secret    string
	cookie    string
	path      string // of the hand-off
	parameter string
	redirect  string
	logout    string // a path; empty: none
	always    bool   // Secure, whatever the connection to Traefik is
	strict    bool   // SameSite=Strict
}

// block is one kind of credential and the upstream that issued it.
type block struct {
	api      *verifier.API
	upstream verifier.Settings
	lifetime time.Duration
	timeout  time.Duration

	learn      string        // the word of the logins that are believed; empty: none
	revalidate time.Duration // 0: never
	budget     verifier.Rate // zero: none
}

// requirement lists the values of a field that are let in.
type requirement struct {
	field   string
	allowed []string
}
