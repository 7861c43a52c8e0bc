package dialect

import (
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier/custom"
)

// everyStatus stands for the statuses of a row that names none.
const everyStatus = "2xx 3xx 4xx 5xx"

// unreached adds a fault for each row whose responses all fit an earlier one, or several
// without other conditions.
func unreached(sections []*Section, rows []custom.Row) {
	for i := range rows {
		if i >= len(sections) {
			return
		}
		by := coveredBy(rows, i)
		if by == "" {
			continue
		}
		verb := "row " + by + " fits"
		if strings.Contains(by, " ") {
			verb = "rows " + by + " fit"
		}
		sections[i].Fault("", "never reached: "+verb+" everything that it fits")
	}
}

// coveredBy names the earlier rows that fit everything that a row fits; empty: there is
// something left for it.
func coveredBy(rows []custom.Row, index int) string {
	var by []string
	wanted := rows[index].Statuses
	if wanted == "" {
		wanted = everyStatus
	}
	for _, status := range strings.Fields(wanted) {
		first := -1
		for i := 0; i < index && first < 0; i++ {
			if fitsStatus(rows[i].Statuses, status) && covers(rows[i].When, rows[index].When) {
				first = i
			}
		}
		if first < 0 {
			return ""
		}
		name := strconv.Itoa(first)
		if !contains(by, name) {
			by = append(by, name)
		}
	}
	if len(by) == 1 {
		return by[0]
	}
	last := len(by) - 1
	return strings.Join(by[:last], ", ") + " and " + by[last]
}

// fitsStatus tells whether a row with these statuses fits a status, or a whole class.
func fitsStatus(statuses, status string) bool {
	if statuses == "" {
		return true
	}
	return strings.Contains(statuses, status) || strings.Contains(statuses, status[:1]+"xx")
}

// covers tells whether everything that meets the one conditions meets the others.
func covers(others, ones []custom.Condition) bool {
	for i := range others {
		met := false
		for j := range ones {
			met = met || others[i].Follows(&ones[j])
		}
		if !met {
			return false
		}
	}
	return true
}
