package redis

import (
	"errors"
	"strconv"
	"strings"
)

var errEntry = errors.New("redis: a stream's reply that is none")

// Entry is one entry of a stream.
type Entry struct {
	ID     string
	Fields []string // a name, its value, a name …
}

// entryID is the ID of a stream's entry: a time in milliseconds, and a number.
type entryID struct {
	time, number uint64
}

func (id entryID) before(other entryID) bool {
	return id.time < other.time || (id.time == other.time && id.number < other.number)
}

func (id entryID) text() string {
	return strconv.FormatUint(id.time, 10) + "-" + strconv.FormatUint(id.number, 10)
}

// edge is the ID of the one entry in a reply; the zero ID: the stream is empty.
func edge(r *Reply) (entryID, error) {
	if r.Kind == Failed {
		return entryID{}, refused(r)
	}
	if len(r.Items) == 0 {
		return entryID{}, nil
	}
	if len(r.Items) > 1 {
		return entryID{}, errEntry
	}
	return idOf(r.Items[0])
}

// entriesIn are the entries of a stream in the reply to XREAD: [[stream, [entry …]]].
func entriesIn(r *Reply, stream string) ([]*Reply, error) {
	if r.Kind == Failed {
		return nil, refused(r)
	}
	if r.Kind == Absent {
		return nil, nil
	}
	if len(r.Items) != 1 || len(r.Items[0].Items) != 2 || r.Items[0].Items[0].Text != stream {
		return nil, errEntry
	}
	list := r.Items[0].Items[1]
	if list.Kind != Array || len(list.Items) == 0 { // a failure in here is no silence
		return nil, errEntry
	}
	return list.Items, nil
}

// idOf reads the ID of an entry: [id, [name, value …]].
func idOf(item *Reply) (entryID, error) {
	if item.Kind != Array || len(item.Items) != 2 || item.Items[0].Kind != Bulk || item.Items[1].Kind != Array {
		return entryID{}, errEntry
	}
	first, second, _ := strings.Cut(item.Items[0].Text, "-")
	ms, err := strconv.ParseUint(first, 10, 64)
	if err != nil {
		return entryID{}, errEntry
	}
	n, err := strconv.ParseUint(second, 10, 64)
	if err != nil {
		return entryID{}, errEntry
	}
	return entryID{time: ms, number: n}, nil
}
