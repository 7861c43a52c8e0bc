package status

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// eventForgotten is logged when an operator has something forgotten.
const eventForgotten = "forgotten"

// forget answers a request that something be forgotten: how many answers that were.
func (s *status) forget(r *http.Request) *answer {
	body, fits := readBody(r)
	if !fits {
		return failure(http.StatusRequestEntityTooLarge, "At most 16 KiB.")
	}
	w, fault := parseForget(body)
	if fault != "" {
		return failure(http.StatusBadRequest, fault)
	}
	count := s.sources.Forget(w.by, w.first, w.second)
	s.log.Report(telemetry.LevelInfo, eventForgotten, "by "+w.by+", on the status route: "+strconv.Itoa(count)+" remembered answers")
	return &answer{status: http.StatusOK, kind: jsonType, body: `{"forgotten":` + strconv.Itoa(count) + `}`}
}

// wish is what is to be forgotten.
type wish struct {
	by            string // one of Subjects
	first, second string
}

// parseForget reads a wish. The fault says what is wrong, and quotes nothing but the name of
// a key that is not known: a value may be a credential.
func parseForget(body string) (wish, string) {
	none := wish{}
	top := strictjson.Read([]byte(body))
	if !top.IsKind(strictjson.Object) {
		return none, "The body is one JSON object without repeated keys, such as {\"account\": \"user\"}."
	}
	names := top.Names()
	if len(names) != 1 || top.Len() != 1 {
		return none, "The object has exactly one key: " + strings.Join(Subjects(), ", ") + "."
	}
	by := names[0]
	if !isSubject(by) {
		return none, "Unknown key; did you mean " + strconv.Quote(nearest(by)) + "? Known: " + strings.Join(Subjects(), ", ") + "."
	}
	w := wishOf(by, top.Field(by))
	if w.first == "" || (by == ByBasic && w.second == "") {
		return none, howToWrite(by)
	}
	if len(w.first) > verifier.MaxCredential || len(w.second) > verifier.MaxCredential {
		return none, "The value is longer than any credential."
	}
	return w, ""
}

func isSubject(word string) bool {
	for _, known := range Subjects() {
		if word == known {
			return true
		}
	}
	return false
}

// wishOf is the wish of a key and its value.
func wishOf(by string, value *strictjson.Value) wish {
	if by == ByBasic {
		return basicWish(value)
	}
	text := textOf(value)
	return wish{by: by, first: text}
}

// basicWish is the wish of an account's user name and password.
func basicWish(value *strictjson.Value) wish {
	if !value.IsKind(strictjson.Object) || value.Len() != 2 {
		return wish{by: ByBasic}
	}
	user, password := textOf(value.Field("username")), textOf(value.Field("password"))
	return wish{by: ByBasic, first: user, second: password}
}

// textOf is a text; empty for any other value, and for a text that readers understand
// differently.
func textOf(value *strictjson.Value) string {
	if value == nil || value.Unclear {
		return ""
	}
	return value.TextOf(strictjson.Text)
}

// howToWrite is the fault of a value that is not of its key's kind.
func howToWrite(by string) string {
	if by == ByBasic {
		return `The value of "basic" is {"username": "…", "password": "…"}, both texts and not empty.`
	}
	return "The value of " + strconv.Quote(by) + " is a text, and not empty."
}

// nearest is the subject whose name differs least from a text.
func nearest(text string) string {
	if len(text) > 40 {
		text = text[:40]
	}
	text = strings.ToLower(text)
	best, least := "", 1000
	for _, name := range Subjects() {
		apart := distance(text, strings.ToLower(name))
		if apart < least {
			best, least = name, apart
		}
	}
	return best
}

// distance is how many bytes have to be added, removed or replaced to make one text of
// another.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = least(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

func least(a, b, c int) int {
	if b < a {
		a = b
	}
	if c < a {
		a = c
	}
	return a
}
