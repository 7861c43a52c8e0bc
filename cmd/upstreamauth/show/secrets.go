package show

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// written is what was written under a key, in any case; nil: nothing.
func (p *page) written(path ...string) any {
	var value any = p.raw
	for _, key := range path {
		block, _ := value.(map[string]any)
		value = nil
		for name, inner := range block {
			if strings.EqualFold(name, key) {
				value = inner
			}
		}
	}
	return value
}

// secret is a secret as it may be shown: what it refers to, or a mask.
func (p *page) secret(path ...string) string {
	value := p.written(path...)
	text := strings.TrimSpace(fmt.Sprint(value))
	if value == nil || text == "" {
		return "none"
	}
	if refers(text) {
		return text
	}
	return masked
}

// shown is a value that may be a secret: it is shown as what it refers to, or as it is
// where it was written out for a header that names no credential.
func (p *page) shown(path ...string) string {
	text := fmt.Sprint(p.written(path...))
	if isSensitive(path[len(path)-1]) && !refers(text) {
		return masked
	}
	return text
}

// isSensitive tells whether the name of a key or a header is that of a secret.
func isSensitive(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"auth", "key", "token", "secret", "cookie", "password", "proxy"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func refers(text string) bool {
	return strings.HasPrefix(text, "env:UPSTREAMAUTH_") || strings.HasPrefix(text, "file:/")
}

// block writes a block as it was written, with its secrets masked.
func (p *page) block(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range sorted(value) {
			switch inner := value[key].(type) {
			case map[string]any, []any:
				p.open(key)
				p.block(inner)
				p.indent--
			default:
				text := fmt.Sprint(inner)
				if strings.EqualFold(key, "secret") && !refers(text) {
					text = masked
				}
				p.line(key, text)
			}
		}
	case []any:
		for i, item := range value {
			row, _ := item.(map[string]any)
			var parts []string
			for _, key := range sorted(row) {
				parts = append(parts, fmt.Sprintf("%s: %v", key, row[key]))
			}
			if row == nil {
				parts = append(parts, fmt.Sprint(item))
			}
			p.line(strconv.Itoa(i), strings.Join(parts, ", "))
		}
	}
}

func sorted(block map[string]any) []string {
	var keys []string
	for key := range block {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// Mask returns a copy of a block in which references stand for the secrets that are
// written out, so that nothing that is made of it holds one.
func Mask(block map[string]any) map[string]any {
	masked := map[string]any{}
	for key, value := range block {
		masked[key] = maskIn(strings.ToLower(key), value)
	}
	return masked
}

// secretKeys are those of secrets, without their blocks.
var secretKeys = []string{"loginsecret", "password", "secret", "key", "proxy"}

func maskIn(key string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		copied := map[string]any{}
		for name, inner := range value {
			copied[name] = maskIn(strings.ToLower(name), inner)
			if strings.EqualFold(name, "applicationKey") {
				copied[name] = maskIn("secret", inner)
			}
		}
		return copied
	case string:
		for _, secret := range secretKeys {
			if key == secret && value != "" && !refers(value) && value != "environment" {
				return "env:UPSTREAMAUTH_MASKED"
			}
		}
	}
	return value
}
