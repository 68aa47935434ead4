package usage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// sealing turns what was read into what the ledger records.
type sealing struct {
	*loading
	req   Request
	grant access.Grant
	have  []Batch
	masks []Mask
	sums  cellSums
	at    time.Time
	out   Seal
	skips int64 // rows skipped, of usage
	over  Counts
}

func (s *sealing) seal(ctx context.Context) (*Seal, error) {
	loadID := id.Load("lod_" + id.Derive("load", fmt.Sprint(s.number)))
	s.out.Load = Load{ID: loadID, Number: s.number, At: s.at}
	if err := s.usage(ctx); err != nil {
		return nil, err
	}
	if err := s.statements(); err != nil {
		return nil, err
	}
	s.tally()
	slices.SortFunc(s.out.Batches, func(a, b Batch) int { return cmp.Compare(a.Number, b.Number) })
	return &s.out, nil
}

// usage settles overlap slot by slot, and makes the batches of what is left.
func (s *sealing) usage(ctx context.Context) error {
	all := s.sums.cells()
	var remove []Cell
	order := slices.SortedFunc(maps.Keys(s.slots), func(a, b uint32) int { return compareSlots(s.slots[a], s.slots[b]) })
	for _, number := range order {
		slot := s.slots[number]
		fresh := slices.DeleteFunc(slices.Clone(all), func(c Cell) bool { return c.Batch != number })
		if len(fresh) == 0 {
			continue
		}
		have, err := s.held(ctx, slot)
		if err != nil {
			return err
		}
		v, err := overlap(slot, fresh, have, mode{s.req.Complete, s.req.Add, s.req.Supersede})
		if err != nil {
			return err
		}
		for _, c := range v.skip {
			s.skips += c.Rows
			delete(s.sums, cellKey{c.Batch, c.Entitlement, c.Day})
		}
		remove = append(remove, v.skip...)
		s.out.Masks = append(s.out.Masks, v.masks...)
		s.out.Supersede = append(s.out.Supersede, v.supersede...)
		if b, any := s.batch(number, slot); any {
			s.out.Batches = append(s.out.Batches, b)
			s.have = append(s.have, b)
		} else if slot.Billed && s.req.Complete {
			s.complete(slot)
		}
	}
	slices.Sort(s.out.Supersede)
	s.out.Supersede = slices.Compact(s.out.Supersede)
	if err := s.writer.Remove(ctx, remove); err != nil {
		return err
	}
	return s.writer.PutCells(ctx, s.sums.cells())
}

// compareSlots puts billed slots first: whether they are complete decides what unbilled rows are worth.
func compareSlots(a, b Slot) int {
	if a.Billed != b.Billed {
		if a.Billed {
			return -1
		}
		return 1
	}
	return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(string(a.Currency), string(b.Currency)),
		cmp.Compare(a.Period, b.Period), strings.Compare(a.Invoice, b.Invoice))
}

// held reads what is sealed already where rows of a slot could be again.
func (s *sealing) held(ctx context.Context, slot Slot) ([]held, error) {
	var out []held
	var earlier []uint32
	at := map[uint32]int{}
	for _, b := range s.have {
		o := b.Slot
		if b.State != Sealed || o.Dataset != DailyUsage || o.Connector != slot.Connector || o.Account != slot.Account ||
			o.Currency != slot.Currency || o.Period != slot.Period || b.Number >= s.limit-maxSlots && o == slot {
			continue
		}
		at[b.Number] = len(out)
		out = append(out, held{b, map[spot]Cell{}})
		if b.LoadNumber != s.number {
			earlier = append(earlier, b.Number)
		}
	}
	cells, err := s.service.Rows.Cells(ctx, s.grant.Scope, earlier)
	if err != nil {
		return nil, err
	}
	for _, c := range cells {
		out[at[c.Batch]].cells[spot{strings.ToLower(c.Entitlement), c.Day}] = c
	}
	for _, m := range s.masks {
		if i, ok := at[m.Batch]; ok {
			delete(out[i].cells, spot{strings.ToLower(m.Entitlement), m.Day})
		}
	}
	return out, nil
}

// batch makes the batch of a slot from the cells that are left.
func (s *sealing) batch(number uint32, slot Slot) (Batch, bool) {
	b := Batch{
		ID:     id.Batch("bat_" + id.Derive("batch", fmt.Sprint(s.number), fmt.Sprint(number))),
		Number: number, Load: s.out.Load.ID, LoadNumber: s.number, Slot: slot, State: Sealed,
		Complete: slot.Billed && s.req.Complete, SealedAt: s.at,
	}
	h := sha256.New()
	for _, c := range s.sums.cells() {
		if c.Batch == number {
			b.Rows += c.Rows
			b.Cost = b.Cost.Add(s.sums[cellKey{c.Batch, c.Entitlement, c.Day}].total())
			fmt.Fprintf(h, "%s %s %d %x\n", c.Entitlement, c.Day, c.Rows, c.Hash)
		}
	}
	b.Digest = hex.EncodeToString(h.Sum(nil))
	return b, b.Rows > 0
}

