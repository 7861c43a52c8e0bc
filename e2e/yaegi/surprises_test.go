package yaegi_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/yaegi/surprises"
)

// surprising are the results of the compiler and of the interpreter, which differ.
var surprising = []struct{ name, right, wrong string }{
	{"AppendInLoop", "012", "222"},
	{"AppendAnyInLoop", "0 1 2", "2 2 2"},
	{"StoreInLoop", "012", "222"},
	{"PassInLoop", "012", "222"},
	{"SendInLoop", "012", "222"},
	{"AssignInLoop", "012", "222"},
	{"HandlersInLoop", "012", "222"},
	{"ChainInLoop", "210", "2round and round"},
	{"GotoLoop", "[0 1 2]", "[2 2 2]"},
	{"RangeAssigned", "[0 1 2]", "[2 2 2]"},
	{"ClosuresInLoop", "0 1 2", "3 3 3"},
	{"ClosuresInCases", "abc", "ccc"},
	{"MethodValuesInLoop", "0 1 2", "2 2 2"},

	{"IotaCompared", "true", "false"},
	{"IotaAsKey", "onetwo", panicked},
	{"InterfacesCompared", "true", panicked},
	{"InterfaceAsKey", "found", panicked},
	{"InterfaceAndValue", "true", "false"},
	{"InterfaceSwitch", "same", panicked},
	{"InterfaceInKey", "found", panicked},
	{"TypeSwitch", "thing like ", "thing neither "},
	{"TypeSwitchInterface", "an error", "none"},
	{"ContextKeys", "one two ", "two two "},
	{"CaseCalls", "hit", "miss"},
	{"CaseConditions", "hit", "miss"},

	{"ReturnLen", "7 2", "7 7"},
	{"ReturnLenOfText", "abc3", panicked},
	{"ReturnField", "5 <nil>", "0 <nil>"},
	{"ReturnFieldOfMap", "5 <nil>", "0 <nil>"},
	{"ReturnReceived", "5", panicked},
	{"NamedResultsInLoop", `"first" 1 "" 0 `, `"first" 1 "first" 1 `},
	{"NamedResultGrows", "[0][1]", "[0][0 1]"},
	{"LiteralToResult", "ab", ""},
	{"NamelessParameter", "5", panicked},
	{"AssignBesideCall", "7 8", "0 8"},
	{"AssignBesideLiteral", "{a } { }", "{ } { }"},
	{"AssignNil", "[1] false5 <nil> [] true", panicked},

	{"DeferArgument", "at the defer", "at the end"},
	{"DeferReceiver", "first", "second"},
	{"DeferInLoop", "cba", "ccc"},
	{"DeferPanics", "survived", panicked},
	{"GuardBelow", "<nil>", "in a literal"},
	{"RecoverType", "true true", "false false"},
	{"RecoverSentinel", "true", "false"},

	{"ErrorsAs", "true", panicked},
	{"OwnUnwrap", "true", "false"},
	{"EmbeddedInterface", "upstream called", panicked},
	{"RedactingString", "{Secret:***}", "{Secret:hunter2}"},
	{"OwnUnmarshal", "99 <nil>", "0 json: Unmarshal(non-pointer stdlib._encoding_json_Unmarshaler)"},
	{"OwnTransport", "418", panicked},
	{"OwnBody", "text<nil>", panicked},
	{"OwnCheckRedirect", "302", panicked},
	{"TemplateMethod", "text", "failed: true"},
	{"MethodExpression", "3", panicked},
	{"WrappedWriter", "true", "false"},
}

func TestDiffers(t *testing.T) {
	for _, c := range surprising {
		t.Run(c.name, func(t *testing.T) {
			if got := compiled(c.name); got != c.right {
				t.Errorf("compiled: %q, want %q", got, c.right)
			}
			got, err := interpreted(t, c.name, io.Discard)
			switch {
			case err != nil:
				t.Errorf("it does not load any more: %v", err)
			case got == c.right:
				t.Errorf("the interpreter gets this right now (%q): the rule against it may go", got)
			case got != c.wrong:
				t.Errorf("wrong in another way: %q, so far %q", got, c.wrong)
			}
		})
	}
}

