package gate

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// Where a field of Options or Block takes effect.
const (
	inScope    = "scope"     // its gates share no cache: another upstream answer
	inRender   = "renderKey" // its gates share no prebuilt answers
	inPolicy   = "policy"    // the cache checks it for each request
	perRequest = "request"   // the gate reads it for each request, and it goes into no cached answer
)

// coverage is one field: where it takes effect, and changes that show it there.
type coverage struct {
	where   string // of the constants above, in their order
	reason  string
	changes []func(o *Options, b *Block)
}

// covered has an entry for each field of Options and Block.
var covered = map[string]coverage{
	"Options.Blocks": {inRender, "the challenges of a 401 name each kind and API", []func(*Options, *Block){
		func(o *Options, _ *Block) { o.Blocks = o.Blocks[:1] },
		func(o *Options, _ *Block) { o.Blocks[1].Upstream.Kind = verifier.Basic },
		func(o *Options, _ *Block) { o.Blocks[1].API = &apis.API{Name: "other"} },
	}},
	"Options.CacheSize":        {inPolicy, "how many answers are held changes none", change(func(o *Options) { o.CacheSize++ })},
	"Options.NegativeLifetime": {inRender + " " + inPolicy, "a prebuilt denial ends with it", change(func(o *Options) { o.NegativeLifetime++ })},
	"Options.NegativeSize":     {inPolicy, "how many denials are held changes none", change(func(o *Options) { o.NegativeSize++ })},
	"Options.Shared":           {perRequest, "it changes no answer; that it is another scope, which knows what others know, package cache sees to", change(func(o *Options) { o.Shared = &shared.Options{} })},
	"Options.Epoch":            {inScope, "a new epoch begins with an empty cache", change(func(o *Options) { o.Epoch += "x" })},
	"Options.PerClient":        {inPolicy, "a limit on calls", change(func(o *Options) { o.PerClient.Calls++ }, func(o *Options) { o.PerClient.Period++ })},
	"Options.ClientDepth":      {perRequest, "the client that a call is charged to is read from each request", change(func(o *Options) { o.ClientDepth++ })},
	"Options.Prefix":           {inRender, "it is part of the headers' names", change(func(o *Options) { o.Prefix = "X-Other-" })},
	"Options.Headers": {inRender, "the headers of an answer", change(
		func(o *Options) { o.Headers = []apis.HeaderField{} },
		func(o *Options) { o.Headers = []apis.HeaderField{{Header: "X-A", Field: "user"}} },
		func(o *Options) { o.Headers = []apis.HeaderField{{Header: "X-B", Field: "user"}} },
		func(o *Options) { o.Headers = []apis.HeaderField{{Header: "X-A", Field: "id"}} },
	)},
	"Options.Require": {inRender, "an answer is allowed on a route only if the identity meets them", change(
		func(o *Options) { o.Require = nil },
		func(o *Options) { o.Require[0].Field = "other" },
		func(o *Options) { o.Require[0].Allowed = []string{"student"} },
		func(o *Options) { o.Require[0].Allowed = []string{"student employee"} },
	)},
	"Options.ForwardCredential": {perRequest, "the credential is removed from each request, it is in no answer", change(func(o *Options) { o.ForwardCredential = true })},
	"Options.Optional":          {perRequest, "it concerns requests without a credential, for which nothing is cached", change(func(o *Options) { o.Optional = true })},
	"Options.Preflight":         {perRequest, "a preflight is recognized before the cache is asked", change(func(o *Options) { o.Preflight = true })},
	"Options.SocketsEnd":        {perRequest, "an allowed request is given a time, which is in no answer", change(func(o *Options) { o.SocketsEnd = true })},
	"Options.Problem":           {inRender, "the body of a denial", change(func(o *Options) { o.Problem = true })},
	"Options.Statuses": {inRender, "the status of a denial", change(
		func(o *Options) { o.Statuses = nil },
		func(o *Options) { o.Statuses["403"] = 405 },
		func(o *Options) { o.Statuses["401"] = 404 },
	)},
	"Options.Unavailable": {inRender, "the status of a denial", change(func(o *Options) { o.Unavailable++ })},

	"Block.API": {inScope + " " + inRender, "the upstream that answers, and the default headers", changeBlock(func(b *Block) { b.API = &apis.API{Name: "other"} })},
	"Block.Upstream": {inScope, "what is asked, and how; apis.Settings.Scope has a test of its own fields", changeBlock(
		func(b *Block) { b.Upstream.Target.URL += "x" },
		func(b *Block) { b.Upstream.Target.Path += "x" },
		func(b *Block) { b.Upstream.Key += "x" },
		func(b *Block) { b.Upstream.Canary = false },
		func(b *Block) { b.Upstream.LoginSecret += "x" },
	)},
	"Block.Lifetime":   {inRender + " " + inPolicy, "a prebuilt answer ends with it, and X-Auth-Expires tells when", changeBlock(func(b *Block) { b.Lifetime++ })},
	"Block.Timeout":    {inPolicy, "how long a request waits", changeBlock(func(b *Block) { b.Timeout++ })},
	"Block.Revalidate": {inRender + " " + inPolicy, "a prebuilt answer ends when it is to be confirmed", changeBlock(func(b *Block) { b.Revalidate++ })},
	"Block.Place": {inRender, "a line is a credential where it is read as one; an answer is kept for the line", changeBlock(
		func(b *Block) { b.Place = &Place{Header: "X-Api-Key", Bare: true} },
		func(b *Block) { b.Place = &Place{Header: "Application-Key", Schemes: []string{"Key"}} },
		func(b *Block) { b.Place = &Place{Header: "Application-Key", Bare: true, Cookie: "key"} },
		func(b *Block) { b.Place = &Place{Header: "Application-Key", Bare: true, Query: "key"} },
	)},
	"Block.Pattern": {inRender, "what does not match is no credential here", changeBlock(func(b *Block) { b.Pattern = regexp.MustCompile("x") })},
	"Block.Budget":  {inPolicy, "a limit on calls", changeBlock(func(b *Block) { b.Budget.Calls++ }, func(b *Block) { b.Budget.Period++ })},
}

