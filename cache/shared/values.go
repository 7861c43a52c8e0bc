package shared

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Entry is what an upstream said of a credential that it allowed.
type Entry struct {
	Identity verifier.Identity
	Asked    time.Time // when the upstream began to be asked
	Issued   time.Time // when the credential was issued, otherwise first seen
	Expires  time.Time // the credential's own expiry; zero: unknown
}

// What stands before a field's values: that it has one, that it has none that can be used,
// or how many a list has.
const (
	oneValue = "v"
	noValue  = "n"
)

// encode writes an entry as a list of texts; false: it is too long, or not UTF-8.
func encode(e *Entry) (string, bool) {
	list := []string{milli(e.Asked), milli(e.Issued), milli(e.Expires)}
	size := 0
	for _, f := range e.Identity {
		list = append(list, f.Name)
		switch {
		case f.Value != "":
			list = append(list, oneValue, f.Value)
		case len(f.Values) == 0:
			list = append(list, noValue)
		default:
			list = append(list, strconv.Itoa(len(f.Values)))
			list = append(list, f.Values...)
		}
	}
	for _, part := range list {
		size += len(part)
		if size > maxValue || !utf8.ValidString(part) {
			return "", false
		}
	}
	written, err := json.Marshal(list)
	return string(written), err == nil && len(written) <= maxValue
}

// decode reads what encode wrote; nil: it is something else.
func decode(written string) *Entry {
	var list []string
	if len(written) > maxValue || json.Unmarshal([]byte(written), &list) != nil || len(list) < 3 {
		return nil
	}
	asked, first := instant(list[0])
	issued, second := instant(list[1])
	expires, third := instant(list[2])
	if !first || !second || !third || asked.IsZero() || issued.IsZero() {
		return nil
	}
	identity, read := decodeIdentity(list[3:])
	if !read {
		return nil
	}
	return &Entry{Identity: identity, Asked: asked, Issued: issued, Expires: expires}
}

func decodeIdentity(list []string) (verifier.Identity, bool) {
	var identity verifier.Identity
	for len(list) > 0 {
		if len(list) < 2 {
			return nil, false
		}
		f := verifier.Field{Name: list[0]}
		count, _ := strconv.Atoi(list[1])
		sort := list[1]
		list = list[2:]
		switch {
		case sort == noValue:
		case sort == oneValue && len(list) > 0 && list[0] != "":
			f.Value = list[0]
			list = list[1:]
		case count > 0 && count <= len(list) && strconv.Itoa(count) == sort:
			f.Values = append([]string(nil), list[:count]...)
			list = list[count:]
		default:
			return nil, false
		}
		identity = append(identity, f)
	}
	return identity, true
}

// milli writes an instant in milliseconds of Unix time, cut off; empty: the zero instant.
func milli(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// instant reads what milli wrote.
func instant(written string) (time.Time, bool) {
	if written == "" {
		return time.Time{}, true
	}
	ms, err := strconv.ParseInt(written, 10, 64)
	if err != nil || ms <= 0 || len(written) > 15 {
		return time.Time{}, false
	}
	return time.UnixMilli(ms), true
}

// mark is when something happened to a credential, and until when that matters.
type mark struct {
	at  time.Time
	end time.Time // zero where it is not of interest
}

// encodeMark writes a mark. What it ends counts as older, so its instant is rounded up.
func encodeMark(m mark) string {
	written, _ := json.Marshal([]string{milli(m.at.Add(time.Millisecond - 1)), milli(m.end)})
	return string(written)
}

// decodeMark reads what encodeMark wrote; false: it is something else.
func decodeMark(written string) (mark, bool) {
	var list []string
	if json.Unmarshal([]byte(written), &list) != nil || len(list) != 2 {
		return mark{}, false
	}
	at, first := instant(list[0])
	end, second := instant(list[1])
	return mark{at: at, end: end}, first && second && !at.IsZero()
}

// box encrypts the values of one name and kind. A value opens under that kind and name
// alone.
type box struct {
	aead cipher.AEAD
	data []byte // kind and name, which a value is bound to
}

// newBox derives its key from a secret of 32 bytes or more.
func newBox(secret, kind string, name [32]byte) *box {
	key := named(secret, "seal", kind, string(name[:]))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err.Error()) // unreachable: the key's length is right
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err.Error()) // unreachable: AES has the block that GCM needs
	}
	return &box{aead: aead, data: append([]byte(kind), name[:]...)}
}

// seal encrypts a text.
func (b *box) seal(plain string) string {
	nonce := make([]byte, b.aead.NonceSize())
	if _, err := io.ReadFull(rand.Reader, nonce); err != nil {
		panic("no randomness")
	}
	return string(b.aead.Seal(nonce, nonce, []byte(plain), b.data))
}

// open returns the text of a value; false: it is none of this kind and name.
func (b *box) open(value string) (string, bool) {
	size := b.aead.NonceSize()
	if len(value) < size {
		return "", false
	}
	plain, err := b.aead.Open(nil, []byte(value[:size]), []byte(value[size:]), b.data)
	if err != nil {
		return "", false
	}
	return string(plain), true
}
