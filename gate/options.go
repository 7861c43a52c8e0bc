package gate

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// Options is what a route that is guarded does.
type Options struct {
	Blocks []*Block // those that are on, in the order bearer, applicationKey, basic

	CacheSize        int
	NegativeLifetime time.Duration
	NegativeSize     int
	Epoch            string

	PerClient   verifier.Rate // refused calls that one client may cause
	ClientDepth int           // which address a client is known by

	Prefix            string             // "X-Auth-", in canonical spelling
	Headers           []apis.HeaderField // nil: each API's own set, under the prefix
	Require           []Requirement      // in the order of their fields' names
	ForwardCredential bool
	Optional          bool
	Preflight         bool

	Problem     bool           // refusals as RFC 9457 has them
	Statuses    map[string]int // the operator's, by documented code or HTTP status; nil: none
	Unavailable int            // the status when the upstream could not be asked
}

// Block is one kind of credential and the upstream that issued it.
type Block struct {
	API      *apis.API
	Upstream apis.Settings
	Lifetime time.Duration
	Timeout  time.Duration

	Revalidate time.Duration // 0: never
	Budget     verifier.Rate // zero: none
}

// Scope is everything of a block that changes its upstream's answers; some of
// it is secret. With the epoch it is the block's scope.
func (b *Block) Scope() []string {
	return append([]string{b.API.Name}, b.Upstream.Scope()...)
}

// Requirement lists the values of a field that are let in.
type Requirement struct {
	Field   string
	Allowed []string
}
