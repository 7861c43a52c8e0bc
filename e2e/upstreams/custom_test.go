package upstreams

import (
	"testing"
	"time"
)

func TestKeys(t *testing.T) {
	k := NewKeys(Options{}, "secret")
	defer k.Close()
	k.AddKey("sk_live_1", VerifiedKey{ID: "k_1", Owner: "mina", Plan: "pro", Scopes: []string{"read"}})
	k.AddKey("sk_live_2", VerifiedKey{Reason: "suspended"})
	k.AddKey("sk_live_3", VerifiedKey{Ends: k.Clock.Now().Add(time.Hour).Unix()})
	const form = "application/x-www-form-urlencoded"
	const client = "Basic Z2F0ZXdheTpzZWNyZXQ="
	verify := func(body, authorization string) testResponse {
		return send(t, "POST", k.URL+KeysPath, body, "Content-Type", form, "Authorization", authorization)
	}

	t.Run("a key is answered with what is known of it", func(t *testing.T) {
		verify("key=sk_live_1", client).expect(t, 200, `{"expires_at":null,"key_id":"k_1","owner":{"name":"mina"},"plan":{"name":"pro"},"scopes":["read"],"valid":true}`)
	})

	t.Run("a bad key gets a 200 with a reason", func(t *testing.T) {
		verify("key=sk_live_2", client).expect(t, 200, `{"reason":"suspended","valid":false}`)
		verify("key=unknown", client).expect(t, 200, `{"reason":"not_found","valid":false}`)
		k.Clock.Advance(2 * time.Hour)
		verify("key=sk_live_3", client).expect(t, 200, `{"reason":"expired","valid":false}`)
	})

	t.Run("a 401 is about the caller", func(t *testing.T) {
		verify("key=sk_live_1", "Basic Z2F0ZXdheTp3cm9uZw==").expect(t, 401, `{"error":"unknown client"}`)
	})

	t.Run("a form of another shape is an error", func(t *testing.T) {
		for _, body := range []string{"", "key=", "key=a&key=b", "key=a&admin=1"} {
			verify(body, client).expect(t, 400, `{"error":"exactly one field, key"}`)
		}
	})
}

func TestGitHub(t *testing.T) {
	g := NewGitHub(Options{})
	defer g.Close()
	g.AddToken("ghp_1", GitHubUser{Login: "octo", ID: 7, Scopes: "repo, gist"})
	user := func(authorization string) testResponse {
		return send(t, "GET", g.URL+GitHubPath, "", "Authorization", authorization)
	}

	t.Run("a token with either scheme is answered with its user and scopes", func(t *testing.T) {
		for _, scheme := range []string{"Bearer", "token"} {
			got := user(scheme + " ghp_1")
			if got.status != 200 || got.textAt("login") != "octo" || got.header.Get("X-OAuth-Scopes") != "repo, gist" {
				t.Errorf("got %d %s", got.status, got.text)
			}
		}
	})

	t.Run("limits come as 403, and an unknown token is refused before them", func(t *testing.T) {
		g.Spend("ghp_1", GitHubLimit{Reset: g.Clock.Now().Add(time.Minute)})
		if got := user("Bearer ghp_1"); got.status != 403 || got.header.Get("X-RateLimit-Remaining") != "0" {
			t.Errorf("got %d %v", got.status, got.header)
		}
		g.Spend("ghp_1", GitHubLimit{RetryAfter: 30 * time.Second})
		if got := user("Bearer ghp_1"); got.status != 403 || got.header.Get("Retry-After") != "30" {
			t.Errorf("got %d %v", got.status, got.header)
		}
		g.Revoke("ghp_1")
		if got := user("Bearer ghp_1"); got.status != 401 {
			t.Errorf("got %d", got.status)
		}
	})
}

func TestSanctum(t *testing.T) {
	for _, wrapped := range []bool{false, true} {
		s := NewSanctum(Options{}, wrapped)
		defer s.Close()
		s.AddToken("1|a", SanctumUser{ID: 7, Name: "Sara"})
		s.AddToken("2|b", SanctumUser{Unverified: true})
		s.AddToken("3|c", SanctumUser{Inactive: true})
		for token, want := range map[string]int{"1|a": 200, "2|b": 403, "3|c": 422, "4|d": 401} {
			got := send(t, "GET", s.URL+SanctumPath, "", "Accept", "application/json", "Authorization", "Bearer "+token)
			if got.status != want || want == 200 && (got.at("data") != nil) != wrapped {
				t.Errorf("%s: got %d %s, want %d", token, got.status, got.text, want)
			}
		}
		if got := send(t, "GET", s.URL+SanctumPath, "", "Authorization", "Bearer 4|d"); got.status != 302 || got.header.Get("Location") != s.URL+"/login" {
			t.Errorf("without Accept: got %d %v", got.status, got.header)
		}
	}
}

func TestLegacy(t *testing.T) {
	l := NewLegacy(Options{})
	defer l.Close()
	l.AddKey("good", LegacyKey{User: "reza", ID: "7", Group: "staff"})
	l.AddKey("old", LegacyKey{Code: LegacyExpired, AsText: true})
	l.AddKey("fast", LegacyKey{Code: LegacyLimited, RetryIn: 9})
	for body, want := range map[string]string{
		"api_key=good&format=json":  `{"group":"staff","result":"ok","uid":"7","user":"reza"}`,
		"api_key=old&format=json":   `{"code":"13","error_text":"refused","result":"error"}`,
		"api_key=fast&format=json":  `{"code":14,"error_text":"slow down","result":"error","retry_in":9}`,
		"api_key=other&format=json": `{"code":"12","error_text":"api key unknown","result":"error"}`,
	} {
		send(t, "POST", l.URL+LegacyPath, body, "Content-Type", "application/x-www-form-urlencoded").expect(t, 200, want)
	}
	send(t, "GET", l.URL+"/api.php?action=other", "").expect(t, 200, `{"code":99,"error_text":"unknown action","result":"error"}`)
}
