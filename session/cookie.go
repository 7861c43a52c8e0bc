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

// maxCookie bounds a cookie's value, in bytes: browsers drop cookies above 4096
// with their name and attributes.
const maxCookie = 3800

// seal turns a token into the value of a cookie and back. The value is encrypted
// and authenticated (AES-256-GCM) under the operator's secret, and bound to the
// upstream that called the token good: another route's is none.
type seal struct {
	pair  *regexp.Regexp // the cookie and what is before it, in a line of cookies
	aead  cipher.AEAD
	bound []byte
}

// newSeal makes a seal of a secret and what its cookies are bound to.
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
	text := fmt.Sprintf("upstreamauth session 1 %q", bound)
	pair := regexp.MustCompile(`(?:^|;)[ \t]*` + regexp.QuoteMeta(name) + `[ \t]*=([^;]*)`)
	return &seal{pair: pair, aead: aead, bound: []byte(text)}
}

// encrypt returns the value of a cookie that holds a token until its end; empty
// where it would be too large for one.
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

// decrypt returns the token of a cookie's value; empty for what was not made by
// close under this secret for this upstream, or has ended.
func (s *seal) decrypt(value string, now time.Time) string {
	if len(value) > maxCookie {
		return ""
	}
	encoding := base64.RawURLEncoding.Strict()
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

// extract removes the cookie from a request, however often it is there, and
// returns its token. Two of the name are none: a sibling domain may set one too.
// It is done in compiled code, since clients may send a megabyte of cookies.
func (s *seal) extract(h http.Header, now time.Time) string {
	lines := h["Cookie"]
	if len(lines) == 0 {
		return ""
	}
	whole := strings.Join(lines, "; ")
	found := s.pair.FindAllStringSubmatch(whole, -1)
	if len(found) == 0 {
		return ""
	}
	others := strings.Trim(s.pair.ReplaceAllString(whole, ""), "; \t")
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
