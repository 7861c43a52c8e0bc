package config

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What an operator probably meant, for the end of a fault's text. Nothing here is
// taken for what was written: a guess may be wrong, and the route stays closed.

// units are those of durations as people write them, without the s of the plural.
var units = map[string]time.Duration{
	"ms": time.Millisecond, "msec": time.Millisecond, "millisecond": time.Millisecond,
	"s": time.Second, "sec": time.Second, "second": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour,
	"w": 7 * 24 * time.Hour, "wk": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour,
}

// smallerUnits are what a last number without a unit has, after one with this unit: 1h30
// is an hour and thirty minutes.
var smallerUnits = map[time.Duration]time.Duration{
	0: time.Second, time.Minute: time.Second, time.Hour: time.Minute, 24 * time.Hour: time.Hour, 7 * 24 * time.Hour: 24 * time.Hour,
}

const (
	maxMeant = 1e18       // nanoseconds of a duration that is guessed
	maxRate  = 1000000000 // calls per period
)

// durationRange is the allowed range of a duration, both ends included, and how
// faults describe it.
type durationRange struct {
	low, high time.Duration
	words     string
}

func (r durationRange) holds(d time.Duration) bool {
	return d >= r.low && d <= r.high
}

// durationHint is for a text that is no duration of the range: "1d", "1 day", "3600".
func durationHint(text string, within durationRange) string {
	read, alone := meantDuration(text)
	unit := "s"
	if alone && !within.holds(read) {
		read, unit = read/1000, "ms"
	}
	short := shortDuration(read)
	if read == 0 || !within.holds(read) {
		return ""
	}
	if alone && short != text+unit {
		return "; write " + text + unit + " or " + short
	}
	return "; write " + short
}

// meantDuration reads a duration as people write it, and ISO 8601's: "10 hours", "1h30",
// "PT1H"; 0: it does not understand the text. A number alone counts as seconds.
func meantDuration(text string) (read time.Duration, alone bool) {
	rest := strings.ToLower(text)
	if strings.HasPrefix(rest, "p") {
		date, clock, _ := strings.Cut(rest[1:], "t")
		if strings.Contains(date, "m") {
			return 0, false // a month
		}
		rest = date + clock
	}
	total := 0.0
	size := time.Duration(0)
	for rest != "" {
		number, unit, after := cutAmount(rest)
		value, err := strconv.ParseFloat(strings.Replace(number, ",", ".", 1), 64)
		if err != nil {
			return 0, false
		}
		if unit == "" && after == "" {
			alone = size == 0
			size = smallerUnits[size]
		} else {
			size = units[unit]
		}
		total += value * float64(size)
		if size == 0 || total > maxMeant {
			return 0, false
		}
		rest = after
	}
	read = time.Duration(total)
	return read, alone
}

// cutAmount cuts a number and its unit off a text in lower case, and returns the rest too.
func cutAmount(text string) (string, string, string) {
	end := 0
	for end < len(text) && strings.Contains("0123456789.,", text[end:end+1]) {
		end++
	}
	number := text[:end]
	text = strings.TrimSpace(text[end:])
	end = 0
	for end < len(text) && text[end] >= 'a' && text[end] <= 'z' {
		end++
	}
	unit := text[:end]
	if len(unit) > 1 && unit != "ms" {
		unit = strings.TrimSuffix(unit, "s")
	}
	rest := strings.TrimSpace(text[end:])
	return number, unit, rest
}

// shortDuration is a duration as a person writes it: 24h, and not 24h0m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// rateHint is for a text that is no rate: "1000/h", "20 per minute", "1000/1d".
func rateHint(text string, periods durationRange) string {
	lower := strings.Replace(strings.ToLower(text), "per", "/", 1)
	for _, unit := range []string{"s", "m", "h"} {
		if strings.HasSuffix(lower, "rp"+unit) {
			lower = strings.TrimSuffix(lower, "rp"+unit) + "/1" + unit
		}
	}
	before, after, slash := strings.Cut(lower, "/")
	before = strings.TrimSpace(before)
	for _, word := range []string{"requests", "request", "reqs", "req", "calls", "call", "r"} {
		before = strings.TrimSpace(strings.TrimSuffix(before, word))
	}
	calls := meantNumber(before)
	if calls < 1 || calls > maxRate {
		return ""
	}
	if !slash {
		return "; write the period too, as in " + strconv.Itoa(calls) + "/1h"
	}
	after = strings.TrimSpace(after)
	if after != "" && after[0] >= 'a' && after[0] <= 'z' {
		after = "1" + after
	}
	period, _ := meantDuration(after)
	if !periods.holds(period) {
		return ""
	}
	return "; write " + strconv.Itoa(calls) + "/" + shortDuration(period)
}

// numberHint is for a text that is no whole number of the range: "10k", "10_000", and
// "Payment Required" where a status is due.
func numberHint(text string, low, high int) string {
	meant := meantNumber(text)
	if low >= 400 && meant < 0 {
		meant = meantStatus(text)
	}
	if meant < low || meant > high {
		return ""
	}
	return "; write " + strconv.Itoa(meant)
}

// meantNumber reads a whole number as people write it; -1 if there is none.
func meantNumber(text string) int {
	lower := strings.ToLower(text)
	factor := 1.0
	if strings.HasSuffix(lower, "k") {
		factor = 1000
	}
	if strings.HasSuffix(lower, "m") {
		factor = 1000000
	}
	lower = strings.TrimSpace(strings.TrimRight(lower, "km"))
	for _, separator := range []string{"_", ",", " ", "'"} {
		groups := strings.Split(lower, separator)
		grouped := true
		for _, group := range groups[1:] {
			grouped = grouped && len(group) == 3
		}
		if grouped {
			lower = strings.Join(groups, "")
		}
	}
	read, err := strconv.ParseFloat(lower, 64)
	read *= factor
	if err != nil || lower[0] < '0' || lower[0] > '9' || read > maxRate || read != float64(int(read)) {
		return -1
	}
	return int(read)
}

// meantStatus reads a status that is written with its name, or as its name alone; -1 if
// there is none.
func meantStatus(text string) int {
	first, _, _ := strings.Cut(text, " ")
	code, err := strconv.Atoi(first)
	if err == nil {
		return code
	}
	for code = 400; code < 600; code++ {
		name := http.StatusText(code)
		if name != "" && strings.EqualFold(name, text) {
			return code
		}
	}
	return -1
}

// booleanHint is for a text that is no boolean.
func booleanHint(text string) string {
	lower := strings.ToLower(text)
	if match(lower, []string{"true", "yes", "y", "on", "t", "enabled"}) != "" {
		return "; write true"
	}
	if match(lower, []string{"false", "no", "n", "off", "f", "disabled"}) != "" {
		return "; write false"
	}
	return ""
}

// match returns the word of the list that equals name without regard to case;
// empty if there is none.
func match(name string, words []string) string {
	lower := strings.ToLower(name)
	for _, word := range words {
		if strings.ToLower(word) == lower {
			return word
		}
	}
	return ""
}

func contains(words []string, word string) bool {
	for _, candidate := range words {
		if candidate == word {
			return true
		}
	}
	return false
}
