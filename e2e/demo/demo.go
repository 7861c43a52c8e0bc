// Package demo runs everything on one machine: a real Traefik with the plugin, the
// four emulated APIs, a backend that shows the requests that it receives, and a page
// on which all of it is tried and seen.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/upstreamauth/upstreamauth/e2e/demo/page"
	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Port is where the demo listens, unless another is asked for.
const Port = 8090

// Demo is running until Close.
type Demo struct {
	URL         string          // of Traefik, as a browser has it; no final slash
	StatusToken string          // of the operator's status
	Traefik     *traefik.Server // nil: it runs elsewhere
	APIs        *upstreams.Demo
	backend     *httptest.Server
	page        *page.Server
	dir         string // where the journeys keep what they got; empty: there are none
	remove      func()
}

// Options say how the demo is started.
type Options struct {
	// Program is the path of the Traefik; if it is empty, the one that the tests use is started.
	Program string
	// Port is Traefik's; 0: one that no other test is given. One that another program has is an error.
	Port int
	// Seen is told of each call to an API, one after the other. It may be nil.
	Seen func(upstreams.Seen)
}

// Start starts everything, and reports its progress. The end of ctx ends the start,
// and nothing later.
func Start(ctx context.Context, progress io.Writer, o Options) (_ *Demo, err error) {
	fmt.Fprintln(progress, "starting the four emulated APIs, a backend and the page")
	d := &Demo{StatusToken: "status-" + rand.Text()}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	if d.dir, d.remove, err = ending.Folder(plainFolder(), "upstreamauth-demo-"); err != nil {
		return nil, err
	}
	if err = d.serve("", upstreams.DemoOptions{Seen: o.Seen}); err != nil {
		return nil, err
	}
	fmt.Fprintln(progress, "starting Traefik with the plugin")
	d.Traefik, err = traefik.Start(traefik.Options{
		Program:  o.Program,
		LogLevel: "ERROR",
		Context:  ctx,
		Port:     o.Port,
		Env: Environment(Secrets{
			ApplicationKey: d.APIs.Secrets.ApplicationKey, Login: rand.Text(), Session: rand.Text() + rand.Text(), Status: d.StatusToken,
		}),
	})
	if errors.Is(err, traefik.ErrPortTaken) {
		return nil, taken(o.Port)
	}
	if err != nil {
		return nil, err
	}
	d.URL = d.Traefik.URL
	places := PlacesOf(d.APIs, d.backend.URL, d.page.URL)
	if err = d.Traefik.Apply("demo", Routes(places, FromEnvironment, "web")); err != nil {
		return nil, err
	}
	d.page.Watch(d.Traefik.URL)
	return d, nil
}

// Free is an error, which says what to do, where another program has the port.
func Free(port int) error {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return taken(port)
	}
	if err != nil {
		return err
	}
	return listener.Close()
}

func taken(port int) error {
	return fmt.Errorf("port %d is taken by another program, perhaps by another demo: choose another port, make demo DEMO_PORT=%d", port, port+1)
}

// Beside says what is served for a Traefik that runs elsewhere: beside this process,
// in another container.
type Beside struct {
	Host    string // where to listen, on the ports 9101 to 9106
	Traefik string // its address, as this process reaches it
	URL     string // its address, as a browser does
	Secrets Secrets
	Seen    func(upstreams.Seen)
}

// Serve starts everything but Traefik.
func Serve(o Beside) (*Demo, error) {
	d := &Demo{URL: o.URL, StatusToken: o.Secrets.Status}
	apis := upstreams.DemoOptions{
		ThammasatAddr: o.Host + ":9101", IPPanelAddr: o.Host + ":9102", BTSAddr: o.Host + ":9103", WebServiceAddr: o.Host + ":9104",
		DemoSecrets: upstreams.DemoSecrets{ApplicationKey: o.Secrets.ApplicationKey},
		Seen:        o.Seen,
	}
	if err := d.serve(o.Host, apis); err != nil {
		d.Close()
		return nil, err
	}
	d.page.Watch(o.Traefik)
	return d, nil
}

// serve starts all that Traefik leads to: on free ports of 127.0.0.1, or of a host
// on fixed ones.
func (d *Demo) serve(host string, o upstreams.DemoOptions) (err error) {
	backend, front := "", "127.0.0.1:0"
	if host != "" {
		backend, front = host+":9105", host+":9106"
	}
	feed := page.NewFeed()
	tell := o.Seen
	o.Seen = func(s upstreams.Seen) {
		feed.Add(asked(s))
		if tell != nil {
			tell(s)
		}
	}
	if d.APIs, err = upstreams.NewDemo(o); err != nil {
		return err
	}
	if d.backend, err = NewBackend(backend, func(r Received) { feed.Add(reached(r)) }); err != nil {
		return err
	}
	d.page, err = page.Start(front, feed, d.content())
	return err
}

// Close ends everything that was started.
func (d *Demo) Close() {
	if d.page != nil {
		d.page.Close() // first, since Traefik waits for open streams
	}
	if d.Traefik != nil {
		_ = d.Traefik.Stop()
	}
	if d.backend != nil {
		d.backend.Close()
	}
	if d.APIs != nil {
		d.APIs.Close()
	}
	if d.remove != nil {
		d.remove()
	}
}

var plain = regexp.MustCompile(`^[A-Za-z0-9/._-]+$`)

// plainFolder is the folder for temporary files; another one where its name would
// have to be quoted, since it stands in the commands to paste. Empty: the usual one.
func plainFolder() string {
	if folder := filepath.Join(string(filepath.Separator), "tmp"); !plain.MatchString(os.TempDir()) {
		return folder
	}
	return ""
}
