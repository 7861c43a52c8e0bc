package status

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/ports"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"gopkg.in/yaml.v3"
)

// tool finds a program of Debian's package prometheus.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("no %s on the PATH; `make prometheus` gets Debian's", name)
	}
	return path
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// prometheus is a real one, which scrapes a site and has the alerts of docs/.
type prometheus struct {
	t   *testing.T
	url string
}

func startPrometheus(t *testing.T, s *site) *prometheus {
	t.Helper()
	dir, remove, err := ending.Folder("", "upstreamauth-prometheus-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remove)
	target := strings.TrimPrefix(s.server.URL, "http://")
	secret := filepath.Join(dir, "token")
	config, err := yaml.Marshal(map[string]any{
		"global":     map[string]any{"scrape_interval": "1s", "evaluation_interval": "1s"},
		"rule_files": []any{filepath.Join(root(t), "docs", "prometheus", "alerts.yml")},
		"scrape_configs": []any{map[string]any{
			"job_name": "upstreamauth", "metrics_path": "/ops/metrics",
			"authorization":  map[string]any{"credentials_file": secret},
			"static_configs": []any{map[string]any{"targets": []any{target}}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"token": []byte(token), "prometheus.yml": config} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	address, release, err := ports.Address()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	process := exec.Command(tool(t, "prometheus"), "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	var log bytes.Buffer
	process.Stderr = &log
	ended, err := ending.Start(process)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s", log.String())
		}
	})
	return &prometheus{t: t, url: "http://" + address}
}

// get asks its API; false: it does not answer, or not with success.
func (p *prometheus) get(path string, into any) bool {
	response, err := http.Get(p.url + path)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	top := struct {
		Status string
		Data   json.RawMessage
	}{}
	if json.NewDecoder(response.Body).Decode(&top) != nil || top.Status != "success" {
		return false
	}
	return json.Unmarshal(top.Data, into) == nil
}

// samples evaluates an expression now.
func (p *prometheus) samples(expr string) (values []string, parsed bool) {
	var data struct {
		Result []struct{ Value [2]any }
	}
	parsed = p.get("/api/v1/query?query="+url.QueryEscape(expr), &data)
	for _, r := range data.Result {
		values = append(values, fmt.Sprint(r.Value[1]))
	}
	return values, parsed
}

// awaits waits until an expression has a sample of this value.
func (p *prometheus) awaits(expr, value string) {
	p.t.Helper()
	var got []string
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		got, _ = p.samples(expr)
		for _, v := range got {
			if v == value {
				return
			}
		}
	}
	p.t.Fatalf("%s: %q, want %s", expr, got, value)
}

func TestPrometheus(t *testing.T) {
	s := newSite(t)
	s.use()
	t.Run("promtool finds nothing to complain about in the metrics", func(t *testing.T) {
		r, err := http.NewRequest(http.MethodGet, s.server.URL+"/ops/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		check := exec.Command(tool(t, "promtool"), "check", "metrics")
		check.Stdin = response.Body
		if said, err := check.CombinedOutput(); err != nil || len(said) > 0 {
			t.Errorf("%v\n%s", err, said)
		}
	})
	t.Run("promtool takes the alerts", func(t *testing.T) {
		said, err := exec.Command(tool(t, "promtool"), "check", "rules", filepath.Join(root(t), "docs", "prometheus", "alerts.yml")).CombinedOutput()
		if err != nil || !strings.Contains(string(said), "5 rules found") {
			t.Errorf("%v\n%s", err, said)
		}
	})
	p := startPrometheus(t, s)
	t.Run("it scrapes through Traefik, and counts what was sent", func(t *testing.T) {
		p.awaits(`up{job="upstreamauth"}`, "1")
		p.awaits(`sum(upstreamauth_requests_total{api="webservice",outcome="hit"})`, "37")
		p.awaits(`sum(upstreamauth_requests_total{api="webservice",outcome="miss"})`, "3")
		p.awaits(`sum(upstreamauth_requests_total{api="webservice",outcome=~"refused|refused_remembered"})`, "8")
		p.awaits(`sum(upstreamauth_requests_total{api="webservice",outcome="missing"})`, "1")
		p.awaits(`upstreamauth_budget_limit{api="webservice"}`, "500")
		p.awaits(`upstreamauth_trusted{api="webservice"}`, "1")
		p.awaits(`upstreamauth_build_info`, "1")
	})
	t.Run("a counter goes on after a reload", func(t *testing.T) {
		s.apply(1)
		s.ask(200, "panel", "Authorization: Bearer "+s.tokens[0])
		p.awaits(`sum(upstreamauth_requests_total{api="webservice",outcome="hit"})`, "38")
		p.awaits(`upstreamauth_configuration_faults{middleware="broken-0@file"}`, "1")
	})
	t.Run("the alert of a configuration fault begins", func(t *testing.T) {
		p.awaits(`count(ALERTS{alertname="UpstreamauthConfigurationFault"})`, "1")
		s.apply(0)
	})
	t.Run("the dashboard is one to Grafana's schema, and each of its questions is answered", func(t *testing.T) { dashboards(t, p) })
}

// replacing stands for what Grafana fills in.
var replacing = strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*", "$api", ".*")

func dashboards(t *testing.T, p *prometheus) {
	text, err := os.ReadFile(filepath.Join(root(t), "docs", "grafana", "upstreamauth.json"))
	if err != nil {
		t.Fatal(err)
	}
	plugins.RegisterDefaultPlugins()
	var strict dashboard.Dashboard                                                //nolint:staticcheck // the schema that every Grafana imports; its successor is not that of a file yet
	if err := strict.UnmarshalJSONStrict(text); err != nil && err.Error() != "" { // without faults it is an empty list
		t.Errorf("Grafana's schema: %v", err)
	}
	if err := strict.Validate(); err != nil && err.Error() != "" {
		t.Errorf("Grafana's schema: %v", err)
	}
	var plain struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
			GridPos struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	if len(plain.Panels) != 12 {
		t.Errorf("%d panels", len(plain.Panels))
	}
	taken := map[[2]int]string{}
	for _, panel := range plain.Panels {
		for x := panel.GridPos.X; x < panel.GridPos.X+panel.GridPos.W; x++ {
			for y := panel.GridPos.Y; y < panel.GridPos.Y+panel.GridPos.H; y++ {
				if taken[[2]int{x, y}] != "" || x >= 24 {
					t.Errorf("%s lies over %q, or outside", panel.Title, taken[[2]int{x, y}])
				}
				taken[[2]int{x, y}] = panel.Title
			}
		}
		if len(panel.Targets) == 0 {
			t.Errorf("%s asks nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			values, parsed := p.samples(replacing.Replace(target.Expr))
			if !parsed {
				t.Errorf("%s: Prometheus does not take %s", panel.Title, target.Expr)
			}
			if len(values) == 0 && !strings.Contains(target.Expr, "upstreamauth_shared_") {
				t.Errorf("%s: no sample of %s", panel.Title, target.Expr)
			}
		}
	}
}
