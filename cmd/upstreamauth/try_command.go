package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/check"
	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/try"
	"github.com/upstreamauth/upstreamauth/config"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Where try and ask take the credential from: not from arguments, which other users of
// the machine see.
const (
	tokenVariable    = "UPSTREAMAUTH_TOKEN"
	userVariable     = "UPSTREAMAUTH_USER"
	passwordVariable = "UPSTREAMAUTH_PASSWORD"
)

// runTry is upstreamauth try.
func runTry(arguments []string, s streams) int {
	f := newFlags("try", s)
	middleware := f.String("middleware", "", "the `name` of the middleware, where the files have several")
	kind := f.String("kind", "", "bearer, applicationKey or basic, where the middleware has several")
	names, end := f.parse(arguments)
	if end >= 0 {
		return end
	}
	if len(names) < 2 {
		fmt.Fprintln(s.err, "upstreamauth try -middleware NAME [-kind KIND] [-plugin NAME] [-secrets] FILE... REPLY")
		return exitUnreadable
	}
	last := len(names) - 1
	settings, block, end := f.block(names[:last], *middleware, *kind, s)
	if end != exitOK {
		return end
	}
	text, err := readAll(names[last], s)
	var reply *try.Reply
	if err == nil {
		reply, err = try.ParseReply(text)
	}
	if err != nil {
		fmt.Fprintf(s.err, "%s: %v\n", names[last], err)
		return exitUnreadable
	}
	c, _ := credential(block)
	outcome, err := try.Saved(context.Background(), settings, block, c, reply)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitUnreadable
	}
	return tell(s, settings, outcome)
}

// runAsk is upstreamauth ask.
func runAsk(arguments []string, s streams) int {
	f := newFlags("ask", s)
	f.secrets = true
	middleware := f.String("middleware", "", "the `name` of the middleware, where the files have several")
	kind := f.String("kind", "", "bearer, applicationKey or basic, where the middleware has several")
	names, end := f.parse(arguments)
	if end >= 0 {
		return end
	}
	if len(names) == 0 {
		fmt.Fprintln(s.err, "upstreamauth ask -middleware NAME [-kind KIND] [-plugin NAME] FILE...\nThe credential is in "+tokenVariable+", an account in "+userVariable+" and "+passwordVariable+".")
		return exitUnreadable
	}
	settings, block, end := f.block(names, *middleware, *kind, s)
	if end != exitOK {
		return end
	}
	c, given := credential(block)
	if !given {
		fmt.Fprintln(s.err, "no credential: set "+wanted(block))
		return exitUnreadable
	}
	fmt.Fprintln(s.out, "asking "+block.Upstream.Target.Address())
	fake := block.API.FakeCredential(randomBytes(), time.Now(), block.Upstream)
	fake.Kind = block.Upstream.Kind
	canary, err := try.Canary(context.Background(), block, fake)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitFaults
	}
	fmt.Fprintln(s.out, "a made-up credential: "+canary.Text)
	if canary.Allowed {
		fmt.Fprintln(s.err, "it was accepted, so an accepted credential proves nothing: "+block.API.Hint(block.Upstream))
		return exitFaults
	}
	outcome, err := try.Live(context.Background(), settings, block, c)
	if err != nil {
		fmt.Fprintln(s.err, err)
		return exitFaults
	}
	return tell(s, settings, outcome)
}

// block reads the one credential block that is meant.
func (f *flags) block(names []string, middleware, kind string, s streams) (*config.Settings, *gate.Block, int) {
	files, unreadable := load(names, f, s)
	for _, err := range unreadable {
		fmt.Fprintln(s.err, err)
	}
	if len(unreadable) > 0 {
		return nil, nil, exitUnreadable
	}
	found := gates(files, f.alias, middleware)
	if len(found) != 1 {
		text := notThere(middleware, f.alias)
		if len(found) > 1 {
			text = "several middlewares of the plugin are in these files: name one by -middleware"
		}
		fmt.Fprintln(s.err, text)
		return nil, nil, exitUnreadable
	}
	settings, faults, err := check.Settings(found[0].plugin, f.env())
	if err == nil && settings.Issuer != nil {
		err = errors.New("it is in mode: issuer, which asks the API nothing")
	}
	if err == nil && settings.Status != nil {
		err = errors.New("it is in mode: status, which asks no API")
	}
	if err != nil {
		fmt.Fprintln(s.err, err)
		return nil, nil, exitFaults
	}
	for _, fault := range faults {
		fmt.Fprintf(s.err, "%s: %s: %s\n", found[0].file.Name, found[0].middleware.Name, fault.Line())
	}
	if len(faults) > 0 {
		return nil, nil, exitFaults
	}
	blocks := settings.Gate.Blocks
	for _, block := range blocks {
		if string(block.Upstream.Kind) == kind || kind == "" && len(blocks) == 1 {
			return settings, block, exitOK
		}
	}
	fmt.Fprintln(s.err, "which credential is meant? Name its block by -kind")
	return nil, nil, exitUnreadable
}

