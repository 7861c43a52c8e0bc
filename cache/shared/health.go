package shared

import (
	"strings"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Events in the log.
const (
	eventAway = "shared unavailable"
	eventBack = "shared available"

	// EventApart is reported by who knows all stores of a process.
	EventApart = "shared apart"
)

// health reports when the memory goes away, or comes back: a line for each change, and none
// where it comes and goes within moments. One batch
// without an answer is no change; after the second one it is left alone.
type health struct {
	budget bool // calls are counted in it
	uptime func() time.Duration

	mu       sync.Mutex
	report   verifier.Report // nil: nobody is told
	failures int             // in a row
	away     bool            // it does not answer
	awayAt   time.Duration   // when that was reported last; 0: never
	refuses  bool            // it answers, and takes no writes
	deaf     bool            // it answers, and what others tell is not heard
	lacks    map[string]bool // commands that the user may not use
}

// calm is how long after a report that it is away the next one comes at the earliest: of a
// cluster that lacks a node, every third batch or so has no answer.
const calm = 10 * time.Second

// reportTo has changes reported to the log of the instance that joined last.
func (h *health) reportTo(report verifier.Report) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.report = report
}

// failed notes that a batch had no answer. said is the text of its error.
func (h *health) failed(said string) {
	report := h.countFailure()
	if report == nil {
		return
	}
	effect := "credentials are checked without it"
	if h.budget {
		effect = "credentials are checked and calls are counted without it"
	}
	report("error", eventAway, reasonOf(said)+"; "+effect)
}

// countFailure returns where to report that it is away; nil: that is no change.
func (h *health) countFailure() verifier.Report {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures++
	now := h.uptime()
	if h.away || h.failures < 2 || h.awayAt > 0 && now-h.awayAt < calm {
		return nil
	}
	h.away = true
	h.awayAt = now
	report := h.report
	return report
}

// answered notes that it answers.
func (h *health) answered() {
	report := h.countAnswer()
	if report != nil {
		report("info", eventBack, "it answers again")
	}
}

func (h *health) countAnswer() verifier.Report {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures = 0
	if !h.away {
		return nil
	}
	h.away = false
	report := h.report
	return report
}

// wrote notes that it took a write, or why it did not.
func (h *health) wrote(refusal string) {
	report := h.countWrite(refusal != "")
	if report == nil {
		return
	}
	if refusal != "" {
		report("error", eventAway, "it takes no writes: "+refusal+"; what this Traefik learns is not shared")
		return
	}
	report("info", eventBack, "it takes writes again")
}

func (h *health) countWrite(refused bool) verifier.Report {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refuses == refused {
		return nil
	}
	h.refuses = refused
	report := h.report
	return report
}

// listened notes that what others tell is heard, or for long is not, and why.
func (h *health) listened(failure string) {
	report := h.countHearing(failure != "")
	if report == nil {
		return
	}
	if failure != "" {
		report("error", eventAway, "what other Traefiks forget is not heard: "+reasonOf(failure))
		return
	}
	report("info", eventBack, "what other Traefiks forget is heard again")
}

// countHearing is silent while it does not answer at all: that is reported already.
func (h *health) countHearing(deaf bool) verifier.Report {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.deaf == deaf || deaf && h.failures > 0 {
		return nil
	}
	h.deaf = deaf
	report := h.report
	return report
}

// permitted notes that the user may use a command, or may not.
func (h *health) permitted(command string, may bool) {
	report := h.countPermission(command, may)
	if report == nil {
		return
	}
	if may {
		report("info", eventBack, "the user has all permissions")
		return
	}
	report("error", eventAway, "the user lacks a permission: "+strings.ToLower(command))
}

func (h *health) countPermission(command string, may bool) verifier.Report {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lacks[command] != may {
		return nil
	}
	if may {
		delete(h.lacks, command)
		if len(h.lacks) > 0 {
			return nil
		}
	} else {
		if h.lacks == nil {
			h.lacks = map[string]bool{}
		}
		h.lacks[command] = true
	}
	report := h.report
	return report
}

// lacksAny tells whether the user may not use some command.
func (h *health) lacksAny() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.lacks) > 0
}

// reasons are causes of failures, found by some words of theirs, in the order in which they
// are looked for. Nothing else of an error is shown.
var reasons = [][2]string{
	{"no reply in time", "no reply in time"},
	{"i/o timeout", "no reply in time"},
	{"deadline exceeded", "no reply in time"},
	{"connection refused", "the connection was refused"},
	{"no such host", "its host name does not resolve"},
	{"unreachable", "there is no route to it"},
	{"x509", "its certificate is not valid"},
	{"certificate", "a certificate was refused"},
	{"TLS", "TLS failed"},
	{"NOAUTH", "it requires a password"},
	{"WRONGPASS", "the user name or the password is wrong"},
	{"called without any password", "it has no password, and one is configured"},
	{"NOPERM", "the user lacks a permission"},
	{"LOADING", "it is starting, and loads its data"},
	{"too many commands wait", "more is asked than it answers"},
	{"max number of clients", "it has too many clients"},
	{"DENIED", "its protected mode refuses connections from elsewhere"},
	{"DB index", "there is no such database"},
	{"not allowed in cluster mode", "a cluster has one database, 0"},
	{"CLUSTERDOWN", "the cluster is down"},
	{"entinel", "no Sentinel names a server"},
	{"EOF", "the connection was closed"},
	{"reset by peer", "the connection was closed"},
	{"broken pipe", "the connection was closed"},
}

// reasonOf names the cause of a failure in words of our own.
func reasonOf(said string) string {
	for _, r := range reasons {
		if strings.Contains(said, r[0]) {
			return r[1]
		}
	}
	if strings.HasPrefix(said, "redis: ") {
		return "it does not answer as Redis does"
	}
	return "the connection failed"
}
