package upstreamauth

// Settings is one instance's configuration, read, defaulted and checked: the
// options of each room.
type settings struct {
	Gate    options         // what a protecting route does; meaningless in mode: issuer
	Session *sessionOptions // nil: none
	Issuer  *issuerOptions  // nil: mode: protect
	Log     string          // error, info or debug
}
