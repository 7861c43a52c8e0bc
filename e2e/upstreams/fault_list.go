package upstreams

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
)

// Raw is a whole reply with this body, its length announced.
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

// Faults are the faults of a connection, by name, of an upstream whose yes is this body.
func Faults(yes string) map[string]*Fault {
	half := yes[:len(yes)/2]
	faults := map[string]*Fault{
		"nobody listens":                              {Refused: true},
		"it accepts and never reads":                  {Unread: true},
		"it reads and says nothing":                   {Hold: true},
		"it drips":                                    {Send: Raw(200, yes), Drip: true},
		"it stops inside the headers":                 {Send: "HTTP/1.1 200 OK\r\nContent-", Hold: true},
		"it stops inside the body":                    {Send: head(200, fmt.Sprint("Content-Length: ", len(yes))) + half, Hold: true},
		"it resets before the reply":                  {Reset: true},
		"it resets inside the headers":                {Send: "HTTP/1.1 200 OK\r\nContent-", Reset: true},
		"it resets inside the body":                   {Send: head(200, fmt.Sprint("Content-Length: ", len(yes))) + half, Reset: true},
		"it resets after a whole body without an end": {Send: head(200, "Transfer-Encoding: chunked") + chunk(yes), Reset: true},
		"it closes before the reply":                  {},
		"it closes early":                             {Send: head(200, fmt.Sprint("Content-Length: ", len(yes))) + half},
		"it closes early, without a length":           {Send: head(200, "Connection: close") + half},
		"it closes inside a chunk":                    {Send: head(200, "Transfer-Encoding: chunked") + chunk(yes)},
		"it speaks no HTTP":                           {Send: "220 smtp.example ESMTP\r\n"},
		"its reply has no end":                        {Send: head(200, "Connection: close") + yes + strings.Repeat(" ", 10<<20)},
		"10 MB of body":                               {Send: Raw(200, strings.TrimSuffix(yes, "}")+`,"more":"`+strings.Repeat("x", 10<<20)+`"}`)},
		"a gzip bomb":                                 {Send: Raw(200, bomb(yes), "Content-Encoding: gzip")},
		"1 MB of headers":                             {Send: Raw(200, yes, "X-More: "+strings.Repeat("x", 1<<20))},
		"a million headers":                           {Send: Raw(200, yes, strings.Repeat("A: b\r\n", 1<<17)+"A: b")},
		"HTML with 200":                               {Send: Raw(200, "<!doctype html><title>Sign in</title>")},
		"it changes the protocol":                     {Send: head(101, "Connection: Upgrade", "Upgrade: websocket"), Hold: true},
	}
	for _, status := range []int{204, 205, 206, 226, 404, 405, 410, 418, 451, 499, 500, 501, 502, 503, 504, 599} {
		body := yes
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

// OddBodies are bodies of a 200 that are no yes, by name: each is one wherever a reader is too
// friendly. flag is the key of the API's yes, whole the rest of a good object, from its first comma.
func OddBodies(flag, whole string) map[string]string {
	yes := `{"` + flag + `":true` + whole
	deep := strings.Repeat("[", 30<<10) + strings.Repeat("]", 30<<10)
	return map[string]string{
		"a key twice":                    `{"` + flag + `":false,"` + flag + `":true` + whole,
		"a key twice, the yes first":     `{"` + flag + `":true,"` + flag + `":false` + whole,
		"a key twice, in another case":   `{"` + flag + `":true,"` + strings.ToUpper(flag) + `":true` + whole,
		"a key twice, in Unicode's case": `{"` + flag + `":true,"` + strings.Replace(flag, "s", "ſ", 1) + `":true` + whole,
		"the flag in another case":       `{"` + strings.ToUpper(flag) + `":true` + whole,
		"the flag in Unicode's case":     `{"` + strings.Replace(flag, "s", "ſ", 1) + `":true` + whole,
		"a second document":              yes + yes,
		"something behind it":            yes + "x",
		"something before it":            "x" + yes,
		"a byte order mark":              "\ufeff" + yes,
		"in a list":                      "[" + yes + "]",
		"as deep as it goes":             strings.TrimSuffix(yes, "}") + `,"deep":` + deep + "}",
		"not UTF-8":                      strings.TrimSuffix(yes, "}") + ",\"odd\":\"\xff\xfe\"}",
		"the flag as a text":             `{"` + flag + `":"true"` + whole,
		"the flag as a number":           `{"` + flag + `":1` + whole,
		"the flag as null":               `{"` + flag + `":null` + whole,
		"the flag in a list":             `{"` + flag + `":[true]` + whole,
		"the flag spelled oddly":         `{"` + flag + `":True` + whole,
		"no flag":                        `{"x":1` + whole,
		"an empty object":                "{}",
		"an empty body":                  "",
		"just true":                      "true",
		"null":                           "null",
	}
}

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// bomb is small, and 100 MB when it is unpacked.
func bomb(yes string) string {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(strings.TrimSuffix(yes, "}") + `,"more":"`))
	zeros := bytes.Repeat([]byte{'0'}, 1<<20)
	for range 100 {
		_, _ = w.Write(zeros)
	}
	_, _ = w.Write([]byte(`"}`))
	_ = w.Close()
	return packed.String()
}
