package money

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/bojanz/currency"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Currency is an ISO 4217 code in capitals ("EUR").
type Currency string

// ParseCurrency accepts a code that ISO 4217 knows, in capitals; the fault is Invalid.
func ParseCurrency(s string) (Currency, error) {
	if len(s) != 3 || !currency.IsValid(s) {
		return "", fault.New(fault.Invalid, "unknown_currency", "%q is not an ISO 4217 currency code", clip(s))
	}
	return Currency(s), nil
}

// Digits is the number of decimals of the minor unit: 2 for EUR, 0 for JPY; 2 where ISO names none.
func (c Currency) Digits() int {
	if n, ok := currency.GetDigits(string(c)); ok {
		return int(n)
	}
	return 2
}

// Amount is a decimal in a currency.
type Amount struct {
	Value    Decimal  `json:"value"`
	Currency Currency `json:"currency"`
}

// Of is the amount of value in c.
func Of(value Decimal, c Currency) Amount { return Amount{value, c} }

// Add adds two amounts of one currency; two currencies are a fault of kind Internal, for no rule may get there.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fault.New(fault.Internal, "mixed_currencies", "%s and %s cannot be added", a.Currency, b.Currency)
	}
	return Amount{a.Value.Add(b.Value), a.Currency}, nil
}

// Round rounds half away from zero to the minor unit: once per invoice line, and for tax per category.
func (a Amount) Round() Amount { return Amount{a.Value.Round(a.Currency.Digits()), a.Currency} }

// Minor is the amount in minor units; the amount must have been rounded (Internal otherwise).
func (a Amount) Minor() (int64, error) {
	scaled := a.Value.Mul(pow10(a.Currency.Digits()))
	if scaled.Places() > 0 {
		return 0, fault.New(fault.Internal, "not_rounded", "%s %s has more decimals than its minor unit", a.Value, a.Currency)
	}
	n, err := scaled.reduced().library().Int64()
	if err != nil {
		return 0, fault.New(fault.Invalid, "amount_too_large", "%s %s is too large to be stored", a.Value, a.Currency)
	}
	return n, nil
}

// String is the value with at least the decimals of the minor unit, and the currency: "12.50 EUR".
func (a Amount) String() string { return a.Value.Fixed(a.Currency.Digits()) + " " + string(a.Currency) }

func pow10(n int) Decimal {
	return Decimal{n: uint128{lo: 1}, exponent: int32(n)}
}

// Totals holds one sum per currency; currencies never meet. As JSON it is an object currency → decimal string.
type Totals map[Currency]Decimal

// MarshalJSON prints every sum exactly, with at least the decimals of its currency's minor unit.
func (t Totals) MarshalJSON() ([]byte, error) {
	if t == nil {
		return []byte("null"), nil
	}
	b := append(make([]byte, 0, 48*len(t)+2), '{')
	for i, c := range t.Currencies() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(c.appendJSON(b), ':', '"')
		b = append(append(b, t[c].Fixed(c.Digits())...), '"')
	}
	return append(b, '}'), nil
}

// appendJSON writes the text of a currency; codes are capital letters, and rows may hold anything.
func (c Currency) appendJSON(b []byte) []byte {
	if strings.Trim(string(c), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		text, _ := json.Marshal(string(c)) // a string can always be marshalled
		return append(b, text...)
	}
	return append(append(append(b, '"'), c...), '"')
}

// Add adds an amount to the sum of its currency.
func (t Totals) Add(a Amount) { t[a.Currency] = t[a.Currency].Add(a.Value) }

// Sub takes an amount from the sum of its currency.
func (t Totals) Sub(a Amount) { t[a.Currency] = t[a.Currency].Sub(a.Value) }

// Currencies lists the currencies in alphabetical order.
func (t Totals) Currencies() []Currency {
	list := make([]Currency, 0, len(t))
	for c := range t {
		list = append(list, c)
	}
	slices.Sort(list)
	return list
}

// IsZero says whether every sum is 0.
func (t Totals) IsZero() bool {
	for _, d := range t {
		if !d.IsZero() {
			return false
		}
	}
	return true
}

// Split shares whole into parts in proportion to the weights, each with the given decimals; the parts add up to
// whole exactly. What rounding leaves goes to the largest remainders, ties to the earlier part. Weights must not
// be negative; if all are 0 the parts are equal. Whole must not have more than the given decimals (Invalid).
func Split(whole Decimal, weights []Decimal, places int) ([]Decimal, error) {
	if len(weights) == 0 {
		return nil, fault.New(fault.Invalid, "nothing_to_split", "an amount cannot be split into no parts")
	}
	if whole.Places() > places {
		return nil, fault.New(fault.Invalid, "too_many_decimals", "%s has more than %d decimals", whole, places)
	}
	total := Decimal{}
	for _, w := range weights {
		if w.Sign() < 0 {
			return nil, fault.New(fault.Invalid, "negative_weight", "a weight of %s is negative", w)
		}
		total = total.Add(w)
	}
	if total.IsZero() {
		weights = slices.Repeat([]Decimal{FromInt(1)}, len(weights))
		total = FromInt(int64(len(weights)))
	}
	parts, rests, left := make([]Decimal, len(weights)), make([]Decimal, len(weights)), whole
	for i, w := range weights {
		share := whole.Mul(w) // × total too large: compared without dividing
		parts[i] = share.quoDown(total, places)
		rests[i] = share.Sub(parts[i].Mul(total)).Abs()
		left = left.Sub(parts[i])
	}
	order := make([]int, len(weights))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return rests[b].Cmp(rests[a]) })
	unit := pow10(-places)
	if left.Sign() < 0 {
		unit = unit.Neg()
	}
	for i := 0; !left.IsZero(); i = (i + 1) % len(order) {
		parts[order[i]] = parts[order[i]].Add(unit)
		left = left.Sub(unit)
	}
	return parts, nil
}
