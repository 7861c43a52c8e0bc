package upstreams

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

const (
	btsRefused = `{"name":"Unauthorized","message":"Incorrect login or password.","code":0,"status":401,` +
		`"type":"app\\exceptions\\ApiUnauthorizedException"}`
	btsShort = `{"status":false,"message":"Validation error.","status_code":422,` +
		`"errors":{"password":["Parol kamida 6 ta belgidan iborat bo‘lishi kerak"]}}`
)

// btsFixture starts a BTS with one user.
func btsFixture(t *testing.T, clock *Clock) *BTS {
	t.Helper()
	b := NewBTS(BTSOptions{Options: Options{Clock: clock}})
	t.Cleanup(b.Close)
	b.AddUser(BTSUser{
		Login: "dilshod", Password: "secret", Name: "Dilshod", Email: "d@example.uz",
		Claims: map[string]any{"client_id": json.Number("9007199254740993"), "rate": json.RawMessage("1.10")},
	})
	return b
}

// statusIndex sends a token to the protected path.
func statusIndex(t *testing.T, b *BTS, token string) testResponse {
	t.Helper()
	return send(t, "GET", b.URL+BTSStatusPath, "", "Authorization", "Bearer "+token, "Accept", "application/json")
}

// logIn logs in and returns both tokens.
func logIn(t *testing.T, b *BTS) (access, refresh string) {
	t.Helper()
	got := send(t, "POST", b.URL+"/auth/login", `{"login":"dilshod","password":"secret"}`)
	if got.status != 200 || got.at("status") != true || got.at("status_code") != json.Number("200") ||
		got.textAt("message") != "Kirish muvaffaqiyatli amalga oshdi." {
		t.Fatalf("login got %d %s", got.status, got.text)
	}
	return got.textAt("data", "access_token"), got.textAt("data", "refresh_token")
}

// part decodes one part of a JWT as text.
func part(t *testing.T, token string, i int) string {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatal("not a JWT of three parts")
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[i])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestBTS(t *testing.T) {
	t.Run("from login to refresh", func(t *testing.T) {
		clock := NewClock()
		b := btsFixture(t, clock)
		access, refresh := logIn(t, b)
		if got := statusIndex(t, b, access); got.status != 200 || got.at("status") != true || got.at("data", "items") == nil {
			t.Fatalf("a fresh token got %d %s", got.status, got.text)
		}
		clock.Advance(24*time.Hour + time.Second)
		if got := statusIndex(t, b, access); got.status != 401 || got.textAt("type") != `app\exceptions\ApiUnauthorizedException` {
			t.Errorf("a token of yesterday got %d %s", got.status, got.text)
		}

		renewed := send(t, "POST", b.URL+"/auth/refresh", `{"refresh_token":"`+refresh+`"}`)
		if got := statusIndex(t, b, renewed.textAt("data", "access_token")); renewed.status != 200 || got.status != 200 {
			t.Errorf("refresh got %d, its token %d", renewed.status, got.status)
		}
		again := send(t, "POST", b.URL+"/auth/refresh", `{"refresh_token":"`+refresh+`"}`)
		if again.status != 422 || again.at("errors", "refresh_token") == nil {
			t.Errorf("a used refresh token got %d %s", again.status, again.text)
		}
		clock.Advance(30*24*time.Hour + time.Second)
		late := send(t, "POST", b.URL+"/auth/refresh", `{"refresh_token":"`+renewed.textAt("data", "refresh_token")+`"}`)
		if late.status != 422 {
			t.Errorf("a refresh token of last month got %d", late.status)
		}
	})

	t.Run("a path is protected, open or not found", func(t *testing.T) {
		b := btsFixture(t, nil)
		b.Protect("/v1/me", `{"data":{"id":1}}`)
		b.Open("/v1/ping")
		token := b.IssueToken("dilshod")
		send(t, "GET", b.URL+"/v1/me", "", "Authorization", "Bearer "+token).expect(t, 200, `{"data":{"id":1}}`)
		if got := send(t, "GET", b.URL+"/v1/me", ""); got.status != 401 {
			t.Errorf("a protected path answers %d without a token", got.status)
		}
		send(t, "GET", b.URL+"/v1/ping", "", "Authorization", "Bearer junk").expect(t, 200, `{"status":true,"data":{}}`)
		for want, got := range map[int]testResponse{
			404: send(t, "GET", b.URL+"/v1/elsewhere", ""),
			405: send(t, "POST", b.URL+BTSStatusPath, ""),
			406: send(t, "GET", b.URL+BTSStatusPath, "", "Accept", "text/html"),
			415: send(t, "POST", b.URL+"/auth/login", "", "Content-Type", "text/plain"),
		} {
			if got.status != want || got.at("status") == nil || got.at("type") != nil {
				t.Errorf("got %d %s, want %d", got.status, got.text, want)
			}
		}
	})

	t.Run("a scripted opaque token gets its script's reply", func(t *testing.T) {
		b := btsFixture(t, nil)
		b.Answer("opaque", Reply{Body: `{"status":true,"data":[]}`})
		statusIndex(t, b, "opaque").expect(t, 200, `{"status":true,"data":[]}`)
	})
}

