package gate

// safeNames is what one way of the hit path knows of header names.
type safeNames struct {
	allowed  map[string]bool // replaced, never changed; under the front's lock
	excluded []string        // never among them
}

// newSafeNames begins to know harmless names; odd ones are never among them.
func (d *scheme) newSafeNames(odd ...string) *safeNames {
	l := &safeNames{excluded: append([]string{}, odd...)}
	d.safeNames = append(d.safeNames, l)
	return l
}

// refreshSafeNames takes over the names that are known to be harmless now. One at a time, so
// that who comes late brings no older ones; the hit path waits for no more than
// the new sets to be put in their places.
func (d *scheme) refreshSafeNames(id *identityHeaders) {
	d.refreshing.Lock()
	defer d.refreshing.Unlock()
	known := id.safeNames()
	for _, l := range d.safeNames {
		harmless := l.names(known, id.common)
		d.fastPath.Lock.Lock()
		l.allowed = harmless
		d.fastPath.Lock.Unlock()
	}
}

// names is all that is known and usual, but what is odd.
func (l *safeNames) names(known map[string]bool, usual []string) map[string]bool {
	harmless := make(map[string]bool, len(known)+len(usual))
	for name := range known {
		harmless[name] = true
	}
	for _, name := range usual {
		harmless[name] = true
	}
	for _, name := range l.excluded {
		delete(harmless, name)
	}
	return harmless
}
