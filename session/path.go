package session

import (
	"path"
	"regexp"
	"strings"
)

// handoffPath tells which paths lead to the hand-off. A token must reach no backend in
// an address, and what one server takes for another page, the next one takes for the
// same.
type handoffPath struct {
	clean   string // as the configuration has it
	folded  string
	last    string // its last part, folded; nearly no other path has it
	literal bool   // it has a semicolon itself
}

// parameters are what parts of a path may have behind a semicolon.
var parameters = regexp.MustCompile(`;[^/]*`)

// ignored is what some file systems ignore at the end of a name.
const ignored = " .\t"

// newHandoffPath makes the judge of a path as the configuration has it.
func newHandoffPath(configured string) *handoffPath {
	folded := foldCase(configured)
	last := folded[strings.LastIndex(folded, "/")+1:]
	return &handoffPath{clean: configured, folded: folded, last: last, literal: strings.Contains(configured, ";")}
}

func foldCase(text string) string {
	return strings.ToLower(strings.ToUpper(text))
}

// mayLead tells, in compiled code, whether a path is worth a comparison.
func (p *handoffPath) mayLead(requested string) bool {
	return strings.Contains(foldCase(requested), p.last)
}

// compare tells whether a path names the hand-off (same), and whether it does but for
// its case (like): to a server that tells cases apart that is another page. It may have
// more slashes than one between its parts, backslashes for them, parts that lead nowhere
// (. and x/..), parameters (;x), and at its end what is ignored there. A reader may end
// it at a zero byte.
func (p *handoffPath) compare(requested string) (same, like bool) {
	text, _, _ := strings.Cut(strings.ReplaceAll(requested, `\`, "/"), "\x00")
	if !p.literal {
		text = parameters.ReplaceAllString(text, "")
	}
	text = path.Clean("/" + text)
	trimmed := path.Clean("/" + strings.TrimRight(text, ignored))
	same = text == p.clean || trimmed == p.clean
	like = same || foldCase(text) == p.folded || foldCase(trimmed) == p.folded
	return same, like
}
