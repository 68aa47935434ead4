package oracle

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// World is all that rating looks at besides rows and lines, as data. Of two answers to one reference the later counts.
type World struct {
	org.World
	Books   []pricing.Book
	Answers []usage.Resolution
}

// inside says whether a day lies in a half-open period whose zero ends are open.
func inside(p period.Period, on period.Date) bool {
	return (p.Start == 0 || on >= p.Start) && (p.End == 0 || on < p.End)
}

// whose says whose a row is on a day, or why nobody knows.
func (w *World) whose(o Outcome, entitlement, tenant string, on period.Date) Outcome {
	if entitlement != "" {
		if o.Customer = w.holder(entitlement, on); o.Customer != nil {
			return o
		}
		if o.Customer, o.Answer = w.answer("entitlement", entitlement); o.Customer != nil {
			return o
		}
	}
	if o.Customer = w.tenant(tenant); o.Customer == nil {
		o.Customer, o.Answer = w.answer("customer", tenant)
	}
	if o.Customer == nil {
		o.Customer = w.ownTenant(tenant)
	}
	if o.Customer != nil && o.Customer.Kind == org.Partner {
		return o
	}
	if o.Customer == nil && (tenant != "" || entitlement == "") {
		return o.because(UnknownCustomer, tenant)
	}
	if entitlement != "" && (o.Customer == nil || len(o.Customer.Entitlements) > 0) {
		o.Customer = nil
		return o.because(UnknownEntitlement, entitlement)
	}
	return o
}

// family is the product family of a charge: what its line tells, else what was answered for its product.
func (w *World) family(told, product string) (family string, by *usage.Resolution) {
	for i := range w.Answers {
		if a := &w.Answers[i]; told == "" && product != "" && a.Kind == "product" && strings.EqualFold(a.Ref, product) && a.Target != "own_use" {
			family, by = strings.ToLower(a.Target), a
		}
	}
	if by != nil {
		return family, by
	}
	return told, nil
}

func (w *World) holder(entitlement string, on period.Date) *org.Organisation {
	for i := range w.Organisations {
		for _, e := range w.Organisations[i].Entitlements {
			if strings.EqualFold(e.Provider, entitlement) && inside(e.Period, on) {
				return &w.Organisations[i]
			}
		}
	}
	return nil
}

func (w *World) tenant(tenant string) *org.Organisation {
	for i := range w.Organisations {
		o := &w.Organisations[i]
		if o.Kind == org.Customer && tenant != "" && strings.EqualFold(o.Tenant, tenant) {
			return o
		}
	}
	return nil
}

// ownTenant is the partner when a tenant is one of its own.
func (w *World) ownTenant(tenant string) *org.Organisation {
	for i := range w.Organisations {
		o := &w.Organisations[i]
		for _, own := range append([]string{o.Tenant}, o.Tenants...) {
			if o.Kind == org.Partner && tenant != "" && strings.EqualFold(own, tenant) {
				return o
			}
		}
	}
	return nil
}

func (w *World) answer(kind, ref string) (found *org.Organisation, by *usage.Resolution) {
	for i := range w.Answers {
		a := &w.Answers[i]
		if a.Kind != kind || ref == "" || !strings.EqualFold(a.Ref, ref) {
			continue
		}
		for j := range w.Organisations {
			o := &w.Organisations[j]
			if o.Key == a.Target && o.Kind == org.Customer || a.Target == "own_use" && o.Kind == org.Partner {
				found, by = o, a
			}
		}
	}
	return found, by
}

func (w *World) organisation(o id.Organisation) *org.Organisation {
	for i := range w.Organisations {
		if w.Organisations[i].ID == o {
			return &w.Organisations[i]
		}
	}
	return nil
}

// chain is the edges from the partner down to a customer on a day; nil when somebody on the way buys from nobody.
func (w *World) chain(customer *org.Organisation, on period.Date) []*org.Edge {
	var chain []*org.Edge
	for buyer := customer; buyer.Kind != org.Partner; {
		var to *org.Edge
		for i := range w.Edges {
			if e := &w.Edges[i]; e.Buyer == buyer.ID && inside(e.Period, on) {
				to = e
			}
		}
		if to == nil || len(chain) > len(w.Edges) {
			return nil
		}
		chain = append([]*org.Edge{to}, chain...)
		buyer = w.organisation(to.Seller)
	}
	return chain
}

// terms are what an edge sells by on a day: the last of those that begin on it or before, else the first there are.
func terms(e *org.Edge, on period.Date) *org.Terms {
	found, since := &e.Terms, period.Date(0)
	for i := range e.Later {
		if l := &e.Later[i]; l.Since <= on && l.Since >= since {
			found, since = &l.Terms, l.Since
		}
	}
	return found
}

// currency is what documents of a month are in: that of the last day of the month on which the edge sells.
func currency(e *org.Edge, month period.Month) money.Currency {
	last := firstOf(month+1) - 1
	if e.End != 0 && e.End <= last {
		last = e.End - 1
	}
	return terms(e, last).Currency
}

// book is the version of a seller's book in force on a day: the one that began last, of two that began on one day the
// higher; nil when there is none.
func (w *World) book(owner, key string, on period.Date) *pricing.Book {
	var found *pricing.Book
	for i := range w.Books {
		b := &w.Books[i]
		if b.Owner != owner || b.Key != key || b.From > on {
			continue
		}
		if found == nil || b.From > found.From || b.From == found.From && b.Version > found.Version {
			found = b
		}
	}
	return found
}

// rate is the exchange rate of a month, as stated: never an inverse, never a cross.
func (w *World) rate(from, to money.Currency, month period.Month) (Number, bool) {
	for _, r := range w.Rates {
		if r.From == from && r.To == to && r.Month == month {
			return must(r.Value.String()), true
		}
	}
	return Number{}, false
}
