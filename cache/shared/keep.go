package shared

import (
	"strconv"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
)

// keep is an entry that is to be written.
type keep struct {
	name  [32]byte
	key   string
	value string
	ended []string // keys of what may have forgotten it
	kinds []string // of them
	names [][32]byte
	asked time.Time
	until time.Time
}

// endedBy adds a key whose value may say that the entry was forgotten.
func (k *keep) endedBy(kind string, name [32]byte, key string) {
	k.kinds = append(k.kinds, kind)
	k.names = append(k.names, name)
	k.ended = append(k.ended, key)
}

// confirm is the command by which an entry that was written lasts, or goes.
func (k *keep) confirm(secret string, r *redis.Reply, now time.Time) []string {
	stays := r.Kind == redis.Array && len(r.Items) == len(k.ended)
	for i := 0; stays && i < len(k.ended); i++ {
		if r.Items[i].Kind != redis.Bulk {
			continue
		}
		m, found := openMark(newBox(secret, k.kinds[i], k.names[i]), r.Items[i])
		stays = !found || k.asked.After(m.at.Add(margin))
	}
	if !stays {
		return []string{"DEL", k.key}
	}
	return []string{"PEXPIRE", k.key, px(k.until.Sub(now), farthest)}
}

// keeps are the entries that wait to be written. Its user has a lock.
type keeps struct {
	waiting []*keep
	byName  map[[32]byte]*keep // one that is not here was forgotten meanwhile
}

func newKeeps() *keeps { return &keeps{byName: map[[32]byte]*keep{}} }

// add queues an entry, which replaces one of its name; false: there is no room.
func (q *keeps) add(k *keep) bool {
	if len(q.waiting) >= maxQueue {
		return false
	}
	q.waiting = append(q.waiting, k)
	q.byName[k.name] = k
	return true
}

// again queues entries, unless newer ones wait.
func (q *keeps) again(batch []*keep) {
	for _, k := range batch {
		if q.byName[k.name] == nil {
			q.add(k)
		}
	}
}

// next takes out the entries whose turn it is, at most that many. What has ended, was
// forgotten, or has waited for too long, is dropped; lost counts that without what was
// forgotten.
func (q *keeps) next(now time.Time, most int) ([]*keep, int) {
	var batch []*keep
	lost := 0
	for len(q.waiting) > 0 && len(batch) < most {
		k := q.waiting[0]
		q.waiting = q.waiting[1:]
		if q.byName[k.name] != k {
			continue
		}
		delete(q.byName, k.name)
		if !now.Before(k.until) || now.Sub(k.asked) > keepWithin {
			lost++
			continue
		}
		batch = append(batch, k)
	}
	return batch, lost
}

// openMark reads a value; false: there is none that opens, and says something.
func openMark(b *box, r *redis.Reply) (mark, bool) {
	if r.Kind != redis.Bulk {
		return mark{}, false
	}
	plain, _ := b.open(r.Text)
	return decodeMark(plain)
}

// px is a time for Redis, in milliseconds: at least one, at most that.
func px(d, most time.Duration) string {
	if d > most {
		d = most
	}
	if d < time.Millisecond {
		d = time.Millisecond
	}
	return strconv.FormatInt(d.Milliseconds(), 10)
}
