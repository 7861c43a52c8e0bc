package counters

import "time"

// Minutes is how many minutes an hour remembers.
const Minutes = 60

// Minute is what happened within one.
type Minute struct {
	Hits        int64
	Misses      int64
	Refusals    int64
	Unavailable int64
	Calls       int64 // to the upstream
}

// vectorOf is what an hour keeps of the counts.
func vectorOf(t *Totals) Minute {
	return Minute{
		Hits:        t.Sum(Hit, Stale),
		Misses:      t.Sum(Miss),
		Refusals:    t.Sum(Refused, RefusedRemembered, Missing, Malformed, Throttled),
		Unavailable: t.Sum(Unavailable),
		Calls:       t.AllCalls(),
	}
}

// hour remembers the counts at the begin of each of the last minutes. Its size is fixed,
// and nothing ticks: whoever counts or reads moves it on, by the clock. What happened between
// two looks is spread evenly over the time between them. Its owner's lock guards it.
type hour struct {
	slots [Minutes + 1]Minute // the counts at the begin of a minute, at its number modulo their number
	first int64               // the number of the first minute that is known
	last  int64               // of the last one

	seen   time.Duration // when the counts were looked at last
	counts Minute        // then
}

func newHour(up time.Duration) *hour {
	minute := int64(up / time.Minute)
	return &hour{first: minute, last: minute, seen: up}
}

// due is when the next minute begins.
func (h *hour) due() time.Duration {
	return time.Duration(h.last+1) * time.Minute
}

// advance notes the counts, and those at the begin of each minute that has begun.
func (h *hour) advance(up time.Duration, counts Minute) {
	if up < h.seen {
		return
	}
	now := int64(up / time.Minute)
	begin := h.last + 1
	if now-begin > Minutes {
		begin = now - Minutes
	}
	for minute := begin; minute <= now; minute++ {
		passed := time.Duration(minute)*time.Minute - h.seen
		h.slots[minute%(Minutes+1)] = between(h.counts, counts, float64(passed)/float64(up-h.seen))
	}
	h.seen, h.counts = up, counts
	if now > h.last {
		h.last = now
	}
	if h.first < now-Minutes {
		h.first = now - Minutes
	}
}

// between is the counts after a part of the time between two looks; nothing that is
// counted falls by rounding.
func between(before, after Minute, part float64) Minute {
	return Minute{
		Hits:        before.Hits + int64(float64(after.Hits-before.Hits)*part),
		Misses:      before.Misses + int64(float64(after.Misses-before.Misses)*part),
		Refusals:    before.Refusals + int64(float64(after.Refusals-before.Refusals)*part),
		Unavailable: before.Unavailable + int64(float64(after.Unavailable-before.Unavailable)*part),
		Calls:       before.Calls + int64(float64(after.Calls-before.Calls)*part),
	}
}

// read returns what happened in each minute, the current one last. Minutes before the
// first are zero.
func (h *hour) read(up time.Duration, counts Minute) []Minute {
	h.advance(up, counts)
	minutes := make([]Minute, Minutes)
	for i := range minutes {
		number := h.last - Minutes + 1 + int64(i)
		if number < h.first {
			continue
		}
		end := counts
		if number < h.last {
			end = h.slots[(number+1)%(Minutes+1)]
		}
		minutes[i] = less(end, h.slots[number%(Minutes+1)])
	}
	return minutes
}

// less is the difference of two counts.
func less(a, b Minute) Minute {
	return Minute{
		Hits: a.Hits - b.Hits, Misses: a.Misses - b.Misses, Refusals: a.Refusals - b.Refusals,
		Unavailable: a.Unavailable - b.Unavailable, Calls: a.Calls - b.Calls,
	}
}

// Sum adds the minutes of others to minutes.
func Sum(minutes, others []Minute) {
	for i, other := range others {
		own := minutes[i]
		minutes[i] = Minute{
			Hits: own.Hits + other.Hits, Misses: own.Misses + other.Misses, Refusals: own.Refusals + other.Refusals,
			Unavailable: own.Unavailable + other.Unavailable, Calls: own.Calls + other.Calls,
		}
	}
}
