package main

import (
	"strings"
	"testing"
)

func TestShow(t *testing.T) {
	text := strings.Replace(valid, "            api: ippanel\n", "            api: ippanel\n            loginSecret: MARKER-0123456789\n", 1)
	r := play(t, map[string]string{"d.yml": text}, "", "show", "d.yml")
	r.want(t, 0, "timeout: 5s", "lifetime: 10h", "loginSecret: ***", "POST https://edge.example/api/acl/auth/check_token", "X-Auth-User: user")
	if strings.Contains(r.out+r.err, "MARKER") {
		t.Error("a secret is shown")
	}
	play(t, map[string]string{"d.yml": gateYAML}, "", "show", "d.yml").want(t, 1, "unknown key")
	play(t, map[string]string{"d.yml": valid}, "", "show", "-middleware", "other", "d.yml").want(t, 2, "no middleware other")
}

func TestShowShared(t *testing.T) {
	text := strings.Replace(valid, "          bearer:\n", `          shared:
            redis: {endpoints: [Redis:6379], username: gate, password: MARKER-pw, tls: {serverName: redis.example, key: MARKER-k, cert: file:/etc/upstreamauth/cert}}
            secret: MARKER-of-thirty-two-bytes-or-more
            budget: true
          bearer:
`, 1)
	t.Run("a written key without its certificate's text is a fault without it", func(t *testing.T) {
		text := strings.Replace(text, "MARKER-k, cert: file:/etc/upstreamauth/cert", "MARKER-k", 1)
		r := play(t, map[string]string{"d.yml": text}, "", "show", "d.yml")
		r.want(t, 1, "shared.redis.tls.cert: required beside key")
		if strings.Contains(r.out+r.err, "MARKER") {
			t.Error("a secret is shown")
		}
	})
	t.Run("all keys, and what lies in Redis", func(t *testing.T) {
		r := play(t, map[string]string{"d.yml": text}, "", "show", "d.yml")
		r.want(t, 0, "endpoints: [redis:6379]", "username: gate", "password: ***", "secret: ***", "timeout: 100ms", "local: 30s", "prefix: upstreamauth\n", "budget: true",
			"key: ***", "cert: file:/etc/upstreamauth/cert", "upstreamauth:{..}:q:…  how many calls", "upstreamauth:forgotten")
		if strings.Contains(r.out+r.err, "MARKER") {
			t.Error("a secret is shown")
		}
	})
	t.Run("in mode issuer, and with a reference", func(t *testing.T) {
		text := strings.Replace(text, "MARKER-of-thirty-two-bytes-or-more", "env:UPSTREAMAUTH_SHARED", 1)
		text = strings.Replace(text, "            api: ippanel\n", "            api: ippanel\n            loginSecret: env:UPSTREAMAUTH_LOGIN\n", 1)
		text = strings.Replace(text, "          shared:\n", "          mode: issuer\n          shared:\n", 1)
		play(t, map[string]string{"d.yml": text}, "", "show", "d.yml").want(t, 0, "mode: issuer", "secret: env:UPSTREAMAUTH_SHARED", ":l:…  that a login issued a token")
	})
	t.Run("without the block nothing is said of it", func(t *testing.T) {
		if r := play(t, map[string]string{"d.yml": valid}, "", "show", "d.yml"); strings.Contains(r.out, "shared") || strings.Contains(r.out, "Redis") {
			t.Error(r.out)
		}
	})
}

func TestShowStatus(t *testing.T) {
	text := strings.Replace(valid, "          bearer:\n            api: ippanel\n            url: https://edge.example\n", "          mode: status\n          status: {token: MARKER-of-16-bytes-or-more}\n", 1)
	if text == valid {
		t.Fatal("the sample has changed")
	}
	r := play(t, map[string]string{"d.yml": text}, "", "show", "d.yml")
	r.want(t, 0, "mode: status", "token: ***", "perClient: 300/1m", "clientDepth: 0", "log: info")
	if strings.Contains(r.out+r.err, "MARKER") {
		t.Error("a secret is shown")
	}
	play(t, map[string]string{"d.yml": text}, "HTTP/1.1 200 OK\n\n{}", "try", "-middleware", "gate", "d.yml", "-").want(t, 1, "mode: status, which asks no API")
}
