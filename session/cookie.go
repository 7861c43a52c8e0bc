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

// seal turns a token into the value of a cookie and back. The value is encrypted and
// authenticated (AES-256-GCM) under the operator's secret. It is bound to the scope
// of the upstream that verified the token, so that a cookie of one route is of no use
// on a route with another upstream, even under the same secret.
type seal struct {
	pair  *regexp.Regexp // the cookie in a line of cookies, with the separator before it
	aead  cipher.AEAD
	bound []byte
}

// newSeal makes the seal of the cookies of one name. bound is what they are bound
// to, part by part.
func newSeal(name, secret string, bound ...string) *seal {
	key := sha256.Sum256([]byte("upstreamauth session key 1\x00" + secret))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err.Error()) // unreachable: the key has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err.Error()) // unreachable, likewise
	}
	text := fmt.Sprintf("upstreamauth session 1 %q", bound) // quoted: no other parts make the same text
	pair := regexp.MustCompile(`(?:^|;)[ \t]*` + regexp.QuoteMeta(name) + `[ \t]*=([^;]*)`)
	return &seal{pair: pair, aead: aead, bound: []byte(text)}
}

// encrypt returns the value of a cookie that holds a token until its end; empty if
// no browser would keep a cookie of that size.
func (s *seal) encrypt(token string, end time.Time) string {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		panic("no randomness: " + err.Error())
	}
	plain := strconv.FormatInt(end.Unix(), 10) + " " + token
	sealed := s.aead.Seal(nonce, nonce, []byte(plain), s.bound)
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
	size := s.aead.NonceSize()
	if err != nil || len(sealed) < size {
		return ""
	}
	plain, err := s.aead.Open(nil, sealed[:size], sealed[size:], s.bound)
	if err != nil {
		return ""
	}
	end, token, _ := strings.Cut(string(plain), " ")
	seconds, err := strconv.ParseInt(end, 10, 64)
	if err != nil || now.Unix() >= seconds {
		return ""
	}
	return token
}

// extract removes the cookie from a request, however often it is there, and returns
// its token; empty if there is none. Of two cookies of the name neither counts: the
// second may have been set by a sibling domain, and which one is sent first is up to
// the attacker. A regular expression does it, which runs compiled: clients may send a
// megabyte of cookies, which would keep a loop of interpreted code busy for long.
func (s *seal) extract(h http.Header, now time.Time) string {
	lines := h["Cookie"]
	if len(lines) == 0 {
		return ""
	}
	all := strings.Join(lines, "; ")
	found := s.pair.FindAllStringSubmatch(all, -1)
	if len(found) == 0 {
		return ""
	}
	others := strings.Trim(s.pair.ReplaceAllString(all, ""), "; \t")
	delete(h, "Cookie")
	if others != "" {
		h["Cookie"] = []string{others}
	}
	if len(found) > 1 {
		return ""
	}
	token := s.decrypt(strings.TrimSpace(found[0][1]), now)
	return token
}

// setCookie is the Set-Cookie line of a value that a browser keeps for age seconds;
// a negative age deletes the cookie.
func setCookie(o *Options, r *http.Request, value string, age int) string {
	c := &http.Cookie{
		Name: o.Cookie, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: o.SecureAlways || r.TLS != nil, SameSite: http.SameSiteLaxMode,
	}
	if o.SameSiteStrict {
		c.SameSite = http.SameSiteStrictMode
	}
	line := c.String()
	return line
}
