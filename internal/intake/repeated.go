package intake

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// countOnce says how to import again: the files as they were archived, without lines that count in another file.
type countOnce struct {
	sources []Source
	lines   map[uint16]map[int64]bool
}

// entryOf is where repeated rows add up.
type entryOf struct{ batch, entry, variant uint32 }

// surplus is rows of a file that another file of the command has too, and what they come to.
type surplus struct {
	usage.Sum
	places []usage.Place
	first  usage.Cell
}

// fileRow is a row of the load with what it adds up to.
type fileRow struct {
	usage.Fact
	wide []usage.WideValue
}

// findRepeats finds the rows that stand in more than one file of the command. That a hash was seen in two files is known
// from reading; only then are the cells that several files share read row by row.
func (s *sealing) findRepeats(ctx context.Context) error {
	s.twice = map[entryOf]*surplus{}
	if !s.overlaps {
		return nil
	}
	var shared []usage.Cell
	for _, c := range s.sums.List() {
		files := 0
		for _, f := range s.files {
			if f.rowsIn(c) > 0 {
				files++
			}
		}
		if files > 1 {
			shared = append(shared, c)
		}
	}
	for part := range slices.Chunk(shared, cellsAtOnce) {
		rows := map[xxh3.Uint128][]fileRow{}
		at := map[uint32]string{} // entitlement by entry
		var buf []byte
		err := s.writer.CellRows(ctx, part, func(r usage.CellRow) error {
			var h xxh3.Uint128
			h, buf = star.FingerprintOf(&r, buf)
			rows[h] = append(rows[h], fileRow{r.Fact, r.Wide})
			at[r.Entry] = r.Entitlement
			return nil
		})
		if err != nil {
			return err
		}
		for _, same := range rows {
			s.addRepeats(same, at[same[0].Entry])
		}
	}
	return nil
}

// addRepeats takes equal rows: those of the file that has most of them count in any case, the others are surplus.
func (s *sealing) addRepeats(same []fileRow, entitlement string) {
	byFile := map[uint16]int{}
	for _, r := range same {
		byFile[r.File]++
	}
	if len(byFile) < 2 {
		return
	}
	most := slices.MinFunc(slices.Collect(maps.Keys(byFile)), func(a, b uint16) int { return cmp.Or(byFile[b]-byFile[a], int(a)-int(b)) })
	for _, r := range same {
		if r.File == most {
			continue
		}
		k := entryOf{r.Batch, r.Entry, r.Variant}
		x := s.twice[k]
		if x == nil {
			x = &surplus{first: usage.Cell{Entitlement: entitlement, Day: r.Day}}
			s.twice[k] = x
		}
		x.Rows++
		x.Quantity, x.Cost, x.Pricing = x.Quantity.Add(r.Quantity.Decimal()), x.Cost.Add(r.Cost.Decimal()), x.Pricing.Add(r.Pricing.Decimal())
		for _, w := range r.wide {
			switch w.Column {
			case usage.Quantity:
				x.Quantity = x.Quantity.Add(w.Value)
			case usage.BillingPreTaxTotal:
				x.Cost = x.Cost.Add(w.Value)
			case usage.PricingPreTaxTotal:
				x.Pricing = x.Pricing.Add(w.Value)
			}
		}
		x.places = append(x.places, usage.Place{File: r.File, Line: r.Line})
	}
}

// decideRepeats says what becomes of rows that stand in several files of the command: the reconciliation lines of their
// invoice decide whether all of them count, or once what repeats. Otherwise it is a Conflict, unless --add says that all
// count. The load must be closed: its rows are read.
func (s *sealing) decideRepeats(ctx context.Context) (*countOnce, error) {
	if len(s.twice) == 0 {
		return nil, nil
	}
	bySlot := map[usage.Slot][]entryOf{} // of invoices
	for k := range s.twice {
		slot := s.slots[k.batch]
		slot.Period = 0
		bySlot[slot] = append(bySlot[slot], k)
	}
	once := &countOnce{lines: map[uint16]map[int64]bool{}}
	for _, slot := range slices.SortedFunc(maps.Keys(bySlot), compareSlots) {
		all, one := s.req.Add, false
		if !all {
			var err error
			if all, one, err = s.askStatement(ctx, slot, bySlot[slot]); err != nil {
				return nil, err
			}
		}
		switch {
		case all:
			s.reportRepeats(slot, bySlot[slot])
		case one:
			s.passOver(once, bySlot[slot])
		default:
			return nil, s.refuseRepeats(slot, bySlot[slot])
		}
	}
	if len(once.lines) == 0 {
		return nil, nil
	}
	for i, f := range s.files {
		if f.failed != nil {
			return nil, fault.New(fault.Conflict, "rows_repeated",
				"rows stand in more than one file of this command and count once, and %s was refused; nothing was imported. Correct that file, or leave it out, and import again: %v", f.name, f.failed)
		}
		archived := f.Archive
		once.sources = append(once.sources, Source{Name: s.req.Sources[i].Name, Size: f.Bytes, Open: func() (io.ReadCloser, error) { return s.service.original(archived), nil }})
	}
	return once, nil
}

func (s *sealing) passOver(once *countOnce, keys []entryOf) {
	for _, k := range keys {
		for _, p := range s.twice[k].places {
			if once.lines[p.File] == nil {
				once.lines[p.File] = map[int64]bool{}
			}
			once.lines[p.File][int64(p.Line)] = true
		}
	}
}

