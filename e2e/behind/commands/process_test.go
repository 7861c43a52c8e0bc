package commands

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

// built is the path of a program of ours, built once.
var built = func() func(t *testing.T, name string) string {
	var mu sync.Mutex
	paths := map[string]string{}
	return func(t *testing.T, name string) string {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if paths[name] == "" {
			path := filepath.Join(folder, name)
			if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, "../../cmd/"+name).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			paths[name] = path
		}
		return paths[name]
	}
}()

// folder holds the programs.
var folder string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "upstreamauth-commands-")
	if err != nil {
		panic(err)
	}
	folder = dir
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// text is what a process writes, while it does.
type text struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (w *text) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.Write(b)
}

func (w *text) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.String()
}

// process is a program that runs, with folders of its own for what it makes.
type process struct {
	t          *testing.T
	cmd        *exec.Cmd
	out        *text
	temporary  string
	terminated <-chan struct{}
}

// start starts a program in a session of its own, as a terminal does.
func start(t *testing.T, environment []string, program string, arguments ...string) *process {
	t.Helper()
	t.Cleanup(ending.Deliver())
	p := &process{t: t, cmd: exec.Command(program, arguments...), out: &text{}, temporary: t.TempDir()}
	p.cmd.Env = append(append(os.Environ(), "TMPDIR="+p.temporary), environment...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var err error
	if p.terminated, err = ending.Start(p.cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.terminated
	})
	return p
}

// says waits until it has written a text.
func (p *process) says(what string) {
	p.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if strings.Contains(p.out.String(), what) {
			return
		}
		select {
		case <-p.terminated:
			p.t.Fatalf("it ended, and said\n%s", p.out)
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("it does not say %q, but\n%s", what, p.out)
		}
	}
}

// soon is within what time a program ends, with all that it started, also on a busy machine.
const soon = 20 * time.Second

// leavesNothing sends a signal, and looks for folders, processes and ports, but those of
// other programs. The ports are ones that no other test is given.
func (p *process) leavesNothing(s syscall.Signal, others ...string) {
	p.t.Helper()
	ports := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindAllString(p.out.String(), -1)
	_ = p.cmd.Process.Signal(s)
	select {
	case <-p.terminated:
	case <-time.After(soon):
		p.t.Fatalf("it has not ended after %s", soon)
	}
	left, err := filepath.Glob(filepath.Join(p.temporary, "*"))
	if err != nil || len(left) > 0 {
		p.t.Errorf("folders are left: %v, %v", left, err)
	}
	// What its processes have in common is the folder in their environment.
	mark := []byte("TMPDIR=" + p.temporary)
	for deadline := time.Now().Add(soon); ; time.Sleep(20 * time.Millisecond) {
		left := processes(mark)
		if len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			p.t.Errorf("processes are left: %v", left)
			break
		}
	}
	for _, port := range ports {
		if slices.Contains(others, strings.TrimPrefix(port, "127.0.0.1:")) {
			continue
		}
		if connection, err := net.DialTimeout("tcp", port, time.Second); err == nil {
			_ = connection.Close()
			p.t.Errorf("%s is still listened on", port)
		}
	}
}

// processes are those whose environment or working folder names what is looked for.
func processes(mark []byte) []string {
	var found []string
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range all {
		environment, _ := os.ReadFile(filepath.Join(process, "environ"))
		works, _ := os.Readlink(filepath.Join(process, "cwd"))
		if bytes.Contains(environment, mark) || strings.HasPrefix(works, strings.TrimPrefix(string(mark), "TMPDIR=")) {
			command, _ := os.ReadFile(filepath.Join(process, "cmdline"))
			found = append(found, string(bytes.ReplaceAll(command, []byte{0}, []byte(" "))))
		}
	}
	return found
}

// program is the Traefik of the tests, for a program's environment.
func program(t *testing.T) string {
	t.Helper()
	path, err := traefik.Binary()
	if err != nil {
		t.Fatal(err)
	}
	return "TRAEFIK=" + path
}
