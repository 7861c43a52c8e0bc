package scenario

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// silentRedis searches all that Redis holds, after everything was done that writes to it.
func silentRedis(t testing.TB, f *Fleet) {
	all, routes := f.everyCredential()
	panel, bts := newSMSPanel(f.Clock()), newLenientBTS(f.Clock())
	defer panel.Close()
	defer bts.Close()
	counted := newThammasat(f.Clock())
	defer counted.Close()
	routes["counted"] = f.sharing(basicConfig(counted), "budget", true)
	f.serve(routes)
	var secrets []string
	for _, c := range all {
		_, value, _ := strings.Cut(c.header, ": ")
		_, bare, _ := strings.Cut(value, " ")
		secrets = append(secrets, value, bare)
		for _, h := range f.Replicas {
			h.Expect(200, getRequest(c.route, c.header))
		}
	}
	f.written("e", len(all))
	f.Expect(200, getRequest("counted", basic(student, password)))
	for _, up := range []struct{ api, url string }{{"ippanel", panel.URL}, {"bts", bts.URL}} {
		login := f.logins(up.api, up.url, []any{"path", map[string]string{"ippanel": "/api/acl/auth/check_token", "bts": upstreams.BTSStatusPath}[up.api]})
		if up.api == "ippanel" {
			token := login.login(panel, Marker+"sara")
			f.other().Expect(200, getRequest("r", bearer(token)))
			login.post(200, panelAuth+"logout", nil, "Authorization: "+token)
			secrets = append(secrets, token)
			continue
		}
		access, refresh := login.courierLogin()
		f.written("r", 1)
		f.other().Expect(200, getRequest("r", bearer(access)))
		f.other().Expect(401, getRequest("r", bearer(refresh)))
		secrets = append(secrets, access, refresh)
	}
	f.written("l", 1)
	f.written("r", 1)
	f.written("q", 1)
	f.written("u", 1)
	snapshot, err := f.Redis.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	expectSilent(t, snapshot, secrets)
}

func expectSilent(t testing.TB, snapshot []byte, secrets []string) {
	t.Helper()
	if !bytes.Contains(snapshot, []byte("upstreamauth:forgotten")) || len(snapshot) < 2000 {
		t.Fatalf("%d bytes: not all that Redis holds", len(snapshot))
	}
	needles := []string{Marker, "env:", "127.0.0.1", "thammasat", "ippanel", "webservice"}
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		needles = append(needles, secret)
		for _, part := range strings.Split(secret, ".") { // a JWT's
			if len(part) > 16 {
				needles = append(needles, part)
			}
		}
	}
	for _, env := range Environment() {
		_, value, _ := strings.Cut(env, "=")
		needles = append(needles, strings.TrimSpace(value))
	}
	for _, needle := range needles {
		for form, text := range map[string]string{
			"plain": needle, "hexadecimal": hex.EncodeToString([]byte(needle)),
			"base64": strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(needle)), "="),
		} {
			if bytes.Contains(snapshot, []byte(text)) {
				t.Errorf("Redis holds a secret, an identity or a name (%s, %d bytes)", form, len(needle))
			}
		}
	}
	t.Logf("%d bytes searched for %d texts", len(snapshot), 3*len(needles))
}
