package apis

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Meaning is what a documented reply says about the credential.
type Meaning string

// The meanings. The zero meaning is none: such a row cannot let anybody in.
const (
	Valid         Meaning = "good"
	Denied        Meaning = "refused"
	RateLimited   Meaning = "busy"          // 429: not now
	Outage        Meaning = "trouble"       // the upstream's own fault
	Misconfigured Meaning = "wrong setting" // the operator's mistake
)

// Row is one documented reply. An empty condition fits everything.
type Row struct {
	Name     string // the row's name, unique in its table; testdata/ goes by it
	HTTP     string // statuses: "200", "2xx", "5xx 3xx"
	Flag     string // the reply's own yes or no: "true", "false none"
	Code     string // the reply's code; a final * fits what follows, * alone any code
	Variants string // the checks it stands for, of an API that has several
	Meaning  Meaning
	Status   int             // what the client gets; 0: 429 where busy, else operator's choice
	Reason   verifier.Reason // empty: the status's own
	Message  string          // the document's text; empty: the status's own
}

// findRow returns the first row that fits, or nil. (Statuses are told apart without
// a call of ours: most rows are passed over by them.)
func findRow(rows []Row, status int, flag, code, check string) *Row {
	exact := strconv.Itoa(1000 + status)[1:] // three digits: a status of 020 is none of 200
	class := exact[:1] + "xx"
	for i := range rows {
		row := &rows[i]
		if row.HTTP != "" && !strings.Contains(row.HTTP, exact) && !strings.Contains(row.HTTP, class) {
			continue
		}
		if fitsFlag(row.Flag, flag) && fitsCode(row.Code, code) && (row.Variants == "" || containsWord(row.Variants, check)) {
			return row
		}
	}
	return nil
}

func fitsFlag(wanted, flag string) bool {
	if flag == "" {
		flag = "none"
	}
	return wanted == "" || containsWord(wanted, flag)
}

func fitsCode(pattern, code string) bool {
	if pattern == "*" {
		return code != ""
	}
	if strings.HasSuffix(pattern, "*") {
		return strings.HasPrefix(code, strings.TrimSuffix(pattern, "*"))
	}
	return pattern == "" || pattern == code
}

// containsWord tells whether word is one of words, which are apart by one space. (By
// compiled calls alone: each miss asks it a dozen times.)
func containsWord(words, word string) bool {
	return word != "" && !strings.Contains(word, " ") && strings.Contains(" "+words+" ", " "+word+" ")
}

// denial is what a row says to the client, before the reply's own words.
func (row *Row) denial(reply transport.Response) verifier.Denial {
	d := verifier.Denial{
		Reason:     row.Reason,
		Status:     row.Status,
		HTTP:       reply.Status,
		Message:    row.Message,
		RetryAfter: retryAfter(reply.RetryAfter, reply.Received),
	}
	if row.Meaning == RateLimited {
		d.Status = http.StatusTooManyRequests
	}
	if d.Reason == "" {
		d.Reason = reasonOf(d.Status)
	}
	if d.Reason == verifier.Throttled && d.RetryAfter == 0 {
		d.RetryAfter = time.Minute
	}
	if d.Message == "" && d.Status != 0 {
		d.Message = http.StatusText(d.Status) + "."
	}
	return d
}

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

// retryAfter reads the header: seconds or a date (RFC 9110, 10.2.3), clamped
// to 1…3600 s. 0 means that nothing readable was said.
func retryAfter(text string, now time.Time) time.Duration {
	if text == "" {
		return 0
	}
	var wait time.Duration
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		wait = clamp(seconds)
	} else {
		date, err := http.ParseTime(text)
		if err != nil {
			return digitsTooMany(text)
		}
		wait = clamp(int64(date.Sub(now)/time.Second) + 1)
	}
	return wait
}

// digitsTooMany: a number beyond 64 bits is still a number, and a long wait.
func digitsTooMany(text string) time.Duration {
	if strings.Trim(text, "0123456789") == "" {
		return time.Hour
	}
	return 0
}

func clamp(seconds int64) time.Duration {
	if seconds < 1 {
		seconds = 1
	}
	if seconds > 3600 {
		seconds = 3600
	}
	return time.Duration(seconds) * time.Second
}
