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
