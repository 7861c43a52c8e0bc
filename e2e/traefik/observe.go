package traefik

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
)

const (
	// logLimit is how much of the log's end Logs gives: under load a log at
	// DEBUG grows by megabytes a second.
	logLimit = 32 << 20

	// quoteLimit is how much of it an error quotes.
	quoteLimit = 4 << 10

	// replyLimit bounds what is read of the API's replies.
	replyLimit = 32 << 20
)

// Logs is what Traefik and the plugin wrote so far, stdout and stderr in one,
// or the last 32 MiB of it.
func (s *Server) Logs() string { return s.readLog(0, logLimit) }

// LogsFrom is Logs without what lies before that many bytes of the log.
func (s *Server) LogsFrom(from int64) string { return s.readLog(from, logLimit) }

// LogSize is how many bytes Traefik and the plugin wrote so far.
func (s *Server) LogSize() int64 {
	info, err := os.Stat(s.LogFile())
	if err != nil {
		return 0
	}
	return info.Size()
}

func (s *Server) logEnd() string { return s.readLog(0, quoteLimit) }

func (s *Server) readLog(from, limit int64) string {
	file, err := os.Open(s.LogFile())
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()

	if size, err := file.Seek(0, io.SeekEnd); err == nil {
		_, _ = file.Seek(max(from, size-limit), io.SeekStart)
	}
	text, _ := io.ReadAll(io.LimitReader(file, limit))

	return string(text)
}

// Mentions gives those of the words that occur anywhere in the log, however
// long it is. It is how tests look for secrets.
func (s *Server) Mentions(words ...string) ([]string, error) {
	file, err := os.Open(s.LogFile())
	if err != nil {
		return nil, fmt.Errorf("traefik: the log: %w", err)
	}
	defer func() { _ = file.Close() }()

	longest := 0
	for _, word := range words {
		longest = max(longest, len(word))
	}

	found := map[string]bool{}
	overlap := 0
	for window := make([]byte, 1<<20+longest); ; {
		n, err := io.ReadFull(file, window[overlap:])
		text := window[:overlap+n]
		for _, word := range words {
			if bytes.Contains(text, []byte(word)) {
				found[word] = true
			}
		}

		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("traefik: the log: %w", err)
		}

		// A word may lie across two windows.
		overlap = copy(window, text[len(text)-longest:])
	}

	var mentioned []string
	for _, word := range words {
		if found[word] {
			mentioned = append(mentioned, word)
		}
	}

	return mentioned, nil
}

// RawData is the API's account of the running configuration, as JSON.
func (s *Server) RawData() ([]byte, error) { return s.read("/api/rawdata") }

var goroutineTotal = regexp.MustCompile(`^goroutine profile: total (\d+)`)

// Goroutines is how many goroutines Traefik runs; see Options.Profiling.
func (s *Server) Goroutines() (int, error) {
	text, err := s.Stacks()
	if err != nil {
		return 0, err
	}

	total := goroutineTotal.FindSubmatch(text)
	if total == nil {
		return 0, errors.New("traefik: its goroutine profile is not understood")
	}

	return strconv.Atoi(string(total[1]))
}

// Stacks says where Traefik's goroutines are, those at the same place as one;
// see Options.Profiling.
func (s *Server) Stacks() ([]byte, error) { return s.read("/debug/pprof/goroutine?debug=1") }

func (s *Server) read(path string) ([]byte, error) {
	response, err := s.client.Get(s.API + path)
	if err != nil {
		return nil, fmt.Errorf("traefik: its API: %w", err)
	}
	defer func() { _ = response.Body.Close() }()

	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("traefik: its API answers %s to %s", response.Status, path)
	}

	text, err := io.ReadAll(io.LimitReader(response.Body, replyLimit))
	if err != nil {
		return nil, fmt.Errorf("traefik: its API: %w", err)
	}

	return text, nil
}
