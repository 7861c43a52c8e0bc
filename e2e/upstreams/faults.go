package upstreams

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
)

// Fault is what a FaultProxy does in place of the upstream's reply. Its zero value closes
// the connection without one.
type Fault struct {
	// Send is written as it is once the request has been read.
	Send string

	// Unread: the request is not even read.
	Unread bool

	// Drip writes one byte of Send at a time, a tenth of a second apart.
	Drip bool

	// Hold keeps the connection open after Send, until another fault is injected.
	Hold bool

	// Reset ends the connection by a reset after Send, in place of a proper end.
	Reset bool

	// Alternate applies the fault to every other request, and passes on those between.
	Alternate bool

	// TLS replaces the proxy's own settings for new connections.
	TLS *tls.Config

	// Refused: connections are refused.
	Refused bool
}

// Raw is a whole reply with this body and its Content-Length.
func Raw(status int, body string, headers ...string) string {
	return head(status, append(headers, fmt.Sprint("Content-Length: ", len(body)))...) + body
}

func head(status int, headers ...string) string {
	text := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n", status, http.StatusText(status))
	for _, line := range headers {
		text += line + "\r\n"
	}
	return text + "\r\n"
}

// Faults are the faults of a connection, by name, of an upstream that would reply with this body.
func Faults(success string) map[string]*Fault {
	half := success[:len(success)/2]
	faults := map[string]*Fault{
		"connections are refused":                     {Refused: true},
		"it accepts and never reads":                  {Unread: true},
		"it reads and never replies":                  {Hold: true},
		"it sends a byte at a time":                   {Send: Raw(200, success), Drip: true},
		"it stops inside the headers":                 {Send: "HTTP/1.1 200 OK\r\nContent-", Hold: true},
		"it stops inside the body":                    {Send: head(200, fmt.Sprint("Content-Length: ", len(success))) + half, Hold: true},
		"it resets before the reply":                  {Reset: true},
		"it resets inside the headers":                {Send: "HTTP/1.1 200 OK\r\nContent-", Reset: true},
		"it resets inside the body":                   {Send: head(200, fmt.Sprint("Content-Length: ", len(success))) + half, Reset: true},
		"it resets after a whole body without an end": {Send: head(200, "Transfer-Encoding: chunked") + chunk(success), Reset: true},
		"it closes before the reply":                  {},
		"it closes early":                             {Send: head(200, fmt.Sprint("Content-Length: ", len(success))) + half},
		"it closes early, without a length":           {Send: head(200, "Connection: close") + half},
		"it closes inside a chunk":                    {Send: head(200, "Transfer-Encoding: chunked") + chunk(success)},
		"it does not speak HTTP":                      {Send: "220 smtp.example ESMTP\r\n"},
		"its reply has no end":                        {Send: head(200, "Connection: close") + success + strings.Repeat(" ", 10<<20)},
		"10 MB of body":                               {Send: Raw(200, strings.TrimSuffix(success, "}")+`,"more":"`+strings.Repeat("x", 10<<20)+`"}`)},
		"a gzip bomb":                                 {Send: Raw(200, bomb(success), "Content-Encoding: gzip")},
		"1 MB of headers":                             {Send: Raw(200, success, "X-More: "+strings.Repeat("x", 1<<20))},
		"a million headers":                           {Send: Raw(200, success, strings.Repeat("A: b\r\n", 1<<17)+"A: b")},
		"HTML with 200":                               {Send: Raw(200, "<!doctype html><title>Sign in</title>")},
		"it changes the protocol":                     {Send: head(101, "Connection: Upgrade", "Upgrade: websocket"), Hold: true},
	}
	for _, status := range []int{204, 205, 206, 226, 404, 405, 410, 418, 451, 499, 500, 501, 502, 503, 504, 599} {
		body := success
		if status == 204 {
			body = ""
		}
		if status >= 300 {
			faults[fmt.Sprint("status ", status)] = &Fault{Send: Raw(status, body)}
			continue
		}
		faults[fmt.Sprint("status ", status, " without a body")] = &Fault{Send: Raw(status, "")}
	}
	return faults
}

// OddBodies are bodies of a 200 that must not count as success, by name, although a lenient reader
// could take them for it. flag is the key that is true on success, whole the rest of the object, from
// its first comma.
func OddBodies(flag, whole string) map[string]string {
	success := `{"` + flag + `":true` + whole
	deep := strings.Repeat("[", 30<<10) + strings.Repeat("]", 30<<10)
	return map[string]string{
		"a key twice":                    `{"` + flag + `":false,"` + flag + `":true` + whole,
		"a key twice, true first":        `{"` + flag + `":true,"` + flag + `":false` + whole,
		"a key twice, in another case":   `{"` + flag + `":true,"` + strings.ToUpper(flag) + `":true` + whole,
		"a key twice, in Unicode's case": `{"` + flag + `":true,"` + strings.Replace(flag, "s", "ſ", 1) + `":true` + whole,
		"the flag in another case":       `{"` + strings.ToUpper(flag) + `":true` + whole,
		"the flag in Unicode's case":     `{"` + strings.Replace(flag, "s", "ſ", 1) + `":true` + whole,
		"a second document":              success + success,
		"text after it":                  success + "x",
		"text before it":                 "x" + success,
		"two byte order marks":           "\ufeff\ufeff" + success,
		"in a list":                      "[" + success + "]",
		"deeply nested":                  strings.TrimSuffix(success, "}") + `,"deep":` + deep + "}",
		"not UTF-8":                      strings.TrimSuffix(success, "}") + ",\"more\":\"\xff\xfe\"}",
		"the flag as a text":             `{"` + flag + `":"true"` + whole,
		"the flag as a number":           `{"` + flag + `":1` + whole,
		"the flag as null":               `{"` + flag + `":null` + whole,
		"the flag in a list":             `{"` + flag + `":[true]` + whole,
		"the flag misspelled":            `{"` + flag + `":True` + whole,
		"no flag":                        `{"x":1` + whole,
		"an empty object":                "{}",
		"an empty body":                  "",
		"only true":                      "true",
		"null":                           "null",
	}
}

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// bomb is small, and 100 MB when decompressed.
func bomb(success string) string {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(strings.TrimSuffix(success, "}") + `,"more":"`))
	zeros := bytes.Repeat([]byte{'0'}, 1<<20)
	for range 100 {
		_, _ = w.Write(zeros)
	}
	_, _ = w.Write([]byte(`"}`))
	_ = w.Close()
	return packed.String()
}
