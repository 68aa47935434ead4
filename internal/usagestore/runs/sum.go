package runs

import (
	"math/big"
	"math/bits"
	"strconv"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// sum is the total of rows. Quantity and cost are in units of 10^-18, and the quantity at its unit prices in units of
// 10^-18 of the unit of the prices; all in two's complement. None of them can overflow below 2^31 rows of 96 bits.
type sum struct {
	rows           int64
	quantity, cost wide
	priced         [4]uint64 // least significant first
}

// wide is a signed number of 128 bits.
type wide struct {
	hi int64
	lo uint64
}

func (w *wide) add(hi int64, lo uint64) {
	var carry uint64
	w.lo, carry = bits.Add64(w.lo, lo, 0)
	w.hi += hi + int64(carry)
}

func (w wide) decimal() money.Decimal { return money.Fixed{Hi: w.hi, Lo: w.lo}.Decimal() }

// factor is a unit price as an integer below 2^127, and its sign.
type factor struct {
	hi, lo   uint64
	negative bool
}

// price adds quantity × factor, exactly.
func (s *sum) price(q wide, by *factor) {
	negative := by.negative
	if q.hi < 0 {
		negative = !negative
		var borrow uint64
		q.lo, borrow = bits.Sub64(0, q.lo, 0)
		q.hi = -q.hi - int64(borrow)
	}
	var p [4]uint64
	var carry uint64
	p[1], p[0] = bits.Mul64(q.lo, by.lo)
	if q.hi != 0 || by.hi != 0 {
		h, l := bits.Mul64(uint64(q.hi), by.lo)
		p[1], carry = bits.Add64(p[1], l, 0)
		p[2] = h + carry
		h, l = bits.Mul64(q.lo, by.hi)
		p[1], carry = bits.Add64(p[1], l, 0)
		p[2], carry = bits.Add64(p[2], h, carry)
		p[3] = carry
		h, l = bits.Mul64(uint64(q.hi), by.hi)
		p[2], carry = bits.Add64(p[2], l, 0)
		p[3] += h + carry
	}
	carry = 0
	if negative {
		for i := range p {
			s.priced[i], carry = bits.Sub64(s.priced[i], p[i], carry)
		}
		return
	}
	for i := range p {
		s.priced[i], carry = bits.Add64(s.priced[i], p[i], carry)
	}
}

// addRun adds all rows of a run.
func (s *sum) addRun(r *run, by *factor) {
	s.rows += int64(r.end - r.start)
	s.quantity.add(r.quantity.hi, r.quantity.lo)
	s.cost.add(r.cost.hi, r.cost.lo)
	s.price(r.quantity, by)
}

// addRow adds one row. Nearly all quantities and prices are positive, and prices have less than 64 bits.
func (s *sum) addRow(quantityHi int32, quantityLo uint64, costHi int32, costLo uint64, by *factor) {
	s.rows++
	s.quantity.add(int64(quantityHi), quantityLo)
	s.cost.add(int64(costHi), costLo)
	if quantityHi < 0 || by.hi != 0 || by.negative {
		s.price(wide{int64(quantityHi), quantityLo}, by)
		return
	}
	middle, low := bits.Mul64(quantityLo, by.lo)
	high, more := bits.Mul64(uint64(quantityHi), by.lo)
	var carry uint64
	middle, carry = bits.Add64(middle, more, 0)
	high += carry
	s.priced[0], carry = bits.Add64(s.priced[0], low, 0)
	s.priced[1], carry = bits.Add64(s.priced[1], middle, carry)
	s.priced[2], carry = bits.Add64(s.priced[2], high, carry)
	s.priced[3] += carry
}

// merge adds another sum.
func (s *sum) merge(other *sum) {
	s.rows += other.rows
	s.quantity.add(other.quantity.hi, other.quantity.lo)
	s.cost.add(other.cost.hi, other.cost.lo)
	var carry uint64
	for i := range s.priced {
		s.priced[i], carry = bits.Add64(s.priced[i], other.priced[i], carry)
	}
}

// beforeCredit is the quantity × unit price; the prices have places decimals, and unit is one of the last of them.
func (s *sum) beforeCredit(places int, unit money.Decimal) (money.Decimal, error) {
	words := s.priced
	if words[3] == 0 && words[2] == 0 && words[1]>>63 == 0 {
		return money.Fixed{Hi: int64(words[1]), Lo: words[0]}.Decimal().Mul(unit), nil
	}
	negative := words[3]>>63 != 0
	if negative {
		var borrow uint64
		for i := range words {
			words[i], borrow = bits.Sub64(0, words[i], borrow)
		}
	}
	var bytes [32]byte
	for i, w := range words {
		for n := range 8 {
			bytes[31-8*i-n] = byte(w >> (8 * n))
		}
	}
	text := new(big.Int).SetBytes(bytes[:]).Append(nil, 10)
	d, err := money.Parse(string(text) + "E-" + strconv.Itoa(money.FixedPlaces+places))
	if negative {
		d = d.Neg()
	}
	return d, err
}

// factorOf converts a price to a factor with a number of decimals; false if it does not fit.
func factorOf(price money.Decimal, places int) (f factor, ok bool) {
	text, pointSeen, after := price.String(), false, 0
	if text[0] == '-' {
		f.negative, text = true, text[1:]
	}
	put := func(digit uint64) bool {
		h, l := bits.Mul64(f.lo, 10)
		over, hi := bits.Mul64(f.hi, 10)
		var carry uint64
		f.lo, carry = bits.Add64(l, digit, 0)
		f.hi, carry = bits.Add64(hi, h, carry)
		return over == 0 && carry == 0 && f.hi < 1<<63
	}
	for i := range len(text) {
		if text[i] == '.' {
			pointSeen = true
			continue
		}
		if pointSeen {
			after++
		}
		if !put(uint64(text[i] - '0')) {
			return f, false
		}
	}
	for ; after < places; after++ {
		if !put(0) {
			return f, false
		}
	}
	return f, after == places
}
