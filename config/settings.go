package config

import (
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/issuer"
	"github.com/upstreamauth/upstreamauth/session"
)

// Settings is the configuration of one middleware instance after it was read:
// checked, and with the defaults filled in. Each room gets its own options; none
// of them reads raw values.
type Settings struct {
	Gate    gate.Options     // mode: protect; of no use in mode: issuer
	Session *session.Options // nil: no session block
	Issuer  *issuer.Options  // mode: issuer; nil: mode: protect
	Log     string           // error, info or debug
}
