package upstreams

import (
	"maps"
	"sync"
)

// script holds the replies that a test sets in place of the API's, and holds requests back. All
// of its methods may be called at any time from anywhere.
type script struct {
	mu       sync.Mutex
	each     map[string]Reply
	where    func(credential string) bool
	some     Reply
	all      *Reply
	holds    int
	released chan struct{} // closed when the last hold is released
}

// Answer makes every request with this credential (a token, a key, or "user:password") get
// exactly this reply, until Unscript. A request that is not of the API's protocol (path, method,
// media type) gets that error first. An account's script takes precedence over its key's.
func (s *script) Answer(credential string, r Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.each == nil {
		s.each = make(map[string]Reply)
	}
	r.Header = maps.Clone(r.Header)
	s.each[credential] = r
}

// AnswerWhere makes every request with a credential that match selects get this reply, unless
// Answer set another one: a firewall before the API, or requests that the API fails on. A later call
// replaces an earlier one.
func (s *script) AnswerWhere(match func(credential string) bool, r Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Header = maps.Clone(r.Header)
	s.where, s.some = match, r
}

// Unscript removes the reply that Answer set: the API checks the credential again.
func (s *script) Unscript(credential string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.each, credential)
}

// AnswerAll makes every request get this reply, whatever it is: a proxy that answers 200 to every
// request, or an outage. It takes precedence over all else; nil turns it off.
func (s *script) AnswerAll(r *Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r == nil {
		s.all = nil
		return
	}
	all := *r
	all.Header = maps.Clone(r.Header)
	s.all = &all
}

// Hold makes requests wait: they are received and counted, and answered only after release. Holds
// add up, and each release counts once. A held request answers by what is true after the release,
// and lasts at most two minutes.
func (s *script) Hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holds == 0 {
		s.released = make(chan struct{})
	}
	s.holds++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.holds--
		if s.holds == 0 {
			close(s.released)
			s.released = nil
		}
	})
}

// held returns what is closed when the last hold is released; nil where nothing is held.
func (s *script) held() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.released
}

// toAll returns the reply for every request, if there is one.
func (s *script) toAll() (Reply, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		return Reply{}, false
	}
	return *s.all, true
}

// scripted returns the reply for the first of these credentials that has one.
func (s *script) scripted(credentials []string) (Reply, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, credential := range credentials {
		if reply, found := s.each[credential]; found {
			return reply, true
		}
	}
	for _, credential := range credentials {
		if s.where != nil && s.where(credential) {
			return s.some, true
		}
	}
	return Reply{}, false
}
