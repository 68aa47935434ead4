package intake

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// A doubtful row counts as printed when a person has accepted it: it is read by all rules but those by which it is doubtful.
// Which rows these are is told by everything they say, so that the same row is taken again when its file is imported
// once more. The codes of what was passed over are kept with the file, for rebuilding.

// printedRows says how many rows that say the same count as printed, by the hash of what they say. It is nil when a load
// is made again: then its files name their rows.
type printedRows map[string]int

// waiver is what is passed over for one row. Nil passes over nothing.
type waiver struct {
	dataset usage.Dataset
	row     aside.Item
	codes   []string // passed over
	fixed   bool     // these and no others
	failed  bool     // the row is kept aside all the same
}

func (x *waiver) passes(code, column string) bool {
	switch {
	case x == nil:
		return false
	case x.fixed:
		return slices.Contains(x.codes, code)
	case !aside.Doubtful(string(x.dataset), code, column):
		return false
	}
	if !slices.Contains(x.codes, code) {
		x.codes = append(x.codes, code)
	}
	return true
}

// fail notes that the row is kept aside all the same.
func (x *waiver) fail() {
	if x != nil {
		x.failed = true
	}
}

// waives says whether a row that would be kept aside counts as printed: then it is what is passed over for it.
func (f *sourceFile) waives(row *aside.Item, printed printedRows) *waiver {
	x := &waiver{dataset: f.Dataset, row: *row}
	if printed == nil {
		i := slices.IndexFunc(f.AsPrinted, func(p usage.AsPrinted) bool { return p.Line == row.Line })
		if i < 0 {
			return nil
		}
		x.codes, x.fixed = f.AsPrinted[i].Codes, true
		return x
	}
	if printed[row.Row] == 0 || !row.MayCount() {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.printed[row.Row] == printed[row.Row] {
		return nil
	}
	if f.printed == nil {
		f.printed = map[string]int{}
	}
	f.printed[row.Row]++
	return x
}

// take records that a row counts as printed, and warns of it.
func (f *sourceFile) take(x *waiver) {
	if x.failed || x.fixed {
		return
	}
	row := &x.row
	for c := range row.Money {
		f.warn("taken_as_printed", row.Column, row.Reason+"; the row counts as printed, because somebody said so", row.Line, row.Money[c])
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	slices.Sort(x.codes)
	f.AsPrinted = append(f.AsPrinted, usage.AsPrinted{Line: row.Line, Codes: x.codes})
}

// rowHash is a hash of everything a row says.
func (w *worker) rowHash(r *Row) string {
	w.buf = w.buf[:0]
	for c := range usage.NumColumns {
		if v := r.Values[c]; len(v) > 0 {
			w.buf = star.AppendField(star.AppendField(w.buf, []byte(w.load.columnName(c))), v)
		}
	}
	return hashText(w.buf)
}

// lineHash is a hash of everything a reconciliation line says, as far as it can be read, and of what cannot be.
func (w *worker) lineHash(l *usage.StatementLine, bad *usage.Problem) string {
	w.buf = w.buf[:0]
	for _, text := range []string{usage.Content(l.As(w.reading)), strings.ToLower(bad.Column), bad.Code, bad.Value} {
		w.buf = star.AppendField(w.buf, []byte(text))
	}
	return hashText(w.buf)
}

func hashText(text []byte) string { return hashHex(star.HashOf(text)) }

func hashHex(h usage.Hash) string { return hex.EncodeToString(h[:]) }
