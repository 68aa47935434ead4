package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/intake/plausible"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// sourceFile is one file of a load while it is read.
type sourceFile struct {
	usage.File
	name   string
	number uint16
	seen   hashSet

	mu           sync.Mutex
	in           int64 // rows reached
	aside        int64 // quarantined
	lineWarnings int64 // doubtful statement lines
	skips        map[skipReason]int64
	problems     []usage.Problem
	rows         aside.Rows // kept aside, with what they say of themselves
	warnings     map[string]*countedWarning
	failed       error
	repeats      bool   // another file of the load holds the same rows
	worth        string // of a file that repeats another: what its rows come to
	cells        star.Cells
	lines        []usage.StatementLine

	printed map[string]int // rows that count as printed, by the hash of what they say

	asideOf    map[string]bool // entitlements of rows that are kept aside, in lower case
	asideOfAny bool            // and of some it is not known
	blobs      []string        // of a manifest: the files of its export
	pages      *PageCount
	order      plausible.DayOrder
	partial    bool // other pages of the answer it is a page of are missing

	brought     map[asideKey]int // readable rows of entries and days of which rows were kept aside before
	broughtRefs map[string]bool  // rows kept aside before that the file has
}

// countedWarning counts rows that count and are odd in one way.
type countedWarning struct {
	reason string
	column string
	rows   int64
	lines  []int64 // the first of them
	cost   money.Decimal
}

// maxWarningLines is how many lines of a warning are named.
const maxWarningLines = 10

// maxProblems is how many quarantined rows of a file are listed one by one; all are counted.
const maxProblems = aside.Listed

// quarantine keeps a row or line aside: the problem, and what it says of itself.
func (f *sourceFile) quarantine(p usage.Problem, row aside.Item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.aside++
	f.rows.Add(row)
	if f.asideOf == nil {
		f.asideOf = map[string]bool{}
	}
	entitlement := strings.ToLower(row.Entitlement)
	if f.asideOfAny = f.asideOfAny || entitlement == "" || len(f.asideOf) == maxProblems; !f.asideOfAny {
		f.asideOf[entitlement] = true
	}
	if len(f.problems) < maxProblems {
		f.problems = append(f.problems, p)
	}
}

// warnOfLine warns of a line that counts all the same. Past the limit lines are only counted.
func (f *sourceFile) warnOfLine(p usage.Problem) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lineWarnings++; f.lineWarnings <= maxProblems {
		f.problems = append(f.problems, p)
	}
}

// warn counts a row that counts and is odd.
func (f *sourceFile) warn(code, column, reason string, line int64, cost money.Decimal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.warnings == nil {
		f.warnings = map[string]*countedWarning{}
	}
	o := f.warnings[code]
	if o == nil {
		o = &countedWarning{reason: reason, column: column}
		f.warnings[code] = o
	}
	o.rows++
	o.cost = o.cost.Add(cost)
	at, _ := slices.BinarySearch(o.lines, line)
	if at == 0 {
		o.reason, o.column = reason, column
	}
	if at < maxWarningLines {
		o.lines = slices.Insert(o.lines, at, line)
		o.lines = o.lines[:min(len(o.lines), maxWarningLines)]
	}
}

// text is the reason with the lines, rows and money it concerns.
func (o *countedWarning) text() string {
	var lines strings.Builder
	for _, l := range o.lines {
		fmt.Fprintf(&lines, ", %d", l)
	}
	more := ""
	if o.rows > int64(len(o.lines)) {
		more = fmt.Sprintf(" and %d more", o.rows-int64(len(o.lines)))
	}
	return fmt.Sprintf("%s; %d rows with %s in all: line%s%s", o.reason, o.rows, o.cost, lines.String()[1:], more)
}

// skip counts rows that are not sealed again.
func (f *sourceFile) skip(why skipReason, rows int64) {
	if rows == 0 {
		return
	}
	if f.skips == nil {
		f.skips = map[skipReason]int64{}
	}
	f.skips[why] += rows
}

func (f *sourceFile) skipped() (n int64) {
	for _, rows := range f.skips {
		n += rows
	}
	return n
}

// skipText says of rows why they were skipped.
func skipText(why skipReason) string {
	switch why {
	case oldDownload:
		return "rows were skipped: this file was imported before, and a newer download has replaced them since; --supersede brings them back"
	case writtenOffRows:
		return "rows were skipped: they were written off"
	case isCovered:
		return "unbilled rows were skipped: the billed rows of their month are complete"
	case repeatedFile:
		return "the file was skipped, for another file of this command holds the same rows. If both files count, put their rows into one file"
	case repeatedRows:
		return "rows were skipped: another file of this command holds them too, and the reconciliation lines of their invoice count them once"
	}
	return "rows were skipped: they are sealed already"
}

// report lists what was wrong or odd, by line.
func (f *sourceFile) report() []usage.Problem {
	out := slices.Clone(f.problems)
	if more := f.lineWarnings - maxProblems; more > 0 {
		out = append(out, usage.Problem{File: f.name, Code: "more_doubtful_lines", Reason: fmt.Sprintf("%d more lines are doubtful in the same ways", more), Verdict: usage.Warned, Rows: more})
	}
	for why, rows := range f.skips {
		p := usage.Problem{File: f.name, Code: string(why), Reason: fmt.Sprint(rows, " ", skipText(why)), Verdict: usage.Noted, Rows: rows}
		if why == repeatedFile {
			p.Reason, p.Verdict = fmt.Sprintf("%d rows with %s: %s", rows, f.worth, skipText(why)), usage.Warned
		}
		out = append(out, p)
	}
	for code, o := range f.warnings {
		out = append(out, usage.Problem{
			File: f.name, Line: o.lines[0], Column: o.column, Code: code, Verdict: usage.Warned, Rows: o.rows, Reason: o.text(),
		})
	}
	slices.SortFunc(out, func(a, b usage.Problem) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Code, b.Code)) })
	return out
}

// mostlyUnreadable says whether so much of a file was kept aside that it cannot be what it should be.
func (f *sourceFile) mostlyUnreadable() bool { return f.aside >= 100 && f.aside*10 > f.in }
