package redis

import "strings"

// Kinds of a Reply.
const (
	Status  = "status"
	Bulk    = "bulk"
	Integer = "integer"
	Array   = "array"
	Absent  = "absent" // there is no such key, or a condition was not met
	Failed  = "failed" // Redis answered with an error; the other commands of a batch may be done
)

// Codes of a Reply that is Failed, of those that a caller may want to know. Any other is
// the first word of Redis's error.
const (
	Moved      = "MOVED"      // the key lies in another node
	Ask        = "ASK"        // the key is on its way to another node
	ReadOnly   = "READONLY"   // the server is a replica
	Full       = "OOM"        // the memory is used up
	Loading    = "LOADING"    // the server is starting
	NoAuth     = "NOAUTH"     // a password is required
	WrongPass  = "WRONGPASS"  // the user or the password is wrong
	NoPerm     = "NOPERM"     // the user may not do this
	WrongType  = "WRONGTYPE"  // the key holds something else
	otherError = "ERR"        // anything that has no code
	noMaster   = "MASTERDOWN" // a replica has lost its master
)

// Reply is the reply to one command.
type Reply struct {
	Kind   string
	Text   string   // of a status or bulk; of a failure what it means, in our own words
	Code   string   // of a failure
	Number int64    // of an integer
	Items  []*Reply // of an array

	target string // of MOVED and ASK: the address to go to
}

// meanings of codes, for an operator to read. No text of the server's is shown: it may
// repeat a command, with its password or its key.
var meanings = map[string]string{
	Moved:         "the key lies in another node",
	Ask:           "the key is on its way to another node",
	ReadOnly:      "the server is a replica, which takes no writes",
	Full:          "its memory is used up",
	Loading:       "it is starting, and loads its data",
	NoAuth:        "it requires a password",
	WrongPass:     "the user name or the password is wrong",
	NoPerm:        "the user lacks a permission",
	WrongType:     "a key holds another type of value",
	noMaster:      "a replica has lost its master",
	"CLUSTERDOWN": "the cluster is down",
	"TRYAGAIN":    "the keys are on their way to another node",
	"BUSY":        "a script is running",
	"MISCONF":     "it cannot write its data to disk",
	"NOREPLICAS":  "too few replicas are connected",
	"DENIED":      "its protected mode refuses connections from elsewhere",
}

// details are errors without a code of their own, found by some words of theirs.
var details = []string{
	"max number of clients reached",
	"unknown command",
	"wrong number of arguments",
	"DB index is out of range",
	"SELECT is not allowed in cluster mode",
	"called without any password configured",
	"syntax error",
}

// failure makes a reply of Redis's error, without the sign before it.
func failure(line string) *Reply {
	code, rest, _ := strings.Cut(line, " ")
	if !isCode(code) {
		code = otherError
	}
	r := &Reply{Kind: Failed, Code: code, Text: code}
	if meaning := meanings[code]; meaning != "" {
		r.Text = code + ": " + meaning
	}
	if code == Moved || code == Ask {
		_, r.target, _ = strings.Cut(rest, " ")
	}
	if code != otherError {
		return r
	}
	for _, detail := range details {
		if strings.Contains(line, detail) {
			r.Text = code + ": " + detail
		}
	}
	return r
}

func isCode(word string) bool {
	if word == "" || len(word) > 24 {
		return false
	}
	for _, c := range word {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}
