package lint

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// secretRooms declares every type that holds secrets, as the plugin does, and the
// functions that may print them.
const secretRooms = `
-- verifier/row.go --
import "fmt"
type Credential struct { Kind, Token, User, Password string; Known bool }
type Report func(level, event, detail string)
type failureRow struct{ mine Credential }
func (b *failureRow) add(c Credential) { _ = fmt.Sprintf("%q%q%q", c.Token, c.User, c.Password) }
-- verifier/transport/target.go --
import "net/http"
type TLS struct { CA, Key string }
type Target struct { URL string; TLS TLS }
type Request struct { Header http.Header; Body string }
-- verifier/apis/settings.go --
import "` + module + `/verifier/transport"
type Account struct { User, Password string }
type Settings struct { Kind string; Target transport.Target; Key, LoginSecret string; Probe *Account }
-- session/options.go --
type Options struct { Secrets []string; Cookie string }
type seal struct { bound []byte }
-- issuer/options.go --
type Options struct { URL, LoginSecret string }
-- config/value.go --
import "reflect"
type rawValue struct { shape, text string; value reflect.Value }
type section struct { values map[string]rawValue }
-- config/custom.go --
import "fmt"
func (s *section) print() string { return fmt.Sprintf("%#v", s.values["custom"].value) }
-- cache/cache.go --
import ("fmt"; "` + module + `/verifier")
type keys struct { secret string }
func (k *keys) of(c verifier.Credential) string { return fmt.Sprintf("%s%s", k.secret, c.Token) }
-- telemetry/log.go --
type Log struct{}
type Sink struct{}
type Trace struct { Token string }
func (s *Sink) TraceRequests(t Trace) {}
func (l *Log) Note(level, event, detail string) {}
func (l *Log) Entry(detail any) {}
-- plugin.go --
import "` + module + `/telemetry"
type Runtime struct { sink *telemetry.Sink }
func (r *Runtime) traceRequests(token string) { r.sink.TraceRequests(telemetry.Trace{Token: token}) }
-- gate/options.go --
import ("encoding/json"; "errors"; "fmt"; "log"; "net/http"; "net/url"; "strings"
	"` + module + `/session"; "` + module + `/telemetry"; "` + module + `/verifier"; "` + module + `/verifier/apis")
type Requirement struct { Field string; Allowed []string }
type Block struct { Name string; Upstream apis.Settings }
type Options struct { Blocks []*Block; Require []Requirement; Problem bool }
type pair struct { name string; password string }
func fingerprint(c verifier.Credential) string { return "" }
`

