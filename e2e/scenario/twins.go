package scenario

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TwinRow counts the cases of one file of testdata/<api>/ that were run through the API's
// twin: the same API as api: custom says it.
type TwinRow struct {
	API, File   string
	Replies     int // cases with a response of the upstream, and their alternates
	Others      int // that need none
	Excepted    int // that testdata/twins/ lists
	Differences int // of all others
}

// Twins runs every case of testdata/<api>/ through the API's twin. Status, body, wait,
// headers and calls have to be the same, but for what testdata/twins/ lists; and even there
// a twin never lets a request through that the built-in API denies. Of the cases, one in
// every so many is run: 1 is all of them.
func Twins(t *testing.T, open Opener, every int) []TwinRow {
	backend := NewBackend(nil)
	defer backend.Close()
	level, err := open(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer level.Close()
	r := newTableRunner(level, backend)
	defer r.close()
	twins := map[string]*twinFile{}
	for _, api := range builtIn {
		twins[api] = loadTwin(t, api)
	}
	var rows []TwinRow
	for _, api := range builtIn {
		t.Run(api, func(t *testing.T) {
			rows = append(rows, r.runTwins(t, api, twins, every)...)
		})
	}
	t.Run("no output holds a credential or an identity", func(t *testing.T) {
		r.searchLogs(t)
	})
	return rows
}

// runTwins runs the cases of one API through the twins.
func (r *tableRunner) runTwins(t *testing.T, api string, twins map[string]*twinFile, every int) []TwinRow {
	cases, err := loadTables(api)
	if err != nil {
		t.Fatal(err)
	}
	cases = oneIn(every, cases)
	rows := map[string]*TwinRow{}
	for from := 0; from < len(cases); from += maxTwins {
		r.runBatch(t, api, from, cases[from:min(from+maxTwins, len(cases))], rows, twins)
	}
	for _, e := range twins[api].Exceptions {
		if every == 1 && e.used == 0 {
			t.Errorf("no difference any more in %s: %s; the exception can go", e.File, e.Name)
		}
	}
	list := make([]TwinRow, 0, len(rows))
	for _, file := range slices.Sorted(maps.Keys(rows)) {
		list = append(list, *rows[file])
	}
	return list
}

// oneIn keeps one case in every so many.
func oneIn(every int, cases []tableCase) []tableCase {
	var kept []tableCase
	for i := 0; i < len(cases); i += every {
		kept = append(kept, cases[i])
	}
	return kept
}

// maxTwins is how many routes are served at once: each has a whole description in it, which
// a Traefik writes into its log, and reads anew.
const maxTwins = 60

// runBatch serves some cases, the first of which has the number from, and runs them one by one.
func (r *tableRunner) runBatch(t *testing.T, api string, from int, cases []tableCase, rows map[string]*TwinRow, twins map[string]*twinFile) {
	routes := Routes{}
	served := make([]servedCase, 0, len(cases))
	for n, c := range cases {
		s := r.prepare(c)
		s.route = routeName(from+n, c.file+" "+c.name)
		s.isolate()
		for kind, value := range s.config {
			if block, isBlock := value.(map[string]any); isBlock && block["api"] != nil {
				s.config[kind] = twinOf(kind, block, twins)
			}
		}
		s.client, s.backend, s.cooled = renamed(s.client), renamedHeaders(s.backend), renamedLimit(s.cooled)
		routes[s.route] = s.config
		served = append(served, s)
	}
	text, err := json.Marshal(routes)
	if err != nil {
		t.Fatal(err)
	}
	r.configured.Write(text)
	NewHarness(t, r.level, r.backend).Serve(routes)
	for _, s := range served {
		row := rows[s.file]
		if row == nil {
			row = &TwinRow{API: api, File: s.file}
			rows[s.file] = row
		}
		t.Run(s.file+": "+s.name, func(t *testing.T) {
			r.runTwin(t, s, row, twins[api].Exceptions)
		})
	}
}

// runTwin runs one case, and counts it.
func (r *tableRunner) runTwin(t *testing.T, s servedCase, row *TwinRow, exceptions []twinException) {
	count := &row.Others
	if s.reply != nil {
		count = &row.Replies
	}
	*count++
	found := &differences{}
	found.of(func() { r.runCase(NewHarness(t, r.level, r.backend), found, s) })
	if found.let() {
		t.Errorf("the twin lets through what the API denies: %s", strings.Join(found.texts, "\n"))
	}
	for i := range exceptions {
		e := &exceptions[i]
		if e.File == s.file && e.name.MatchString(s.name) {
			row.Excepted++
			if len(found.texts) > 0 {
				e.used++
			}
			return
		}
	}
	if len(found.texts) > 0 {
		row.Differences++
		t.Error(strings.Join(found.texts, "\n"))
	}
}

// differences collects what differs in one case.
type differences struct{ texts []string }

func (d *differences) Helper() {}

func (d *differences) Errorf(format string, args ...any) {
	d.texts = append(d.texts, fmt.Sprintf(format, args...))
}

// let tells whether a request was let through that is to be denied.
func (d *differences) let() bool {
	return slices.ContainsFunc(d.texts, func(text string) bool { return strings.Contains(text, "the backend was reached") })
}

// stopped ends a case at a difference after which nothing can be compared.
type stopped struct{}

func (d *differences) Fatalf(format string, args ...any) {
	d.Errorf(format, args...)
	panic(stopped{})
}

// of runs a case to its end, or to its first fatal difference.
func (d *differences) of(run func()) {
	defer func() {
		if cause := recover(); cause != nil && cause != (stopped{}) {
			panic(cause)
		}
	}()
	run()
}

// WriteTwins writes the table of the twins in Markdown.
func WriteTwins(w io.Writer, rows []TwinRow) {
	total := TwinRow{API: "all"}
	fmt.Fprintln(w, "| API | cases of | replies | without a reply | listed as different | differences |\n|---|---|---:|---:|---:|---:|")
	for _, row := range rows {
		fmt.Fprintf(w, "| %s | %s | %d | %d | %d | %d |\n", row.API, row.File, row.Replies, row.Others, row.Excepted, row.Differences)
		total.Replies += row.Replies
		total.Others += row.Others
		total.Excepted += row.Excepted
		total.Differences += row.Differences
	}
	fmt.Fprintf(w, "| all | | %d | %d | %d | %d |\n", total.Replies, total.Others, total.Excepted, total.Differences)
}
