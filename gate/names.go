package gate

// glance is what one way of the hit path knows of header names.
type glance struct {
	harmless map[string]bool // replaced, never changed; under the front's lock
	odd      []string        // never among them
}

// glance begins to know harmless names; odd ones are never among them.
func (d *scheme) glance(odd ...string) *glance {
	l := &glance{odd: append([]string{}, odd...)}
	d.glances = append(d.glances, l)
	return l
}

// know takes over the names that are known to be harmless now. One at a time, so
// that who comes late brings no older ones; the hit path waits for no more than
// the new sets to be put in their places.
func (d *scheme) know(id *identity) {
	d.knowing.Lock()
	defer d.knowing.Unlock()
	known := id.harmless()
	for _, l := range d.glances {
		harmless := l.without(known, id.usual)
		d.front.Lock.Lock()
		l.harmless = harmless
		d.front.Lock.Unlock()
	}
}

// without is all that is known and usual, but what is odd.
func (l *glance) without(known map[string]bool, usual []string) map[string]bool {
	harmless := make(map[string]bool, len(known)+len(usual))
	for name := range known {
		harmless[name] = true
	}
	for _, name := range usual {
		harmless[name] = true
	}
	for _, name := range l.odd {
		delete(harmless, name)
	}
	return harmless
}
