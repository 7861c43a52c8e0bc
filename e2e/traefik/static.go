package traefik

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/upstreamauth/upstreamauth/e2e/ports"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"gopkg.in/yaml.v3"
)

// writeStatic writes the static configuration. All of it is in one file, since
// Traefik reads one source only: a flag beside a file has no effect.
func (s *Server) writeStatic(options Options, web, api string) error {
	quickly := map[string]any{
		"lifeCycle": map[string]any{"graceTimeOut": "1s"},
	}

	static := map[string]any{
		"global": map[string]any{"checkNewVersion": false, "sendAnonymousUsage": false},
		"log":    map[string]any{"level": cmp.Or(options.LogLevel, "DEBUG"), "noColor": true},
		"entryPoints": map[string]any{
			"web":     map[string]any{"address": web, "asDefault": true, "transport": quickly},
			"traefik": map[string]any{"address": api, "transport": quickly},
		},
		// Without the dashboard, which would take every path of its entrypoint.
		"api": map[string]any{"insecure": true, "dashboard": false, "debug": options.Profiling},
		"providers": map[string]any{
			"providersThrottleDuration": "10ms",
			"file":                      map[string]any{"directory": s.dynamicDir(), "watch": true},
		},
		"experimental": map[string]any{
			"abortOnPluginFailure": true,
			"localPlugins": map[string]any{
				cmp.Or(options.Plugin, "upstreamauth"): map[string]any{
					"moduleName": cmp.Or(options.Module, stage.Module),
				},
			},
		},
	}

	text, err := yaml.Marshal(overlay(static, options.Static))
	if err != nil {
		return fmt.Errorf("traefik: the static configuration: %w", err)
	}
	if err := os.WriteFile(s.staticFile(), text, 0o600); err != nil {
		return fmt.Errorf("traefik: the static configuration: %w", err)
	}

	return nil
}

// overlay lays more over base; blocks that both have are merged.
func overlay(base, more map[string]any) map[string]any {
	merged := make(map[string]any, len(base)+len(more))
	for key, value := range base {
		merged[key] = value
	}

	for key, value := range more {
		below, isBlock := merged[key].(map[string]any)
		above, stillBlock := value.(map[string]any)
		if isBlock && stillBlock {
			merged[key] = overlay(below, above)
		} else {
			merged[key] = value
		}
	}

	return merged
}

// freePorts gives two loopback addresses on which nothing listens. They are no other test's
// until they are released; the first one, where a port is wished for, is that one.
func freePorts(wished int) (one, other string, release func(), err error) {
	one, first, err := ports.Address()
	if err != nil {
		return "", "", nil, fmt.Errorf("traefik: %w", err)
	}
	other, second, err := ports.Address()
	if err != nil {
		first()
		return "", "", nil, fmt.Errorf("traefik: %w", err)
	}
	release = func() {
		first()
		second()
	}
	if wished == 0 {
		return one, other, release, nil
	}

	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", wished))
	if errors.Is(err, syscall.EADDRINUSE) {
		release()
		return "", "", nil, fmt.Errorf("%w: %d", ErrPortTaken, wished)
	}
	if err != nil {
		release()
		return "", "", nil, fmt.Errorf("traefik: listening on port %d: %w", wished, err)
	}
	defer func() { _ = listener.Close() }()

	return listener.Addr().String(), other, release, nil
}