// alike are the forms that the plugin uses instead: both have the same result.
var alike = []struct{ name, want string }{
	{"AppendMadeElsewhere", "012"},
	{"AppendBasics", "001122"},
	{"AppendCompiled", "012"},
	{"ReturnFromLoop", "012"},
	{"ClosuresMadeByCall", "0 1 2"},
	{"SpelledOutCompared", "truedouble"},
	{"SentinelCompared", "true false"},
	{"TypeSwitchCompiled", "string int bool delimiter number "},
	{"TypeAssertion", "4 true false"},
	{"CaseOneCondition", "hit"},
	{"CaseConstants", "hit"},
	{"ReturnLocals", "7 2 5 <nil> 5 7 8 5"},
	{"DeferPanicsInside", "survived"},
	{"DeferNamed", "kept"},
	{"GuardLiteral", "<nil>"},
	{"RecoverText", "a text"},
	{"GuardedGoroutine", "settled"},
	{"GuardedAfterFunc", "fired"},
	{"ErrorsAsCompiled", "truedial"},
	{"WrappedByVerb", "true"},
	{"NamedInterface", "upstream called"},
	{"RoundTripOnly", "302"},
	{"TemplateMap", "text"},
	{"MethodExprCalled", "3"},
	{"MethodByReflection", "true"},
	{"ReflectSelect", "every number its own"},
	{"OneChannelForAll", "every number its own"},
}

func TestAgrees(t *testing.T) {
	for _, c := range alike {
		t.Run(c.name, func(t *testing.T) {
			if got := compiled(c.name); got != c.want {
				t.Errorf("compiled: %q, want %q", got, c.want)
			}
			if got, err := interpreted(t, c.name, io.Discard); got != c.want || err != nil {
				t.Errorf("interpreted: %q (%v), want %q", got, err, c.want)
			}
		})
	}
}

// refused are the programs that the interpreter does not load, with the compiler's
// result.
var refused = []struct{ name, right string }{
	{"RangeOverNumber", "012"},
	{"RangeOverFunction", "012"},
	{"BuiltinMin", "1"},
	{"BuiltinClear", "0"},
	{"OnceValue", "3"},
	{"AtomicPointer", "3"},
	{"Unsafe", "8"},
	{"Embed", "true"},
	{"TwoByOne", "3 <nil>"},
	{"CompiledMethodValue", "true"},
	{"EmbeddedByPointer", "reached"},
}

func TestDoesNotLoad(t *testing.T) {
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			if got := compiled(c.name); got != c.right {
				t.Errorf("compiled: %q, want %q", got, c.right)
			}
			if got, err := interpreted(t, c.name, io.Discard); err == nil {
				t.Errorf("the interpreter loads this now, and gives %q: the rule against it may go", got)
			}
		})
	}
}

func TestStandardError(t *testing.T) {
	// os.Stderr is the process's own, whatever Traefik gives the interpreter,
	// unless that is a file.
	t.Run("is replaced by a file only", func(t *testing.T) {
		own := compiled("StandardError")
		if got, err := interpreted(t, "StandardError", io.Discard); got != own || err != nil {
			t.Errorf("beside a writer: file %s (%v), the process has %s", got, err, own)
		}
		file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		if got, err := interpreted(t, "StandardError", file); got == own || err != nil {
			t.Errorf("with a file: still file %s (%v)", got, err)
		}
	})
}

func TestPrograms(t *testing.T) {
	t.Run("every one has a test", func(t *testing.T) {
		tested := map[string]bool{"StandardError": true, "Select": true, "GenericsThatGoRound": true}
		for _, c := range surprising {
			tested[c.name] = true
		}
		for _, c := range alike {
			tested[c.name] = true
		}
		for _, c := range refused {
			tested[c.name] = true
		}
		for name := range surprises.Programs {
			if !tested[name] {
				t.Errorf("%s has no test", name)
			}
		}
	})
}
