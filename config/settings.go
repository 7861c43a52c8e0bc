package config

import (
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/issuer"
	"github.com/upstreamauth/upstreamauth/session"
)

// Settings is one instance's configuration, read, defaulted and checked: the
// options of each room.
type Settings struct {
	Gate    gate.Options     // what a protecting route does; meaningless in mode: issuer
	Session *session.Options // nil: none
	Issuer  *issuer.Options  // nil: mode: protect
	Log     string           // error, info or debug
}
