package apis

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Meaning is what a documented response says about the credential.
type Meaning string

// The meanings. The zero value is none of them: a row without a meaning allows no client.
const (
	Valid         Meaning = "valid"
	Denied        Meaning = "denied"
	RateLimited   Meaning = "rate-limited"
	Outage        Meaning = "outage"        // the upstream has failed
	Misconfigured Meaning = "misconfigured" // the operator's settings are wrong
)

// Row is one documented response. An empty condition matches everything.
type Row struct {
	Name     string // unique in its table; testdata/ and log lines use it
	HTTP     string // statuses: "200", "2xx", "5xx 3xx"
	Flag     string // the response's own flag: "true", "false none"
	Code     string // the response's code; a final * matches any rest, * alone any code
	Variants string // the variants of the call that it belongs to, of an API that has several
	Index    int    // its place among the rows of a definition
	Untold   bool   // of a definition: an empty Message is the gate's to fill, not the status's own
	Meaning  Meaning
	Status   int             // to the client; 0: 429 where rate-limited, else errors.unavailable
	Reason   verifier.Reason // empty: the status's own
	Message  string          // the document's text; empty: the status's own

	// Mentions is found in the code of the responses that it describes; nil: anything.
	Mentions *regexp.Regexp

	// Unknown names the variants of the call in which the response says that the API
	// does not know the credential (everyVariant: all; empty: none). Only such a denial
	// of a fake credential shows that credentials are checked: others are about the
	// call, the address, the hour, or the state of an account.
	Unknown string

	// Unmarked: it counts by its status alone, whoever has sent it.
	Unmarked bool

	// Correct names the key to correct (with a $ for its block), where the operator's settings
	// are wrong. It ends the log line.
	Correct string
}

// everyVariant is the value of Row.Unknown for all variants of a call.
const everyVariant = "*"

// marksNeeded are the statuses with which a gateway or a firewall in front of an API
// denies as well: such a response counts only with the API's own marks.
const marksNeeded = "400 401 403 422"

// findRow returns the first row that matches, or nil. It compares statuses without a
// call of the plugin's functions, since interpreted calls are slow and the status alone
// rules out most rows.
func findRow(rows []Row, status int, flag, code, variant string) *Row {
	exact := strconv.Itoa(1000 + status)[1:] // three digits: a status of 020 is none of 200
	class := exact[:1] + "xx"
	if status > 599 {
		class = "5xx" // as RFC 9110, 15 asks of clients; some rows match by the code alone
	}
	for i := range rows {
		row := &rows[i]
		if row.HTTP != "" && !strings.Contains(row.HTTP, exact) && !strings.Contains(row.HTTP, class) {
			continue
		}
		if matchesFlag(row.Flag, flag) && matchesCode(row.Code, code) && (row.Variants == "" || containsWord(row.Variants, variant)) &&
			(row.Mentions == nil || row.Mentions.MatchString(code)) {
			return row
		}
	}
	return nil
}

// matchesFlag: a response without a flag has the flag "none".
func matchesFlag(wanted, flag string) bool {
	if flag == "" {
		flag = "none"
	}
	return wanted == "" || containsWord(wanted, flag)
}

// matchesCode compares a code with a row's pattern.
func matchesCode(pattern, code string) bool {
	if pattern == "*" {
		return code != ""
	}
	if strings.HasSuffix(pattern, "*") {
		return strings.HasPrefix(code, strings.TrimSuffix(pattern, "*"))
	}
	return pattern == "" || pattern == code
}

// containsWord tells whether word is one of words, which are separated by one space. It
// makes only compiled calls, since each miss calls it a dozen times.
func containsWord(words, word string) bool {
	return word != "" && !strings.Contains(word, " ") && strings.Contains(" "+words+" ", " "+word+" ")
}

// isUnknown tells whether the row says, in that variant of the call, that the API does
// not know the credential.
func (row *Row) isUnknown(variant string) bool {
	return row.Unknown == everyVariant || containsWord(row.Unknown, variant)
}

// denial is what the client gets by a row. The response's own message and errors, where
// they are as documented, replace its texts later (CopyMessage).
func (row *Row) denial(response transport.Response) verifier.Denial {
	d := verifier.Denial{
		Reason:     row.Reason,
		Status:     row.Status,
		HTTP:       response.Status,
		Message:    row.Message,
		RetryAfter: RetryAfter(response.RetryAfter, response.Received),
	}
	if row.Meaning == RateLimited {
		d.Status = http.StatusTooManyRequests
	}
	if d.Status == 0 && row.Meaning == Denied {
		d.Status = response.Status // a definition names another one where that must not be sent
	}
	if d.Reason == "" {
		d.Reason = reasonOf(d.Status)
	}
	if d.Reason == verifier.Unavailable && row.Meaning == Denied {
		d.Reason = verifier.Forbidden // by a status of a definition, such as 402
	}
	if d.Reason == verifier.Throttled && d.RetryAfter == 0 {
		d.RetryAfter = time.Minute
	}
	if d.Message == "" && d.Status != 0 && !row.Untold {
		d.Message = http.StatusText(d.Status) + "."
	}
	return d
}

// reasonOf is the reason of a denial that its row gives none.
func reasonOf(status int) verifier.Reason {
	switch status {
	case http.StatusUnauthorized:
		return verifier.Invalid
	case http.StatusForbidden:
		return verifier.Forbidden
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return verifier.Unprocessable
	case http.StatusTooManyRequests:
		return verifier.Throttled
	}
	return verifier.Unavailable
}

// RetryAfter reads the header Retry-After: seconds or a date (RFC 9110, 10.2.3),
// clamped to 1…3600 s. 0: it holds neither.
func RetryAfter(text string, now time.Time) time.Duration {
	if text == "" {
		return 0
	}
	var wait time.Duration
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		wait = Clamp(seconds)
	} else {
		date, err := http.ParseTime(text)
		if err != nil {
			return overflowWait(text)
		}
		wait = Clamp(int64(date.Sub(now)/time.Second) + 1)
	}
	return wait
}

// overflowWait is the longest wait for a number beyond 64 bits; 0 for other texts.
func overflowWait(text string) time.Duration {
	if strings.Trim(text, "0123456789") == "" {
		return time.Hour
	}
	return 0
}

// Clamp bounds a wait: a client must neither repeat at once, nor stay away for long
// because of one response.
func Clamp(seconds int64) time.Duration {
	if seconds < 1 {
		seconds = 1
	}
	if seconds > 3600 {
		seconds = 3600
	}
	return time.Duration(seconds) * time.Second
}
