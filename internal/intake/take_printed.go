package intake

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// answering is what an import is when it takes rows kept aside as printed.
type answering struct {
	items  []aside.Item // that are answered
	reason string
}

// TakeAsPrinted lets doubtful rows that were kept aside count as they are printed: they are read again from the archive of
// their file, in a load of their own. Of an import everything is taken that can be, and the rest stays open. Faults:
// NotFound for a reference that nothing has; Conflict for what was answered, cannot be used, or counts already.
func (v *Service) TakeAsPrinted(ctx context.Context, x aside.Answering) (out aside.Settled, err error) {
	grant, err := v.Access.Require(ctx, access.UnresolvedFix)
	if err != nil {
		return out, err
	}
	if err := x.Valid(); err != nil {
		return out, err
	}
	passed, err := v.compareOnce(ctx, grant.Scope)
	if err != nil {
		return out, err
	}
	var all []aside.Item
	var loads []usage.Load
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		if all, err = v.Store.Asides(ctx, r, grant.Scope, aside.Filter{}); err == nil {
			loads, err = v.Store.LoadsOf(ctx, r, grant.Scope, loadsOf(all), nil)
		}
		return err
	})
	if err != nil {
		return out, err
	}
	list, err := usage.OpenOf(all, x.Ref)
	if err != nil {
		return out, err
	}
	take, left := usable(alike(list, all))
	if len(take) == 0 {
		return out, fault.New(fault.Conflict, "not_usable",
			"%s; without that nothing can be billed for it, so it cannot be taken as printed and nothing was answered. Import the corrected file, or write it off", left[0].Said())
	}
	req := Request{Add: true, DryRun: x.DryRun, answering: &answering{take, strings.TrimSpace(x.Reason)}}
	if req.Sources, err = v.printedSources(take, loads); err != nil {
		return out, err
	}
	load, _, err := v.importOnce(ctx, grant, req, passed, nil)
	if err != nil {
		return out, err
	}
	out = aside.Settled{Open: *aside.NewOpen(take), DryRun: x.DryRun, Left: aside.NewOpen(left), Effects: load.Effects}
	if !x.DryRun {
		out.Load = load.ID
	}
	return out, nil
}

// loadsOf lists the loads that items which are open are of.
func loadsOf(list []aside.Item) (numbers []uint32) {
	for i := range list {
		if list[i].Answer == nil && !slices.Contains(numbers, list[i].LoadNumber) {
			numbers = append(numbers, list[i].LoadNumber)
		}
	}
	return numbers
}

// alike adds to what is answered the rows of the same file that say the very same and are open: rows that cannot be
// distinguished are answered together, and count as often as they stand in the file.
func alike(list, all []aside.Item) []aside.Item {
	said, is := map[ofFile]map[string]bool{}, map[string]bool{}
	for i := range list {
		a := &list[i]
		at := ofFile{a.LoadNumber, a.File}
		if said[at] == nil {
			said[at] = map[string]bool{}
		}
		said[at][a.Row], is[a.Ref] = a.Row != "", true
	}
	for _, a := range all {
		if a.Answer == nil && !is[a.Ref] && said[ofFile{a.LoadNumber, a.File}][a.Row] {
			list = append(list, a)
		}
	}
	return list
}

// usable divides what is open into what may be taken as printed, and the rest.
func usable(list []aside.Item) (take, left []aside.Item) {
	for _, a := range list {
		if a.MayCount() {
			take = append(take, a)
		} else {
			left = append(left, a)
		}
	}
	return take, left
}

// ofFile is a file of an earlier load.
type ofFile struct {
	load uint32
	name string
}

// printedSources makes a source of every file that has rows which are taken as printed: its head and those rows.
func (v *Service) printedSources(take []aside.Item, loads []usage.Load) (out []Source, err error) {
	lines := map[ofFile]map[int64]bool{}
	var order []ofFile
	for i := range take {
		at := ofFile{take[i].LoadNumber, take[i].File}
		if lines[at] == nil {
			lines[at], order = map[int64]bool{}, append(order, at)
		}
		lines[at][take[i].Line] = true
	}
	for _, at := range order {
		f := fileOf(loads, at)
		if f == nil {
			return nil, fault.New(fault.Unavailable, "archive_damaged", "the archive of %s is not known, so its rows cannot be read again; nothing was answered", at.name)
		}
		text, err := v.recordsOf(f, lines[at])
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("%s, %d lines as printed", f.Name, len(lines[at]))
		if len(lines[at]) == 1 {
			name = fmt.Sprintf("%s, line %d as printed", f.Name, slices.Collect(maps.Keys(lines[at]))[0])
		}
		out = append(out, Source{
			Name: name, Size: int64(len(text)), dataset: f.Dataset, reading: f.ReadBy(),
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
		})
	}
	return out, nil
}

