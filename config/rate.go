package config

import (
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

const (
	maxRate  = 1000000000 // calls per period
	maxDepth = 100        // entries of X-Forwarded-For

	allowedRate = "calls per period, such as 1000/1h: from 1 to 1000000000 calls, a slash, and a duration with its unit, 1s to 720h"
)

var (
	limitsKeys = keySet{
		keys: []string{"perClient", "clientDepth"},
		old:  []renamed{{key: "depth", name: "clientDepth"}},
	}

	// defaultPerClient is enough for an office behind one address, whose people
	// mistype passwords.
	defaultPerClient = verifier.Rate{Calls: 300, Period: time.Minute}
)

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

// rate is a number of calls and a period, with a slash and no blanks between them.
func (s *section) rate(key string, fallback verifier.Rate) verifier.Rate {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	before, after, slash := strings.Cut(value, "/")
	calls, notNumber := strconv.ParseUint(before, 10, 31)
	period, notDuration := time.ParseDuration(after)
	if !slash || notNumber != nil || notDuration != nil || calls < 1 || calls > maxRate || period < time.Second || period > 720*time.Hour {
		s.notAllowed(key, value, allowedRate)
		return fallback
	}
	return verifier.Rate{Calls: int(calls), Period: period}
}
