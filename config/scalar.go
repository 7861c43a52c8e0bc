package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

const (
	maxName = 64 // bytes of a cookie's or a parameter's name

	allowedName = `1 to 64 letters, digits, "-", "_" and "."`
	allowedRate = "calls per period, such as 1000/1h: from 1 to 1000000000 calls, a slash, and a duration with its unit, 1s to 720h"
)

// periodRange is that of a rate's period.
var periodRange = durationRange{low: time.Second, high: 720 * time.Hour}

// text returns what a scalar says, trimmed; empty by default.
func (s *section) text(key string) string {
	raw := s.values[key]
	if raw.shape == "" || raw.shape == shapeEmpty {
		return ""
	}
	if raw.shape != shapeScalar {
		s.fault(key, "must be "+shapeScalar+", not "+raw.shape)
		return ""
	}
	return raw.text
}

// isPlaceholder adds a fault for a text that holds a placeholder which nothing has
// replaced, and says whether it did. It is not for secrets: of the marks it knows those
// alone that no other text has.
func (s *section) isPlaceholder(key, value string) bool {
	_, found := placeholder(value)
	found = found && (strings.Contains(value, "${") || strings.Contains(value, "$(") || strings.Contains(value, "{{"))
	if found {
		s.fault(key, unreplaced+"; write the value itself: env: and file: are read for secrets alone")
	}
	return found
}

// boolean takes true, false, 1 and 0. Other words (yes, on, TRUE) mean different
// things to different readers of YAML, so they are faults.
func (s *section) boolean(key string, fallback bool) bool {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	if value == "true" || value == "1" {
		return true
	}
	if value != "false" && value != "0" {
		s.notAllowed(key, value, "true, false"+booleanHint(value))
		return fallback
	}
	return false
}

// integer is a whole number from low to high, both included, in decimal digits.
func (s *section) integer(key string, fallback, low, high int) int {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		s.notAllowed(key, value, fmt.Sprintf("a whole number from %d to %d", low, high)+numberHint(value, low, high))
		return fallback
	}
	return n
}

// duration is one in Go's notation, such as "90s" or "1h30m". A number alone is a
// fault: some programs read it as seconds, and others as nanoseconds.
func (s *section) duration(key string, fallback time.Duration, within durationRange) time.Duration {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	read, err := time.ParseDuration(value)
	if err != nil || !within.holds(read) {
		s.notAllowed(key, value, "a duration with its unit, "+within.words+durationHint(value, within))
		return fallback
	}
	return read
}

// rate is a number of calls and a period, with a slash and no blanks between them.
func (s *section) rate(key string, fallback verifier.Rate) verifier.Rate {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	before, after, slash := strings.Cut(value, "/")
	calls, notNumber := strconv.ParseUint(before, 10, 31)
	period, notDuration := time.ParseDuration(after)
	if !slash || notNumber != nil || notDuration != nil || calls < 1 || calls > maxRate || !periodRange.holds(period) {
		s.notAllowed(key, value, allowedRate+rateHint(value, periodRange))
		return fallback
	}
	return verifier.Rate{Calls: int(calls), Period: period}
}

// choice is one of a few words. Its case counts, as it does in every value.
func (s *section) choice(key, fallback string, words []string) string {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	for _, word := range words {
		if word == value {
			return value
		}
	}
	s.notAllowed(key, value, strings.Join(words, ", ")+s.reader.suggest(value, words))
	return fallback
}

// name reads a name that needs no escaping, in a cookie as little as in a query.
func (s *section) name(key, fallback string) string {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	plain := len(value) <= maxName
	for i := 0; i < len(value); i++ {
		plain = plain && (isAlphanumeric(value[i]) || strings.Contains("-_.", value[i:i+1]))
	}
	if !plain {
		s.notAllowed(key, value, allowedName)
		return fallback
	}
	return value
}

// list is a list of scalars, or one text with commas, which is how labels write
// one. It returns nil only if the key is absent, or after a fault: an empty list, or
// an empty value in one, is a fault, because a requirement without values could
// mean that nothing or that everything is allowed.
func (s *section) list(key string) []string {
	raw := s.values[key]
	if raw.shape == "" {
		return nil
	}
	var items []string
	switch raw.shape {
	case shapeScalar:
		for _, item := range strings.Split(raw.text, ",") {
			items = append(items, strings.TrimSpace(item))
		}
	case shapeList:
		for i := 0; i < raw.value.Len(); i++ {
			item := inspect(raw.value.Index(i))
			if item.shape != shapeScalar && item.shape != shapeEmpty {
				s.fault(key, "each value of the list must be "+shapeScalar+", not "+item.shape)
				return nil
			}
			items = append(items, item.text)
		}
	case shapeEmpty:
	default:
		s.fault(key, "must be "+shapeList+", not "+raw.shape)
		return nil
	}
	if len(items) == 0 {
		s.fault(key, "an empty list; write at least one value, or leave it out")
		return nil
	}
	for _, item := range items {
		if item == "" {
			s.fault(key, "an empty value in the list; write at least one character, or leave it out")
			return nil
		}
		if s.isPlaceholder(key, item) {
			return nil
		}
	}
	return items
}

// items is list for values that may hold commas in double quotes.
func (s *section) items(key string) []string {
	raw := s.values[key]
	if raw.shape != shapeScalar || !strings.Contains(raw.text, `"`) {
		return s.list(key)
	}
	var items []string
	quoted, begin := false, 0
	for i := 0; i < len(raw.text); i++ {
		switch raw.text[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case ',':
			if !quoted {
				items = append(items, strings.TrimSpace(raw.text[begin:i]))
				begin = i + 1
			}
		}
	}
	items = append(items, strings.TrimSpace(raw.text[begin:]))
	for _, item := range items {
		if item == "" {
			s.fault(key, "an empty value in the list; write at least one character, or leave it out")
			return nil
		}
	}
	return items
}
