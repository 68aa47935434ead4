package usage

import (
	"cmp"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// Behind is what of imported daily rows can stand behind statement lines: what they come to, by the provider's key and
// charge type. It does not depend on how rows were added up before. The zero value has no rows; nil has none either.
type Behind struct {
	rows     map[subscriptionKey][]*rowsBehind
	products map[productKey][]*rowsBehind
}

// subscriptionKey is the part of a key that is compared as it is.
type subscriptionKey struct{ invoice, subscription, product string }

type productKey struct{ invoice, product string }

// rowsBehind is rows of one key and charge type.
type rowsBehind struct {
	key
	chargeType string // in lower case
	family     string
	counted    bool // there are any: a dictionary may hold what was skipped or has given way
	cost       money.Decimal
}

// add counts rows that cost so much.
func (r *rowsBehind) add(cost money.Decimal) { r.counted, r.cost = true, r.cost.Add(cost) }

// Of counts rows of an entry by what they cost. Unbilled rows stand behind nothing.
func (b *Behind) Of(e *Entry) (add func(cost money.Decimal)) {
	k := e.Key()
	if k.Invoice == "" {
		return func(money.Decimal) {}
	}
	return b.at(k, idText(e[ChargeType]), EntryFamily(e)).add
}

func (b *Behind) at(k key, kind, family string) *rowsBehind {
	if b.rows == nil {
		b.rows, b.products = map[subscriptionKey][]*rowsBehind{}, map[productKey][]*rowsBehind{}
	}
	at := subscriptionKey{k.Invoice, k.Subscription, k.Product}
	for _, r := range b.rows[at] {
		if r.key == k && r.chargeType == kind && r.family == family {
			return r
		}
	}
	r := &rowsBehind{key: k, chargeType: kind, family: family}
	b.rows[at] = append(b.rows[at], r)
	p := productKey{k.Invoice, k.Product}
	b.products[p] = append(b.products[p], r)
	return r
}

// Join counts the rows of another as well.
func (b *Behind) Join(o *Behind) {
	for _, list := range o.rows {
		for _, r := range list {
			if r.counted {
				b.at(r.key, r.chargeType, r.family).add(r.cost)
			}
		}
	}
}

// under lists the rows of a key as far as it is compared as it is.
func (b *Behind) under(k key) []*rowsBehind {
	return b.rows[subscriptionKey{k.Invoice, k.Subscription, k.Product}]
}

// Family is that of rows of a line's product on its invoice, or "": there are none.
func (b *Behind) Family(l *StatementLine) string {
	if b == nil || strings.TrimSpace(l.ProductID) == "" {
		return ""
	}
	k := l.Key()
	family := ""
	for _, r := range b.products[productKey{k.Invoice, k.Product}] {
		if r.counted && family != pricing.FamilyAzure {
			family = r.family
		}
	}
	return family
}

// Match is what rows there are under the key of a line: their SKU, and whether it is the line's only when leading zeros
// are added or taken away, as spreadsheets do. It is not found where there are none, or where zeros would fit several.
func (b *Behind) Match(l *StatementLine) (k key, zeros, found bool) {
	if b == nil {
		return key{}, false, false
	}
	k = l.Key()
	var fits []key
	for _, r := range b.under(k) {
		if r.counted && r.SKU == k.SKU && blankOr(r.Availability, k.Availability) {
			return k, false, true
		}
		same := r.counted && blankOr(withoutZeros(r.Availability), withoutZeros(k.Availability))
		if same && withoutZeros(r.SKU) == withoutZeros(k.SKU) && !slices.Contains(fits, r.key) {
			fits = append(fits, r.key)
		}
	}
	if len(fits) != 1 {
		return k, false, false
	}
	return fits[0], true, true
}

// kind is what a statement line is beside daily rows.
type kind int

// The kinds: a charge; a control total of daily rows; usage whose daily rows are missing.
const (
	isCharge kind = iota
	isControl
	isOrphan
)

// Divide says which lines are charges, which are controls of rows, and which are usage whose rows are missing, by their
// places (money-path §2). A line whose key has rows is their control total, except for what gives back or was bought for
// a term: rows account for usage, and that is extra, unless what the rows come to says that they have it.
func (b *Behind) Divide(lines []*StatementLine) (charges, controls, orphans []int) {
	for i, k := range b.kinds(lines) {
		switch k {
		case isCharge:
			charges = append(charges, i)
		case isControl:
			controls = append(controls, i)
		case isOrphan:
			orphans = append(orphans, i)
		}
	}
	return charges, controls, orphans
}

func (b *Behind) kinds(lines []*StatementLine) []kind {
	out := make([]kind, len(lines))
	together := map[key][]int{}
	var keys []key
	for i, l := range lines {
		k, _, found := b.Match(l)
		if !found {
			out[i] = b.without(l)
			continue
		}
		k = b.mergedKey(k)
		if together[k] == nil {
			keys = append(keys, k)
		}
		together[k] = append(together[k], i)
	}
	for _, k := range keys {
		b.decide(k, lines, together[k], out)
	}
	return out
}

// without is what a line is that no rows stand behind.
func (b *Behind) without(l *StatementLine) kind {
	switch {
	case l.IsCredit() || l.Subtotal.Sign() < 0:
		return isCharge
	case IsUsage(l), Family(l) == "" && b.Family(l) == pricing.FamilyAzure, Family(l) == pricing.FamilyAzure && b.Family(l) != "":
		return isOrphan
	}
	return isCharge
}

// mergedKey is the key of all lines and rows that cannot be distinguished: where availabilities were left out, by the
// SKU.
func (b *Behind) mergedKey(k key) key {
	for _, r := range b.under(k) {
		if r.SKU == k.SKU && r.Availability == "" {
			k.Availability = ""
		}
	}
	return k
}

// undecidedLines is lines that are the same, and may be charges beside rows of their key or not.
type undecidedLines struct {
	lines  []int
	amount money.Decimal
}

// maxUndecided is up to how many of them all ways are tried.
const maxUndecided = 10

// decide divides the lines of one key, which has rows.
func (b *Behind) decide(k key, lines []*StatementLine, at []int, out []kind) {
	rows, kinds := money.Decimal{}, map[string]bool{}
	for _, r := range b.under(k) {
		if r.SKU == k.SKU && blankOr(r.Availability, k.Availability) {
			rows, kinds[r.chargeType] = rows.Add(r.cost), true
		}
	}
	var flips []undecidedLines
	same := map[string]int{}
	fixed, tolerance, others := money.Decimal{}, money.Decimal{}, false
	for _, i := range at {
		l := lines[i]
		tolerance = tolerance.Add(l.truncationBound())
		out[i] = isControl
		if l.besidesUsage() {
			out[i] = isCharge
		}
		if out[i] == isControl && l.Subtotal.Sign() >= 0 && Family(l) != pricing.FamilyMarketplace {
			fixed, others = fixed.Add(l.Subtotal), true
			continue
		}
		content := Content(*l)
		n, ok := same[content]
		if !ok {
			n, same[content] = len(flips), len(flips)
			flips = append(flips, undecidedLines{})
		}
		flips[n].lines, flips[n].amount = append(flips[n].lines, i), flips[n].amount.Add(l.Subtotal)
		others = others || l.Subtotal.Sign() > 0
	}
	if len(flips) == 0 {
		return
	}
	slices.SortStableFunc(flips, func(a, b undecidedLines) int { return a.amount.Cmp(b.amount) })
	usual := make([]bool, len(flips)) // controls
	for n := range flips {
		usual[n] = out[flips[n].lines[0]] == isControl
	}
	controls, ok := fitting(flips, usual, rows.Sub(fixed), tolerance)
	for n := range flips {
		l := lines[flips[n].lines[0]]
		is := controls[n]
		if !ok { // nothing fits: by what rows and lines say of themselves
			is = usual[n] || kinds[idText(l.ChargeType)] && creditType(l.ChargeType) || !others && rows.Sign() < 0 && l.Subtotal.Sign() < 0
		}
		for _, i := range flips[n].lines {
			if out[i] = isCharge; is {
				out[i] = isControl
			}
		}
	}
}

// besidesUsage says whether a line is no usage by itself: it gives back, or is for a term and names no meter.
func (l *StatementLine) besidesUsage() bool {
	return l.IsCredit() || l.MeterDescription == "" && hasTerm(l)
}

// truncationBound is more than truncation can take off a line.
func (l *StatementLine) truncationBound() money.Decimal {
	cent := money.FromMinor(1, 2)
	return cent.Add(cent).Add(cent.Mul(l.ExchangeRate.Abs()))
}

// fitting finds which flips have rows behind them, by what the rows come to: the usual ones, else with as few
// exceptions as possible.
func fitting(flips []undecidedLines, usual []bool, rows, tolerance money.Decimal) ([]bool, bool) {
	fits := func(is []bool) bool {
		sum := money.Decimal{}
		for n := range flips {
			if is[n] {
				sum = sum.Add(flips[n].amount)
			}
		}
		return sum.Sub(rows).Abs().Cmp(tolerance) <= 0
	}
	if fits(usual) {
		return usual, true
	}
	if len(flips) > maxUndecided {
		return usual, false
	}
	masks := make([]int, 0, 1<<len(flips))
	for m := 1; m < 1<<len(flips); m++ {
		masks = append(masks, m)
	}
	slices.SortStableFunc(masks, func(a, b int) int { return cmp.Compare(ones(a), ones(b)) })
	for _, m := range masks {
		is := slices.Clone(usual)
		for n := range is {
			is[n] = is[n] != (m>>n&1 == 1)
		}
		if fits(is) {
			return is, true
		}
	}
	return usual, false
}

func ones(m int) (n int) {
	for ; m > 0; m &= m - 1 {
		n++
	}
	return n
}
