package repository

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

var (
	quotedEntry = regexp.MustCompile(`\{"[^\n]*"plugin":"upstreamauth"[^\n]*?"\}`)
	tableRow    = regexp.MustCompile("(?m)^\\| ((?:`[a-z ]+`(?:, )?)+) \\| ([a-z, ]+) \\|")
)

// Each entry of the log that a page quotes is one that the plugin writes, to the byte, and
// the table of the events has it.
func TestQuotedEntries(t *testing.T) {
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	levels := eventsOf(t, filepath.Join(root, "docs", "operations.md"))
	found := 0
	for _, page := range append(pages, filepath.Join(root, "readme.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, quoted := range quotedEntry.FindAllString(string(text), -1) {
			found++
			entry := map[string]any{}
			if err := json.Unmarshal([]byte(quoted), &entry); err != nil {
				t.Errorf("%s: no JSON: %s", filepath.Base(page), quoted)
				continue
			}
			event, _ := entry["event"].(string)
			if !strings.Contains(levels[event], entry["level"].(string)) {
				t.Errorf("%s: the table has %q at %q: %s", filepath.Base(page), event, levels[event], quoted)
			}
			if written := writtenAs(entry); written != quoted+"\n" {
				t.Errorf("%s quotes\n%s\nand the plugin writes\n%s", filepath.Base(page), quoted, written)
			}
		}
	}
	if found < 4 {
		t.Errorf("%d entries are quoted; where are the others?", found)
	}
}

// eventsOf reads the table of the events: the levels of each.
func eventsOf(t *testing.T, page string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| `event` |")
	levels := map[string]string{}
	for _, row := range tableRow.FindAllStringSubmatch(table, -1) {
		for _, name := range strings.Split(row[1], ", ") {
			levels[strings.Trim(name, "`")] = row[2]
		}
	}
	return levels
}

// writtenAs is the line of an entry with these values.
func writtenAs(entry map[string]any) string {
	value := func(key string) string { text, _ := entry[key].(string); return text }
	now, _ := time.Parse(time.RFC3339, value("time"))
	var line bytes.Buffer
	sink := telemetry.NewSink(&line, func() time.Time { return now })
	log := telemetry.NewLog(sink, value("middleware"), telemetry.LevelTrace)
	if value("api") != "" {
		log = log.About(value("api"), value("address"))
	}
	request := telemetry.Request{Client: value("client"), Method: value("method"), Path: value("path"), ID: value("requestId")}
	switch value("event") {
	case "ready":
		return readyAs(entry, now)
	case "refused":
		log.Refused(verifier.Reason(value("reason")), value("credential"), request)
	case "trace":
		log.Traced(value("outcome"), value("detail"), value("took"), value("credential"), request)
	default:
		log.Report(value("level"), value("event"), value("detail"))
	}
	return line.String()
}

// lineWriter hands over each line that is written.
type lineWriter chan string

func (w lineWriter) Write(line []byte) (int, error) {
	w <- string(line)
	return len(line), nil
}

// readyAs loads as many middlewares without faults.
func readyAs(entry map[string]any, now time.Time) string {
	lines, loaded := make(lineWriter, 1), make(chan struct{})
	sink := telemetry.NewSink(lines, func() time.Time { return now })
	sink.AnnounceLoads(func() { <-loaded })
	gates, _ := entry["gates"].(float64)
	for i := range int(gates) {
		sink.Built(telemetry.Built{Context: context.Background(), Name: strings.Repeat("x", i+1), Level: telemetry.LevelInfo})
	}
	close(loaded)
	return <-lines
}
