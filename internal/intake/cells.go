package intake

import (
	"cmp"
	"context"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// cellKey is one (batch, entitlement, day) of a load; entitlements are in lower case.
type cellKey struct {
	batch       uint32
	entitlement string
	day         period.Date
}

// cellSum is the multiset of rows of a cell: how many, and the sum of their hashes modulo 2^128, which no order of
// arrival changes.
type cellSum struct {
	rows   int64
	hi, lo uint64
	cost   money.Fixed
	wide   money.Decimal // Σ of the amounts too long for cost
}

// total is Σ BillingPreTaxTotal of the cell, exactly.
func (c *cellSum) total() money.Decimal { return c.cost.Decimal().Add(c.wide) }

func (c *cellSum) add(hi, lo uint64, cost money.Fixed) {
	var carry uint64
	c.lo, carry = bits.Add64(c.lo, lo, 0)
	c.hi, _ = bits.Add64(c.hi, hi, carry)
	c.rows++
	c.cost = c.cost.Add(cost)
}

// take is the opposite of add: one row less.
func (c *cellSum) take(hi, lo uint64, cost money.Fixed) {
	var borrow uint64
	c.lo, borrow = bits.Sub64(c.lo, lo, 0)
	c.hi, _ = bits.Sub64(c.hi, hi, borrow)
	c.rows--
	c.cost = c.cost.Add(cost.Neg())
}

func (c *cellSum) merge(o *cellSum) {
	rows := c.rows + o.rows
	c.add(o.hi, o.lo, o.cost)
	c.rows, c.wide = rows, c.wide.Add(o.wide)
}

func (c *cellSum) hash() (h [16]byte) {
	binary.BigEndian.PutUint64(h[:], c.hi)
	binary.BigEndian.PutUint64(h[8:], c.lo)
	return h
}

// spots are the cells of one entitlement, as one worker adds them up.
type spots struct {
	entitlement string // in lower case
	cells       map[batchDay]*cellSum
	last        batchDay
	cell        *cellSum // of last
}

type batchDay struct {
	batch uint32
	day   period.Date
}

func newSpots(entitlement string) *spots {
	return &spots{entitlement: entitlement, cells: map[batchDay]*cellSum{}}
}

func (s *spots) at(batch uint32, day period.Date) *cellSum {
	k := batchDay{batch, day}
	if s.cell != nil && s.last == k {
		return s.cell
	}
	c := s.cells[k]
	if c == nil {
		c = &cellSum{}
		s.cells[k] = c
	}
	s.last, s.cell = k, c
	return c
}

// plus is the hash of two multisets together.
func plus(a, b [16]byte) (h [16]byte) {
	lo, carry := bits.Add64(binary.BigEndian.Uint64(a[8:]), binary.BigEndian.Uint64(b[8:]), 0)
	hi, _ := bits.Add64(binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(b[:8]), carry)
	binary.BigEndian.PutUint64(h[:], hi)
	binary.BigEndian.PutUint64(h[8:], lo)
	return h
}

// fingerprint is the hash of one row: of its canonical content, never of numbers, files or lines. Wide literals come
// in the order of their columns.
func fingerprint(b []byte, entry, variant, tags usage.Hash, f *usage.Fact, wide []usage.WideValue) (xxh3.Uint128, []byte) {
	b = append(append(append(b, entry[:]...), variant[:]...), tags[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(f.Day))
	for _, n := range [...]money.Fixed{f.Quantity, f.EffectiveUnitPrice, f.Cost, f.Pricing} {
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, uint64(n.Hi)), n.Lo)
	}
	for _, x := range wide {
		b = appendField(append(b, byte(x.Column)), []byte(x.Value.String()))
	}
	return xxh3.Hash128(b), b
}

// fingerprintOf is the hash of a stored row; buf is used again.
func fingerprintOf(r *usage.CellRow, buf []byte) (xxh3.Uint128, []byte) {
	return fingerprint(buf[:0], r.EntryHash, r.VariantHash, r.TagHash, &r.Fact, r.Wide)
}

// Recount makes cells of one batch again from the rows that are stored.
func Recount(ctx context.Context, rows usage.RowStore, s scope.Scope, cells []usage.Cell) ([]usage.Cell, error) {
	again := cellSums{}
	var buf []byte
	err := rows.CellRows(ctx, s, cells, func(r usage.CellRow) error {
		var h xxh3.Uint128
		h, buf = fingerprintOf(&r, buf)
		again.at(cellKey{r.Batch, strings.ToLower(r.Entitlement), r.Day}).add(h.Hi, h.Lo, r.Cost)
		return nil
	})
	return again.cells(), err
}

type cellSums map[cellKey]*cellSum

func (m cellSums) at(k cellKey) *cellSum {
	c := m[k]
	if c == nil {
		c = &cellSum{}
		m[k] = c
	}
	return c
}

func (m cellSums) merge(o cellSums) {
	for k, c := range o {
		m.at(k).merge(c)
	}
}

// add adds what a worker added up.
func (m cellSums) add(s *spots) {
	for k, c := range s.cells {
		m.at(cellKey{k.batch, s.entitlement, k.day}).merge(c)
	}
}

// cells lists the sums as cells, by batch, entitlement and day.
func (m cellSums) cells() []usage.Cell {
	out := make([]usage.Cell, 0, len(m))
	for k, c := range m {
		if c.rows > 0 {
			out = append(out, usage.Cell{Batch: k.batch, Entitlement: k.entitlement, Day: k.day, Rows: c.rows, Hash: c.hash()})
		}
	}
	slices.SortFunc(out, func(a, b usage.Cell) int {
		return cmp.Or(cmp.Compare(a.Batch, b.Batch), cmp.Compare(a.Entitlement, b.Entitlement), cmp.Compare(a.Day, b.Day))
	})
	return out
}
