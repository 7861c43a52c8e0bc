// Package telemetry answers one question: what can the operator read about the
// plugin? Its nouns are the Sink, which writes the log of the whole process,
// and the Log, one middleware's view of it with a level of its own.
//
// It knows no credential and no configuration: the caller hands in
// finished texts, and answers for what they say. An entry names keys of the
// configuration, causes, counts and, at debug, where a request came from and to, never a
// credential, an identity or a response of an upstream.
package telemetry

// Levels of an entry, and of a Log: as the configuration's key log spells them.
const (
	LevelError = "error"
	LevelInfo  = "info"
	LevelDebug = "debug"
	LevelTrace = "trace"
)

// Values of the key "event" that this package writes itself, and EventOutage,
// which several packages use.
const (
	eventConfigFault = "configuration fault"
	eventConfigOK    = "configuration ok"
	eventReady       = "ready"
	eventRefused     = "refused"
	eventTrace       = "trace"
	eventInternal    = "internal"
	eventHidden      = "hidden"
	EventOutage      = "outage"
	EventIdentity    = "identity"   // a field that the configuration names, and no answer has
	EventCredential  = "credential" // where credentials are read has a price
	EventChain       = "chain"      // of two gates on one route, one takes what the other needs
)
