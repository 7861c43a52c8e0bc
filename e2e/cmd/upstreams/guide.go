package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/upstreamauth/upstreamauth/e2e/demo"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// guide prints the addresses, the valid credentials, a command for each API, and how
// Traefik is led to them by the file.
func guide(out io.Writer, d *upstreams.Demo, file string) error {
	var text bytes.Buffer
	table(&text, d)
	commands(&text, d)
	routes(&text, file)
	fmt.Fprint(&text, "\nBelow, a line for each call: time, API, method, path, status. Ctrl-C ends them.\n")
	_, err := out.Write(text.Bytes())
	return err
}

// table lists the valid credentials, one a line. BTS gets a token made now, valid for 24 hours.
func table(out io.Writer, d *upstreams.Demo) {
	s := d.Secrets
	rows := []struct{ api, url, kind, value string }{
		{"thammasat", d.Thammasat.URL, "Application-Key", s.ApplicationKey},
		{"", "", "student", upstreams.DemoStudent + ":" + s.Password},
		{"", "", "employee", upstreams.DemoEmployee + ":" + s.Password},
		{"ippanel", d.IPPanel.URL, "login (OTP " + s.OTP + ")", upstreams.DemoSMSUser + ":" + s.Password},
		{"", "", "login (no OTP)", upstreams.DemoDirect + ":" + s.Password},
		{"", "", "API key", s.APIKey},
		{"", "", "token, 10 h", d.IPPanel.IssueToken(upstreams.DemoSMSUser)},
		{"bts", d.BTS.URL, "login", upstreams.DemoCourier + ":" + s.Password},
		{"", "", "token, 24 h", d.BTS.IssueToken(upstreams.DemoCourier)},
		{"webservice", d.WebService.URL, "token, 10 h", s.ServiceToken},
	}
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "API\tURL\tCREDENTIAL\tVALUE")
	for _, r := range rows {
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\n", r.api, r.url, r.kind, r.value)
	}
	_ = columns.Flush() // to memory
}

// commands prints how to log in, or to be checked, by curl. They can be pasted into
// bash, zsh, fish and dash.
func commands(out io.Writer, d *upstreams.Demo) {
	const post = "curl -H 'Content-Type: application/json' "
	s := d.Secrets
	say := func(note string) { fmt.Fprintf(out, "\n%s\n", demo.Say(note)) }
	body := func(text string) string { return "-d " + quote(text) + " " }
	say("thammasat: check an account")
	fmt.Fprintln(out, post+"-H "+quote("Application-Key: "+s.ApplicationKey)+" "+
		body(fields("UserName", upstreams.DemoStudent, "PassWord", s.Password))+d.Thammasat.URL+upstreams.ThammasatPath)
	say("ippanel: log in, then confirm the one-time password with the token of the reply")
	fmt.Fprintln(out, post+body(fields("username", upstreams.DemoSMSUser, "password", s.Password))+d.IPPanel.URL+"/api/acl/auth/login")
	fmt.Fprintln(out, post+body(fields("token", "TOKEN", "otp", s.OTP))+d.IPPanel.URL+"/api/acl/auth/confirm_otp")
	say("bts: log in")
	fmt.Fprintln(out, post+body(fields("login", upstreams.DemoCourier, "password", s.Password))+d.BTS.URL+"/auth/login")
	say("webservice: who am I")
	fmt.Fprintln(out, "curl -H "+quote("Authorization: Bearer "+s.ServiceToken)+" "+d.WebService.URL+d.WebService.Path())
}

// fields is an object of JSON, of names and values.
func fields(pairs ...string) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := json.Marshal(pairs[i]) // a text always can be
		value, _ := json.Marshal(pairs[i+1])
		parts = append(parts, string(name)+":"+string(value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// quote is a word of a shell, whichever one: fish reads a backslash inside single
// quotes, others do not.
func quote(word string) string {
	return "'" + strings.NewReplacer("'", `'\''`, `\`, `'"\\"'`).Replace(word) + "'"
}

// routes prints what a Traefik with the plugin needs, to ask these APIs.
func routes(out io.Writer, file string) {
	fmt.Fprintf(out, "\nTraefik's dynamic configuration for all of this: %s\n", file)
	fmt.Fprint(out, "Name it in the static configuration of a Traefik with the plugin:\n\n")
	fmt.Fprintf(out, "providers:\n  file:\n    filename: %s\n\n", file)
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, route := range [][2]string{
		{"/university", "takes the Application-Key"},
		{"/account", "a student's or employee's account, by Basic"},
		{"/panel", "an ippanel token or API key, as Bearer; its logins pass at /v1/api/acl/auth/"},
		{"/courier", "a bts token, as Bearer; its logins pass at /auth/"},
		{"/service", "the webservice token, as Bearer"},
		{"/both", "the Application-Key, or an ippanel token"},
		{"/site/", "a browser's session, which /site/enter?token=TOKEN begins"},
	} {
		fmt.Fprintf(columns, "%s\t%s\n", route[0], route[1])
	}
	_ = columns.Flush() // to memory
}
