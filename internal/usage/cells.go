package usage

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
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
func (m cellSums) cells() []Cell {
	out := make([]Cell, 0, len(m))
	for k, c := range m {
		if c.rows > 0 {
			out = append(out, Cell{Batch: k.batch, Entitlement: k.entitlement, Day: k.day, Rows: c.rows, Hash: c.hash()})
		}
	}
	slices.SortFunc(out, func(a, b Cell) int {
		return cmp.Or(cmp.Compare(a.Batch, b.Batch), cmp.Compare(a.Entitlement, b.Entitlement), cmp.Compare(a.Day, b.Day))
	})
	return out
}
