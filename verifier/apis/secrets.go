package apis

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// An upstream may quote what it was asked with. Its words reach clients, and what it was
// asked with may be the operator's: a text that holds any of it is not copied.

// partLength is how many characters of a long secret's beginning or end count as a part
// of it, as in "key abcd1234… is invalid".
const partLength = 8

// secrets are texts, each as hiddenForm writes it, that no copied text may hold.
type secrets []string

// operatorSecrets are those of the settings and of a definition. The probe's user is among them: it is the
// operator's account, and no client's.
func operatorSecrets(api *API, s Settings) secrets {
	list := spellings(s.Key)
	for _, secret := range api.Secrets {
		list = append(list, spellings(secret)...)
	}
	list = append(list, spellings(s.LoginSecret)...)
	if s.Probe != nil {
		list = append(list, spellings(s.Probe.User)...)
		list = append(list, spellings(s.Probe.Password)...)
	}
	for _, h := range s.Target.Headers {
		if h.Secret {
			list = append(list, wordsOf(h.Value)...)
		}
	}
	address, err := url.Parse(s.Target.Proxy)
	if err == nil && address.User != nil {
		password, _ := address.User.Password()
		list = append(list, spellings(password)...)
	}
	return list
}

// wordsOf are the spellings of a header's value, and of each long word in it: behind a
// scheme stands what is secret.
func wordsOf(value string) secrets {
	list := spellings(value)
	for _, word := range strings.Fields(value) {
		if len(word) >= partLength {
			list = append(list, spellings(word)...)
		}
	}
	return list
}

// with adds those of the credential that a call is about.
func (s secrets) with(c verifier.Credential) secrets {
	list := append(spellings(c.Token), spellings(c.Password)...)
	return append(list, s...)
}

// isSecret tells whether a text holds one of them.
func (s secrets) isSecret(text string) bool {
	if text == "" {
		return false
	}
	plain, decoded, unescaped := hiddenForm(text), hiddenForm(percentDecoded(text)), hiddenForm(html.UnescapeString(text))
	for _, secret := range s {
		if strings.Contains(plain, secret) || strings.Contains(decoded, secret) || strings.Contains(unescaped, secret) {
			return true
		}
	}
	return false
}

// spellings are the ways to write a secret that are looked for: as it is, as JSON and
// URLs escape it, in base64, and the beginning and the end of a long one. None for the
// empty one.
func spellings(secret string) secrets {
	if secret == "" {
		return nil
	}
	escaped, _ := json.Marshal(secret) // a text always has a form in JSON
	list := secrets{
		hiddenForm(secret), hiddenForm(string(escaped[1 : len(escaped)-1])),
		hiddenForm(url.QueryEscape(secret)), hiddenForm(url.PathEscape(secret)),
	}
	characters := []rune(secret)
	if len(characters) >= 2*partLength {
		list = append(list, hiddenForm(string(characters[:partLength])), hiddenForm(string(characters[len(characters)-partLength:])))
	}
	for before := 0; before < 3; before++ {
		inside := base64Inside(secret, before)
		if len(inside) >= 4 {
			urls := strings.ReplaceAll(strings.ReplaceAll(inside, "+", "-"), "/", "_")
			list = append(list, hiddenForm(inside), hiddenForm(urls))
		}
	}
	return list
}

// base64Inside is what base64 makes of a secret that begins so many bytes behind a
// multiple of three: without the digits that depend on what stands around it. So it is
// found within a longer text too, such as "user:password".
func base64Inside(secret string, before int) string {
	encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + secret))
	shared := []int{0, 2, 3}[before]
	if (before+len(secret))%3 != 0 {
		encoded = encoded[:len(encoded)-1]
	}
	if len(encoded) < shared {
		return ""
	}
	return encoded[shared:]
}

// hiddenForm is how texts and secrets are compared: without regard to case, and to the
// backslashes of an encoder (PHP's writes "\/").
func hiddenForm(text string) string {
	return strings.ToLower(strings.ReplaceAll(text, `\`, ""))
}

var escapedByte = regexp.MustCompile(`%([0-9A-Fa-f]{2})`)

// percentDecoded decodes what is percent-encoded in a text, and leaves other percent
// signs as they are. All of it is in compiled calls.
func percentDecoded(text string) string {
	marked := escapedByte.ReplaceAllString(text, "\x00$1")
	marked = strings.ReplaceAll(strings.ReplaceAll(marked, "%", "%25"), "\x00", "%")
	decoded, err := url.PathUnescape(marked)
	if err != nil {
		return text // a text with a NUL of its own, which is not decoded
	}
	return decoded
}
