package shared

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/verifier"
)

const secret = "0123456789abcdef0123456789abcdef"

func scope() Scope {
	return Scope{Parts: []string{"a", "b"}, API: "api", Address: "https://upstream.test", LoginSecret: "login"}
}

func bearer(token string) verifier.Credential {
	return verifier.Credential{Kind: verifier.Bearer, Token: token}
}

// signed is a JWT with a signature.
func signed(signature string) string {
	encoding := base64.RawURLEncoding
	return encoding.EncodeToString([]byte(`{"alg":"ES256"}`)) + "." + encoding.EncodeToString([]byte(`{"jti":"7","exp":4000000000}`)) + "." + signature
}

func TestNames(t *testing.T) {
	n := newNames(secret, scope())

	t.Run("everything that is sent, and that changes an answer, makes another name", func(t *testing.T) {
		seen := map[[32]byte]string{}
		add := func(what string, n *Names, c verifier.Credential) {
			if other, found := seen[n.Of(c)]; found {
				t.Errorf("%s has the name of %s", what, other)
			}
			seen[n.Of(c)] = what
		}
		add("a token", n, bearer("ab"))
		add("another", n, bearer("a"))
		add("a user", n, verifier.Credential{User: "ab"})
		add("a password", n, verifier.Credential{Password: "ab"})
		add("a user and a password", n, verifier.Credential{User: "a", Password: "b"})
		add("parts", n, verifier.Credential{Token: "a", Parts: "b"})
		add("another secret", newNames(secret+"x", scope()), bearer("ab"))
		for what, s := range map[string]Scope{
			"parts joined": {Parts: []string{"ab"}}, "parts the other way": {Parts: []string{"b", "a"}}, "no parts": {},
		} {
			add(what, newNames(secret, s), bearer("ab"))
		}
	})

	t.Run("a process that begins anew makes the same ones", func(t *testing.T) {
		if n.Of(bearer("x")) != newNames(secret, scope()).Of(bearer("x")) {
			t.Error("another name")
		}
	})

	t.Run("of a JWT in two signatures the token is one, and the entries are two", func(t *testing.T) {
		one, two := bearer(signed("c2ln")), bearer(signed("b3Ro"))
		if n.TokenOf(one) != n.TokenOf(two) || n.Of(one) == n.Of(two) {
			t.Error("the names are wrong")
		}
		_, first := sealed(secret, one)
		_, second := sealed(secret, two)
		if first != second || len(first) != 2 {
			t.Errorf("tags %q and %q", first, second)
		}
		if n.TokenOf(verifier.Credential{Kind: verifier.Basic, User: "u"}) != [32]byte{} {
			t.Error("an account has the name of a token")
		}
	})

	t.Run("logins are named by what their routes share", func(t *testing.T) {
		other := scope()
		other.LoginSecret = "another"
		none := scope()
		none.LoginSecret = ""
		if n.logins == newNames(secret, other).logins || newNames(secret, none).logins != "" || n.upstream != newNames(secret, other).upstream {
			t.Error("the names are wrong")
		}
	})

	t.Run("a name that was written is read again, and nothing else is", func(t *testing.T) {
		name := n.Of(bearer("x"))
		if got, ok := nameIn(text(name)); !ok || got != name {
			t.Error("it is another one")
		}
		for _, other := range []string{"", "x", text(name) + "x", text(name)[1:], strings.Repeat("\n", 43), strings.Repeat("!", 43)} {
			if _, ok := nameIn(other); ok {
				t.Errorf("%q is a name", other)
			}
		}
	})
}

func TestOptions(t *testing.T) {
	full := func() Options {
		return Options{
			Redis:  redis.Options{Endpoints: []string{"a:1", "b:2"}, Master: "m", Username: "u", Password: "p", DB: 1, Timeout: time.Second},
			TLSKey: "t", Secret: secret, Local: time.Minute, Prefix: "ua",
		}
	}
	changes := map[string]struct {
		change func(o *Options)
		world  bool
	}{
		"an endpoint":      {func(o *Options) { o.Redis.Endpoints = []string{"a:1"} }, true},
		"endpoints joined": {func(o *Options) { o.Redis.Endpoints = []string{"a:1b:2"} }, true},
		"a master":         {func(o *Options) { o.Redis.Master = "x" }, true},
		"a database":       {func(o *Options) { o.Redis.DB = 2 }, true},
		"a secret":         {func(o *Options) { o.Secret += "x" }, true},
		"a prefix":         {func(o *Options) { o.Prefix += "x" }, true},
		"a user":           {func(o *Options) { o.Redis.Username = "x" }, false},
		"a password":       {func(o *Options) { o.Redis.Password = "x" }, false},
		"TLS":              {func(o *Options) { o.TLSKey = "x" }, false},
		"a time limit":     {func(o *Options) { o.Redis.Timeout++ }, false},
		"local":            {func(o *Options) { o.Local++ }, false},
		"budgets":          {func(o *Options) { o.Budget = true }, false},
	}
	for name, c := range changes {
		t.Run("another store for "+name, func(t *testing.T) {
			o := full()
			c.change(&o)
			if o.Key() == full().Key() {
				t.Error("the key is the same")
			}
			if (o.World() != full().World()) != c.world {
				t.Errorf("another world: want %v", c.world)
			}
			if strings.Contains(o.Key()+o.World(), "secret") || strings.Contains(o.Key(), "0123") {
				t.Error("the key shows what it is made of")
			}
		})
	}
}
