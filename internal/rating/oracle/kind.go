package oracle

import (
	"math/big"
	"math/bits"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Kinds says what each line is beside all daily rows that are imported and stand, of whatever month.
func Kinds(lines []*Line, rows []*Row) []string {
	out := make([]string, len(lines))
	done := make([]bool, len(lines))
	type key struct{ sku, availability string }
	of := make([]key, len(lines))
	for i, l := range lines {
		var ok bool
		if of[i].sku, of[i].availability, ok = l.rowsOf(rows); !ok {
			out[i], done[i] = l.alone(rows), true
		}
	}
	for i, l := range lines {
		if done[i] {
			continue
		}
		var at []int
		for j, o := range lines {
			if !done[j] && l.sameSale(o) && of[i] == of[j] {
				at, done[j] = append(at, j), true
			}
		}
		share(lines, at, l.behind(rows, of[i].sku, of[i].availability), out)
	}
	return out
}

// rat is a number as a fraction.
func rat(n Number) *big.Rat { return new(big.Rat).SetFrac(n.big(), power(n.places)) }

func same(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

func (l *Line) sameSale(o *Line) bool {
	return l.Text[lineInvoice] == o.Text[lineInvoice] && same(l.Text[lineSubscription], o.Text[lineSubscription]) && same(l.Text[lineProduct], o.Text[lineProduct])
}

// sells says whether a row is of the line's invoice, subscription and product.
func (l *Line) sells(r *Row) bool {
	return r[usage.InvoiceNumber] != "" && r[usage.InvoiceNumber] == l.Text[lineInvoice] && same(r[usage.SubscriptionID], l.Text[lineSubscription]) &&
		same(r[usage.ProductID], l.Text[lineProduct])
}

func blank(a, b string) bool { return same(a, "") || same(b, "") }

// rowsOf is the SKU and the availability of the rows behind a line. An availability that is left out is any; where rows
// of the SKU leave it out, it tells nothing. An id that lost its leading zeros is that of rows when it can be but one.
func (l *Line) rowsOf(rows []*Row) (sku, availability string, ok bool) {
	short := func(s string) string {
		s = strings.ToLower(strings.TrimSpace(s))
		if strings.Trim(s, "0123456789") == "" && s != "" {
			s = strings.TrimLeft(s, "0") + "."
		}
		return s
	}
	found := map[[2]string]bool{}
	for _, r := range rows {
		if l.sells(r) && same(r[usage.SkuID], l.Text[lineSKU]) && (blank(r[usage.AvailabilityID], l.Text[lineAvailability]) || same(r[usage.AvailabilityID], l.Text[lineAvailability])) {
			sku, availability, ok = strings.ToLower(strings.TrimSpace(l.Text[lineSKU])), strings.ToLower(strings.TrimSpace(l.Text[lineAvailability])), true
		}
		if l.sells(r) && short(r[usage.SkuID]) == short(l.Text[lineSKU]) &&
			(blank(r[usage.AvailabilityID], l.Text[lineAvailability]) || short(r[usage.AvailabilityID]) == short(l.Text[lineAvailability])) {
			found[[2]string{strings.ToLower(strings.TrimSpace(r[usage.SkuID])), strings.ToLower(strings.TrimSpace(r[usage.AvailabilityID]))}] = true
		}
	}
	if !ok && len(found) == 1 {
		for k := range found {
			sku, availability, ok = k[0], k[1], true
		}
	}
	for _, r := range rows {
		if ok && l.sells(r) && same(r[usage.SkuID], sku) && same(r[usage.AvailabilityID], "") {
			availability = ""
		}
	}
	return sku, availability, ok
}

// behind lists the rows that a line's key has.
func (l *Line) behind(rows []*Row, sku, availability string) (list []*Row) {
	for _, r := range rows {
		if l.sells(r) && same(r[usage.SkuID], sku) && (blank(r[usage.AvailabilityID], availability) || same(r[usage.AvailabilityID], availability)) {
			list = append(list, r)
		}
	}
	return list
}

// Beside is the family of rows of the line's product on its invoice; Azure where there are any of that.
func (l *Line) Beside(rows []*Row) (family string) {
	for _, r := range rows {
		if r[usage.InvoiceNumber] != "" && r[usage.InvoiceNumber] == l.Text[lineInvoice] && l.Text[lineProduct] != "" && same(r[usage.ProductID], l.Text[lineProduct]) {
			if !thirdParty(r[usage.PublisherName], r[usage.PublisherID]) {
				return pricing.FamilyAzure
			}
			family = pricing.FamilyMarketplace
		}
	}
	return family
}

// alone is what a line is without rows: usage that should have some, or else a charge.
func (l *Line) alone(rows []*Row) string {
	family, beside := l.family(), l.Beside(rows)
	usual := family == pricing.FamilyAzure && (l.Text[lineMeter] != "" || beside != "") || family == "" && beside == pricing.FamilyAzure
	if usual && !l.givesBack() && l.subtotal().Sign() >= 0 {
		return Orphan
	}
	return Charge
}

func (l *Line) subtotal() *big.Rat { return rat(must(l.Text["Subtotal"])) }

func (l *Line) givesBack() bool {
	return credits(l.Text["ChargeType"]) || l.subtotal().Sign() < 0 && l.Text["CreditReasonCode"] != ""
}

func credits(kind string) bool {
	kind = strings.ToLower(kind)
	return strings.Contains(kind, "credit") || strings.Contains(kind, "refund") || strings.Contains(kind, "cancel") || strings.Contains(kind, "offset") ||
		strings.Contains(kind, "discount")
}

// bought says whether a line is for a term, and names no meter.
func (l *Line) bought() bool {
	switch f := l.family(); f {
	case pricing.FamilyReservation, pricing.FamilySavingsPlan, pricing.FamilySoftware, pricing.FamilyLicence:
		return l.Text[lineMeter] == ""
	case pricing.FamilyMarketplace:
		return l.Text[lineMeter] == "" && strings.TrimSpace(l.Text["TermAndBillingCycle"]) != ""
	}
	return false
}

// share divides the lines of one key between its rows and charges. Lines of usage are controls; what gives back or is
// for a term is a charge. Where that does not add up to the rows, as few as possible of what could be either are what
// they usually are not; where nothing adds up, credits go by the charge types of rows.
func share(lines []*Line, at []int, rows []*Row, out []string) {
	sum, kinds := new(big.Rat), map[string]bool{}
	for _, r := range rows {
		sum.Add(sum, rat(must(r[usage.BillingPreTaxTotal])))
		kinds[strings.ToLower(strings.TrimSpace(r[usage.ChargeType]))] = true
	}
	may := new(big.Rat)
	var either [][]int
	texts := map[string]int{}
	positive := false
	for _, i := range at {
		l := lines[i]
		rate, ok := Parse(l.Text["PCToBCExchangeRate"])
		if !ok {
			rate = must("1")
		}
		may.Add(may, big.NewRat(2, 100)).Add(may, new(big.Rat).Abs(new(big.Rat).Mul(rat(rate), big.NewRat(1, 100))))
		if out[i] = Control; l.givesBack() || l.bought() {
			out[i] = Charge
		}
		if out[i] == Control && l.subtotal().Sign() >= 0 && l.family() != pricing.FamilyMarketplace {
			positive = true
			sum.Sub(sum, l.subtotal())
			continue
		}
		positive = positive || l.subtotal().Sign() > 0
		n, ok := texts[l.same()]
		if !ok {
			n, texts[l.same()] = len(either), len(either)
			either = append(either, nil)
		}
		either[n] = append(either[n], i)
	}
	slices.SortStableFunc(either, func(a, b []int) int {
		total := func(list []int) *big.Rat {
			return new(big.Rat).Mul(lines[list[0]].subtotal(), big.NewRat(int64(len(list)), 1))
		}
		return total(a).Cmp(total(b))
	})
	usually := 0
	for n, list := range either {
		if out[list[0]] == Control {
			usually |= 1 << n
		}
	}
	best, found := search(lines, either, usually, sum, may)
	taken := new(big.Rat)
	for _, r := range rows {
		taken.Add(taken, rat(must(r[usage.BillingPreTaxTotal])))
	}
	for n, list := range either {
		l := lines[list[0]]
		is := best>>n&1 == 1
		if !found && credits(l.Text["ChargeType"]) && kinds[strings.ToLower(strings.TrimSpace(l.Text["ChargeType"]))] {
			is = true
		}
		if !found && !positive && taken.Sign() < 0 && l.subtotal().Sign() < 0 {
			is = true
		}
		for _, i := range list {
			if out[i] = Charge; is {
				out[i] = Control
			}
		}
	}
}

// search tries which of the lines that could be either are controls: of all ways that come to the sum, the first with
// the fewest exceptions from the usual one.
func search(lines []*Line, either [][]int, usually int, sum, may *big.Rat) (best int, found bool) {
	tries := len(either)
	if tries > 10 {
		tries = 0 // the usual way alone
	}
	for exceptions := 0; exceptions <= tries; exceptions++ {
		for flip := 0; flip < 1<<tries; flip++ {
			if bits.OnesCount(uint(flip)) != exceptions {
				continue
			}
			left := new(big.Rat).Set(sum)
			for n, list := range either {
				if (usually^flip)>>n&1 == 1 {
					for _, i := range list {
						left.Sub(left, lines[i].subtotal())
					}
				}
			}
			if left.Abs(left).Cmp(may) <= 0 {
				return usually ^ flip, true
			}
		}
	}
	return usually, false
}
