package dialect

import (
	"strings"
)

// Section is a block of keys while it is read, as package config hands it over. Each
// function that reads a key returns its default after a fault too, so that reading goes on
// and finds every other fault.
type Section struct {
	Names []string // of a table: its keys as they were written

	Written func(key string) bool // the key is there, even without a value
	Has     func(key string) bool // the key is there with a value
	Text    func(key string) string
	Word    func(key string) string // a text that may hold the marks of a placeholder, such as an expression
	Secret  func(key string) string // resolved; one line
	Boolean func(key string, fallback bool) bool
	Integer func(key string, fallback, low, high int) int
	Choice  func(key, fallback string, words []string) string
	List    func(key string) []string // nil: absent, or a fault
	Items   func(key string) []string // as List; commas in double quotes belong to an item

	Block func(key string, keys []string) *Section // nil: absent, or a fault
	Empty func() *Section                          // a block in which nothing is written
	Table func(key string) *Section                // its keys are the operator's own
	Rows  func(key string, keys []string, most int) []*Section

	Fault   func(key, text string)
	Suggest func(word string, words []string) string // the end of a fault's text
	Quote   func(value string) string                // as a fault names a value
	Lost    func(key string) bool                    // the key was written without quotes, and a provider lost it
	Count   func() int                               // faults so far
}

// The keys of the block custom and of the blocks in it: what may be written, for the
// faults and for the schema of editors.
var (
	Keys         = []string{"name", "request", "reads", "replies", "quota", "identity", "refusal", "canary"}
	RequestKeys  = []string{"headers", "form", "json", "client"}
	ClientKeys   = []string{"id", "secret", "auth"}
	RowKeys      = []string{"status", "when", "then", "answer", "reason", "code", "message", "text", "retryAfter", "proof"}
	IdentityKeys = []string{"fields", "others", "required", "expiresAt", "expiresIn", "issuedAt", "cacheControl"}
	RefusalKeys  = []string{"message", "errors", "code", "codePattern", "retryAfter", "body", "bodies", "ownBody", "messages", "codes"}
)

// Place is a block and the keys that belong there.
type Place struct {
	Path string // below custom; empty: custom itself
	Keys []string
}

// Places lists all blocks.
func Places() []Place {
	return []Place{
		{Path: "", Keys: Keys},
		{Path: ".request", Keys: RequestKeys},
		{Path: ".request.client", Keys: ClientKeys},
		{Path: ".replies", Keys: RowKeys},
		{Path: ".identity", Keys: IdentityKeys},
		{Path: ".refusal", Keys: RefusalKeys},
	}
}

// notAllowed adds the fault of a value that is not allowed.
func (s *Section) notAllowed(key, value, allowed string) {
	s.Fault(key, s.Quote(value)+" is not allowed; allowed: "+allowed)
}

// defect adds a fault of what a text says, if there is one.
func (s *Section) defect(key, value, fault string) {
	if fault != "" {
		s.Fault(key, s.Quote(value)+": "+fault)
	}
}

// contains tells whether a list has a word.
func contains(words []string, word string) bool {
	for _, one := range words {
		if one == word {
			return true
		}
	}
	return false
}

// consistsOf tells whether a text has 1 to most bytes, all of them among the characters.
func consistsOf(text, characters string, most int) bool {
	return text != "" && len(text) <= most && strings.Trim(text, characters) == ""
}

const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
	letters = lower + upper
)
