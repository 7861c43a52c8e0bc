package gate

import (
	"math/rand"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// What the hit path serves is what ServeHTTP serves, whatever a request has in the places of
// a credential, and whatever requests came before it.
func TestHitAgrees(t *testing.T) {
	places := map[string][]string{ // twice the absent one, so that most requests have few
		"Authorization":   {"-", "-", "", "Bearer valid", "bearer valid1", "Digest x", "Basic dXNlcjp2YWxpZA==", "Key valid-key", "token valid", "valid", "Key", "Bearer denied", "Bearer valid valid"},
		"X-Token":         {"-", "-", "", "valid", "Key valid", "denied", "Key", "x"},
		"Application-Key": {"-", "-", "", "valid-key", "valid-key1", "denied"},
		"Cookie":          {"-", "-", "a=1", "sid=valid", "sid=", "sid=valid2", "sid=denied", "a=1;sid=valid; b=2", "kid=valid-key", "sid"},
		"?":               {"-", "-", "t=valid", "t=", "a=1", "t=denied", "%74=valid2", "k=valid-key", "a=1;t=valid"},
	}
	order := []string{"Authorization", "X-Token", "Application-Key", "Cookie", "?"}
	f := newFixture(t)
	bearer := func(p *Place) *Block {
		b := f.bearer()
		b.Place = p
		return b
	}
	key := func(account bool, p *Place) *Block {
		b := f.key(account)
		b.Place = p
		return b
	}
	account := f.block(verifier.Basic, "thammasat", "/verify")
	account.Upstream.Key = "valid-key"
	for name, blocks := range map[string][]*Block{
		"one header and everything else":    {bearer(&Place{Header: "Authorization", Schemes: []string{"Bearer", "token"}, Bare: true, Cookie: "sid", Query: "t"})},
		"two kinds in other places":         {bearer(&Place{Header: "X-Token", Bare: true, Cookie: "sid"}), key(false, &Place{Header: "Authorization", Schemes: []string{"Key"}, Query: "k", Cookie: "kid"})},
		"a key with an account":             {key(true, &Place{Header: "Application-Key", Bare: true, Query: "k", Cookie: "kid"})},
		"a key with an account after words": {key(true, &Place{Header: "X-Token", Bare: true, Schemes: []string{"Key"}, Cookie: "kid"})},
		"a token beside accounts":           {bearer(&Place{Header: "X-Token", Schemes: []string{"Key"}, Cookie: "sid", Query: "t"}), account},
		"three kinds in Authorization":      {bearer(&Place{Header: "Authorization", Schemes: []string{"token"}}), key(false, &Place{Header: "Authorization", Schemes: []string{"Key"}}), account},
		"where the documents have them":     {f.bearer(), f.key(false)},
	} {
		for _, optional := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				g := f.gate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					f.got = r.Header.Clone()
					f.got["URI"] = []string{r.RequestURI, r.URL.RequestURI()}
				}), func(o *Options) {
					o.Optional, o.NegativeLifetime, o.PerClient = optional, time.Hour, verifier.Rate{Calls: 1e6, Period: time.Minute}
				}, blocks...)
				hit := http.HandlerFunc(g.Handler())
				random := rand.New(rand.NewSource(1))
				for i := 0; i < 1000; i++ {
					sent := http.Header{}
					query := ""
					for _, place := range order {
						value := places[place][random.Intn(len(places[place]))]
						if place == "?" && value != "-" {
							query = "?" + value
						} else if value != "-" {
							sent[place] = []string{value}
						}
					}
					serve := func(h http.Handler) (int, string, http.Header) {
						r := httptest.NewRequest(http.MethodGet, "/"+query, nil)
						r.Header = sent.Clone()
						w := httptest.NewRecorder()
						f.got = nil
						h.ServeHTTP(w, r)
						return w.Code, w.Body.String(), f.got
					}
					code, body, got := serve(http.HandlerFunc(g.ServeHTTP))
					hitCode, hitBody, hitGot := serve(hit)
					if code != hitCode || body != hitBody || !reflect.DeepEqual(got, hitGot) {
						t.Fatalf("%v %s, optional %v: %d %s %v, and on the hit path %d %s %v", sent, query, optional, code, body, got, hitCode, hitBody, hitGot)
					}
				}
			})
		}
	}
}
