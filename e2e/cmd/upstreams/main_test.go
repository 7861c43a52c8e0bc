package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/ports"
)

// anywhere lets every API listen on a free port.
var anywhere = []string{
	"-thammasat", "127.0.0.1:0", "-ippanel", "127.0.0.1:0", "-bts", "127.0.0.1:0", "-webservice", "127.0.0.1:0",
	"-backend", "127.0.0.1:0",
}

// running starts the program and returns what it printed, the lines that come then, and
// how to end it.
func running(t *testing.T, args ...string) (printed string, calls <-chan string, end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, slices.Concat(anywhere, args), writer, io.Discard)
		writer.CloseWithError(io.EOF)
		ended <- err
	}()
	text := make([]byte, 64<<10)
	n, err := reader.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 100)
	go func() {
		for scanner := bufio.NewScanner(reader); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	return string(text[:n]), lines, func() error {
		cancel()
		return <-ended
	}
}

func TestRun(t *testing.T) {
	t.Run("prints what it starts, and serves until it is interrupted", func(t *testing.T) {
		address, release, err := ports.Address()
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		printed, calls, end := running(t, "-webservice", address, "-service-token", "my-token", "-application-key", "my-key", "-otp", "12345")
		for _, want := range []string{"thammasat", "ippanel", "bts", "webservice", "my-token", "my-key", "OTP 12345", "curl "} {
			if !strings.Contains(printed, want) {
				t.Errorf("%q is not printed", want)
			}
		}
		url := regexp.MustCompile(`http://\S+/api/user/info`).FindString(printed)
		request, err := http.NewRequest("GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer my-token")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("the printed token got %d", response.StatusCode)
		}
		if line := <-calls; !regexp.MustCompile(`^\d\d:\d\d:\d\d +webservice +GET +/api/user/info +200$`).MatchString(line) {
			t.Errorf("the call's line is %q", line)
		}
		if err := end(); err != nil {
			t.Errorf("it ended with %v", err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			t.Error("it is still serving")
		}
	})

	t.Run("its dynamic configuration is there until it ends, and stays where a file was named", func(t *testing.T) {
		printed, _, end := running(t)
		file := regexp.MustCompile(`filename: (\S+)`).FindStringSubmatch(printed)[1]
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "api: thammasat") {
			t.Errorf("%s: %v", file, err)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Dir(file)); err == nil {
			t.Error("its folder is left")
		}

		named := filepath.Join(t.TempDir(), "dynamic.yml")
		for range 2 { // the second one replaces what the first has left
			printed, _, end := running(t, "-dynamic", named)
			if !strings.Contains(printed, named) {
				t.Errorf("it does not say %s", named)
			}
			if err := end(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(named); err != nil {
				t.Error(err)
			}
		}
	})

	t.Run("a file of another's is not overwritten", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "dynamic.yml")
		if err := os.WriteFile(file, []byte("http: {}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(t.Context(), slices.Concat(anywhere, []string{"-dynamic", file}), io.Discard, io.Discard); err == nil {
			t.Error("it is overwritten")
		}
	})

	t.Run("a wrong flag or argument is an error", func(t *testing.T) {
		for _, args := range [][]string{{"-unknown"}, {"argument"}, {"-password", "short"}, {"-bts", "nowhere"}} {
			var stderr bytes.Buffer
			if err := run(t.Context(), slices.Concat(anywhere, args), io.Discard, &stderr); err == nil {
				t.Errorf("%v is accepted", args)
			}
		}
		if err := run(t.Context(), []string{"-h"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("asked for help, it says %v", err)
		}
	})
}