// fileOf is the file of a load; nil when there is none, or several of its name.
func fileOf(loads []usage.Load, at ofFile) (found *usage.File) {
	for i := range loads {
		for j := range loads[i].Files {
			f := &loads[i].Files[j]
			if loads[i].Number != at.load || f.Name != at.name || f.Archive == "" {
				continue
			}
			if found != nil {
				return nil
			}
			found = f
		}
	}
	return found
}

// maxPrinted bounds the records that are held in memory to be taken as printed.
const maxPrinted = 64 << 20

// recordsOf reads the records that begin on some lines of an archived file, after what the file begins with.
func (v *Service) recordsOf(f *usage.File, lines map[int64]bool) ([]byte, error) {
	unread := func(err error) error {
		return fault.New(fault.Unavailable, "archive_unreadable",
			"the archive of %s (%s) cannot be read as it was when it was imported; nothing was answered: %v", f.Name, f.Archive, err)
	}
	in := v.original(f.Archive)
	defer in.Close()
	dec, _, err := v.Format(f.Name, f.Dataset, f.ReadBy(), in)
	if err != nil {
		return nil, unread(err)
	}
	text, found := slices.Clone(dec.Head()), 0
	for found < len(lines) {
		b, err := dec.Next()
		if err != nil {
			return nil, unread(cmp.Or(notEnd(err), fmt.Errorf("a line is missing")))
		}
		part, n, err := recordsIn(b, f.Dataset, lines)
		b.Release()
		if err != nil {
			return nil, unread(err)
		}
		if text, found = append(text, part...), found+n; len(text) > maxPrinted {
			return nil, fault.New(fault.Invalid, "too_many_rows", "the rows of %s are more than can be taken as printed at once; nothing was answered. Answer them one by one", f.Name)
		}
	}
	return text, nil
}

func notEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// recordsIn is the text of the records of a block that begin on some lines, each with a line end, and how many there are.
func recordsIn(b RawBlock, dataset usage.Dataset, lines map[int64]bool) (text []byte, n int, err error) {
	if !slices.ContainsFunc(slices.Collect(maps.Keys(lines)), func(l int64) bool { return l >= b.FirstLine() && l < b.FirstLine()+b.Lines() }) {
		return nil, 0, nil
	}
	var begin []int64
	if dataset == usage.Reconciliation {
		err = b.Statement(func(l *usage.StatementLine, _ *usage.Problem) error { begin = append(begin, l.Line); return nil })
	} else {
		err = b.Rows(func(r *Row) error { begin = append(begin, r.Line); return nil })
	}
	if err != nil {
		return nil, 0, err
	}
	all := bytes.SplitAfter(b.Bytes(), []byte{'\n'})
	for i, line := range begin {
		if !lines[line] {
			continue
		}
		to := int64(len(all))
		if i+1 < len(begin) {
			to = begin[i+1] - b.FirstLine()
		}
		n++
		text = append(text, bytes.TrimRight(bytes.Join(all[line-b.FirstLine():to], nil), "\r\n")...)
		text = append(text, '\n')
	}
	return text, n, nil
}

// monthOf is the month of an invoice of which lines are taken, where rows kept aside say it.
func (x *answering) monthOf(invoice string) period.Month {
	if x == nil {
		return 0
	}
	for i := range x.items {
		if x.items[i].Invoice == invoice {
			return x.items[i].Period
		}
	}
	return 0
}

// allPrinted is a fault unless every row that is taken as printed was read, and is open.
func (l *loading) allPrinted(items []aside.Item) error {
	for i := range items {
		if !slices.ContainsFunc(l.open, func(a aside.Item) bool { return a.Ref == items[i].Ref }) {
			return fault.New(fault.Conflict, "aside_answered", "%s was answered meanwhile: nothing was changed", items[i].Ref)
		}
	}
	for _, f := range l.files {
		switch {
		case f.failed != nil:
			return fault.New(fault.Unavailable, "archive_unreadable", "the archived rows of %s cannot be read again; nothing was answered: %v", f.name, f.failed)
		case f.repeats:
			return fault.New(fault.Conflict, "rows_repeated", "%s has the same content as rows of another file of this import; nothing was answered. Answer them one by one", f.name)
		case f.aside > 0:
			return fault.New(fault.Conflict, "not_usable", "%s: %s; nothing was answered. Import the corrected file, or write it off", f.name, f.problems[0].Reason)
		}
	}
	return nil
}

