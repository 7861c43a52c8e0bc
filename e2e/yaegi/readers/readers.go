// Package readers calls the plugin's pure functions with an input, and
// writes the answer down: the same program compiled and interpreted, so that
// the two answers can be compared.
package readers

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/jwt"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Header reads a credential from header lines. flags are what the route takes.
func Header(one, two, key string, flags int) string {
	h := http.Header{"Authorization": {one, two}, "Application-Key": {key}}
	a := credential.Accepts{
		Bearer:    flags&1 != 0,
		BareToken: flags&2 != 0,
		Key:       flags&4 != 0,
		Account:   flags&8 != 0,
		Basic:     flags&16 != 0,
	}
	c, d := credential.FromHeader(h, a)
	foreign := a.IsOtherScheme(one)
	return fmt.Sprintf("%q %q %q %q %q %v", string(c.Kind), c.Token, c.User, c.Password, string(d.Reason), foreign)
}

type accepting struct{ asked int }

func (a *accepting) Verify(_ context.Context, _ verifier.Credential) (verifier.Decision, error) {
	a.asked++
	return verifier.Decision{Allowed: true}, nil
}

// Token reads a JWT's claims: the identity and the instants.
func Token(claims string) string {
	encoding := base64.RawURLEncoding
	c := verifier.Credential{Kind: verifier.Bearer, Token: "e30." + encoding.EncodeToString([]byte(claims)) + ".c2ln"}
	text := ""
	for _, api := range apis.All() {
		if !api.JWT {
			continue
		}
		found, flaw := api.Identify(transport.Response{}, c, apis.Settings{Kind: verifier.Bearer})
		text += flaw
		for _, field := range found.Identity {
			text += fmt.Sprintf("%q=%q ", field.Name, field.Value)
		}
		asked := &accepting{}
		expiry := jwt.NewExpiry(asked, api.JWT, now)
		d, err := expiry.Verify(context.Background(), c)
		text += fmt.Sprintf("%v %v %d %d %q %d", d.Allowed, err, d.Issued.Unix(), d.Expires.Unix(), string(d.Denial.Reason), asked.asked)
	}
	return text
}

func now() time.Time { return time.Unix(1_900_000_000, 0) }

// Refusal writes an API's body of a denial, and what else it says of it.
func Refusal(api, status int, reason, code, message string) string {
	d := verifier.Denial{Reason: verifier.Reason(reason), Status: status, Code: code, Message: message}
	a := apis.All()[api]
	d.Errors = `{"field":["wrong"]}`
	with := a.Body(d)
	d.Errors = ""
	without := a.Body(d)
	said := a.Message(d.Reason)
	documented := a.Documented(code)
	return strings.Join([]string{a.Name, with, without, said, fmt.Sprint(documented)}, "\n")
}

// Reply reads a reply of two members, as each API would.
func Reply(api int, flag, code, message string, status int) string {
	a := apis.All()[api]
	inner := map[string]interface{}{
		"status": flag == "true", "message_code": code, "message": message, "Code": json.Number(code), "Msg": message,
	}
	body := strictjson.NewObject(map[string]interface{}{
		"meta": inner, "Msg": inner, "status": flag == "true", "IsSuccess": flag == "true",
		"status_code": json.Number(code), "message": message, "data": inner, "Data": inner, "username": message,
	})
	r := transport.Response{Status: status, Body: body}
	gotFlag, gotCode := a.Classify(r)
	d := a.CopyMessage(r, &apis.Row{}, verifier.Denial{Status: status, Code: gotCode})
	found, flaw := a.Identify(r, verifier.Credential{Kind: verifier.Basic, User: message}, apis.Settings{Kind: a.Kinds[0]})
	return fmt.Sprintf("%q %q %q %d %q %v", gotFlag, gotCode, d.Message, d.RetryAfter, flaw, found.Identity)
}
