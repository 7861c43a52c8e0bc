package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/delivered"
	"github.com/upstreamauth/upstreamauth/version"
)

// How the program ends.
const (
	exitOK         = 0
	exitFaults     = 1
	exitUnreadable = 2 // also for a wrong use of the program
)

const usage = `upstreamauth checks and tries configurations of the Traefik plugin upstreamauth.

  upstreamauth check FILE...                  what is wrong with these files
  upstreamauth show FILE...                   the settings with all defaults, and what is sent
  upstreamauth try -middleware gate FILE... REPLY   what a saved reply (curl -i) would do
  upstreamauth ask -middleware gate FILE...   ask the API itself, about a credential of the environment
  upstreamauth schema                         JSON Schema of the plugin's block, for editors
  upstreamauth version

FILE is YAML or TOML of Traefik's file provider, a Compose file with labels, or manifests of
Kubernetes; - is standard input. "upstreamauth check -h" lists the options of check.
It ends with 0, with 1 where something is wrong, and with 2 where a file cannot be read.
`

// streams are where the program reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run is the program: it returns how it ends.
func run(arguments []string, s streams) int {
	if len(arguments) == 0 {
		fmt.Fprint(s.err, usage)
		return exitUnreadable
	}
	rest := arguments[1:]
	switch arguments[0] {
	case "check":
		return runCheck(rest, s)
	case "schema":
		return runSchema(rest, s)
	case "show":
		return runShow(rest, s)
	case "try":
		return runTry(rest, s)
	case "ask":
		return runAsk(rest, s)
	case "version", "-version", "--version":
		fmt.Fprintln(s.out, version.Version)
		return exitOK
	case "help", "-h", "-help", "--help":
		fmt.Fprint(s.out, usage)
		return exitOK
	}
	fmt.Fprintf(s.err, "upstreamauth: there is no %q\n\n%s", arguments[0], usage)
	return exitUnreadable
}

// flags are those that several commands have.
type flags struct {
	*flag.FlagSet
	alias   string
	secrets bool
}

func newFlags(name string, s streams) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError)}
	f.SetOutput(s.err)
	f.StringVar(&f.alias, "plugin", "upstreamauth", "the `name` under which the static configuration declares the plugin")
	f.BoolVar(&f.secrets, "secrets", false, "read what env: and file: refer to, and variables in templates and Compose files, here")
	return f
}

// env is the environment, where secrets are to be read; nil else.
func (f *flags) env() func(string) (string, bool) {
	if f.secrets {
		return os.LookupEnv
	}
	return nil
}

// parse parses arguments; options may also stand behind files. It returns the files, and
// how the program ends where that is to be at once (else -1).
func (f *flags) parse(arguments []string) ([]string, int) {
	var files []string
	for {
		err := f.FlagSet.Parse(arguments)
		if errors.Is(err, flag.ErrHelp) {
			return nil, exitOK
		}
		if err != nil {
			return nil, exitUnreadable
		}
		rest := f.Args()
		if len(rest) == 0 {
			return files, -1
		}
		files = append(files, rest[0])
		arguments = rest[1:]
	}
}

// load reads files. What cannot be read is said in the end's words.
func load(names []string, f *flags, s streams) (files []*delivered.File, unreadable []error) {
	for _, name := range names {
		text, err := readAll(name, s)
		if err == nil {
			var file *delivered.File
			file, err = delivered.Read(name, text, delivered.Options{Env: f.env()})
			if err == nil {
				files = append(files, file)
			}
		}
		if err != nil {
			unreadable = append(unreadable, fmt.Errorf("%s: %w", name, err))
		}
	}
	return files, unreadable
}

const maxFile = 16 << 20 // bytes

func readAll(name string, s streams) ([]byte, error) {
	in := s.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			var path *os.PathError
			if errors.As(err, &path) {
				err = path.Err
			}
			return nil, err
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = errors.New("larger than 16 MiB")
	}
	return text, err
}
