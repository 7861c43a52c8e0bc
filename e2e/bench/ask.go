package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// reply is what came, and how long it took to the end of its body.
type reply struct {
	status int
	body   string
	took   time.Duration
}

// replyLimit bounds what is read: a heap profile is the longest.
const replyLimit = 32 << 20

// ask sends one GET with these header lines ("Name: value").
func ask(ctx context.Context, client *http.Client, url string, header ...string) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return reply{}, err
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	begun := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, replyLimit))
	if err != nil {
		return reply{}, err
	}
	return reply{response.StatusCode, string(body), time.Since(begun)}, nil
}

// timed is how long an answer of this status took; another is an error, which
// has no credential in it.
func timed(ctx context.Context, client *http.Client, status int, url string, header ...string) (time.Duration, error) {
	r, err := ask(ctx, client, url, header...)
	if err != nil {
		return 0, err
	}
	if r.status != status {
		return 0, fmt.Errorf("status %d instead of %d", r.status, status)
	}
	return r.took, nil
}
