// Package queue answers one question: whose turn is it?
//
// A Turns hands out a bounded number of slots to clients that are known by name. Who
// finds none waits, in a room that is bounded too:
//
//	ticket := turns.Add("192.0.2.1", value) // nil: there is no room
//	for ticket = turns.Next(); ticket != nil; ticket = turns.Next() {
//		turns.Take(ticket.Client)
//		... ticket.Value has a slot, until turns.Leave(ticket.Client)
//	}
//
// The next is of the client that has the fewest slots, and of one client the one that
// came first. No client gets the last free slots (see shares), so that others find one
// while all that it has do not end.
//
// The package knows neither what is done in a slot nor the time. Its owner's lock guards
// it. No method takes longer for many who wait than for few.
package queue

import (
	"container/list"
	"strings"
)

// shares is how many slots a client may have for each free one, beside the one that it
// would get. A client alone gets 57 of 64; the last one is for a client that has none.
const shares = 8

// Turns hands out slots.
type Turns struct {
	slots  int // how many there are
	room   int // how many may wait
	taken  int // slots; more than there are, where its owner lets some go first
	byAge  *list.List
	lanes  map[string]*lane
	groups map[string]*group
}

// Ticket is the place of one that waits.
type Ticket struct {
	Client string
	Value  interface{} // what its owner gave it
	IsOut  bool        // it waits no more

	lane   *lane
	inLane *list.Element
	byAge  *list.Element
}

// New returns a Turns with that many slots, where that many may wait, half of them of
// one client.
func New(slots, room int) *Turns {
	return &Turns{slots: slots, room: room, byAge: list.New(), lanes: map[string]*lane{}, groups: map[string]*group{}}
}

// Taken is how many slots are taken.
func (t *Turns) Taken() int {
	return t.taken
}

// Waiting is how many wait.
func (t *Turns) Waiting() int {
	return t.byAge.Len()
}

// Add lets one wait for a slot of a client; nil: as many wait as may. Who would get a slot
// at once is always let in.
func (t *Turns) Add(client string, value interface{}) *Ticket {
	l := t.lane(client)
	full := t.byAge.Len() >= t.room || l.waiting.Len() >= t.room/2 || (len(t.groups) > 1 && l.group.waiting >= t.room*3/4)
	if full && !t.isFree(l) {
		t.forget(l)
		return nil
	}
	ticket := &Ticket{Client: client, Value: value, lane: l}
	ticket.byAge = t.byAge.PushBack(ticket)
	ticket.inLane = l.waiting.PushBack(ticket)
	l.group.waiting++
	if l.place == nil {
		l.enterLevel()
	}
	return ticket
}

// MayTake tells whether a client gets a slot at once, so that it needs no ticket: most
// do, and a ticket costs more. Where it is false a ticket decides.
func (t *Turns) MayTake(client string) bool {
	free := t.slots - t.taken
	if free <= 0 || t.byAge.Len() > 0 || len(t.groups) > 1 {
		return false
	}
	l := t.lanes[client]
	return l == nil || l.running <= (free-1)*shares
}

// Next takes out the one whose turn it is; nil: nobody's, since none waits or there is
// no slot for those who do. It takes no slot yet.
func (t *Turns) Next() *Ticket {
	free := t.slots - t.taken
	if t.byAge.Len() == 0 || free <= 0 {
		return nil
	}
	g := t.nextGroup(free * shares)
	if g == nil {
		return nil
	}
	l := g.next((free - 1) * shares)
	if l == nil {
		return nil
	}
	ticket := l.waiting.Front().Value.(*Ticket)
	t.Remove(ticket)
	return ticket
}

// isFree tells whether a lane may have one more slot now, and none of it waits for that.
func (t *Turns) isFree(l *lane) bool {
	free := t.slots - t.taken
	if free <= 0 || l.waiting.Len() > 0 || l.running > (free-1)*shares {
		return false
	}
	return len(t.groups) == 1 || l.group.running <= free*shares
}

// nextGroup returns, of the groups of which some wait and that have that many slots at
// most, the one that has the fewest.
func (t *Turns) nextGroup(most int) *group {
	var least *group
	for _, g := range t.groups { // one for each way in which the routes of a scope tell clients apart
		if g.waiting > 0 && (least == nil || g.running < least.running) {
			least = g
		}
	}
	if least == nil || (len(t.groups) > 1 && least.running > most) {
		return nil
	}
	return least
}

// Oldest returns the one that has waited longest since it came or was renewed; nil:
// nobody waits.
func (t *Turns) Oldest() *Ticket {
	front := t.byAge.Front()
	if front == nil {
		return nil
	}
	return front.Value.(*Ticket)
}

// Renew makes one that waits the youngest for Oldest. Its turn is no later.
func (t *Turns) Renew(ticket *Ticket) {
	t.byAge.MoveToBack(ticket.byAge)
}

// Remove takes out one that waits.
func (t *Turns) Remove(ticket *Ticket) {
	l := ticket.lane
	if l.waiting.Len() == 1 && l.place != nil {
		l.leaveLevel() // first: if a panic ended it, the ticket would have to be there still
	}
	t.byAge.Remove(ticket.byAge)
	l.waiting.Remove(ticket.inLane)
	l.group.waiting--
	ticket.IsOut = true // before a panic could come
	t.forget(l)
}

// Take takes a slot for a client, whether or not it is its turn. A slot of no client,
// whose name is empty, is no part of any share.
func (t *Turns) Take(client string) {
	if client != "" {
		t.lane(client).count(1)
	}
	t.taken++
}

// Leave frees a slot of a client.
func (t *Turns) Leave(client string) {
	t.taken--
	if client != "" {
		l := t.lane(client)
		l.count(-1)
		t.forget(l)
	}
}

// lane returns the lane of a client. The group is what its name has before a space.
func (t *Turns) lane(client string) *lane {
	l := t.lanes[client]
	if l != nil {
		return l
	}
	name, _, found := strings.Cut(client, " ")
	if !found {
		name = ""
	}
	g := t.groups[name]
	if g == nil {
		g = newGroup()
		t.groups[name] = g
	}
	l = &lane{client: client, group: g, waiting: list.New()}
	t.lanes[client] = l
	return l
}

// forget drops the lane of a client that neither waits nor has a slot.
func (t *Turns) forget(l *lane) {
	if l.running == 0 && l.waiting.Len() == 0 {
		delete(t.lanes, l.client)
	}
}
