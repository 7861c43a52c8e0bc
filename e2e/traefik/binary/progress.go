package binary

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	// interval is how often a running step reports, terminal or not: builds
	// whose log stays silent are taken for dead.
	interval = 5 * time.Second

	// tailLines is how much of a failed step's output is shown.
	tailLines = 40
)

// step is one run of the go command, as the reader of the log sees it.
type step struct {
	out    io.Writer
	says   string // what is being done
	counts string // what a line of output stands for
	about  int    // lines expected; 0 if unknown
	dir    string
}

// progress takes a step's output, of which it shows only how much it is.
type progress struct {
	step
	began time.Time
	ticks *time.Ticker
	done  chan struct{}
	ended sync.WaitGroup

	mu      sync.Mutex
	lines   int
	partial []byte
	last    []string
}

func (s step) start() *progress {
	p := &progress{step: s, began: time.Now(), ticks: time.NewTicker(interval), done: make(chan struct{})}

	fmt.Fprintf(p.out, "  %s ...\n", p.says)
	p.ended.Go(p.report)

	return p
}

// stop ends the reports with a line for the whole step.
func (p *progress) stop() {
	close(p.done)
	p.ended.Wait()
	p.ticks.Stop()
	p.show()
}

func (p *progress) report() {
	for {
		select {
		case <-p.ticks.C:
			p.show()
		case <-p.done:
			return
		}
	}
}

func (p *progress) show() {
	p.mu.Lock()
	lines := p.lines
	p.mu.Unlock()

	count := fmt.Sprint(lines)
	if p.about > 0 {
		count += fmt.Sprintf(" of about %d", p.about)
	}
	fmt.Fprintf(p.out, "  %s: %s %s, %s\n", p.says, count, p.counts, time.Since(p.began).Round(time.Second))
}

// Write counts lines and keeps the last ones.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.partial = append(p.partial, b...)
	for {
		line, rest, found := bytes.Cut(p.partial, []byte("\n"))
		if !found {
			return len(b), nil
		}

		p.lines++
		p.partial = rest
		p.keep(string(line))
	}
}

// keep keeps a line, unless it is the name of a package: with -v they come
// between the compiler's complaints, and in great number.
func (p *progress) keep(line string) {
	if !strings.Contains(line, " ") {
		return
	}

	p.last = append(p.last, line)
	if len(p.last) > tailLines {
		p.last = p.last[1:]
	}
}

func (p *progress) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()

	return strings.Join(append(p.last, string(p.partial)), "\n")
}