// askStatement holds the reconciliation lines of an invoice against its rows: with all that repeat, and with each once.
func (s *sealing) askStatement(ctx context.Context, invoice usage.Slot, keys []entryOf) (all, one bool, err error) {
	var rows, lines []usage.Batch
	for _, b := range s.have {
		at := b.Slot
		at.Period = 0
		switch {
		case s.superseded(b.Number):
		case at == invoice:
			rows = append(rows, b)
		case at.Dataset == usage.Reconciliation && strings.EqualFold(at.Invoice, invoice.Invoice) && at.Currency == invoice.Currency:
			lines = append(lines, b)
		}
	}
	if !invoice.Billed || len(lines) == 0 {
		return false, false, nil
	}
	printed, err := s.printed(ctx, lines)
	if err != nil {
		return false, false, err
	}
	totals, err := usage.ReadControls(ctx, s.service.Rows, s.grant.Scope, rows, slices.Concat(s.masks, s.out.Masks))
	if err != nil {
		return false, false, err
	}
	of, variants, err := s.wordsOf(ctx, keys)
	if err != nil {
		return false, false, err
	}
	if controlsAgree(totals, printed, of) {
		return true, false, nil
	}
	for _, k := range keys {
		x := s.twice[k].Sum
		v := variants[k.variant]
		totals.Add(of[k.entry], &v, usage.Sum{Quantity: x.Quantity.Neg(), Cost: x.Cost.Neg(), Pricing: x.Pricing.Neg()})
	}
	return false, controlsAgree(totals, printed, of), nil
}

// wordsOf reads what of the load's dictionary distinguishes lines.
func (s *sealing) wordsOf(ctx context.Context, keys []entryOf) (map[uint32]*usage.Entry, map[uint32]usage.Variant, error) {
	numbers := map[uint32]bool{}
	for _, k := range keys {
		numbers[k.entry] = true
	}
	of, variants := map[uint32]*usage.Entry{}, map[uint32]usage.Variant{}
	err := s.service.Rows.Entries(ctx, s.grant.Scope, s.number, slices.Sorted(maps.Keys(numbers)), func(e usage.EntryRecord) error {
		of[e.Number] = &e.Value
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	list, err := s.service.Rows.Variants(ctx, s.grant.Scope, s.number)
	for _, v := range list {
		variants[v.Number] = v.Value
	}
	return of, variants, err
}

// controlsAgree says whether the printed lines for rows like the given ones come to what the rows make.
func controlsAgree(totals *usage.ControlTotals, printed []usage.StatementLine, of map[uint32]*usage.Entry) bool {
	all := make([]*usage.StatementLine, len(printed))
	for i := range printed {
		all[i] = &printed[i]
	}
	_, at, _ := totals.Behind.Divide(all)
	controls := make([]*usage.StatementLine, len(at))
	for i, n := range at {
		controls[i] = all[n]
	}
	pairs, missing, _ := totals.Pair(controls)
	for _, e := range of {
		is := func(t *usage.ControlTotal) bool { return t.Of(e.Key()) }
		if slices.ContainsFunc(missing, func(t *usage.ControlTotal) bool { return is(t) && !t.Subtotal().IsZero() }) {
			return false
		}
		found := false
		for i := range pairs {
			if is(pairs[i].Total) {
				if found = true; !pairs[i].Right() || len(pairs[i].Repeats) > 0 {
					return false
				}
			}
		}
		if !found {
			return false
		}
	}
	return true
}

func (s *sealing) sumRepeats(keys []entryOf) (rows int64, cost money.Decimal, first usage.Cell) {
	for _, k := range keys {
		x := s.twice[k]
		rows, cost = rows+x.Rows, cost.Add(x.Cost)
		if first.Entitlement == "" || cmp.Or(int(x.first.Day)-int(first.Day), strings.Compare(x.first.Entitlement, first.Entitlement)) < 0 {
			first = x.first
		}
	}
	return rows, cost, first
}

func (s *sealing) reportRepeats(slot usage.Slot, keys []entryOf) {
	rows, cost, first := s.sumRepeats(keys)
	s.out.Load.Problems = append(s.out.Load.Problems, usage.Problem{
		File: invoiceName(slot), Code: "rows_in_several_files", Verdict: usage.Warned, Rows: rows,
		Reason: fmt.Sprintf("%d rows with %s %s stand in more than one file of this command, the first of entitlement %s on %s; all of them count",
			rows, cost, slot.Currency, s.called(first.Entitlement), first.Day),
	})
}

func (s *sealing) refuseRepeats(slot usage.Slot, keys []entryOf) error {
	rows, cost, first := s.sumRepeats(keys)
	return fault.New(fault.Conflict, "rows_repeated",
		"%d rows with %s %s of %s stand in more than one file of this command, the first of entitlement %s on %s, and no reconciliation line says how often they count; nothing was imported. Import with --add if all of them count, or together with the reconciliation lines, which decide; if the files overlap, import one command after the other",
		rows, cost, slot.Currency, invoiceName(slot), s.called(first.Entitlement), first.Day)
}

func invoiceName(s usage.Slot) string {
	if s.Billed {
		return "invoice " + s.Invoice
	}
	return "unbilled usage"
}

// worthOf is what the rows of a file come to, by currency.
func (l *loading) worthOf(f *sourceFile) string {
	sum := money.Totals{}
	for k, c := range f.cells {
		sum.Add(money.Of(c.Total(), l.slots[k.Batch].Currency))
	}
	for i := range f.lines {
		sum.Add(money.Of(f.lines[i].Subtotal, f.lines[i].Currency))
	}
	var parts []string
	for _, c := range slices.Sorted(maps.Keys(sum)) {
		parts = append(parts, fmt.Sprint(sum[c], " ", c))
	}
	return strings.Join(parts, " and ")
}
