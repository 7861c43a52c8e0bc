package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// burst is what one run of wrk found.
type burst struct {
	Requests int
	Rate     float64 // requests a second
	P50, P99 time.Duration
	Denied   int // replies that were neither 2xx nor 3xx
	Broken   int // connections that failed, and time-outs
}

var errNoWrk = errors.New("wrk is not there: install it (Debian, Ubuntu: apt-get install wrk; macOS: brew install wrk; " +
	"else https://github.com/wg/wrk) and try again")

// Wrk makes sure that wrk is installed. Where it is not, root installs it with
// apt-get.
func Wrk(ctx context.Context, say Say) error {
	if _, err := exec.LookPath("wrk"); err == nil {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return errNoWrk
	}
	if aptGet(ctx, say, "install", "-y", "wrk") == nil {
		return nil
	}
	// A fresh container has no lists of packages.
	if err := aptGet(ctx, say, "update"); err != nil {
		return err
	}
	return aptGet(ctx, say, "install", "-y", "wrk")
}

func aptGet(ctx context.Context, say Say, args ...string) error {
	say("wrk is not there; as root: apt-get %s", strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\napt-get %s: %w\n%s", errNoWrk, strings.Join(args, " "), err, tail(string(out), 500))
	}
	return nil
}

// wrk repeats one request to url. One thread of it is faster than any Traefik, and
// leaves the cores to Traefik.
func wrk(ctx context.Context, url string, header []string, connections int, how time.Duration) (burst, error) {
	args := []string{"-t1", fmt.Sprintf("-c%d", connections), fmt.Sprintf("-d%ds", int(how.Seconds())), "--latency", "--timeout", "5s"}
	for _, line := range header {
		args = append(args, "-H", line)
	}
	out, err := exec.CommandContext(ctx, "wrk", append(args, url)...).CombinedOutput()
	if err != nil {
		return burst{}, fmt.Errorf("wrk: %w\n%s", err, tail(string(out), 500))
	}
	return readWrk(string(out))
}

var (
	wrkRate   = regexp.MustCompile(`(?m)^Requests/sec:\s+([\d.]+)`)
	wrkCount  = regexp.MustCompile(`(?m)^\s+(\d+) requests in `)
	wrkHalf   = regexp.MustCompile(`(?m)^\s+50(?:\.\d+)?%\s+([\d.]+)(us|ms|s|m|h)$`)
	wrkMost   = regexp.MustCompile(`(?m)^\s+99(?:\.0+)?%\s+([\d.]+)(us|ms|s|m|h)$`)
	wrkDenied = regexp.MustCompile(`(?m)^\s+Non-2xx or 3xx responses: (\d+)`)
	wrkBroken = regexp.MustCompile(`(?m)^\s+Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
)

// readWrk reads what wrk prints with --latency. It leaves out lines about
// things that did not happen.
func readWrk(text string) (burst, error) {
	rate, count := wrkRate.FindStringSubmatch(text), wrkCount.FindStringSubmatch(text)
	half, most := wrkHalf.FindStringSubmatch(text), wrkMost.FindStringSubmatch(text)
	if rate == nil || count == nil || half == nil || most == nil {
		return burst{}, fmt.Errorf("wrk: its output is not understood:\n%s", tail(text, 1000))
	}
	var b burst
	var errs [4]error
	b.Rate, errs[0] = strconv.ParseFloat(rate[1], 64)
	b.Requests, errs[1] = strconv.Atoi(count[1])
	b.P50, errs[2] = time.ParseDuration(half[1] + half[2])
	b.P99, errs[3] = time.ParseDuration(most[1] + most[2])
	if err := errors.Join(errs[:]...); err != nil {
		return burst{}, fmt.Errorf("wrk: its output is not understood: %w", err)
	}
	if found := wrkDenied.FindStringSubmatch(text); found != nil {
		b.Denied, _ = strconv.Atoi(found[1])
	}
	if found := wrkBroken.FindStringSubmatch(text); found != nil {
		for _, digits := range found[1:] {
			n, _ := strconv.Atoi(digits)
			b.Broken += n
		}
	}
	return b, nil
}

// tail is the end of a text, for errors.
func tail(text string, length int) string {
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-length):]
}
