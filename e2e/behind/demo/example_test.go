package demo

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/traefik/binary"
	"gopkg.in/yaml.v3"
)

// host is where the example's servers listen here, in the place of the container
// "demo". Ports are fixed there, so it is an address that other programs do not have,
// where the system has more than one of loopback.
var host = func() string {
	const other = "127.83.4.19"
	listener, err := net.Listen("tcp", other+":0")
	if err != nil {
		return "127.0.0.1"
	}
	_ = listener.Close()
	return other
}()

// example is examples/demo, as far as it runs without Docker.
type example struct {
	t      *testing.T
	root   string
	out    string // what /out is in the Dockerfile
	static map[string]any
	text   struct{ dockerfile, dynamic string }

	Services map[string]struct {
		Command     []string
		Environment map[string]string
		Ports       []string
		Volumes     []string
		Build       struct{ Context, Dockerfile, Target string }
	}
}

// TestExample runs what Docker would: what the Dockerfile builds is built, Traefik gets
// the plugin of that, and the example's static and dynamic configuration with another
// address for the container, and the program the command and the environment of
// compose.yaml. Images and the network between them are Docker's own.
func TestExample(t *testing.T) {
	e := readExample(t)
	t.Run("its images are those that are tested", func(t *testing.T) { e.images(t) })
	e.build()
	server := e.traefik()
	e.starts(server.URL)
	dynamic := strings.ReplaceAll(e.text.dynamic, "http://demo:", "http://"+host+":")
	if err := server.Put("demo.yml", []byte(dynamic)); err != nil {
		t.Fatal(err)
	}
	drive(t, server.URL, e.Services["demo"].Environment["UPSTREAMAUTH_STATUS"], "docker-")
}

func readExample(t *testing.T) *example {
	t.Helper()
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	e := &example{t: t, root: root, out: t.TempDir()}
	if err := yaml.Unmarshal(e.read("compose.yaml"), e); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(e.read("traefik.yml"), &e.static); err != nil {
		t.Fatal(err)
	}
	e.text.dockerfile, e.text.dynamic = string(e.read("Dockerfile")), string(e.read("dynamic/demo.yml"))
	return e
}

func (e *example) read(name string) []byte {
	e.t.Helper()
	text, err := os.ReadFile(filepath.Join(e.root, "examples", "demo", name))
	if err != nil {
		e.t.Fatal(err)
	}
	return text
}

func (e *example) images(t *testing.T) {
	requirement := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(must(os.ReadFile(filepath.Join(e.root, "e2e", "go.mod"))))
	for _, line := range []string{"FROM traefik:" + binary.Newest + " AS traefik", "FROM golang:" + string(requirement[1]) + " AS build", "FROM scratch AS demo"} {
		if !strings.Contains(e.text.dockerfile, line+"\n") {
			t.Errorf("the Dockerfile lacks %s", line)
		}
	}
	for name, s := range e.Services {
		dockerfile := filepath.Join(e.root, "examples", "demo", s.Build.Context, s.Build.Dockerfile)
		if s.Build.Target != name || filepath.Dir(dockerfile) != filepath.Join(e.root, "examples", "demo") {
			t.Errorf("%s is built from %s, %s", name, dockerfile, s.Build.Target)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s is reached from other machines: %s", name, port)
			}
		}
		for _, volume := range s.Volumes {
			if source, _, _ := strings.Cut(volume, ":"); len(e.mustExist(source)) == 0 {
				t.Errorf("%s mounts %s, which is not there", name, source)
			}
		}
	}
}

func (e *example) mustExist(name string) []string {
	found, _ := filepath.Glob(filepath.Join(e.root, "examples", "demo", name))
	return found
}

// build does what the Dockerfile's build stage does, in this checkout.
func (e *example) build() {
	e.t.Helper()
	commands := regexp.MustCompile(`(?m)^RUN (.*)$`).FindAllStringSubmatch(e.text.dockerfile, -1)
	variables := regexp.MustCompile(`(?m)^ENV (.*)$`).FindStringSubmatch(e.text.dockerfile)
	if len(commands) < 4 || variables == nil {
		e.t.Fatal("the Dockerfile is not understood")
	}
	for _, c := range commands {
		command := exec.Command("sh", "-c", strings.ReplaceAll(c[1], "/out", e.out))
		command.Dir = e.root
		command.Env = append(os.Environ(), strings.Fields(variables[1])...)
		if said, err := command.CombinedOutput(); err != nil {
			e.t.Fatalf("%s: %v\n%s", c[1], err, said)
		}
	}
}

// traefik starts one with the example's static configuration and environment.
func (e *example) traefik() *traefik.Server {
	e.t.Helper()
	delete(e.static["entryPoints"].(map[string]any)["web"].(map[string]any), "address")
	delete(e.static["providers"].(map[string]any)["file"].(map[string]any), "directory")
	var environment []string
	for name, value := range e.Services["traefik"].Environment {
		environment = append(environment, name+"="+value)
	}
	server, err := traefik.Start(traefik.Options{
		LogLevel: "ERROR", Env: environment, Static: e.static,
		Stage: func(goPath string) error { return os.CopyFS(goPath, os.DirFS(filepath.Join(e.out, "plugins-local"))) },
	})
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { _ = server.Stop() })
	return server
}

// starts runs the container's program with its command, and waits until it serves.
func (e *example) starts(url string) {
	e.t.Helper()
	port := url[strings.LastIndexByte(url, ':')+1:]
	here := strings.NewReplacer("http://traefik", url, "0.0.0.0", host, "${DEMO_PORT:-8090}", port)
	var arguments []string
	for _, argument := range e.Services["demo"].Command {
		arguments = append(arguments, here.Replace(argument))
	}
	program := exec.Command(filepath.Join(e.out, "demo"), arguments...)
	for name, value := range e.Services["demo"].Environment {
		program.Env = append(program.Env, name+"="+value)
	}
	output, err := program.StdoutPipe()
	if err != nil {
		e.t.Fatal(err)
	}
	program.Stderr = program.Stdout
	if err := program.Start(); err != nil {
		e.t.Fatal(err)
	}
	forget := ending.OnSignal(func() { _ = program.Process.Kill() })
	lines := bufio.NewScanner(output)
	said := ""
	reads := func(until string) bool {
		for lines.Scan() {
			said += lines.Text() + "\n"
			if strings.Contains(lines.Text(), until) {
				return true
			}
		}
		return false
	}
	if !reads("Open " + url + " in a browser") {
		_ = program.Wait()
		e.t.Fatalf("it ended, and said\n%s", said)
	}
	ended := make(chan struct{})
	go func() { reads("nothing more"); close(ended) }()
	e.t.Cleanup(func() {
		_ = program.Process.Signal(os.Interrupt)
		<-ended
		err := program.Wait()
		forget()
		if err != nil || !strings.HasSuffix(said, "ended\n") {
			e.t.Errorf("%v: it said\n%s", err, said)
		}
	})
}

func must(text []byte, err error) []byte {
	if err != nil {
		panic(fmt.Sprint("reading a file of the checkout: ", err))
	}
	return text
}
