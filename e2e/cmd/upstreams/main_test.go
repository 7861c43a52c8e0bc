package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// anywhere lets every API listen on a free port.
var anywhere = []string{
	"-thammasat", "127.0.0.1:0", "-ippanel", "127.0.0.1:0", "-bts", "127.0.0.1:0", "-webservice", "127.0.0.1:0",
}

// running starts the program and returns what it printed and how to end it.
func running(t *testing.T, args ...string) (printed string, end func() error) {
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
	return string(text[:n]), func() error {
		cancel()
		return <-ended
	}
}

func TestRun(t *testing.T) {
	t.Run("prints what it starts, and serves until it is interrupted", func(t *testing.T) {
		printed, end := running(t, "-service-token", "my-token", "-application-key", "my-key", "-otp", "12345")
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
		if err := end(); err != nil {
			t.Errorf("it ended with %v", err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			t.Error("it is still serving")
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
