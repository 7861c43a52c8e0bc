package page

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// The gates are asked this often what they have done: while the page is open, and while
// it is not, so that what happens then has its time, too.
const (
	lookEvery   = 250 * time.Millisecond
	lookUnread  = 4 // times as seldom
	maxStatus   = 1 << 20
	lookTimeout = 5 * time.Second
)

// outcomes are what a gate says of a request, in the order of the list.
var outcomes = []struct{ name, kind, text string }{
	{"miss", "miss", "allowed: the API was asked"},
	{"hit", "hit", "hit: allowed from memory, no call"},
	{"stale", "hit", "hit: allowed from memory, and the API is asked again"},
	{"refused", "refused", "denied: the API was asked"},
	{"refused_remembered", "refused", "denied from memory, no call"},
	{"missing", "refused", "denied: no credential, no call"},
	{"malformed", "refused", "denied: malformed, no call"},
	{"throttled", "refused", "rate-limited"},
	{"unavailable", "unavailable", "no answer: the API could not be asked"},
	{"anonymous", "hit", "allowed without a credential"},
}

// scope is what the status says of one upstream: what the demo shows of it.
type scope struct {
	API      string           `json:"api"`
	Trusted  bool             `json:"trusted"`
	Allowed  entries          `json:"allowed"`
	Denied   entries          `json:"denied"`
	Requests map[string]int64 `json:"requests"`
	Calls    map[string]int64 `json:"calls"`
}

type entries struct {
	Held int64 `json:"held"`
}

// Watch reads the operator's status of the Traefik at an address, and adds to the feed
// what the gates have done since.
func (s *Server) Watch(traefik string) {
	s.watched = make(chan struct{})
	client := &http.Client{Timeout: lookTimeout, Transport: &http.Transport{MaxIdleConns: 1, IdleConnTimeout: time.Minute}}
	go func() {
		defer close(s.watched)
		defer client.CloseIdleConnections()
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		counted := map[string]int64{}
		for n := 0; ; n++ {
			select {
			case <-s.done.Done():
				return
			case <-tick.C:
			}
			if n%lookUnread == 0 || s.feed.isRead() {
				s.look(client, traefik+"/operator/status", counted)
			}
		}
	}()
}

// look asks once. What cannot be read is read the next time.
func (s *Server) look(client *http.Client, address string, counted map[string]int64) {
	request, err := http.NewRequestWithContext(s.done, http.MethodGet, address, nil)
	if err != nil {
		return
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	response, err := client.Do(request)
	if err != nil {
		return
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxStatus))
	if err != nil || response.StatusCode != http.StatusOK {
		return
	}
	status := struct {
		Scopes []scope `json:"scopes"`
	}{}
	if json.Unmarshal(text, &status) != nil {
		return
	}
	s.tell(together(status.Scopes), counted)
}

// tell adds an event for each request that was not counted before.
func (s *Server) tell(scopes []scope, counted map[string]int64) {
	for _, c := range scopes {
		for _, o := range outcomes {
			key := c.API + " " + o.name
			for range min(c.Requests[o.name]-counted[key], kept) {
				s.feed.Add(Event{From: Gate, API: c.API, Kind: o.kind, Text: o.text})
			}
			counted[key] = c.Requests[o.name]
		}
	}
	summary, err := json.Marshal(map[string]any{"scopes": scopes, "backend": s.feed.from(Backend)})
	if err == nil {
		s.feed.summarize(summary)
	}
}

// together adds up the scopes of an API: one for each way of asking it.
func together(scopes []scope) []scope {
	var all []scope
	at := map[string]int{}
	for _, c := range scopes {
		i, known := at[c.API]
		if !known {
			i = len(all)
			at[c.API] = i
			all = append(all, scope{API: c.API, Requests: map[string]int64{}, Calls: map[string]int64{}})
		}
		sum := &all[i]
		sum.Trusted = sum.Trusted || c.Trusted
		sum.Allowed.Held += c.Allowed.Held
		sum.Denied.Held += c.Denied.Held
		for name, n := range c.Requests {
			sum.Requests[name] += n
		}
		for name, n := range c.Calls {
			sum.Calls[name] += n
		}
	}
	return all
}
