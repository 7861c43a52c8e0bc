package custom

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Lifetime is how long a credential counts where nothing else is said: no document says it.
const Lifetime = 5 * time.Minute

// New makes the API of a definition, which is not changed from then on.
func New(d *Definition) *apis.API {
	l := newDialect(d)
	api := &apis.API{
		Name:       d.Name,
		Kinds:      []verifier.Kind{d.Kind},
		Method:     d.Method,
		Lifetime:   Lifetime,
		JWT:        d.CanaryJWT,
		QuotaBy:    d.QuotaBy,
		Definition: d.Fingerprint,
		Parts:      d.Request.Parts,
		Secrets:    d.secrets(),
		Headers:    d.headers(),
		OpenFields: d.Identity.Others != nil,
		StatusOnly: d.StatusOnly,
		Marked:     func(_ transport.Response) bool { return true }, // a row's conditions are the marks
		Identify: func(r transport.Response, c verifier.Credential, _ apis.Settings) (verifier.Decision, string) {
			decision, defect := l.identify(r, c)
			return decision, defect
		},
		CopyMessage: func(r transport.Response, row *apis.Row, denial verifier.Denial) verifier.Denial {
			return l.copyTexts(r, &d.Rows[row.Index], denial)
		},
		FakeCredential: d.fake,
		Hint: func(_ apis.Settings) string {
			return "custom.replies allows a made-up credential: a row with then: allow fits too much, or path answers without a valid credential"
		},
		Documented: l.documented,
		Message:    func(reason verifier.Reason) string { return d.Refusal.Messages[reason] },
		OwnCode:    func(reason verifier.Reason) string { return d.Refusal.Codes[reason] },
		Request:    func(c verifier.Credential, _ apis.Settings) transport.Request { return d.request(c) },
	}
	api.Rows = rowsOf(d)
	api.Find = findIn(l, api.Rows)
	api.Explain = l.explain
	if d.mayBeUnfit() {
		api.Fits = func(c verifier.Credential) bool { return !d.request(c).Unfit }
	}
	if d.Refusal.Body != nil {
		api.Body = l.body
	}
	if d.Kind == verifier.Basic {
		api.RejectsAccount = func(denial verifier.Denial) bool { return denial.Reason == verifier.Invalid }
	}
	return apis.Complete(api)
}

// findIn finds the row that fits a response among those of rowsOf.
func findIn(l *dialect, rows []apis.Row) func(r transport.Response, variant string) (*apis.Row, string) {
	return func(r transport.Response, _ string) (*apis.Row, string) {
		index := l.table.match(r)
		if index < 0 {
			return nil, ""
		}
		row := &l.def.Rows[index]
		found := &rows[index]
		if row.ProofByStatus && (r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden) {
			found = &rows[len(l.def.Rows)+index]
		}
		code := l.codeOf(row, r)
		return found, code
	}
}

// rowsOf are the rows as the table of an API has them: each as it stands, and behind them
// each once more for responses whose status proves a canary.
func rowsOf(d *Definition) []apis.Row {
	rows := make([]apis.Row, 2*len(d.Rows))
	for i := range d.Rows {
		row := &d.Rows[i]
		rows[i] = apis.Row{
			Name: RowName(i), Index: i, Flag: "row " + strconv.Itoa(i), // which no response has
			Meaning: row.Meaning, Status: row.Answer, Reason: row.Reason, Message: row.Message, Unmarked: true, Untold: true,
		}
		if row.Meaning == apis.Misconfigured {
			rows[i].Correct = "$url, $path, or what $custom.request sends"
		}
		proving := rows[i]
		proving.Unknown = "*"
		rows[len(d.Rows)+i] = proving
		if row.Proof {
			rows[i].Unknown = "*"
		}
	}
	return rows
}

// secrets are what no relayed text may show: who the gate is at the upstream.
func (d *Definition) secrets() []string {
	client := d.Request.Client
	if client.Secret == "" {
		return nil
	}
	return []string{client.Secret} // which is found behind the identifier too, also in base64
}

// headers are the identity headers set by default: a header for each field.
func (d *Definition) headers() []apis.HeaderField {
	list := []apis.HeaderField{{Header: "Api", Field: "api"}}
	for _, field := range d.Identity.Fields {
		list = append(list, apis.HeaderField{Header: headerOf(field.Name), Field: field.Name})
	}
	return append(list, apis.HeaderField{Header: "Expires", Field: "expires"})
}

// headerOf is the end of a field's header: user_name is User-Name.
func headerOf(field string) string {
	return strings.ReplaceAll(field, "_", "-")
}

// Explanation says what a definition makes of one response.
type Explanation struct {
	Rows     []RowFit          // up to the one that fits, or all
	Row      int               // that fits; -1: none does
	Meaning  apis.Meaning      // of that row; empty: no answer
	Decision verifier.Decision // what follows
	Problem  string            // why it is no answer; empty: it is one
	Body     string            // of a denial; empty: as RFC 9457 describes it, or none
}

// Explain says which row fits a response, and what client and backend get. It calls
// nobody. The operator's own codes and statuses are the gate's to add.
func Explain(d *Definition, r transport.Response, c verifier.Credential, s apis.Settings) Explanation {
	l := newDialect(d)
	api := New(d)
	decision, err := apis.NewUpstream(api, s, nil).Interpret(r, c)
	e := Explanation{Row: l.table.match(r), Decision: decision}
	if err != nil {
		e.Problem = err.Error()
	}
	if e.Row >= 0 {
		e.Meaning = d.Rows[e.Row].Meaning
	}
	if !decision.Allowed && api.Body != nil {
		e.Body = api.Body(decision.Denial)
	}
	e.Rows = l.table.fits(r)
	return e
}