// complete notes that the sealed batches of a slot are all of their period: an import that says so brought nothing new.
func (s *sealing) complete(slot Slot) {
	for i := range s.have {
		if b := &s.have[i]; b.Slot == slot && b.State == Sealed {
			b.Complete = true
			s.out.Complete = append(s.out.Complete, b.Number)
		}
	}
}

// tally says where the rows of each file went. Rows skipped because they are sealed already are found per cell, not
// per file, so the load's sums are what holds; a file's own are given when it is the only one.
func (s *sealing) tally() {
	for _, f := range s.loading.files {
		c := Counts{In: f.in, Quarantined: f.aside}
		if f.failed != nil {
			c = Counts{In: f.in, Refused: f.in}
			s.out.Load.Problems = append(s.out.Load.Problems, Problem{
				File: f.name, Code: fault.CodeOf(f.failed), Reason: f.failed.Error(), Verdict: Refused, Rows: f.in,
			})
		} else {
			s.out.Load.Problems = append(s.out.Load.Problems, f.report(s.service.ColumnName)...)
		}
		c.Sealed = c.In - c.Quarantined - c.Refused
		f.Rows = c
		s.out.Load.Rows = s.out.Load.Rows.Add(c)
		s.out.Load.Files = append(s.out.Load.Files, f.File)
	}
	s.out.Load.Rows.Sealed -= s.skips + s.over.Skipped
	s.out.Load.Rows.Skipped += s.skips + s.over.Skipped
	if len(s.out.Load.Files) == 1 {
		s.out.Load.Files[0].Rows = s.out.Load.Rows
	}
}

// statements makes the batches of reconciliation lines: one per provider invoice and currency.
func (s *sealing) statements() error {
	groups := map[Slot][]SealedLine{}
	for _, f := range s.loading.files {
		if f.failed != nil {
			continue
		}
		slices.SortFunc(f.lines, func(a, b StatementLine) int { return cmp.Compare(a.Line, b.Line) })
		for _, l := range f.lines {
			p, err := s.periodOf(l.InvoiceNumber, f.name)
			if err != nil {
				return err
			}
			slot := Slot{
				Connector: Connector, Dataset: Reconciliation, Account: strings.ToLower(l.PartnerID), Currency: l.Currency,
				Period: p, Billed: l.InvoiceNumber != "", Invoice: l.InvoiceNumber,
			}
			groups[slot] = append(groups[slot], SealedLine{File: f.Digest, Period: p, StatementLine: l})
		}
	}
	for _, slot := range slices.SortedFunc(maps.Keys(groups), compareSlots) {
		if err := s.statement(slot, groups[slot]); err != nil {
			return err
		}
	}
	return nil
}

// periodOf is the period of an invoice: that of imported billed rows which name it, else the one asked for.
func (s *sealing) periodOf(invoice, file string) (period.Month, error) {
	found := period.Month(0)
	for _, b := range s.have {
		if invoice != "" && b.Slot.Dataset == DailyUsage && b.Slot.Invoice == invoice {
			found = max(found, b.Slot.Period)
		}
	}
	if found != 0 {
		return found, nil
	}
	if s.req.Period != 0 {
		return s.req.Period, nil
	}
	return 0, fault.New(fault.Invalid, "period_unknown",
		"%s: no imported usage names invoice %s, so its period is not known; nothing was imported. Say --period YYYY-MM", file, invoice)
}

func (s *sealing) statement(slot Slot, lines []SealedLine) error {
	number, err := s.loading.batch(slot)
	if err != nil {
		return err
	}
	b := Batch{
		ID:     id.Batch("bat_" + id.Derive("batch", fmt.Sprint(s.number), fmt.Sprint(number))),
		Number: number, Load: s.out.Load.ID, LoadNumber: s.number, Slot: slot, State: Sealed, Complete: true,
		Rows: int64(len(lines)), SealedAt: s.at,
	}
	var all []string
	cost := money.Decimal{}
	for i := range lines {
		lines[i].Batch = number
		cost = cost.Add(lines[i].Subtotal)
		all = append(all, Content(lines[i].StatementLine))
	}
	slices.Sort(all)
	h := sha256.Sum256([]byte(strings.Join(all, "\n")))
	b.Cost, b.Digest = cost, hex.EncodeToString(h[:])
	older := slices.DeleteFunc(slices.Clone(s.have), func(o Batch) bool { return o.Slot != slot || o.State != Sealed })
	if slices.ContainsFunc(older, func(o Batch) bool { return o.Digest == b.Digest }) {
		s.over.Skipped += b.Rows
		return nil
	}
	for _, o := range older {
		if s.req.Supersede {
			s.out.Supersede = append(s.out.Supersede, o.Number)
		} else if !s.req.Add {
			return fault.New(fault.Conflict, "lines_differ",
				"other reconciliation lines of %s are sealed already (%d lines, %s); nothing was imported. Import with --add or --supersede",
				slotName(slot), o.Rows, o.Cost)
		}
	}
	s.out.Batches = append(s.out.Batches, b)
	s.out.Lines = append(s.out.Lines, lines...)
	return nil
}
