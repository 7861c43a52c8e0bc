package lint

import (
	"slices"
	"strings"
	"testing"
)

// ruleCase is a text that violates one rule, and it alone; or none.
type ruleCase struct {
	rule string
	text string
}

// What texts that need it end or begin with.
const (
	withRescue = "\nfunc rescue() { _ = recover() }\n"
	withE      = "\ntype E struct{ n int }\nfunc (e *E) Error() string { return \"e\" }\nfunc (e *E) get() int { return e.n }\n"
)

// A rule that cannot be violated is worth nothing: each has texts that violate
// it, and it alone, and texts beside them that violate none.
func TestRules(t *testing.T) {
	violated := map[string]int{}
	for _, c := range slices.Concat(loadingCases, panicsCases, loopsCases, compareCases, compiledCases, resultsCases) {
		found := ruleViolations(snippet(t, "gate/hit.go", c.text))
		names := []string{}
		for _, v := range found {
			if !slices.Contains(names, v.Rule) {
				names = append(names, v.Rule)
			}
		}
		want := []string{}
		if c.rule != "" {
			want = []string{c.rule}
			violated[c.rule]++
		}
		if !slices.Equal(names, want) {
			t.Errorf("violates %q, want %q:\n%s", names, want, c.text)
		}
	}
	for _, r := range rules {
		if violated[r.name] == 0 {
			t.Errorf("no text violates %q", r.name)
		}
		delete(violated, r.name)
	}
	for name := range violated {
		t.Errorf("%q is no rule", name)
	}
}

// What one room declares is known in the others.
func TestRulesAcrossRooms(t *testing.T) {
	const rooms = `
-- verifier/recover.go --
func Rescue() { _ = recover() }

func Settle() { println() }

type Decision struct{ Allowed bool }
-- cache/flight.go --
import "` + module + `/verifier"

`
	for _, c := range []struct{ name, text, want string }{
		{"a recover of another room guards a goroutine", `func f() { go run() }; func run() { defer verifier.Rescue(); println() }`, ""},
		{"so it does in a function literal", `func f() { go func() { defer verifier.Rescue(); println() }() }`, ""},
		{
			"what another room's deferred function does can pass it",
			`func f() { go run() }; func run() { defer verifier.Rescue(); defer verifier.Settle() }`, "a goroutine without a deferred recover",
		},
		{
			"a type of another room is interpreted, too",
			`func f(ds []verifier.Decision) { for _, d := range ds { keep(d) } }; func keep(_ any) {}`, "an interface value made in a loop",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var names []string
			for _, v := range ruleViolations(plugin(t, rooms+c.text)) {
				names = append(names, v.Rule)
			}
			if got := strings.Join(names, ", "); got != c.want {
				t.Errorf("violates %q, want %q", got, c.want)
			}
		})
	}
}

func TestPlugin(t *testing.T) {
	violations, err := Check("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Error(v)
	}
}
