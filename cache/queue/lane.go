package queue

import "container/list"

// lane is one client: the slots that it has, and those of it that wait.
type lane struct {
	client  string
	group   *group
	running int           // slots that it has
	waiting *list.List    // of *Ticket; who came first in front
	place   *list.Element // in its group's level; nil: none of it waits
}

// group holds the clients whose names are made in one way. Where clients of several
// groups share the slots, each group as a whole has no more than a client's share: who
// can choose the names of one group must not be able to take the slots of another.
type group struct {
	running int
	waiting int

	// levels are the lanes of which some wait, by how many slots they have, so that the
	// next one is found without a look at all; those whose turn comes first in front.
	levels map[int]*list.List
}

func newGroup() *group {
	return &group{levels: map[int]*list.List{}}
}

// next returns the lane whose turn it is, of those that have that many slots at most.
func (g *group) next(most int) *lane {
	for running := 0; running <= most; running++ {
		level := g.levels[running]
		if level != nil && level.Len() > 0 {
			return level.Front().Value.(*lane)
		}
	}
	return nil
}

// count counts slots that a lane takes (1) or frees (-1).
func (l *lane) count(slots int) {
	if l.place != nil {
		l.leaveLevel()
	}
	l.running += slots
	l.group.running += slots
	if l.waiting.Len() > 0 {
		l.enterLevel()
	}
}

// enterLevel puts a lane behind the others with as many slots.
func (l *lane) enterLevel() {
	level := l.group.levels[l.running]
	if level == nil {
		level = list.New()
		l.group.levels[l.running] = level
	}
	l.place = level.PushBack(l)
}

func (l *lane) leaveLevel() {
	level := l.group.levels[l.running]
	level.Remove(l.place)
	l.place = nil
	if level.Len() == 0 {
		delete(l.group.levels, l.running)
	}
}
