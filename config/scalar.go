package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

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
		s.notAllowed(key, value, "true, false")
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
		s.notAllowed(key, value, fmt.Sprintf("a whole number from %d to %d", low, high))
		return fallback
	}
	return n
}

// durationRange is the allowed range of a duration, both ends included, and how
// faults describe it.
type durationRange struct {
	low, high time.Duration
	words     string
}

// duration is one in Go's notation, such as "90s" or "1h30m". A number alone is a
// fault: some programs read it as seconds, and others as nanoseconds.
func (s *section) duration(key string, fallback time.Duration, within durationRange) time.Duration {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	read, err := time.ParseDuration(value)
	if err != nil || read < within.low || read > within.high {
		s.notAllowed(key, value, "a duration with its unit, "+within.words)
		return fallback
	}
	return read
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
	}
	return items
}