// change lists changes of options, and changeBlock changes of a block.
func change(changes ...func(o *Options)) (all []func(*Options, *Block)) {
	for _, apply := range changes {
		all = append(all, func(o *Options, _ *Block) { apply(o) })
	}
	return all
}

func changeBlock(changes ...func(b *Block)) (all []func(*Options, *Block)) {
	for _, apply := range changes {
		all = append(all, func(_ *Options, b *Block) { apply(b) })
	}
	return all
}

// sampleOptions returns options with two blocks, and the first of them.
func sampleOptions(f *fixture) (*Options, *Block) {
	b := f.key(false)
	b.Revalidate = time.Minute
	o := &Options{
		Blocks: []*Block{b, f.bearer()}, CacheSize: 10, NegativeLifetime: time.Minute, NegativeSize: 10, Epoch: "1",
		PerClient: verifier.Rate{Calls: 3, Period: time.Second}, Prefix: "X-Auth-",
		Require:  []Requirement{{Field: "type", Allowed: []string{"student", "employee"}}},
		Statuses: map[string]int{"403": 404}, Unavailable: 500,
	}
	return o, b
}

// effects returns the parts of the coverage test as text, by the constants above.
func effects(o *Options, b *Block) map[string]string {
	return map[string]string{
		inScope:  fmt.Sprintf("%q %q", o.Epoch, b.Scope()),
		inRender: fmt.Sprintf("%q", renderKey(o, b, false)),
		inPolicy: fmt.Sprintf("%+v", policyOf(o, b)),
	}
}

