package scenario

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// placeholders holds the values of a case's placeholders.
type placeholders struct {
	credential string // random, with a marker
	jwt        string
	trap       string
	wait       string // the last Retry-After
	now        time.Time
}

// newPlaceholders returns fresh values.
func (r *tableRunner) newPlaceholders() *placeholders {
	random := make([]byte, 12)
	_, _ = rand.Read(random)
	p := &placeholders{credential: Marker + hex.EncodeToString(random), trap: r.redirectTarget.URL + "/", now: time.Now()}
	if clock := r.level.Clock(); clock != nil {
		p.now = clock.Now()
	}
	return p
}

// shape gives the credential the form that an API's pattern asks for: "sk_{32}" is a
// literal and 32 letters and digits, which begin with the marker's letters. Without a form
// it stays as it is.
func (p *placeholders) shape(form string) {
	if form == "" {
		return
	}
	random := strings.TrimSuffix(Marker, "-") + strings.TrimPrefix(p.credential, Marker) + strings.Repeat("0", 64)
	literal, rest, _ := strings.Cut(form, "{")
	digits, after, _ := strings.Cut(rest, "}")
	p.credential = literal + random[:must(strconv.Atoi(digits))] + after
}

// sign makes a JWT of claims. Its signature, which is not checked, is the credential
// with the marker, of 31 characters, and one more: so it is canonical base64url.
func (p *placeholders) sign(claims json.RawMessage) {
	text := p.text(numbered.ReplaceAllString(compact(claims), "$1"))
	encoding := base64.RawURLEncoding
	p.jwt = encoding.EncodeToString([]byte(`{"typ":"JWT","alg":"RS256"}`)) + "." +
		encoding.EncodeToString([]byte(text)) + "." + p.credential + "A"
}

var (
	placeholder = regexp.MustCompile(`\$\{([A-Z0-9]+)([^${}]*)\}`)
	// numbered is an instant that is written as text and becomes a number.
	numbered = regexp.MustCompile(`"(\$\{NOW[^"]*\})"`)
)

// text replaces the placeholders of a text, the innermost first. It panics on an
// unknown one, which is a mistake in the file.
func (p *placeholders) text(text string) string {
	for placeholder.MatchString(text) {
		text = placeholder.ReplaceAllStringFunc(text, func(found string) string {
			parts := placeholder.FindStringSubmatch(found)
			return p.value(parts[1], parts[2])
		})
	}
	return text
}

func (p *placeholders) value(name, argument string) string {
	switch name {
	case "CREDENTIAL":
		return p.credential
	case "JWT":
		return p.jwt
	case "TRAP":
		return p.trap
	case "WAIT":
		return p.wait
	case "BASE64":
		return base64.StdEncoding.EncodeToString([]byte(argument[1:]))
	case "BYTE":
		return string(must(hex.DecodeString(argument[1:])))
	case "FILL":
		return strings.Repeat("x", must(strconv.Atoi(argument[1:])))
	case "NOW":
		return strconv.FormatInt(p.now.Unix()+must(strconv.ParseInt(argument, 10, 64)), 10)
	case "DATE":
		seconds := must(strconv.ParseInt(argument, 10, 64))
		return p.now.Add(time.Duration(seconds) * time.Second).UTC().Format(http.TimeFormat)
	}
	panic("testdata: no such placeholder: " + name)
}

// must panics on an error, which is a mistake in a file.
func must[T any](value T, err error) T {
	if err != nil {
		panic("testdata: " + err.Error())
	}
	return value
}

func (p *placeholders) lines(lines []string) []string {
	filled := make([]string, 0, len(lines))
	for _, line := range lines {
		filled = append(filled, p.text(line))
	}
	return filled
}

// reply is the scripted reply of an upstream.
func (p *placeholders) reply(r tableReply) upstreams.Reply {
	reply := upstreams.Reply{Status: r.Status, Header: map[string]string{}}
	for name, value := range r.Headers {
		reply.Header[name] = p.text(value)
	}
	body := compact(r.Body)
	if r.Text != nil {
		body = *r.Text
	}
	if r.Size > 0 {
		rest := p.text(strings.Replace(body, "${FILL}", "", 1))
		body = strings.Replace(body, "${FILL}", fmt.Sprintf("${FILL %d}", r.Size-len(rest)), 1)
	}
	reply.Body = p.text(body)
	if r.Gzip {
		reply.Header["Content-Encoding"] = "gzip"
		reply.Body = gzipped(reply.Body)
	}
	if r.Delay != "" {
		reply.Delay = must(time.ParseDuration(r.Delay))
	}
	return reply
}

// compact is a JSON value without white space; repeated names stay repeated.
func compact(value json.RawMessage) string {
	var text bytes.Buffer
	if len(value) > 0 {
		if err := json.Compact(&text, value); err != nil {
			panic("testdata: " + err.Error())
		}
	}
	return text.String()
}

// credentialOf is the credential of a request as the emulated upstream names it.
func credentialOf(lines []string) string {
	name := ""
	for _, line := range lines {
		header, value, _ := strings.Cut(line, ": ")
		if header == "Application-Key" || header == "X-Api-Key" {
			return value
		}
		scheme, rest, spaced := strings.Cut(value, " ")
		switch {
		case header != "Authorization":
		case !spaced:
			name = value
		case strings.EqualFold(scheme, "Basic"):
			account, _ := base64.StdEncoding.DecodeString(rest)
			name = string(account)
		default:
			name = rest
		}
	}
	return name
}
