package star

import (
	"crypto/sha256"
	"math/bits"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// CanonicalForm is how the dictionary items of files that were read by one version of the rules are written for hashing. Items
// that are sealed keep their hashes: columns that came with a later version stand behind the others, and only where
// they are not blank. So rows of two readings that print the same have the same hash.
type CanonicalForm struct {
	first, later []usage.Column
}

// CanonicalFormOf is the canonical form of a reading.
func CanonicalFormOf(reading int) *CanonicalForm { return canonicalFormOf(reading, since) }

// since is the reading that brought a column.
func since(usage.Column) int { return usage.FirstReading }

func canonicalFormOf(reading int, since func(usage.Column) int) *CanonicalForm {
	c := &CanonicalForm{}
	for column := range usage.NumColumns {
		switch {
		case usage.PartOf(column) != usage.PartEntry || usage.Derived(column) || since(column) > reading:
		case since(column) == usage.FirstReading:
			c.first = append(c.first, column)
		default:
			c.later = append(c.later, column)
		}
	}
	return c
}

// Entry adds the canonical bytes of an entry to b.
func (c *CanonicalForm) Entry(b []byte, values *[usage.NumColumns][]byte) []byte {
	for _, column := range c.first {
		b = AppendField(b, values[column])
	}
	for _, column := range c.later {
		if len(values[column]) > 0 {
			b = AppendField(append(b, byte(column)), values[column])
		}
	}
	return b
}

// Fill takes over the values of an entry, whose texts are pieces of its canonical bytes, and derives the other columns.
func (c *CanonicalForm) Fill(e *usage.Entry, values *[usage.NumColumns][]byte, canonical string) {
	take := func(column usage.Column) {
		length := uint64(len(values[column]))
		from := (bits.Len64(length|1) + 6) / 7 // bytes of the length before it
		end := from + int(length)
		e[column], canonical = canonical[from:end], canonical[end:]
	}
	for _, column := range c.first {
		take(column)
	}
	for _, column := range c.later {
		if len(values[column]) > 0 {
			canonical = canonical[1:] // the number of the column
			take(column)
		}
	}
	e.Derive()
}

// HashOf is the hash of canonical bytes.
func HashOf(canonical []byte) (h usage.Hash) {
	sum := sha256.Sum256(canonical)
	copy(h[:], sum[:])
	return h
}

// Variant is the canonical bytes of a variant: what makes it the same one in every format, its numbers by value, the
// rest as printed. What a later reading adds stands behind, and only where it is set.
func Variant(v *usage.Variant) []byte {
	var b []byte
	for _, s := range [...]string{v.UnitPrice, v.ExchangeRate, v.EarnedCredit, v.Credit} {
		if d, err := money.Parse(s); err == nil {
			s = d.String()
		}
		b = AppendField(b, []byte(s))
	}
	for _, s := range [...]string{v.ExchangeRateDate, v.CreditType, v.BenefitOrderID, v.BenefitID, v.BenefitType} {
		b = AppendField(b, []byte(s))
	}
	for i, is := range [...]bool{v.Covered, v.Reversed, v.Unlisted} {
		if is {
			b = append(b, byte(1+i))
		}
	}
	return b
}