// A field that is forgotten in the scope or in the render key would let a gate use
// the answers of another one.
func TestOptionsCoverage(t *testing.T) {
	fields := map[string]bool{}
	for _, of := range []reflect.Type{reflect.TypeOf(Options{}), reflect.TypeOf(Block{})} {
		for i := 0; i < of.NumField(); i++ {
			fields[of.Name()+"."+of.Field(i).Name] = true
		}
	}
	for name := range fields {
		t.Run(name+" takes effect where the table says, and nowhere else", func(t *testing.T) {
			field, listed := covered[name]
			if !listed || field.reason == "" || len(field.changes) == 0 {
				t.Fatal("it is not in the table: does it change an upstream's answer, a prebuilt one, or neither?")
			}
			for i, apply := range field.changes {
				checkCoverage(t, name, i, field.where, apply)
			}
		})
	}
	for name := range covered {
		if !fields[name] {
			t.Errorf("%s is in the table, and is no field", name)
		}
	}
}

// checkCoverage applies a change to sample options and compares what changes with
// where the field takes effect.
func checkCoverage(t *testing.T, name string, i int, where string, apply func(*Options, *Block)) {
	t.Helper()
	f := newFixture(t)
	before, beforeBlock := sampleOptions(f)
	after, afterBlock := sampleOptions(f)
	apply(after, afterBlock)
	if got := changedFields(*before, *after, "Options"); strings.HasPrefix(name, "Options.") && !reflect.DeepEqual(got, []string{name}) {
		t.Fatalf("change %d changes %v", i+1, got)
	}
	if got := changedFields(*beforeBlock, *afterBlock, "Block"); strings.HasPrefix(name, "Block.") && !reflect.DeepEqual(got, []string{name}) {
		t.Fatalf("change %d changes %v", i+1, got)
	}
	var got []string
	was, is := effects(before, beforeBlock), effects(after, afterBlock)
	for _, part := range []string{inScope, inRender, inPolicy} {
		if was[part] != is[part] {
			got = append(got, part)
		}
	}
	if len(got) == 0 {
		got = []string{perRequest}
	}
	if changed := strings.Join(got, " "); changed != where {
		t.Errorf("change %d changes the %s, want the %s", i+1, changed, where)
	}
}

// changedFields lists the fields in which two structs of one type differ. An API is
// compared by its name, since functions cannot be compared.
func changedFields(before, after any, of string) (names []string) {
	was, is := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := 0; i < was.NumField(); i++ {
		if comparableText(was.Field(i).Interface()) != comparableText(is.Field(i).Interface()) {
			names = append(names, of+"."+was.Type().Field(i).Name)
		}
	}
	return names
}

func comparableText(field any) string {
	text := ""
	switch value := field.(type) {
	case *apis.API:
		return value.Name
	case []*Block:
		for _, b := range value {
			text += fmt.Sprintf("%s %+v %v\n", b.API.Name, b.Upstream, b.Lifetime)
		}
		return text
	}
	return fmt.Sprintf("%#v", field)
}

func TestRenderKey(t *testing.T) {
	f := newFixture(t)
	t.Run("a log at debug has prebuilt answers of its own, since each denial is logged", func(t *testing.T) {
		o, b := sampleOptions(f)
		if reflect.DeepEqual(renderKey(o, b, true), renderKey(o, b, false)) {
			t.Error("the keys are equal")
		}
	})
	t.Run("the same options have the same key, in any order of their maps", func(t *testing.T) {
		first, b := sampleOptions(f)
		first.Statuses = map[string]int{"1": 401, "2": 402, "3": 403, "4": 404, "5": 405, "6": 406, "7": 407}
		for i := 0; i < 20; i++ {
			second, other := sampleOptions(f)
			second.Statuses = map[string]int{"7": 407, "6": 406, "5": 405, "4": 404, "3": 403, "2": 402, "1": 401}
			if !reflect.DeepEqual(renderKey(first, b, false), renderKey(second, other, false)) {
				t.Fatal("the keys differ")
			}
		}
	})
}
