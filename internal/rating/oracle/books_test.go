package oracle_test

import (
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// What rows have and rules match. Some letters have more than two cases, or a case of another length.
func products() []string {
	return []string{"DZH318Z0BQD2", "DZH318Z0BNZ5", "DZH000000001", "DZH000000002"}
}
func skus() []string { return []string{"0001", "003J", "006G"} }
func categories() []string {
	return []string{"Storage", "Virtual Machines", "Überwachung", "Kelvin", ""}
}
func subCategories() []string { return []string{"Tables", "Straße", "Dv3", ""} }
func meters() []string        { return []string{"meter-a", "meter-B", "meter-c", "Meter-D", "meter-e"} }
func regions() []string       { return []string{"EU West", "US East", ""} }
func publishers() []string {
	return []string{"Microsoft", "MICROSOFT Corporation", "Fabrikam", "Contoso ISV"}
}
func chargeTypes() []string { return []string{"new", "cycleCharge", "customerCredit", "adjustment"} }
func plans() []string       { return []string{"Azure plan", "Microsoft 365 E3", "Fabrikam Cloud"} }

func families() []string {
	return []string{pricing.FamilyAzure, pricing.FamilyMarketplace, pricing.FamilyReservation, pricing.FamilySavingsPlan,
		pricing.FamilySoftware, pricing.FamilyLicence, pricing.FamilyPerpetual}
}

// book fills a book with rules that may be published together.
func (m *generator) book(b pricing.Book) pricing.Book {
	b.Rules = nil
	if m.in100(90) {
		b.Rules = append(b.Rules, pricing.Rule{Key: "all", Price: m.price(pricing.CostFactor), Priority: -1})
	}
	for i := range 16 + m.IntN(8) {
		r := pricing.Rule{
			Key: fmt.Sprint("r", i), Match: m.match(), Price: m.price(m.kind()), Priority: m.IntN(60), Covered: m.in100(35),
		}
		if m.in100(25) {
			r.Start = m.inside()
		}
		if m.in100(25) {
			r.End = max(r.Start, b.From).AddDays(1 + m.IntN(20))
		}
		b = with(b, r)
	}
	return b
}

// with is the book with one more rule, if it still may be published.
func with(b pricing.Book, r pricing.Rule) pricing.Book {
	more := b
	more.Rules = append(append([]pricing.Rule{}, b.Rules...), r)
	if pricing.Validate(more) != nil {
		return b
	}
	return more
}

// change is the next version: some rules cost something else, the others stay; or all of them are new.
func (m *generator) change(b pricing.Book) pricing.Book {
	if m.in100(20) {
		return m.book(b)
	}
	next := b
	next.Rules = nil
	for _, r := range b.Rules {
		if m.in100(60) {
			r.Price = m.price(r.Price.Kind)
		}
		if r.End != 0 && r.End <= next.From {
			r.End = 0
		}
		next = with(next, r)
	}
	if len(next.Rules) == 0 {
		return m.book(b)
	}
	return next
}

func (m *generator) kind() pricing.PriceKind {
	return pick(m, pricing.CostFactor, pricing.CostFactor, pricing.CostFactor, pricing.CostBeforeCreditFactor, pricing.CostBeforeCreditFactor,
		pricing.ListFactor, pricing.ListFactor, pricing.UnitPrice, pricing.UnitPrice, pricing.Free, pricing.Excluded)
}

func (m *generator) price(kind pricing.PriceKind) pricing.Price {
	p := pricing.Price{Kind: kind}
	switch kind {
	case pricing.CostFactor, pricing.CostBeforeCreditFactor, pricing.ListFactor:
		p.Factor = money.MustParse(m.number(1, 1+m.IntN(12)))
	case pricing.UnitPrice:
		p.Unit = money.MustParse(m.number(2, m.IntN(12)))
		if m.in100(50) {
			p.Currency = pick(m, currencies()...)
		}
	}
	return p
}

// match narrows by up to three fields.
func (m *generator) match() (x pricing.Match) {
	some := func(values []string) (list []string) {
		for range 1 + m.IntN(2) {
			if v := m.cased(pick(m, values...)); v != "" {
				list = append(list, v)
			}
		}
		return list
	}
	for range 1 + m.IntN(3) {
		switch m.IntN(13) {
		case 0:
			var keys []string
			for range 1 + m.IntN(4) {
				keys = append(keys, fmt.Sprintf("c%02d", m.IntN(14)))
			}
			x.Customer = some(keys)
		case 1:
			x.Family = some(families())
		case 2:
			x.Product = some(products())
		case 3:
			x.SKU = some(skus())
		case 4:
			x.Category = some(categories())
		case 5:
			x.SubCategory = some(subCategories())
		case 6:
			x.Meter = some(meters())
		case 7:
			x.Region = some(regions())
		case 8:
			x.Publisher = some(publishers())
		case 9:
			x.ChargeType = some(chargeTypes())
		case 10:
			x.Plan = some(plans())
		default:
			x.Tag = map[string][]string{pick(m, "env", "Team", "cost-centre"): pick(m, nil, []string{"Prod"}, []string{"test", "A-17"}, []string{"true"})}
		}
	}
	return x
}

// on is a day of September, and now and then of August.
func (m *generator) on() period.Date {
	if m.in100(12) {
		return august.Start().AddDays(m.IntN(31))
	}
	return day(1 + m.IntN(30))
}
