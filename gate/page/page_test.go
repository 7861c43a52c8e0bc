package page

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const ofChrome = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

func request(method string, lines ...string) *http.Request {
	r := httptest.NewRequest(method, "/", nil)
	for i := 0; i+1 < len(lines); i += 2 {
		r.Header.Add(lines[i], lines[i+1])
	}
	return r
}

func TestIsLoad(t *testing.T) {
	form := "application/x-www-form-urlencoded; charset=utf-8"
	for name, c := range map[string]struct {
		r    *http.Request
		want bool
	}{
		"a browser":                      {request("GET", "Accept", ofChrome, "Sec-Fetch-Mode", "navigate"), true},
		"a browser without TLS":          {request("GET", "Accept", ofChrome), true},
		"its HEAD":                       {request("HEAD", "Accept", ofChrome), true},
		"HTML alone":                     {request("GET", "Accept", "text/html"), true},
		"HTML last, with a weight":       {request("GET", "Accept", "a/b, text/html ;q=0.1"), true},
		"the form of a page":             {request("POST", "Accept", ofChrome, "Content-Type", form), true},
		"the form of a page with a file": {request("POST", "Accept", ofChrome, "Content-Type", "multipart/form-data; boundary=x"), true},
		"JSON that is posted":            {request("POST", "Accept", ofChrome, "Content-Type", "application/json"), false},
		"gRPC":                           {request("POST", "Accept", ofChrome, "Content-Type", "application/grpc"), false},
		"other methods":                  {request("PUT", "Accept", ofChrome), false},
		"a program":                      {request("GET"), false},
		"anything":                       {request("GET", "Accept", "*/*"), false},
		"JSON or HTML":                   {request("GET", "Accept", "application/json, text/html"), false},
		"no HTML":                        {request("GET", "Accept", "text/html;q=0"), false},
		"no HTML, in more digits":        {request("GET", "Accept", "a/b,text/html; level=1; q=0.000"), false},
		"little HTML":                    {request("GET", "Accept", "text/html;q=0.001"), true},
		"a longer name":                  {request("GET", "Accept", "text/htmlx, x-text/html"), false},
		"two lines":                      {request("GET", "Accept", "text/html", "Accept", "text/html"), false},
		"a long line":                    {request("GET", "Accept", "text/html,"+strings.Repeat("a", 2000)), false},
		"a script":                       {request("GET", "Accept", ofChrome, "Sec-Fetch-Mode", "cors"), false},
		"a script, in two lines":         {request("GET", "Accept", ofChrome, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Mode", "cors"), false},
		"a script of old":                {request("GET", "Accept", ofChrome, "X-Requested-With", "XMLHttpRequest"), false},
		"a web socket":                   {request("GET", "Accept", ofChrome, "Upgrade", "websocket"), false},
	} {
		if got := IsLoad(c.r); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestFromBrowser(t *testing.T) {
	if !FromBrowser(request("GET", "Sec-Fetch-Mode", "cors")) || !FromBrowser(request("GET", "Accept", ofChrome)) || FromBrowser(request("GET", "Accept", "*/*")) {
		t.Error("a browser is told by Sec-Fetch-Mode, or by a page load")
	}
}

func TestRefusal(t *testing.T) {
	t.Run("the policy has the digest of the style, and lets nothing else in", func(t *testing.T) {
		digest := sha256.Sum256([]byte(style))
		if !strings.Contains(Policy, "'sha256-"+base64.StdEncoding.EncodeToString(digest[:])+"'") || strings.Contains(Policy, "unsafe") || strings.Contains(Policy, "script") {
			t.Error(Policy)
		}
	})

	t.Run("a page has the status and the message, and no more", func(t *testing.T) {
		page := Refusal(403, "Not <b>allowed</b> & \"so\"")
		if !strings.Contains(page, "<title lang=\"en\">403 Forbidden</title>") || !strings.Contains(page, "<h1>403</h1><p>Not &lt;b&gt;allowed&lt;/b&gt; &amp; &#34;so&#34;</p></body></html>") {
			t.Error(page)
		}
		if page := Refusal(499, "x"); !strings.Contains(page, ">499</title>") {
			t.Error(page)
		}
	})

	t.Run("what turns or hides a text is removed, and joiners stay", func(t *testing.T) {
		for text, want := range map[string]string{
			"a\u202eb\u202ac\u2066d\u2069e\u2028f": "abcdef", "a\x00\x1b[31mb\u0085": "a[31mb", "a\nb\tc": "a\nb\tc", "\ufeffa\xffb": "a\ufffdb",
			"می\u200cشود": "می\u200cشود", "a\u200fb": "a\u200fb",
		} {
			if got := Text(text); got != want {
				t.Errorf("%q: %q", text, got)
			}
		}
	})
}

func TestLanguage(t *testing.T) {
	for text, want := range map[string]string{
		"":                   ` lang="en" dir="ltr"`,
		"Token is not valid": ` lang="en" dir="ltr"`,
		"123":                ` lang="en" dir="ltr"`,
		"Ungültiges Token":   ` lang="" dir="ltr"`,
		"รหัสไม่ถูกต้อง":       ` lang="th" dir="ltr"`,
		"توکن نامعتبر است":     ` lang="fa" dir="rtl"`,
		"خطا":                  ` lang="fa" dir="rtl"`,
		"token: نامعتبر است":   ` lang="fa" dir="rtl"`,
		"غير مصرح به إطلاقا":   ` lang="ar" dir="rtl"`,
		"כניסה אסורה":          ` lang="he" dir="rtl"`,
		"the user علی is gone": ` lang="" dir="ltr"`,
	} {
		if got := Language(text); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}
