package intake

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/aside"
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

	mu       sync.Mutex
	in       int64 // rows reached
	aside    int64 // quarantined
	skips    map[skipReason]int64
	problems []usage.Problem
	rows     aside.Rows // kept aside, with what they say of themselves
	oddities map[string]*oddity
	failed   error
	repeats  bool // another file of the load holds the same rows
	cells    star.Cells
	lines    []usage.StatementLine
	blobs    []string // of a manifest: the files of its export

	brought     map[asideKey]int // readable rows of entries and days of which rows were kept aside before
	broughtRefs map[string]bool  // rows kept aside before that the file has
}

// oddity counts rows that are odd in one way.
type oddity struct {
	reason string
	rows   int64
	first  usage.Fact
	cost   money.Fixed
}

// maxProblems is how many quarantined rows of a file are listed one by one; all are counted.
const maxProblems = aside.Listed

// quarantine keeps a row aside: the problem, and what the row says of itself.
func (f *sourceFile) quarantine(p usage.Problem, row aside.Item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.aside++
	f.rows.Add(row)
	if len(f.problems) < maxProblems {
		f.problems = append(f.problems, p)
	}
}

func (f *sourceFile) odd(code, reason string, row usage.Fact) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.oddities == nil {
		f.oddities = map[string]*oddity{}
	}
	o := f.oddities[code]
	if o == nil {
		o = &oddity{reason: reason, first: row}
		f.oddities[code] = o
	}
	o.rows++
	o.cost = o.cost.Add(row.Cost)
	if row.Line < o.first.Line {
		o.first = row
	}
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
	case isCovered:
		return "unbilled rows were skipped: the billed rows of their month are complete"
	case repeatedFile:
		return "rows were skipped: another file of this command holds the same rows"
	}
	return "rows were skipped: they are sealed already"
}

// report lists what was wrong or odd, by line.
func (f *sourceFile) report(columnName func(usage.Column) string) []usage.Problem {
	out := slices.Clone(f.problems)
	for why, rows := range f.skips {
		out = append(out, usage.Problem{File: f.name, Code: string(why), Reason: fmt.Sprint(rows, " ", skipText(why)), Verdict: usage.Noted, Rows: rows})
	}
	for code, o := range f.oddities {
		out = append(out, usage.Problem{
			File: f.name, Line: int64(o.first.Line), Column: columnName(usage.BillingPreTaxTotal), Code: code, Verdict: usage.Warned, Rows: o.rows,
			Reason: fmt.Sprintf("%s; first on this line, %d rows with %s in all", o.reason, o.rows, o.cost.Decimal()),
		})
	}
	slices.SortFunc(out, func(a, b usage.Problem) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Code, b.Code)) })
	return out
}

// spoilt says whether so much of a file was kept aside that it cannot be what it should be.
func (f *sourceFile) spoilt() bool { return f.aside >= 100 && f.aside*10 > f.in }
