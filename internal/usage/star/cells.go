package star

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Key is one (batch, entitlement, day) of a load; entitlements are in lower case.
type Key struct {
	Batch       uint32
	Entitlement string
	Day         period.Date
}

// KeyOf is where a cell belongs.
func KeyOf(c usage.Cell) Key { return Key{c.Batch, c.Entitlement, c.Day} }

// Sum is the multiset of rows of a cell: how many, and the sum of their hashes modulo 2^128, which no order of
// arrival changes.
type Sum struct {
	rows   int64
	hi, lo uint64
	cost   money.Fixed
	wide   money.Decimal // Σ of the amounts too long for cost
}

// Rows is how many there are.
func (c *Sum) Rows() int64 { return c.rows }

// Total is Σ BillingPreTaxTotal of the cell, exactly.
func (c *Sum) Total() money.Decimal { return c.cost.Decimal().Add(c.wide) }

// Add adds a row: its fingerprint, and its amount.
func (c *Sum) Add(hi, lo uint64, cost money.Fixed) {
	var carry uint64
	c.lo, carry = bits.Add64(c.lo, lo, 0)
	c.hi, _ = bits.Add64(c.hi, hi, carry)
	c.rows++
	c.cost = c.cost.Add(cost)
}

// Subtract is the opposite of Add: one row less.
func (c *Sum) Subtract(hi, lo uint64, cost money.Fixed) {
	var borrow uint64
	c.lo, borrow = bits.Sub64(c.lo, lo, 0)
	c.hi, _ = bits.Sub64(c.hi, hi, borrow)
	c.rows--
	c.cost = c.cost.Add(cost.Neg())
}

// AddLong adds an amount that is too long for the columns of a fact; less than 0 takes it away.
func (c *Sum) AddLong(amount money.Decimal) { c.wide = c.wide.Add(amount) }

func (c *Sum) merge(o *Sum) {
	rows := c.rows + o.rows
	c.Add(o.hi, o.lo, o.cost)
	c.rows, c.wide = rows, c.wide.Add(o.wide)
}

func (c *Sum) hash() (h [16]byte) {
	binary.BigEndian.PutUint64(h[:], c.hi)
	binary.BigEndian.PutUint64(h[8:], c.lo)
	return h
}

// EntitlementCells are the cells of one entitlement, as one worker adds them up.
type EntitlementCells struct {
	entitlement string // in lower case
	cells       map[batchDay]*Sum
	last        batchDay
	cell        *Sum // of last
}

type batchDay struct {
	batch uint32
	day   period.Date
}

// NewEntitlementCells begins with no cell; the entitlement is in lower case.
func NewEntitlementCells(entitlement string) *EntitlementCells {
	return &EntitlementCells{entitlement: entitlement, cells: map[batchDay]*Sum{}}
}

// At is the cell of a batch and day.
func (s *EntitlementCells) At(batch uint32, day period.Date) *Sum {
	k := batchDay{batch, day}
	if s.cell != nil && s.last == k {
		return s.cell
	}
	c := s.cells[k]
	if c == nil {
		c = &Sum{}
		s.cells[k] = c
	}
	s.last, s.cell = k, c
	return c
}

// AddHashes is the hash of two multisets together.
func AddHashes(a, b [16]byte) (h [16]byte) {
	lo, carry := bits.Add64(binary.BigEndian.Uint64(a[8:]), binary.BigEndian.Uint64(b[8:]), 0)
	hi, _ := bits.Add64(binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(b[:8]), carry)
	binary.BigEndian.PutUint64(h[:], hi)
	binary.BigEndian.PutUint64(h[8:], lo)
	return h
}

// Fingerprint is the hash of one row: of its canonical content, never of numbers, files or lines. Wide literals come
// in the order of their columns.
func Fingerprint(b []byte, entry, variant, tags usage.Hash, f *usage.Fact, wide []usage.WideValue) (xxh3.Uint128, []byte) {
	b = append(append(append(b, entry[:]...), variant[:]...), tags[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(f.Day))
	for _, n := range [...]money.Fixed{f.Quantity, f.EffectiveUnitPrice, f.Cost, f.Pricing} {
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, uint64(n.Hi)), n.Lo)
	}
	for _, x := range wide {
		b = AppendField(append(b, byte(x.Column)), []byte(x.Value.String()))
	}
	return xxh3.Hash128(b), b
}

// FingerprintOf is the hash of a stored row; buf is used again.
func FingerprintOf(r *usage.CellRow, buf []byte) (xxh3.Uint128, []byte) {
	return Fingerprint(buf[:0], r.EntryHash, r.VariantHash, r.TagHash, &r.Fact, r.Wide)
}

// Cells are sums by where they belong.
type Cells map[Key]*Sum

// At is the sum of a key, which begins with no row.
func (m Cells) At(k Key) *Sum {
	c := m[k]
	if c == nil {
		c = &Sum{}
		m[k] = c
	}
	return c
}

// Merge adds the rows of others.
func (m Cells) Merge(o Cells) {
	for k, c := range o {
		m.At(k).merge(c)
	}
}

// Add adds what a worker added up.
func (m Cells) Add(s *EntitlementCells) {
	for k, c := range s.cells {
		m.At(Key{k.batch, s.entitlement, k.day}).merge(c)
	}
}

// List lists the sums as cells, by batch, entitlement and day.
func (m Cells) List() []usage.Cell {
	out := make([]usage.Cell, 0, len(m))
	for k, c := range m {
		if c.rows > 0 {
			out = append(out, usage.Cell{Batch: k.Batch, Entitlement: k.Entitlement, Day: k.Day, Rows: c.rows, Hash: c.hash()})
		}
	}
	slices.SortFunc(out, Compare)
	return out
}

// Compare orders cells by batch, entitlement and day.
func Compare(a, b usage.Cell) int {
	return cmp.Or(cmp.Compare(a.Batch, b.Batch), cmp.Compare(a.Entitlement, b.Entitlement), cmp.Compare(a.Day, b.Day))
}
