package place

import (
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestSchemes(t *testing.T) {
	for _, c := range []struct {
		words []string
		read  string
		bare  bool
		word  string // the one that is not allowed
		fault bool
	}{
		{words: nil},
		{words: []string{"Bearer"}, read: "Bearer"},
		{words: []string{"Bearer", "token"}, read: "Bearer token"},
		{words: []string{"none"}, bare: true},
		{words: []string{"none", "X-1_2.3"}, read: "X-1_2.3", bare: true},
		{words: []string{"None"}, word: "None", fault: true},
		{words: []string{"bearer", "BEARER"}, word: "BEARER", fault: true},
		{words: []string{"basic"}, word: "basic", fault: true},
		{words: []string{"two words"}, word: "two words", fault: true},
		{words: []string{strings.Repeat("a", maxWord+1)}, word: strings.Repeat("a", maxWord+1), fault: true},
		{words: []string{"a", "b", "c", "d", "e", "f"}, fault: true},
	} {
		t.Run(strings.Join(c.words, " "), func(t *testing.T) {
			read, bare, word, allowed := Schemes(c.words)
			if strings.Join(read, " ") != c.read || bare != c.bare || word != c.word || (allowed != "") != c.fault {
				t.Errorf("%q, %t, %q, %q", read, bare, word, allowed)
			}
		})
	}
}

func TestPattern(t *testing.T) {
	t.Run("it matches a whole credential, and none with more", func(t *testing.T) {
		p := Pattern(`a|b+`)
		for text, want := range map[string]bool{"a": true, "bb": true, "": false, "ab": false, "a\n": false, "x\na": false, "xbb": false} {
			if p.MatchString(text) != want {
				t.Errorf("%q: %t", text, !want)
			}
		}
	})

	t.Run("it ends no bracket of its frame, and is bounded", func(t *testing.T) {
		for _, text := range []string{`a)|(?:b`, `(`, `a\`, strings.Repeat("a", maxPattern+1), `(?=a)`} {
			if Pattern(text) != nil {
				t.Errorf("%s is taken", text)
			}
		}
	})
}

func TestIsDirect(t *testing.T) {
	for _, c := range []struct {
		host, port, list string
		want             bool
	}{
		{"api.example.com", "443", "", false},
		{"api.example.com", "443", ",", false},
		{"api.example.com", "443", "*", true},
		{"api.example.com", "443", "example.com", true},
		{"api.example.com", "443", " .Example.com , other", true},
		{"API.example.com", "443", "*.example.com", true},
		{"badexample.com", "443", "example.com", false},
		{"example.com.bad", "443", "example.com", false},
		{"api.example.com", "8443", "api.example.com:443", false},
		{"api.example.com", "443", "api.example.com:443", true},
		{"10.1.2.3", "80", "10.0.0.0/8", true},
		{"10.1.2.3", "80", "10.1.2.3", true},
		{"10.1.2.3", "80", "2.3", false},
		{"11.1.2.3", "80", "10.0.0.0/8", false},
		{"fd00::1", "80", "fd00::/8", true},
		{"::1", "80", "::1", true},
	} {
		t.Run(c.host+" "+c.list, func(t *testing.T) {
			if IsDirect(c.host, c.port, c.list) != c.want {
				t.Errorf("want %t", c.want)
			}
		})
	}
}

func TestFixedDefect(t *testing.T) {
	t.Run("what HTTP needs, or carries the credential, cannot be fixed", func(t *testing.T) {
		for _, name := range []string{"Host", "Authorization", "Application-Key", "Content-Length", "Proxy-Authorization", "If-None-Match", "Connection", "Te", "", "A b", "Ä"} {
			if FixedDefect(name, name) == "" {
				t.Errorf("%q is taken", name)
			}
		}
		for _, name := range []string{"User-Agent", "X-Language", "Accept"} {
			if fault := FixedDefect(name, name); fault != "" {
				t.Errorf("%s: %s", name, fault)
			}
		}
	})
}

func TestTaken(t *testing.T) {
	block := func(kind verifier.Kind, p *gate.Place) *gate.Block {
		b := &gate.Block{Place: p}
		b.Upstream.Kind = kind
		return b
	}
	for _, c := range []struct {
		name    string
		blocks  []*gate.Block
		session Session
		want    string // the keys of the faults
	}{
		{"the defaults are apart", []*gate.Block{block(verifier.Bearer, nil), block(verifier.ApplicationKey, nil)}, Session{}, ""},
		{"one header", []*gate.Block{block(verifier.Bearer, &gate.Place{Header: "X-Key", Bare: true}), block(verifier.ApplicationKey, &gate.Place{Header: "X-Key", Bare: true})}, Session{}, "applicationKey.header"},
		{"one header, two words", []*gate.Block{block(verifier.Bearer, nil), block(verifier.ApplicationKey, &gate.Place{Header: "Authorization", Schemes: []string{"Key"}})}, Session{}, ""},
		{"one header, one word in another case", []*gate.Block{block(verifier.Bearer, nil), block(verifier.ApplicationKey, &gate.Place{Header: "Authorization", Schemes: []string{"BEARER"}})}, Session{}, "applicationKey.header"},
		{"a cookie and a parameter", []*gate.Block{
			block(verifier.Bearer, &gate.Place{Header: "Authorization", Schemes: []string{"Bearer"}, Cookie: "c", Query: "q"}),
			block(verifier.ApplicationKey, &gate.Place{Header: "X-Key", Cookie: "c", Query: "q"}),
		}, Session{}, "applicationKey.cookie applicationKey.query"},
		{"those of the session", []*gate.Block{block(verifier.Bearer, &gate.Place{Header: "Authorization", Cookie: "c", Query: "q"})}, Session{Cookie: "c", Parameter: "q"}, "bearer.cookie bearer.query"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var keys []string
			for _, fault := range Taken(&gate.Options{Blocks: c.blocks}, c.session) {
				keys = append(keys, fault.Key)
			}
			if strings.Join(keys, " ") != c.want {
				t.Errorf("%q, want %q", keys, c.want)
			}
		})
	}
}
