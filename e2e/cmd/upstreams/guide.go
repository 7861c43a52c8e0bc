package main

import (
	"bytes"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// guide prints the addresses, the valid credentials, and a command for each API.
func guide(out io.Writer, d *upstreams.Demo) error {
	var text bytes.Buffer
	table(&text, d)
	commands(&text, d)
	fmt.Fprintln(&text, "Ctrl-C ends them.")
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

// commands prints how to log in, or to be checked, by curl.
func commands(out io.Writer, d *upstreams.Demo) {
	const json = "-H 'Content-Type: application/json'"
	s := d.Secrets
	fmt.Fprintf(out, "\n# thammasat: check an account\ncurl %s -H 'Application-Key: %s' -d '{\"UserName\":\"%s\",\"PassWord\":\"%s\"}' %s\n",
		json, s.ApplicationKey, upstreams.DemoStudent, s.Password, d.Thammasat.URL+upstreams.ThammasatPath)
	fmt.Fprintf(out, "\n# ippanel: log in, then confirm the one-time password with the token of the reply\ncurl %s -d '{\"username\":\"%s\",\"password\":\"%s\"}' %s/api/acl/auth/login\n",
		json, upstreams.DemoSMSUser, s.Password, d.IPPanel.URL)
	fmt.Fprintf(out, "curl %s -d '{\"token\":\"TOKEN\",\"otp\":\"%s\"}' %s/api/acl/auth/confirm_otp\n",
		json, s.OTP, d.IPPanel.URL)
	fmt.Fprintf(out, "\n# bts: log in\ncurl %s -d '{\"login\":\"%s\",\"password\":\"%s\"}' %s/auth/login\n",
		json, upstreams.DemoCourier, s.Password, d.BTS.URL)
	fmt.Fprintf(out, "\n# webservice: who am I\ncurl -H 'Authorization: Bearer %s' %s\n\n",
		s.ServiceToken, d.WebService.URL+d.WebService.Path())
}
