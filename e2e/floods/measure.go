package floods

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Row is what one flood costs.
type Row struct {
	Name     string
	Route    string        // the route on which it costs most, against Traefik's own refusal
	Refusal  time.Duration // of processor time for each request, there
	Traefiks time.Duration // the same, of Traefik's basicAuth
	Status   int           // of the response, there
}

// Ratio is how much more the plugin's refusal costs.
func (r Row) Ratio() float64 { return float64(r.Refusal) / float64(max(r.Traefiks, 1)) }

// Worst is the row with the highest ratio.
func Worst(rows []Row) Row {
	return slices.MaxFunc(rows, func(a, b Row) int { return int(1000 * (a.Ratio() - b.Ratio())) })
}

const (
	secretVariable = "UPSTREAMAUTH_FLOOD_SECRET"
	basicAuth      = "basic"
)

// way is a route, and how floods are sent to it.
type way struct {
	route     string
	preflight bool
}

// ways are the routes of the plugin, each with what makes it do most.
var ways = []way{{"bearer", true}, {"session", false}, {"all", true}, {"key", false}, {"login", false}, {"status", false}}

// Options are how thoroughly to measure.
type Options struct {
	// Least is how much processor time is measured at once. A request takes 1 to 300 ms, and a
	// garbage collection 10 and more: of a shorter measurement it decides.
	Least time.Duration
	Say   func(format string, args ...any)
}

// Measure sends floods to a Traefik of its own. It takes about five minutes with a
// Least of 300 ms.
func Measure(o Options) ([]Row, error) {
	up := upstreams.NewWebService(upstreams.WebServiceOptions{})
	defer up.Close()
	backend := upstreams.NewWebService(upstreams.WebServiceOptions{}) // any server: nothing reaches it
	defer backend.Close()
	server, err := traefik.Start(traefik.Options{
		LogLevel: "ERROR", Env: []string{secretVariable + "=0123456789abcdef0123456789abcdef"},
		Static: map[string]any{"entryPoints": map[string]any{"web": map[string]any{"forwardedHeaders": map[string]any{"insecure": true}}}},
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = server.Stop() }()
	if err := server.Apply("floods", routes(up, backend.URL)); err != nil {
		return nil, err
	}
	var rows []Row
	for _, f := range append(HTTP1(), HTTP2()...) {
		row, err := measureFlood(server, f, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		o.Say("  %s: %.1f × (%s, %d)", row.Name, row.Ratio(), row.Route, row.Status)
		rows = append(rows, row)
	}
	return rows, nil
}

// routes is the dynamic configuration: a router for each way, and one with basicAuth.
func routes(up *upstreams.WebService, backend string) map[string]any {
	plugin := func(config map[string]any) map[string]any {
		config["limits"] = map[string]any{"clientDepth": 2, "perClient": "1000000/1m"}
		return map[string]any{"plugin": map[string]any{"upstreamauth": config}}
	}
	const secret = "env:" + secretVariable
	session := map[string]any{"secret": secret, "logout": "/logout", "login": "/sign-in?to={return}", "return": "to"}
	loginPage := map[string]any{"secret": secret, "logout": "/logout", "return": "return"}
	service := map[string]any{"api": "webservice", "url": up.URL, "path": up.Path()}
	university := map[string]any{"api": "thammasat", "url": up.URL, "account": true}
	accounts := map[string]any{"api": "thammasat", "url": up.URL, "applicationKey": secret}
	middlewares := map[string]any{
		"bearer":  plugin(map[string]any{"bearer": service, "preflight": true}),
		"session": plugin(map[string]any{"bearer": service, "session": session}),
		"all":     plugin(map[string]any{"bearer": service, "session": session, "preflight": true, "optional": true, "applicationKey": university}),
		"key":     plugin(map[string]any{"applicationKey": university}),
		"login":   plugin(map[string]any{"basic": accounts, "session": loginPage}),
		"status":  plugin(map[string]any{"mode": "status", "status": map[string]any{"token": secret}}),
		basicAuth: map[string]any{"basicAuth": map[string]any{"users": []string{"user:{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk="}}},
	}
	routers := map[string]any{}
	for name := range middlewares {
		routers[name] = map[string]any{"rule": "Host(`" + name + ".test`)", "middlewares": []string{name}, "service": "backend", "entryPoints": []string{"web"}}
	}
	return map[string]any{"http": map[string]any{
		"routers": routers, "middlewares": middlewares,
		"services": map[string]any{"backend": map[string]any{"loadBalancer": map[string]any{"servers": []any{map[string]any{"url": backend}}}}},
	}}
}

// rounds is how often each cost is measured. The least counts: what comes on top of it is
// the rest of the machine, and a garbage collection that was another request's.
const rounds = 3

// measureFlood finds the way on which a flood costs most. One that passes, to the
// backend of an optional route, is no refusal, and not compared with one.
func measureFlood(server *traefik.Server, f Flood, o Options) (Row, error) {
	row := Row{Name: f.Name, Traefiks: time.Hour}
	least := make([]time.Duration, len(ways))
	for round := range rounds {
		took, _, err := cost(server, newRequest(f, basicAuth, false), o.Least)
		if err != nil {
			return row, err
		}
		row.Traefiks = min(row.Traefiks, took)
		for i, w := range ways {
			took, status, err := cost(server, newRequest(f, w.route, w.preflight), o.Least)
			if err != nil {
				return row, fmt.Errorf("%s: %w", w.route, err)
			}
			if status < 300 || status == backendStatus {
				continue
			}
			if round == 0 || took < least[i] {
				least[i] = took
			}
			if round == rounds-1 && least[i] > row.Refusal {
				row.Refusal, row.Status, row.Route = least[i], status, w.route
			}
		}
	}
	return row, nil
}

// backendStatus is the answer of the backend, to which a request passes that is not
// refused.
const backendStatus = 404

// cost is the processor time of Traefik for one request.
func cost(server *traefik.Server, r request, least time.Duration) (each time.Duration, status int, err error) {
	address := strings.TrimPrefix(server.URL, "http://")
	before, err := server.ProcessorTime()
	if err != nil {
		return 0, 0, err
	}
	for n := 1; ; n++ {
		if status, err = r.send(address); err != nil {
			return 0, 0, err
		}
		after, err := server.ProcessorTime()
		if err != nil {
			return 0, 0, err
		}
		if n >= 3 && after-before >= least {
			return (after - before) / time.Duration(n), status, nil
		}
	}
}