// credential is that of the environment; where none is, one of the API's own shape.
func credential(b *gate.Block) (c verifier.Credential, given bool) {
	c = b.API.FakeCredential(randomBytes(), time.Now(), b.Upstream)
	token, user, password := os.Getenv(tokenVariable), os.Getenv(userVariable), os.Getenv(passwordVariable)
	c.Kind = b.Upstream.Kind
	given = token != "" || c.Kind == verifier.Basic
	if b.Upstream.Account || c.Kind == verifier.Basic {
		given = given && user != "" && password != ""
	}
	if token != "" && c.Kind != verifier.Basic {
		c.Token = token
	}
	if user != "" && (b.Upstream.Account || c.Kind == verifier.Basic) {
		c.User, c.Password = user, password
	}
	return c, given
}

func wanted(b *gate.Block) string {
	account := userVariable + " and " + passwordVariable
	if b.Upstream.Kind == verifier.Basic {
		return account
	}
	if b.Upstream.Account {
		return tokenVariable + ", " + account
	}
	return tokenVariable
}

func randomBytes() []byte {
	random := make([]byte, 512)
	_, _ = rand.Read(random)
	return random
}

// tell writes what follows of a response.
func tell(s streams, settings *config.Settings, o *try.Outcome) int {
	for _, row := range o.Rows {
		fmt.Fprintln(s.out, "  "+row)
	}
	if o.Row == "" {
		fmt.Fprintln(s.out, "row: none fits, so it is no answer")
	} else {
		fmt.Fprintln(s.out, "row: "+o.Row+": "+o.Means)
	}
	if o.Body != "" {
		fmt.Fprintln(s.out, "body: not read: "+o.Body)
	}
	for _, line := range o.Log {
		fmt.Fprintln(s.out, "log: "+line)
	}
	if o.Passed != nil {
		fmt.Fprintln(s.out, "the client: passes to the backend, with")
		writeHeader(s, o.Passed)
		prefix := http.CanonicalHeaderKey(settings.Gate.Prefix + "Expires")
		if end := o.Passed.Get(prefix); end != "" {
			fmt.Fprintln(s.out, "the entry ends: "+end)
		}
		return exitOK
	}
	fmt.Fprintf(s.out, "the client gets: %d %s\n", o.Client.StatusCode, http.StatusText(o.Client.StatusCode))
	writeHeader(s, o.Client.Header)
	fmt.Fprintln(s.out, "  "+strings.TrimSpace(string(o.Sent)))
	fmt.Fprintln(s.out, "the backend gets: nothing")
	fmt.Fprintln(s.out, "the entry ends: "+remembered(settings, o))
	if o.Row == "" {
		return exitFaults
	}
	return exitOK
}

func writeHeader(s streams, h http.Header) {
	for _, name := range try.Names(h) {
		for _, value := range h[name] {
			fmt.Fprintf(s.out, "  %s: %s\n", name, value)
		}
	}
}

// remembered is how long a denial is.
func remembered(settings *config.Settings, o *try.Outcome) string {
	switch {
	case o.Client.StatusCode == http.StatusTooManyRequests:
		return "after " + o.Client.Header.Get("Retry-After") + " s"
	case o.Client.StatusCode >= http.StatusInternalServerError || o.Row == "" || strings.Contains(o.Means, "no answer"):
		return "it is not remembered: there was no answer"
	case settings.Gate.NegativeLifetime == 0:
		return "it is not remembered (cache.negativeLifetime: 0s)"
	}
	return "after " + settings.Gate.NegativeLifetime.String() + " (cache.negativeLifetime)"
}
