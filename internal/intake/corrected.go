package intake

import (
	"encoding/hex"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// A row that was kept aside is brought by a later file when that has a readable row which says the same but for what
// could not be read: the same entry on the same day; and where the entry or the day was what could not be read, the same
// line of a file of the same name, with the same invoice and amount. As many are closed as such rows are read, less those
// that are kept aside again.

// wanted is what rows kept aside before are looked for by. It is only read while files are.
type wanted struct {
	byEntry map[usage.Hash][]*aside.Item
	byLine  map[string]map[int64]*aside.Item // by file name
}

// byPlace says whether a row can only be found again by its place in the file: its day or its entry is what could not be
// read, or what was wrong.
func (v *Service) byPlace(a *aside.Item) bool {
	if a.Day == 0 || a.Column == v.ColumnName(usage.UsageDate) {
		return true
	}
	for c := range usage.NumColumns {
		if usage.PartOf(c) == usage.PartEntry && a.Column == v.ColumnName(c) {
			return true
		}
	}
	return false
}

func (v *Service) newWanted(open []aside.Item) *wanted {
	w := &wanted{map[usage.Hash][]*aside.Item{}, map[string]map[int64]*aside.Item{}}
	for i := range open {
		a := &open[i]
		if a.Kind != aside.KeptAside || a.Line == 0 || a.Dataset != string(usage.DailyUsage) {
			continue
		}
		if !v.byPlace(a) {
			var h usage.Hash
			if n, err := hex.Decode(h[:], []byte(a.Entry)); err == nil && n == len(h) {
				w.byEntry[h] = append(w.byEntry[h], a)
				continue
			}
		}
		name := aside.FileName(a.File)
		if w.byLine[name] == nil {
			w.byLine[name] = map[int64]*aside.Item{}
		}
		w.byLine[name][a.Line] = a
	}
	return w
}

// asideKey is the entry and day of a row.
type asideKey struct {
	entry string
	day   period.Date
}

// found notes that a readable row is, or may be, one that was kept aside before.
func (w *worker) found(r *Row, f *usage.Fact, c *common) {
	for _, a := range c.wanted {
		if a.Day == f.Day {
			w.file.bring(asideKey{a.Entry, a.Day}, "")
			break // a row is one row, however many are looked for
		}
	}
	if a := w.lines[r.Line]; a != nil {
		if c.slot.slot.Invoice == a.Invoice && (a.Unreadable > 0 || a.Money[c.slot.slot.Currency].Equal(f.Cost.Decimal())) {
			w.file.bring(asideKey{}, a.Ref)
		}
	}
}

func (f *sourceFile) bring(at asideKey, ref string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.brought == nil {
		f.brought, f.broughtRefs = map[asideKey]int{}, map[string]bool{}
	}
	if ref != "" {
		f.broughtRefs[ref] = true
		return
	}
	f.brought[at]++
}

// correct closes what the files of the load bring of what was open.
func (s *sealing) correct() {
	brought := map[asideKey]int{}
	taken := map[string]*sourceFile{}
	for _, f := range s.files {
		if f.failed != nil {
			continue
		}
		if f.in > 0 {
			taken[aside.FileName(f.name)] = f
		}
		if f.repeats {
			continue
		}
		for at, n := range f.brought {
			brought[at] += n
		}
		for ref := range f.broughtRefs {
			s.aside.answer(ref, aside.Corrected)
		}
	}
	still := map[asideKey]int{}
	for i := range s.aside.fresh {
		a := &s.aside.fresh[i]
		still[asideKey{a.Entry, a.Day}]++
	}
	s.correctRows(brought, still)
	for i := range s.aside.before {
		a := &s.aside.before[i]
		f := taken[aside.FileName(a.File)]
		if f != nil && (a.Kind == aside.RefusedFile || a.Line == 0 && f.aside == 0) {
			s.aside.answer(a.Ref, aside.Corrected)
		}
	}
	s.replace()
}

// correctRows closes rows by entry and day. Those that are the same as one kept aside again are the last to be closed.
func (s *sealing) correctRows(brought, still map[asideKey]int) {
	open := map[asideKey][]*aside.Item{}
	for i := range s.aside.before {
		a := &s.aside.before[i]
		if at := (asideKey{a.Entry, a.Day}); brought[at] > 0 && a.Kind == aside.KeptAside && a.Line > 0 && !s.service.byPlace(a) {
			open[at] = append(open[at], a)
		}
	}
	for at, list := range open {
		if brought[at] < len(list)-still[at] {
			continue // which of them were brought is not sure
		}
		left := len(list) - still[at]
		for _, again := range []bool{false, true} {
			for _, a := range list {
				if left > 0 && s.readAgain(a) == again && s.aside.answered[a.Ref] == "" {
					s.aside.answer(a.Ref, aside.Corrected)
					left--
				}
			}
		}
	}
}

func (s *sealing) readAgain(b *aside.Item) bool {
	for i := range s.aside.fresh {
		if s.aside.fresh[i].IsAgain(b) {
			return true
		}
	}
	return false
}

// replace closes what was open of an invoice that is imported again as a whole, with nothing of it kept aside.
func (s *sealing) replace() {
	if !s.req.Complete || !s.req.Supersede {
		return
	}
	whole := map[string]bool{}
	for number := range s.touched {
		if slot := s.slots[number]; slot.Billed {
			whole[slot.Invoice] = true
		}
	}
	for i := range s.aside.fresh {
		delete(whole, s.aside.fresh[i].Invoice)
		if s.aside.fresh[i].Kind == aside.RefusedFile && s.aside.fresh[i].Invoice == "" {
			return // it may hold rows of any of them
		}
	}
	for i := range s.aside.before {
		if a := &s.aside.before[i]; a.Invoice != "" && whole[a.Invoice] {
			s.aside.answer(a.Ref, aside.Replaced)
		}
	}
}

// linesWanted is which lines of a file are looked for.
func (l *loading) linesWanted(f *sourceFile) map[int64]*aside.Item {
	if l.wanted == nil {
		return nil
	}
	return l.wanted.byLine[aside.FileName(f.name)]
}