// notCounted is a Conflict unless every row that is taken as printed counts from now on: it may be sealed already, or a later
// file may have brought it corrected.
func (s *sealing) notCounted(ctx context.Context) error {
	items := s.req.answering.items
	if n := int64(len(items)); s.out.Load.Rows.Sealed < n {
		return fault.New(fault.Conflict, "row_counts_already",
			"%d of %d rows (%s) count already, or are of usage that does not count any more; nothing was answered. Answer them with --corrected-by and the import that brought them, or write them off",
			n-s.out.Load.Rows.Sealed, n, items[0].Where())
	}
	for i := range items {
		a := &items[i]
		by, err := s.broughtBy(ctx, a)
		if err != nil {
			return err
		}
		if by != nil {
			return fault.New(fault.Conflict, "row_counts_already",
				"%s: a later import has a row of the same on the same day with the same amount; nothing was answered. If it is this one, answer with --corrected-by %s", a.Where(), by.Load)
		}
	}
	return nil
}

// broughtBy is a batch of a later load which has a row that says the same but for what was doubtful.
func (s *sealing) broughtBy(ctx context.Context, a *aside.Item) (*usage.Batch, error) {
	if a.Dataset != string(usage.DailyUsage) {
		return nil, nil
	}
	later := map[uint32]*usage.Batch{}
	for i := range s.have {
		b := &s.have[i]
		if b.Slot.Dataset == usage.DailyUsage && b.Slot.Invoice == a.Invoice && b.Slot.Period == a.Period && b.LoadNumber > a.LoadNumber &&
			b.LoadNumber != s.number {
			later[b.Number] = b
		}
	}
	if err := s.withoutPrinted(ctx, later); err != nil || len(later) == 0 {
		return nil, err
	}
	cells, err := s.service.Rows.Cells(ctx, s.grant.Scope, slices.Sorted(maps.Keys(later)))
	if err != nil {
		return nil, err
	}
	masked := map[usage.Mask]bool{}
	for _, m := range s.masks {
		masked[m] = true
	}
	cells = slices.DeleteFunc(cells, func(c usage.Cell) bool {
		name := strings.ToLower(c.Entitlement)
		return name != strings.ToLower(a.Entitlement) || c.Day != a.Day || masked[usage.Mask{Batch: c.Batch, Entitlement: name, Day: c.Day}]
	})
	var found *usage.Batch
	err = s.service.Rows.CellRows(ctx, s.grant.Scope, cells, func(r usage.CellRow) error {
		if hashHex(r.EntryHash) == a.Entry && slices.ContainsFunc(slices.Collect(maps.Values(a.Money)), func(d money.Decimal) bool { return d.Equal(r.Cost.Decimal()) }) {
			found = later[r.Batch]
		}
		return nil
	})
	return found, err
}

// withoutPrinted leaves out batches of loads that are nothing but rows which count as printed.
func (s *sealing) withoutPrinted(ctx context.Context, batches map[uint32]*usage.Batch) error {
	var loads []uint32
	for _, b := range batches {
		loads = append(loads, b.LoadNumber)
	}
	return s.service.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err := s.service.Store.LoadsOf(ctx, r, s.grant.Scope, loads, nil)
		for _, l := range list {
			if slices.ContainsFunc(l.Files, func(f usage.File) bool { return len(f.AsPrinted) > 0 && int64(len(f.AsPrinted)) == f.Rows.In }) {
				maps.DeleteFunc(batches, func(_ uint32, b *usage.Batch) bool { return b.LoadNumber == l.Number })
			}
		}
		return err
	})
}

// recordPrinted records in the event log whose rows count as printed.
func (s *sealing) recordPrinted(ctx context.Context, t tx.Tx) error {
	if s.req.answering == nil {
		return nil
	}
	for _, x := range s.out.Answered {
		if err := s.service.Events.Append(ctx, t, event.AsideSettled, s.grant.Actor, x.Ref, x.Answer); err != nil {
			return err
		}
	}
	return nil
}
