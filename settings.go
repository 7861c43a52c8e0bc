package upstreamauth

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// settings is one instance's configuration, read, defaulted and checked.
type settings struct {
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

	log string // error, info or debug
}

// block is one kind of credential and the upstream that issued it.
type block struct {
	api      *verifier.API
	upstream verifier.Settings
	lifetime time.Duration
	timeout  time.Duration

	revalidate time.Duration // 0: never
	budget     verifier.Rate // zero: none
}

// requirement lists the values of a field that are let in.
type requirement struct {
	field   string
	allowed []string
}