func TestBTSTokens(t *testing.T) {
	t.Run("a refresh token is not an access token, nor the reverse", func(t *testing.T) {
		b := btsFixture(t, nil)
		access, refresh := logIn(t, b)
		if got := statusIndex(t, b, refresh); got.status != 401 {
			t.Errorf("a refresh token got %d at the protected path", got.status)
		}
		if got := send(t, "POST", b.URL+"/auth/refresh", `{"refresh_token":"`+access+`"}`); got.status != 422 {
			t.Errorf("an access token got %d at refresh", got.status)
		}
	})

	t.Run("a lenient one takes both, in any spelling", func(t *testing.T) {
		b := NewBTS(BTSOptions{Lenient: true})
		t.Cleanup(b.Close)
		b.AddUser(BTSUser{Login: "dilshod", Password: "secret"})
		access, refresh := logIn(t, b)
		for _, token := range []string{access, access + "=", refresh, "\"" + refresh + "\"", refresh + ".x"} {
			if got := statusIndex(t, b, token); got.status != 200 {
				t.Errorf("got %d %s", got.status, got.text)
			}
		}
		if got := statusIndex(t, b, access[:len(access)-9]); got.status != 401 {
			t.Errorf("without all of its signature, a token got %d", got.status)
		}
	})

	t.Run("an access token is signed with RS256 and has the user's claims", func(t *testing.T) {
		b := btsFixture(t, nil)
		token := b.IssueToken("dilshod")
		var header map[string]string
		if err := json.Unmarshal([]byte(part(t, token, 0)), &header); err != nil {
			t.Fatal(err)
		}
		if header["alg"] != "RS256" || header["typ"] != "JWT" || header["kid"] == "" {
			t.Errorf("the header is %v", header)
		}
		var claims struct {
			Sub, Jti, Name, Email string
			Iat, Exp              int64
		}
		payload := part(t, token, 1)
		if err := json.Unmarshal([]byte(payload), &claims); err != nil {
			t.Fatal(err)
		}
		if claims.Sub != "dilshod" || claims.Jti == "" || claims.Name != "Dilshod" || claims.Email != "d@example.uz" {
			t.Errorf("the claims are %s", payload)
		}
		if claims.Exp-claims.Iat != 24*60*60 {
			t.Errorf("the token lasts %d s", claims.Exp-claims.Iat)
		}
		for _, exact := range []string{`"client_id":9007199254740993`, `"rate":1.10`} {
			if !strings.Contains(payload, exact) {
				t.Errorf("%s is missing in %s", exact, payload)
			}
		}
		if part(t, token, 1) == part(t, b.IssueToken("dilshod"), 1) {
			t.Error("two tokens share a jti")
		}
	})
}

func TestBTSVerify(t *testing.T) {
	t.Run("only a signed token that has not expired is valid", func(t *testing.T) {
		b := btsFixture(t, nil)
		good := b.IssueToken("dilshod")
		exp := b.Clock.Now().Add(time.Hour).Unix()
		unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + strings.Split(good, ".")[1] + "."
		for name, token := range map[string]string{
			"another server's": btsFixture(t, nil).sameKid(b.kid).IssueToken("dilshod"),
			"tampered":         good[:len(good)-8] + "AAAAAAAA",
			"unsigned":         unsigned,
			"opaque":           "opaque",
			"endless":          b.Sign(map[string]any{"sub": "dilshod"}),
			"ended":            b.Sign(map[string]any{"sub": "dilshod", "exp": exp - 7200}),
			"absent":           "",
		} {
			if got := statusIndex(t, b, token); got.status != 401 {
				t.Errorf("%s token got %d", name, got.status)
			}
		}
		if got := statusIndex(t, b, b.Sign(map[string]any{"exp": exp})); got.status != 200 {
			t.Errorf("a signed token without claims got %d", got.status)
		}
	})

	t.Run("a login's fields are checked before the account", func(t *testing.T) {
		b := btsFixture(t, nil)
		send(t, "POST", b.URL+"/auth/login", `{"login":"dilshod","password":"sécré"}`).expect(t, 422, btsShort)
		send(t, "POST", b.URL+"/auth/login", `{"login":"dilshod","password":"sécrét"}`).expect(t, 401, btsRefused)
		send(t, "POST", b.URL+"/auth/login", `{"login":"unknown","password":"secret"}`).expect(t, 401, btsRefused)
		got := send(t, "POST", b.URL+"/auth/login", "")
		if got.status != 422 || got.at("errors", "login") == nil || got.at("errors", "password") == nil {
			t.Errorf("an empty login got %d %s", got.status, got.text)
		}
	})
}

// sameKid makes a server claim another one's kid, so that only its signature is wrong.
func (b *BTS) sameKid(kid string) *BTS {
	b.kid = kid
	return b
}
