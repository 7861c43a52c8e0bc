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

// statusTable writes an API's rows as a table for people.
func statusTable(api *apis.API) string {
	var b strings.Builder
	b.WriteString("| upstream answers | reason | client gets | message |\n|---|---|---|---|\n")
	for _, row := range api.Rows {
		line := []string{says(api.Name, row), means(row), gets(row), message(row)}
		for i := range line {
			line[i] = strings.ReplaceAll(line[i], "|", "\\|")
		}
		b.WriteString(strings.ReplaceAll("| "+strings.Join(line, " | ")+" |\n", "|  |", "| |"))
	}
	return b.String()
}

// words are how an API writes its flag and its code.
var words = map[string]struct{ flag, code string }{
	"thammasat":  {flag: "status", code: "message"},
	"ippanel":    {flag: "meta.status", code: "meta.message_code"},
	"bts":        {flag: "status", code: "status_code"},
	"webservice": {flag: "IsSuccess", code: "Msg.Code"},
}

// says writes down what a row asks of a response.
func says(api string, row apis.Row) string {
	var parts []string
	if row.HTTP != "" {
		parts = append(parts, strings.ReplaceAll(row.HTTP, " ", ", "))
	}
	name := words[api]
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
	return strings.Join(parts, ", ") + under(row.Variants)
}

// under names the ways to use an API for which alone a row stands.
func under(checks string) string {
	if checks == "" {
		return ""
	}
	var ways []string
	for _, check := range strings.Fields(checks) {
		way := "`" + check + "`"
		if check == "bare" {
			way = "a key alone"
		}
		ways = append(ways, way)
	}
	return " (" + strings.Join(ways, ", ") + ")"
}

func means(row apis.Row) string {
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
	reason := string(row.Reason)
	if reason == "" {
		reason = reasons[row.Status]
	}
	return "`" + reason + "`"
}

func gets(row apis.Row) string {
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
	relayed := "the upstream's"
	if status == http.StatusUnprocessableEntity {
		relayed = "the upstream's, and its `errors`"
	}
	return fmt.Sprintf("%s, else `%s`", relayed, own)
}
