package scenario

import (
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Guessing: what wrong passwords stop, and what they do not.
var Guessing = []Scenario{
	{Name: "a caller whose password was changed is not kept by wrong guesses of his own", Run: changedPassword},
	{Name: "guesses of strangers do not shut out the owner of an account", Run: ownerAsked},
	{Name: "a refused password that was good before counts as a guess", Run: knownCounts},
	{Name: "spellings that a directory folds are one account for counting", Run: foldedSpellings},
}

func changedPassword(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": basicConfig(up, "revalidate", "1s")})
	old := Request{Route: "r", Headers: []string{basic(student, password)}}
	h.ExpectCached(old)
	up.AddAccount(upstreams.Account{User: student, Password: Marker + "changed", Type: "student"})
	for i := range 5 {
		h.Expect(401, Request{Route: "r", Headers: []string{basic(student, fmt.Sprint("guess", i))}})
	}
	h.Expect(429, Request{Route: "r", Headers: []string{basic(student, "guess")}})
	h.Advance(1100 * time.Millisecond)
	h.Do(old) // the request does not wait for its revalidation
	waitFor(t, "the old password is refused", func() bool { return h.Do(old).Status == 401 })
}

func ownerAsked(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": basicConfig(up, "lifetime", "2s")})
	owner := Request{Route: "r", Headers: []string{basic(student, password)}}
	h.Expect(200, owner)
	for i := range 5 {
		h.Expect(401, Request{Route: "r", Headers: []string{basic(student, fmt.Sprint("guess", i))}, From: stranger})
	}
	h.Expect(429, Request{Route: "r", Headers: []string{basic(student, "guess")}, From: stranger})
	calls := up.Calls()
	h.Advance(2100 * time.Millisecond)
	h.Expect(200, owner)
	expectCount(t, "calls for the owner, whose entry had ended", up.Calls(), calls+1)
	h.Expect(429, Request{Route: "r", Headers: []string{basic(student, "guess again")}, From: stranger})
}

func knownCounts(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": basicConfig(up, "lifetime", "1s")})
	old := Request{Route: "r", Headers: []string{basic(student, password)}}
	h.Expect(200, old)
	for i := range 4 {
		h.Expect(401, Request{Route: "r", Headers: []string{basic(student, fmt.Sprint("guess", i))}})
	}
	up.AddAccount(upstreams.Account{User: student, Password: Marker + "changed", Type: "student"})
	h.Advance(1100 * time.Millisecond)
	h.Expect(401, old)
	calls := up.Calls()
	h.Expect(429, Request{Route: "r", Headers: []string{basic(student, "sixth")}})
	expectCount(t, "calls for a sixth guess", up.Calls(), calls)
}

func foldedSpellings(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": basicConfig(up)})
	h.Expect(200, Request{Route: "r", Headers: []string{basic(student, password)}})
	for account, spellings := range map[string][]string{
		"domains":       {"somchai", "Somchai@dome.tu.ac.th", `TU\SOMCHAI`, "tu/somchai", `TU\somchai@elsewhere`, "SOMCHAI@b"},
		"ends":          {"anong", "anong.", "anong .", "ANONG.@dome", `DOME\anong.`, "\u200Banong\u00A0"},
		"both ways":     {`niran@a\1`, `niran@b\2`, "niran@c/3", `NIRAN＠d\4`, `x@dome\niran`, `niran@e\6`},
		"forms":         {"alice", "ａｌｉｃｅ", "ＡＬＩＣＥ", "ⓐⓛⓘⓒⓔ", "𝒶𝗹𝙞𝚌𝕖", "ᵃˡⁱᶜᵉ＠ｔｕ"},
		"ligatures":     {"officer", "oﬃcer", "oﬀicer", "ofﬁcer", "OFFICER", "ｏﬃｃｅｒ"},
		"accents":       {"rené", "rene\u0301", "RENE\u0301", "rene", "RENÉ", "ｒｅｎé"},
		"hidden":        {"malee", "ma\u00ADlee", "ma\u200Blee", "\uFEFFmalee", "male\u200De", "m\u2060alee"},
		"letters":       {"strauss", "strauß", "STRAUẞ", "ſtrauß", "strauſs", "STRAUSS"},
		"case of three": {"\u03c3igma", "\u03c2igma", "\u03a3igma", "\u03c3IGMA", "\u03a3IGMA", "\u03c2IGMA"},
		"syllables":     {"각", "\u1100\u1161\u11A8", "각@a", "A\\각", "\u1100\u1161\u11A8@b", " 각"},
	} {
		for i, user := range spellings[:5] {
			h.Expect(401, Request{Route: "r", Headers: []string{basic(user, fmt.Sprint("guess", i))}})
		}
		calls := up.Calls()
		h.Expect(429, Request{Route: "r", Headers: []string{basic(spellings[5], "guess")}})
		expectCount(t, account+": calls for a sixth guess", up.Calls(), calls)
	}
	h.Expect(401, Request{Route: "r", Headers: []string{basic("somchai2", "guess")}})
}