func TestSecretsArePrintedNowhere(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a credential", `func f(c verifier.Credential) string { return fmt.Sprint(c) }`, "a verifier.Credential"},
		{"a pointer to one", `func f(c *verifier.Credential) string { return fmt.Sprintf("%+v", c) }`, "a *verifier.Credential"},
		{"several", `func f(c []verifier.Credential) { log.Println("x", c) }`, "a []verifier.Credential"},
		{"a credential in a map", `func f(c map[string]verifier.Credential) { println(len(c)); log.Print(c) }`, "a map[string]verifier.Credential"},
		{"its token", `func f(c verifier.Credential) error { return fmt.Errorf("no answer about %s", c.Token) }`, "c.Token"},
		{"its password, quoted and joined", `func f(c verifier.Credential) error { return errors.New("for " + strings.ToUpper(c.Password)) }`, "c.Password"},
		{"its user, as bytes", `func f(c verifier.Credential) { panic([]byte(c.User)) }`, "c.User"},
		{"a panic", `func f(c verifier.Credential) { panic(c) }`, "a verifier.Credential"},
		{"a panic in a function literal", `func f(c verifier.Credential) { defer func() { panic("x" + c.Token) }() }`, "c.Token"},
		{"the settings of an upstream", `func f(b *Block) string { return fmt.Sprint(b.Upstream) }`, "a apis.Settings"},
		{"a block, by its pointer", `func f(b *Block) string { return fmt.Sprint(b) }`, "a *gate.Block"},
		{"all options", `func f(o Options) ([]byte, error) { return json.Marshal(o) }`, "a gate.Options"},
		{"the options of sessions", `func f(o *session.Options) ([]byte, error) { return json.MarshalIndent(*o, "", "") }`, "a session.Options"},
		{"the operator's key", `func f(b *Block) string { return fmt.Sprintf("key %s", b.Upstream.Key) }`, "b.Upstream.Key"},
		{"the probe", `func f(b *Block) string { return fmt.Sprint(b.Upstream.Probe) }`, "a *apis.Account"},
		{"the key of a certificate", `func f(b *Block) string { return fmt.Sprint(b.Upstream.Target.TLS.Key) }`, "b.Upstream.Target.TLS.Key"},
		{"a target", `func f(b *Block) string { return fmt.Sprint(b.Upstream.Target) }`, "a transport.Target"},
		{"a struct that is not listed, by its field's name", `func f(p pair) string { return fmt.Sprint(p) }`, "a gate.pair"},
		{"that field", `func f(p *pair) string { return fmt.Sprint(p.password) }`, "p.password"},
		{"a struct without a name", `func f(token string) string { return fmt.Sprint(struct{ token string }{token}) }`, "a struct{token string}"},
		{"a request", `func f(r *http.Request) string { return fmt.Sprint(r) }`, "a *http.Request"},
		{"its headers", `func f(r *http.Request) string { return fmt.Sprint(r.Header["Authorization"]) }`, "a http.Header"},
		{"its address", `func f(r *http.Request) string { return fmt.Sprint(r.URL) }`, "a *url.URL"},
		{"its query", `func f(u *url.URL) string { return fmt.Sprint(u.RawQuery) }`, "u.RawQuery"},
		{"the plugin's own log", `func f(l *telemetry.Log, c verifier.Credential) { l.Note("error", "outage", "about "+c.Token) }`, "c.Token"},
		{"a value for the plugin's own log", `func f(l *telemetry.Log, c verifier.Credential) { l.Entry(&c) }`, "a *verifier.Credential"},
		{"a report", `func f(report verifier.Report, b *Block) { report("error", "x", b.Upstream.LoginSecret) }`, "b.Upstream.LoginSecret"},
		{"the result of a printing function", `func f(c verifier.Credential) { log.Print(fmt.Sprint("x", c.Known), c) }`, "a verifier.Credential"},

		{"what is no secret of a credential", `func f(c verifier.Credential) string { return fmt.Sprint(c.Kind, c.Known, len(c.Token)) }`, ""},
		{"what is no secret of options", `func f(o *Options) string { return fmt.Sprintf("%q", o.Require) + fmt.Sprint(o.Problem, len(o.Blocks)) }`, ""},
		{"the name of a block", `func f(o *Options) string { return fmt.Sprint(o.Blocks[0].Name) }`, ""},
		{"a digest that a function of ours makes", `func f(c verifier.Credential) string { return fmt.Sprint(fingerprint(c)) }`, ""},
		{"the method of a request", `func f(r *http.Request) string { return fmt.Sprint(r.Method, r.URL.Path) }`, ""},
		{"a function of ours that prints nothing", `func f(c verifier.Credential) string { return fingerprint(c) }`, ""},
		{"a constant beside a secret", `func f(c verifier.Credential) error { if c.Token == "" { return errors.New("none") }; return nil }`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var found []string
			for _, v := range secretViolations(plugin(t, secretRooms+c.text)) {
				what, _, _ := strings.Cut(v.Detail, ", in ")
				found = append(found, v.Rule+": "+what)
			}
			slices.Sort(found)
			found = slices.Compact(found)
			want := []string{}
			if c.want != "" {
				want = []string{"a secret is printed: " + c.want}
			}
			if !slices.Equal(append([]string{}, found...), want) {
				t.Errorf("%q\nwant %q", found, want)
			}
		})
	}

	t.Run("every type that is listed exists with its fields, and every exception is needed", func(t *testing.T) {
		missing := strings.NewReplacer("type Options struct { URL, LoginSecret string }", "", "Key, LoginSecret string; Probe", "LoginSecret string; Probe",
			`fmt.Sprintf("%s%s", k.secret, c.Token)`, `"x"`).Replace(secretRooms)
		got := details(secretViolations(plugin(t, missing)))
		slices.Sort(got)
		want := []string{
			"a function that prints secrets does so no more: cache/cache.go keys.of",
			"a type that holds secrets does not exist any more: " + module + "/issuer.Options",
			"a type that holds secrets does not exist any more: " + module + "/verifier/apis.Settings",
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q\nwant %q", got, want)
		}
	})

	t.Run("every exception has a reason", func(t *testing.T) {
		for _, place := range slices.Sorted(maps.Keys(printsSecretsIn)) {
			if len(printsSecretsIn[place]) < 20 {
				t.Errorf("%s has none", place)
			}
		}
	})
}
