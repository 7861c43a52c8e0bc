package shared

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

var noon = time.UnixMilli(1900000000123)

func sample() *Entry {
	return &Entry{
		Identity: verifier.Identity{
			{Name: "user", Value: "u"}, {Name: "roles", Values: []string{"a", "b,c"}}, {Name: "address"}, {Name: "n", Value: "v"}, {Name: "", Value: "2"},
		},
		Asked: noon, Issued: noon.Add(-time.Hour), Expires: noon.Add(time.Hour),
	}
}

func TestValues(t *testing.T) {
	t.Run("an entry is read as it was written", func(t *testing.T) {
		for _, e := range []*Entry{sample(), {Asked: noon, Issued: noon}} {
			written, fits := encode(e)
			got := decode(written)
			if !fits || got == nil || fmt.Sprintf("%#v", got.Identity) != fmt.Sprintf("%#v", e.Identity) ||
				!got.Asked.Equal(e.Asked) || !got.Issued.Equal(e.Issued) || !got.Expires.Equal(e.Expires) {
				t.Errorf("%+v became %+v (%s)", e, got, written)
			}
		}
	})

	t.Run("instants are cut off, so that nothing lasts longer than it does", func(t *testing.T) {
		e := &Entry{Asked: noon.Add(999999), Issued: noon.Add(999999), Expires: noon.Add(999999)}
		written, _ := encode(e)
		if got := decode(written); !got.Asked.Equal(noon) || !got.Expires.Equal(noon) {
			t.Errorf("%+v", got)
		}
		m, ok := decodeMark(encodeMark(mark{at: noon.Add(1), end: noon}))
		if !ok || !m.at.Equal(noon.Add(time.Millisecond)) || !m.end.Equal(noon) {
			t.Errorf("a mark is rounded to %+v", m)
		}
	})

	t.Run("what is too long, or no text, is not kept", func(t *testing.T) {
		for name, value := range map[string]string{"too long": strings.Repeat("x", maxValue), "too long as JSON": strings.Repeat("<", maxValue/4), "no UTF-8": "\xff"} {
			if _, fits := encode(&Entry{Asked: noon, Issued: noon, Identity: verifier.Identity{{Name: "n", Value: value}}}); fits {
				t.Errorf("it is kept: %s", name)
			}
		}
	})

	t.Run("nothing else is an entry", func(t *testing.T) {
		for _, written := range []string{
			"", "null", "{}", "[]", `["1","1"]`, `["1","1",""`, `[1,1,1]`, `["","1",""]`, `["1","",""]`, `["x","1",""]`, `["-1","1",""]`, `["1","1","x"]`,
			`["1","1","","n"]`, `["1","1","","n","v"]`, `["1","1","","n","v",""]`, `["1","1","","n","2","a"]`, `["1","1","","n","0"]`,
			`["1","1","","n","-1"]`, `["1","1","","n","01","a"]`, `["1","1","","n","9999999999999999999","a"]`, `["9999999999999999","1",""]`,
		} {
			if decode(written) != nil {
				t.Errorf("%s is one", written)
			}
		}
	})
}

func TestBox(t *testing.T) {
	name := [32]byte{1}
	b := newBox(secret, entryKind, name)
	value := b.seal("plain")

	t.Run("a value opens where it was sealed", func(t *testing.T) {
		if got, ok := newBox(secret, entryKind, name).open(value); !ok || got != "plain" {
			t.Errorf("%q", got)
		}
		if b.seal("plain") == value {
			t.Error("two values of one text are the same")
		}
	})

	t.Run("and nowhere else", func(t *testing.T) {
		for what, other := range map[string]*box{
			"of another name": newBox(secret, entryKind, [32]byte{2}), "of another kind": newBox(secret, barredKind, name), "of another secret": newBox(secret+"x", entryKind, name),
			"moved, under the same key": {aead: b.aead, data: append([]byte(entryKind), 2)},
		} {
			if _, ok := other.open(value); ok {
				t.Errorf("a value %s opens", what)
			}
		}
	})

	t.Run("no changed value opens", func(t *testing.T) {
		for i := 0; i < 8*len(value); i++ {
			changed := []byte(value)
			changed[i/8] ^= 1 << (i % 8)
			if _, ok := b.open(string(changed)); ok {
				t.Errorf("with bit %d flipped it opens", i)
			}
		}
		for i := 0; i < len(value); i++ {
			if _, ok := b.open(value[:i]); ok {
				t.Errorf("the first %d bytes open", i)
			}
		}
		if _, ok := b.open(value + "x"); ok {
			t.Error("with a byte behind it opens")
		}
	})
}

func FuzzValues(f *testing.F) {
	written, _ := encode(sample())
	for _, seed := range []string{written, `["1","1",""]`, `["1","1","","n","2","a","b"]`, `["1",""]`, `[]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, written string) {
		m, isMark := decodeMark(written)
		if isMark {
			again, ok := decodeMark(encodeMark(m))
			if !ok || !again.at.Equal(m.at) || !again.end.Equal(m.end) {
				t.Errorf("the mark %s became %+v", written, again)
			}
		}
		e := decode(written)
		if e == nil {
			return
		}
		rewritten, fits := encode(e)
		if !fits {
			return // as JSON it may be longer
		}
		again := decode(rewritten)
		if again == nil || !reflect.DeepEqual(again.Identity, e.Identity) || !again.Asked.Equal(e.Asked) {
			t.Errorf("%s became %s", written, rewritten)
		}
	})
}
