package demo

import (
	"fmt"
	"strings"
)

// Say is a note among commands to paste: a command that does nothing. An interactive
// zsh knows no comments behind #, and in no shell may an apostrophe be in the note.
func Say(note string) string { return ": '" + note + "'" }

// Paste is what can be pasted, a line or all of it, into bash, zsh, fish or dash.
func (d *Demo) Paste() string {
	var text strings.Builder
	for _, l := range d.Lines() {
		note := l.Note
		if note != "" {
			note = ", " + note
		}
		fmt.Fprintf(&text, "\n%s\n%s\n", Say(fmt.Sprintf("%s: %d%s", l.Title, l.Status, note)), d.Curl(l))
	}
	if d.dir == "" {
		return text.String() // it would be on another machine
	}
	for _, j := range d.Journeys() {
		title := Say(j.Title + ": " + strings.Join(j.Statuses, ", "))
		fmt.Fprintf(&text, "\n%s\n%s\n", title, strings.Join(j.Commands, "\n"))
	}
	return text.String()
}
