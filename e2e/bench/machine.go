package bench

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

// Machine is where, when and with what was measured.
type Machine struct {
	CPU     string
	Cores   int
	System  string
	Load    string // when the measurement began: what else went on
	Date    string
	Go      string // that compiled this harness
	Traefik string // with the Go that compiled it
	Yaegi   string // inside that Traefik
	Wrk     string
}

// Lines is the machine in words.
func (m Machine) Lines() []string {
	return []string{
		fmt.Sprintf("%s; %s, %d cores, %s, load before %s", m.Date, m.CPU, m.Cores, m.System, m.Load),
		fmt.Sprintf("Traefik %s, Yaegi %s, harness %s, %s", m.Traefik, m.Yaegi, m.Go, m.Wrk),
		"Traefik, wrk, the upstreams and the backend share these cores.",
	}
}

// Short is the machine in one line, for the chart.
func (m Machine) Short() string {
	return fmt.Sprintf("%s · %s, %d cores · Traefik %s, Yaegi %s", m.Date, m.CPU, m.Cores, m.Traefik, m.Yaegi)
}

func machine() (Machine, error) {
	program, err := traefik.Binary()
	if err != nil {
		return Machine{}, err
	}
	version, yaegi, err := versions(program)
	if err != nil {
		return Machine{}, err
	}
	load, _, _ := strings.Cut(firstLine("/proc/loadavg"), " ")
	return Machine{
		CPU:     processor(),
		Cores:   runtime.NumCPU(),
		System:  strings.TrimSpace(runtime.GOOS + " " + firstLine("/proc/sys/kernel/osrelease")),
		Load:    orUnknown(load),
		Date:    time.Now().UTC().Format(time.DateOnly),
		Go:      runtime.Version(),
		Traefik: version,
		Yaegi:   yaegi,
		Wrk:     wrkVersion(),
	}, nil
}

const (
	traefikModule = "github.com/traefik/traefik/v3"
	yaegiModule   = "github.com/traefik/yaegi"
)

// versions reads them in the program itself: TRAEFIK may name any.
func versions(program string) (traefik, yaegi string, err error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return "", "", fmt.Errorf("the versions in %s: %w", program, err)
	}
	yaegi = orUnknown("")
	for _, dep := range info.Deps {
		if dep.Path == yaegiModule {
			yaegi = dep.Version
		}
	}
	// Built from the module proxy, as `make traefik` does, it calls itself "dev"
	// and its module has the version; a release is the other way round.
	if traefik = info.Main.Version; info.Main.Path != traefikModule || traefik == "" || traefik == "(devel)" {
		traefik = toldVersion(program)
	}
	return traefik + " (" + info.GoVersion + ")", yaegi, nil
}

func toldVersion(program string) string {
	out, _ := exec.Command(program, "version").Output()
	for line := range strings.Lines(string(out)) {
		if version, found := strings.CutPrefix(line, "Version:"); found {
			return strings.TrimSpace(version)
		}
	}
	return orUnknown("")
}

// wrkVersion reads the usage that wrk prints: it has no flag that succeeds.
func wrkVersion() string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "wrk", "--version").CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return "no wrk"
	}
	words := strings.Fields(string(out))
	return strings.Join(words[:min(2, len(words))], " ")
}

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func firstLine(file string) string {
	text, _ := os.ReadFile(file)
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

func orUnknown(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}
