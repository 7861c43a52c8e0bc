package shared

import (
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
)

// message is what the others are to be told.
type message struct {
	sets  [][]string // commands that are done first
	dels  [][]string // and next: in a cluster, commands of one batch have no certain order
	until time.Time  // of no use to anybody from then on
	entry []string   // the command that tells it
}

// writer writes behind: a request waits for nothing that is written. What is told goes
// first, in its order. A goroutine writes while there is work, and no longer.
type writer struct {
	link   *link
	secret string
	now    func() time.Time
	live   func() bool // false: there is no instance any more, so what waits goes on waiting

	mu       sync.Mutex
	messages []*message
	keeps    *keeps
	running  bool
}

func newWriter(l *link, secret string, now func() time.Time, live func() bool) *writer {
	return &writer{link: l, secret: secret, now: now, live: live, keeps: newKeeps()}
}

// keep queues an entry.
func (w *writer) keep(k *keep) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.keeps.add(k) {
		w.link.counter.add(Counts{Lost: 1})
		return
	}
	w.start()
}

// tell queues a message. An entry of that name that waits is not written any more.
func (w *writer) tell(m *message, name [32]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.keeps.byName, name)
	if len(w.messages) >= maxQueue {
		w.messages = w.messages[1:]
		w.link.counter.add(Counts{Lost: 1})
	}
	w.messages = append(w.messages, m)
	w.start()
}

// resume writes on what waits; false: nothing does.
func (w *writer) resume() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	waits := w.waits()
	if waits {
		w.start()
	}
	return waits
}

// waits tells whether there is anything to write. The caller holds the lock.
func (w *writer) waits() bool { return len(w.messages)+len(w.keeps.waiting) > 0 }

// takeOver takes what waits in another writer.
func (w *writer) takeOver(old *writer) {
	messages, entries := old.give()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.messages = append(messages, w.messages...)
	w.keeps.again(entries)
}

func (w *writer) give() ([]*message, []*keep) {
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	messages := w.messages
	w.messages = nil
	entries, _ := w.keeps.next(now, maxQueue)
	return messages, entries
}

// start starts the goroutine, unless it runs. The caller holds the lock.
func (w *writer) start() {
	if w.running {
		return
	}
	w.running = true
	go w.run()
}

func (w *writer) run() {
	defer func() {
		if recover() != nil {
			w.stopped()
		}
	}()
	for w.goesOn() {
		if w.tellSome() && w.keepSome() {
			continue
		}
		pause(retryAfter)
	}
}

// stopped notes that a panic ended the goroutine. What it had in its hands is lost.
func (w *writer) stopped() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = false
}

// goesOn tells whether there is more to write. If not, the next call that queues something
// starts another goroutine.
func (w *writer) goesOn() bool {
	live := w.live()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = live && w.waits()
	return w.running
}

// tellSome tells the oldest messages; false: they have to wait. What was set stands before
// it is told, so that who hears it and looks finds it.
func (w *writer) tellSome() bool {
	batch := w.oldest()
	if len(batch) == 0 {
		return true
	}
	var sets, dels, entries [][]string
	for _, m := range batch {
		sets = append(sets, m.sets...)
		dels = append(dels, m.dels...)
		entries = append(entries, m.entry)
	}
	for _, commands := range [][][]string{sets, dels, entries} {
		done, refusal := w.link.write(commands)
		if refusal != "" {
			w.link.health.wrote(refusal)
		}
		if !done {
			return false
		}
	}
	w.link.health.wrote("")
	w.told(batch)
	return true
}

// oldest returns the messages whose turn it is, without those that are of no use any more.
func (w *writer) oldest() []*message {
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.messages) > 0 && !now.Before(w.messages[0].until) {
		w.messages = w.messages[1:]
	}
	size := len(w.messages)
	if size > maxBatch {
		size = maxBatch
	}
	return append([]*message(nil), w.messages[:size]...)
}

// told removes the messages that were told. Some may be gone: dropped meanwhile, or taken over
// by another writer, which tells them again. Then others stand in front.
func (w *writer) told(batch []*message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range batch {
		if len(w.messages) > 0 && w.messages[0] == m {
			w.messages = w.messages[1:]
		}
	}
	w.link.counter.add(Counts{Forgets: len(batch)})
}

// keepSome writes some entries; false: there was no answer, and they wait on. An entry lasts
// for a minute at first, and for its time once it is known that nothing has forgotten it:
// whoever forgets it removes the entry after having said so, and this asks after having
// written it. So a late allow stays behind neither when this process ends between the two.
func (w *writer) keepSome() bool {
	batch := w.next()
	if len(batch) == 0 {
		return true
	}
	var sets, asks [][]string
	for _, k := range batch {
		sets = append(sets, []string{"SET", k.key, k.value, "PX", px(k.until.Sub(w.now()), proven)})
		asks = append(asks, append([]string{"MGET"}, k.ended...))
	}
	written := w.link.ask(sets)
	if written == nil {
		w.again(batch)
		return false
	}
	var more [][]string
	kept, refused := 0, ""
	ended := w.link.ask(asks)
	for i, k := range batch {
		if written[i].Kind == redis.Failed {
			refused = written[i].Text
			continue
		}
		if ended != nil {
			kept++
			more = append(more, k.confirm(w.secret, ended[i], w.now()))
		}
	}
	w.link.health.wrote(refused)
	if len(more) > 0 && w.link.ask(more) == nil {
		kept = 0
	}
	w.link.counter.add(Counts{Kept: kept, Lost: len(batch) - kept})
	return true
}

// next takes out the entries whose turn it is.
func (w *writer) next() []*keep {
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	batch, lost := w.keeps.next(now, maxBatch)
	if lost > 0 {
		w.link.counter.add(Counts{Lost: lost})
	}
	return batch
}

// again puts entries back that were not written, unless newer ones wait.
func (w *writer) again(batch []*keep) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keeps.again(batch)
}
