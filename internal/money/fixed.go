package money

import "math/bits"

// FixedPlaces is the number of decimals of a Fixed.
const FixedPlaces = 18

// Fixed is a number of 10⁻¹⁸ units in 128 bits, two's complement: the form in which rows are stored and summed.
// It holds every literal of up to 18 decimals below 10^19; Parse says what does not fit.
type Fixed struct {
	Hi int64
	Lo uint64
}

// Fit says how a literal fits a Fixed.
type Fit int

// The ways a literal may fit: exactly; with 19–39 decimals (to be kept as text beside the rows); not at all.
const (
	Fits Fit = iota
	Wide
	NotANumber
	TooLarge // |x| ≥ 10^11: beyond what a row may hold
	TooLong  // 40 decimals or more
)

// maxWidePlaces is the longest literal kept: money-path §1.
const maxWidePlaces = 39

// maxRow is the magnitude a row must stay below: 10^11.
const maxRow = 100_000_000_000

// ParseFixed reads plain decimal notation (sign, digits, one point) without allocating. Exponents are accepted as
// JSON prints them (1E-7). For Wide the value is still 0 and the literal must be kept whole.
func ParseFixed(b []byte) (Fixed, Fit) {
	i, neg := 0, false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg = b[0] == '-'
		i = 1
	}
	var whole, hi, lo uint64 // whole part; fraction as hi·10⁹ + lo digits
	places, digits := 0, 0
	for ; i < len(b) && b[i]-'0' < 10; i++ {
		whole = whole*10 + uint64(b[i]-'0')
		digits++
		if whole >= maxRow {
			return Fixed{}, largeOrNot(b)
		}
	}
	if i < len(b) && b[i] == '.' {
		for i++; i < len(b) && b[i]-'0' < 10; i++ {
			digits++
			places++
			switch {
			case places <= 9:
				hi = hi*10 + uint64(b[i]-'0')
			case places <= 18:
				lo = lo*10 + uint64(b[i]-'0')
			}
		}
	}
	if digits == 0 || i < len(b) {
		return parseExponent(b)
	}
	if places > FixedPlaces {
		return Fixed{}, longFit(b, places)
	}
	for p := places; p < 9; p++ {
		hi *= 10
	}
	for p := max(places, 9); p < 18; p++ {
		lo *= 10
	}
	h, l := bits.Mul64(whole, 1_000_000_000_000_000_000)
	l, c := bits.Add64(l, hi*1_000_000_000+lo, 0)
	f := Fixed{int64(h + c), l}
	if neg {
		f = f.Neg()
	}
	return f, Fits
}

func longFit(b []byte, places int) Fit {
	zeros := 0
	for j := len(b) - 1; j >= 0 && b[j] == '0'; j-- {
		zeros++
	}
	if places-zeros > maxWidePlaces {
		return TooLong
	}
	return Wide
}

func largeOrNot(b []byte) Fit {
	if d, err := Parse(string(b)); err == nil && d.Abs().Cmp(FromInt(maxRow)) >= 0 {
		return TooLarge
	}
	return NotANumber
}

// parseExponent parses text that is not in plain notation: 1E-7, or not a number.
func parseExponent(b []byte) (Fixed, Fit) {
	d, err := Parse(string(b))
	if err != nil {
		return Fixed{}, NotANumber
	}
	switch {
	case d.Abs().Cmp(FromInt(maxRow)) >= 0:
		return Fixed{}, TooLarge
	case d.Places() > maxWidePlaces:
		return Fixed{}, TooLong
	case d.Places() > FixedPlaces:
		return Fixed{}, Wide
	}
	return ParseFixed([]byte(d.String()))
}

// Neg is −f.
func (f Fixed) Neg() Fixed {
	lo, c := bits.Add64(^f.Lo, 1, 0)
	return Fixed{^f.Hi + int64(c), lo}
}

// Add is f + g; |f + g| must stay below 1.7·10^20, which batches check.
func (f Fixed) Add(g Fixed) Fixed {
	lo, c := bits.Add64(f.Lo, g.Lo, 0)
	return Fixed{f.Hi + g.Hi + int64(c), lo}
}

// IsZero says whether f is 0.
func (f Fixed) IsZero() bool { return f.Hi == 0 && f.Lo == 0 }

// Decimal is the same value as a Decimal. Trailing zeros are removed as far as that is cheap, which keeps later
// products short.
func (f Fixed) Decimal() Decimal {
	d := Decimal{negative: f.Hi < 0, exponent: -FixedPlaces}
	if d.negative {
		f = f.Neg()
	}
	d.n = uint128{uint64(f.Hi), f.Lo}
	if d.n.isZero() {
		return Decimal{}
	}
	for _, k := range [...]int{9, 6, 3} {
		if d.n.lo&(1<<k-1) != 0 { // what 10^k divides, 2^k divides
			continue
		}
		if n, rest := d.n.divided(powers[k]); rest == 0 {
			d.n, d.exponent = n, d.exponent+int32(k)
		}
	}
	return d
}
