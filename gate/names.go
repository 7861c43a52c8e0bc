package gate

import "sync"

// safeNames is the allowlist of header names of one path of the hit path: a
// request whose header has only these names needs nothing removed from it.
type safeNames struct {
	allowed  map[string]bool // replaced, never changed, under the fast path's lock
	excluded []string        // never in allowed: this path has to see these headers
}

// nameSets is the allowlists of one kind of credential, one for each path.
type nameSets struct {
	lock *sync.Mutex // the fast path's, under which requests read an allowlist

	refreshing sync.Mutex
	sets       []*safeNames
}

// add makes another allowlist, which is empty until the next refresh. It is called
// only while the gate is built.
func (n *nameSets) add(excluded ...string) *safeNames {
	set := &safeNames{excluded: append([]string{}, excluded...)}
	n.sets = append(n.sets, set)
	return set
}

// refresh fills the allowlists with the names that are safe on this route by now.
// It is serialized, reading the names included: a slow caller must not overwrite
// a newer set. Requests wait only while the new sets are put in place, not while
// they are made.
func (n *nameSets) refresh(id *identityHeaders) {
	n.refreshing.Lock()
	defer n.refreshing.Unlock()
	safe := id.safeNames()
	for _, set := range n.sets {
		allowed := set.without(safe, id.common)
		n.lock.Lock()
		set.allowed = allowed
		n.lock.Unlock()
	}
}

// widest returns the allowlist of the path that takes most; the caller holds the lock.
func (n *nameSets) widest() map[string]bool {
	if len(n.sets) == 0 {
		return nil
	}
	return n.sets[0].allowed
}

// without returns a new set of the names seen so far and the common ones, without
// those that are excluded.
func (s *safeNames) without(seen map[string]bool, common []string) map[string]bool {
	allowed := make(map[string]bool, len(seen)+len(common))
	for name := range seen {
		allowed[name] = true
	}
	for _, name := range common {
		allowed[name] = true
	}
	for _, name := range s.excluded {
		delete(allowed, name)
	}
	return allowed
}
