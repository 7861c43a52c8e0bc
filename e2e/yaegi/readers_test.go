package yaegi_test

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/e2e/yaegi/readers"
)

// interpretedReaders loads the plugin and the program that calls it.
func interpretedReaders(t testing.TB) func(name string) any {
	t.Helper()
	goPath := t.TempDir()
	if err := stage.Plugin(goPath); err != nil {
		t.Fatal(err)
	}
	// Inside the plugin's tree, where its packages are found.
	folder := filepath.Join(stage.Dir(goPath), "readers")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"readers.go", "custom.go", "custom_attack.go"} {
		text, err := os.ReadFile(filepath.Join("readers", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	i := interp.New(interp.Options{GoPath: goPath})
	if err := i.Use(stdlib.Symbols); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Eval(fmt.Sprintf("import %q", stage.Module+"/readers")); err != nil {
		t.Fatal(err)
	}
	return func(name string) any {
		value, err := i.Eval("readers." + name)
		if err != nil {
			t.Fatal(err)
		}
		return value.Interface()
	}
}

// The scenarios show that the interpreted plugin does what it should; this
// looks into the corners that no scenario has: whatever stands in a header, a
// token or a reply, compiler and interpreter read it alike.
func TestReaders(t *testing.T) {
	find := interpretedReaders(t)
	header := find("Header").(func(string, string, string, int) string)
	token := find("Token").(func(string) string)
	refusal := find("Refusal").(func(int, int, string, string, string) string)
	reply := find("Reply").(func(int, string, string, string, int) string)
	random := rand.New(rand.NewSource(1))
	alike := func(what, compiled, interpreted string) {
		t.Helper()
		if compiled != interpreted {
			t.Errorf("%s\ncompiled:    %s\ninterpreted: %s", what, compiled, interpreted)
		}
	}
	for range 3000 {
		one, two, key, flags := pick(random, lines), pick(random, second), pick(random, keys), random.Intn(32)
		alike(fmt.Sprintf("%q %q %q %d", one, two, key, flags), readers.Header(one, two, key, flags), header(one, two, key, flags))
	}
	for range 1000 {
		claims := pick(random, claims)
		alike(claims, readers.Token(claims), token(claims))
	}
	for api := range 4 {
		for _, status := range []int{400, 401, 403, 422, 429, 500, 503} {
			for _, reason := range strings.Fields("missing malformed ambiguous invalid expired forbidden requirement unprocessable throttled unavailable distrusted") {
				code, message := pick(random, codes), pick(random, messages)
				alike(fmt.Sprint(api, status, reason, code, message),
					readers.Refusal(api, status, reason, code, message), refusal(api, status, reason, code, message))
			}
		}
	}
	for range 1000 {
		api, flag, code, message := random.Intn(4), pick(random, []string{"true", "false", ""}), pick(random, codes), pick(random, messages)
		status := []int{200, 400, 401, 403, 422, 429, 500}[random.Intn(7)]
		alike(fmt.Sprint(api, flag, code, message, status),
			readers.Reply(api, flag, code, message, status), reply(api, flag, code, message, status))
	}
}

// pick takes one of the texts, or pieces of two, or one with a byte changed.
func pick(random *rand.Rand, texts []string) string {
	one, other := texts[random.Intn(len(texts))], texts[random.Intn(len(texts))]
	switch random.Intn(6) {
	case 0:
		return one[:random.Intn(len(one)+1)] + other[random.Intn(len(other)+1):]
	case 1:
		if len(one) == 0 {
			return other
		}
		changed := []byte(one)
		changed[random.Intn(len(changed))] = byte(random.Intn(256))
		return string(changed)
	}
	return one
}

var (
	lines = []string{
		"", "Bearer x", "bearer x.y.z", "BEARER  x", "Bearer x y", " Bearer x", "Bearer\tx", "AbCd", "Basic dTpw", "Basic dTpwcA==",
		"basic Og==", "Basic", "Digest a=b", "token", "Bearer é", "Bearer " + strings.Repeat("x", 9000), "\x00", "Basic dTpw dTpw",
	}
	second = []string{"", "", "", "Bearer y", "Digest z"}
	keys   = []string{"", "k", "k l", "\tk", "é", strings.Repeat("k", 8193)}
	claims = []string{
		`{"sub":"u","jti":"i","name":"สมชาย","email":"a@b","exp":1900000060,"iat":1899999900,"n":9007199254740993,"b":true,"l":[1],"o":{}}`,
		`{"sub":"u","SUB":"v"}`, `{"s":1,"ſ":2}`, `{"exp":1899999960}`, `{"exp":1.5e9}`, `{"exp":"1"}`, `{"exp":-1}`, `{"exp":9223372036854775808}`,
		`{"iat":1900000500}`, `{}`, `[]`, `null`, `{"a":{"b":{"c":[{"d":1,"D":2}]}}}`, `{"sub":"a\tb","name":"` + strings.Repeat("x", 1025) + `"}`,
		strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33), `{"sub":true,"jti":0.10,"name":null,"api":"x","expires":"y"}`,
	}
	codes    = []string{"", "400-1", "422-1", "200-1", "-3", "-104", "-104/expired", "-201", "401", "403", "499", "1000-1", "40a-1", "400-1234"}
	messages = []string{
		"", "no", "\"quoted\" <b>", "منقضی شده", "بازه فراخوانی هر ۵ ثانیه است. لطفا ۱۲ ثانیه دیگر", "٣٠", "in 99999999999 s",
		strings.Repeat("m", 513), "Body no data! Request body {user / pass}", "\u2028",
	}
)
