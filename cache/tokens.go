package cache

import (
	"context"

	"github.com/upstreamauth/upstreamauth/cache/keyed"
	"github.com/upstreamauth/upstreamauth/cache/logins"
	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// LoginsOf returns the logins of an API at an address, shared by all routes that
// name the same login secret; nil where there is no secret.
func (r *Registry) LoginsOf(api, address, loginSecret string) *logins.Logins {
	if loginSecret == "" {
		return nil
	}
	upstream := r.Fingerprint("upstream", api, address)
	name := r.Fingerprint("logins", upstream, loginSecret)
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tokensOf(upstream)
	l := t.bySecret[name]
	if l == nil {
		l = r.openLogins(upstream, name, loginSecret)
		t.bySecret[name] = l
	}
	l.Touch()
	return l
}

// BarredOf returns the tokens of an API at an address that are barred for all routes.
func (r *Registry) BarredOf(api, address string) *logins.Barred {
	upstream := r.Fingerprint("upstream", api, address)
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tokensOf(upstream)
	t.barred.Touch()
	return t.barred
}

// tokensOf returns what is known of the tokens of an upstream. The caller holds the
// lock.
func (r *Registry) tokensOf(upstream string) *tokens {
	t := r.tokens[upstream]
	if t == nil {
		r.dropIdleTokens() // here, so that their number is bounded by the upstreams of a month
		t = r.openTokens(upstream)
		r.tokens[upstream] = t
	}
	return t
}

// dropIdleTokens drops the tables that nothing in matters any more. The caller holds the lock.
func (r *Registry) dropIdleTokens() {
	for _, s := range r.scopes {
		s.touchTokens()
	}
	for upstream, t := range r.tokens {
		for name, l := range t.bySecret {
			if l.Idle() {
				delete(t.bySecret, name)
			}
		}
		if len(t.bySecret) == 0 && t.barred.Idle() {
			delete(r.tokens, upstream)
		}
	}
}

// openTokens makes empty tables. What changes in them is told to the scopes through functions:
// the interpreter fails to load types that refer to each other in a circle (docs/yaegi.md).
func (r *Registry) openTokens(upstream string) *tokens {
	ended := func(token string) {
		r.forget(upstream, token)
		for _, u := range r.sharing(upstream) {
			u.store.Bar(u.names(""), token)
		}
	}
	barred := logins.NewBarred(keyed.Derive(r.secret, "barred", upstream), r.clock, ended)
	return &tokens{barred: barred, bySecret: map[string]*logins.Logins{}, sharedBy: newShares()}
}

// openLogins makes empty logins.
func (r *Registry) openLogins(upstream, name, loginSecret string) *logins.Logins {
	tell := &logins.Listeners{
		Issued: func(token string) {
			r.heard(upstream, name, token, false)
			for _, u := range r.sharing(upstream) {
				u.store.Issued(u.names(loginSecret), token)
			}
		},
		Barred: func(token, access string) {
			r.heard(upstream, name, token, true)
			for _, u := range r.sharing(upstream) {
				u.store.BarRefresh(u.names(loginSecret), token, access)
			}
		},
		Ended: func(token string) {
			r.forget(upstream, token)
			for _, u := range r.sharing(upstream) {
				u.store.Revoke(u.names(loginSecret), token)
			}
		},
	}
	return logins.New(keyed.Derive(r.secret, "logins", name), r.clock, tell)
}

// heard drops what the scopes that trust these logins remember of a token that was just
// issued: of a refresh token all, else the denials that were asked for before.
func (r *Registry) heard(upstream, name, token string, refresh bool) {
	credential := verifier.Credential{Kind: verifier.Bearer, Token: token}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tokens[upstream]
	if t == nil {
		return
	}
	trusted := t.bySecret[name]
	for _, s := range r.scopes {
		if trusted == nil || s.trusts() != trusted {
			continue
		}
		if refresh {
			s.forget(credential)
			continue
		}
		s.supersede(credential)
	}
}

// forget drops a token that has ended in all scopes of its upstream, and from all its logins:
// another route's login is no reason to accept it while its upstream cannot be asked.
func (r *Registry) forget(upstream, token string) {
	credential := verifier.Credential{Kind: verifier.Bearer, Token: token}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tokens[upstream]
	if t == nil {
		return
	}
	for _, l := range t.bySecret {
		l.Drop(token)
	}
	for _, s := range r.scopes {
		if s.belongsTo(t.barred, t.bySecret) {
			s.forget(credential)
		}
	}
}

func newShares() map[string]*upstream { return map[string]*upstream{} }

// names are those of an upstream's tokens, for those who share a login secret.
func (u *upstream) names(loginSecret string) *shared.Names {
	return u.store.Names(shared.Scope{API: u.api, Address: u.address, LoginSecret: loginSecret})
}

// Share notes that what happens to the tokens of an API at an address is told to others, by
// a store that Store returned. ctx and report are of the instance that uses it.
func (r *Registry) Share(ctx context.Context, store *shared.Store, api, address string, report verifier.Report) {
	store.Use(ctx, report)
	r.stores.ReportApart(store, report)
	name := r.Fingerprint("upstream", api, address)
	r.mu.Lock()
	defer r.mu.Unlock()
	shares := r.tokensOf(name).sharedBy
	for world, u := range shares {
		if !u.store.Tells() && u.store.IsIdle() {
			delete(shares, world)
		}
	}
	shares[store.World()] = &upstream{store: store, api: api, address: address}
}

// Bar bars a token until its end, in all scopes of its upstream, whatever the upstream
// says of it: what is remembered of it is dropped, and a flight of it that is under way
// allows nobody. Only a login that is seen later, and issues the same token, ends that,
// for the scopes that trust this login. The result is false where the token was barred
// already.
func (c *Cache) Bar(credential verifier.Credential) bool {
	s := c.scope
	issued := s.loginNow(credential)
	before, report := s.barred.Bar(credential.Token)
	if report {
		s.report("error", "barred", "100,000 tokens are barred: the oldest are dropped before their end")
	}
	return before == 0 || issued != nil && issued.Order > before
}

// sharing are the memories that what happens to an upstream's tokens is told to.
func (r *Registry) sharing(name string) []*upstream {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*upstream
	t := r.tokens[name]
	if t == nil {
		return nil
	}
	for _, u := range t.sharedBy {
		if u.store.Tells() {
			all = append(all, u)
		}
	}
	return all
}

// Forget forgets what is remembered by the value of a kind of credential, of an account or of
// an API, here and wherever a memory is shared, and returns how many answers that were here.
// second is the password of a Basic account. A flight that began before allows nobody. What a
// flight that begins meanwhile could find goes first: the logins, and what is shared.
func (r *Registry) Forget(by, first, second string) int {
	if by == string(verifier.Bearer) {
		r.endToken(first)
	}
	count := 0
	for _, s := range r.all() {
		count += s.forgetBy(by, first, second)
	}
	return count
}

// endToken drops a token from the logins of all upstreams, and tells those who share a
// memory.
func (r *Registry) endToken(token string) {
	for _, u := range r.dropToken(token) {
		u.store.Revoke(u.store.Names(shared.Scope{API: u.api, Address: u.address}), token)
	}
}

// dropToken returns who is to be told.
func (r *Registry) dropToken(token string) []*upstream {
	r.mu.Lock()
	defer r.mu.Unlock()
	var told []*upstream
	for _, t := range r.tokens {
		for _, l := range t.bySecret {
			l.Drop(token)
		}
		for _, u := range t.sharedBy {
			told = append(told, u)
		}
	}
	return told
}
