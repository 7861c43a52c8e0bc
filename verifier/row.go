package verifier

import (
	"crypto/sha256"
	"errors"
	"fmt"
)

const (
	failureThreshold  = 5 // failures in a row
	failuresPerClient = 2 // of one client address, of those that a request may cause
)

// failureRow is the failures that count, of those since the last other response. The
// owner's lock guards it.
type failureRow struct {
	failures []failure // at most failureThreshold
}

// failure is one failed call.
type failure struct {
	credential [32]byte // a digest, since no credential is kept
	client     string
	kind       string
}

// The kinds of failures, by what a request can do about them.
const (
	noConnection     = "no connection"     // nothing: it counts from anybody
	brokenConnection = "broken connection" // a firewall may end the connection because of it
	failedResponse   = "failed response"   // a time-out or a 5xx, which it may cause
)

// What the failures of a row suggest.
const (
	noOutage   = ""
	anOutage   = "an outage"
	aSuspicion = "a suspicion" // one client may have caused them: a probe shows it
)

// add adds a failure, if it counts, and returns what the row suggests then. Of failed
// responses two of a client address count. With five of one credential, a further one
// takes the place of the oldest.
func (r *failureRow) add(c Credential, err error) string {
	// Quoted, so that parts cannot be confused.
	f := failure{credential: sha256.Sum256([]byte(fmt.Sprintf("%q%q%q", c.Token, c.User, c.Password))), client: c.Client, kind: failedResponse}
	if errors.Is(err, ErrConnection) {
		f.kind = noConnection
	}
	if errors.Is(err, ErrBroken) {
		f.kind = brokenConnection
	}
	if f.kind == failedResponse && r.causedBy(f.client) >= failuresPerClient {
		return noOutage
	}
	if len(r.failures) >= failureThreshold {
		r.failures = r.failures[1:]
	}
	r.failures = append(r.failures, f)
	several, suspicion := false, false
	for _, other := range r.failures {
		several = several || other.credential != f.credential
		suspicion = suspicion || r.causedBy(other.client) > failuresPerClient
	}
	if !several || len(r.failures) < failureThreshold {
		return noOutage
	}
	if suspicion {
		return aSuspicion
	}
	return anOutage
}

// causedBy counts the failures that requests of a client may have caused.
func (r *failureRow) causedBy(client string) int {
	caused := 0
	for _, f := range r.failures {
		if f.kind != noConnection && f.client == client {
			caused++
		}
	}
	return caused
}
