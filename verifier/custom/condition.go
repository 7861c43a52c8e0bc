package custom

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// The operators of a condition, as they are written.
const (
	opIs       = "is"
	opIsNot    = "is not"
	opIsA      = "is a"
	opStarts   = "starts with"
	opContains = "contains"
	opExists   = "exists"
	opMissing  = "missing"
	opMore     = ">"
	opLess     = "<"
	opAtLeast  = ">="
	opAtMost   = "<="
)

// Operators lists all operators, for messages.
const Operators = "is, is not, is a, starts with, contains, exists, missing, >, <, >=, <="

// Condition is something that has to hold of a response.
type Condition struct {
	text     string // as it was written
	path     Path
	operator string
	values   []literal // any of them
	number   *big.Rat  // of a comparison
}

// literal is a value as a condition writes it.
type literal struct {
	kind string // of JSON
	text string
}

// Written is the condition as it was written.
func (c *Condition) Written() string { return c.text }

// OnBody tells whether a condition is about the response's body.
func (c *Condition) OnBody() bool { return c.path.Header == "" }

// ParseCondition reads "PATH OPERATOR VALUES": words with a blank between. fault says
// what is wrong; it is empty where nothing is.
func ParseCondition(text string) (c Condition, fault string) {
	words, closed := splitWords(text)
	if !closed {
		return c, "a double quote is not closed"
	}
	if len(words) == 0 {
		return c, "empty"
	}
	c.text = strings.Join(words, " ")
	c.path, fault = ParsePath(words[0])
	if fault != "" {
		return c, fault
	}
	operator, rest := operatorOf(words[1:])
	if operator == "" {
		return c, "no operator" + guessOperator(words)
	}
	c.operator = operator
	switch operator {
	case opExists, opMissing:
		if len(rest) > 0 {
			return c, "nothing stands after " + operator
		}
		return c, ""
	case opIsA:
		c.values, fault = parseTypes(rest)
	default:
		c.values, fault = parseValues(rest)
	}
	if fault != "" {
		return c, fault
	}
	return c, c.checkValues()
}

// operatorOf cuts the operator off the words after the path; empty: there is none.
func operatorOf(words []string) (operator string, rest []string) {
	if len(words) == 0 {
		return "", nil
	}
	second := ""
	if len(words) > 1 {
		second = words[1]
	}
	switch words[0] {
	case "is":
		if second == "not" && len(words) > 2 {
			return opIsNot, words[2:]
		}
		if (second == "a" || second == "an") && len(words) > 2 && words[2] != "or" {
			return opIsA, words[2:]
		}
		return opIs, words[1:]
	case "starts":
		if second == "with" {
			return opStarts, words[2:]
		}
		return "", nil
	case opContains, opExists, opMissing, opMore, opLess, opAtLeast, opAtMost:
		return words[0], words[1:]
	}
	return "", nil
}

// guessOperator proposes a condition in place of one that has no operator.
func guessOperator(words []string) string {
	if len(words) == 3 && strings.Trim(words[1], "=!<>~:") == "" {
		operator := opIs
		if strings.HasPrefix(words[1], "!") {
			operator = opIsNot
		}
		return `; did you mean "` + words[0] + " " + operator + " " + words[2] + `"?`
	}
	if len(words) == 1 {
		for _, sign := range []string{"!=", "==", "="} {
			name, value, found := strings.Cut(words[0], sign)
			if found && name != "" && value != "" {
				return guessOperator([]string{name, sign, value})
			}
		}
	}
	return "; allowed: " + Operators
}

// parseValues reads values with "or" between them. In double quotes a value is a text;
// bare, true, false, null and numbers are what JSON takes them for, and all else is text.
func parseValues(words []string) ([]literal, string) {
	var values []literal
	for i, word := range words {
		if i%2 == 1 {
			if word != "or" {
				return nil, strconv.Quote(word) + `: values have "or" between them; a text with a blank stands in double quotes`
			}
			continue
		}
		text, quoted, ok := unquote(word)
		if !ok {
			return nil, "quotes stand around a whole value"
		}
		kind := kindOf(text, quoted)
		lower := strings.ToLower(text)
		if kind == strictjson.Text && !quoted && (kindOf(lower, false) != kind) {
			return nil, text + ` is a text here: true, false and null are JSON's; write one of these, or "` + text + `" in double quotes`
		}
		if kind == strictjson.Null {
			text = "" // as values have it
		}
		values = append(values, literal{kind: kind, text: text})
	}
	if len(words)%2 == 0 {
		return nil, "a value is missing"
	}
	return values, ""
}

// kindOf is the JSON kind of a value as a condition writes it.
func kindOf(text string, quoted bool) string {
	if quoted {
		return strictjson.Text
	}
	switch text {
	case "true", "false":
		return strictjson.Bool
	case "null":
		return strictjson.Null
	}
	if strictjson.IsNumber(text) {
		return strictjson.Number
	}
	return strictjson.Text
}

// parseTypes reads the type names after "is a".
func parseTypes(words []string) ([]literal, string) {
	var values []literal
	kinds := map[string]string{"object": strictjson.Object, "list": strictjson.Array, "text": strictjson.Text, "number": strictjson.Number, "boolean": strictjson.Bool}
	for i, word := range words {
		if i%2 == 1 {
			if word != "or" {
				return nil, `types have "or" between them`
			}
			continue
		}
		kind := kinds[word]
		if kind == "" {
			return nil, strconv.Quote(word) + " is no type; allowed: object, list, text, number, boolean"
		}
		values = append(values, literal{kind: kind})
	}
	if len(words)%2 == 0 {
		return nil, "a type is missing"
	}
	return values, ""
}

// checkValues finds values that the operator can never meet.
func (c *Condition) checkValues() string {
	switch c.operator {
	case opIs, opIsNot:
		for _, v := range c.values {
			if c.path.Header != "" && v.kind != strictjson.Text {
				return "a header is always text; write " + strconv.Quote(v.text)
			}
		}
	case opStarts, opContains:
		for _, v := range c.values {
			if v.text == "" {
				return "an empty text is in every text"
			}
		}
	case opMore, opLess, opAtLeast, opAtMost:
		if len(c.values) != 1 || c.values[0].kind != strictjson.Number {
			return "a number stands after " + c.operator
		}
		if c.path.Header != "" {
			return "a header is always text, and is not compared as a number"
		}
		c.number = decimal(c.values[0].text)
		if c.number == nil {
			return "a number of at most 40 characters stands after " + c.operator
		}
	}
	return ""
}
