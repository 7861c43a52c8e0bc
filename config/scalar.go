package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// text returns a scalar in the operator's words, trimmed; empty by default.
func (s *section) text(key string) string {
	g := s.values[key]
	if g.shape == "" || g.shape == shapeEmpty {
		return ""
	}
	if g.shape != shapeScalar {
		s.fault(key, "must be "+shapeScalar+", not "+g.shape)
		return ""
	}
	return g.text
}

// boolean knows true, false, 1 and 0, and no other way to say it.
func (s *section) boolean(key string, fallback bool) bool {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	if value == "true" || value == "1" {
		return true
	}
	if value != "false" && value != "0" {
		s.notAllowed(key, value, "true, false")
		return fallback
	}
	return false
}

// integer is a whole number from low to high, in decimal digits.
func (s *section) integer(key string, fallback, low, high int) int {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		s.notAllowed(key, value, fmt.Sprintf("a whole number from %d to %d", low, high))
		return fallback
	}
	return n
}

// durationRange is the range of a duration, both ends included, and the words for it.
type durationRange struct {
	low, high time.Duration
	words     string
}

// duration is one in Go's spelling. A number alone is refused: it has been
// seconds here and nanoseconds there.
func (s *section) duration(key string, fallback time.Duration, within durationRange) time.Duration {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < within.low || d > within.high {
		s.notAllowed(key, value, "a duration with its unit, "+within.words)
		return fallback
	}
	return d
}

// choice is one of a few words, spelled exactly; the nearest is suggested.
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
	s.notAllowed(key, value, strings.Join(words, ", ")+s.r.suggest(value, words))
	return fallback
}

// list is a list of scalars, or one text with commas. It is never empty: an
// empty one, or an empty value in it, is a fault.
func (s *section) list(key string) []string {
	g := s.values[key]
	if g.shape == "" {
		return nil
	}
	var items []string
	switch g.shape {
	case shapeScalar:
		for _, item := range strings.Split(g.text, ",") {
			items = append(items, strings.TrimSpace(item))
		}
	case shapeList:
		for i := 0; i < g.value.Len(); i++ {
			item := inspect(g.value.Index(i))
			if item.shape != shapeScalar && item.shape != shapeEmpty {
				s.fault(key, "each value of the list must be "+shapeScalar+", not "+item.shape)
				return nil
			}
			items = append(items, item.text)
		}
	case shapeEmpty:
	default:
		s.fault(key, "must be "+shapeList+", not "+g.shape)
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
	}
	return items
}
