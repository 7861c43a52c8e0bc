package apis_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

var update = flag.Bool("update", false, "write the status tables of docs/apis.md anew")

// page holds a status table of each API, between two marks.
const page = "../../docs/apis.md"

func TestDocuments(t *testing.T) {
	// Where they differ: go test -run Documents ./verifier/apis -update
	t.Run("the status tables are those that the gate reads", func(t *testing.T) {
		written, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		text := string(written)
		for _, api := range apis.All() {
			begin := "<!-- table:" + api.Name + " -->\n"
			before, rest, found := strings.Cut(text, begin)
			shown, after, closed := strings.Cut(rest, "<!-- /table -->")
			if !found || !closed || strings.Contains(rest, begin) {
				t.Fatalf("%s needs one pair of lines %q and %q", page, strings.TrimSpace(begin), "<!-- /table -->")
			}
			table := statusTable(api)
			if shown != table && !*update {
				t.Errorf("%s: the table of %s differs (-update writes it anew); it is to be:\n%s", page, api.Name, table)
			}
			text = before + begin + table + "<!-- /table -->" + after
		}
		if *update && text != string(written) {
			if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// statusTable writes an API's rows as a table in Markdown.
func statusTable(api *apis.API) string {
	var b strings.Builder
	b.WriteString("| upstream answers | reason | client gets | message | proof |\n|---|---|---|---|---|\n")
	for _, row := range api.Rows {
		line := []string{conditions(api.Name, row), reason(row), clientGets(row), message(row), proof(row)}
		for i := range line {
			line[i] = strings.ReplaceAll(line[i], "|", "\\|")
		}
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll("| "+strings.Join(line, " | ")+" |\n", "|  |", "| |"), "|  |", "| |"))
	}
	return b.String()
}

// memberNames are the members of a response that hold an API's flag and its code.
var memberNames = map[string]struct{ flag, code string }{
	"thammasat":  {flag: "status", code: "message"},
	"ippanel":    {flag: "meta.status", code: "meta.message_code"},
	"bts":        {flag: "status", code: "status_code"},
	"webservice": {flag: "IsSuccess", code: "Msg.Code"},
}

// conditions writes what a row requires of a response.
func conditions(api string, row apis.Row) string {
	var parts []string
	if row.HTTP != "" {
		parts = append(parts, strings.ReplaceAll(row.HTTP, " ", ", "))
	}
	name := memberNames[api]
	flag := row.Flag
	optional := strings.TrimSuffix(flag, " none")
	switch {
	case row.Code == "data alone":
		return parts[0] + ", no `" + name.flag + "`, `data` an object or a list"
	case optional != flag:
		parts = append(parts, "`"+name.flag+": "+optional+"` or none")
	case flag != "":
		parts = append(parts, "`"+name.flag+": "+flag+"`")
	}
	code, begins := strings.CutSuffix(row.Code, "*")
	plain, variant, varied := strings.Cut(code, "/")
	switch {
	case row.Mentions != nil:
		parts = append(parts, "`"+name.code+"` about a key, plan or quota")
	case row.Code == "*":
		parts = append(parts, "any other `"+name.code+"`")
	case begins && api == "thammasat":
		parts = append(parts, "`"+name.code+"` begins `"+code+"`")
	case begins:
		parts = append(parts, "`"+name.code+": "+code+"…`")
	case varied && variant == "expired":
		parts = append(parts, "`"+name.code+": "+plain+"`, `منقض` in its text")
	case varied:
		parts = append(parts, "`"+name.code+": "+plain+"`, any other text")
	case code != "":
		parts = append(parts, "`"+name.code+": "+code+"`")
	}
	return strings.Join(parts, ", ") + inVariants(row.Variants)
}

// inVariants names the variants of the call to which alone a row belongs.
func inVariants(variants string) string {
	if variants == "" {
		return ""
	}
	var names []string
	for _, variant := range strings.Fields(variants) {
		name := "`" + variant + "`"
		if variant == "bare" {
			name = "a key alone"
		}
		names = append(names, name)
	}
	return " (" + strings.Join(names, ", ") + ")"
}

func reason(row apis.Row) string {
	switch row.Meaning {
	case apis.Valid:
		return "valid"
	case apis.RateLimited:
		return "`throttled`"
	case apis.Misconfigured:
		return "`unavailable`, logged as `misconfigured`"
	case apis.Outage:
		return "`unavailable`"
	}
	reasons := map[int]string{400: "unprocessable", 401: "invalid", 403: "forbidden", 422: "unprocessable"}
	own := string(row.Reason)
	if own == "" {
		own = reasons[row.Status]
	}
	return "`" + own + "`"
}

func clientGets(row apis.Row) string {
	switch row.Meaning {
	case apis.Valid:
		return "the backend's response"
	case apis.RateLimited:
		return "429"
	case apis.Denied:
		return strconv.Itoa(row.Status)
	}
	return "`errors.unavailable`"
}

// proof tells whether the canary is proven by that response.
func proof(row apis.Row) string {
	if row.Unknown == "" {
		return ""
	}
	return "yes" + inVariants(strings.Trim(row.Unknown, "*"))
}

// message is the upstream's, or the row's where that cannot be copied.
func message(row apis.Row) string {
	status, own := row.Status, row.Message
	switch row.Meaning {
	case apis.Valid:
		return ""
	case apis.RateLimited:
		status = http.StatusTooManyRequests
	case apis.Outage, apis.Misconfigured:
		if own != "" {
			return fmt.Sprintf("`%s`", own)
		}
		return "the gate's own"
	}
	if own == "" {
		own = http.StatusText(status) + "."
	}
	copied := "the upstream's"
	if status == http.StatusUnprocessableEntity {
		copied = "the upstream's, and its `errors`"
	}
	return fmt.Sprintf("%s, else `%s`", copied, own)
}
