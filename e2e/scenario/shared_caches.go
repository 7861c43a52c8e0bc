package scenario

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// SharedCaches: a cache between the plugin and an upstream answers by the address that is
// asked, and forgets who asked.
var SharedCaches = []Scenario{
	{Name: "a stored answer of a cache that forgets Authorization allows and denies no other credential", Run: storedAnswers},
	{Name: "a cache that stores nothing of questions that ask for that changes nothing", Run: obedientCaches},
}

// sharedCache is a proxy before an upstream. It stores the last answer to each address.
type sharedCache struct {
	URL    string
	server *httptest.Server
	target string

	mu       sync.Mutex
	obedient bool                   // it neither stores nor answers where a question says no-store
	sign     map[string]string      // with which it hands out what it has stored; nil: it hands out nothing
	stored   map[string]storedReply // by method and path
	hits     int
	silent   int // questions that do not ask for an answer of the upstream's own
}

type storedReply struct {
	status int
	header http.Header
	body   []byte
}

func newSharedCache(target string, obedient bool) *sharedCache {
	c := &sharedCache{target: target, obedient: obedient, stored: map[string]storedReply{}}
	c.server = upstreams.NewHTTPServer(http.HandlerFunc(c.serve))
	c.URL = c.server.URL
	return c
}

func (c *sharedCache) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	reply, sign := c.find(r)
	if sign == nil {
		reply = c.pass(r, body)
	}
	for name, values := range reply.header {
		w.Header()[name] = values
	}
	for name, value := range sign {
		w.Header().Set(name, value)
	}
	w.WriteHeader(reply.status)
	_, _ = w.Write(reply.body) // the plugin may have left
}

// find returns what is stored for a question, and how it is marked; nil: it is passed on.
func (c *sharedCache) find(r *http.Request) (storedReply, map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Pragma") != "no-cache" {
		c.silent++
	} else if c.obedient {
		return storedReply{}, nil
	}
	reply, found := c.stored[r.Method+r.URL.Path]
	if !found || c.sign == nil {
		return storedReply{}, nil
	}
	c.hits++
	return reply, c.sign
}

// pass asks the upstream, and stores its answer.
func (c *sharedCache) pass(r *http.Request, body []byte) storedReply {
	question, err := http.NewRequest(r.Method, c.target+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return storedReply{status: 502}
	}
	question.Header = r.Header.Clone()
	response, err := http.DefaultTransport.RoundTrip(question)
	if err != nil {
		return storedReply{status: 502}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return storedReply{status: 502}
	}
	reply := storedReply{response.StatusCode, http.Header{"Content-Type": response.Header["Content-Type"]}, answer}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.obedient || r.Header.Get("Cache-Control") != "no-store" {
		c.stored[r.Method+r.URL.Path] = reply
	}
	return reply
}

// answer has the cache hand out what it has stored, marked so; nil: no more.
func (c *sharedCache) answer(sign map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sign = sign
}

func (c *sharedCache) counts() (hits, silent int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hits, c.silent
}

func (c *sharedCache) hitsSoFar() int {
	hits, _ := c.counts()
	return hits
}

// cachedAPI is a way to ask an API, with a cache on the way.
type cachedAPI struct {
	marked
	cache *sharedCache
}

func cachedAPIs(clock *upstreams.Clock, obedient bool, more ...any) (all []cachedAPI, routes Routes, done func()) {
	ways, end := markedAPIs(clock, more...)
	routes = Routes{}
	for _, m := range ways {
		for _, kind := range []string{"bearer", "applicationKey", "basic"} {
			block, found := m.config[kind].(map[string]any)
			if !found {
				continue
			}
			cache := newSharedCache(block["url"].(string), obedient)
			m.config[kind] = with(block, "url", cache.URL)
			all = append(all, cachedAPI{m, cache})
		}
		routes[m.route] = m.config
	}
	return all, routes, func() {
		for _, m := range all {
			m.cache.server.Close()
		}
		end()
	}
}

// denied is the status of a credential that the API does not know.
func (m *marked) denied() int {
	if m.route == "key" {
		return 403
	}
	return 401
}

func storedAnswers(t *testing.T, h *Harness) {
	all, routes, done := cachedAPIs(h.Clock(), false, "revalidate", "1s")
	defer done()
	h.Serve(routes)
	for _, m := range all {
		h.Expect(200, Request{Route: m.route, Headers: m.good}) // proven, and remembered from here on
	}
	for i, sign := range []map[string]string{
		{"Age": "3"}, {"Age": "0", "X-Varnish": "32770 3"}, {"Cache-Status": "edge; hit"}, {"X-Cache": "HIT from edge"}, {"Age": "86400", "X-Cache": "MISS"},
	} {
		for _, stored := range []string{"yes", "no"} {
			round := 4 * i
			for _, m := range all {
				if stored == "yes" {
					user, headers := m.valid(round)
					expectOwn(t, h, m, user, headers)
				} else {
					round = 4*i + 2
					h.Expect(m.denied(), Request{Route: m.route, Headers: m.unknown(round)})
				}
				m.cache.answer(sign)
			}
			h.Advance(1100 * time.Millisecond) // the good ones are to be revalidated
			for _, m := range all {
				hits := m.cache.hitsSoFar()
				_, headers := m.valid(round + 1)
				for _, sent := range [][]string{headers, m.unknown(round + 1)} {
					r := h.Expect(500, Request{Route: m.route, Headers: sent})
					if strings.Contains(r.Body, Marker) || len(r.Header["Www-Authenticate"]) > 0 {
						t.Errorf("%s: the client got %v %s", m.route, r.Header, r.Body)
					}
				}
				waitFor(t, m.route+" is revalidated", func() bool { // the last revalidation may not have ended yet
					h.Expect(200, Request{Route: m.route, Headers: m.good})
					return m.cache.hitsSoFar() >= hits+3
				})
				h.Expect(200, Request{Route: m.route, Headers: m.good})
				m.cache.answer(nil)
			}
			h.Advance(1100 * time.Millisecond) // they are not asked about again for a second
			for _, m := range all {
				user, headers := m.valid(round + 1)
				expectOwn(t, h, m, user, headers)
				h.Expect(m.denied(), Request{Route: m.route, Headers: m.unknown(round + 1)})
			}
		}
	}
	for _, m := range all {
		_, silent := m.cache.counts()
		expectCount(t, m.route+": questions that a cache may answer", silent, 0)
	}
}

// expectOwn sends the credential of a user, who is to be let in as nobody else.
func expectOwn(t *testing.T, h *Harness, m cachedAPI, user string, headers []string) {
	t.Helper()
	r := h.Expect(200, Request{Route: m.route, Headers: headers})
	if r.Seen != nil && user != "" && r.Seen.Header.Get("X-Auth-User") != user {
		h.Counters.falseAccepts.Add(1)
		t.Errorf("%s: X-Auth-User %q, want %q", m.route, r.Seen.Header.Get("X-Auth-User"), user)
	}
}

func obedientCaches(t *testing.T, h *Harness) {
	all, routes, done := cachedAPIs(h.Clock(), true)
	defer done()
	h.Serve(routes)
	for _, m := range all {
		m.cache.answer(map[string]string{"Age": "3"})
		h.Expect(200, Request{Route: m.route, Headers: m.good})
		for i := range 3 {
			_, headers := m.valid(i)
			h.Expect(200, Request{Route: m.route, Headers: headers})
			h.Expect(m.denied(), Request{Route: m.route, Headers: m.unknown(i)})
		}
		hits, silent := m.cache.counts()
		expectCount(t, m.route+": stored answers, and questions that a cache may answer", hits+silent, 0)
	}
}
