package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxCookie is the limit of a cookie's value, in bytes: browsers drop cookies of more
// than 4096 bytes, name and attributes included (RFC 6265, section 6.1).
const maxCookie = 3800

// seal turns a token (or an account, see carrier) into the value of a cookie and back. The value is encrypted and
// authenticated (AES-256-GCM) under the operator's secret. It is bound to the scope
// of the upstream that verified the token, so that a cookie of one route is of no use
// on a route with another upstream, even under the same secret.
type seal struct {
	name  string
	pair  *regexp.Regexp // the cookie in a line of cookies; also the end of a longer name
	aeads []cipher.AEAD  // one for each secret; the first encrypts
	bound []byte
}

// newSeal makes the seal of the cookies of one name. bound is what they are bound
// to, part by part.
func newSeal(name string, secrets []string, bound ...string) *seal {
	text := fmt.Sprintf("upstreamauth session 1 %q", bound) // quoted: no other parts make the same text
	pair := regexp.MustCompile(regexp.QuoteMeta(name) + `[ \t]*=([^;]*)`)
	s := &seal{name: name, pair: pair, bound: []byte(text)}
	for _, secret := range secrets {
		s.aeads = append(s.aeads, newAEAD(secret))
	}
	return s
}

func newAEAD(secret string) cipher.AEAD {
	key := sha256.Sum256([]byte("upstreamauth session key 1\x00" + secret))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err.Error()) // unreachable: the key has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err.Error()) // unreachable, likewise
	}
	return aead
}

// encrypt returns the value of a cookie that holds a token until its end; empty if
// no browser would keep a cookie of that size.
func (s *seal) encrypt(token string, end time.Time) string {
	aead := s.aeads[0]
	nonce := make([]byte, aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		panic("no randomness: " + err.Error())
	}
	plain := strconv.FormatInt(end.Unix(), 10) + " " + token
	sealed := aead.Seal(nonce, nonce, []byte(plain), s.bound)
	value := base64.RawURLEncoding.EncodeToString(sealed)
	if len(value) > maxCookie {
		return ""
	}
	return value
}

// decrypt returns the token of a cookie's value; empty for a value that encrypt did
// not make under this secret and scope, or whose end has come. The end is part of the
// value because browsers are free to keep a cookie for longer than Max-Age.
func (s *seal) decrypt(value string, now time.Time) string {
	if len(value) > maxCookie {
		return ""
	}
	encoding := base64.RawURLEncoding.Strict() // strict: no second text of the same bytes
	sealed, err := encoding.DecodeString(value)
	if err != nil {
		return ""
	}
	end, token, _ := strings.Cut(s.open(sealed), " ")
	seconds, err := strconv.ParseInt(end, 10, 64)
	if err != nil || now.Unix() >= seconds {
		return ""
	}
	return token
}

// open returns what a cookie holds under any of the secrets; empty if it holds nothing.
func (s *seal) open(sealed []byte) string {
	size := s.aeads[0].NonceSize()
	if len(sealed) < size {
		return ""
	}
	for _, aead := range s.aeads {
		plain, err := aead.Open(nil, sealed[:size], sealed[size:], s.bound)
		if err == nil {
			return string(plain)
		}
	}
	return ""
}

// Limits of extract: of cookies with the name; of places that look like one, among them
// the ends of other names; and of places where the name occurs at all.
const (
	maxPairs      = 16
	maxCandidates = 64
	maxPlaces     = 1000
)

// extract removes the cookie from a request, however often it is there, and returns
// its token; empty if there is none. Of two cookies of the name neither counts: the
// second may have been set by a sibling domain, and which one is sent first is up to
// the attacker. tooMany tells that there are more than any browser sends; then all
// cookies are removed, and the request is to be refused.
//
// A regular expression searches, since it runs compiled: clients may send a megabyte
// of cookies. It begins with the name, so that it has a text to search for, and what
// stands before each place is looked at afterwards.
func (s *seal) extract(h http.Header, now time.Time) (token string, tooMany bool) {
	lines := h["Cookie"]
	if len(lines) == 0 {
		return "", false
	}
	all := strings.Join(lines, "; ")
	places := strings.Count(all, s.name)
	if places == 0 {
		return "", false
	}
	var found [][]int
	if places <= maxPlaces {
		found = s.pair.FindAllStringSubmatchIndex(all, maxCandidates+1)
	}
	if len(found) > maxCandidates || places > maxPlaces {
		delete(h, "Cookie")
		return "", true
	}
	others, value := "", ""
	count, kept := 0, 0
	for _, at := range found {
		before, isCookie := cutSeparator(all[kept:at[0]], kept)
		if isCookie {
			others += before
			value = all[at[2]:at[3]]
			kept = at[1]
			count++
		}
		if count > maxPairs {
			delete(h, "Cookie")
			return "", true
		}
	}
	if count == 0 {
		return "", false
	}
	delete(h, "Cookie")
	others = strings.Trim(others+all[kept:], "; \t")
	if others != "" {
		h["Cookie"] = []string{others}
	}
	if count > 1 {
		return "", false
	}
	token = s.decrypt(strings.TrimSpace(value), now)
	return token, false
}

// cutSeparator removes from the text before a name the separator that begins a cookie,
// and the blanks around it, and tells whether there was one; at the start of all
// cookies, where the text begins at 0, none is needed.
func cutSeparator(text string, start int) (string, bool) {
	text = strings.TrimRight(text, " \t")
	before, separated := strings.CutSuffix(text, ";")
	isCookie := separated || (text == "" && start == 0)
	return before, isCookie
}
